//! Catalog sync at the door: what starts a run and what is refused, what a run shows, presets, and what the setup says of a
//! marketplace of catalogs. The engine is not here: runs end as the tests say.

use std::collections::BTreeMap;

use chrono::Duration;
use counterfoil_domain::catalog::{
    CatalogRun, CatalogStep, Cause, Change, ChangeKind, Delta, Edit, HeldBack, Note, Options, Reason, Step, StepState,
    SyncOption, Upstream,
};
use counterfoil_domain::connection::{Exceptions, Marketplace, MarketplaceKind};
use counterfoil_domain::ports::{CatalogStore as _, SetupStore as _, Write};
use counterfoil_domain::run::RunState;
use counterfoil_server::Role;
use serde_json::{Value, json};

use crate::client::Reply;
use crate::world::World;

async fn world() -> World {
    let world = World::new().await.with_connection("xero-main").await;
    for (id, display) in [("plans", None), ("other", Some("follow"))] {
        let settings: BTreeMap<String, String> =
            display.map(|text: &str| ("display_category".to_owned(), text.to_owned())).into_iter().collect();
        let marketplace = Marketplace {
            id: id.into(),
            reseller: "acme".into(),
            kind: MarketplaceKind::CatalogFiles,
            location: "/data/plans".into(),
            settings,
            exceptions: Exceptions::default(),
        };
        world.put(vec![Write::PutMarketplace(marketplace)]).await;
    }
    world
}

async fn post(world: &World, what: &str, body: &Value) -> Reply {
    world.call(Role::Operator, "POST", &format!("/v1/catalog/{what}"), Some(body)).await
}

async fn keyed(world: &World, what: &str, body: &Value, key: &str) -> Reply {
    world.keyed(Role::Operator, "POST", &format!("/v1/catalog/{what}"), Some(body), Some(key)).await
}

fn wish(marketplace: &str, reseller: &str) -> Value {
    json!({ "marketplace": marketplace, "scope": { "reseller": reseller }, "options": ["update-plan-fees"] })
}

fn id(reply: &Reply) -> String {
    assert_eq!(reply.status, 202, "{}", reply.body);
    let id = reply.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(reply.header("location").unwrap(), format!("/v1/catalog/runs/{id}"));
    id
}

/// As the engine would end it. A little later something else is asked.
async fn ends(world: &World, run: &str, state: RunState) {
    let run = world.store.catalog_run(&run.into()).await.unwrap().unwrap();
    world.put(vec![Write::UpdateCatalogRun(CatalogRun { state, ..run })]).await;
    world.clock.advance(Duration::seconds(1));
}

async fn previewed(world: &World, reseller: &str) -> String {
    let preview = id(&post(world, "previews", &wish("plans", reseller)).await);
    ends(world, &preview, RunState::Done).await;
    preview
}

#[tokio::test]
async fn a_preview_is_queued_as_it_was_asked_for() {
    let world = world().await;
    let asked = json!({
        "marketplace": "other", "scope": { "resellers": ["r-2", "r-1"] }, "levels": "all",
        "options": ["update-resource-prices", "create-new-plans-and-plan-periods"],
    });
    let reply = post(&world, "previews", &asked).await;
    let run = id(&reply);
    let shown = world.get(&format!("/v1/catalog/runs/{run}")).await.json();
    assert_eq!(shown, reply.json());
    let expected = json!({
        "id": run, "reseller": "acme", "marketplace": "other", "kind": "preview", "of": null,
        "scope": { "resellers": ["r-1", "r-2"] }, "levels": "all",
        "options": ["create-new-plans-and-plan-periods", "update-resource-prices"], "display": "follow",
        "state": "queued", "is_over": false, "asked_by": "operator", "asked_at": "2026-11-21T09:12:00Z",
        "started_at": null, "finished_at": null, "total": null, "done": 0, "notes": [], "problem": null,
    });
    assert_eq!(shown, expected);
    let audit = world.store.audit(1).await.unwrap();
    let detail = "other: 2 resellers, levels all; create-new-plans-and-plan-periods, update-resource-prices";
    assert_eq!((audit[0].action.as_str(), audit[0].detail.as_str()), ("catalog.preview", detail));
    let stay = json!({ "marketplace": "plans", "scope": { "template": "gold" }, "options": [], "display": "follow" });
    let shown = post(&world, "previews", &stay).await.json();
    assert_eq!((&shown["display"], &shown["levels"]), (&json!("follow"), &json!("one")));
}

#[tokio::test]
async fn what_is_wrong_with_a_preview_is_named_and_nothing_is_started() {
    let world = world().await;
    let scope = json!({ "template": "gold" });
    for (body, pointer, word) in [
        (json!({ "marketplace": "ingram", "scope": scope, "options": [] }), "/marketplace", "catalog-files"),
        (json!({ "marketplace": "plan", "scope": scope, "options": [] }), "/marketplace", "did you mean \"plans\"?"),
        (json!({ "marketplace": "plans", "scope": {}, "options": [] }), "/scope", "exactly one"),
        (
            json!({ "marketplace": "plans", "scope": { "template": "a", "reseller": "b" }, "options": [] }),
            "/scope",
            "exactly one",
        ),
        (json!({ "marketplace": "plans", "scope": { "resellers": [] }, "options": [] }), "/scope", "at least one"),
        (json!({ "marketplace": "plans", "scope": { "reseller": " " }, "options": [] }), "/scope/reseller", "empty"),
        (json!({ "marketplace": "plans", "scope": scope }), "/options", "either options or a preset"),
        (
            json!({ "marketplace": "plans", "scope": scope, "options": ["update-plan-fees", "update-plan-feez"] }),
            "/options/1",
            "did you mean \"update-plan-fees\"?",
        ),
        (json!({ "marketplace": "plans", "scope": scope, "preset": "x" }), "/preset", "there is no preset"),
        (json!({ "marketplace": "plans", "scope": scope, "options": [], "levels": "two" }), "/levels", "one, all"),
        (
            json!({ "marketplace": "plans", "scope": scope, "options": [], "display": "preserved" }),
            "/display",
            "did you mean \"preserve\"?",
        ),
    ] {
        let reply = post(&world, "previews", &body).await;
        assert_eq!((reply.status, reply.problem().as_str()), (422, "invalid"), "{body}");
        let error = &reply.json()["errors"][0];
        assert_eq!(error["pointer"], pointer, "{body}");
        assert!(error["detail"].as_str().unwrap().contains(word), "{error}");
    }
    assert!(world.store.catalog_runs(None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_run_is_started_once_and_catalogs_have_one_at_a_time() {
    let world = world().await;
    let run = id(&keyed(&world, "previews", &wish("plans", "r-1"), "k1").await);
    let again = keyed(&world, "previews", &wish("plans", "r-1"), "k1").await;
    assert_eq!((id(&again), again.header("idempotent-replayed")), (run.clone(), Some("true")));
    let other = keyed(&world, "previews", &wish("plans", "r-2"), "k1").await;
    assert_eq!((other.status, other.problem().as_str()), (422, "idempotency-key-reused"));
    let same = post(&world, "previews", &wish("plans", "r-1")).await;
    assert_eq!((same.status, &same.json()["id"]), (200, &json!(run)));
    let busy = post(&world, "previews", &wish("plans", "r-2")).await;
    assert_eq!((busy.status, busy.problem().as_str()), (409, "catalog-busy"));
    assert!(busy.body.contains(&run), "{}", busy.body);
    // Other catalogs are not held up.
    id(&post(&world, "previews", &wish("other", "r-1")).await);
    ends(&world, &run, RunState::Done).await;
    assert_eq!(id(&keyed(&world, "previews", &wish("plans", "r-1"), "k1").await), run, "also when it is over");
    assert_eq!(world.store.catalog_runs(None, 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_sync_takes_a_preview_that_is_done_and_none_twice() {
    let world = world().await;
    let body = |preview: &str| json!({ "preview": preview });
    let missing = post(&world, "syncs", &body("run_none")).await;
    assert_eq!((missing.status, &missing.json()["errors"][0]["code"]), (422, &json!("unknown-run")));
    let preview = id(&post(&world, "previews", &wish("plans", "r-1")).await);
    let early = post(&world, "syncs", &body(&preview)).await;
    assert_eq!((early.status, early.problem().as_str()), (409, "catalog-state"));
    ends(&world, &preview, RunState::Failed).await;
    let failed = post(&world, "syncs", &body(&preview)).await;
    assert_eq!((failed.status, failed.problem().as_str()), (409, "catalog-state"));

    let preview = previewed(&world, "r-1").await;
    let reply = keyed(&world, "syncs", &body(&preview), "s1").await;
    let sync = id(&reply);
    let shown = reply.json();
    assert_eq!((&shown["kind"], &shown["of"]), (&json!("sync"), &json!(preview)));
    assert_eq!(shown["options"], json!(["update-plan-fees"]));
    let twice = post(&world, "syncs", &body(&preview)).await;
    assert_eq!((twice.status, &twice.json()["id"]), (200, &json!(sync)), "a second click follows the first");
    ends(&world, &sync, RunState::Done).await;
    assert_eq!(id(&keyed(&world, "syncs", &body(&preview), "s1").await), sync);
    let twice = post(&world, "syncs", &body(&preview)).await;
    assert_eq!((twice.status, twice.problem().as_str()), (409, "catalog-state"));
    assert!(twice.body.contains(&sync), "{}", twice.body);
    let kind = post(&world, "syncs", &body(&sync)).await;
    assert_eq!((kind.status, &kind.json()["errors"][0]["code"]), (422, &json!("other-kind")));
    let actions: Vec<String> = world.store.audit(2).await.unwrap().into_iter().map(|entry| entry.action).collect();
    assert_eq!(actions, ["catalog.sync", "catalog.preview"]);
}

#[tokio::test]
async fn a_preview_from_before_another_sync_is_stale_where_both_may_reach_the_same() {
    let world = world().await;
    let old = previewed(&world, "r-1").await;
    let apart = previewed(&world, "r-2").await;
    let newer = previewed(&world, "r-1").await;
    let sync = id(&post(&world, "syncs", &json!({ "preview": newer })).await);
    ends(&world, &sync, RunState::Incomplete).await;
    let stale = post(&world, "syncs", &json!({ "preview": old })).await;
    assert_eq!((stale.status, stale.problem().as_str()), (412, "catalog-stale"));
    assert!(stale.body.contains(&sync), "{}", stale.body);
    id(&post(&world, "syncs", &json!({ "preview": apart })).await);
}

#[tokio::test]
async fn only_the_last_sync_is_taken_back_and_once() {
    let world = world().await;
    let mut syncs = Vec::new();
    for reseller in ["r-1", "r-2"] {
        let preview = previewed(&world, reseller).await;
        let sync = id(&post(&world, "syncs", &json!({ "preview": preview })).await);
        let early = post(&world, "undos", &json!({ "sync": sync })).await;
        assert_eq!((early.status, early.problem().as_str()), (409, "catalog-state"));
        ends(&world, &sync, RunState::Done).await;
        syncs.push(sync);
    }
    let first = post(&world, "undos", &json!({ "sync": syncs[0] })).await;
    assert_eq!((first.status, first.problem().as_str()), (412, "catalog-stale"));
    // One that could not do it is no reason not to try again.
    let body = json!({ "sync": syncs[1] });
    let undo = id(&post(&world, "undos", &body).await);
    ends(&world, &undo, RunState::Failed).await;
    let reply = post(&world, "undos", &body).await;
    let undo = id(&reply);
    assert_eq!((&reply.json()["kind"], &reply.json()["of"]), (&json!("undo"), &json!(syncs[1])));
    let twice = post(&world, "undos", &body).await;
    assert_eq!((twice.status, &twice.json()["id"]), (200, &json!(undo)));
    ends(&world, &undo, RunState::Done).await;
    let twice = post(&world, "undos", &body).await;
    assert_eq!((twice.status, twice.problem().as_str()), (409, "catalog-state"));
    let list = world.get("/v1/catalog/runs?kind=undo&marketplace=plans").await.json();
    assert_eq!(list["runs"].as_array().unwrap().len(), 2);
    assert_eq!(list["runs"][0]["id"], json!(undo), "newest first");
    let first = world.get("/v1/catalog/runs?limit=2").await.json();
    assert_eq!(first["has_more"], true);
    let next = world.get(&format!("/v1/catalog/runs?after={}", first["next"].as_str().unwrap())).await.json();
    assert_eq!(next["runs"].as_array().unwrap().len(), 4);
}

fn step(run: &str, place: u64, state: StepState) -> CatalogStep {
    let at = Step {
        reseller: format!("r-{place}").as_str().into(),
        upstream: if place == 0 { Upstream::Provider } else { Upstream::Reseller("r-0".into()) },
        template: "gold".into(),
        level: 1,
    };
    let change = Change {
        option: SyncOption::UpdateOrderFlow,
        reason: Reason::Differs,
        subject: "Mail".into(),
        edit: Edit::SaleAvailability {
            plan: "mail".into(),
            resource: "disk".into(),
            to: Delta { before: true, after: false },
        },
    };
    let held = HeldBack {
        kind: ChangeKind::ResourcePrice,
        cause: Cause::OptionOff,
        options: Options::NONE.with(SyncOption::UpdatePrices),
        changes: vec![change.clone(), change.clone(), change.clone()],
    };
    let note = Note::PublishedDiffers { plan: "mail".into(), name: "Mail".into(), provider: true };
    let mut step = CatalogStep::new(&run.into(), place, &at, state);
    (step.changes, step.held, step.notes, step.digest) = (vec![change], vec![held], vec![note], "d1".into());
    step
}

#[tokio::test]
async fn what_becomes_of_each_reseller_is_read_page_by_page_and_in_full() {
    let world = world().await;
    let run = previewed(&world, "r-0").await;
    let states = |place: u64| match place {
        1 => StepState::Refused { why: "moved".into() },
        2 => StepState::TakenBack { left: vec!["plan/mail/standing".into()] },
        _ => StepState::Compared,
    };
    let steps = (0..120).map(|place| Write::PutCatalogStep(step(&run, place, states(place))));
    world.put(steps.collect()).await;
    let base = format!("/v1/catalog/runs/{run}/resellers");
    let (mut seen, mut query) = (Vec::new(), "?limit=50".to_owned());
    loop {
        let page = world.get(&format!("{base}{query}")).await.json();
        seen.extend(page["resellers"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_u64() else { break };
        assert_eq!(page["has_more"], true);
        query = format!("?limit=50&after={next}");
    }
    assert_eq!(seen.len(), 120);
    assert!(seen.iter().enumerate().all(|(place, one)| one["place"] == place));
    let expected = json!({
        "place": 1, "reseller": "r-1", "upstream": "r-0", "template": "gold", "level": 1, "state": "refused",
        "why": "moved", "counts": { "sale-availability": 1 },
        "held": ["3 price changes not sent: Update Resource Prices is off"], "left": [], "digest": "d1",
    });
    assert_eq!(seen[1], expected);
    assert_eq!((&seen[2]["left"], &seen[0]["upstream"]), (&json!(["plan/mail/standing"]), &Value::Null));
    for (query, places) in [("?state=refused", json!([1])), ("?reseller=r-99", json!([99])), ("?reseller=r", json!([]))]
    {
        let page = world.get(&format!("{base}{query}")).await.json();
        let found: Vec<Value> = page["resellers"].as_array().unwrap().iter().map(|one| one["place"].clone()).collect();
        assert_eq!(json!(found), places);
    }
    let turn = world.get(&format!("{base}/0")).await.json();
    let change = json!({
        "key": "plan/mail/rate/disk/sale-availability", "kind": "sale-availability", "subject": "Mail",
        "before": "available for sale", "after": "not available for sale", "option": "update-order-flow",
        "reason": "differs", "why": Reason::Differs.sentence(),
    });
    assert_eq!((&turn["changes"], &turn["run"], &turn["state"]), (&json!([change]), &json!(run), &json!("compared")));
    assert_eq!((&turn["held_back"][0]["count"], &turn["held_back"][0]["changes"][2]), (&json!(3), &change));
    assert_eq!(turn["notes"][0]["note"], "published-differs");
    for place in ["120", "x", "-1"] {
        let reply = world.get(&format!("{base}/{place}")).await;
        assert_eq!((reply.status, reply.problem().as_str()), (404, "not-found"));
    }
}

#[tokio::test]
async fn a_catalog_run_is_followed_to_its_end() {
    let world = world().await;
    let run = id(&post(&world, "previews", &wish("plans", "r-1")).await);
    let path = format!("/v1/catalog/runs/{run}/events");
    let follower = world.get(&path);
    let engine = async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        ends(&world, &run, RunState::Done).await;
        world.changed.send(run.as_str().into()).unwrap();
    };
    let (seen, ()) = tokio::join!(follower, engine);
    assert_eq!((seen.status, seen.header("content-type")), (200, Some("text/event-stream")));
    let events: Vec<&str> = seen.body.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    assert_eq!(events, ["progress", "done"]);
    assert!(seen.body.contains("\"kind\":\"preview\"") && seen.body.contains("\"state\":\"done\""), "{}", seen.body);
    assert_eq!(world.get("/v1/catalog/runs/run_none/events").await.status, 404);
}

#[tokio::test]
async fn presets_are_saved_used_replaced_and_removed() {
    let world = world().await;
    let path = "/v1/catalog/presets/nightly%20prices";
    let save = |options: Value| json!({ "options": options, "display": "follow" });
    let bad = world.call(Role::Operator, "PUT", path, Some(&save(json!(["prices"])))).await;
    assert_eq!((bad.status, &bad.json()["errors"][0]["pointer"]), (422, &json!("/options/0")));
    for options in [json!(["update-plan-fees"]), json!(["update-resource-prices"])] {
        let saved = world.call(Role::Operator, "PUT", path, Some(&save(options))).await;
        assert_eq!(saved.status, 200, "{}", saved.body);
    }
    let list = world.get("/v1/catalog/presets").await.json();
    let expected = json!([{
        "reseller": "acme", "name": "nightly prices", "options": ["update-resource-prices"], "display": "follow",
        "by": "operator", "at": "2026-11-21T09:12:00Z",
    }]);
    assert_eq!(list["presets"], expected);
    let wish = json!({ "marketplace": "plans", "scope": { "template": "gold" }, "preset": "nightly prices" });
    let run = post(&world, "previews", &wish).await.json();
    assert_eq!((&run["options"], &run["display"]), (&json!(["update-resource-prices"]), &json!("follow")));
    let removed = world.call(Role::Operator, "DELETE", path, None).await;
    assert_eq!((removed.status, &removed.json()["removed"]["name"]), (200, &json!("nightly prices")));
    assert_eq!(world.call(Role::Operator, "DELETE", path, None).await.status, 404);
    let audit = world.store.audit(2).await.unwrap();
    assert_eq!(
        (audit[0].action.as_str(), audit[0].subject.as_str()),
        ("catalog.preset-removed", "acme/nightly prices")
    );
    for name in ["%20x", "x%0ay", &"n".repeat(65)] {
        let path = format!("/v1/catalog/presets/{name}");
        assert_eq!(world.call(Role::Operator, "PUT", &path, Some(&save(json!([])))).await.status, 422, "{name}");
    }
}

#[tokio::test]
async fn the_options_are_listed_in_their_groups() {
    let list = world().await.get("/v1/catalog/options").await.json();
    let options = list["options"].as_array().unwrap();
    assert_eq!(options.len(), SyncOption::ALL.len());
    assert_eq!(options[2]["group"], "synchronize-plans");
    assert_eq!(options[2]["label"], "Update Plan Fees");
}

#[tokio::test]
async fn a_marketplace_of_catalogs_is_no_source_of_orders() {
    let world = world().await;
    let catalogs = json!({ "reseller": "acme", "kind": "catalog-files", "location": "/data/new" });
    let over_http = json!({ "reseller": "acme", "kind": "catalog", "location": "plans.example.com" });
    let connection = |marketplace: &str| {
        json!({ "reseller": "acme", "plugin": "xero", "marketplace": marketplace,
        "auth": "oauth2-client-credentials", "settings": { "account_code": "200" },
        "secrets": { "client_id": "a", "client_secret": "b" } })
    };
    for (document, pointer, code) in [
        (json!({ "connection": { "c": connection("plans") } }), "/connection/c/marketplace", "holds-catalogs"),
        (
            json!({ "marketplace": { "new": catalogs }, "connection": { "c": connection("new") } }),
            "/connection/c/marketplace",
            "holds-catalogs",
        ),
        (json!({ "marketplace": { "ingram": catalogs } }), "/marketplace/ingram/kind", "fixed"),
        (json!({ "marketplace": { "new": over_http } }), "/marketplace/new/location", "bad-url"),
    ] {
        let reply = world.call(Role::Operator, "POST", "/v1/setup", Some(&document)).await;
        assert_eq!((reply.status, reply.problem().as_str()), (422, "setup-invalid"), "{document}: {}", reply.body);
        let errors = reply.json()["errors"].as_array().unwrap().clone();
        assert!(errors.iter().any(|e| e["pointer"] == pointer && e["code"] == code), "{document}: {errors:?}");
    }
    let reply =
        world.call(Role::Operator, "POST", "/v1/setup", Some(&json!({ "marketplace": { "new": catalogs } }))).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let kinds: Vec<MarketplaceKind> = world.store.marketplaces().await.unwrap().iter().map(|one| one.kind).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == MarketplaceKind::CatalogFiles).count(), 3);
    assert_eq!(kinds.iter().filter(|kind| kind.holds_catalogs()).count(), 3);
}
