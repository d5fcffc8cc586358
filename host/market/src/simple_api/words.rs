//! The marketplace's words and what they are to us. Words that we do not know pass through as unknown or other.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use counterfoil_domain::market::SubscriptionStatus;
use counterfoil_domain::order::{BillingModel, Fee, LineKind, OrderStatus, OrderType};
use counterfoil_domain::period::Cycle;

#[derive(Debug, Clone, Copy)]
enum Meaning {
    /// A fee of the plan, or of a resource where the line names a product.
    Split {
        plan: Fee,
        resource: Fee,
    },
    Always(Fee),
    NotBillable,
    Other,
}

/// Every `details[].type` of 1.15. Payments and deposits settle what was billed, so they bill nothing. Everything else
/// is a fee with a name, which a target's table takes or not: an order that is ignored with the fee named is seen by a
/// person, while a line dropped with a note may be money lost. `unknown` says nothing, so no table can take it.
const DETAIL_TYPES: &[(&str, Meaning)] = &[
    ("unknown", Meaning::Other),
    ("setup", Meaning::Split { plan: Fee::PlanSetup, resource: Fee::ResourceSetup }),
    ("setupRefund", Meaning::Split { plan: Fee::PlanSetupRefund, resource: Fee::ResourceSetupRefund }),
    ("switch", Meaning::Always(Fee::PlanSwitch)),
    ("renew", Meaning::Always(Fee::Renewal)),
    ("renewRefund", Meaning::Always(Fee::RenewalRefund)),
    ("transfer", Meaning::Always(Fee::Transfer)),
    ("transferRefund", Meaning::Always(Fee::TransferRefund)),
    ("recurring", Meaning::Split { plan: Fee::PlanRecurring, resource: Fee::ResourceRecurring }),
    ("recurringRefund", Meaning::Split { plan: Fee::PlanRecurringRefund, resource: Fee::ResourceRecurringRefund }),
    ("overuse", Meaning::Always(Fee::ResourceOveruse)),
    ("downgrade", Meaning::Always(Fee::ResourceDowngrade)),
    ("discount", Meaning::Always(Fee::Discount)),
    ("adjustment", Meaning::Always(Fee::Adjustment)),
    ("cancellation", Meaning::Always(Fee::CancellationFee)),
    ("handlingFee", Meaning::Always(Fee::HandlingFee)),
    ("nonProvisioningItem", Meaning::Always(Fee::OneTimeItem)),
    ("payment", Meaning::NotBillable),
    ("refund", Meaning::Always(Fee::Refund)),
    ("refundAdjustment", Meaning::Always(Fee::RefundAdjustment)),
    ("billPenalty", Meaning::Always(Fee::Penalty)),
    ("billRecord", Meaning::Always(Fee::BillRecord)),
    ("resellerPayment", Meaning::NotBillable),
    ("deposit", Meaning::NotBillable),
];

/// The spelling of the specification, where it has the word.
pub(super) fn line_kind(word: &str, names_product: bool) -> LineKind {
    match DETAIL_TYPES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)) {
        Some((_, Meaning::Split { resource, .. })) if names_product => LineKind::Fee(*resource),
        Some((_, Meaning::Split { plan, .. })) => LineKind::Fee(*plan),
        Some((_, Meaning::Always(fee))) => LineKind::Fee(*fee),
        Some((name, Meaning::NotBillable)) => LineKind::NotBillable((*name).to_owned()),
        Some((name, Meaning::Other)) => LineKind::Other((*name).to_owned()),
        None => LineKind::Other(word.to_owned()),
    }
}

pub(super) fn order_type(word: Option<&str>) -> OrderType {
    word.and_then(|w| OrderType::parse(&w.to_ascii_lowercase())).unwrap_or(OrderType::Unknown)
}

pub(super) fn order_status(word: Option<&str>) -> OrderStatus {
    match word.map(str::to_ascii_lowercase).as_deref() {
        Some("canceled") => OrderStatus::Cancelled,
        Some(word) => OrderStatus::parse(word).unwrap_or(OrderStatus::Unknown),
        None => OrderStatus::Unknown,
    }
}

pub(super) fn subscription_status(word: Option<&str>) -> SubscriptionStatus {
    word.and_then(|w| SubscriptionStatus::parse(&w.to_ascii_lowercase())).unwrap_or(SubscriptionStatus::Unknown)
}

pub(super) fn billing_model(word: Option<&str>) -> BillingModel {
    match word.map(str::to_ascii_lowercase).as_deref() {
        Some("chargebeforebillingperiod") => BillingModel::BeforeBillingPeriod,
        Some("chargeafterbillingperiod") => BillingModel::AfterBillingPeriod,
        Some("chargebeforesubscriptionperiod") => BillingModel::BeforeSubscriptionPeriod,
        Some("chargeexternalrating") => BillingModel::ExternalRating,
        _ => BillingModel::Unknown,
    }
}

/// Credit hold still consumes and is still billed; unknown words are taken as active, so that nobody disappears.
pub(super) fn customer_is_active(word: Option<&str>) -> bool {
    let gone = ["pending", "adminHold", "cancelled", "canceled", "error"];
    !word.is_some_and(|word| gone.iter().any(|name| name.eq_ignore_ascii_case(word)))
}

/// A whole number of days, months or years; anything else tells no cycle.
pub(super) fn cycle(kind: Option<&str>, duration: Option<Decimal>) -> Option<Cycle> {
    let kind = kind?.to_ascii_lowercase();
    if kind == "statement_day" {
        return Some(Cycle::StatementDay);
    }
    let count = duration.filter(|d| d.fract().is_zero()).and_then(|d| d.to_u32()).filter(|count| *count > 0)?;
    match kind.as_str() {
        "day" => Some(Cycle::Days(count)),
        "month" => Some(Cycle::Months(count)),
        "year" => count.checked_mul(12).map(Cycle::Months),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_detail_type_with_and_without_a_product() {
        use Fee::*;
        let fee = LineKind::Fee;
        let other = |name: &str| LineKind::Other(name.to_owned());
        let settles = |name: &str| LineKind::NotBillable(name.to_owned());
        let table = [
            ("unknown", other("unknown"), other("unknown")),
            ("setup", fee(PlanSetup), fee(ResourceSetup)),
            ("setupRefund", fee(PlanSetupRefund), fee(ResourceSetupRefund)),
            ("switch", fee(PlanSwitch), fee(PlanSwitch)),
            ("renew", fee(Renewal), fee(Renewal)),
            ("renewRefund", fee(RenewalRefund), fee(RenewalRefund)),
            ("transfer", fee(Transfer), fee(Transfer)),
            ("transferRefund", fee(TransferRefund), fee(TransferRefund)),
            ("recurring", fee(PlanRecurring), fee(ResourceRecurring)),
            ("recurringRefund", fee(PlanRecurringRefund), fee(ResourceRecurringRefund)),
            ("overuse", fee(ResourceOveruse), fee(ResourceOveruse)),
            ("downgrade", fee(ResourceDowngrade), fee(ResourceDowngrade)),
            ("discount", fee(Discount), fee(Discount)),
            ("adjustment", fee(Adjustment), fee(Adjustment)),
            ("cancellation", fee(CancellationFee), fee(CancellationFee)),
            ("handlingFee", fee(HandlingFee), fee(HandlingFee)),
            ("nonProvisioningItem", fee(OneTimeItem), fee(OneTimeItem)),
            ("payment", settles("payment"), settles("payment")),
            ("refund", fee(Refund), fee(Refund)),
            ("refundAdjustment", fee(RefundAdjustment), fee(RefundAdjustment)),
            ("billPenalty", fee(Penalty), fee(Penalty)),
            ("billRecord", fee(BillRecord), fee(BillRecord)),
            ("resellerPayment", settles("resellerPayment"), settles("resellerPayment")),
            ("deposit", settles("deposit"), settles("deposit")),
            ("fromTheFuture", other("fromTheFuture"), other("fromTheFuture")),
            ("RECURRING", fee(PlanRecurring), fee(ResourceRecurring)),
        ];
        assert_eq!(DETAIL_TYPES.len(), 24);
        for (name, _) in DETAIL_TYPES {
            assert!(table.iter().any(|(listed, ..)| listed == name), "{name} is not in the table");
        }
        for (word, plan, resource) in table {
            assert_eq!(line_kind(word, false), plan, "{word} of the plan");
            assert_eq!(line_kind(word, true), resource, "{word} of a resource");
        }
    }

    #[test]
    fn billing_models() {
        let table = [
            (Some("chargeBeforeBillingPeriod"), BillingModel::BeforeBillingPeriod),
            (Some("chargeAfterBillingPeriod"), BillingModel::AfterBillingPeriod),
            (Some("chargeBeforeSubscriptionPeriod"), BillingModel::BeforeSubscriptionPeriod),
            (Some("chargeExternalRating"), BillingModel::ExternalRating),
            (Some("unknown"), BillingModel::Unknown),
            (Some("chargeSometimes"), BillingModel::Unknown),
            (None, BillingModel::Unknown),
        ];
        for (word, model) in table {
            assert_eq!(billing_model(word), model, "{word:?}");
        }
    }

    #[test]
    fn types_and_statuses() {
        let types = [
            ("sales", OrderType::Sales),
            ("change", OrderType::Change),
            ("renewal", OrderType::Renewal),
            ("cancellation", OrderType::Cancellation),
            ("migration", OrderType::Migration),
            ("billing", OrderType::Billing),
            ("unknown", OrderType::Unknown),
            ("resource", OrderType::Unknown),
        ];
        for (word, expected) in types {
            assert_eq!(order_type(Some(word)), expected, "{word}");
        }
        let statuses = [
            (Some("submitted"), OrderStatus::Submitted),
            (Some("processing"), OrderStatus::Processing),
            (Some("error"), OrderStatus::Error),
            (Some("completed"), OrderStatus::Completed),
            (Some("cancelled"), OrderStatus::Cancelled),
            (Some("canceled"), OrderStatus::Cancelled),
            (Some("teleported"), OrderStatus::Unknown),
            (None, OrderStatus::Unknown),
        ];
        for (word, expected) in statuses {
            assert_eq!(order_status(word), expected, "{word:?}");
        }
        for (word, active) in [
            (Some("active"), true),
            (Some("creditHold"), true),
            (Some("pending"), false),
            (Some("adminHold"), false),
            (Some("cancelled"), false),
            (Some("error"), false),
            (Some("vip"), true),
            (None, true),
        ] {
            assert_eq!(customer_is_active(word), active, "{word:?}");
        }
    }

    #[test]
    fn cycles() {
        let table = [
            (Some("day"), Some("30"), Some(Cycle::Days(30))),
            (Some("month"), Some("1.0"), Some(Cycle::Months(1))),
            (Some("month"), Some("3"), Some(Cycle::Months(3))),
            (Some("year"), Some("1"), Some(Cycle::Months(12))),
            (Some("statement_day"), Some("1"), Some(Cycle::StatementDay)),
            (Some("statement_day"), None, Some(Cycle::StatementDay)),
            (Some("month"), Some("0.5"), None),
            (Some("month"), Some("0"), None),
            (Some("month"), Some("-1"), None),
            (Some("month"), None, None),
            (Some("year"), Some("4000000000"), None),
            (Some("fortnight"), Some("1"), None),
            (Some("unknown"), Some("1"), None),
            (None, Some("1"), None),
        ];
        for (kind, count, expected) in table {
            let count = count.map(|text| text.parse::<Decimal>().unwrap());
            assert_eq!(cycle(kind, count), expected, "{kind:?} {count:?}");
        }
    }
}
