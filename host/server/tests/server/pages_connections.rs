//! The pages of connections: what they show to whom, and that their forms do what the API does and nothing beside.

use counterfoil_domain::card::AuthScheme;
use counterfoil_domain::connection::{Connection, ConnectionState};
use counterfoil_domain::ports::{SetupStore as _, Vault as _, Write};
use counterfoil_domain::run::{Run, RunKind, RunState};
use counterfoil_domain::secret::{Secret, SecretScope};
use counterfoil_server::Role;

use crate::pages::Browser;
use crate::pages_plugins::{FORM, submit};
use crate::seed::connection;
use crate::setup::document;
use crate::world::{World, now};

const HERE: &str = "/connections/xero-main";

async fn world() -> World {
    let world = World::new().await.with_connection("xero-main").await;
    let run = Run {
        id: "run_1".into(),
        reseller: "acme".into(),
        connection: "xero-main".into(),
        kind: RunKind::Check,
        state: RunState::Failed,
        asked_by: "ann <b>".into(),
        asked_at: now(),
        started_at: Some(now()),
        finished_at: Some(now()),
        total: None,
        done: 0,
        counts: vec![("orders".to_owned(), 7)],
        problems: vec![],
    };
    world.put(vec![Write::InsertRun(run)]).await;
    world
}

async fn stands(world: &World, id: &str) -> Connection {
    let all = world.store.connections().await.unwrap();
    all.into_iter().find(|known| known.id.as_str() == id).unwrap()
}

async fn page(world: &World, role: Role, path: &str) -> String {
    let reply = Browser::signed_in(world, role).await.send("GET", path, &[], None).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.body);
    for bad in ["<xero-main>", "<b>\"", "ann <b>", "style=", "onclick", "javascript:"] {
        assert!(!reply.body.contains(bad), "{bad} is there:\n{}", reply.body);
    }
    reply.body
}

fn holds(body: &str, texts: &[&str]) {
    for text in texts {
        assert!(body.contains(text), "{text} is missing:\n{body}");
    }
}

#[tokio::test]
async fn the_list_tells_what_works_and_which_targets_there_are() {
    let world = world().await;
    let paused = Connection {
        state: ConnectionState::NeedsSignIn,
        state_reason: "the <token> ended".into(),
        auth: Some(AuthScheme::AuthorizationCode),
        ..connection("other")
    };
    world.put(vec![Write::PutConnection(paused)]).await;
    let scope = SecretScope::Connection("other".into());
    world.vault.put(&scope, "refresh_token_since", Secret::new("2026-09-25T00:00:00Z")).await.unwrap();
    let body = page(&world, Role::Viewer, "/connections").await;
    holds(
        &body,
        &[
            "Books &#60;xero-main&#62;",
            "the &#60;token&#62; ended",
            "needs sign in",
            "state bad\">error",
            "/runs/run_1",
            "ends on 2026-11-24, in 3 days",
            "Ask an operator",
        ],
    );
    for bad in ["Connect Xero", "/connections/xero-main/check\"><input type=\"hidden\" name=\"csrf\"><button aria"] {
        assert!(!body.contains(bad), "{bad}:\n{body}");
    }
    let body = page(&world, Role::Operator, "/connections").await;
    holds(&body, &["/targets/xero", "Connect Xero", "Check Books &#60;xero-main&#62;", "not enabled"]);
}

#[tokio::test]
async fn one_shows_its_settings_and_a_viewer_no_form() {
    let world = world().await;
    let body = page(&world, Role::Viewer, HERE).await;
    holds(
        &body,
        &["ACCOUNT_CODE", "<dd>200</dd>", "asked by ann &#60;b&#62;", "orders 7", "somebody confirms each plan"],
    );
    for bad in ["/state\"", "/test\"", "/settings\"", "name=\"secret."] {
        assert!(!body.contains(bad), "{bad}:\n{body}");
    }
    let body = page(&world, Role::Operator, HERE).await;
    holds(
        &body,
        &[
            "name=\"setting.account_code\" value=\"200\"",
            "name=\"secret.client_secret\" type=\"password\"",
            "AUTHORISED",
        ],
    );
    let none = Browser::signed_in(&world, Role::Operator).await.send("GET", "/connections/none", &[], None).await;
    assert_eq!(none.status, 404);
}

#[tokio::test]
async fn forms_need_the_role_and_the_token() {
    let world = world().await;
    for (place, body) in [("state", "state=paused&reason=x"), ("test", ""), ("settings", "setting.account_code=1")] {
        let at = format!("{HERE}/{place}");
        let operator = Browser::signed_in(&world, Role::Operator).await;
        assert_eq!(operator.send("POST", &at, &[FORM], Some(body)).await.status, 403, "{place} without the token");
        let approver = Browser::signed_in(&world, Role::Approver).await;
        assert_eq!(submit(&approver, &at, body).await.status, 403, "{place} as approver");
    }
    let now = stands(&world, "xero-main").await;
    assert_eq!((now.state, now.settings["account_code"].as_str()), (ConnectionState::Enabled, "200"));
}

#[tokio::test]
async fn it_is_paused_enabled_and_tested() {
    let world = world().await;
    let browser = Browser::signed_in(&world, Role::Operator).await;
    let reply = submit(&browser, &format!("{HERE}/state"), "state=paused&reason=year+end+<i>").await;
    assert_eq!((reply.status, reply.header("location")), (303, Some("/connections/xero-main?said=paused")));
    assert_eq!(stands(&world, "xero-main").await.state, ConnectionState::Paused);
    let body = browser.send("GET", &format!("{HERE}?said=paused"), &[], None).await.body;
    holds(&body, &["year end &#60;i&#62;", "The connection is paused", "Enable: work goes on"]);
    assert_eq!(submit(&browser, &format!("{HERE}/state"), "state=enabled").await.status, 303);
    assert_eq!(stands(&world, "xero-main").await.state, ConnectionState::Enabled);
    assert_eq!(submit(&browser, &format!("{HERE}/state"), "state=needs-sign-in").await.status, 422);
    let reply = submit(&browser, &format!("{HERE}/test"), "").await;
    assert_eq!(reply.status, 200);
    holds(&reply.body, &["It works: the target answered as Acme Books.", "<dd>USD</dd>"]);
}

#[tokio::test]
async fn a_sign_in_is_a_link_to_the_targets_own_page() {
    let world = world().await;
    let by_person = Connection { auth: Some(AuthScheme::AuthorizationCode), ..connection("xero-main") };
    world.put(vec![Write::PutConnection(by_person)]).await;
    let browser = Browser::signed_in(&world, Role::Operator).await;
    let reply = submit(&browser, &format!("{HERE}/authorize"), "").await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    holds(
        &reply.body,
        &["href=\"https://login.xero.test/authorize?prompt=login&#38;", "https://billing.test/oauth/callback"],
    );
    // Two accounts come back: one of them is chosen on the connection's page too.
    let state = reply.body.split("state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let back = browser.send("GET", &format!("/oauth/callback?code=two&state={state}&again=1"), &[], None).await;
    assert_eq!(back.status, 200, "{}", back.body);
    let body = browser.send("GET", HERE, &[], None).await.body;
    holds(&body, &["Books &#60;t-2&#62;", "Use this account"]);
    assert_eq!(submit(&browser, &format!("{HERE}/tenant"), "tenant=t-2").await.status, 303);
    assert_eq!(stands(&world, "xero-main").await.settings["tenant_id"], "t-2");
}

#[tokio::test]
async fn saving_settings_changes_them_and_nothing_else() {
    let world = World::new().await;
    let set = world.call(Role::Operator, "POST", "/v1/setup", Some(&document())).await;
    assert_eq!(set.status, 200, "{}", set.body);
    let before = stands(&world, "xero-main").await;
    let browser = Browser::signed_in(&world, Role::Operator).await;
    let at = format!("{HERE}/settings");
    let same =
        "name=Xero,+main+books&setting.account_code=200&setting.due_days=30&setting.draft=true&setting.status=DRAFT";
    assert_eq!(submit(&browser, &at, same).await.status, 303);
    assert_eq!(stands(&world, "xero-main").await, before, "what is sent back as it is stays as it is");

    let body = "name=Other+books&setting.account_code=+210+&setting.due_days=&setting.draft=false&setting.status=DRAFT&secret.client_secret=hush-new&secret.client_id=";
    let reply = submit(&browser, &at, body).await;
    assert_eq!((reply.status, reply.header("location")), (303, Some("/connections/xero-main?said=saved")));
    let after = stands(&world, "xero-main").await;
    let settings = [("account_code", "210"), ("draft", "false"), ("status", "DRAFT")];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    assert_eq!(after, Connection { name: "Other books".into(), settings, ..before });
    let scope = SecretScope::Connection("xero-main".into());
    let secret = async |name| world.vault.get(&scope, name).await.unwrap().unwrap().reveal().to_owned();
    assert_eq!((secret("client_secret").await, secret("client_id").await), ("hush-new".into(), "hush-id".into()));
    let body = page(&world, Role::Operator, HERE).await;
    assert!(!body.contains("hush"), "a secret is shown");

    let wrong = submit(&browser, &at, "setting.account_code=1&setting.due_days=soon&setting.status=SENT").await;
    assert_eq!(wrong.status, 422);
    holds(&wrong.body, &["is not a whole number", "SENT"]);
    let wrong = submit(&browser, &at, "setting.due_days=1").await;
    assert_eq!(wrong.status, 422, "account_code is needed");
}

#[tokio::test]
async fn an_installed_target_is_connected_by_a_form_of_its_card() {
    let world = world().await;
    let browser = Browser::signed_in(&world, Role::Operator).await;
    let form = browser.send("GET", "/targets/xero", &[], None).await;
    holds(
        &form.body,
        &["name=\"setting.account_code\"", "name=\"secret.client_secret\"", "ingram (file)", "placeholder=\"eu\""],
    );
    let by_person = browser.send("GET", "/targets/xero?auth=oauth2-authorization-code", &[], None).await.body;
    assert!(by_person.contains("own page") && !by_person.contains("secret.refresh_token"), "{by_person}");
    let body = "id=xero-two&name=Second+books&marketplace=ingram&auth=oauth2-client-credentials&setting.account_code=300&secret.client_id=a&secret.client_secret=hush";
    let reply = submit(&browser, "/targets/xero", body).await;
    assert_eq!(reply.header("location"), Some("/connections/xero-two?said=connected"), "{}", reply.body);
    let made = stands(&world, "xero-two").await;
    assert_eq!((made.name.as_str(), made.settings["account_code"].as_str()), ("Second books", "300"));
    for (body, why) in [
        (body.to_owned(), "taken"),
        (body.replace("xero-two", "three").replace("ingram", "none"), "no such marketplace"),
        (body.replace("xero-two", "three").replace("secret.client_id=a", ""), "a secret is missing"),
    ] {
        assert_eq!(submit(&browser, "/targets/xero", &body).await.status, 422, "{why}");
    }
    assert_eq!(world.store.connections().await.unwrap().len(), 2);
    assert_eq!(browser.send("GET", "/targets/none", &[], None).await.status, 404);
    let biller = Browser::signed_in(&world, Role::Biller).await;
    assert!(!biller.send("GET", "/targets/xero", &[], None).await.body.contains("name=\"secret."));
}
