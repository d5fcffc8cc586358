//! What catalog sync costs: 1,000 resellers, 500 plans, 40 rates each, 1 % changed, made as they are read. Printed: rates per
//! second of the comparison alone and of a whole preview; whether ten times as many resellers cost ten times as much; the
//! most memory that was held, beside what one reseller needs.
//!
//! `cargo bench -p counterfoil --bench catalog`; `-- --resellers 100 --plans 500` for another size.
#![expect(clippy::unwrap_used, reason = "a benchmark that went wrong has no numbers")]
#![expect(clippy::float_arithmetic, reason = "times and sizes, no money")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use counterfoil_domain::card::Card;
use counterfoil_domain::catalog::{
    CatalogRun, CatalogRunKind, DelegatedPeriod, DelegatedPlan, DelegatedRate, Depth, DisplayPolicy, Limits, Local,
    Node, Options, PeriodFee, PlanPeriod, Provider, ProviderCatalog, RateFee, ResellerCatalog, Resource, ResourceRate,
    Scope, ServicePlan, ServiceTemplate, SyncOrder, Upstream, diff,
};
use counterfoil_domain::id::{Actor, CatalogVersion, PluginDigest, PluginId, ResellerId, StepKey};
use counterfoil_domain::money::{Currency, Money};
use counterfoil_domain::period::Cycle;
use counterfoil_domain::ports::{
    Call, CatalogError, CatalogSource, CatalogStore as _, Clock as _, Door, Pending, Refusal, ReplaceError, SendError,
    Store, Target, Targets, Versioned, WallClock, Write,
};
use counterfoil_domain::run::RunState;
use counterfoil_domain::wire::Response;
use counterfoil_engine::{Engine, Parts, Sources};
use counterfoil_store::SqliteStore;
use rust_decimal::Decimal;
use tokio::sync::broadcast;

#[derive(Debug, Clone, Copy)]
struct Size {
    resellers: usize,
    plans: usize,
    rates: usize,
}

impl Size {
    fn asked() -> Self {
        let arguments: Vec<String> = std::env::args().collect();
        let number = |name: &str, default: usize| {
            let at = arguments.iter().position(|argument| argument == name);
            at.map_or(default, |at| arguments[at + 1].parse().unwrap())
        };
        Self { resellers: number("--resellers", 1_000), plans: number("--plans", 500), rates: number("--rates", 40) }
    }

    fn all_rates(self) -> usize {
        self.resellers * self.plans * self.rates
    }
}

/// Makes each reseller's catalog when it is asked for, and keeps none.
#[derive(Debug)]
struct Maker {
    size: Size,
    provider: Arc<ProviderCatalog>,
    making: AtomicU64,
}

fn usd(cents: usize) -> Money {
    Money::new(Decimal::new(i64::try_from(cents).unwrap(), 2), Currency::parse("USD").unwrap())
}

fn limits() -> Limits {
    Limits { included: 1.into(), minimum: 0.into(), maximum: Some(100.into()) }
}

impl Maker {
    /// Another number of the same resellers.
    fn of(&self, resellers: usize) -> Arc<Self> {
        let size = Size { resellers, ..self.size };
        Arc::new(Self { size, provider: Arc::clone(&self.provider), making: AtomicU64::new(0) })
    }

    fn new(size: Size) -> Self {
        let rate = |plan: usize, rate: usize| ResourceRate {
            prices: BTreeMap::from([
                (RateFee::Recurring, usd(1_000 + plan + rate)),
                (RateFee::Overuse, usd(10 + rate)),
            ]),
            limits: limits(),
            for_sale: true,
        };
        let resource = |rate: usize| format!("resource-{rate:02}");
        let plan = |plan: usize| {
            let fees = BTreeMap::from([(PeriodFee::Setup, usd(500)), (PeriodFee::Recurring, usd(1_000 + plan))]);
            let period = PlanPeriod { length: Cycle::Months(1), fees, expiration_schedule: None };
            let rates = (0..size.rates).map(|n| (resource(n).as_str().into(), rate(plan, n)));
            let made = ServicePlan {
                name: format!("Plan {plan}"),
                published: true,
                plan_category: None,
                sales_categories: Default::default(),
                expiration_schedule: None,
                notification_schedule: None,
                usage_statistics: None,
                periods: BTreeMap::from([("monthly".into(), period)]),
                rates: rates.collect(),
            };
            (format!("plan-{plan:04}").as_str().into(), made)
        };
        let plans: BTreeMap<_, _> = (0..size.plans).map(plan).collect();
        let template = ServiceTemplate {
            name: "T".into(),
            delegated_plans: plans.keys().cloned().collect(),
            ..Default::default()
        };
        let resources = (0..size.rates).map(|n| {
            let name = resource(n);
            (name.as_str().into(), Resource { name: name.clone(), category: None })
        });
        let provider = ProviderCatalog {
            templates: BTreeMap::from([("t".into(), template)]),
            resources: resources.collect(),
            plans,
            ..Default::default()
        };
        Self { size, provider: Arc::new(provider), making: AtomicU64::new(0) }
    }

    /// Every hundredth rate is another one, and not the same ones at every reseller.
    fn reseller(&self, number: usize) -> ResellerCatalog {
        let mut catalog = ResellerCatalog::empty(name(number), usd(0).currency);
        let mut at = number * 7;
        for (id, plan) in &self.provider.plans {
            let rates = plan.rates.iter().map(|(resource, rate)| {
                at += 1;
                let price = |money: &Money| if at.is_multiple_of(100) { usd(1) } else { *money };
                let prices = rate.prices.iter().map(|(fee, money)| (*fee, Local::sent(price(money)))).collect();
                (resource.clone(), DelegatedRate { prices, limits: rate.limits, for_sale: rate.for_sale })
            });
            let rates = rates.collect();
            let periods = plan.periods.iter().map(|(id, period)| {
                let fees = period.fees.iter().map(|(fee, money)| (*fee, Local::sent(*money))).collect();
                (id.clone(), DelegatedPeriod { length: period.length, fees, expiration_schedule: None })
            });
            let held = DelegatedPlan {
                name: plan.name.clone(),
                published: true,
                disabled_by_provider: false,
                confirmation_needed: false,
                plan_category: None,
                sales_categories: Default::default(),
                expiration_schedule: None,
                notification_schedule: None,
                usage_statistics: None,
                periods: periods.collect(),
                rates,
            };
            catalog.plans.insert(id.clone(), held);
        }
        catalog
    }

    fn made(&self, number: usize) -> ResellerCatalog {
        let start = Instant::now();
        let made = self.reseller(number);
        let nanoseconds = u64::try_from(start.elapsed().as_nanos()).unwrap();
        self.making.fetch_add(nanoseconds, Ordering::Relaxed);
        made
    }

    fn making(&self) -> Duration {
        Duration::from_nanos(self.making.swap(0, Ordering::Relaxed))
    }
}

fn name(number: usize) -> ResellerId {
    ResellerId::new(format!("reseller-{number:04}"))
}

fn version() -> CatalogVersion {
    CatalogVersion::new("v")
}

impl CatalogSource for Maker {
    fn provider(&self) -> Pending<'_, Result<Versioned<ProviderCatalog>, CatalogError>> {
        Box::pin(async { Ok(Versioned { value: ProviderCatalog::clone(&self.provider), version: version() }) })
    }

    fn resellers(&self) -> Pending<'_, Result<Vec<Node>, CatalogError>> {
        let node = |number| Node { reseller: name(number), upstream: Upstream::Provider, template: "t".into() };
        let nodes = (0..self.size.resellers).map(node).collect();
        Box::pin(async { Ok(nodes) })
    }

    fn reseller<'a>(&'a self, id: &'a ResellerId) -> Pending<'a, Result<Versioned<ResellerCatalog>, CatalogError>> {
        let number = id.as_str().trim_start_matches("reseller-").parse().unwrap();
        Box::pin(async move { Ok(Versioned { value: self.made(number), version: version() }) })
    }

    fn replace<'a>(
        &'a self,
        _: &'a ResellerCatalog,
        _: &'a CatalogVersion,
        _: &'a StepKey,
    ) -> Pending<'a, Result<CatalogVersion, ReplaceError>> {
        Box::pin(async { Err(ReplaceError::Moved) })
    }
}

#[derive(Debug)]
struct Nothing;

impl Targets for Nothing {
    fn active(&self, _: &PluginId) -> Option<Arc<dyn Target>> {
        None
    }

    fn by_digest(&self, _: &PluginDigest) -> Option<Arc<dyn Target>> {
        None
    }

    fn cards(&self) -> Vec<(PluginDigest, Card)> {
        Vec::new()
    }
}

impl Door for Nothing {
    fn send(&self, _: Call) -> Pending<'_, Result<Response, SendError>> {
        let refusal = Refusal { rule: "none".into(), message: "no door".into(), remedy: None };
        Box::pin(async { Err(SendError::Refused(refusal)) })
    }
}

/// The comparison alone: nothing that is made or let go is in it.
fn compared(maker: &Maker) -> Duration {
    let provider = Provider::prepare(&maker.provider, &"t".into(), DisplayPolicy::Preserve).unwrap();
    let mut time = Duration::ZERO;
    for number in 0..maker.size.resellers {
        let held = maker.reseller(number);
        let start = Instant::now();
        let set = diff(&provider, &held, Options::all());
        time += start.elapsed();
        assert!(set.changes.len() * 50 >= maker.size.plans * maker.size.rates / 2, "1 % is changed");
    }
    time
}

/// A preview through engine and store; with the time that making the catalogs took.
async fn previewed(maker: &Arc<Maker>) -> (Duration, Duration) {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(folder.path().join("store.db")).unwrap());
    let sources = Sources::default();
    sources.put_catalogs("plans".into(), Arc::clone(maker) as Arc<dyn CatalogSource>);
    let engine = Engine::new(Parts {
        store: Arc::clone(&store) as Arc<dyn Store>,
        targets: Arc::new(Nothing),
        door: Arc::new(Nothing),
        sources: Arc::new(sources),
        clock: Arc::new(WallClock),
        mailer: Arc::new(counterfoil_engine::NoMailer),
        changed: broadcast::channel(16).0,
    });
    let order = SyncOrder {
        scope: Scope::Template("t".into()),
        depth: Depth::OneLevel,
        options: Options::all(),
        display: DisplayPolicy::Preserve,
    };
    let run = CatalogRun {
        id: "run".into(),
        reseller: "tenant".into(),
        marketplace: "plans".into(),
        kind: CatalogRunKind::Preview,
        of: None,
        order,
        state: RunState::Queued,
        asked_by: Actor::from("bench"),
        asked_at: WallClock.now(),
        started_at: None,
        finished_at: None,
        total: None,
        done: 0,
        notes: Vec::new(),
        problem: None,
    };
    store.commit(vec![Write::InsertCatalogRun(run)]).await.unwrap();
    maker.making();
    let start = Instant::now();
    engine.round().await.unwrap();
    let time = start.elapsed();
    let run = store.catalog_run(&"run".into()).await.unwrap().unwrap();
    assert_eq!((run.state, run.done), (RunState::Done, maker.size.resellers as u64));
    (time, maker.making())
}

/// The most that this process ever had in memory, in MiB; none where the system does not say.
fn peak() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1024.0)
}

fn said(what: &str, time: Duration, size: Size) -> f64 {
    let each = time.as_secs_f64() / size.all_rates() as f64;
    println!(
        "  {what:<28} {:>9.3} s  {:>12.0} rates/s  ({} resellers)",
        time.as_secs_f64(),
        1.0 / each,
        size.resellers
    );
    each
}

fn main() {
    let size = Size::asked();
    println!(
        "catalog sync: {} resellers × {} plans × {} rates, 1 % changed{}",
        size.resellers,
        size.plans,
        size.rates,
        if cfg!(debug_assertions) { " (unoptimized: the figures are for comparison alone)" } else { "" }
    );
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let whole = Arc::new(Maker::new(size));
    runtime.block_on(previewed(&whole.of(1)));
    let of_one = peak();
    let tenth = whole.of((size.resellers / 10).max(1));
    let diff_tenth = said("diff, a tenth", compared(&tenth), tenth.size);
    let diff_whole = said("diff", compared(&whole), size);
    let (time, making) = runtime.block_on(previewed(&tenth));
    let preview_tenth = said("preview, a tenth", time.saturating_sub(making), tenth.size);
    let (time, making) = runtime.block_on(previewed(&whole));
    let preview_whole = said("preview", time.saturating_sub(making), size);
    println!(
        "  time of a rate, whole : tenth   diff {:.2}  preview {:.2}",
        diff_whole / diff_tenth,
        preview_whole / preview_tenth
    );
    match (of_one, peak()) {
        (Some(one), Some(all)) => {
            println!("  most memory  {all:.0} MiB, of one reseller {one:.0} MiB: {:.2}", all / one)
        }
        _ => println!("  most memory  not told by this system"),
    }
}
