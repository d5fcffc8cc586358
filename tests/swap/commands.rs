//! Install, activate, roll back, shadow, through the API and the command line: what each refuses, and that a refusal
//! leaves everything as it was.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use counterfoil_runtime::component;
use counterfoil_server::wire::TaskView;
use rust_decimal::Decimal;
use serde_json::json;

use crate::guests;
use crate::shop::{Shop, TINY};
use crate::versions;

fn code(answer: &(u16, serde_json::Value)) -> (u16, &str) {
    (answer.0, answer.1["code"].as_str().unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_is_installed_activated_and_taken_back() {
    let (first, second) = (versions::with(&[]).await, versions::version("0.2.0").await);
    let shop = Shop::start(&[("tiny.wasm", &first)]).await;
    shop.connect().await;
    assert_eq!(code(&shop.command("rollback", &json!({})).await), (409, "plugin-no-former"));

    let (status, installed) = shop.install(&second.bytes).await;
    assert_eq!((status, &installed["standing"], &installed["wider"]), (201, &json!("installed"), &json!([])));
    assert_eq!((shop.active().await, installed["installed_by"].as_str()), ("0.1.0".to_owned(), Some("admin")));
    let again = shop.install(&second.bytes).await;
    assert_eq!((again.0, again.1["installed_at"].clone()), (201, installed["installed_at"].clone()), "once");

    let (status, activated) = shop.activate(&second, false).await;
    assert_eq!((status, &activated["probed"]), (200, &json!([TINY])), "{activated}");
    assert_eq!(activated["former"], first.digest.as_str());
    assert_eq!(shop.active().await, "0.2.0");
    assert_eq!(shop.shown(&first).await.unwrap().standing, "former");
    assert!(shop.books.asked().contains(&"GET /me".to_owned()), "the new version has asked the target who it is");
    let (status, back) = shop.command("rollback", &json!({})).await;
    assert_eq!((status, &back["version"], shop.active().await), (200, &json!("0.1.0"), "0.1.0".to_owned()));
    // Twice back is forward again.
    shop.command("rollback", &json!({})).await;
    assert_eq!(shop.active().await, "0.2.0");
    assert_eq!(
        shop.audited().await,
        [
            "plugin.install by plugins-folder",
            "plugin.activate by plugins-folder",
            "plugin.install by admin",
            "plugin.activate by admin",
            "plugin.rollback by admin",
            "plugin.rollback by admin",
        ]
    );
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_taken_in_or_activated_leaves_the_active_version() {
    let first = versions::with(&[]).await;
    let shop = Shop::start(&[("tiny.wasm", &first)]).await;
    for (bytes, says) in [
        (b"not a component".to_vec(), "not a WebAssembly component"),
        (b"\0asm\x0d\0\x01\0\x07".to_vec(), "damaged"),
        (first.bytes[..first.bytes.len() - 100].to_vec(), "damaged"),
        (b"\x7fELF\x02\x01\x01\0".to_vec(), "native code"),
    ] {
        let refused = shop.install(&bytes).await;
        assert_eq!(code(&refused), (422, "plugin-refused"));
        assert!(refused.1["detail"].as_str().unwrap().contains(says), "{}", refused.1);
    }
    assert_eq!(shop.list().await.plugins.len(), 1);
    let unknown = shop.command("activate", &json!({ "digest": "00" })).await;
    assert_eq!(code(&unknown), (404, "not-found"));
    let body = json!({ "digest": first.digest.as_str() });
    let other = shop.api.call(reqwest::Method::POST, "/v1/plugins/xero/activate", Some(&body)).await;
    assert_eq!(code(&other), (422, "invalid"));
    assert_eq!(shop.active().await, "0.1.0");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wider_card_waits_for_a_yes_with_the_difference_shown() {
    let first = versions::with(&[]).await;
    let door = "{ method = \"GET\", path = \"/me\", effect = \"read\" },";
    let more = format!("{door}\n    {{ method = \"POST\", path = \"/me\", effect = \"write\" }},");
    let wide = versions::wider("0.2.0", &[(door, &more), ("memory_mib = 32", "memory_mib = 64")]).await;
    let shop = Shop::start(&[("tiny.wasm", &first)]).await;
    shop.connect().await;
    let (_, installed) = shop.install(&wide.bytes).await;
    assert_eq!(installed["standing"], "waiting");
    let refused = shop.activate(&wide, false).await;
    assert_eq!(code(&refused), (409, "plugin-wider"));
    let told: Vec<_> =
        refused.1["errors"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
    assert_eq!(told, ["path", "memory"]);
    assert_eq!(shop.active().await, "0.1.0");
    // The command line shows it, and takes the yes.
    let (exit, printed) = shop.cli(&["plugin", "activate", "tiny", &wide.digest.as_str()[..12]]);
    assert!(exit == 5 && printed.contains("it may write POST /me"), "{exit} {printed}");
    let (exit, printed) = shop.cli(&["plugin", "activate", "tiny", &wide.digest.as_str()[..12], "--accept-wider"]);
    assert!(exit == 0 && printed.contains("tiny 0.2.0 is active"), "{exit} {printed}");
    assert_eq!(shop.active().await, "0.2.0");
    // Back needs no yes: somebody gave it when it was activated first.
    let (exit, printed) = shop.cli(&["plugin", "rollback", "tiny"]);
    assert!(exit == 0 && printed.contains("tiny 0.1.0 is active"), "{exit} {printed}");
    let (exit, printed) = shop.cli(&["plugin", "list"]);
    assert!(exit == 0 && printed.contains("former") && printed.contains("2 versions"), "{printed}");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_a_connection_does_not_answer_is_not_activated() {
    let (first, second) = (versions::with(&[]).await, versions::version("0.2.0").await);
    let shop = Shop::start(&[("tiny.wasm", &first)]).await;
    shop.connect_with("wrong-token").await;
    shop.install(&second.bytes).await;
    let refused = shop.activate(&second, false).await;
    assert_eq!(code(&refused), (409, "plugin-probe-failed"));
    assert!(refused.1["detail"].as_str().unwrap().contains(TINY), "{}", refused.1);
    assert_eq!(shop.active().await, "0.1.0");
    // A paused connection is not asked.
    let pause = json!({ "state": "paused", "reason": "no token" });
    let path = format!("/v1/connections/{TINY}/state");
    let (status, _) = shop.api.call(reqwest::Method::PUT, &path, Some(&pause)).await;
    assert_eq!(status, 200);
    let (status, activated) = shop.activate(&second, false).await;
    assert_eq!((status, &activated["probed"]), (200, &json!([])));
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_goes_elsewhere_takes_nothing_along_that_is_under_way() {
    let first = versions::with(&[]).await;
    // Another way to sign in with the same secret: another place, as far as the door is concerned.
    let moved = versions::wider("0.2.0", &[("scheme = \"bearer\"", "scheme = \"header\"\nheader = \"Authorization\"")]);
    let moved = match moved.await {
        moved if moved.card.auth[0].header.is_some() => moved,
        other => panic!("{other:?}"),
    };
    let shop = Shop::start(&[("tiny.wasm", &first)]).await;
    shop.connect().await;
    shop.sell(2);
    shop.check().await;
    shop.plan().await;
    shop.books.lose_answers(true);
    shop.books.be_silent(false);
    shop.install(&moved.bytes).await;
    // The write is carried out and its answer lost; looking for it fails too.
    let silent = shop.books.clone();
    let quiet = tokio::spawn(async move {
        while silent.written().is_empty() {
            tokio::task::yield_now().await;
        }
        silent.be_silent(true);
    });
    shop.sync().await;
    quiet.await.unwrap();
    let refused = shop.activate(&moved, true).await;
    assert_eq!(code(&refused), (409, "plugin-busy"), "{}", refused.1);
    assert_eq!(shop.active().await, "0.1.0");
    shop.books.be_silent(false);
    shop.books.lose_answers(false);
    shop.until("the end of what was lost", || async { (shop.tasks("synced").await.len() == 1).then_some(()) }).await;
    // The batch is closed when the document was read back.
    let at_rest = || async { (code(&shop.activate(&moved, true).await).1 != "plugin-busy").then_some(()) };
    shop.until("rest", at_rest).await;
    assert_eq!(shop.books.written().values().copied().collect::<Vec<_>>(), [1]);
    // Its sign-in is wrong for these books: refused by the probe, and the former one still works.
    assert_eq!(code(&shop.activate(&moved, true).await), (409, "plugin-probe-failed"));
    let tested = shop.api.post(&format!("/v1/connections/{TINY}/test"), &json!({})).await;
    assert_eq!(tested["name"], "Books");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_shadow_check_lists_what_would_differ_and_stores_nothing() {
    let (first, same) = (versions::with(&[]).await, versions::version("0.2.0").await);
    // Another version takes fewer fees: these orders would not be billed by it.
    let fees = "fees = { plan-recurring = \"order\", resource-recurring = \"order\" }";
    let fewer = versions::wider("0.3.0", &[(fees, "fees = { plan-setup = \"order\" }")]).await;
    let shop = Shop::start(&[("tiny.wasm", &first)]).await;
    shop.connect().await;
    let numbers: Vec<String> = (1..=4).map(|quantity| shop.sell(quantity)).collect();
    shop.check().await;
    shop.plan().await;
    shop.sync().await;
    shop.install(&same.bytes).await;
    shop.install(&fewer.bytes).await;
    let before = (shop.books.written(), shop.tasks("").await);
    let ask = |digest: &str, tasks: usize| json!({ "digest": digest, "tasks": tasks });

    let (status, report) = shop.command("shadow", &ask(same.digest.as_str(), 10)).await;
    assert_eq!((status, &report["compared"], &report["differing"]), (200, &json!(4), &json!([])), "{report}");
    let (_, report) = shop.command("shadow", &ask(fewer.digest.as_str(), 10)).await;
    let differing = report["differing"].as_array().unwrap();
    assert_eq!((differing.len(), &report["compared"]), (4, &json!(4)), "{report}");
    let told = differing[0]["differences"][0].as_str().unwrap();
    assert!(
        told.contains("would not be planned") && numbers.contains(&differing[0]["number"].as_str().unwrap().into())
    );
    // Only the last ones.
    let (_, report) = shop.command("shadow", &ask(fewer.digest.as_str(), 2)).await;
    assert_eq!(report["differing"].as_array().unwrap().len(), 2);
    let (exit, printed) = shop.cli(&["plugin", "shadow", "tiny", fewer.digest.as_str(), "--tasks", "3"]);
    assert!(exit == 2 && printed.contains("3 of 3 tasks would be planned otherwise"), "{exit} {printed}");
    let (exit, printed) = shop.cli(&["plugin", "shadow", "tiny", same.digest.as_str()]);
    assert!(exit == 0 && printed.contains("0 of 4 tasks"), "{exit} {printed}");
    assert_eq!(code(&shop.command("shadow", &ask("00", 2)).await), (404, "not-found"));
    assert_eq!((shop.books.written(), shop.tasks("").await), before);
    assert_eq!(shop.active().await, "0.1.0");
    shop.stop().await;
}

/// The whole of it at once: commands of an operator, probes, routes and the journal on disk, while a sync is under way.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn commands_under_load_lose_nothing() {
    const ORDERS: i64 = 60;
    let first = versions::with(&[]).await;
    // Narrower and wider in turn: the routes change with every swap.
    let line = "    { method = \"GET\", path = \"/customers\", effect = \"read\" },\n";
    let second = versions::wider("0.2.0", &[(line, "")]).await;
    let shop = Arc::new(Shop::start(&[("tiny.wasm", &first)]).await);
    shop.connect().await;
    shop.install(&second.bytes).await;
    for n in 1..=ORDERS {
        shop.sell(1 + n % 7);
    }
    shop.check().await;
    // The marketplace gives some a discount, which these books cannot show: the checker blocks those plans.
    let whole = |task: &TaskView| {
        let amount: Decimal = task.amount.amount.parse().unwrap();
        (amount / Decimal::new(2240, 2)).fract().is_zero()
    };
    let due = shop.tasks("ready").await.into_iter().filter(whole).count();
    assert!(due > 30, "{due}");
    let stop = Arc::new(AtomicBool::new(false));
    let swaps = Arc::new(AtomicUsize::new(0));
    let swapper = tokio::spawn({
        let (shop, stop, digests) = (Arc::clone(&shop), Arc::clone(&stop), [second.clone(), first.clone()]);
        let swaps = Arc::clone(&swaps);
        async move {
            while !stop.load(Ordering::SeqCst) {
                let (status, answer) = shop.activate(&digests[swaps.load(Ordering::SeqCst) % 2], true).await;
                assert_eq!(status, 200, "{answer}");
                swaps.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    });
    let (mut rounds, mut before) = (0, 0);
    while shop.tasks("synced").await.len() < due {
        // However fast the work is, each round sees a version that the one before did not.
        while swaps.load(Ordering::SeqCst) == before && !swapper.is_finished() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        before = swaps.load(Ordering::SeqCst);
        rounds += 1;
        assert!(rounds < 60, "it does not end: {:#?}", shop.tasks("").await);
        let ready = shop.tasks("ready").await.into_iter().filter(whole).take(10);
        let ready: Vec<String> = ready.map(|task| task.id).collect();
        if !ready.is_empty() {
            let run = shop.api.run("/v1/plans", &json!({ "connection": TINY, "tasks": ready })).await;
            assert_eq!(run.state, "done", "{run:#?}");
        }
        if shop.tasks("planned").await.is_empty() {
            continue;
        }
        let run = shop.sync().await;
        let told: BTreeSet<&str> = run.problems.iter().map(|problem| problem.code.as_str()).collect();
        assert!(told.is_subset(&BTreeSet::from(["plan-stale"])), "{run:#?}");
    }
    stop.store(true, Ordering::SeqCst);
    swapper.await.unwrap();
    assert!(before >= 3, "{before} swaps say little");
    let written = shop.books.written();
    assert_eq!((written.len(), written.values().copied().max()), (due, Some(1)));
    Arc::into_inner(shop).unwrap().stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_keeps_failing_is_paused_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let path = guests::hostile("tiny", folder.path()).await;
    let hostile = component::read(&std::fs::read(path).unwrap()).unwrap();
    let shop = Shop::start(&[("hostile.wasm", &hostile)]).await;
    shop.connect().await;
    let search = || async {
        let path = format!("/v1/connections/{TINY}/search?kind=panic&query=");
        shop.api.call(reqwest::Method::GET, &path, None).await.1.to_string()
    };
    for _ in 0..3 {
        assert!(search().await.contains("no lines in invoice acme"));
        assert!(shop.shown(&hostile).await.is_some());
    }
    let paused = shop.shown(&hostile).await.unwrap().paused.unwrap();
    assert!(paused.contains("stopped 3 times") && paused.contains("no lines in invoice acme"), "{paused}");
    assert!(search().await.contains("is paused until"));
    let (_, printed) = shop.cli(&["plugin", "list"]);
    assert!(printed.replace(['\n', ' ', '|', '│', '┆'], "").contains("paused"), "{printed}");
    // Activated again, it may try again.
    assert_eq!(shop.activate(&hostile, false).await.0, 200);
    assert_eq!(shop.shown(&hostile).await.unwrap().paused, None);
    assert_eq!(shop.audited().await.last().map(String::as_str), Some("plugin.resume by admin"));
    shop.stop().await;
}
