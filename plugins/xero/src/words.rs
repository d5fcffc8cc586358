//! What the customer reads on a line: product, fee, days, the sum where the line is one piece, and the tag where it has
//! one.
//!
//! Owns the wording and its length. A text that a person or the connection's rule chose comes first.

use counterfoil_sdk::{Job, Line, Period, text};

use crate::lines::Form;
use crate::tag;

const DESCRIPTION_MAX: usize = 4000;

/// A line's name for people, in messages and documents.
pub(crate) fn name<'a>(job: &'a Job, line: &'a Line) -> &'a str {
    [&line.product_name, &line.description, &job.order.subscription_name]
        .into_iter()
        .map(|name| name.trim())
        .find(|name| !name.is_empty())
        .unwrap_or("Subscription")
}

/// The text of a document's line. `token` is there where the line is to be told from other orders'.
pub(crate) fn description(job: &Job, line: &Line, sum: &str, form: Form, token: Option<&str>) -> String {
    let chosen = job.adjusted(&line.id, "description").or_else(|| line.chosen_description());
    let chosen = chosen.map(text::single_spaced).filter(|words| !words.is_empty());
    let mut words =
        chosen.unwrap_or_else(|| format!("{}, {}", text::single_spaced(name(job, line)), line.fee.replace('-', " ")));
    if let Some(period) = line.service_period.filter(|period| !says(&words, *period)) {
        words.push_str(&format!(", {} to {}", period.start(), period.last_day()));
    }
    if form == Form::OnePiece {
        words.push_str(&format!(" ({sum})"));
    }
    let tag = token.map(|token| tag::suffix(&job.order.number, token)).unwrap_or_default();
    // The tag is what a line is found again by: the words give way, never it.
    text::clip(&words, DESCRIPTION_MAX.saturating_sub(tag.chars().count())) + &tag
}

/// Whether a text tells the days already, whichever way it ends them.
fn says(words: &str, period: Period) -> bool {
    words.contains(&period.start().to_string())
        && (words.contains(&period.last_day().to_string()) || words.contains(&period.end().to_string()))
}
