//! Containers are read anew for each plan and once more before it goes out; where nothing is linked to one, nobody asks.

use counterfoil_domain::connection::HostRules;
use counterfoil_domain::directory::Entity;
use counterfoil_domain::id::{Actor, EntityId};
use counterfoil_domain::link::LinkKind;
use counterfoil_domain::order::OrderType;
use counterfoil_domain::plan::Severity;
use counterfoil_domain::ports::Write;
use counterfoil_domain::run::{Run, RunKind, Selection};
use counterfoil_domain::task::{Task, TaskState};

use super::desk::{Desk, link};
use super::market::{order, subscription, usd};
use super::turns::sheet;

fn agreement(id: &str, told: &[(&str, &str)]) -> Entity {
    Entity {
        kind: "container".into(),
        id: EntityId::new(id),
        code: String::new(),
        name: format!("Agreement {id}"),
        currency: Some(usd()),
        cycle: Some("P1M".into()),
        active: true,
        price: None,
        cost: None,
        attributes: told.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    }
}

/// A sale of each of these subscriptions, ready to be planned.
async fn desk(subscriptions: &[&str]) -> Desk {
    let desk = Desk::with(HostRules::default()).await;
    desk.check().await;
    for (place, id) in subscriptions.iter().enumerate() {
        let sale = order(&place.to_string(), OrderType::Sales, id, "2026-11-20");
        desk.market.add(sale);
        desk.market.state.lock().unwrap().subscriptions.push(subscription(id, 1));
    }
    desk.check().await;
    desk
}

async fn linked(desk: &Desk, subscription: &str) {
    desk.store.commit(vec![link("x", LinkKind::Container, subscription)]).await.unwrap();
}

async fn plan(desk: &Desk) -> Run {
    desk.paper.got.lock().unwrap().clear();
    desk.run("x", RunKind::Plan(Selection::AllReady)).await
}

fn asked(desk: &Desk) -> Vec<(String, usize)> {
    desk.paper.got.lock().unwrap().clone()
}

async fn task(desk: &Desk, number: &str) -> Task {
    desk.tasks().await.into_iter().find(|task| task.number == number).unwrap()
}

#[tokio::test]
async fn where_nothing_is_linked_to_a_container_nobody_asks_for_one() {
    let desk = desk(&["s", "u"]).await;
    plan(&desk).await;
    assert_eq!(asked(&desk), []);
    assert_eq!(desk.paper.jobs.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn all_containers_of_a_batch_are_read_at_once_and_as_they_are_now() {
    let desk = desk(&["s", "u", "v", "w"]).await;
    for subscription in ["s", "u", "v"] {
        linked(&desk, subscription).await;
    }
    let all = ["t-s", "t-u", "t-v"].map(|id| agreement(id, &[("prorate", "true"), ("invoiced-until", "2026-12-01")]));
    *desk.paper.containers.lock().unwrap() = Some(all.into());
    plan(&desk).await;
    assert_eq!(asked(&desk), [("container".to_owned(), 3)]);
    let jobs = desk.paper.jobs.lock().unwrap().clone();
    assert_eq!(jobs.len(), 4, "who needs none is planned as well");
    let told = |subscription: &str| {
        let job = jobs.iter().find(|job| job.order.subscription_id == subscription).unwrap();
        let link = job.links.iter().find(|link| link.kind == LinkKind::Container)?;
        Some(format!("{}: {:?}", link.target_name, link.attributes))
    };
    let told_of_s = told("s").unwrap();
    for part in ["Agreement t-s", "prorate", "2026-12-01", "active", "P1M", "USD"] {
        assert!(told_of_s.contains(part), "{part}: {told_of_s}");
    }
    assert_eq!(told("w"), None);
}

#[tokio::test]
async fn a_container_that_is_gone_is_named_and_holds_up_no_other() {
    let desk = desk(&["s", "u"]).await;
    linked(&desk, "s").await;
    linked(&desk, "u").await;
    *desk.paper.containers.lock().unwrap() = Some(vec![agreement("t-u", &[])]);
    let run = plan(&desk).await;
    assert_eq!(desk.paper.jobs.lock().unwrap().len(), 1);
    let gone = run.problems.iter().find(|problem| problem.code == "container-gone").unwrap();
    assert_eq!(
        gone.message,
        "N-0: s (t-s) is not in x any more, so there is nothing that its lines could go into. Nothing was written; \
         link subscription s to another container and plan again."
    );
    assert!(matches!(task(&desk, "N-0").await.state, TaskState::Parked { .. }));
}

#[tokio::test]
async fn a_target_that_knows_of_no_containers_is_planned_for_as_linked() {
    let desk = desk(&["s"]).await;
    linked(&desk, "s").await;
    plan(&desk).await;
    assert_eq!(asked(&desk), [("container".to_owned(), 1)]);
    let jobs = desk.paper.jobs.lock().unwrap();
    let link = jobs[0].links.iter().find(|link| link.kind == LinkKind::Container).unwrap();
    assert_eq!((link.target_name.as_str(), link.attributes.len()), ("s", 0));
}

#[tokio::test]
async fn an_agreement_that_was_invoiced_meanwhile_makes_the_plan_stale() {
    for (what, after, stale) in [
        ("nothing happened", agreement("t-s", &[("invoiced-until", "2026-11-01")]), false),
        ("it was invoiced", agreement("t-s", &[("invoiced-until", "2026-12-01")]), true),
        (
            "it was switched to prorate",
            agreement("t-s", &[("invoiced-until", "2026-11-01"), ("prorate", "true")]),
            true,
        ),
        ("it was cancelled", Entity { active: false, ..agreement("t-s", &[("invoiced-until", "2026-11-01")]) }, true),
    ] {
        let desk = desk(&["s"]).await;
        linked(&desk, "s").await;
        *desk.paper.planner.lock().unwrap() = Some(sheet);
        *desk.paper.containers.lock().unwrap() = Some(vec![agreement("t-s", &[("invoiced-until", "2026-11-01")])]);
        plan(&desk).await;
        let planned = task(&desk, "N-0").await;
        let TaskState::Planned(digest) = planned.state.clone() else { panic!("{what}: {:?}", planned.state) };
        let state = TaskState::Queued { plan: digest.clone(), by: Actor::new("ann") };
        let queued = Task { state, version: planned.version + 1, ..planned };
        desk.store.commit(vec![Write::UpdateTask(queued)]).await.unwrap();
        *desk.paper.containers.lock().unwrap() = Some(vec![after]);
        let run = desk.run("x", RunKind::Sync(vec![digest])).await;
        let told = run.problems.iter().find(|problem| problem.code == "plan-stale");
        assert_eq!(told.is_some(), stale, "{what}: {:?}", run.problems);
        if let Some(told) = told {
            assert!(told.message.contains("a record in the target was changed"), "{what}: {}", told.message);
        }
    }
}

#[tokio::test]
async fn what_the_container_says_against_a_plan_stands_with_it() {
    let desk = desk(&["s"]).await;
    linked(&desk, "s").await;
    *desk.paper.planner.lock().unwrap() = Some(sheet);
    let yearly = Entity { cycle: Some("P1Y".into()), active: false, ..agreement("t-s", &[("status", "Cancelled")]) };
    *desk.paper.containers.lock().unwrap() = Some(vec![yearly]);
    plan(&desk).await;
    let TaskState::Planned(digest) = task(&desk, "N-0").await.state else { panic!("it is planned, and blocked") };
    let sealed = desk.store.plan(&digest).await.unwrap().unwrap();
    let blocks: Vec<&str> =
        sealed.findings.iter().filter(|f| f.severity == Severity::Blocks).map(|f| f.code.as_str()).collect();
    assert_eq!(blocks, ["container-inactive", "cycle-mismatch"]);
    let said = sealed.findings.iter().map(|f| f.message.as_str()).collect::<Vec<_>>().join("\n");
    assert!(said.contains("\"Agreement t-s\" is Cancelled in the target"), "{said}");
    assert!(said.contains("bills every year and the subscription every month"), "{said}");
}
