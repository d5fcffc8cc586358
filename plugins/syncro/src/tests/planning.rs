//! Plans: the lines of a statement, the runs that lie before it, and what is refused.

use counterfoil_sdk::serde_json::json;
use counterfoil_sdk::{Class, Job, Receipt, Target};

use super::shop::Shop;
use super::{after, apply, bill, d, job, once, plan, recurs, set, sound, told, warnings};
use crate::Syncro;

/// What happens between two statements, and the warnings that it makes.
type Case = (&'static str, fn(&Shop), &'static [&'static str]);

/// A first statement of ten at 7.80, written.
fn first(shop: &Shop) -> Receipt {
    bill(shop, &job("st1", vec![recurs("1", "k1", "10", "7.80")])).1
}

#[test]
fn a_first_statement_makes_lines_and_touches_no_others() {
    let shop = Shop::open();
    let mut rest = once("1+rest", "resource-recurring-refund", "-12.34");
    rest.attributes.set("charge", "proration");
    let statement = job(
        "st1",
        vec![recurs("1", "k1", "10", "7.80"), rest, once("2", "resource-overuse", "0"), recurs("3", "gone", "0", "5")],
    );
    let (plan, receipt) = bill(&shop, &statement);
    assert_eq!(told(&plan), ["create recurring-line 78.00", "create one-time-line -12.34"]);
    assert_eq!(plan.left_out.iter().map(|one| one.line.as_str()).collect::<Vec<_>>(), ["3", "2"]);
    assert_eq!(shop.shown(), ["10 × 780", "1 × -1234 once"]);
    let line = &shop.ours()[0];
    for (name, want) in [
        ("product_id", json!(9)),
        ("taxable", json!(true)),
        ("one_time_charge", json!(false)),
        ("cost_cents", json!(610)),
        ("name", json!("PC_CFQ7:0001")),
    ] {
        assert_eq!(line[name], want, "{name}");
    }
    let text = line["description"].as_str().unwrap();
    assert!(text.starts_with("Business Basic [cf:r") && !text.contains("2026"), "{text}");
    assert!(shop.ours()[1]["description"].as_str().unwrap().starts_with("Adjustment 2026-10-01 to 2026-10-31 [cf:"));
    let kept = &receipt.changes[0].attributes;
    for (name, want) in
        [("schedule", "5"), ("next-run", "2026-12-01"), ("key", "k1"), ("quantity", "10"), ("unit-price", "7.80")]
    {
        assert_eq!(kept.get(name), Some(want), "{name}");
    }
    assert_eq!(kept.get("line"), Some(receipt.changes[0].reference.as_str()));
    assert!(
        receipt.changes[1].attributes.get("key").is_none(),
        "what is billed once says nothing of the next statement"
    );
    assert!(warnings(&plan).is_empty());
}

#[test]
fn runs_between_statements_decide_what_is_moved_and_given_back() {
    for (runs, quantity, changes, lines, codes) in [
        // Not billed yet: the former money is kept beside, also where the line stays as it is.
        (
            0,
            "12",
            vec!["create one-time-line 78.00", "update recurring-line 93.60"],
            vec!["12 × 780", "10 × 780 once"],
            vec![],
        ),
        (
            0,
            "10",
            vec!["create one-time-line 78.00", "none recurring-line 78.00"],
            vec!["10 × 780", "10 × 780 once"],
            vec![],
        ),
        (
            0,
            "0",
            vec!["create one-time-line 78.00", "update recurring-line 0"],
            vec!["0 × 780", "10 × 780 once"],
            vec![],
        ),
        (1, "12", vec!["update recurring-line 93.60"], vec!["12 × 780"], vec![]),
        (1, "10", vec!["none recurring-line 78.00"], vec!["10 × 780"], vec![]),
        (1, "0", vec!["update recurring-line 0"], vec!["0 × 780"], vec![]),
        (
            2,
            "12",
            vec!["create one-time-line -78.00", "update recurring-line 93.60"],
            vec!["12 × 780", "1 × -7800 once"],
            vec![],
        ),
        (
            3,
            "10",
            vec!["create one-time-line -156.00", "none recurring-line 78.00"],
            vec!["10 × 780", "1 × -15600 once"],
            vec![],
        ),
        (
            2,
            "0",
            vec!["create one-time-line -78.00", "update recurring-line 0"],
            vec!["0 × 780", "1 × -7800 once"],
            Vec::<&str>::new(),
        ),
    ] {
        let shop = Shop::open();
        let receipt = first(&shop);
        (0..runs).for_each(|_| assert_eq!(shop.run(5), d("78.00")));
        let next = after(job("st2", vec![recurs("1", "k1", quantity, "7.80")]), &[receipt]);
        let (plan, _) = bill(&shop, &next);
        assert_eq!(told(&plan), changes, "{runs} {quantity}");
        assert_eq!(shop.shown(), lines, "{runs} {quantity}");
        assert_eq!(warnings(&plan), codes, "{runs} {quantity}");
        // Whatever happened: all runs together have billed both statements.
        let due = d("78.00") + d(quantity) * d("7.80");
        let ran: counterfoil_sdk::Decimal = (0..runs).map(|_| d("78.00")).sum();
        assert_eq!(ran + shop.run(5), due, "{runs} {quantity}");
    }
}

#[test]
fn days_that_do_not_add_up_are_a_persons() {
    let moved = |shop: &Shop| shop.set(5, "next_run", json!("2026-12-09T00:00:00.000Z"));
    let cases: [Case; 10] = [
        ("as it was", |_| {}, &[]),
        ("moved by hand", moved, &["run-unclear"]),
        ("moved back", |shop| shop.set(5, "next_run", json!("2026-11-20")), &["run-unclear"]),
        (
            "an unknown frequency",
            |shop| {
                shop.set(5, "frequency", json!("Fortnightly"));
                shop.set(5, "next_run", json!("2027-01-01"));
            },
            &["run-unclear"],
        ),
        ("no next run", |shop| shop.set(5, "next_run", json!(null)), &["run-unclear"]),
        ("today", |shop| shop.set(5, "next_run", json!("2026-11-15")), &["run-today", "run-unclear"]),
        ("paused", |shop| shop.set(5, "paused", json!(true)), &["schedule-paused"]),
        (
            "charges and mails",
            |shop| {
                shop.set(5, "charge_mop", json!(true));
                shop.set(5, "email_customer", json!(true));
            },
            &["schedule-charges", "schedule-emails"],
        ),
        ("edited by hand", |shop| shop.edit(103, "quantity", json!("11.0")), &["line-changed"]),
        ("deleted by hand", |shop| shop.delete(103), &["run-unclear"]),
    ];
    for (name, happen, codes) in cases {
        let shop = Shop::open();
        let receipt = first(&shop);
        happen(&shop);
        let next = after(job("st2", vec![recurs("1", "k1", "12", "7.80")]), &[receipt]);
        let plan = plan(&shop, &next).unwrap();
        sound(&plan, &next);
        let mut wanted = codes.to_vec();
        wanted.sort_unstable();
        assert_eq!(warnings(&plan), wanted, "{name}");
    }
    let late = Shop::open();
    late.set(5, "next_run", json!("2026-11-01"));
    assert_eq!(warnings(&plan(&late, &job("st1", vec![recurs("1", "k1", "1", "1")])).unwrap()), ["run-unclear"]);
}

#[test]
fn money_that_was_moved_already_is_not_moved_again() {
    let shop = Shop::open();
    let receipt = first(&shop);
    let next =
        after(job("st2", vec![recurs("1", "k1", "12", "7.80"), once("2", "resource-overuse", "5.00")]), &[receipt]);
    bill(&shop, &next);
    let lines = shop.shown();
    let mut again = next.clone();
    again.attributes.set("stored.1.key", "moves:st2:1");
    let (plan, _) = bill(&shop, &again);
    assert_eq!(told(&plan), ["none one-time-line 78.00", "none recurring-line 93.60", "none one-time-line 5.00"]);
    assert_eq!(shop.shown(), lines);
    // A run in between billed a part of it: nobody can tell from here which.
    shop.run(5);
    assert_eq!(warnings(&plan_of(&shop, &again)), ["run-unclear"]);
}

fn plan_of(shop: &Shop, job: &Job) -> counterfoil_sdk::Plan {
    plan(shop, job).unwrap()
}

#[test]
fn without_marks_the_host_tells_what_was_made() {
    let shop = Shop::open();
    let unmarked = |job: Job| set(job, "mark", "none");
    let receipt = bill(&shop, &unmarked(job("st1", vec![recurs("1", "k1", "10", "7.80")]))).1;
    assert_eq!(shop.ours()[0]["description"], json!("Business Basic"));
    let next = unmarked(after(job("st2", vec![recurs("1", "k1", "12", "7.80")]), &[receipt]));
    let (_, made) = bill(&shop, &next);
    let mut again = next;
    for (place, change) in made.changes.iter().enumerate() {
        again.attributes.set(format!("stored.{place}.key"), change.key.clone());
        again.attributes.set(format!("stored.{place}.reference"), change.reference.clone());
    }
    assert_eq!(told(&bill(&shop, &again).0), ["none one-time-line 78.00", "none recurring-line 93.60"]);
    assert_eq!(shop.shown(), ["12 × 780", "10 × 780 once"]);
}

#[test]
fn a_line_is_ours_by_its_mark_or_by_a_receipt() {
    let shop = Shop::open();
    let receipt = first(&shop);
    shop.run(5);
    // A person wrote another text; the receipt still knows it, and the mark comes back.
    shop.edit(103, "description", json!("Microsoft seats"));
    shop.edit(103, "position", json!(7));
    let next = after(job("st2", vec![recurs("1", "k1", "11", "7.80")]), std::slice::from_ref(&receipt));
    bill(&shop, &next);
    let line = shop.ours()[0].clone();
    let text = line["description"].as_str().unwrap();
    assert!(text.starts_with("Microsoft seats [cf:r"), "{text}");
    assert_eq!((&line["position"], shop.shown()), (&json!(7), vec!["11 × 780".to_owned()]));
    // The receipt is lost; the mark still knows it.
    let (plan, _) = bill(&shop, &job("st3", vec![recurs("1", "k1", "9", "7.80")]));
    assert_eq!(
        (told(&plan), warnings(&plan)),
        (vec!["update recurring-line 70.20".to_owned()], vec!["run-unclear".to_owned()])
    );
    // Neither: then it is somebody's, and a line of our own comes beside it.
    shop.edit(103, "description", json!("Microsoft seats"));
    let plan = plan_of(&shop, &job("st4", vec![recurs("1", "k1", "9", "7.80")]));
    assert_eq!(told(&plan), ["create recurring-line 70.20"]);
}

#[test]
fn ended_lines_go_where_the_connection_says() {
    let shop = Shop::open();
    let receipt = first(&shop);
    shop.run(5);
    let ended = set(after(job("st2", vec![recurs("1", "k1", "0", "7.80")]), &[receipt]), "ended_lines", "remove");
    let (plan, receipt) = bill(&shop, &ended);
    assert_eq!((told(&plan), shop.shown()), (vec!["cancel recurring-line 0".to_owned()], Vec::<String>::new()));
    // It comes back.
    let (plan, _) = bill(&shop, &after(job("st3", vec![recurs("1", "k1", "4", "7.80")]), &[receipt]));
    assert_eq!((told(&plan), warnings(&plan)), (vec!["create recurring-line 31.20".to_owned()], Vec::<String>::new()));
}

#[test]
fn what_cannot_be_written_is_refused_with_its_reason() {
    let one = || vec![recurs("1", "k1", "10", "7.80")];
    let without = |kind: &str| {
        let mut job = job("st1", one());
        job.links.retain(|link| link.kind != kind);
        job
    };
    let mut euro = job("st1", one());
    euro.order.currency = counterfoil_sdk::Currency::parse("EUR").unwrap();
    let mut yen = set(job("st1", one()), "currency", "JPY");
    yen.order.currency = counterfoil_sdk::Currency::parse("JPY").unwrap();
    let mut odd = job("st1", one());
    odd.order.lines[0].attributes.set("recurs", "yearly");
    let mut nothing = job("st1", one());
    nothing.order.lines[0].item = None;
    let mut fine = job("st1", one());
    fine.order.lines[0].unit_price = d("7.805");
    let mut stranger = job("st1", one());
    stranger.links[1].target_id = "6".into();
    let mut missing = job("st1", one());
    missing.links[1].target_id = "77".into();
    let mut hostile = job("st1", one());
    hostile.links[1].target_id = "5/../6".into();
    let mut gone = job("st1", one());
    gone.order.lines[0].item = Some("8".into());
    let hold =
        |amount: &str| set(job("st1", vec![once("1", "resource-recurring-refund", amount)]), "negative_lines", "hold");
    for (job, code, class) in [
        (without("party"), "syncro-no-customer", Class::Rejected),
        (without("container"), "syncro-no-schedule", Class::Rejected),
        (euro, "syncro-currency", Class::Rejected),
        (yen, "syncro-currency", Class::Unsupported),
        (set(job("st1", one()), "currency", ""), "syncro-setting", Class::Rejected),
        (odd, "syncro-recurs", Class::Unsupported),
        (nothing, "syncro-item", Class::Rejected),
        (fine, "syncro-amount", Class::Unsupported),
        (stranger, "syncro-schedule-of-another", Class::Rejected),
        (missing, "syncro-schedule-gone", Class::NotFound),
        (hostile, "syncro-link", Class::Rejected),
        (gone, "syncro-item-gone", Class::NotFound),
        (hold("-5.00"), "syncro-negative", Class::Unsupported),
    ] {
        let shop = Shop::open();
        shop.schedule(6, 43, "2026-12-01");
        let failure = plan(&shop, &job).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.class), (code, class), "{failure}");
        assert!(failure.message.contains("Nothing was written"), "{failure}");
    }
    assert!(plan(&Shop::open(), &hold("5.00")).is_ok());
    let euros = Shop::open();
    euros.symbol("€");
    let failure = plan(&euros, &job("st1", one())).unwrap_err();
    assert_eq!(failure.code, "syncro-currency");
    assert!(failure.message.contains('€'));
}

#[test]
fn a_mark_that_stands_twice_or_on_a_counter_is_a_conflict() {
    let shop = Shop::open();
    let receipt = first(&shop);
    let text = shop.ours()[0]["description"].clone();
    let copy = shop.line(5, json!({"name": "Copy", "description": text, "quantity": "10", "retail_cents": 780}));
    let next = after(job("st2", vec![recurs("1", "k1", "12", "7.80")]), &[receipt]);
    assert_eq!(plan(&shop, &next).unwrap_err().code, "syncro-line-several");
    shop.delete(copy);
    shop.edit(103, "recurring_type_id", json!(2));
    assert_eq!(plan(&shop, &next).unwrap_err().code, "syncro-line-counter");
}

#[test]
fn a_former_recurring_invoice_must_not_go_on_billing() {
    let shop = Shop::open();
    let receipt = first(&shop);
    shop.schedule(6, 42, "2026-12-01");
    let mut next = after(job("st2", vec![recurs("1", "k1", "12", "7.80")]), &[receipt]);
    next.links[1].target_id = "6".into();
    let failure = plan(&shop, &next).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.class), ("syncro-former-schedule", Class::Conflict));
    assert!(failure.message.contains("78.00 USD") && failure.message.contains("Cloud 5"), "{failure}");
    shop.edit(103, "quantity", json!("0"));
    assert_eq!(told(&plan(&shop, &next).unwrap()), ["create recurring-line 93.60"]);
    shop.delete_schedule(5);
    assert_eq!(told(&plan(&shop, &next).unwrap()), ["create recurring-line 93.60"]);
}

#[test]
fn settings_and_people_say_what_is_taxed_and_how_it_is_called() {
    for (setting, product, line, want) in [
        ("product", true, None, true),
        ("product", false, None, false),
        ("false", true, None, false),
        ("true", false, None, true),
        ("true", true, Some("false"), false),
    ] {
        let shop = Shop::open();
        shop.edit_product(9, "taxable", json!(product));
        let mut own = recurs("1", "k1", "1", "5.00");
        if let Some(line) = line {
            own.attributes.set("taxable", line);
        }
        bill(&shop, &set(job("st1", vec![own]), "taxable", setting));
        assert_eq!(shop.ours()[0]["taxable"], json!(want), "{setting} {product} {line:?}");
    }
    let shop = Shop::open();
    let mut own = recurs("1", "k1", "1", "5.00");
    own.description = "Seats [cf:r000000000000] \u{0}\n<b>for</b> you \"😀\"".into();
    own.attributes.set("description-source", "person");
    bill(&shop, &set(job("st1", vec![own]), "mark", "none"));
    assert_eq!(shop.ours()[0]["description"], json!("Seats (cf:r000000000000] <b>for</b> you \"😀\""));
}

#[test]
fn a_bad_job_does_not_take_the_others_down() {
    let shop = Shop::open();
    let mut bad = job("st2", vec![recurs("1", "k2", "1", "1")]);
    bad.links.clear();
    let good = job("st1", vec![recurs("1", "k1", "1", "1")]);
    let mut remote = shop.remote();
    let plans = Syncro.plan(&mut remote, &[bad, good]);
    assert!(plans[0].is_err());
    apply(&shop, plans[1].as_ref().unwrap()).unwrap();
    let reads: Vec<String> = remote.calls().iter().map(counterfoil_sdk::testing::Call::line).collect();
    assert_eq!(reads, ["GET /settings", "GET /schedules/5", "GET /products/9"]);
}
