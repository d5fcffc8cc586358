//! Adjusting and deciding over the wire: what is shown, set, refused and decided, and that each is audited once.

use counterfoil_domain::adjust::Adjustments;
use counterfoil_domain::card::{AdjustType, Adjustable, Card};
use counterfoil_domain::id::TaskId;
use counterfoil_domain::job::JobKind;
use counterfoil_domain::market::{Subscription, SubscriptionLine, SubscriptionStatus};
use counterfoil_domain::order::*;
use counterfoil_domain::ports::{SetupStore as _, TaskStore as _, Write};
use counterfoil_domain::task::{Need, Subject, Task, TaskState};
use counterfoil_server::Role;
use serde_json::{Value, json};

use crate::client::Reply;
use crate::seed::{plan, task, usd};
use crate::world::{PLUGIN_DIGEST, World, card, now};

fn line(id: &str, code: &str, quantity: &str, price: &str, amount: &str) -> OrderLine {
    OrderLine {
        id: id.into(),
        kind: LineKind::Fee(Fee::ResourceRecurring),
        product: Some(ProductRef { code: code.into(), name: format!("Product {code}") }),
        description: "Seats".into(),
        quantity: quantity.parse().unwrap(),
        unit_price: price.parse().unwrap(),
        unit_cost: None,
        amount: amount.parse().unwrap(),
        service_period: None,
        cycle: None,
    }
}

fn order(number: &str, lines: Vec<OrderLine>, total: &str) -> Order {
    Order {
        key: OrderKey { marketplace: "ingram".into(), order: number.into() },
        number: format!("SO-{number}"),
        order_type: OrderType::Sales,
        status: OrderStatus::Completed,
        customer: "1000017".into(),
        subscription: Some("sub-1".into()),
        created_at: now(),
        provisioned_at: None,
        billing_model: BillingModel::BeforeBillingPeriod,
        currency: usd("0").currency,
        total: Some(total.parse().unwrap()),
        lines,
        on_renewal: false,
        vendor_rated: false,
        statement: None,
    }
}

fn seats(number: &str) -> Order {
    order(number, vec![line("l1", "P1", "2", "20.90", "41.80")], "41.80")
}

fn asked() -> TaskState {
    TaskState::Pending(vec![Need::Decision { why: "the marketplace gives no lines".into() }])
}

impl World {
    async fn shop() -> Self {
        let world = Self::new().await.with_connection("xero-main").await;
        let line = |code: &str, quantity: i64, price: &str| SubscriptionLine {
            product: ProductRef { code: code.into(), name: format!("Product {code}") },
            quantity: quantity.into(),
            unit_price: price.parse().unwrap(),
            unit_cost: None,
            amount: None,
        };
        let subscription = Subscription {
            id: "sub-1".into(),
            name: "Office".into(),
            customer: "1000017".into(),
            status: SubscriptionStatus::Active,
            billing_model: BillingModel::BeforeBillingPeriod,
            cycle: None,
            currency: Some(usd("0").currency),
            created_at: None,
            renews_on: None,
            lines: vec![line("P1", 2, "20")],
        };
        world.put(vec![Write::PutSubscriptions("ingram".into(), vec![subscription])]).await;
        world
    }

    async fn put_task(&self, order: Order, state: TaskState) -> Task {
        let subject = Subject::Order { key: order.key.clone(), revision: order.revision() };
        let id = subject.task_id(&"xero-main".into());
        let name = order.key.order.as_str().to_owned();
        let task = Task { id, subject, subscription: order.subscription.clone(), ..task("xero-main", &name, state) };
        let order = Write::PutOrder { order, fingerprint: "f".into(), observed_at: now() };
        self.put(vec![order, Write::InsertTask(task.clone())]).await;
        task
    }

    async fn put_set(&self, task: &TaskId, body: Value) -> Reply {
        self.call(Role::Biller, "PUT", &format!("/v1/tasks/{task}/adjustments"), Some(&body)).await
    }

    async fn desk(&self, task: &TaskId) -> Value {
        let reply = self.call(Role::Viewer, "GET", &format!("/v1/tasks/{task}/adjustments"), None).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }

    async fn answer(&self, task: &TaskId, body: Value) -> Reply {
        self.call(Role::Biller, "POST", &format!("/v1/tasks/{task}/decide"), Some(&body)).await
    }

    async fn stored(&self, task: &TaskId) -> Option<Adjustments> {
        self.store.adjustments(vec![task.clone()]).await.unwrap().pop()
    }

    async fn audited(&self, action: &str) -> Vec<String> {
        let entries = self.store.audit(1_000).await.unwrap();
        entries.into_iter().filter(|entry| entry.action == action).map(|entry| entry.detail).collect()
    }
}

#[tokio::test]
async fn a_planned_task_is_adjusted_and_its_plan_is_stale() {
    let world = World::shop().await;
    let task = world.put_task(seats("o1"), TaskState::Ready).await;
    let sealed = plan("xero-main", &task.id, PLUGIN_DIGEST, vec![]);
    let planned = Task { state: TaskState::Planned(sealed.digest.clone()), version: 2, ..task.clone() };
    world.put(vec![Write::PutPlan(sealed.clone()), Write::UpdateTask(planned)]).await;

    let set = json!({ "line": "l1", "quantity": "3", "unit_price": "10.005", "billing": "billable", "taxable": false });
    let reply = world.put_set(&task.id, json!({ "lines": [set], "version": 2 })).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let view = reply.json();
    assert_eq!(view["task"]["state"], "ready");
    assert_eq!(view["lines"][0]["set"]["unit_price"], "10.005");
    assert_eq!(view["lines"][0]["order"]["amount"]["amount"], "41.80", "the order's own amount stays to be seen");
    assert_eq!(view["by"], "biller");
    assert_eq!(world.desk(&task.id).await, view, "what is answered is what stands");

    let body = json!({ "connection": "xero-main", "plans": [sealed.digest.to_string()] });
    let refused = world.call(Role::Admin, "POST", "/v1/syncs", Some(&body)).await;
    assert_eq!(refused.status, 412, "{refused:?}");
    let told = refused.json().to_string();
    assert!(told.contains("somebody adjusted the task (biller)"), "{told}");
    let audited = world.audited("task.adjust").await;
    assert_eq!(audited, ["l1 quantity=3; l1 unit-price=10.005; l1 billing=billable; l1 taxable=false"]);
}

#[tokio::test]
async fn what_cannot_be_set_is_named_where_it_stands_and_nothing_is_changed() {
    let world = World::shop().await;
    let task = world.put_task(seats("o1"), TaskState::Ready).await;
    let cases = [
        (json!({ "line": "l1", "quantity": "0" }), "/lines/0/quantity", "quantity-zero"),
        (json!({ "line": "l1", "unit_price": "dear" }), "/lines/0/unit_price", "not-a-number"),
        (json!({ "line": "l7", "quantity": "1" }), "/lines/0/line", "unknown-line"),
        (json!({ "line": "l1", "price_source": "catalogue" }), "/lines/0/price_source", "no-item"),
        (json!({ "line": "l1", "period": { "start": "2026-11-01" } }), "/lines/0/period", "half-a-period"),
        (json!({ "line": "l1", "billing": "free" }), "/lines/0/billing", "unknown-word"),
    ];
    for (set, pointer, code) in cases {
        let reply = world.put_set(&task.id, json!({ "lines": [set] })).await;
        assert_eq!(reply.status, 422, "{code}: {reply:?}");
        let problem = reply.json();
        assert_eq!((&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]), (&json!(pointer), &json!(code)));
        assert!(problem["detail"].as_str().unwrap().contains("SO-o1"), "{problem}");
    }
    assert_eq!(world.stored(&task.id).await, None);
    assert_eq!(world.audited("task.adjust").await, Vec::<String>::new());
    let stale = world.put_set(&task.id, json!({ "lines": [], "version": 7 })).await;
    assert_eq!(stale.status, 409, "{stale:?}");
    let unknown = world.put_set(&task.id, json!({ "lines": [{ "line": "l1", "price": "3" }] })).await;
    assert_eq!(unknown.status, 422, "an unknown member is no value: {unknown:?}");
}

#[tokio::test]
async fn only_what_is_not_confirmed_is_adjusted() {
    let world = World::shop().await;
    world.every_state().await;
    let tasks =
        world.store.tasks(Default::default(), counterfoil_domain::ports::PageRequest { after: None, limit: 99 });
    for task in tasks.await.unwrap() {
        let Subject::Order { key, .. } = &task.subject else { continue };
        let mut order = seats("x");
        order.key = key.clone();
        world.put(vec![Write::PutOrder { order, fingerprint: "f".into(), observed_at: now() }]).await;
        let state = task.state.name();
        let open = ["pending", "ready", "planned", "parked"].contains(&state);
        assert_eq!(world.desk(&task.id).await["adjustable"], json!(open), "{state}");
        let reply = world.put_set(&task.id, json!({ "lines": [{ "line": "l1", "quantity": "1" }] })).await;
        assert_eq!(reply.status == 200, open, "{state}: {reply:?}");
        if !open {
            let path = format!("/v1/tasks/{}/adjustments", task.id);
            let cleared = world.call(Role::Biller, "DELETE", &path, None).await;
            assert_eq!((reply.status, cleared.status), (409, 409), "{state}");
            assert_eq!(reply.json()["code"], "task-state", "{state}");
            assert_eq!(world.state(&task.id).await, task.state, "{state}");
        }
    }
}

#[tokio::test]
async fn a_decision_is_taken_once_adjusted_safely_and_taken_back() {
    let world = World::shop().await;
    let task = world.put_task(order("o1", vec![], "40.00"), asked()).await;
    let desk = world.desk(&task.id).await;
    assert_eq!(desk["asked"], true);
    let names: Vec<&str> =
        desk["proposals"].as_array().unwrap().iter().map(|proposal| proposal["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["subscription", "one-line", "nothing"]);
    for (body, code) in [
        (json!({ "proposal": "subscription", "reason": " " }), "required"),
        (json!({ "proposal": "subscribtion", "reason": "yes" }), "unknown-proposal"),
        (json!({ "reason": "yes" }), "which"),
    ] {
        let reply = world.answer(&task.id, body).await;
        assert_eq!((reply.status, reply.json()["errors"][0]["code"].clone()), (422, json!(code)), "{reply:?}");
    }
    let reply = world.answer(&task.id, json!({ "proposal": "subscription", "reason": "as held" })).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(world.state(&task.id).await, TaskState::Pending(vec![Need::rules()]));
    let set = world.stored(&task.id).await.unwrap();
    assert_eq!((set.decided.as_deref(), set.added.len()), (Some("as held"), 1));
    let audited = world.audited("task.decide").await;
    assert!(audited[0].starts_with("subscription, because: as held"), "{audited:?}");

    // Saying nothing of what was decided keeps it.
    assert_eq!(world.put_set(&task.id, json!({ "lines": [] })).await.status, 200);
    assert_eq!(world.stored(&task.id).await.unwrap().added, set.added);

    let path = format!("/v1/tasks/{}/adjustments", task.id);
    let cleared = world.call(Role::Biller, "DELETE", &path, None).await;
    assert_eq!(cleared.status, 200, "{cleared:?}");
    assert_eq!(cleared.json()["asked"], true, "without an answer it must not be billed");
    assert!(world.stored(&task.id).await.unwrap().is_empty());
    assert_eq!(world.audited("task.adjust-clear").await.len(), 1);
}

#[tokio::test]
async fn own_lines_stand_instead_of_the_orders_or_beside_them() {
    let world = World::shop().await;
    let own = json!({ "fee": "resource-recurring", "product_code": "P2", "description": "Half", "quantity": "1", "unit_price": "5" });
    for (number, beside, left_out) in [("o1", false, 1), ("o2", true, 0)] {
        let task = world.put_task(seats(number), asked()).await;
        let body = json!({ "lines": [own], "beside_order": beside, "reason": "agreed" });
        let reply = world.answer(&task.id, body).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let set = world.stored(&task.id).await.unwrap();
        assert_eq!((set.lines.len(), set.added.len()), (left_out, 1), "{number}");
        // Adjusting another value does not bring back what the decision left out.
        assert_eq!(world.put_set(&task.id, json!({ "lines": [] })).await.status, 200);
        assert_eq!(world.stored(&task.id).await.unwrap().lines.len(), left_out, "{number}");
    }
    let task = world.put_task(seats("o3"), asked()).await;
    let mut bad = own.clone();
    bad["quantity"] = json!("0");
    let reply = world.answer(&task.id, json!({ "lines": [own, bad], "reason": "agreed" })).await;
    assert_eq!(reply.json()["errors"][0]["pointer"], "/lines/1/quantity", "{reply:?}");
}

#[tokio::test]
async fn nothing_ignores_the_task_and_nobody_decides_what_is_not_asked() {
    let world = World::shop().await;
    let task = world.put_task(seats("o1"), asked()).await;
    let reply = world.answer(&task.id, json!({ "proposal": "nothing", "reason": "given away" })).await;
    assert_eq!((reply.status, reply.json()["state"].clone()), (200, json!("ignored")), "{reply:?}");
    assert_eq!(reply.json()["ignored"]["text"], "given away");
    assert_eq!(world.stored(&task.id).await, None);

    let ready = world.put_task(seats("o2"), TaskState::Ready).await;
    assert_eq!(ready.kind, JobKind::Sales);
    let reply = world.answer(&ready.id, json!({ "proposal": "whole", "reason": "yes" })).await;
    assert_eq!((reply.status, reply.json()["code"].clone()), (409, json!("task-state")), "{reply:?}");
    let gone = world.call(Role::Viewer, "GET", "/v1/tasks/task_none/adjustments", None).await;
    assert_eq!(gone.status, 404);
}

#[tokio::test]
async fn a_plan_tells_its_margin_where_every_line_tells_its_cost() {
    let world = World::shop().await;
    for (order, cost, margin) in
        [("o1", Some("30.5"), json!([{ "amount": "11.30", "currency": "USD" }])), ("o2", None, Value::Null)]
    {
        let task = world.put_task(seats(order), TaskState::Ready).await;
        let mut inner = plan("xero-main", &task.id, PLUGIN_DIGEST, vec![]).plan;
        let attributes = &mut inner.changes[0].lines[0].attributes;
        attributes.extend(cost.map(|cost| (counterfoil_domain::assemble::COST.to_owned(), cost.to_owned())));
        let seed = plan("xero-main", &task.id, PLUGIN_DIGEST, vec![]);
        let judged = counterfoil_domain::plan::Judged {
            ground: seed.ground,
            findings: vec![],
            source_total: seed.source_total,
            claims: vec![],
        };
        let sealed = counterfoil_domain::plan::SealedPlan::seal("xero-main".into(), inner, judged, now());
        world.put(vec![Write::PutPlan(sealed.clone())]).await;
        let shown = world.call(Role::Viewer, "GET", &format!("/v1/plans/{}", sealed.digest), None).await.json();
        assert_eq!(shown["margins"], margin, "{shown}");
        let line = &shown["changes"][0]["lines"][0];
        let expected = cost.map_or(Value::Null, |_| json!({ "amount": "11.30", "currency": "USD" }));
        assert_eq!(line["margin"], expected, "41.80 − 30.50: {line}");
    }
}

#[tokio::test]
async fn values_of_a_whole_task_are_offered_by_the_card_kept_and_shown() {
    let one = |name: &str, kind| Adjustable { name: name.into(), label: "Label".into(), help: String::new(), kind };
    let adjust = vec![one("due_date", AdjustType::Date), one("reference", AdjustType::Text)];
    let world = World::of(false, Card { adjust, ..card() }).await.with_connection("xero-main").await;
    let task = world.put_task(seats("o1"), TaskState::Ready).await;
    let offered = world.desk(&task.id).await["document"].clone();
    assert_eq!(
        (&offered[0]["name"], &offered[0]["type"], &offered[0]["value"]),
        (&json!("due_date"), &json!("date"), &json!(null))
    );

    let wrong = world.put_set(&task.id, json!({ "document": { "duedate": "2026-12-01" } })).await;
    assert_eq!(wrong.status, 422);
    let fault = wrong.json()["errors"][0].clone();
    assert_eq!((&fault["pointer"], &fault["code"]), (&json!("/document/duedate"), &json!("unknown-name")));
    assert!(wrong.body.contains("Did you mean \\\"due_date\\\"?"), "{}", wrong.body);
    assert!(world.stored(&task.id).await.is_none(), "nothing of it is taken");

    let set = world.put_set(&task.id, json!({ "document": { "due_date": "2026-12-01", "reference": "" } })).await;
    assert_eq!((set.status, &set.json()["document"][0]["value"]), (200, &json!("2026-12-01")), "{}", set.body);
    assert_eq!(world.audited("task.adjust").await, ["due_date=2026-12-01"]);
    let shown = world.get(&format!("/v1/tasks/{}", task.id)).await.json()["document"].clone();
    assert_eq!((shown.as_array().unwrap().len(), &shown[0]["name"]), (1, &json!("due_date")));
    // All that is set: what is not named is taken back.
    let emptied = world.put_set(&task.id, json!({ "lines": [] })).await;
    assert_eq!((emptied.status, &emptied.json()["document"][0]["value"]), (200, &json!(null)));
}
