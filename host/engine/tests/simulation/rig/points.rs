//! The steps of the write protocol by name: each commit and each call on the wire is one of them. Whoever adds a step
//! names it here, and the deep run must have died at it.

use counterfoil_domain::journal::{Batch, BatchState, EffectState};
use counterfoil_domain::ports::{Call, Sending, Write};
use counterfoil_domain::task::TaskState;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Point {
    /// The batch and its tasks as sending.
    BatchBegun,
    /// A first intent.
    Intent,
    /// An intent under a key that was used before.
    IntentAgain,
    /// A write on the wire.
    Sent,
    /// Its answer, or that it surely never arrived.
    AnswerKept,
    UnsentKept,
    /// What became of a batch, with receipts and without.
    SettledStored,
    SettledOpen,
    /// Reads on the wire, and what they showed.
    Asked,
    ReadBack,
    /// Recovery: the crash is noted, the batch is applied again, a look is put off, a look, a person's now.
    CrashNoted,
    ReplayBegun,
    LookPutOff,
    LookedFor,
    LeftToPerson,
    /// A wait is over.
    DueAgain,
    /// The run's own row.
    RunKept,
}

impl Point {
    pub(crate) const ALL: [Self; 17] = [
        Self::BatchBegun,
        Self::Intent,
        Self::IntentAgain,
        Self::Sent,
        Self::AnswerKept,
        Self::UnsentKept,
        Self::SettledStored,
        Self::SettledOpen,
        Self::Asked,
        Self::ReadBack,
        Self::CrashNoted,
        Self::ReplayBegun,
        Self::LookPutOff,
        Self::LookedFor,
        Self::LeftToPerson,
        Self::DueAgain,
        Self::RunKept,
    ];

    pub(crate) fn of_call(call: &Call) -> Self {
        if matches!(call.sending, Sending::Write { .. }) { Self::Sent } else { Self::Asked }
    }

    /// `before` is the batch as it stands in the store.
    pub(crate) fn of_commit(writes: &[Write], before: Option<&Batch>) -> Self {
        let batch = batch_in(writes);
        let stored = writes.iter().any(|write| matches!(write, Write::PutReceipt(_)));
        let seen = writes.iter().any(|write| matches!(write, Write::PutReceipt(row) if row.observed.is_some()));
        let tasks: Vec<&TaskState> = writes.iter().filter_map(task_in).collect();
        match (writes, batch, before) {
            ([Write::InsertEffect(_)], ..) => Self::Intent,
            ([Write::UpdateEffect(effect)], ..) => match effect.state {
                EffectState::Intent => Self::IntentAgain,
                EffectState::Answered(_) => Self::AnswerKept,
                EffectState::NotSent { .. } => Self::UnsentKept,
            },
            (_, Some(now), None) if now.trail.applying => Self::BatchBegun,
            (_, Some(now), Some(was)) if now.trail.applying && !was.trail.applying => Self::ReplayBegun,
            (_, Some(now), Some(was)) if was.trail.applying && now.trail.crashes > was.trail.crashes => {
                Self::CrashNoted
            }
            (_, Some(_), Some(was)) if was.trail.applying => {
                if stored {
                    Self::SettledStored
                } else {
                    Self::SettledOpen
                }
            }
            (_, Some(now), Some(_)) if seen || tasks.is_empty() && now.state == BatchState::Closed => Self::ReadBack,
            (_, Some(now), Some(was)) if now.probes > was.probes => {
                if tasks.is_empty() && now.trail == was.trail {
                    Self::ReadBack
                } else {
                    Self::LookedFor
                }
            }
            (_, Some(_), Some(_)) if tasks.is_empty() => Self::LookPutOff,
            (_, Some(_), Some(_)) => Self::LeftToPerson,
            (_, None, _) if seen => Self::ReadBack,
            ([Write::UpdateRun(_) | Write::InsertRun(_)], ..) => Self::RunKept,
            _ if !tasks.is_empty() && tasks.iter().all(|state| matches!(state, TaskState::Queued { .. })) => {
                Self::DueAgain
            }
            ([], ..) => Self::RunKept,
            other => panic!("a step of the write protocol without a name: {other:?}"),
        }
    }
}

pub(crate) fn batch_in(writes: &[Write]) -> Option<&Batch> {
    writes.iter().find_map(|write| if let Write::PutBatch(batch) = write { Some(batch) } else { None })
}

fn task_in(write: &Write) -> Option<&TaskState> {
    if let Write::UpdateTask(task) = write { Some(&task.state) } else { None }
}
