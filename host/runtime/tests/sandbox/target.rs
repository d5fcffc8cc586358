//! A well-behaved plugin in the sandbox: everything the contract has, there and back.

use std::sync::Arc;

use crate::common::{Scripted, job, json};
use counterfoil_domain::directory::Draft;
use counterfoil_domain::failure::FailureClass;
use counterfoil_domain::id::EntityId;
use counterfoil_domain::money::{Currency, Money};
use counterfoil_domain::plan::{Action, Located};
use counterfoil_domain::ports::{CallError, Exchange, LogLevel, Target};
use counterfoil_domain::wire::{Request, Response};

fn ledger(request: &Request) -> Result<Response, counterfoil_domain::failure::Failure> {
    let stored = r#"{"id":"c-7","customer":"42","note":"n","currency":"EUR","amount":41.80}"#;
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/me") => json(200, r#"{"id":"b1","name":"Books","currency":"EUR"}"#),
        ("GET", "/customers") if request.query.iter().any(|(name, _)| name == "after") => {
            json(200, r#"{"customers":[],"next":null}"#)
        }
        ("GET", "/customers") => json(200, r#"{"customers":[{"id":"42","name":"Acme"}],"next":"p2"}"#),
        ("GET", "/customers/42") => json(200, r#"{"id":"42","name":"Acme"}"#),
        ("POST", "/customers") => json(201, r#"{"id":"43","name":"New"}"#),
        ("GET", "/charges") => json(200, format!(r#"{{"charges":[{stored}]}}"#)),
        ("GET", "/charges/c-7") => json(200, stored),
        ("POST", "/charges") => {
            let sent = String::from_utf8(request.body.clone()).unwrap();
            json(201, sent.replace(r#""id":"""#, r#""id":"c-7""#))
        }
        _ => json(404, "{}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_directory_is_read_and_written() {
    let Some(target) = crate::common::target("tiny").await else { return };
    let exchange = Scripted::new(target.card(), ledger);
    let at = || Arc::clone(&exchange) as Arc<dyn Exchange>;

    let account = target.probe(at()).await.unwrap();
    assert_eq!((account.name.as_str(), account.base_currency.code()), ("Books", "EUR"));
    assert_eq!(account.locked_until, Some(crate::common::day("2026-01-31")));

    let page = target.search(at(), "party".to_owned(), "Ac".to_owned(), None).await.unwrap();
    assert_eq!(page.entities.len(), 1);
    assert_eq!(page.next.as_deref(), Some("p2"));
    let last = target.search(at(), "party".to_owned(), "Ac".to_owned(), page.next).await.unwrap();
    assert_eq!((last.entities.len(), last.next), (0, None));

    let found = target.get(at(), "party".to_owned(), vec![EntityId::new("42"), EntityId::new("99")]).await.unwrap();
    assert_eq!(found.iter().map(|entity| entity.id.as_str()).collect::<Vec<_>>(), ["42"]);

    let draft = Draft {
        key: "new-1".to_owned(),
        code: String::new(),
        name: "New".to_owned(),
        currency: None,
        price: None,
        cost: None,
        attributes: vec![],
    };
    assert_eq!(target.create(at(), "party".to_owned(), draft.clone()).await.unwrap().id.as_str(), "43");
    assert!(exchange.seen_lines().contains(&"POST /customers [new-1]".to_owned()));

    // A plugin that changes no prices says so, whatever it was built from.
    let failed = target.revise(at(), "party".to_owned(), EntityId::new("42"), draft).await.unwrap_err();
    assert!(matches!(failed, CallError::Failed(failure) if failure.code == "revise-unsupported"));

    let failed = target.search(at(), "item".to_owned(), String::new(), None).await.unwrap_err();
    assert!(
        matches!(failed, CallError::Failed(failure) if failure.class == FailureClass::Unsupported && failure.code == "tiny-kind")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_is_made_applied_found_and_observed() {
    let Some(target) = crate::common::target("tiny").await else { return };
    let exchange = Scripted::new(target.card(), ledger);
    let at = || Arc::clone(&exchange) as Arc<dyn Exchange>;
    let mut unlinked = job("t2", "10.00");
    unlinked.links.clear();

    let plans = target.plan(at(), vec![job("t1", "41.80"), unlinked]).await.unwrap();
    let plan = plans[0].clone().unwrap();
    assert_eq!(plans[1].as_ref().unwrap_err().code, "tiny-customer");
    let change = &plan.changes[0];
    let euro = |text: &str| Money::new(text.parse().unwrap(), Currency::parse("EUR").unwrap());
    assert_eq!((plan.task.as_str(), change.key.as_str(), change.total), ("t1", "charge:o-t1:r1", euro("41.80")));
    assert_eq!(change.lines[0].unit_cost, "15.125".parse().ok());
    // What the host says of a line beside its own fields comes along, and the link's attributes with it.
    let told = |name: &str| change.lines[0].attributes.iter().find(|(told, _)| told == name).map(|(_, value)| &**value);
    assert_eq!((told("billing"), told("quantity-is")), (Some("billable"), Some("whole")));
    let own = job("t1", "41.80").order.lines.remove(0).attributes;
    assert!(own.iter().all(|(name, value)| told(name) == Some(value)), "{own:?}");
    assert!(exchange.seen_lines().is_empty());
    assert_eq!(*exchange.lines.lock().unwrap(), [(LogLevel::Info, "planning".to_owned())]);

    let receipts = target.apply(at(), vec![(plan.clone(), Vec::new())]).await.unwrap();
    let receipt = receipts[0].clone().unwrap();
    assert_eq!(exchange.seen_lines(), ["POST /charges [charge:o-t1:r1]"]);
    assert_eq!((receipt.changes[0].reference.as_str(), receipt.changes[0].total), ("c-7", Some(euro("41.80"))));
    assert_eq!(receipt.changes[0].action, Action::Create);

    // What is known to exist is not written again.
    let again = target.apply(at(), vec![(plan.clone(), receipt.changes.clone())]).await.unwrap();
    assert_eq!(again[0].as_ref().unwrap(), &receipt);
    assert_eq!(exchange.seen_lines().len(), 1);

    let located = target.locate(at(), plan.clone(), change.key.clone()).await.unwrap();
    assert!(matches!(located, Located::Found(found) if found.reference.as_str() == "c-7"));
    let observed = target.observe(at(), vec![receipt]).await.unwrap();
    assert_eq!(observed[0].as_ref().unwrap().documents[0].total, euro("41.80"));

    let calls: Vec<_> = target.recent_calls().iter().map(|report| (report.call, report.reads, report.writes)).collect();
    assert_eq!(calls, [("plan", 0, 0), ("apply", 0, 1), ("apply", 0, 0), ("locate", 1, 0), ("observe", 1, 0)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_contract_cannot_carry_fails_alone() {
    let Some(target) = crate::common::target("tiny").await else { return };
    let exchange = Scripted::new(target.card(), ledger);
    let fine = "0.0000000001";
    let plans = target.plan(exchange.clone(), vec![job("t1", fine), job("t2", "1"), job("t3", fine)]).await.unwrap();
    let codes: Vec<_> = plans
        .iter()
        .map(|plan| plan.as_ref().map(|plan| plan.task.as_str()).map_err(|failure| failure.code.as_str()))
        .collect();
    assert_eq!(codes, [Err("number-out-of-contract"), Ok("t2"), Err("number-out-of-contract")]);
    let none = target.plan(exchange, vec![job("t1", fine)]).await.unwrap();
    assert_eq!(none.len(), 1);
    assert_eq!(target.recent_calls().len(), 1, "a batch with nothing to carry calls nobody");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_beyond_the_card_is_not_handed_over() {
    let Some(target) = crate::common::target("tiny").await else { return };
    let large = |_: &Request| json(200, "x".repeat(65_537));
    let exchange = Scripted::new(target.card(), large);
    let failed = target.probe(exchange.clone()).await.unwrap_err();
    assert!(
        matches!(failed, CallError::Failed(failure) if failure.code == "answer-too-large" && failure.class == FailureClass::Rejected)
    );
    // Something was written, only nobody can see what: the host must look.
    let plan = target.plan(exchange.clone(), vec![job("t1", "1")]).await.unwrap().remove(0).unwrap();
    let receipt = target.apply(exchange, vec![(plan, Vec::new())]).await.unwrap().remove(0).unwrap_err();
    assert_eq!((receipt.class, receipt.code.as_str()), (FailureClass::UnknownOutcome, "answer-too-large"));
}
