//! What changing links does to the tasks that rest on them, and which changes a connection's rules refuse. Owns no task
//! and no link: it says what would be.

use std::collections::BTreeSet;
use std::fmt;

use crate::judge::{Judgement, LinkBook, link_of};
use crate::link::{Link, LinkKey, LinkKind};
use crate::order::{Order, named};
use crate::task::{IgnoreReason, TaskState, Verdict};

named! {
    /// What happens to a task when links change.
    Touch {
        BecomesReady = "becomes-ready",
        /// It waits for something else now, or for less than before.
        StillWaits = "still-waits",
        WaitsAgain = "waits-again",
        BecomesIgnored = "becomes-ignored",
        /// It has no plan yet; the next one uses the new link.
        PlansWithIt = "plans-with-it",
        /// What was planned, or even confirmed, is not sent any more.
        PlanStale = "plan-stale",
        CanBePlannedAgain = "can-be-planned-again",
        /// The rule that ignored it is gone, but only a person takes it back.
        CanReturn = "can-return",
    }
}

impl Touch {
    pub fn sentence(self) -> &'static str {
        match self {
            Self::BecomesReady => "becomes ready with the next check or planning",
            Self::StillWaits => "still waits, for what is named",
            Self::WaitsAgain => "waits for a link again",
            Self::BecomesIgnored => "is ignored when the rules are evaluated next",
            Self::PlansWithIt => "is planned with the new link",
            Self::PlanStale => "its plan is stale: it is refused when it is sent, and must be planned again",
            Self::CanBePlannedAgain => "is parked and can be planned again",
            Self::CanReturn => "stays ignored until somebody takes it back",
        }
    }
}

/// Does the judged order rest on one of these links?
pub fn rests_on(order: &Order, judgement: &Judgement<'_>, changed: &BTreeSet<(LinkKind, String)>) -> bool {
    let has = |kind: LinkKind, source: &str| changed.contains(&(kind, source.to_owned()));
    has(LinkKind::Party, order.customer.as_str())
        || order.subscription.as_ref().is_some_and(|id| has(LinkKind::Container, id.as_str()))
        || judgement.lines.iter().any(|line| {
            has(LinkKind::Fee, line.fee.name())
                || link_of(line).is_some_and(|(kind, source, _)| changed.contains(&(kind, source)))
        })
}

/// What happens to a task whose order the rules judged so before, and judge so afterwards. None: nothing.
pub fn touch(state: &TaskState, before: &Verdict, after: &Verdict, rests: bool) -> Option<Touch> {
    let changes = before != after;
    if !changes && !rests {
        return None;
    }
    match (state, after) {
        (TaskState::Pending(_), Verdict::Ready) => changes.then_some(Touch::BecomesReady),
        (TaskState::Pending(_), Verdict::Pending(_)) => changes.then_some(Touch::StillWaits),
        (TaskState::Ready, Verdict::Pending(_)) => changes.then_some(Touch::WaitsAgain),
        (TaskState::Pending(_) | TaskState::Ready, Verdict::Ignored(_)) => changes.then_some(Touch::BecomesIgnored),
        (TaskState::Ready, Verdict::Ready) => Some(Touch::PlansWithIt),
        (TaskState::Planned(_) | TaskState::Queued { .. } | TaskState::Retrying { .. }, _) => Some(Touch::PlanStale),
        (TaskState::Parked { .. }, _) => Some(Touch::CanBePlannedAgain),
        (TaskState::Ignored(ignored), Verdict::Ready | Verdict::Pending(_)) => {
            let by_link = matches!(ignored.reason, IgnoreReason::ExcludedCustomer | IgnoreReason::ExcludedProduct);
            (changes && by_link && matches!(before, Verdict::Ignored(_))).then_some(Touch::CanReturn)
        }
        // What was sent was sent with the link of that time.
        _ => None,
    }
}

/// Another product has the item, and the connection's rules want one product an item.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Held {
    pub item: String,
    pub by: String,
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { item, by } = self;
        write!(
            f,
            "{item} is the item of {by} already, and this connection links one product to an item (rule many_to_one is \"one\"); clear that link first, or choose \"separate-containers\" or \"many\""
        )
    }
}

/// Who else holds the item of this link.
pub fn held_by_another(link: &Link, book: &LinkBook) -> Result<(), Held> {
    let Some(target) = link.target().filter(|_| link.key.kind == LinkKind::Item) else { return Ok(()) };
    let other = book.all().find(|other| {
        other.key.kind == LinkKind::Item
            && other.key.source != link.key.source
            && other.target().is_some_and(|theirs| theirs.id == target.id)
    });
    other.map_or(Ok(()), |other| {
        let item = [&target.name, &target.code].into_iter().find(|text| !text.trim().is_empty());
        Err(Held { item: item.map_or_else(|| target.id.to_string(), Clone::clone), by: other.called() })
    })
}

/// The keys of these links, as `rests_on` looks for them.
pub fn keys<'a>(links: impl IntoIterator<Item = &'a LinkKey>) -> BTreeSet<(LinkKind, String)> {
    links.into_iter().map(|key| (key.kind, key.source.clone())).collect()
}
