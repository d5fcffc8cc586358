//! What a synchronization did not send, and what people should know beside the changes. Owns the sentences.

use std::fmt;

use super::change::{Change, ChangeKind};
use super::id::{NotificationScheduleId, NotificationTemplateId, PlanPeriodId, ServicePlanId};
use super::options::{Options, SyncOption};
use crate::order::named;

named! {
    /// What held a change back.
    Cause {
        OptionOff = "option-off",
        PriceSyncDisabled = "price-synchronization-disabled",
        OtherCurrency = "other-currency",
        DisplayKept = "display-kept",
    }
}

/// Changes of one kind that stay behind for one cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldBack {
    pub kind: ChangeKind,
    pub cause: Cause,
    /// Any one of them sends these changes (unless the cause is another than the options).
    pub options: Options,
    pub changes: Vec<Change>,
}

impl HeldBack {
    pub fn count(&self) -> usize {
        self.changes.len()
    }

    /// The first of the options that send it.
    pub fn option(&self) -> SyncOption {
        self.options.iter().next().unwrap_or_else(|| self.kind.option())
    }

    /// "3 price changes not sent: Update Resource Prices is off".
    pub fn sentence(&self) -> String {
        let what = self.kind.counted(self.count());
        match self.cause {
            Cause::OptionOff => {
                let labels: Vec<&str> = self.options.iter().map(SyncOption::label).collect();
                format!("{what} not sent: {}", off(&labels))
            }
            Cause::PriceSyncDisabled => {
                format!("{what} not sent: the reseller has price synchronization disabled and keeps its own prices")
            }
            Cause::OtherCurrency => {
                format!("{what} not sent: the provider's prices are in another currency than the reseller's")
            }
            Cause::DisplayKept => {
                format!("{what} not sent: Display Category in Customer Control Panel stays as the reseller has it")
            }
        }
    }
}

fn off(labels: &[&str]) -> String {
    match labels {
        [] => "no option sends it".to_owned(),
        [one] => format!("{one} is off"),
        [first @ .., last] => format!("{} and {last} are off", first.join(", ")),
    }
}

/// What is different or wrong, and no option changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Note {
    /// A delegated notification schedule uses a template that resellers do not see.
    HiddenTemplate {
        schedule: NotificationScheduleId,
        schedule_name: String,
        template: NotificationTemplateId,
        name: String,
    },
    /// Published differs; no option synchronizes it.
    PublishedDiffers {
        plan: ServicePlanId,
        name: String,
        provider: bool,
    },
    PlanNameDiffers {
        plan: ServicePlanId,
        provider: String,
        reseller: String,
    },
    PeriodGone {
        plan: ServicePlanId,
        name: String,
        period: PlanPeriodId,
    },
    PeriodLengthDiffers {
        plan: ServicePlanId,
        name: String,
        period: PlanPeriodId,
    },
    /// An expiration schedule the reseller already has was changed; only new ones are delegated.
    ExpirationScheduleDiffers {
        name: String,
    },
    /// Waits for the reseller: Delegated confirmation needed.
    AwaitsConfirmation {
        plan: ServicePlanId,
        name: String,
    },
}

impl Note {
    pub fn name(&self) -> &'static str {
        match self {
            Self::HiddenTemplate { .. } => "hidden-template",
            Self::PublishedDiffers { .. } => "published-differs",
            Self::PlanNameDiffers { .. } => "plan-name-differs",
            Self::PeriodGone { .. } => "period-gone",
            Self::PeriodLengthDiffers { .. } => "period-length-differs",
            Self::ExpirationScheduleDiffers { .. } => "expiration-schedule-differs",
            Self::AwaitsConfirmation { .. } => "awaits-confirmation",
        }
    }

    pub fn sentence(&self) -> String {
        match self {
            Self::HiddenTemplate { schedule_name, name, .. } => format!(
                "Notification schedule \"{schedule_name}\" uses template \"{name}\", which resellers do not see: their \
                 customers would not be told. Make the template visible to resellers."
            ),
            Self::PublishedDiffers { name, provider, .. } => format!(
                "Plan \"{name}\" is {} at the provider and not so at the reseller; no option synchronizes this.",
                if *provider { "published" } else { "unpublished" }
            ),
            Self::PlanNameDiffers { provider, reseller, .. } => format!(
                "Plan \"{provider}\" is called \"{reseller}\" at the reseller; no option synchronizes names of plans."
            ),
            Self::PeriodGone { name, period, .. } => format!(
                "Plan \"{name}\" has period {period} at the reseller and not at the provider; no option removes periods."
            ),
            Self::PeriodLengthDiffers { name, period, .. } => {
                format!("Period {period} of plan \"{name}\" has another length at the reseller; no option changes it.")
            }
            Self::ExpirationScheduleDiffers { name } => format!(
                "Expiration schedule \"{name}\" was changed after it was delegated; only new ones are delegated."
            ),
            Self::AwaitsConfirmation { name, .. } => format!(
                "Plan \"{name}\" is off sale at the reseller: Delegated confirmation needed. The reseller sets its \
                 prices and confirms it."
            ),
        }
    }
}
