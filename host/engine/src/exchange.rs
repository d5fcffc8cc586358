//! What a running guest may do. While planning: read. While applying: write through the journal, intent
//! before send, in a task of its own so that a stopped guest cannot orphan what is on the wire.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use counterfoil_domain::card::{Card, DeliveryClass};
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::id::{BatchId, ConnectionId, EffectKey};
use counterfoil_domain::journal::{self, Effect, EffectState, WriteStep};
use counterfoil_domain::ports::{
    Call, Caller, Clock, CommitError, Door, Exchange, LogLevel, Outcome, Pending, SendError, Sending, Store, Write,
};
use counterfoil_domain::wire::{Request, Response};
use tokio::sync::RwLock;

/// Reads for one connection; every write is refused.
#[derive(Debug)]
pub struct ReadOnly {
    door: Arc<dyn Door>,
    clock: Arc<dyn Clock>,
    connection: ConnectionId,
    timeout: Duration,
}

impl ReadOnly {
    pub fn new(over: Over<'_>, connection: ConnectionId, card: &Card) -> Self {
        Self { door: Arc::clone(over.door), clock: Arc::clone(over.clock), connection, timeout: card.egress.timeout }
    }
}

impl Exchange for ReadOnly {
    fn read(&self, request: Request) -> Pending<'_, Result<Response, Failure>> {
        Box::pin(async move { read(&self.door, &*self.clock, &self.connection, self.timeout, request).await })
    }

    fn write(&self, _key: EffectKey, request: Request) -> Pending<'_, Result<Response, Failure>> {
        let message = format!(
            "{} {} was refused: nothing may be written while planning. Nothing was written.",
            request.method, request.path
        );
        Box::pin(async move { Err(Failure::new(FailureClass::Forbidden, "write-while-planning", message)) })
    }

    fn log(&self, level: LogLevel, message: &str, fields: &[(String, String)]) {
        log(&self.connection, level, message, fields);
    }
}

/// The ports that an exchange goes over.
#[derive(Debug, Clone, Copy)]
pub struct Over<'a> {
    pub door: &'a Arc<dyn Door>,
    pub store: &'a Arc<dyn Store>,
    pub clock: &'a Arc<dyn Clock>,
}

/// Reads and journaled writes of one batch.
#[derive(Debug, Clone)]
pub struct Journaled {
    pub door: Arc<dyn Door>,
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub connection: ConnectionId,
    pub batch: BatchId,
    pub timeout: Duration,
    pub idempotency_header: Option<String>,
    pub class: DeliveryClass,
    /// Shared by every write that is under way.
    under_way: Arc<RwLock<()>>,
}

impl Journaled {
    /// `over` says whose door, store and clock.
    pub fn new(over: Over<'_>, connection: ConnectionId, batch: BatchId, card: &Card) -> Self {
        Self {
            door: Arc::clone(over.door),
            store: Arc::clone(over.store),
            clock: Arc::clone(over.clock),
            connection,
            batch,
            timeout: card.egress.timeout,
            idempotency_header: card.delivery.idempotency_header.clone(),
            class: card.delivery.class(),
            under_way: Arc::default(),
        }
    }

    /// Returns when every write that was begun has its record, also those of a guest that was stopped: what the
    /// journal says afterwards is the whole truth. Each is bounded by its own timeout.
    pub async fn rest(&self) {
        drop(self.under_way.write().await);
    }

    async fn perform(self, key: EffectKey, request: Request) -> Result<Response, Failure> {
        let recorded = self.store.effects(&self.batch).await.map_err(|e| store_failure(&e.into()))?;
        let recorded = recorded.into_iter().find(|effect| effect.key == key);
        let now = self.clock.now();
        let digest = journal::request_digest(&request);
        let lives_until = self.key_lives_until(recorded.as_ref());
        let step = journal::write_step(recorded.as_ref(), &digest, lives_until, now);
        let maybe_sent_before = matches!(step, WriteStep::SameKey { .. });
        let effect = match step {
            WriteStep::Replay(response) => return Ok(response),
            WriteStep::Differs => return Err(differs(&key)),
            WriteStep::Uncertain => {
                return Err(Failure::new(
                    FailureClass::UnknownOutcome,
                    "sent-before",
                    "this was sent before and its answer was lost; it is looked for before anything is sent again",
                ));
            }
            WriteStep::First => {
                let effect = self.intent(&key, request, digest, now);
                self.commit(Write::InsertEffect(effect.clone())).await?;
                effect
            }
            WriteStep::Again { attempt } | WriteStep::SameKey { attempt } => {
                let mut effect = self.intent(&key, request, digest, now);
                effect.attempt = attempt;
                if let Some(first) = recorded.filter(|_| maybe_sent_before) {
                    effect.first_sent_at = first.first_sent_at;
                }
                self.commit(Write::UpdateEffect(effect.clone())).await?;
                effect
            }
        };
        self.send(effect, maybe_sent_before).await
    }

    /// Intent is on disk. From here on the effect is known to have perhaps happened.
    async fn send(&self, mut effect: Effect, maybe_sent_before: bool) -> Result<Response, Failure> {
        let idempotency = self.idempotency_header.clone().map(|name| (name, effect.idempotency_key.clone()));
        let call = Call {
            caller: Caller::Connection(self.connection.clone()),
            sending: Sending::Write { idempotency },
            request: effect.request.clone(),
            timeout: self.timeout,
        };
        let sent = self.door.send(call).await;
        let now = self.clock.now();
        match sent {
            // A refusal for too many calls wrote nothing; kept as an answer it would be replayed for ever.
            Ok(response) if response.status == 429 => {
                if !maybe_sent_before {
                    effect.state = EffectState::NotSent { why: "the target refused it for too many calls".to_owned() };
                    self.record(effect).await?;
                }
                Ok(response)
            }
            // A repeat that was turned away says nothing about the first try: kept, it would stand for it.
            Ok(response) if maybe_sent_before && is_turned_away(response.status) => Ok(response),
            Ok(response) => {
                effect.state = EffectState::Answered(response.clone());
                effect.answered_at = Some(now);
                self.record(effect).await?;
                Ok(response)
            }
            Err(error) => {
                if error.outcome() == Outcome::NotSent && !maybe_sent_before {
                    effect.state = EffectState::NotSent { why: error.to_string() };
                    self.record(effect).await?;
                    return Err(failure(&error, now));
                }
                let why = error.to_string();
                Err(Failure::new(FailureClass::UnknownOutcome, "answer-lost", why))
            }
        }
    }

    fn intent(&self, key: &EffectKey, request: Request, request_digest: String, now: DateTime<Utc>) -> Effect {
        let timeout = chrono::Duration::from_std(self.timeout).unwrap_or_else(|_| chrono::Duration::minutes(10));
        Effect {
            batch: self.batch.clone(),
            key: key.clone(),
            idempotency_key: journal::idempotency_key(&self.connection, &self.batch, key),
            request,
            request_digest,
            attempt: 1,
            state: EffectState::Intent,
            first_sent_at: now,
            deadline: now + timeout,
            answered_at: None,
        }
    }

    fn key_lives_until(&self, recorded: Option<&Effect>) -> Option<DateTime<Utc>> {
        match (self.class, recorded) {
            (DeliveryClass::A { lifetime }, Some(effect)) => {
                chrono::Duration::from_std(lifetime).ok().map(|lifetime| effect.first_sent_at + lifetime)
            }
            _ => None,
        }
    }

    /// What became of a request. Where that cannot be kept, the intent stands: it is looked for like a lost answer.
    async fn record(&self, effect: Effect) -> Result<(), Failure> {
        self.store.commit(vec![Write::UpdateEffect(effect)]).await.map_err(|error| {
            let text = format!("it was sent, but the journal could not keep the answer: {error}");
            Failure::new(FailureClass::UnknownOutcome, "answer-not-kept", text)
        })
    }

    async fn commit(&self, write: Write) -> Result<(), Failure> {
        self.store.commit(vec![write]).await.map_err(|error| store_failure(&error))
    }
}

impl Exchange for Journaled {
    fn read(&self, request: Request) -> Pending<'_, Result<Response, Failure>> {
        Box::pin(async move { read(&self.door, &*self.clock, &self.connection, self.timeout, request).await })
    }

    fn write(&self, key: EffectKey, request: Request) -> Pending<'_, Result<Response, Failure>> {
        let own = self.clone();
        Box::pin(async move {
            let under_way = Arc::clone(&own.under_way).read_owned().await;
            // Spawned: when the guest is stopped, this goes on to its record.
            let performed = tokio::spawn(async move {
                let result = own.perform(key, request).await;
                drop(under_way);
                result
            });
            match performed.await {
                Ok(result) => result,
                Err(error) => Err(Failure::new(FailureClass::UnknownOutcome, "send-stopped", error.to_string())),
            }
        })
    }

    fn log(&self, level: LogLevel, message: &str, fields: &[(String, String)]) {
        log(&self.connection, level, message, fields);
    }
}

async fn read(
    door: &Arc<dyn Door>,
    clock: &dyn Clock,
    connection: &ConnectionId,
    timeout: Duration,
    request: Request,
) -> Result<Response, Failure> {
    let call = Call { caller: Caller::Connection(connection.clone()), sending: Sending::Read, request, timeout };
    door.send(call).await.map_err(|error| match error {
        // A lost read changed nothing.
        SendError::AnswerLost { message } => Failure::new(FailureClass::Transient, "answer-lost", message),
        other => failure(&other, clock.now()),
    })
}

/// What a guest and the scheduler learn of a call that was surely not sent.
fn failure(error: &SendError, now: DateTime<Utc>) -> Failure {
    let message = error.to_string();
    match error {
        SendError::Refused(refusal) => {
            let message = match &refusal.remedy {
                Some(remedy) => format!("{message}. It would be allowed by: {remedy}"),
                None => message,
            };
            Failure::new(FailureClass::Forbidden, refusal.rule.clone(), message)
        }
        SendError::OverBudget { until, .. } => Failure {
            retry_after: (*until - now).to_std().ok(),
            ..Failure::new(FailureClass::Throttled, "over-budget", message)
        },
        SendError::SignIn { needs_person: true, .. } => Failure::new(FailureClass::Auth, "sign-in-failed", message),
        SendError::SignIn { .. } | SendError::NoConnection { .. } => {
            Failure::new(FailureClass::Transient, NO_CONNECTION, message)
        }
        SendError::AnswerLost { .. } => Failure::new(FailureClass::UnknownOutcome, "answer-lost", message),
        SendError::TooLarge { .. } => Failure::new(FailureClass::Internal, "answer-too-large", message),
    }
}

/// Answers that a target gives before it looks at the key: overloaded, broken, not signed in, still busy with it.
fn is_turned_away(status: u16) -> bool {
    status >= 500 || matches!(status, 401 | 403 | 408 | 409 | 425 | 429)
}

/// Code of a call that surely never reached the target.
pub(crate) const NO_CONNECTION: &str = "no-connection";
/// Code of the refusal to send another request under a key that was used.
pub(crate) const DIFFERS: &str = "different-request-under-known-key";

fn differs(key: &EffectKey) -> Failure {
    Failure::new(
        FailureClass::Internal,
        DIFFERS,
        format!("the plugin asked for another request under the known key \"{key}\"; nothing was sent"),
    )
}

fn store_failure(error: &CommitError) -> Failure {
    Failure::new(
        FailureClass::Transient,
        "journal-unavailable",
        format!("the journal cannot be written: {error}. Nothing was sent."),
    )
}

fn log(connection: &ConnectionId, level: LogLevel, message: &str, fields: &[(String, String)]) {
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let fields = fields.join(" ");
    match level {
        LogLevel::Debug => tracing::debug!(%connection, %fields, "{message}"),
        LogLevel::Info => tracing::info!(%connection, %fields, "{message}"),
        LogLevel::Warn => tracing::warn!(%connection, %fields, "{message}"),
        LogLevel::Error => tracing::error!(%connection, %fields, "{message}"),
    }
}
