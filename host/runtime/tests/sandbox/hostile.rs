//! A plugin that tries everything: each attempt ends in a typed error in time, and nobody else notices.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::common::{Scripted, job, json};
use counterfoil_domain::directory::Draft;
use counterfoil_domain::failure::Failure;
use counterfoil_domain::id::{ChangeKey, EffectKey, EntityId};
use counterfoil_domain::ports::{CallError, Exchange, LogLevel, Pending, Target};
use counterfoil_domain::wire::{Request, Response};
use counterfoil_runtime::sandbox::WasmTarget;

const LIMIT: Duration = Duration::from_secs(1);
/// A stopped call may overstay by this on a busy machine.
const GRACE: Duration = Duration::from_secs(4);

async fn search(
    target: &WasmTarget,
    exchange: Arc<dyn Exchange>,
    kind: &str,
    query: &str,
) -> Result<Vec<String>, CallError> {
    let page = target.search(exchange, kind.to_owned(), query.to_owned(), None).await?;
    Ok(page.entities.into_iter().map(|entity| entity.id.as_str().to_owned()).collect())
}

/// "trap: …", "memory", "timeout", "nonsense: …", "failed: code".
fn told(error: &CallError) -> String {
    match error {
        CallError::Trap { message, stderr } => format!("trap: {message}; {stderr}"),
        CallError::Timeout { limit, .. } => format!("timeout {limit:?}"),
        CallError::Memory { limit_mib, .. } => format!("memory {limit_mib}"),
        CallError::Nonsense(what) => format!("nonsense: {what}"),
        CallError::Failed(failure) => format!("failed: {} {}", failure.code, failure.message),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_mischief_ends_in_a_typed_error_in_time() {
    let Some(target) = crate::common::target("hostile").await else { return };
    for (kind, says) in [
        ("loop", "timeout 1s"),
        ("memory", "memory 32"),
        ("huge", "memory 32"),
        ("panic", "no lines in invoice acme"),
        ("recurse", "call stack exhausted"),
        ("exit", "exited with code"),
        ("large", "too much data"),
        ("print", "printed enough"),
        ("long-id", "nonsense: page.entities[0].id: the text has 5000 bytes"),
        ("many", "nonsense: page.entities: the list has 10001 entries"),
        ("empty-id", "nonsense: page.entities[0].id: is empty"),
        ("scale", "nonsense: page.entities[0].price: the number has scale 30"),
        ("unheard-of", "failed: hostile-kind"),
    ] {
        target.resume();
        let exchange = Scripted::new(target.card(), |_| json(200, "{}"));
        let started = Instant::now();
        let error = search(&target, exchange, kind, "").await.unwrap_err();
        assert!(told(&error).contains(says), "{kind}: {}", told(&error));
        assert!(started.elapsed() < LIMIT + GRACE, "{kind}: {:?}", started.elapsed());
        let report = target.recent_calls().pop().unwrap();
        assert!(report.peak_memory <= 32 << 20, "{kind}: {}", report.peak_memory);
        assert!(report.printed.len() <= 4096, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nonsense_is_named_by_its_field() {
    let Some(target) = crate::common::target("hostile").await else { return };
    let at = || Scripted::new(target.card(), |_| json(200, "{}")) as Arc<dyn Exchange>;
    for (behaviour, says) in [
        ("good", ""),
        ("too-few", "nonsense: plans: 2 were asked for, 1 were answered"),
        ("too-many", "nonsense: plans: 2 were asked for, 3 were answered"),
        ("scale", "nonsense: plans[0].changes[0].total.amount: the number has scale 30"),
        ("currency", "nonsense: plans[0].changes[0].total.currency: \"usd\" is not an ISO 4217 code"),
        ("document", "nonsense: plans[0].changes[0].document: \"payroll\" is not on the card"),
        ("twice", "nonsense: plans[0].changes: the key k is used twice"),
        ("other-job", "nonsense: plans[0].job: the plan is for another job"),
        ("payload", "too much data"),
        ("big-payload", "nonsense: plans[0].payload: 2097153 bytes"),
        ("loop", "timeout 1s"),
    ] {
        let mut jobs = vec![job("t1", "1"), job("t2", "2")];
        jobs[0].settings = vec![("behaviour".to_owned(), behaviour.to_owned())];
        let result = target.plan(at(), jobs).await;
        let shown = result.as_ref().err().map(told).unwrap_or_default();
        assert!(shown.contains(says) && result.is_ok() == says.is_empty(), "{behaviour}: {shown}");
    }

    let account = target.probe(at()).await.unwrap_err();
    assert!(told(&account).contains("account.base-currency: \"dollars\""), "{account}");
    let stranger = target.get(at(), "party".to_owned(), vec![EntityId::new("1")]).await.unwrap_err();
    assert!(told(&stranger).contains("somebody-else was not asked for"), "{stranger}");
    let plan = target.plan(at(), vec![job("t1", "1")]).await.unwrap().remove(0).unwrap();
    let invented = target.apply(at(), vec![(plan.clone(), Vec::new())]).await.unwrap_err();
    assert!(
        told(&invented).contains("receipts[0].changes[0].key: invented is not a change of this plan"),
        "{invented}"
    );
    let several = target.locate(at(), plan, ChangeKey::new("k")).await.unwrap_err();
    assert!(told(&several).contains("located.several: 0 is not several"), "{several}");
    // A failure gets through however large it is.
    let draft = Draft {
        key: "k".to_owned(),
        code: String::new(),
        name: String::new(),
        currency: None,
        price: None,
        cost: None,
        attributes: vec![],
    };
    let CallError::Failed(failure) = target.create(at(), "party".to_owned(), draft.clone()).await.unwrap_err() else {
        panic!("not a failure")
    };
    assert!(failure.code.len() < 200 && failure.message.len() < 5000);
    let another = target.revise(at(), "item".to_owned(), EntityId::new("7"), draft).await.unwrap_err();
    assert!(told(&another).contains("not-7 was revised, 7 was named"), "{another}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_on_the_card_does_not_go_out() {
    let Some(target) = crate::common::target("hostile").await else { return };
    let reached = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = Arc::clone(&reached);
    let mut exchange = Scripted::new(target.card(), move |_| {
        count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        json(200, "{}")
    });
    Arc::get_mut(&mut exchange).unwrap().writes_allowed = false;
    for (kind, query, says) in [
        ("request", "GET /payroll", "not-on-card"),
        ("request", "DELETE /charges/1", "not-on-card"),
        ("request", "GET /customers/../payroll", "not-on-card"),
        ("request", "GET /customers/%2e%2e", "not-on-card"),
        ("request", "GET https://evil.example/me", "not-on-card"),
        ("request", "GET //evil.example/me", "not-on-card"),
        ("authorization", "", "header-not-on-card"),
        ("write", "", "write-refused"),
        ("keyless", "", "write-key"),
    ] {
        let error = search(&target, exchange.clone(), kind, query).await.unwrap_err();
        assert!(told(&error).contains(says), "{kind} {query}: {}", told(&error));
    }
    assert_eq!(reached.load(std::sync::atomic::Ordering::SeqCst), 0);
    assert_eq!(search(&target, exchange, "request", "GET /me").await.unwrap(), ["status-200"]);
    assert_eq!(reached.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn floods_are_dammed() {
    let Some(target) = crate::common::target("hostile").await else { return };
    let exchange = Scripted::new(target.card(), |_| json(200, "{}"));
    let error = told(&search(&target, exchange.clone(), "flood", "").await.unwrap_err());
    assert!(error.contains("too-many-requests") || error.starts_with("timeout"), "{error}");
    assert!(exchange.seen.lock().unwrap().len() <= 10_000);

    let exchange = Scripted::new(target.card(), |_| json(200, "{}"));
    let _ = search(&target, exchange.clone(), "log", "").await;
    let report = target.recent_calls().pop().unwrap();
    assert_eq!(report.log.len(), 200);
    assert!(report.dropped_lines > 0);
    // The lines and one about the rest.
    assert_eq!(exchange.lines.lock().unwrap().len(), 201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_the_host_is_visible() {
    let Some(target) = crate::common::target("hostile").await else { return };
    let at = || Scripted::new(target.card(), |_| json(200, "{}")) as Arc<dyn Exchange>;
    assert_eq!(search(&target, at(), "environment", "").await.unwrap(), Vec::<String>::new());
    assert_eq!(search(&target, at(), "clock", "").await.unwrap(), ["1790000000 1790000000"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_keep_working_beside_it() {
    let Some(target) = crate::common::target("hostile").await else { return };
    let at = || Scripted::new(target.card(), |_| json(200, "{}")) as Arc<dyn Exchange>;
    let mut bad = Vec::new();
    // More guests that hold their thread than there are threads.
    for _ in 0..6 {
        let (target, exchange) = (Arc::clone(&target), at());
        bad.push(tokio::spawn(async move { search(&target, exchange, "loop", "").await }));
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(search(&target, at(), "behave", "").await.unwrap(), ["1"]);
    assert!(bad.iter().all(|call| !call.is_finished()), "it was answered while they were running");
    for call in bad {
        assert!(matches!(call.await.unwrap(), Err(CallError::Timeout { .. })));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_call_ends_and_frees_its_place() {
    let Some(package) = crate::common::package("hostile").await else { return };
    let one = counterfoil_runtime::sandbox::Sandbox::new(1, crate::common::clock()).unwrap();
    let target = Arc::new(one.load(&package).await.unwrap());
    let at = || Scripted::new(&package.card, |_| json(200, "{}")) as Arc<dyn Exchange>;
    let (busy, exchange) = (Arc::clone(&target), at());
    let call = tokio::spawn(async move { search(&busy, exchange, "loop", "").await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    // The second call waits for the only place; its own deadline has not begun.
    assert_eq!(search(&target, at(), "behave", "").await.unwrap(), ["1"]);
    assert!(call.await.unwrap().is_err());
    let ends = || target.recent_calls().iter().map(|report| report.error.is_none()).collect::<Vec<_>>();
    assert_eq!(ends(), [false, true]);

    let (busy, exchange) = (Arc::clone(&target), at());
    let call = tokio::spawn(async move { search(&busy, exchange, "loop", "").await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    call.abort();
    assert_eq!(search(&target, at(), "behave", "").await.unwrap(), ["1"]);
    assert_eq!(ends(), [false, true, true], "the dropped call did not run to its deadline");
}

/// A target that never answers.
#[derive(Debug)]
struct Stuck;

impl Exchange for Stuck {
    fn read(&self, _: Request) -> Pending<'_, Result<Response, Failure>> {
        Box::pin(std::future::pending())
    }

    fn write(&self, _: EffectKey, _: Request) -> Pending<'_, Result<Response, Failure>> {
        Box::pin(std::future::pending())
    }

    fn log(&self, _: LogLevel, _: &str, _: &[(String, String)]) {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_deadline_covers_waiting_for_the_target() {
    let Some(target) = crate::common::target("hostile").await else { return };
    let started = Instant::now();
    for kind in ["request", "write"] {
        let error = search(&target, Arc::new(Stuck), kind, "GET /me").await.unwrap_err();
        assert_eq!(told(&error), "timeout 1s", "{kind}");
    }
    assert!(started.elapsed() < 2 * (LIMIT + GRACE));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_stays_bounded_however_many_eat() {
    let Some(target) = crate::common::target("hostile").await else { return };
    let resident = || {
        let pages = std::fs::read_to_string("/proc/self/statm").ok();
        pages.and_then(|text| text.split(' ').nth(1)?.parse::<usize>().ok()).map_or(0, |pages| pages * 4096)
    };
    let before = resident();
    let mut eaters = Vec::new();
    for _ in 0..48 {
        let target = Arc::clone(&target);
        let exchange = Scripted::new(target.card(), |_| json(200, "{}"));
        eaters.push(tokio::spawn(async move { search(&target, exchange, "memory", "").await }));
    }
    for eater in eaters {
        let error = eater.await.unwrap().unwrap_err();
        // Three of them pause the plugin; the rest is refused before it eats.
        assert!(
            matches!(error, CallError::Memory { limit_mib: 32, .. }) || told(&error).contains("plugin-paused"),
            "{error}"
        );
    }
    // Sixteen places of 32 MiB, and something for the tests that run beside this one.
    let grown = resident().saturating_sub(before) >> 20;
    assert!(grown < 16 * 32 + 256, "{grown} MiB");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_traps_pause_the_version_until_it_is_resumed() {
    let Some(target) = crate::common::target("hostile").await else { return };
    let at = || Scripted::new(target.card(), |_| json(200, "{}")) as Arc<dyn Exchange>;
    for _ in 0..3 {
        assert!(matches!(search(&target, at(), "panic", "").await, Err(CallError::Trap { .. })));
    }
    let paused = told(&search(&target, at(), "behave", "").await.unwrap_err());
    assert!(paused.contains("plugin-paused") && paused.contains("no lines in invoice acme"), "{paused}");
    target.resume();
    assert!(search(&target, at(), "behave", "").await.is_ok());
}
