//! The billing system on the other side: scripted, a program of its own, or brought by a test. Owns the two traits and which
//! simulator a description asks for.

mod command;
mod http;
mod script;
mod scripted;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use counterfoil_domain::card::Card;
use counterfoil_domain::ports::{Call, Pending, SendError};
use counterfoil_domain::wire::Response;

pub use command::CommandWords;
pub use http::{HttpRemote, Place};
pub use script::{Answer, Does, Paging, Route, Script};

use crate::description::{Description, SimulatorWords};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the simulator cannot be used: {0}")]
pub struct RemoteError(pub String);

/// One billing system with books of its own.
pub trait Remote: Send + Sync + fmt::Debug {
    fn send(&self, call: Call) -> Pending<'_, Result<Response, SendError>>;

    /// All that it has stored, as text that is the same while nothing changes; none: it cannot tell.
    fn state(&self) -> Pending<'_, Option<String>>;
}

/// What a simulator is opened with.
#[derive(Debug, Clone, Copy)]
pub struct Needs<'a> {
    pub card: &'a Card,
    /// With the card's defaults for what is not set.
    pub settings: &'a BTreeMap<String, String>,
    pub secrets: &'a BTreeMap<String, String>,
}

/// Opens fresh books, as often as it is asked: no check sees what another one left.
pub trait Simulator: Send + Sync + fmt::Debug {
    fn open<'a>(&'a self, needs: Needs<'a>) -> Pending<'a, Result<Box<dyn Remote>, RemoteError>>;
}

/// Where the kit gets its billing systems from.
#[derive(Debug, Clone)]
pub struct Remotes(Arc<dyn Simulator>);

impl Remotes {
    pub fn of(simulator: impl Simulator + 'static) -> Self {
        Self(Arc::new(simulator))
    }

    /// The one that the description names; none: it names none.
    #[must_use]
    pub fn described(description: &Description) -> Option<Self> {
        Some(match description.simulator.as_ref()? {
            SimulatorWords::Scripted(script) => Self::of(script.clone()),
            SimulatorWords::Command(words) => Self::of(words.clone().in_folder(&description.folder)),
        })
    }

    pub(crate) async fn open(&self, needs: Needs<'_>) -> Result<Box<dyn Remote>, RemoteError> {
        self.0.open(needs).await
    }
}
