//! What the door is told: nothing but reads beside the sign-in, and settings that cannot work are named.

use counterfoil_domain::connection::MarketplaceKind::{CloudIq, Prism};
use counterfoil_egress::check_route;
use counterfoil_market::{cloudiq, prism};

use crate::support::marketplace;

#[test]
fn nothing_but_reads_are_let_through() {
    let crayon = cloudiq::route(&marketplace(CloudIq, "https://api.crayon.com/api/v1/", &[])).unwrap();
    let rhipe = prism::route(&marketplace(Prism, "https://api.prismportal.online", &[("client_id", "acme")])).unwrap();
    for route in [&crayon, &rhipe] {
        assert!(route.egress.allow.iter().all(|door| door.method == "GET"), "{:?}", route.egress.allow);
        assert!(route.budgets.limits.iter().all(|limit| limit.calls == 600));
        check_route(route).unwrap();
    }
    let told = |route: &counterfoil_domain::ports::Route| {
        let auth = route.auth.clone().unwrap();
        (auth.token_url.unwrap(), auth.scopes.join(" "), auth.secrets.join(" "))
    };
    let (url, scopes, secrets) = told(&crayon);
    assert_eq!(url, "https://api.crayon.com/api/v1/connect/token");
    assert_eq!((scopes.as_str(), secrets.as_str()), ("CustomerApi", "client_id client_secret username password"));
    let (url, scopes, secrets) = told(&rhipe);
    assert_eq!(url, "https://identity.prismportal.online/core/connect/token");
    assert_eq!((scopes.as_str(), secrets.as_str()), ("rhipeapi", "client_secret"));
    // Without the version, it is the one we know.
    let bare = cloudiq::route(&marketplace(CloudIq, "https://api.crayon.com", &[])).unwrap();
    assert_eq!(bare.base_url, crayon.base_url);
}

#[test]
fn settings_that_cannot_work_are_named() {
    let table = [
        (CloudIq, "", &[][..], "location"),
        (CloudIq, "https://x.test", &[("organizations", "acme")], "organizations"),
        (CloudIq, "https://x.test", &[("agreement_types", "NCE")], "agreement_types"),
        (CloudIq, "https://x.test", &[("date_order", "american")], "date_order"),
        (CloudIq, "https://x.test", &[("calls", "many")], "calls"),
        (CloudIq, "https://x.test", &[("concurrency", "0")], "concurrency"),
        (Prism, "", &[], "location"),
        (Prism, "https://x.test", &[("agreements", "one")], "agreements"),
        (Prism, "https://x.test", &[("date_order", "dd/mm")], "date_order"),
    ];
    for (kind, location, settings, named) in table {
        let marketplace = marketplace(kind, location, settings);
        let route = if kind == CloudIq { cloudiq::route(&marketplace) } else { prism::route(&marketplace) };
        let problem = route.unwrap_err().to_string();
        assert!(problem.contains(named), "{settings:?}: {problem}");
    }
}
