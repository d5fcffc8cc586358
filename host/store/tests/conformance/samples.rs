//! Values to store: every field filled, every variant somewhere, varied by a number.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use counterfoil_domain::adjust::{AddedLine, Adjustments, LineAdjustment, LineSet};
use counterfoil_domain::card::AuthScheme;
use counterfoil_domain::claim::Claim;
use counterfoil_domain::connection::{
    AutoSync, Connection, ConnectionState, DescriptionSource, Descriptions, Exceptions, HostRules, ManyToOne,
    Marketplace, MarketplaceKind, Notify, PriceChoice, Refunds, Reseller, SignInRules,
};
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::follow_up::{Awaited, FollowUp, FollowUpState};
use counterfoil_domain::id::{
    Actor, BatchId, ChangeKey, ConnectionId, CustomerId, EffectKey, EntityId, LineId, MarketplaceId, OrderId,
    PlanDigest, PluginDigest, PluginId, Revision, RuleId, RunId, SubscriptionId, TaskId,
};
use counterfoil_domain::job::{Billing, JobKind, PriceSource};
use counterfoil_domain::journal::{Batch, BatchState, Effect, EffectState, Look, Sighting, Trail, request_digest};
use counterfoil_domain::link::{Link, LinkKey, LinkKind, LinkState, LinkTarget};
use counterfoil_domain::market::{Customer, Product, Subscription, SubscriptionLine, SubscriptionStatus};
use counterfoil_domain::money::{Currency, Money, Rounding};
use counterfoil_domain::order::{
    BillingModel, Fee, LineKind, Order, OrderKey, OrderLine, OrderStatus, OrderType, ProductRef,
};
use counterfoil_domain::period::{Cycle, Period};
use counterfoil_domain::plan::{
    Action, Change, ChangeReceipt, Field, Finding, Ground, Judged, Observation, ObservedDocument, ObservedLine,
    Omission, Plan, PlanLine, Receipt, SealedPlan, Severity,
};
use counterfoil_domain::ports::{AuditEntry, Cursor, ExchangeRecord, StoredReceipt, User};
use counterfoil_domain::program::ProgramName;
use counterfoil_domain::proration::Method;
use counterfoil_domain::rule::{Amounts, Criteria, IgnoreRule};
use counterfoil_domain::run::{Problem, ProductChoice, Run, RunKind, RunState, Selection};
use counterfoil_domain::task::{IgnoreReason, Ignored, Need, Subject, Task, TaskState, Until};
use counterfoil_domain::wire::{Request, Response};
use rust_decimal::Decimal;

pub(crate) fn at(seconds: u64) -> DateTime<Utc> {
    let start: DateTime<Utc> = "2026-01-31T23:59:58.000001Z".parse().unwrap();
    start + TimeDelta::seconds(i64::try_from(seconds).unwrap())
}

pub(crate) fn day(n: u64) -> NaiveDate {
    at(n * 86_400).date_naive()
}

pub(crate) fn amount(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(crate) fn usd(text: &str) -> Money {
    Money::new(amount(text), Currency::parse("USD").unwrap())
}

pub(crate) fn marketplace_id() -> MarketplaceId {
    "ingram-eu".into()
}

pub(crate) fn connection_id(n: u64) -> ConnectionId {
    ConnectionId::new(format!("xero-{n}"))
}

pub(crate) fn member<T: Copy>(of: &[T], n: u64) -> T {
    of[usize::try_from(n).unwrap() % of.len()]
}

fn pairs(n: u64) -> Vec<(String, String)> {
    vec![("zebra".to_owned(), format!("{n}")), ("ärger".to_owned(), "\"quoted\"\n\t\u{0}end".to_owned())]
}

pub(crate) fn reseller(n: u64) -> Reseller {
    Reseller { id: format!("reseller-{n}").as_str().into(), name: format!("Reseller № {n}") }
}

pub(crate) fn marketplace(n: u64) -> Marketplace {
    Marketplace {
        id: format!("market-{n}").as_str().into(),
        reseller: reseller(n).id,
        kind: MarketplaceKind::ALL[usize::try_from(n).unwrap() % MarketplaceKind::ALL.len()],
        location: "https://market.example/api".to_owned(),
        settings: BTreeMap::from([("realm".to_owned(), "r".to_owned()), ("sign_in".to_owned(), String::new())]),
        exceptions: Exceptions { plain_http: n.is_multiple_of(2), private_addresses: n % 2 == 1 },
    }
}

pub(crate) fn connection(n: u64) -> Connection {
    Connection {
        id: connection_id(n),
        reseller: reseller(n).id,
        name: "Main books".to_owned(),
        plugin: PluginId::from("xero"),
        marketplace: marketplace_id(),
        state: ConnectionState::ALL[usize::try_from(n).unwrap() % ConnectionState::ALL.len()],
        state_reason: "three failures".to_owned(),
        base_url: Some("http://127.0.0.1:9".to_owned()),
        token_url: (n.is_multiple_of(2)).then(|| "http://127.0.0.1:9/token".to_owned()),
        auth: (n % 2 == 1).then_some(AuthScheme::AuthorizationCode),
        exceptions: Exceptions { plain_http: true, private_addresses: true },
        settings: BTreeMap::from([("account-code".to_owned(), "200".to_owned())]),
        rules: HostRules {
            price_source: PriceChoice::Target,
            rounding: if n.is_multiple_of(2) { Rounding::HalfEven } else { Rounding::HalfAwayFromZero },
            recurring_before_period: true,
            most_per_plan: Some(amount("10000.50")),
            most_lines: 7,
            most_change: (n.is_multiple_of(2)).then_some(25),
            start_on: Some(day(n)),
            proration: member(Method::ALL, n),
            descriptions: Descriptions {
                source: member(DescriptionSource::ALL, n),
                template: "{product} {period}".to_owned(),
                trim: true,
            },
            refunds: member(Refunds::ALL, n),
            many_to_one: member(ManyToOne::ALL, n),
            auto_sync: AutoSync { on: true, kinds: vec![JobKind::Sales, JobKind::Change], most: Some(amount("99.90")) },
            check_every: (n % 2 == 1).then_some(60),
            notify: member(Notify::ALL, n),
            sign_in: SignInRules {
                with: (n % 2 == 1).then(|| connection_id(n + 1)),
                authorize_url: (n.is_multiple_of(2)).then(|| "http://127.0.0.1:9/authorize".to_owned()),
            },
            discovery_url: (n % 2 == 1).then(|| "http://127.0.0.1:9/where".to_owned()),
        },
    }
}

pub(crate) fn user(n: u64) -> User {
    User {
        name: Actor::new(format!("user{n}@example.com")),
        role: "approver".to_owned(),
        password_hash: "$argon2id$v=19$m=1,t=1,p=1$c2FsdA$aGFzaA".to_owned(),
        tokens: vec![("ab".repeat(32), "laptop".to_owned())],
    }
}

pub(crate) fn customer(n: u64) -> Customer {
    Customer {
        id: CustomerId::new(format!("c{n}")),
        name: format!("Müller & Söhne {n} %_\\"),
        external_id: Some(format!("100{n}")),
        tax_number: (n.is_multiple_of(2)).then(|| "DE1".to_owned()),
        email: None,
        active: !n.is_multiple_of(3),
    }
}

fn product_ref(n: u64) -> ProductRef {
    ProductRef { code: format!("MPN-{n}"), name: "Office 365 E3".to_owned() }
}

pub(crate) fn subscription(n: u64) -> Subscription {
    Subscription {
        id: SubscriptionId::new(format!("s{n}")),
        name: format!("Subscription {n}"),
        customer: customer(n).id,
        status: SubscriptionStatus::Hold,
        billing_model: BillingModel::BeforeSubscriptionPeriod,
        cycle: Some(Cycle::StatementDay),
        currency: Currency::parse("JPY").ok(),
        created_at: Some(at(n)),
        renews_on: Some(day(n + 30)),
        lines: vec![SubscriptionLine {
            product: product_ref(n),
            quantity: amount("18"),
            unit_price: amount("33.00"),
            unit_cost: None,
            amount: Some(amount("594.00")),
        }],
    }
}

pub(crate) fn product(n: u64) -> Product {
    Product {
        product: product_ref(n),
        metered: n.is_multiple_of(2),
        price: Some(amount("0.0000000000000000000000000001")),
        cost: Some(amount("-79228162514264337593543950335")),
        currency: Currency::parse("EUR").ok(),
    }
}

pub(crate) fn order(n: u64, status: OrderStatus) -> Order {
    let line = |id: &str, kind: LineKind, cycle: Option<Cycle>| OrderLine {
        id: LineId::from(id),
        kind,
        product: cycle.map(|_| product_ref(n)),
        description: "18 × Office".to_owned(),
        quantity: amount("-3"),
        unit_price: amount("33.10"),
        unit_cost: cycle.map(|_| amount("20.05")),
        amount: amount("-99.30"),
        service_period: Period::new(day(0), day(31)).ok(),
        cycle,
    };
    Order {
        key: OrderKey { marketplace: marketplace_id(), order: OrderId::new(format!("o{n}")) },
        number: format!("SO{n:06}"),
        order_type: OrderType::Change,
        status,
        customer: customer(n).id,
        subscription: Some(subscription(n).id),
        created_at: at(n),
        provisioned_at: Some(at(n + 5)),
        billing_model: BillingModel::ExternalRating,
        currency: Currency::parse("USD").unwrap(),
        total: Some(amount("-297.900")),
        lines: vec![
            line("1", LineKind::Fee(Fee::ResourceOveruse), Some(Cycle::Days(7))),
            line("2", LineKind::NotBillable("deposit".to_owned()), Some(Cycle::Months(12))),
            line("3", LineKind::Other("transfer".to_owned()), None),
        ],
        on_renewal: n.is_multiple_of(2),
        vendor_rated: n % 2 == 1,
        statement: None,
    }
}

pub(crate) fn cursor(n: u64) -> Cursor {
    Cursor {
        connection: connection_id(n),
        initial_done: n.is_multiple_of(2),
        seen_until: at(n),
        swept_at: (n % 3 != 1).then(|| at(n + 7)),
    }
}

pub(crate) fn failure() -> Failure {
    Failure {
        class: FailureClass::Throttled,
        code: "xero-too-many".to_owned(),
        message: "wait".to_owned(),
        retry_after: Some(Duration::new(61, 5)),
        attributes: pairs(1),
    }
}

/// Every way of ignoring for a while, and for good.
fn until(n: u64) -> Option<Until> {
    match n % 4 {
        0 => Some(Until::Day(day(9 + n))),
        1 => Some(Until::NextPeriod { starts: day(9 + n) }),
        2 => Some(Until::Change { print: "2026-02-09".to_owned() }),
        _ => None,
    }
}

/// One of every state a task can be in.
pub(crate) fn states() -> Vec<TaskState> {
    let plan = PlanDigest::from("p");
    let batch = BatchId::from("b");
    let by = Actor::from("ann");
    let reasons = (0..).zip(IgnoreReason::ALL).map(|(n, reason)| {
        TaskState::Ignored(Ignored {
            reason: *reason,
            text: "because".to_owned(),
            by: Actor::from("ann"),
            at: at(3),
            until: until(n),
        })
    });
    let mut all = vec![
        TaskState::Pending(vec![
            Need::Link { kind: LinkKind::Container, source: "s".to_owned(), name: "n".to_owned() },
            Need::Decision { why: "no lines".to_owned() },
        ]),
        TaskState::Ready,
        TaskState::Planned(plan.clone()),
        TaskState::Queued { plan: plan.clone(), by },
        TaskState::Sending { plan: plan.clone(), batch: batch.clone() },
        TaskState::Synced { plan: plan.clone() },
        TaskState::Uncertain { plan: plan.clone(), batch, why: "reset".to_owned() },
        TaskState::Retrying { plan, at: at(4), failure: failure() },
        TaskState::Parked { failure: Failure { retry_after: None, ..failure() } },
        TaskState::Superseded { by: TaskId::from("task_9") },
    ];
    all.extend(reasons);
    all
}

pub(crate) fn task(n: u64, state: TaskState) -> Task {
    let order = order(n, OrderStatus::Completed);
    Task {
        id: TaskId::new(format!("task_{n:04}")),
        reseller: reseller(1).id,
        connection: connection_id(1),
        subject: Subject::Order { key: order.key, revision: Revision::new(format!("r{n}")) },
        kind: JobKind::Change,
        number: order.number,
        customer: customer(n).id,
        customer_name: customer(n).name,
        subscription: Some(subscription(n).id),
        amount: usd("-99.30"),
        scenario: "upgrade or downgrade".to_owned(),
        state,
        created_at: at(n),
        observed_at: at(n),
        updated_at: at(n + 1),
        failures: 2,
        crashes: 1,
        version: 1,
    }
}

pub(crate) fn initial_task(n: u64) -> Task {
    Task {
        id: TaskId::new(format!("task_initial_{n:04}")),
        subject: Subject::Initial { marketplace: marketplace_id(), subscription: subscription(n).id },
        kind: JobKind::Initial,
        ..task(n, TaskState::Ready)
    }
}

pub(crate) fn link(n: u64, kind: LinkKind, state: LinkState) -> Link {
    Link {
        key: LinkKey { connection: connection_id(1), kind, source: format!("source-{n}") },
        source_name: "Contoso".to_owned(),
        state,
        why: "set by ann".to_owned(),
    }
}

pub(crate) fn linked() -> LinkState {
    LinkState::Linked(LinkTarget {
        id: EntityId::from("e1"),
        code: "200".to_owned(),
        name: "Sales".to_owned(),
        attributes: pairs(2),
    })
}

pub(crate) fn plan(n: u64) -> SealedPlan {
    let change = Change {
        key: ChangeKey::new(format!("change-{n}")),
        action: Action::Create,
        document: "invoice".to_owned(),
        target: Some(EntityId::from("e1")),
        title: "Invoice".to_owned(),
        fields: vec![Field {
            name: "date".to_owned(),
            before: None,
            after: Some("2026-01-31".to_owned()),
            owner: "host".to_owned(),
        }],
        lines: vec![PlanLine {
            covers: vec![LineId::from("1"), LineId::from("2")],
            description: "Office".to_owned(),
            quantity: amount("18.0"),
            unit_price: amount("33.1000"),
            unit_cost: Some(amount("20")),
            amount: amount("595.80"),
            bills: amount("-595.80"),
            why: "scenario".to_owned(),
            attributes: pairs(3),
        }],
        total: usd("-595.80"),
        why: "new".to_owned(),
        attributes: pairs(4),
    };
    let plan = Plan {
        task: TaskId::new(format!("task_{n:04}")),
        changes: vec![change],
        left_out: vec![Omission { line: LineId::from("3"), why: "zero".to_owned() }],
        notes: vec!["note".to_owned()],
        payload: (0..=255).collect(),
        attributes: pairs(5),
    };
    let ground = Ground {
        revision: Revision::from("r1"),
        links: "l".to_owned(),
        settings: "s".to_owned(),
        rules: "r".to_owned(),
        adjustments: "a".to_owned(),
        target_records: "t".to_owned(),
        plugin: PluginDigest::from("d"),
    };
    let findings = Severity::ALL
        .iter()
        .map(|severity| Finding { severity: *severity, code: "c".to_owned(), message: "m".to_owned() })
        .collect();
    let judged = Judged { ground, findings, source_total: usd("-595.8"), claims: claims(n) };
    SealedPlan::seal(connection_id(1), plan, judged, at(n))
}

/// What plan `n` bills: twice for a subscription that it shares with the plan before, once for one of its own.
pub(crate) fn claims(n: u64) -> Vec<Claim> {
    let claim = |place: u64, subscription: u64| Claim {
        task: TaskId::new(format!("task_{n:04}")),
        number: format!("SO{n:06}"),
        kind: member(JobKind::ALL, n),
        customer: customer(n).id,
        subscription: SubscriptionId::new(format!("s{subscription}")),
        product: if place == 2 { String::new() } else { product_ref(n).code },
        fee: member(Fee::ALL, place),
        period: (place != 2).then(|| Period::new(day(0), day(31)).unwrap()),
        amount: usd(&format!("-{n}.0{place}0")),
        statement: (place == 1).then(|| counterfoil_domain::claim::OfStatement {
            line: LineId::new(format!("l{n}")),
            period: Period::new(day(0), day(31)).unwrap(),
        }),
    };
    vec![claim(0, n), claim(1, n + 1), claim(2, n)]
}

/// A sample state, but of this plan.
pub(crate) fn of_plan(mut state: TaskState, digest: &PlanDigest) -> TaskState {
    match &mut state {
        TaskState::Planned(plan)
        | TaskState::Queued { plan, .. }
        | TaskState::Sending { plan, .. }
        | TaskState::Synced { plan }
        | TaskState::Uncertain { plan, .. }
        | TaskState::Retrying { plan, .. } => plan.clone_from(digest),
        _ => {}
    }
    state
}

pub(crate) fn rule(n: u64) -> IgnoreRule {
    let usd = Currency::parse("USD").unwrap();
    let amounts = [Amounts::AtMost(amount("0.500")), Amounts::AtLeast(amount("-3"))];
    let all = Criteria {
        customer: Some(customer(n).id),
        product: Some(product_ref(n).code),
        order_type: Some(member(OrderType::ALL, n)),
        amount: Some((member(&amounts, n), usd)),
        subscription: Some(subscription(n).id),
        print: Some("ab".repeat(32)),
    };
    IgnoreRule {
        id: RuleId::new(format!("rule_{n}")),
        connection: connection_id(1),
        criteria: if n.is_multiple_of(3) { Criteria { print: None, amount: None, ..all } } else { all },
        text: "never \"billed\" here".to_owned(),
        by: Actor::from("ann"),
        at: at(100 - n),
        until: (n % 2 == 1).then(|| day(n)),
    }
}

pub(crate) fn adjustments(n: u64) -> Adjustments {
    let full = LineSet {
        period: Period::new(day(n), day(n + 31)).ok(),
        description: Some("by hand".to_owned()),
        quantity: Some(amount("-2.50")),
        unit_price: Some(amount("0.00")),
        unit_cost: Some(amount("1.10")),
        billing: Some(member(Billing::ALL, n)),
        taxable: Some(n.is_multiple_of(2)),
        price_source: Some(member(PriceSource::ALL, n)),
    };
    let line = |id: &str, set: LineSet, product: Option<String>| LineAdjustment {
        line: LineId::from(id),
        fee: member(Fee::ALL, n),
        product,
        set,
    };
    let added = |product: Option<ProductRef>, id: &str| AddedLine {
        id: LineId::from(id),
        fee: member(Fee::ALL, n + 1),
        description: "one more".to_owned(),
        quantity: amount("1"),
        unit_price: amount("12.340"),
        unit_cost: product.as_ref().map(|_| amount("9")),
        period: product.as_ref().and_then(|_| Period::new(day(0), day(1)).ok()),
        taxable: product.as_ref().map(|_| false),
        product,
    };
    Adjustments {
        task: TaskId::new(format!("task_{n:04}")),
        document: BTreeMap::from([("due_date".to_owned(), day(n).to_string())]),
        lines: vec![line("1", full, Some("MPN-1".to_owned())), line("2", LineSet::default(), None)],
        added: vec![added(Some(product_ref(n)), "added-1"), added(None, "added-2")],
        decided: (n % 2 == 1).then(|| "the customer asked for it".to_owned()),
        by: Actor::from("ann"),
        at: at(n),
        dropped: vec!["line 3 is gone".to_owned()],
    }
}

fn change_receipt(n: u64) -> ChangeReceipt {
    ChangeReceipt {
        key: ChangeKey::new(format!("change-{n}")),
        action: Action::Update,
        document: "credit-note".to_owned(),
        reference: EntityId::from("inv"),
        number: "INV-0042".to_owned(),
        total: Some(usd("1.10")),
        attributes: pairs(6),
    }
}

/// The first has none, as batches of earlier versions.
fn trail(n: u64) -> Trail {
    let look = |sighting| Look { at: at(8), plan: plan(n).digest, change: "c".into(), sighting };
    let looks = vec![
        look(Sighting::NoAnswer("no connection".to_owned())),
        look(Sighting::Absent),
        look(Sighting::Found("inv-1".into())),
        look(Sighting::Several(vec!["inv-1".into(), "inv-2".into()])),
    ];
    let follow_up = n.is_multiple_of(2).then(|| ChangeKey::new("allocation"));
    let spared = vec![plan(n).digest];
    if n == 1 { Trail::default() } else { Trail { applying: true, crashes: 1, spared, looks, follow_up } }
}

pub(crate) fn batch(n: u64, state: BatchState) -> Batch {
    Batch {
        id: BatchId::new(format!("batch_{n}")),
        connection: connection_id(1),
        plugin: PluginDigest::from("d"),
        plans: vec![plan(n).digest, plan(n + 1).digest],
        adopted: vec![(plan(n).digest, change_receipt(n))],
        state,
        opened_at: at(100 - n),
        probes: 3,
        probe_at: Some(at(9)),
        trail: trail(n),
    }
}

pub(crate) fn effect(n: u64, state: EffectState) -> Effect {
    let request = Request {
        operation: "create-invoice".to_owned(),
        method: "PUT".to_owned(),
        path: "/Invoices".to_owned(),
        query: pairs(7),
        headers: pairs(8),
        body: vec![0, 255, u8::try_from(n).unwrap()],
    };
    Effect {
        batch: BatchId::from("batch_1"),
        key: EffectKey::new(format!("effect-{n}")),
        request_digest: request_digest(&request),
        request,
        idempotency_key: "cf-1".to_owned(),
        attempt: 1,
        state,
        first_sent_at: at(n),
        deadline: at(n + 30),
        answered_at: Some(at(n + 1)),
    }
}

pub(crate) fn answered() -> EffectState {
    EffectState::Answered(Response { status: 200, headers: pairs(9), body: vec![1, 0, 200], replayed: false })
}

pub(crate) fn follow_up_states() -> Vec<FollowUpState> {
    vec![
        FollowUpState::Waiting { at: at(9) },
        FollowUpState::Sending { batch: BatchId::from("batch_1"), at: at(8) },
        FollowUpState::Done { at: at(7) },
        FollowUpState::Left { why: "it is VOIDED".to_owned(), at: at(7) },
        FollowUpState::Person { why: "it is there twice".to_owned(), at: at(7) },
    ]
}

pub(crate) fn follow_up(n: u64) -> FollowUp {
    FollowUp {
        connection: connection_id(1),
        task: TaskId::new(format!("task_{n:04}")),
        plan: plan(n).digest,
        change: ChangeKey::new(format!("change-{n}")),
        plugin: PluginDigest::from("d"),
        title: "Credit allocated".to_owned(),
        waits_for: "both to be approved".to_owned(),
        documents: vec![Awaited { document: "invoice".to_owned(), reference: EntityId::from("inv") }],
        state: FollowUpState::Waiting { at: at(9) },
        begun_at: at(6),
        looked_at: n.is_multiple_of(2).then(|| at(7)),
        looks: 3,
        failures: 1,
    }
}

pub(crate) fn receipt(n: u64) -> StoredReceipt {
    let observation = Observation {
        task: TaskId::new(format!("task_{n:04}")),
        documents: vec![ObservedDocument {
            key: ChangeKey::new(format!("change-{n}")),
            reference: EntityId::from("inv"),
            number: String::new(),
            state: "draft".to_owned(),
            total: usd("1.1"),
            lines: vec![ObservedLine {
                description: "d".to_owned(),
                quantity: amount("1"),
                unit_price: amount("1.1"),
                amount: amount("1.10"),
            }],
            attributes: pairs(10),
        }],
        attributes: pairs(11),
    };
    StoredReceipt {
        plan: plan(n).digest,
        batch: BatchId::new(format!("batch_{n}")),
        receipt: Receipt {
            task: TaskId::new(format!("task_{n:04}")),
            changes: vec![change_receipt(n)],
            attributes: pairs(12),
        },
        stored_at: at(50 - n),
        observed: Some((at(n), observation)),
    }
}

pub(crate) fn exchange(n: u64, outcome: &str) -> ExchangeRecord {
    ExchangeRecord {
        at: at(n),
        caller: format!("connection/xero-{}", n % 2),
        operation: "list-contacts".to_owned(),
        method: "GET".to_owned(),
        path: "/Contacts".to_owned(),
        status: 200,
        millis: u64::MAX,
        outcome: outcome.to_owned(),
        note: String::new(),
        context: "batch_1".to_owned(),
    }
}

pub(crate) fn audit_entry(n: u64) -> AuditEntry {
    AuditEntry {
        at: at(n),
        actor: Actor::from("ann"),
        action: "confirm".to_owned(),
        subject: format!("task_{n:04}"),
        detail: "1.10 USD".to_owned(),
    }
}

pub(crate) fn run(n: u64, kind: RunKind, state: RunState) -> Run {
    Run {
        id: RunId::new(format!("run_{n}")),
        reseller: reseller(n % 2).id,
        connection: connection_id(1),
        kind,
        state,
        asked_by: Actor::from("ann"),
        asked_at: at(n),
        started_at: Some(at(n + 1)),
        finished_at: state.is_over().then(|| at(n + 2)),
        total: Some(10),
        done: 3,
        counts: vec![("orders-seen".to_owned(), 3)],
        problems: vec![Problem { code: "c".to_owned(), subject: "s".to_owned(), message: "m".to_owned() }],
    }
}

pub(crate) fn run_kinds() -> Vec<RunKind> {
    vec![
        RunKind::Check,
        RunKind::Backfill(Period::new(day(0), day(40)).unwrap()),
        RunKind::Plan(Selection::AllReady),
        RunKind::Plan(Selection::Tasks(vec![TaskId::from("t1"), TaskId::from("t2")])),
        RunKind::Sync(vec![PlanDigest::from("p1")]),
        RunKind::Reconcile {
            subscriptions: vec![SubscriptionId::from("s1")],
            period: Period::new(day(0), day(30)).unwrap(),
        },
        RunKind::Products { program: ProgramName::MicrosoftCsp, which: ProductChoice::All },
        RunKind::Products {
            program: ProgramName::MicrosoftCsp,
            which: ProductChoice::These(vec!["P1Y:M:A".to_owned()]),
        },
    ]
}
