//! Users and tokens, by API and page: who may change whom, that an administrator stays, that what was taken away opens
//! nothing, and that each change stands in the audit log.

use counterfoil_domain::ports::{SetupStore as _, Write};
use counterfoil_server::Role;
use serde_json::{Value, json};

use crate::client::{Reply, send};
use crate::pages::Browser;
use crate::pages_plugins::submit;
use crate::world::{PASSWORD, World, bearer, user};

const NEW: &str = "another horse battery";

async fn admin(world: &World, method: &str, path: &str, body: Value) -> Reply {
    world.call(Role::Admin, method, path, Some(&body)).await
}

async fn said(world: &World) -> (String, String, String, String) {
    let entry = world.store.audit(1).await.unwrap().remove(0);
    (entry.actor.to_string(), entry.action, entry.subject, entry.detail)
}

fn line(actor: &str, action: &str, subject: &str, detail: &str) -> (String, String, String, String) {
    (actor.into(), action.into(), subject.into(), detail.into())
}

#[tokio::test]
async fn somebody_comes_is_changed_and_goes() {
    let world = World::new().await;
    let made = admin(&world, "POST", "/v1/users", json!({ "name": "ann", "role": "biller", "password": NEW })).await;
    assert_eq!((made.status, made.json()), (201, json!({ "name": "ann", "role": "biller", "tokens": [] })));
    assert_eq!(said(&world).await, line("admin", "user.add", "ann", "biller"));

    let role = admin(&world, "PUT", "/v1/users/ann", json!({ "role": "approver" })).await;
    assert_eq!((role.status, role.json()["role"].as_str()), (200, Some("approver")));
    assert_eq!(said(&world).await, line("admin", "user.role", "ann", "biller → approver"));

    let token = admin(&world, "POST", "/v1/users/ann/tokens", json!({ "label": " nightly " })).await;
    assert_eq!(token.status, 201, "{}", token.body);
    assert_eq!(said(&world).await, line("admin", "user.token", "ann", "nightly"));
    let secret = token.json()["token"].as_str().unwrap().to_owned();
    let bearer = format!("Bearer {secret}");
    assert_eq!(send(world.address, "GET", "/v1/users/ann", &[], None).await.status, 401);
    let as_ann = || async { send(world.address, "GET", "/v1/users/ann", &[("Authorization", &bearer)], None).await };
    assert_eq!(as_ann().await.json(), json!({ "name": "ann", "role": "approver", "tokens": ["nightly"] }));
    assert_eq!(world.store.users().await.unwrap()[1].name.as_str(), "ann");
    assert!(!format!("{:?}", world.store.audit(50).await.unwrap()).contains(&secret));

    let gone = admin(&world, "DELETE", "/v1/users/ann/tokens/nightly", json!({})).await;
    assert_eq!((gone.status, as_ann().await.status), (200, 401), "{}", gone.body);
    assert_eq!(said(&world).await, line("admin", "user.token-remove", "ann", "nightly"));
    assert_eq!(admin(&world, "DELETE", "/v1/users/ann/tokens/nightly", json!({})).await.status, 404);

    let gone = admin(&world, "DELETE", "/v1/users/ann", json!({})).await;
    assert_eq!((gone.status, gone.json()["removed"]["name"].as_str()), (200, Some("ann")));
    assert_eq!(said(&world).await, line("admin", "user.remove", "ann", "approver"));
    let names = admin(&world, "GET", "/v1/users", json!({})).await.json();
    let names: Vec<&str> =
        names["users"].as_array().unwrap().iter().map(|user| user["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["admin", "approver", "biller", "operator", "viewer"]);
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_its_field() {
    let world = World::new().await;
    let long = "x".repeat(65);
    for (body, pointer, code) in [
        (json!({ "name": "", "role": "viewer", "password": NEW }), "/name", "bad-name"),
        (json!({ "name": "a b", "role": "viewer", "password": NEW }), "/name", "bad-name"),
        (json!({ "name": "rule:x", "role": "viewer", "password": NEW }), "/name", "bad-name"),
        (json!({ "name": long, "role": "viewer", "password": NEW }), "/name", "bad-name"),
        (json!({ "name": "Lookout", "role": "viewer", "password": NEW }), "/name", "name-taken"),
        (json!({ "name": "VIEWER", "role": "viewer", "password": NEW }), "/name", "user-exists"),
        (json!({ "name": "ann", "role": "biler", "password": NEW }), "/role", "unknown-role"),
        (json!({ "name": "ann", "role": "viewer", "password": "short" }), "/password", "too-short"),
        (json!({ "name": "ann", "role": "viewer", "password": "x".repeat(2000) }), "/password", "too-long"),
    ] {
        let reply = admin(&world, "POST", "/v1/users", body.clone()).await;
        assert_eq!((reply.status, reply.problem().as_str()), (422, "invalid"), "{body}: {}", reply.body);
        let error = &reply.json()["errors"][0];
        assert_eq!((error["pointer"].as_str(), error["code"].as_str()), (Some(pointer), Some(code)), "{body}");
    }
    for label in ["", " ", "a\nb", long.as_str(), "test"] {
        let reply = admin(&world, "POST", "/v1/users/viewer/tokens", json!({ "label": label })).await;
        assert_eq!(reply.status, 422, "{label}: {}", reply.body);
    }
    assert_eq!(world.store.users().await.unwrap().len(), Role::ALL.len());
    assert_eq!(world.store.audit(10).await.unwrap(), [], "nothing was written");
}

#[tokio::test]
async fn an_administrator_stays() {
    let world = World::new().await;
    for (method, body) in [("DELETE", json!({})), ("PUT", json!({ "role": "operator" }))] {
        let reply = admin(&world, method, "/v1/users/admin", body).await;
        assert_eq!((reply.status, reply.problem().as_str()), (409, "last-admin"), "{}", reply.body);
    }
    assert_eq!(admin(&world, "PUT", "/v1/users/operator", json!({ "role": "admin" })).await.status, 200);
    assert_eq!(admin(&world, "DELETE", "/v1/users/admin", json!({})).await.status, 200);
    // Whoever is gone is nobody at once.
    assert_eq!(admin(&world, "GET", "/v1/users", json!({})).await.status, 401);
}

#[tokio::test]
async fn others_see_to_themselves_and_to_nobody_else() {
    let world = World::new().await;
    let biller = |method: &'static str, path: &'static str, body: Value| {
        let world = &world;
        async move { world.call(Role::Biller, method, path, Some(&body)).await }
    };
    for (method, path) in [
        ("GET", "/v1/users/viewer"),
        ("PUT", "/v1/users/viewer"),
        ("POST", "/v1/users/viewer/tokens"),
        ("DELETE", "/v1/users/viewer/tokens/test"),
    ] {
        let body = if path.ends_with("tokens") { json!({ "label": "x" }) } else { json!({ "password": NEW }) };
        assert_eq!(biller(method, path, body).await.status, 404, "{method} {path}");
    }
    assert_eq!(biller("PUT", "/v1/users/biller", json!({ "role": "admin" })).await.problem(), "not-allowed");
    for (old, code) in [(Value::Null, "required"), (json!("wrong password"), "wrong-password")] {
        let reply = biller("PUT", "/v1/users/biller", json!({ "password": NEW, "old_password": old })).await;
        assert_eq!(reply.json()["errors"][0]["code"], code, "{}", reply.body);
    }
    assert_eq!(world.store.audit(10).await.unwrap(), []);
    let reply = biller("PUT", "/v1/users/biller", json!({ "password": NEW, "old_password": PASSWORD })).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(said(&world).await, line("biller", "user.password", "biller", ""));
    assert_eq!(biller("POST", "/v1/users/biller/tokens", json!({ "label": "mine" })).await.status, 201);
    // Guessing the old one gets slow, as it does at the sign-in.
    let mut slowed = false;
    for _ in 0..8 {
        let body = json!({ "password": NEW, "old_password": "wrong password" });
        let reply = biller("PUT", "/v1/users/biller", body).await;
        slowed |= reply.json()["errors"][0]["code"] == "too-many-attempts";
    }
    assert!(slowed);
}

#[tokio::test]
async fn the_pages_do_what_the_api_does() {
    let world = World::new().await;
    let mut odd = user(Role::Viewer);
    (odd.name, odd.tokens) = ("odd".into(), vec![("h".into(), "<script>x".into())]);
    world.put(vec![Write::PutUser(odd)]).await;
    let operator = Browser::signed_in(&world, Role::Operator).await;
    assert_eq!(operator.send("GET", "/users", &[], None).await.status, 403);
    assert_eq!(submit(&operator, "/users", "name=eve").await.status, 403);
    let home = operator.send("GET", "/account", &[], None).await;
    assert_eq!(home.status, 200);
    assert!(home.body.contains("Your account") && !home.body.contains("href=\"/users\""), "{}", home.body);

    let browser = Browser::signed_in(&world, Role::Admin).await;
    let page = browser.send("GET", "/users", &[], None).await;
    for text in ["Users", "operator", "&#60;script&#62;x", "Add user", "href=\"/users\""] {
        assert!(page.body.contains(text), "{text} is missing:\n{}", page.body);
    }
    assert!(!page.body.contains("<script>x"));
    let differ = submit(&browser, "/users", "name=eve&role=viewer&password=long+enough+1&again=long+enough+2").await;
    assert_eq!(differ.status, 422);
    let added = submit(&browser, "/users", "name=eve&role=viewer&password=long+enough+1&again=long+enough+1").await;
    assert_eq!((added.status, added.header("location")), (303, Some("/users?said=user-added")));
    assert_eq!(submit(&browser, "/users/eve", "do=role&role=biller").await.status, 303);
    assert_eq!(
        submit(&browser, "/users/eve", "do=password&password=another+one+3&again=another+one+3").await.status,
        303
    );
    assert_eq!(submit(&browser, "/users/odd", "do=token&label=%3Cscript%3Ex").await.status, 303);
    assert_eq!(submit(&browser, "/users/eve", "do=remove").await.status, 303);
    assert_eq!(submit(&browser, "/users/admin", "do=remove").await.status, 409, "the last one stays");
    let done: Vec<String> = world.store.audit(5).await.unwrap().into_iter().map(|entry| entry.action).collect();
    assert_eq!(done, ["user.remove", "user.token-remove", "user.password", "user.role", "user.add"]);

    let made = submit(&browser, "/account/tokens", "label=laptop").await;
    assert!(made.status == 200 && made.body.contains("cf_") && made.body.contains("this once"), "{}", made.body);
    assert!(!browser.send("GET", "/account", &[], None).await.body.contains("cf_"));
    assert_eq!(submit(&browser, "/account/tokens/remove", "label=laptop").await.status, 303);
    let old = PASSWORD.replace(' ', "+");
    let body = format!("old_password={old}&password=long+enough+9&again=long+enough+9");
    assert_eq!(submit(&browser, "/account/password", &body).await.header("location"), Some("/login"));
    assert_eq!(
        browser.send("GET", "/account", &[], None).await.header("location"),
        Some("/login"),
        "the session ended"
    );
}

#[tokio::test]
async fn the_log_can_be_checked_and_taken_out_whole() {
    let world = World::new().await;
    let empty = world.call(Role::Approver, "GET", "/v1/audit/verify", None).await.json();
    assert_eq!(empty, json!({ "good": true, "records": 0, "head": "", "first_bad": null }));
    for number in 0..3 {
        let body = json!({ "label": format!("t{number}") });
        assert_eq!(admin(&world, "POST", "/v1/users/viewer/tokens", body).await.status, 201);
    }
    let check = world.call(Role::Approver, "GET", "/v1/audit/verify", None).await.json();
    assert_eq!((&check["good"], &check["records"]), (&json!(true), &json!(3)));
    let all = world.call(Role::Approver, "GET", "/v1/audit.ndjson", None).await;
    assert_eq!(all.header("content-type"), Some("application/x-ndjson"));
    let lines: Vec<Value> = all.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().map(|line| line["place"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(lines[0]["detail"], "t0");
    assert_eq!(lines[2]["hash"], check["head"], "the last hash is the head");
    let rest = world.call(Role::Approver, "GET", "/v1/audit.ndjson?after=2", None).await;
    assert_eq!(rest.body.lines().count(), 1);
    let token = bearer(Role::Operator);
    assert_eq!(send(world.address, "GET", "/v1/audit.ndjson", &[("Authorization", &token)], None).await.status, 200);
}
