//! Keeps the door's routes and the marketplace clients in step with what is configured, and with the versions of
//! plugins that calls may come from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use counterfoil_domain::card::Card;
use counterfoil_domain::connection::{Connection, Marketplace, MarketplaceKind};
use counterfoil_domain::id::{MarketplaceId, PluginDigest, PluginId};
use counterfoil_domain::ports::{
    Caller, CatalogSource, Clock, Door, Lookup, MarketplaceClient, Route, StatementSource, Store, StoreError,
    Target as _,
};
use counterfoil_egress::HttpDoor;
use counterfoil_engine::Sources;
use counterfoil_market::catalog::{self, FileCatalogs, HttpCatalogs};
use counterfoil_market::{CloudBlueClient, CloudIqClient, FileMarketplace, PrismClient, cloudiq, prism};
use counterfoil_runtime::registry::Registry;
use counterfoil_server::MarketplaceReport;
use tokio::sync::OwnedMutexGuard;

/// A call that began before a swap is over by then.
const LINGERS: chrono::Duration = chrono::Duration::minutes(10);

#[derive(Debug)]
pub(crate) struct Wiring {
    store: Arc<dyn Store>,
    registry: Arc<Registry>,
    door: Arc<HttpDoor>,
    sources: Arc<Sources>,
    clock: Arc<dyn Clock>,
    /// What was wired last, to leave alone what did not change. Routes compare themselves.
    marketplaces: Mutex<BTreeMap<MarketplaceId, Marketplace>>,
    beside: Mutex<BTreeMap<PluginId, Beside>>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// Versions beside the active one whose calls get through as well.
#[derive(Debug, Default)]
struct Beside {
    /// Being tried before it is activated.
    trial: Option<Card>,
    /// Replaced a little while ago: its calls under way go on.
    replaced: Option<(Card, DateTime<Utc>)>,
}

/// While it is held no route changes, no round of work begins and nothing is looked up.
#[derive(Debug)]
pub(crate) struct Held {
    _turn: OwnedMutexGuard<()>,
}

impl Wiring {
    pub(crate) fn new(
        (store, registry): (Arc<dyn Store>, Arc<Registry>),
        door: Arc<HttpDoor>,
        sources: Arc<Sources>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (marketplaces, beside) = (Mutex::default(), Mutex::default());
        Self { store, registry, door, sources, clock, marketplaces, beside, turn: Arc::default() }
    }

    /// Cheap when nothing changed: two small reads.
    pub(crate) async fn refresh(&self) -> Result<(), StoreError> {
        let held = self.hold().await;
        self.refresh_held(&held).await
    }

    pub(crate) async fn hold(&self) -> Held {
        Held { _turn: Arc::clone(&self.turn).lock_owned().await }
    }

    pub(crate) async fn refresh_held(&self, _: &Held) -> Result<(), StoreError> {
        let marketplaces = self.store.marketplaces().await?;
        let connections = self.store.connections().await?;
        {
            let mut seen = self.marketplaces.lock().unwrap_or_else(PoisonError::into_inner);
            for marketplace in marketplaces {
                if seen.get(&marketplace.id) != Some(&marketplace) {
                    self.wire_marketplace(&marketplace);
                    seen.insert(marketplace.id.clone(), marketplace);
                }
            }
        }
        for connection in connections {
            let mut cards = self.cards(&connection).await?.into_iter();
            let Some(first) = cards.next() else { continue };
            let mut route = connection_route(&connection, &first);
            for other in cards {
                widen(&mut route, &connection, &other);
            }
            self.door.set_route(route);
        }
        Ok(())
    }

    /// The card that a connection's route is made of, then those of other versions whose calls must get through:
    /// what is tried, what was just replaced, and what an open batch resumes on.
    async fn cards(&self, connection: &Connection) -> Result<Vec<Card>, StoreError> {
        let plugin = &connection.plugin;
        let mut cards: Vec<Card> = self.registry.active_version(plugin).iter().map(|one| one.card().clone()).collect();
        {
            let beside = self.beside.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(beside) = beside.get(plugin) {
                let now = self.clock.now();
                cards.extend(beside.trial.clone());
                cards.extend(beside.replaced.iter().filter(|(_, until)| now < *until).map(|(card, _)| card.clone()));
            }
        }
        if self.registry.versions_of(plugin).len() > 1 {
            for batch in self.store.open_batches(&connection.id).await? {
                cards.extend(self.registry.version(&batch.plugin).map(|version| version.card().clone()));
            }
            let waiting = ["waiting", "sending"].map(str::to_owned).into();
            let waiting = self.store.follow_ups(&connection.id, waiting, usize::MAX).await?;
            let former: BTreeSet<PluginDigest> = waiting.into_iter().map(|one| one.plugin).collect();
            let former = former.iter().filter_map(|digest| self.registry.version(digest));
            cards.extend(former.map(|version| version.card().clone()));
        }
        Ok(cards)
    }

    /// Lets the calls of a version through before it is activated.
    pub(crate) async fn try_out(&self, plugin: &PluginId, card: &Card) -> Result<(), StoreError> {
        self.with_beside(plugin, |beside| beside.trial = Some(card.clone()));
        self.refresh().await
    }

    pub(crate) async fn end_trial(&self, plugin: &PluginId) -> Result<(), StoreError> {
        self.with_beside(plugin, |beside| beside.trial = None);
        self.refresh().await
    }

    /// Another version took its place; what it has under way goes on.
    pub(crate) fn replaced(&self, plugin: &PluginId, card: &Card) {
        let until = self.clock.now() + LINGERS;
        self.with_beside(plugin, |beside| *beside = Beside { trial: None, replaced: Some((card.clone(), until)) });
    }

    /// For the one who holds the routes still: a connection goes where this card says.
    pub(crate) fn move_to(&self, _: &Held, connection: &Connection, card: &Card) {
        self.door.set_route(connection_route(connection, card));
    }

    fn with_beside(&self, plugin: &PluginId, change: impl FnOnce(&mut Beside)) {
        change(self.beside.lock().unwrap_or_else(PoisonError::into_inner).entry(plugin.clone()).or_default());
    }

    fn wire_marketplace(&self, marketplace: &Marketplace) {
        let wired = match marketplace.kind {
            MarketplaceKind::CloudBlue | MarketplaceKind::File => self.wire_orders(marketplace),
            MarketplaceKind::Catalog | MarketplaceKind::CatalogFiles => self.wire_catalogs(marketplace),
            MarketplaceKind::CloudIq | MarketplaceKind::Prism => self.wire_statements(marketplace),
        };
        if let Err(error) = wired {
            tracing::error!(marketplace = %marketplace.id, error, "this marketplace cannot be read until its setup is mended");
        }
    }

    fn wire_orders(&self, marketplace: &Marketplace) -> Result<(), String> {
        let client: Arc<dyn MarketplaceClient> = if marketplace.kind == MarketplaceKind::File {
            Arc::new(FileMarketplace::new(marketplace).map_err(|error| error.to_string())?)
        } else {
            self.door.set_route(counterfoil_market::route(marketplace).map_err(|error| error.to_string())?);
            let client = CloudBlueClient::new(marketplace, self.as_door(), Arc::clone(&self.clock));
            Arc::new(client.map_err(|error| error.to_string())?)
        };
        self.sources.put(marketplace.id.clone(), client);
        Ok(())
    }

    fn wire_catalogs(&self, marketplace: &Marketplace) -> Result<(), String> {
        catalog::check_settings(marketplace).map_err(|error| error.to_string())?;
        let source: Arc<dyn CatalogSource> = if marketplace.kind == MarketplaceKind::CatalogFiles {
            Arc::new(FileCatalogs::new(marketplace.location.clone().into()))
        } else {
            self.door.set_route(catalog::route(marketplace).map_err(|error| error.to_string())?);
            Arc::new(HttpCatalogs::new(marketplace, self.as_door(), Arc::clone(&self.clock)))
        };
        self.sources.put_catalogs(marketplace.id.clone(), source);
        Ok(())
    }

    fn wire_statements(&self, marketplace: &Marketplace) -> Result<(), String> {
        let clock = Arc::clone(&self.clock);
        let source: Arc<dyn StatementSource> = if marketplace.kind == MarketplaceKind::Prism {
            self.door.set_route(prism::route(marketplace).map_err(|error| error.to_string())?);
            Arc::new(PrismClient::new(marketplace, self.as_door(), clock).map_err(|error| error.to_string())?)
        } else {
            self.door.set_route(cloudiq::route(marketplace).map_err(|error| error.to_string())?);
            Arc::new(CloudIqClient::new(marketplace, self.as_door(), clock).map_err(|error| error.to_string())?)
        };
        self.sources.put_statements(marketplace.id.clone(), source);
        Ok(())
    }

    fn as_door(&self) -> Arc<dyn Door> {
        Arc::clone(&self.door) as Arc<dyn Door>
    }
}

/// What a marketplace of this kind takes, and what is wrong with this one. Nothing is called.
pub(crate) fn inspect(marketplace: &Marketplace) -> MarketplaceReport {
    let names = |settings: &[(&str, &str)]| settings.iter().map(|(name, _)| (*name).to_owned()).collect();
    let signing_in = |settings: &[(&str, &str)], route: Result<Route, String>| {
        let secrets = route.as_ref().ok().and_then(|route| route.auth.as_ref()).map(|auth| auth.secrets.clone());
        MarketplaceReport { settings: names(settings), secrets: secrets.unwrap_or_default(), problem: route.err() }
    };
    match marketplace.kind {
        MarketplaceKind::CloudBlue => {
            let route = counterfoil_market::route(marketplace).map_err(|error| error.to_string());
            signing_in(counterfoil_market::cloudblue::SETTINGS, route)
        }
        MarketplaceKind::CloudIq => {
            signing_in(cloudiq::SETTINGS, cloudiq::route(marketplace).map_err(|error| error.to_string()))
        }
        MarketplaceKind::Prism => {
            signing_in(prism::SETTINGS, prism::route(marketplace).map_err(|error| error.to_string()))
        }
        MarketplaceKind::Catalog => {
            signing_in(catalog::SETTINGS, catalog::route(marketplace).map_err(|error| error.to_string()))
        }
        MarketplaceKind::CatalogFiles => MarketplaceReport {
            settings: names(catalog::FILE_SETTINGS),
            secrets: Vec::new(),
            problem: catalog::check_settings(marketplace).err().map(|error| error.to_string()),
        },
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
        auth.authorize_url = match &connection.rules.sign_in.authorize_url {
            Some(authorize_url) => Some(authorize_url.clone()),
            None => auth.authorize_url.map(|url| fill(&url, part_of_url)),
        };
        auth
    });
    let shares = connection.rules.sign_in.with.clone();
    let static_headers = card
        .static_headers
        .iter()
        .map(|(name, value)| (name.clone(), fill(value, str::to_owned)))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let base_url = connection.base_url.as_ref().unwrap_or(&card.egress.base_url);
    let discovery = lookup(connection, card, base_url);
    Route {
        caller: Caller::Connection(connection.id.clone()),
        // A connection's own address is taken as it is written, unless the card has parts of it told by the target.
        base_url: match &connection.base_url {
            Some(own) if card.egress.discovery.is_none() => own.clone(),
            _ => fill(base_url, part_of_url),
        },
        discovery,
        egress: card.egress.clone(),
        auth,
        static_headers,
        budgets: card.budgets.clone(),
        app: format!("plugin/{}", card.id),
        exceptions: connection.exceptions.clone(),
        auth_parameters: shares.into_iter().map(|with| ("sign-in-with".to_owned(), with.to_string())).collect(),
    }
}

/// Where the target tells where it is. A connection that goes to an address of its own asks only where it says.
fn lookup(connection: &Connection, card: &Card, base_url: &str) -> Option<Lookup> {
    let discovery = card.egress.discovery.clone()?;
    let url = match (&connection.rules.discovery_url, &connection.base_url) {
        (Some(own), _) => own.clone(),
        (None, None) => discovery.url.clone(),
        (None, Some(_)) => return None,
    };
    let told = |name: &str| discovery.fields.iter().any(|(filled, _)| filled == name);
    let (mut filled_url, mut base, mut settings, mut named_by) = (url.clone(), base_url.to_owned(), vec![], vec![]);
    for setting in &card.settings {
        let value = connection.settings.get(&setting.name).or(setting.default.as_ref());
        let value = part_of_url(value.map_or("", String::as_str));
        let open = format!("{{{}}}", setting.name);
        if url.contains(&open) {
            named_by.push(setting.name.clone());
        }
        filled_url = filled_url.replace(&open, &value);
        if told(&setting.name) {
            settings.push((setting.name.clone(), value));
        } else {
            base = base.replace(&open, &value);
        }
    }
    Some(Lookup { url: filled_url, base, settings, named_by, discovery })
}

/// Whether both cards take this connection to the same address, and sign in there alike.
pub(crate) fn same_place(connection: &Connection, a: &Card, b: &Card) -> bool {
    let place = |card: &Card| {
        let route = connection_route(connection, card);
        (route.base_url, route.discovery, route.auth, route.static_headers)
    };
    place(a) == place(b)
}

/// What another version may reach, through the same door. One that goes elsewhere is not let in this way.
fn widen(route: &mut Route, connection: &Connection, card: &Card) {
    let other = connection_route(connection, card);
    let place = |route: &Route| (route.base_url.clone(), route.discovery.clone(), route.static_headers.clone());
    if place(&other) != place(route) || other.auth != route.auth {
        return;
    }
    let egress = &mut route.egress;
    let add = |known: &mut Vec<String>, more: Vec<String>| {
        for name in more {
            if !known.contains(&name) {
                known.push(name);
            }
        }
    };
    for door in other.egress.allow {
        if !egress.allow.contains(&door) {
            egress.allow.push(door);
        }
    }
    add(&mut egress.request_headers, other.egress.request_headers);
    add(&mut egress.response_headers, other.egress.response_headers);
    egress.max_response_bytes = egress.max_response_bytes.max(other.egress.max_response_bytes);
    egress.timeout = egress.timeout.max(other.egress.timeout);
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
    fn where_a_target_tells_its_place_the_settings_stand_in_and_a_place_of_ones_own_asks_where_it_says() {
        let card = counterfoil_runtime::manifest::parse(include_str!("../../plugins/connectwise/plugin.toml")).unwrap();
        let settings = [("site", "api-na.myconnectwise.net"), ("company", "acme"), ("client_id", "c")];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let cloud = Connection { plugin: "connectwise".into(), auth: None, settings, ..connection("") };
        let route = connection_route(&cloud, &card);
        assert_eq!(route.base_url, "https://api-na.myconnectwise.net/v4_6_release/apis/3.0");
        let lookup = route.discovery.unwrap();
        assert_eq!(lookup.url, "https://api-na.myconnectwise.net/login/companyinfo/acme");
        assert_eq!(lookup.base, "https://{site}/{codebase}/apis/3.0");
        assert_eq!(lookup.named_by, ["site", "company"]);

        let own = Connection { base_url: Some("http://127.0.0.1:9/{codebase}/apis/3.0".into()), ..cloud.clone() };
        let route = connection_route(&own, &card);
        assert_eq!((route.base_url.as_str(), route.discovery), ("http://127.0.0.1:9/v4_6_release/apis/3.0", None));
        let mut asks = own;
        asks.rules.discovery_url = Some("http://127.0.0.1:9/login/companyinfo/{company}".into());
        let route = connection_route(&asks, &card);
        assert_eq!(route.base_url, "http://127.0.0.1:9/v4_6_release/apis/3.0");
        let lookup = route.discovery.unwrap();
        assert_eq!(lookup.url, "http://127.0.0.1:9/login/companyinfo/acme");
        assert_eq!(lookup.base, "http://127.0.0.1:9/{codebase}/apis/3.0");
        let spoilt = Connection { settings: [("company".to_owned(), "a/../b?c".to_owned())].into(), ..cloud };
        assert!(connection_route(&spoilt, &card).discovery.unwrap().url.ends_with("/companyinfo/a%2F..%2Fb%3Fc"));
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
