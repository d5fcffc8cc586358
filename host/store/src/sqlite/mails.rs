//! Rows of mail.

use chrono::{DateTime, Utc};
use counterfoil_domain::mail::{Mail, MailState};
use counterfoil_domain::ports::StoreError;
use rusqlite::{Connection, params};

use super::query::{big, records, run};
use crate::record::{encode, time_text};

pub(super) fn put(c: &Connection, mail: &Mail) -> Result<(), StoreError> {
    let sealed = encode(mail)?;
    let due = (mail.state == MailState::Waiting).then(|| time_text(mail.at));
    let sql = "INSERT INTO mails (id, due, body, seal) VALUES ($1, $2, $3, $4)
        ON CONFLICT (id) DO UPDATE SET due = excluded.due, body = excluded.body, seal = excluded.seal";
    run(c, sql, params![mail.id, due, sealed.body, sealed.seal]).map(|_| ())
}

pub(super) fn due(c: &Connection, until: DateTime<Utc>, limit: usize) -> Result<Vec<Mail>, StoreError> {
    let sql = "SELECT body, seal FROM mails WHERE due IS NOT NULL AND due <= $1 ORDER BY due, id LIMIT $2";
    records(c, sql, params![time_text(until), big(limit)])
}

pub(super) fn one(c: &Connection, id: &str) -> Result<Option<Mail>, StoreError> {
    Ok(records(c, "SELECT body, seal FROM mails WHERE id = $1", params![id])?.pop())
}
