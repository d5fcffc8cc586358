//! What must come out, written from the design's table and its two paragraphs, not from the card. Shares nothing with
//! the rules but the names of things.

use counterfoil_domain::connection::PriceChoice;
use counterfoil_domain::order::{BillingModel, Fee, OrderType};

use crate::every::Case;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Price {
    Order,
    Catalogue,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Billed { row: String, price: Price },
    Ignored(&'static str),
}

pub(crate) fn expected(case: &Case) -> Outcome {
    use BillingModel as M;
    use OrderType as O;
    match (case.order, case.model) {
        (O::Sales, M::BeforeBillingPeriod) => new_sale(case),
        (O::Change, M::BeforeBillingPeriod) => change(case),
        (O::Cancellation, M::BeforeBillingPeriod) => cancellation(case),
        // A metered line, or any line under external rating, is usage; the rest is existing.
        (O::Billing, M::ExternalRating) => usage(case),
        (O::Billing, M::AfterBillingPeriod) if case.metered => usage(case),
        (O::Billing, M::AfterBillingPeriod) => existing(case, "existing subscription"),
        // No seed row names the monthly order of the default model: a connection may switch it on.
        (O::Billing, M::BeforeBillingPeriod) if case.switched => existing(case, "recurring before period"),
        (O::Sales | O::Change | O::Cancellation | O::Billing, _) => Outcome::Ignored("unsupported-billing-model"),
        (O::Renewal | O::Migration | O::Unknown, _) => Outcome::Ignored("unsupported-order-type"),
    }
}

fn new_sale(case: &Case) -> Outcome {
    match case.fee {
        Some(Fee::PlanSetup | Fee::ResourceSetup) => billed("new sale", chosen(case)),
        Some(Fee::PlanRecurring | Fee::ResourceRecurring) => billed("new sale", order_if(case.aligned, case)),
        _ => unsupported_fee(),
    }
}

fn change(case: &Case) -> Outcome {
    match case.fee {
        Some(Fee::ResourceSetup | Fee::ResourceRecurring) => billed("upgrade or downgrade", chosen(case)),
        // The card has no row of its own for it: a downgrade stands in the row of changes, at the order's price.
        Some(Fee::ResourceDowngrade) => billed("upgrade or downgrade", Price::Order),
        _ => unsupported_fee(),
    }
}

fn existing(case: &Case, row: &str) -> Outcome {
    match case.fee {
        Some(Fee::PlanRecurring | Fee::ResourceRecurring | Fee::ResourceRecurringRefund) => {
            billed(row, order_if(case.partial, case))
        }
        Some(Fee::ResourceOveruse) => billed(row, chosen(case)),
        _ => unsupported_fee(),
    }
}

fn cancellation(case: &Case) -> Outcome {
    match case.fee {
        Some(
            Fee::CancellationFee
            | Fee::ResourceOveruse
            | Fee::ResourceRecurringRefund
            | Fee::ResourceSetupRefund
            | Fee::PlanRecurringRefund
            | Fee::PlanSetupRefund,
        ) => billed("cancellation", Price::Order),
        _ => unsupported_fee(),
    }
}

fn usage(case: &Case) -> Outcome {
    match case.fee {
        Some(Fee::ResourceOveruse | Fee::ResourceRecurring) => billed("resource usage", Price::Order),
        _ => unsupported_fee(),
    }
}

fn chosen(case: &Case) -> Price {
    match case.choice {
        PriceChoice::Marketplace => Price::Order,
        PriceChoice::Target => Price::Catalogue,
    }
}

fn order_if(circumstance: bool, case: &Case) -> Price {
    if circumstance { Price::Order } else { chosen(case) }
}

fn billed(row: &str, price: Price) -> Outcome {
    Outcome::Billed { row: row.to_owned(), price }
}

fn unsupported_fee() -> Outcome {
    Outcome::Ignored("unsupported-fee")
}
