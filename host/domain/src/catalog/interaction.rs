//! Changes that travel with an option they do not belong to: one table, the whole of it. Everything else is sent by
//! `ChangeKind::option` alone; the property tests hold that against all combinations of options.

use super::change::ChangeKind;
use super::options::{Options, SyncOption};

/// `kind` is also sent by `with`.
#[derive(Debug, Clone, Copy)]
pub struct Interaction {
    pub kind: ChangeKind,
    pub with: SyncOption,
    pub because: &'static str,
}

/// | change | belongs to | also sent by |
/// |---|---|---|
/// | new sales category | categories | new plans: only one that a new plan is in and the reseller lacks |
/// | new plan category | categories | new plans: likewise |
/// | new expiration schedule | plan fees | new plans: one that a new plan or period refers to |
/// | new notification schedule | notification schedules | new plans: likewise |
/// | sale availability | obsolete resources | resource prices, resource limits, terms and conditions |
/// | confirmation needed | new plans (a new period without prices) | new resources: a new rate without prices |
pub const INTERACTIONS: &[Interaction] = &[
    Interaction {
        kind: ChangeKind::NewSalesCategory,
        with: SyncOption::CreatePlans,
        because: "a new plan explicitly creates its new sales category at the reseller",
    },
    Interaction {
        kind: ChangeKind::NewPlanCategory,
        with: SyncOption::CreatePlans,
        because: "a new plan cannot stand without its plan category",
    },
    Interaction {
        kind: ChangeKind::NewExpirationSchedule,
        with: SyncOption::CreatePlans,
        because: "a new plan or period cannot stand without its expiration schedule",
    },
    Interaction {
        kind: ChangeKind::NewNotificationSchedule,
        with: SyncOption::CreatePlans,
        because: "a new plan cannot stand without its notification schedule",
    },
    Interaction {
        kind: ChangeKind::SaleAvailability,
        with: SyncOption::UpdatePrices,
        because: "the option's note: it propagates sale availability of resources on both sides",
    },
    Interaction {
        kind: ChangeKind::SaleAvailability,
        with: SyncOption::UpdateLimits,
        because: "the option's note: it propagates sale availability of resources on both sides",
    },
    Interaction {
        kind: ChangeKind::SaleAvailability,
        with: SyncOption::SyncTerms,
        because: "the option's note: it propagates sale availability of resources on both sides",
    },
    Interaction {
        kind: ChangeKind::ConfirmationNeeded,
        with: SyncOption::CreateResources,
        because: "a new rate without a price that counts takes the plan off sale",
    },
];

/// Every option that may send this kind.
pub fn carriers(kind: ChangeKind) -> Options {
    let others = INTERACTIONS.iter().filter(|row| row.kind == kind).map(|row| row.with);
    others.fold(Options::NONE.with(kind.option()), Options::with)
}
