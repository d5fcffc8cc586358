//! Catalog sync: runs, each reseller's turn with every kind of change, presets; alike in both stores, there after a restart.

use std::collections::{BTreeMap, BTreeSet};

use counterfoil_domain::catalog::run::Preset;
use counterfoil_domain::catalog::{
    CatalogRun, CatalogRunKind, CatalogStep, Cause, Change, ChangeKind, DelegatedPeriod, DelegatedPlan, DelegatedRate,
    DelegatedSalesCategory, Delta, Depth, DisplayPolicy, Edit, FlowStep, HeldBack, Limits, Local, NamedCategory, Note,
    NotificationSchedule, Options, PeriodFee, RateFee, Reason, Role, SalesCategoryDetails, Schedule, Scope, Standing,
    StepState, SyncOption, SyncOrder, TermsSetting, Upstream,
};
use counterfoil_domain::id::{Actor, RunId};
use counterfoil_domain::order::OrderType;
use counterfoil_domain::period::Cycle;
use counterfoil_domain::ports::{CatalogStore, CommitError, Store, Write};
use counterfoil_domain::run::RunState;
use counterfoil_store::SqliteStore;

use crate::samples::{amount, at, member, usd};

fn prices<K: Ord + Copy>(all: &[K]) -> BTreeMap<K, Local<counterfoil_domain::money::Money>> {
    let price = |(n, fee): (usize, &K)| {
        let value = usd(["0.10", "-3.005", "12345678901234567890.12", "7"][n % 4]);
        (*fee, Local { value, own: n % 2 == 1 })
    };
    all.iter().enumerate().map(price).collect()
}

fn limits(maximum: Option<&str>) -> Limits {
    Limits { included: amount("1.50"), minimum: amount("0"), maximum: maximum.map(amount) }
}

fn rate() -> DelegatedRate {
    DelegatedRate { prices: prices(RateFee::ALL), limits: limits(Some("100")), for_sale: true }
}

fn period(length: Cycle) -> DelegatedPeriod {
    DelegatedPeriod { length, fees: prices(PeriodFee::ALL), expiration_schedule: Some("e".into()) }
}

fn plan() -> DelegatedPlan {
    DelegatedPlan {
        name: "Gold „plus“\n\"x\"".into(),
        published: true,
        disabled_by_provider: true,
        confirmation_needed: true,
        plan_category: Some("c".into()),
        sales_categories: BTreeSet::from(["s1".into(), "s2".into()]),
        expiration_schedule: Some("e".into()),
        notification_schedule: Some("n".into()),
        usage_statistics: Some("u".into()),
        periods: BTreeMap::from([
            ("m".into(), period(Cycle::Months(1))),
            ("d".into(), period(Cycle::Days(30))),
            ("s".into(), period(Cycle::StatementDay)),
        ]),
        rates: BTreeMap::from([("disk".into(), rate())]),
    }
}

fn details(name: &str) -> SalesCategoryDetails {
    SalesCategoryDetails { name: name.into(), description: "d".into(), position: u32::MAX }
}

fn named(name: &str) -> NamedCategory {
    NamedCategory { name: name.into(), description: "d".into() }
}

fn both<T>(one: T, other: T) -> Delta<T> {
    Delta::new(one, other)
}

/// One of every variant. A new one is not compiled in `number` before it stands here.
fn edits() -> Vec<Edit> {
    let (plan_id, disk) = (|| "gold/1%".into(), || "disk".into());
    let schedule = Schedule { name: "S".into(), steps: vec![(-7, "warn".into()), (i32::MAX, "delete".into())] };
    let told = NotificationSchedule { name: "N".into(), steps: vec![(i32::MIN, "t".into())] };
    let category = DelegatedSalesCategory { details: details("a"), display: Local::own(false) };
    let role = Role { name: "R".into(), privileges: BTreeSet::from(["p".into(), "q".into()]) };
    let terms = TermsSetting { name: "T".into(), text: "…".into(), required: true };
    let flow = vec![FlowStep { name: "f".into(), manual: true }, FlowStep { name: "g".into(), manual: false }];
    let standing = |on| Standing { published: on, disabled_by_provider: !on };
    let fee = Some(Local::own(usd("1.005")));
    vec![
        Edit::Plan { plan: plan_id(), to: both(None, Some(Box::new(plan()))) },
        Edit::Standing { plan: plan_id(), to: both(standing(true), standing(false)) },
        Edit::Confirmation { plan: plan_id(), to: both(false, true) },
        Edit::Period { plan: plan_id(), period: "m".into(), to: both(None, Some(period(Cycle::Months(12)))) },
        Edit::PlanFee { plan: plan_id(), period: "m".into(), fee: PeriodFee::Transfer, to: both(fee, None) },
        Edit::ExpirationSchedule { schedule: "e".into(), to: both(None, Some(schedule)) },
        Edit::PlanExpiration { plan: plan_id(), to: both(None, Some("e".into())) },
        Edit::PeriodExpiration { plan: plan_id(), period: "m".into(), to: both(Some("e".into()), None) },
        Edit::SalesCategory { category: "s".into(), to: both(None, Some(category)) },
        Edit::SalesCategoryDetails { category: "s".into(), to: both(details("a"), details("b")) },
        Edit::DisplayCategory { category: "s".into(), to: both(Local::own(true), Local::sent(false)) },
        Edit::PlanSalesCategories { plan: plan_id(), to: both(BTreeSet::new(), BTreeSet::from(["s".into()])) },
        Edit::PlanCategory { category: "c".into(), to: both(Some(named("a")), Some(named("b"))) },
        Edit::PlanInCategory { plan: plan_id(), to: both(None, Some("c".into())) },
        Edit::ResourceCategory { category: "r".into(), to: both(None, Some(named("a"))) },
        Edit::Grouping { resource: disk(), to: both(Some("r".into()), None) },
        Edit::NotificationSchedule { schedule: "n".into(), to: both(None, Some(told)) },
        Edit::PlanNotification { plan: plan_id(), to: both(None, Some("n".into())) },
        Edit::UsageStatistics { plan: plan_id(), to: both(Some("u".into()), None) },
        Edit::Rate { plan: plan_id(), resource: disk(), to: both(Some(rate()), None) },
        Edit::RatePrice { plan: plan_id(), resource: disk(), fee: RateFee::Overuse, to: both(None, fee) },
        Edit::RateLimits { plan: plan_id(), resource: disk(), to: both(limits(None), limits(Some("0.001"))) },
        Edit::SaleAvailability { plan: plan_id(), resource: disk(), to: both(true, false) },
        Edit::OrderFlow { order_type: OrderType::Renewal, to: both(None, Some(flow)) },
        Edit::Role { role: "r".into(), to: both(Some(role), None) },
        Edit::Terms { terms: "t".into(), to: both(None, Some(terms)) },
    ]
}

fn number(edit: &Edit) -> u8 {
    match edit {
        Edit::Plan { .. } => 0,
        Edit::Standing { .. } => 1,
        Edit::Confirmation { .. } => 2,
        Edit::Period { .. } => 3,
        Edit::PlanFee { .. } => 4,
        Edit::ExpirationSchedule { .. } => 5,
        Edit::PlanExpiration { .. } => 6,
        Edit::PeriodExpiration { .. } => 7,
        Edit::SalesCategory { .. } => 8,
        Edit::SalesCategoryDetails { .. } => 9,
        Edit::DisplayCategory { .. } => 10,
        Edit::PlanSalesCategories { .. } => 11,
        Edit::PlanCategory { .. } => 12,
        Edit::PlanInCategory { .. } => 13,
        Edit::ResourceCategory { .. } => 14,
        Edit::Grouping { .. } => 15,
        Edit::NotificationSchedule { .. } => 16,
        Edit::PlanNotification { .. } => 17,
        Edit::UsageStatistics { .. } => 18,
        Edit::Rate { .. } => 19,
        Edit::RatePrice { .. } => 20,
        Edit::RateLimits { .. } => 21,
        Edit::SaleAvailability { .. } => 22,
        Edit::OrderFlow { .. } => 23,
        Edit::Role { .. } => 24,
        Edit::Terms { .. } => 25,
    }
}

fn notes() -> Vec<Note> {
    let (plan, name) = (|| "gold".into(), || "Gold".to_owned());
    vec![
        Note::HiddenTemplate { schedule: "n".into(), schedule_name: "N".into(), template: "t".into(), name: name() },
        Note::PublishedDiffers { plan: plan(), name: name(), provider: true },
        Note::PlanNameDiffers { plan: plan(), provider: "G".into(), reseller: name() },
        Note::PeriodGone { plan: plan(), name: name(), period: "m".into() },
        Note::PeriodLengthDiffers { plan: plan(), name: name(), period: "m".into() },
        Note::ExpirationScheduleDiffers { name: name() },
        Note::AwaitsConfirmation { plan: plan(), name: name() },
    ]
}

fn note_number(note: &Note) -> u8 {
    match note {
        Note::HiddenTemplate { .. } => 0,
        Note::PublishedDiffers { .. } => 1,
        Note::PlanNameDiffers { .. } => 2,
        Note::PeriodGone { .. } => 3,
        Note::PeriodLengthDiffers { .. } => 4,
        Note::ExpirationScheduleDiffers { .. } => 5,
        Note::AwaitsConfirmation { .. } => 6,
    }
}

fn states() -> Vec<StepState> {
    let why = || "changed, „so“".to_owned();
    vec![
        StepState::Compared,
        StepState::Sending { read: "\"v1\"".into(), wanted: "ab".into() },
        StepState::Written { read: "\"v1\"".into(), written: "W/\"v2\"".into() },
        StepState::Nothing,
        StepState::Refused { why: why() },
        StepState::Failed { why: why() },
        StepState::TakenBack { left: vec!["plan/gold%2F1".into()] },
    ]
}

fn changes() -> Vec<Change> {
    let made = |(n, edit): (usize, Edit)| Change {
        option: member(SyncOption::ALL, n as u64),
        reason: member(Reason::ALL, n as u64),
        subject: format!("subject {n}"),
        edit,
    };
    edits().into_iter().enumerate().map(made).collect()
}

fn run(n: u64) -> CatalogRun {
    let scope = match n % 3 {
        0 => Scope::One("acme".into()),
        1 => Scope::Selection(BTreeSet::from(["acme".into(), "b/c".into()])),
        _ => Scope::Template("gold".into()),
    };
    let options = SyncOption::ALL.iter().copied().skip(usize::try_from(n).unwrap() % 3).step_by(2).collect();
    let (depth, display) = (member(Depth::ALL, n), member(DisplayPolicy::ALL, n / 2));
    CatalogRun {
        id: RunId::new(format!("run-{n}")),
        reseller: format!("tenant-{}", n % 2).as_str().into(),
        marketplace: format!("market-{n}").as_str().into(),
        kind: member(CatalogRunKind::ALL, n),
        of: (!n.is_multiple_of(3)).then(|| RunId::new(format!("run-{}", n - 1))),
        order: SyncOrder { scope, depth, options, display },
        state: member(RunState::ALL, n),
        asked_by: Actor::from("ann"),
        asked_at: at(n / 2),
        started_at: n.is_multiple_of(2).then(|| at(n)),
        finished_at: n.is_multiple_of(3).then(|| at(n + 1)),
        total: (n % 2 == 1).then_some(u64::from(u32::MAX)),
        done: n,
        notes: vec!["3 sub-resellers".into()],
        problem: n.is_multiple_of(4).then(|| "gone".into()),
    }
}

fn step(run: u64, place: u64) -> CatalogStep {
    let all = states();
    let held = Cause::ALL.iter().enumerate().map(|(n, cause)| HeldBack {
        kind: member(ChangeKind::ALL, n as u64 + place),
        cause: *cause,
        options: if n == 0 { Options::NONE } else { Options::all() },
        changes: changes().into_iter().skip(n).step_by(7).collect(),
    });
    CatalogStep {
        run: RunId::new(format!("run-{run}")),
        place,
        reseller: format!("reseller-{place}").as_str().into(),
        upstream: if place.is_multiple_of(2) { Upstream::Provider } else { Upstream::Reseller("above".into()) },
        template: "gold".into(),
        level: place + 1,
        state: all[usize::try_from(place).unwrap() % all.len()].clone(),
        digest: "d".repeat(64),
        changes: changes(),
        held: held.collect(),
        notes: notes(),
    }
}

fn preset(tenant: &str, name: &str, n: u64) -> Preset {
    let display = member(DisplayPolicy::ALL, n);
    let options = SyncOption::ALL.iter().copied().skip(usize::try_from(n).unwrap()).collect();
    Preset { reseller: tenant.into(), name: name.into(), options, display, by: Actor::from("bob"), at: at(n) }
}

#[test]
fn the_samples_leave_no_variant_out() {
    let numbers: Vec<u8> = edits().iter().map(number).collect();
    assert_eq!(numbers, (0..26).collect::<Vec<u8>>());
    assert_eq!(notes().iter().map(note_number).collect::<Vec<_>>(), (0..7).collect::<Vec<u8>>());
    let names: BTreeSet<&str> = states().iter().map(StepState::name).collect();
    assert_eq!(names.len(), 7);
}

async fn every_kind_of_change_reads_as_it_was_written<S: Store>(store: &S) {
    for place in 0..7 {
        store.commit(vec![Write::PutCatalogStep(step(1, place))]).await.unwrap();
    }
    let id = RunId::new("run-1");
    for place in 0..7 {
        let found = store.catalog_step(&id, place).await.unwrap().unwrap();
        assert_eq!(found, step(1, place));
        // Beyond equal: an amount that is shown otherwise would tell another catalog.
        assert_eq!(format!("{found:?}"), format!("{:?}", step(1, place)));
    }
    assert_eq!(store.catalog_step(&id, 7).await.unwrap(), None);
}

async fn steps_are_read_from_a_place_on_and_of_one_run<S: Store>(store: &S) {
    // "run-1" and "run-10" are neighbours in any order of text.
    let writes = [(1, 2), (10, 0), (1, 0), (0, 5), (1, 11), (1, 1)];
    let writes = writes.map(|(run, place)| Write::PutCatalogStep(step(run, place)));
    store.commit(writes.to_vec()).await.unwrap();
    let places = async |from, limit| {
        let steps = store.catalog_steps(&RunId::new("run-1"), from, limit).await.unwrap();
        assert!(steps.iter().all(|step| step.run.as_str() == "run-1"));
        steps.iter().map(|step| step.place).collect::<Vec<_>>()
    };
    assert_eq!(places(0, 10).await, [0, 1, 2, 11]);
    assert_eq!(places(1, 2).await, [1, 2]);
    assert_eq!(places(3, 10).await, [11]);
    assert_eq!(places(12, 10).await, [0; 0]);
    let over = CatalogStep { state: StepState::Nothing, changes: vec![], ..step(1, 1) };
    store.commit(vec![Write::PutCatalogStep(over.clone())]).await.unwrap();
    assert_eq!(store.catalog_step(&over.run, 1).await.unwrap(), Some(over), "in place of what it was");
    assert_eq!(places(0, 10).await, [0, 1, 2, 11]);
}

async fn runs_are_listed_newest_first_and_unfinished_oldest_first<S: Store>(store: &S) {
    for n in [3, 0, 7, 1, 6, 5, 2] {
        store.commit(vec![Write::InsertCatalogRun(run(n))]).await.unwrap();
    }
    let ids = |runs: Vec<CatalogRun>| runs.iter().map(|run| run.id.to_string()).collect::<Vec<_>>();
    let all = store.catalog_runs(None, 10).await.unwrap();
    assert_eq!(ids(all), ["run-7", "run-6", "run-5", "run-3", "run-2", "run-1", "run-0"]);
    let some = store.catalog_runs(Some("tenant-1".into()), 2).await.unwrap();
    assert_eq!(some, [run(7), run(5)]);
    let unfinished = store.unfinished_catalog_runs().await.unwrap();
    assert_eq!(unfinished, [0, 1, 5, 6].map(run));
    for n in 0..8 {
        let there = (n != 4).then(|| run(n));
        assert_eq!(store.catalog_run(&RunId::new(format!("run-{n}"))).await.unwrap(), there);
    }
    let done = CatalogRun { state: RunState::Incomplete, done: 99, ..run(5) };
    store.commit(vec![Write::UpdateCatalogRun(done.clone())]).await.unwrap();
    assert_eq!(store.catalog_run(&done.id).await.unwrap(), Some(done));
    assert_eq!(store.unfinished_catalog_runs().await.unwrap(), [0, 1, 6].map(run));
}

async fn a_marketplace_has_one_unfinished_run<S: Store>(store: &S) {
    let queued = CatalogRun { state: RunState::Queued, ..run(1) };
    store.commit(vec![Write::InsertCatalogRun(queued.clone())]).await.unwrap();
    let second = CatalogRun { id: RunId::new("second"), ..queued.clone() };
    let refused = store.commit(vec![Write::InsertCatalogRun(second.clone())]).await.unwrap_err();
    assert_eq!(refused, CommitError::AlreadyRunning(queued.id.clone()));
    assert_eq!(store.catalog_run(&second.id).await.unwrap(), None);
    // Another marketplace's, and one that is over, are in nobody's way.
    let elsewhere = CatalogRun { id: RunId::new("elsewhere"), marketplace: "other".into(), ..queued.clone() };
    let over = CatalogRun { id: RunId::new("over"), state: RunState::Done, ..queued.clone() };
    store.commit(vec![Write::InsertCatalogRun(elsewhere), Write::InsertCatalogRun(over)]).await.unwrap();
    let done = CatalogRun { state: RunState::Failed, ..queued };
    store.commit(vec![Write::UpdateCatalogRun(done), Write::InsertCatalogRun(second.clone())]).await.unwrap();
    assert_eq!(store.catalog_run(&second.id).await.unwrap(), Some(second));
}

async fn a_run_is_inserted_once_and_updated_where_it_is<S: Store>(store: &S) {
    let run = CatalogRun { state: RunState::Done, ..run(2) };
    let unknown = store.commit(vec![Write::UpdateCatalogRun(run.clone())]).await.unwrap_err();
    assert_eq!(unknown.to_string(), "the store cannot be used: catalog run run-2 was never asked for");
    store.commit(vec![Write::InsertCatalogRun(run.clone())]).await.unwrap();
    let again = CatalogRun { done: 77, ..run.clone() };
    let known =
        store.commit(vec![Write::PutCatalogStep(step(2, 0)), Write::InsertCatalogRun(again)]).await.unwrap_err();
    assert_eq!(known.to_string(), "the store cannot be used: catalog run run-2 is there already");
    assert_eq!(store.catalog_run(&run.id).await.unwrap(), Some(run.clone()));
    assert_eq!(store.catalog_step(&run.id, 0).await.unwrap(), None, "what was written beside it is not written");
}

async fn presets_are_each_tenants_own<S: Store>(store: &S) {
    let all = [preset("t1", "z", 0), preset("t1", "a b", 3), preset("t2", "z", 5), preset("t10", "m", 13)];
    store.commit(all.clone().map(Write::PutPreset).to_vec()).await.unwrap();
    let [z, ab, other, _] = all;
    assert_eq!(store.presets(&"t1".into()).await.unwrap(), [ab.clone(), z]);
    let changed = preset("t1", "z", 1);
    store.commit(vec![Write::PutPreset(changed.clone())]).await.unwrap();
    assert_eq!(store.presets(&"t1".into()).await.unwrap(), [ab.clone(), changed]);
    let gone = |tenant: &str, name: &str| Write::RemovePreset(tenant.into(), name.into());
    store.commit(vec![gone("t1", "z"), gone("t1", "never there"), gone("nobody", "z")]).await.unwrap();
    assert_eq!(store.presets(&"t1".into()).await.unwrap(), [ab]);
    assert_eq!(store.presets(&"t2".into()).await.unwrap(), [other]);
}

crate::both_stores!(
    every_kind_of_change_reads_as_it_was_written,
    steps_are_read_from_a_place_on_and_of_one_run,
    runs_are_listed_newest_first_and_unfinished_oldest_first,
    a_marketplace_has_one_unfinished_run,
    a_run_is_inserted_once_and_updated_where_it_is,
    presets_are_each_tenants_own,
);

#[tokio::test]
async fn a_restart_forgets_no_turn() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("counterfoil.db");
    let store = SqliteStore::open(&path).unwrap();
    let asked = CatalogRun { state: RunState::Running, ..run(1) };
    let mut writes = vec![Write::InsertCatalogRun(asked.clone()), Write::PutPreset(preset("t", "p", 2))];
    writes.extend((0..7).map(|place| Write::PutCatalogStep(step(1, place))));
    store.commit(writes).await.unwrap();
    drop(store);
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.unfinished_catalog_runs().await.unwrap(), std::slice::from_ref(&asked));
    let steps = store.catalog_steps(&asked.id, 0, 100).await.unwrap();
    assert_eq!(steps, (0..7).map(|place| step(1, place)).collect::<Vec<_>>());
    assert_eq!(store.presets(&"t".into()).await.unwrap(), [preset("t", "p", 2)]);
    assert_eq!(store.integrity().await.unwrap().problems, Vec::<String>::new());
}

#[tokio::test]
async fn a_turn_that_was_altered_on_disk_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("counterfoil.db");
    let store = SqliteStore::open(&path).unwrap();
    store.commit(vec![Write::PutCatalogStep(step(1, 1))]).await.unwrap();
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute("UPDATE catalog_steps SET body = replace(body, '\"v1\"', '\"v9\"')", []).unwrap();
    raw.execute("UPDATE catalog_steps SET body = replace(body, 'subject 1', 'subject 2')", []).unwrap();
    assert!(store.catalog_step(&RunId::new("run-1"), 1).await.is_err());
}
