//! What the memory store holds, and commits that leave no trace when they fail: every step notes how to take
//! it back.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use counterfoil_domain::adjust::Adjustments;
use counterfoil_domain::catalog::{CatalogRun, CatalogStep, Preset};
use counterfoil_domain::connection::{Connection, Marketplace, Reseller};
use counterfoil_domain::follow_up::FollowUp;
use counterfoil_domain::id::{
    Actor, BatchId, ChangeKey, ConnectionId, CustomerId, EffectKey, MarketplaceId, OrderId, PlanDigest, PluginDigest,
    PluginId, ResellerId, Revision, RuleId, RunId, SubscriptionId, TaskId,
};
use counterfoil_domain::journal::{Batch, Effect};
use counterfoil_domain::link::{Link, LinkKey};
use counterfoil_domain::mail::Mail;
use counterfoil_domain::market::{Customer, Product, Subscription};
use counterfoil_domain::order::{Order, OrderKey};
use counterfoil_domain::plan::SealedPlan;
use counterfoil_domain::ports::{AuditEntry, Cursor, ExchangeRecord, StoredReceipt, StoredStatement, User};
use counterfoil_domain::product_sync::ProductRow;
use counterfoil_domain::program::{Program, ProgramName};
use counterfoil_domain::rule::IgnoreRule;
use counterfoil_domain::run::Run;
use counterfoil_domain::task::Task;
use counterfoil_domain::version::{Activation, InstalledVersion};

use crate::counts::{Bucket, Share};

/// An order and what is remembered of it.
#[derive(Debug)]
pub(super) struct KeptOrder {
    pub(super) order: Order,
    pub(super) fingerprint: String,
    pub(super) revision: Revision,
}

/// Where a task stands in the lists.
pub(super) type TaskPlace = (ConnectionId, &'static str, DateTime<Utc>, TaskId);

/// Where a claim stands: its subscription's, and its place in the plan.
pub(super) type ClaimPlace = (ConnectionId, SubscriptionId, PlanDigest, usize);

/// Where a step that something is due of stands.
pub(super) type DuePlace = (ConnectionId, DateTime<Utc>, PlanDigest, ChangeKey);

/// Where an issue of a statement stands.
pub(super) type StatementPlace = (MarketplaceId, String, u32);

/// Maps to nothing are indexes.
#[derive(Debug, Default)]
pub(super) struct Shelves {
    pub(super) resellers: BTreeMap<ResellerId, Reseller>,
    pub(super) marketplaces: BTreeMap<MarketplaceId, Marketplace>,
    pub(super) connections: BTreeMap<ConnectionId, Connection>,
    pub(super) users: BTreeMap<Actor, User>,
    pub(super) plugin_versions: BTreeMap<PluginDigest, InstalledVersion>,
    pub(super) activations: BTreeMap<PluginId, Activation>,
    pub(super) customers: BTreeMap<(MarketplaceId, CustomerId), Customer>,
    pub(super) subscriptions: BTreeMap<(MarketplaceId, SubscriptionId), Subscription>,
    pub(super) products: BTreeMap<(MarketplaceId, String), Product>,
    pub(super) cursors: BTreeMap<ConnectionId, Cursor>,
    pub(super) orders: BTreeMap<OrderKey, KeptOrder>,
    pub(super) open_orders: BTreeMap<OrderKey, ()>,
    pub(super) order_counts: BTreeMap<MarketplaceId, u64>,
    pub(super) statements: BTreeMap<StatementPlace, StoredStatement>,
    pub(super) mails: BTreeMap<String, Mail>,
    pub(super) product_rows: BTreeMap<(ConnectionId, ProgramName, String), ProductRow>,
    pub(super) programs: BTreeMap<(ConnectionId, ProgramName), Program>,
    pub(super) tasks: BTreeMap<TaskId, Task>,
    pub(super) task_places: BTreeMap<TaskPlace, ()>,
    pub(super) tasks_of_order: BTreeMap<(ConnectionId, OrderKey, TaskId), ()>,
    pub(super) tasks_of_snapshot: BTreeMap<(ConnectionId, SubscriptionId, TaskId), ()>,
    pub(super) totals: BTreeMap<Bucket, Share>,
    pub(super) links: BTreeMap<LinkKey, Link>,
    pub(super) rules: BTreeMap<RuleId, IgnoreRule>,
    pub(super) adjustments: BTreeMap<TaskId, Adjustments>,
    pub(super) switches: BTreeMap<(ConnectionId, CustomerId), ()>,
    pub(super) claims: BTreeMap<ClaimPlace, ()>,
    pub(super) plans: BTreeMap<PlanDigest, SealedPlan>,
    pub(super) plans_of_task: BTreeMap<(TaskId, PlanDigest), ()>,
    pub(super) batches: BTreeMap<BatchId, Batch>,
    pub(super) open_batches: BTreeMap<(ConnectionId, DateTime<Utc>, BatchId), ()>,
    pub(super) batches_of_plan: BTreeMap<(PlanDigest, BatchId), ()>,
    pub(super) effects: BTreeMap<(BatchId, EffectKey), Effect>,
    pub(super) effect_order: BTreeMap<(BatchId, u64), EffectKey>,
    pub(super) receipts: BTreeMap<PlanDigest, StoredReceipt>,
    pub(super) follow_ups: BTreeMap<(PlanDigest, ChangeKey), FollowUp>,
    pub(super) follow_ups_due: BTreeMap<DuePlace, ()>,
    pub(super) runs: BTreeMap<RunId, Run>,
    pub(super) runs_by_time: BTreeMap<(DateTime<Utc>, RunId), ()>,
    pub(super) unfinished_runs: BTreeMap<(DateTime<Utc>, RunId), ()>,
    pub(super) catalog_runs: BTreeMap<RunId, CatalogRun>,
    pub(super) catalog_steps: BTreeMap<(RunId, u64), CatalogStep>,
    pub(super) presets: BTreeMap<(ResellerId, String), Preset>,
    pub(super) exchanges: BTreeMap<u64, ExchangeRecord>,
    pub(super) exchange_counts: BTreeMap<String, u64>,
    pub(super) audit: BTreeMap<u64, AuditEntry>,
}

impl Shelves {
    /// Keys of a marketplace's orders begin here.
    pub(super) fn first_order(marketplace: &MarketplaceId) -> OrderKey {
        OrderKey { marketplace: marketplace.clone(), order: OrderId::new("") }
    }
}

type Shelf<K, V> = fn(&mut Shelves) -> &mut BTreeMap<K, V>;
type Undo = Box<dyn FnOnce(&mut Shelves)>;

pub(super) struct Change<'a> {
    shelves: &'a mut Shelves,
    undo: Vec<Undo>,
}

impl fmt::Debug for Change<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Change({} steps)", self.undo.len())
    }
}

impl<'a> Change<'a> {
    pub(super) fn new(shelves: &'a mut Shelves) -> Self {
        Self { shelves, undo: Vec::new() }
    }

    pub(super) fn now(&self) -> &Shelves {
        self.shelves
    }

    pub(super) fn put<K: Ord + Clone + 'static, V: 'static>(&mut self, shelf: Shelf<K, V>, key: K, value: V) {
        let former = shelf(self.shelves).insert(key.clone(), value);
        self.undo.push(Box::new(move |shelves| {
            match former {
                Some(former) => shelf(shelves).insert(key, former),
                None => shelf(shelves).remove(&key),
            };
        }));
    }

    pub(super) fn remove<K: Ord + Clone + 'static, V: 'static>(&mut self, shelf: Shelf<K, V>, key: K) {
        if let Some(former) = shelf(self.shelves).remove(&key) {
            self.undo.push(Box::new(move |shelves| {
                shelf(shelves).insert(key, former);
            }));
        }
    }

    pub(super) fn take_back(self) {
        for undo in self.undo.into_iter().rev() {
            undo(self.shelves);
        }
    }
}
