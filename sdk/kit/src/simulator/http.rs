//! A simulator that speaks HTTP on loopback, through the host's own way out: policy, credentials and scrubbing are those of a
//! service. Owns where it is and what it is opened with; budgets are left out, because here nobody has a minute to wait.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use counterfoil_domain::card::{Allowed, Budgets, EffectKind, Egress};
use counterfoil_domain::connection::Exceptions;
use counterfoil_domain::id::{ConnectionId, MarketplaceId};
use counterfoil_domain::ports::{
    Call, Caller, Door as _, Pending, Route, SendError, Sending, Vault, VaultError, WallClock,
};
use counterfoil_domain::secret::{Secret, SecretScope};
use counterfoil_domain::wire::{Request, Response};
use counterfoil_egress::{ExchangeSink, HttpDoor};

use super::{Needs, Remote, RemoteError};

/// Where it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub base_url: String,
    pub token_url: Option<String>,
    /// Where it shows all that it has stored, without credentials.
    pub state_url: Option<String>,
}

#[derive(Debug)]
pub struct HttpRemote {
    door: HttpDoor,
    /// Path below the second route's base URL.
    state: Option<String>,
    _kept: Kept,
}

/// Whatever must live as long as the books: a server in this process, a child process.
struct Kept(#[expect(dead_code, reason = "held for its drop")] Box<dyn Any + Send + Sync>);

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept")
    }
}

const STATE_TIMEOUT: Duration = Duration::from_secs(10);
const STATE_BYTES: usize = 16 * 1024 * 1024;

impl HttpRemote {
    /// `kept` is dropped with it.
    ///
    /// # Errors
    /// When the URL of the state has no path.
    pub fn new(place: Place, needs: Needs<'_>, kept: Box<dyn Any + Send + Sync>) -> Result<Self, RemoteError> {
        let secrets = needs.secrets.iter().map(|(name, value)| (name.clone(), Secret::new(value.clone()))).collect();
        let (sink, _) = ExchangeSink::channel(1);
        let door = HttpDoor::new(Arc::new(Dummies(Mutex::new(secrets))), Arc::new(WallClock), sink);
        let state = match &place.state_url {
            None => None,
            Some(url) => {
                let (base, path) =
                    split(url).ok_or_else(|| RemoteError(format!("\"{url}\" is no address with a path")))?;
                door.set_route(state_route(base, path.clone()));
                Some(path)
            }
        };
        door.set_route(route(place, needs));
        Ok(Self { door, state, _kept: Kept(kept) })
    }
}

impl Remote for HttpRemote {
    fn send(&self, call: Call) -> Pending<'_, Result<Response, SendError>> {
        self.door.send(Call { caller: connection(), ..call })
    }

    fn state(&self) -> Pending<'_, Option<String>> {
        Box::pin(async move {
            let request = Request {
                operation: "state".to_owned(),
                method: "GET".to_owned(),
                path: self.state.clone()?,
                query: Vec::new(),
                headers: Vec::new(),
                body: Vec::new(),
            };
            let call = Call { caller: watcher(), sending: Sending::Read, request, timeout: STATE_TIMEOUT };
            let answer = self.door.send(call).await.ok()?;
            (answer.status == 200).then(|| String::from_utf8_lossy(&answer.body).into_owned())
        })
    }
}

fn connection() -> Caller {
    Caller::Connection(ConnectionId::new("kit"))
}

fn watcher() -> Caller {
    Caller::Marketplace(MarketplaceId::new("kit-state"))
}

/// Scheme and host, and the rest.
fn split(url: &str) -> Option<(String, String)> {
    let host = url.find("://")? + 3;
    let slash = host + url.get(host..)?.find('/')?;
    Some((url[..slash].to_owned(), url[slash..].to_owned()))
}

/// A simulator has neither https nor a public address.
fn on_loopback() -> Exceptions {
    Exceptions { plain_http: true, private_addresses: true }
}

fn filled(text: &str, settings: &BTreeMap<String, String>) -> String {
    settings.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

fn route(place: Place, Needs { card, settings, .. }: Needs<'_>) -> Route {
    let auth = card.auth.first().cloned().map(|mut auth| {
        auth.token_url = place.token_url.or_else(|| auth.token_url.map(|url| filled(&url, settings)));
        auth
    });
    let headers = card.static_headers.iter().map(|(name, value)| (name.clone(), filled(value, settings)));
    Route {
        caller: connection(),
        base_url: place.base_url,
        discovery: None,
        egress: card.egress.clone(),
        auth,
        static_headers: headers.filter(|(_, value)| !value.is_empty()).collect(),
        budgets: Budgets { limits: Vec::new(), ..card.budgets.clone() },
        app: format!("plugin/{}", card.id),
        exceptions: on_loopback(),
        auth_parameters: Vec::new(),
    }
}

fn state_route(base_url: String, path: String) -> Route {
    Route {
        caller: watcher(),
        base_url: base_url.clone(),
        discovery: None,
        egress: Egress {
            base_url,
            discovery: None,
            allow: vec![Allowed { method: "GET".to_owned(), path, effect: EffectKind::Read }],
            request_headers: Vec::new(),
            response_headers: Vec::new(),
            max_response_bytes: STATE_BYTES,
            timeout: STATE_TIMEOUT,
        },
        auth: None,
        static_headers: Vec::new(),
        budgets: Budgets {
            concurrency: 1,
            limits: Vec::new(),
            retry_after_header: "Retry-After".to_owned(),
            problem_header: None,
        },
        app: "kit".to_owned(),
        exceptions: on_loopback(),
        auth_parameters: Vec::new(),
    }
}

/// The description's dummy secrets, in memory.
#[derive(Debug)]
struct Dummies(Mutex<BTreeMap<String, Secret>>);

impl Vault for Dummies {
    fn get(&self, _: &SecretScope, name: &str) -> Pending<'_, Result<Option<Secret>, VaultError>> {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        Box::pin(async move { Ok(found) })
    }

    fn put(&self, _: &SecretScope, name: &str, secret: Secret) -> Pending<'_, Result<(), VaultError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), secret);
        Box::pin(async { Ok(()) })
    }

    fn names(&self, _: &SecretScope) -> Pending<'_, Result<Vec<String>, VaultError>> {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect();
        Box::pin(async move { Ok(names) })
    }
}
