//! Things to have in the store: a connection, tasks in every state, plans with findings.

use counterfoil_domain::connection::*;
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::id::{PlanDigest, PluginDigest, TaskId};
use counterfoil_domain::job::JobKind;
use counterfoil_domain::money::{Currency, Money};
use counterfoil_domain::order::OrderKey;
use counterfoil_domain::plan::*;
use counterfoil_domain::ports::{Store as _, TaskStore as _, Write};
use counterfoil_domain::task::*;
use rust_decimal::Decimal;

use crate::world::{PLUGIN_DIGEST, World, now};

pub(crate) fn usd(amount: &str) -> Money {
    Money::new(amount.parse().unwrap(), Currency::parse("USD").unwrap())
}

pub(crate) fn connection(id: &str) -> Connection {
    Connection {
        id: id.into(),
        reseller: "acme".into(),
        name: format!("Books <{id}>"),
        plugin: "xero".into(),
        marketplace: "ingram".into(),
        state: ConnectionState::Enabled,
        state_reason: String::new(),
        base_url: None,
        token_url: None,
        auth: None,
        exceptions: Exceptions::default(),
        settings: [("account_code".to_owned(), "200".to_owned())].into(),
        rules: HostRules::default(),
    }
}

pub(crate) fn task(connection: &str, order: &str, state: TaskState) -> Task {
    let key = OrderKey { marketplace: "ingram".into(), order: order.into() };
    let subject = Subject::Order { key, revision: "r1".into() };
    Task {
        id: subject.task_id(&connection.into()),
        reseller: "acme".into(),
        connection: connection.into(),
        subject,
        kind: JobKind::Sales,
        number: format!("SO-{order}"),
        customer: "1000017".into(),
        customer_name: "Green <Lane> & Co".into(),
        subscription: None,
        amount: usd("41.8"),
        scenario: "new sale".into(),
        state,
        created_at: now(),
        observed_at: now(),
        updated_at: now(),
        failures: 0,
        crashes: 0,
        version: 1,
    }
}

pub(crate) fn finding(severity: Severity, code: &str) -> Finding {
    Finding { severity, code: code.into(), message: format!("{code} was found.") }
}

pub(crate) fn plan(connection: &str, task: &TaskId, plugin: &str, findings: Vec<Finding>) -> SealedPlan {
    let line = PlanLine {
        covers: vec!["l1".into()],
        description: "Seats".into(),
        quantity: Decimal::TWO,
        unit_price: "20.9".parse().unwrap(),
        unit_cost: None,
        amount: "41.8".parse().unwrap(),
        bills: "41.8".parse().unwrap(),
        why: "2 × 20.90 = 41.80 USD, price from the order".into(),
        attributes: vec![],
    };
    let change = Change {
        key: "invoice".into(),
        action: Action::Create,
        document: "invoice".into(),
        target: None,
        title: "Draft invoice".into(),
        fields: vec![Field {
            name: "due".into(),
            before: None,
            after: Some("2026-12-21".into()),
            owner: "host".into(),
        }],
        lines: vec![line],
        total: usd("41.8"),
        why: "New sale.".into(),
        attributes: vec![],
    };
    let plan = Plan {
        task: task.clone(),
        changes: vec![change],
        left_out: vec![],
        notes: vec![],
        payload: vec![],
        attributes: vec![],
    };
    let ground = Ground {
        revision: "r1".into(),
        links: "l".into(),
        settings: "s".into(),
        rules: "r".into(),
        adjustments: "a".into(),
        target_records: "t".into(),
        plugin: PluginDigest::from(plugin),
    };
    let judged = Judged { ground, findings, source_total: usd("41.8"), claims: vec![] };
    SealedPlan::seal(connection.into(), plan, judged, now())
}

impl World {
    pub(crate) async fn put(&self, writes: Vec<Write>) {
        self.store.commit(writes).await.unwrap();
    }

    /// The reseller, its marketplace and a connection.
    pub(crate) async fn with_connection(self, id: &str) -> Self {
        let marketplace = Marketplace {
            id: "ingram".into(),
            reseller: "acme".into(),
            kind: MarketplaceKind::File,
            location: "/data".into(),
            settings: Default::default(),
            exceptions: Exceptions::default(),
        };
        let reseller = Reseller { id: "acme".into(), name: "Acme".into() };
        self.put(vec![
            Write::PutReseller(reseller),
            Write::PutMarketplace(marketplace),
            Write::PutConnection(connection(id)),
        ])
        .await;
        self
    }

    /// A task that stands on a plan with these findings.
    pub(crate) async fn planned(&self, order: &str, findings: Vec<Finding>) -> (TaskId, PlanDigest) {
        self.planned_by(order, findings, PLUGIN_DIGEST).await
    }

    pub(crate) async fn planned_by(&self, order: &str, findings: Vec<Finding>, plugin: &str) -> (TaskId, PlanDigest) {
        let mut task = task("xero-main", order, TaskState::Ready);
        let sealed = plan("xero-main", &task.id, plugin, findings);
        task.state = TaskState::Planned(sealed.digest.clone());
        let keys = (task.id.clone(), sealed.digest.clone());
        self.put(vec![Write::PutPlan(sealed), Write::InsertTask(task)]).await;
        keys
    }

    pub(crate) async fn state(&self, task: &TaskId) -> TaskState {
        self.store.task(task).await.unwrap().unwrap().state
    }

    pub(crate) async fn every_state(&self) {
        let failure = Failure::new(FailureClass::Rejected, "bad-tax", "The tax rate is not active.");
        let ignored = |reason| Ignored { reason, text: "Not <ours>".into(), by: "ann".into(), at: now(), until: None };
        let states = [
            TaskState::Pending(vec![Need::Decision { why: "no details".into() }]),
            TaskState::Ready,
            TaskState::Planned("p1".into()),
            TaskState::Queued { plan: "p2".into(), by: "ann".into() },
            TaskState::Sending { plan: "p3".into(), batch: "b".into() },
            TaskState::Synced { plan: "p4".into() },
            TaskState::Uncertain { plan: "p5".into(), batch: "b".into(), why: "no answer in 30 s".into() },
            TaskState::Retrying { plan: "p6".into(), at: now(), failure: failure.clone() },
            TaskState::Parked { failure },
            TaskState::Ignored(ignored(IgnoreReason::ZeroAmount)),
            TaskState::Ignored(ignored(IgnoreReason::ByPerson)),
            TaskState::Superseded { by: "task_x".into() },
        ];
        let tasks = states.into_iter().enumerate();
        self.put(tasks.map(|(n, state)| Write::InsertTask(task("xero-main", &format!("o{n}"), state))).collect()).await;
    }
}
