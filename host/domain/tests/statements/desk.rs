//! Orders judged and made into jobs, for a target whose containers keep what recurs, and for one that has none.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use counterfoil_domain::adjust::{self, Adjustments};
use counterfoil_domain::assemble::{self, Parts};
use counterfoil_domain::card::Scenario;
use counterfoil_domain::connection::{Connection, ConnectionState, Exceptions, HostRules};
use counterfoil_domain::id::{ConnectionId, EntityId, TaskId};
use counterfoil_domain::job::{Job, JobKind, PriceSource};
use counterfoil_domain::judge::{self, Judgement, Law, LinkBook, Standing};
use counterfoil_domain::link::{Link, LinkKey, LinkKind, LinkState, LinkTarget};
use counterfoil_domain::market::{Subscription, SubscriptionStatus};
use counterfoil_domain::motion::Motion;
use counterfoil_domain::order::{BillingModel, Fee, LineKind, Order, OrderType};
use counterfoil_domain::program::{Program, ProgramName};

pub(crate) fn now() -> DateTime<Utc> {
    "2026-11-21T09:00:00Z".parse().unwrap()
}

pub(crate) struct Desk {
    pub(crate) recurring: bool,
    pub(crate) program: Program,
    pub(crate) connection: Connection,
}

pub(crate) fn link(kind: LinkKind, source: &str) -> Link {
    let target = LinkTarget {
        id: EntityId::new(format!("{kind}-{source}")),
        code: String::new(),
        name: source.into(),
        attributes: vec![],
    };
    Link {
        key: LinkKey { connection: "x".into(), kind, source: source.into() },
        source_name: String::new(),
        state: LinkState::Linked(target),
        why: String::new(),
    }
}

impl Desk {
    pub(crate) fn new(recurring: bool) -> Self {
        let mut program = Program::off(ConnectionId::new("x"), ProgramName::MicrosoftCsp);
        (program.enabled, program.billing, program.azure, program.annual) = (true, true, true, true);
        program.motions = Motion::ALL.iter().copied().collect();
        let connection = Connection {
            id: "x".into(),
            reseller: "r".into(),
            name: "x".into(),
            plugin: "p".into(),
            marketplace: super::table::market(),
            state: ConnectionState::Enabled,
            state_reason: String::new(),
            base_url: None,
            token_url: None,
            auth: None,
            exceptions: Exceptions::default(),
            settings: BTreeMap::new(),
            rules: HostRules::default(),
        };
        Self { recurring, program, connection }
    }

    /// As Syncro's card has it, and with proration by the host, which statements never get.
    fn scenarios() -> Vec<Scenario> {
        let fees = [Fee::PlanRecurring, Fee::ResourceRecurring, Fee::ResourceOveruse, Fee::ResourceRecurringRefund];
        vec![Scenario {
            name: "existing subscription".into(),
            order: OrderType::Billing,
            models: vec![BillingModel::AfterBillingPeriod],
            usage: Some(false),
            fees: fees.into_iter().map(|fee| (fee, PriceSource::Order)).collect(),
            order_price_when: vec![],
            refused_when: vec![],
            prorate: vec![Fee::ResourceRecurring],
        }]
    }

    /// Everything is linked.
    pub(crate) fn links(order: &Order) -> LinkBook {
        let mut links = vec![
            link(LinkKind::Party, order.customer.as_str()),
            link(LinkKind::Container, order.subscription.as_ref().unwrap().as_str()),
        ];
        let products = order.lines.iter().filter_map(|line| line.product.as_ref());
        links.extend(products.map(|product| link(LinkKind::Item, &product.code)));
        LinkBook::new(links)
    }

    pub(crate) fn subscription(order: &Order) -> Subscription {
        let motion = order.statement.as_ref().unwrap().motion;
        Subscription {
            id: order.subscription.clone().unwrap(),
            name: motion.text().into(),
            customer: order.customer.clone(),
            status: SubscriptionStatus::Active,
            billing_model: BillingModel::AfterBillingPeriod,
            cycle: motion.cycle(),
            currency: Some(order.currency),
            created_at: None,
            renews_on: None,
            lines: vec![],
        }
    }

    pub(crate) fn judged<R>(
        &self,
        order: &Order,
        links: &LinkBook,
        set: Option<&Adjustments>,
        then: impl FnOnce(Judgement<'_>) -> R,
    ) -> R {
        let (scenarios, metered) = (Self::scenarios(), BTreeSet::new());
        let law = Law {
            scenarios: &scenarios,
            rules: &self.connection.rules,
            links,
            metered: &metered,
            standing: Standing {
                containers: self.recurring,
                recurring: self.recurring,
                program: Some(&self.program),
                ..Standing::default()
            },
            now: now(),
        };
        let adjusted = adjust::applied(order, set);
        let judgement = judge::judge(&adjusted.order, Some(&Self::subscription(order)), law);
        then(adjust::judged(&adjusted, set, judgement, law))
    }

    pub(crate) fn job(&self, order: &Order, set: Option<&Adjustments>) -> Job {
        let links = Self::links(order);
        let task = TaskId::new(format!("task of {}", order.key.order));
        let subscription = Self::subscription(order);
        let (items, containers) = (BTreeMap::new(), BTreeMap::new());
        self.judged(order, &links, set, |judgement| {
            let known: Vec<_> = order.lines.iter().filter(|line| matches!(line.kind, LineKind::Fee(_))).collect();
            assert_eq!(known.len(), order.lines.len(), "every line of a statement has a fee");
            let parts = Parts {
                task: &task,
                kind: JobKind::Billing,
                connection: &self.connection,
                customer: None,
                subscription: Some(&subscription),
                links: &links,
                items: &items,
                containers: &containers,
                settings: &[],
                recurring: self.recurring,
                adjustments: set,
                today: now().date_naive(),
            };
            assemble::job(order, &judgement.lines, parts).unwrap()
        })
    }
}
