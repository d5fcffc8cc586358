//! The checker: a right plan passes, and each way of being wrong is found by its own code.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use chrono::NaiveDate;
use counterfoil_domain::checker::{Against, check};
use counterfoil_domain::claim::Claim;
use counterfoil_domain::connection::HostRules;
use counterfoil_domain::id::{
    ChangeKey, CustomerId, EntityId, LineId, MarketplaceId, OrderId, Revision, SubscriptionId, TaskId,
};
use counterfoil_domain::job::{Adjustment, Billing, Job, JobKind, JobLine, JobLink, JobOrder, PriceSource, QuantityIs};
use counterfoil_domain::link::LinkKind;
use counterfoil_domain::money::{Currency, Money};
use counterfoil_domain::order::{BillingModel, Fee, OrderKey};
use counterfoil_domain::period::Period;
use counterfoil_domain::plan::{Action, Change, Omission, Plan, PlanLine};
use rust_decimal::Decimal;

fn usd() -> Currency {
    Currency::parse("USD").unwrap()
}

fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 1).unwrap()
}

fn job_line(id: &str, quantity: &str, price: &str, amount: &str) -> JobLine {
    JobLine {
        id: LineId::new(id),
        fee: Fee::ResourceRecurring,
        description: id.to_owned(),
        product_code: "P".into(),
        product_name: "Product".into(),
        quantity: number(quantity),
        quantity_is: QuantityIs::Whole,
        unit_price: number(price),
        unit_cost: None,
        amount: number(amount),
        cost: None,
        service_period: None,
        billing: Billing::Billable,
        taxable: None,
        price_source: PriceSource::Order,
        arithmetic: String::new(),
        proration: None,
        item: None,
        attributes: vec![],
    }
}

fn job() -> Job {
    Job {
        task: TaskId::new("t"),
        order: JobOrder {
            key: OrderKey { marketplace: MarketplaceId::new("m"), order: OrderId::new("o") },
            number: "SO1".into(),
            kind: JobKind::Sales,
            revision: Revision::new("r"),
            currency: usd(),
            billing_model: BillingModel::BeforeBillingPeriod,
            billing_cycle: "P1M".into(),
            customer_id: "c".into(),
            customer_name: "C".into(),
            subscription_id: "s".into(),
            subscription_name: "S".into(),
            created_on: day(),
            effective_on: day(),
            lines: vec![job_line("a", "18", "33.00", "594.00"), job_line("b", "1", "10.00", "10.00")],
            total: number("604.00"),
            attributes: vec![],
        },
        links: vec![],
        settings: vec![],
        adjustments: vec![],
        marker: "SO1".into(),
        today: day(),
        attributes: vec![],
    }
}

fn line(covers: &str, quantity: &str, price: &str, amount: &str) -> PlanLine {
    PlanLine {
        covers: covers.split_whitespace().map(LineId::new).collect(),
        description: covers.to_owned(),
        quantity: number(quantity),
        unit_price: number(price),
        unit_cost: None,
        amount: number(amount),
        bills: number(amount),
        why: String::new(),
        attributes: vec![],
    }
}

fn plan() -> Plan {
    Plan {
        task: TaskId::new("t"),
        changes: vec![Change {
            key: ChangeKey::new("invoice:o"),
            action: Action::Create,
            document: "invoice".into(),
            target: None,
            title: "invoice".into(),
            fields: vec![],
            lines: vec![line("a", "18", "33.00", "594.00"), line("b", "1", "10.00", "10.00")],
            total: Money::new(number("604.00"), usd()),
            why: "new sale".into(),
            attributes: vec![],
        }],
        left_out: vec![],
        notes: vec![],
        payload: vec![],
        attributes: vec![],
    }
}

fn against<'a>(job: &'a Job, documents: &'a [String], rules: &'a HostRules, history: &'a [Claim]) -> Against<'a> {
    Against { job, order_total: None, documents, rules, history, neighbours: &[] }
}

fn codes(plan: &Plan, job: &Job, total: &str, rules: &HostRules) -> Vec<String> {
    let documents = ["invoice".to_owned(), "credit-note".to_owned()];
    let against = Against {
        job,
        order_total: Some(Money::new(number(total), usd())),
        documents: &documents,
        rules,
        history: &[],
        neighbours: &[],
    };
    let mut codes: Vec<String> = check(plan, against).into_iter().map(|finding| finding.code).collect();
    codes.sort();
    codes.dedup();
    codes
}

#[test]
fn a_right_plan_has_no_findings() {
    assert_eq!(codes(&plan(), &job(), "604.00", &HostRules::default()), Vec::<String>::new());
}

type Spoil = (&'static str, fn(&mut Plan));

/// What is done to the plan, and the code that must be among the findings.
const SPOILS: &[Spoil] = &[
    ("wrong-task", |p| p.task = TaskId::new("other")),
    ("duplicate-key", |p| {
        let twin = p.changes[0].clone();
        p.changes.push(twin);
    }),
    ("duplicate-key", |p| p.changes[0].key = ChangeKey::new("")),
    ("currency-mismatch", |p| p.changes[0].total.currency = Currency::parse("EUR").unwrap()),
    ("document-not-on-card", |p| p.changes[0].document = "bill".into()),
    ("action-without-sense", |p| p.changes[0].target = Some(EntityId::new("x"))),
    ("action-without-sense", |p| p.changes[0].action = Action::Update),
    ("change-total", |p| p.changes[0].total.amount = number("604.01")),
    ("arithmetic", |p| p.changes[0].lines[0].unit_price = number("33.01")),
    ("finer-than-a-coin", |p| {
        p.changes[0].lines[0].amount = number("594.001");
    }),
    ("sign", |p| p.changes[0].lines[1].bills = number("9.00")),
    ("line-amount", |p| {
        p.changes[0].lines[1] = line("b", "1", "11.00", "11.00");
    }),
    ("line-missing", |p| {
        p.changes[0].lines.pop();
    }),
    ("covered-twice", |p| {
        let twin = p.changes[0].lines[0].clone();
        p.changes[0].lines.push(twin);
    }),
    ("covered-twice", |p| p.left_out.push(Omission { line: LineId::new("a"), why: "why".into() })),
    ("invented-line", |p| p.changes[0].lines.push(line("", "1", "5.00", "5.00"))),
    ("left-out-without-reason", |p| {
        p.changes[0].lines.pop();
        p.left_out.push(Omission { line: LineId::new("b"), why: " ".into() });
    }),
    ("money-left-out", |p| {
        p.changes[0].lines.pop();
        p.left_out.push(Omission { line: LineId::new("b"), why: "below a cent".into() });
    }),
    ("plan-total", |p| {
        p.changes[0].lines.pop();
        p.changes[0].total.amount = number("594.00");
    }),
    ("too-many-lines", |p| {
        let many = line("a", "1", "0", "0");
        p.changes[0].lines.extend(std::iter::repeat_n(many, 1_000));
    }),
];

#[test]
fn each_spoiled_plan_is_found_by_its_code() {
    for (code, spoil) in SPOILS {
        let mut plan = plan();
        spoil(&mut plan);
        let found = codes(&plan, &job(), "604.00", &HostRules::default());
        assert!(found.iter().any(|f| f == code), "{code} was not found, but {found:?}");
    }
}

#[test]
fn a_difference_to_the_orders_total_needs_a_person() {
    assert_eq!(codes(&plan(), &job(), "604.01", &HostRules::default()), ["order-total-differs"]);
    // Finer than a coin is no difference.
    assert!(codes(&plan(), &job(), "603.9996", &HostRules::default()).is_empty());
}

#[test]
fn a_catalogue_that_makes_another_total_is_said() {
    let mut job = job();
    for line in &mut job.order.lines {
        line.price_source = PriceSource::Catalogue;
    }
    assert_eq!(codes(&plan(), &job, "700.00", &HostRules::default()), ["catalogue-differs"]);
    assert!(codes(&plan(), &job, "604.00", &HostRules::default()).is_empty());
}

#[test]
fn a_bound_on_one_plan_needs_a_person() {
    let rules = HostRules { most_per_plan: Some(number("600")), ..HostRules::default() };
    assert_eq!(codes(&plan(), &job(), "604.00", &rules), ["over-bound"]);
}

#[test]
fn a_yearly_container_is_refused_for_a_monthly_subscription() {
    let mut job = job();
    job.links.push(JobLink {
        kind: LinkKind::Container,
        source: "s".into(),
        target: EntityId::new("a1"),
        target_code: String::new(),
        target_name: "Yearly agreement".into(),
        attributes: vec![("cycle".into(), "P1Y".into())],
    });
    assert_eq!(codes(&plan(), &job, "604.00", &HostRules::default()), ["cycle-mismatch"]);
}

#[test]
fn a_price_below_cost_is_noted() {
    let mut job = job();
    job.order.lines[0].unit_cost = Some(number("40"));
    assert_eq!(codes(&plan(), &job, "604.00", &HostRules::default()), ["below-cost"]);
}

/// What was confirmed before for the subscription, and what is said of a plan that bills 594.00 for product P.
#[test]
fn beside_what_was_confirmed_before() {
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    let period = |from: &str, to: &str| Some(Period::new(day(from), day(to)).unwrap());
    let november = period("2026-11-01", "2026-12-01");
    let before = |kind, fee, product: &str, period, amount: &str| Claim {
        task: TaskId::new("before"),
        number: "SO0".into(),
        kind,
        customer: CustomerId::new("c"),
        subscription: SubscriptionId::new("s"),
        product: product.into(),
        fee,
        period,
        amount: Money::new(number(amount), usd()),
        statement: None,
    };
    let recurring = Fee::ResourceRecurring;
    let october = period("2026-10-01", "2026-11-01");
    let (sale, initial, change, bill) = (JobKind::Sales, JobKind::Initial, JobKind::Change, JobKind::Billing);
    let table = [
        ("nothing", bill, vec![], ""),
        ("the month before", bill, vec![before(bill, recurring, "P", october, "594")], ""),
        ("the same days", bill, vec![before(bill, recurring, "P", november, "594")], "period-billed-already"),
        ("a snapshot of them", bill, vec![before(initial, recurring, "P", november, "594")], "period-billed-already"),
        (
            "days that overlap",
            bill,
            vec![before(sale, recurring, "P", period("2026-11-30", "2026-12-30"), "594")],
            "period-billed-already",
        ),
        ("another product", bill, vec![before(sale, recurring, "Q", november, "594")], ""),
        ("the setup fee", bill, vec![before(sale, Fee::ResourceSetup, "P", november, "594")], ""),
        ("a change on top of it", bill, vec![before(change, recurring, "P", november, "33")], ""),
        ("what a change changes", change, vec![before(sale, recurring, "P", november, "594")], ""),
        ("given back", bill, vec![before(sale, recurring, "P", november, "-594")], ""),
        ("no days told", bill, vec![before(sale, recurring, "P", None, "594")], ""),
        ("a fifth of it", bill, vec![before(bill, recurring, "P", october, "118.80")], ""),
        ("less than a fifth", bill, vec![before(bill, recurring, "P", october, "118.79")], "grew"),
        ("less than a fifth, sold", sale, vec![before(bill, recurring, "P", october, "1")], ""),
        (
            "the last bill counts",
            bill,
            vec![before(bill, recurring, "P", october, "500"), {
                let older = before(bill, recurring, "P", period("2026-09-01", "2026-10-01"), "1");
                Claim { task: TaskId::new("older"), ..older }
            }],
            "",
        ),
    ];
    for (name, kind, history, code) in table {
        let mut job = job();
        job.order.kind = kind;
        job.order.lines.truncate(1);
        job.order.total = number("594.00");
        for line in &mut job.order.lines {
            line.service_period = november;
        }
        let mut plan = plan();
        for change in &mut plan.changes {
            change.lines.truncate(1);
            change.total = Money::new(number("594.00"), usd());
        }
        let documents = ["invoice".to_owned()];
        let rules = HostRules::default();
        let against = against(&job, &documents, &rules, &history);
        let codes: Vec<String> = check(&plan, against).into_iter().map(|finding| finding.code).collect();
        let expected: Vec<&str> = if code.is_empty() { vec![] } else { vec![code] };
        assert_eq!(codes, expected, "{name}");
        // Its own claims of an earlier plan are nobody else's.
        let own: Vec<Claim> = history.iter().cloned().map(|claim| Claim { task: job.task.clone(), ..claim }).collect();
        assert_eq!(check(&plan, Against { history: &own, ..against }), vec![], "{name}");
    }
}

#[test]
fn a_decided_difference_beside_the_revision_that_was_billed() {
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    let november = Some(Period::new(day("2026-11-01"), day("2026-12-01")).unwrap());
    let before = |number: &str| Claim {
        task: TaskId::new("before"),
        number: number.into(),
        kind: JobKind::Sales,
        customer: CustomerId::new("c"),
        subscription: SubscriptionId::new("s"),
        product: "P".into(),
        fee: Fee::ResourceRecurring,
        period: november,
        amount: Money::new(self::number("33"), usd()),
        statement: None,
    };
    let mut job = job();
    job.order.lines[0].service_period = november;
    let documents = ["invoice".to_owned()];
    let rules = HostRules::default();
    for (decided, earlier, found) in
        [(false, "SO1", true), (true, "SO1", false), (true, "SO2", true), (false, "SO2", true)]
    {
        let value = "the difference".to_owned();
        let set = Adjustment { line: LineId::new(""), field: "decided".to_owned(), value };
        job.adjustments = if decided { vec![set] } else { vec![] };
        let history = [before(earlier)];
        let against = against(&job, &documents, &rules, &history);
        let codes: Vec<String> = check(&plan(), against).into_iter().map(|finding| finding.code).collect();
        assert_eq!(codes.contains(&"period-billed-already".to_owned()), found, "{decided} {earlier}");
    }
}

#[test]
fn refunds_by_quantity_are_no_difference_to_the_orders_total_unless_a_person_made_it() {
    let mut job = job();
    let off = JobLine {
        billing: Billing::DoNotBill,
        attributes: vec![("amount-if-billed".to_owned(), "-40.00".to_owned())],
        ..job_line("c", "-1", "40.00", "0")
    };
    job.order.lines.push(off);
    let mut plan = plan();
    plan.left_out.push(Omission { line: LineId::new("c"), why: "refunds by quantity only".into() });
    let rules = HostRules::default();
    assert_eq!(codes(&plan, &job, "564.00", &rules), ["refunds-by-quantity"]);
    assert_eq!(codes(&plan, &job, "604.00", &rules), ["order-total-differs", "refunds-by-quantity"]);
    let value = "do-not-bill".to_owned();
    job.adjustments = vec![Adjustment { line: LineId::new("c"), field: "billing".to_owned(), value }];
    assert_eq!(codes(&plan, &job, "564.00", &rules), ["order-total-differs"]);
}
