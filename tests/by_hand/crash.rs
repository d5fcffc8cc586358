//! kill -9 while documents are under way, and answers that get lost: afterwards every order stands in the books exactly
//! once, and the tasks say so.

use std::time::Duration;

use counterfoil_sim::{Fault, FaultKind};
use serde_json::Value;

use crate::support::{Shop, Sims, amounts, plugin, until};

/// Looks for lost answers come after 10 s at first.
const SETTLED: Duration = Duration::from_secs(180);

fn ready(sims: &Sims) -> Option<(Shop, Vec<Value>)> {
    let shop = Shop::of(plugin()?, sims);
    shop.run(&["check"]).exits(0);
    shop.run(&["plan", "--brief"]).exits(2);
    let planned = shop.tasks(Some("planned"));
    assert!(planned.len() > 5);
    Some((shop, planned))
}

fn fault(path: &str, times: u32, kind: FaultKind) -> Fault {
    Fault { method: Some("PUT".to_owned()), path_contains: path.to_owned(), skip: 0, times, kind }
}

fn exactly_once(shop: &Shop, sims: &Sims, planned: &[Value]) {
    until("all planned tasks synchronized", SETTLED, || shop.tasks(Some("synced")).len() == planned.len());
    assert_eq!(sims.books(), amounts(planned), "each order once, and for its amount");
    for state in ["queued", "sending", "uncertain", "retrying", "parked", "planned"] {
        assert_eq!(shop.tasks(Some(state)), Vec::<Value>::new(), "{state}");
    }
    // Once more, and nothing comes of it.
    let writes = sims.writes();
    shop.run(&["check"]).exits(0);
    shop.run(&["plan"]).exits(0);
    shop.run(&["sync", "--all"]).exits(0);
    assert_eq!(sims.writes(), writes);
}

#[test]
fn killed_while_xero_had_the_documents_and_the_answer_was_under_way() {
    let sims = Sims::start();
    let Some((mut shop, planned)) = ready(&sims) else { return };
    // Xero commits at once and answers after the service is gone.
    sims.xero.faults().inject(fault("/Invoices", 1, FaultKind::Slow(Duration::from_secs(30))));
    let sync = shop.start(&["sync", "--all"]);
    until("the invoices in Xero", SETTLED, || !sims.books().is_empty());
    let committed = sims.books();
    shop.kill();
    assert!(committed.len() < planned.len(), "the middle of a sync: credit notes are still to come");
    assert_eq!(sims.books(), committed);

    shop.serve();
    // Who waited for it sees it through.
    sync.said().exits(0).with(&["0 uncertain"]);
    exactly_once(&shop, &sims, &planned);
    let first = sims.writes().into_iter().find(|e| e.path.ends_with("/Invoices")).unwrap();
    let keys = |e: &counterfoil_sim::Exchange| {
        e.request_headers.iter().find(|(name, _)| name == "idempotency-key").unwrap().1.clone()
    };
    let sent: Vec<_> = sims.writes().into_iter().filter(|e| e.path.ends_with("/Invoices")).collect();
    assert_eq!(sent.len(), 2, "the unanswered request was sent once more");
    assert!(sent.iter().all(|e| keys(e) == keys(&first) && e.body == first.body), "under its own key, word for word");
}

#[test]
fn killed_before_xero_had_anything() {
    let sims = Sims::start();
    let Some((mut shop, planned)) = ready(&sims) else { return };
    // The request is lost on its way, again and again, until the service is gone.
    sims.xero.faults().inject(fault("", 1_000, FaultKind::LoseBefore));
    let sync = shop.start(&["sync", "--all"]);
    until("a request on its way", SETTLED, || !sims.xero.faults().hits().is_empty());
    shop.kill();
    assert_eq!(sims.books(), []);
    drop(sync);
    sims.xero.faults().clear();
    shop.serve();
    exactly_once(&shop, &sims, &planned);
}

#[test]
fn a_lost_answer_is_told_as_uncertain_and_found_out() {
    let sims = Sims::start();
    let Some((shop, planned)) = ready(&sims) else { return };
    // Whatever is tried within the sync gets no answer; Xero has the documents.
    sims.xero.faults().inject(fault("/Invoices", 1, FaultKind::LoseAfter));
    let said = shop.run(&["sync", "--all"]).exits(4);
    said.with(&["may or may not be there", "not sent again by itself"]);
    assert!(!shop.tasks(Some("uncertain")).is_empty());
    exactly_once(&shop, &sims, &planned);
}
