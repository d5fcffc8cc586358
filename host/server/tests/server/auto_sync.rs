//! Switches of customers, what keeps a task from going by itself, and notices.

use counterfoil_domain::auto::Why;
use counterfoil_domain::connection::{AutoSync, ConnectionState, Notify};
use counterfoil_domain::market::Customer;
use counterfoil_domain::plan::Severity;
use counterfoil_domain::ports::{SetupStore as _, TaskStore as _, Write};
use counterfoil_domain::task::{Need, Task, TaskState};
use counterfoil_server::Role;
use serde_json::{Value, json};

use crate::seed::{connection, finding, task};
use crate::world::{World, now};

const SWITCHES: &str = "/v1/connections/xero-main/auto-sync";

fn customer(id: &str, name: &str) -> Customer {
    Customer { id: id.into(), name: name.into(), external_id: None, tax_number: None, email: None, active: true }
}

async fn world() -> World {
    let world = World::new().await.with_connection("xero-main").await;
    let customers = vec![customer("1", "Oak & Sons"), customer("1000017", "Green Lane"), customer("3", "Quince Ltd")];
    world.put(vec![Write::PutCustomers("ingram".into(), customers)]).await;
    world
}

async fn switch(world: &World, customer: &str, on: bool) -> crate::client::Reply {
    world.call(Role::Approver, "PUT", SWITCHES, Some(&json!({ "customer": customer, "on": on }))).await
}

fn column(value: &Value, name: &str) -> Vec<Value> {
    value.as_array().unwrap().iter().map(|row| row[name].clone()).collect()
}

#[tokio::test]
async fn a_customer_is_switched_on_and_off_and_the_audit_says_who_did_it() {
    let world = world().await;
    let page = world.get(SWITCHES).await.json();
    assert_eq!(page["connection"], json!({ "on": false, "kinds": [], "most": null }));
    assert_eq!(column(&page["customers"], "customer"), ["1", "1000017", "3"]);
    assert_eq!(column(&page["customers"], "on"), [false, false, false]);

    let on = switch(&world, "1000017", true).await;
    assert_eq!((on.status, on.json()), (200, json!({ "customer": "1000017", "name": "Green Lane", "on": true })));
    // Said twice, it is done and told once.
    assert_eq!(switch(&world, "1000017", true).await.status, 200);
    assert_eq!(column(&world.get(SWITCHES).await.json()["customers"], "on"), [false, true, false]);
    for (query, found) in [("?on=true", vec!["1000017"]), ("?on=false", vec!["1", "3"]), ("?text=QUIN", vec!["3"])] {
        assert_eq!(column(&world.get(&format!("{SWITCHES}{query}")).await.json()["customers"], "customer"), found);
    }
    let first = world.get(&format!("{SWITCHES}?limit=2")).await.json();
    assert_eq!((&first["has_more"], &first["next"]), (&json!(true), &json!("1000017")));
    let rest = world.get(&format!("{SWITCHES}?limit=2&after=1000017")).await.json();
    assert_eq!(column(&rest["customers"], "customer"), ["3"]);

    assert_eq!(switch(&world, "1000017", false).await.status, 200);
    assert_eq!(world.store.switched_on(&"xero-main".into()).await.unwrap().len(), 0);
    let audit = world.store.audit(10).await.unwrap();
    let told: Vec<_> =
        audit.iter().map(|e| (e.action.as_str(), e.actor.as_str(), e.subject.as_str(), e.detail.as_str())).collect();
    assert_eq!(
        told,
        [
            ("auto-sync.off", "approver", "xero-main/1000017", "Green Lane"),
            ("auto-sync.on", "approver", "xero-main/1000017", "Green Lane"),
        ]
    );
}

#[tokio::test]
async fn what_cannot_be_switched_is_refused_and_nothing_is_changed() {
    let world = world().await;
    let reply = switch(&world, "nobody", true).await;
    assert_eq!((reply.status, reply.problem().as_str()), (422, "invalid"), "{}", reply.body);
    assert_eq!(reply.json()["errors"][0]["pointer"], "/customer");
    assert_eq!(reply.json()["errors"][0]["code"], "unknown-customer");
    let body = json!({ "customer": "1", "on": true });
    assert_eq!(world.call(Role::Biller, "PUT", SWITCHES, Some(&body)).await.status, 403);
    let nowhere = "/v1/connections/nowhere/auto-sync";
    assert_eq!(world.call(Role::Approver, "PUT", nowhere, Some(&body)).await.status, 404);
    assert_eq!(world.get(nowhere).await.status, 404);
    for body in [json!({ "customer": "1" }), json!({ "customer": "1", "on": "yes" }), json!({ "on": true, "x": 1 })] {
        let reply = world.call(Role::Approver, "PUT", SWITCHES, Some(&body)).await;
        assert!((400..500).contains(&reply.status), "{body}: {}", reply.body);
    }
    assert_eq!(world.store.switched_on(&"xero-main".into()).await.unwrap().len(), 0);
    assert_eq!(world.store.audit(10).await.unwrap(), []);
}

#[tokio::test]
async fn a_task_says_what_keeps_it_from_going_by_itself() {
    let world = world().await;
    let (id, _) = world.planned("o1", vec![]).await;
    let path = format!("/v1/tasks/{id}/auto-sync");
    let expect = async |why: Option<Why>| {
        let answer = world.get(&path).await.json();
        assert_eq!(answer["why"], json!(why.map(Why::name)), "{answer}");
        assert_eq!(answer["goes"], why.is_none(), "{answer}");
        assert!(why.is_none_or(|why| answer["text"] == why.text()), "{answer}");
    };
    expect(Some(Why::ConnectionOff)).await;
    let mut books = connection("xero-main");
    books.rules.auto_sync = AutoSync { on: true, kinds: vec![], most: Some("41.80".parse().unwrap()) };
    world.put(vec![Write::PutConnection(books.clone())]).await;
    expect(Some(Why::CustomerOff)).await;
    switch(&world, "1000017", true).await;
    expect(None).await;
    books.rules.auto_sync.most = Some("41.79".parse().unwrap());
    world.put(vec![Write::PutConnection(books)]).await;
    expect(Some(Why::OverLimit)).await;
    let lost = TaskState::Uncertain { plan: "p".into(), batch: "b".into(), why: "no answer".into() };
    world.put(vec![Write::InsertTask(task("xero-main", "o2", lost))]).await;
    expect(Some(Why::CustomerUncertain)).await;
    assert_eq!(world.get("/v1/tasks/task_none/auto-sync").await.status, 404);
}

/// A task in every state, each changed an hour after the one before.
async fn eventful() -> World {
    let world = world().await;
    world.every_state().await;
    let (_, _) = world.planned("blocked", vec![finding(Severity::Blocks, "currency-mismatch")]).await;
    let (_, _) = world.planned("fine", vec![]).await;
    let page = counterfoil_domain::ports::PageRequest { after: None, limit: 100 };
    let mut tasks = world.store.tasks(Default::default(), page).await.unwrap();
    tasks.sort_by_key(|task| task.number.clone());
    let later = |(n, task): (usize, Task)| {
        let updated_at = now() + chrono::Duration::hours(i64::try_from(n).unwrap());
        Write::UpdateTask(Task { updated_at, version: task.version + 1, ..task })
    };
    world.put(tasks.into_iter().enumerate().map(later).collect()).await;
    world
}

#[tokio::test]
async fn notices_are_newest_first_and_by_level_only_problems() {
    let world = eventful().await;
    let all = world.get("/v1/notices?connection=xero-main&level=all&limit=100").await.json();
    let at = column(&all["notices"], "at");
    assert!(at.len() == 14 && at.windows(2).all(|pair| pair[0].as_str() > pair[1].as_str()), "{at:?}");
    for notice in all["notices"].as_array().unwrap() {
        assert!(notice["happened"].as_str().unwrap().contains(notice["number"].as_str().unwrap()), "{notice}");
        assert!(!notice["money"].as_str().unwrap().is_empty() && !notice["act"].as_str().unwrap().is_empty());
    }
    let problems = |reply: Value| column(&reply["notices"], "kind");
    // The connection's own level is problems.
    for path in ["/v1/notices", "/v1/notices?connection=xero-main", "/v1/notices?level=problems"] {
        let mut kinds = problems(world.get(path).await.json());
        kinds.sort_by_key(ToString::to_string);
        assert_eq!(kinds, ["needs-decision", "parked", "plan-blocked", "uncertain"], "{path}");
    }
    let mut loud = connection("xero-main");
    loud.rules.notify = Notify::All;
    world.put(vec![Write::PutConnection(loud.clone())]).await;
    assert_eq!(problems(world.get("/v1/notices").await.json()).len(), 14);

    // Page by page it is the same list.
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = world.get(&format!("/v1/notices?level=all&limit=3{after}")).await.json();
        seen.extend(column(&page["notices"], "task"));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(seen, column(&all["notices"], "task"));

    // A connection that stands still comes first, and only on the first page.
    loud.state = ConnectionState::NeedsSignIn;
    loud.state_reason = "401".into();
    world.put(vec![Write::PutConnection(loud)]).await;
    let first = world.get("/v1/notices?level=problems&limit=3").await.json();
    assert_eq!(first["notices"][0]["kind"], "needs-sign-in");
    assert_eq!((&first["notices"][0]["task"], &first["notices"][0]["at"]), (&Value::Null, &Value::Null));
    let next = first["next"].as_str().unwrap();
    let rest = world.get(&format!("/v1/notices?level=problems&limit=3&after={next}")).await.json();
    assert_eq!((first["notices"].as_array().unwrap().len(), rest["notices"].as_array().unwrap().len()), (4, 1));
}

#[tokio::test]
async fn news_grows_old_and_what_waits_for_somebody_does_not() {
    let world = world().await;
    let old = |order: &str, state| {
        let observed_at = now() - chrono::Duration::days(32);
        Write::InsertTask(Task { observed_at, ..task("xero-main", order, state) })
    };
    world
        .put(vec![
            old("o1", TaskState::Synced { plan: "p".into() }),
            old("o2", TaskState::Pending(vec![Need::Decision { why: "no details".into() }])),
        ])
        .await;
    let kinds = column(&world.get("/v1/notices?level=all").await.json()["notices"], "kind");
    assert_eq!(kinds, ["needs-decision"]);
}

#[tokio::test]
async fn what_is_asked_for_wrongly_is_refused() {
    let world = world().await;
    for (query, pointer) in [("level=alll", "/level"), ("after=x", "/after"), ("limit=0", "/limit")] {
        let reply = world.get(&format!("/v1/notices?{query}")).await;
        assert_eq!((reply.status, reply.problem().as_str()), (422, "invalid"), "{}", reply.body);
        assert_eq!(reply.json()["errors"][0]["pointer"], pointer);
    }
    assert_eq!(world.get("/v1/notices?connection=nowhere").await.status, 404);
}
