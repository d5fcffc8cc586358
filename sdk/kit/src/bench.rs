//! What all checks share: the loaded component, the description, and the measure of every call. Owns opening a stage for a check,
//! and the outcomes that a check can have; the checks themselves are in `checks`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::NaiveDate;
use counterfoil_domain::card::Card;
use counterfoil_domain::ports::{CallError, ManualClock};
use counterfoil_runtime::sandbox::{CallReport, Sandbox, WasmTarget};

use crate::description::Description;
use crate::line::Line;
use crate::simulator::{Needs, Remotes};
use crate::stage::Stage;

/// Why a check did not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Miss {
    Failed(String),
    Skipped(String),
    NotApplicable(String),
}

/// What was seen to hold, or why not.
pub(crate) type Told = Result<String, Miss>;

pub(crate) fn failed<T>(text: impl Into<String>) -> Result<T, Miss> {
    Err(Miss::Failed(text.into()))
}

pub(crate) fn not_applicable<T>(text: impl Into<String>) -> Result<T, Miss> {
    Err(Miss::NotApplicable(text.into()))
}

pub(crate) fn skipped<T>(text: impl Into<String>) -> Result<T, Miss> {
    Err(Miss::Skipped(text.into()))
}

/// What calls used, over all checks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    pub(crate) peak_memory: usize,
    pub(crate) longest: BTreeMap<&'static str, Duration>,
    /// Call and lines beyond the cap.
    pub(crate) flooded: Vec<(&'static str, usize)>,
    pub(crate) calls: usize,
}

impl Tally {
    fn add(&mut self, report: &CallReport) {
        self.calls += 1;
        self.peak_memory = self.peak_memory.max(report.peak_memory);
        let longest = self.longest.entry(report.call).or_default();
        *longest = (*longest).max(report.elapsed);
        if report.dropped_lines > 0 {
            self.flooded.push((report.call, report.dropped_lines));
        }
    }
}

#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) target: Arc<WasmTarget>,
    pub(crate) card: Arc<Card>,
    pub(crate) component: Vec<u8>,
    pub(crate) sandbox: Sandbox,
    /// The guests' clock.
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) description: Arc<Description>,
    pub(crate) settings: BTreeMap<String, String>,
    pub(crate) today: NaiveDate,
    pub(crate) remotes: Remotes,
    tally: Arc<Mutex<Tally>>,
    /// Of the stage that was opened last: a failure's evidence.
    last: Mutex<Option<Arc<Line>>>,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a bench is made of.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) target: Arc<WasmTarget>,
    pub(crate) card: Card,
    pub(crate) component: Vec<u8>,
    pub(crate) sandbox: Sandbox,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) description: Description,
    pub(crate) today: NaiveDate,
    pub(crate) remotes: Remotes,
}

impl Bench {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { target, card, component, sandbox, clock, description, today, remotes } = parts;
        let defaults =
            card.settings.iter().filter_map(|setting| Some((setting.name.clone(), setting.default.clone()?)));
        let mut settings: BTreeMap<String, String> = defaults.collect();
        settings.extend(description.settings.clone());
        Self {
            target,
            card: Arc::new(card),
            component,
            sandbox,
            clock,
            description: Arc::new(description),
            settings,
            today,
            remotes,
            tally: Arc::default(),
            last: Mutex::default(),
        }
    }

    /// Fresh books, with nothing looked up yet.
    pub(crate) async fn bare(&self) -> Result<Stage, Miss> {
        let description = &*self.description;
        let needs = Needs { card: &self.card, settings: &self.settings, secrets: &description.secrets };
        let remote = self.remotes.open(needs).await.map_err(|error| Miss::Skipped(error.to_string()))?;
        let line = Arc::new(Line::new(remote));
        *lock(&self.last) = Some(Arc::clone(&line));
        Ok(Stage::new(self, line))
    }

    /// Fresh books, probed, and with all links found.
    pub(crate) async fn stage(&self) -> Result<Stage, Miss> {
        let mut stage = self.bare().await?;
        let skip = |miss: Miss| match miss {
            Miss::Failed(text) => Miss::Skipped(format!("it needs what does not work yet: {text}")),
            other => other,
        };
        stage.settle_in().await.map_err(skip)?;
        Ok(stage)
    }

    pub(crate) fn measure(&self) -> Measure {
        Measure { target: Arc::clone(&self.target), tally: Arc::clone(&self.tally) }
    }

    pub(crate) fn tally(&self) -> Tally {
        lock(&self.tally).clone()
    }

    pub(crate) fn forget_evidence(&self) {
        *lock(&self.last) = None;
    }

    pub(crate) fn evidence(&self) -> Vec<String> {
        lock(&self.last).as_ref().map(|line| line.evidence()).unwrap_or_default()
    }
}

/// Counts each call, and lets a version run again that the sandbox would rest after too many traps.
#[derive(Debug, Clone)]
pub(crate) struct Measure {
    pub(crate) target: Arc<WasmTarget>,
    tally: Arc<Mutex<Tally>>,
}

impl Measure {
    /// The same for another version.
    pub(crate) fn of(self, target: Arc<WasmTarget>) -> Self {
        Self { target, ..self }
    }

    pub(crate) async fn call<T>(&self, answer: impl Future<Output = Result<T, CallError>>) -> Result<T, CallError> {
        self.target.resume();
        let answer = answer.await;
        if let Some(report) = self.target.recent_calls().last() {
            lock(&self.tally).add(report);
        }
        answer
    }
}
