//! A plugin that does everything it must not do, in the running service: each attempt is stopped with a message that
//! names the rule, its tasks stay safe, nothing is written, and a healthy connection goes on meanwhile.

use std::time::{Duration, Instant};

use chrono::Utc;
use counterfoil_sim::world::{NewSale, OrderStatus, World, WorldSpec};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::bench::{Bench, SEATS, XERO, ago, customer, xero_plugin};
use crate::guests;
use crate::ledger::{Ledger, TOKEN};

/// Ids of the same plugin: three traps pause one of them, not the others.
const IDS: [&str; 4] = ["hostile-a", "hostile-b", "hostile-c", "hostile-d"];

struct Scene {
    bench: Bench,
    ledger: Ledger,
    _plugins: TempDir,
}

impl Scene {
    async fn start() -> Self {
        let plugins = TempDir::new().unwrap();
        let mut paths = vec![xero_plugin().await.to_owned()];
        for id in IDS {
            paths.push(guests::hostile(id, plugins.path()).await);
        }
        let spec =
            WorldSpec { customers: 3, subscriptions: 0, orders: 0, ..WorldSpec::new(4, Utc::now().date_naive()) };
        let paths: Vec<_> = paths.iter().map(std::path::PathBuf::as_path).collect();
        let bench = Bench::start(World::generate(&spec), &paths).await;
        let scene = Self { bench, ledger: Ledger::start().await, _plugins: plugins };
        scene.bench.connect(json!({})).await;
        for id in IDS {
            scene.behave(id, "good").await;
        }
        scene
    }

    /// What this one is to do when it plans.
    async fn behave(&self, id: &str, behaviour: &str) {
        let who = self.bench.market.with_world(|world| customer(world));
        let links = json!([
            { "kind": "party", "source": who, "target": "c-1", "name": "Somebody" },
            { "kind": "item", "source": SEATS, "target": "any", "name": "Seats" },
        ]);
        self.bench
            .setup(&json!({ "connection": { id: {
                "reseller": "demo", "plugin": id, "marketplace": "market", "base_url": self.ledger.url(),
                "plain_http": true, "private_addresses": true, "secrets": { "token": TOKEN },
                "settings": { "behaviour": behaviour }, "link": links,
            } } }))
            .await;
    }

    fn sell(&self, quantity: i64) -> String {
        self.bench.market.with_world(|world| {
            let sale = NewSale {
                customer_id: Some(customer(world)),
                mpn: Some(SEATS.to_owned()),
                quantity,
                at: ago(5),
                status: OrderStatus::Completed,
            };
            world.new_sale(&sale).unwrap()
        })
    }

    /// The refusal of a look-up: status and text.
    async fn refused(&self, id: &str, kind: &str, query: &str) -> (u16, String) {
        let mut url = reqwest::Url::parse("http://nowhere").unwrap();
        url.query_pairs_mut().append_pair("kind", kind).append_pair("query", query);
        let path = format!("/v1/connections/{id}/search?{}", url.query().unwrap());
        let (status, answer) = self.bench.api.call(Method::GET, &path, None).await;
        (status, answer.to_string())
    }

    fn writes(&self) -> usize {
        self.ledger.asked().iter().filter(|line| !line.starts_with("GET ")).count()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_mischief_of_a_guest_is_stopped_with_the_rule_named() {
    let scene = Scene::start().await;
    for (id, kind, says) in [
        ("hostile-a", "loop", "stopped after 1s"),
        ("hostile-a", "memory", "memory limit of 32 MiB"),
        ("hostile-a", "panic", "no lines in invoice acme"),
        ("hostile-b", "huge", "memory limit of 32 MiB"),
        ("hostile-b", "recurse", "call stack exhausted"),
        ("hostile-c", "exit", "exited with code"),
        ("hostile-c", "large", "too much data"),
        ("hostile-d", "many", "the list has 10001 entries"),
        ("hostile-d", "empty-id", "page.entities[0].id: is empty"),
        ("hostile-d", "scale", "page.entities[0].price: the number has scale 30"),
        ("hostile-d", "long-id", "page.entities[0].id: the text has 5000 bytes"),
    ] {
        let begun = Instant::now();
        let (status, text) = scene.refused(id, kind, "").await;
        assert!(status >= 400 && text.contains(says), "{kind}: {status} {text}");
        assert!(text.contains("Nothing was written."), "{kind}: {text}");
        assert!(begun.elapsed() < Duration::from_secs(6), "{kind} took {:?}", begun.elapsed());
        // Nobody else notices: the same plugin under another id answers.
        let (status, text) = scene.refused("hostile-d", "behave", "").await;
        assert_eq!(status, 200, "after {kind}: {text}");
    }
    assert_eq!(scene.ledger.asked(), Vec::<String>::new(), "none of it reached the billing system");
    scene.bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_on_the_card_does_not_leave_the_host() {
    let scene = Scene::start().await;
    let (status, text) = scene.refused("hostile-a", "request", "GET /me").await;
    assert_eq!((status, text.contains("status-200")), (200, true), "the door on the card is open: {text}");
    let before = scene.ledger.asked();
    for (kind, query, says) in [
        // Method and path.
        ("request", "GET /payroll", "no door on the card"),
        ("request", "DELETE /charges/1", "no door on the card"),
        ("request", "TRACE /me", "method is none of"),
        // A write in a reader's clothes, and the reverse.
        ("request", "POST /charges", "asked for as a read"),
        ("write", "", "nothing may be written"),
        // Another host, however it is written.
        ("request", "GET https://evil.example/me", "nothing was sent"),
        ("request", "GET //evil.example/me", "nothing was sent"),
        ("request", "GET /customers/../payroll", "nothing was sent"),
        ("request", "GET /customers/%2e%2e", "nothing was sent"),
        // Credentials are the host's to put in.
        ("authorization", "", "Authorization"),
        ("keyless", "", "needs a key"),
    ] {
        let (status, text) = scene.refused("hostile-a", kind, query).await;
        let told = text.to_lowercase().contains(&says.to_lowercase());
        assert!(status >= 400 && told, "{kind} {query}: {status} {text}");
    }
    assert_eq!(scene.ledger.asked(), before, "nothing of it was sent");
    assert_eq!(scene.ledger.strangers(), 0);
    // A secret is in no answer, however it is asked for.
    let (_, text) = scene.refused("hostile-a", "environment", "").await;
    assert!(!text.contains(TOKEN), "{text}");
    scene.bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_of_a_guest_that_cannot_plan_stay_safe() {
    let scene = Scene::start().await;
    let bench = &scene.bench;
    let mut numbers = Vec::new();
    // Each of them makes plans that the contract, or the checker, does not let through.
    for (id, behaviour, says) in [
        ("hostile-a", "loop", "stopped after 1s"),
        ("hostile-b", "document", "is not on the card"),
        ("hostile-c", "other-job", "the plan is for another job"),
        ("hostile-d", "good", "is in no change"),
    ] {
        scene.behave(id, behaviour).await;
        numbers.push(scene.sell(3));
        bench.check(id).await;
        let run = bench.plan(id).await;
        let told = format!("{:?}", run.problems);
        assert!(told.contains(says), "{behaviour}: {run:#?}");
        let planned = bench.tasks(id, "planned").await;
        assert_eq!(planned.is_empty(), behaviour != "good", "{behaviour}: {planned:#?}");
        for task in planned {
            // What the checker blocks, nobody can confirm.
            let body =
                json!({ "connection": id, "plans": [task.plan.unwrap()], "accept": ["line-missing", "plan-total"] });
            let (status, refusal) = bench.api.call(Method::POST, "/v1/syncs", Some(&body)).await;
            assert_eq!((status >= 400, refusal["code"].as_str()), (true, Some("plan-blocked")), "{refusal}");
        }
        for task in bench.tasks(id, "").await {
            assert!(["planned", "parked", "ready"].contains(&task.state.as_str()), "{task:#?}");
            assert!(task.state != "parked" || task.failure.is_some(), "{task:#?}");
        }
        assert_eq!(bench.tasks(id, "").await.len(), numbers.len(), "no order is lost");
    }
    assert_eq!(scene.writes(), 0, "nothing was written");
    scene.bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_healthy_connection_goes_on_beside_guests_that_hold_their_threads() {
    let scene = Scene::start().await;
    let bench = &scene.bench;
    bench.check(XERO).await;
    let due: Vec<String> = (1..=3).map(|quantity| scene.sell(quantity)).collect();
    let healthy = async {
        bench.check(XERO).await;
        bench.plan(XERO).await;
        bench.sync(XERO).await;
    };
    let mischief = async {
        let mut told = Vec::new();
        for _ in 0..2 {
            let calls = ["hostile-a", "hostile-b", "hostile-c", "hostile-d"].map(|id| scene.refused(id, "loop", ""));
            let [a, b, c, d] = calls;
            let (a, b, c, d) = tokio::join!(a, b, c, d);
            told.extend([a, b, c, d]);
        }
        told
    };
    let begun = Instant::now();
    let ((), told) = tokio::join!(healthy, mischief);
    assert!(told.iter().all(|(status, text)| *status >= 400 && text.contains("stopped after 1s")), "{told:?}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let sum = bench.market.with_world(|world| {
        due.iter().map(|number| world.order_numbered(number).unwrap().total).sum::<rust_decimal::Decimal>()
    });
    assert_eq!(bench.books.state().net_total(), sum);
    let summary: Value = bench.api.get("/v1/summary").await;
    assert_eq!(summary["unfinished_runs"], 0);
    scene.bench.stop().await;
}
