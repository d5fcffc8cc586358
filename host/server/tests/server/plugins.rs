//! Commands about plugin versions: what they answer, and that each refusal says what to do about it.

use counterfoil_server::Role;
use serde_json::{Value, json};

use crate::client::{Reply, send};
use crate::world::{PLUGIN_DIGEST, World, bearer};

async fn upload(world: &World, body: &str) -> Reply {
    let token = bearer(Role::Operator);
    let headers = [("Authorization", token.as_str()), ("Content-Type", "application/wasm")];
    send(world.address, "POST", "/v1/plugins", &headers, Some(body)).await
}

async fn ask(world: &World, command: &str, body: Value) -> Reply {
    world.call(Role::Operator, "POST", &format!("/v1/plugins/{command}"), Some(&body)).await
}

#[tokio::test]
async fn commands_go_to_the_shelf_with_whoever_gave_them() {
    let world = World::new().await;
    let installed = upload(&world, "component").await;
    assert_eq!(installed.status, 201);
    let installed = installed.json();
    assert_eq!((installed["standing"].as_str(), installed["active"].as_bool()), (Some("waiting"), Some(false)));
    assert_eq!(installed["wider"][1], json!({ "what": "path", "sentence": "it may write POST /x" }));

    let activated = ask(&world, "xero/activate", json!({ "digest": "d2" })).await.json();
    assert_eq!((&activated["former"], &activated["probed"]), (&json!(PLUGIN_DIGEST), &json!(["xero-main"])));
    ask(&world, "xero/activate", json!({ "digest": "d2", "accept_wider": true })).await.json();
    let shadow = ask(&world, "xero/shadow", json!({ "digest": "d2", "tasks": 5 })).await.json();
    assert_eq!((shadow["compared"].as_u64(), shadow["differing"][0]["number"].as_str()), (Some(5), Some("SO1")));
    ask(&world, "xero/rollback", json!({})).await;
    assert_eq!(
        *world.shelf.asked.lock().unwrap(),
        [
            "install ? component by operator",
            "activate xero d2 by operator",
            "activate xero accepted by operator",
            "shadow xero d2 by operator",
            "rollback xero by operator",
        ]
    );
    let list = world.get("/v1/plugins").await.json();
    assert_eq!(list["refused"], json!([{ "file": "plugins/bad.wasm", "problem": "the file is damaged" }]));
    assert_eq!(list["plugins"][0]["standing"], "active");
}

#[tokio::test]
async fn a_signature_travels_beside_the_component_and_the_answer_says_all_that_differs() {
    let world = World::new().await;
    let token = bearer(Role::Operator);
    let sent = |signature: &'static str| {
        let headers = [
            ("Authorization", token.as_str()),
            ("Content-Type", "application/wasm"),
            ("Counterfoil-Signature", signature),
        ];
        let address = world.address;
        async move { send(address, "POST", "/v1/plugins", &headers, Some("component")).await }
    };
    // "Acme" in base64: this shelf names it as the publisher.
    let installed = sent("QWNtZQ==").await.json();
    assert_eq!(installed["signature"], json!({ "standing": "signed", "publisher": "Acme", "key": "0011223344556677" }));
    assert_eq!(
        installed["differs"],
        json!([{ "area": "limit", "step": "changed", "name": "memory", "before": "32 MiB", "after": "64 MiB" }])
    );
    let garbled = sent("not base64 at all!").await;
    assert_eq!((garbled.status, garbled.problem().as_str()), (400, "bad-request"), "{}", garbled.body);
    assert_eq!(upload(&world, "component").await.json()["signature"], json!({ "standing": "unsigned" }));
}

#[tokio::test]
async fn every_refusal_has_its_own_code_and_leaves_the_active_version() {
    let world = World::new().await;
    for (digest, status, code) in [
        ("refused", 422, "plugin-refused"),
        ("untrusted", 422, "plugin-untrusted"),
        ("unknown", 404, "not-found"),
        ("other-plugin", 422, "invalid"),
        ("wider", 409, "plugin-wider"),
        ("probe", 409, "plugin-probe-failed"),
        ("busy", 409, "plugin-busy"),
        ("disk", 503, "store-unavailable"),
        ("plan", 502, "target-unavailable"),
        ("store", 503, "store-busy"),
    ] {
        let replies = [
            ask(&world, "xero/activate", json!({ "digest": digest })).await,
            ask(&world, "xero/shadow", json!({ "digest": digest, "tasks": 1 })).await,
            upload(&world, digest).await,
        ];
        for reply in replies {
            assert_eq!((reply.status, reply.problem().as_str()), (status, code), "{digest}: {}", reply.body);
        }
    }
    let wider = ask(&world, "xero/activate", json!({ "digest": "wider" })).await.json();
    assert_eq!(wider["errors"][0]["code"], "secret");
    assert_eq!(wider["errors"][1]["detail"], "it may write POST /x");
    assert_eq!(wider["errors"][1]["pointer"], "/accept_wider");
    for (plugin, status, code) in [("xero", 409, "plugin-no-former"), ("tiny", 404, "not-found")] {
        let reply = ask(&world, &format!("{plugin}/rollback"), json!({})).await;
        assert_eq!((reply.status, reply.problem().as_str()), (status, code));
    }
}

#[tokio::test]
async fn what_no_shelf_should_see_is_refused_at_the_door() {
    let world = World::new().await;
    for (command, body) in [
        ("xero/activate", json!({})),
        ("xero/activate", json!({ "digest": "d", "acept_wider": true })),
        ("xero/shadow", json!({ "digest": "d", "tasks": 0 })),
        ("xero/shadow", json!({ "digest": "d", "tasks": 501 })),
    ] {
        let reply = ask(&world, command, body).await;
        assert_eq!((reply.status, reply.problem().as_str()), (422, "invalid"));
    }
    let (token, size) = (bearer(Role::Operator), (33 * 1024 * 1024).to_string());
    let headers = [("Authorization", token.as_str()), ("Content-Length", size.as_str())];
    let huge = send(world.address, "POST", "/v1/plugins", &headers, None).await;
    assert_eq!((huge.status, huge.problem().as_str()), (413, "too-large"));
    // More than the limit of JSON bodies, less than that of components.
    let large = upload(&world, &"y".repeat(3 * 1024 * 1024)).await;
    assert_eq!(large.status, 201);
    assert_eq!(world.shelf.asked.lock().unwrap().len(), 1);
}
