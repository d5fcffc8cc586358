//! The client over the real door against a marketplace that keeps state: what each answer, and the lack of one, means.

use std::sync::Arc;
use std::time::Duration;

use counterfoil_domain::catalog::{ResellerCatalog, Upstream};
use counterfoil_domain::connection::{Exceptions, Marketplace, MarketplaceKind};
use counterfoil_domain::id::{MarketplaceId, ResellerId, StepKey};
use counterfoil_domain::ports::{
    CatalogError, CatalogSource, Clock as _, ReplaceError, Vault as _, Versioned, WallClock,
};
use counterfoil_domain::secret::{Secret, SecretScope};
use counterfoil_egress::{ExchangeSink, HttpDoor};
use counterfoil_market::catalog::{HttpCatalogs, route, wire};
use counterfoil_sim::catalog::{CatalogHandle, CatalogShop, CatalogSim, Served};
use counterfoil_sim::{Fault, FaultKind, SimClock};
use counterfoil_store::MemoryVault;
use serde_json::{Value, json};

use crate::sample;

const TOKEN: &str = "a-token-that-nobody-else-sees";

pub(crate) fn shop(ids: &[&str]) -> CatalogShop {
    let shop = CatalogShop::new(TOKEN, json!({"format": "counterfoil-catalog/1"}));
    ids.iter().fold(shop, |shop, id| {
        let served = Served { reseller: (*id).to_owned(), upstream: None, template: "t".into() };
        shop.with(served, document(&sample::reseller(id)))
    })
}

pub(crate) fn document(catalog: &ResellerCatalog) -> Value {
    serde_json::from_slice(&wire::write_reseller(catalog)).unwrap()
}

pub(crate) async fn open(shop: CatalogShop) -> (CatalogHandle, HttpCatalogs) {
    let handle = CatalogSim::new(shop, SimClock::wall()).start(None).await.unwrap();
    let catalogs = client(handle.base_url(), TOKEN).await;
    (handle, catalogs)
}

async fn client(base_url: &str, token: &str) -> HttpCatalogs {
    let id = MarketplaceId::new("plans");
    let marketplace = Marketplace {
        id: id.clone(),
        reseller: "tenant".into(),
        kind: MarketplaceKind::Catalog,
        location: base_url.to_owned(),
        settings: std::collections::BTreeMap::new(),
        exceptions: Exceptions { plain_http: true, private_addresses: true },
    };
    let vault = MemoryVault::new();
    vault.put(&SecretScope::Marketplace(id), "token", Secret::new(token)).await.unwrap();
    let clock = Arc::new(WallClock);
    let door = HttpDoor::new(Arc::new(vault), clock.clone(), ExchangeSink::none());
    door.set_route(route(&marketplace).unwrap());
    HttpCatalogs::new(&marketplace, Arc::new(door), clock)
}

fn id() -> ResellerId {
    "R-1".into()
}

fn key() -> StepKey {
    "the-key".into()
}

/// What is there, and what is to be there.
async fn pair(catalogs: &HttpCatalogs, id: &ResellerId) -> (Versioned<ResellerCatalog>, ResellerCatalog) {
    let read = catalogs.reseller(id).await.unwrap();
    let mut next = read.value.clone();
    next.plans.get_mut(&"gold".into()).unwrap().name.push_str(" plus");
    (read, next)
}

#[tokio::test]
async fn a_catalog_is_read_and_replaced_once() {
    let (handle, catalogs) = open(shop(&["R-1"])).await;
    let (read, next) = pair(&catalogs, &id()).await;
    assert_eq!(read.value, sample::reseller("R-1"));
    let version = catalogs.replace(&next, &read.version, &key()).await.unwrap();
    let now = catalogs.reseller(&id()).await.unwrap();
    assert_eq!((now.value, &now.version), (next.clone(), &version));
    // Asked again under the same key, it is answered as it was, and nothing is written.
    assert_eq!(catalogs.replace(&next, &read.version, &key()).await.unwrap(), version);
    // Under another key the condition counts.
    let other = catalogs.replace(&next, &read.version, &"other".into()).await.unwrap_err();
    assert_eq!(other, ReplaceError::Moved);
    let commits = handle.with_shop(|shop| shop.commits().to_vec());
    assert_eq!(commits.len(), 1);
    assert_eq!(commits[0].key.as_deref(), Some("the-key"));
}

#[tokio::test]
async fn somebody_elses_change_is_not_overwritten() {
    let (handle, catalogs) = open(shop(&["R-1"])).await;
    let (read, next) = pair(&catalogs, &id()).await;
    // Even to the same content: an owner that counts versions says so.
    handle.with_shop(|shop| shop.set("R-1", document(&read.value)));
    assert_eq!(catalogs.replace(&next, &read.version, &key()).await.unwrap_err(), ReplaceError::Moved);
    assert_eq!(handle.with_shop(|shop| shop.catalog("R-1").cloned()), Some(document(&read.value)));
}

#[tokio::test]
async fn a_long_list_comes_in_pages() {
    let names: Vec<String> = (0..450).map(|n| format!("R-{n}")).collect();
    let mut held = CatalogShop::new(TOKEN, json!({}));
    for (n, name) in names.iter().enumerate() {
        let upstream = (n > 0).then(|| names[n / 2].clone()).filter(|above| above != name);
        held = held.with(Served { reseller: name.clone(), upstream, template: "t".into() }, json!({}));
    }
    let (handle, catalogs) = open(held).await;
    let nodes = catalogs.resellers().await.unwrap();
    assert_eq!(nodes.iter().map(|node| node.reseller.to_string()).collect::<Vec<_>>(), names);
    assert_eq!(nodes[0].upstream, Upstream::Provider);
    assert_eq!(nodes[449].upstream, Upstream::Reseller("R-224".into()));
    assert_eq!(handle.log().count(|exchange| exchange.path == "/catalog/resellers"), 3);
}

fn status(code: u16, headers: &[(&str, &str)]) -> FaultKind {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    FaultKind::Status { code, headers, body: "{\"detail\": \"the owner's words\"}".into() }
}

fn after_commit(code: u16) -> FaultKind {
    FaultKind::StatusAfterCommit { code, body: String::new() }
}

/// What a write that goes wrong is taken for, and whether it is there.
#[tokio::test]
async fn what_a_write_that_goes_wrong_means() {
    let rows: &[(FaultKind, &str, usize)] = &[
        (FaultKind::LoseBefore, "uncertain", 0),
        (FaultKind::LoseAfter, "uncertain", 1),
        (FaultKind::Reset, "uncertain", 1),
        (after_commit(500), "uncertain", 1),
        (after_commit(504), "uncertain", 1),
        (status(503, &[]), "uncertain", 0),
        (status(408, &[]), "uncertain", 0),
        (status(200, &[]), "uncertain", 0),
        (status(412, &[]), "moved", 0),
        (status(401, &[]), "sign-in", 0),
        (status(403, &[]), "sign-in", 0),
        (status(404, &[]), "no-reseller", 0),
        (status(409, &[]), "refused", 0),
        (status(422, &[]), "refused", 0),
        (status(428, &[]), "refused", 0),
        (status(302, &[("Location", "/elsewhere")]), "refused", 0),
        (status(429, &[("Retry-After", "7")]), "throttled", 0),
    ];
    for (fault, expected, commits) in rows {
        let (handle, catalogs) = open(shop(&["R-1"])).await;
        let (read, next) = pair(&catalogs, &id()).await;
        handle.faults().inject(Fault::once("PUT", "", fault.clone()));
        let error = catalogs.replace(&next, &read.version, &key()).await.unwrap_err();
        assert_eq!(
            (name(&error), handle.with_shop(|shop| shop.commits().len())),
            (*expected, *commits),
            "{fault:?}: {error}"
        );
        assert!(!error.to_string().contains(TOKEN));
    }
}

fn name(error: &ReplaceError) -> &'static str {
    match error {
        ReplaceError::Uncertain(_) => "uncertain",
        ReplaceError::Moved => "moved",
        ReplaceError::NotWritten(CatalogError::SignIn(_)) => "sign-in",
        ReplaceError::NotWritten(CatalogError::NoReseller(id)) if id.as_str() == "R-1" => "no-reseller",
        ReplaceError::NotWritten(CatalogError::Refused(words)) if words.contains("the owner's words") => "refused",
        ReplaceError::NotWritten(CatalogError::Throttled { until }) => {
            let wait = (*until - WallClock.now()).num_seconds();
            if (5..=7).contains(&wait) { "throttled" } else { "throttled for another time" }
        }
        ReplaceError::NotWritten(_) => "other",
    }
}

#[tokio::test]
async fn a_late_commit_and_the_second_try_are_one_write() {
    let (handle, catalogs) = open(shop(&["R-1"])).await;
    let (read, next) = pair(&catalogs, &id()).await;
    handle.faults().inject(Fault::once("PUT", "", FaultKind::LateCommit(Duration::from_millis(300))));
    let lost = catalogs.replace(&next, &read.version, &key()).await.unwrap_err();
    assert_eq!(name(&lost), "uncertain");
    let version = catalogs.replace(&next, &read.version, &key()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(handle.with_shop(|shop| shop.commits().len()), 1, "the late one found its key answered");
    assert_eq!(catalogs.reseller(&id()).await.unwrap().version, version);
}

#[tokio::test]
async fn a_read_that_goes_wrong_is_asked_again() {
    for fault in [FaultKind::LoseBefore, FaultKind::HalfBody, status(500, &[]), status(429, &[("Retry-After", "1")])] {
        let (handle, catalogs) = open(shop(&["R-1"])).await;
        handle.faults().inject(Fault::once("GET", "", fault.clone()));
        assert_eq!(catalogs.reseller(&id()).await.map(|read| read.value), Ok(sample::reseller("R-1")), "{fault:?}");
    }
    let (handle, catalogs) = open(shop(&["R-1"])).await;
    handle.faults().inject(Fault { times: 9, ..Fault::once("GET", "", status(429, &[("Retry-After", "3600")])) });
    let error = catalogs.provider().await.unwrap_err();
    assert!(matches!(&error, CatalogError::Throttled { .. }), "an hour is not sat out: {error}");
    assert_eq!(handle.faults().hits().len(), 1);
}

#[tokio::test]
async fn what_cannot_be_read_says_what_and_where() {
    let good = document(&sample::reseller("R-1")).to_string();
    let untagged = FaultKind::Status { code: 200, headers: vec![], body: good };
    let round = |body: &str| FaultKind::Status { code: 200, headers: vec![], body: body.to_owned() };
    for (fault, part) in [
        (untagged, "the answer has no ETag"),
        (FaultKind::Malformed, "is not as it should be"),
        (round("{\"format\": \"counterfoil-catalog/9\"}"), "names the format \"counterfoil-catalog/9\""),
    ] {
        let (handle, catalogs) = open(shop(&["R-1"])).await;
        handle.faults().inject(Fault::once("GET", "", fault));
        let error = catalogs.reseller(&id()).await.unwrap_err();
        assert!(!error.is_retriable());
        let said = error.to_string();
        assert!(said.contains("/catalog/resellers/R-1") && said.contains(part), "{said}");
    }
    for (body, part) in [
        ("{\"resellers\": [], \"next\": \"a\"}", "the next page is the same page again"),
        ("{\"resellers\": [{\"reseller\": \"\", \"template\": \"t\"}]}", "0/reseller: an id cannot be empty"),
        ("{\"resellers\": [{\"reseller\": \"a\"}]}", "missing field `template`"),
    ] {
        let (handle, catalogs) = open(shop(&["R-1"])).await;
        handle.faults().inject(Fault { times: 9, ..Fault::once("GET", "", round(body)) });
        let said = catalogs.resellers().await.unwrap_err().to_string();
        assert!(said.contains("/catalog/resellers") && said.contains(part), "{said}");
        assert!(handle.faults().hits().len() <= 2);
    }
}

#[tokio::test]
async fn a_wrong_token_and_a_reseller_that_is_not_there_are_said_as_such() {
    let (handle, catalogs) = open(shop(&["R-1"])).await;
    assert_eq!(catalogs.reseller(&"R-2".into()).await.unwrap_err(), CatalogError::NoReseller("R-2".into()));
    handle.faults().inject(Fault::once("GET", "provider", status(404, &[])));
    let said = catalogs.provider().await.unwrap_err().to_string();
    assert!(said.contains("/catalog/provider is not there"), "{said}");
    let stranger = client(handle.base_url(), "wrong").await;
    assert!(matches!(stranger.provider().await.unwrap_err(), CatalogError::SignIn(_)));
    assert!(handle.log().entries().iter().all(|exchange| !format!("{exchange:?}").contains(TOKEN)));
}

/// Whatever an id holds, it is one segment of the path: no other catalog is read or written.
#[tokio::test]
async fn any_id_is_one_segment() {
    let ids = ["a b", "é", "a?x=1", "a#b", "100%", "a;b", "a:b@c", "-"];
    let (handle, catalogs) = open(shop(&ids)).await;
    for id in ids {
        let id = ResellerId::new(id);
        let (read, next) = pair(&catalogs, &id).await;
        catalogs.replace(&next, &read.version, &StepKey::new(format!("key of {}", read.version))).await.unwrap();
        assert_eq!(catalogs.reseller(&id).await.unwrap().value, next, "{id}");
    }
    assert_eq!(handle.with_shop(|shop| shop.commits().len()), ids.len());
    // A slash and dots would be another path to somebody on the way: such an id is read as itself or not at all.
    let (_handle, catalogs) = open(shop(&["a/b", "..", "../provider"])).await;
    for id in ["a/b", "..", "../provider"] {
        match catalogs.reseller(&id.into()).await {
            Ok(read) => assert_eq!(read.value.reseller.as_str(), id),
            Err(error) => assert!(!error.is_retriable(), "{id}: {error}"),
        }
    }
}
