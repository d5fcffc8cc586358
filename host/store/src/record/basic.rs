//! Stored forms of what records are made of: text, numbers, times, money, ids, named members, lists.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use counterfoil_domain::card::AuthScheme;
use counterfoil_domain::connection::{
    ConnectionState, DescriptionSource, MarketplaceKind, Notify, PriceChoice, Refunds,
};
use counterfoil_domain::failure::FailureClass;
use counterfoil_domain::id::{
    Actor, BatchId, ChangeKey, ConnectionId, CustomerId, EffectKey, EntityId, LineId, MarketplaceId, OrderId,
    PlanDigest, PluginDigest, PluginId, ResellerId, Revision, RuleId, RunId, SubscriptionId, TaskId,
};
use counterfoil_domain::job::{Billing, JobKind, PriceSource};
use counterfoil_domain::journal::BatchState;
use counterfoil_domain::link::LinkKind;
use counterfoil_domain::market::SubscriptionStatus;
use counterfoil_domain::money::{Currency, Money, Rounding};
use counterfoil_domain::order::{BillingModel, Fee, OrderStatus, OrderType};
use counterfoil_domain::period::{Cycle, Period};
use counterfoil_domain::plan::{Action, Severity};
use counterfoil_domain::proration::Method;
use counterfoil_domain::run::RunState;
use counterfoil_domain::task::IgnoreReason;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Bad, Stored};

/// RFC 3339, UTC, always six digits: the order of the texts is the order of the times.
pub(crate) fn time_text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

pub(crate) fn time_from(text: &str) -> Result<DateTime<Utc>, Bad> {
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.with_timezone(&Utc))
        .map_err(|_| Bad::new(format!("\"{text}\" is no time")))
}

fn day_text(day: NaiveDate) -> String {
    day.format("%Y-%m-%d").to_string()
}

fn day_from(text: &str) -> Result<NaiveDate, Bad> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| Bad::new(format!("\"{text}\" is no day")))
}

macro_rules! stored_as_is {
    ($($ty:ty),+) => {$(
        impl Stored for $ty {
            type Row = Self;

            fn to_row(&self) -> Self {
                self.clone()
            }

            fn from_row(row: Self) -> Result<Self, Bad> {
                Ok(row)
            }
        }
    )+};
}

pub(super) use stored_as_is;

stored_as_is!(String, bool, u16, u32, u64, BTreeMap<String, String>);

macro_rules! stored_ids {
    ($($ty:ty),+ $(,)?) => {$(
        impl Stored for $ty {
            type Row = String;

            fn to_row(&self) -> String {
                self.as_str().to_owned()
            }

            fn from_row(row: String) -> Result<Self, Bad> {
                Ok(Self::new(row))
            }
        }
    )+};
}

pub(super) use stored_ids;

stored_ids!(
    Actor,
    BatchId,
    ChangeKey,
    ConnectionId,
    CustomerId,
    EffectKey,
    EntityId,
    LineId,
    MarketplaceId,
    OrderId,
    PlanDigest,
    PluginDigest,
    PluginId,
    ResellerId,
    Revision,
    RuleId,
    RunId,
    SubscriptionId,
    TaskId,
);

macro_rules! stored_names {
    ($($ty:ty),+ $(,)?) => {$(
        impl Stored for $ty {
            type Row = String;

            fn to_row(&self) -> String {
                self.name().to_owned()
            }

            fn from_row(row: String) -> Result<Self, Bad> {
                Self::parse(&row).ok_or_else(|| Bad::new(format!("\"{row}\" is no {}", stringify!($ty))))
            }
        }
    )+};
}

pub(super) use stored_names;

stored_names!(
    Action,
    AuthScheme,
    BatchState,
    Billing,
    BillingModel,
    ConnectionState,
    DescriptionSource,
    FailureClass,
    Fee,
    IgnoreReason,
    JobKind,
    LinkKind,
    MarketplaceKind,
    Method,
    Notify,
    OrderStatus,
    OrderType,
    PriceChoice,
    PriceSource,
    Refunds,
    RunState,
    Severity,
    SubscriptionStatus,
);

impl<T: Stored> Stored for Vec<T> {
    type Row = Vec<T::Row>;

    fn to_row(&self) -> Self::Row {
        self.iter().map(T::to_row).collect()
    }

    fn from_row(row: Self::Row) -> Result<Self, Bad> {
        row.into_iter().map(T::from_row).collect()
    }
}

impl<T: Stored> Stored for Option<T> {
    type Row = Option<T::Row>;

    fn to_row(&self) -> Self::Row {
        self.as_ref().map(T::to_row)
    }

    fn from_row(row: Self::Row) -> Result<Self, Bad> {
        row.map(T::from_row).transpose()
    }
}

impl<A: Stored, B: Stored> Stored for (A, B) {
    type Row = (A::Row, B::Row);

    fn to_row(&self) -> Self::Row {
        (self.0.to_row(), self.1.to_row())
    }

    fn from_row((a, b): Self::Row) -> Result<Self, Bad> {
        Ok((A::from_row(a)?, B::from_row(b)?))
    }
}

/// Bytes travel as base64 inside the JSON text.
impl Stored for Vec<u8> {
    type Row = String;

    fn to_row(&self) -> String {
        BASE64_STANDARD.encode(self)
    }

    fn from_row(row: String) -> Result<Self, Bad> {
        BASE64_STANDARD.decode(row).map_err(|error| Bad::new(format!("bytes are no base64: {error}")))
    }
}

impl Stored for DateTime<Utc> {
    type Row = String;

    fn to_row(&self) -> String {
        time_text(*self)
    }

    fn from_row(row: String) -> Result<Self, Bad> {
        time_from(&row)
    }
}

impl Stored for NaiveDate {
    type Row = String;

    fn to_row(&self) -> String {
        day_text(*self)
    }

    fn from_row(row: String) -> Result<Self, Bad> {
        day_from(&row)
    }
}

/// Text, never a number: JSON numbers are floats to most readers.
impl Stored for Decimal {
    type Row = String;

    fn to_row(&self) -> String {
        self.to_string()
    }

    fn from_row(row: String) -> Result<Self, Bad> {
        Self::from_str_exact(&row).map_err(|_| Bad::new(format!("\"{row}\" is no exact number")))
    }
}

impl Stored for Currency {
    type Row = String;

    fn to_row(&self) -> String {
        self.code().to_owned()
    }

    fn from_row(row: String) -> Result<Self, Bad> {
        Self::parse(&row).map_err(|error| Bad::new(error.to_string()))
    }
}

impl Stored for Money {
    type Row = (String, String);

    fn to_row(&self) -> Self::Row {
        (self.amount.to_row(), self.currency.to_row())
    }

    fn from_row((amount, currency): Self::Row) -> Result<Self, Bad> {
        Ok(Self::new(Decimal::from_row(amount)?, Currency::from_row(currency)?))
    }
}

impl Stored for Period {
    type Row = (String, String);

    fn to_row(&self) -> Self::Row {
        (day_text(self.start()), day_text(self.end()))
    }

    fn from_row((start, end): Self::Row) -> Result<Self, Bad> {
        Self::new(day_from(&start)?, day_from(&end)?).map_err(|error| Bad::new(error.to_string()))
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CycleRow {
    Days(u32),
    Months(u32),
    StatementDay,
}

impl Stored for Cycle {
    type Row = CycleRow;

    fn to_row(&self) -> CycleRow {
        match self {
            Self::Days(days) => CycleRow::Days(*days),
            Self::Months(months) => CycleRow::Months(*months),
            Self::StatementDay => CycleRow::StatementDay,
        }
    }

    fn from_row(row: CycleRow) -> Result<Self, Bad> {
        Ok(match row {
            CycleRow::Days(days) => Self::Days(days),
            CycleRow::Months(months) => Self::Months(months),
            CycleRow::StatementDay => Self::StatementDay,
        })
    }
}

impl Stored for Rounding {
    type Row = String;

    fn to_row(&self) -> String {
        match self {
            Self::HalfAwayFromZero => "half-away-from-zero",
            Self::HalfEven => "half-even",
        }
        .to_owned()
    }

    fn from_row(row: String) -> Result<Self, Bad> {
        match row.as_str() {
            "half-away-from-zero" => Ok(Self::HalfAwayFromZero),
            "half-even" => Ok(Self::HalfEven),
            _ => Err(Bad::new(format!("\"{row}\" is no rounding"))),
        }
    }
}

impl Stored for Duration {
    type Row = (u64, u32);

    fn to_row(&self) -> Self::Row {
        (self.as_secs(), self.subsec_nanos())
    }

    fn from_row((seconds, nanos): Self::Row) -> Result<Self, Bad> {
        if nanos >= 1_000_000_000 {
            return Err(Bad::new(format!("{nanos} ns is no part of a second")));
        }
        Ok(Self::new(seconds, nanos))
    }
}
