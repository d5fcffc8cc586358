//! What the door is told of a marketplace, for both ways to sign in.

use crate::support::marketplace;
use counterfoil_domain::card::{AuthScheme, EffectKind};
use counterfoil_domain::connection::MarketplaceKind;
use counterfoil_market::cloudblue::route;

fn pairs(parameters: &[(String, String)]) -> Vec<(&str, &str)> {
    parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[test]
fn both_sign_ins() {
    let base = "https://api.example.com/marketplace/eu/";
    let token = route(&marketplace(MarketplaceKind::CloudBlue, base, &[("marketplace", "us")])).unwrap();
    assert_eq!(token.base_url, "https://api.example.com/marketplace/eu");
    let auth = token.auth.unwrap();
    assert_eq!(auth.scheme, AuthScheme::ClientCredentials);
    assert_eq!(auth.token_url.as_deref(), Some("https://api.example.com/marketplace/eu/token"));
    assert_eq!(auth.secrets, ["username", "password", "subscription_key"]);
    assert_eq!(
        pairs(&token.auth_parameters),
        [("grant", "cloudblue-token"), ("marketplace", "us"), ("secret-header:X-Subscription-Key", "subscription_key"),]
    );
    let settings = [
        ("sign_in", "oidc"),
        ("realm", "acme"),
        ("realm_url", "https://login.example.com/"),
        ("client_id", "simple"),
        ("username", "api-user"),
        ("calls", "100"),
        ("window_seconds", "30"),
        ("concurrency", "2"),
    ];
    let oidc = route(&marketplace(MarketplaceKind::CloudBlue, base, &settings)).unwrap();
    let auth = oidc.auth.unwrap();
    assert_eq!(
        auth.token_url.as_deref(),
        Some("https://login.example.com/auth/realms/acme/protocol/openid-connect/token")
    );
    assert_eq!(
        (auth.scopes, auth.secrets),
        (vec!["openid".to_owned()], ["password", "subscription_key", "client_secret"].map(str::to_owned).to_vec())
    );
    assert_eq!(
        pairs(&oidc.auth_parameters),
        [
            ("grant", "password"),
            ("client_id", "simple"),
            ("realm", "acme"),
            ("username", "api-user"),
            ("secret-header:X-Subscription-Key", "subscription_key"),
        ]
    );
    assert_eq!(
        (oidc.budgets.concurrency, oidc.budgets.limits[0].calls, oidc.budgets.limits[0].window.as_secs()),
        (2, 100, 30)
    );
    assert!(oidc.egress.allow.iter().all(|door| door.method == "GET" && door.effect == EffectKind::Read));
    let own = [("sign_in", "oidc"), ("client_id", "x"), ("token_url", "https://login.example.com/t")];
    let own = route(&marketplace(MarketplaceKind::CloudBlue, base, &own)).unwrap();
    assert_eq!(own.auth.unwrap().token_url.as_deref(), Some("https://login.example.com/t"));
}

#[test]
fn only_what_is_read_is_allowed() {
    let route = route(&marketplace(MarketplaceKind::CloudBlue, "https://x.example", &[("marketplace", "us")])).unwrap();
    let table = [
        ("GET", "/orders", true),
        ("GET", "/orders/17", true),
        ("GET", "/subscriptions/17", true),
        ("POST", "/token", true),
        ("GET", "/customers", true),
        ("GET", "/products", true),
        ("POST", "/orders", false),
        ("PATCH", "/orders/17", false),
        ("GET", "/orders/17/x", false),
        ("GET", "/orders/..%2Fcustomers", false),
        ("POST", "/orders/estimate", false),
        ("GET", "/reports", false),
        ("DELETE", "/subscriptions/1", false),
    ];
    for (method, path, allowed) in table {
        assert_eq!(route.egress.allow.iter().any(|door| door.matches(method, path)), allowed, "{method} {path}");
    }
}

#[test]
fn settings_that_cannot_work_are_named() {
    let table: &[(&[(&str, &str)], &str)] = &[
        (&[], "has no setting marketplace"),
        (
            &[("marketplace", "us"), ("sign_in", "magic")],
            "the setting sign_in of the marketplace ingram-eu is \"magic\"",
        ),
        (&[("sign_in", "oidc")], "has no setting client_id"),
        (&[("sign_in", "oidc"), ("client_id", "x")], "has no setting realm_url"),
        (&[("sign_in", "oidc"), ("client_id", "x"), ("realm_url", "https://y")], "has no setting realm"),
        (&[("marketplace", "us"), ("calls", "many")], "the setting calls"),
        (&[("marketplace", "us"), ("calls", "0")], "the setting calls"),
        (&[("marketplace", "us"), ("concurrency", "1000")], "the setting concurrency"),
    ];
    for (settings, expected) in table {
        let problem =
            route(&marketplace(MarketplaceKind::CloudBlue, "https://x.example", settings)).unwrap_err().to_string();
        assert!(problem.contains(expected), "{problem}");
    }
    assert!(route(&marketplace(MarketplaceKind::CloudBlue, " ", &[])).is_err());
}
