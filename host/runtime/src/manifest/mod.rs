//! Reads a plugin's card from `plugin.toml` and says everything that is wrong with it at once. Owns the file
//! format and its rules; the card itself is `counterfoil_domain::card`.

mod adjust;
mod auth;
mod contract;
mod delivery;
mod discovery;
mod egress;
mod identity;
mod reader;
mod rules;
mod scenarios;
mod settings;
mod show;

use std::fmt;

use counterfoil_domain::card::Card;

pub(crate) use contract::other_contract_remedy;
use reader::{Fields, Report};
pub(crate) use rules::MAX_MEMORY_MIB;
pub use show::{card_text, scenario_document, scenario_table_markdown};

/// The contract that this host serves; a later patch of it changes nothing that a card could see.
pub const CONTRACT: &str = "0.1";

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The path of the key ("budgets.limits[1].scope"); empty for the file as a whole.
    pub key: String,
    /// Counted from one.
    pub line: usize,
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (key, message) = (printable(&self.key, KEY_LENGTH), printable(&self.message, MESSAGE_LENGTH));
        if key.is_empty() {
            write!(f, "line {}: {message}", self.line)
        } else {
            write!(f, "{key} (line {}): {message}", self.line)
        }
    }
}

const KEY_LENGTH: usize = 120;
const MESSAGE_LENGTH: usize = 1_000;

/// A text out of a foreign file, fit for a terminal and for a log: no control characters, and an end.
pub(crate) fn printable(text: &str, most: usize) -> String {
    let mut letters = text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter });
    let mut shown: String = letters.by_ref().take(most).collect();
    if letters.next().is_some() {
        shown.push('…');
    }
    shown
}

/// As many mistakes as a person reads at a time.
const TOLD: usize = 40;

/// Everything that is wrong with one manifest, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ManifestErrors(pub Vec<Problem>);

impl fmt::Display for ManifestErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("plugin.toml has a mistake")?,
            count => write!(f, "plugin.toml has {count} mistakes")?,
        }
        for problem in self.0.iter().take(TOLD) {
            write!(f, "\n  {problem}")?;
        }
        match self.0.len().checked_sub(TOLD) {
            None | Some(0) => Ok(()),
            Some(more) => write!(f, "\n  and {more} more"),
        }
    }
}

/// The card that the text describes, or all that keeps it from being one.
pub fn parse(text: &str) -> Result<Card, ManifestErrors> {
    let report = Report::new(text);
    let card = match toml::de::DeTable::parse(text) {
        Ok(root) => card(Fields::root(root.get_ref(), &report)),
        Err(error) => {
            report.whole(error.span().map_or(0, |span| span.start), format!("this is not TOML: {}", error.message()));
            None
        }
    };
    let problems = report.into_problems();
    match card {
        Some(card) if problems.is_empty() => Ok(card),
        _ => Err(ManifestErrors(problems)),
    }
}

/// Every section is read even when an earlier one is wrong, so that all mistakes are told together.
fn card(mut root: Fields<'_>) -> Option<Card> {
    identity::contract(&mut root);
    let identity = root.table("plugin").map(identity::plugin);
    let settings = settings::settings(&mut root);
    let egress = root.table("egress").map(|fields| egress::egress(fields, &settings));
    let auth = root.table("auth").map(|fields| auth::auth(fields, &settings));
    let budgets = root.table("budgets").map(delivery::budgets);
    let delivery = root.table("delivery").map(delivery::delivery);
    let batch = root.table("batch").map(|fields| delivery::batch(fields, &settings));
    let limits = root.table("limits").map(delivery::limits);
    let adjust = adjust::adjust(&mut root);
    let scenarios = scenarios::scenarios(&mut root);
    let (report, spot) = (root.report(), root.spot());
    root.finish();

    let (identity, (egress, asked), (auth, static_headers), batch) = (identity?, egress?, auth?, batch?);
    rules::headers_do_not_clash(report, &spot, &asked, &auth, &static_headers, delivery.as_ref());
    Some(Card {
        id: identity.id,
        name: identity.name,
        version: identity.version,
        publisher: identity.publisher,
        summary: identity.summary,
        contract: CONTRACT.to_owned(),
        documents: identity.documents,
        egress,
        auth,
        static_headers,
        budgets: budgets?,
        delivery: delivery?,
        batch_tasks: batch.tasks,
        plan_tasks: batch.plan,
        in_order: batch.in_order,
        reconciles: batch.reconciles,
        containers: batch.containers,
        recurring: batch.recurring,
        limits: limits?,
        settings,
        adjust,
        scenarios,
    })
}
