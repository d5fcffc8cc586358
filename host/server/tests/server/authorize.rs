//! Signing a connection in by a person: the address to go to, what comes back and what does not open anything, who may
//! bring it, and which connections work afterwards.

use chrono::TimeDelta;
use counterfoil_domain::connection::{Connection, ConnectionState};
use counterfoil_domain::ports::{SetupStore as _, Vault as _, Write};
use counterfoil_domain::secret::{REFRESH_TOKEN_SINCE, Secret, SecretScope};
use counterfoil_server::Role;
use serde_json::{Value, json};

use crate::client::{Reply, send};
use crate::pages::Browser;
use crate::seed::connection;
use crate::world::{REDIRECT, World};

const AT: &str = "/v1/connections/xero-main/authorize";

fn waiting(id: &str) -> Connection {
    Connection { state: ConnectionState::NeedsSignIn, ..connection(id) }
}

async fn world() -> World {
    let world = World::new().await;
    world.put(vec![Write::PutConnection(waiting("xero-main"))]).await;
    world
}

/// The parts of the address that a person is sent to.
fn query(begun: &Reply) -> Vec<(String, String)> {
    assert_eq!(begun.status, 200, "{}", begun.body);
    let url = begun.json()["authorize_url"].as_str().unwrap().to_owned();
    let url = url::Url::parse(&url).unwrap();
    url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

fn state(begun: &Reply) -> String {
    query(begun).into_iter().find(|(name, _)| name == "state").unwrap().1
}

async fn begin(world: &World) -> String {
    state(&world.call(Role::Operator, "POST", AT, None).await)
}

async fn back(world: &World, query: &str) -> Reply {
    send(world.address, "GET", &format!("/oauth/callback?{query}"), &[], None).await
}

async fn stands(world: &World, id: &str) -> (ConnectionState, Option<String>) {
    let all = world.store.connections().await.unwrap();
    let found = all.into_iter().find(|known| known.id.as_str() == id).unwrap();
    (found.state, found.settings.get("tenant_id").cloned())
}

async fn shown(world: &World) -> Value {
    world.call(Role::Operator, "GET", AT, None).await.json()
}

#[tokio::test]
async fn the_address_asks_with_a_proof_and_a_state_of_its_own() {
    let world = world().await;
    let first = query(&world.call(Role::Operator, "POST", AT, None).await);
    let names: Vec<&str> = first.iter().map(|(name, _)| name.as_str()).collect();
    let wanted = "prompt response_type client_id redirect_uri scope state code_challenge code_challenge_method";
    assert_eq!(names.join(" "), wanted);
    let value = |name: &str| first.iter().find(|(known, _)| known == name).unwrap().1.clone();
    assert_eq!(
        (value("response_type"), value("client_id"), value("redirect_uri"), value("scope")),
        ("code".into(), "the app".into(), REDIRECT.into(), "offline_access accounting".into())
    );
    assert_eq!((value("code_challenge").len(), value("code_challenge_method")), (43, "S256".to_owned()));
    let second = query(&world.call(Role::Operator, "POST", AT, None).await);
    assert_ne!(second[5], first[5]);
    assert_ne!(second[6], first[6]);

    world.put(vec![Write::PutConnection(connection("basic"))]).await;
    let not = world.call(Role::Operator, "POST", "/v1/connections/basic/authorize", None).await;
    assert_eq!((not.status, not.problem().as_str()), (422, "invalid"));
    assert_eq!(not.json()["errors"][0]["code"], "no-sign-in");
    let none = world.call(Role::Operator, "GET", "/v1/connections/basic/authorize", None).await;
    assert_eq!(none.problem(), "not-found");
}

/// What the code gives, status of the page, a word on it, state of the sign-in, state of the connection, its account.
type Row = (&'static str, u16, &'static str, &'static str, ConnectionState, Option<&'static str>);

#[tokio::test]
async fn what_comes_back_is_told_and_only_a_sign_in_opens_the_connection() {
    use ConnectionState::{Enabled, NeedsSignIn};
    let rows: [Row; 13] = [
        ("code=one", 200, "one account", "signed-in", Enabled, Some("t-1")),
        ("code=two", 200, "Books &lt;t-2&gt;</button>", "choosing", NeedsSignIn, None),
        ("code=empty", 200, "opens no account", "choosing", NeedsSignIn, None),
        ("code=no-list", 200, "Signed in.", "signed-in", Enabled, None),
        ("code=bad-list", 200, "could not be read", "signed-in", Enabled, None),
        ("code=used", 400, "did not take the code", "code-refused", NeedsSignIn, None),
        ("code=app", 400, "client_id and client_secret", "app-refused", NeedsSignIn, None),
        ("code=busy", 400, "Begin the sign-in again", "too-early", NeedsSignIn, None),
        ("code=away", 400, "could not be asked", "target-unreachable", NeedsSignIn, None),
        ("code=lost", 400, "answer was lost", "answer-lost", NeedsSignIn, None),
        ("code=short", 400, "offline_access", "no-refresh-token", NeedsSignIn, None),
        ("error=access_denied", 400, "Somebody refused there", "access-denied", NeedsSignIn, None),
        ("nothing=1", 400, "no code came back", "code-refused", NeedsSignIn, None),
    ];
    for (answer, status, word, stage, after, tenant) in rows {
        let world = world().await;
        let state = begin(&world).await;
        assert_eq!(shown(&world).await["state"], "waiting");
        let page = back(&world, &format!("{answer}&state={state}&session_state=x")).await;
        assert_eq!(page.status, status, "{answer}: {}", page.body);
        assert!(page.body.contains(word), "{answer}: {}", page.body);
        let seen = shown(&world).await;
        let told = if seen["state"] == "failed" { &seen["code"] } else { &seen["state"] };
        assert_eq!(told, stage, "{seen}");
        assert_eq!(stands(&world, "xero-main").await, (after, tenant.map(str::to_owned)), "{answer}");
        let audit = world.call(Role::Approver, "GET", "/v1/audit", None).await;
        let action = if seen["state"] == "failed" { "connection.sign-in-failed" } else { "connection.signed-in" };
        assert!(audit.body.contains(action), "{}", audit.body);
        assert!(!audit.body.contains(&state) && !page.body.contains(&state));

        // Whatever became of it, the state is spent.
        let again = back(&world, &format!("code=one&state={state}")).await;
        assert!(again.status == 400 && again.body.contains("was ended before"), "{}", again.body);
        assert_eq!(stands(&world, "xero-main").await.0, after);
    }
}

#[tokio::test]
async fn a_state_that_is_wrong_or_late_opens_nothing() {
    let world = world().await;
    let state = begin(&world).await;
    for query in ["code=one", "code=one&state=", "code=one&state=made-up", "", "state=%00"] {
        let page = back(&world, query).await;
        assert!(page.status == 400 && page.body.contains("is not known here"), "{query}: {}", page.body);
    }
    world.clock.advance(TimeDelta::minutes(10));
    let late = back(&world, &format!("code=one&state={state}")).await;
    assert!(late.status == 400 && late.body.contains("longer than ten minutes"), "{}", late.body);
    assert_eq!(shown(&world).await["state"], "expired");
    assert_eq!(stands(&world, "xero-main").await.0, ConnectionState::NeedsSignIn);
    // Whoever began it is no operator any more.
    let state = begin(&world).await;
    let mut user = crate::world::user(Role::Operator);
    user.role = "viewer".into();
    world.put(vec![Write::PutUser(user)]).await;
    let page = back(&world, &format!("code=one&state={state}")).await;
    assert_eq!(page.status, 403, "{}", page.body);
}

#[tokio::test]
async fn one_of_several_accounts_is_chosen_on_the_page_or_by_the_api() {
    let world = world().await;
    let state = begin(&world).await;
    let page = back(&world, &format!("code=two&state={state}")).await;
    let (_, rest) = page.body.split_once("name=\"handle\" value=\"").unwrap();
    let handle = rest.split('"').next().unwrap();
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    for (body, status) in [
        ("handle=made-up&tenant=t-2".to_owned(), 400),
        (format!("handle={handle}&tenant=t-9"), 422),
        ("nonsense".to_owned(), 400),
    ] {
        let reply = send(world.address, "POST", "/oauth/tenant", &form, Some(&body)).await;
        assert_eq!(reply.status, status, "{body}: {}", reply.body);
    }
    assert_eq!(stands(&world, "xero-main").await, (ConnectionState::NeedsSignIn, None));
    let body = format!("handle={handle}&tenant=t-2");
    let foreign = [form[0], ("Sec-Fetch-Site", "cross-site")];
    assert_eq!(send(world.address, "POST", "/oauth/tenant", &foreign, Some(&body)).await.status, 400);
    let reply = send(world.address, "POST", "/oauth/tenant", &form, Some(&body)).await;
    assert!(reply.status == 200 && reply.body.contains("used by this connection"), "{}", reply.body);
    assert_eq!(stands(&world, "xero-main").await, (ConnectionState::Enabled, Some("t-2".to_owned())));
    let now = world.call(Role::Operator, "PUT", AT, Some(&json!({ "tenant": "t-1" }))).await;
    assert_eq!((now.json()["state"].as_str(), now.json()["tenant"].as_str()), (Some("signed-in"), Some("t-1")));
    assert_eq!(stands(&world, "xero-main").await.1.as_deref(), Some("t-1"));

    // One that was chosen before stays, as long as the sign-in opens it.
    let state = begin(&world).await;
    back(&world, &format!("code=two&state={state}")).await;
    assert_eq!(stands(&world, "xero-main").await, (ConnectionState::Enabled, Some("t-1".to_owned())));
}

#[tokio::test]
async fn a_sign_in_begun_in_a_session_comes_back_to_it() {
    let world = world().await;
    let browser = Browser::signed_in(&world, Role::Operator).await;
    let csrf = [("X-Csrf-Token", browser.csrf.as_str())];
    let state = state(&browser.send("POST", AT, &csrf, None).await);
    // The browser comes from another site, so its cookie does not come along: it is asked to come again.
    let there = format!("code=one&state={state}");
    let bounced = back(&world, &there).await;
    let refresh = bounced.header("refresh").unwrap().to_owned();
    assert_eq!(refresh, format!("0; url=/oauth/callback?{there}&again=1"));
    assert_eq!(stands(&world, "xero-main").await.0, ConnectionState::NeedsSignIn);
    let stranger = back(&world, &format!("{there}&again=1")).await;
    assert!(stranger.status == 403 && stranger.header("refresh").is_none(), "{}", stranger.body);
    let other = Browser::signed_in(&world, Role::Admin).await;
    let address = format!("/oauth/callback?{there}&again=1");
    assert_eq!(other.send("GET", &address, &[], None).await.status, 403);
    let page = browser.send("GET", &address, &[], None).await;
    assert!(page.status == 200 && page.body.contains("one account"), "{}", page.body);
    assert_eq!(stands(&world, "xero-main").await.0, ConnectionState::Enabled);
}

#[tokio::test]
async fn what_the_browser_came_back_with_can_be_pasted_by_who_began_it() {
    let world = world().await;
    let state = begin(&world).await;
    let paste = |role, url: String| {
        let world = &world;
        async move {
            let at = format!("{AT}/answer");
            world.call(role, "POST", &at, Some(&json!({ "url": url }))).await
        }
    };
    let wrong = paste(Role::Operator, "https://billing.test/oauth/callback?code=one&state=x".into()).await;
    assert_eq!((wrong.status, wrong.json()["errors"][0]["code"].as_str()), (422, Some("unknown-state")));
    let whole = format!("{REDIRECT}?code=one&state={state}");
    assert_eq!(paste(Role::Admin, whole.clone()).await.status, 422, "another user began it");
    let done = paste(Role::Operator, whole.clone()).await;
    assert_eq!((done.status, done.json()["state"].as_str()), (200, Some("signed-in")), "{}", done.body);
    assert_eq!(paste(Role::Operator, whole).await.json()["errors"][0]["code"], "state-used");
}

#[tokio::test]
async fn a_pause_stays_and_connections_with_the_same_sign_in_wake_up() {
    let world = World::new().await;
    let shares = |id: &str, tenant: &str| {
        let mut one = waiting(id);
        one.rules.sign_in.with = Some("xero-main".into());
        one.settings.insert("tenant_id".into(), tenant.into());
        Write::PutConnection(one)
    };
    let second = shares("xero-two", "t-2");
    let elsewhere = shares("xero-nine", "t-9");
    let paused = Connection { state: ConnectionState::Paused, ..connection("xero-main") };
    let unrelated = Write::PutConnection(waiting("xero-other"));
    world.put(vec![Write::PutConnection(paused), second, elsewhere, unrelated]).await;
    let state = begin(&world).await;
    back(&world, &format!("code=two&state={state}")).await;
    assert_eq!(stands(&world, "xero-main").await.0, ConnectionState::Paused);
    assert_eq!(stands(&world, "xero-two").await.0, ConnectionState::Enabled);
    assert_eq!(stands(&world, "xero-nine").await.0, ConnectionState::NeedsSignIn, "the sign-in does not open it");
    assert_eq!(stands(&world, "xero-other").await.0, ConnectionState::NeedsSignIn);
}

#[tokio::test]
async fn the_day_on_which_a_sign_in_ends_is_told_in_time() {
    let world = World::new().await;
    let mut own = connection("xero-main");
    own.auth = Some(counterfoil_domain::card::AuthScheme::AuthorizationCode);
    world.put(vec![Write::PutConnection(own)]).await;
    let at = "/v1/connections/xero-main";
    assert!(world.get(at).await.json()["sign_in_expires_on"].is_null());
    let home = SecretScope::Connection("xero-main".into());
    let since = Secret::new("2026-10-10T10:00:00+00:00");
    world.vault.put(&home, REFRESH_TOKEN_SINCE, since).await.unwrap();
    let view = world.get(at).await.json();
    assert_eq!(view["sign_in_expires_on"], "2026-12-09");
    assert!(!view["secrets"].to_string().contains(REFRESH_TOKEN_SINCE), "{view}");
    let notices = world.get("/v1/notices").await;
    assert!(!notices.body.contains("sign-in-ends"), "{}", notices.body);
    world.clock.advance(TimeDelta::days(5));
    let notices = world.get("/v1/notices").await;
    assert!(notices.body.contains("sign-in-ends") && notices.body.contains("2026-12-09"), "{}", notices.body);
}

fn document(other: Value) -> Value {
    let mut base = json!({ "reseller": "acme", "plugin": "xero", "marketplace": "in", "auth": "oauth2-authorization-code",
        "settings": { "account_code": "200" } });
    let mut own = base.clone();
    own["secrets"] = json!({ "client_id": "hush-id", "client_secret": "hush-secret" });
    for (name, value) in other.as_object().unwrap() {
        base[name] = value.clone();
    }
    json!({
        "reseller": { "acme": { "name": "Acme" }, "other": { "name": "Other" } },
        "marketplace": { "in": { "reseller": "acme", "kind": "file", "location": "/data" } },
        "connection": { "xero-main": own, "xero-two": base },
    })
}

async fn applied(world: &World, document: &Value) -> Reply {
    world.call(Role::Operator, "POST", "/v1/setup", Some(document)).await
}

#[tokio::test]
async fn a_connection_borrows_a_sign_in_only_where_it_fits() {
    let world = World::new().await;
    for (other, words) in [
        (json!({ "sign_in_with": "xero-two" }), "signs in by itself"),
        (json!({ "sign_in_with": "xero-mian" }), "did you mean \\\"xero-main\\\"?"),
        (json!({ "sign_in_with": "xero-main", "auth": "oauth2-client-credentials" }), "one sign-in serves both"),
        (json!({ "sign_in_with": "xero-main", "token_url": "https://id.test/token" }), "one sign-in serves both"),
        (json!({ "sign_in_with": "xero-main", "secrets": { "client_id": "hush" } }), "leave secrets out"),
        (json!({ "sign_in_with": "xero-main", "authorize_url": "http://login.test" }), "must begin with https"),
        (json!({}), "client_id"),
    ] {
        let reply = applied(&world, &document(other.clone())).await;
        assert!(reply.status == 422 && reply.body.contains(words), "{other}: {}", reply.body);
    }
    let good = document(json!({ "sign_in_with": "xero-main", "authorize_url": "https://login.test/authorize" }));
    assert_eq!(applied(&world, &good).await.json()["create"], 5);
    let view = world.get("/v1/connections/xero-two").await.json();
    assert_eq!(
        (view["sign_in_with"].as_str(), view["authorize_url"].as_str()),
        (Some("xero-main"), Some("https://login.test/authorize"))
    );
    assert!(view["secrets"].to_string().contains("\"name\":\"client_id\""), "it is the other's: {view}");
    // A third may not lean on one that leans itself.
    let mut chain = good.clone();
    chain["connection"] = json!({ "xero-three": good["connection"]["xero-two"].clone() });
    chain["connection"]["xero-three"]["sign_in_with"] = json!("xero-two");
    assert!(applied(&world, &chain).await.body.contains("name that one"));
    // What was chosen when somebody signed in is no change of the setup.
    let mut chosen =
        world.store.connections().await.unwrap().into_iter().find(|one| one.id.as_str() == "xero-two").unwrap();
    chosen.settings.insert("tenant_id".into(), "t-2".into());
    world.put(vec![Write::PutConnection(chosen)]).await;
    assert_eq!(applied(&world, &good).await.json()["unchanged"], 5);
    assert_eq!(stands(&world, "xero-two").await.1.as_deref(), Some("t-2"));
}
