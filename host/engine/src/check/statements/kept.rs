//! What is kept of statements: those that a new one is held against, the form in which it is kept itself, and what another
//! connection of the marketplace read first.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use counterfoil_domain::id::MarketplaceId;
use counterfoil_domain::money::Currency;
use counterfoil_domain::motion::Motion;
use counterfoil_domain::period::Period;
use counterfoil_domain::ports::{KeptAs, KeptStatement, StatementFilter, StatementSum, StoredStatement};
use counterfoil_domain::run::Problem;
use counterfoil_domain::statement::{self, Statement, StatementHead, Taken, What};

use super::Desk;
use crate::check::intake::Intake;
use crate::engine::EngineError;
use crate::progress::Progress;

/// A clock of ours that was set back since another connection read.
const OVERLAP: Duration = Duration::hours(48);

fn counts(one: &&KeptStatement) -> bool {
    one.issue > 0 && one.kept_as.counts()
}

/// Every issue of the stream's same period, of its newest earlier one, and of the statement itself.
pub(super) async fn beside(
    desk: &Desk<'_>,
    head: &StatementHead,
    kept: &[KeptStatement],
) -> Result<Vec<StoredStatement>, EngineError> {
    let of_stream = || kept.iter().filter(counts).filter(|one| one.head.stream == head.stream);
    let start = head.period.start();
    let former = of_stream().map(|one| one.head.period.start()).filter(|other| *other < start).max();
    let mut beside = Vec::new();
    let is_beside = |one: &&KeptStatement| {
        let start = one.head.period.start();
        one.head.period == head.period || Some(start) == former || one.head.id == head.id
    };
    for one in of_stream().filter(is_beside) {
        let stored = desk.engine.store.statement(&one.marketplace, &one.head.id, one.issue).await?;
        beside.extend(stored);
    }
    Ok(beside)
}

pub(super) fn is_newer_known(head: &StatementHead, kept: &[KeptStatement]) -> bool {
    let newer = |one: &KeptStatement| one.head.stream == head.stream && one.head.period.start() > head.period.start();
    kept.iter().filter(counts).any(newer)
}

/// Of the records, by motion and currency.
fn sums(statement: &Statement) -> Vec<StatementSum> {
    let mut sums: BTreeMap<(Motion, Currency), StatementSum> = BTreeMap::new();
    for record in &statement.records {
        let key = (record.motion, record.currency);
        let sum = sums.entry(key).or_insert_with(|| StatementSum {
            motion: record.motion,
            currency: record.currency,
            records: 0,
            cost: Default::default(),
            amount: Default::default(),
        });
        sum.records += 1;
        sum.cost += record.cost;
        sum.amount += record.amount;
    }
    sums.into_values().collect()
}

/// As it is kept while it cannot be read.
pub(super) fn set_aside(
    marketplace: &MarketplaceId,
    statement: Statement,
    kept_as: KeptAs,
    problems: Vec<Problem>,
    now: DateTime<Utc>,
) -> StoredStatement {
    let kept = KeptStatement {
        marketplace: marketplace.clone(),
        issue: 0,
        lineage: statement.head.id.clone(),
        kept_as,
        content: String::new(),
        read_at: now,
        sums: sums(&statement),
        problems,
        head: statement.head.clone(),
    };
    StoredStatement { kept, records: statement.records, unreadable: statement.unreadable }
}

/// As it is kept with what it was taken as, and whether this issue of it is kept already.
pub(super) fn taken(
    marketplace: &MarketplaceId,
    read: &Statement,
    taken: &Taken,
    (kept, problems): (&[KeptStatement], Vec<Problem>),
    now: DateTime<Utc>,
) -> (StoredStatement, bool) {
    let (kept_as, issue) = match &taken.what {
        What::First => (KeptAs::First, taken.issue),
        What::Same { issue, .. } => (KeptAs::Same, *issue),
        What::Reissue { .. } => (KeptAs::Reissue, taken.issue),
        What::Additional { .. } => (KeptAs::Additional, taken.issue),
        What::Unreadable => (KeptAs::Unreadable, 0),
    };
    let known = kept.iter().find(|one| one.head.id == read.head.id && one.issue == issue);
    let known = known.filter(|_| kept_as == KeptAs::Same);
    let form = KeptStatement {
        marketplace: marketplace.clone(),
        head: read.head.clone(),
        issue,
        lineage: taken.lineage.clone(),
        // What it was taken as when it was new is what it stays.
        kept_as: known.map_or(kept_as, |known| known.kept_as),
        content: statement::content(read),
        read_at: now,
        sums: sums(read),
        problems: known.map_or(problems, |known| known.problems.clone()),
    };
    let stored = StoredStatement { kept: form, records: read.records.clone(), unreadable: Vec::new() };
    (stored, known.is_some())
}

/// What another connection of the marketplace may have read, and this one has no tasks of yet.
#[derive(Debug, Clone, Copy)]
pub(super) enum Missed {
    /// Of a first check, as of one that read everything itself: from its window on, and the newest of each stream.
    First { window: DateTime<Utc> },
    /// Since the last check began.
    Since(DateTime<Utc>),
    /// Issued on these days.
    Days(Period),
}

/// Orders of statements that another connection of the marketplace read: known, but not yet ours.
pub(super) async fn catch_up(
    desk: &Desk<'_>,
    intake: &mut Intake,
    missed: Missed,
    progress: &mut Progress,
) -> Result<(), EngineError> {
    let store = &desk.engine.store;
    let marketplace = &desk.connection.marketplace;
    let connections = store.connections().await?;
    if connections.iter().filter(|other| other.marketplace == *marketplace).count() < 2 {
        return Ok(());
    }
    let kept = store.statements(marketplace, StatementFilter::default()).await?;
    let newest = |one: &KeptStatement| {
        kept.iter()
            .filter(counts)
            .filter(|other| other.head.stream == one.head.stream)
            .all(|other| other.head.period.start() <= one.head.period.start())
    };
    let is_wanted = |one: &&KeptStatement| match missed {
        Missed::First { window } => one.head.issued_at >= window || newest(one),
        Missed::Since(since) => one.read_at >= since - OVERLAP,
        Missed::Days(days) => days.contains(one.head.issued_at.date_naive()),
    };
    for one in kept.iter().filter(counts).filter(is_wanted) {
        let orders = store.orders_of_statement(marketplace, &one.head.id).await?;
        intake.catch_up(desk.engine, &orders, progress).await?;
    }
    Ok(())
}
