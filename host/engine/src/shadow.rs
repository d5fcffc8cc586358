//! The shadow check: what another version of a plugin would plan, held against what the active one plans now. Both are
//! given the same tasks and the same answers to their reads; nothing is stored and nothing can be written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Duration, Utc};
use counterfoil_domain::card::Card;
use counterfoil_domain::connection::{Connection, ConnectionState};
use counterfoil_domain::id::{PluginDigest, PluginId};
use counterfoil_domain::journal::request_digest;
use counterfoil_domain::plan::{Change, Plan, PlanLine};
use counterfoil_domain::ports::{
    Call, Caller, Door, PageRequest, Pending, Refusal, SendError, Sending, ShadowReport, ShadowTask, Target, Targets,
    TaskFilter,
};
use counterfoil_domain::task::Task;
use counterfoil_domain::wire::Response;
use tokio::sync::broadcast;

use crate::engine::{Engine, EngineError, Parts};
use crate::ground::LawBook;
use crate::linking::read_only;
use crate::prepared::{Unprepared, prepare_all};
use crate::propose::call_failure;

/// Tasks whose plans can be made again: their orders are kept.
const STATES: [&str; 2] = ["planned", "synced"];
const PAGE: usize = 500;

/// The last tasks of these connections, planned by both.
pub async fn shadow(
    parts: &Parts,
    connections: &[Connection],
    active: &Arc<dyn Target>,
    candidate: &Arc<dyn Target>,
    tasks: usize,
) -> Result<ShadowReport, EngineError> {
    let recorder = Arc::new(Recorder::new(Arc::clone(&parts.door)));
    let engine_of = |target: &Arc<dyn Target>| {
        Engine::new(Parts {
            door: Arc::clone(&recorder) as Arc<dyn Door>,
            targets: Arc::new(Only(Arc::clone(target))),
            // Nobody follows it: there is no run.
            changed: broadcast::channel(1).0,
            ..parts.clone()
        })
    };
    let (now, then) = (engine_of(active), engine_of(candidate));
    let mut report = ShadowReport {
        digest: candidate.digest().clone(),
        active: active.digest().clone(),
        compared: 0,
        not_planned: 0,
        differing: Vec::new(),
        reads: 0,
        replayed: 0,
    };
    let enabled = connections.iter().filter(|connection| connection.state == ConnectionState::Enabled);
    let mut left = tasks;
    for connection in enabled {
        let last = last_tasks(&now, connection, left).await?;
        left -= last.len().min(left);
        // The smaller of the two: neither is handed more than its card takes.
        let at_once = active.card().plan_tasks.min(candidate.card().plan_tasks).max(1);
        for chunk in last.chunks(at_once) {
            let before = plans(&now, connection, active, chunk).await?;
            let after = plans(&then, connection, candidate, chunk).await?;
            for ((task, before), after) in chunk.iter().zip(&before).zip(&after) {
                if before.is_err() && after.is_err() {
                    report.not_planned += 1;
                } else {
                    report.compared += 1;
                }
                let differences = differences(before, after);
                if !differences.is_empty() {
                    let (task, number) = (task.id.clone(), task.number.clone());
                    report.differing.push(ShadowTask { task, number, connection: connection.id.clone(), differences });
                }
            }
        }
    }
    (report.reads, report.replayed) = recorder.counts();
    Ok(report)
}

/// The newest `wanted`, newest first. The store lists the oldest first, so the look back grows until it holds enough.
async fn last_tasks(engine: &Engine, connection: &Connection, wanted: usize) -> Result<Vec<Task>, EngineError> {
    if wanted == 0 {
        return Ok(Vec::new());
    }
    let now = engine.clock.now();
    let spans = [1, 7, 60].map(|days| Some(now - Duration::days(days)));
    let mut found = Vec::new();
    for since in spans.into_iter().chain([None]) {
        found = tasks_since(engine, connection, since).await?;
        if found.len() >= wanted {
            break;
        }
    }
    found.reverse();
    found.truncate(wanted);
    Ok(found)
}

async fn tasks_since(
    engine: &Engine,
    connection: &Connection,
    since: Option<DateTime<Utc>>,
) -> Result<Vec<Task>, EngineError> {
    let filter = TaskFilter {
        connection: Some(connection.id.clone()),
        states: BTreeSet::from(STATES.map(str::to_owned)),
        ..TaskFilter::default()
    };
    let mut all: Vec<Task> = Vec::new();
    let mut after = since.map(|since| (since, counterfoil_domain::id::TaskId::new("")));
    loop {
        let page = engine.store.tasks(filter.clone(), PageRequest { after: after.clone(), limit: PAGE }).await?;
        let full = page.len() == PAGE;
        all.extend(page);
        after = all.last().map(|task| (task.observed_at, task.id.clone()));
        if !full {
            return Ok(all);
        }
    }
}

/// A plan, or why there is none: that may differ too.
type Planned = Result<Plan, String>;

async fn plans(
    engine: &Engine,
    connection: &Connection,
    target: &Arc<dyn Target>,
    tasks: &[Task],
) -> Result<Vec<Planned>, EngineError> {
    let book = LawBook::load(engine, connection).await?;
    let prepared = match prepare_all(engine, connection, target, &book, tasks).await {
        Ok(prepared) => prepared,
        Err(EngineError::Call(error)) => return Ok(vec![Err(call_failure(&error).message); tasks.len()]),
        Err(error) => return Err(error),
    };
    let jobs: Vec<_> = prepared.iter().filter_map(|one| one.as_ref().ok()).map(|one| one.job.clone()).collect();
    let asked = jobs.len();
    let answers = match jobs.is_empty() {
        true => Ok(Vec::new()),
        false => target.plan(read_only(engine, connection, target), jobs).await,
    };
    let answers: Vec<Planned> = match answers {
        Ok(answers) if answers.len() == asked => {
            answers.into_iter().map(|answer| answer.map_err(|failure| failure.message)).collect()
        }
        Ok(answers) => vec![Err(format!("{} plans for {asked} jobs", answers.len())); asked],
        Err(error) => vec![Err(call_failure(&error).message); asked],
    };
    let mut answers = answers.into_iter();
    let planned = prepared.into_iter().map(|one| match one {
        Ok(_) => answers.next().unwrap_or_else(|| Err("no plan".to_owned())),
        Err(Unprepared::Judged(verdict)) => Err(format!("the rules judge it as {verdict:?}")),
        Err(Unprepared::Failed(failure)) => Err(failure.message),
    });
    Ok(planned.collect())
}

/// What the second plan does otherwise, in sentences.
fn differences(before: &Planned, after: &Planned) -> Vec<String> {
    match (before, after) {
        (Ok(before), Ok(after)) => plan_differences(before, after),
        (Ok(_), Err(why)) => vec![format!("it would not be planned: {why}")],
        (Err(why), Ok(_)) => vec![format!("it would be planned; so far not: {why}")],
        (Err(before), Err(after)) if before == after => Vec::new(),
        (Err(before), Err(after)) => vec![format!("it would fail with \"{after}\", so far with \"{before}\"")],
    }
}

fn plan_differences(before: &Plan, after: &Plan) -> Vec<String> {
    let mut told = Vec::new();
    let of = |plan: &Plan| -> BTreeMap<String, Change> {
        plan.changes.iter().map(|change| (change.key.to_string(), change.clone())).collect()
    };
    let (old, new) = (of(before), of(after));
    for (key, change) in &old {
        match new.get(key) {
            None => told.push(format!("{key}: the {} of {} is gone", change.document, change.total)),
            Some(other) => change_differences(key, change, other, &mut told),
        }
    }
    for (key, change) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
        told.push(format!("{key}: a new {} of {}", change.document, change.total));
    }
    if before.left_out != after.left_out {
        let lines = |plan: &Plan| plan.left_out.iter().map(|one| one.line.to_string()).collect::<Vec<_>>().join(", ");
        told.push(format!("left out: [{}], so far [{}]", lines(after), lines(before)));
    }
    if told.is_empty() && before.payload != after.payload {
        told.push("what is shown is the same, and what is sent is not: the payload differs".to_owned());
    }
    told
}

fn change_differences(key: &str, old: &Change, new: &Change, told: &mut Vec<String>) {
    let mut say = |what: &str, before: String, after: String| {
        if before != after {
            told.push(format!("{key}: {what} {}, so far {}", shown(&after), shown(&before)));
        }
    };
    say("action", old.action.to_string(), new.action.to_string());
    say("document", old.document.clone(), new.document.clone());
    let target = |change: &Change| change.target.as_ref().map(ToString::to_string).unwrap_or_default();
    say("target", target(old), target(new));
    say("title", old.title.clone(), new.title.clone());
    say("total", old.total.to_string(), new.total.to_string());
    let fields = |change: &Change| -> BTreeMap<String, String> {
        change.fields.iter().map(|field| (field.name.clone(), field.after.clone().unwrap_or_default())).collect()
    };
    let (before, after) = (fields(old), fields(new));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        let of = |fields: &BTreeMap<String, String>| fields.get(name).cloned().unwrap_or_default();
        say(&format!("field {name}"), of(&before), of(&after));
    }
    say("number of lines", old.lines.len().to_string(), new.lines.len().to_string());
    for (index, (old, new)) in old.lines.iter().zip(&new.lines).enumerate() {
        say(&format!("line {}", index + 1), line(old), line(new));
    }
    say("attributes", format!("{:?}", old.attributes), format!("{:?}", new.attributes));
}

fn line(line: &PlanLine) -> String {
    let covers: Vec<&str> = line.covers.iter().map(counterfoil_domain::id::LineId::as_str).collect();
    let cost = line.unit_cost.map(|cost| format!(", cost {}", cost.normalize())).unwrap_or_default();
    format!(
        "{} · {} × {} = {} bills {}{cost} · for {} {:?}",
        line.description,
        line.quantity.normalize(),
        line.unit_price.normalize(),
        line.amount.normalize(),
        line.bills.normalize(),
        covers.join(", "),
        line.attributes,
    )
}

fn shown(text: &str) -> String {
    if text.is_empty() { "nothing".to_owned() } else { format!("\"{text}\"") }
}

/// One version, as if it were active.
#[derive(Debug)]
struct Only(Arc<dyn Target>);

impl Targets for Only {
    fn active(&self, plugin: &PluginId) -> Option<Arc<dyn Target>> {
        (self.0.card().id == *plugin).then(|| Arc::clone(&self.0))
    }

    fn by_digest(&self, digest: &PluginDigest) -> Option<Arc<dyn Target>> {
        (self.0.digest() == digest).then(|| Arc::clone(&self.0))
    }

    fn cards(&self) -> Vec<(PluginDigest, Card)> {
        vec![(self.0.digest().clone(), self.0.card().clone())]
    }
}

/// Each read goes out once; whoever asks the same again gets the same answer. Writes go nowhere.
#[derive(Debug)]
struct Recorder {
    door: Arc<dyn Door>,
    answers: Mutex<BTreeMap<(Caller, String), Result<Response, SendError>>>,
    reads: AtomicU64,
    replayed: AtomicU64,
}

impl Recorder {
    fn new(door: Arc<dyn Door>) -> Self {
        Self { door, answers: Mutex::default(), reads: AtomicU64::new(0), replayed: AtomicU64::new(0) }
    }

    fn counts(&self) -> (u64, u64) {
        (self.reads.load(Ordering::Relaxed), self.replayed.load(Ordering::Relaxed))
    }

    async fn pass(&self, call: Call) -> Result<Response, SendError> {
        if call.sending != Sending::Read {
            return Err(SendError::Refused(Refusal {
                rule: "write-in-shadow".to_owned(),
                message: "Nothing may be written in a shadow check. Nothing was written.".to_owned(),
                remedy: None,
            }));
        }
        let key = (call.caller.clone(), request_digest(&call.request));
        if let Some(known) = self.answers.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned() {
            self.replayed.fetch_add(1, Ordering::Relaxed);
            return known;
        }
        let answer = self.door.send(call).await;
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).insert(key, answer.clone());
        answer
    }
}

impl Door for Recorder {
    fn send(&self, call: Call) -> Pending<'_, Result<Response, SendError>> {
        Box::pin(self.pass(call))
    }
}

#[cfg(test)]
mod tests {
    use counterfoil_domain::id::{ConnectionId, EntityId, LineId};
    use counterfoil_domain::money::{Currency, Money};
    use counterfoil_domain::plan::{Action, Field, Omission};
    use counterfoil_domain::wire::Request;

    use super::*;

    fn plan() -> Plan {
        let usd = |amount: i64| Money::new(amount.into(), Currency::parse("USD").unwrap());
        let line = PlanLine {
            covers: vec![LineId::new("1")],
            description: "Seats".into(),
            quantity: 2.into(),
            unit_price: 5.into(),
            unit_cost: None,
            amount: 10.into(),
            bills: 10.into(),
            why: String::new(),
            attributes: vec![],
        };
        let field = Field { name: "due".into(), before: None, after: Some("14 days".into()), owner: "host".into() };
        let change = Change {
            key: "k".into(),
            action: Action::Create,
            document: "invoice".into(),
            target: None,
            title: "Invoice".into(),
            fields: vec![field],
            lines: vec![line],
            total: usd(10),
            why: String::new(),
            attributes: vec![],
        };
        Plan {
            task: "t".into(),
            changes: vec![change],
            left_out: vec![],
            notes: vec![],
            payload: vec![1],
            attributes: vec![],
        }
    }

    #[test]
    fn every_difference_of_two_plans_is_told_and_words_to_people_are_none() {
        let one = |edit: fn(&mut Plan)| {
            let mut after = plan();
            edit(&mut after);
            differences(&Ok(plan()), &Ok(after))
        };
        type Edit = fn(&mut Plan);
        let cases: [(Edit, &str); 11] = [
            (|p| p.changes[0].action = Action::Update, "k: action \"update\", so far \"create\""),
            (|p| p.changes[0].document = "credit".into(), "k: document \"credit\", so far \"invoice\""),
            (|p| p.changes[0].target = Some(EntityId::new("7")), "k: target \"7\", so far nothing"),
            (|p| p.changes[0].total.amount = 11.into(), "k: total \"11.00 USD\", so far \"10.00 USD\""),
            (|p| p.changes[0].fields[0].after = None, "k: field due nothing, so far \"14 days\""),
            (|p| p.changes[0].fields.clear(), "k: field due nothing, so far \"14 days\""),
            (|p| p.changes[0].lines[0].unit_price = 6.into(), "2 × 6 = 10"),
            (|p| p.changes[0].lines.clear(), "k: number of lines \"0\", so far \"1\""),
            (|p| p.changes[0].key = "j".into(), "k: the invoice of 10.00 USD is gone"),
            (|p| p.left_out.push(Omission { line: LineId::new("1"), why: String::new() }), "left out: [1], so far []"),
            (|p| p.payload = vec![2], "the payload differs"),
        ];
        for (edit, says) in cases {
            let told = one(edit);
            assert!(told.iter().any(|sentence| sentence.contains(says)), "{says}: {told:?}");
        }
        let words = one(|p| {
            p.notes.push("n".into());
            p.changes[0].why = "w".into();
        });
        assert_eq!(words, Vec::<String>::new());
        for (before, after, told) in [
            (Err("a".to_owned()), Err("a".to_owned()), 0),
            (Err("a".to_owned()), Err("b".to_owned()), 1),
            (Err("a".to_owned()), Ok(plan()), 1),
            (Ok(plan()), Err("a".to_owned()), 1),
        ] {
            assert_eq!(differences(&before, &after).len(), told);
        }
    }

    #[derive(Debug, Default)]
    struct Counting(AtomicU64);

    impl Door for Counting {
        fn send(&self, _: Call) -> Pending<'_, Result<Response, SendError>> {
            let status = u16::try_from(self.0.fetch_add(1, Ordering::SeqCst)).unwrap();
            let answer = Response { status, headers: vec![], body: vec![], replayed: false };
            Box::pin(async move { Ok(answer) })
        }
    }

    #[tokio::test]
    async fn a_read_goes_out_once_and_a_write_never() {
        let door = Arc::new(Counting::default());
        let recorder = Recorder::new(door.clone());
        let call = |path: &str, sending: Sending, connection: &str| Call {
            caller: Caller::Connection(ConnectionId::new(connection)),
            sending,
            request: Request {
                operation: "x".into(),
                method: "GET".into(),
                path: path.into(),
                query: vec![],
                headers: vec![],
                body: vec![],
            },
            timeout: std::time::Duration::from_secs(1),
        };
        let mut statuses = Vec::new();
        for (path, connection) in [("/a", "x"), ("/b", "x"), ("/a", "x"), ("/a", "y"), ("/b", "x")] {
            statuses.push(recorder.send(call(path, Sending::Read, connection)).await.unwrap().status);
        }
        assert_eq!(statuses, [0, 1, 0, 2, 1]);
        let write = recorder.send(call("/a", Sending::Write { idempotency: None }, "x")).await.unwrap_err();
        assert!(matches!(write, SendError::Refused(_)), "{write}");
        assert_eq!((recorder.counts(), door.0.load(Ordering::SeqCst)), ((3, 2), 3));
    }
}
