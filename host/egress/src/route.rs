//! A route made ready: parsed, with its own addresses, connections, permits and token.

use std::sync::{Arc, Mutex, PoisonError};

use counterfoil_domain::ports::{Caller, Lookup, Refusal, Route, SendError};
use counterfoil_domain::secret::SecretScope;
use reqwest::Client;
use tokio::sync::Semaphore;
use url::Url;

use crate::auth::{Signing, TokenCell};
use crate::base::{Base, endpoint};
use crate::budget::Scopes;
use crate::discovery::Known;
use crate::guard::{Guard, Resolver};
use crate::policy::parse_header;
use crate::record::caller_text;
use crate::wire;

#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) route: Route,
    /// Where the settings lead.
    pub(crate) base: Base,
    pub(crate) place: Option<Place>,
    pub(crate) signing: Arc<Signing>,
    /// Headers that the host fills.
    pub(crate) taken: Vec<String>,
    pub(crate) guard: Arc<Guard>,
    pub(crate) tokens: Arc<TokenCell>,
    pub(crate) scopes: Scopes,
    pub(crate) permits: Arc<Semaphore>,
    pub(crate) caller: String,
    client: Mutex<Option<Client>>,
}

/// Where the target tells where it is, and what it told.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) lookup: Lookup,
    pub(crate) url: Url,
    /// Held while it is asked: the others wait for the one answer.
    pub(crate) known: Arc<tokio::sync::Mutex<Known>>,
}

impl Place {
    fn of(route: &Route, base: &Base, former: Option<&Prepared>) -> Result<Option<Self>, Refusal> {
        let Some(lookup) = route.discovery.clone() else { return Ok(None) };
        let url = endpoint(&lookup.url, "discovery URL", &route.exceptions)?;
        let same = |former: &&Prepared| former.route.discovery == route.discovery && former.base == *base;
        let known = former.filter(same).and_then(|former| former.place.as_ref()).map(|place| Arc::clone(&place.known));
        Ok(Some(Self { lookup, url, known: known.unwrap_or_default() }))
    }
}

/// Whether a route could be used at all: for a setup that wants to know before the first call.
pub fn check_route(route: &Route) -> Result<(), Refusal> {
    let (base, _) = parse(route)?;
    Place::of(route, &base, None).map(|_| ())
}

fn parse(route: &Route) -> Result<(Base, Signing), Refusal> {
    let base = Base::parse(&route.base_url, &route.exceptions)?;
    let signing = Signing::of(route, &base)?;
    for (name, value) in &route.static_headers {
        parse_header(name, value)?;
    }
    Ok((base, signing))
}

impl Prepared {
    /// `former`: calls of the route that this one replaces still hold its permits.
    pub(crate) fn new(route: Route, resolver: &Resolver, former: Option<&Self>) -> Result<Self, Refusal> {
        let (base, signing) = parse(&route)?;
        let taken = route.static_headers.iter().map(|(name, _)| name.clone()).chain(signing.headers()).collect();
        let caller = caller_text(&route.caller);
        let concurrency = usize::try_from(route.budgets.concurrency).unwrap_or(1).clamp(1, 10_000);
        let permits = former
            .filter(|former| former.route.budgets.concurrency == route.budgets.concurrency)
            .map_or_else(|| Arc::new(Semaphore::new(concurrency)), |former| Arc::clone(&former.permits));
        let place = Place::of(&route, &base, former)?;
        Ok(Self {
            base,
            place,
            signing: Arc::new(signing),
            taken,
            guard: Arc::new(Guard::new(resolver.clone(), route.exceptions.private_addresses)),
            // Shared with the former, so that two sign-ins never race for one refresh token.
            tokens: former.map(|former| Arc::clone(&former.tokens)).unwrap_or_default(),
            scopes: Scopes::of(&caller, &route.app, &route.budgets),
            permits,
            caller,
            client: Mutex::default(),
            route,
        })
    }

    /// Made at the first call: most of a client's cost is reading root certificates.
    pub(crate) fn client(&self) -> Result<Client, SendError> {
        let mut slot = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = slot.as_ref() {
            return Ok(client.clone());
        }
        let without_tls = self.base.is_plain()
            && self.signing.token_url().is_none_or(|url| url.scheme() == "http")
            && self.place.as_ref().is_none_or(|place| place.url.scheme() == "http");
        let client = wire::client(self.guard.pins(), without_tls)?;
        Ok(slot.insert(client).clone())
    }

    pub(crate) fn secret_scope(&self) -> SecretScope {
        match &self.route.caller {
            Caller::Connection(id) => SecretScope::Connection(id.clone()),
            Caller::Marketplace(id) => SecretScope::Marketplace(id.clone()),
        }
    }
}
