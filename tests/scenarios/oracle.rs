//! What must come out, written from the design's table and paragraphs (Xero) and from the vendor's table of the
//! marketplace's own ConnectWise integration, not from the cards. Shares nothing with the rules but the names of things.

use counterfoil_domain::connection::PriceChoice;
use counterfoil_domain::order::{BillingModel, Fee, OrderType};

use crate::every::{Case, Target};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Price {
    Order,
    Catalogue,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Billed {
        row: String,
        price: Price,
        /// The host charges the part of the price that is left of the period.
        prorated: bool,
    },
    Ignored(&'static str),
}

pub(crate) fn expected(target: Target, case: &Case) -> Outcome {
    use BillingModel as M;
    use OrderType as O;
    match (case.order, case.model, target) {
        (O::Sales, M::BeforeBillingPeriod, Target::Xero) => xero::new_sale(case),
        (O::Sales, M::BeforeBillingPeriod, Target::ConnectWise) => connectwise::new_sale(case),
        (O::Change, M::BeforeBillingPeriod, Target::Xero) => xero::change(case),
        (O::Change, M::BeforeBillingPeriod, Target::ConnectWise) => connectwise::change(case),
        (O::Cancellation, M::BeforeBillingPeriod, Target::Xero) => xero::cancellation(case),
        (O::Cancellation, M::BeforeBillingPeriod, Target::ConnectWise) => connectwise::cancellation(case),
        // A metered line, or any line under external rating, is usage; the rest is existing.
        (O::Billing, M::ExternalRating, _) => usage(target, case),
        (O::Billing, M::AfterBillingPeriod, _) if case.metered => usage(target, case),
        (O::Billing, M::AfterBillingPeriod, Target::Xero) => xero::existing(case, "existing subscription"),
        (O::Billing, M::AfterBillingPeriod, Target::ConnectWise) => connectwise::existing(case),
        // No seed row names the monthly order of the default model: a connection may switch it on, whatever the target.
        (O::Billing, M::BeforeBillingPeriod, _) if case.switched => xero::existing(case, "recurring before period"),
        (O::Sales | O::Change | O::Cancellation | O::Billing, ..) => Outcome::Ignored("unsupported-billing-model"),
        (O::Renewal | O::Migration | O::Unknown, ..) => Outcome::Ignored("unsupported-order-type"),
    }
}

mod xero {
    use super::*;

    pub(super) fn new_sale(case: &Case) -> Outcome {
        match case.fee {
            Some(Fee::PlanSetup | Fee::ResourceSetup) => billed("new sale", chosen(case)),
            Some(Fee::PlanRecurring | Fee::ResourceRecurring) => billed("new sale", order_if(case.aligned, case)),
            _ => unsupported_fee(),
        }
    }

    pub(super) fn change(case: &Case) -> Outcome {
        match case.fee {
            Some(Fee::ResourceSetup | Fee::ResourceRecurring) => billed("upgrade or downgrade", chosen(case)),
            // The card has no row of its own for it: a downgrade stands in the row of changes, at the order's price.
            Some(Fee::ResourceDowngrade) => billed("upgrade or downgrade", Price::Order),
            _ => unsupported_fee(),
        }
    }

    pub(super) fn existing(case: &Case, row: &str) -> Outcome {
        match case.fee {
            Some(Fee::PlanRecurring | Fee::ResourceRecurring | Fee::ResourceRecurringRefund) => {
                billed(row, order_if(case.partial, case))
            }
            Some(Fee::ResourceOveruse) => billed(row, chosen(case)),
            _ => unsupported_fee(),
        }
    }

    pub(super) fn cancellation(case: &Case) -> Outcome {
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
}

/// The vendor's table knows "setup", "recurring", "overuse" and "cancellation", of plan and resource alike.
mod connectwise {
    use super::*;

    fn is_setup(case: &Case) -> bool {
        matches!(case.fee, Some(Fee::PlanSetup | Fee::ResourceSetup))
    }

    fn is_recurring(case: &Case) -> bool {
        matches!(case.fee, Some(Fee::PlanRecurring | Fee::ResourceRecurring))
    }

    pub(super) fn new_sale(case: &Case) -> Outcome {
        match case.fee {
            _ if is_setup(case) => unless_aligned(case, billed("new sale", chosen(case))),
            _ if is_recurring(case) => unless_aligned(case, prorated("new sale", case)),
            _ => unsupported_fee(),
        }
    }

    /// "Upgrade" is what a change is, not a fee that the marketplace has: more is setup and recurring, less is the
    /// downgrade, which is given back at the order's price as it is everywhere.
    pub(super) fn change(case: &Case) -> Outcome {
        match case.fee {
            _ if is_setup(case) => unless_aligned(case, billed("upgrade or downgrade", chosen(case))),
            _ if is_recurring(case) => unless_aligned(case, prorated("upgrade or downgrade", case)),
            Some(Fee::ResourceDowngrade) => unless_aligned(case, billed("upgrade or downgrade", Price::Order)),
            _ => unsupported_fee(),
        }
    }

    /// The seed's reason for partial periods holds here too: a catalogue price is that of a whole one.
    pub(super) fn existing(case: &Case) -> Outcome {
        match case.fee {
            _ if is_recurring(case) => billed("existing subscription", order_if(case.partial, case)),
            Some(Fee::ResourceOveruse) => billed("existing subscription", chosen(case)),
            // Statements give back in the order that they charge in.
            Some(Fee::ResourceRecurringRefund) => billed("existing subscription", Price::Order),
            _ => unsupported_fee(),
        }
    }

    /// "Recurring" of a cancellation is charged or given back.
    pub(super) fn cancellation(case: &Case) -> Outcome {
        match case.fee {
            _ if is_recurring(case) => billed("cancellation", Price::Order),
            Some(
                Fee::PlanRecurringRefund | Fee::ResourceRecurringRefund | Fee::ResourceOveruse | Fee::CancellationFee,
            ) => billed("cancellation", Price::Order),
            _ => unsupported_fee(),
        }
    }

    /// Marketplace prices only.
    fn prorated(row: &str, case: &Case) -> Outcome {
        let price = chosen(case);
        Outcome::Billed { row: row.to_owned(), price, prorated: price == Price::Order }
    }

    /// Statement-day alignment is not supported for sales and changes.
    fn unless_aligned(case: &Case, outcome: Outcome) -> Outcome {
        if case.aligned { Outcome::Ignored("unsupported-billing-model") } else { outcome }
    }
}

fn usage(target: Target, case: &Case) -> Outcome {
    match (case.fee, target) {
        (Some(Fee::ResourceOveruse | Fee::ResourceRecurring), _) => billed("resource usage", Price::Order),
        (Some(Fee::PlanRecurring), Target::ConnectWise) => billed("resource usage", Price::Order),
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
    Outcome::Billed { row: row.to_owned(), price, prorated: false }
}

fn unsupported_fee() -> Outcome {
    Outcome::Ignored("unsupported-fee")
}
