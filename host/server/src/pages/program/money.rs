//! Where the money of a program's statements is: what was billed and every bucket beside it, by period and billing motion,
//! held against the statements. It shows what `/v1/connections/{id}/programs/{name}/money` answers.

use askama::Template;
use axum::extract::State;
use serde::Deserialize;

use super::super::frame::{Frame, PROGRAMS, Shown, html};
use super::super::{address, words};
use super::{Head, day, head, period};
use crate::extract::{Params, Two};
use crate::guard::Who;
use crate::parts::App;
use crate::routes::programs::money::{MoneyQuery, show as account};
use crate::wire::{BucketView, MotionMoneyView};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListQuery {
    from: Option<String>,
    to: Option<String>,
}

struct Bucket {
    class: &'static str,
    text: String,
    tasks: u64,
    money: String,
}

struct Motion {
    text: String,
    buckets: Vec<Bucket>,
    total: String,
    statements: String,
    difference: String,
    agrees: bool,
}

struct Month {
    period: String,
    motions: Vec<Motion>,
}

#[derive(Template)]
#[template(path = "program_money.html")]
struct Page {
    frame: Frame,
    head: Head,
    months: Vec<Month>,
    agrees: bool,
    from: String,
    to: String,
    filtered: bool,
}

/// What a bucket is to people, and how it is marked.
fn told(bucket: &str) -> (&'static str, String) {
    let (class, text) = match bucket {
        "billed" => ("good", "billed"),
        "open" => ("act", "on its way: to be previewed, confirmed or sent"),
        "unmapped" => ("warn", "waits for a mapping or a decision"),
        "parked" => ("bad", "parked: somebody must look"),
        "uncertain" => ("bad", "uncertain: sent, and not known whether it is there"),
        "program-off" => ("wait", "held back: the program is off"),
        "billing-off" => ("wait", "held back: billing is off"),
        "motion-off" => ("wait", "held back: the billing motion is not selected"),
        "azure-off" => ("wait", "held back: Sync Azure is off"),
        "annual-off" => ("wait", "held back: Sync Annual Subscriptions is off"),
        "unknown-motion" => ("warn", "held back: a billing motion that nobody knows"),
        "currency-not-offered" => ("warn", "held back: a currency that the connection does not have"),
        "by-person" => ("wait", "ignored by a person"),
        other => return ("wait", format!("ignored: {}", other.replace('-', " "))),
    };
    (class, text.to_owned())
}

fn bucket(view: &BucketView) -> Bucket {
    let (class, text) = told(&view.bucket);
    Bucket { class, text, tasks: view.tasks, money: words::money(&view.money) }
}

fn motion(view: &MotionMoneyView) -> Motion {
    Motion {
        text: view.text.clone(),
        buckets: view.buckets.iter().map(bucket).collect(),
        total: words::money(&view.total),
        statements: words::money(&view.statements),
        difference: words::money(&view.difference),
        agrees: view.agrees,
    }
}

/// The page.
#[utoipa::path(get, path = "/programs/{id}/{name}/money", tag = "pages", params(("id" = String, Path), ("name" = String, Path), ("from" = Option<String>, Query), ("to" = Option<String>, Query)), responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn show(
    State(app): State<App>,
    who: Who,
    Two(id, name): Two,
    Params(query): Params<ListQuery>,
) -> Shown {
    let (head, ..) = head(&app, &id, &name, "/money").await?;
    let asked = MoneyQuery { from: day("/from", &query.from)?, to: day("/to", &query.to)? };
    let filtered = asked.from.is_some() || asked.to.is_some();
    let money = account(State(app.clone()), Two(id, name), Params(asked)).await?.0;
    let month = |of: &crate::wire::PeriodMoneyView| Month {
        period: period(&of.period),
        motions: of.motions.iter().map(motion).collect(),
    };
    let page = Page {
        frame: Frame::new(&app, &who, PROGRAMS, &head.title).await?,
        head,
        months: money.periods.iter().map(month).collect(),
        agrees: money.agrees,
        from: address::given(&query.from).unwrap_or_default(),
        to: address::given(&query.to).unwrap_or_default(),
        filtered,
    };
    html(&page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use counterfoil_domain::program::HELD_BACK;

    #[test]
    fn whatever_a_program_holds_back_has_words() {
        for reason in HELD_BACK {
            assert!(told(reason.name()).1.starts_with("held back"), "{reason}");
        }
    }
}
