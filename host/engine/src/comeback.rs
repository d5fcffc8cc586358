//! Coming back from Ignored by itself, and going there: days that have come, rules that are new or gone, currencies that the
//! target has by now. Decides nothing: the domain judges; owns when it is looked, and the audit of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Duration, Utc};
use counterfoil_domain::adjust::{self, Adjustments};
use counterfoil_domain::changes::{self, Given, Pass, Succession};
use counterfoil_domain::connection::Connection;
use counterfoil_domain::decide;
use counterfoil_domain::digest::Digester;
use counterfoil_domain::id::{Actor, ConnectionId, RuleId};
use counterfoil_domain::judge::{self, Law};
use counterfoil_domain::market::Subscription;
use counterfoil_domain::motion::Motion;
use counterfoil_domain::order::Order;
use counterfoil_domain::ports::{AuditEntry, PageRequest, TaskFilter, Write};
use counterfoil_domain::program::{self, Program};
use counterfoil_domain::rule::{self, IgnoreRule, Seen};
use counterfoil_domain::statement;
use counterfoil_domain::task::{Event, IgnoreReason, Ignored, Need, Subject, Task, TaskState, Verdict, next};

use crate::engine::{Engine, EngineError};
use crate::ground::{self, LawBook};
use crate::offers;
use crate::progress::Progress;

/// How often the calendar is looked at. Days come once a day; nobody waits for the minute.
const EVERY: Duration = Duration::minutes(5);
/// How long a look that failed is left alone.
const REST: Duration = Duration::minutes(1);
/// Tasks judged and committed together.
const CHUNK: usize = 500;

/// What was looked at, by connection. Forgotten with the process: then everything is looked at once more.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<BTreeMap<ConnectionId, Kept>>);

#[derive(Debug, Clone, Default)]
struct Kept {
    looked_at: Option<DateTime<Utc>>,
    failed_at: Option<DateTime<Utc>>,
    /// Digest of the rules that every task was held against.
    rules: Option<String>,
    /// Digest of the program that every task of a statement was held against.
    program: Option<String>,
}

impl Memory {
    fn of(&self, connection: &ConnectionId) -> Kept {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(connection).cloned().unwrap_or_default()
    }

    fn change(&self, connection: &ConnectionId, change: impl FnOnce(&mut Kept)) {
        change(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(connection.clone()).or_default());
    }
}

/// A clock that was set back has not rested.
fn rested(since: Option<DateTime<Utc>>, now: DateTime<Utc>, for_this: Duration) -> bool {
    since.is_none_or(|at| !(Duration::zero()..for_this).contains(&(now - at)))
}

/// Called with every round. What fails is tried again later, and holds up nothing else of the connection.
pub(crate) async fn keep(engine: &Engine, connection: &Connection) {
    let now = engine.clock.now();
    let kept = engine.comeback.of(&connection.id);
    if !rested(kept.failed_at, now, REST) {
        return;
    }
    let result = async {
        if rested(kept.looked_at, now, EVERY) {
            by_calendar(engine, connection).await?;
            engine.comeback.change(&connection.id, |kept| kept.looked_at = Some(now));
        }
        by_program(engine, connection, &kept).await?;
        by_rules(engine, connection, &kept).await
    }
    .await;
    let failed_at = result.is_err().then_some(now);
    engine.comeback.change(&connection.id, |kept| kept.failed_at = failed_at);
    if let Err(error) = result {
        tracing::warn!(connection = %connection.id, %error, "ignored tasks could not be looked at; tried again in a minute");
    }
}

/// Before a check: what it takes in is judged by what the target offers now, and nobody waits for the next look. A check goes
/// on where this fails: the rounds try it again.
pub(crate) async fn before_check(engine: &Engine, progress: &mut Progress) {
    let result = async {
        let connection = engine.connection(&progress.run.connection).await?;
        offers::learn(engine, &connection).await?;
        let kept = engine.comeback.of(&connection.id);
        let mut back = by_calendar(engine, &connection).await? + by_currency(engine, &connection).await?;
        back += by_program(engine, &connection, &kept).await?;
        Ok::<u64, EngineError>(back)
    }
    .await;
    match result {
        Ok(0) => {}
        Ok(back) => progress.count("tasks-came-back", back),
        Err(error) => {
            tracing::warn!(connection = %progress.run.connection, %error, "ignored tasks could not be looked at before a check");
        }
    }
}

/// Tasks whose day has come.
async fn by_calendar(engine: &Engine, connection: &Connection) -> Result<u64, EngineError> {
    let today = engine.clock.now().date_naive();
    let filter = TaskFilter { back_by: Some(today), ..ignored_tasks(connection) };
    bring_back(engine, connection, filter, "calendar", |_, ignored| {
        let until = ignored.until.as_ref()?;
        until.day().filter(|day| *day <= today).map(|_| format!("ignored {until}"))
    })
    .await
}

/// Tasks in a currency that the target did not have and has now.
async fn by_currency(engine: &Engine, connection: &Connection) -> Result<u64, EngineError> {
    let Some(offered) = engine.offers.of(&connection.id) else { return Ok(0) };
    let code = IgnoreReason::CurrencyNotOffered.name().to_owned();
    let filter = TaskFilter { ignore_reason: Some(code), ..ignored_tasks(connection) };
    bring_back(engine, connection, filter, "rules", |task, _| {
        let currency = task.amount.currency;
        offered.contains(&currency).then(|| format!("the target offers {currency} now"))
    })
    .await
}

/// A program that was set otherwise since every task of a statement was last held against it: what it held back and lets
/// through now comes back, and open tasks that it holds back now go. What was confirmed is not taken back.
async fn by_program(engine: &Engine, connection: &Connection, kept: &Kept) -> Result<u64, EngineError> {
    // Elsewhere there is nothing that a program could hold back.
    if engine.sources.statements(&connection.marketplace).is_none() {
        return Ok(0);
    }
    let program = ground::program(engine, connection).await?;
    let digest = program.as_ref().map(Program::digest).unwrap_or_default();
    if kept.program.as_ref() == Some(&digest) {
        return Ok(0);
    }
    let mut back = 0;
    for reason in program::HELD_BACK {
        let filter = TaskFilter { ignore_reason: Some(reason.name().to_owned()), ..ignored_tasks(connection) };
        back += bring_back(engine, connection, filter, "rules", |task, _| {
            program::comes_back(reason, program.as_ref(), motion(task)?)
        })
        .await?;
    }
    hold_back(engine, connection, program.as_ref()).await?;
    engine.comeback.change(&connection.id, |kept| kept.program = Some(digest));
    Ok(back)
}

/// Of a task that was made of a statement.
fn motion(task: &Task) -> Option<Motion> {
    task.subscription.as_ref().and_then(statement::of_subscription).map(|(_, motion)| motion)
}

/// Open tasks of statements that the program does not let through any more.
async fn hold_back(engine: &Engine, connection: &Connection, program: Option<&Program>) -> Result<(), EngineError> {
    let mut page = PageRequest { after: None, limit: CHUNK };
    let now = engine.clock.now();
    loop {
        let tasks = engine.store.tasks(open_tasks(connection), page.clone()).await?;
        let Some(last) = tasks.last() else { return Ok(()) };
        page.after = Some((last.observed_at, last.id.clone()));
        let mut writes = Vec::new();
        for task in tasks {
            let Some((reason, text)) = motion(&task).and_then(|motion| program::refusal(program, motion)) else {
                continue;
            };
            // An order of another marketplace may have a subscription that is called so.
            let Subject::Order { key, .. } = &task.subject else { continue };
            if engine.store.order(key).await?.is_none_or(|order| order.statement.is_none()) {
                continue;
            }
            let held = Ignored { reason, text, by: Actor::new("rules"), at: now, until: None };
            let Ok(state) = next(task.state.clone(), Event::IgnoredBy(held)) else { continue };
            writes.push(Write::Audit(AuditEntry {
                at: now,
                actor: Actor::new("rules"),
                action: "task.ignore".to_owned(),
                subject: task.id.to_string(),
                detail: format!("{reason}; {} ({})", task.number, task.amount),
            }));
            writes.push(Write::UpdateTask(Task { state, updated_at: now, version: task.version + 1, ..task }));
        }
        if !writes.is_empty() {
            engine.store.commit(writes).await?;
        }
    }
}

fn open_tasks(connection: &Connection) -> TaskFilter {
    let states = ["pending", "ready", "planned"].map(str::to_owned);
    TaskFilter { connection: Some(connection.id.clone()), states: states.into(), ..TaskFilter::default() }
}

/// Rules that changed since every task was last held against them: what a removed one ignored comes back, and open tasks
/// that a new one fits go.
async fn by_rules(engine: &Engine, connection: &Connection, kept: &Kept) -> Result<(), EngineError> {
    let rules = engine.store.rules(&connection.id).await?;
    let digest = digest(&rules);
    if kept.rules.as_ref() == Some(&digest) {
        return Ok(());
    }
    let there: BTreeSet<&RuleId> = rules.iter().map(|rule| &rule.id).collect();
    for reason in [
        IgnoreReason::ExcludedCustomer,
        IgnoreReason::ExcludedProduct,
        IgnoreReason::ExcludedOrderType,
        IgnoreReason::ExcludedAmount,
        IgnoreReason::ByPerson,
    ] {
        let filter = TaskFilter { ignore_reason: Some(reason.name().to_owned()), ..ignored_tasks(connection) };
        bring_back(engine, connection, filter, "rules", |_, ignored| {
            let rule = rule::rule_of(ignored).filter(|rule| !there.contains(rule))?;
            Some(format!("its rule {rule} was removed"))
        })
        .await?;
    }
    exclude(engine, connection, &rules).await?;
    engine.comeback.change(&connection.id, |kept| kept.rules = Some(digest));
    Ok(())
}

fn digest(rules: &[IgnoreRule]) -> String {
    let mut digest = Digester::new("ignore-rules");
    for rule in rules {
        digest.text(rule.id.as_str()).text(&rule.at.to_rfc3339());
    }
    digest.short()
}

fn ignored_tasks(connection: &Connection) -> TaskFilter {
    TaskFilter {
        connection: Some(connection.id.clone()),
        states: BTreeSet::from(["ignored".to_owned()]),
        ..TaskFilter::default()
    }
}

/// Page by page, each in one commit. `why`: none leaves the task where it is.
async fn bring_back(
    engine: &Engine,
    connection: &Connection,
    filter: TaskFilter,
    by: &str,
    why: impl Fn(&Task, &Ignored) -> Option<String>,
) -> Result<u64, EngineError> {
    let mut page = PageRequest { after: None, limit: CHUNK };
    let mut book = None;
    let mut back = 0;
    loop {
        let tasks = engine.store.tasks(filter.clone(), page.clone()).await?;
        let Some(last) = tasks.last() else { return Ok(back) };
        page.after = Some((last.observed_at, last.id.clone()));
        let coming: Vec<(Task, String)> = tasks
            .into_iter()
            .filter_map(|task| {
                let TaskState::Ignored(ignored) = &task.state else { return None };
                let why = why(&task, ignored)?;
                Some((task, why))
            })
            .collect();
        if coming.is_empty() {
            continue;
        }
        // Loaded only where somebody comes back: a look that finds nothing costs one query.
        let book = match &mut book {
            Some(book) => book,
            empty => empty.insert(LawBook::load(engine, connection).await?),
        };
        back += coming.len() as u64;
        let writes = unignored(engine, connection, book, coming, by).await?;
        engine.store.commit(writes).await?;
    }
}

async fn unignored(
    engine: &Engine,
    connection: &Connection,
    book: &LawBook,
    coming: Vec<(Task, String)>,
    by: &str,
) -> Result<Vec<Write>, EngineError> {
    let now = engine.clock.now();
    let tasks: Vec<Task> = coming.iter().map(|(task, _)| task.clone()).collect();
    let adjustments = ground::adjustments(engine, &tasks).await?;
    let mut writes = Vec::with_capacity(2 * coming.len());
    for (task, why) in coming {
        let verdict = verdict(engine, connection, book, &task, adjustments.get(&task.id)).await?;
        let Ok(state) = next(task.state.clone(), Event::Unignored(verdict)) else { continue };
        writes.push(Write::Audit(AuditEntry {
            at: now,
            actor: Actor::new(by),
            action: "task.unignore".to_owned(),
            subject: task.id.to_string(),
            detail: format!("{why}; {} is {} now ({})", task.number, state.name(), task.amount),
        }));
        writes.push(Write::UpdateTask(Task { state, updated_at: now, version: task.version + 1, ..task }));
    }
    Ok(writes)
}

/// As if its order were seen for the first time, beside what was made of its other revisions and of its subscription: an
/// order that was sent before, or that a snapshot stands for, must not be billed because it was ignored for a while.
async fn verdict(
    engine: &Engine,
    connection: &Connection,
    book: &LawBook,
    task: &Task,
    set: Option<&Adjustments>,
) -> Result<Verdict, EngineError> {
    let Some(order) = ground::order_of(engine, task, book).await? else {
        return Ok(Verdict::Pending(vec![Need::rules()]));
    };
    let law = book.law(connection, engine.clock.now());
    let subscription = match &order.subscription {
        Some(id) => engine.store.subscriptions(&connection.marketplace, Some(vec![id.clone()])).await?.pop(),
        None => None,
    };
    if let Some(verdict) = stronger(engine, connection, law, task, &order, subscription.as_ref()).await? {
        return Ok(verdict);
    }
    let adjusted = adjust::applied(&order, set);
    let judgement = ground::judge_task(task, &adjusted, set, subscription.as_ref(), law);
    Ok(judgement.verdict.naming_customer(&task.customer_name))
}

/// What counts before the rules: an earlier revision that was sent, or a snapshot that stands for the order.
async fn stronger(
    engine: &Engine,
    connection: &Connection,
    law: Law<'_>,
    task: &Task,
    order: &Order,
    subscription: Option<&Subscription>,
) -> Result<Option<Verdict>, EngineError> {
    let Subject::Order { .. } = &task.subject else { return Ok(None) };
    let earlier = others(engine, task).await?;
    let snapshot = match order.subscription.as_ref() {
        Some(id) if changes::asks_for_snapshot(order, &earlier, &connection.id) => {
            let made = engine.store.initial_tasks_of(&connection.id, id).await?;
            made.iter().map(|task| task.observed_at).min()
        }
        _ => None,
    };
    // Its window was judged when it was first seen: this looks at no window.
    let pass = Pass::First { window: law.now };
    let given = Given { connection, law, pass, customer: None, subscription, snapshot };
    let plain = judge::judge(order, subscription, law).verdict;
    let taken = changes::take_in(order, &earlier, given).task.map(|task| task.state);
    Ok(match taken {
        Some(TaskState::Ignored(ignored)) if plain != Verdict::Ignored(ignored.clone()) => {
            Some(Verdict::Ignored(ignored))
        }
        Some(TaskState::Pending(needs)) if needs.iter().any(|need| matches!(need, Need::Decision { .. })) => {
            Some(Verdict::Pending(needs))
        }
        _ => None,
    })
}

/// The question that a person's taking back leaves open: what stands in the target already, or is billed by a snapshot, is
/// not billed again because somebody took a task out of Ignored; but they may say that it is.
pub(crate) async fn question(
    engine: &Engine,
    connection: &Connection,
    law: Law<'_>,
    task: &Task,
    order: &Order,
    subscription: Option<&Subscription>,
) -> Result<Option<Verdict>, EngineError> {
    Ok(match stronger(engine, connection, law, task, order, subscription).await? {
        Some(Verdict::Ignored(ignored)) if ignored.reason == IgnoreReason::CoveredByInitialTask => {
            let why = format!("{}; it was taken back: say what of it is billed beside that task", ignored.text);
            Some(Verdict::Pending(vec![Need::Decision { why }]))
        }
        Some(Verdict::Pending(needs)) => Some(Verdict::Pending(needs)),
        _ => None,
    })
}

/// Tasks of other revisions of a task's order.
async fn others(engine: &Engine, task: &Task) -> Result<Vec<Task>, EngineError> {
    let Subject::Order { key, .. } = &task.subject else { return Ok(Vec::new()) };
    let mut tasks = engine.store.tasks_of_order(&task.connection, key).await?;
    tasks.retain(|other| other.id != task.id);
    Ok(tasks)
}

/// Open tasks that a rule fits are ignored by it. What was confirmed is not taken back.
async fn exclude(engine: &Engine, connection: &Connection, rules: &[IgnoreRule]) -> Result<(), EngineError> {
    if rules.is_empty() {
        return Ok(());
    }
    let book = LawBook::load(engine, connection).await?;
    let filter = open_tasks(connection);
    let mut page = PageRequest { after: None, limit: CHUNK };
    loop {
        let tasks = engine.store.tasks(filter.clone(), page.clone()).await?;
        let Some(last) = tasks.last() else { return Ok(()) };
        page.after = Some((last.observed_at, last.id.clone()));
        let adjustments = ground::adjustments(engine, &tasks).await?;
        let mut writes = Vec::new();
        for task in tasks {
            let Some(order) = ground::order_of(engine, &task, &book).await? else { continue };
            let order = adjust::applied(&order, adjustments.get(&task.id)).order.into_owned();
            writes.extend(excluded(engine, task, &order, rules).await?);
        }
        if !writes.is_empty() {
            engine.store.commit(writes).await?;
        }
    }
}

async fn excluded(engine: &Engine, task: Task, order: &Order, rules: &[IgnoreRule]) -> Result<Vec<Write>, EngineError> {
    let now = engine.clock.now();
    let is_snapshot = matches!(task.subject, Subject::Initial { .. });
    let Some(fit) = rule::first_fit(rules, Seen { order, is_snapshot }, now.date_naive()) else {
        return Ok(Vec::new());
    };
    // A question about money that is in the target already is a person's, whatever the rules say of the order.
    if decide::is_asked(&task.state) && (!order.lines.is_empty() || was_sent(engine, &task).await?) {
        return Ok(Vec::new());
    }
    let ignored = fit.ignored(now);
    let note = Write::Audit(AuditEntry {
        at: now,
        actor: ignored.by.clone(),
        action: "task.ignore".to_owned(),
        subject: task.id.to_string(),
        detail: format!("{}: {} ({})", ignored.reason, ignored.text, task.amount),
    });
    let Ok(state) = next(task.state.clone(), Event::Judged(Verdict::Ignored(ignored))) else { return Ok(Vec::new()) };
    Ok(vec![note, Write::UpdateTask(Task { state, updated_at: now, version: task.version + 1, ..task })])
}

async fn was_sent(engine: &Engine, task: &Task) -> Result<bool, EngineError> {
    let earlier = others(engine, task).await?;
    Ok(matches!(changes::succession(&task.id, &earlier), Succession::AfterSending { .. }))
}
