//! Days that a person gave, cancelled dates read the other way, agreements that bill otherwise than monthly, and the marker
//! of an addition that is changed in its place.

use counterfoil_sdk::serde_json::{Value, json};
use counterfoil_sdk::{Job, Line, Plan, Target};

use super::book::{Book, known, ten};
use super::{day, delta, job, line, period, prorated, set, told};
use crate::ConnectWise;

fn plan(book: &Book, job: Job) -> Plan {
    ConnectWise.plan(&mut book.remote(), &[job]).remove(0).unwrap()
}

/// First and last day of each change, as they are written.
fn days(plan: &Plan) -> Vec<String> {
    let field = |change: &counterfoil_sdk::Change, name: &str| {
        change.fields.iter().find(|field| field.name == name).and_then(|field| field.after.clone()).unwrap_or_default()
    };
    plan.changes
        .iter()
        .map(|change| format!("{}–{}", field(change, "effectiveDate"), field(change, "cancelledDate")))
        .collect()
}

fn by_person(mut line: Line, start: &str, end: &str) -> Line {
    line.attributes.set("period-source", "person");
    line.service_period = Some(period(start, end));
    line
}

#[test]
fn a_persons_days_win() {
    let setup = || by_person(line("s", "resource-setup", "1", "5", "5"), "2026-11-20", "2026-11-25");
    let month = || by_person(line("r", "resource-recurring", "2", "33", "66"), "2026-11-01", "2026-12-01");
    for (name, line, prorates, until, want) in [
        ("once", setup(), "false", "2026-11-01", vec!["2026-11-20–2026-11-24"]),
        ("once, where ConnectWise prorates", setup(), "true", "2026-11-01", vec!["2026-11-20–2026-11-24"]),
        ("once, into what is invoiced", setup(), "false", "2026-12-01", vec!["2026-11-20–2026-11-24"]),
        ("recurring, from the first", month(), "false", "2026-11-01", vec!["2026-11-01–"]),
    ] {
        let job = told(told(job("sales", vec![line]), "prorate", prorates), "invoiced-until", until);
        let plan = plan(&Book::default(), job);
        assert_eq!(days(&plan), want, "{name}");
        let into = plan.changes[0].attributes.get("writes-into-invoiced");
        assert_eq!(into, Some(until).filter(|until| *until == "2026-12-01"), "{name}");
        let owner = plan.changes[0].fields.iter().find(|field| field.name == "effectiveDate").unwrap().owner.clone();
        assert_eq!(owner, "person");
    }
}

#[test]
fn a_cancelled_date_may_be_the_first_day_that_is_not_billed() {
    let more = prorated(
        delta(line("r", "resource-recurring", "2", "33", "33")),
        "66",
        "15/30",
        "prorated",
        ("2026-11-01", "2026-12-01"),
    );
    let order = told(job("change", vec![more]), "invoiced-until", "2026-11-01");
    let book = Book::default().with(known(345));
    let inclusive = plan(&book, set(order.clone(), "cancelled_date", "inclusive"));
    let exclusive = plan(&book, set(order, "cancelled_date", "exclusive"));
    assert_eq!(days(&inclusive), ["–2026-11-30", "2026-12-01–", "2026-11-16–2026-11-30"]);
    assert_eq!(days(&exclusive), ["–2026-12-01", "2026-12-01–", "2026-11-16–2026-12-01"]);
}

#[test]
fn agreements_bill_in_their_own_periods() {
    let more = || delta(line("r", "resource-recurring", "2", "33", "20"));
    for (cycle, anchor, effective, want) in [
        ("P1Y", "2024-02-29", "2026-11-16", ["–2027-02-27", "2027-02-28–", "2026-11-16–2027-02-27"]),
        ("P3M", "2026-01-31", "2026-11-16", ["–2027-01-30", "2027-01-31–", "2026-11-16–2027-01-30"]),
        ("P1M", "2026-01-31", "2026-02-28", ["–2026-03-30", "2026-03-31–", "2026-02-28–2026-03-30"]),
        ("P1M", "2026-01-30", "2026-02-27", ["–2026-02-27", "2026-02-28–", "2026-02-27–2026-02-27"]),
        ("P1W", "2026-11-02", "2026-11-17", ["–2026-11-22", "2026-11-23–", "2026-11-17–2026-11-22"]),
    ] {
        let mut job = told(told(job("change", vec![more()]), "cycle", cycle), "period-anchor", anchor);
        job.order.effective_on = day(effective);
        let mut row = known(345);
        row["effectiveDate"] = "2024-02-29T00:00:00Z".into();
        assert_eq!(days(&plan(&Book::default().with(row), job)), want, "{cycle} from {anchor}");
    }
    // What is billed once needs no cycle.
    let usage = Line {
        service_period: Some(period("2026-10-01", "2026-11-01")),
        ..line("u", "resource-overuse", "1", "5", "5")
    };
    let job = told(job("billing", vec![usage]), "cycle", "");
    assert_eq!(days(&plan(&Book::default(), job)), ["2026-10-01–2026-10-31"]);
}

#[test]
fn an_addition_that_is_changed_in_place_is_marked_without_harm() {
    let serial = |mut row: Value, text: &str| {
        row["serialNumber"] = text.into();
        row
    };
    let with_fields = |mut row: Value| {
        row["customFields"] =
            json!([{"id": 10, "caption": "PO", "value": "77"}, {"id": 9, "caption": "Counterfoil", "value": null}]);
        row
    };
    for (name, row, marker, field) in [
        ("one of ours", known(345), "invoice-description", "serialNumber"),
        ("made by hand", ten(345), "serial-number", "serialNumber"),
        ("with a serial number of its own", serial(ten(345), "SN-1"), "serial-number", "invoiceDescription"),
        ("in the text", ten(345), "invoice-description", "invoiceDescription"),
        ("in a custom field", with_fields(ten(345)), "custom-field", "customFields"),
    ] {
        let more = prorated(
            delta(line("r", "resource-recurring", "2", "33", "33")),
            "66",
            "15/30",
            "prorated",
            ("2026-11-01", "2026-12-01"),
        );
        let order = told(job("change", vec![more]), "invoiced-until", "2026-12-01");
        let order = set(set(set(order, "changes", "quantity"), "marker", marker), "marker_field", "Counterfoil");
        let book = Book::default().with(row.clone());
        let first = plan(&book, order.clone());
        ConnectWise.apply(&mut book.remote(), std::slice::from_ref(&first)).remove(0).unwrap();
        let now = book.find("345").unwrap();
        assert_eq!(now["quantity"], 12, "{name}");
        for other in ["serialNumber", "invoiceDescription", "customFields"] {
            assert_eq!(now[other] != row[other], other == field, "{name}: {other}");
        }
        if field == "customFields" {
            assert_eq!(now[field][0], row[field][0], "{name}");
        }
        // The same order planned again does not add its two once more.
        let again = plan(&book, order);
        assert_eq!(again.changes[0].action, counterfoil_sdk::Action::None, "{name}");
        assert_eq!(again.changes[0].lines, first.changes[0].lines, "{name}");
    }
}
