//! A running server with a user for each role, one plugin, and a target that answers look-ups.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use counterfoil_domain::card::*;
use counterfoil_domain::connection::{Marketplace, MarketplaceKind};
use counterfoil_domain::directory::{Account, Draft, Entity, EntityPage};
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::id::{ChangeKey, EntityId, PluginDigest, PluginId, RunId};
use counterfoil_domain::job::Job;
use counterfoil_domain::money::Currency;
use counterfoil_domain::plan::{ChangeReceipt, Located, Observation, Plan, Receipt};
use counterfoil_domain::ports::*;
use counterfoil_server::{InspectMarketplace, LiveTargets, MarketplaceReport, Role, ServerParts, SignIns, auth};
use counterfoil_store::{MemoryStore, MemoryVault};
use serde_json::Value;
use tokio::sync::{Notify, broadcast};

use crate::audited::{Audited, Silent};
use crate::client::{Reply, send};
use crate::shelf::OneShelf;

pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const PLUGIN_DIGEST: &str = "d1d1";

pub(crate) fn now() -> DateTime<Utc> {
    "2026-11-21T09:12:00Z".parse().unwrap()
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) stop: tokio::sync::oneshot::Sender<()>,
    pub(crate) served: tokio::task::JoinHandle<Result<(), counterfoil_server::ServeError>>,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) vault: Arc<MemoryVault>,
    pub(crate) shelf: Arc<OneShelf>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) wake: Arc<Notify>,
    pub(crate) changed: broadcast::Sender<RunId>,
    pub(crate) created: Arc<AtomicU32>,
    catalogue: Arc<Catalogue>,
    /// Looked at when the test is over.
    _silent: Silent,
}

/// What the target has, and how often it was searched.
#[derive(Debug, Default)]
struct Catalogue {
    entities: Mutex<Vec<Entity>>,
    endless: AtomicBool,
    searched: AtomicU32,
    /// How often things were asked for by id.
    got: AtomicU32,
}

fn setting(name: &str, kind: SettingType, required: bool) -> Setting {
    let default = None;
    Setting { name: name.into(), label: name.to_uppercase(), help: "Help.".into(), kind, required, default }
}

pub(crate) fn card() -> Card {
    let auth = |scheme, secrets: &[&str]| Auth {
        scheme,
        authorize_url: None,
        token_url: Some("https://{region}.identity.xero.test/token".into()),
        scopes: vec!["accounting".into()],
        secrets: secrets.iter().map(|s| (*s).to_owned()).collect(),
        header: None,
        refresh_days: (scheme == AuthScheme::AuthorizationCode).then_some(60),
        tenants: (scheme == AuthScheme::AuthorizationCode).then(|| TenantList {
            path: "/connections".into(),
            id: "id".into(),
            name: "name".into(),
            only: None,
            setting: "tenant_id".into(),
        }),
    };
    Card {
        id: "xero".into(),
        name: "Xero".into(),
        version: "0.1.0".into(),
        publisher: "Counterfoil".into(),
        summary: "Orders become invoices.".into(),
        contract: "0.1".into(),
        documents: vec!["invoice".into()],
        egress: Egress {
            base_url: "https://api.xero.test".into(),
            discovery: None,
            allow: vec![Allowed { method: "GET".into(), path: "/Invoices/{id}".into(), effect: EffectKind::Read }],
            request_headers: vec![],
            response_headers: vec![],
            max_response_bytes: 1,
            timeout: Duration::from_secs(1),
        },
        auth: vec![
            auth(AuthScheme::ClientCredentials, &["client_id", "client_secret"]),
            auth(AuthScheme::AuthorizationCode, &["client_id", "client_secret", "refresh_token"]),
        ],
        static_headers: vec![],
        budgets: Budgets {
            concurrency: 1,
            limits: vec![],
            retry_after_header: "Retry-After".into(),
            problem_header: None,
        },
        delivery: Delivery {
            idempotency_header: Some("Idempotency-Key".into()),
            idempotency_lifetime: Duration::from_secs(300),
            locate_is_reliable: true,
            settle: Duration::from_secs(60),
        },
        batch_tasks: 50,
        plan_tasks: 50,
        in_order: None,
        reconciles: false,
        containers: counterfoil_domain::card::Containers::No,
        recurring: false,
        adjust: vec![],
        limits: Limits { memory_mib: 64, plan: Duration::from_secs(1), apply: Duration::from_secs(1) },
        settings: vec![
            setting("account_code", SettingType::Text, true),
            setting("tax_type", SettingType::Text, false),
            Setting { default: Some("eu".into()), ..setting("region", SettingType::Text, false) },
            setting("tenant_id", SettingType::Text, false),
            setting("due_days", SettingType::Integer, false),
            setting("draft", SettingType::Boolean, false),
            setting("status", SettingType::Choice(vec!["DRAFT".into(), "AUTHORISED".into()]), false),
        ],
        scenarios: vec![],
    }
}

#[derive(Debug)]
struct OneTarget(Card, PluginDigest);

fn never<'a, T: Send + 'a>() -> Answer<'a, T> {
    Box::pin(std::future::ready(Err(CallError::Nonsense("the server never calls a target".into()))))
}

impl Target for OneTarget {
    fn card(&self) -> &Card {
        &self.0
    }
    fn digest(&self) -> &PluginDigest {
        &self.1
    }
    fn probe(&self, _: Arc<dyn Exchange>) -> Answer<'_, Account> {
        never()
    }
    fn search(&self, _: Arc<dyn Exchange>, _: String, _: String, _: Option<String>) -> Answer<'_, EntityPage> {
        never()
    }
    fn get(&self, _: Arc<dyn Exchange>, _: String, _: Vec<EntityId>) -> Answer<'_, Vec<Entity>> {
        never()
    }
    fn create(&self, _: Arc<dyn Exchange>, _: String, _: Draft) -> Answer<'_, Entity> {
        never()
    }
    fn plan(&self, _: Arc<dyn Exchange>, _: Vec<Job>) -> Answer<'_, Vec<Result<Plan, Failure>>> {
        never()
    }
    fn apply(
        &self,
        _: Arc<dyn Exchange>,
        _: Vec<(Plan, Vec<ChangeReceipt>)>,
    ) -> Answer<'_, Vec<Result<Receipt, Failure>>> {
        never()
    }
    fn locate(&self, _: Arc<dyn Exchange>, _: Plan, _: ChangeKey) -> Answer<'_, Located> {
        never()
    }
    fn observe(&self, _: Arc<dyn Exchange>, _: Vec<Receipt>) -> Answer<'_, Vec<Result<Observation, Failure>>> {
        never()
    }
}

impl Targets for OneTarget {
    fn active(&self, plugin: &PluginId) -> Option<Arc<dyn Target>> {
        (*plugin == self.0.id).then(|| Arc::new(Self(self.0.clone(), self.1.clone())) as Arc<dyn Target>)
    }
    fn by_digest(&self, digest: &PluginDigest) -> Option<Arc<dyn Target>> {
        (*digest == self.1).then(|| Arc::new(Self(self.0.clone(), self.1.clone())) as Arc<dyn Target>)
    }
    fn cards(&self) -> Vec<(PluginDigest, Card)> {
        vec![(self.1.clone(), self.0.clone())]
    }
}

fn entity(kind: String, draft: Draft) -> Entity {
    let (cycle, active) = (None, true);
    Entity {
        kind,
        id: "e-1".into(),
        code: draft.code,
        name: draft.name,
        currency: draft.currency,
        cycle,
        active,
        price: draft.price,
        cost: draft.cost,
        attributes: vec![],
    }
}

/// Answers by what is asked for: a query or name is the class of a failure, "trap", or anything else.
fn failure_named(name: &str) -> Option<CallError> {
    if name == "trap" {
        return Some(CallError::Trap { message: "unreachable".into(), stderr: String::new() });
    }
    FailureClass::parse(name).map(|class| CallError::Failed(Failure::new(class, "some-code", "Something is so.")))
}

fn live(created: Arc<AtomicU32>, catalogue: Arc<Catalogue>) -> LiveTargets {
    let listed = catalogue.clone();
    LiveTargets {
        probe: Arc::new(|connection| {
            Box::pin(async move {
                assert_ne!(connection.as_str(), "panics", "a secret in a panic");
                Ok(Account {
                    id: "org-1".into(),
                    name: "Acme Books".into(),
                    base_currency: Currency::parse("USD").unwrap(),
                    country: "US".into(),
                    time_zone: "UTC".into(),
                    locked_until: None,
                    attributes: vec![],
                })
            })
        }),
        search: Arc::new(move |_, kind, query, cursor| {
            let catalogue = catalogue.clone();
            Box::pin(async move {
                if let Some(error) = failure_named(&query) {
                    return Err(error);
                }
                let place = catalogue.searched.fetch_add(1, Ordering::SeqCst);
                let entities = catalogue.entities.lock().unwrap().clone();
                if !entities.is_empty() {
                    let entities = entities.into_iter().filter(|entity| entity.kind == kind).collect();
                    return Ok(EntityPage { entities, next: None });
                }
                let endless = catalogue.endless.load(Ordering::SeqCst);
                let draft = Draft {
                    key: String::new(),
                    code: "C".into(),
                    name: query,
                    currency: None,
                    price: None,
                    cost: None,
                    attributes: vec![],
                };
                let next = (endless || cursor.is_none()).then(|| "two".to_owned());
                let mut found = entity(kind, draft);
                if endless {
                    found.id = format!("e-{place}").as_str().into();
                }
                Ok(EntityPage { entities: vec![found], next })
            })
        }),
        get: Arc::new(move |_, kind, ids| {
            let catalogue = listed.clone();
            Box::pin(async move {
                catalogue.got.fetch_add(1, Ordering::SeqCst);
                let entities = catalogue.entities.lock().unwrap().clone();
                if entities.iter().all(|entity| entity.kind != kind) {
                    return Err(failure_named("unsupported").unwrap());
                }
                Ok(entities.into_iter().filter(|entity| entity.kind == kind && ids.contains(&entity.id)).collect())
            })
        }),
        create: Arc::new(move |_, kind, draft| {
            let created = created.clone();
            Box::pin(async move {
                if let Some(error) = failure_named(&draft.name) {
                    return Err(error);
                }
                created.fetch_add(1, Ordering::SeqCst);
                Ok(entity(kind, draft))
            })
        }),
    }
}

pub(crate) const REDIRECT: &str = "https://billing.test/oauth/callback";

/// The code says what the target makes of it.
fn sign_ins() -> SignIns {
    let tenant = |id: &str| Tenant { id: id.to_owned(), name: format!("Books <{id}>") };
    SignIns {
        page: Arc::new(|connection| {
            let not = CodeError::NotPossible(format!("{connection} does not sign in by a person"));
            let page = SignInPage {
                authorize_url: "https://login.xero.test/authorize?prompt=login".into(),
                client_id: "the app".into(),
                scopes: vec!["offline_access".into(), "accounting".into()],
                tenant_setting: Some("tenant_id".into()),
            };
            Box::pin(std::future::ready(if connection.as_str() == "basic" { Err(not) } else { Ok(page) }))
        }),
        redeem: Arc::new(move |_, grant| {
            assert_eq!((grant.redirect_uri.as_str(), grant.verifier.reveal().len()), (REDIRECT, 43));
            let told = "it said so".to_owned();
            let signed_in = |tenants| Ok(SignedIn { tenants });
            Box::pin(std::future::ready(match grant.code.reveal() {
                "one" => signed_in(Some(Ok(vec![tenant("t-1")]))),
                "two" => signed_in(Some(Ok(vec![tenant("t-1"), tenant("t-2")]))),
                "empty" => signed_in(Some(Ok(vec![]))),
                "no-list" => signed_in(None),
                "bad-list" => signed_in(Some(Err(told))),
                "app" => Err(CodeError::AppRefused(told)),
                "busy" => Err(CodeError::Later { until: now() }),
                "away" => Err(CodeError::Unreachable(told)),
                "lost" => Err(CodeError::Lost(told)),
                "short" => Err(CodeError::NoRefreshToken),
                "disk" => Err(CodeError::NotKept(told)),
                _ => Err(CodeError::CodeRefused(told)),
            }))
        }),
        public_url: "https://billing.test".into(),
    }
}

/// As the clients of the real kinds answer.
fn inspect(marketplace: &Marketplace) -> MarketplaceReport {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    match marketplace.kind {
        MarketplaceKind::File => {
            return MarketplaceReport { settings: names(&["currency"]), ..MarketplaceReport::default() };
        }
        MarketplaceKind::CatalogFiles => {
            return MarketplaceReport { settings: names(&["display_category"]), ..MarketplaceReport::default() };
        }
        MarketplaceKind::CloudBlue | MarketplaceKind::CloudIq | MarketplaceKind::Prism | MarketplaceKind::Catalog => {}
    }
    let calls = marketplace.settings.get("calls").filter(|calls| calls.parse::<u32>().is_err());
    MarketplaceReport {
        settings: names(&["sign_in", "marketplace", "calls", "token_url"]),
        secrets: names(&["username", "password", "subscription_key"]),
        problem: calls.map(|calls| format!("the setting calls is \"{calls}\"; a number is expected")),
    }
}

/// Hashed once: it is slow on purpose.
fn hash() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| auth::hash_password(PASSWORD, [3; 16]).unwrap())
}

fn random_of(role: Role) -> [u8; 32] {
    [u8::try_from(Role::ALL.iter().position(|r| *r == role).unwrap()).unwrap() + 1; 32]
}

pub(crate) fn bearer(role: Role) -> String {
    format!("Bearer {}", auth::new_token(random_of(role)).0)
}

pub(crate) fn user(role: Role) -> User {
    User {
        name: role.name().into(),
        role: role.name().into(),
        password_hash: hash().into(),
        tokens: vec![(auth::new_token(random_of(role)).1, "test".into())],
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(false).await
    }

    pub(crate) async fn with(https: bool) -> Self {
        Self::of(https, card()).await
    }

    /// With another card.
    pub(crate) async fn of(https: bool, card: Card) -> Self {
        let store = Arc::new(MemoryStore::new());
        let silent = Silent::default();
        let users = Role::ALL.into_iter().map(|role| Write::PutUser(user(role))).collect();
        store.commit(users).await.unwrap();
        let vault = Arc::new(MemoryVault::new());
        let shelf = Arc::new(OneShelf::default());
        let clock = Arc::new(ManualClock::at(now()));
        let wake = Arc::new(Notify::new());
        let (changed, _) = broadcast::channel(16);
        let created = Arc::new(AtomicU32::new(0));
        let catalogue = Arc::new(Catalogue::default());
        let parts = ServerParts {
            store: Arc::new(Audited::new(store.clone(), &silent)),
            vault: vault.clone(),
            targets: Arc::new(OneTarget(card, PLUGIN_DIGEST.into())),
            shelf: shelf.clone(),
            clock: clock.clone(),
            wake: wake.clone(),
            changed: changed.clone(),
            live: live(created.clone(), catalogue.clone()),
            inspect: InspectMarketplace(Arc::new(inspect)),
            sign_ins: sign_ins(),
            https,
            demo: false,
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let served = tokio::spawn(counterfoil_server::serve(listener, parts, async move {
            // Dropping the sender must not stop it.
            if stopped.await.is_err() {
                std::future::pending::<()>().await;
            }
        }));
        Self { address, stop, served, store, vault, shelf, catalogue, clock, wake, changed, created, _silent: silent }
    }

    /// The target has these, whatever is searched for.
    pub(crate) fn has(&self, entities: Vec<Entity>) {
        *self.catalogue.entities.lock().unwrap() = entities;
    }

    /// The target's lists never end; each search finds one thing that is called as it was searched for.
    pub(crate) fn endless(&self) {
        self.catalogue.endless.store(true, Ordering::SeqCst);
    }

    pub(crate) fn searched(&self) -> u32 {
        self.catalogue.searched.load(Ordering::SeqCst)
    }

    pub(crate) async fn call(&self, role: Role, method: &str, path: &str, body: Option<&Value>) -> Reply {
        self.keyed(role, method, path, body, None).await
    }

    pub(crate) async fn keyed(
        &self,
        role: Role,
        method: &str,
        path: &str,
        body: Option<&Value>,
        key: Option<&str>,
    ) -> Reply {
        let token = bearer(role);
        let mut headers = vec![("Authorization", token.as_str())];
        if body.is_some() {
            headers.push(("Content-Type", "application/json"));
        }
        if let Some(key) = key {
            headers.push(("Idempotency-Key", key));
        }
        let body = body.map(Value::to_string);
        send(self.address, method, path, &headers, body.as_deref()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.call(Role::Viewer, "GET", path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.call(Role::Biller, "POST", path, Some(body)).await
    }
}
