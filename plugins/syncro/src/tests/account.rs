//! The probe: what the account tells, what the token lacks.

use counterfoil_sdk::testing::Scripted;
use counterfoil_sdk::{Class, Response, Target};

use super::shop::Shop;
use crate::Syncro;

#[test]
fn the_account_tells_its_zone_and_what_its_symbol_means() {
    for (symbol, currency, source) in
        [("€", "EUR", None), ("$", "XXX", Some("setting")), ("kr", "XXX", Some("setting")), ("GBP", "GBP", None)]
    {
        let shop = Shop::open();
        shop.symbol(symbol);
        let account = Syncro.probe(&mut shop.remote()).unwrap();
        assert_eq!(account.base_currency.code(), currency, "{symbol}");
        assert_eq!(account.time_zone, "America/Los_Angeles");
        assert_eq!(
            (account.attributes.get("currency-symbol"), account.attributes.get("currency-source")),
            (Some(symbol), source)
        );
        let listed = Syncro.search(&mut shop.remote(), "currency", "", None).unwrap().entities;
        assert_eq!(listed.len(), usize::from(source.is_none()), "{symbol}: what is not told is not listed");
    }
}

#[test]
fn everything_that_the_token_lacks_is_said_at_once() {
    let mut remote = Shop::open().remote_where(|call, is_before| {
        let path = call.request.path.as_str();
        (is_before && matches!(path, "/products" | "/schedules"))
            .then(|| Ok(Response::new(403, r#"{"message":["You are not authorized"]}"#)))
    });
    let failure = Syncro.probe(&mut remote).unwrap_err();
    assert_eq!(failure.class, Class::Forbidden);
    assert!(failure.message.contains("Products - List/Search, Recurring Invoices - List."), "{failure}");
}

#[test]
fn a_wrong_subdomain_is_no_missing_record() {
    for (status, body) in
        [(404, "<html><head><title>No such account</title></head></html>"), (302, ""), (301, "<html>")]
    {
        let mut remote = Scripted::new(|_| Ok(Response::new(status, body)));
        let failure = Syncro.probe(&mut remote).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.class), ("syncro-not-reached", Class::Auth), "{status}");
    }
}
