//! Signing in: both kinds, the key on every call, expiry.

use chrono::Duration;
use counterfoil_sim::cloudblue::CloudBlueConfig;

use crate::http::{Session, client, post, send, tenant, token};

#[tokio::test]
async fn basic_credentials_give_a_token_that_opens_the_lists() {
    let handle = tenant(CloudBlueConfig::default()).await;
    let answer = token(&handle, "cmpapi", "sim-password", "sim-subscription-key", "us").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["expiresInSeconds"], 1_500);
    assert!(answer.headers.contains_key("x-correlation-id"));
    let session = Session::sign_in(&handle).await;
    assert_eq!(session.get("/orders").await.rows().len(), 10);
}

#[tokio::test]
async fn wrong_sign_ins_are_refused_in_words() {
    let handle = tenant(CloudBlueConfig::default()).await;
    let key = "sim-subscription-key";
    for (user, password, key, marketplace, status) in [
        ("cmpapi", "wrong", key, "us", 401),
        ("other", "sim-password", key, "us", 401),
        ("cmpapi", "sim-password", "other-key", "us", 401),
        ("cmpapi", "sim-password", key, "moon", 400),
    ] {
        let answer = token(&handle, user, password, key, marketplace).await;
        assert_eq!(answer.status, status, "{user} {password} {key} {marketplace}");
        for field in ["code", "message", "details"] {
            assert!(answer.body[field].is_string(), "{}", answer.body);
        }
        assert!(answer.headers.contains_key("x-correlation-id"));
    }
}

#[tokio::test]
async fn the_password_grant_gives_a_token_too() {
    let handle = tenant(CloudBlueConfig::default()).await;
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let grant = |password: &str, secret: &str, kind: &str, scope: &str| {
        format!(
            "grant_type={kind}&client_id=sim-client&client_secret={secret}&username=cmpapi&password={password}&scope={scope}"
        )
    };
    let url = handle.oidc_token_url();
    let secret = "sim-client-secret";
    let answer = post(&url, &form, grant("sim-password", secret, "password", "openid")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.body["expires_in"], 1_500);
    let request = client()
        .get(format!("{}/customers", handle.base_url()))
        .bearer_auth(answer.body["access_token"].as_str().unwrap())
        .header("X-Subscription-Key", "sim-subscription-key");
    assert_eq!(send(request).await.status, 200);
    for (body, status, error) in [
        (grant("wrong", secret, "password", "openid"), 401, "invalid_grant"),
        (grant("sim-password", "wrong", "password", "openid"), 401, "unauthorized_client"),
        (grant("sim-password", secret, "client_credentials", "openid"), 400, "unsupported_grant_type"),
        (grant("sim-password", secret, "password", ""), 400, "invalid_scope"),
    ] {
        let answer = post(&url, &form, body).await;
        assert_eq!((answer.status.as_u16(), answer.body["error"].as_str()), (status, Some(error)));
    }
    let elsewhere = url.replace("/realms/sim/", "/realms/other/");
    assert_eq!(post(&elsewhere, &form, grant("sim-password", secret, "password", "openid")).await.status, 404);
}

#[tokio::test]
async fn every_call_needs_key_and_living_token() {
    let handle = tenant(CloudBlueConfig::default()).await;
    let session = Session::sign_in(&handle).await;
    for path in ["/orders", "/orders/1", "/customers", "/subscriptions", "/products", "/plans", "/reports"] {
        let url = format!("{}{path}", handle.base_url());
        let bare = send(client().get(&url)).await;
        assert_eq!(bare.status, 401, "{path} without anything");
        let no_token = send(client().get(&url).header("X-Subscription-Key", "sim-subscription-key")).await;
        assert_eq!(no_token.status, 401, "{path} without token");
    }
    handle.clock().advance(Duration::seconds(1_499));
    assert_eq!(session.get("/orders").await.status, 200);
    handle.clock().advance(Duration::seconds(1));
    let expired = session.get("/orders").await;
    assert_eq!(expired.status, 401);
    assert_eq!(expired.body["details"], "The token is expired.");
    let again = Session::sign_in(&handle).await;
    assert_eq!(again.get("/orders").await.status, 200);
    handle.forget_tokens();
    assert_eq!(again.get("/orders").await.status, 401);
}

#[tokio::test]
async fn what_was_asked_is_on_record_without_credentials() {
    let handle = tenant(CloudBlueConfig::default()).await;
    Session::sign_in(&handle).await.get("/orders?limit=3").await;
    let asked: Vec<_> = handle.log().entries().iter().map(|one| (one.path.clone(), one.query.clone())).collect();
    let expected = [("/marketplace/token", ""), ("/marketplace/orders", "limit=3")];
    assert_eq!(asked, expected.map(|(path, query)| (path.to_owned(), query.to_owned())));
    assert!(!format!("{:?}", handle.log().entries()[1].request_headers).contains("sim-token"));
}
