//! Owns: how things are billed: term and billing cycle, which kind of statement they come on, and the vendor's codes for it.

/// Term and billing cycle of a subscription or charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Motion {
    MonthlyMonthly,
    AnnualMonthly,
    AnnualUpfront,
    TriennialMonthly,
    TriennialUpfront,
    Usage,
    Reservation,
    SavingsPlan,
    SoftwarePerpetual,
    MarketplaceSaas,
    /// One-off services, credits and adjustments of the distributor itself.
    OtherOneTime,
    /// A term of two years billed every two years: nobody's list has it.
    Unknown,
}

/// What makes a subscription's charges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schedule {
    /// Each calendar month in arrears, one segment for each quantity and price.
    Monthly,
    /// The whole term of so many months when it begins, and what changes inside it when it changes.
    Upfront(u32),
    /// Only what was noted for a month.
    Noted,
}

/// The kind of statement, with the vendor's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Provision {
    Seat,
    Usage,
    OneTime,
    Crayon,
    AzureMarketplace,
}

impl Provision {
    pub const ALL: [Self; 5] = [Self::Seat, Self::Usage, Self::OneTime, Self::Crayon, Self::AzureMarketplace];

    #[must_use]
    pub fn code(self) -> u32 {
        match self {
            Self::Seat => 1,
            Self::Usage => 2,
            Self::OneTime => 3,
            Self::Crayon => 4,
            Self::AzureMarketplace => 5,
        }
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Seat => "Seat",
            Self::Usage => "Usage",
            Self::OneTime => "OneTime",
            Self::Crayon => "Crayon",
            Self::AzureMarketplace => "AzureMarketplace",
        }
    }

    /// By number or name, as the query takes both.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code().to_string() == text || one.name().eq_ignore_ascii_case(text))
    }
}

impl Motion {
    pub const ALL: [Self; 12] = [
        Self::MonthlyMonthly,
        Self::AnnualMonthly,
        Self::AnnualUpfront,
        Self::TriennialMonthly,
        Self::TriennialUpfront,
        Self::Usage,
        Self::Reservation,
        Self::SavingsPlan,
        Self::SoftwarePerpetual,
        Self::MarketplaceSaas,
        Self::OtherOneTime,
        Self::Unknown,
    ];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::MonthlyMonthly => "monthly_monthly",
            Self::AnnualMonthly => "annual_monthly",
            Self::AnnualUpfront => "annual_upfront",
            Self::TriennialMonthly => "triennial_monthly",
            Self::TriennialUpfront => "triennial_upfront",
            Self::Usage => "usage",
            Self::Reservation => "reservation",
            Self::SavingsPlan => "savings_plan",
            Self::SoftwarePerpetual => "software_perpetual",
            Self::MarketplaceSaas => "marketplace_saas",
            Self::OtherOneTime => "other_onetime",
            Self::Unknown => "unknown",
        }
    }

    /// ISO 8601, as the vendor has it; none where a term makes no sense.
    #[must_use]
    pub fn term(self) -> Option<&'static str> {
        match self {
            Self::MonthlyMonthly | Self::MarketplaceSaas => Some("P1M"),
            Self::AnnualMonthly | Self::AnnualUpfront | Self::SavingsPlan | Self::Reservation => Some("P1Y"),
            Self::TriennialMonthly | Self::TriennialUpfront => Some("P3Y"),
            Self::Unknown => Some("P2Y"),
            Self::Usage | Self::SoftwarePerpetual | Self::OtherOneTime => None,
        }
    }

    /// The `BillingCycle` number of subscriptions and price lists (5 means something else elsewhere).
    #[must_use]
    pub fn billing_cycle(self) -> u32 {
        match self {
            Self::MonthlyMonthly
            | Self::AnnualMonthly
            | Self::TriennialMonthly
            | Self::SavingsPlan
            | Self::MarketplaceSaas => 1,
            Self::AnnualUpfront => 2,
            Self::Usage => 3,
            Self::Reservation | Self::SoftwarePerpetual | Self::OtherOneTime => 4,
            Self::Unknown => 7,
            Self::TriennialUpfront => 8,
        }
    }

    /// The same in words.
    #[must_use]
    pub fn billing_cycle_name(self) -> &'static str {
        match self.billing_cycle() {
            1 => "Monthly",
            2 => "Annual",
            3 => "None",
            4 => "OneTime",
            7 => "TwoYears",
            _ => "ThreeYears",
        }
    }

    #[must_use]
    pub fn provision(self) -> Provision {
        match self {
            Self::MonthlyMonthly
            | Self::AnnualMonthly
            | Self::AnnualUpfront
            | Self::TriennialMonthly
            | Self::TriennialUpfront
            | Self::Unknown => Provision::Seat,
            Self::Usage => Provision::Usage,
            Self::Reservation | Self::SavingsPlan | Self::SoftwarePerpetual => Provision::OneTime,
            Self::OtherOneTime => Provision::Crayon,
            Self::MarketplaceSaas => Provision::AzureMarketplace,
        }
    }

    #[must_use]
    pub fn schedule(self) -> Schedule {
        match self {
            Self::MonthlyMonthly | Self::AnnualMonthly | Self::TriennialMonthly | Self::MarketplaceSaas => {
                Schedule::Monthly
            }
            Self::AnnualUpfront | Self::Reservation => Schedule::Upfront(12),
            Self::Unknown => Schedule::Upfront(24),
            Self::TriennialUpfront => Schedule::Upfront(36),
            Self::Usage | Self::SavingsPlan | Self::SoftwarePerpetual | Self::OtherOneTime => Schedule::Noted,
        }
    }

    /// Months after which a subscription renews and its price may change; one where the list price simply counts.
    #[must_use]
    pub fn term_months(self) -> u32 {
        match self.term() {
            Some("P1Y") => 12,
            Some("P2Y") => 24,
            Some("P3Y") => 36,
            _ => 1,
        }
    }

    /// What a product's number is prefixed with where motions are told apart by it; the default motion has none.
    #[must_use]
    pub fn prefix(self) -> Option<&'static str> {
        match self {
            Self::AnnualMonthly => Some("P1Y:M"),
            Self::AnnualUpfront => Some("P1Y:A"),
            Self::TriennialMonthly => Some("P3Y:M"),
            Self::TriennialUpfront => Some("P3Y:T"),
            _ => None,
        }
    }
}
