//! What goes without a person, when a connection is checked by itself, and what people are told: as tables.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use counterfoil_domain::adjust::Adjustments;
use counterfoil_domain::auto::{self, Standing, Why};
use counterfoil_domain::connection::{AutoSync, Connection, ConnectionState, Exceptions, HostRules, Notify};
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::follow_up::{FollowUp, FollowUpState};
use counterfoil_domain::id::{PlanDigest, RunId};
use counterfoil_domain::job::JobKind;
use counterfoil_domain::link::LinkKind;
use counterfoil_domain::money::{Currency, Money};
use counterfoil_domain::notice::{self, NoticeKind, TROUBLED};
use counterfoil_domain::order::OrderKey;
use counterfoil_domain::plan::*;
use counterfoil_domain::run::{Run, RunKind, RunState, Selection};
use counterfoil_domain::schedule::{LastCheck, due, pause};
use counterfoil_domain::task::{IgnoreReason, Ignored, Need, Subject, Task, TaskState};

fn now() -> DateTime<Utc> {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

fn usd(amount: &str) -> Money {
    Money::new(amount.parse().unwrap(), Currency::parse("USD").unwrap())
}

fn connection(auto_sync: AutoSync) -> Connection {
    Connection {
        id: "x".into(),
        reseller: "r".into(),
        name: "Books".into(),
        plugin: "ledger".into(),
        marketplace: "m".into(),
        state: ConnectionState::Enabled,
        state_reason: String::new(),
        base_url: None,
        token_url: None,
        auth: None,
        exceptions: Exceptions::default(),
        settings: BTreeMap::new(),
        rules: HostRules { auto_sync, ..HostRules::default() },
    }
}

fn task(kind: JobKind, state: TaskState) -> Task {
    let subject = Subject::Order { key: OrderKey { marketplace: "m".into(), order: "o".into() }, revision: "1".into() };
    Task {
        id: subject.task_id(&"x".into()),
        reseller: "r".into(),
        connection: "x".into(),
        subject,
        kind,
        number: "SO1".into(),
        customer: "c".into(),
        customer_name: "Green Lane LLC".into(),
        subscription: None,
        amount: usd("100"),
        scenario: "new sale".into(),
        state,
        created_at: now(),
        observed_at: now(),
        updated_at: now(),
        failures: 0,
        crashes: 0,
        version: 1,
    }
}

/// With a document for each amount.
fn plan(task: &Task, amounts: &[&str], action: Action, findings: &[Severity]) -> SealedPlan {
    let change = |(n, amount): (usize, &&str)| Change {
        key: format!("document-{n}").as_str().into(),
        action,
        document: "invoice".into(),
        target: None,
        title: "Invoice".into(),
        fields: vec![],
        lines: vec![],
        total: usd(amount),
        why: String::new(),
        attributes: vec![],
    };
    let plan = Plan {
        task: task.id.clone(),
        changes: amounts.iter().enumerate().map(change).collect(),
        left_out: vec![],
        notes: vec![],
        payload: vec![],
        attributes: vec![],
    };
    let ground = Ground {
        revision: "1".into(),
        links: String::new(),
        settings: String::new(),
        rules: String::new(),
        adjustments: String::new(),
        target_records: String::new(),
        plugin: "p".into(),
    };
    let finding = |severity: &Severity| Finding {
        severity: *severity,
        code: severity.name().into(),
        message: format!("it {severity}"),
    };
    let findings = findings.iter().map(finding).collect();
    let judged = Judged { ground, findings, source_total: usd("100"), claims: vec![] };
    SealedPlan::seal("x".into(), plan, judged, now())
}

/// Everything that counts, as it must be for a task to go; each row changes one thing.
struct Case {
    kind: JobKind,
    auto: AutoSync,
    state: ConnectionState,
    switched_on: bool,
    adjustments: Option<Adjustments>,
    uncertain: bool,
    amounts: &'static [&'static str],
    action: Action,
    findings: &'static [Severity],
    /// What the task says it stands on; none: this plan.
    stands_on: Option<TaskState>,
    altered: bool,
}

impl Case {
    fn good() -> Self {
        Self {
            kind: JobKind::Sales,
            auto: AutoSync { on: true, kinds: vec![], most: None },
            state: ConnectionState::Enabled,
            switched_on: true,
            adjustments: None,
            uncertain: false,
            amounts: &["100"],
            action: Action::Create,
            findings: &[],
            stands_on: None,
            altered: false,
        }
    }

    fn verdict(self) -> Result<(), Why> {
        let mut task = task(self.kind, TaskState::Ready);
        let mut sealed = plan(&task, self.amounts, self.action, self.findings);
        task.state = self.stands_on.unwrap_or_else(|| TaskState::Planned(sealed.digest.clone()));
        if self.altered {
            sealed.plan.notes.push("another word".into());
        }
        let connection = Connection { state: self.state, ..connection(self.auto) };
        let standing = Standing {
            connection: &connection,
            switched_on: self.switched_on,
            adjustments: self.adjustments.as_ref(),
            uncertain: self.uncertain,
        };
        auto::allowed(&task, &sealed, standing)
    }
}

fn limited(most: &str, amounts: &'static [&'static str]) -> Case {
    Case { auto: AutoSync { most: Some(most.parse().unwrap()), ..Case::good().auto }, amounts, ..Case::good() }
}

fn chosen(kinds: &[JobKind], kind: JobKind) -> Case {
    Case { auto: AutoSync { kinds: kinds.to_vec(), ..Case::good().auto }, kind, ..Case::good() }
}

fn set_by_ann(decided: Option<&str>) -> Option<Adjustments> {
    let mut all = Adjustments::none("t".into(), "ann".into(), now());
    all.decided = decided.map(str::to_owned);
    Some(all)
}

#[test]
fn a_task_goes_by_itself_only_when_nothing_speaks_for_a_person() {
    let off = AutoSync { on: false, ..Case::good().auto };
    let table: Vec<(&str, Case, Result<(), Why>)> = vec![
        ("everything is as it must be", Case::good(), Ok(())),
        ("off", Case { auto: AutoSync::default(), ..Case::good() }, Err(Why::ConnectionOff)),
        ("off, with all else given", Case { auto: off, ..Case::good() }, Err(Why::ConnectionOff)),
        ("customer off", Case { switched_on: false, ..Case::good() }, Err(Why::CustomerOff)),
        ("paused", Case { state: ConnectionState::Paused, ..Case::good() }, Err(Why::ConnectionPaused)),
        ("no sign-in", Case { state: ConnectionState::NeedsSignIn, ..Case::good() }, Err(Why::ConnectionPaused)),
        ("initial", Case { kind: JobKind::Initial, ..Case::good() }, Err(Why::Initial)),
        ("initial, though chosen", chosen(&[JobKind::Initial], JobKind::Initial), Err(Why::Initial)),
        ("reconcile", Case { kind: JobKind::Reconcile, ..Case::good() }, Err(Why::Reconcile)),
        ("reconcile, though chosen", chosen(&[JobKind::Reconcile], JobKind::Reconcile), Err(Why::Reconcile)),
        ("chosen", chosen(&[JobKind::Billing, JobKind::Change], JobKind::Change), Ok(())),
        ("not chosen", chosen(&[JobKind::Billing, JobKind::Change], JobKind::Sales), Err(Why::KindNotChosen)),
        ("decided", Case { adjustments: set_by_ann(Some("as agreed")), ..Case::good() }, Err(Why::DecidedByPerson)),
        ("everything taken back", Case { adjustments: set_by_ann(None), ..Case::good() }, Ok(())),
        ("a lost answer of the customer's", Case { uncertain: true, ..Case::good() }, Err(Why::CustomerUncertain)),
        ("only ready", Case { stands_on: Some(TaskState::Ready), ..Case::good() }, Err(Why::NotPlanned)),
        (
            "on another plan",
            Case { stands_on: Some(TaskState::Planned("other".into())), ..Case::good() },
            Err(Why::NotPlanned),
        ),
        (
            "confirmed before",
            Case { stands_on: Some(TaskState::Queued { plan: "other".into(), by: "ann".into() }), ..Case::good() },
            Err(Why::NotPlanned),
        ),
        ("altered in the store", Case { altered: true, ..Case::good() }, Err(Why::PlanAltered)),
        ("nothing to write", Case { action: Action::Keep, ..Case::good() }, Err(Why::PlanEmpty)),
        ("without changes", Case { amounts: &[], ..Case::good() }, Err(Why::PlanEmpty)),
        ("blocked", Case { findings: &[Severity::Notes, Severity::Blocks], ..Case::good() }, Err(Why::FindingBlocks)),
        (
            "to be accepted",
            Case { findings: &[Severity::Notes, Severity::NeedsPerson], ..Case::good() },
            Err(Why::FindingNeedsPerson),
        ),
        ("only noted", Case { findings: &[Severity::Notes], ..Case::good() }, Ok(())),
        ("below the limit", limited("100.01", &["100"]), Ok(())),
        ("on the limit", limited("100", &["100.00"]), Ok(())),
        ("a cent over", limited("99.99", &["100"]), Err(Why::OverLimit)),
        ("given back, on the limit", limited("100", &["-100"]), Ok(())),
        ("given back, a cent over", limited("99.99", &["-100"]), Err(Why::OverLimit)),
        ("several, on the limit", limited("100", &["60", "40"]), Ok(())),
        ("several, a cent over", limited("100", &["60", "40.01"]), Err(Why::OverLimit)),
        ("to and fro is not nothing", limited("100", &["100", "-100"]), Err(Why::OverLimit)),
        ("to and fro, on the limit", limited("200", &["100", "-100"]), Ok(())),
        ("more than can be counted", limited("100", &["79228162514264337593543950335", "1"]), Err(Why::OverLimit)),
        ("a limit of nothing", limited("0", &["0.01"]), Err(Why::OverLimit)),
    ];
    let mut seen = Vec::new();
    for (what, case, expected) in table {
        assert_eq!(case.verdict(), expected, "{what}");
        seen.extend(expected.err());
    }
    // No word without a row, and each says something of its own.
    for why in Why::ALL {
        assert!(seen.contains(why), "no row shows {why}");
        assert_eq!(Why::ALL.iter().filter(|other| other.text() == why.text()).count(), 1, "{why}");
    }
}

fn run(n: i64, kind: RunKind, state: RunState, minutes_ago: i64) -> Run {
    let at = now() - Duration::minutes(minutes_ago);
    Run {
        id: RunId::new(format!("run-{n}")),
        reseller: "r".into(),
        connection: "x".into(),
        kind,
        state,
        asked_by: "ann".into(),
        asked_at: at - Duration::minutes(1),
        started_at: (state != RunState::Queued).then_some(at),
        finished_at: None,
        total: None,
        done: 0,
        counts: vec![],
        problems: vec![],
    }
}

#[test]
fn a_check_is_due_after_its_interval_whatever_the_clock_did() {
    use RunState::{Done, Failed, Incomplete, Queued, Running};
    let minutes = Duration::minutes;
    // Every, state of the last one, so long ago, failures in a row, due.
    let table = [
        (Some(60), Done, minutes(59), 0, false),
        (Some(60), Done, minutes(60), 0, true),
        (Some(60), Incomplete, minutes(60), 0, true),
        (Some(60), Done, minutes(6_000), 0, true),
        (None, Done, minutes(6_000), 0, false),
        // Under way, however long.
        (Some(60), Running, minutes(6_000), 0, false),
        (Some(60), Queued, minutes(6_000), 0, false),
        // Once, twice, four times the interval …
        (Some(60), Failed, minutes(59), 1, false),
        (Some(60), Failed, minutes(60), 1, true),
        (Some(60), Failed, minutes(119), 2, false),
        (Some(60), Failed, minutes(120), 2, true),
        (Some(60), Failed, minutes(239), 3, false),
        (Some(60), Failed, minutes(240), 3, true),
        // … up to a day.
        (Some(60), Failed, minutes(24 * 60 - 1), 9, false),
        (Some(60), Failed, minutes(24 * 60), 9, true),
        (Some(60), Failed, minutes(24 * 60 - 1), u32::MAX, false),
        (Some(60), Failed, minutes(24 * 60), u32::MAX, true),
        // Whoever wants a check every two days waits no longer after a failure, and no shorter.
        (Some(2_880), Failed, minutes(2_879), 5, false),
        (Some(2_880), Failed, minutes(2_880), 5, true),
        // A clock that was set back a little changes nothing, one set back far does not keep it unchecked.
        (Some(60), Done, -minutes(1), 0, false),
        (Some(60), Done, -minutes(59), 0, false),
        (Some(60), Done, -minutes(60), 0, true),
        (Some(60), Done, -minutes(6_000), 0, true),
        // Nothing makes it check all the time.
        (Some(0), Done, minutes(4), 0, false),
        (Some(0), Done, minutes(5), 0, true),
    ];
    for (every, state, ago, failures, expected) in table {
        let last = LastCheck { run: RunId::new("r"), state, at: now() - ago, failures };
        assert_eq!(due(Some(&last), every, now()), expected, "{every:?} {state} {ago} {failures}");
    }
    assert!(due(None, Some(60), now()), "never checked");
    assert!(!due(None, None, now()));
    assert_eq!(pause(u32::MAX, u32::MAX), Duration::minutes(i64::from(u32::MAX)));
}

#[test]
fn the_last_check_is_found_among_other_runs() {
    use RunState::{Done, Failed, Queued};
    let other = Run { connection: "y".into(), ..run(9, RunKind::Check, Done, 1) };
    let days = counterfoil_domain::period::Period::new("2026-01-01".parse().unwrap(), "2026-02-01".parse().unwrap());
    let backfill = run(8, RunKind::Backfill(days.unwrap()), Failed, 2);
    let plan = run(7, RunKind::Plan(Selection::AllReady), Done, 3);
    let future = run(6, RunKind::Check, Failed, -120);
    let runs = [
        future.clone(),
        other,
        backfill,
        plan,
        run(5, RunKind::Check, Failed, 10),
        run(4, RunKind::Check, Failed, 20),
        run(3, RunKind::Check, Done, 30),
        run(2, RunKind::Check, Failed, 40),
    ];
    // Whatever their order: runs are listed by when they were asked for, which is not when they were started.
    let backwards: Vec<Run> = runs.iter().rev().cloned().collect();
    assert_eq!(LastCheck::of(&runs, &"x".into(), now()), LastCheck::of(&backwards, &"x".into(), now()));
    let last = LastCheck::of(&runs, &"x".into(), now()).unwrap();
    let ten_ago = now() - Duration::minutes(10);
    assert_eq!(last, LastCheck { run: RunId::new("run-5"), state: Failed, at: ten_ago, failures: 2 });
    let done = LastCheck::of(&runs[6..], &"x".into(), now()).unwrap();
    assert_eq!((done.run.as_str(), done.failures), ("run-3", 0));
    // Not started yet: when it was asked for.
    let queued = LastCheck::of(&[run(1, RunKind::Check, Queued, 5)], &"x".into(), now()).unwrap();
    assert_eq!((queued.at, queued.state), (now() - Duration::minutes(6), Queued));
    assert_eq!(LastCheck::of(&[future], &"x".into(), now()), None, "the clock was set back since");
    assert_eq!(LastCheck::of(&[], &"x".into(), now()), None);
}

fn every_state() -> Vec<(TaskState, Vec<Severity>, NoticeKind, bool)> {
    let failure = Failure::new(FailureClass::Rejected, "bad-tax", "The tax rate is not active.");
    let link = Need::Link { kind: LinkKind::Item, source: "P1".into(), name: "Backup".into() };
    let decision = Need::Decision { why: "no details".into() };
    let ignored = |reason| Ignored { reason, text: String::new(), by: "rules".into(), at: now(), until: None };
    let planned = || TaskState::Planned(PlanDigest::new("p"));
    vec![
        (TaskState::Pending(vec![link.clone()]), vec![], NoticeKind::NeedsLink, true),
        (TaskState::Pending(vec![decision.clone()]), vec![], NoticeKind::NeedsDecision, true),
        (TaskState::Pending(vec![link, decision]), vec![], NoticeKind::NeedsDecision, true),
        (TaskState::Pending(vec![Need::rules()]), vec![], NoticeKind::Ready, false),
        (TaskState::Ready, vec![], NoticeKind::Ready, false),
        (planned(), vec![], NoticeKind::Planned, false),
        (planned(), vec![Severity::Notes], NoticeKind::Planned, false),
        (planned(), vec![Severity::NeedsPerson, Severity::Notes], NoticeKind::PlanNeedsPerson, true),
        (planned(), vec![Severity::NeedsPerson, Severity::Blocks], NoticeKind::PlanBlocked, true),
        (TaskState::Queued { plan: "p".into(), by: "auto-sync".into() }, vec![], NoticeKind::OnItsWay, false),
        (TaskState::Sending { plan: "p".into(), batch: "b".into() }, vec![], NoticeKind::OnItsWay, false),
        (TaskState::Synced { plan: "p".into() }, vec![], NoticeKind::Synced, false),
        (
            TaskState::Uncertain { plan: "p".into(), batch: "b".into(), why: "no answer".into() },
            vec![],
            NoticeKind::Uncertain,
            true,
        ),
        (
            TaskState::Retrying { plan: "p".into(), at: now(), failure: failure.clone() },
            vec![],
            NoticeKind::Retrying,
            false,
        ),
        (TaskState::Parked { failure }, vec![], NoticeKind::Parked, true),
        (TaskState::Ignored(ignored(IgnoreReason::ZeroAmount)), vec![], NoticeKind::Ignored, false),
        (TaskState::Ignored(ignored(IgnoreReason::CoveredByInitialTask)), vec![], NoticeKind::Ignored, false),
        (TaskState::Superseded { by: "t".into() }, vec![], NoticeKind::Superseded, false),
    ]
}

/// Steps that wait for somebody in the target: what is told of them, and when.
fn waiting_steps() -> Vec<NoticeKind> {
    let state = TaskState::Synced { plan: PlanDigest::new("p") };
    let task = task(JobKind::Sales, state);
    let mut told = vec![];
    for (days, state, kind) in [
        (13, FollowUpState::Waiting { at: now() }, None),
        (14, FollowUpState::Waiting { at: now() }, Some(NoticeKind::WaitsForApproval)),
        (0, FollowUpState::Person { why: "refused".into(), at: now() }, Some(NoticeKind::FollowUpStopped)),
        (90, FollowUpState::Done { at: now() }, None),
        (90, FollowUpState::Left { why: "voided".into(), at: now() }, None),
    ] {
        let step = FollowUp {
            connection: "x".into(),
            task: task.id.clone(),
            plan: "p".into(),
            change: "c".into(),
            plugin: "d".into(),
            title: "Allocation".into(),
            waits_for: "approval".into(),
            documents: vec![],
            state,
            begun_at: now() - Duration::days(days),
            looked_at: None,
            looks: 0,
            failures: 0,
        };
        let notice = notice::of_follow_up(&step, &task, now());
        assert_eq!(notice.as_ref().map(|notice| notice.kind), kind, "{step:?}");
        told.extend(notice.map(|notice| {
            assert!(notice.happened.contains("Allocation") && notice.money.contains("100.00 USD"), "{notice:?}");
            notice.kind
        }));
    }
    told
}

#[test]
fn every_state_has_its_notice_and_only_problems_are_shown_to_whoever_wants_no_more() {
    let mut kinds = vec![];
    for (state, findings, kind, is_problem) in every_state() {
        let task = task(JobKind::Sales, state);
        let sealed = plan(&task, &["100"], Action::Create, &findings);
        let notice = notice::of(&task, Some(&sealed));
        let at = format!("{} {findings:?}: {notice:?}", task.state.name());
        assert_eq!(notice.kind, kind, "{at}");
        assert_eq!(notice.kind.shown_at(Notify::Problems), is_problem, "{at}");
        assert!(notice.kind.shown_at(Notify::All), "{at}");
        // A listing of problems looks only into these states.
        assert!(!is_problem || TROUBLED.contains(&task.state.name()), "{at}");
        assert!(notice.happened.contains("SO1") && notice.happened.contains("Green Lane LLC"), "{at}");
        assert!(notice.money.contains("100.00 USD"), "{at}");
        for text in [&notice.happened, &notice.money, &notice.act] {
            assert!(text.ends_with('.') && !text.ends_with("..") || text.contains('`'), "{at}");
        }
        kinds.push(kind);
    }
    for (state, kind) in [
        (ConnectionState::Paused, NoticeKind::ConnectionPaused),
        (ConnectionState::NeedsSignIn, NoticeKind::NeedsSignIn),
    ] {
        let connection =
            Connection { state, state_reason: "401 from the target".into(), ..connection(AutoSync::default()) };
        let notice = notice::of_connection(&connection).unwrap();
        assert_eq!((notice.kind, notice.kind.shown_at(Notify::Problems)), (kind, true));
        assert!(notice.happened.contains("Books") && notice.happened.contains("401 from the target"), "{notice:?}");
        kinds.push(kind);
    }
    assert_eq!(notice::of_connection(&connection(AutoSync::default())), None);
    let day = |text: &str| text.parse().unwrap();
    for (today, told) in [("2026-11-16", false), ("2026-11-17", true), ("2026-12-02", true)] {
        let notice = notice::of_sign_in(&connection(AutoSync::default()), day("2026-12-01"), day(today));
        assert_eq!(notice.as_ref().map(|n| n.kind), told.then_some(NoticeKind::SignInEnds), "{today}");
        assert!(notice.is_none_or(|n| n.happened.contains("2026-12-01") && n.kind.shown_at(Notify::Problems)));
    }
    let asked = Connection { state: ConnectionState::NeedsSignIn, ..connection(AutoSync::default()) };
    assert_eq!(notice::of_sign_in(&asked, day("2026-12-01"), day("2026-11-30")), None, "it is told already");
    kinds.push(NoticeKind::SignInEnds);
    kinds.extend(waiting_steps());
    for kind in NoticeKind::ALL {
        assert!(kinds.contains(kind), "no row shows {kind}");
    }
}
