//! Statements with their records, the orders and tasks that were made of them, their money, and programs.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use counterfoil_domain::id::{CustomerId, LineId, MarketplaceId, OrderId, Revision, SubscriptionId, TaskId};
use counterfoil_domain::market::Unreadable;
use counterfoil_domain::money::Currency;
use counterfoil_domain::motion::Motion;
use counterfoil_domain::order::{Order, OrderKey, OrderStatus, ProductRef};
use counterfoil_domain::period::Period;
use counterfoil_domain::ports::{
    KeptAs, KeptStatement, MoneyRow, PageRequest, StatementFilter, StatementSum, Store, StoredStatement, TaskFilter,
    Write,
};
use counterfoil_domain::program::{ProductMode, Program, ProgramName};
use counterfoil_domain::run::Problem;
use counterfoil_domain::statement::{Charge, Closing, OfStatement, Record, StatementHead, StatementPart};
use counterfoil_domain::task::{IgnoreReason, Ignored, Subject, Task, TaskState};

use crate::samples::{self, amount, at, connection_id, marketplace_id, member, usd};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn month(n: u32) -> Period {
    Period::new(day(&format!("2026-{n:02}-01")), day(&format!("2026-{:02}-01", n + 1))).unwrap()
}

fn record(n: u64) -> Record {
    Record {
        customer: CustomerId::new(format!("c{n}")),
        customer_name: format!("Müller {n} \"&\" Söhne"),
        subscription: format!("s{n}"),
        subscription_name: String::new(),
        product: ProductRef { code: format!("SKU:{n}"), name: "Office".to_owned() },
        motion: member(Motion::ALL, n),
        motion_told: "odd".to_owned(),
        charge: member(Charge::ALL, n),
        charge_name: "cycleFee".to_owned(),
        quantity: amount("1.50"),
        unit_cost: amount("0.0000001"),
        unit_price: amount("-3.10"),
        cost: amount("79228162514264337593543950335"),
        amount: amount("0.10"),
        currency: Currency::parse("JPY").unwrap(),
        charge_period: (n % 2 == 1).then(|| month(3)),
    }
}

fn stored(id: &str, issue: u32, stream: &str, period: Period, records: u64) -> StoredStatement {
    let sum = StatementSum {
        motion: Motion::Usage,
        currency: Currency::parse("USD").unwrap(),
        records,
        cost: amount("1.00"),
        amount: amount("2.50"),
    };
    let kept = KeptStatement {
        marketplace: marketplace_id(),
        head: StatementHead {
            id: id.to_owned(),
            stream: stream.to_owned(),
            stream_name: "Acme".to_owned(),
            period,
            currency: Currency::parse("USD").unwrap(),
            total: (issue != 2).then(|| amount("1.000")),
            issued_at: at(u64::from(issue)),
            fingerprint: "f".to_owned(),
        },
        issue,
        lineage: id.to_owned(),
        kept_as: if issue == 0 { KeptAs::Unreadable } else { KeptAs::First },
        content: "c".to_owned(),
        read_at: at(9),
        sums: vec![sum],
        problems: vec![Problem { code: "x".to_owned(), subject: id.to_owned(), message: "m".to_owned() }],
    };
    let unreadable = Unreadable { id: None, place: "row 7".to_owned(), problem: "no price".to_owned() };
    let unreadable = if issue == 0 { vec![unreadable] } else { vec![] };
    StoredStatement { kept, records: (0..records).map(record).collect(), unreadable }
}

fn put(stored: &StoredStatement) -> Write {
    Write::PutStatement(Box::new(stored.clone()))
}

async fn a_statement_comes_back_whole_and_in_parts<S: Store>(store: &S) {
    let m = marketplace_id();
    // More than are kept in one row, exactly as many, and none.
    for (id, records) in [("many", 1_203), ("exact", 500), ("none", 0)] {
        let one = stored(id, 1, "seat", month(4), records);
        store.commit(vec![put(&one)]).await.unwrap();
        assert_eq!(store.statement(&m, id, 1).await.unwrap(), Some(one.clone()), "{id}");
        for (from, limit) in [(0, 10), (495, 10), (499, 1), (500, 500), (1_200, 50), (2_000, 5), (0, 0), (0, 5_000)] {
            let part: Vec<Record> = one.records.iter().skip(from).take(limit).cloned().collect();
            assert_eq!(store.statement_records(&m, id, 1, from, limit).await.unwrap(), part, "{id} {from} {limit}");
        }
    }
    assert_eq!(store.statement(&m, "many", 2).await.unwrap(), None);
    assert_eq!(store.statement(&MarketplaceId::new("other"), "many", 1).await.unwrap(), None);
    // Fewer in place of many: nothing of the many is left.
    let fewer = stored("many", 1, "seat", month(4), 3);
    store.commit(vec![put(&fewer)]).await.unwrap();
    assert_eq!(store.statement(&m, "many", 1).await.unwrap(), Some(fewer));
}

async fn one_that_could_not_be_read_gives_way<S: Store>(store: &S) {
    let m = marketplace_id();
    let (bad, good) = (stored("a", 0, "seat", month(4), 2), stored("a", 1, "seat", month(4), 2));
    store.commit(vec![put(&bad)]).await.unwrap();
    assert_eq!(store.statement(&m, "a", 0).await.unwrap(), Some(bad.clone()));
    store.commit(vec![put(&good), put(&stored("a", 2, "seat", month(4), 1))]).await.unwrap();
    assert_eq!(store.statement(&m, "a", 0).await.unwrap(), None);
    assert_eq!(store.statement_records(&m, "a", 0, 0, 9).await.unwrap(), vec![]);
    let ids = |kept: Vec<KeptStatement>| kept.into_iter().map(|one| one.issue).collect::<Vec<_>>();
    assert_eq!(ids(store.statements(&m, StatementFilter::default()).await.unwrap()), [1, 2]);
    // A later issue that cannot be read stands beside those that could.
    store.commit(vec![put(&bad)]).await.unwrap();
    assert_eq!(ids(store.statements(&m, StatementFilter::default()).await.unwrap()), [0, 1, 2]);
}

async fn what_is_told_anew_changes_the_head_alone<S: Store>(store: &S) {
    let m = marketplace_id();
    let one = stored("a", 1, "seat", month(4), 2);
    let mut kept = one.kept.clone();
    kept.read_at = at(500);
    kept.head.fingerprint = "other".to_owned();
    store.commit(vec![Write::PutStatementHead(kept.clone())]).await.unwrap();
    assert_eq!(store.statement(&m, "a", 1).await.unwrap(), None, "one that is not there is not made");
    store.commit(vec![put(&one), Write::PutStatementHead(kept.clone())]).await.unwrap();
    assert_eq!(store.statement(&m, "a", 1).await.unwrap(), Some(StoredStatement { kept, ..one }));
}

async fn lists_are_by_period_and_filtered<S: Store>(store: &S) {
    let m = marketplace_id();
    let all = [
        stored("b", 1, "seat", month(5), 1),
        stored("a", 1, "seat", month(6), 1),
        stored("c", 1, "usage", month(4), 1),
        stored("a", 2, "seat", month(6), 1),
    ];
    store.commit(all.iter().map(put).collect()).await.unwrap();
    let list = async |stream: Option<&str>, from: Option<&str>, before: Option<&str>| {
        let filter =
            StatementFilter { stream: stream.map(str::to_owned), from: from.map(day), before: before.map(day) };
        let found = store.statements(&m, filter).await.unwrap();
        found.iter().map(|one| format!("{}{}", one.head.id, one.issue)).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(list(None, None, None).await, "c1 b1 a1 a2");
    assert_eq!(list(Some("seat"), None, None).await, "b1 a1 a2");
    assert_eq!(list(None, Some("2026-05-01"), None).await, "b1 a1 a2");
    assert_eq!(list(None, Some("2026-05-02"), Some("2026-07-01")).await, "a1 a2");
    assert_eq!(list(None, None, Some("2026-06-01")).await, "c1 b1");
    assert!(store.statements(&MarketplaceId::new("x"), StatementFilter::default()).await.unwrap().is_empty());
}

fn order(n: u64, statement: &str, period: Period, motion: Motion) -> Order {
    let line = OfStatement {
        charge: Charge::Recurring,
        charge_name: "fee".to_owned(),
        subscription: "s".to_owned(),
        key: "k".to_owned(),
        closing: Some(Closing { quantity: amount("2"), unit_price: amount("1.10"), unit_cost: None }),
    };
    let part = StatementPart {
        statement: statement.to_owned(),
        stream: "seat".to_owned(),
        period,
        motion,
        issue: 1,
        before: amount("0.005"),
        lines: [(LineId::from("1"), line)].into(),
    };
    Order {
        key: OrderKey { marketplace: samples::marketplace(1).id, order: OrderId::new(format!("{statement}:{n}")) },
        subscription: Some(SubscriptionId::new(format!("c{n}/{motion}"))),
        statement: Some(Box::new(part)),
        ..samples::order(n, OrderStatus::Completed)
    }
}

fn task(n: u64, order: &Order, connection: u64, state: TaskState, money: &str) -> Task {
    Task {
        id: TaskId::new(format!("task_{connection}_{}_{n}", order.key.order)),
        connection: connection_id(connection),
        subject: Subject::Order { key: order.key.clone(), revision: Revision::new("r") },
        customer: CustomerId::new(format!("c{n}")),
        subscription: order.subscription.clone(),
        amount: usd(money),
        state,
        ..samples::task(n, TaskState::Ready)
    }
}

fn motion_off() -> TaskState {
    let (reason, text) = (IgnoreReason::MotionOff, "off".to_owned());
    TaskState::Ignored(Ignored { reason, text, by: "rules".into(), at: at(1), until: None })
}

async fn fill<S: Store>(store: &S) -> Vec<Task> {
    let april = order(1, "a", month(4), Motion::MonthlyMonthly);
    let may = order(1, "b", month(5), Motion::MonthlyMonthly);
    let usage = order(2, "b", month(5), Motion::Usage);
    let plain = samples::order(7, OrderStatus::Completed);
    let gone = TaskState::Superseded { by: TaskId::from("x") };
    let tasks = vec![
        task(1, &april, 1, TaskState::Synced { plan: "p".into() }, "10.00"),
        task(1, &may, 1, TaskState::Ready, "11.00"),
        task(2, &usage, 1, motion_off(), "-3.50"),
        Task { id: "again".into(), ..task(2, &usage, 1, gone, "99.00") },
        Task { id: "correction".into(), ..task(1, &may, 1, TaskState::Ready, "0.25") },
        task(1, &may, 2, TaskState::Ready, "11.00"),
        task(9, &plain, 1, TaskState::Ready, "5.00"),
    ];
    let mut writes = vec![Write::PutMarketplace(samples::marketplace(1))];
    for order in [april, may, usage, plain] {
        writes.push(Write::PutOrder { order, fingerprint: "f".to_owned(), observed_at: at(0) });
    }
    writes.extend(tasks.iter().cloned().map(Write::InsertTask));
    store.commit(writes).await.unwrap();
    tasks
}

async fn orders_and_tasks_are_found_by_their_statement<S: Store>(store: &S) {
    let tasks = fill(store).await;
    let m = samples::marketplace(1).id;
    let known = store.orders_of_statement(&m, "b").await.unwrap();
    let ids: Vec<&str> = known.iter().map(|known| known.id.as_str()).collect();
    assert_eq!(ids, ["b:1", "b:2"]);
    assert_eq!(known[0].revision, order(1, "b", month(5), Motion::MonthlyMonthly).revision());
    assert!(store.orders_of_statement(&marketplace_id(), "b").await.unwrap().is_empty());
    let of = async |statement: &str, connection: Option<u64>, state: &str| {
        let filter = TaskFilter {
            statement: Some(statement.to_owned()),
            connection: connection.map(connection_id),
            states: (!state.is_empty()).then(|| state.to_owned()).into_iter().collect(),
            ..TaskFilter::default()
        };
        let all = store.tasks(filter.clone(), PageRequest { after: None, limit: 100 }).await.unwrap();
        // The same in pages of one.
        let mut paged = Vec::new();
        let mut after = None;
        while let Some(one) =
            store.tasks(filter.clone(), PageRequest { after: after.clone(), limit: 1 }).await.unwrap().pop()
        {
            after = Some((one.observed_at, one.id.clone()));
            paged.push(one);
        }
        assert_eq!(all, paged);
        all.iter().map(|task| task.id.to_string()).collect::<BTreeSet<_>>().len()
    };
    assert_eq!(of("a", None, "").await, 1);
    assert_eq!(of("b", Some(1), "").await, 4);
    assert_eq!(of("b", None, "").await, 5);
    assert_eq!(of("b", Some(1), "ready").await, 2);
    assert_eq!(of("b", Some(1), "synced").await, 0);
    assert_eq!(of("none", None, "").await, 0);
    // Those of a customer's motion, the newest period first.
    let of = store.statement_tasks_of(&connection_id(1), &SubscriptionId::new("c1/monthly-monthly"), 9).await.unwrap();
    let ids: Vec<&str> = of.iter().map(|task| task.id.as_str()).collect();
    assert_eq!(ids, ["task_1_b:1_1", "correction", "task_1_a:1_1"]);
    let one = store.statement_tasks_of(&connection_id(2), &SubscriptionId::new("c1/monthly-monthly"), 1).await.unwrap();
    assert_eq!(one, vec![tasks[5].clone()]);
}

async fn money_is_added_up_by_period_motion_and_state<S: Store>(store: &S) {
    fill(store).await;
    let rows = async |connection: u64, from: &str, before: &str| -> Vec<String> {
        let rows = store.statement_money(&connection_id(connection), day(from), day(before)).await.unwrap();
        let text = |row: &MoneyRow| {
            format!(
                "{} {} {} {} {} {} {}",
                row.period.start(),
                row.motion,
                row.customer,
                row.state,
                row.reason.as_deref().unwrap_or("-"),
                row.tasks,
                row.money.amount
            )
        };
        rows.iter().map(text).collect()
    };
    assert_eq!(
        rows(1, "2026-01-01", "2027-01-01").await,
        [
            "2026-04-01 monthly-monthly c1 synced - 1 10.00",
            "2026-05-01 monthly-monthly c1 ready - 2 11.25",
            "2026-05-01 usage c2 ignored motion-off 1 -3.50",
        ]
    );
    assert_eq!(rows(2, "2026-01-01", "2027-01-01").await, ["2026-05-01 monthly-monthly c1 ready - 1 11.00"]);
    assert_eq!(rows(1, "2026-04-01", "2026-05-01").await.len(), 1);
    assert_eq!(rows(1, "2026-06-01", "2027-01-01").await.len(), 0);
}

async fn programs_are_kept_as_they_are_set<S: Store>(store: &S) {
    let off = Program::off(connection_id(1), ProgramName::MicrosoftCsp);
    let full = Program {
        enabled: true,
        emails: vec!["a@b.example".to_owned(), "c@d.example".to_owned()],
        billing: true,
        motions: Motion::ALL.iter().copied().collect(),
        products: true,
        mode: ProductMode::All,
        azure: true,
        annual: true,
        taxable: true,
        daily_at: Some(1_439),
        time_zone: "America/St_Johns".to_owned(),
        ..off.clone()
    };
    assert_eq!(store.programs(&connection_id(1)).await.unwrap(), vec![]);
    let other = Program { connection: connection_id(2), ..full.clone() };
    for program in [&off, &full, &off, &full] {
        store.commit(vec![Write::PutProgram(program.clone()), Write::PutProgram(other.clone())]).await.unwrap();
        assert_eq!(store.programs(&connection_id(1)).await.unwrap(), vec![program.clone()]);
    }
    assert_eq!(store.programs(&connection_id(2)).await.unwrap(), vec![other]);
}

crate::both_stores!(
    a_statement_comes_back_whole_and_in_parts,
    one_that_could_not_be_read_gives_way,
    what_is_told_anew_changes_the_head_alone,
    lists_are_by_period_and_filtered,
    orders_and_tasks_are_found_by_their_statement,
    money_is_added_up_by_period_motion_and_state,
    programs_are_kept_as_they_are_set,
);
