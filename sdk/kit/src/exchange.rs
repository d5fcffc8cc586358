//! The fake host's side of a call: the card's doors, the refusal of writes while planning, and a journal in memory that keeps
//! the promises of the real one. Owns what a plugin was caught at (`Offences`); what goes wrong on the wire is `line`'s.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use counterfoil_domain::card::{Card, EffectKind};
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::id::{BatchId, ConnectionId, EffectKey};
use counterfoil_domain::journal;
use counterfoil_domain::ports::{Call, Caller, Exchange, LogLevel, Outcome, Pending, SendError, Sending};
use counterfoil_domain::wire::{Request, Response};

use crate::line::Line;

/// What a plugin did that a host would not have let it do.
#[derive(Debug, Clone, Default)]
pub(crate) struct Offences(Arc<Mutex<Vec<(Offence, String)>>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offence {
    WroteWhilePlanning,
    OffTheCard,
    OtherRequestUnderKnownKey,
}

impl Offences {
    fn lock(&self) -> MutexGuard<'_, Vec<(Offence, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, offence: Offence, text: String) {
        self.lock().push((offence, text));
    }

    pub(crate) fn of(&self, offence: Offence) -> Vec<String> {
        self.lock().iter().filter(|(kind, _)| *kind == offence).map(|(_, text)| text.clone()).collect()
    }
}

/// Intents and answers of one batch.
#[derive(Debug)]
pub(crate) struct Journal {
    batch: BatchId,
    /// Same key again for a lost answer: the target honours it.
    same_key: bool,
    effects: Mutex<BTreeMap<EffectKey, Recorded>>,
}

#[derive(Debug, Clone)]
struct Recorded {
    digest: String,
    answer: Option<Response>,
}

impl Journal {
    pub(crate) fn new(batch: &str) -> Arc<Self> {
        Arc::new(Self { batch: BatchId::new(batch), same_key: false, effects: Mutex::default() })
    }

    /// One that sends what got lost again, under its key.
    pub(crate) fn sending_again(batch: &str) -> Arc<Self> {
        Arc::new(Self { batch: BatchId::new(batch), same_key: true, effects: Mutex::default() })
    }

    fn effects(&self) -> MutexGuard<'_, BTreeMap<EffectKey, Recorded>> {
        self.effects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        self.effects().keys().map(ToString::to_string).collect()
    }
}

/// Whether this call may write, and where that is kept.
#[derive(Debug, Clone)]
pub(crate) enum May {
    Read,
    Write(Arc<Journal>),
}

#[derive(Debug, Clone)]
pub(crate) struct Guarded {
    pub(crate) line: Arc<Line>,
    pub(crate) card: Arc<Card>,
    pub(crate) may: May,
    pub(crate) offences: Offences,
}

impl Guarded {
    fn allowed(&self, request: &Request, effect: EffectKind) -> Result<(), Failure> {
        let called = format!("{} {} as a {effect}", request.method, request.path);
        let refused = |rule: &str, text: String| {
            self.offences.note(Offence::OffTheCard, text.clone());
            Err(Failure::new(FailureClass::Forbidden, rule, format!("{text}. Nothing was sent.")))
        };
        let fits = |door: &&counterfoil_domain::card::Allowed| {
            door.effect == effect && door.matches(&request.method, &request.path)
        };
        if !self.card.egress.allow.iter().any(|door| fits(&door)) {
            return refused("path-not-on-card", format!("the card does not allow {called}"));
        }
        let on_card = |name: &str| self.card.egress.request_headers.iter().any(|on| on.eq_ignore_ascii_case(name));
        match request.headers.iter().find(|(name, _)| !on_card(name)) {
            Some((name, _)) => refused("header-not-allowed", format!("the card does not allow the header {name}")),
            None => Ok(()),
        }
    }

    async fn send(&self, sending: Sending, request: Request) -> Result<Response, SendError> {
        let caller = Caller::Connection(ConnectionId::new("kit"));
        let call = Call { caller, sending, request, timeout: self.card.egress.timeout };
        let mut response = self.line.send(call).await?;
        let shown = &self.card.egress.response_headers;
        response.headers.retain(|(name, _)| shown.iter().any(|on| on.eq_ignore_ascii_case(name)));
        Ok(response)
    }

    async fn journaled(&self, journal: &Journal, key: EffectKey, request: Request) -> Result<Response, Failure> {
        let digest = journal::request_digest(&request);
        let known = journal.effects().get(&key).cloned();
        match known {
            Some(known) if known.digest != digest => {
                let text = format!("another request under the known key \"{key}\"");
                self.offences.note(Offence::OtherRequestUnderKnownKey, text.clone());
                return Err(Failure::new(FailureClass::Internal, "different-request-under-known-key", text));
            }
            Some(Recorded { answer: Some(answer), .. }) => return Ok(Response { replayed: true, ..answer }),
            Some(Recorded { answer: None, .. }) if !journal.same_key => {
                let text = "this was sent before and its answer was lost; it is looked for first";
                return Err(Failure::new(FailureClass::UnknownOutcome, "sent-before", text));
            }
            _ => {}
        }
        journal.effects().insert(key.clone(), Recorded { digest: digest.clone(), answer: None });
        let idempotency = self.card.delivery.idempotency_header.clone().map(|name| {
            let connection = ConnectionId::new("kit");
            (name, journal::idempotency_key(&connection, &journal.batch, &key))
        });
        match self.send(Sending::Write { idempotency }, request).await {
            Ok(response) if response.status == 429 => {
                journal.effects().remove(&key);
                Ok(response)
            }
            Ok(response) => {
                journal.effects().insert(key, Recorded { digest, answer: Some(response.clone()) });
                Ok(response)
            }
            Err(error) if error.outcome() == Outcome::NotSent => {
                journal.effects().remove(&key);
                Err(unsent(&error))
            }
            Err(error) => Err(Failure::new(FailureClass::UnknownOutcome, "answer-lost", error.to_string())),
        }
    }
}

/// What a guest learns of a call that surely never arrived.
fn unsent(error: &SendError) -> Failure {
    let class = match error {
        SendError::Refused(_) => FailureClass::Forbidden,
        SendError::OverBudget { .. } => FailureClass::Throttled,
        SendError::SignIn { needs_person: true, .. } => FailureClass::Auth,
        SendError::TooLarge { .. } => FailureClass::Internal,
        SendError::SignIn { .. } | SendError::NoConnection { .. } | SendError::AnswerLost { .. } => {
            FailureClass::Transient
        }
    };
    Failure::new(class, "not-sent", error.to_string())
}

impl Exchange for Guarded {
    fn read(&self, request: Request) -> Pending<'_, Result<Response, Failure>> {
        Box::pin(async move {
            self.allowed(&request, EffectKind::Read)?;
            // A lost read changed nothing.
            self.send(Sending::Read, request).await.map_err(|error| unsent(&error))
        })
    }

    fn write(&self, key: EffectKey, request: Request) -> Pending<'_, Result<Response, Failure>> {
        Box::pin(async move {
            let May::Write(journal) = &self.may else {
                let text = format!("{} {} was to be written", request.method, request.path);
                self.offences.note(Offence::WroteWhilePlanning, text.clone());
                let told = format!("{text} while nothing may be written. Nothing was written.");
                return Err(Failure::new(FailureClass::Forbidden, "write-while-planning", told));
            };
            self.allowed(&request, EffectKind::Write)?;
            self.journaled(journal, key, request).await
        })
    }

    fn log(&self, _: LogLevel, _: &str, _: &[(String, String)]) {}
}
