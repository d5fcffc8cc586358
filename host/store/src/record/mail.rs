//! Stored form of mail.

use chrono::{DateTime, Utc};
use counterfoil_domain::id::ConnectionId;
use counterfoil_domain::mail::{Mail, MailState};

use super::basic::stored_names;
use super::{Bad, Record, Stored, stored_struct};

stored_names!(MailState);

stored_struct!(Mail as MailRow {
    id: String,
    connection: ConnectionId,
    to: Vec<String>,
    subject: String,
    text: String,
    state: MailState,
    made_at: DateTime<Utc>,
    at: DateTime<Utc>,
    tries: u32,
    why: String,
});

impl Record for Mail {
    const WHAT: &'static str = "mail";
}
