//! The distributor: a simulated Cloud-iQ or PRISM that is being served, and what the product must know of it. Owns no
//! expectation.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use counterfoil_domain::connection::{Exceptions, Marketplace, MarketplaceKind};
use counterfoil_domain::id::{MarketplaceId, ResellerId};
use counterfoil_domain::ports::{Clock, Door, Route, StatementSource};
use counterfoil_market::cloudblue::Pace;
use counterfoil_market::{CloudIqClient, PrismClient, cloudiq, prism};
use counterfoil_sim::SimClock;
use counterfoil_sim::cloudiq::{CloudIqConfig, CloudIqHandle, CloudIqSim};
use counterfoil_sim::prism::{PrismConfig, PrismHandle, PrismSim};
use counterfoil_sim::statements::StatementWorld;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    CloudIq,
    Prism,
}

#[derive(Debug)]
pub(crate) enum Market {
    CloudIq(CloudIqHandle),
    Prism(PrismHandle),
}

impl Market {
    pub(crate) async fn open(kind: Kind, world: StatementWorld, clock: SimClock) -> Self {
        match kind {
            Kind::CloudIq => {
                let sim = CloudIqSim::new(world, CloudIqConfig::default(), clock);
                Self::CloudIq(sim.start(None).await.unwrap())
            }
            Kind::Prism => {
                let sim = PrismSim::new(world, PrismConfig::default(), clock);
                Self::Prism(sim.start(None).await.unwrap())
            }
        }
    }

    pub(crate) fn world<T>(&self, work: impl FnOnce(&mut StatementWorld) -> T) -> T {
        match self {
            Self::CloudIq(handle) => handle.with_world(work),
            Self::Prism(handle) => handle.with_world(work),
        }
    }

    /// Whatever it was asked that nobody should ask.
    pub(crate) fn misdeeds(&self) -> Vec<String> {
        let all = match self {
            Self::CloudIq(handle) => handle.violations(),
            Self::Prism(handle) => handle.violations(),
        };
        all.iter().map(|one| format!("{one:?}")).collect()
    }

    pub(crate) fn configured(&self) -> Marketplace {
        let mut settings = BTreeMap::from([("calls".to_owned(), "1000000".to_owned())]);
        let (kind, location) = match self {
            Self::CloudIq(handle) => (MarketplaceKind::CloudIq, handle.base_url()),
            Self::Prism(handle) => {
                settings.insert("token_url".to_owned(), handle.token_url());
                (MarketplaceKind::Prism, handle.base_url())
            }
        };
        Marketplace {
            id: MarketplaceId::new("m"),
            reseller: ResellerId::new("r"),
            kind,
            location,
            settings,
            exceptions: Exceptions { plain_http: true, private_addresses: true },
        }
    }

    pub(crate) fn secrets(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::CloudIq(handle) => {
                let config = handle.config();
                vec![
                    ("client_id", config.client_id.clone()),
                    ("client_secret", config.client_secret.clone()),
                    ("username", config.username.clone()),
                    ("password", config.password.clone()),
                ]
            }
            Self::Prism(handle) => {
                let config = handle.config();
                vec![("client_id", config.client_id.clone()), ("client_secret", config.client_secret.clone())]
            }
        }
    }

    pub(crate) fn route(&self) -> Route {
        let marketplace = self.configured();
        match self {
            Self::CloudIq(_) => cloudiq::route(&marketplace).unwrap(),
            Self::Prism(_) => prism::route(&marketplace).unwrap(),
        }
    }

    pub(crate) fn source(&self, door: Arc<dyn Door>, clock: Arc<dyn Clock>) -> Arc<dyn StatementSource> {
        let marketplace = self.configured();
        match self {
            Self::CloudIq(_) => Arc::new(CloudIqClient::new(&marketplace, door, clock).unwrap().with_pace(pace())),
            Self::Prism(_) => Arc::new(PrismClient::new(&marketplace, door, clock).unwrap().with_pace(pace())),
        }
    }
}

fn pace() -> Pace {
    Pace {
        tries: 3,
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_secs(2),
        at_once: 4,
        timeout: Duration::from_secs(20),
    }
}
