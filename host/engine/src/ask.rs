//! Asking a target for plans: as many jobs to a call as its card allows, a used-up minute waited for, a call without an
//! answer taken apart. Owns the calls; what becomes of a plan or a failure is `propose`'s.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use counterfoil_domain::connection::Connection;
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::job::Job;
use counterfoil_domain::plan::Plan;
use counterfoil_domain::ports::{CallError, Target};

use crate::engine::Engine;
use crate::linking::read_only;
use crate::patience::{Patience, pause};
use crate::propose::call_failure;

/// Lines of one call: what a guest may hold and hand over is limited, and jobs differ in size. A job with more goes alone.
const MOST_LINES: usize = 2_000;

pub(crate) type Answer = Result<Plan, Failure>;

/// The plans, in order, after as many used-up minutes as it takes. Only what was turned away is asked for again.
pub(crate) async fn patiently(
    engine: &Engine,
    connection: &Connection,
    target: &Arc<dyn Target>,
    jobs: &[Job],
) -> Vec<Answer> {
    let mut answers = ask(engine, connection, target, jobs).await;
    let mut patience = Patience::default();
    loop {
        let waits = |answer: &Answer| answer.as_ref().err().and_then(pause);
        let turned_away: Vec<usize> =
            (0..).zip(&answers).filter(|(_, one)| waits(one).is_some()).map(|(at, _)| at).collect();
        if !patience.again(answers.iter().filter_map(waits).max()).await {
            return answers;
        }
        let again: Vec<Job> = turned_away.iter().filter_map(|at| jobs.get(*at).cloned()).collect();
        for (at, answer) in turned_away.into_iter().zip(ask(engine, connection, target, &again).await) {
            if let Some(place) = answers.get_mut(at) {
                *place = answer;
            }
        }
    }
}

async fn ask(engine: &Engine, connection: &Connection, target: &Arc<dyn Target>, jobs: &[Job]) -> Vec<Answer> {
    let card = target.card();
    let lines: Vec<usize> = jobs.iter().map(|job| job.order.lines.len()).collect();
    let mut pieces = VecDeque::from(pieces(&lines, card.plan_tasks, MOST_LINES));
    let mut answers: Vec<Option<Answer>> = vec![None; jobs.len()];
    while let Some(piece) = pieces.pop_front() {
        let asked = jobs.get(piece.clone()).unwrap_or_default();
        let all = |failure: Failure| vec![Err(failure); asked.len()];
        let said = match target.plan(read_only(engine, connection, target), asked.to_vec()).await {
            Ok(said) if said.len() == asked.len() => said,
            Ok(said) => {
                let text = format!("{} plans for {} jobs", said.len(), asked.len());
                all(call_failure(&CallError::Nonsense(text)))
            }
            Err(CallError::Failed(failure)) => all(never_ran(failure)),
            Err(error) if asked.len() == 1 => all(call_failure(&error)),
            // Its pieces come last, so that what is wrong in it holds up no other.
            Err(_) => {
                pieces.extend(taken_apart(piece, card.batch_tasks));
                continue;
            }
        };
        for (place, answer) in answers.get_mut(piece).unwrap_or_default().iter_mut().zip(said) {
            *place = Some(answer);
        }
    }
    let missing = || Err(call_failure(&CallError::Nonsense("no plan".to_owned())));
    answers.into_iter().map(|answer| answer.unwrap_or_else(missing)).collect()
}

/// A version that is paused for its traps is no fault of these jobs: they are planned when it runs again.
fn never_ran(failure: Failure) -> Failure {
    match failure.class {
        FailureClass::Internal => Failure { class: FailureClass::Transient, ..failure },
        _ => failure,
    }
}

/// In order, none with more jobs or lines than allowed.
fn pieces(lines: &[usize], most_jobs: usize, most_lines: usize) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let (mut from, mut held) = (0, 0_usize);
    for (at, count) in lines.iter().enumerate() {
        if at > from && (at - from >= most_jobs || held.saturating_add(*count) > most_lines) {
            pieces.push(from..at);
            (from, held) = (at, 0);
        }
        held = held.saturating_add(*count);
    }
    if from < lines.len() {
        pieces.push(from..lines.len());
    }
    pieces
}

/// By two steps to the single job: a version is paused at its third trap, so one poisonous job must be found before.
fn taken_apart(piece: Range<usize>, small: usize) -> Vec<Range<usize>> {
    let step = if piece.len() > small.max(1) { small.max(1) } else { 1 };
    piece.clone().step_by(step).map(|from| from..piece.end.min(from + step)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of each job, and the pieces they go in: from, to.
    type Case<'a> = (&'a [usize], &'a [(usize, usize)]);

    #[test]
    fn a_call_holds_no_more_jobs_or_lines_than_allowed() {
        let table: &[Case<'_>] = &[
            (&[], &[]),
            (&[1], &[(0, 1)]),
            (&[1, 1, 1], &[(0, 3)]),
            (&[1, 1, 1, 1, 1], &[(0, 3), (3, 5)]),
            (&[4, 6, 1], &[(0, 2), (2, 3)]),
            (&[50, 1, 1], &[(0, 1), (1, 3)]),
            (&[1, 50, 1], &[(0, 1), (1, 2), (2, 3)]),
            (&[0, 0, 0, 0], &[(0, 3), (3, 4)]),
        ];
        for (lines, expected) in table {
            let got: Vec<_> = pieces(lines, 3, 10).into_iter().map(|piece| (piece.start, piece.end)).collect();
            assert_eq!(got, *expected, "{lines:?}");
        }
    }

    #[test]
    fn what_fails_as_a_whole_is_single_jobs_after_two_steps() {
        assert_eq!(taken_apart(10..25, 10), [10..20, 20..25]);
        assert_eq!(taken_apart(20..23, 10), [20..21, 21..22, 22..23]);
        assert_eq!(taken_apart(0..2, 0), [0..1, 1..2]);
        for small in [1, 10, 50, 2_000] {
            let apart = taken_apart(0..1_000, small).into_iter().flat_map(|piece| taken_apart(piece, small));
            assert!(apart.map(|piece| piece.len()).all(|jobs| jobs == 1), "{small}");
        }
    }
}
