//! What goes wrong on the way, seen from the client and from the books; and the shapes of what is said then.

use std::time::Duration;

use counterfoil_sim::syncro::Mood;
use counterfoil_sim::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::support::{Client, bench};

/// What the client saw.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Nothing,
    Answer(u16),
    Unreadable,
}

#[tokio::test]
async fn every_fault_does_what_it_says() {
    // The fault, what the client sees, how many lines there are right after, and after a while.
    let table = [
        (FaultKind::LoseBefore, Seen::Nothing, 0, 0),
        (FaultKind::LoseDuring, Seen::Nothing, 1, 1),
        (FaultKind::LoseAfter, Seen::Nothing, 1, 1),
        (FaultKind::Reset, Seen::Nothing, 1, 1),
        (FaultKind::HalfBody, Seen::Nothing, 1, 1),
        (FaultKind::LateCommit(Duration::from_millis(300)), Seen::Nothing, 0, 1),
        (FaultKind::Malformed, Seen::Unreadable, 1, 1),
        (FaultKind::Slow(Duration::from_millis(50)), Seen::Answer(200), 1, 1),
        (Mood::ServerError.after_commit(), Seen::Unreadable, 1, 1),
        (Mood::BadGateway.after_commit(), Seen::Unreadable, 1, 1),
        (Mood::TooMany.after_commit(), Seen::Unreadable, 1, 1),
        (Mood::ErrorList.after_commit(), Seen::Answer(422), 1, 1),
        (Mood::SaysDone.instead(), Seen::Answer(200), 0, 0),
        (Mood::Null.instead(), Seen::Answer(200), 0, 0),
        (Mood::Disabled.instead(), Seen::Unreadable, 0, 0),
        (Mood::ServerError.instead(), Seen::Unreadable, 0, 0),
        (Mood::BadGateway.instead(), Seen::Unreadable, 0, 0),
        (Mood::TooMany.instead(), Seen::Unreadable, 0, 0),
        (Mood::EmptyNotFound.instead(), Seen::Unreadable, 0, 0),
    ];
    for (kind, wanted, soon, late) in table {
        let bench = bench().await;
        // A connection that is already open and used is the hard case.
        assert_eq!(bench.client.get("/settings").await.status, 200);
        bench.syncro.faults().inject(Fault::once("POST", "/add_line_item", kind.clone()));
        let reply = bench.client.try_call("POST", &bench.add_path(), Some(bench.body().to_string())).await;
        let seen = match &reply {
            Err(_) => Seen::Nothing,
            Ok(reply) if serde_json::from_str::<Value>(&reply.text).is_err() => Seen::Unreadable,
            Ok(reply) => Seen::Answer(reply.status),
        };
        assert_eq!(seen, wanted, "{kind:?}");
        if kind == FaultKind::LoseDuring {
            // It may still be at it.
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        assert_eq!(bench.state().all_lines().len(), soon, "{kind:?}");
        if soon != late {
            tokio::time::sleep(Duration::from_millis(600)).await;
        }
        assert_eq!(bench.state().all_lines().len(), late, "{kind:?}");
        assert_eq!(bench.syncro.faults().hits().len(), 1, "{kind:?}");
        let logged = bench.syncro.log().count(|exchange| exchange.method == "POST");
        assert_eq!(logged, late, "what was processed is recorded, lost answer or not: {kind:?}");
        // Nothing keeps the same body from being taken twice: there is no key.
        bench.added(&json!({})).await;
        assert_eq!(bench.state().all_lines().len(), late + 1, "{kind:?}");
    }
}

#[tokio::test]
async fn bad_days_come_in_every_shape() {
    let bench = bench().await;
    let json_of = |mood: Mood| match mood {
        Mood::ErrorList => Some((422, json!({"error": ["Name can't be blank"]}))),
        Mood::Unsuccessful => Some((422, json!({"success": false, "message": ["Name can't be blank"], "params": {}}))),
        Mood::MessageList => Some((400, json!({"message": ["Vendor is blank"]}))),
        Mood::RecordErrors => {
            Some((422, json!({"record": {"id": null, "name": ""}, "errors": "Customer can't be blank"})))
        }
        Mood::NestedErrors => Some((422, json!({"errors": {"name": ["can't be blank"]}}))),
        Mood::SaysDone => Some((200, json!({"success": true}))),
        Mood::Null => Some((200, Value::Null)),
        Mood::Forbidden => Some((403, json!({"message": "You are not authorized to perform this action."}))),
        Mood::Unauthorized => Some((401, json!({"error": "Not authenticated"}))),
        Mood::TooMany | Mood::BadGateway | Mood::ServerError | Mood::Disabled | Mood::EmptyNotFound => None,
    };
    let text_of = |mood: Mood| match mood {
        Mood::TooMany => (429, "text/plain; charset=utf-8"),
        Mood::BadGateway => (502, "text/html; charset=utf-8"),
        Mood::ServerError => (500, "text/html; charset=utf-8"),
        Mood::Disabled => (200, "text/plain; charset=utf-8"),
        _ => (404, "application/json; charset=utf-8"),
    };
    for mood in Mood::ALL {
        bench.syncro.faults().inject(Fault::once("GET", "/settings", mood.instead()));
        let reply = bench.client.get("/settings").await;
        match json_of(mood) {
            Some(wanted) => assert_eq!((reply.status, reply.json()), wanted, "{mood:?}"),
            None => {
                let kind = reply.headers["Content-Type"].to_str().unwrap();
                assert_eq!((reply.status, kind), text_of(mood), "{mood:?}");
                assert!(serde_json::from_str::<Value>(&reply.text).is_err(), "{mood:?}");
            }
        }
    }
    assert_eq!(bench.client.get("/settings").await.status, 200);
}

#[tokio::test]
async fn the_nth_call_of_a_route_goes_wrong() {
    let bench = bench().await;
    let fault = Fault { skip: 2, times: 2, ..Fault::once("POST", "/add_line_item", Mood::BadGateway.instead()) };
    bench.syncro.faults().inject(fault);
    let mut seen = Vec::new();
    for _ in 0..6 {
        assert_eq!(bench.client.get("/schedules").await.status, 200, "another route");
        seen.push(bench.client.send("POST", &bench.add_path(), &bench.body()).await.status);
    }
    assert_eq!(seen, [200, 200, 502, 502, 200, 200]);
    bench.syncro.faults().inject(Fault::once("GET", "/schedules", FaultKind::EmptyList));
    assert_eq!(bench.client.get("/schedules").await.ids("schedules"), [0; 0]);
}

#[tokio::test]
async fn what_is_not_a_call_is_answered_in_its_own_way() {
    let bench = bench().await;
    let root = Client { base: bench.syncro.root_url(), ..bench.client.clone() };
    for (client, path) in [(&root, "/api/v2/settings"), (&root, "/api"), (&bench.client, "/contracts")] {
        let reply = client.get(path).await;
        assert_eq!(reply.status, 404, "{path}");
        assert!(reply.text.starts_with("<!DOCTYPE html>"), "{path}");
    }
    let broken = bench.client.try_call("POST", "/products", Some("{\"name\":".to_owned())).await.unwrap();
    assert_eq!((broken.status, broken.json()), (400, json!({"status": 400, "error": "Bad Request"})));
    // What does not say that it is JSON is not read.
    let url = format!("{}/products", bench.client.base);
    let request =
        bench.client.http.post(url).header("Authorization", "Bearer token").body(r#"{"name":"a","description":"b"}"#);
    assert_eq!(request.send().await.unwrap().status().as_u16(), 422);
}

#[tokio::test]
async fn calls_at_the_same_time_are_each_done_once() {
    let bench = bench().await;
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let (client, path, body) = (bench.client.clone(), bench.add_path(), bench.body());
            tokio::spawn(async move { client.send("POST", &path, &body).await.one("schedule_line_item")["id"].clone() })
        })
        .collect();
    let mut ids = Vec::new();
    for call in calls {
        ids.push(call.await.unwrap().as_i64().unwrap());
    }
    ids.sort_unstable();
    assert_eq!(ids, bench.state().all_lines().iter().map(|line| line.id).collect::<Vec<_>>());
    assert_eq!(ids.len(), 20);
}
