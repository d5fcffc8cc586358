//! Which claims count, and in which order they are told, for both stores.

use counterfoil_domain::claim::Claim;
use counterfoil_domain::id::PlanDigest;
use counterfoil_domain::task::TaskState;

/// Whether what this plan bills was confirmed: it is the task's plan, and somebody let it go.
pub(crate) fn counts(plan: &PlanDigest, state: &TaskState) -> bool {
    let confirmed = match state {
        TaskState::Queued { .. }
        | TaskState::Sending { .. }
        | TaskState::Uncertain { .. }
        | TaskState::Retrying { .. }
        | TaskState::Synced { .. } => true,
        TaskState::Pending(_)
        | TaskState::Ready
        | TaskState::Planned(_)
        | TaskState::Parked { .. }
        | TaskState::Ignored(_)
        | TaskState::Superseded { .. } => false,
    };
    confirmed && state.plan() == Some(plan)
}

/// By plan, and inside of it as the plan has them.
pub(crate) fn in_order(mut found: Vec<(PlanDigest, i64, Claim)>) -> Vec<Claim> {
    found.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    found.into_iter().map(|(_, _, claim)| claim).collect()
}
