//! Mail out: over SMTP, or into a folder.

use std::fmt;

use super::{Pending, StoreError};
use crate::mail::{Mail, MailError};
use chrono::{DateTime, Utc};

pub trait Mailer: Send + Sync + fmt::Debug {
    fn send(&self, mail: Mail) -> Pending<'_, Result<(), MailError>>;
}

/// What waits to be sent. SQLite and memory implement it.
pub trait MailStore: Send + Sync + fmt::Debug {
    /// Waiting ones that are due, oldest first.
    fn mails_due(&self, until: DateTime<Utc>, limit: usize) -> Pending<'_, Result<Vec<Mail>, StoreError>>;
    fn mail(&self, id: &str) -> Pending<'_, Result<Option<Mail>, StoreError>>;
}
