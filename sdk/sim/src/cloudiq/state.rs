//! Owns: what the running Cloud-iQ remembers: its world, who is signed in, what it should not have been asked.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::config::{CloudIqConfig, Switches};
use crate::clock::SimClock;
use crate::statements::door::{Sessions, Shape};
use crate::statements::{StatementWorld, Violation};

/// Shared by all handlers; clones are the same one.
#[derive(Debug, Clone)]
pub(super) struct Shop {
    pub(super) config: Arc<CloudIqConfig>,
    pub(super) clock: SimClock,
    memory: Arc<Mutex<Memory>>,
}

#[derive(Debug)]
pub(super) struct Memory {
    pub(super) world: StatementWorld,
    pub(super) switches: Switches,
    pub(super) sessions: Sessions,
    pub(super) violations: Vec<Violation>,
}

impl Memory {
    pub(super) fn shape(&self) -> Shape {
        Shape {
            camel_case: self.switches.camel_case,
            numbers_as_strings: self.switches.numbers_as_strings,
            unknown_columns: self.switches.unknown_columns,
        }
    }
}

impl Shop {
    pub(super) fn new(world: StatementWorld, config: CloudIqConfig, clock: SimClock) -> Self {
        let memory =
            Memory { world, switches: config.switches.clone(), sessions: Sessions::default(), violations: Vec::new() };
        Self { config: Arc::new(config), clock, memory: Arc::new(Mutex::new(memory)) }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
