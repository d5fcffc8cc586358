//! Rules to ignore by, and how long something is ignored: refusals that name their field, previews, what is written.

use counterfoil_domain::id::{CustomerId, RuleId, SubscriptionId};
use counterfoil_domain::job::JobKind;
use counterfoil_domain::money::Currency;
use counterfoil_domain::order::*;
use counterfoil_domain::period::{Cycle, Period};
use counterfoil_domain::ports::{SetupStore as _, TaskStore as _, Write};
use counterfoil_domain::print::print;
use counterfoil_domain::rule::until_change_id;
use counterfoil_domain::task::{Event, IgnoreReason, Ignored, Task, TaskState, Until, next};
use counterfoil_server::Role;
use serde_json::{Value, json};

use crate::seed::task;
use crate::world::{World, now};

async fn world() -> World {
    World::new().await.with_connection("xero-main").await
}

fn order(id: &str, subscription: Option<&str>, told: bool) -> Order {
    let amount = "41.8".parse().unwrap();
    let day = |day: &str| day.parse().unwrap();
    let line = OrderLine {
        id: "1".into(),
        kind: LineKind::Fee(Fee::ResourceRecurring),
        product: Some(ProductRef { code: "SEAT".into(), name: "Seat".into() }),
        description: String::new(),
        quantity: 1.into(),
        unit_price: amount,
        unit_cost: None,
        amount,
        service_period: told.then(|| Period::new(day("2026-11-05"), day("2026-12-05")).unwrap()),
        cycle: told.then_some(Cycle::Months(1)),
    };
    Order {
        key: OrderKey { marketplace: "ingram".into(), order: id.into() },
        number: format!("SO-{id}"),
        order_type: OrderType::Sales,
        status: OrderStatus::Completed,
        customer: CustomerId::new("1000017"),
        subscription: subscription.map(SubscriptionId::new),
        created_at: now(),
        provisioned_at: None,
        billing_model: BillingModel::BeforeBillingPeriod,
        currency: Currency::parse("USD").unwrap(),
        total: Some(amount),
        lines: vec![line],
        on_renewal: false,
        vendor_rated: false,
        statement: None,
    }
}

impl World {
    async fn with_order(&self, order: Order, state: TaskState) -> Task {
        let task =
            Task { subscription: order.subscription.clone(), ..task("xero-main", order.key.order.as_str(), state) };
        let put = Write::PutOrder { order, fingerprint: String::new(), observed_at: now() };
        self.put(vec![put, Write::InsertTask(task.clone())]).await;
        task
    }

    async fn delete(&self, path: &str) -> crate::client::Reply {
        self.call(Role::Biller, "DELETE", path, None).await
    }
}

#[tokio::test]
async fn a_rule_that_cannot_be_is_refused_with_its_field() {
    let world = world().await;
    let with = |more: Value| {
        let mut body = json!({ "connection": "xero-main", "text": "why" });
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    let amount = |more: Value| {
        let mut amount = json!({ "currency": "USD" });
        for (name, value) in more.as_object().unwrap() {
            amount[name] = value.clone();
        }
        with(json!({ "amount": amount }))
    };
    for (body, pointer, code) in [
        (with(json!({})), "", "no-criterion"),
        (with(json!({ "customer": " " })), "/customer", "empty"),
        (with(json!({ "product": "" })), "/product", "empty"),
        (with(json!({ "order_type": "biling" })), "/order_type", "unknown-order-type"),
        (with(json!({ "order_type": "migration" })), "/order_type", "unknown-order-type"),
        (amount(json!({})), "/amount", "no-bound"),
        (amount(json!({ "at_most": "5", "at_least": "4" })), "/amount", "both-bounds"),
        (amount(json!({ "at_most": "five" })), "/amount/at_most", "not-an-amount"),
        (amount(json!({ "at_least": "-5" })), "/amount/at_least", "negative"),
        (amount(json!({ "at_least": "5", "currency": "dollars" })), "/amount/currency", "unknown-currency"),
        (with(json!({ "customer": "17", "text": " " })), "/text", "required"),
        (with(json!({ "customer": "17", "until": "2026-11-21" })), "/until", "in-the-past"),
    ] {
        let reply = world.post("/v1/rules", &body).await;
        assert_eq!((reply.status, reply.problem().as_str()), (422, "invalid"), "{body}: {}", reply.body);
        let error = &reply.json()["errors"][0];
        assert_eq!((error["pointer"].as_str(), error["code"].as_str()), (Some(pointer), Some(code)), "{body}");
    }
    let elsewhere = world.post("/v1/rules", &json!({ "connection": "none", "customer": "17", "text": "x" })).await;
    assert_eq!(elsewhere.status, 404);
    assert_eq!(world.delete("/v1/rules/rule_x").await.status, 404);
    assert_eq!(world.get("/v1/rules").await.json(), json!({ "rules": [] }), "nothing was written");
}

#[tokio::test]
async fn a_preview_shows_what_the_last_90_days_would_have_been() {
    let world = world().await;
    let ready = world.with_order(order("o2", None, true), TaskState::Ready).await;
    let synced = TaskState::Synced { plan: "p".into() };
    world.with_order(order("o1", None, true), synced).await;
    world.with_order(Order { status: OrderStatus::Processing, ..order("o3", None, true) }, TaskState::Ready).await;
    let gave_way = TaskState::Superseded { by: ready.id.clone() };
    world.with_order(order("o4", None, true), gave_way).await;
    world.with_order(Order { customer: "2".into(), ..order("o5", None, true) }, TaskState::Ready).await;
    let long_ago = now() - chrono::Duration::days(91);
    let old = Task { observed_at: long_ago, ..task("xero-main", "o6", TaskState::Ready) };
    let put = Write::PutOrder { order: order("o6", None, true), fingerprint: String::new(), observed_at: long_ago };
    world.put(vec![put, Write::InsertTask(old)]).await;

    let body = json!({
        "connection": "xero-main", "customer": "1000017", "product": "seat", "order_type": "sales",
        "amount": { "at_most": "41.80", "currency": "USD" }, "text": "bills itself", "until": "2027-01-01", "dry_run": true,
    });
    let reply = world.post("/v1/rules", &body).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let preview = &reply.json()["preview"];
    let numbers: Vec<_> = preview["tasks"].as_array().unwrap().iter().map(|task| task["number"].clone()).collect();
    assert_eq!(numbers, ["SO-o1", "SO-o2"], "by number; not what is not final, gave way, is another's or is older");
    assert_eq!(preview["count"], 2);
    assert_eq!(preview["money"], json!([{ "amount": "83.60", "currency": "USD" }]));
    assert_eq!((preview["from"].as_str(), preview["complete"].as_bool()), (Some("2026-08-23"), Some(true)));
    let states: Vec<_> = preview["states"].as_array().unwrap().iter().map(|state| state["name"].clone()).collect();
    assert_eq!(states, ["ready", "synced"]);
    assert_eq!(world.get("/v1/rules").await.json()["rules"], json!([]), "a dry run writes nothing");

    let mut body = body;
    body["dry_run"] = json!(false);
    let made = world.post("/v1/rules", &body).await.json();
    let words = "customer 1000017, product seat, sales orders, at most 41.80 USD";
    assert_eq!(made["rule"]["criteria"], words);
    let listed = world.get("/v1/rules?connection=xero-main").await.json();
    assert_eq!(listed["rules"][0], made["rule"]);
    assert_eq!(
        (listed["rules"][0]["by"].as_str(), listed["rules"][0]["until"].as_str()),
        (Some("biller"), Some("2027-01-01"))
    );
    assert_eq!(world.state(&ready.id).await, TaskState::Ready, "the engine judges, not the API");
    let again = world.post("/v1/rules", &body).await;
    assert_eq!(again.json()["errors"][0]["code"], "rule-exists", "{}", again.body);
    let audit = world.store.audit(1).await.unwrap().remove(0);
    assert_eq!((audit.action.as_str(), audit.detail), ("rule.add", format!("{words}: bills itself")));
}

#[tokio::test]
async fn a_removed_rule_lets_go_of_its_tasks_or_leaves_them() {
    for keep in [false, true] {
        let world = world().await;
        let body = json!({ "connection": "xero-main", "customer": "1000017", "text": "bills itself" });
        let rule = world.post("/v1/rules", &body).await.json()["rule"]["id"].as_str().unwrap().to_owned();
        let ignored = |by: &str| {
            let (reason, text, by) = (IgnoreReason::ExcludedCustomer, "by a rule".into(), by.into());
            TaskState::Ignored(Ignored { reason, text, by, at: now(), until: None })
        };
        let held = world.with_order(order("o1", None, true), ignored(&format!("rule:{rule}"))).await;
        let other = world.with_order(order("o2", None, true), ignored("rule:rule_other")).await;
        let shown = world.get(&format!("/v1/tasks/{}", held.id)).await.json();
        assert_eq!(shown["task"]["ignored"]["rule"], json!(rule));

        let removed = world.delete(&format!("/v1/rules/{rule}?keep={keep}")).await;
        assert_eq!(removed.status, 200, "{}", removed.body);
        let removed = removed.json();
        assert_eq!((removed["tasks"].as_u64(), removed["kept"].as_bool()), (Some(1), Some(keep)));
        assert_eq!(removed["money"], json!([{ "amount": "41.80", "currency": "USD" }]));
        assert_eq!(world.get("/v1/rules").await.json()["rules"], json!([]));
        let TaskState::Ignored(now) = world.state(&held.id).await else { panic!("the engine brings it back") };
        // In the name of a rule that is gone it comes back; in a person's it stays.
        let (by, text) = if keep {
            ("biller", "by a rule; kept when the rule was removed")
        } else {
            (&*format!("rule:{rule}"), "by a rule")
        };
        assert_eq!((now.by.as_str(), now.text.as_str()), (by, text));
        assert_eq!(world.state(&other.id).await, other.state);
    }
}

#[tokio::test]
async fn how_long_is_a_day_a_period_or_a_change() {
    let rows = [
        (json!("2027-01-01"), json!("2027-01-01"), "until 2027-01-01"),
        (json!({ "day": "2027-01-01" }), json!("2027-01-01"), "until 2027-01-01"),
        (
            json!({ "next_period": true }),
            json!("2026-12-05"),
            "until the next billing period, which starts on 2026-12-05",
        ),
        (json!({ "change": true }), json!(null), "until the price or quantity changes"),
    ];
    for (until, day, words) in rows {
        let world = world().await;
        let ready = world.with_order(order("o1", Some("s"), true), TaskState::Ready).await;
        let path = format!("/v1/tasks/{}", ready.id);
        let reply = world.post(&format!("{path}/ignore"), &json!({ "text": "paid", "until": until })).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        let ignored = &reply.json()["ignored"];
        assert_eq!((&ignored["until"], ignored["until_text"].as_str()), (&day, Some(words)));
        let rules = world.store.rules(&"xero-main".into()).await.unwrap();
        let changes = until.get("change").is_some();
        assert_eq!(rules.len(), usize::from(changes), "{until}");
        if let [rule] = &rules[..] {
            assert_eq!(rule.id, until_change_id(&ready.id));
            assert_eq!(rule.criteria.print, Some(print(&order("o1", Some("s"), true))));
            assert_eq!(rule.criteria.subscription, Some(SubscriptionId::new("s")));
        }
        assert_eq!(world.call(Role::Biller, "POST", &format!("{path}/unignore"), None).await.status, 200);
        assert_eq!(world.store.rules(&"xero-main".into()).await.unwrap(), [], "unignoring takes the rule with it");
    }
}

#[tokio::test]
async fn what_nothing_tells_is_refused_and_what_is_no_until_too() {
    let world = world().await;
    let silent = world.with_order(order("o1", None, false), TaskState::Ready).await;
    let gone = task("xero-main", "o2", TaskState::Ready);
    world.put(vec![Write::InsertTask(gone.clone())]).await;
    for (task, until, words) in [
        (&silent, json!({ "next_period": true }), "no line of order SO-o1 states its period"),
        (&silent, json!({ "change": true }), "order SO-o1 is of no subscription"),
        (&gone, json!({ "change": true }), "the order of SO-o2 is not known"),
        (&silent, json!({ "day": "2026-11-21" }), "a day after today"),
        (&silent, json!({ "next_period": false }), "false says nothing"),
        (&silent, json!({ "day": "2027-01-01", "change": true }), ""),
        (&silent, json!({ "week": true }), "week"),
        (&silent, json!("soon"), "soon"),
        (&silent, json!(7), "a day such as"),
    ] {
        let reply = world.post(&format!("/v1/tasks/{}/ignore", task.id), &json!({ "text": "x", "until": until })).await;
        assert!([400, 422].contains(&reply.status), "{until}: {} {}", reply.status, reply.body);
        assert!(reply.json()["detail"].as_str().unwrap().contains(words), "{until}: {}", reply.body);
        assert_eq!(world.state(&task.id).await, TaskState::Ready);
    }
}

#[tokio::test]
async fn many_are_ignored_by_id_all_or_none_and_by_filter_what_can_be() {
    let world = world().await;
    let told = world.with_order(order("o1", Some("s"), true), TaskState::Ready).await;
    let silent = world.with_order(order("o2", None, false), TaskState::Ready).await;
    let ids = json!([told.id.as_str(), silent.id.as_str(), told.id.as_str()]);
    let period = json!({ "next_period": true });
    for (body, code) in [
        (json!({ "text": "x" }), "which-tasks"),
        (json!({ "text": "x", "filter": {} }), "which-tasks"),
        (json!({ "text": "x", "tasks": [] }), "which-tasks"),
        (json!({ "text": " ", "tasks": ids }), "required"),
        (json!({ "text": "x", "tasks": ids, "until": period }), "not-known"),
        (json!({ "text": "x", "filter": { "state": "queued" } }), "wrong-state"),
        (json!({ "text": "x", "filter": { "reason": "by-person" } }), "not-here"),
        (json!({ "text": "x", "filter": { "order_type": "sale" } }), "unknown-order-type"),
        (json!({ "text": "x", "filter": { "amount": { "currency": "USD" } } }), "no-bound"),
    ] {
        let reply = world.post("/v1/tasks/ignore", &body).await;
        assert_eq!((reply.status, reply.json()["errors"][0]["code"].as_str()), (422, Some(code)), "{body}");
    }
    assert_eq!(world.state(&told.id).await, TaskState::Ready, "all or none");

    let filter = |more: Value| json!({ "text": "x", "until": period, "filter": more });
    for none in [
        json!({ "order_type": "billing" }),
        json!({ "amount": { "at_least": "41.81", "currency": "USD" } }),
        json!({ "amount": { "at_most": "100", "currency": "EUR" } }),
    ] {
        assert_eq!(world.post("/v1/tasks/ignore", &filter(none)).await.json()["ignored"], 0);
    }
    let some = json!({ "order_type": JobKind::Sales.name(), "amount": { "at_least": "41.8", "currency": "USD" } });
    let answer = world.post("/v1/tasks/ignore", &filter(some)).await.json();
    assert_eq!((answer["ignored"].as_u64(), answer["skipped"].as_u64()), (Some(1), Some(1)), "{answer}");
    assert_eq!(answer["money"], json!([{ "amount": "41.80", "currency": "USD" }]));
    assert_eq!(answer["skipped_tasks"][0]["number"], "SO-o2");
    let both = world.post("/v1/tasks/ignore", &json!({ "text": "x", "tasks": [silent.id.as_str()] })).await.json();
    assert_eq!(both["ignored"], 1);

    let back = |more: Value| json!({ "filter": more });
    let none = back(json!({ "connection": "xero-main", "order_type": "change" }));
    assert_eq!(world.post("/v1/tasks/unignore", &none).await.json()["unignored"], 0);
    let all = back(json!({ "amount": { "at_most": "41.80", "currency": "USD" } }));
    assert_eq!(world.post("/v1/tasks/unignore", &all).await.json()["unignored"], 2);
    let wrong = world.post("/v1/tasks/unignore", &back(json!({ "state": "ready" }))).await;
    assert_eq!(wrong.json()["errors"][0]["code"], "wrong-state");
}

/// A later order that is held by somebody's "until it changes" takes that decision back when it is taken back.
#[tokio::test]
async fn what_a_change_rule_holds_takes_its_rule_back_with_it() {
    let world = world().await;
    let first = world.with_order(order("o1", Some("s"), true), TaskState::Ready).await;
    let body = json!({ "text": "paid", "until": { "change": true } });
    world.post(&format!("/v1/tasks/{}/ignore", first.id), &body).await;
    let rule: RuleId = until_change_id(&first.id);
    let held = Ignored {
        reason: IgnoreReason::ByPerson,
        text: "the same again".into(),
        by: format!("rule:{rule}").as_str().into(),
        at: now(),
        until: Some(Until::Change { print: "p".into() }),
    };
    let state = next(TaskState::Ready, Event::IgnoredBy(held)).unwrap();
    let second = world.with_order(order("o2", Some("s"), true), state).await;
    let views = world.get("/v1/rules").await.json();
    assert_eq!(
        (views["rules"][0]["until_change"].as_bool(), views["rules"][0]["counts"].as_bool()),
        (Some(true), Some(true))
    );
    world.post("/v1/tasks/unignore", &json!({ "tasks": [second.id.as_str()] })).await;
    assert_eq!(world.store.rules(&"xero-main".into()).await.unwrap(), []);
    let audit = world.store.audit(1).await.unwrap().remove(0);
    assert!(audit.action == "task.unignore" && audit.detail.contains(rule.as_str()), "{audit:?}");
}
