//! Mail to people: what waits to be sent, and when it is tried again. Owns the words and the waits; sending is a port, what
//! is written in one is its sender's business.

use std::fmt;

use chrono::{DateTime, Duration, Utc};

use crate::digest::Digester;
use crate::id::ConnectionId;
use crate::order::named;

named! {
    MailState {
        Waiting = "waiting",
        Sent = "sent",
        /// It was tried for a day: what it says stands on the pages, too.
        GivenUp = "given-up",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Derived from what it tells: the same thing is told once.
    pub id: String,
    pub connection: ConnectionId,
    pub to: Vec<String>,
    pub subject: String,
    pub text: String,
    pub state: MailState,
    pub made_at: DateTime<Utc>,
    /// When it is tried next; of one that is sent, when that was.
    pub at: DateTime<Utc>,
    pub tries: u32,
    /// Why the last try came to nothing.
    pub why: String,
}

/// So long one is tried.
const TRIED_FOR: Duration = Duration::hours(24);
const FIRST_WAIT: Duration = Duration::minutes(1);
const LONGEST_WAIT: Duration = Duration::hours(2);

impl Mail {
    /// `of`: what it tells, for its id.
    pub fn new(
        connection: &ConnectionId,
        of: &str,
        to: Vec<String>,
        (subject, text): (String, String),
        now: DateTime<Utc>,
    ) -> Self {
        let mut digest = Digester::new("mail");
        digest.text(connection.as_str()).text(of).count(to.len());
        for one in &to {
            digest.text(one);
        }
        Self {
            id: format!("mail_{}", digest.short()),
            connection: connection.clone(),
            to,
            subject: one_line(&subject),
            text,
            state: MailState::Waiting,
            made_at: now,
            at: now,
            tries: 0,
            why: String::new(),
        }
    }

    /// After a try. One whose answer was lost is sent again: told twice is better than not told.
    #[must_use]
    pub fn tried(self, outcome: Result<(), MailError>, now: DateTime<Utc>) -> Self {
        let tries = self.tries.saturating_add(1);
        let Err(error) = outcome else {
            return Self { state: MailState::Sent, at: now, tries, why: String::new(), ..self };
        };
        let why = error.to_string();
        let wait = FIRST_WAIT.checked_mul(1 << tries.min(8)).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
        if !error.is_retriable() || now + wait > self.made_at + TRIED_FOR {
            return Self { state: MailState::GivenUp, at: now, tries, why, ..self };
        }
        Self { at: now + wait, tries, why, ..self }
    }
}

/// A header holds one line: whatever a marketplace calls a customer cannot begin another.
fn one_line(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.chars().take(200).collect()
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    #[error("the mail server cannot be reached or is busy: {0}")]
    Unreachable(String),
    #[error("the mail server refused it: {0}")]
    Refused(String),
    #[error("no mail server is configured: see [mail] in the configuration")]
    NotConfigured,
}

impl MailError {
    /// Without a server it waits for one: the operator may be about to name it.
    pub fn is_retriable(&self) -> bool {
        !matches!(self, Self::Refused(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail() -> Mail {
        let now = DateTime::from_timestamp(0, 0).unwrap();
        Mail::new(&"c".into(), "run_1", vec!["a@example.com".to_owned()], ("S".to_owned(), "T".to_owned()), now)
    }

    #[test]
    fn one_that_cannot_be_sent_is_tried_for_a_day_and_then_given_up() {
        let mut one = mail();
        let mut waits = Vec::new();
        while one.state == MailState::Waiting {
            let now = one.at;
            one = one.tried(Err(MailError::Unreachable("no route".to_owned())), now);
            waits.push((one.at - now).num_minutes());
        }
        assert_eq!(&waits[..8], [2, 4, 8, 16, 32, 64, 120, 120]);
        assert_eq!(one.state, MailState::GivenUp);
        assert!(one.at - one.made_at <= TRIED_FOR && one.at - one.made_at > TRIED_FOR - LONGEST_WAIT * 2);
        assert_eq!(one.why, "the mail server cannot be reached or is busy: no route");
    }

    #[test]
    fn a_refusal_is_final_and_success_too() {
        let now = DateTime::from_timestamp(60, 0).unwrap();
        let refused = mail().tried(Err(MailError::Refused("no such user".to_owned())), now);
        assert_eq!(refused.state, MailState::GivenUp);
        let sent = mail().tried(Ok(()), now);
        assert_eq!((sent.state, sent.at, sent.tries), (MailState::Sent, now, 1));
    }

    #[test]
    fn a_subject_is_one_line() {
        let now = DateTime::from_timestamp(0, 0).unwrap();
        let words = ("a\r\nBcc: x@example.com".to_owned(), String::new());
        assert_eq!(Mail::new(&"c".into(), "x", Vec::new(), words, now).subject, "a  Bcc: x@example.com");
    }
}
