//! Which task an asking is about, whose turn it is, and what a plan of a comparison is held to.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod shop;

use counterfoil_domain::card::InOrder;
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::id::{LineId, TaskId};
use counterfoil_domain::job::JobKind;
use counterfoil_domain::money::Money;
use counterfoil_domain::period::Period;
use counterfoil_domain::plan::{Action, Change, Plan, PlanLine, QUANTITY_BEFORE, STANDING, STANDING_OF};
use counterfoil_domain::reconcile::{self, Found, Standing};
use counterfoil_domain::task::{Need, Task, TaskState};
use counterfoil_domain::turn::{Entry, waits_for};
use rust_decimal::Decimal;
use shop::*;

fn failure() -> Failure {
    Failure::new(FailureClass::Rejected, "no", "no")
}

fn of(id: &str, state: &str) -> Task {
    let (plan, batch) = (|| "p".into(), || "b".into());
    let state = match state {
        "pending" => TaskState::Pending(vec![Need::rules()]),
        "ready" => TaskState::Ready,
        "planned" => TaskState::Planned(plan()),
        "queued" => TaskState::Queued { plan: plan(), by: "ann".into() },
        "sending" => TaskState::Sending { plan: plan(), batch: batch() },
        "uncertain" => TaskState::Uncertain { plan: plan(), batch: batch(), why: "lost".into() },
        "retrying" => TaskState::Retrying { plan: plan(), at: now(), failure: failure() },
        "parked" => TaskState::Parked { failure: failure() },
        "superseded" => TaskState::Superseded { by: "t".into() },
        "synced" => TaskState::Synced { plan: plan() },
        other => panic!("{other}"),
    };
    Task { id: TaskId::new(id), state, ..task(&order(), TaskState::Ready) }
}

/// Tasks of each turn, a comma between turns; "=" marks the one of the state that is asked for now -> what is done.
const ASKED: &str = "
                                 -> new 0
=ready                           -> known
=pending                         -> known
=planned                         -> known
=parked                          -> known
=queued                          -> known
=uncertain                       -> known
=synced                          -> new 1
=superseded planned              -> new 1 over planned
planned                          -> new 0 over planned
pending parked ready             -> new 0 over pending parked ready
superseded ready                 -> new 0 over ready
synced                           -> new 1
sending                          -> new 1
retrying                         -> new 1
=synced, ready                   -> new 1 over ready
=synced, =ready                  -> known
=synced, =synced                 -> new 2
=superseded parked, =synced      -> new 2 over parked
";

#[test]
fn one_state_has_one_open_task_and_what_was_sent_is_compared_anew() {
    for row in ASKED.lines().filter(|row| !row.is_empty()) {
        let (given, expected) = row.split_once("->").unwrap();
        let mut earlier: Vec<Vec<Task>> = Vec::new();
        for (turn, tasks) in given.split(',').enumerate().filter(|_| !given.trim().is_empty()) {
            let one = |(n, word): (usize, &str)| match word.strip_prefix('=') {
                Some(state) => of(&format!("wanted-{turn}"), state),
                None => of(&format!("other-{turn}-{n}"), word),
            };
            earlier.push(tasks.split_whitespace().enumerate().map(one).collect());
        }
        let found = match reconcile::standing(&earlier, |turn| TaskId::new(format!("wanted-{turn}"))) {
            Standing::Known(_) => "known".to_owned(),
            Standing::New { turn, gives_way } => {
                let names: Vec<&str> = gives_way.iter().map(|task| task.state.name()).collect();
                let over = if names.is_empty() { String::new() } else { format!(" over {}", names.join(" ")) };
                format!("new {turn}{over}")
            }
        };
        assert_eq!(found, expected.trim(), "{row}");
    }
}

#[test]
fn what_is_under_way_comes_first_and_a_comparison_last() {
    let entry = |id: &str, kind, state: &str, day: &str| {
        let task = Task { kind, number: id.into(), subscription: Some("s".into()), ..of(id, state) };
        Entry { task, effective_on: day.parse().unwrap() }
    };
    let (change, compare) = (JobKind::Change, JobKind::Reconcile);
    let early = entry("early", change, "ready", "2026-11-01");
    let late = entry("late", change, "ready", "2026-11-02");
    let sent = entry("sent", change, "queued", "2026-11-03");
    let compared = entry("compared", compare, "planned", "2026-10-01");
    let sent_comparison = entry("sent-comparison", compare, "sending", "2026-10-01");
    let in_order = Some(InOrder::Subscription);
    for (own, others, in_order, expected) in [
        (&early, vec![&late, &compared], in_order, None),
        (&late, vec![&early, &compared], in_order, Some("early")),
        (&early, vec![&late, &sent], in_order, Some("sent")),
        (&early, vec![&sent_comparison], in_order, Some("sent-comparison")),
        (&compared, vec![&late, &early], in_order, Some("early")),
        (&compared, vec![&late], None, Some("late")),
        (&late, vec![&early], None, None),
        (&compared, vec![], None, None),
    ] {
        let all: Vec<Entry> = others.into_iter().chain([own]).cloned().collect();
        let found = waits_for(own, &all, in_order).map(|waits| waits.number);
        assert_eq!(found.as_deref(), expected, "{} with {in_order:?}", own.task.number);
    }
    let elsewhere = Task { subscription: Some("other".into()), ..early.task.clone() };
    let all = [late.clone(), Entry { task: elsewhere, ..early }];
    assert_eq!(waits_for(&late, &all, in_order), None, "another subscription keeps nobody waiting");
}

#[test]
fn the_snapshot_says_nothing_of_the_day_on_which_it_is_asked_for() {
    let period = reconcile::parse_period("2026-11-01/2026-12-01").unwrap();
    let mut subscription = Shop::new(order()).subscription;
    let usd = order().currency;
    let asked = |subscription: &_, days: i64| {
        let key = reconcile::key(&"m".into(), &"x".into(), &"s".into(), period, 0);
        reconcile::order(key, subscription, usd, now() + chrono::Duration::days(days))
    };
    let first = asked(&subscription, 0);
    assert_eq!(first.revision(), asked(&subscription, 40).revision());
    assert_eq!(reconcile::period_of(&first), Some(period));
    assert!(!reconcile::is_reconcile(&order()));
    subscription.created_at = Some("2026-11-16T08:00:00Z".parse().unwrap());
    assert_eq!(asked(&subscription, 0).effective_on().to_string(), "2026-11-16", "it began inside the period");
    subscription.created_at = Some("2020-01-01T08:00:00Z".parse().unwrap());
    assert_eq!(asked(&subscription, 0).effective_on(), period.start());
    for bad in ["", "2026-11-01", "2026-12-01/2026-11-01", "2026-11-01/2026-11-01", "a/b"] {
        assert_eq!(reconcile::parse_period(bad), None::<Period>, "{bad}");
    }
}

fn change(why: &str, action: Action, standing: bool) -> Change {
    let usd = order().currency;
    let line = PlanLine {
        covers: vec![],
        description: String::new(),
        quantity: Decimal::ONE,
        unit_price: Decimal::ZERO,
        unit_cost: None,
        amount: Decimal::ZERO,
        bills: Decimal::ZERO,
        why: String::new(),
        attributes: [(STANDING, "2026-12-01"), (STANDING_OF, "1"), (QUANTITY_BEFORE, "0")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
    };
    Change {
        key: why.into(),
        action,
        document: "addition".into(),
        target: None,
        title: why.into(),
        fields: vec![],
        lines: if standing { vec![line] } else { vec![] },
        total: Money::zero(usd),
        why: why.into(),
        attributes: vec![],
    }
}

#[test]
fn a_difference_of_several_changes_counts_once_and_each_word_must_be_meant() {
    let job = Shop::new(order()).job(None).unwrap();
    let plan = |changes: Vec<Change>| Plan {
        task: job.task.clone(),
        changes,
        left_out: job
            .order
            .lines
            .iter()
            .filter(|line| line.id != LineId::new("1"))
            .map(|line| counterfoil_domain::plan::Omission { line: line.id.clone(), why: "no".into() })
            .collect(),
        notes: vec![],
        payload: vec![],
        attributes: vec![],
    };
    let three = plan(vec![
        change("different: ends", Action::Update, false),
        change("different: opens", Action::Create, true),
        change("different: the rest", Action::Create, false),
    ]);
    let counts = |plan: &Plan| reconcile::counted(plan).map(|(_, count)| count);
    assert_eq!(counts(&three), [0, 1, 0, 0]);
    assert_eq!(
        counts(&plan(vec![change("extra: a", Action::Update, false), change("extra: b", Action::Update, false)]))[2],
        2
    );
    assert_eq!(Found::of(&change("missing: x", Action::Create, true)), Some(Found::Missing));

    let codes = |changes: Vec<Change>| -> Vec<String> {
        reconcile::findings(&plan(changes), &job, vec![]).into_iter().map(|finding| finding.code).collect()
    };
    assert_eq!(codes(vec![change("same: it", Action::Keep, false)]), Vec::<String>::new());
    assert_eq!(codes(vec![change("different: it", Action::Create, true)]), Vec::<String>::new());
    assert_eq!(codes(vec![change("same: it", Action::Update, true)]), ["not-reconciled"]);
    assert_eq!(codes(vec![change("missing: it", Action::Keep, true)]), ["not-reconciled"]);
    assert_eq!(codes(vec![change("as agreed", Action::Create, true)]), ["not-reconciled"]);
    assert_eq!(codes(vec![]), ["line-not-told"]);
    let mut bills = change("missing: it", Action::Create, true);
    bills.total = Money::new(Decimal::TEN, job.order.currency);
    assert_eq!(codes(vec![bills]), ["reconcile-bills"]);
}
