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
    let fill = |text: &str, value_of: fn(&str) -> String| {
        card.settings.iter().fold(text.to_owned(), |filled, setting| {
            let value = connection.settings.get(&setting.name).or(setting.default.as_ref());
            filled.replace(&format!("{{{}}}", setting.name), &value_of(value.map_or("", String::as_str)))
        })
    };
    let auth = match connection.auth {
        Some(scheme) => card.auth.iter().find(|auth| auth.scheme == scheme),
        None => card.auth.first(),
    };
    let auth = auth.cloned().map(|mut auth| {
        auth.token_url = match &connection.token_url {
            Some(token_url) => Some(token_url.clone()),
            None => auth.token_url.map(|url| fill(&url, part_of_url)),
        };
        auth
    });
    let static_headers = card
        .static_headers
        .iter()
        .map(|(name, value)| (name.clone(), fill(value, str::to_owned)))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    Route {
        caller: Caller::Connection(connection.id.clone()),
        base_url: connection.base_url.clone().unwrap_or_else(|| fill(&card.egress.base_url, part_of_url)),
        egress: card.egress.clone(),
        auth,
        static_headers,
        budgets: card.budgets.clone(),
        app: format!("plugin/{}", card.id),
        exceptions: connection.exceptions.clone(),
        auth_parameters: Vec::new(),
    }
}

/// A setting stands for one part of a URL: it must not become a port, a path or another host.
fn part_of_url(value: &str) -> String {
    value.bytes().fold(String::with_capacity(value.len()), |part, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            part + char::from(byte).encode_utf8(&mut [0; 4])
        } else {
            part + &format!("%{byte:02X}")
        }
    })
}

#[cfg(test)]
mod tests {
    use counterfoil_domain::card::AuthScheme;
    use counterfoil_domain::connection::ConnectionState;

    use super::*;

    const CARD: &str = include_str!("../../plugins/xero/plugin.toml");

    fn card() -> Card {
        // Any text setting does as the part of an address.
        let text = CARD
            .replace("https://api.xero.com/api.xro/2.0", "https://{account_code}.example.com/{account_code}/v1")
            .replace("https://identity.xero.com/connect/token", "https://login.example.com/{account_code}/token");
        assert!(text.contains("{account_code}.example.com") && text.contains("/{account_code}/token"));
        counterfoil_runtime::manifest::parse(&text).unwrap()
    }

    fn connection(site: &str) -> Connection {
        Connection {
            id: "x".into(),
            reseller: "acme".into(),
            name: String::new(),
            plugin: "xero".into(),
            marketplace: "m".into(),
            state: ConnectionState::Enabled,
            state_reason: String::new(),
            base_url: None,
            token_url: None,
            auth: Some(AuthScheme::ClientCredentials),
            exceptions: counterfoil_domain::connection::Exceptions::default(),
            settings: BTreeMap::from([("account_code".to_owned(), site.to_owned())]),
            rules: counterfoil_domain::connection::HostRules::default(),
        }
    }

    #[test]
    fn a_setting_fills_one_part_of_a_url_and_never_moves_it_elsewhere() {
        let card = card();
        let route = connection_route(&connection("eu-1"), &card);
        assert_eq!(route.base_url, "https://eu-1.example.com/eu-1/v1");
        assert_eq!(route.auth.and_then(|auth| auth.token_url).as_deref(), Some("https://login.example.com/eu-1/token"));
        for site in ["evil.test/", "evil.test#", "evil.test?", "evil.test:1", "a@evil.test", "evil.test\\"] {
            let route = connection_route(&connection(site), &card);
            let host = counterfoil_egress::check_route(&route).err().map(|refusal| refusal.rule);
            assert_eq!(host.as_deref(), Some("url-not-plain"), "{site}: {}", route.base_url);
        }
        let base_url = connection_route(&connection("{tax_type}"), &card).base_url;
        assert!(base_url.starts_with("https://%7Btax_type%7D."), "filled once only: {base_url}");
    }
}
