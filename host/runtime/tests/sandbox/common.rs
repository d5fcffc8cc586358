//! What the tests of the sandbox share: guests built once, a scripted other side, jobs.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, NaiveDate};
use counterfoil_domain::card::Card;
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::id::{CustomerId, EffectKey, EntityId, LineId, MarketplaceId, OrderId, Revision, TaskId};
use counterfoil_domain::job::{Billing, Job, JobKind, JobLine, JobLink, JobOrder, PriceSource, QuantityIs};
use counterfoil_domain::link::LinkKind;
use counterfoil_domain::money::Currency;
use counterfoil_domain::order::{BillingModel, Fee, OrderKey};
use counterfoil_domain::ports::{Exchange, LogLevel, ManualClock, Pending};
use counterfoil_domain::wire::{Request, Response};
use counterfoil_runtime::build::{self, BuildError, Options};
use counterfoil_runtime::component::{self, Package};
use counterfoil_runtime::sandbox::{DEFAULT_CONCURRENCY, Sandbox, WasmTarget};
use tokio::sync::OnceCell;

pub(crate) fn guest_folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/plugins").join(name)
}

pub(crate) fn guests_target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("guests")
}

/// Builds a test plugin, once a process. None, with a word about it, where Rust cannot build for wasm; never in CI.
pub(crate) async fn build_guest(name: &'static str) -> Option<PathBuf> {
    static TINY: OnceCell<Option<PathBuf>> = OnceCell::const_new();
    static HOSTILE: OnceCell<Option<PathBuf>> = OnceCell::const_new();
    let once = if name == "tiny" { &TINY } else { &HOSTILE };
    let build = || async {
        let options = Options { target_dir: Some(guests_target()), offline: false };
        match build::build(&guest_folder(name), &options).await {
            Ok(built) => Some(built.path),
            Err(error @ BuildError::MissingTarget(_)) => {
                assert!(std::env::var("CI").as_deref() != Ok("true"), "{error}");
                eprintln!("SKIPPED: {error}");
                None
            }
            Err(error) => panic!("{error}"),
        }
    };
    once.get_or_init(build).await.clone()
}

pub(crate) async fn package(name: &'static str) -> Option<Package> {
    let path = build_guest(name).await?;
    Some(component::read(&std::fs::read(path).unwrap()).unwrap())
}

pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(DateTime::from_timestamp(1_790_000_000, 0).unwrap()))
}

pub(crate) fn sandbox() -> Sandbox {
    Sandbox::new(DEFAULT_CONCURRENCY, clock()).unwrap()
}

pub(crate) async fn target(name: &'static str) -> Option<Arc<WasmTarget>> {
    let package = package(name).await?;
    Some(Arc::new(sandbox().load(&package).await.unwrap()))
}

type Script = Box<dyn Fn(&Request) -> Result<Response, Failure> + Send + Sync>;

/// The other side: answers from a script, keeps the card's doors and its own header rule as egress does, and
/// remembers everything.
pub(crate) struct Scripted {
    card: Card,
    script: Script,
    pub(crate) seen: Mutex<Vec<(Option<EffectKey>, Request)>>,
    pub(crate) lines: Mutex<Vec<(LogLevel, String)>>,
    pub(crate) writes_allowed: bool,
}

impl std::fmt::Debug for Scripted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scripted")
    }
}

impl Scripted {
    pub(crate) fn new(
        card: &Card,
        script: impl Fn(&Request) -> Result<Response, Failure> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            card: card.clone(),
            script: Box::new(script),
            seen: Mutex::default(),
            lines: Mutex::default(),
            writes_allowed: true,
        })
    }

    pub(crate) fn seen_lines(&self) -> Vec<String> {
        let line = |(key, request): &(Option<EffectKey>, Request)| {
            let key = key.as_ref().map(|key| format!(" [{key}]")).unwrap_or_default();
            format!("{} {}{key}", request.method, request.path)
        };
        self.seen.lock().unwrap().iter().map(line).collect()
    }

    fn answer(&self, key: Option<EffectKey>, request: Request) -> Result<Response, Failure> {
        let refuse = |code: &str| Err(Failure::new(FailureClass::Forbidden, code, format!("{request:?}")));
        let result =
            if !self.card.egress.allow.iter().any(|door| door.matches(&request.method, &request.path)) {
                refuse("not-on-card")
            } else if request.headers.iter().any(|(name, _)| {
                !self.card.egress.request_headers.iter().any(|allowed| allowed.eq_ignore_ascii_case(name))
            }) {
                refuse("header-not-on-card")
            } else if key.is_some() && !self.writes_allowed {
                refuse("write-refused")
            } else {
                (self.script)(&request)
            };
        self.seen.lock().unwrap().push((key, request));
        result
    }
}

impl Exchange for Scripted {
    fn read(&self, request: Request) -> Pending<'_, Result<Response, Failure>> {
        Box::pin(async move { self.answer(None, request) })
    }

    fn write(&self, key: EffectKey, request: Request) -> Pending<'_, Result<Response, Failure>> {
        Box::pin(async move { self.answer(Some(key), request) })
    }

    fn log(&self, level: LogLevel, message: &str, _: &[(String, String)]) {
        self.lines.lock().unwrap().push((level, message.to_owned()));
    }
}

pub(crate) fn json(status: u16, body: impl Into<String>) -> Result<Response, Failure> {
    Ok(Response {
        status,
        headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
        body: body.into().into_bytes(),
        replayed: false,
    })
}

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A job of one line, billed to party 42.
pub(crate) fn job(task: &str, amount: &str) -> Job {
    let amount = amount.parse().unwrap();
    let line = JobLine {
        id: LineId::new("l1"),
        fee: Fee::ResourceRecurring,
        description: "Mailbox".to_owned(),
        product_code: "MPN-1".to_owned(),
        product_name: "Mailbox".to_owned(),
        quantity: "2".parse().unwrap(),
        quantity_is: QuantityIs::Whole,
        unit_price: "20.90".parse().unwrap(),
        unit_cost: Some("15.125".parse().unwrap()),
        amount,
        cost: None,
        service_period: counterfoil_domain::period::Period::new(day("2026-11-01"), day("2026-12-01")).ok(),
        billing: Billing::Billable,
        taxable: None,
        price_source: PriceSource::Order,
        arithmetic: "2 × 20.90".to_owned(),
        proration: None,
        item: Some(EntityId::new("i1")),
        attributes: vec![("account-code".to_owned(), "200".to_owned())],
    };
    let order = JobOrder {
        key: OrderKey { marketplace: MarketplaceId::new("m"), order: OrderId::new(format!("o-{task}")) },
        number: "SO000123".to_owned(),
        kind: JobKind::Sales,
        revision: Revision::new("r1"),
        currency: Currency::parse("EUR").unwrap(),
        billing_model: BillingModel::BeforeBillingPeriod,
        billing_cycle: "P1M".to_owned(),
        customer_id: CustomerId::new("c1").as_str().to_owned(),
        customer_name: "Acme".to_owned(),
        subscription_id: "s1".to_owned(),
        subscription_name: "Mail".to_owned(),
        created_on: day("2026-11-01"),
        effective_on: day("2026-11-01"),
        lines: vec![line],
        total: amount,
        attributes: Vec::new(),
    };
    let link = JobLink {
        kind: LinkKind::Party,
        source: "c1".to_owned(),
        target: EntityId::new("42"),
        target_code: String::new(),
        target_name: "Acme".to_owned(),
        attributes: Vec::new(),
    };
    Job {
        task: TaskId::new(task),
        order,
        links: vec![link],
        settings: Vec::new(),
        adjustments: Vec::new(),
        marker: format!("SO000123/{task}"),
        today: day("2026-11-21"),
        attributes: Vec::new(),
    }
}
