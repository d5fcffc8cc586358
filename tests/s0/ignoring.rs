//! S0.5 and S0.6: what is not synchronized, and taking that back.

use std::time::{Duration, Instant};

use chrono::Utc;
use counterfoil_server::wire::{StateTotal, Summary, TaskPage, TaskView};
use counterfoil_sim::world::{Kind, OrderStatus};
use reqwest::Method;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::bench::{Bench, SEATS, XERO, ago, xero_plugin};
use crate::shop::{BACKUP, FIREWALL, SERVER, nothing_sold};

impl Bench {
    /// The order's task, once the engine has come so far.
    async fn comes_to_be(&self, number: &str, state: &str) -> TaskView {
        let begun = Instant::now();
        loop {
            let task = self.task(XERO, number).await.task;
            if task.state == state {
                return task;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "{number} does not become {state}: {task:#?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_5_ignored_tasks_show_reason_date_and_time() {
    let begun = Utc::now();
    let bench = Bench::start(nothing_sold(), &[xero_plugin().await]).await;
    bench.connect(json!({})).await;
    bench.check(XERO).await;
    let sale = bench.sell(SEATS, 2, ago(50), OrderStatus::Completed);
    let unpaid = bench.sell(SEATS, 2, ago(40), OrderStatus::Processing);
    let firewall = bench.sell(FIREWALL, 1, ago(30), OrderStatus::Completed);
    let renewal = bench.order(Kind::Renewal, &sale, None, ago(20));
    let switch = bench.order(Kind::PlanSwitch, &sale, None, ago(10));
    bench.check(XERO).await;

    let page: TaskPage = bench.api.get(&format!("/v1/tasks?connection={XERO}&state=ignored")).await;
    let expected = [
        (&unpaid, "not-final", "processing"),
        (&firewall, "unsupported-billing-model", "before-subscription-period"),
        (&renewal, "unsupported-order-type", "renewal"),
        (&switch, "unsupported-fee", "switch"),
    ];
    assert_eq!(page.tasks.len(), expected.len(), "{page:#?}");
    for (number, reason, named) in expected {
        let task = page.tasks.iter().find(|task| task.number == *number).unwrap();
        let ignored = task.ignored.as_ref().unwrap();
        assert_eq!(ignored.reason, reason, "{ignored:?}");
        assert!(ignored.text.contains(named), "{}", ignored.text);
        assert!(begun <= ignored.at.0 && ignored.at.0 <= Utc::now(), "{ignored:?}");
        assert_eq!(ignored.by, "rules");
        // What is ignored shows its money.
        let total = bench.marketplace_order(number).total;
        assert_eq!(task.amount.amount.parse(), Ok(total), "{task:?}");
    }
    let total = page.totals.iter().find(|total| total.name == "ignored").unwrap();
    assert_eq!(total.count, 4);
    // And what all of them hold together, by reason too, so that nobody has to add it up.
    let sum: Decimal = expected.iter().map(|(number, ..)| bench.marketplace_order(number).total).sum();
    let of = |total: &StateTotal| -> Decimal {
        total.money.iter().map(|money| money.amount.parse::<Decimal>().unwrap()).sum()
    };
    assert_eq!(of(total), sum);
    let summary: Summary = bench.api.get(&format!("/v1/summary?connection={XERO}")).await;
    assert_eq!(summary.ignored.iter().map(of).sum::<Decimal>(), sum);
    let reasons: Vec<&str> = summary.ignored.iter().map(|total| total.name.as_str()).collect();
    assert_eq!(reasons, ["not-final", "unsupported-billing-model", "unsupported-fee", "unsupported-order-type"]);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_6_tasks_are_unignored_one_by_one_and_in_bulk() {
    let bench = Bench::start(nothing_sold(), &[xero_plugin().await]).await;
    bench.connect(json!({})).await;
    bench.check(XERO).await;
    let sales: Vec<String> = (0..5).map(|n| bench.sell(SEATS, n + 1, ago(50 - n), OrderStatus::Completed)).collect();
    let unsupported = bench.sell(SERVER, 1, ago(5), OrderStatus::Completed);
    bench.check(XERO).await;
    let mut ids = Vec::new();
    for number in &sales {
        let id = bench.task(XERO, number).await.task.id;
        let body = json!({ "text": "billed by hand in October" });
        bench.api.post(&format!("/v1/tasks/{id}/ignore"), &body).await;
        ids.push(id);
    }
    let state = |number: String| {
        let bench = &bench;
        async move { bench.task(XERO, &number).await.task }
    };
    let ignored = state(sales[0].clone()).await.ignored.unwrap();
    assert_eq!((ignored.reason.as_str(), ignored.by.as_str()), ("by-person", "admin"));
    assert_eq!(bench.plan(XERO).await.counts.get("planned"), None, "what is ignored is not planned");

    // One; two by id; the rest by filter. Nobody's consent is taken twice.
    bench.api.post(&format!("/v1/tasks/{}/unignore", ids[0]), &json!({})).await;
    let two: Value = bench.api.post("/v1/tasks/unignore", &json!({ "tasks": [ids[1], ids[2]] })).await;
    assert_eq!(two["unignored"], 2);
    let filter = json!({ "filter": { "connection": XERO, "reason": "by-person" } });
    let rest = bench.api.post("/v1/tasks/unignore", &filter).await;
    assert_eq!(rest["unignored"], 2);
    let (status, _) = bench.api.call(Method::POST, &format!("/v1/tasks/{}/unignore", ids[0]), Some(&json!({}))).await;
    assert!(status >= 400, "it is not ignored any more");
    // The rules are evaluated again: these are ready and can be planned.
    assert_eq!(bench.plan(XERO).await.counts["planned"], 5);
    for number in &sales {
        assert_eq!(state(number.clone()).await.state, "planned");
    }

    // What the rules ignored, they ignore again, with the same reason.
    let id = state(unsupported.clone()).await.id;
    bench.api.post(&format!("/v1/tasks/{id}/unignore"), &json!({})).await;
    bench.plan(XERO).await;
    let again = state(unsupported).await;
    assert_eq!(again.state, "ignored");
    assert_eq!(again.ignored.unwrap().reason, "unsupported-billing-model");
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_6_unignoring_by_filter_takes_back_what_fits_and_nothing_else() {
    let bench = Bench::start(nothing_sold(), &[xero_plugin().await]).await;
    bench.connect(json!({})).await;
    bench.check(XERO).await;
    let sales: Vec<String> = (0..4).map(|n| bench.sell(SEATS, n + 1, ago(50 - n), OrderStatus::Completed)).collect();
    let renewal = bench.order(Kind::Renewal, &sales[0], None, ago(20));
    bench.check(XERO).await;
    for number in &sales {
        let id = bench.task(XERO, number).await.task.id;
        bench.api.post(&format!("/v1/tasks/{id}/ignore"), &json!({ "text": "later" })).await;
    }
    let unignore = async |filter: Value| bench.api.call(Method::POST, "/v1/tasks/unignore", Some(&filter)).await;
    // A filter without any condition would be everybody's.
    for nothing in [json!({}), json!({ "filter": {} }), json!({ "tasks": [] })] {
        assert_eq!(unignore(nothing.clone()).await.0, 422, "{nothing}");
    }
    for (filter, expected) in [
        (json!({ "connection": "another", "reason": "by-person" }), 0),
        (json!({ "connection": XERO, "reason": "zero-amount" }), 0),
        (json!({ "connection": XERO, "reason": "by-person", "text": sales[1] }), 1),
        (json!({ "connection": XERO, "reason": "by-person" }), 3),
    ] {
        let (status, answer) = unignore(json!({ "filter": filter })).await;
        if expected == 0 {
            assert!(status >= 400 || answer["unignored"] == 0, "{filter}: {status} {answer}");
        } else {
            assert_eq!((status, &answer["unignored"]), (200, &json!(expected)), "{filter}: {answer}");
        }
    }
    assert_eq!(bench.task(XERO, &renewal).await.task.ignored.unwrap().reason, "unsupported-order-type");
    assert_eq!(bench.plan(XERO).await.counts["planned"], 4);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_6_what_a_rule_ignores_comes_back_with_the_rule() {
    let bench = Bench::start(nothing_sold(), &[xero_plugin().await]).await;
    bench.connect(json!({})).await;
    bench.check(XERO).await;
    let (open, other) =
        (bench.sell(SEATS, 2, ago(50), OrderStatus::Completed), bench.sell(BACKUP, 2, ago(40), OrderStatus::Completed));
    bench.check(XERO).await;
    bench.plan(XERO).await;
    let before = bench.task(XERO, &open).await.task;
    assert_eq!(before.state, "planned");

    let rule = |dry_run: bool| json!({ "connection": XERO, "product": SEATS, "order_type": "sales", "text": "sold as a bundle", "dry_run": dry_run });
    let dry = bench.api.post("/v1/rules", &rule(true)).await;
    assert_eq!(
        (dry["preview"]["count"].as_u64(), dry["preview"]["tasks"][0]["number"].as_str()),
        (Some(1), Some(open.as_str()))
    );
    assert_eq!(dry["preview"]["money"], json!([before.amount]));
    let made = bench.api.post("/v1/rules", &rule(false)).await;
    let ignored = bench.comes_to_be(&open, "ignored").await.ignored.unwrap();
    assert_eq!(ignored.reason, "excluded-product");
    for words in [SEATS, "sales orders", "admin", "sold as a bundle"] {
        assert!(ignored.text.contains(words), "{words}: {}", ignored.text);
    }
    assert_eq!(ignored.rule, made["rule"]["id"].as_str().map(str::to_owned));
    assert_eq!(bench.task(XERO, &other).await.task.state, "planned", "another product is nobody's business");
    // Orders to come are ignored as they are seen.
    let next = bench.sell(SEATS, 3, ago(30), OrderStatus::Completed);
    bench.check(XERO).await;
    assert_eq!(bench.task(XERO, &next).await.task.ignored.unwrap().reason, "excluded-product");

    let path = format!("/v1/rules/{}", made["rule"]["id"].as_str().unwrap());
    let (status, removed) = bench.api.call(Method::DELETE, &path, None).await;
    assert_eq!((status, removed["tasks"].as_u64()), (200, Some(2)), "{removed}");
    for number in [&open, &next] {
        bench.comes_to_be(number, "ready").await;
    }
    bench.plan(XERO).await;
    bench.sync(XERO).await;
    for number in [&open, &next, &other] {
        assert_eq!(bench.task(XERO, number).await.task.state, "synced");
    }
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_6_until_the_price_or_quantity_changes_the_same_months_stay_ignored() {
    let bench = Bench::start(nothing_sold(), &[xero_plugin().await]).await;
    bench.connect(json!({})).await;
    bench.check(XERO).await;
    let sale = bench.sell(SERVER, 2, ago(59), OrderStatus::Completed);
    let month = |minutes| bench.order(Kind::Billing, &sale, None, ago(minutes));
    let first = month(50);
    let billed = bench.marketplace_order(&first);
    assert!(billed.total > Decimal::ZERO, "else nothing is ignored");
    bench.check(XERO).await;
    let id = bench.comes_to_be(&first, "ready").await.id;
    let body = json!({ "text": "paid by card", "until": { "change": true } });
    bench.api.post(&format!("/v1/tasks/{id}/ignore"), &body).await;

    let (same, more) = (month(40), month(30));
    bench.revise(&same, |order| order.lines.clone_from(&billed.lines));
    bench.revise(&more, |order| {
        order.lines.clone_from(&billed.lines);
        let line = order.lines.iter_mut().find(|line| !line.extended.is_zero()).unwrap();
        line.quantity += Decimal::ONE;
        line.extended += line.unit_price;
    });
    bench.check(XERO).await;
    let held = bench.comes_to_be(&same, "ignored").await.ignored.unwrap();
    assert_eq!(
        (held.reason.as_str(), held.until_text.as_deref()),
        ("by-person", Some("until the price or quantity changes"))
    );
    assert!(held.text.contains("paid by card") && held.text.contains("admin"), "{}", held.text);
    bench.comes_to_be(&more, "ready").await;

    // Taken back, it takes its rule along, and with that what was held in its name.
    bench.api.post(&format!("/v1/tasks/{id}/unignore"), &json!({})).await;
    bench.comes_to_be(&same, "ready").await;
    let rules: Value = bench.api.get("/v1/rules").await;
    assert_eq!(rules["rules"], json!([]));
    bench.plan(XERO).await;
    assert_eq!(bench.task(XERO, &first).await.task.state, "planned");
    bench.stop().await;
}
