//! The scenario table: which order lines a target takes, and whose price counts. Data from the plugin's
//! card, evaluated by one total function. Links, windows and people's rules are `judge`'s business.

use std::fmt;

use crate::card::{OrderPriceWhen, Scenario};
use crate::connection::PriceChoice;
use crate::job::PriceSource;
use crate::order::{BillingModel, Fee, LineKind, OrderType, named};
use crate::task::IgnoreReason;

/// Everything about a line that a row may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Situation {
    pub order: OrderType,
    pub model: BillingModel,
    /// Metered resource, vendor-rated data, or external rating.
    pub usage: bool,
    pub aligned_with_statement_day: bool,
    pub partial_period: bool,
}

named! {
    /// Why this price and not the other.
    PriceWhy {
        ChosenMarketplace = "the connection takes the marketplace's prices",
        ChosenTarget = "the connection takes the target's catalogue prices",
        RowSaysOrder = "this scenario always takes the order's price",
        StatementDay = "the billing period is aligned with the statement day, so the catalogue price would be wrong for it",
        PartialPeriod = "the period is billed in part, so the catalogue price would be wrong for it",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    Yes { row: String, price: PriceSource, why: PriceWhy },
    No { reason: IgnoreReason, text: String },
}

/// The row that a connection may switch on: the default model's monthly order, which no seed row names.
pub fn recurring_before_period() -> Scenario {
    let fees = [Fee::PlanRecurring, Fee::ResourceRecurring, Fee::ResourceOveruse, Fee::ResourceRecurringRefund];
    Scenario {
        name: "recurring before period".to_owned(),
        order: OrderType::Billing,
        models: vec![BillingModel::BeforeBillingPeriod],
        usage: None,
        fees: fees.into_iter().map(|fee| (fee, PriceSource::Catalogue)).collect(),
        order_price_when: vec![(
            OrderPriceWhen::PartialPeriod,
            vec![Fee::PlanRecurring, Fee::ResourceRecurring, Fee::ResourceRecurringRefund],
        )],
    }
}

/// Total: every order type, billing model, kind of line and circumstance has an outcome that explains itself.
pub fn take(table: &[Scenario], at: Situation, line: &LineKind, choice: PriceChoice) -> Taken {
    let of_order: Vec<&Scenario> = table.iter().filter(|row| row.order == at.order).collect();
    if of_order.is_empty() {
        return no(IgnoreReason::UnsupportedOrderType, format!("no scenario of this target takes {} orders", at.order));
    }
    let of_model: Vec<&Scenario> = of_order.into_iter().filter(|row| row.models.contains(&at.model)).collect();
    if of_model.is_empty() {
        let text = format!("no scenario of this target takes {} orders billed {}", at.order, at.model);
        return no(IgnoreReason::UnsupportedBillingModel, text);
    }
    let LineKind::Fee(fee) = line else {
        return no(IgnoreReason::UnsupportedFee, format!("no scenario names the fee \"{}\"", line.name()));
    };
    let fits = |row: &&Scenario| row.usage.is_none_or(|usage| usage == at.usage);
    let row = of_model.iter().filter(|row| fits(row)).find_map(|row| {
        let (_, price) = row.fees.iter().find(|(named, _)| named == fee)?;
        Some((*row, *price))
    });
    match row {
        Some((row, price)) => {
            let (price, why) = price_of(row, price, *fee, at, choice);
            Taken::Yes { row: row.name.clone(), price, why }
        }
        None => {
            let names: Vec<&str> = of_model.iter().map(|row| row.name.as_str()).collect();
            let usage = if at.usage { " for usage" } else { "" };
            no(
                IgnoreReason::UnsupportedFee,
                format!("the fee {fee}{usage} is not in the scenario {}", names.join(" or ")),
            )
        }
    }
}

fn price_of(
    row: &Scenario,
    price: PriceSource,
    fee: Fee,
    at: Situation,
    choice: PriceChoice,
) -> (PriceSource, PriceWhy) {
    if choice == PriceChoice::Marketplace {
        return (PriceSource::Order, PriceWhy::ChosenMarketplace);
    }
    if price == PriceSource::Order {
        return (PriceSource::Order, PriceWhy::RowSaysOrder);
    }
    for (when, fees) in &row.order_price_when {
        if !fees.contains(&fee) {
            continue;
        }
        match when {
            OrderPriceWhen::AlignedWithStatementDay if at.aligned_with_statement_day => {
                return (PriceSource::Order, PriceWhy::StatementDay);
            }
            OrderPriceWhen::PartialPeriod if at.partial_period => {
                return (PriceSource::Order, PriceWhy::PartialPeriod);
            }
            _ => {}
        }
    }
    (PriceSource::Catalogue, PriceWhy::ChosenTarget)
}

fn no(reason: IgnoreReason, text: String) -> Taken {
    Taken::No { reason, text }
}
