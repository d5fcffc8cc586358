//! Owns: what one running tenant remembers: its world, its tokens, its spent budget.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Duration, Utc};

use super::config::{CloudBlueConfig, RetryAfter, Switches};
use super::failure::Failure;
use crate::clock::SimClock;
use crate::world::World;

/// Shared by all handlers; clones are the same tenant.
#[derive(Debug, Clone)]
pub(super) struct Tenant {
    pub(super) config: Arc<CloudBlueConfig>,
    pub(super) clock: SimClock,
    memory: Arc<Mutex<Memory>>,
}

#[derive(Debug)]
pub(super) struct Memory {
    pub(super) world: World,
    pub(super) switches: Switches,
    tokens: HashMap<String, DateTime<Utc>>,
    issued: u64,
    window: Window,
    correlation: u64,
}

#[derive(Debug, Default)]
struct Window {
    began: Option<DateTime<Utc>>,
    used: u32,
    refused: u32,
}

impl Tenant {
    pub(super) fn new(world: World, config: CloudBlueConfig, clock: SimClock) -> Self {
        let memory = Memory {
            world,
            switches: config.switches.clone(),
            tokens: HashMap::new(),
            issued: 0,
            window: Window::default(),
            correlation: 0,
        };
        Self { config: Arc::new(config), clock, memory: Arc::new(Mutex::new(memory)) }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn issue_token(&self) -> String {
        let now = self.clock.now();
        let mut memory = self.lock();
        memory.tokens.retain(|_, until| *until > now);
        memory.issued += 1;
        let token = format!("sim-token-{:06}-{}", memory.issued, now.timestamp());
        memory.tokens.insert(token.clone(), now + Duration::seconds(self.config.token_seconds));
        token
    }

    pub(super) fn check_token(&self, token: &str) -> Result<(), Failure> {
        let now = self.clock.now();
        match self.lock().tokens.get(token) {
            Some(until) if *until > now => Ok(()),
            Some(_) => Err(Failure::NotSignedIn("The token is expired.")),
            None => Err(Failure::NotSignedIn("The token is unknown.")),
        }
    }

    /// Every token issued so far stops working, whatever life it had left.
    pub(super) fn forget_tokens(&self) {
        self.lock().tokens.clear();
    }

    /// Takes one call out of the key's budget.
    pub(super) fn spend(&self) -> Result<(), Failure> {
        let Some(budget) = self.config.budget else { return Ok(()) };
        let now = self.clock.now();
        let length = Duration::seconds(budget.window_seconds);
        let mut memory = self.lock();
        let window = &mut memory.window;
        let began = match window.began {
            Some(began) if now < began + length => began,
            _ => {
                *window = Window { began: Some(now), used: 0, refused: window.refused };
                now
            }
        };
        if window.used < budget.calls {
            window.used += 1;
            return Ok(());
        }
        window.refused += 1;
        let says = match budget.retry_after {
            RetryAfter::Always => true,
            RetryAfter::Never => false,
            RetryAfter::EveryOther => window.refused % 2 == 1,
        };
        let left = (began + length - now).num_seconds().max(1);
        Err(Failure::TooMany { retry_after: says.then_some(left) })
    }

    pub(super) fn correlation(&self) -> String {
        let mut memory = self.lock();
        memory.correlation += 1;
        format!("00000000-0000-4000-8000-{:012}", memory.correlation)
    }
}
