//! How a run ended, in one word for people. Owns the word; what happened is in the run's figures and problems.

use std::fmt;

use crate::order::named;
use crate::run::{Run, RunKind, RunState};

named! {
    Outcome {
        /// It found nothing that was not known.
        NoChange = "no-change",
        Success = "success",
        /// All was done, and there is something that somebody should read.
        Warning = "warning",
        /// Something could not be read or written.
        Error = "error",
    }
}

/// Figures that say that something is new.
const CHANGES: [&str; 9] = [
    "tasks-new",
    "tasks-judged-again",
    "tasks-came-back",
    "statements-read",
    "reissues",
    "products-created",
    "products-created-again",
    "products-updated",
    "products-linked",
];

/// None: the run is not over.
pub fn outcome(run: &Run) -> Option<Outcome> {
    let looks_for_changes = matches!(run.kind, RunKind::Check | RunKind::Backfill(_) | RunKind::Products { .. });
    match run.state {
        RunState::Queued | RunState::Running => None,
        RunState::Failed | RunState::Incomplete => Some(Outcome::Error),
        RunState::Done if !run.problems.is_empty() || run.counted("problems") > 0 => Some(Outcome::Warning),
        RunState::Done if looks_for_changes && CHANGES.iter().all(|name| run.counted(name) == 0) => {
            Some(Outcome::NoChange)
        }
        RunState::Done => Some(Outcome::Success),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::run::{Problem, Selection};

    fn run(kind: RunKind, state: RunState, counts: &[&str], problems: usize) -> Run {
        let problem = Problem { code: "c".to_owned(), subject: String::new(), message: "m".to_owned() };
        Run {
            id: "r".into(),
            reseller: "r".into(),
            connection: "c".into(),
            kind,
            state,
            asked_by: "ann".into(),
            asked_at: DateTime::UNIX_EPOCH,
            started_at: None,
            finished_at: None,
            total: None,
            done: 0,
            counts: counts.iter().map(|name| ((*name).to_owned(), 1)).collect(),
            problems: vec![problem; problems],
        }
    }

    #[test]
    fn a_run_ends_in_one_word() {
        let plan = || RunKind::Plan(Selection::AllReady);
        let table = [
            (run(RunKind::Check, RunState::Running, &["tasks-new"], 1), None),
            (run(RunKind::Check, RunState::Queued, &[], 0), None),
            (run(RunKind::Check, RunState::Done, &["orders-seen", "statements-unchanged"], 0), Some(Outcome::NoChange)),
            (run(RunKind::Check, RunState::Done, &["tasks-new"], 0), Some(Outcome::Success)),
            (run(RunKind::Check, RunState::Done, &["reissues"], 0), Some(Outcome::Success)),
            (run(RunKind::Check, RunState::Done, &[], 1), Some(Outcome::Warning)),
            // More problems than a run lists are still counted.
            (run(RunKind::Check, RunState::Done, &["problems"], 0), Some(Outcome::Warning)),
            (run(RunKind::Check, RunState::Incomplete, &["tasks-new"], 0), Some(Outcome::Error)),
            (run(RunKind::Check, RunState::Failed, &[], 1), Some(Outcome::Error)),
            (run(plan(), RunState::Done, &[], 0), Some(Outcome::Success)),
            (run(plan(), RunState::Done, &[], 2), Some(Outcome::Warning)),
        ];
        for (run, expected) in table {
            assert_eq!(outcome(&run), expected, "{run:?}");
        }
        let reached: Vec<_> = Outcome::ALL.iter().map(|outcome| outcome.name()).collect();
        assert_eq!(reached, ["no-change", "success", "warning", "error"]);
    }
}
