//! One access token per sign-in, fetched once for all who wait, whichever route they come by. A fetch runs in its own task: a caller that
//! gives up cannot lose a refresh token that was just rotated.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use counterfoil_domain::ports::{Clock, SendError, Vault};
use counterfoil_domain::secret::{REFRESH_TOKEN, REFRESH_TOKEN_SINCE, Secret, SecretScope};
use reqwest::{Client, Method as HttpMethod};
use tokio::sync::OwnedMutexGuard;
use tokio::time::Instant;
use url::Url;

use super::grant::{self, Granted, NotGranted, TokenRequest};
use super::method::{Grant, Signing};
use super::share::{self, Shared};
use super::sign::{Credentials, Fingerprint};
use crate::guard::Guard;
use crate::record::{Draft, ExchangeSink, cut, shown_url};
use crate::scrub::Scrubber;
use crate::wire::{self, Sheet};

const SIGN_IN_WITHIN: Duration = Duration::from_secs(30);
const LARGEST_ANSWER: usize = 256 * 1024;
const LONGEST_MESSAGE: usize = 240;
/// Refused credentials are not tried again sooner: some targets lock the account.
const REFUSED_FOR: chrono::Duration = chrono::Duration::seconds(60);

#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) access: Secret,
    usable_until: DateTime<Utc>,
    /// A token of another sign-in (the setup was changed) is none.
    signing: Arc<Signing>,
    /// Nor is one that other secrets gave: it may open another organisation's books.
    secrets: Fingerprint,
    /// Which fetch it came from: a 401 speaks about one token, not about a newer one.
    pub(crate) serial: u64,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) token: Option<Token>,
    pub(super) last_error: Option<SendError>,
    not_before: Option<DateTime<Utc>>,
    refused: Option<(Fingerprint, DateTime<Utc>, SendError)>,
    /// Rotated, but the vault could not keep it: it must be kept before anything else.
    unsaved: Option<Unsaved>,
    /// When an answer was lost that may have held a new refresh token.
    lost_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone)]
struct Unsaved {
    /// The fingerprint of the secrets that it came by: when somebody set others since, it is worth nothing.
    came_by: Fingerprint,
    next: Secret,
}

impl State {
    /// After a new sign-in nothing counts that was known of the former one.
    pub(super) fn begin_anew(&mut self, token: Token) {
        *self = Self { token: Some(token), ..Self::default() };
    }
}

/// A route's way to the token of its sign-in, which it may have in common with other routes.
#[derive(Debug, Default)]
pub(crate) struct TokenCell(Mutex<Option<Arc<Shared>>>);

/// All that a fetch needs, owned: it outlives its callers.
#[derive(Debug, Clone)]
pub(crate) struct Flight {
    pub(crate) vault: Arc<dyn Vault>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) sink: ExchangeSink,
    pub(crate) guard: Arc<Guard>,
    pub(crate) client: Client,
    pub(crate) signing: Arc<Signing>,
    pub(crate) scope: SecretScope,
    pub(crate) caller: String,
}

impl TokenCell {
    /// A usable token that is not `bad`, the one that was just refused, with the credentials that gave it.
    pub(crate) async fn get(
        &self,
        flight: Flight,
        grant: Grant,
        url: Url,
        bad: Option<u64>,
    ) -> Result<(Token, Credentials), SendError> {
        let shared = self.shared(&flight);
        let seen = shared.flights.load(Ordering::SeqCst);
        let mut state = Arc::clone(&shared.state).lock_owned().await;
        let now = flight.clock.now();
        // Read inside the lock: while somebody rotates, what was read before is of yesterday.
        let credentials = flight.credentials().await?;
        let fingerprint = credentials.fingerprint(&url);
        if let Some(token) = state.token.as_ref().filter(|token| {
            now < token.usable_until
                && Some(token.serial) != bad
                && token.signing.asks_the_same(&flight.signing)
                && token.secrets == fingerprint
        }) {
            return Ok((token.clone(), credentials));
        }
        let serial = shared.flights.load(Ordering::SeqCst);
        if let Some(error) = state.last_error.as_ref().filter(|_| serial != seen) {
            // Whoever was ahead in the queue asked for the same and was refused: asking again changes nothing.
            return Err(error.clone());
        }
        let fetched = tokio::spawn(async move {
            let result = fetch(&flight, grant, &url, credentials, &mut state, serial + 1).await;
            state.last_error = result.as_ref().err().cloned();
            state.token = result.as_ref().ok().map(|(token, _)| token.clone());
            shared.flights.fetch_add(1, Ordering::SeqCst);
            result
        });
        fetched.await.unwrap_or_else(|_| Err(transient("the sign-in broke off")))
    }

    fn shared(&self, flight: &Flight) -> Arc<Shared> {
        let home = flight.home();
        let mut joined = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match joined.as_ref().filter(|shared| shared.is_of(&flight.vault, &home)) {
            Some(shared) => Arc::clone(shared),
            None => Arc::clone(joined.insert(share::of(&flight.vault, home))),
        }
    }
}

impl Token {
    pub(super) fn of(granted: &Granted, flight: &Flight, secrets: Fingerprint, serial: u64) -> Self {
        Self {
            access: granted.access.clone(),
            usable_until: flight.clock.now() + granted.usable_for,
            signing: Arc::clone(&flight.signing),
            secrets,
            serial,
        }
    }
}

impl Flight {
    /// Where the secrets of its sign-in rest.
    pub(super) fn home(&self) -> SecretScope {
        self.signing.home(&self.scope)
    }

    pub(super) async fn credentials(&self) -> Result<Credentials, SendError> {
        Credentials::load(self.vault.as_ref(), &self.scope, &self.signing).await
    }
}

async fn fetch(
    flight: &Flight,
    grant: Grant,
    url: &Url,
    mut credentials: Credentials,
    state: &mut OwnedMutexGuard<State>,
    serial: u64,
) -> Result<(Token, Credentials), SendError> {
    let now = flight.clock.now();
    if let Some(until) = state.not_before.filter(|until| now < *until) {
        return Err(SendError::OverBudget { scope: "sign-in".to_owned(), until });
    }
    let fingerprint = credentials.fingerprint(url);
    if let Some((_, _, error)) =
        state.refused.as_ref().filter(|(known, until, _)| *known == fingerprint && now < *until)
    {
        return Err(error.clone());
    }
    let granted = match grant {
        Grant::RefreshToken => refresh(flight, url, &mut credentials, state).await,
        _ => exchange(flight, grant, url, &credentials).await,
    };
    let now = flight.clock.now();
    match granted {
        Ok(granted) => {
            state.refused = None;
            state.lost_at = None;
            let token = Token::of(&granted, flight, credentials.fingerprint(url), serial);
            Ok((token, credentials))
        }
        Err(Failed::Error(error)) => Err(error),
        Err(Failed::Not(NotGranted::Later { until })) => {
            state.not_before = Some(until);
            Err(SendError::OverBudget { scope: "sign-in".to_owned(), until })
        }
        Err(Failed::Not(NotGranted::Transient { message } | NotGranted::Lost { message })) => Err(transient(&message)),
        Err(Failed::Not(NotGranted::Credentials { message })) => {
            let error = person(&message, None, "check the credentials and set them again");
            state.refused = Some((fingerprint, now + REFUSED_FOR, error.clone()));
            Err(error)
        }
        Err(Failed::Not(NotGranted::InvalidGrant { message })) => {
            let advice = match grant {
                Grant::RefreshToken => "sign in to the target again",
                _ => "check the credentials and set them again",
            };
            let error = person(&message, state.lost_at, advice);
            state.refused = Some((fingerprint, now + REFUSED_FOR, error.clone()));
            Err(error)
        }
    }
}

fn transient(message: &str) -> SendError {
    SendError::SignIn {
        message: format!("{message}; nothing was sent, and it will be tried again"),
        needs_person: false,
    }
}

fn person(message: &str, lost_at: Option<DateTime<Utc>>, advice: &str) -> SendError {
    let lost = lost_at
        .map(|at| {
            format!(
                " (an answer that may have held the next refresh token was lost at {})",
                at.format("%Y-%m-%d %H:%M:%S UTC")
            )
        })
        .unwrap_or_default();
    SendError::SignIn { message: format!("{message}{lost}; nothing was sent: {advice}"), needs_person: true }
}

#[derive(Debug)]
pub(super) enum Failed {
    Not(NotGranted),
    Error(SendError),
}

impl From<SendError> for Failed {
    fn from(error: SendError) -> Self {
        Self::Error(error)
    }
}

/// Rotation: the vault holds the old refresh token until it holds the new one, and the access token is used
/// only after that. A lost answer is asked for again at once with the old one, inside the target's grace.
async fn refresh(
    flight: &Flight,
    url: &Url,
    credentials: &mut Credentials,
    state: &mut OwnedMutexGuard<State>,
) -> Result<Granted, Failed> {
    let came_by = credentials.fingerprint(url);
    if state.unsaved.as_ref().is_some_and(|unsaved| unsaved.came_by != came_by) {
        state.unsaved = None;
    }
    if let Some(unsaved) = state.unsaved.clone() {
        keep(flight, &unsaved.next).await.map_err(Failed::Error)?;
        state.unsaved = None;
        credentials.put(REFRESH_TOKEN, unsaved.next);
    }
    let mut asked_again = false;
    let mut read_again = false;
    loop {
        match exchange(flight, Grant::RefreshToken, url, credentials).await {
            Ok(granted) => {
                let rotated =
                    granted.refresh.as_ref().filter(|next| credentials.find(REFRESH_TOKEN) != Some(next.reveal()));
                if let Some(next) = rotated.cloned() {
                    if let Err(error) = keep(flight, &next).await {
                        state.unsaved = Some(Unsaved { came_by: credentials.fingerprint(url), next });
                        return Err(Failed::Error(error));
                    }
                    credentials.put(REFRESH_TOKEN, next);
                }
                return Ok(granted);
            }
            Err(Failed::Not(NotGranted::Lost { message })) => {
                state.lost_at.get_or_insert(flight.clock.now());
                if asked_again {
                    return Err(Failed::Not(NotGranted::Lost { message }));
                }
                asked_again = true;
            }
            Err(Failed::Not(NotGranted::InvalidGrant { message })) => {
                // Somebody else may have rotated it between our reading and asking.
                let stored = flight.credentials().await?;
                if read_again || stored.find(REFRESH_TOKEN) == credentials.find(REFRESH_TOKEN) {
                    return Err(Failed::Not(NotGranted::InvalidGrant { message }));
                }
                read_again = true;
                *credentials = stored;
            }
            Err(other) => return Err(other),
        }
    }
}

/// The token first: without its date it still works.
pub(super) async fn keep(flight: &Flight, next: &Secret) -> Result<(), SendError> {
    let home = flight.home();
    flight
        .vault
        .put(&home, REFRESH_TOKEN, next.clone())
        .await
        .map_err(|error| transient(&format!("the new refresh token cannot be kept ({error})")))?;
    let since = Secret::new(flight.clock.now().to_rfc3339());
    if let Err(error) = flight.vault.put(&home, REFRESH_TOKEN_SINCE, since).await {
        tracing::warn!(scope = home.text(), %error, "the day from which a refresh token's life counts could not be kept");
    }
    Ok(())
}

/// One token request on the wire.
async fn exchange(flight: &Flight, grant: Grant, url: &Url, credentials: &Credentials) -> Result<Granted, Failed> {
    let request = grant::request(grant, &flight.signing, credentials)?;
    ask(flight, request, url, &Scrubber::of(credentials.secrets())).await
}

/// `scrubber` knows every secret of the request.
pub(super) async fn ask(
    flight: &Flight,
    request: TokenRequest,
    url: &Url,
    scrubber: &Scrubber,
) -> Result<Granted, Failed> {
    let draft = Draft {
        at: flight.clock.now(),
        caller: flight.caller.clone(),
        operation: "sign-in".to_owned(),
        method: HttpMethod::POST.to_string(),
        path: shown_url(url, scrubber),
    };
    let begun = Instant::now();
    let sent = match tokio::time::timeout(SIGN_IN_WITHIN, flight.guard.check(url)).await {
        Ok(Ok(())) => {
            let sheet = Sheet {
                method: HttpMethod::POST,
                url: url.clone(),
                headers: request.headers,
                body: request.body,
                deadline: begun + SIGN_IN_WITHIN,
                limit: LARGEST_ANSWER,
            };
            wire::transmit(&flight.client, sheet).await
        }
        Ok(Err(error)) => Err(error),
        Err(_) => Err(SendError::NoConnection {
            message: "the token URL's name could not be found in time; nothing was sent".to_owned(),
        }),
    };
    match sent {
        Ok(answer) => {
            let granted = grant::read_answer(&answer, flight.clock.now()).map_err(|not| scrubbed(not, scrubber));
            let note = granted.as_ref().err().map_or("", |_| "no token");
            flight.sink.put(draft.answered(answer.status, begun.elapsed(), note));
            granted.map_err(Failed::Not)
        }
        Err(error) => {
            flight.sink.put(draft.failed(&error, begun.elapsed(), scrubber));
            if matches!(error, SendError::NoConnection { .. }) {
                flight.guard.forget(url);
            }
            Err(match error {
                SendError::AnswerLost { message } => Failed::Not(NotGranted::Lost { message: scrubber.text(&message) }),
                SendError::TooLarge { limit } => Failed::Not(NotGranted::Lost {
                    message: format!("the answer of the sign-in is larger than {limit} bytes"),
                }),
                other => Failed::Error(other),
            })
        }
    }
}

/// Scrubbed before it is cut: half a secret would not be found any more.
fn scrubbed(not: NotGranted, scrubber: &Scrubber) -> NotGranted {
    let clean = |message: String| cut(&scrubber.text(&message), LONGEST_MESSAGE);
    match not {
        NotGranted::InvalidGrant { message } => NotGranted::InvalidGrant { message: clean(message) },
        NotGranted::Credentials { message } => NotGranted::Credentials { message: clean(message) },
        NotGranted::Transient { message } => NotGranted::Transient { message: clean(message) },
        NotGranted::Lost { message } => NotGranted::Lost { message: clean(message) },
        NotGranted::Later { until } => NotGranted::Later { until },
    }
}
