//! The reseller synchronization options, in their three groups, with the words the marketplace has for them. Owns which
//! options there are; which change needs which option is `ChangeKind::option`.

use std::fmt;

use crate::order::named;

named! {
    OptionGroup {
        Plans = "synchronize-plans",
        Resources = "synchronize-plan-resources",
        Other = "synchronize-other-data",
    }
}

impl OptionGroup {
    pub fn label(self) -> &'static str {
        match self {
            Self::Plans => "Synchronize Plans",
            Self::Resources => "Synchronize Plan Resources",
            Self::Other => "Synchronize Other Data",
        }
    }
}

named! {
    SyncOption {
        CreatePlans = "create-new-plans-and-plan-periods",
        ApplyEnabling = "apply-plans-enabling-disabling",
        UpdateFees = "update-plan-fees",
        UpdateCategories = "update-categories",
        UpdateNotifications = "update-notification-schedules",
        AttachStatistics = "attach-usage-statistics",
        CreateResources = "create-new-resources",
        RemoveResources = "remove-obsolete-resources",
        UpdatePrices = "update-resource-prices",
        UpdateLimits = "update-resource-limits",
        UpdateOrderFlow = "update-order-flow",
        UpdateRoles = "update-roles-privileges",
        SyncTerms = "synchronize-terms-and-conditions",
    }
}

impl SyncOption {
    pub fn group(self) -> OptionGroup {
        match self {
            Self::CreatePlans
            | Self::ApplyEnabling
            | Self::UpdateFees
            | Self::UpdateCategories
            | Self::UpdateNotifications
            | Self::AttachStatistics => OptionGroup::Plans,
            Self::CreateResources | Self::RemoveResources | Self::UpdatePrices | Self::UpdateLimits => {
                OptionGroup::Resources
            }
            Self::UpdateOrderFlow | Self::UpdateRoles | Self::SyncTerms => OptionGroup::Other,
        }
    }

    /// As the marketplace calls it.
    pub fn label(self) -> &'static str {
        match self {
            Self::CreatePlans => "Create new Plans and Plan periods",
            Self::ApplyEnabling => "Apply Plans enabling/disabling",
            Self::UpdateFees => "Update Plan Fees",
            Self::UpdateCategories => {
                "Update Sales Categories, Plan Categories, and Grouping of Resources by Resource Categories"
            }
            Self::UpdateNotifications => "Update Notification Schedules",
            Self::AttachStatistics => "Attach Usage Statistics",
            Self::CreateResources => "Create new Resources",
            Self::RemoveResources => "Remove Obsolete Resources",
            Self::UpdatePrices => "Update Resource Prices",
            Self::UpdateLimits => "Update Resource Limits",
            Self::UpdateOrderFlow => "Update Order Flow",
            Self::UpdateRoles => "Update Reseller's Roles/Privileges",
            Self::SyncTerms => "Synchronize Terms and Conditions",
        }
    }

    /// What it sends.
    pub fn sends(self) -> &'static str {
        match self {
            Self::CreatePlans => {
                "New delegated plans and new subscription periods become available. A new plan brings its sales \
                 category along where the reseller does not have it."
            }
            Self::ApplyEnabling => {
                "A plan removed from the service template becomes Disabled by Provider; one added back becomes \
                 published and available for selling. Other changes of Published are never sent."
            }
            Self::UpdateFees => {
                "Rewrites the prices of delegated plans, also those the reseller set, and delegates new subscription \
                 expiration schedules of the plans and their periods."
            }
            Self::UpdateCategories => {
                "All changes of the sales categories and plan categories that include delegated plans, and of the \
                 grouping of resources. Display Category in Customer Control Panel stays as the reseller has it."
            }
            Self::UpdateNotifications => {
                "Changes of delegated notification schedules. The templates in them have to be visible to resellers."
            }
            Self::AttachStatistics => {
                "Usage statistics are attached to delegated plans as the provider's plans have them."
            }
            Self::CreateResources => {
                "New resources are also created in delegated plans, and those whose sale availability is now selected."
            }
            Self::RemoveResources => {
                "Resources removed from a plan are also removed from the delegated ones. Sends sale availability too."
            }
            Self::UpdatePrices => {
                "Rewrites resource prices in delegated plans, also those the reseller set. Sends sale availability too."
            }
            Self::UpdateLimits => "Changes of resource limits. Sends sale availability too.",
            Self::UpdateOrderFlow => "Changes of the reseller's order flow.",
            Self::UpdateRoles => "Changes of the reseller's roles and privileges.",
            Self::SyncTerms => "Changes of the reseller's terms and conditions. Sends sale availability too.",
        }
    }

    fn bit(self) -> u16 {
        // The position in ALL, which is the order of declaration.
        1 << (self as u16)
    }
}

/// A small set of options.
#[derive(Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord, Hash)]
pub struct Options(u16);

impl Options {
    pub const NONE: Self = Self(0);

    pub fn all() -> Self {
        SyncOption::ALL.iter().copied().collect()
    }

    pub fn with(self, option: SyncOption) -> Self {
        Self(self.0 | option.bit())
    }

    pub fn without(self, option: SyncOption) -> Self {
        Self(self.0 & !option.bit())
    }

    pub fn has(self, option: SyncOption) -> bool {
        self.0 & option.bit() != 0
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// In the order of the page.
    pub fn iter(self) -> impl Iterator<Item = SyncOption> {
        SyncOption::ALL.iter().copied().filter(move |option| self.has(*option))
    }
}

impl FromIterator<SyncOption> for Options {
    fn from_iter<I: IntoIterator<Item = SyncOption>>(options: I) -> Self {
        options.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(SyncOption::name)).finish()
    }
}
