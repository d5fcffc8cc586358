//! D: what the host owns and what a target owns, as far as it can be seen from outside.

use std::collections::BTreeSet;

use counterfoil_runtime::component;
use counterfoil_server::wire::{TaskPage, TaskView};
use counterfoil_sim::world::OrderStatus;
use reqwest::Method;
use serde_json::{Value, json};

use crate::bench::{Api, Bench, SEATS, XERO, ago, serve, xero_plugin};
use crate::shop::nothing_sold;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d_1_tasks_schedule_and_marketplace_stay_with_the_host_when_the_target_is_gone() {
    let bench = Bench::start(nothing_sold(), &[xero_plugin().await]).await;
    bench.connect(json!({})).await;
    bench.check(XERO).await;
    for seats in 1..=3 {
        bench.sell(SEATS, seats, ago(10), OrderStatus::Completed);
    }
    bench.check(XERO).await;
    bench.plan(XERO).await;
    let before = bench.tasks(XERO, "").await;
    assert_eq!(before.len(), 3);
    // Only the host asked the marketplace: no call of it has the sandbox's connection as its caller.
    let calls: Value = bench.api.get("/v1/summary").await;
    let callers: BTreeSet<String> = calls["exchanges"].as_object().unwrap().keys().cloned().collect();
    assert!(
        callers.is_subset(&BTreeSet::from([format!("connection/{XERO}"), "marketplace/market".to_owned()])),
        "{callers:?}"
    );

    let (folder, market, books) = bench.stop().await;
    // An active version is kept by its digest: without its file in the folder it would still be there.
    std::fs::remove_file(folder.path().join("plugins/xero.wasm")).unwrap();
    std::fs::remove_dir_all(folder.path().join("data/versions")).unwrap();
    let service = serve(folder.path()).await;
    let api = Api::new(&service, folder.path());
    let page: TaskPage = api.get(&format!("/v1/tasks?connection={XERO}")).await;
    let ids = |tasks: &[TaskView]| tasks.iter().map(|task| (task.id.clone(), task.state.clone())).collect::<Vec<_>>();
    assert_eq!(ids(&page.tasks), ids(&before));
    let writes =
        |log: &counterfoil_sim::ExchangeLog| log.count(|one| one.method != "GET" && one.path.contains("api.xro"));
    // What needs the target says so, and loses nothing.
    let run = api.run("/v1/plans", &json!({ "connection": XERO })).await;
    let told = format!("{:?}", run.problems);
    assert!(run.state == "failed" && told.contains("plugin xero is not installed"), "{run:#?}");
    // A check that finds nothing new needs no target.
    let run = api.run(&format!("/v1/connections/{XERO}/check"), &json!({})).await;
    assert_eq!((run.state.as_str(), run.counts.get("tasks-new")), ("done", None), "{run:#?}");
    let plans: Vec<String> = before.into_iter().filter_map(|task| task.plan).collect();
    let (status, refusal) =
        api.call(Method::POST, "/v1/syncs", Some(&json!({ "connection": XERO, "plans": plans }))).await;
    assert!(status >= 400, "{refusal}");
    assert_eq!((writes(&books.log()), books.state().documents().len()), (0, 0));
    service.stop().await.unwrap();

    // The plugin is back: the same tasks and plans go on where they were.
    std::fs::copy(xero_plugin().await, folder.path().join("plugins/xero.wasm")).unwrap();
    let service = serve(folder.path()).await;
    let api = Api::new(&service, folder.path());
    let run = api.run("/v1/syncs", &json!({ "connection": XERO, "plans": plans })).await;
    assert_eq!(run.state, "done", "{run:#?}");
    let due = market.with_world(|world| world.orders().iter().map(|order| order.total).sum());
    assert_eq!(books.state().net_total(), due);
    service.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d_2_the_target_is_a_component_that_imports_nothing_but_the_contract_and_a_little_std() {
    let package = component::read(&std::fs::read(xero_plugin().await).unwrap()).unwrap();
    let contract: BTreeSet<&str> =
        package.imports.iter().map(String::as_str).filter(|name| !name.starts_with("wasi:")).collect();
    let offered = ["types", "remote", "log"].map(|name| format!("counterfoil:target/{name}@0.1.0"));
    assert!(contract.iter().all(|name| offered.iter().any(|known| known == name)), "{contract:?}");
    for name in package.imports.iter().filter(|name| name.starts_with("wasi:")) {
        let ambient = ["filesystem", "sockets", "http"].iter().any(|kind| name.starts_with(&format!("wasi:{kind}/")));
        assert!(!ambient, "the target imports {name}");
    }
    // And it calls what its card names, nothing else.
    let bench = Bench::start(nothing_sold(), &[xero_plugin().await]).await;
    bench.connect(json!({})).await;
    bench.check(XERO).await;
    bench.sell(SEATS, 2, ago(10), OrderStatus::Completed);
    bench.check(XERO).await;
    bench.plan(XERO).await;
    bench.sync(XERO).await;
    let log = bench.books.log().entries();
    let api = log.iter().filter_map(|one| Some((one.method.as_str(), one.path.strip_prefix("/api.xro/2.0")?)));
    let mut seen = 0;
    for (method, path) in api {
        let allowed = package.card.egress.allow.iter().any(|door| door.matches(method, path));
        assert!(allowed, "{method} {path} is not on the card");
        seen += 1;
    }
    assert!(seen > 5, "{seen} calls");
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d_5_the_host_is_a_service_that_says_whether_it_is_well_and_takes_up_its_work_again() {
    let bench = Bench::start(nothing_sold(), &[xero_plugin().await]).await;
    bench.connect(json!({})).await;
    for path in ["/healthz", "/readyz", "/metrics"] {
        let (status, answer) = bench.api.call(Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {answer}");
    }
    // Asked for and not begun, as if the machine had gone down in between: the run is a row, so the next start does it.
    let sale = bench.sell(SEATS, 2, ago(10), OrderStatus::Completed);
    let asked = bench.api.post(&format!("/v1/connections/{XERO}/check"), &json!({})).await;
    let (folder, _market, _books) = bench.stop().await;
    let service = serve(folder.path()).await;
    let api = Api::new(&service, folder.path());
    let id = asked["id"].as_str().unwrap();
    for _ in 0..400 {
        let run: Value = api.get(&format!("/v1/runs/{id}")).await;
        if run["is_over"] == true {
            assert_eq!(run["state"], "done", "{run:#}");
            let page: TaskPage = api.get(&format!("/v1/tasks?connection={XERO}")).await;
            assert_eq!(page.tasks.iter().map(|task| task.number.as_str()).collect::<Vec<_>>(), [sale.as_str()]);
            service.stop().await.unwrap();
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("the run was never taken up");
}
