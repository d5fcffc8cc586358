//! What a program's people are told of a run by mail. Owns the text and when there is none: nothing new, and what went as
//! it should, is told nobody.

use std::fmt::Write as _;

use crate::connection::Connection;
use crate::outcome::{Outcome, outcome};
use crate::program::Program;
use crate::run::Run;

/// More lines than somebody reads; the run has them all.
const MOST_LINES: usize = 40;

/// Figures that are told, in this order, with their words.
const FIGURES: [(&str, &str); 9] = [
    ("statements-read", "statements read"),
    ("reissues", "statements issued again"),
    ("tasks-new", "new tasks"),
    ("tasks-pending", "of them waiting for a link or a decision"),
    ("tasks-ignored", "of them not billed, by rule"),
    ("products-created", "items created"),
    ("products-updated", "items updated"),
    ("products-in-conflict", "products in conflict"),
    ("products-failed", "products that could not be synchronized"),
];

/// Subject and text; none: nothing to tell.
pub fn of_run(connection: &Connection, program: &Program, run: &Run) -> Option<(String, String)> {
    let word = match outcome(run)? {
        Outcome::NoChange | Outcome::Success => return None,
        Outcome::Warning => "Warning",
        Outcome::Error => "Error",
    };
    let name = program.name.text();
    let subject = format!("{word}: {name} for {} ({})", connection.name, run.kind.name());
    let mut text = format!("{name} for {}: the run {} ended with {}.\n", connection.name, run.id, word.to_lowercase());
    for (figure, words) in FIGURES {
        let count = run.counted(figure);
        if count > 0 {
            let _ = writeln!(text, "  {count} {words}");
        }
    }
    text.push('\n');
    for problem in run.problems.iter().take(MOST_LINES) {
        let _ = writeln!(text, "- {}", problem.message);
    }
    let more = run.counted("problems").max(run.problems.len() as u64).saturating_sub(MOST_LINES as u64);
    if more > 0 {
        let _ = writeln!(text, "- and {more} more; the run shows them.");
    }
    text.push_str("\nNothing is lost: what could not be done is tried again with the next run.\n");
    Some((subject, text))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::connection::{ConnectionState, Exceptions, HostRules};
    use crate::program::ProgramName;
    use crate::run::{Problem, RunKind, RunState};

    fn run(state: RunState, problems: usize) -> Run {
        let problem = |n: usize| Problem {
            code: "price-change".to_owned(),
            subject: String::new(),
            message: format!("unit price {n} changed"),
        };
        Run {
            id: "run_1".into(),
            reseller: "r".into(),
            connection: "c".into(),
            kind: RunKind::Check,
            state,
            asked_by: "schedule".into(),
            asked_at: DateTime::UNIX_EPOCH,
            started_at: None,
            finished_at: None,
            total: None,
            done: 0,
            counts: vec![("statements-read".to_owned(), 2), ("problems".to_owned(), problems as u64)],
            problems: (0..problems.min(200)).map(problem).collect(),
        }
    }

    fn told(run: &Run) -> Option<(String, String)> {
        let connection = Connection {
            id: "c".into(),
            reseller: "r".into(),
            name: "Syncro main".to_owned(),
            plugin: "syncro".into(),
            marketplace: "m".into(),
            state: ConnectionState::Enabled,
            state_reason: String::new(),
            base_url: None,
            token_url: None,
            auth: None,
            exceptions: Exceptions::default(),
            settings: std::collections::BTreeMap::new(),
            rules: HostRules::default(),
        };
        of_run(&connection, &Program::off("c".into(), ProgramName::MicrosoftCsp), run)
    }

    #[test]
    fn what_went_well_is_told_nobody_and_what_did_not_is_told_whole() {
        assert_eq!(told(&run(RunState::Done, 0)), None);
        assert_eq!(told(&run(RunState::Running, 3)), None);
        let (subject, text) = told(&run(RunState::Done, 2)).unwrap();
        assert_eq!(subject, "Warning: Microsoft CSP for Syncro main (check)");
        assert!(text.contains("  2 statements read\n") && text.contains("- unit price 1 changed\n"), "{text}");
        let (subject, text) = told(&run(RunState::Incomplete, 300)).unwrap();
        assert_eq!(subject, "Error: Microsoft CSP for Syncro main (check)");
        assert!(text.contains("- and 260 more; the run shows them."), "{text}");
        assert!(text.lines().count() < 50);
    }
}
