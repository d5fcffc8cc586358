//! What people are told of: what happened, what it means for the money, what to do. Owns the words and which level shows
//! them; where they are shown is the doors' business.

use std::fmt;

use chrono::{DateTime, Days, NaiveDate, Utc};

use crate::connection::{Connection, ConnectionState, Notify};
use crate::follow_up::{FollowUp, FollowUpState};
use crate::order::named;
use crate::plan::{SealedPlan, Severity};
use crate::program;
use crate::task::{IgnoreReason, Ignored, Need, Task, TaskState};

named! {
    NoticeKind {
        NeedsLink = "needs-link",
        NeedsDecision = "needs-decision",
        PlanBlocked = "plan-blocked",
        PlanNeedsPerson = "plan-needs-person",
        Parked = "parked",
        Uncertain = "uncertain",
        NeedsSignIn = "needs-sign-in",
        SignInEnds = "sign-in-ends",
        ConnectionPaused = "connection-paused",
        WaitsForApproval = "waits-for-approval",
        FollowUpStopped = "follow-up-stopped",
        Ready = "ready",
        Planned = "planned",
        OnItsWay = "on-its-way",
        Retrying = "retrying",
        Synced = "synced",
        Ignored = "ignored",
        Superseded = "superseded",
    }
}

impl NoticeKind {
    /// Errors, and what waits for somebody.
    pub fn is_problem(self) -> bool {
        match self {
            Self::NeedsLink
            | Self::NeedsDecision
            | Self::PlanBlocked
            | Self::PlanNeedsPerson
            | Self::Parked
            | Self::Uncertain
            | Self::NeedsSignIn
            | Self::SignInEnds
            | Self::ConnectionPaused
            | Self::WaitsForApproval
            | Self::FollowUpStopped => true,
            Self::Ready
            | Self::Planned
            | Self::OnItsWay
            | Self::Retrying
            | Self::Synced
            | Self::Ignored
            | Self::Superseded => false,
        }
    }

    pub fn shown_at(self, level: Notify) -> bool {
        level == Notify::All || self.is_problem()
    }
}

/// One thing to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub kind: NoticeKind,
    pub happened: String,
    pub money: String,
    pub act: String,
}

/// So long before a sign-in ends it is told: a person must act, and people are away.
const BEFORE_IT_ENDS: Days = Days::new(14);

/// A sign-in that ends soon unless it is used. One that is used never ends.
pub fn of_sign_in(connection: &Connection, ends: NaiveDate, today: NaiveDate) -> Option<Notice> {
    let is_near = ends.checked_sub_days(BEFORE_IT_ENDS).is_some_and(|from| from <= today);
    (is_near && connection.state != ConnectionState::NeedsSignIn).then(|| Notice {
        kind: NoticeKind::SignInEnds,
        happened: format!("The sign-in of {} was not used lately and ends on {ends}.", connection.id),
        money: "Nothing is lost; after that day nothing can be sent until somebody signs in.".to_owned(),
        act: "Test the connection, which uses the sign-in, or sign in again.".to_owned(),
    })
}

/// States in which a task may be a problem; the others are news.
pub const TROUBLED: [&str; 4] = ["pending", "planned", "uncertain", "parked"];

/// What there is to tell of a task. `plan` is the one that the task stands on, where it was read; only a planned task's
/// matters.
pub fn of(task: &Task, plan: Option<&SealedPlan>) -> Notice {
    let whose = format!("{} of {}", task.number, task.customer_name);
    let amount = task.amount;
    let notice =
        |kind, happened: String, money: String, act: &str| Notice { kind, happened, money, act: act.to_owned() };
    match &task.state {
        TaskState::Pending(needs) => pending(task, needs),
        TaskState::Ready => notice(
            NoticeKind::Ready,
            format!("{whose} can be planned."),
            format!("{amount} is not billed yet."),
            "Plan it, then confirm the plan.",
        ),
        TaskState::Planned(_) => planned(task, plan),
        TaskState::Queued { by, .. } => notice(
            NoticeKind::OnItsWay,
            format!("{by} confirmed the plan of {whose}."),
            format!("{amount} is about to be sent."),
            "Nothing.",
        ),
        TaskState::Sending { .. } => notice(
            NoticeKind::OnItsWay,
            format!("{whose} is being sent."),
            format!("{amount} is on its way."),
            "Nothing.",
        ),
        TaskState::Synced { .. } => notice(
            NoticeKind::Synced,
            format!("{whose} is synchronized."),
            format!("{amount} stands in the billing system."),
            "Nothing.",
        ),
        TaskState::Uncertain { why, .. } => notice(
            NoticeKind::Uncertain,
            format!("{whose} was sent and it is not known whether it was stored: {why}."),
            format!("{amount} may or may not be billed; nothing is sent again before it is known."),
            "Look at the task and decide, if it is not found out by itself: `counterfoil resolve`.",
        ),
        TaskState::Retrying { at, failure, .. } => notice(
            NoticeKind::Retrying,
            format!("{whose} could not be sent: {}", failure.message),
            format!("{amount} is not billed yet."),
            &format!("Nothing; it is tried again at {}.", at.format("%Y-%m-%d %H:%M UTC")),
        ),
        TaskState::Parked { failure } => notice(
            NoticeKind::Parked,
            format!("{whose} was given up: {}", failure.message),
            format!("{amount} is not billed, except for what the message names as stored."),
            "Mend what the message names, then plan the task again.",
        ),
        TaskState::Ignored(ignored) => of_ignored(task, ignored),
        TaskState::Superseded { by } => notice(
            NoticeKind::Superseded,
            format!("A newer revision of {whose} took its place."),
            format!("{amount} was not billed by this task; task {by} counts instead."),
            "Nothing.",
        ),
    }
}

fn of_ignored(task: &Task, ignored: &Ignored) -> Notice {
    let whose = format!("{} of {}", task.number, task.customer_name);
    let money = if ignored.reason == IgnoreReason::CoveredByInitialTask {
        format!("{} is in the initial task of its subscription.", task.amount)
    } else {
        format!("{} is not billed.", task.amount)
    };
    let act = match ignored.reason {
        IgnoreReason::UnknownMotion => "Bill it by hand.",
        reason if program::HELD_BACK.contains(&reason) => {
            "Nothing, or set the program so that it is billed: it comes back by itself."
        }
        _ => "Nothing, or unignore it if it is to be billed.",
    };
    let happened = format!("{whose} is ignored ({}, by {}){}", ignored.reason, ignored.by, said(&ignored.text));
    Notice { kind: NoticeKind::Ignored, happened, money, act: act.to_owned() }
}

fn said(text: &str) -> String {
    if text.is_empty() { ".".to_owned() } else { format!(": {}.", text.trim_end_matches('.')) }
}

fn pending(task: &Task, needs: &[Need]) -> Notice {
    let all: Vec<String> = needs.iter().map(ToString::to_string).collect();
    let decides = needs.iter().any(|need| matches!(need, Need::Decision { .. }) && *need != Need::rules());
    let linked = needs.iter().all(|need| !matches!(need, Need::Link { .. }));
    let (kind, act) = match (decides, linked) {
        (true, _) => (NoticeKind::NeedsDecision, "Say what to bill, or ignore the task with a reason."),
        (false, true) => (NoticeKind::Ready, "Nothing; the next check or planning evaluates the rules."),
        (false, false) => (NoticeKind::NeedsLink, "Make the link, or choose that it is never synchronized."),
    };
    Notice {
        kind,
        happened: format!("{} of {} waits: {}.", task.number, task.customer_name, all.join("; ")),
        money: format!("{} is not billed until then.", task.amount),
        act: act.to_owned(),
    }
}

fn planned(task: &Task, plan: Option<&SealedPlan>) -> Notice {
    let whose = format!("{} of {}", task.number, task.customer_name);
    let messages = |severity| {
        let found = plan.iter().flat_map(|sealed| &sealed.findings).filter(move |f| f.severity == severity);
        found.map(|finding| finding.message.clone()).collect::<Vec<_>>().join("; ")
    };
    let (kind, happened, act) = match plan.and_then(SealedPlan::worst) {
        Some(Severity::Blocks) => (
            NoticeKind::PlanBlocked,
            format!("The plan of {whose} is blocked: {}.", messages(Severity::Blocks)),
            "Correct what is named, then plan the task again.",
        ),
        Some(Severity::NeedsPerson) => (
            NoticeKind::PlanNeedsPerson,
            format!("The plan of {whose} must be accepted by somebody: {}.", messages(Severity::NeedsPerson)),
            "Look at the plan; an approver accepts the findings and confirms it.",
        ),
        Some(Severity::Notes) | None => {
            (NoticeKind::Planned, format!("{whose} is planned."), "Look at the plan and confirm it.")
        }
    };
    Notice { kind, happened, money: format!("{} is not billed yet.", task.amount), act: act.to_owned() }
}

/// Whole days after which it is told that nobody approved what is waited for.
const APPROVED_BY: i64 = 14;

/// What there is to tell of a step that waits; nothing while it waits as it should.
pub fn of_follow_up(one: &FollowUp, task: &Task, now: DateTime<Utc>) -> Option<Notice> {
    let whose = format!("{} of {}", task.number, task.customer_name);
    let money = format!("{} stands in the billing system; this step bills nothing more.", task.amount);
    match &one.state {
        FollowUpState::Waiting { .. } if one.days(now) >= APPROVED_BY => Some(Notice {
            kind: NoticeKind::WaitsForApproval,
            happened: format!("\"{}\" ({whose}) has waited for {} days: {}.", one.title, one.days(now), one.waits_for),
            money,
            act: "Approve the documents there, or void them: it is looked at by itself.".to_owned(),
        }),
        FollowUpState::Person { why, .. } => Some(Notice {
            kind: NoticeKind::FollowUpStopped,
            happened: format!("\"{}\" ({whose}) is not carried out by itself any more. {why}", one.title),
            money,
            act: "Look in the billing system whether it was done, and do it there if it is due.".to_owned(),
        }),
        _ => None,
    }
}

/// What there is to tell of a connection itself; nothing while it works.
pub fn of_connection(connection: &Connection) -> Option<Notice> {
    let why = said(&connection.state_reason);
    let (kind, happened, act) = match connection.state {
        ConnectionState::Enabled => return None,
        ConnectionState::Paused => (
            NoticeKind::ConnectionPaused,
            format!("{} is paused{why}", connection.name),
            format!("Enable it when the reason is gone: `counterfoil connections enable {}`.", connection.id),
        ),
        ConnectionState::NeedsSignIn => (
            NoticeKind::NeedsSignIn,
            format!("{} does not take its credentials any more{why}", connection.name),
            format!(
                "Set its secrets again, or test it once they work: `counterfoil connections test {}`.",
                connection.id
            ),
        ),
    };
    let money = "Nothing is sent to it, and nothing is lost: what is confirmed waits.".to_owned();
    Some(Notice { kind, happened, money, act })
}
