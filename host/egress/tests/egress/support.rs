//! Vaults, routes and small servers that the tests share.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use counterfoil_domain::card::{Allowed, Auth, AuthScheme, Budgets, EffectKind, Egress};
use counterfoil_domain::connection::Exceptions;
use counterfoil_domain::id::ConnectionId;
use counterfoil_domain::ports::{Call, Caller, ExchangeRecord, Pending, Route, Sending, Vault, VaultError, WallClock};
use counterfoil_domain::secret::{Secret, SecretScope};
use counterfoil_domain::wire::Request;
use counterfoil_egress::{ExchangeSink, HttpDoor};
use tokio::net::{TcpListener, TcpStream};

/// What happened, in order, whoever did it.
pub(crate) type Events = Arc<Mutex<Vec<String>>>;

#[derive(Default)]
pub(crate) struct MemoryVault {
    pub(crate) secrets: Mutex<BTreeMap<String, String>>,
    pub(crate) events: Events,
    /// How many `put` calls fail from now on.
    pub(crate) failing: AtomicUsize,
}

impl std::fmt::Debug for MemoryVault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MemoryVault")
    }
}

impl MemoryVault {
    pub(crate) fn with(secrets: &[(&str, &str)]) -> Arc<Self> {
        let vault = Self::default();
        for (name, value) in secrets {
            vault.set(name, value);
        }
        Arc::new(vault)
    }

    pub(crate) fn set(&self, name: &str, value: &str) {
        self.secrets.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn value(&self, name: &str) -> String {
        self.secrets.lock().unwrap().get(name).cloned().unwrap_or_default()
    }
}

impl Vault for MemoryVault {
    fn get(&self, scope: &SecretScope, name: &str) -> Pending<'_, Result<Option<Secret>, VaultError>> {
        assert_eq!(scope.text(), "connection/a", "another connection's secrets are never read");
        let found = self.secrets.lock().unwrap().get(name).map(Secret::new);
        Box::pin(async move { Ok(found) })
    }

    fn put(&self, _: &SecretScope, name: &str, secret: Secret) -> Pending<'_, Result<(), VaultError>> {
        let name = name.to_owned();
        Box::pin(async move {
            // A disk is not instant: an access token used too early would be seen before this ends.
            tokio::time::sleep(Duration::from_millis(30)).await;
            let fails =
                self.failing.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
            if fails {
                return Err(VaultError::Unavailable("disk full".to_owned()));
            }
            self.events.lock().unwrap().push(format!("kept {name}={}", secret.reveal()));
            self.set(&name, secret.reveal());
            Ok(())
        })
    }

    fn names(&self, _: &SecretScope) -> Pending<'_, Result<Vec<String>, VaultError>> {
        let names = self.secrets.lock().unwrap().keys().cloned().collect();
        Box::pin(async move { Ok(names) })
    }
}

pub(crate) fn caller() -> Caller {
    Caller::Connection(ConnectionId::new("a"))
}

pub(crate) fn route(base_url: &str) -> Route {
    let door = |method: &str, path: &str, effect| Allowed { method: method.to_owned(), path: path.to_owned(), effect };
    Route {
        caller: caller(),
        base_url: base_url.to_owned(),
        discovery: None,
        egress: Egress {
            base_url: String::new(),
            discovery: None,
            allow: vec![
                door("GET", "/things", EffectKind::Read),
                door("GET", "/things/{id}", EffectKind::Read),
                door("GET", "/", EffectKind::Read),
                door("POST", "/things", EffectKind::Write),
            ],
            request_headers: vec!["Accept".to_owned(), "Content-Type".to_owned()],
            response_headers: vec![
                "Content-Type".to_owned(),
                "Retry-After".to_owned(),
                "X-Echo".to_owned(),
                "Location".to_owned(),
            ],
            max_response_bytes: 64 * 1024,
            timeout: Duration::from_secs(20),
        },
        auth: None,
        static_headers: Vec::new(),
        budgets: Budgets {
            concurrency: 200,
            limits: Vec::new(),
            retry_after_header: "Retry-After".to_owned(),
            problem_header: Some("X-Rate-Limit-Problem".to_owned()),
        },
        app: "acme".to_owned(),
        exceptions: Exceptions { plain_http: true, private_addresses: true },
        auth_parameters: Vec::new(),
    }
}

pub(crate) fn auth(scheme: AuthScheme, token_url: Option<String>) -> Auth {
    Auth {
        scheme,
        authorize_url: None,
        token_url,
        scopes: vec!["read".to_owned(), "write".to_owned()],
        secrets: Vec::new(),
        header: None,
        refresh_days: None,
        tenants: None,
    }
}

pub(crate) fn request(method: &str, path: &str) -> Request {
    Request {
        operation: "try".to_owned(),
        method: method.to_owned(),
        path: path.to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: Vec::new(),
    }
}

pub(crate) fn read(path: &str) -> Call {
    Call { caller: caller(), sending: Sending::Read, request: request("GET", path), timeout: Duration::from_secs(10) }
}

pub(crate) fn write(body: &str) -> Call {
    let request = Request { body: body.as_bytes().to_vec(), ..request("POST", "/things") };
    let idempotency = Some(("Idempotency-Key".to_owned(), "cf-1".to_owned()));
    Call { caller: caller(), sending: Sending::Write { idempotency }, request, timeout: Duration::from_secs(10) }
}

pub(crate) type Records = Arc<Mutex<Vec<ExchangeRecord>>>;

pub(crate) fn recorder() -> (ExchangeSink, Records) {
    let records = Records::default();
    let sink = {
        let records = Arc::clone(&records);
        ExchangeSink::to(move |record| records.lock().unwrap().push(record))
    };
    (sink, records)
}

pub(crate) fn door(vault: &Arc<MemoryVault>, route: Route) -> (HttpDoor, Records) {
    let (sink, records) = recorder();
    let door = HttpDoor::new(Arc::clone(vault) as Arc<dyn Vault>, Arc::new(WallClock), sink);
    door.set_route(route);
    (door, records)
}

/// Serves until the test ends.
pub(crate) async fn serve(app: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}")
}

/// A server that speaks bytes, and counts who knocks.
pub(crate) async fn raw<F, R>(handle: F) -> (SocketAddr, Arc<AtomicUsize>)
where
    F: Fn(TcpStream) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            seen.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(handle(stream));
        }
    });
    (address, count)
}
