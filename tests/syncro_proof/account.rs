//! One Syncro account behind a connection of ours. Owns how the connection is set up and the route to it; owns no
//! expectation.

use std::collections::BTreeMap;

use counterfoil_domain::card::Card;
use counterfoil_domain::connection::{Connection, ConnectionState, Exceptions, HostRules};
use counterfoil_domain::id::{ConnectionId, MarketplaceId, PluginId, ResellerId};
use counterfoil_domain::ports::{Caller, Route};
use counterfoil_sim::syncro::{SyncroConfig, SyncroHandle, SyncroSim, SyncroState};
use counterfoil_sim::{Exchange, SimClock};

/// How an account and its connection are set up. What is not said is as a new one has it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Setup {
    pub(crate) syncro: SyncroConfig,
    pub(crate) rules: HostRules,
    /// Beside subdomain and currency.
    pub(crate) settings: Vec<(&'static str, &'static str)>,
    /// The card's budgets count; without them a clock that stands still would stop everything after a minute's calls.
    pub(crate) budgets: bool,
}

#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) id: ConnectionId,
    pub(crate) books: SyncroHandle,
    pub(crate) setup: Setup,
}

impl Account {
    pub(crate) async fn open(id: &str, setup: Setup, clock: SimClock) -> Self {
        let books = SyncroSim::new(setup.syncro.clone(), clock).start(None).await.unwrap();
        Self { id: ConnectionId::new(id), books, setup }
    }

    pub(crate) fn state(&self) -> SyncroState {
        self.books.state()
    }

    pub(crate) fn token(&self) -> String {
        self.setup.syncro.tokens[0].secret.clone()
    }

    pub(crate) fn connection(&self) -> Connection {
        let own = [("subdomain", self.setup.syncro.subdomain.as_str()), ("currency", "USD")];
        let all = own.into_iter().chain(self.setup.settings.iter().copied());
        let settings: BTreeMap<String, String> = all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Connection {
            id: self.id.clone(),
            reseller: ResellerId::new("r"),
            name: format!("Syncro {}", self.id),
            plugin: PluginId::new("syncro"),
            marketplace: MarketplaceId::new("m"),
            state: ConnectionState::Enabled,
            state_reason: String::new(),
            base_url: Some(self.books.base_url()),
            token_url: None,
            auth: None,
            exceptions: Exceptions { plain_http: true, private_addresses: true },
            settings,
            rules: self.setup.rules.clone(),
        }
    }

    pub(crate) fn route(&self, card: &Card) -> Route {
        let mut budgets = card.budgets.clone();
        if !self.setup.budgets {
            budgets.limits.clear();
        }
        Route {
            caller: Caller::Connection(self.id.clone()),
            base_url: self.books.base_url(),
            discovery: None,
            egress: card.egress.clone(),
            auth: card.auth.first().cloned(),
            static_headers: card.static_headers.clone(),
            budgets,
            app: "plugin/syncro".into(),
            exceptions: Exceptions { plain_http: true, private_addresses: true },
            auth_parameters: Vec::new(),
        }
    }

    /// Requests that change something, as Syncro got them.
    pub(crate) fn writes(&self) -> Vec<Exchange> {
        let mut all = self.books.log().entries();
        all.retain(|one| one.method != "GET");
        all
    }

    /// What was done to it that nobody wants done.
    pub(crate) fn misdeeds(&self) -> Vec<String> {
        let told = |one: &counterfoil_sim::syncro::Violation| {
            format!("{}: {} ({} {})", one.kind.name(), one.what, one.exchange.method, one.exchange.path)
        };
        self.state().violations().iter().map(told).collect()
    }
}
