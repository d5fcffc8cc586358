//! Lines of recurring invoices: what a body makes of them, and what silence does.

use chrono::Duration;
use counterfoil_sim::syncro::{
    Cents, Dead, Line, LinePrice, Maker, Numbers, RemoveAnswer, RemoveBody, RemoveFailure, Switches, Taken,
};
use serde_json::{Value, json};

use crate::support::{bench, dec, own, patched};

fn no_switch(_: &mut Switches) {}

#[tokio::test]
async fn a_line_is_what_its_body_makes_it() {
    type Change = fn(&mut Switches);
    // What is sent differently, the switch, and the members of the answer that show it.
    let table: [(Value, Change, Value); 16] = [
        (
            json!({}),
            no_switch,
            json!({"quantity": "12.0", "retail_cents": 780, "price_retail": 7.8, "price_cost": 6.1}),
        ),
        (json!({"quantity": 0.25}), no_switch, json!({"quantity": "0.25"})),
        (json!({"quantity": "3"}), no_switch, json!({"quantity": "3.0"})),
        (json!({"quantity": null}), no_switch, json!({"quantity": "0.0"})),
        (json!({"taxable": null}), no_switch, json!({"taxable": true, "one_time_charge": false})),
        (json!({"name": null}), no_switch, json!({"name": "PC_SEAT"})),
        (json!({"description": null}), no_switch, json!({"description": ""})),
        (json!({"retail_cents": 780.9}), no_switch, json!({"retail_cents": 780})),
        (json!({"retail_cents": -780.9}), no_switch, json!({"retail_cents": -780, "price_retail": -7.8})),
        (json!({"retail_cents": "7.80"}), no_switch, json!({"retail_cents": 7})),
        (json!({"retail_cents": null}), no_switch, json!({"retail_cents": 0})),
        (
            json!({"retail_cents": null, "cost_cents": null}),
            |switches| switches.line_price = LinePrice::FromProduct,
            json!({"retail_cents": 780, "cost_cents": 610}),
        ),
        (json!({}), |switches| switches.numbers = Numbers::Plain, json!({"quantity": 12.0, "retail_cents": 780})),
        (
            json!({}),
            |switches| switches.numbers = Numbers::Strings,
            json!({"quantity": "12.0", "retail_cents": "780", "price_retail": "7.8"}),
        ),
        (json!({"quantity": 0.125}), |switches| switches.quantity_places = Some(2), json!({"quantity": "0.13"})),
        (json!({"product_id": 5}), |switches| switches.dead_product = Dead::Kept, json!({"product_id": 5})),
    ];
    for (sent, change, wanted) in table {
        let bench = bench().await;
        bench.state().switch(change);
        let line = bench.added(&sent).await;
        for (name, value) in wanted.as_object().unwrap() {
            assert_eq!(&line[name], value, "{sent}: {name}");
        }
        assert_eq!(bench.state().lines(bench.schedule)[0].maker, Maker::Api);
    }
}

#[tokio::test]
async fn what_makes_no_line_is_refused_in_its_own_shape() {
    let bench = bench().await;
    bench.state().switch(|switches| {
        switches.cents = Cents::Refused;
        switches.negative_prices = Taken::Refused;
    });
    for (patch, error) in [
        (json!({"name": null, "product_id": null}), "Name can't be blank"),
        (json!({"product_id": 5}), "Product must exist"),
        (json!({"retail_cents": 1.5}), "Retail cents must be an integer"),
        (json!({"cost_cents": "1.5"}), "Cost cents must be an integer"),
        (json!({"retail_cents": -1}), "Retail cents must be greater than or equal to 0"),
    ] {
        let reply = bench.client.send("POST", &bench.add_path(), &patched(bench.body(), &patch)).await;
        assert_eq!((reply.status, reply.json()), (422, json!({"error": [error]})), "{patch}");
    }
    let gone = bench.client.send("POST", "/schedules/1/add_line_item", &bench.body()).await;
    assert_eq!((gone.status, gone.text.as_str()), (404, ""));
    assert_eq!(bench.state().all_lines(), []);
}

#[tokio::test]
async fn a_put_overwrites_the_whole_line() {
    let bench = bench().await;
    let full = json!({"one_time_charge": true, "position": 4, "user_id": 9});
    let line = bench.added(&full).await;
    let path = bench.line_path(&line["id"]);
    // Each member, left out, gets its default; all the others stay as sent.
    let table = [
        ("description", json!("")),
        ("quantity", json!("0.0")),
        ("retail_cents", json!(0)),
        ("cost_cents", json!(0)),
        ("taxable", json!(true)),
        ("one_time_charge", json!(false)),
        ("position", json!(0)),
        ("user_id", Value::Null),
        ("product_id", Value::Null),
    ];
    let body = patched(bench.body(), &full);
    for (left_out, default) in table {
        let sent = patched(body.clone(), &json!({left_out: null}));
        let answer = bench.client.send("PUT", &path, &sent).await.one("schedule_line_item");
        assert_eq!(answer[left_out], default, "{left_out}");
        let others =
            line.as_object().unwrap().iter().filter(|(name, _)| *name != left_out && !name.starts_with("price_"));
        others.for_each(|(name, value)| assert_eq!(&answer[name], value, "{name} without {left_out}"));
        // The echo of what was read puts it back.
        let back = bench.client.send("PUT", &path, &line).await.one("schedule_line_item");
        assert_eq!(back, line);
    }
    bench.state().switch(|switches| switches.put_keeps_omitted = true);
    let kept = bench.client.send("PUT", &path, &json!({"quantity": 13})).await.one("schedule_line_item");
    assert_eq!(kept, patched(line.clone(), &json!({"quantity": "13.0"})));
    bench.state().switch(|switches| switches.line_updates_ignored = true);
    let said = bench.client.send("PUT", &path, &json!({"quantity": 14})).await.one("schedule_line_item");
    assert_eq!(said["quantity"], json!("14.0"));
    assert_eq!(bench.state().all_lines()[0].quantity, dec("13"), "200, and nothing was done");
}

#[tokio::test]
async fn a_sparse_put_makes_an_asset_counter_an_ordinary_line() {
    let bench = bench().await;
    let counter = bench.state().add_line(bench.schedule, Line::asset_counter("Servers", &[1, 2, 3], 900));
    let path = bench.line_path(&json!(counter));
    let schedule = bench.client.get(&format!("/schedules/{}", bench.schedule)).await.one("schedule");
    let shown = &schedule["lines"][0];
    assert_eq!((&shown["quantity"], &shown["recurring_type_id"]), (&json!("3.0"), &json!(2)));
    assert_eq!((&shown["device_ids"], &schedule["subtotal"]), (&json!([1, 2, 3]), &json!(27.0)));
    bench.client.send("PUT", &path, &json!({"name": "Servers", "quantity": 1, "retail_cents": 900})).await;
    assert_eq!(bench.state().all_lines()[0].amount_cents(), 900);
    assert_eq!(bench.state().violations().len(), 1, "and it was somebody else's");
}

#[tokio::test]
async fn lines_are_removed_by_a_body_and_fail_in_two_ways() {
    type Case = (RemoveBody, RemoveAnswer, RemoveFailure, (u16, &'static str), (u16, &'static str));
    let table: [Case; 4] = [
        (RemoveBody::Object, RemoveAnswer::Empty, RemoveFailure::NotFound, (200, ""), (404, "")),
        (RemoveBody::Object, RemoveAnswer::Success, RemoveFailure::NotFound, (200, "{\"success\":true}"), (404, "")),
        (
            RemoveBody::Object,
            RemoveAnswer::Success,
            RemoveFailure::SaysDone,
            (200, "{\"success\":true}"),
            (200, "{\"success\":true}"),
        ),
        (RemoveBody::Bare, RemoveAnswer::Empty, RemoveFailure::SaysDone, (200, ""), (200, "")),
    ];
    for (body, answer, failure, done, failed) in table {
        let bench = bench().await;
        bench.state().switch(|switches| {
            (switches.remove_body, switches.remove_answer, switches.remove_failure) = (body, answer, failure);
        });
        let line = bench.added(&json!({})).await["id"].clone();
        let path = format!("/schedules/{}/remove_line_item", bench.schedule);
        let (right, wrong) = match body {
            RemoveBody::Object => (json!({"line_item_id": line}), line.clone()),
            RemoveBody::Bare => (line.clone(), json!({"line_item_id": line})),
        };
        for (sent, wanted, left) in
            [(&wrong, failed, 1), (&json!({"line_item_id": 1}), failed, 1), (&right, done, 0), (&right, failed, 0)]
        {
            let reply = bench.client.send("POST", &path, sent).await;
            assert_eq!((reply.status, reply.text.as_str()), wanted, "{body:?} {sent}");
            assert_eq!(bench.state().all_lines().len(), left, "{body:?} {sent}");
        }
        assert_eq!(bench.kinds(), []);
    }
}

#[tokio::test]
async fn a_line_of_another_recurring_invoice_is_not_found_here() {
    let bench = bench().await;
    let line = bench.added(&json!({})).await["id"].clone();
    let other = bench.state().schedule(bench.schedule).unwrap();
    let other = bench.state().add_schedule(other);
    let put = bench.client.send("PUT", &format!("/schedules/{other}/line_items/{line}"), &bench.body()).await;
    assert_eq!((put.status, put.text.as_str()), (404, ""));
    let removed = json!({"line_item_id": line});
    let reply = bench.client.send("POST", &format!("/schedules/{other}/remove_line_item"), &removed).await;
    assert_eq!((reply.status, bench.state().all_lines().len()), (404, 1));
}

#[tokio::test]
async fn a_fresh_line_is_seen_later() {
    let bench = bench().await;
    bench.state().switch(|switches| switches.line_lag_seconds = 30);
    let schedule = format!("/schedules/{}", bench.schedule);
    let seen = async || {
        let one = bench.client.get(&schedule).await.one("schedule");
        let list = bench.client.get("/schedules").await.one("schedules");
        assert_eq!(one["lines"], list[0]["lines"]);
        (one["lines"].as_array().unwrap().len(), one["subtotal"].clone())
    };
    let line = bench.added(&json!({})).await["id"].clone();
    assert_eq!(seen().await, (0, json!(93.6)), "what it comes to is known before");
    let put = bench.client.send("PUT", &bench.line_path(&line), &bench.body()).await;
    assert_eq!(put.status, 200, "it is there all the same");
    bench.syncro.clock().advance(Duration::seconds(30));
    assert_eq!(seen().await.0, 1);
    bench.state().switch(|switches| switches.schedules_listed_without_lines = true);
    let list = bench.client.get("/schedules").await.one("schedules");
    assert_eq!(list[0]["lines"], json!([]));
}

#[tokio::test]
async fn lines_stand_by_position_and_their_array_is_called_lines() {
    let bench = bench().await;
    let last = bench.state().add_line(bench.schedule, Line { position: 9, ..own() });
    let first = bench.added(&json!({"position": 1})).await["id"].as_i64().unwrap();
    let schedule = bench.client.get(&format!("/schedules/{}", bench.schedule)).await.one("schedule");
    let ids: Vec<i64> = schedule["lines"].as_array().unwrap().iter().map(|line| line["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, [first, last]);
    assert!(schedule.get("line_items").is_none());
    assert_eq!(schedule["subtotal"], json!(123.6));
}
