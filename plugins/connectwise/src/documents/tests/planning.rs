//! What a plan shows, what it refuses, and where markers, prices and days come from.

use counterfoil_sdk::serde_json::{self, Value, json};
use counterfoil_sdk::{Action, Adjustment, Class, Failure, Job, Line, Plan, Target};

use super::book::{Book, known, ten};
use super::placing::shown;
use super::{delta, job, line, period, prorated, set, told};
use crate::ConnectWise;

const NOVEMBER: (&str, &str) = ("2026-11-01", "2026-12-01");

fn plan(book: &Book, job: Job) -> Result<Plan, Failure> {
    ConnectWise.plan(&mut book.remote(), &[job]).remove(0)
}

fn upgrade(quantity: &str, price: &str) -> Job {
    let fee = if quantity.starts_with('-') { "resource-downgrade" } else { "resource-recurring" };
    let full = super::d(quantity) * super::d(price);
    let half = full / counterfoil_sdk::Decimal::TWO;
    let of = delta(line("r", fee, quantity, price, &half.to_string()));
    told(
        job("change", vec![prorated(of, &full.to_string(), "15/30", "prorated", NOVEMBER)]),
        "invoiced-until",
        "2026-11-01",
    )
}

fn adjusted(mut job: Job, field: &str, value: &str) -> Job {
    job.adjustments.push(Adjustment { line: String::new(), field: field.into(), value: value.into() });
    job
}

/// The bodies that a plan will send.
fn bodies(plan: &Plan) -> Vec<Value> {
    let payload: Value = serde_json::from_slice(&plan.payload).unwrap();
    let writes = payload["writes"].as_array().unwrap().iter();
    writes.map(|write| write["act"]["create"].clone()).filter(|body| !body.is_null()).collect()
}

#[test]
fn every_field_is_shown_with_who_says_so() {
    let book = Book::default().with(known(345));
    let plan = plan(&book, upgrade("2", "33")).unwrap();
    let fields = |place: usize| -> Vec<String> {
        let fields = plan.changes[place].fields.iter();
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "–".into());
        fields
            .map(|field| format!("{}: {} → {} ({})", field.name, text(&field.before), text(&field.after), field.owner))
            .collect()
    };
    assert_eq!(fields(0), ["cancelledDate: – → 2026-11-30 (host)"]);
    let marker = plan.changes[2].fields.last().unwrap().after.clone().unwrap();
    assert!(marker.starts_with("cf:abcdef12 s:") && marker.len() == 29, "{marker}");
    assert_eq!(
        fields(2),
        [
            "agreement: – → container 12 (12) (host)".to_owned(),
            "product: – → item 1021 (1021) (host)".to_owned(),
            "quantity: – → 2 (marketplace)".to_owned(),
            "unitPrice: – → 16.50 (host)".to_owned(),
            "billCustomer: – → Billable (host)".to_owned(),
            "taxableFlag: – → true (host)".to_owned(),
            "effectiveDate: – → 2026-11-16 (host)".to_owned(),
            "cancelledDate: – → 2026-11-30 (host)".to_owned(),
            "invoiceDescription: – → Business Basic · 2026-11-16 to 2026-11-30 (marketplace)".to_owned(),
            format!("marker: – → {marker} (host)"),
        ]
    );
    let titles: Vec<&str> = plan.changes.iter().map(|change| change.title.as_str()).collect();
    assert_eq!(
        titles,
        [
            "End addition 345 (10 × Business Basic) on 2026-11-30",
            "New addition: 12 × Business Basic, each month from 2026-12-01",
            "New addition, billed once: 2 × Business Basic · 2026-11-16 to 2026-11-30, 2026-11-16 to 2026-11-30",
        ]
    );
    let methods: Vec<_> =
        plan.changes.iter().flat_map(|change| &change.lines).map(|line| line.attributes.get("method")).collect();
    assert_eq!(methods, [Some("elapsed-days"), Some("elapsed-days")]);
    assert!(plan.changes[0].why.starts_with("10 → 12 of it."), "{}", plan.changes[0].why);
}

#[test]
fn the_marker_stands_where_the_setting_says() {
    let mut with_fields = known(345);
    with_fields["customFields"] = json!([{"id": 9, "caption": "Counterfoil", "type": "Text", "value": "x"}, {"id": 10, "caption": "PO", "value": "77"}]);
    let sale = || told(job("sales", vec![line("s", "resource-setup", "1", "5", "5")]), "invoiced-until", "2026-11-01");
    let place = |job: Job, marker: &str| set(set(job, "marker", marker), "marker_field", "Counterfoil");
    for (marker, book) in [
        ("serial-number", Book::default()),
        ("custom-field", Book::default()),
        ("custom-field", Book::default().with(with_fields)),
        ("invoice-description", Book::default()),
    ] {
        let made = plan(&book, place(sale(), marker)).unwrap();
        let body = &bodies(&made)[0];
        let text = made.changes[0].fields.last().unwrap().after.clone().unwrap();
        let expected = match (marker, book.rows("12").len()) {
            ("serial-number", _) => (json!(text), Value::Null, "Business Basic".to_owned()),
            ("custom-field", 0) => {
                (Value::Null, json!([{"caption": "Counterfoil", "value": text}]), "Business Basic".to_owned())
            }
            ("custom-field", _) => (
                Value::Null,
                json!([{"id": 9, "caption": "Counterfoil", "type": "Text", "value": text}]),
                "Business Basic".to_owned(),
            ),
            _ => (Value::Null, Value::Null, format!("Business Basic [{text}]")),
        };
        assert_eq!(
            (
                body["serialNumber"].clone(),
                body["customFields"].clone(),
                body["invoiceDescription"].as_str().unwrap().to_owned()
            ),
            expected,
            "{marker}"
        );
        // Wherever it stands, the next plan finds it: the setting may be another one by then.
        ConnectWise.apply(&mut book.remote(), &[made]).remove(0).unwrap();
        for later in ["serial-number", "invoice-description"] {
            let again = plan(&book, place(sale(), later)).unwrap();
            assert_eq!(again.changes[0].action, Action::None, "{marker} then {later}");
        }
    }
}

#[test]
fn names_that_would_break_something_break_nothing() {
    let long = "n".repeat(300);
    for name in ["\" or id > 0 or name = \"", "100% *wild* 'quotes' [x]", "\u{feff}Bäckerei 🚀\r\nline", long.as_str()]
    {
        let book = Book::default();
        let setup = Line { description: name.into(), ..line("s", "resource-setup", "1", "5", "5") };
        let job = set(told(job("sales", vec![setup]), "invoiced-until", "2026-11-01"), "marker", "invoice-description");
        let mut remote = book.remote();
        let plan = ConnectWise.plan(&mut remote, std::slice::from_ref(&job)).remove(0).unwrap();
        assert!(remote.calls().iter().all(|call| call.query("conditions").is_none()));
        let receipt = ConnectWise.apply(&mut book.remote(), std::slice::from_ref(&plan)).remove(0).unwrap();
        let stored =
            book.find(&receipt.changes[0].reference).unwrap()["invoiceDescription"].as_str().unwrap().to_owned();
        assert!(!stored.contains('\n') && stored.chars().count() <= 6_000, "{stored}");
        let again = ConnectWise.plan(&mut book.remote(), &[job]).remove(0).unwrap();
        assert_eq!(again.changes[0].action, Action::None, "{name}");
    }
}

type Edit = fn(&mut Job);

/// An order that takes two more, edited so that it cannot be placed.
const REFUSED: &[(&str, &[i64], Edit, &str)] = &[
    ("several", &[345, 346], |_| {}, "connectwise-several-ongoing-additions"),
    ("none", &[], |_| {}, "connectwise-no-ongoing-addition"),
    ("no item", &[345], |job| job.order.lines[0].item = None, "connectwise-item"),
    (
        "totals and differences",
        &[345],
        |job| {
            let mut total = Line { id: "t".into(), ..job.order.lines[0].clone() };
            total.attributes.set("quantity-is", "total");
            job.order.lines.push(total);
        },
        "connectwise-quantities-mixed",
    ),
    ("a new kind of order", &[], |job| job.order.kind = "renewal".into(), "connectwise-order-kind"),
    (
        "days in two periods",
        &[],
        |job| {
            let line = &mut job.order.lines[0];
            line.fee = "resource-setup".into();
            line.attributes.set("period-source", "person");
            line.service_period = Some(period("2026-11-20", "2026-12-05"));
        },
        "connectwise-dates-cross-periods",
    ),
    ("finer than a coin", &[345], |job| job.order.lines[0].amount = super::d("0.005"), "connectwise-amount"),
    ("no agreement", &[], |job| job.links.retain(|link| link.kind != "container"), "connectwise-no-agreement"),
    ("a setting", &[], |job| job.settings.set("changes", "both"), "connectwise-setting"),
    (
        "an adjustment",
        &[],
        |job| *job = adjusted(job.clone(), "former_addition", "the old one"),
        "connectwise-adjustment",
    ),
    ("no cycle", &[345], |job| job.links[1].attributes.set("cycle", ""), "connectwise-agreement-does-not-recur"),
    (
        "a snapshot of what stands",
        &[345],
        |job| {
            job.order.kind = "initial".into();
            job.order.lines[0].attributes.set("quantity-is", "whole");
        },
        "connectwise-addition-there",
    ),
];

#[test]
fn what_cannot_be_told_is_refused_with_what_to_do() {
    for (name, there, edit, code) in REFUSED {
        let book = there.iter().fold(Book::default(), |book, id| book.with(known(*id)));
        let mut job = upgrade("2", "33");
        edit(&mut job);
        let failure = plan(&book, job).unwrap_err();
        assert_eq!(failure.code, *code, "{name}: {failure}");
        assert!(failure.message.contains("Nothing was written"), "{name}: {}", failure.message);
    }
    let mut row = known(345);
    row["cancelledDate"] = "2026-11-30T00:00:00Z".into();
    let ended = plan(&Book::default().with(row), upgrade("2", "33")).unwrap_err();
    assert_eq!(ended.code, "connectwise-addition-ended");
    let below = plan(&Book::default().with(known(345)), upgrade("-11", "33")).unwrap_err();
    assert_eq!(below.code, "connectwise-quantity-below-zero");
    // What a person says decides.
    let two = Book::default().with(known(345)).with(known(346));
    let chosen = plan(&two, adjusted(upgrade("2", "33"), "former_addition", "346")).unwrap();
    assert_eq!(chosen.changes[0].target.as_deref(), Some("346"));
    let new = plan(&Book::default(), adjusted(upgrade("2", "33"), "former_addition", "none")).unwrap();
    assert_eq!(new.changes.iter().map(|change| change.action).collect::<Vec<_>>(), [Action::Create, Action::Create]);
    assert!(plan(&Book::default(), set(upgrade("2", "33"), "missing_addition", "new")).is_ok());
}

#[test]
fn what_ended_earlier_is_not_made_to_bill_longer() {
    let mut row = known(345);
    row["cancelledDate"] = "2026-10-31T00:00:00Z".into();
    let book = Book::default().with(row);
    let plan = plan(&book, adjusted(upgrade("2", "33"), "former_addition", "345")).unwrap();
    assert_eq!(plan.changes[0].action, Action::None);
    assert_eq!(plan.changes[0].fields[0].after.as_deref(), Some("2026-10-31"));
}

#[test]
fn the_price_of_an_addition_counts_where_the_targets_prices_do() {
    let catalogue = |fee: &str, quantity: &str, source: &str| {
        let full = super::d(quantity) * super::d("40");
        let mut of = delta(line("r", fee, quantity, "40", &full.to_string()));
        of.price_source = source.into();
        told(job("change", vec![of]), "invoiced-until", "2026-11-01")
    };
    let book = || Book::default().with(known(345));
    for (name, job, want) in [
        (
            "the catalogue's",
            catalogue("resource-recurring", "2", "catalogue"),
            "create 12 × 33 price-from addition 345; create 2 × 33 bills 66 price-from addition 345",
        ),
        ("the order's", catalogue("resource-recurring", "2", "order"), "create 12 × 40; create 2 × 40 bills 80"),
        (
            "of what remains after a downgrade",
            catalogue("resource-downgrade", "-2", "order"),
            "create 8 × 33 price-from addition 345; create 2 × -40 bills -80",
        ),
        ("a person's", catalogue("resource-downgrade", "-2", "person"), "create 8 × 40; create 2 × -40 bills -80"),
    ] {
        let plan = plan(&book(), job).unwrap();
        let lines = plan.changes.iter().flat_map(|change| &change.lines).map(|line| {
            let bills = if line.bills.is_zero() { String::new() } else { format!(" bills {}", line.bills.normalize()) };
            let from = line.attributes.get("price-from").map(|from| format!(" price-from {from}")).unwrap_or_default();
            format!("create {} × {}{bills}{from}", line.quantity.normalize(), line.unit_price.normalize())
        });
        assert_eq!(lines.collect::<Vec<_>>().join("; "), want, "{name}");
    }
}

#[test]
fn what_recurs_by_billing_orders_costs_what_its_addition_costs() {
    let mut of = line("r", "resource-recurring", "3", "40.1234", "120.37");
    of.price_source = "catalogue".into();
    let mut there = known(345);
    there["unitPrice"] = serde_json::from_str("5.2456").unwrap();
    let job = told(job("billing", vec![of]), "invoiced-until", "2026-11-01");
    let plan = plan(&Book::default().with(there), job).unwrap();
    let line = &plan.changes[0].lines[0];
    // Piece by piece, so that the host comes to the same amount.
    let numbers =
        [line.quantity, line.unit_price, line.amount, line.bills].map(|number| number.normalize().to_string());
    assert_eq!(numbers, ["3", "5.2456", "15.74", "15.74"]);
    assert_eq!(line.attributes.get("price-from"), Some("addition 345"));
}

#[test]
fn who_does_not_pay_is_kept_apart() {
    let free = |billing: &str, fee: &str, if_billed: &str| {
        let mut of = line("r", fee, "2", "33", "0");
        of.attributes.set("billing", billing);
        of.attributes.set("amount-if-billed", if_billed);
        of.attributes.set("billing-why", "set by ada");
        told(job("sales", vec![of]), "invoiced-until", "2026-11-01")
    };
    for (billing, fee, if_billed, bill, left_out) in [
        ("do-not-bill", "resource-recurring", "66", Some("DoNotBill"), true),
        ("no-charge", "resource-recurring", "66", Some("NoCharge"), true),
        ("do-not-bill", "resource-setup", "66", Some("DoNotBill"), false),
        ("no-charge", "resource-setup", "66", Some("NoCharge"), false),
        ("do-not-bill", "resource-recurring-refund", "-66", None, true),
    ] {
        let plan = plan(&Book::default(), free(billing, fee, if_billed)).unwrap();
        let bodies = bodies(&plan);
        assert_eq!(bodies.first().map(|body| body["billCustomer"].as_str().unwrap()), bill, "{billing} {fee}");
        assert!(plan.changes.iter().all(|change| change.total.amount.is_zero()));
        assert_eq!(plan.left_out.len(), usize::from(left_out), "{billing} {fee}");
        assert!(plan.left_out.iter().all(|omission| omission.why.contains("set by ada")));
    }
    // A downgrade that gives no money back still takes away, and what remains is paid for as before.
    let mut job = upgrade("-2", "33");
    job.order.lines[0].amount = super::d("0");
    job.order.lines[0].attributes.set("billing", "do-not-bill");
    let plan = plan(&Book::default().with(known(345)), job).unwrap();
    assert_eq!(plan.changes.len(), 2);
    let body = &bodies(&plan)[0];
    assert_eq!((body["quantity"].to_string().as_str(), body["billCustomer"].as_str().unwrap()), ("8", "Billable"));
    assert_eq!(plan.left_out.len(), 1);
    // What a person takes off is not paid for in the next periods either.
    for (billing, quantity, changes) in [("do-not-bill", "2", 0), ("no-charge", "2", 0), ("do-not-bill", "-2", 2)] {
        let mut job = upgrade(quantity, "33");
        job.order.lines[0].amount = super::d("0");
        job.order.lines[0].attributes.set("billing", billing);
        let adjustment = Adjustment { line: "r".into(), field: "billing".into(), value: billing.into() };
        job.adjustments.push(adjustment);
        let planned = self::plan(&Book::default().with(known(345)), job).unwrap();
        assert_eq!((planned.changes.len(), planned.left_out.len()), (changes, 1), "{billing} {quantity}");
    }
}

#[test]
fn prorated_amounts_go_to_their_own_agreement_where_somebody_asks() {
    let agreement = |company: i64, status: &str, currency: &str| {
        json!([{
            "id": 13, "name": "Prorated", "company": {"id": company, "name": "Acme"}, "agreementStatus": status, "cancelledFlag": false,
            "billingCycle": {"id": 2, "name": "Monthly"}, "currency": {"id": 1, "currencyCode": currency, "name": currency}, "prorateFlag": false,
            "startDate": "2026-01-01T00:00:00Z", "billStartDate": "2026-01-01T00:00:00Z"
        }])
    };
    for (name, company, status, currency, code) in [
        ("fits", 42, "Active", "USD", None),
        ("another company's", 43, "Active", "USD", Some("connectwise-proration-agreement")),
        ("ended", 42, "Expired", "USD", Some("connectwise-proration-agreement")),
        ("another currency", 42, "Active", "EUR", Some("connectwise-proration-agreement")),
    ] {
        let shown = agreement(company, status, currency);
        let mut remote = Book::default().with(known(345)).remote_where(move |call, before| {
            let body = match call.request.path.as_str() {
                "/finance/agreements" => shown.clone(),
                "/finance/billingCycles" => {
                    json!([{"id": 2, "identifier": "M", "name": "Monthly", "billingOptions": "Monthly"}])
                }
                "/finance/currencies" => json!([{"id": 1, "currencyCode": currency, "name": currency}]),
                "/finance/agreementrecap/13" => json!({"id": 13}),
                _ => return None,
            };
            before.then(|| Ok(counterfoil_sdk::Response::new(200, body.to_string())))
        });
        let job = adjusted(upgrade("2", "33"), "proration_agreement", "13");
        let result = ConnectWise.plan(&mut remote, &[job]).remove(0);
        match code {
            Some(code) => assert_eq!(result.unwrap_err().code, code, "{name}"),
            None => {
                let plan = result.unwrap();
                let into: Vec<_> = plan.changes.iter().map(|change| change.attributes.get("container")).collect();
                assert_eq!(into, [None, None, Some("13")], "{name}");
            }
        }
    }
}

#[test]
fn one_bad_job_leaves_the_others_alone_and_each_agreement_is_read_once() {
    let book = Book::default().with(ten(345));
    let mut remote = book.remote();
    let bad = set(upgrade("2", "33"), "changes", "both");
    let results = ConnectWise.plan(&mut remote, &[upgrade("2", "33"), bad, upgrade("1", "33")]);
    let classes: Vec<Option<Class>> =
        results.iter().map(|result| result.as_ref().err().map(|failure| failure.class)).collect();
    assert_eq!(classes, [None, Some(Class::Rejected), None]);
    assert_eq!(remote.calls().len(), 1);
    let request = &remote.calls()[0].request;
    assert!(request.headers.contains(&("pagination-type".to_owned(), "forward-only".to_owned())));
    assert!(remote.calls()[0].query("conditions").is_none());
}

#[test]
fn days_that_were_invoiced_without_it_are_told() {
    let job = told(upgrade("2", "33"), "invoiced-until", "2027-01-01");
    let plan = plan(&Book::default().with(known(345)), job).unwrap();
    assert!(
        plan.notes.iter().any(|note| note.contains("2026-12-01 to 2026-12-31") && note.contains("66.00 USD")),
        "{:?}",
        plan.notes
    );
    assert!(shown(&plan).contains("update 345 –2026-12-31"), "{}", shown(&plan));
}
