//! Check Changes of a marketplace that shows statements: walk its list, read what may be new, take each in, one commit a
//! statement. Decides nothing: which rows are read is `statement_list`, what a statement is beside the others is
//! `statement`; no initial tasks, because a statement bills what was, and no walk over orders.

mod kept;
mod reading;
mod walk;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use counterfoil_domain::changes::{self, Pass};
use counterfoil_domain::connection::Connection;
use counterfoil_domain::id::CustomerId;
use counterfoil_domain::market::{Customer, Product};
use counterfoil_domain::ports::{
    Cursor, KeptAs, KeptStatement, StatementFilter, StatementSource, StoredStatement, Write,
};
use counterfoil_domain::run::{Problem, RunKind};
use counterfoil_domain::statement::{self, Known, Statement, StatementHead, Taken, What};
use counterfoil_domain::statement_list::{Reading, readings, silent};

use super::intake::Intake;
use crate::engine::{Engine, EngineError};
use crate::progress::Progress;
use kept::Missed;
use reading::{Read, read_some};

/// Statements read at the same time. Each may be large, and sources allow few calls.
const AT_ONCE: usize = 4;

/// One connection, its source, and the clock when the check began.
#[derive(Debug)]
struct Desk<'a> {
    engine: &'a Engine,
    connection: &'a Connection,
    source: Arc<dyn StatementSource>,
    now: DateTime<Utc>,
}

pub(super) async fn check(
    engine: &Engine,
    connection: &Connection,
    source: Arc<dyn StatementSource>,
    progress: &mut Progress,
) -> Result<(), EngineError> {
    let desk = Desk { engine, connection, source, now: engine.clock.now() };
    let cursor = engine.store.cursor(&connection.id).await?;
    let done = cursor.as_ref().filter(|cursor| cursor.initial_done);
    let pass = match (&progress.run.kind, done) {
        (RunKind::Backfill(_), None) => return Err(EngineError::NotChecked(connection.id.clone())),
        (RunKind::Backfill(days), Some(_)) => Pass::Range(*days),
        (_, Some(done)) => Pass::Later { until: done.seen_until },
        (_, None) => Pass::First { window: changes::first_window(&connection.rules, cursor.as_ref(), desk.now) },
    };
    let window = pass.window().or(done.map(|done| done.seen_until)).unwrap_or(desk.now);
    let begun = Cursor { connection: connection.id.clone(), initial_done: false, seen_until: window, swept_at: None };
    if cursor.is_none() {
        engine.store.commit(vec![Write::PutCursor(begun.clone())]).await?;
    }
    let names = customers(&desk, progress).await?;
    let (heads, complete) = walk::walk(&desk, progress).await?;
    let kept = engine.store.statements(&connection.marketplace, StatementFilter::default()).await?;
    let wanted = wanted(&desk, (&heads, &kept), (pass, window), progress).await?;
    let mut intake = Intake::open(engine, connection, pass, desk.now).await?;
    take_all(&desk, &mut intake, wanted, (kept, &names), progress).await?;
    let missed = match (pass, done.and_then(|done| done.swept_at)) {
        (Pass::Range(days), _) => Missed::Days(days),
        (_, Some(since)) => Missed::Since(since),
        (_, None) => Missed::First { window },
    };
    kept::catch_up(&desk, &mut intake, missed, progress).await?;
    let kept = engine.store.statements(&connection.marketplace, StatementFilter::default()).await?;
    for silent in silent(&kept, desk.now) {
        progress.problem("statement-missing", silent.last.head.stream_name.clone(), silent.told());
    }
    if complete && !matches!(pass, Pass::Range(_)) {
        let cursor = Cursor { initial_done: true, swept_at: Some(desk.now), ..begun };
        engine.store.commit(vec![Write::PutCursor(cursor)]).await?;
    }
    Ok(())
}

/// The tenants as they are listed now. Those that did not change are not written.
async fn customers(desk: &Desk<'_>, progress: &mut Progress) -> Result<BTreeMap<CustomerId, Customer>, EngineError> {
    let (listed, bad) = walk::pages(|after| desk.source.customers(after)).await?;
    for row in &bad {
        super::lists::unreadable_row(row, progress);
    }
    let id = &desk.connection.marketplace;
    let stored = desk.engine.store.customers(id, None).await?;
    let mut known: BTreeMap<CustomerId, Customer> = stored.into_iter().map(|one| (one.id.clone(), one)).collect();
    let changed: Vec<Customer> =
        listed.into_iter().filter(|customer| known.get(&customer.id) != Some(customer)).collect();
    known.extend(changed.iter().map(|customer| (customer.id.clone(), customer.clone())));
    progress.count("customers", changed.len() as u64);
    if !changed.is_empty() {
        desk.engine.store.commit(vec![Write::PutCustomers(id.clone(), changed)]).await?;
    }
    Ok(known)
}

/// The statements to read, those of a stream from the oldest period on.
async fn wanted(
    desk: &Desk<'_>,
    (heads, kept): (&[StatementHead], &[KeptStatement]),
    (pass, window): (Pass, DateTime<Utc>),
    progress: &mut Progress,
) -> Result<Vec<StatementHead>, EngineError> {
    progress.count("statements-seen", heads.len() as u64);
    let mut wanted = Vec::new();
    for (head, reading) in heads.iter().zip(readings(heads, kept, window, desk.now)) {
        let reading = match pass {
            // Whoever asks for days means them, however long ago.
            Pass::Range(days) if days.contains(head.issued_at.date_naive()) => Reading::Read,
            Pass::Range(_) => continue,
            _ => reading,
        };
        match reading {
            Reading::Read => wanted.push(head.clone()),
            Reading::Unchanged => progress.count("statements-unchanged", 1),
            Reading::BeforeWindow => progress.count("statements-before-window", 1),
        }
    }
    wanted.sort_by(|a, b| {
        (a.period.start(), a.issued_at, &a.stream, &a.id).cmp(&(b.period.start(), b.issued_at, &b.stream, &b.id))
    });
    progress.run.total = Some(wanted.len() as u64);
    progress.save().await?;
    Ok(wanted)
}

async fn take_all(
    desk: &Desk<'_>,
    intake: &mut Intake,
    wanted: Vec<StatementHead>,
    (mut kept, names): (Vec<KeptStatement>, &BTreeMap<CustomerId, Customer>),
    progress: &mut Progress,
) -> Result<(), EngineError> {
    for heads in wanted.chunks(AT_ONCE) {
        for read in read_some(&desk.source, heads).await? {
            let put = match read {
                Read::Statement(read) => take(desk, intake, &read, (&kept, names), progress).await?,
                Read::Later(head, as_what, problem) => set_aside(desk, head, as_what, problem, progress).await?,
                Read::Failed(head, error) => {
                    let text = format!(
                        "statement {}: {error}. Nothing of it is billed; it is read again with the next check.",
                        head.id
                    );
                    progress.shortfall("statement-unreadable", head.id, text);
                    None
                }
            };
            if let Some(put) = put {
                let is_it =
                    |one: &KeptStatement| one.head.id == put.head.id && (one.issue == put.issue || one.issue == 0);
                kept.retain(|one| !is_it(one));
                kept.push(put);
            }
            progress.advance(1).await?;
        }
    }
    Ok(())
}

/// Listed, and not to be had: remembered, so that it is asked for again whatever its age. An issue that was read stays.
async fn set_aside(
    desk: &Desk<'_>,
    head: StatementHead,
    kept_as: KeptAs,
    problem: Problem,
    progress: &mut Progress,
) -> Result<Option<KeptStatement>, EngineError> {
    match kept_as {
        // It is listed before its file is made: that is no failure.
        KeptAs::WithoutFile => progress.problem(&problem.code, problem.subject.clone(), problem.message.clone()),
        _ => progress.shortfall(&problem.code, problem.subject.clone(), problem.message.clone()),
    }
    let statement = Statement { head, records: Vec::new(), unreadable: Vec::new() };
    let stored = kept::set_aside(&desk.connection.marketplace, statement, kept_as, vec![problem], desk.now);
    desk.engine.store.commit(vec![Write::PutStatement(Box::new(stored.clone()))]).await?;
    Ok(Some(stored.kept))
}

/// One statement, whole, with all that is made of it: one commit.
async fn take(
    desk: &Desk<'_>,
    intake: &mut Intake,
    read: &Statement,
    (kept, names): (&[KeptStatement], &BTreeMap<CustomerId, Customer>),
    progress: &mut Progress,
) -> Result<Option<KeptStatement>, EngineError> {
    let marketplace = &desk.connection.marketplace;
    let beside = kept::beside(desk, &read.head, kept).await?;
    let statements: Vec<Statement> = beside.iter().map(StoredStatement::statement).collect();
    let known: Vec<Known<'_>> = beside
        .iter()
        .zip(&statements)
        .map(|(stored, statement)| Known { statement, lineage: &stored.kept.lineage, issue: stored.kept.issue })
        .collect();
    let taken = statement::take_in(marketplace, read, &known, kept::is_newer_known(&read.head, kept));
    let problems = told(&taken, progress);
    match &taken.what {
        What::Same { .. } => progress.count("statements-unchanged", 1),
        What::Unreadable => {
            let stored = kept::set_aside(marketplace, read.clone(), KeptAs::Unreadable, problems, desk.now);
            desk.engine.store.commit(vec![Write::PutStatement(Box::new(stored.clone()))]).await?;
            return Ok(Some(stored.kept));
        }
        What::Reissue { .. } => progress.count("reissues", 1),
        What::First | What::Additional { .. } => progress.count("statements-read", 1),
    }
    let (stored, is_known) = kept::taken(marketplace, read, &taken, (kept, problems), desk.now);
    let mut writes = Vec::new();
    if is_known {
        writes.push(Write::PutStatementHead(stored.kept.clone()));
    } else {
        writes.push(Write::PutStatement(Box::new(stored.clone())));
    }
    writes.extend(people(desk, intake, &taken, names));
    if !matches!(taken.what, What::Same { .. }) {
        writes.extend(products(desk, read).await?);
    }
    let orders: Vec<_> = taken.orders.into_iter().map(|order| (order, read.head.fingerprint.clone())).collect();
    writes.extend(intake.writes(desk.engine, orders, progress).await?);
    desk.engine.store.commit(writes).await?;
    Ok(Some(stored.kept))
}

/// What was found, said to whoever asked for the check. What is the same was said when it was new.
fn told(taken: &Taken, progress: &mut Progress) -> Vec<Problem> {
    let problem = |found: &statement::Problem| Problem {
        code: found.code.to_owned(),
        subject: found.subject.clone(),
        message: found.message.clone(),
    };
    let problems: Vec<Problem> = taken.problems.iter().map(problem).collect();
    if matches!(taken.what, What::Same { .. }) {
        return problems;
    }
    for problem in &problems {
        match taken.what {
            What::Unreadable => progress.shortfall(&problem.code, problem.subject.clone(), problem.message.clone()),
            _ => progress.problem(&problem.code, problem.subject.clone(), problem.message.clone()),
        }
    }
    problems
}

/// Customers that no list shows, and what stands for a customer's motion; the orders beside them are judged with both.
fn people(desk: &Desk<'_>, intake: &mut Intake, taken: &Taken, names: &BTreeMap<CustomerId, Customer>) -> Vec<Write> {
    let id = &desk.connection.marketplace;
    let stranger = |(customer, name): &(CustomerId, String)| Customer {
        id: customer.clone(),
        name: name.clone(),
        external_id: None,
        tax_number: None,
        email: None,
        active: true,
    };
    let strangers: Vec<Customer> =
        taken.customers.iter().filter(|(customer, _)| !names.contains_key(customer)).map(stranger).collect();
    let listed = taken.customers.iter().filter_map(|(customer, _)| names.get(customer)).cloned();
    intake.introduce(listed.chain(strangers.iter().cloned()), taken.subscriptions.iter().cloned());
    let mut writes = Vec::new();
    if !strangers.is_empty() {
        writes.push(Write::PutCustomers(id.clone(), strangers));
    }
    if !taken.subscriptions.is_empty() {
        writes.push(Write::PutSubscriptions(id.clone(), taken.subscriptions.clone()));
    }
    writes
}

/// Products that nobody knew: people link them, whether or not the price list is read.
async fn products(desk: &Desk<'_>, read: &Statement) -> Result<Option<Write>, EngineError> {
    let id = &desk.connection.marketplace;
    let mut known: std::collections::BTreeSet<String> =
        desk.engine.store.products(id).await?.into_iter().map(|product| product.product.code).collect();
    let mut new = Vec::new();
    for record in &read.records {
        let mut product = record.product.clone();
        product.code = record.motion.code(&product.code);
        if known.insert(product.code.clone()) {
            new.push(Product {
                product,
                metered: false,
                price: Some(record.unit_price),
                cost: Some(record.unit_cost),
                currency: Some(record.currency),
            });
        }
    }
    Ok((!new.is_empty()).then(|| Write::PutProducts(id.clone(), new)))
}
