//! Progress as server-sent events.

use std::time::Duration;

use counterfoil_domain::ports::{RunStore as _, Write};
use counterfoil_domain::run::RunState;
use counterfoil_server::Role;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;

use crate::client::{connect, head, parse};
use crate::world::{World, bearer};

struct Seen(Vec<(String, String, Value)>);

/// Reads until the stream ends.
async fn read(world: &World, run: &str, last: Option<&str>) -> Seen {
    let token = bearer(Role::Viewer);
    let mut headers = vec![("Authorization", token.as_str())];
    if let Some(last) = last {
        headers.push(("Last-Event-ID", last));
    }
    let mut stream = connect(world.address, &head("GET", &format!("/v1/runs/{run}/events"), &headers, None), "").await;
    let mut text = String::new();
    tokio::time::timeout(Duration::from_secs(10), stream.read_to_string(&mut text))
        .await
        .expect("the stream ends")
        .unwrap();
    let reply = parse(&text);
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("text/event-stream")));
    let member = |event: &str, name: &str| {
        let line = event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ").map(str::to_owned));
        line.unwrap_or_else(|| panic!("{name} is missing: {event}"))
    };
    let events = reply.body.split("\n\n").filter(|event| event.contains("data:"));
    Seen(
        events
            .map(|e| (member(e, "event"), member(e, "id"), serde_json::from_str(&member(e, "data")).unwrap()))
            .collect(),
    )
}

#[tokio::test]
async fn a_run_is_followed_to_its_end_and_taken_up_again() {
    let world = std::sync::Arc::new(World::new().await.with_connection("xero-main").await);
    let started = world.post("/v1/connections/xero-main/check", &json!({})).await;
    let id = started.json()["id"].as_str().unwrap().to_owned();
    let reader = {
        let (world, id) = (world.clone(), id.clone());
        tokio::spawn(async move { read(&world, &id, None).await })
    };
    // The reader is there when it has subscribed.
    while world.changed.receiver_count() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut run = world.store.run(&id.as_str().into()).await.unwrap().unwrap();
    for (state, done) in [(RunState::Running, 1), (RunState::Running, 2), (RunState::Done, 2)] {
        run.state = state;
        run.done = done;
        world.put(vec![Write::UpdateRun(run.clone())]).await;
        world.changed.send("run_of_somebody_else".into()).unwrap();
        world.changed.send(run.id.clone()).unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let Seen(events) = reader.await.unwrap();
    let states: Vec<_> = events
        .iter()
        .map(|(n, _, d)| (n.as_str(), d["state"].as_str().unwrap(), d["done"].as_u64().unwrap()))
        .collect();
    assert_eq!(
        states,
        [("progress", "queued", 0), ("progress", "running", 1), ("progress", "running", 2), ("done", "done", 2)]
    );
    let ids: std::collections::BTreeSet<_> = events.iter().map(|(_, id, _)| id).collect();
    assert_eq!(ids.len(), 4, "each event has an id of its own");

    // Whoever missed some gets what is true now, and one who missed nothing still hears the end.
    for last in [Some(events[1].1.as_str()), Some(events[3].1.as_str()), None] {
        let Seen(again) = read(&world, &id, last).await;
        assert_eq!(again.len(), 1);
        assert_eq!(again[0], events[3]);
    }
}

#[tokio::test]
async fn a_reader_who_is_up_to_date_is_not_told_the_same_again() {
    let world = std::sync::Arc::new(World::new().await.with_connection("xero-main").await);
    let started = world.post("/v1/connections/xero-main/check", &json!({})).await;
    let id = started.json()["id"].as_str().unwrap().to_owned();
    // The id of an event is a digest of the run, so that it can be known beforehand.
    let digest = {
        use sha2::{Digest as _, Sha256};
        let text: String = Sha256::digest(started.body.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
        text[..16].to_owned()
    };
    let reader = {
        let (world, id) = (world.clone(), id.clone());
        tokio::spawn(async move { read(&world, &id, Some(&digest)).await })
    };
    while world.changed.receiver_count() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut run = world.store.run(&id.as_str().into()).await.unwrap().unwrap();
    run.state = RunState::Failed;
    world.put(vec![Write::UpdateRun(run.clone())]).await;
    world.changed.send(run.id).unwrap();
    let Seen(events) = reader.await.unwrap();
    assert_eq!(
        events.iter().map(|(name, _, data)| (name.as_str(), data["state"].clone())).collect::<Vec<_>>(),
        [("done", json!("failed"))]
    );
}

#[tokio::test]
async fn stopping_the_server_ends_its_streams() {
    let world = World::new().await.with_connection("xero-main").await;
    let started = world.post("/v1/connections/xero-main/check", &json!({})).await;
    let path = format!("/v1/runs/{}/events", started.json()["id"].as_str().unwrap());
    let token = bearer(Role::Viewer);
    let mut stream = connect(world.address, &head("GET", &path, &[("Authorization", &token)], None), "").await;
    while world.changed.receiver_count() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    world.stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(2), world.served).await.expect("it stops").unwrap().unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    assert!(text.contains("event: progress"), "{text}");
}
