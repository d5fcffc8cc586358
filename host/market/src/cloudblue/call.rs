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
pub(super) struct Caretaker {
    pub(super) door: Arc<dyn Door>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) marketplace: MarketplaceId,
    pub(super) pace: Pace,
}

#[derive(Debug)]
pub(super) struct Question {
    pub(super) operation: &'static str,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    /// For people: "order 4711", "orders page at offset 200".
    pub(super) place: String,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Body(String),
    NotThere { message: String },
}

impl Caretaker {
    pub(super) async fn ask(&self, question: &Question) -> Result<Reply, SourceError> {
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
