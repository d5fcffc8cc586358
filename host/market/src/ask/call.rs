//! One question to the API, asked until it is answered or patience ends.

use std::sync::Arc;

use counterfoil_domain::id::MarketplaceId;
use counterfoil_domain::ports::{Call, Caller, Clock, Door, Sending, SourceError};
use counterfoil_domain::wire::Request;

use super::answer::{Again, Reason, Try, judge};
use super::pace::{Pace, spread};

/// Budget waits cost no try, but not even they go on for ever.
const MOST_WAITS: u32 = 50;

#[derive(Debug)]
pub(crate) struct Caretaker {
    pub(crate) door: Arc<dyn Door>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) marketplace: MarketplaceId,
    pub(crate) pace: Pace,
}

#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) operation: &'static str,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    /// For people: "order 4711", "orders page at offset 200".
    pub(crate) place: String,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply<B = String> {
    Body(B),
    NotThere { message: String },
}

impl Caretaker {
    pub(crate) async fn ask(&self, question: &Question) -> Result<Reply, SourceError> {
        match self.ask_bytes(question).await? {
            Reply::NotThere { message } => Ok(Reply::NotThere { message }),
            Reply::Body(bytes) => match String::from_utf8(bytes) {
                Ok(body) => Ok(Reply::Body(body)),
                Err(_) => {
                    let problem = "the answer is not UTF-8 text".to_owned();
                    Err(SourceError::Malformed { place: question.place.clone(), problem })
                }
            },
        }
    }

    /// What may be text, or an archive.
    pub(crate) async fn ask_bytes(&self, question: &Question) -> Result<Reply<Vec<u8>>, SourceError> {
        let mut attempt = 1;
        let mut waits = 0;
        loop {
            let sent = self.door.send(self.call(question)).await;
            let Again { wait, counts, reason } = match judge(sent, &question.place, self.clock.now()) {
                Try::Body(body) => return Ok(Reply::Body(body)),
                Try::NotThere { message } => return Ok(Reply::NotThere { message }),
                Try::Failed(error) => return Err(error),
                Try::Again(again) => again,
            };
            let wait = match wait {
                // A little later than told: everybody else was told the same.
                Some(told) => told + spread(told, &question.path, attempt) / 4,
                None => self.pace.backoff(&question.path, attempt),
            };
            let tries_left = if counts { attempt < self.pace.tries } else { waits < MOST_WAITS };
            if !tries_left || wait > self.pace.longest_wait {
                return Err(self.given_up(reason, wait));
            }
            if counts {
                attempt += 1;
            } else {
                waits += 1;
            }
            tokio::time::sleep(wait).await;
        }
    }

    fn given_up(&self, reason: Reason, wait: std::time::Duration) -> SourceError {
        match reason {
            Reason::Unreachable(message) => SourceError::Unreachable(message),
            Reason::TooMany => {
                let wait = chrono::Duration::from_std(wait).unwrap_or(chrono::Duration::days(1));
                let now = self.clock.now();
                SourceError::Throttled { until: now.checked_add_signed(wait).unwrap_or(now) }
            }
        }
    }

    fn call(&self, question: &Question) -> Call {
        Call {
            caller: Caller::Marketplace(self.marketplace.clone()),
            sending: Sending::Read,
            request: Request {
                operation: question.operation.to_owned(),
                method: "GET".to_owned(),
                path: question.path.clone(),
                query: question.query.clone(),
                headers: Vec::new(),
                body: Vec::new(),
            },
            timeout: self.pace.timeout,
        }
    }
}

/// One path segment, whatever the id holds.
pub(crate) fn segment(id: &str) -> String {
    let mut out = String::with_capacity(id.len());
    for byte in id.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
