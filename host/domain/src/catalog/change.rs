//! A change: an edit with the option that sends it, the reason, and whom it is about. Owns which option each kind of change
//! belongs to (`ChangeKind::option`, one function) and the digest that makes a stale preview recognisable.

use std::fmt;

use super::edit::Edit;
use super::held::{HeldBack, Note};
use super::id::{SyncKey, TemplateId};
use super::options::{Options, SyncOption};
use crate::digest::Digester;
use crate::id::ResellerId;
use crate::order::named;

named! {
    ChangeKind {
        NewPlan = "new-plan",
        NewPeriod = "new-period",
        PlanStanding = "plan-standing",
        ConfirmationNeeded = "confirmation-needed",
        PlanFee = "plan-fee",
        NewExpirationSchedule = "new-expiration-schedule",
        ExpirationAssignment = "expiration-assignment",
        NewSalesCategory = "new-sales-category",
        SalesCategory = "sales-category",
        DisplayCategory = "display-category",
        SalesCategoryMembership = "sales-category-membership",
        NewPlanCategory = "new-plan-category",
        PlanCategory = "plan-category",
        PlanCategoryMembership = "plan-category-membership",
        ResourceCategory = "resource-category",
        ResourceGrouping = "resource-grouping",
        NewNotificationSchedule = "new-notification-schedule",
        NotificationSchedule = "notification-schedule",
        NotificationAssignment = "notification-assignment",
        UsageStatistics = "usage-statistics",
        NewResource = "new-resource",
        ObsoleteResource = "obsolete-resource",
        ResourcePrice = "resource-price",
        ResourceLimits = "resource-limits",
        SaleAvailability = "sale-availability",
        OrderFlow = "order-flow",
        Role = "role",
        Terms = "terms",
    }
}

impl ChangeKind {
    /// The option it belongs to. A few kinds also travel with others: `INTERACTIONS`, and nowhere else.
    pub fn option(self) -> SyncOption {
        match self {
            Self::NewPlan | Self::NewPeriod | Self::ConfirmationNeeded => SyncOption::CreatePlans,
            Self::PlanStanding => SyncOption::ApplyEnabling,
            Self::PlanFee | Self::NewExpirationSchedule | Self::ExpirationAssignment => SyncOption::UpdateFees,
            Self::NewSalesCategory
            | Self::SalesCategory
            | Self::DisplayCategory
            | Self::SalesCategoryMembership
            | Self::NewPlanCategory
            | Self::PlanCategory
            | Self::PlanCategoryMembership
            | Self::ResourceCategory
            | Self::ResourceGrouping => SyncOption::UpdateCategories,
            Self::NewNotificationSchedule | Self::NotificationSchedule | Self::NotificationAssignment => {
                SyncOption::UpdateNotifications
            }
            Self::UsageStatistics => SyncOption::AttachStatistics,
            Self::NewResource => SyncOption::CreateResources,
            Self::ObsoleteResource | Self::SaleAvailability => SyncOption::RemoveResources,
            Self::ResourcePrice => SyncOption::UpdatePrices,
            Self::ResourceLimits => SyncOption::UpdateLimits,
            Self::OrderFlow => SyncOption::UpdateOrderFlow,
            Self::Role => SyncOption::UpdateRoles,
            Self::Terms => SyncOption::SyncTerms,
        }
    }

    /// One of them, and several, for people.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::NewPlan => ("new plan", "new plans"),
            Self::NewPeriod => ("new plan period", "new plan periods"),
            Self::PlanStanding => ("plan enabled or disabled", "plans enabled or disabled"),
            Self::ConfirmationNeeded => ("plan to be confirmed", "plans to be confirmed"),
            Self::PlanFee => ("plan fee change", "plan fee changes"),
            Self::NewExpirationSchedule => ("new expiration schedule", "new expiration schedules"),
            Self::ExpirationAssignment => ("expiration schedule assignment", "expiration schedule assignments"),
            Self::NewSalesCategory => ("new sales category", "new sales categories"),
            Self::SalesCategory => ("sales category change", "sales category changes"),
            Self::DisplayCategory => ("change of Display Category", "changes of Display Category"),
            Self::SalesCategoryMembership => {
                ("change of a plan's sales categories", "changes of plans' sales categories")
            }
            Self::NewPlanCategory => ("new plan category", "new plan categories"),
            Self::PlanCategory => ("plan category change", "plan category changes"),
            Self::PlanCategoryMembership => ("change of a plan's category", "changes of plans' categories"),
            Self::ResourceCategory => ("resource category change", "resource category changes"),
            Self::ResourceGrouping => ("change of a resource's category", "changes of resources' categories"),
            Self::NewNotificationSchedule => ("new notification schedule", "new notification schedules"),
            Self::NotificationSchedule => ("notification schedule change", "notification schedule changes"),
            Self::NotificationAssignment => ("notification schedule assignment", "notification schedule assignments"),
            Self::UsageStatistics => ("usage statistics change", "usage statistics changes"),
            Self::NewResource => ("new resource", "new resources"),
            Self::ObsoleteResource => ("obsolete resource", "obsolete resources"),
            Self::ResourcePrice => ("price change", "price changes"),
            Self::ResourceLimits => ("limit change", "limit changes"),
            Self::SaleAvailability => ("sale availability change", "sale availability changes"),
            Self::OrderFlow => ("order flow change", "order flow changes"),
            Self::Role => ("role change", "role changes"),
            Self::Terms => ("change of terms and conditions", "changes of terms and conditions"),
        }
    }

    /// "1 price change", "3 price changes".
    pub fn counted(self, count: usize) -> String {
        let (one, several) = self.words();
        format!("{count} {}", if count == 1 { one } else { several })
    }
}

named! {
    /// Why a change is there.
    Reason {
        New = "new",
        NeededByNew = "needed-by-new",
        RemovedFromTemplate = "removed-from-template",
        AddedBack = "added-back",
        Differs = "differs",
        ReplacesOwn = "replaces-own",
        Gone = "gone",
        WithoutPrices = "without-prices",
    }
}

impl Reason {
    pub fn sentence(self) -> &'static str {
        match self {
            Self::New => "The provider has it and the reseller does not.",
            Self::NeededByNew => "Something new refers to it, and the reseller does not have it.",
            Self::RemovedFromTemplate => {
                "The plan was removed from the service template: it becomes Disabled by Provider."
            }
            Self::AddedBack => "The plan was added back to the service template: it becomes published and available.",
            Self::Differs => "The provider's value is different.",
            Self::ReplacesOwn => "The provider's value is different and replaces the one the reseller set.",
            Self::Gone => "The provider does not have it any more.",
            Self::WithoutPrices => {
                "Something new arrives without prices that count: the plan is off sale until the reseller confirms it."
            }
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub edit: Edit,
    /// By which it is sent; of a held back one, by which it would be.
    pub option: SyncOption,
    pub reason: Reason,
    /// Whom it is about, by name: `Gold · 1 month`.
    pub subject: String,
}

impl Change {
    pub fn kind(&self) -> ChangeKind {
        self.edit.kind()
    }

    pub fn key(&self) -> SyncKey {
        self.edit.key()
    }

    /// What the cell holds now and what it will hold, for people.
    pub fn values(&self) -> (String, String) {
        super::say::values(&self.edit)
    }
}

/// Everything one synchronization does to one reseller, and what it does not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeSet {
    pub reseller: ResellerId,
    pub template: TemplateId,
    pub options: Options,
    /// In the order in which they are made: what is referred to comes before what refers to it.
    pub changes: Vec<Change>,
    pub held: Vec<HeldBack>,
    pub notes: Vec<Note>,
}

impl ChangeSet {
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// How many of each kind, in the order of the kinds.
    pub fn counts(&self) -> Vec<(ChangeKind, usize)> {
        let mut counts = std::collections::BTreeMap::new();
        for change in &self.changes {
            *counts.entry(change.kind()).or_insert(0usize) += 1;
        }
        counts.into_iter().collect()
    }

    /// The ground it stands on: whose, with which options, and of every cell it touches what the reseller holds and what
    /// the provider has. A preview is stale when the same comparison, made again, has another digest; what changed
    /// elsewhere in the catalogs does not make it so.
    pub fn digest(&self) -> String {
        let mut digester = Digester::new("catalog-sync-1");
        digester.text(self.reseller.as_str()).text(self.template.as_str()).count(self.options.iter().count());
        for option in self.options.iter() {
            digester.text(option.name());
        }
        digester.count(self.changes.len());
        for change in &self.changes {
            digester.text(change.key().as_str()).text(change.option.name());
            // Derived `Debug` shows every field of both values, and maps in the order of their keys. Should a later
            // version show them differently, previews from before it are refused, which is the safe side.
            digester.text(&format!("{:?}", change.edit));
        }
        digester.hex()
    }
}
