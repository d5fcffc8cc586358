//! Orders as every marketplace gives them: one shape for Simple API orders, statements and files.
//! Owns the words; which order becomes a task is `scenario`, what it costs is `pricing`.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use crate::digest::Digester;
use crate::id::{CustomerId, LineId, MarketplaceId, OrderId, Revision, SubscriptionId};
use crate::money::{Currency, Money};
use crate::period::{Cycle, Period};
use crate::statement::{Closing, StatementPart};

/// An enum whose members are known by one name each, in code, database, API and card.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$member_doc:meta])* $member:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$member_doc])* $member),+ }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$member),+];

            pub fn name(self) -> &'static str {
                match self { $(Self::$member => $text),+ }
            }

            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|member| member.name() == name)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}
pub(crate) use named;

named! {
    OrderType {
        Sales = "sales",
        Change = "change",
        Billing = "billing",
        Cancellation = "cancellation",
        Renewal = "renewal",
        Migration = "migration",
        Unknown = "unknown",
    }
}

impl OrderType {
    /// A known type wins; the number's prefix decides only for `unknown`.
    pub fn resolved(self, number: &str) -> Self {
        if self != Self::Unknown {
            return self;
        }
        match number.get(..2).map(str::to_ascii_uppercase).as_deref() {
            Some("SO") => Self::Sales,
            Some("CH") => Self::Change,
            Some("BO") => Self::Billing,
            Some("CL" | "CF") => Self::Cancellation,
            Some("RN") => Self::Renewal,
            _ => Self::Unknown,
        }
    }
}

named! {
    OrderStatus {
        Submitted = "submitted",
        Processing = "processing",
        /// May still recover: it is read again.
        Error = "error",
        Completed = "completed",
        Cancelled = "cancelled",
        /// A word that we do not know: it is read again, never judged.
        Unknown = "unknown",
    }
}

impl OrderStatus {
    /// Nothing more will happen to it.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Cancelled)
    }
}

named! {
    BillingModel {
        BeforeBillingPeriod = "before-billing-period",
        AfterBillingPeriod = "after-billing-period",
        BeforeSubscriptionPeriod = "before-subscription-period",
        ExternalRating = "external-rating",
        Unknown = "unknown",
    }
}

named! {
    /// What a line charges for, in the words of the scenario table.
    Fee {
        PlanSetup = "plan-setup",
        PlanSetupRefund = "plan-setup-refund",
        PlanRecurring = "plan-recurring",
        PlanRecurringRefund = "plan-recurring-refund",
        ResourceSetup = "resource-setup",
        ResourceSetupRefund = "resource-setup-refund",
        ResourceRecurring = "resource-recurring",
        ResourceRecurringRefund = "resource-recurring-refund",
        ResourceOveruse = "resource-overuse",
        ResourceDowngrade = "resource-downgrade",
        CancellationFee = "cancellation-fee",
        /// Another subscription period, paid when it begins.
        Renewal = "renewal",
        RenewalRefund = "renewal-refund",
        /// Taking a subscription over from another provider.
        Transfer = "transfer",
        TransferRefund = "transfer-refund",
        /// From one plan to another.
        PlanSwitch = "plan-switch",
        Discount = "discount",
        Adjustment = "adjustment",
        HandlingFee = "handling-fee",
        /// Sold with a subscription, provisioned by nobody.
        OneTimeItem = "one-time-item",
        Refund = "refund",
        RefundAdjustment = "refund-adjustment",
        Penalty = "penalty",
        /// What it stands for is not documented; it moves money all the same.
        BillRecord = "bill-record",
    }
}

impl Fee {
    /// Charged, or given back, anew for each billing period: its price is that of a whole one. A renewal is no such
    /// fee: it is paid once a subscription period, however often that is billed.
    pub fn recurs(self) -> bool {
        matches!(
            self,
            Self::PlanRecurring | Self::PlanRecurringRefund | Self::ResourceRecurring | Self::ResourceRecurringRefund
        )
    }
}

/// What a marketplace line is to us.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LineKind {
    Fee(Fee),
    /// Moves money but bills nothing: payment, deposit, … Dropped with a note.
    NotBillable(String),
    /// Bills something that no row of ours names ("transfer", "billPenalty").
    Other(String),
}

impl LineKind {
    pub fn name(&self) -> &str {
        match self {
            Self::Fee(fee) => fee.name(),
            Self::NotBillable(name) | Self::Other(name) => name,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductRef {
    /// What catalogue links are keyed by: the MPN, else the marketplace's product id.
    pub code: String,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLine {
    pub id: LineId,
    pub kind: LineKind,
    pub product: Option<ProductRef>,
    pub description: String,
    /// Signed: a change order's quantity is a delta, unless the order is scheduled on renewal.
    pub quantity: Decimal,
    pub unit_price: Decimal,
    pub unit_cost: Option<Decimal>,
    /// The line's extended price, net of its own discount and of tax. Not quantity × unit price.
    pub amount: Decimal,
    /// From the line, else its text, else the subscription.
    pub service_period: Option<Period>,
    /// The whole billing period that the price is for, where the line tells.
    pub cycle: Option<Cycle>,
}

impl OrderLine {
    fn digest(&self) -> String {
        let mut digest = Digester::new("order-line");
        let cycle = self.cycle.map(|cycle| format!("{cycle:?}"));
        digest
            .text(self.id.as_str())
            .text(self.kind.name())
            .maybe(self.product.as_ref().map(|p| p.code.as_str()))
            .text(&self.description)
            .number(self.quantity)
            .number(self.unit_price)
            .maybe(self.unit_cost.map(|c| c.normalize().to_string()).as_deref())
            .number(self.amount)
            .maybe(self.service_period.map(|p| format!("{p:?}")).as_deref())
            .maybe(cycle.as_deref());
        digest.short()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderKey {
    pub marketplace: MarketplaceId,
    pub order: OrderId,
}

impl fmt::Display for OrderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.marketplace, self.order)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub key: OrderKey,
    /// "SO000123".
    pub number: String,
    pub order_type: OrderType,
    pub status: OrderStatus,
    pub customer: CustomerId,
    pub subscription: Option<SubscriptionId>,
    /// The source's clock.
    pub created_at: DateTime<Utc>,
    /// When what was ordered began to exist. Counts for periods, never the creation.
    pub provisioned_at: Option<DateTime<Utc>>,
    pub billing_model: BillingModel,
    pub currency: Currency,
    /// What the marketplace says the order comes to; none where it says nothing.
    pub total: Option<Decimal>,
    pub lines: Vec<OrderLine>,
    /// Quantities of a change order scheduled on renewal are totals, not deltas.
    pub on_renewal: bool,
    /// The order's product is vendor-rated data: every line of it is usage.
    pub vendor_rated: bool,
    /// What it is a part of, where a statement was taken apart.
    pub statement: Option<Box<StatementPart>>,
}

impl Order {
    pub fn kind(&self) -> OrderType {
        self.order_type.resolved(&self.number)
    }

    /// The day from which it counts.
    pub fn effective_on(&self) -> NaiveDate {
        self.provisioned_at.unwrap_or(self.created_at).date_naive()
    }

    /// Everything that could matter to a bill: a new digest is a new revision, a re-read without
    /// change is not.
    pub fn revision(&self) -> Revision {
        let mut digest = Digester::new("order-revision");
        digest
            .text(&self.number)
            .text(self.order_type.name())
            .text(self.status.name())
            .text(self.customer.as_str())
            .maybe(self.subscription.as_ref().map(SubscriptionId::as_str))
            .text(self.billing_model.name())
            .text(self.currency.code())
            .maybe(self.total.map(|t| t.normalize().to_string()).as_deref())
            .text(&self.effective_on().to_string())
            .text(if self.on_renewal { "on-renewal" } else { "" })
            .text(if self.vendor_rated { "vendor-rated" } else { "" })
            .count(self.lines.len());
        if let Some(part) = &self.statement {
            part.digest(&mut digest);
        }
        // Sources give lines in changing order: that alone is no revision.
        let mut lines: Vec<String> = self.lines.iter().map(OrderLine::digest).collect();
        lines.sort_unstable();
        for line in &lines {
            digest.text(line);
        }
        Revision::new(digest.short())
    }

    /// How what a line is for goes on, where it is of a statement and says so.
    pub fn closing(&self, line: &LineId) -> Option<&Closing> {
        self.statement.as_ref()?.lines.get(line)?.closing.as_ref()
    }

    pub fn money(&self, amount: Decimal) -> Money {
        Money::new(amount, self.currency)
    }
}

/// Several named things in one sentence.
pub fn named_list<T: fmt::Display>(things: &[T]) -> String {
    let names: Vec<String> = things.iter().map(ToString::to_string).collect();
    names.join(", and ")
}
