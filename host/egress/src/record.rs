//! One redacted record per call, handed over without ever holding up a send.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use counterfoil_domain::ports::{Caller, ExchangeRecord, SendError};
use tokio::sync::mpsc;
use url::Url;

use crate::scrub::Scrubber;

const LONGEST: usize = 500;
const LONGEST_VALUE: usize = 80;

/// Where records go. What it is given must return at once.
#[derive(Clone)]
pub struct ExchangeSink {
    give: Arc<dyn Fn(ExchangeRecord) -> bool + Send + Sync>,
    dropped: Arc<AtomicU64>,
}

impl ExchangeSink {
    /// A bounded queue; when nobody empties it, records are dropped and counted, and sends go on.
    pub fn channel(capacity: usize) -> (Self, mpsc::Receiver<ExchangeRecord>) {
        let (sender, receiver) = mpsc::channel(capacity.max(1));
        (Self { give: Arc::new(move |record| sender.try_send(record).is_ok()), dropped: Arc::default() }, receiver)
    }

    pub fn to(give: impl Fn(ExchangeRecord) + Send + Sync + 'static) -> Self {
        let give = move |record| {
            give(record);
            true
        };
        Self { give: Arc::new(give), dropped: Arc::default() }
    }

    pub fn none() -> Self {
        Self::to(|_| {})
    }

    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    pub(crate) fn put(&self, record: ExchangeRecord) {
        tracing::debug!(
            caller = %record.caller, operation = %record.operation, method = %record.method, path = %record.path,
            status = record.status, millis = record.millis, outcome = %record.outcome, note = %record.note, "exchange"
        );
        if !(self.give)(record) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl fmt::Debug for ExchangeSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExchangeSink({} dropped)", self.dropped())
    }
}

pub(crate) fn caller_text(caller: &Caller) -> String {
    match caller {
        Caller::Connection(id) => format!("connection/{id}"),
        Caller::Marketplace(id) => format!("marketplace/{id}"),
    }
}

/// A record before its end is known.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) at: DateTime<Utc>,
    pub(crate) caller: String,
    pub(crate) operation: String,
    pub(crate) method: String,
    pub(crate) path: String,
}

impl Draft {
    pub(crate) fn answered(self, status: u16, took: Duration, note: &str) -> ExchangeRecord {
        self.end(status, took, "answered", note.to_owned())
    }

    pub(crate) fn failed(self, error: &SendError, took: Duration, scrubber: &Scrubber) -> ExchangeRecord {
        let outcome = match error {
            SendError::Refused(_) => "refused",
            SendError::OverBudget { .. } | SendError::SignIn { .. } | SendError::NoConnection { .. } => "not-sent",
            SendError::AnswerLost { .. } | SendError::TooLarge { .. } => "uncertain",
        };
        let note = match error {
            SendError::Refused(refusal) => format!("{}: {}", refusal.rule, refusal.message),
            other => other.to_string(),
        };
        self.end(0, took, outcome, cut(&scrubber.text(&note), LONGEST))
    }

    fn end(self, status: u16, took: Duration, outcome: &str, note: String) -> ExchangeRecord {
        ExchangeRecord {
            at: self.at,
            caller: self.caller,
            operation: self.operation,
            method: self.method,
            path: self.path,
            status,
            millis: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            outcome: outcome.to_owned(),
            note,
            context: String::new(),
        }
    }
}

/// Path and query of what went out, redacted.
pub(crate) fn shown_url(url: &Url, scrubber: &Scrubber) -> String {
    let query: Vec<(String, String)> =
        url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    shown_path(url.path(), &query, scrubber)
}

/// As asked for by the caller, before there is a URL.
pub(crate) fn shown_path(path: &str, query: &[(String, String)], scrubber: &Scrubber) -> String {
    let mut text = path.to_owned();
    for (index, (name, value)) in query.iter().enumerate() {
        text.push(if index == 0 { '?' } else { '&' });
        text.push_str(name);
        text.push('=');
        text.push_str(&if is_telling(name) { "…".to_owned() } else { cut(&scrubber.text(value), LONGEST_VALUE) });
    }
    let clean: String = text.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    cut(&scrubber.text(&clean), LONGEST)
}

/// Names under which other systems put secrets.
fn is_telling(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    ["token", "secret", "password", "key", "signature", "sig", "auth", "code"].iter().any(|word| lower.contains(word))
}

pub(crate) fn cut(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(longest).collect();
    short.push('…');
    short
}
