//! Tokens, organisations, scopes, limits.

use chrono::Duration;
use counterfoil_sim::SimClock;
use counterfoil_sim::xero::{AppMode, Limits, Offline, XeroConfig, XeroOrg, XeroSim};
use serde_json::json;

use crate::support::{Bench, Client, bench, bench_with, form, generous, http, invoices, noon};

const APP: (&str, &str) = ("sim-client", "sim-secret");

/// Name, Basic credentials, form, status, part of the answer.
type TokenRow<'a> = (&'a str, Option<(&'a str, &'a str)>, &'a [(&'a str, &'a str)], u16, &'a str);

#[tokio::test]
async fn token_requests() {
    let bench = bench().await;
    let url = bench.xero.token_url();
    let posted = [("grant_type", "client_credentials"), ("client_id", "sim-client"), ("client_secret", "sim-secret")];
    let table: [TokenRow; 8] = [
        ("basic", Some(APP), &[("grant_type", "client_credentials")], 200, "\"expires_in\":1800"),
        ("client_secret_post", None, &posted, 200, "\"token_type\":\"Bearer\""),
        ("wrong secret", Some(("sim-client", "no")), &[("grant_type", "client_credentials")], 400, "invalid_client"),
        ("no client", None, &[("grant_type", "client_credentials")], 400, "invalid_client"),
        ("no grant", Some(APP), &[("scope", "x")], 400, "unsupported_grant_type"),
        (
            "grant of the other mode",
            Some(APP),
            &[("grant_type", "authorization_code"), ("code", "c")],
            400,
            "unauthorized_client",
        ),
        (
            "scope not granted",
            Some(APP),
            &[("grant_type", "client_credentials"), ("scope", "payroll")],
            400,
            "invalid_scope",
        ),
        (
            "a narrower scope",
            Some(APP),
            &[("grant_type", "client_credentials"), ("scope", "accounting.contacts")],
            200,
            "\"scope\":\"accounting.contacts\"",
        ),
    ];
    for (name, basic, fields, status, part) in table {
        let reply = form(&url, basic, fields).await;
        assert_eq!(reply.status, status, "{name}: {}", reply.text);
        assert!(reply.text.contains(part), "{name}: {}", reply.text);
        assert!(!reply.text.contains("refresh_token"), "custom connections have no refresh token: {name}");
    }
}

#[tokio::test]
async fn an_expired_token_is_told_in_the_vendors_words() {
    let bench = bench().await;
    bench.xero.clock().advance(Duration::minutes(30));
    let reply = bench.client.get("Organisation").await;
    assert_eq!(reply.status, 401);
    let mut body = reply.json();
    let instance = body["Instance"].take();
    assert_eq!(instance.as_str().unwrap().len(), 36);
    let wanted = json!({
        "Type": null, "Title": "Unauthorized", "Status": 401,
        "Detail": "TokenExpired: token expired at 11/15/2026 12:30:00", "Instance": null, "Extensions": {},
    });
    assert_eq!(body, wanted);
}

fn two_orgs(codes: &[&str]) -> XeroConfig {
    let scopes = ["offline_access", "accounting.contacts", "accounting.invoices", "accounting.settings.read"];
    XeroConfig {
        mode: AppMode::AuthorizationCode { codes: codes.iter().map(|code| (*code).to_owned()).collect() },
        scopes: scopes.map(str::to_owned).to_vec(),
        orgs: vec![
            XeroOrg::new("tenant-nz", "Kiwi Ltd", "NZ", "NZD"),
            XeroOrg::new("tenant-us", "Yank Inc", "US", "USD"),
        ],
        ..generous()
    }
}

#[tokio::test]
async fn refresh_tokens_rotate_with_a_grace() {
    let xero = XeroSim::new(two_orgs(&["one"]), SimClock::fixed(noon())).start(None).await.unwrap();
    let url = xero.token_url();
    let code = [("grant_type", "authorization_code"), ("code", "one"), ("redirect_uri", "http://localhost")];
    let first = form(&url, Some(APP), &code).await;
    assert_eq!(first.status, 200, "{}", first.text);
    assert_eq!(form(&url, Some(APP), &code).await.status, 400, "a code works once");
    let first = first.json()["refresh_token"].as_str().unwrap().to_owned();
    let refresh = |token: String| {
        let url = url.clone();
        async move { form(&url, Some(APP), &[("grant_type", "refresh_token"), ("refresh_token", &token)]).await }
    };
    let second = refresh(first.clone()).await.json()["refresh_token"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    xero.clock().advance(Duration::minutes(30));
    assert_eq!(refresh(first.clone()).await.status, 200, "the answer was lost: the old one still works");
    xero.clock().advance(Duration::seconds(1));
    let late = refresh(first).await;
    assert_eq!((late.status, late.text.as_str()), (400, "{\"error\":\"invalid_grant\"}"));
    assert_eq!(refresh(second.clone()).await.status, 200);
    xero.clock().advance(Duration::days(61));
    assert_eq!(refresh(second).await.status, 400, "unused for sixty days");
    assert_eq!(refresh("made-up".to_owned()).await.status, 400);
}

const VERIFIER: &str = "a-verifier-of-some-length-as-rfc-7636-asks-for-it";

fn challenge(verifier: &str) -> String {
    use base64::Engine as _;
    use sha2::Digest as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(verifier))
}

/// Where the consent page sends the browser: the query, or the status and text where it does not.
async fn consent(url: &str, query: &[(&str, &str)]) -> Result<Vec<(String, String)>, (u16, String)> {
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let reply = client.build().unwrap().get(reqwest::Url::parse_with_params(url, query).unwrap()).send().await.unwrap();
    match reply.headers().get("location") {
        Some(back) => {
            let back = reqwest::Url::parse(back.to_str().unwrap()).unwrap();
            assert_eq!(back.path(), "/oauth/callback");
            Ok(back.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
        }
        None => Err((reply.status().as_u16(), reply.text().await.unwrap())),
    }
}

#[tokio::test]
async fn consent_gives_a_code_that_only_its_verifier_opens_once() {
    let xero = XeroSim::new(two_orgs(&[]), SimClock::fixed(noon())).start(None).await.unwrap();
    let there = "http://127.0.0.1:8420/oauth/callback";
    let asked = challenge(VERIFIER);
    let good = [
        ("response_type", "code"),
        ("client_id", "sim-client"),
        ("redirect_uri", there),
        ("scope", "offline_access accounting.contacts"),
        ("state", "s & t"),
        ("code_challenge", asked.as_str()),
        ("code_challenge_method", "S256"),
    ];
    let with = |name: &'static str, value: &'static str| {
        good.map(|(known, given)| if known == name { (known, value) } else { (known, given) })
    };
    for (query, error) in [
        (with("response_type", "token"), "unsupported_response_type"),
        (with("scope", "payroll"), "invalid_scope"),
        (with("code_challenge_method", "plain"), "invalid_request"),
    ] {
        let back = consent(&xero.authorize_url(), &query).await.unwrap();
        assert_eq!(back, [("error".to_owned(), error.to_owned()), ("state".to_owned(), "s & t".to_owned())]);
    }
    for (query, error) in
        [(with("client_id", "other"), "invalid_client"), (with("redirect_uri", ""), "invalid_redirect_uri")]
    {
        assert_eq!(consent(&xero.authorize_url(), &query).await, Err((400, error.to_owned())));
    }
    xero.state().deny_consent(true);
    assert_eq!(consent(&xero.authorize_url(), &good).await.unwrap()[0].1, "access_denied");
    xero.state().deny_consent(false);

    let code = || async { consent(&xero.authorize_url(), &good).await.unwrap()[0].1.clone() };
    let redeem = |code: String, redirect_uri: &'static str, verifier: Option<&'static str>| {
        let url = xero.token_url();
        async move {
            let mut fields =
                vec![("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", redirect_uri)];
            fields.extend(verifier.map(|verifier| ("code_verifier", verifier)));
            form(&url, Some(APP), &fields).await
        }
    };
    assert_eq!(redeem(code().await, there, None).await.status, 400, "without the verifier");
    assert_eq!(redeem(code().await, there, Some("another-verifier")).await.status, 400);
    assert_eq!(redeem(code().await, "http://127.0.0.1:8420/elsewhere", Some(VERIFIER)).await.status, 400);
    let old = code().await;
    xero.clock().advance(Duration::minutes(6));
    assert_eq!(redeem(old, there, Some(VERIFIER)).await.status, 400, "too old");
    let one = code().await;
    let first = redeem(one.clone(), there, Some(VERIFIER)).await;
    assert_eq!((first.status, first.json()["scope"].as_str()), (200, Some("offline_access accounting.contacts")));
    assert!(first.json()["refresh_token"].is_string());
    assert_eq!(redeem(one, there, Some(VERIFIER)).await.text, "{\"error\":\"invalid_grant\"}", "a code works once");

    xero.state().drop_scope("accounting.contacts");
    let token = first.json()["access_token"].as_str().unwrap().to_owned();
    let client = Client { http: http(), base: xero.base_url(), token, tenant: Some("tenant-nz".to_owned()) };
    let refused = client.get("Contacts").await;
    assert_eq!(refused.status, 401);
    assert!(refused.header("www-authenticate").unwrap().contains("insufficient_scope"));
}

#[tokio::test]
async fn organisations_and_scopes() {
    let xero = XeroSim::new(two_orgs(&["one"]), SimClock::fixed(noon())).start(None).await.unwrap();
    let granted = form(&xero.token_url(), Some(APP), &[("grant_type", "authorization_code"), ("code", "one")]).await;
    let token = granted.json()["access_token"].as_str().unwrap().to_owned();
    let as_tenant = |tenant: Option<&str>, token: &str| Client {
        http: http(),
        base: xero.base_url(),
        token: token.to_owned(),
        tenant: tenant.map(str::to_owned),
    };
    let connections =
        http().get(xero.connections_url()).bearer_auth(&token).send().await.unwrap().text().await.unwrap();
    assert!(
        connections.contains("\"tenantId\":\"tenant-us\"") && connections.contains("\"tenantType\":\"ORGANISATION\"")
    );
    for (tenant, token, status, detail) in [
        (Some("tenant-nz"), token.as_str(), 200, "Kiwi Ltd"),
        (Some("tenant-us"), token.as_str(), 200, "\"BaseCurrency\":\"USD\""),
        (None, token.as_str(), 403, "AuthenticationUnsuccessful"),
        (Some("tenant-x"), token.as_str(), 403, "\"Title\":\"Forbidden\""),
        (Some("tenant-nz"), "made-up", 401, "AuthenticationUnsuccessful"),
    ] {
        let reply = as_tenant(tenant, token).get("Organisation").await;
        assert_eq!(reply.status, status, "{tenant:?} {}", reply.text);
        assert!(reply.text.contains(detail), "{}", reply.text);
    }
    let kiwi = as_tenant(Some("tenant-nz"), &token);
    assert_eq!(kiwi.get("Items").await.status, 200, "settings.read reads items");
    let refused = kiwi.send("PUT", "Items", &json!({"Items": [{"Code": "A"}]})).await;
    assert_eq!(refused.status, 401, "items need accounting.settings to write");
    assert!(refused.header("WWW-Authenticate").unwrap().contains("insufficient_scope"));
    xero.state().tenant("tenant-nz").unwrap().set_connected(false);
    assert_eq!(kiwi.get("Organisation").await.status, 403, "disconnected");
}

async fn limited(limits: Limits) -> Bench {
    let access_token_lifetime = Duration::days(7);
    bench_with(XeroConfig { limits, access_token_lifetime, ..XeroConfig::default() }).await
}

#[tokio::test]
async fn the_counted_limits() {
    let few = |minute, day, app_minute| Limits { concurrent: 5, minute, day, app_minute };
    // Problem, limits, how long until it passes, whether Retry-After tells.
    let table = [
        ("minute", few(3, 100, 100), Duration::seconds(60), Some("60")),
        ("day", few(100, 3, 100), Duration::seconds(55_020), Some("55020")),
        ("appminute", few(100, 100, 3), Duration::seconds(60), None),
    ];
    for (problem, limits, wait, retry_after) in table {
        let bench = limited(limits).await;
        for left in (0..3).rev() {
            let reply = bench.client.get("Organisation").await;
            assert_eq!(reply.status, 200);
            let least = ["X-DayLimit-Remaining", "X-MinLimit-Remaining", "X-AppMinLimit-Remaining"]
                .map(|name| reply.header(name).unwrap().parse::<u32>().unwrap());
            assert_eq!(least.iter().min(), Some(&left), "{problem}");
            assert!(reply.header("Xero-Correlation-Id").is_some());
        }
        let refused = bench.client.get("Organisation").await;
        assert_eq!((refused.status, refused.header("X-Rate-Limit-Problem")), (429, Some(problem)));
        assert_eq!(refused.header("Retry-After"), retry_after, "{problem}");
        bench.xero.clock().advance(wait - Duration::seconds(1));
        assert_eq!(bench.client.get("Organisation").await.status, 429, "{problem}");
        bench.xero.clock().advance(Duration::seconds(1));
        assert_eq!(bench.client.get("Organisation").await.status, 200, "{problem}");
    }
}

#[tokio::test]
async fn six_at_once_are_one_too_many() {
    let latency = std::time::Duration::from_millis(300);
    let config = XeroConfig { latency, ..XeroConfig::default() };
    let bench = bench_with(config).await;
    let call = || bench.client.get("Organisation");
    let replies = tokio::join!(call(), call(), call(), call(), call(), call());
    let replies = [replies.0, replies.1, replies.2, replies.3, replies.4, replies.5];
    let refused: Vec<_> = replies.iter().filter(|reply| reply.status == 429).collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].header("X-Rate-Limit-Problem"), Some("concurrent"));
    assert_eq!(refused[0].header("Retry-After"), None, "the concurrent limit does not say how long");
    assert_eq!(bench.client.get("Organisation").await.status, 200, "places are given back");
}

#[tokio::test]
async fn a_429_wrote_nothing_and_is_not_remembered() {
    let bench = limited(Limits { concurrent: 5, minute: 1, day: 100, app_minute: 100 }).await;
    assert_eq!(bench.client.get("Organisation").await.status, 200);
    let body = invoices([bench.invoice(json!({}))]);
    assert_eq!(bench.client.keyed("PUT", "Invoices", "k", &body).await.status, 429);
    assert!(bench.xero.state().documents().is_empty());
    bench.xero.clock().advance(Duration::seconds(60));
    assert_eq!(bench.client.keyed("PUT", "Invoices", "k", &body).await.status, 200);
    assert_eq!(bench.xero.state().documents().len(), 1);
    let replay = bench.client.keyed("PUT", "Invoices", "k", &body).await;
    assert_eq!(replay.status, 429, "a replay costs a call");
}

#[tokio::test]
async fn offline_is_plain_text() {
    let bench = bench().await;
    for (offline, text) in [
        (Offline::Maintenance, "The Xero API is currently offline for maintenance"),
        (Offline::Organisation, "The Organisation is Offline"),
    ] {
        bench.xero.state().switch(|switches| switches.offline = Some(offline));
        let reply = bench.client.get("Organisation").await;
        assert_eq!((reply.status, reply.text.as_str()), (503, text));
    }
    bench.xero.state().switch(|switches| switches.offline = None);
    assert_eq!(bench.client.get("Organisation").await.status, 200);
}

#[tokio::test]
async fn who_does_not_ask_for_json_gets_xml() {
    let bench = bench().await;
    for (accept, json) in [
        (None, false),
        (Some("*/*"), false),
        (Some("application/json"), true),
        (Some("text/html, application/json;q=0.9"), true),
    ] {
        let request = bench.client.http.get(format!("{}/Organisation", bench.client.base));
        let request = request.bearer_auth(&bench.client.token);
        let request = match accept {
            Some(accept) => request.header("Accept", accept),
            None => request,
        };
        let text = request.send().await.unwrap().text().await.unwrap();
        assert_eq!(text.starts_with('{'), json, "{accept:?}: {text}");
    }
}

#[tokio::test]
async fn connections_tell_only_the_apps_limit() {
    let bench = bench().await;
    let request = bench.client.http.get(bench.xero.connections_url());
    let response = request.bearer_auth(&bench.client.token).send().await.unwrap();
    assert!(response.headers().contains_key("X-AppMinLimit-Remaining"));
    assert!(!response.headers().contains_key("X-MinLimit-Remaining"));
    assert_eq!(bench.client.http.get(bench.xero.connections_url()).send().await.unwrap().status(), 401);
}
