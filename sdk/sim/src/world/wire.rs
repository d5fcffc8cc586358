//! Owns: the marketplace's code words and their spelling on the wire.

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($variant),+ }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| word.as_str() == text)
            }
        }
    };
}

words!(CustomerStatus {
    Pending = "pending",
    Active = "active",
    CreditHold = "creditHold",
    AdminHold = "adminHold",
    Cancelled = "cancelled",
    Error = "error",
});

words!(SubscriptionStatus {
    Pending = "pending",
    Active = "active",
    Hold = "hold",
    Terminated = "terminated",
    Removed = "removed",
});

words!(
    /// There is no word for billing orders: they arrive as `unknown` with a BO number.
    OrderType {
        Sales = "sales",
        Change = "change",
        Renewal = "renewal",
        Cancellation = "cancellation",
        Migration = "migration",
        Unknown = "unknown",
    }
);

words!(OrderStatus {
    Submitted = "submitted",
    Processing = "processing",
    Error = "error",
    Completed = "completed",
    Cancelled = "cancelled",
});

impl OrderStatus {
    /// The internal two-letter code that goes with it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Submitted => "OP",
            Self::Processing => "AS",
            Self::Error => "ER",
            Self::Completed => "CP",
            Self::Cancelled => "CL",
        }
    }
}

words!(BillingModel {
    BeforeBillingPeriod = "chargeBeforeBillingPeriod",
    AfterBillingPeriod = "chargeAfterBillingPeriod",
    BeforeSubscriptionPeriod = "chargeBeforeSubscriptionPeriod",
    ExternalRating = "chargeExternalRating",
});

words!(FeeKind {
    Setup = "setup",
    SetupRefund = "setupRefund",
    Switch = "switch",
    Recurring = "recurring",
    RecurringRefund = "recurringRefund",
    Overuse = "overuse",
    Downgrade = "downgrade",
    Cancellation = "cancellation",
    Payment = "payment",
});

impl FeeKind {
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Setup => "Setup",
            Self::SetupRefund => "Setup Refund",
            Self::Switch => "Plan Switch",
            Self::Recurring => "Recurring",
            Self::RecurringRefund => "Recurring Refund",
            Self::Overuse => "Overuse",
            Self::Downgrade => "Downgrade",
            Self::Cancellation => "Cancellation Fee",
            Self::Payment => "Payment",
        }
    }
}

words!(PlacementType {
    Create = "CREATE",
    Renew = "RENEW",
    Cancel = "CANCEL",
    Upgrade = "UPGRADE",
    ChangePlanPeriod = "CHANGE_PLAN_PERIOD",
    BillingSubscription = "BILLING_SUBSCRIPTION",
    VendorRatedData = "VENDOR_RATED_DATA",
    Migration = "MIGRATION",
});
