//! What one call used and said: for the author of a plugin, and for whoever asks why a call stopped.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use counterfoil_domain::ports::LogLevel;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    pub level: LogLevel,
    pub message: String,
    pub fields: Vec<(String, String)>,
}

/// One call, after it ended.
#[derive(Debug, Clone)]
pub struct CallReport {
    /// "plan", "apply", …
    pub call: &'static str,
    pub elapsed: Duration,
    /// What ended it, when it was not an answer.
    pub error: Option<String>,
    pub peak_memory: usize,
    pub reads: usize,
    pub writes: usize,
    pub log: Vec<LogLine>,
    /// Lines beyond the cap.
    pub dropped_lines: usize,
    /// The end of what it printed.
    pub printed: String,
}

/// What is noted while a call runs.
#[derive(Debug, Default)]
pub(super) struct Noted {
    pub(super) peak_memory: usize,
    pub(super) memory_denied: bool,
    pub(super) reads: usize,
    pub(super) writes: usize,
    pub(super) log: Vec<LogLine>,
    pub(super) log_bytes: usize,
    pub(super) dropped_lines: usize,
}

/// Shared with the store, which is gone by the time that a stopped call is told about.
#[derive(Debug, Clone, Default)]
pub(super) struct Notes(Arc<Mutex<Noted>>);

impl Notes {
    pub(super) fn with<T>(&self, note: impl FnOnce(&mut Noted) -> T) -> T {
        note(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
