//! Writing: what is read before and after, what moved meanwhile, and answers that do not come.

use std::cell::Cell;
use std::rc::Rc;

use counterfoil_sdk::serde_json::{Value, json};
use counterfoil_sdk::{Class, Failure, Response, Target};

use super::shop::Shop;
use super::{after, apply, bill, job, once, plan, recurs};
use crate::Syncro;

/// What happens between plan and confirmation, and the code that it is refused with.
type Case = (&'static str, fn(&Shop), &'static str);

fn both() -> counterfoil_sdk::Job {
    job("st1", vec![recurs("1", "k1", "10", "7.80"), once("2", "resource-overuse", "5.00")])
}

#[test]
fn what_moved_since_it_was_confirmed_stops_it() {
    let cases: [Case; 5] = [
        ("it ran", |shop| _ = shop.run(5), "syncro-ran"),
        ("the line changed", |shop| shop.edit(103, "quantity", json!("11")), "syncro-line-changed"),
        ("the line is gone", |shop| shop.delete(103), "syncro-line-gone"),
        ("all is gone", |shop| shop.delete_schedule(5), "syncro-schedule-gone"),
        ("nothing", |_| {}, ""),
    ];
    for (name, happen, code) in cases {
        let shop = Shop::open();
        let receipt = bill(&shop, &job("st1", vec![recurs("1", "k1", "10", "7.80")])).1;
        shop.run(5);
        let next = plan(&shop, &after(job("st2", vec![recurs("1", "k1", "12", "7.80")]), &[receipt])).unwrap();
        happen(&shop);
        match apply(&shop, &next) {
            Ok(_) => assert_eq!(code, "", "{name}"),
            Err(failure) => {
                assert_eq!((failure.code.as_str(), failure.class), (code, Class::Conflict), "{name}: {failure}");
                assert_ne!(shop.shown(), ["12 × 780"], "{name}");
            }
        }
    }
}

#[test]
fn a_put_names_everything_and_only_ours() {
    let shop = Shop::open();
    let receipt = bill(&shop, &job("st1", vec![recurs("1", "k1", "10", "7.80")])).1;
    shop.run(5);
    shop.edit(103, "taxable", json!(false));
    shop.edit(103, "position", json!(4));
    let next = plan(&shop, &after(job("st2", vec![recurs("1", "k1", "12", "8.00")]), &[receipt])).unwrap();
    let mut remote = shop.remote();
    Syncro.apply(&mut remote, &[next]).remove(0).unwrap();
    let writes: Vec<_> = remote.writes().collect();
    assert_eq!((writes.len(), writes[0].line().as_str()), (1, "PUT /schedules/5/line_items/103"));
    let body: Value = counterfoil_sdk::serde_json::from_slice(&writes[0].request.body).unwrap();
    for (name, want) in [
        ("quantity", json!(12)),
        ("retail_cents", json!(800)),
        ("cost_cents", json!(610)),
        ("taxable", json!(false)),
        ("one_time_charge", json!(false)),
        ("position", json!(4)),
        ("product_id", json!(9)),
        ("name", json!("PC_CFQ7:0001")),
    ] {
        assert_eq!(body[name], want, "{name}");
    }
    assert!(body["description"].as_str().unwrap().contains("[cf:r"));
    let reads = remote.calls().iter().filter(|call| call.key.is_none()).count();
    assert_eq!(reads, 2, "one look before and one after");
}

#[test]
fn an_answer_that_changed_nothing_is_not_believed() {
    let shop = Shop::open();
    let receipt = bill(&shop, &job("st1", vec![recurs("1", "k1", "10", "7.80")])).1;
    shop.run(5);
    let next = plan(&shop, &after(job("st2", vec![recurs("1", "k1", "12", "7.80")]), &[receipt])).unwrap();
    let mut remote = shop.remote_where(|call, is_before| {
        (is_before && call.key.is_some())
            .then(|| Ok(Response::new(200, r#"{"schedule_line_item":{"id":103,"quantity":"12"}}"#)))
    });
    let failure = Syncro.apply(&mut remote, &[next]).remove(0).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.class), ("syncro-nothing-changed", Class::Rejected));
}

#[test]
fn a_price_that_was_cut_shows_as_drift() {
    let shop = Shop::open();
    let plan = plan(&shop, &job("st1", vec![recurs("1", "k1", "10", "7.80")])).unwrap();
    let other = shop.clone();
    let mut remote = shop.remote_where(move |call, is_before| {
        if !is_before && call.line().ends_with("add_line_item") {
            other.edit(103, "retail_cents", json!(700));
        }
        None
    });
    let receipt = Syncro.apply(&mut remote, &[plan]).remove(0).unwrap();
    let attributes = &receipt.changes[0].attributes;
    assert_eq!((attributes.get("drift.expected"), attributes.get("drift.actual")), (Some("78.00"), Some("70.00")));
    assert_eq!(receipt.changes[0].total.unwrap().to_string(), "70.00 USD");
    let seen = Syncro.observe(&mut shop.remote(), &[receipt]).remove(0).unwrap();
    assert_eq!(
        (seen.documents[0].state.as_str(), seen.documents[0].lines[0].amount.to_string().as_str()),
        ("changed", "70.00")
    );
}

/// Every call of an apply is lost in every way, once each; then the host looks, and goes on.
#[test]
fn a_lost_answer_is_found_and_nothing_is_written_twice() {
    let lost = || Err(Failure::unknown_outcome("host-lost", "No answer came."));
    let html = || Ok(Response::new(502, "<html><head><title>502 Bad Gateway</title></head></html>"));
    let half = || Ok(Response::new(200, r#"{"schedule_line_item":{"id":1"#));
    let answers: [fn() -> Result<Response, Failure>; 3] = [lost, html, half];
    for nth in 0..2 {
        for is_done in [false, true] {
            for (kind, answer) in answers.iter().copied().enumerate() {
                let shop = Shop::open();
                let plan = plan(&shop, &both()).unwrap();
                let count = Rc::new(Cell::new(0));
                let mut remote = shop.remote_where(move |call, is_before| {
                    if call.key.is_none() || is_before == is_done {
                        return None;
                    }
                    count.set(count.get() + 1);
                    (count.get() == nth + 1).then(answer)
                });
                let failure = Syncro.apply(&mut remote, std::slice::from_ref(&plan)).remove(0).unwrap_err();
                assert_eq!(failure.class, Class::UnknownOutcome, "{nth} {is_done} {kind}: {failure}");
                let located = Syncro.locate(&mut shop.remote(), &plan, &plan.changes[nth].key).unwrap();
                let mut again = plan.clone();
                match located {
                    counterfoil_sdk::Located::Found(receipt) => {
                        assert!(is_done);
                        again.adopted.push(receipt);
                    }
                    counterfoil_sdk::Located::Absent => assert!(!is_done),
                    other => panic!("{other:?}"),
                }
                apply(&shop, &again).unwrap();
                assert_eq!(shop.shown(), ["10 × 780", "1 × 500 once"], "{nth} {is_done} {kind}");
            }
        }
    }
}

#[test]
fn a_fresh_line_that_is_not_shown_yet_is_not_known() {
    let shop = Shop::open();
    let plan = plan(&shop, &both()).unwrap();
    let written = Rc::new(Cell::new(false));
    let seen = Rc::clone(&written);
    let mut remote = shop.remote_where(move |call, is_before| {
        seen.set(seen.get() || call.key.is_some());
        (is_before && seen.get() && call.key.is_none()).then(|| {
            Ok(Response::new(
                200,
                r#"{"schedule":{"id":5,"customer_id":42,"frequency":"Monthly","next_run":"2026-12-01","lines":[]}}"#,
            ))
        })
    });
    let failure = Syncro.apply(&mut remote, std::slice::from_ref(&plan)).remove(0).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.class), ("syncro-unconfirmed", Class::UnknownOutcome));
    apply(&shop, &plan).unwrap();
    assert_eq!(shop.shown(), ["10 × 780", "1 × 500 once"]);
}

#[test]
fn a_run_in_the_middle_of_it_is_said() {
    let shop = Shop::open();
    let plan = plan(&shop, &both()).unwrap();
    let other = shop.clone();
    let mut remote = shop.remote_where(move |call, is_before| {
        if !is_before && call.line().ends_with("add_line_item") {
            other.run(5);
        }
        None
    });
    let failure = Syncro.apply(&mut remote, &[plan]).remove(0).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.class), ("syncro-ran-meanwhile", Class::Conflict));
    assert_eq!(remote.writes().count(), 1);
}

#[test]
fn a_plan_that_stopped_says_what_is_done_and_holds_back_the_rest() {
    let shop = Shop::open();
    let (one, two) =
        (plan(&shop, &both()).unwrap(), plan(&shop, &job("st9", vec![recurs("1", "k9", "1", "1.00")])).unwrap());
    for (status, class) in [(429, Class::Throttled), (401, Class::Auth), (422, Class::Rejected)] {
        let shop = shop.clone();
        let count = Rc::new(Cell::new(0));
        let mut remote = shop.remote_where(move |call, is_before| {
            if !is_before || call.key.is_none() {
                return None;
            }
            count.set(count.get() + 1);
            (count.get() == 2).then(|| Ok(Response::new(status, r#"{"error":["no"]}"#)))
        });
        let results = Syncro.apply(&mut remote, &[one.clone(), two.clone()]);
        let failure = results[0].as_ref().unwrap_err();
        assert_eq!(failure.class, class);
        assert_eq!(results[1].is_err(), class != Class::Rejected, "{status}");
        shop.ours().iter().for_each(|line| shop.delete(line["id"].as_i64().unwrap()));
    }
}

#[test]
fn a_payload_of_another_plan_is_refused() {
    let shop = Shop::open();
    let mut plan = plan(&shop, &both()).unwrap();
    plan.changes.swap(0, 1);
    assert_eq!(apply(&shop, &plan).unwrap_err().code, "syncro-payload");
    assert!(shop.ours().is_empty());
}
