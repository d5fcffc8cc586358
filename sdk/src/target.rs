//! The one trait that a plugin implements.
//!
//! Owns the shape of a target. The host calls through `target!`; tests and benchmarks call it directly with a
//! [`Scripted`](crate::testing::Scripted) remote.

use crate::{Account, Draft, Entity, EntityPage, Failure, Job, Located, Observation, Plan, Receipt, Remote};

/// A kind of billing system. Every call runs in a fresh instance: keep nothing between calls.
///
/// Methods over several jobs, plans or receipts answer one result for each, in their order, so that one bad task does
/// not take the others down.
pub trait Target {
    /// Whose books these are. Reads only.
    ///
    /// # Errors
    /// Auth or forbidden when the connection cannot be used; the message says what to do.
    fn probe(&self, remote: &mut dyn Remote) -> Result<Account, Failure>;

    /// Entities of a kind that match; an empty query lists all. Reads only.
    ///
    /// # Errors
    /// Unsupported for a kind that the target does not have.
    fn search(
        &self,
        remote: &mut dyn Remote,
        kind: &str,
        query: &str,
        cursor: Option<&str>,
    ) -> Result<EntityPage, Failure>;

    /// The entities with these ids, in any order; missing ones are left out. Reads only.
    ///
    /// # Errors
    /// Unsupported for a kind that the target does not have.
    fn get(&self, remote: &mut dyn Remote, kind: &str, ids: &[String]) -> Result<Vec<Entity>, Failure>;

    /// Creates one, or returns the one that an earlier try with this key made: look before you write.
    ///
    /// # Errors
    /// Conflict when something else is in the way; unsupported for a kind that cannot be created.
    fn create(&self, remote: &mut dyn Remote, kind: &str, draft: &Draft) -> Result<Entity, Failure>;

    /// Sets price and cost of the thing with this id, and nothing else of it; writes only where they differ, and reads back
    /// what is stored. A target without a catalogue of prices leaves it at this.
    ///
    /// # Errors
    /// Not-found when it is gone; unsupported for a kind that cannot be revised.
    fn revise(&self, remote: &mut dyn Remote, kind: &str, id: &str, draft: &Draft) -> Result<Entity, Failure> {
        let _ = (remote, draft);
        let text = format!("This target does not change {kind} {id}. Nothing was written; change it there by hand.");
        Err(Failure::unsupported("revise-unsupported", text))
    }

    /// Proposes the exact changes for each job. Reads only, and as few as possible for the whole list.
    fn plan(&self, remote: &mut dyn Remote, jobs: &[Job]) -> Vec<Result<Plan, Failure>>;

    /// Does what the plans say and nothing else. Run again after a crash, it must make the same writes under the same
    /// keys: derive both from the plans alone.
    fn apply(&self, remote: &mut dyn Remote, plans: &[Plan]) -> Vec<Result<Receipt, Failure>>;

    /// Looks for the document that a lost write of this change would have made. Reads only.
    ///
    /// # Errors
    /// Anything that keeps it from being sure. "Not sure" must never become [`Located::Absent`].
    fn locate(&self, remote: &mut dyn Remote, plan: &Plan, change_key: &str) -> Result<Located, Failure>;

    /// What the target shows now for each receipt. Reads only.
    fn observe(&self, remote: &mut dyn Remote, receipts: &[Receipt]) -> Vec<Result<Observation, Failure>>;
}
