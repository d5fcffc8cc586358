//! The pages of reconciling: a form by days and agreement that asks what the API asks, what was found by subscription, and
//! the steps that wait in targets.

use chrono::Duration;
use counterfoil_domain::card::Card;
use counterfoil_domain::follow_up::{Awaited, FollowUp, FollowUpState};
use counterfoil_domain::link::{Link, LinkKey, LinkKind, LinkState, LinkTarget};
use counterfoil_domain::ports::{RunStore as _, Write};
use counterfoil_domain::run::{Problem, Run, RunState};
use counterfoil_server::Role;

use crate::pages::Browser;
use crate::pages_plugins::{FORM, submit};
use crate::world::{World, card, now};

fn link(subscription: &str, container: &str, name: &str) -> Write {
    Write::PutLink(Link {
        key: LinkKey { connection: "xero-main".into(), kind: LinkKind::Container, source: subscription.into() },
        source_name: String::new(),
        state: LinkState::Linked(LinkTarget {
            id: container.into(),
            code: String::new(),
            name: name.into(),
            attributes: vec![],
        }),
        why: String::new(),
    })
}

async fn world(reconciles: bool) -> World {
    let world = World::of(false, Card { reconciles, ..card() }).await.with_connection("xero-main").await;
    let links = vec![link("s1", "12", "Managed <b>"), link("s2", "12", "Managed <b>"), link("s3", "13", "")];
    world.put(links).await;
    world
}

#[tokio::test]
async fn the_form_names_agreements_and_the_month_and_asks_what_the_api_asks() {
    let world = world(true).await;
    let biller = Browser::signed_in(&world, Role::Biller).await;
    let page = biller.send("GET", "/reconcile", &[], None).await;
    assert_eq!(page.status, 200, "{}", page.body);
    for text in [
        "value=\"2026-11-01\"",
        "value=\"2026-11-30\"",
        "<option value=\"12\">Managed &#60;b&#62; (2)</option>",
        "<option value=\"13\">13 (1)</option>",
        "Nothing waits in a target.",
    ] {
        assert!(page.body.contains(text), "{text} is missing:\n{}", page.body);
    }
    let body = "connection=xero-main&first=2026-11-01&last=2026-11-30&container=12&subscriptions=s3";
    let started = submit(&biller, "/reconcile", body).await;
    assert_eq!(started.status, 303, "{}", started.body);
    let id = started.header("location").unwrap().strip_prefix("/reconcile/").unwrap().to_owned();
    let run = world.get(&format!("/v1/runs/{id}")).await.json();
    assert_eq!(run["subscriptions"], serde_json::json!(["s1", "s2", "s3"]));
    assert_eq!(run["days"], serde_json::json!({ "from": "2026-11-01", "to": "2026-11-30" }));
    let live = biller.send("GET", &format!("/reconcile/{id}"), &[], None).await.body;
    assert!(live.contains("data-run=") && live.contains("nothing is written") && live.contains("<noscript>"), "{live}");

    for (body, words) in [
        ("connection=xero-main&first=2026-11-31&last=2026-11-30&container=12", "2026-11-31"),
        ("connection=xero-main&first=2026-11-01&last=2026-11-30&subscriptions=s9", "s9 is linked to no agreement"),
        ("connection=xero-main&first=2026-11-01&last=2026-11-30", "name a container"),
    ] {
        let refused = submit(&biller, "/reconcile", body).await;
        assert!(refused.status == 422 && refused.body.contains(words), "{words}: {}", refused.body);
    }
    let viewer = Browser::signed_in(&world, Role::Viewer).await;
    assert!(!viewer.send("GET", "/reconcile", &[], None).await.body.contains("method=\"post\" action=\"/reconcile\""));
    assert_eq!(submit(&viewer, "/reconcile", body).await.status, 403);
    assert_eq!(biller.send("POST", "/reconcile", &[FORM], Some(body)).await.status, 403, "without its token");
    assert_eq!(world.store.runs(None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_target_in_which_nothing_recurs_says_so() {
    let world = world(false).await;
    let page = Browser::signed_in(&world, Role::Biller).await.send("GET", "/reconcile", &[], None).await.body;
    assert!(page.contains("Nothing recurs in these targets") && page.contains("Books &#60;xero-main&#62;"), "{page}");
    assert!(!page.contains("action=\"/reconcile\" aria-labelledby"), "{page}");
}

#[tokio::test]
async fn what_was_found_stands_by_task_and_what_was_not_compared_above_it() {
    let world = world(true).await;
    let (task, _) = world.planned("o1", vec![]).await;
    let biller = Browser::signed_in(&world, Role::Biller).await;
    let body = "connection=xero-main&first=2026-11-01&last=2026-11-30&container=12";
    let started = submit(&biller, "/reconcile", body).await;
    let location = started.header("location").unwrap().to_owned();
    let id = location.strip_prefix("/reconcile/").unwrap();
    let run = world.store.run(&id.into()).await.unwrap().unwrap();
    let problem = |code: &str, subject: &str, message: &str| Problem {
        code: code.into(),
        subject: subject.into(),
        message: message.into(),
    };
    let ended = Run {
        state: RunState::Incomplete,
        counts: vec![("missing".into(), 1), ("same".into(), 4)],
        problems: vec![
            problem("missing", task.as_str(), "SO1: missing"),
            problem("subscription-gone", "s2", "subscription <s2> is not in the marketplace"),
        ],
        ..run
    };
    world.put(vec![Write::UpdateRun(ended)]).await;
    let page = biller.send("GET", &location, &[], None).await.body;
    for text in ["<b>1</b>", "<b>4</b>", "subscription &#60;s2&#62; is not in the marketplace", "Differences"] {
        assert!(page.contains(text), "{text} is missing:\n{page}");
    }
    assert!(page.contains(&format!("/tasks/{task}")) && !page.contains("Both sides agree"), "{page}");
    let list = biller.send("GET", "/reconcile", &[], None).await.body;
    assert!(list.contains("missing 1, same 4") && list.contains(&location), "{list}");
    assert_eq!(biller.send("GET", "/reconcile/run_none", &[], None).await.status, 404);
}

#[tokio::test]
async fn steps_that_wait_stand_with_what_they_wait_for() {
    let world = world(true).await;
    let (task, plan) = world.planned("o1", vec![]).await;
    let step = |state| FollowUp {
        connection: "xero-main".into(),
        task: task.clone(),
        plan: plan.clone(),
        change: "allocation".into(),
        plugin: "d".into(),
        title: "Credit <of> CL1 allocated".into(),
        waits_for: "invoice INV-1 to be approved".into(),
        documents: vec![Awaited { document: "invoice".into(), reference: "inv-1".into() }],
        state,
        begun_at: now(),
        looked_at: None,
        looks: 0,
        failures: 0,
    };
    world.put(vec![Write::PutFollowUp(step(FollowUpState::Waiting { at: now() + Duration::hours(1) }))]).await;
    let viewer = Browser::signed_in(&world, Role::Viewer).await;
    let page = viewer.send("GET", "/reconcile", &[], None).await.body;
    for text in ["Credit &#60;of&#62; CL1", "invoice INV-1 to be approved", "invoice inv-1", "2026-11-21 10:12"] {
        assert!(page.contains(text), "{text} is missing:\n{page}");
    }
    let done = viewer.send("GET", "/reconcile?state=done&connection=", &[], None).await.body;
    assert!(done.contains("No step is in this state."), "{done}");
    let person = FollowUpState::Person { why: "It is there twice.".into(), at: now() };
    world.put(vec![Write::PutFollowUp(step(person))]).await;
    let page = viewer.send("GET", "/reconcile?state=person", &[], None).await.body;
    assert!(page.contains("needs you") && page.contains("It is there twice."), "{page}");
    assert_eq!(viewer.send("GET", "/reconcile?state=wating", &[], None).await.status, 422);
}
