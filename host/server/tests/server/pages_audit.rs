//! The audit log, by page and by API: newest first, narrowed by who, what, about and when, and gone through to its end
//! without losing or repeating a record.

use chrono::Duration;
use counterfoil_domain::ports::{AuditEntry, Write};
use counterfoil_server::Role;
use serde_json::Value;

use crate::client::Reply;
use crate::pages::Browser;
use crate::world::{World, now};

fn entry(minutes: i64, actor: &str, action: &str, subject: &str, detail: &str) -> Write {
    Write::Audit(AuditEntry {
        at: now() + Duration::minutes(minutes),
        actor: actor.into(),
        action: action.into(),
        subject: subject.into(),
        detail: detail.into(),
    })
}

async fn world() -> World {
    let world = World::new().await.with_connection("xero-main").await;
    world
        .put(vec![
            entry(0, "ann", "task.ignore", "task_1", "by-person: <b>hand</b> (41.80 USD)"),
            entry(1, "bob", "link.set", "xero-main/item/SEAT", "unlinked → linked to i-1 Seats"),
            entry(2, "ann", "rule.add", "rule_1", "customer 1: why"),
            entry(60 * 24, "ann", "task.unignore", "task_1", "41.80 USD"),
        ])
        .await;
    world
}

async fn asked(world: &World, query: &str) -> Reply {
    world.call(Role::Approver, "GET", &format!("/v1/audit?{query}"), None).await
}

fn actions(list: &Value) -> Vec<&str> {
    list["entries"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn records_are_narrowed_by_each_part_and_by_all() {
    let world = world().await;
    for (query, expected) in [
        ("", vec!["task.unignore", "rule.add", "link.set", "task.ignore"]),
        ("actor=bob", vec!["link.set"]),
        ("actor=bo", vec![]),
        ("action=task", vec!["task.unignore", "task.ignore"]),
        ("action=task.ignore", vec!["task.ignore"]),
        ("action=tas", vec![]),
        ("text=SEATS", vec!["link.set"]),
        ("text=rule_1", vec!["rule.add"]),
        ("from=2026-11-22", vec!["task.unignore"]),
        ("to=2026-11-21", vec!["rule.add", "link.set", "task.ignore"]),
        ("from=2026-11-21&to=2026-11-21&actor=ann&action=rule", vec!["rule.add"]),
    ] {
        let list = asked(&world, query).await.json();
        assert_eq!(actions(&list), expected, "{query}");
        assert_eq!((list["has_more"].as_bool(), &list["next"]), (Some(false), &Value::Null), "{query}");
    }
    for (query, status) in [("after=guess", 422), ("from=soon", 400), ("limit=0", 422), ("who=ann", 400)] {
        assert_eq!(asked(&world, query).await.status, status, "{query}");
    }
}

/// Many of one instant, more than one look takes, and new ones while somebody reads.
#[tokio::test]
async fn every_record_is_seen_once_whatever_is_written_meanwhile() {
    let world = World::new().await;
    let many = |from: i64, to: i64, minute: i64| {
        (from..to).map(move |n| entry(minute + n / 700, "ann", "task.ignore", &format!("task_{n}"), "x")).collect()
    };
    world.put(many(0, 2_500, 0)).await;
    let (mut seen, mut after, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let list = asked(&world, &format!("limit=400{after}")).await.json();
        let subjects =
            list["entries"].as_array().unwrap().iter().map(|one| one["subject"].as_str().unwrap().to_owned());
        seen.extend(subjects);
        pages += 1;
        // Of the instant that the first page began with, and later.
        world.put(many(3_000 + pages, 3_001 + pages, -1)).await;
        let Some(next) = list["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    let expected: Vec<String> = (0..2_500).rev().map(|n| format!("task_{n}")).collect();
    assert_eq!((pages, seen.len()), (7, 2_500));
    assert!(seen == expected, "in order, each once");
}

#[tokio::test]
async fn the_page_shows_who_when_what_and_before_and_after() {
    let world = world().await;
    let browser = Browser::signed_in(&world, Role::Approver).await;
    let page = browser.send("GET", "/audit", &[], None).await;
    assert_eq!(page.status, 200, "{}", page.body);
    for text in [
        "by-person: &#60;b&#62;hand&#60;/b&#62; (41.80 USD)",
        "<span class=\"dim\">unlinked</span> → linked to i-1 Seats",
        "href=\"/links?connection=xero-main&#38;kind=item&#38;source=SEAT\"",
        "href=\"/tasks/task_1\"",
        "2026-11-21<small>09:13:00</small>",
        "<td>bob</td>",
    ] {
        assert!(page.body.contains(text), "{text} is missing:\n{}", page.body);
    }
    assert!(!page.body.contains("<b>hand"), "{}", page.body);
    let some = browser.send("GET", "/audit?action=link&actor=&text=&from=&to=", &[], None).await;
    assert!(some.body.contains("<option value=\"link\" selected>") && !some.body.contains("task_1"), "{}", some.body);
    let none = browser.send("GET", "/audit?actor=%3Cscript%3E", &[], None).await;
    assert!(none.body.contains("No record fits this filter") && !none.body.contains("<script>"), "{}", none.body);
    assert_eq!(browser.send("GET", "/audit?from=soon", &[], None).await.status, 422);

    let viewer = Browser::signed_in(&world, Role::Viewer).await;
    assert_eq!(viewer.send("GET", "/audit", &[], None).await.status, 403);
    let home = viewer.send("GET", "/", &[], None).await;
    assert!(!home.body.contains("href=\"/audit\""), "the menu offers only what may be seen");
}

#[tokio::test]
async fn a_long_log_has_a_next_page_that_keeps_the_filter() {
    let world = World::new().await;
    let entries = (0..60).map(|n| entry(n, "ann", "task.ignore", &format!("task_{n}"), "x"));
    world.put(entries.collect()).await;
    let browser = Browser::signed_in(&world, Role::Approver).await;
    let first = browser.send("GET", "/audit?actor=ann&action=task", &[], None).await;
    let (_, rest) = first.body.split_once("class=\"button\" href=\"/audit?").unwrap();
    let href = rest.split('"').next().unwrap().replace("&#38;", "&");
    let next = rest
        .split_once("class=\"button\" href=\"/audit?")
        .map(|(_, next)| next.split('"').next().unwrap().replace("&#38;", "&"));
    let href = next.unwrap_or(href);
    assert!(href.starts_with("actor=ann&action=task&after="), "{href}");
    let second = browser.send("GET", &format!("/audit?{href}"), &[], None).await;
    assert!(second.body.contains("task_9<") && !second.body.contains("task_10<"), "{}", second.body);
    assert!(second.body.contains("10 on this page") && !second.body.contains("Older"), "{}", second.body);
}
