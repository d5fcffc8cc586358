//! Custom fields are written as a whole array, and known by their ids.

use counterfoil_sim::connectwise::CaptionOnly;
use serde_json::{Value, json};

use crate::support::{bench_with, with_field};

fn values(addition: &Value) -> Vec<(i64, Option<String>)> {
    let fields = addition["customFields"].as_array().unwrap();
    fields.iter().map(|field| (field["id"].as_i64().unwrap(), field["value"].as_str().map(str::to_owned))).collect()
}

#[tokio::test]
async fn what_is_not_sent_is_lost() {
    let bench = bench_with(with_field()).await;
    let text = |text: &str| Some(text.to_owned());
    let both = json!([{"id": 7, "value": "cb:1"}, {"id": 8, "caption": "Other", "value": "theirs"}]);
    let made = bench.created(&json!({"customFields": both})).await;
    assert_eq!(values(&made), [(7, text("cb:1")), (8, text("theirs"))]);
    assert_eq!(made["customFields"][0]["caption"], "Marker");
    let path = format!("{}/{}", bench.additions(), made["id"]);
    let patch = async |path: &str, value: Value| {
        bench.client.send("PATCH", path, &json!([{"op": "replace", "path": "customFields", "value": value}])).await
    };
    assert_eq!(values(&patch(&path, json!([{"id": 7, "value": "cb:2"}])).await.json()), [(7, text("cb:2")), (8, None)]);
    assert_eq!(bench.cw.state().all_additions()[0].custom_fields, [(7, "cb:2".to_owned())].into());
    // As it is read it may be sent back.
    let read = bench.client.get(&path).await.json()["customFields"].clone();
    assert_eq!(values(&patch(&path, read).await.json()), [(7, text("cb:2")), (8, None)]);
    assert_eq!(values(&patch(&path, json!([])).await.json()), [(7, None), (8, None)]);
    for (value, status, told) in [
        (json!([{"id": 9, "value": "x"}]), 400, "customFields 9 not found"),
        (json!([{"value": "x"}]), 400, "customFields/id"),
        (json!([{"id": 7, "val": "x"}]), 400, "Could not find member 'val' on object of type 'CustomFieldValue'."),
        (json!({"id": 7}), 500, "Error converting"),
        (json!(["x"]), 500, "Error converting"),
    ] {
        let reply = patch(&path, value.clone()).await;
        assert_eq!(reply.status, status, "{value} {}", reply.text);
        assert!(reply.text.contains(told), "{value} {}", reply.text);
    }
}

#[tokio::test]
async fn a_caption_alone() {
    for (rule, status, value) in [
        (CaptionOnly::Refused, 400, None),
        (CaptionOnly::Accepted, 201, Some("cb:1".to_owned())),
        (CaptionOnly::Dropped, 201, None),
    ] {
        let bench = bench_with(with_field()).await;
        bench.cw.state().switch(|switches| switches.caption_only = rule);
        let body =
            crate::support::patched(bench.body(), &json!({"customFields": [{"caption": "Marker", "value": "cb:1"}]}));
        let reply = bench.client.send("POST", &bench.additions(), &body).await;
        assert_eq!(reply.status, status, "{}", reply.text);
        let stored = bench.cw.state().all_additions();
        assert_eq!(stored.first().and_then(|one| one.custom_fields.get(&7).cloned()), value, "{rule:?}");
    }
}

#[tokio::test]
async fn they_stand_on_the_screen_they_were_made_for() {
    let bench = bench_with(with_field()).await;
    let company = bench.client.get(&format!("/company/companies/{}", bench.company)).await.json();
    assert_eq!(company["customFields"], json!([]));
    let plain = bench_with(counterfoil_sim::connectwise::CwConfig::default()).await;
    let body = crate::support::patched(plain.body(), &json!({"customFields": [{"id": 7, "value": "x"}]}));
    assert_eq!(plain.client.send("POST", &plain.additions(), &body).await.status, 400);
}
