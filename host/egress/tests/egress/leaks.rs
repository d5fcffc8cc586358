//! Canaries: whatever the other side echoes, no secret is in what callers, records and errors show.

use axum::Router;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::routing::{any, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use counterfoil_domain::card::AuthScheme;
use counterfoil_domain::ports::{Door as _, Route};

use crate::support::{MemoryVault, auth, door, read, route, serve, write};

const CANARIES: &[&str] = &[
    "canary-client-secret-1/+",
    "canary-password-2 ü&",
    "canary-refresh-3",
    "canary-next-refresh-4",
    "canary-access-5",
    "canary-subscription-6",
    "canary-static-7",
];

/// Sends everything that it was told back, in several spellings.
async fn echo(uri: Uri, headers: HeaderMap, body: String) -> (StatusCode, [(&'static str, String); 1], String) {
    let mut told = String::new();
    for (name, value) in &headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        if name == "authorization" || name == "x-subscription-key" {
            let quoted = serde_json::to_string(&value).unwrap();
            told.push_str(&format!("{value} {} {quoted} {}\n", STANDARD.encode(&value), value.replace(' ', "%20")));
        }
    }
    let header = told.lines().next().unwrap_or_default().to_owned();
    (
        StatusCode::OK,
        [("x-echo", header)],
        format!(
            "{uri}\n{body}\n{told}{}",
            CANARIES
                .iter()
                .filter(|canary| told.contains(**canary) || body.contains(**canary))
                .copied()
                .collect::<String>()
        ),
    )
}

/// Refuses and says why, with all that it was given.
async fn refuse(headers: HeaderMap, body: String) -> (StatusCode, String) {
    let told = format!("{:?} {:?} {body} ", headers.get("authorization"), headers.get("x-subscription-key")).repeat(5);
    (StatusCode::BAD_REQUEST, serde_json::json!({ "error": "invalid_client", "error_description": told }).to_string())
}

async fn grant() -> String {
    format!(r#"{{"access_token":"{}","expires_in":1800,"refresh_token":"{}"}}"#, CANARIES[4], CANARIES[3])
}

fn vault() -> std::sync::Arc<MemoryVault> {
    MemoryVault::with(&[
        ("client_id", "id"),
        ("client_secret", CANARIES[0]),
        ("username", "reseller@example.com"),
        ("password", CANARIES[1]),
        ("refresh_token", CANARIES[2]),
        ("subscription_key", CANARIES[5]),
        ("token", CANARIES[6]),
    ])
}

fn holds_canary(text: &str) -> bool {
    let lower = text.to_lowercase();
    CANARIES.iter().any(|canary| {
        let percent: String =
            canary
                .bytes()
                .map(|b| {
                    if b.is_ascii_alphanumeric() || b == b'-' { char::from(b).to_string() } else { format!("%{b:02x}") }
                })
                .collect();
        let encoded = STANDARD.encode(canary);
        lower.contains(&canary.to_lowercase())
            || lower.contains(&percent)
            || text.contains(encoded.trim_end_matches('='))
    })
}

#[tokio::test]
async fn no_canary_in_any_output() {
    let app = Router::new()
        .route("/token", post(grant))
        .route("/refusing", post(refuse))
        .route("/things", any(echo))
        .route("/things/{id}", any(echo));
    let base = serve(app).await;
    let refused = format!("{base}/refusing");
    let mut routes: Vec<Route> = Vec::new();
    for token_url in [format!("{base}/token"), refused] {
        for (scheme, grant) in [
            (AuthScheme::Basic, ""),
            (AuthScheme::Bearer, ""),
            (AuthScheme::Header, ""),
            (AuthScheme::ClientCredentials, ""),
            (AuthScheme::AuthorizationCode, ""),
            (AuthScheme::ClientCredentials, "password"),
            (AuthScheme::ClientCredentials, "cloudblue-token"),
        ] {
            let mut route = route(&base);
            let mut auth = auth(scheme, Some(token_url.clone()));
            auth.header = Some("X-Subscription-Key".to_owned());
            auth.secrets = vec!["token".to_owned(), "client_secret".to_owned(), "password".to_owned()];
            route.auth = Some(auth);
            if scheme != AuthScheme::Header {
                route
                    .auth_parameters
                    .push(("secret-header:X-Subscription-Key".to_owned(), "subscription_key".to_owned()));
            }
            if !grant.is_empty() {
                route.auth_parameters.push(("grant".to_owned(), grant.to_owned()));
            }
            routes.push(route);
        }
    }
    let mut echoed = 0;
    for route in routes {
        let scheme = route.auth.as_ref().map(|auth| auth.scheme);
        let (door, records) = door(&vault(), route);
        let mut asking = read("/things/1");
        // A guest that had got hold of one could not place it in a record either: names like these are blanked.
        asking.request.query =
            vec![("api_key".to_owned(), "canary-guest".to_owned()), ("name".to_owned(), "Łódź".to_owned())];
        for call in [asking, write(r#"{"name":"reseller@example.com"}"#)] {
            match door.send(call).await {
                Ok(response) => {
                    let body = String::from_utf8(response.body).unwrap();
                    echoed += usize::from(
                        body.contains("[secret]")
                            || response.headers.iter().any(|(_, value)| value.contains("[secret]")),
                    );
                    assert!(!holds_canary(&body), "{scheme:?} body: {body}");
                    assert!(
                        !holds_canary(&format!("{:?}", response.headers)),
                        "{scheme:?} headers: {:?}",
                        response.headers
                    );
                }
                Err(error) => {
                    // Not even the beginning of one, where a long message was cut.
                    let shown = format!("{error} {error:?}");
                    assert!(
                        !holds_canary(&shown) && !shown.contains("canary") && !shown.contains("Y2FuYXJ5"),
                        "{scheme:?}: {error}"
                    );
                }
            }
        }
        let shown = format!("{:?} {door:?}", records.lock().unwrap());
        assert!(!holds_canary(&shown) && !shown.contains("canary-guest"), "{scheme:?} records: {shown}");
    }
    assert!(echoed >= 14, "the echo must have been there to be scrubbed: {echoed}");
}

#[tokio::test]
async fn a_customers_data_is_left_alone() {
    let app = Router::new().route("/things", any(|| async { "reseller@example.com wrote \"id\"" }));
    let mut route = route(&serve(app).await);
    route.auth = Some(auth(AuthScheme::Basic, None));
    let (door, _) = door(&vault(), route);
    assert_eq!(door.send(read("/things")).await.unwrap().body, b"reseller@example.com wrote \"id\"");
}
