//! Keeps the door's routes and the marketplace clients in step with what is configured.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use counterfoil_domain::card::Card;
use counterfoil_domain::connection::{Connection, Marketplace, MarketplaceKind};
use counterfoil_domain::id::{ConnectionId, MarketplaceId};
use counterfoil_domain::ports::{Caller, Clock, Door, MarketplaceClient, Route, Store, StoreError, Targets};
use counterfoil_egress::HttpDoor;
use counterfoil_engine::Sources;
use counterfoil_market::{CloudBlueClient, FileMarketplace};
use counterfoil_server::MarketplaceReport;

#[derive(Debug)]
pub(crate) struct Wiring {
    store: Arc<dyn Store>,
    targets: Arc<dyn Targets>,
    door: Arc<HttpDoor>,
    sources: Arc<Sources>,
    clock: Arc<dyn Clock>,
    seen: Mutex<Seen>,
}

/// What was wired last, to leave alone what did not change.
#[derive(Debug, Default)]
struct Seen {
    marketplaces: BTreeMap<MarketplaceId, Marketplace>,
    connections: BTreeMap<ConnectionId, (Connection, Card)>,
}

impl Wiring {
    pub(crate) fn new(
        (store, targets): (Arc<dyn Store>, Arc<dyn Targets>),
        door: Arc<HttpDoor>,
        sources: Arc<Sources>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { store, targets, door, sources, clock, seen: Mutex::default() }
    }

    /// Cheap when nothing changed: two small reads.
    pub(crate) async fn refresh(&self) -> Result<(), StoreError> {
        let marketplaces = self.store.marketplaces().await?;
        let connections = self.store.connections().await?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for marketplace in marketplaces {
            if seen.marketplaces.get(&marketplace.id) != Some(&marketplace) {
                self.wire_marketplace(&marketplace);
                seen.marketplaces.insert(marketplace.id.clone(), marketplace);
            }
        }
        for connection in connections {
            let Some(target) = self.targets.active(&connection.plugin) else { continue };
            let now = (connection, target.card().clone());
            if seen.connections.get(&now.0.id) != Some(&now) {
                self.door.set_route(connection_route(&now.0, &now.1));
                seen.connections.insert(now.0.id.clone(), now);
            }
        }
        Ok(())
    }

    fn wire_marketplace(&self, marketplace: &Marketplace) {
        let client: Result<Arc<dyn MarketplaceClient>, String> = match marketplace.kind {
            MarketplaceKind::CloudBlue => {
                let route = counterfoil_market::route(marketplace);
                route.map_err(|error| error.to_string()).and_then(|route| {
                    self.door.set_route(route);
                    let door: Arc<dyn Door> = Arc::clone(&self.door) as Arc<dyn Door>;
                    CloudBlueClient::new(marketplace, door, Arc::clone(&self.clock))
                        .map(|client| Arc::new(client) as Arc<dyn MarketplaceClient>)
                        .map_err(|error| error.to_string())
                })
            }
            MarketplaceKind::File => FileMarketplace::new(marketplace)
                .map(|client| Arc::new(client) as Arc<dyn MarketplaceClient>)
                .map_err(|error| error.to_string()),
        };
        match client {
            Ok(client) => self.sources.put(marketplace.id.clone(), client),
            Err(error) => {
                tracing::error!(marketplace = %marketplace.id, error, "this marketplace cannot be read until its setup is mended")
            }
        }
    }
}

/// What a marketplace of this kind takes, and what is wrong with this one. Nothing is called.
pub(crate) fn inspect(marketplace: &Marketplace) -> MarketplaceReport {
    let names = |settings: &[(&str, &str)]| settings.iter().map(|(name, _)| (*name).to_owned()).collect();
    match marketplace.kind {
        MarketplaceKind::CloudBlue => {
            let route = counterfoil_market::route(marketplace);
            let secrets = route.as_ref().ok().and_then(|route| route.auth.as_ref()).map(|auth| auth.secrets.clone());
            MarketplaceReport {
                settings: names(counterfoil_market::cloudblue::SETTINGS),
                secrets: secrets.unwrap_or_default(),
                problem: route.err().map(|error| error.to_string()),
            }
        }
        MarketplaceKind::File => MarketplaceReport {
            settings: names(counterfoil_market::file::SETTINGS),
            secrets: Vec::new(),
            problem: FileMarketplace::new(marketplace).err().map(|error| error.to_string()),
        },
    }
}

/// A connection on its card, with what it overrides.
pub(crate) fn connection_route(connection: &Connection, card: &Card) -> Route {
    let fill = |text: &str| {
        let mut filled = text.to_owned();
        for setting in &card.settings {
            let value = connection.settings.get(&setting.name).or(setting.default.as_ref());
            filled = filled.replace(&format!("{{{}}}", setting.name), value.map_or("", String::as_str));
        }
        filled
    };
    let auth = match connection.auth {
        Some(scheme) => card.auth.iter().find(|auth| auth.scheme == scheme),
        None => card.auth.first(),
    };
    let auth = auth.cloned().map(|mut auth| {
        if let Some(token_url) = &connection.token_url {
            auth.token_url = Some(token_url.clone());
        }
        auth
    });
    let static_headers = card
        .static_headers
        .iter()
        .map(|(name, value)| (name.clone(), fill(value)))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    Route {
        caller: Caller::Connection(connection.id.clone()),
        base_url: connection.base_url.clone().unwrap_or_else(|| fill(&card.egress.base_url)),
        egress: card.egress.clone(),
        auth,
        static_headers,
        budgets: card.budgets.clone(),
        app: format!("plugin/{}", card.id),
        exceptions: connection.exceptions.clone(),
        auth_parameters: Vec::new(),
    }
}
