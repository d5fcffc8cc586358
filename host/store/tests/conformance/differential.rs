//! The same random commits to both stores must give the same answers and leave the same behind.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use counterfoil_domain::id::{BatchId, CustomerId, MarketplaceId, OrderId};
use counterfoil_domain::journal::{BatchState, EffectState};
use counterfoil_domain::link::{LinkKind, LinkState};
use counterfoil_domain::order::{OrderKey, OrderStatus};
use counterfoil_domain::ports::{PageRequest, Store, TaskFilter, TaskStore as _, TaskTotal, Write};
use counterfoil_domain::run::RunState;
use counterfoil_domain::task::{Task, TaskState};
use counterfoil_domain::{adjust, claim, connection, follow_up, journal, link, market, order, plan, ports, rule, run};
use counterfoil_store::MemoryStore;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::samples;
use crate::tasks::recount;

/// Every read there is, over the small world that the samples span.
#[derive(Debug, PartialEq)]
pub(crate) struct Everything {
    resellers: Vec<connection::Reseller>,
    marketplaces: Vec<connection::Marketplace>,
    connections: Vec<connection::Connection>,
    users: Vec<ports::User>,
    audit: Vec<ports::AuditEntry>,
    chain: Vec<ports::AuditRecord>,
    some_of_chain: Vec<ports::AuditRecord>,
    check: ports::AuditCheck,
    cursors: Vec<Option<ports::Cursor>>,
    known: Vec<ports::KnownOrder>,
    open: Vec<OrderId>,
    orders: Vec<Option<order::Order>>,
    order_count: u64,
    customers: Vec<market::Customer>,
    some_customers: Vec<market::Customer>,
    subscriptions: Vec<market::Subscription>,
    products: Vec<market::Product>,
    tasks: Vec<Task>,
    of_orders: Vec<Vec<Task>>,
    initial: Vec<Vec<Task>>,
    totals: Vec<TaskTotal>,
    totals_of_one: Vec<TaskTotal>,
    links: Vec<link::Link>,
    decided: Decided,
    plans: Vec<Result<Option<plan::SealedPlan>, ports::StoreError>>,
    batches: Vec<Option<journal::Batch>>,
    open_batches: Vec<journal::Batch>,
    sent: Vec<u32>,
    effects: Vec<journal::Effect>,
    receipt: Vec<Option<ports::StoredReceipt>>,
    receipts: Vec<ports::StoredReceipt>,
    follow_ups: Vec<Vec<follow_up::FollowUp>>,
    exchanges: Vec<ports::ExchangeRecord>,
    exchange_counts: Vec<(String, u64)>,
    runs: Vec<run::Run>,
    unfinished: Vec<run::Run>,
}

/// Of it, what people decided and what was confirmed.
#[derive(Debug, Default, PartialEq)]
struct Decided {
    coming_back: Vec<Vec<Task>>,
    rules: Vec<Vec<rule::IgnoreRule>>,
    adjustments: Vec<adjust::Adjustments>,
    claims: Vec<Vec<claim::Claim>>,
    all_claims: Vec<claim::Claim>,
    switched_on: Vec<BTreeSet<CustomerId>>,
}

const ALL: usize = usize::MAX;

pub(crate) async fn everything<S: Store>(store: &S) -> Everything {
    let market = samples::marketplace_id();
    let here = samples::connection_id(1);
    let ids: Vec<OrderId> = (0..WORLD).map(|n| OrderId::new(format!("o{n}"))).collect();
    let mut cursors = Vec::new();
    let mut orders = Vec::new();
    let mut of_orders = Vec::new();
    let mut initial = Vec::new();
    let mut plans = Vec::new();
    let mut batches = Vec::new();
    let mut sent = Vec::new();
    let mut receipt = Vec::new();
    for n in 0..WORLD {
        let key = OrderKey { marketplace: market.clone(), order: ids[usize::try_from(n).unwrap()].clone() };
        cursors.push(store.cursor(&samples::connection_id(n)).await.unwrap());
        orders.push(store.order(&key).await.unwrap());
        of_orders.push(store.tasks_of_order(&here, &key).await.unwrap());
        initial.push(store.initial_tasks_of(&here, &samples::subscription(n).id).await.unwrap());
        let digest = samples::plan(n).digest;
        plans.push(store.plan(&digest).await);
        batches.push(store.batch(&BatchId::new(format!("batch_{n}"))).await.unwrap());
        sent.push(store.times_sent(&digest).await.unwrap());
        receipt.push(store.receipt(&digest).await.unwrap());
    }
    let some = Some(vec![CustomerId::from("c2"), CustomerId::from("c0"), CustomerId::from("c2")]);
    Everything {
        resellers: store.resellers().await.unwrap(),
        marketplaces: store.marketplaces().await.unwrap(),
        connections: store.connections().await.unwrap(),
        users: store.users().await.unwrap(),
        audit: store.audit(ALL).await.unwrap(),
        chain: store.audit_records(0, ALL).await.unwrap(),
        some_of_chain: store.audit_records(1, 2).await.unwrap(),
        check: store.audit_check().await.unwrap(),
        cursors,
        known: store.known_orders(&market, ids).await.unwrap(),
        open: store.open_orders(&market).await.unwrap(),
        orders,
        order_count: store.order_count(&market).await.unwrap(),
        customers: store.customers(&market, None).await.unwrap(),
        some_customers: store.customers(&market, some).await.unwrap(),
        subscriptions: store.subscriptions(&market, None).await.unwrap(),
        products: store.products(&market).await.unwrap(),
        tasks: store.tasks(TaskFilter::default(), PageRequest { after: None, limit: ALL }).await.unwrap(),
        of_orders,
        initial,
        totals: store.totals(None).await.unwrap(),
        totals_of_one: store.totals(Some(here.clone())).await.unwrap(),
        links: store.links(&here, None).await.unwrap(),
        decided: decided(store).await,
        plans,
        batches,
        open_batches: store.open_batches(&here).await.unwrap(),
        sent,
        effects: store.effects(&BatchId::from("batch_1")).await.unwrap(),
        receipt,
        receipts: store.receipts(&here).await.unwrap(),
        follow_ups: follow_ups(store).await,
        exchanges: store.exchanges(None, ALL).await.unwrap(),
        exchange_counts: store.exchange_counts().await.unwrap(),
        runs: store.runs(None, ALL).await.unwrap(),
        unfinished: store.unfinished_runs().await.unwrap(),
    }
}

async fn follow_ups<S: Store>(store: &S) -> Vec<Vec<follow_up::FollowUp>> {
    let here = samples::connection_id(1);
    let mut all = Vec::new();
    for n in 0..WORLD {
        all.push(store.follow_ups_of(&samples::follow_up(n).task).await.unwrap());
        all.push(store.follow_ups_due(&here, samples::at(7 + n), ALL).await.unwrap());
    }
    let names = follow_up::FollowUpState::NAMES.map(str::to_owned).into();
    all.push(store.follow_ups(&here, names, ALL).await.unwrap());
    all
}

async fn decided<S: Store>(store: &S) -> Decided {
    let here = samples::connection_id(1);
    let mut all = Decided::default();
    for n in 0..WORLD {
        let filter = TaskFilter { back_by: Some(samples::day(8 + 2 * n)), ..TaskFilter::default() };
        all.coming_back.push(store.tasks(filter, PageRequest { after: None, limit: ALL }).await.unwrap());
        all.rules.push(store.rules(&samples::connection_id(n)).await.unwrap());
        all.claims.push(store.claims(&here, vec![samples::subscription(n).id]).await.unwrap());
        all.switched_on.push(store.switched_on(&samples::connection_id(n)).await.unwrap());
    }
    let tasks = [3, 0, 9, 1, 3].map(|n| samples::adjustments(n).task).to_vec();
    all.adjustments = store.adjustments(tasks).await.unwrap();
    let subscriptions = [4, 2, 0, 2, 3, 1].map(|n| samples::subscription(n).id).to_vec();
    all.all_claims = store.claims(&here, subscriptions).await.unwrap();
    all
}

/// How many of each thing there are to collide over.
const WORLD: u64 = 4;

/// One random write: what, which of the world, and two things that vary.
#[derive(Debug, Clone, Copy)]
struct Step {
    what: u8,
    which: u64,
    first: u64,
    second: u64,
}

fn step() -> impl Strategy<Value = Step> {
    (0_u8..30, 0..WORLD, 0_u64..1000, 0_u64..1000).prop_map(|(what, which, first, second)| Step {
        what,
        which,
        first,
        second,
    })
}

fn pick<T: Clone>(of: &[T], by: u64) -> T {
    of[usize::try_from(by).unwrap() % of.len()].clone()
}

/// A time finer than what is kept.
fn fine(n: u64) -> chrono::DateTime<chrono::Utc> {
    samples::at(n % 3) + TimeDelta::nanoseconds(i64::try_from(n * 7).unwrap())
}

fn changed(mut task: Task, step: Step, version: u64) -> Task {
    let plan = samples::plan((step.which + step.second / 100 % 2) % WORLD).digest;
    task.state = samples::of_plan(pick(&samples::states(), step.first), &plan);
    if let TaskState::Retrying { at, .. } = &mut task.state {
        *at = fine(step.second);
    }
    task.observed_at = fine(step.first);
    task.updated_at = fine(step.second);
    task.connection = samples::connection_id(step.second % 2);
    task.amount = samples::usd(&format!("{}.{:03}", step.first, step.second));
    task.version = version;
    task
}

impl Step {
    fn task(self, versions: &[u64]) -> Write {
        let Self { which, first, second, .. } = self;
        let task = if which == 0 { samples::initial_task(which) } else { samples::task(which, TaskState::Ready) };
        let stored = versions[usize::try_from(which).unwrap()];
        if self.what.is_multiple_of(2) {
            return Write::InsertTask(changed(task, self, 1));
        }
        // One in four names a wrong version.
        let version = if (first + second) % 4 == 0 { stored + second % 3 } else { stored + 1 };
        Write::UpdateTask(changed(task, self, version))
    }

    fn run(self) -> Write {
        let mut run = samples::run(
            10 * (self.first % 3) + self.which,
            pick(&samples::run_kinds(), self.which),
            pick(RunState::ALL, self.second),
        );
        run.asked_at = fine(self.second);
        if self.what.is_multiple_of(2) { Write::InsertRun(run) } else { Write::UpdateRun(run) }
    }

    fn decision(self) -> Write {
        let Self { what, which, first, second } = self;
        let connection = samples::connection_id(second % 2);
        match what {
            19 => Write::PutRule(rule::IgnoreRule { connection, at: fine(first), ..samples::rule(which) }),
            20 => Write::RemoveRule(samples::rule(which).id),
            21 => Write::PutAdjustments(adjust::Adjustments { at: fine(first), ..samples::adjustments(which) }),
            _ => Write::PutSwitch { connection, customer: samples::customer(which).id, on: first % 3 > 0 },
        }
    }

    fn write(self, versions: &[u64]) -> Write {
        let Self { what, which, first, second } = self;
        let market = if first % 5 == 0 { MarketplaceId::from("other") } else { samples::marketplace_id() };
        let effect_state = pick(&[EffectState::Intent, samples::answered()], second);
        match what {
            0 => Write::PutReseller(samples::reseller(which)),
            1 => Write::PutMarketplace(samples::marketplace(which)),
            2 => Write::PutConnection(samples::connection(which)),
            3 if first % 3 == 0 => Write::RemoveUser(samples::user(which).name),
            3 => Write::PutUser(samples::user(which)),
            4 => Write::PutCustomers(market, vec![samples::customer(which), samples::customer(first % WORLD)]),
            5 => Write::PutSubscriptions(market, vec![samples::subscription(which)]),
            6 => Write::PutProducts(market, vec![samples::product(which)]),
            7 => {
                let mut order = samples::order(which, pick(OrderStatus::ALL, first));
                order.created_at = fine(second);
                Write::PutOrder { order, fingerprint: format!("f{second}"), observed_at: fine(first) }
            }
            8 => Write::PutCursor(ports::Cursor {
                seen_until: fine(first),
                swept_at: (second % 2 == 0).then(|| fine(second)),
                ..samples::cursor(which)
            }),
            9 => {
                let state = pick(&[samples::linked(), LinkState::Unlinked, LinkState::NeverSync], first);
                Write::PutLink(samples::link(which, pick(LinkKind::ALL, second), state))
            }
            10 => {
                let mut plan = samples::plan(which);
                plan.made_at = fine(first);
                plan.claims.truncate(usize::try_from(first % 5).unwrap());
                if first % 2 == 0 {
                    plan.claims.reverse();
                }
                if first % 7 == 0 {
                    plan.connection = samples::connection_id(0);
                }
                if second % 4 == 0 {
                    plan.plan.notes.push("forged".to_owned());
                }
                Write::PutPlan(plan)
            }
            11 => {
                let mut batch = samples::batch(which, pick(BatchState::ALL, first));
                batch.opened_at = fine(second);
                Write::PutBatch(batch)
            }
            12 => Write::InsertEffect(samples::effect(which, effect_state)),
            13 => Write::UpdateEffect(samples::effect(which, effect_state)),
            14 => Write::PutReceipt(ports::StoredReceipt { stored_at: fine(first), ..samples::receipt(which) }),
            15 => Write::Audit(ports::AuditEntry { at: fine(first), ..samples::audit_entry(which) }),
            16 => Write::Exchange(samples::exchange(which, pick(&["answered", "refused", "uncertain"], first))),
            17 | 18 => self.run(),
            19..=23 => self.decision(),
            24 => Write::PutFollowUp(follow_up::FollowUp {
                connection: samples::connection_id(second % 2),
                state: pick(&samples::follow_up_states(), first),
                begun_at: fine(first),
                looked_at: (second % 2 == 0).then(|| fine(second)),
                ..samples::follow_up(which)
            }),
            _ => self.task(versions),
        }
    }
}

async fn same_in_both(commits: Vec<Vec<Step>>) -> Result<(), TestCaseError> {
    let memory = MemoryStore::new();
    let file = crate::in_file();
    for steps in commits {
        let mut versions = Vec::new();
        for n in 0..WORLD {
            let task = if n == 0 { samples::initial_task(n) } else { samples::task(n, TaskState::Ready) };
            versions.push(memory.task(&task.id).await.unwrap().map_or(1, |task| task.version));
        }
        let writes: Vec<Write> = steps.iter().map(|step| step.write(&versions)).collect();
        let outcome = memory.commit(writes.clone()).await;
        prop_assert_eq!(&outcome, &file.store.commit(writes).await);
    }
    let kept = everything(&memory).await;
    prop_assert_eq!(&kept, &everything(&file.store).await);
    prop_assert_eq!(&kept.totals, &recount(&kept.tasks));
    let audit = file.store.verify_audit().await.unwrap();
    prop_assert!(audit.is_good(), "{:?}", audit);
    let integrity = file.store.integrity().await.unwrap();
    let forged = integrity.problems.iter().all(|problem| problem.contains("not what was sealed"));
    prop_assert!(forged, "{:?}", integrity);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_stores_answer_alike(commits in prop::collection::vec(prop::collection::vec(step(), 1..6), 1..30)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(same_in_both(commits))?;
    }

    #[test]
    fn totals_follow_every_task(steps in prop::collection::vec(step(), 1..60)) {
        let tasks_only = steps.into_iter().map(|step| vec![Step { what: 26 + step.what % 2, ..step }]).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(same_in_both(tasks_only))?;
    }
}
