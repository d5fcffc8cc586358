//! Rules to ignore by: those that there are, making one with a look at what it would have done, removing one. It shows what
//! `/v1/rules` answers and does what its commands do.

use askama::Template;
use axum::extract::State;
use serde::Deserialize;

use super::address::given;
use super::fields::Fields;
use super::frame::{Frame, IGNORED, Shown, html, segment};
use super::said::{Said, back};
use super::words;
use crate::extract::{Body, Id, Params};
use crate::guard::Who;
use crate::parts::App;
use crate::problem::Problem;
use crate::routes::rules::{self, RemoveQuery, RuleQuery};
use crate::wire::{AmountRange, Day, RuleAnswer, RuleBody, RuleView, TaskView};

const HERE: &str = "/ignored/rules";
/// Types that a rule can name.
const TYPES: [&str; 5] = ["sales", "change", "billing", "cancellation", "renewal"];
/// States of tasks that a new rule ignores.
const TAKEN: [&str; 3] = ["pending", "ready", "planned"];

/// What stands in the form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Draft {
    connection: String,
    customer: String,
    product: String,
    order_type: String,
    /// "at-most" or "at-least".
    bound: String,
    amount: String,
    currency: String,
    text: String,
    until: String,
    said: Option<String>,
}

fn some(written: &str) -> Option<String> {
    given(&Some(written.to_owned()))
}

impl Draft {
    fn read(fields: &Fields) -> Self {
        let of = |name| fields.text(name);
        Self {
            connection: of("connection"),
            customer: of("customer"),
            product: of("product"),
            order_type: of("order_type"),
            bound: of("bound"),
            amount: of("amount"),
            currency: of("currency"),
            text: of("text"),
            until: of("until"),
            said: None,
        }
    }

    fn body(&self, dry_run: bool) -> Result<RuleBody, Problem> {
        let amount = some(&self.amount).map(|amount| {
            let is_least = self.bound == "at-least";
            let (at_least, at_most) = if is_least { (Some(amount), None) } else { (None, Some(amount)) };
            AmountRange { at_least, at_most, currency: self.currency.clone() }
        });
        let until = some(&self.until).map(|written| {
            let day = written.parse().map(Day);
            day.map_err(|_| {
                Problem::invalid("/until", "bad-day", format!("\"{written}\" is not a day such as 2027-01-01"))
            })
        });
        Ok(RuleBody {
            connection: self.connection.clone(),
            customer: some(&self.customer),
            product: some(&self.product),
            order_type: some(&self.order_type),
            amount,
            text: self.text.clone(),
            until: until.transpose()?,
            dry_run,
        })
    }

    /// All that the confirmation sends again.
    fn parts(&self) -> [(&'static str, &str); 9] {
        [
            ("connection", &self.connection),
            ("customer", &self.customer),
            ("product", &self.product),
            ("order_type", &self.order_type),
            ("bound", &self.bound),
            ("amount", &self.amount),
            ("currency", &self.currency),
            ("text", &self.text),
            ("until", &self.until),
        ]
    }
}

struct Row {
    id: String,
    criteria: String,
    connection: String,
    text: String,
    by: String,
    day: String,
    until: String,
    counts: bool,
}

struct Choice {
    value: String,
    label: String,
    here: bool,
}

struct Fit {
    id: String,
    customer: String,
    number: String,
    amount: String,
    class: &'static str,
    state: String,
}

/// What the rule would have done, and would do now.
struct Preview {
    criteria: String,
    from: String,
    looked_at: u64,
    complete: bool,
    count: u64,
    money: String,
    now: u64,
    fits: Vec<Fit>,
}

#[derive(Template)]
#[template(path = "rules.html")]
struct Page {
    frame: Frame,
    rules: Vec<Row>,
    draft: Draft,
    connections: Vec<Choice>,
    types: Vec<Choice>,
    preview: Option<Preview>,
}

fn row(rule: RuleView) -> Row {
    let until = match (rule.until, rule.until_change) {
        (Some(day), _) => format!("until {day}"),
        (None, true) => "until the price or quantity changes".to_owned(),
        (None, false) => "for good".to_owned(),
    };
    Row {
        id: segment(&rule.id),
        criteria: rule.criteria,
        connection: rule.connection,
        text: rule.text,
        by: rule.by,
        day: rule.at.0.format("%Y-%m-%d").to_string(),
        until,
        counts: rule.counts,
    }
}

fn fit(task: &TaskView) -> Fit {
    Fit {
        id: segment(&task.id),
        customer: task.customer_name.clone(),
        number: task.number.clone(),
        amount: words::money(&task.amount),
        class: words::class(&task.state),
        state: words::words(&task.state),
    }
}

fn preview(answer: &RuleAnswer) -> Preview {
    let seen = &answer.preview;
    let taken = seen.states.iter().filter(|state| TAKEN.contains(&state.name.as_str()));
    Preview {
        criteria: answer.rule.criteria.clone(),
        from: seen.from.to_string(),
        looked_at: seen.looked_at,
        complete: seen.complete,
        count: seen.count,
        money: words::moneys(&seen.money),
        now: taken.map(|state| state.count).sum(),
        fits: seen.tasks.iter().map(fit).collect(),
    }
}

async fn shown(app: App, who: Who, draft: Draft, preview: Option<Preview>) -> Shown {
    let listed = rules::list(State(app.clone()), Params(RuleQuery::default())).await?.0;
    let frame = Frame::new(&app, &who, IGNORED, "Rules to ignore by").await?.saying(Said::read(draft.said.as_deref()));
    let mut connections = app.store().connections().await?;
    connections.sort_by(|a, b| a.name.cmp(&b.name));
    let connections = connections.into_iter().map(|of| Choice {
        here: of.id.as_str() == draft.connection,
        value: of.id.to_string(),
        label: of.name,
    });
    let a_type =
        |name: &&str| Choice { here: draft.order_type == **name, value: (*name).to_owned(), label: (*name).to_owned() };
    let page = Page {
        frame,
        rules: listed.rules.into_iter().map(row).collect(),
        connections: connections.collect(),
        types: TYPES.iter().map(a_type).collect(),
        preview,
        draft,
    };
    html(&page)
}

/// The page. What its address says stands in the form already.
#[utoipa::path(get, path = "/ignored/rules", tag = "pages", responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn show(State(app): State<App>, who: Who, Params(draft): Params<Draft>) -> Shown {
    shown(app, who, draft, None).await
}

/// See what the rule would do, or make it.
#[utoipa::path(post, path = "/ignored/rules", tag = "pages", responses((status = 200, content_type = "text/html", body = String), (status = 303, description = "The rule was made.")))]
pub(crate) async fn add(State(app): State<App>, who: Who, fields: Fields) -> Shown {
    let draft = Draft::read(&fields);
    let is_made = fields.one("act") == Some("make");
    let answer = rules::add(State(app.clone()), who.clone(), Body(draft.body(!is_made)?)).await?.0;
    if is_made {
        return Ok(back(HERE, "rule-made", None));
    }
    shown(app, who, draft, Some(preview(&answer))).await
}

/// Remove a rule; what it ignored comes back, or stays.
#[utoipa::path(post, path = "/ignored/rules/{id}/remove", tag = "pages", params(("id" = String, Path)), responses((status = 303, description = "Back to the rules.")))]
pub(crate) async fn remove(State(app): State<App>, who: Who, Id(id): Id, fields: Fields) -> Shown {
    let keep = fields.one("act") == Some("keep");
    let removed = rules::remove(State(app), who, Id(id), Params(RemoveQuery { keep })).await?.0;
    Ok(back(HERE, if keep { "rule-kept" } else { "rule-removed" }, Some(removed.tasks)))
}
