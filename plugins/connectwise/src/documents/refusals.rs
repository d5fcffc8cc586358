//! What is said when it cannot be told which addition an order changes.
//!
//! Owns the sentences: which order, which line, which additions, and what a person can do.

use counterfoil_sdk::{Decimal, Failure, Line};

use super::desk::Desk;
use super::former::FIELD;
use super::stored::Addition;

impl Desk<'_> {
    pub(crate) fn several(&self, line: &Line, several: &[&Addition]) -> Failure {
        let named: Vec<String> = several.iter().map(|addition| addition.called()).collect();
        Failure::rejected(
            "connectwise-several-ongoing-additions",
            format!(
                "{} changes \"{}\", and {} has several additions of it that go on: {}. Nothing was written. Set {FIELD} on the task to the id of the one that is meant, or end the others in ConnectWise.",
                self.job.order.number,
                self.name(line),
                self.agreement.called(),
                named.join(", ")
            ),
        )
        .with("reference", several.iter().map(|addition| addition.reference()).collect::<Vec<_>>().join(" "))
    }

    pub(crate) fn none(&self, line: &Line, ended: &[&Addition]) -> Failure {
        let about = format!("{} changes \"{}\"", self.job.order.number, self.name(line));
        if let [one, ..] = ended {
            return Failure::rejected(
                "connectwise-addition-ended",
                format!(
                    "{about}, and addition {} of {} ends already where this order would end it. If an earlier try of this task did that, set {FIELD} on the task to {}; if it is something new, set it to \"none\". Nothing was written by this plan.",
                    one.called(),
                    self.agreement.called(),
                    one.reference()
                ),
            )
            .with("reference", one.reference());
        }
        Failure::rejected(
            "connectwise-no-ongoing-addition",
            format!(
                "{about}, and {} has no addition of it that goes on, so its quantity before is not known. Nothing was written. If there never was one, set {FIELD} on the task to \"none\"; else reconcile the agreement first.",
                self.agreement.called()
            ),
        )
    }

    pub(crate) fn below_zero(&self, line: &Line, before: Decimal, sum: Decimal, former: Option<&Addition>) -> Failure {
        let which = former.map(|former| format!(" (addition {})", former.reference())).unwrap_or_default();
        Failure::rejected(
            "connectwise-quantity-below-zero",
            format!(
                "{} takes {} of \"{}\" away, and {} has {before}{which}. Nothing was written. Reconcile the agreement first, or correct the addition.",
                self.job.order.number,
                sum.abs(),
                self.name(line),
                self.agreement.called()
            ),
        )
    }
}
