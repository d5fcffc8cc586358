//! Signing in: each scheme as the other side sees it, one fetch for a hundred callers, rotation kept before
//! use, lost answers inside the grace.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{any, get, post};
use counterfoil_domain::card::{Auth, AuthScheme, TenantList};
use counterfoil_domain::id::ConnectionId;
use counterfoil_domain::ports::{
    Call, Caller, CodeGrant, Door as _, Outcome, Route, SendError, Tenant, Vault, WallClock,
};
use counterfoil_domain::secret::Secret;
use counterfoil_egress::{CodeSignIn, ExchangeSink};

use crate::support::{Events, MemoryVault, auth, door, read, route, serve, write};

fn parameters(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn header(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

/// A sign-in server that writes down what it is asked and answers from a script; and an API that writes down who came.
#[derive(Debug, Default)]
struct Script {
    events: Events,
    /// Answers to token requests, first to last; the last is repeated.
    answers: Mutex<Vec<(u16, String)>>,
    /// Access tokens that the API does not know any more.
    unknown: Mutex<Vec<String>>,
    insufficient: Mutex<bool>,
    token_calls: AtomicUsize,
}

impl Script {
    fn new(answers: &[(u16, &str)]) -> Arc<Self> {
        let script = Self::default();
        *script.answers.lock().unwrap() = answers.iter().map(|(status, body)| (*status, (*body).to_owned())).collect();
        Arc::new(script)
    }

    fn event(&self, text: String) {
        self.events.lock().unwrap().push(text);
    }

    fn events(&self) -> Vec<String> {
        self.events.lock().unwrap().clone()
    }

    fn calls(&self) -> usize {
        self.token_calls.load(Ordering::SeqCst)
    }
}

async fn token(State(script): State<Arc<Script>>, headers: HeaderMap, body: String) -> (StatusCode, String) {
    script.token_calls.fetch_add(1, Ordering::SeqCst);
    script.event(
        format!(
            "token {} {} {} {body}",
            header(&headers, "authorization"),
            header(&headers, "content-type"),
            header(&headers, "x-subscription-key")
        )
        .replace("  ", " "),
    );
    tokio::time::sleep(Duration::from_millis(40)).await;
    let (status, body) = {
        let mut answers = script.answers.lock().unwrap();
        if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() }
    };
    if status == 0 {
        // Answered on the other side, lost on the way: cut off by a panic of the handler.
        panic!("lost on purpose");
    }
    (StatusCode::from_u16(status).unwrap(), body)
}

async fn api(
    State(script): State<Arc<Script>>,
    headers: HeaderMap,
) -> (StatusCode, [(&'static str, &'static str); 1], &'static str) {
    let who = header(&headers, "authorization");
    script.event(format!("api {who} {}", header(&headers, "x-subscription-key")).trim_end().to_owned());
    let scope = *script.insufficient.lock().unwrap();
    if scope {
        return (StatusCode::UNAUTHORIZED, [("www-authenticate", "Bearer error=\"insufficent_scope\"")], "scope");
    }
    let known = !script.unknown.lock().unwrap().iter().any(|token| who.ends_with(token.as_str()));
    if known {
        (StatusCode::OK, [("x-echo", "1")], "ok")
    } else {
        (StatusCode::UNAUTHORIZED, [("www-authenticate", "Bearer error=\"invalid_token\"")], "who?")
    }
}

async fn start(script: &Arc<Script>, scheme: AuthScheme, auth_parameters: &[(&str, &str)]) -> Route {
    let app = Router::new()
        .route("/token", post(token))
        .route("/base/token", post(token))
        .route("/base/things", any(api))
        .with_state(Arc::clone(script));
    let base = serve(app).await;
    let mut route = route(&format!("{base}/base"));
    route.auth = Some(auth(scheme, Some(format!("{base}/token"))));
    route.auth_parameters = parameters(auth_parameters);
    route
}

const GOOD: (u16, &str) = (200, r#"{"access_token":"access-one","expires_in":1800,"token_type":"Bearer"}"#);

#[tokio::test]
async fn each_scheme_as_the_other_side_sees_it() {
    let script = Script::new(&[GOOD]);
    let plain = |scheme, secrets: &[&str], named: Option<&str>| {
        Some(Auth {
            secrets: secrets.iter().map(|name| (*name).to_owned()).collect(),
            header: named.map(str::to_owned),
            ..auth(scheme, None)
        })
    };
    let base = start(&script, AuthScheme::Basic, &[]).await;
    let secrets = [
        ("username", "acme+public"),
        ("password", "p:ss"),
        ("token", "static-token"),
        ("api_key", "key-123456"),
        ("subscription_key", "sub-123456"),
    ];
    for (auth, extra, expected) in [
        (None, vec![], "api"),
        (plain(AuthScheme::Basic, &[], None), vec![], "api Basic YWNtZStwdWJsaWM6cDpzcw=="),
        (plain(AuthScheme::Basic, &[], None), vec![("username", "other")], "api Basic b3RoZXI6cDpzcw=="),
        (plain(AuthScheme::Bearer, &["token"], None), vec![], "api Bearer static-token"),
        (plain(AuthScheme::Bearer, &["api_key"], None), vec![], "api Bearer key-123456"),
        (plain(AuthScheme::Header, &["api_key"], Some("X-Subscription-Key")), vec![], "api  key-123456"),
        (
            plain(AuthScheme::Bearer, &["token"], None),
            vec![("secret-header:X-Subscription-Key", "subscription_key")],
            "api Bearer static-token sub-123456",
        ),
    ] {
        let mut route = base.clone();
        route.auth = auth;
        route.auth_parameters = parameters(&extra);
        let (door, _) = door(&MemoryVault::with(&secrets), route);
        door.send(read("/things")).await.unwrap();
        assert_eq!(script.events().last().unwrap(), expected);
    }
}

type GrantRow = (AuthScheme, &'static [(&'static str, &'static str)], &'static str, String);

/// Scheme and parameters, what the server answers, and what it saw.
fn grants() -> [GrantRow; 7] {
    let id = "Basic dGhlIGlkOnRoZStzZWNyZXQ=";
    let form = "application/x-www-form-urlencoded";
    [
        (
            AuthScheme::ClientCredentials,
            &[("grant", "password-basic")],
            r#"{"AccessToken":"access-one","IdentityToken":null,"Error":null,"ExpiresIn":3600,"TokenType":"Bearer"}"#,
            format!("token {id} {form} grant_type=password&username=me%40x.test&password=p%26ss&scope=read%20write"),
        ),
        (
            AuthScheme::ClientCredentials,
            &[("grant", "client-credentials-form")],
            GOOD.1,
            format!(
                "token {form} grant_type=client_credentials&client_id=the%20id&client_secret=the%2Bsecret&scope=read%20write"
            ),
        ),
        (
            AuthScheme::ClientCredentials,
            &[],
            GOOD.1,
            format!("token {id} {form} grant_type=client_credentials&scope=read%20write"),
        ),
        (
            AuthScheme::AuthorizationCode,
            &[],
            GOOD.1,
            format!("token {id} {form} grant_type=refresh_token&refresh_token=refresh-1"),
        ),
        (
            AuthScheme::Bearer,
            &[("grant", "refresh-token")],
            GOOD.1,
            format!("token {id} {form} grant_type=refresh_token&refresh_token=refresh-1"),
        ),
        (
            AuthScheme::ClientCredentials,
            &[("grant", "password"), ("client_id", "public"), ("secret-header:X-Subscription-Key", "subscription_key")],
            GOOD.1,
            format!(
                "token {form} sub-123456 grant_type=password&client_id=public&client_secret=the%2Bsecret&username=me%40x.test&password=p%26ss&scope=read%20write"
            ),
        ),
        (
            AuthScheme::ClientCredentials,
            &[
                ("grant", "cloudblue-token"),
                ("marketplace", "us"),
                ("secret-header:X-Subscription-Key", "subscription_key"),
            ],
            r#"{"token":"access-one","expiresInSeconds":1500}"#,
            "token Basic bWVAeC50ZXN0OnAmc3M= application/json sub-123456 {\"marketplace\":\"us\"}".to_owned(),
        ),
    ]
}

#[tokio::test]
async fn each_grant_as_the_sign_in_server_sees_it() {
    let secrets = [
        ("client_id", "the id"),
        ("client_secret", "the+secret"),
        ("username", "me@x.test"),
        ("password", "p&ss"),
        ("refresh_token", "refresh-1"),
        ("subscription_key", "sub-123456"),
    ];
    for (scheme, extra, answer, expected) in &grants() {
        let script = Script::new(&[(200, *answer)]);
        let mut route = start(&script, *scheme, extra).await;
        if extra.iter().any(|(_, value)| *value == "cloudblue-token") {
            // Without a token URL it is the base URL's own.
            route.auth = route.auth.map(|auth| Auth { token_url: None, ..auth });
        }
        let (door, records) = door(&MemoryVault::with(&secrets), route);
        for _ in 0..3 {
            assert_eq!(door.send(read("/things")).await.unwrap().status, 200);
        }
        let events = script.events();
        assert_eq!(events[0].as_str(), expected);
        assert!(events[1].starts_with("api Bearer access-one"), "{events:?}");
        assert_eq!((script.calls(), events.len()), (1, 4), "one sign-in, three calls");
        assert_eq!(records.lock().unwrap()[0].operation, "sign-in");
    }
}

#[tokio::test]
async fn a_hundred_callers_make_one_token_request() {
    for answer in [GOOD, (400, r#"{"error":"invalid_client"}"#), (503, "busy")] {
        let script = Script::new(&[answer]);
        let route = start(&script, AuthScheme::ClientCredentials, &[]).await;
        let (door, _) = door(&MemoryVault::with(&[("client_id", "id"), ("client_secret", "the-secret")]), route);
        let door = Arc::new(door);
        let calls: Vec<_> = (0..100)
            .map(|_| {
                tokio::spawn({
                    let door = Arc::clone(&door);
                    async move { door.send(read("/things")).await }
                })
            })
            .collect();
        let mut good = 0;
        for call in calls {
            good += usize::from(call.await.unwrap().is_ok());
        }
        assert_eq!(good, if answer.0 == 200 { 100 } else { 0 });
        assert_eq!(script.calls(), 1, "answer {}", answer.0);
    }
}

#[tokio::test]
async fn a_rotated_refresh_token_is_kept_before_its_access_token_is_used() {
    let script = Script::new(&[
        (200, r#"{"access_token":"access-one","expires_in":1,"refresh_token":"refresh-2"}"#),
        (200, r#"{"access_token":"access-two","expires_in":1800,"refresh_token":"refresh-3"}"#),
    ]);
    let vault = MemoryVault { events: Arc::clone(&script.events), ..MemoryVault::default() };
    for (name, value) in [("client_id", "id"), ("client_secret", "the-secret"), ("refresh_token", "refresh-1")] {
        vault.set(name, value);
    }
    let vault = Arc::new(vault);
    let route = start(&script, AuthScheme::AuthorizationCode, &[]).await;
    let (door, _) = door(&vault, route);
    door.send(read("/things")).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    door.send(read("/things")).await.unwrap();
    let short: Vec<String> = script
        .events()
        .iter()
        .filter(|event| !event.contains("refresh_token_since"))
        .map(|event| event.split(' ').next_back().unwrap().replace("grant_type=refresh_token&", ""))
        .collect();
    assert_eq!(
        short,
        [
            "refresh_token=refresh-1",
            "refresh_token=refresh-2",
            "access-one",
            "refresh_token=refresh-2",
            "refresh_token=refresh-3",
            "access-two"
        ]
    );
    assert_eq!(script.events()[1], "kept refresh_token=refresh-2");
    assert_eq!(vault.value("refresh_token"), "refresh-3");
}

#[tokio::test]
async fn a_vault_that_cannot_keep_it_stops_the_call_and_the_token_is_not_lost() {
    let script = Script::new(&[
        (200, r#"{"access_token":"access-one","expires_in":1800,"refresh_token":"refresh-2"}"#),
        (200, r#"{"access_token":"access-two","expires_in":1800,"refresh_token":"refresh-3"}"#),
    ]);
    let vault =
        MemoryVault::with(&[("client_id", "id"), ("client_secret", "the-secret"), ("refresh_token", "refresh-1")]);
    vault.failing.store(1, Ordering::SeqCst);
    let (door, _) = door(&vault, start(&script, AuthScheme::AuthorizationCode, &[]).await);
    let error = door.send(write("{}")).await.unwrap_err();
    assert!(matches!(error, SendError::SignIn { needs_person: false, .. }), "{error:?}");
    assert!(!script.events().iter().any(|event| event.starts_with("api")), "the access token was not used");
    door.send(write("{}")).await.unwrap();
    let asked: Vec<bool> = script.events().iter().map(|event| event.contains("refresh_token=refresh-2")).collect();
    assert_eq!(asked, [false, true, false], "the second sign-in went on from the rotated token");
    assert_eq!(vault.value("refresh_token"), "refresh-3");
}

#[tokio::test]
async fn a_lost_refresh_answer_is_asked_for_again_with_the_old_token() {
    let script = Script::new(&[
        (0, ""),
        (200, r#"{"access_token":"access-one","expires_in":1800,"refresh_token":"refresh-3"}"#),
    ]);
    let vault =
        MemoryVault::with(&[("client_id", "id"), ("client_secret", "the-secret"), ("refresh_token", "refresh-1")]);
    let (door, _) = door(&vault, start(&script, AuthScheme::AuthorizationCode, &[]).await);
    assert_eq!(door.send(read("/things")).await.unwrap().status, 200);
    let asked: Vec<String> = script
        .events()
        .iter()
        .filter(|event| event.starts_with("token"))
        .map(|event| event.split("&refresh_token=").last().unwrap().to_owned())
        .collect();
    assert_eq!(asked, ["refresh-1", "refresh-1"], "inside the grace the old one still works");
    assert_eq!(vault.value("refresh_token"), "refresh-3");

    // Lost twice: worth trying later. Then the grace is over: a person, and the message tells what was lost.
    let script = Script::new(&[(0, ""), (0, ""), (400, r#"{"error":"invalid_grant"}"#)]);
    let vault =
        MemoryVault::with(&[("client_id", "id"), ("client_secret", "the-secret"), ("refresh_token", "refresh-1")]);
    let (door, _) = crate::support::door(&vault, start(&script, AuthScheme::AuthorizationCode, &[]).await);
    let error = door.send(read("/things")).await.unwrap_err();
    assert!(matches!(error, SendError::SignIn { needs_person: false, .. }), "{error:?}");
    assert_eq!(vault.value("refresh_token"), "refresh-1");
    let error = door.send(read("/things")).await.unwrap_err();
    assert!(
        matches!(&error, SendError::SignIn { needs_person: true, message } if message.contains("was lost at") && message.contains("sign in to the target again")),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_caller_that_gives_up_does_not_lose_the_rotated_token() {
    let script =
        Script::new(&[(200, r#"{"access_token":"access-one","expires_in":1800,"refresh_token":"refresh-2"}"#)]);
    let vault =
        MemoryVault::with(&[("client_id", "id"), ("client_secret", "the-secret"), ("refresh_token", "refresh-1")]);
    let (door, _) = door(&vault, start(&script, AuthScheme::AuthorizationCode, &[]).await);
    let mut hasty = read("/things");
    hasty.timeout = Duration::from_millis(35);
    let error = door.send(hasty).await.unwrap_err();
    assert!(matches!(error, SendError::NoConnection { .. }), "{error:?}");
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(vault.value("refresh_token"), "refresh-2");
    door.send(read("/things")).await.unwrap();
    assert_eq!(script.calls(), 1);
}

#[tokio::test]
async fn a_race_for_the_refresh_token_is_settled_by_reading_again() {
    let script = Script::new(&[
        (400, r#"{"error":"invalid_grant"}"#),
        (200, r#"{"access_token":"access-one","expires_in":1800}"#),
    ]);
    let vault =
        MemoryVault::with(&[("client_id", "id"), ("client_secret", "the-secret"), ("refresh_token", "refresh-1")]);
    let (door, _) = door(&vault, start(&script, AuthScheme::AuthorizationCode, &[]).await);
    let (winner, asked) = (Arc::clone(&vault), Arc::clone(&script));
    tokio::spawn(async move {
        while asked.calls() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        winner.set("refresh_token", "refresh-9");
    });
    assert_eq!(door.send(read("/things")).await.unwrap().status, 200);
    assert!(script.events()[1].contains("refresh-9"));
}

#[tokio::test]
async fn who_must_act_when_a_sign_in_fails() {
    for (status, body, expected) in [
        (400, r#"{"error":"invalid_grant"}"#, "person"),
        (400, r#"{"error":"invalid_client"}"#, "person"),
        (401, "", "person"),
        (403, "<html>", "person"),
        (404, "", "person"),
        (500, "", "later"),
        (503, "", "later"),
        (400, r#"{"error":"temporarily_unavailable"}"#, "later"),
        (408, "", "later"),
        (200, "{}", "later"),
        // The way of those who answer every question with a 200.
        (200, r#"{"AccessToken":null,"Error":"invalid_grant"}"#, "person"),
        (200, r#"{"AccessToken":null,"Error":"unsupported"}"#, "person"),
        (200, "<html>", "later"),
        (429, "", "budget"),
        (0, "", "later"),
    ] {
        for scheme in [AuthScheme::ClientCredentials, AuthScheme::AuthorizationCode] {
            let script = Script::new(&[(status, body)]);
            let vault = MemoryVault::with(&[
                ("client_id", "id"),
                ("client_secret", "the-secret"),
                ("refresh_token", "refresh-1"),
            ]);
            let (door, _) = door(&vault, start(&script, scheme, &[]).await);
            let error = door.send(write("{}")).await.unwrap_err();
            let got = match &error {
                SendError::SignIn { needs_person: true, .. } => "person",
                SendError::SignIn { needs_person: false, .. } => "later",
                SendError::OverBudget { .. } => "budget",
                other => panic!("{status} {body}: {other:?}"),
            };
            assert_eq!(got, expected, "{status} {body}");
            assert_eq!(error.outcome(), Outcome::NotSent);
            let asked = script.calls();
            let again = door.send(write("{}")).await.unwrap_err();
            if expected != "later" {
                assert_eq!(
                    (again, script.calls()),
                    (error, asked),
                    "{status} {body}: the same is not asked again at once"
                );
            }
            if expected == "person" {
                vault.set("client_secret", "another-secret");
                let _ = door.send(write("{}")).await;
                assert!(script.calls() > asked, "changed credentials are tried");
            }
        }
    }
    let script = Script::new(&[GOOD]);
    let (door, _) =
        door(&MemoryVault::with(&[("client_id", "id")]), start(&script, AuthScheme::ClientCredentials, &[]).await);
    let error = door.send(read("/things")).await.unwrap_err();
    assert!(
        matches!(&error, SendError::SignIn { needs_person: true, message } if message.contains("client_secret of connection/a")),
        "{error:?}"
    );
    assert_eq!(script.calls(), 0);
}

#[tokio::test]
async fn a_401_signs_in_anew_once() {
    let answers = [
        GOOD,
        (200, r#"{"access_token":"access-two","expires_in":1800}"#),
        (200, r#"{"access_token":"access-three","expires_in":1800}"#),
    ];
    let secrets = [("client_id", "id"), ("client_secret", "the-secret")];
    // (access tokens that the API refuses, lacks scope, status in the end, token requests)
    for (unknown, scope, status, tokens) in [
        (vec![], false, 200, 1),
        (vec!["access-one"], false, 200, 2),
        (vec!["access-one", "access-two", "access-three"], false, 401, 2),
        (vec![], true, 401, 1),
    ] {
        let script = Script::new(&answers);
        *script.unknown.lock().unwrap() = unknown.iter().map(|token| (*token).to_owned()).collect();
        *script.insufficient.lock().unwrap() = scope;
        let (door, _) = door(&MemoryVault::with(&secrets), start(&script, AuthScheme::ClientCredentials, &[]).await);
        assert_eq!(door.send(write("{}")).await.unwrap().status, status, "{unknown:?}");
        assert_eq!(script.calls(), tokens, "{unknown:?}");
    }
    // Twenty callers find the token gone at once: still one new one.
    let script = Script::new(&answers);
    let (door, _) = door(&MemoryVault::with(&secrets), start(&script, AuthScheme::ClientCredentials, &[]).await);
    door.send(read("/things")).await.unwrap();
    script.unknown.lock().unwrap().push("access-one".to_owned());
    let door = Arc::new(door);
    let calls: Vec<_> = (0..20)
        .map(|_| {
            tokio::spawn({
                let door = Arc::clone(&door);
                async move { door.send(read("/things")).await }
            })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().status, 200);
    }
    assert_eq!(script.calls(), 2);
}

#[tokio::test]
async fn a_static_credential_that_is_refused_is_the_targets_answer() {
    let app = Router::new().route("/things", get(|| async { StatusCode::UNAUTHORIZED }));
    let mut route = route(&serve(app).await);
    route.auth = Some(auth(AuthScheme::Bearer, None));
    let (door, records) = door(&MemoryVault::with(&[("token", "static-token")]), route);
    assert_eq!(door.send(read("/things")).await.unwrap().status, 401);
    assert_eq!(records.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_changed_route_signs_in_anew() {
    let script = Script::new(&[GOOD, (200, r#"{"access_token":"access-two","expires_in":1800}"#)]);
    let first = start(&script, AuthScheme::ClientCredentials, &[]).await;
    let (door, _) = door(&MemoryVault::with(&[("client_id", "id"), ("client_secret", "the-secret")]), first.clone());
    door.send(read("/things")).await.unwrap();
    let mut second = first;
    second.auth_parameters = parameters(&[("client_id", "other")]);
    door.set_route(second);
    door.send(read("/things")).await.unwrap();
    assert_eq!(script.events().last().unwrap(), "api Bearer access-two");
    assert_eq!(script.calls(), 2);
    door.remove_route(&crate::support::caller());
    assert!(matches!(door.send(read("/things")).await.unwrap_err(), SendError::Refused(_)));
}

/// The old token may open another organisation's books: it is not used once more.
#[tokio::test]
async fn changed_secrets_sign_in_anew_at_once() {
    let script = Script::new(&[GOOD, (200, r#"{"access_token":"access-two","expires_in":1800}"#)]);
    let vault = MemoryVault::with(&[("client_id", "id"), ("client_secret", "the-secret")]);
    let (door, _) = door(&vault, start(&script, AuthScheme::ClientCredentials, &[]).await);
    for _ in 0..2 {
        door.send(read("/things")).await.unwrap();
    }
    assert_eq!(script.calls(), 1, "the same secrets: the same token");
    vault.set("client_secret", "of-another-organisation");
    door.send(read("/things")).await.unwrap();
    assert_eq!(script.events().last().unwrap(), "api Bearer access-two");
    door.send(read("/things")).await.unwrap();
    assert_eq!(script.calls(), 2);
}

/// Rotating is no change by a person; setting another refresh token is.
#[tokio::test]
async fn a_rotated_refresh_token_keeps_the_access_token_and_one_that_was_set_does_not() {
    let script = Script::new(&[
        (200, r#"{"access_token":"access-one","refresh_token":"refresh-two","expires_in":1800}"#),
        (200, r#"{"access_token":"access-two","refresh_token":"refresh-four","expires_in":1800}"#),
    ]);
    let vault =
        MemoryVault::with(&[("client_id", "id"), ("client_secret", "s3cret"), ("refresh_token", "refresh-one")]);
    let (door, _) = door(&vault, start(&script, AuthScheme::AuthorizationCode, &[]).await);
    for _ in 0..3 {
        door.send(read("/things")).await.unwrap();
    }
    assert_eq!(script.calls(), 1);
    assert_eq!(vault.value("refresh_token"), "refresh-two");
    vault.set("refresh_token", "refresh-three");
    door.send(read("/things")).await.unwrap();
    assert!(script.events().iter().any(|event| event.contains("refresh_token=refresh-three")), "{:?}", script.events());
    assert_eq!(script.events().last().unwrap(), "api Bearer access-two");
    assert_eq!(vault.value("refresh_token"), "refresh-four");
}

/// One that the vault could not keep must not overwrite what a person set since.
#[tokio::test]
async fn an_unsaved_refresh_token_gives_way_to_one_that_was_set() {
    let script = Script::new(&[
        (200, r#"{"access_token":"access-one","refresh_token":"refresh-two","expires_in":1800}"#),
        (200, r#"{"access_token":"access-two","expires_in":1800}"#),
    ]);
    let vault =
        MemoryVault::with(&[("client_id", "id"), ("client_secret", "s3cret"), ("refresh_token", "refresh-one")]);
    vault.failing.store(1, Ordering::SeqCst);
    let (door, _) = door(&vault, start(&script, AuthScheme::AuthorizationCode, &[]).await);
    assert!(door.send(read("/things")).await.is_err());
    vault.set("refresh_token", "refresh-of-a-person");
    door.send(read("/things")).await.unwrap();
    assert_eq!(vault.value("refresh_token"), "refresh-of-a-person");
    assert!(script.events().iter().any(|event| event.contains("refresh_token=refresh-of-a-person")));
}

fn code_grant() -> CodeGrant {
    CodeGrant {
        code: Secret::new("the code & more"),
        verifier: Secret::new("the-verifier-of-this-sign-in"),
        redirect_uri: "https://billing.test/oauth/callback".to_owned(),
    }
}

async fn accounts(State(script): State<Arc<Script>>, headers: HeaderMap) -> (StatusCode, String) {
    script.event(format!("accounts {}", header(&headers, "authorization")));
    let list =
        r#"[{"tid":"t-1","tname":"One","kind":"ORG"},{"tid":"t-2","tname":"Two","kind":"PRACTICE"},{"kind":"ORG"}]"#;
    if *script.insufficient.lock().unwrap() {
        (StatusCode::FORBIDDEN, String::new())
    } else {
        (StatusCode::OK, list.to_owned())
    }
}

/// The scripted server with a list of accounts beside it, above the base URL.
async fn start_with_accounts(script: &Arc<Script>) -> Route {
    let app = Router::new()
        .route("/token", post(token))
        .route("/accounts", get(accounts))
        .route("/base/things", any(api))
        .with_state(Arc::clone(script));
    let base = serve(app).await;
    let mut route = route(&format!("{base}/base"));
    let tenants = TenantList {
        path: "/accounts".to_owned(),
        id: "tid".to_owned(),
        name: "tname".to_owned(),
        only: Some(("kind".to_owned(), "ORG".to_owned())),
        setting: "tenant".to_owned(),
    };
    let auth = auth(AuthScheme::AuthorizationCode, Some(format!("{base}/token")));
    route.auth = Some(Auth { tenants: Some(tenants), ..auth });
    route
}

#[tokio::test]
async fn a_code_becomes_a_kept_refresh_token_and_the_first_call_needs_no_other() {
    let script =
        Script::new(&[(200, r#"{"access_token":"access-one","refresh_token":"refresh-one","expires_in":1800}"#)]);
    let vault = MemoryVault { events: Arc::clone(&script.events), ..MemoryVault::default() };
    vault.set("client_id", "id");
    vault.set("client_secret", "s3cret");
    let vault = Arc::new(vault);
    let route = start_with_accounts(&script).await;
    let (door, _) = door(&vault, route.clone());
    assert!(door.send(read("/things")).await.is_err(), "nobody has signed in yet");
    let (sink, records) = crate::support::recorder();
    let codes = CodeSignIn::new(Arc::clone(&vault) as Arc<dyn Vault>, Arc::new(WallClock), sink);
    let signed_in = codes.redeem(route, code_grant()).await.unwrap();
    let one = Tenant { id: "t-1".to_owned(), name: "One".to_owned() };
    assert_eq!(signed_in.tenants, Some(Ok(vec![one])));
    door.send(read("/things")).await.unwrap();
    let since = format!("kept refresh_token_since={}", vault.value("refresh_token_since"));
    assert_eq!(
        script.events(),
        [
            "token Basic aWQ6czNjcmV0 application/x-www-form-urlencoded grant_type=authorization_code&code=the%20code%20%26%20more&redirect_uri=https%3A%2F%2Fbilling.test%2Foauth%2Fcallback&code_verifier=the-verifier-of-this-sign-in",
            "kept refresh_token=refresh-one",
            &since,
            "accounts Bearer access-one",
            "api Bearer access-one",
        ]
    );
    let told = format!("{:?}", records.lock().unwrap());
    for secret in ["the code", "the%20code", "the-verifier", "access-one", "refresh-one", "s3cret"] {
        assert!(!told.contains(secret), "{secret} is in {told}");
    }
}

#[tokio::test]
async fn why_a_code_becomes_no_sign_in() {
    let echo = r#"{"error":"invalid_grant","error_description":"the code & more with the-verifier-of-this-sign-in"}"#;
    for (status, body, expected) in [
        (400, echo, "code-refused"),
        (400, r#"{"error":"invalid_client"}"#, "app-refused"),
        (401, "", "app-refused"),
        (429, "", "too-early"),
        (503, "", "target-unreachable"),
        (200, "{}", "answer-lost"),
        (0, "", "answer-lost"),
        (200, r#"{"access_token":"access-one"}"#, "no-refresh-token"),
    ] {
        let script = Script::new(&[(status, body)]);
        let vault = MemoryVault::with(&[("client_id", "id"), ("client_secret", "s3cret"), ("refresh_token", "former")]);
        let route = start_with_accounts(&script).await;
        let codes = CodeSignIn::new(Arc::clone(&vault) as Arc<dyn Vault>, Arc::new(WallClock), ExchangeSink::none());
        let error = codes.redeem(route, code_grant()).await.unwrap_err();
        assert_eq!(error.code(), expected, "{status} {body}: {error}");
        assert_eq!(script.calls(), 1, "a code is never sent twice");
        assert_eq!(vault.value("refresh_token"), "former", "a former sign-in stays");
        let told = error.to_string();
        assert!(!told.contains("the code &") && !told.contains("the-verifier"), "{told}");
    }
    let good = r#"{"access_token":"access-one","refresh_token":"refresh-one"}"#;
    let script = Script::new(&[(200, good)]);
    let vault = MemoryVault::with(&[("client_id", "id"), ("client_secret", "s3cret")]);
    vault.failing.store(1, Ordering::SeqCst);
    let codes = CodeSignIn::new(Arc::clone(&vault) as Arc<dyn Vault>, Arc::new(WallClock), ExchangeSink::none());
    let route = start_with_accounts(&script).await;
    assert_eq!(codes.redeem(route.clone(), code_grant()).await.unwrap_err().code(), "not-kept");
    // The list is a courtesy: without it the sign-in stands.
    *script.insufficient.lock().unwrap() = true;
    let signed_in = codes.redeem(route.clone(), code_grant()).await.unwrap();
    assert!(matches!(&signed_in.tenants, Some(Err(why)) if why.contains("403")), "{signed_in:?}");
    for auth in [None, Some(auth(AuthScheme::ClientCredentials, Some("http://127.0.0.1:9/token".to_owned())))] {
        let error = codes.redeem(Route { auth, ..route.clone() }, code_grant()).await.unwrap_err();
        assert_eq!(error.code(), "no-sign-in", "{error}");
    }
}

/// The trap of several organisations under one token set: refreshing through one must not kill the other's copy.
#[tokio::test]
async fn connections_that_share_a_sign_in_share_one_chain_of_refresh_tokens() {
    let script = Script::new(&[
        (200, r#"{"access_token":"access-one","refresh_token":"refresh-two","expires_in":1800}"#),
        (200, r#"{"access_token":"access-two","refresh_token":"refresh-three","expires_in":1800}"#),
    ]);
    let vault =
        MemoryVault::with(&[("client_id", "id"), ("client_secret", "s3cret"), ("refresh_token", "refresh-one")]);
    let first = start(&script, AuthScheme::AuthorizationCode, &[]).await;
    let other = Caller::Connection(ConnectionId::new("b"));
    let mut second = first.clone();
    second.caller = other.clone();
    second.auth_parameters = parameters(&[("sign-in-with", "a")]);
    let (door, _) = door(&vault, first);
    door.set_route(second);
    let door = Arc::new(door);
    let by = |caller: &Caller| Call { caller: caller.clone(), ..read("/things") };
    let calls: Vec<_> = (0..20)
        .map(|count| {
            let call = if count % 2 == 0 { read("/things") } else { by(&other) };
            let door = Arc::clone(&door);
            tokio::spawn(async move { door.send(call).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().status, 200);
    }
    assert_eq!(script.calls(), 1, "one refresh for both");
    // The token goes: whoever notices refreshes for both, from the rotated one.
    script.unknown.lock().unwrap().push("access-one".to_owned());
    assert_eq!(door.send(by(&other)).await.unwrap().status, 200);
    assert_eq!(door.send(read("/things")).await.unwrap().status, 200);
    assert_eq!(script.calls(), 2);
    assert!(script.events().iter().any(|event| event.contains("refresh_token=refresh-two")));
    assert_eq!(vault.value("refresh_token"), "refresh-three");
}

/// What a person must do differs: sign in, or mend the app's credentials.
#[tokio::test]
async fn a_refused_refresh_token_and_a_refused_app_are_told_apart() {
    for (error, advice) in [
        ("invalid_grant", "sign in to the target again"),
        ("invalid_client", "check the credentials and set them again"),
    ] {
        let body = format!("{{\"error\":\"{error}\"}}");
        let script = Script::new(&[(400, &body)]);
        let vault =
            MemoryVault::with(&[("client_id", "id"), ("client_secret", "s3cret"), ("refresh_token", "refresh-one")]);
        let (door, _) = door(&vault, start(&script, AuthScheme::AuthorizationCode, &[]).await);
        let told = door.send(read("/things")).await.unwrap_err();
        assert!(
            matches!(&told, SendError::SignIn { needs_person: true, message } if message.contains(advice) && message.contains(error)),
            "{told:?}"
        );
    }
}
