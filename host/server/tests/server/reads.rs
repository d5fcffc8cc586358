//! Reading: shapes, paging, money, metrics, live look-ups.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use counterfoil_domain::link::{Link, LinkKey, LinkKind, LinkState};
use counterfoil_domain::plan::{ChangeReceipt, Observation, ObservedDocument, Receipt, Severity};
use counterfoil_domain::ports::Vault as _;
use counterfoil_domain::ports::{ExchangeRecord, StoredReceipt, Write};
use counterfoil_domain::secret::{Secret, SecretScope};
use counterfoil_server::Role;
use serde_json::json;

use crate::client::send;
use crate::seed::{connection, finding, usd};
use crate::world::{World, now};

async fn world() -> World {
    World::new().await.with_connection("xero-main").await
}

#[tokio::test]
async fn health_and_readiness_need_no_token() {
    let world = World::new().await;
    for (path, status) in [("/healthz", "alive"), ("/readyz", "ready")] {
        let reply = send(world.address, "GET", path, &[], None).await;
        assert_eq!((reply.status, reply.json()), (200, json!({ "status": status })));
    }
}

#[tokio::test]
async fn pages_of_tasks_hold_each_task_once() {
    let world = world().await;
    world.every_state().await;
    for filter in ["", "&state=ignored,parked", "&text=green", "&connection=xero-main", "&customer=1000017"] {
        let mut seen = BTreeSet::new();
        let mut after = String::new();
        let mut pages = 0;
        loop {
            let page = world.get(&format!("/v1/tasks?limit=2{filter}{after}")).await.json();
            pages += 1;
            for task in page["tasks"].as_array().unwrap() {
                assert!(seen.insert(task["id"].to_string()), "{task}");
            }
            assert_eq!(page["has_more"].as_bool().unwrap(), page["next"].is_string());
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        let expected: usize = if filter.contains("parked") { 3 } else { 12 };
        assert_eq!((seen.len(), pages), (expected, expected.div_ceil(2)), "{filter}");
    }
    let none = world.get("/v1/tasks?customer=nobody").await.json();
    assert_eq!((none["tasks"].clone(), none["has_more"].clone()), (json!([]), json!(false)));
}

#[tokio::test]
async fn totals_are_in_money_and_in_the_order_of_life() {
    let world = world().await;
    world.every_state().await;
    let page = world.get("/v1/tasks?limit=1").await.json();
    let names: Vec<_> = page["totals"].as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap()).collect();
    assert_eq!(names, counterfoil_domain::task::TaskState::NAMES);
    let ignored = &page["totals"][9];
    assert_eq!(*ignored, json!({ "name": "ignored", "count": 2, "money": [{ "amount": "83.60", "currency": "USD" }] }));

    let summary = world.get("/v1/summary").await.json();
    let reasons: Vec<_> = summary["ignored"].as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["by-person", "zero-amount"]);
    assert_eq!(summary["orders_seen"], json!({ "ingram": 0 }));
    assert_eq!(world.get("/v1/summary?connection=xero-main").await.json()["tasks"], summary["tasks"]);
}

#[tokio::test]
async fn a_task_shows_its_plan_receipt_and_observation() {
    let world = world().await;
    let (task, plan) = world.planned("o1", vec![finding(Severity::Notes, "new-customer")]).await;
    let receipt = ChangeReceipt {
        key: "invoice".into(),
        action: counterfoil_domain::plan::Action::Create,
        document: "invoice".into(),
        reference: "inv-1".into(),
        number: "INV-0001".into(),
        total: Some(usd("41.80")),
        attributes: vec![],
    };
    let document = ObservedDocument {
        key: "invoice".into(),
        reference: "inv-1".into(),
        number: "INV-0001".into(),
        state: "DRAFT".into(),
        total: usd("40"),
        lines: vec![],
        attributes: vec![],
    };
    world
        .put(vec![Write::PutReceipt(StoredReceipt {
            plan: plan.clone(),
            batch: "batch_1".into(),
            receipt: Receipt { task: task.clone(), changes: vec![receipt], attributes: vec![] },
            stored_at: now(),
            observed: Some((now(), Observation { task: task.clone(), documents: vec![document], attributes: vec![] })),
        })])
        .await;
    let detail = world.get(&format!("/v1/tasks/{task}")).await.json();
    assert_eq!(detail["task"]["amount"], json!({ "amount": "41.80", "currency": "USD" }));
    assert_eq!(detail["order"], json!(null), "the order is not in the store");
    assert_eq!(
        detail["plan"]["findings"],
        json!([{ "severity": "notes", "code": "new-customer", "message": "new-customer was found." }])
    );
    assert_eq!(detail["receipt"]["changes"][0]["number"], "INV-0001");
    assert_eq!(detail["receipt"]["observed"][0]["total"]["amount"], "40.00");

    let shown = world.get(&format!("/v1/plans/{plan}")).await.json();
    assert_eq!(shown, detail["plan"]);
    assert_eq!(shown["intact"], true);
    assert_eq!(shown["totals"], json!([{ "amount": "41.80", "currency": "USD" }]));
    let line = &shown["changes"][0]["lines"][0];
    assert_eq!(line["arithmetic"], "2 × 20.90 = 41.80 USD, price from the order");
    assert_eq!(line["unit_price"]["amount"], "20.90");
    assert_eq!(shown["changes"][0]["fields"][0]["after"], "2026-12-21");
}

#[tokio::test]
async fn connections_tell_names_of_secrets_only() {
    let world = world().await;
    world.put(vec![Write::PutConnection(connection("a")), Write::PutConnection(connection("b"))]).await;
    let scope = SecretScope::Connection("xero-main".into());
    world.vault.put(&scope, "client_id", Secret::new("hush")).await.unwrap();
    let reply = world.get("/v1/connections/xero-main").await;
    assert!(!reply.body.contains("hush"));
    assert_eq!(
        reply.json()["secrets"],
        json!([
            { "name": "client_id", "set": true, "required": true },
            { "name": "client_secret", "set": false, "required": true },
        ])
    );
    let first = world.get("/v1/connections?limit=2").await.json();
    let second = world.get(&format!("/v1/connections?limit=2&after={}", first["next"].as_str().unwrap())).await.json();
    let ids: Vec<_> = [&first, &second]
        .iter()
        .flat_map(|page| page["connections"].as_array().unwrap())
        .map(|c| c["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids, ["a", "b", "xero-main"]);
    assert_eq!(second["has_more"], false);
}

#[tokio::test]
async fn links_are_paged_by_kind_and_source() {
    let world = world().await;
    let link = |kind, source: &str, state| {
        let key = LinkKey { connection: "xero-main".into(), kind, source: source.into() };
        Write::PutLink(Link { key, source_name: String::new(), state, why: String::new() })
    };
    world
        .put(vec![
            link(LinkKind::Party, "2", LinkState::Unlinked),
            link(LinkKind::Item, "z", LinkState::NeverSync),
            link(LinkKind::Item, "a\nb", LinkState::Unlinked),
        ])
        .await;
    let mut seen = vec![];
    let mut after = String::new();
    loop {
        let page = world.get(&format!("/v1/links?connection=xero-main&limit=1{after}")).await.json();
        seen.push(page["links"][0]["source"].as_str().unwrap().to_owned());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen, ["a\nb", "z", "2"]);
    let unlinked = world.get("/v1/links?connection=xero-main&state=unlinked&kind=item").await.json();
    assert_eq!(unlinked["links"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn runs_are_paged_newest_first() {
    let world = world().await;
    world.put(vec![Write::PutConnection(connection("b")), Write::PutConnection(connection("c"))]).await;
    for id in ["xero-main", "b", "c"] {
        world.clock.advance(chrono::Duration::seconds(1));
        assert_eq!(world.post(&format!("/v1/connections/{id}/check"), &json!({})).await.status, 202);
    }
    let first = world.get("/v1/runs?limit=2").await.json();
    let next = first["next"].as_str().unwrap();
    let second = world.get(&format!("/v1/runs?limit=2&after={next}")).await.json();
    let of = |page: &serde_json::Value| -> Vec<String> {
        page["runs"].as_array().unwrap().iter().map(|r| r["connection"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((of(&first), of(&second)), (vec!["c".into(), "b".into()], vec!["xero-main".into()]));
    assert_eq!(of(&world.get("/v1/runs?connection=b").await.json()), ["b"]);
}

#[tokio::test]
async fn look_ups_go_to_the_target_and_creating_is_audited() {
    let world = world().await;
    let probe = world.call(Role::Operator, "POST", "/v1/connections/xero-main/test", None).await;
    assert_eq!(probe.json()["name"], "Acme Books");
    let search = "/v1/connections/xero-main/search?kind=party&query=Green%20Lane";
    let found = world.call(Role::Biller, "GET", search, None).await.json();
    assert_eq!((found["entities"][0]["name"].clone(), found["next"].clone()), (json!("Green Lane"), json!("two")));
    let rest = world.call(Role::Biller, "GET", &format!("{search}&after=two"), None).await.json();
    assert_eq!(rest["has_more"], false);

    let body = json!({ "kind": "item", "name": "M365", "currency": "usd", "price": "22" });
    let created = world.post("/v1/connections/xero-main/entities", &body).await;
    assert_eq!((created.status, created.json()["price"].clone()), (201, json!("22.00")), "{}", created.body);
    assert_eq!(world.created.load(Ordering::SeqCst), 1);
    for (name, value) in [("price", json!("22,5")), ("currency", json!("dollars")), ("name", json!(" "))] {
        let mut wrong = body.clone();
        wrong[name] = value;
        assert_eq!(world.post("/v1/connections/xero-main/entities", &wrong).await.problem(), "invalid");
    }
    assert_eq!(world.created.load(Ordering::SeqCst), 1);
    let audit = world.call(Role::Approver, "GET", "/v1/audit", None).await.json();
    assert_eq!(audit["entries"][0]["action"], "entity.create");
}

#[tokio::test]
async fn plugins_show_their_cards() {
    let world = World::new().await;
    let plugins = world.get("/v1/plugins").await.json();
    let plugin = &plugins["plugins"][0];
    assert_eq!(
        (plugin["id"].clone(), plugin["active"].clone(), plugin["delivery"].clone()),
        (json!("xero"), json!(true), json!("A"))
    );
    assert_eq!(
        plugin["auth"][0],
        json!({ "scheme": "oauth2-client-credentials", "secrets": ["client_id", "client_secret"], "scopes": ["accounting"] })
    );
    assert_eq!(world.get("/v1/plugins/xero").await.json(), *plugin);
}

#[tokio::test]
async fn metrics_count_tasks_runs_and_calls() {
    let world = world().await;
    world.every_state().await;
    let record = |caller: &str, outcome: &str| {
        Write::Exchange(ExchangeRecord {
            at: now(),
            caller: caller.into(),
            operation: "list".into(),
            method: "GET".into(),
            path: "/x".into(),
            status: 0,
            millis: 3,
            outcome: outcome.into(),
            note: String::new(),
            context: String::new(),
        })
    };
    world.put(vec![record("connection/xero-main", "answered"), record("connection/xero-main", "answered")]).await;
    world.post("/v1/connections/xero-main/check", &json!({})).await;
    let reply = world.get("/metrics").await;
    for line in [
        "counterfoil_tasks{state=\"ignored\"} 2",
        "counterfoil_tasks{state=\"ready\"} 1",
        "counterfoil_tasks_money{state=\"ignored\",currency=\"USD\"} 83.6",
        "counterfoil_runs_unfinished{kind=\"check\",state=\"queued\"} 1",
        "counterfoil_runs_unfinished{kind=\"sync\",state=\"running\"} 0",
        "counterfoil_exchanges_total{caller=\"connection/xero-main\"} 2",
    ] {
        assert!(reply.body.lines().any(|l| l == line), "{line} is missing:\n{}", reply.body);
    }
    let exchanges = world.get("/v1/exchanges?caller=connection/xero-main&limit=1").await.json();
    assert_eq!(
        (exchanges["has_more"].clone(), exchanges["exchanges"][0]["status"].clone()),
        (json!(true), json!(null))
    );
    assert_eq!(world.get("/v1/exchanges?caller=marketplace/x").await.json()["exchanges"], json!([]));
}
