//! Every read of a store, once, for stores around a store: those that die, those that count. Owns the list and the words
//! in it; what such a store does with a read is said by the macro that it is given.

pub(crate) use std::collections::BTreeSet;

pub(crate) use chrono::{DateTime, NaiveDate, Utc};
pub(crate) use counterfoil_domain::adjust::Adjustments;
pub(crate) use counterfoil_domain::catalog::{CatalogRun, CatalogStep, Preset};
pub(crate) use counterfoil_domain::claim::Claim;
pub(crate) use counterfoil_domain::connection::{Connection, Marketplace, Reseller};
pub(crate) use counterfoil_domain::follow_up::FollowUp;
pub(crate) use counterfoil_domain::id::*;
pub(crate) use counterfoil_domain::journal::{Batch, Effect};
pub(crate) use counterfoil_domain::link::{Link, LinkKind};
pub(crate) use counterfoil_domain::mail::Mail;
pub(crate) use counterfoil_domain::market::{Customer, Product, Subscription};
pub(crate) use counterfoil_domain::order::{Order, OrderKey};
pub(crate) use counterfoil_domain::plan::SealedPlan;
pub(crate) use counterfoil_domain::ports::*;
pub(crate) use counterfoil_domain::product_sync::ProductRow;
pub(crate) use counterfoil_domain::program::{Program, ProgramName};
pub(crate) use counterfoil_domain::rule::IgnoreRule;
pub(crate) use counterfoil_domain::run::Run;
pub(crate) use counterfoil_domain::statement::Record;
pub(crate) use counterfoil_domain::task::Task;

/// Gives each port with its reads to `$pass!`.
macro_rules! every_read {
    ($pass:ident) => {
        $pass!(SetupStore {
            resellers() -> Vec<Reseller>;
            marketplaces() -> Vec<Marketplace>;
            connections() -> Vec<Connection>;
            users() -> Vec<User>;
            audit(limit: usize) -> Vec<AuditEntry>;
            audit_records(after: u64, limit: usize) -> Vec<AuditRecord>;
            audit_check() -> AuditCheck;
        });
        $pass!(OrderStore {
            cursor(connection: &ConnectionId) -> Option<Cursor>;
            known_orders(marketplace: &MarketplaceId, ids: Vec<OrderId>) -> Vec<KnownOrder>;
            open_orders(marketplace: &MarketplaceId) -> Vec<OrderId>;
            order(key: &OrderKey) -> Option<Order>;
            order_count(marketplace: &MarketplaceId) -> u64;
            customers(marketplace: &MarketplaceId, ids: Option<Vec<CustomerId>>) -> Vec<Customer>;
            subscriptions(marketplace: &MarketplaceId, ids: Option<Vec<SubscriptionId>>) -> Vec<Subscription>;
            products(marketplace: &MarketplaceId) -> Vec<Product>;
        });
        $pass!(StatementStore {
            statements(marketplace: &MarketplaceId, filter: StatementFilter) -> Vec<KeptStatement>;
            statement(marketplace: &MarketplaceId, id: &str, issue: u32) -> Option<StoredStatement>;
            statement_records(marketplace: &MarketplaceId, id: &str, issue: u32, from: usize, limit: usize) -> Vec<Record>;
            orders_of_statement(marketplace: &MarketplaceId, id: &str) -> Vec<KnownOrder>;
            statement_tasks_of(connection: &ConnectionId, subscription: &SubscriptionId, limit: usize) -> Vec<Task>;
            statement_money(connection: &ConnectionId, from: NaiveDate, before: NaiveDate) -> Vec<MoneyRow>;
            programs(connection: &ConnectionId) -> Vec<Program>;
        });
        $pass!(MailStore {
            mails_due(until: DateTime<Utc>, limit: usize) -> Vec<Mail>;
            mail(id: &str) -> Option<Mail>;
        });
        $pass!(ProductStore {
            product_rows(connection: &ConnectionId, program: ProgramName) -> Vec<ProductRow>;
        });
        $pass!(TaskStore {
            task(id: &TaskId) -> Option<Task>;
            tasks(filter: TaskFilter, page: PageRequest) -> Vec<Task>;
            tasks_of_order(connection: &ConnectionId, key: &OrderKey) -> Vec<Task>;
            initial_tasks_of(connection: &ConnectionId, subscription: &SubscriptionId) -> Vec<Task>;
            totals(connection: Option<ConnectionId>) -> Vec<TaskTotal>;
            links(connection: &ConnectionId, kind: Option<LinkKind>) -> Vec<Link>;
            plan(digest: &PlanDigest) -> Option<SealedPlan>;
            rules(connection: &ConnectionId) -> Vec<IgnoreRule>;
            adjustments(tasks: Vec<TaskId>) -> Vec<Adjustments>;
            claims(connection: &ConnectionId, subscriptions: Vec<SubscriptionId>) -> Vec<Claim>;
            switched_on(connection: &ConnectionId) -> BTreeSet<CustomerId>;
        });
        $pass!(JournalStore {
            batch(id: &BatchId) -> Option<Batch>;
            open_batches(connection: &ConnectionId) -> Vec<Batch>;
            times_sent(plan: &PlanDigest) -> u32;
            effects(batch: &BatchId) -> Vec<Effect>;
            receipt(plan: &PlanDigest) -> Option<StoredReceipt>;
            receipts_of(task: &TaskId) -> Vec<StoredReceipt>;
            receipts(connection: &ConnectionId) -> Vec<StoredReceipt>;
            exchanges(caller: Option<String>, limit: usize) -> Vec<ExchangeRecord>;
            exchange_counts() -> Vec<(String, u64)>;
        });
        $pass!(FollowUpStore {
            follow_ups_of(task: &TaskId) -> Vec<FollowUp>;
            follow_ups_due(connection: &ConnectionId, until: DateTime<Utc>, limit: usize) -> Vec<FollowUp>;
            follow_ups(connection: &ConnectionId, states: BTreeSet<String>, limit: usize) -> Vec<FollowUp>;
        });
        $pass!(RunStore {
            run(id: &RunId) -> Option<Run>;
            runs(reseller: Option<ResellerId>, limit: usize) -> Vec<Run>;
            unfinished_runs() -> Vec<Run>;
        });
        $pass!(CatalogStore {
            catalog_run(id: &RunId) -> Option<CatalogRun>;
            catalog_runs(reseller: Option<ResellerId>, limit: usize) -> Vec<CatalogRun>;
            unfinished_catalog_runs() -> Vec<CatalogRun>;
            catalog_steps(run: &RunId, from: u64, limit: usize) -> Vec<CatalogStep>;
            catalog_step(run: &RunId, place: u64) -> Option<CatalogStep>;
            presets(reseller: &ResellerId) -> Vec<Preset>;
        });
    };
}
