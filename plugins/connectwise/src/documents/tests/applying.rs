//! Writing what was confirmed, finding it again after a lost answer, and reading it back.

use counterfoil_sdk::serde_json::{Value, json};
use counterfoil_sdk::testing::Scripted;
use counterfoil_sdk::{Action, Class, Failure, Job, Located, Plan, Response, Target};

use super::book::{Book, known};
use super::{delta, job, line, prorated, set, told};
use crate::ConnectWise;

const NOVEMBER: (&str, &str) = ("2026-11-01", "2026-12-01");

/// Two more of ten, from the 16th on: an ending, its successor, and the rest of November.
fn upgrade() -> Job {
    let more = delta(line("r", "resource-recurring", "2", "33", "33"));
    told(job("change", vec![prorated(more, "66", "15/30", "prorated", NOVEMBER)]), "invoiced-until", "2026-11-01")
}

fn ten() -> Book {
    Book::default().with(known(345))
}

fn planned(book: &Book, job: Job) -> Plan {
    ConnectWise.plan(&mut book.remote(), &[job]).remove(0).unwrap()
}

fn lines(remote: &Scripted<'_>) -> Vec<String> {
    remote.writes().map(|call| call.line()).collect()
}

#[test]
fn an_ending_is_written_before_its_successor_and_read_back() {
    let book = ten();
    let plan = planned(&book, upgrade());
    let mut remote = book.remote();
    let receipt = ConnectWise.apply(&mut remote, std::slice::from_ref(&plan)).remove(0).unwrap();
    let calls: Vec<String> = remote.calls().iter().map(|call| call.line()).collect();
    let additions = "/finance/agreements/12/additions";
    assert_eq!(
        calls,
        [
            format!("GET {additions}/345"),
            format!("PATCH {additions}/345"),
            format!("GET {additions}/345"),
            format!("POST {additions}"),
            format!("POST {additions}"),
        ]
    );
    let bodies: Vec<String> =
        remote.writes().map(|call| String::from_utf8(call.request.body.clone()).unwrap()).collect();
    let tag = known(1)["serialNumber"].as_str().unwrap().split(' ').nth(1).unwrap().to_owned();
    let marker = |key: &str| {
        let key = format!("addition:o1:r1:{key}");
        format!("cf:abcdef12 {tag} {}", counterfoil_sdk::digest::short(&key, 6))
    };
    assert_eq!(bodies[0], r#"[{"op":"replace","path":"cancelledDate","value":"2026-11-30T00:00:00Z"}]"#);
    assert_eq!(
        bodies[1],
        format!(
            r#"{{"product":{{"id":1021}},"quantity":12,"unitPrice":33,"unitCost":20,"billCustomer":"Billable","effectiveDate":"2026-12-01T00:00:00Z","taxableFlag":true,"serialNumber":"{}","invoiceDescription":"Business Basic"}}"#,
            marker("standing:r")
        )
    );
    assert_eq!(
        bodies[2],
        format!(
            r#"{{"product":{{"id":1021}},"quantity":2,"unitPrice":16.5,"billCustomer":"Billable","effectiveDate":"2026-11-16T00:00:00Z","cancelledDate":"2026-11-30T00:00:00Z","taxableFlag":true,"serialNumber":"{}","invoiceDescription":"Business Basic · 2026-11-16 to 2026-11-30"}}"#,
            marker("once:r")
        )
    );
    assert_eq!(
        receipt.changes.iter().map(|change| change.action).collect::<Vec<_>>(),
        [Action::Update, Action::Create, Action::Create]
    );
    let totals: Vec<String> = receipt.changes.iter().map(|change| change.total.unwrap().to_string()).collect();
    assert_eq!(totals, ["0.00 USD", "0.00 USD", "33.00 USD"]);
    // Read back, it is what was confirmed; whatever somebody edits shows.
    let totals = |book: &Book| -> Vec<String> {
        let seen = ConnectWise.observe(&mut book.remote(), std::slice::from_ref(&receipt)).remove(0).unwrap();
        seen.documents.iter().map(|document| format!("{} {}", document.total.amount, document.state)).collect()
    };
    assert_eq!(totals(&book), ["0 ends 2026-11-30", "0 goes on", "33 ends 2026-11-30"]);
    let new = receipt.changes[1].reference.clone();
    book.edit(&new, "quantity", json!(11));
    book.edit("345", "cancelledDate", json!(""));
    book.delete(&receipt.changes[2].reference);
    assert_eq!(totals(&book), ["330 edited, goes on", "-33 edited, goes on", "0 missing"]);
}

#[test]
fn the_same_plan_makes_the_same_writes_and_skips_what_is_known() {
    let plan = planned(&ten(), upgrade());
    let writes = |book: &Book, plan: &Plan| {
        let mut remote = book.remote();
        ConnectWise.apply(&mut remote, std::slice::from_ref(plan)).remove(0).unwrap();
        remote.writes().map(|call| (call.key.clone().unwrap(), call.request.clone())).collect::<Vec<_>>()
    };
    let all = writes(&ten(), &plan);
    assert_eq!(all, writes(&ten(), &plan));
    // A crash after each write: what is journaled is adopted, the rest is sent under the same keys.
    for done in 0..=all.len() {
        let book = ten();
        let receipts = {
            let whole = ConnectWise.apply(&mut book.remote(), std::slice::from_ref(&plan)).remove(0).unwrap();
            whole.changes
        };
        let mut again = plan.clone();
        again.adopted = receipts.into_iter().take(done).collect();
        let fresh = ten();
        for receipt in again.adopted.iter().filter(|receipt| receipt.action == Action::Update) {
            fresh.edit(&receipt.reference, "cancelledDate", json!("2026-11-30T00:00:00Z"));
        }
        assert_eq!(writes(&fresh, &again), all[done..], "{done}");
    }
}

#[test]
fn adopted_by_reference_alone_it_can_still_be_read_back() {
    let book = ten();
    let plan = planned(&book, upgrade());
    let receipt = ConnectWise.apply(&mut book.remote(), std::slice::from_ref(&plan)).remove(0).unwrap();
    let mut again = plan.clone();
    again.adopted = receipt.changes.clone();
    for adopted in &mut again.adopted {
        adopted.attributes = counterfoil_sdk::Attributes::new();
        adopted.total = None;
    }
    let mut remote = book.remote();
    let second = ConnectWise.apply(&mut remote, &[again]).remove(0).unwrap();
    assert_eq!(remote.calls(), []);
    assert_eq!(second, receipt);
}

#[test]
fn a_lost_answer_is_found_or_proved_absent() {
    let plan = planned(&ten(), upgrade());
    let keys: Vec<&str> = plan.changes.iter().map(|change| change.key.as_str()).collect();
    let located = |book: &Book, key: &str| ConnectWise.locate(&mut book.remote(), &plan, key);
    let nothing = ten();
    let done = ten();
    ConnectWise.apply(&mut done.remote(), std::slice::from_ref(&plan)).remove(0).unwrap();
    for (place, key) in keys.iter().enumerate() {
        assert_eq!(located(&nothing, key).unwrap(), Located::Absent, "{key}");
        let Located::Found(found) = located(&done, key).unwrap() else { panic!("{key}") };
        assert_eq!(found.total, Some(plan.changes[place].total));
    }
    // A later task ended it since: all additions are looked at, not only those that go on.
    let standing = done.rows("12").iter().find(|row| row["quantity"] == 12).unwrap()["id"].to_string();
    done.edit(&standing, "cancelledDate", json!("2027-01-31T00:00:00Z"));
    assert!(matches!(located(&done, keys[1]).unwrap(), Located::Found(_)));
    // Twice the same marker is a person's to look at; so is an addition that is neither as before nor as it should be.
    let twice = done.find(&standing).unwrap();
    let done = done.with({
        let mut twice = twice;
        twice["id"] = json!(990);
        twice
    });
    assert!(matches!(located(&done, keys[1]).unwrap(), Located::Several(both) if both.len() == 2));
    done.edit("345", "cancelledDate", json!("2026-12-31T00:00:00Z"));
    let failure = located(&done, keys[0]).unwrap_err();
    assert_eq!((failure.class, failure.code.as_str()), (Class::Conflict, "connectwise-addition-changed"));
    done.delete("345");
    assert_eq!(located(&done, keys[0]).unwrap_err().class, Class::Conflict);
    assert_eq!(located(&done, "addition:unknown").unwrap_err().class, Class::Internal);
}

#[test]
fn what_moved_since_it_was_confirmed_is_not_written_over() {
    for (field, value) in
        [("quantity", json!(11)), ("unitPrice", json!(34)), ("cancelledDate", json!("2026-12-31T00:00:00Z"))]
    {
        let book = ten();
        let plan = planned(&book, upgrade());
        book.edit("345", field, value);
        let mut remote = book.remote();
        let failure = ConnectWise.apply(&mut remote, &[plan]).remove(0).unwrap_err();
        assert_eq!(
            (failure.class, failure.code.as_str()),
            (Class::Conflict, "connectwise-addition-changed"),
            "{field}"
        );
        assert!(failure.message.contains(field), "{}", failure.message);
        assert_eq!(lines(&remote), [""; 0]);
    }
    let book = ten();
    let plan = planned(&book, upgrade());
    book.delete("345");
    let failure = ConnectWise.apply(&mut book.remote(), &[plan]).remove(0).unwrap_err();
    assert_eq!(failure.code, "connectwise-addition-gone");
}

/// What a PATCH, or the look after it, answers instead.
type Otherwise = fn(method: &str, patched: bool) -> Option<Result<Response, Failure>>;

#[test]
fn a_change_is_believed_when_it_is_seen() {
    let before: Otherwise = |method, patched| {
        let asked = method == "PATCH" || (method == "GET" && patched);
        asked.then(|| Ok(Response::new(200, known(345).to_string())))
    };
    let lagging: Otherwise =
        |method, patched| (method == "GET" && patched).then(|| Ok(Response::new(200, known(345).to_string())));
    let broken: Otherwise = |method, patched| (method == "GET" && patched).then(|| Ok(Response::new(500, "")));
    let refused: Otherwise = |method, _| {
        (method == "PATCH").then(|| {
            let body = r#"{"code":"InvalidObject","message":"agreementAddition object is invalid","errors":[{"code":"InvalidField","message":"No","resource":"agreementAddition","field":"cancelledDate"}]}"#;
            Ok(Response::new(400, body))
        })
    };
    let lost: Otherwise =
        |method, _| (method == "PATCH").then(|| Err(Failure::unknown_outcome("no-answer", "The answer was lost.")));
    for (name, otherwise, class, code) in [
        ("200 and nothing changed", before, Class::Rejected, "connectwise-nothing-changed"),
        ("the answer says so, the look does not", lagging, Class::UnknownOutcome, "connectwise-unconfirmed"),
        ("the look fails", broken, Class::UnknownOutcome, "connectwise-unconfirmed"),
        ("refused", refused, Class::Rejected, ""),
        ("lost", lost, Class::UnknownOutcome, "no-answer"),
    ] {
        let tried = |plans: &[Plan]| {
            let mut patched = false;
            let mut remote = ten().remote_where(move |call, before| {
                // The ordinary look before the change, and everything that is done in truth, stay as they are.
                let answer = otherwise(&call.request.method, patched).filter(|_| !before);
                patched |= call.request.method == "PATCH" && !before;
                answer
            });
            let results = ConnectWise.apply(&mut remote, plans);
            (results, lines(&remote))
        };
        let plan = planned(&ten(), upgrade());
        let (mut results, written) = tried(std::slice::from_ref(&plan));
        let failure = results.remove(0).unwrap_err();
        assert_eq!(failure.class, class, "{name}: {failure}");
        assert!(code.is_empty() || failure.code == code, "{name}: {failure}");
        assert_eq!(written, ["PATCH /finance/agreements/12/additions/345"], "{name}");
        // Whatever is not known about one write, nothing of the next plan is sent on top of it.
        let (mut results, written) = tried(&[plan.clone(), plan]);
        if class == Class::UnknownOutcome {
            let second = results.remove(1).unwrap_err();
            assert_eq!((second.class, second.code.as_str()), (Class::Transient, "connectwise-unsent"), "{name}");
            assert_eq!(written.len(), 1, "{name}");
        }
    }
}

#[test]
fn what_was_saved_before_a_failure_is_named() {
    let book = ten();
    let plan = planned(&book, upgrade());
    let mut remote = book.remote_where(|call, before| {
        let refuse = before && call.request.method == "POST";
        refuse.then(|| Ok(Response::new(400, r#"{"code":"InvalidObject","message":"no","errors":null}"#)))
    });
    let failure = ConnectWise.apply(&mut remote, std::slice::from_ref(&plan)).remove(0).unwrap_err();
    assert_eq!(failure.class, Class::Rejected);
    assert_eq!(failure.attributes.get(&format!("saved.{}", plan.changes[0].key)), Some("345"));
    assert!(failure.message.contains("Done already: End addition 345"), "{}", failure.message);
    assert_eq!(lines(&remote).len(), 2);
    // Planned anew, the end of 345 might be anybody's: a person says whose it is, and the pair is finished.
    let again = ConnectWise.plan(&mut book.remote(), &[upgrade()]).remove(0).unwrap_err();
    assert_eq!(again.code, "connectwise-addition-ended");
    let mut job = upgrade();
    job.adjustments.push(counterfoil_sdk::Adjustment {
        line: String::new(),
        field: "former_addition".into(),
        value: "345".into(),
    });
    let again = planned(&book, job);
    assert_eq!(
        again.changes.iter().map(|change| &change.key).collect::<Vec<_>>(),
        plan.changes.iter().map(|change| &change.key).collect::<Vec<_>>()
    );
    let actions: Vec<Action> = again.changes.iter().map(|change| change.action).collect();
    assert_eq!(actions, [Action::None, Action::Create, Action::Create]);
    let mut remote = book.remote();
    ConnectWise.apply(&mut remote, &[again]).remove(0).unwrap();
    assert_eq!(lines(&remote), ["POST /finance/agreements/12/additions"; 2]);
}

#[test]
fn planned_again_after_everything_was_written_nothing_is_written() {
    for changes in ["replace", "quantity"] {
        for until in ["2026-11-01", "2026-12-01"] {
            let book = ten();
            let job = || set(told(upgrade(), "invoiced-until", until), "changes", changes);
            let plan = planned(&book, job());
            ConnectWise.apply(&mut book.remote(), std::slice::from_ref(&plan)).remove(0).unwrap();
            let again = planned(&book, job());
            let keys = |plan: &Plan| plan.changes.iter().map(|change| change.key.clone()).collect::<Vec<_>>();
            assert_eq!(keys(&again), keys(&plan), "{changes} {until}");
            assert!(again.changes.iter().all(|change| change.action == Action::None), "{changes} {until}");
            let totals = |plan: &Plan| plan.changes.iter().map(|change| change.total).collect::<Vec<_>>();
            assert_eq!(totals(&again), totals(&plan));
            let mut remote = book.remote();
            ConnectWise.apply(&mut remote, &[again]).remove(0).unwrap();
            assert_eq!(remote.calls(), []);
        }
    }
}

#[test]
fn an_addition_that_was_stored_otherwise_says_so() {
    let book = ten();
    let plan = planned(&book, upgrade());
    let mut remote = book.remote_where(|call, before| {
        let created = call.request.method == "POST" && !before;
        created.then(|| {
            let mut stored: Value = counterfoil_sdk::serde_json::from_slice(&call.request.body).unwrap();
            stored["id"] = json!(77);
            stored["quantity"] = json!(1);
            stored["serialNumber"] = json!("");
            Ok(Response::new(201, stored.to_string()))
        })
    });
    let receipt = ConnectWise.apply(&mut remote, &[plan]).remove(0).unwrap();
    let once = &receipt.changes[2];
    assert_eq!(once.attributes.get("drift"), Some("quantity 1 instead of 2"));
    assert_eq!(
        (once.attributes.get("drift.expected"), once.attributes.get("drift.actual")),
        (Some("33"), Some("16.5"))
    );
    assert_eq!(once.total.unwrap().to_string(), "16.50 USD");
    assert!(once.attributes.get("warning").unwrap().contains("marker"));
}

#[test]
fn a_payload_that_does_not_fit_its_plan_is_not_sent() {
    let book = ten();
    let mut plan = planned(&book, upgrade());
    plan.changes.pop();
    let mut remote = book.remote();
    let failure = ConnectWise.apply(&mut remote, &[plan]).remove(0).unwrap_err();
    assert_eq!((failure.class, failure.code.as_str()), (Class::Internal, "connectwise-payload"));
    assert_eq!(remote.calls(), []);
}
