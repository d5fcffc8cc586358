//! Redirects: none for writes; for reads to the same host, below the base, on a door of the card, three times.

use std::sync::atomic::Ordering;

use axum::Router;
use axum::http::{StatusCode, header::LOCATION};
use axum::routing::{get, post};
use counterfoil_domain::card::AuthScheme;
use counterfoil_domain::ports::{Door as _, SendError};

use crate::support::{MemoryVault, auth, door, raw, read, route, serve, write};

fn to(place: impl Into<String>) -> (StatusCode, [(axum::http::HeaderName, String); 1]) {
    (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, place.into())])
}

#[tokio::test]
async fn reads_follow_at_home_only_and_writes_never() {
    let (elsewhere, heard) = raw(|_| async {}).await;
    let away = format!("http://{elsewhere}/base/things");
    let (away2, away3) = (away.clone(), away.replace("127.0.0.1", "user@127.0.0.1"));
    let app = Router::new()
        .route("/base/things", get(|| async { "here" }).post(move || async move { to(away2) }))
        .route("/base/things/near", get(|| async { to("/base/things") }))
        .route("/base/things/relative", get(|| async { to("../things") }))
        .route("/base/things/loop", get(|| async { to("/base/things/loop") }))
        .route("/base/things/1", get(|| async { to("/base/things/2") }))
        .route("/base/things/2", get(|| async { to("/base/things/3") }))
        .route("/base/things/3", get(|| async { to("/base/things") }))
        .route("/base/things/0", get(|| async { to("/base/things/1") }))
        .route("/base/things/away", get(move || async move { to(away) }))
        .route("/base/things/user", get(move || async move { to(away3) }))
        .route("/base/things/above", get(|| async { to("/admin") }))
        .route("/base/things/closed", get(|| async { to("/base/closed") }))
        .route("/base/things/file", get(|| async { to("file:///etc/passwd") }))
        .route("/base/things/nowhere", get(|| async { StatusCode::FOUND }))
        .route("/admin", get(|| async { "inside" }))
        .route("/base/closed", get(|| async { "inside" }))
        .route("/base/other", post(|| async { "no" }));
    let mut route = route(&format!("{}/base", serve(app).await));
    route.auth = Some(auth(AuthScheme::Bearer, None));
    let (door, _) = door(&MemoryVault::with(&[("token", "canary-token")]), route);
    for (path, expected) in [
        ("/things/near", "here"),
        ("/things/relative", "here"),
        ("/things/1", "here"),
        ("/things/0", "too-many-redirects"),
        ("/things/loop", "too-many-redirects"),
        ("/things/away", "redirect-elsewhere"),
        ("/things/user", "redirect-elsewhere"),
        ("/things/file", "redirect-elsewhere"),
        ("/things/above", "redirect-elsewhere"),
        ("/things/closed", "path-not-on-card"),
    ] {
        let got = match door.send(read(path)).await {
            Ok(response) => String::from_utf8(response.body).unwrap(),
            Err(SendError::Refused(refusal)) => refusal.rule,
            Err(other) => panic!("{path}: {other:?}"),
        };
        assert_eq!(got, expected, "{path}");
    }
    assert_eq!(door.send(read("/things/nowhere")).await.unwrap().status, 302);
    let written = door.send(write("{}")).await.unwrap();
    assert_eq!(written.status, 307, "a write's redirect is its answer");
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert_eq!(heard.load(Ordering::SeqCst), 0);
}
