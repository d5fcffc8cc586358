//! Asking for a reconciliation: what is meant, by container or by name, and a target that cannot be reconciled.

use counterfoil_domain::card::Card;
use counterfoil_domain::link::{Link, LinkKey, LinkKind, LinkState, LinkTarget};
use counterfoil_domain::ports::*;
use counterfoil_domain::run::RunKind;
use counterfoil_server::Role;
use serde_json::{Value, json};

use crate::world::{World, card};

const PATH: &str = "/v1/connections/xero-main/reconcile";

fn link(subscription: &str, container: &str) -> Write {
    Write::PutLink(Link {
        key: LinkKey { connection: "xero-main".into(), kind: LinkKind::Container, source: subscription.into() },
        source_name: String::new(),
        state: LinkState::Linked(LinkTarget {
            id: container.into(),
            code: String::new(),
            name: String::new(),
            attributes: vec![],
        }),
        why: String::new(),
    })
}

async fn world(reconciles: bool) -> World {
    let world = World::of(false, Card { reconciles, ..card() }).await.with_connection("xero-main").await;
    world.put(vec![link("s1", "12"), link("s2", "12"), link("s3", "13")]).await;
    world
}

fn body(container: Value, subscriptions: Value, period: &str) -> Value {
    json!({ "container": container, "subscriptions": subscriptions, "period": period })
}

const NOVEMBER: &str = "2026-11-01/2026-12-01";

#[tokio::test]
async fn a_container_means_all_that_is_linked_to_it_and_names_may_stand_beside_it() {
    for (container, subscriptions, expected) in [
        (json!("12"), json!([]), vec!["s1", "s2"]),
        (json!(null), json!(["s3"]), vec!["s3"]),
        (json!("12"), json!(["s3", "s1"]), vec!["s1", "s2", "s3"]),
    ] {
        let world = world(true).await;
        let asked = body(container, subscriptions, NOVEMBER);
        let reply = world.call(Role::Biller, "POST", PATH, Some(&asked)).await;
        assert_eq!(reply.status, 202, "{}", reply.body);
        let run = reply.json();
        assert_eq!((&run["kind"], &run["subscriptions"]), (&json!("reconcile"), &json!(expected)));
        assert_eq!(run["days"], json!({ "from": "2026-11-01", "to": "2026-11-30" }));
        let id = run["id"].as_str().unwrap();
        let stored = world.store.run(&id.into()).await.unwrap().unwrap();
        assert!(
            matches!(stored.kind, RunKind::Reconcile { subscriptions, .. } if subscriptions.len() == expected.len())
        );
        let again = world.call(Role::Biller, "POST", PATH, Some(&asked)).await;
        assert_eq!((again.status, again.json()["id"].as_str()), (200, Some(id)), "it is under way");
    }
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_by_name() {
    let world = world(true).await;
    for (asked, code, pointer) in [
        (body(json!("99"), json!([]), NOVEMBER), "nothing-linked", "/container"),
        (body(json!(null), json!(["s1", "s9"]), NOVEMBER), "not-linked", "/subscriptions/1"),
        (body(json!(null), json!([]), NOVEMBER), "out-of-range", "/subscriptions"),
        (body(json!("12"), json!([]), "November"), "bad-period", "/period"),
        (body(json!("12"), json!([]), "2026-12-01/2026-11-01"), "bad-period", "/period"),
        (body(json!("12"), json!([]), "2020-12-01/2026-11-01"), "bad-period", "/period"),
    ] {
        let reply = world.call(Role::Biller, "POST", PATH, Some(&asked)).await;
        assert_eq!(reply.status, 422, "{asked}: {}", reply.body);
        let fault = reply.json()["errors"][0].clone();
        assert_eq!((&fault["code"], &fault["pointer"]), (&json!(code), &json!(pointer)), "{asked}");
    }
    assert!(world.store.runs(None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_target_without_containers_says_so() {
    let world = world(false).await;
    let reply = world.call(Role::Biller, "POST", PATH, Some(&body(json!("12"), json!([]), NOVEMBER))).await;
    assert_eq!((reply.status, reply.problem().as_str()), (409, "unsupported"));
    assert!(reply.body.contains("unsupported by Xero"), "{}", reply.body);
}
