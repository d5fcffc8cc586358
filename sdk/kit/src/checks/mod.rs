//! The checks: which there are, what each did, and what helps where one fails. Owns the list and its order.

mod apply;
mod connection;
mod delivery;
mod directory;
mod limits;
mod observe;
mod plan;
mod rows;
mod steps;

use std::time::Duration;

use counterfoil_domain::card::Scenario;

use crate::bench::{Bench, Miss, Told};
use crate::report::{Check, Verdict};

/// In every hostile text, so that it is seen whether what is found has anything to do with it.
const TAG: &str = "zq9x";

/// Texts that are names like any other.
const HOSTILE: [&str; 9] = [
    "zq9x\" OR \"1\"=\"1",
    "zq9x' OR '1'='1' --",
    "zq9x&page=1&where=true",
    "zq9x<script>alert(1)</script> & Co",
    "zq9x %00 %2e%2e/ \\u0000",
    "=HYPERLINK(\"http://zq9x.example\",\"zq9x\")",
    "zq9x \u{202e}txt.exe \u{5d0}\u{5d1}",
    "zq9x\",\"amount\":\"0\",\"x\":\"",
    "zq9x\u{1}\u{7f}\ttab\nline",
];

/// One check may take so long; a simulator that hangs must not hang the kit.
const LONGEST: Duration = Duration::from_secs(180);

/// A check, as it is listed.
#[derive(Debug, Clone, Copy)]
struct Spec {
    id: &'static str,
    does: &'static str,
    remedy: &'static str,
}

const fn spec(id: &'static str, does: &'static str, remedy: &'static str) -> Spec {
    Spec { id, does, remedy }
}

/// Without the rows, which come after "plan.repeatable".
const SPECS: &[Spec] = &[
    spec(
        "connection.probe",
        "probe twice",
        "Let probe return id, name and base currency as the target says them, and nothing that changes from call to call.",
    ),
    spec(
        "connection.expired",
        "every export while each answer is 401",
        "Map 401 to the class auth, whatever the body says.",
    ),
    spec(
        "connection.forbidden",
        "every export while each answer is 403",
        "Map 403 to the class forbidden, and name the missing right.",
    ),
    spec(
        "connection.throttled",
        "429 with and without a time to wait, then the same write again",
        "Map 429 to the class throttled, with retry-after where the answer has it; write nothing else.",
    ),
    spec(
        "connection.malformed",
        "HTML, cut, mistyped and empty answers to reads",
        "Parse answers strictly; what cannot be read is transient or internal, and never an empty list.",
    ),
    spec(
        "connection.cut",
        "lost answers and 500 to reads",
        "Hand the failure of remote.read on as it is; map 5xx of a read to transient.",
    ),
    spec(
        "directory.search",
        "search of each linked kind, all pages, and of an unknown kind",
        "Give every entity its id and kind, end with no cursor, and answer unsupported for kinds you do not have.",
    ),
    spec(
        "directory.endless",
        "lists whose every page is the first one",
        "Stop when a page brings nothing new, or when the cursor is the one before.",
    ),
    spec(
        "directory.repeats",
        "lists whose pages overlap and come in another order",
        "Drop what was listed already, by id.",
    ),
    spec(
        "directory.get",
        "get of what search found, and of ids that nobody has",
        "Return exactly what was asked for and is there; leave the rest out.",
    ),
    spec(
        "directory.create",
        "create twice under one key",
        "Look for what an earlier try with the key made, or send the key to a target that honours it.",
    ),
    spec(
        "directory.revise",
        "set price and cost of an item, twice",
        "Set price and cost and nothing else, write nothing where both are so already, and give back what is stored; or answer unsupported.",
    ),
    spec(
        "directory.hostile",
        "search for texts full of quotes, markup and commands",
        "Escape what goes into a query, or search by a narrower field; compare what is found once more.",
    ),
    spec("plan.repeatable", "plan twice", "Make plans of the job and of what was read alone; sort what has no order."),
    spec(
        "plan.clock",
        "plan under another clock and other random numbers",
        "Take the day from job.today and ids from the order; use neither clock nor randomness.",
    ),
    spec(
        "plan.keys",
        "plan a month later, and plan another order",
        "Derive each change's key from the order's id and revision and the change's place in it.",
    ),
    spec("plan.reads-only", "plan and locate, where nothing may be written", "Write only in apply, create and revise."),
    spec(
        "plan.changes-nothing",
        "the books before and after plan, search and locate",
        "Mark the request on the card as a write, or use one that changes nothing.",
    ),
    spec(
        "plan.on-card",
        "each request against the card's methods, paths and headers",
        "Add the request to egress.allow (or request_headers), or leave it out.",
    ),
    spec(
        "plan.order-of-answers",
        "plan while lists overlap and come in another order",
        "Compare by id and sort; never take the first of a list.",
    ),
    spec(
        "plan.alone",
        "three jobs, of which one has no customer",
        "Give each job a result of its own; one failure is one job's.",
    ),
    spec(
        "plan.currencies",
        "orders in JPY and KWD",
        "Refuse a currency that the target does not have; never round an amount that the host gave.",
    ),
    spec(
        "plan.decimals",
        "prices of nine places and of half a cent",
        "Send what the target can hold exactly, or refuse; the amount is what must be billed.",
    ),
    spec(
        "plan.hostile",
        "orders with hostile texts in every name",
        "Encode every text where it is put; shorten what is too long instead of failing on it.",
    ),
    spec(
        "apply.exact",
        "apply, counted against the plan",
        "Write what the plan's changes say and nothing else; one key for each.",
    ),
    spec(
        "apply.replay",
        "apply again with the recorded answers",
        "Make the same requests under the same keys from the plan's payload alone.",
    ),
    spec(
        "apply.adopted",
        "apply of a plan of which all is stored",
        "Skip every change that plan.adopted names, and put its receipt into yours.",
    ),
    spec("apply.keep", "apply of changes of action none", "Send nothing for action none."),
    spec(
        "apply.partial",
        "three plans, of which a write is refused",
        "Give each plan its own result; a refused write fails its plan alone.",
    ),
    spec(
        "apply.unknown",
        "writes that arrive and whose answers cannot be relied on",
        "After a write, whatever does not prove its fate is the class unknown-outcome: 5xx, HTML, a cut body.",
    ),
    spec(
        "delivery.lost-before",
        "a write that never arrives, then locate",
        "Answer absent only after a whole look by the marker.",
    ),
    spec(
        "delivery.lost-after",
        "a write whose answer is lost, then locate",
        "Leave the job's marker in the document, and search for exactly it.",
    ),
    spec("delivery.late", "a write that arrives after a first look", "Look each time anew; remember nothing."),
    spec(
        "delivery.lag",
        "reads that show a write only later",
        "Observe what the target shows; a document that is not shown yet is a failure, not the receipt's word.",
    ),
    spec("delivery.repeats", "locate while pages overlap", "Drop what was listed already, by id, before you count."),
    spec(
        "delivery.idempotency",
        "the same write under the same idempotency key",
        "Take idempotency_header off the card if the target does not honour it, and make locate reliable.",
    ),
    spec(
        "delivery.class",
        "the card's promise against what was proved",
        "Promise on the card only what holds: a key that the target honours (A), looking that is sure (B), else neither (C).",
    ),
    spec(
        "observe.shows",
        "observe of what was stored",
        "Read each document again by its reference, in the receipts' order, with the order's sign.",
    ),
    spec(
        "observe.drift",
        "observe while amounts in the target are one more",
        "Show what was read now; take nothing from the receipt but the reference.",
    ),
    spec(
        "limits.time-memory",
        "a full call against the card's limits",
        "Read what plans rest on once for all jobs of a call; raise limits that are too small for an honest call.",
    ),
    spec("limits.log", "log lines of every call", "Log a line a call, not a line a record."),
];

const ROW: Spec = spec(
    "row",
    "orders of this row of the card: planned, checked, written, read back",
    "Carry every line of the order once, for its amount and sign, in its currency; leave none out without a reason.",
);

async fn one(id: &str, bench: &Bench) -> Told {
    match id {
        "connection.probe" => connection::probe(bench).await,
        "connection.expired" => connection::expired(bench).await,
        "connection.forbidden" => connection::forbidden(bench).await,
        "connection.throttled" => connection::throttled(bench).await,
        "connection.malformed" => connection::malformed(bench).await,
        "connection.cut" => connection::cut(bench).await,
        "directory.search" => directory::search(bench).await,
        "directory.endless" => directory::endless(bench).await,
        "directory.repeats" => directory::repeats(bench).await,
        "directory.get" => directory::get(bench).await,
        "directory.create" => directory::create(bench).await,
        "directory.revise" => directory::revise(bench).await,
        "directory.hostile" => directory::hostile(bench).await,
        _ => Box::pin(other(id, bench)).await,
    }
}

async fn other(id: &str, bench: &Bench) -> Told {
    match id {
        "plan.repeatable" => plan::repeatable(bench).await,
        "plan.clock" => plan::clock(bench).await,
        "plan.keys" => plan::keys(bench).await,
        "plan.reads-only" => plan::reads_only(bench).await,
        "plan.changes-nothing" => plan::changes_nothing(bench).await,
        "plan.on-card" => plan::on_card(bench).await,
        "plan.order-of-answers" => plan::order_of_answers(bench).await,
        "plan.alone" => plan::alone(bench).await,
        "plan.currencies" => plan::currencies(bench).await,
        "plan.decimals" => plan::decimals(bench).await,
        "plan.hostile" => plan::hostile(bench).await,
        "apply.exact" => apply::exact(bench).await,
        "apply.replay" => apply::replay(bench).await,
        "apply.adopted" => apply::adopted(bench).await,
        "apply.keep" => apply::keep(bench).await,
        "apply.partial" => apply::partial(bench).await,
        "apply.unknown" => apply::unknown(bench).await,
        "delivery.lost-before" => delivery::lost_before(bench).await,
        "delivery.lost-after" => delivery::lost_after(bench).await,
        "delivery.late" => delivery::late(bench).await,
        "delivery.lag" => delivery::lag(bench).await,
        "delivery.repeats" => delivery::repeats(bench).await,
        "delivery.idempotency" => delivery::idempotency(bench).await,
        "observe.shows" => observe::shows(bench).await,
        "observe.drift" => observe::drift(bench).await,
        "limits.time-memory" => limits::time_and_memory(bench).await,
        "limits.log" => limits::log(bench).await,
        unknown => Err(Miss::Skipped(format!("this kit has no check {unknown}"))),
    }
}

/// All of them, in the order of the list; the class of delivery is judged by the others, and put in by the caller.
pub(crate) async fn all(bench: &Bench) -> Vec<Check> {
    let mut checks = Vec::with_capacity(SPECS.len() + bench.card.scenarios.len());
    for spec in SPECS.iter().filter(|spec| spec.id != CLASS) {
        checks.push(checked(bench, *spec, spec.id.to_owned(), one(spec.id, bench)).await);
        if spec.id == "directory.hostile" {
            for row in &bench.card.scenarios {
                checks.push(of_row(bench, row).await);
            }
        }
    }
    checks
}

async fn of_row(bench: &Bench, row: &Scenario) -> Check {
    checked(bench, ROW, format!("row.{}", row.name.replace(' ', "-")), rows::row(bench, row)).await
}

async fn checked(bench: &Bench, spec: Spec, id: String, told: impl Future<Output = Told>) -> Check {
    bench.forget_evidence();
    let told = tokio::time::timeout(LONGEST, Box::pin(told)).await;
    let told = told.unwrap_or_else(|_| Err(Miss::Failed(format!("it did not end within {} s", LONGEST.as_secs()))));
    made(spec, id, told, bench.evidence())
}

fn made(spec: Spec, id: String, told: Told, evidence: Vec<String>) -> Check {
    let (verdict, evidence) = match told {
        Ok(text) => (Verdict::Pass(text), Vec::new()),
        Err(Miss::Failed(text)) => (Verdict::Fail(text), evidence),
        Err(Miss::Skipped(text)) => (Verdict::Skipped(text), evidence),
        Err(Miss::NotApplicable(text)) => (Verdict::NotApplicable(text), Vec::new()),
    };
    Check { id, does: spec.does.to_owned(), verdict, evidence, remedy: spec.remedy.to_owned() }
}

/// Judged from the checks before it.
pub(crate) const CLASS: &str = "delivery.class";

pub(crate) fn class(told: Told) -> Option<Check> {
    let spec = SPECS.iter().find(|spec| spec.id == CLASS)?;
    Some(made(*spec, CLASS.to_owned(), told, Vec::new()))
}
