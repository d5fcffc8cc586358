//! Billing motions: how a licence is committed and how it is billed. Owns the words, the prefix that a product's SKU is
//! shown with, and which of them recur from month to month; which are selected is a program's business.

use std::fmt;

use crate::order::named;
use crate::period::Cycle;

named! {
    /// Commitment and billing. The first three are the ones that partners know by name.
    Motion {
        /// Committed and billed by the month.
        MonthlyMonthly = "monthly-monthly",
        /// Committed for a year, billed by the month: `P1Y:M`.
        AnnualMonthly = "annual-monthly",
        /// Committed for a year, billed for it at once: `P1Y:A`.
        AnnualUpfront = "annual-upfront",
        TriennialMonthly = "triennial-monthly",
        TriennialAnnual = "triennial-annual",
        TriennialUpfront = "triennial-upfront",
        /// Azure plans and other metered use.
        Usage = "usage",
        Reservation = "reservation",
        SavingsPlan = "savings-plan",
        SoftwareSubscription = "software-subscription",
        SoftwarePerpetual = "software-perpetual",
        Marketplace = "marketplace",
        OneTime = "one-time",
        /// The source names none that we know. Its money is shown, and nothing is billed.
        Unknown = "unknown",
    }
}

impl Motion {
    /// What stands before the SKU of a product that is sold in this way.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::AnnualMonthly => "P1Y:M:",
            Self::AnnualUpfront => "P1Y:A:",
            Self::TriennialMonthly => "P3Y:M:",
            Self::TriennialAnnual => "P3Y:A:",
            Self::TriennialUpfront => "P3Y:U:",
            _ => "",
        }
    }

    /// The SKU as products are known by: with the prefix of the motion.
    pub fn code(self, sku: &str) -> String {
        format!("{}{sku}", self.prefix())
    }

    /// What was billed last is billed again next month unless a statement says otherwise. Everything else is billed once.
    pub fn recurs(self) -> bool {
        matches!(self, Self::MonthlyMonthly | Self::AnnualMonthly | Self::TriennialMonthly)
    }

    /// How often what recurs is billed.
    pub fn cycle(self) -> Option<Cycle> {
        self.recurs().then_some(Cycle::Months(1))
    }

    /// Switched by "Sync Azure".
    pub fn is_usage(self) -> bool {
        self == Self::Usage
    }

    /// Switched by "Sync Annual Subscriptions": paid for a year or more at once.
    pub fn is_annual(self) -> bool {
        matches!(self, Self::AnnualUpfront | Self::TriennialAnnual | Self::TriennialUpfront)
    }

    pub fn text(self) -> &'static str {
        match self {
            Self::MonthlyMonthly => "Monthly billing with monthly commitment",
            Self::AnnualMonthly => "Monthly billing with annual commitment (P1Y:M)",
            Self::AnnualUpfront => "Annual billing with annual commitment (P1Y:A)",
            Self::TriennialMonthly => "Monthly billing with three-year commitment",
            Self::TriennialAnnual => "Annual billing with three-year commitment",
            Self::TriennialUpfront => "Three-year commitment billed at once",
            Self::Usage => "Usage (Azure)",
            Self::Reservation => "Reservations",
            Self::SavingsPlan => "Savings plans",
            Self::SoftwareSubscription => "Software subscriptions",
            Self::SoftwarePerpetual => "Perpetual software",
            Self::Marketplace => "Marketplace products",
            Self::OneTime => "One-time purchases",
            Self::Unknown => "Unknown billing motion",
        }
    }
}
