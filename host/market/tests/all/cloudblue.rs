//! The client against scripted doors: lists that move, filters that are ignored, refusals, and missing details.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use crate::support::{Answer, ScriptedDoor, answer, client, ok, page, query};
use chrono::{DateTime, Duration, Utc};
use counterfoil_domain::id::OrderId;
use counterfoil_domain::ports::{DetailError, MarketplaceClient, OrderQuery, SendError, SourceError};
use serde_json::{Value, json};

fn day_zero() -> DateTime<Utc> {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

/// Order `n` was created `n` hours after the first day.
fn row(n: i64) -> Value {
    let created = (day_zero() + Duration::hours(n)).to_rfc3339();
    json!({ "id": n.to_string(), "orderNumber": format!("SO{n}"), "status": "completed", "creationDate": created })
}

fn whole(n: &str) -> Value {
    let mut order = row(n.parse().unwrap());
    order["customerId"] = json!("c");
    order["total"] = json!({ "currency": "USD", "amount": "1.00" });
    order
}

fn newest_first(range: std::ops::Range<i64>) -> Vec<Value> {
    range.rev().map(row).collect()
}

async fn walk(
    client: &impl MarketplaceClient,
    created_from: Option<DateTime<Utc>>,
) -> Result<(Vec<String>, Vec<String>), SourceError> {
    let (mut ids, mut bad) = (Vec::new(), Vec::new());
    let mut after = None;
    for _ in 0..200 {
        let page = client.orders(OrderQuery { created_from, created_before: None, after }).await?;
        assert!(page.rows.is_sorted_by(|a, b| a.created_at >= b.created_at));
        ids.extend(page.rows.iter().map(|head| head.id.to_string()));
        bad.extend(page.unreadable.iter().map(|row| format!("{}: {}", row.place, row.problem)));
        after = page.next;
        if after.is_none() {
            return Ok((ids, bad));
        }
    }
    panic!("the walk does not end");
}

#[tokio::test]
async fn a_walk_asks_for_pages_of_500_that_overlap() {
    let rows = newest_first(0..1200);
    let door = ScriptedDoor::new(move |call, _| ok(&page(&rows, call)));
    let from = day_zero() + Duration::milliseconds(1_500);
    let (ids, bad) = walk(&client(&door), Some(from)).await.unwrap();
    let asked = door.asked();
    assert_eq!(
        asked,
        [
            "/orders creationTimeFrom=2026-01-01T00:00:01Z&offset=0&limit=500",
            "/orders creationTimeFrom=2026-01-01T00:00:01Z&offset=490&limit=500",
            "/orders creationTimeFrom=2026-01-01T00:00:01Z&offset=980&limit=500",
        ]
    );
    let distinct: BTreeSet<_> = ids.iter().collect();
    // All but order 0, which is older than asked for.
    assert_eq!((distinct.len(), bad.len()), (1199, 0));
}

#[tokio::test]
async fn orders_that_arrive_or_leave_while_paging_make_no_gap() {
    for (added, removed) in [(7, 0), (0, 4), (0, 25), (600, 0), (3, 30)] {
        let list = Arc::new(Mutex::new(newest_first(0..1600)));
        let shared = Arc::clone(&list);
        let door = ScriptedDoor::new(move |call, calls| {
            let mut rows = shared.lock().unwrap();
            let reply = ok(&page(&rows, call));
            if calls < 2 {
                // The newest go away, others arrive.
                rows.drain(..removed);
                let newest = 10_000 + 1000 * calls as i64;
                for n in 0..added {
                    rows.insert(0, row(newest + n));
                }
            }
            reply
        });
        let (ids, _) = walk(&client(&door), None).await.unwrap();
        let read: BTreeSet<_> = ids.into_iter().collect();
        for order in list.lock().unwrap().iter() {
            let id = order["id"].as_str().unwrap();
            let is_old = id.parse::<i64>().unwrap() < 10_000;
            assert!(!is_old || read.contains(id), "order {id} was skipped with {added} added and {removed} removed");
        }
    }
}

#[tokio::test]
async fn an_ignored_filter_is_cut_by_the_sort_order() {
    let rows = newest_first(0..5000);
    let door = ScriptedDoor::new(move |call, _| ok(&page(&rows, call)));
    let (ids, _) = walk(&client(&door), Some(day_zero() + Duration::hours(4400))).await.unwrap();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 600);
    assert!(ids.iter().all(|id| id.parse::<i64>().unwrap() >= 4400));
    assert_eq!(door.asked().len(), 2, "it stops where the list is older than asked for");
}

#[tokio::test]
async fn days_that_are_chosen_are_asked_for_and_cut_at_both_ends() {
    // A source that listens to the range, and one that does not.
    for listens in [true, false] {
        let rows = newest_first(0..2000);
        let door = ScriptedDoor::new(move |call, _| {
            let day = |name: &str| query(call, name).unwrap().parse::<DateTime<Utc>>().unwrap();
            let created = |row: &Value| row["creationDate"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
            let inside = |row: &&Value| {
                !listens || (day("creationTimeFrom") <= created(row) && created(row) <= day("creationTimeTo"))
            };
            let rows: Vec<Value> = rows.iter().filter(inside).cloned().collect();
            ok(&page(&rows, call))
        });
        let client = client(&door);
        let from = Some(day_zero() + Duration::hours(100));
        let before = Some(day_zero() + Duration::hours(148));
        let (mut seen, mut after) = (BTreeSet::new(), None);
        loop {
            let page = client.orders(OrderQuery { created_from: from, created_before: before, after }).await.unwrap();
            seen.extend(page.rows.iter().map(|head| head.id.as_str().parse::<i64>().unwrap()));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, (100..148).collect(), "the first hour is in it, the last is not");
        assert!(door.asked()[0].contains("creationTimeTo=2026-01-07T04:00:01Z"), "{:?}", door.asked()[0]);
    }
}

#[tokio::test]
async fn a_list_in_another_order_is_walked_to_its_end() {
    let rows: Vec<_> = (0..1300).map(row).collect();
    let door = ScriptedDoor::new(move |call, _| ok(&page(&rows, call)));
    let (ids, _) = walk(&client(&door), Some(day_zero() + Duration::hours(1000))).await.unwrap();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 300);
    assert_eq!(door.asked().len(), 3);
}

#[tokio::test]
async fn rows_that_cannot_be_read_leave_the_others_alone() {
    let mut rows = newest_first(0..700);
    rows[3] = json!({ "id": "broken", "creationDate": "yesterday" });
    rows[4] = json!("nonsense");
    rows[495] = json!({ "orderNumber": "SO-lost", "creationDate": "2026-01-02" });
    let door = ScriptedDoor::new(move |call, _| ok(&page(&rows, call)));
    let (ids, bad) = walk(&client(&door), None).await.unwrap();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 697);
    assert_eq!(
        bad,
        [
            "orders page at offset 0, row 4: creationDate: \"yesterday\" is not a date; 2026-09-18T10:00:00Z is expected",
            "orders page at offset 0, row 5: an object is expected, found \"nonsense\"",
            // Once, although the pages overlap there.
            "orders page at offset 0, row 496: id: missing",
        ]
    );
}

#[tokio::test]
async fn pages_that_make_no_sense_move_nothing() {
    let table = [
        ("<html>sign in</html>", "no JSON object"),
        (r#"{"items":[]}"#, "there is no list \"data\""),
        (r#"{"data":null}"#, "there is no list \"data\""),
        (r#"{"data":{"id":"1"}}"#, "\"data\" is no list"),
        (r#"{"data":[],"pagination":{"offset":0,"limit":500,"total":17}}"#, "more rows and shows none"),
        ("", "no JSON object"),
    ];
    for (body, expected) in table {
        let door = ScriptedDoor::new(move |_, _| answer(200, &[], body));
        let error = walk(&client(&door), None).await.unwrap_err();
        let SourceError::Malformed { place, problem } = &error else { panic!("{error:?}") };
        assert_eq!(place, "orders page at offset 0");
        assert!(problem.contains(expected), "{body}: {problem}");
        assert!(!error.is_retriable());
    }
    let door = ScriptedDoor::new(|_, _| answer(404, &[], ""));
    assert!(walk(&client(&door), None).await.unwrap_err().to_string().contains("check the base URL"));
}

#[tokio::test]
async fn a_list_that_never_shows_the_same_twice_is_given_up() {
    let door = ScriptedDoor::new(|_, calls| {
        let rows: Vec<_> = (0..500).map(|n| row((calls * 500 + n) as i64)).collect();
        ok(&json!({ "data": rows, "pagination": { "total": 1_000_000 } }))
    });
    let error = walk(&client(&door), None).await.unwrap_err();
    assert!(error.to_string().contains("changes faster than it can be read"), "{error}");
    // A server that ignores the offset does not hold us for ever either.
    let rows = newest_first(0..500);
    let door = ScriptedDoor::new(move |_, _| ok(&json!({ "data": rows })));
    assert!(walk(&client(&door), None).await.is_err());
}

fn asked_ids(range: std::ops::Range<i64>) -> Vec<OrderId> {
    range.map(|n| OrderId::new(n.to_string())).collect()
}

#[tokio::test]
async fn details_come_in_the_order_asked_for_each_by_itself() {
    let door = ScriptedDoor::new(|call, _| match call.request.path.as_str() {
        "/orders/3" => answer(404, &[], ""),
        "/orders/4" => answer(200, &[], "{"),
        "/orders/5" => ok(&whole("6")),
        "/orders/6" => ok(&json!({ "data": whole("6") })),
        "/orders/7" => answer(400, &[("X-Correlation-ID", "t-1")], r#"{"code":"BAD","message":"no"}"#),
        path => ok(&whole(path.rsplit('/').next().unwrap())),
    });
    let answers = client(&door).details(asked_ids(0..10)).await;
    let ids: Vec<_> = answers.iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(ids, asked_ids(0..10));
    for (id, result) in answers {
        match (id.as_str(), result) {
            ("3", Err(DetailError::Gone)) => {}
            ("4" | "5", Err(DetailError::Unreadable(bad))) => {
                assert_eq!(bad.id.as_deref().map(|_| ()), Some(()));
                assert_eq!(bad.place, format!("order {id}"));
            }
            ("7", Err(DetailError::Source(SourceError::Malformed { place, problem }))) => {
                assert_eq!(
                    (place.as_str(), problem.as_str()),
                    ("order 7", "it answered 400: BAD: no (correlation id t-1)")
                );
            }
            (_, Ok(order)) => assert_eq!(order.key.order, id),
            (id, other) => panic!("{id}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn refused_calls_are_tried_again_as_told() {
    let now: DateTime<Utc> = "2026-11-21T10:00:00Z".parse().unwrap();
    let over = move || Err(SendError::OverBudget { scope: "connection".into(), until: now });
    let lost = || Err(SendError::AnswerLost { message: "reset".into() });
    let flaky: Vec<Box<dyn Fn() -> Answer + Send + Sync>> = vec![
        Box::new(|| answer(429, &[("Retry-After", "0")], "")),
        // Costs no try, however often.
        Box::new(over),
        Box::new(over),
        Box::new(over),
        Box::new(over),
        Box::new(lost),
    ];
    let door = ScriptedDoor::new(move |_, calls| flaky.get(calls).map_or_else(|| ok(&whole("1")), |answer| answer()));
    let answers = client(&door).details(asked_ids(1..2)).await;
    assert!(answers[0].1.is_ok(), "{:?}", answers[0].1);
    assert_eq!(door.asked().len(), 7);
}

#[tokio::test]
async fn patience_ends_and_the_rest_is_not_asked() {
    type Refusal = (fn() -> Answer, usize, fn(&SourceError) -> bool);
    let table: [Refusal; 4] = [
        (|| answer(429, &[], ""), 3, |error| matches!(error, SourceError::Throttled { .. })),
        // Longer than this run waits: given back at once, with the time.
        (
            || answer(429, &[("Retry-After", "120")], ""),
            1,
            |error| {
                let least: DateTime<Utc> = "2026-11-21T10:02:00Z".parse().unwrap();
                matches!(error, SourceError::Throttled { until } if *until >= least && *until <= least + Duration::seconds(30))
            },
        ),
        (|| answer(503, &[], ""), 3, |error| *error == SourceError::Unreachable("it answered 503".into())),
        (|| answer(401, &[], ""), 1, |error| *error == SourceError::SignIn("it answered 401".into())),
    ];
    for (refusal, tries, expected) in table {
        let door = ScriptedDoor::new(move |_, _| refusal());
        let answers = client(&door).details(asked_ids(0..100)).await;
        assert_eq!(answers.len(), 100);
        for (_, result) in &answers {
            assert!(matches!(result, Err(DetailError::Source(error)) if expected(error)), "{result:?}");
        }
        // Four were under way together; the other 96 share the answer.
        assert_eq!(door.asked().len(), 4 * tries);
    }
}

#[tokio::test]
async fn ids_stay_inside_their_path_segment() {
    let door = ScriptedDoor::new(|_, _| answer(404, &[], ""));
    client(&door).details(vec!["../customers?x=1".into(), "ü 1".into()]).await;
    assert_eq!(door.asked(), ["/orders/..%2Fcustomers%3Fx%3D1", "/orders/%C3%BC%201"]);
}

#[tokio::test]
async fn subscriptions_are_asked_for_one_by_one_and_only_active_ones_count() {
    let door = ScriptedDoor::new(|call, _| {
        let whole = |id: &str, status: &str| {
            json!({
                "id": id, "customerId": "c", "status": status, "name": id,
                "products": [{ "mpn": "M", "quantity": 1, "unitPrice": { "currency": "USD", "amount": "2" } }],
            })
        };
        match call.request.path.as_str() {
            "/subscriptions" => {
                assert_eq!(query(call, "status"), Some("active"));
                let mut listed = json!([
                    { "id": "a", "status": "active" }, { "id": "b", "status": "hold" }, { "id": "ended", "status": "active" },
                    { "id": "gone", "status": "active" }, { "id": "bad", "status": "active" }, { "status": "active" },
                ]);
                listed.as_array_mut().unwrap().push(whole("inline", "active"));
                ok(&page(listed.as_array().unwrap(), call))
            }
            "/subscriptions/a" => ok(&whole("a", "active")),
            "/subscriptions/ended" => ok(&whole("ended", "terminated")),
            "/subscriptions/bad" => ok(&json!({ "id": "bad" })),
            "/subscriptions/gone" => answer(404, &[], ""),
            other => panic!("{other} was not to be asked"),
        }
    });
    let page = client(&door).subscriptions(None).await.unwrap();
    let ids: Vec<_> = page.rows.iter().map(|one| one.id.to_string()).collect();
    assert_eq!(ids, ["a", "inline"]);
    let bad: Vec<_> = page.unreadable.iter().map(|bad| format!("{}: {}", bad.place, bad.problem)).collect();
    assert_eq!(bad, ["subscription bad: customerId: missing", "subscriptions page at offset 0, row 6: id: missing"]);
    assert!(page.next.is_none());

    let door = ScriptedDoor::new(|call, _| match call.request.path.as_str() {
        "/subscriptions" => ok(&page_of_one()),
        _ => answer(503, &[], ""),
    });
    // A page without its lines is no page: the walk must come back to it.
    assert!(client(&door).subscriptions(None).await.unwrap_err().is_retriable());
}

#[tokio::test]
async fn strangers_are_asked_for_by_id() {
    let door = ScriptedDoor::new(|call, _| match call.request.path.as_str() {
        "/customers/c1" => ok(&json!({ "id": "c1", "name": "Green Lane" })),
        "/customers/odd" => answer(200, &[], "<html>"),
        "/subscriptions/ended" => ok(&json!({ "id": "ended", "customerId": "c1", "status": "terminated" })),
        "/subscriptions/bad" => ok(&json!({ "id": "bad" })),
        "/customers/gone" | "/subscriptions/gone" => answer(404, &[], ""),
        other => panic!("{other} was not to be asked"),
    });
    let customers = vec!["c1".into(), "gone".into(), "odd".into()];
    let subscriptions = vec!["ended".into(), "gone".into(), "bad".into()];
    let found = client(&door).records(customers, subscriptions).await.unwrap();
    assert_eq!(found.customers.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["Green Lane"]);
    // What an order names is wanted even after it ended.
    assert_eq!(found.subscriptions.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["ended"]);
    let bad: Vec<_> = found.unreadable.iter().map(|bad| bad.place.as_str()).collect();
    assert_eq!(bad, ["customer odd", "subscription bad"]);
    assert_eq!(door.asked().len(), 6);

    let door = ScriptedDoor::new(|_, _| answer(503, &[], ""));
    assert!(client(&door).records(vec!["c".into()], vec![]).await.unwrap_err().is_retriable());
}

fn page_of_one() -> Value {
    json!({ "data": [{ "id": "a", "status": "active" }], "pagination": { "total": 1 } })
}
