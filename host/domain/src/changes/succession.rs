//! What a revision of an order means beside the tasks of earlier revisions.

use crate::id::{Revision, TaskId};
use crate::money::Money;
use crate::order::OrderKey;
use crate::salvage;
use crate::task::{Subject, Task, TaskState};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Succession {
    /// There already; these revisions were undone.
    Known { supersedes: Vec<TaskId> },
    /// A new task; these give way to it.
    New { supersedes: Vec<TaskId> },
    /// An earlier revision was sent, or may have been: the new one must not bill it again by itself.
    AfterSending { supersedes: Vec<TaskId>, sent: TaskId, sent_amount: Money },
}

/// An order may say again what it said before another revision ("completed", "processing", "completed"). The task of
/// then gave way and stays so: what is said again is a revision of its own.
pub fn subject(key: &OrderKey, revision: &Revision, earlier: &[Task]) -> Subject {
    let mut same = 0;
    for task in earlier {
        let Subject::Order { revision: told, .. } = &task.subject else { continue };
        if told.as_str().split(AGAIN).next() != Some(revision.as_str()) {
            continue;
        }
        if !matches!(task.state, TaskState::Superseded { .. }) {
            return task.subject.clone();
        }
        same += 1;
    }
    let revision = if same == 0 { revision.clone() } else { Revision::new(format!("{revision}{AGAIN}{}", same + 1)) };
    Subject::Order { key: key.clone(), revision }
}

/// Between a revision and how often it was said.
const AGAIN: char = '~';

pub fn succession(task: &TaskId, earlier: &[Task]) -> Succession {
    let gives_way = |t: &&Task| !matches!(t.state, TaskState::Superseded { .. }) && !was_sent(&t.state);
    let supersedes = earlier.iter().filter(gives_way).filter(|t| t.id != *task).map(|t| t.id.clone()).collect();
    if earlier.iter().any(|t| t.id == *task) {
        return Succession::Known { supersedes };
    }
    let sent = earlier.iter().find(|t| was_sent(&t.state));
    match sent {
        Some(sent) => Succession::AfterSending { supersedes, sent: sent.id.clone(), sent_amount: sent.amount },
        None => Succession::New { supersedes },
    }
}

/// Something of it stands in the target, or may. A parked task says in its failure what was saved before it stopped.
fn was_sent(state: &TaskState) -> bool {
    match state {
        TaskState::Sending { .. } | TaskState::Synced { .. } | TaskState::Uncertain { .. } => true,
        TaskState::Parked { failure } => salvage::is_partly_stored(failure),
        _ => false,
    }
}
