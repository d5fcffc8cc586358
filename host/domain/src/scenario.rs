//! The scenario table: which order lines a target takes, and whose price counts. Data from the plugin's
//! card, evaluated by one total function. Links, windows and people's rules are `judge`'s business.

mod table;

use std::fmt;

use crate::card::{Circumstance, Scenario};
use crate::connection::PriceChoice;
use crate::job::PriceSource;
use crate::order::{BillingModel, Fee, LineKind, OrderType, named};
use crate::task::IgnoreReason;

pub use table::{Row, Table};

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

impl Situation {
    fn has(&self, circumstance: Circumstance) -> bool {
        match circumstance {
            Circumstance::AlignedWithStatementDay => self.aligned_with_statement_day,
            Circumstance::PartialPeriod => self.partial_period,
        }
    }
}

named! {
    /// Why this price and not the other.
    PriceWhy {
        ChosenMarketplace = "the connection takes the marketplace's prices",
        ChosenTarget = "the connection takes the target's catalogue prices",
        RowSaysOrder = "this scenario always takes the order's price",
        StatementDay = "the billing period is aligned with the statement day, so the catalogue price would be wrong for it",
        PartialPeriod = "the period is billed in part, so the catalogue price would be wrong for it",
        RenewalTotal = "the quantity is the total after the renewal, of which the catalogue price cannot tell what was added",
        ChosenByPerson = "somebody chose it for this line",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    Yes { row: String, price: PriceSource, why: PriceWhy },
    No { reason: IgnoreReason, text: String },
}

/// The name of the row that a connection may switch on; no card may use it.
pub const RECURRING_BEFORE_PERIOD: &str = "recurring before period";

/// The row that a connection may switch on: the default model's monthly order, which no seed row names.
pub fn recurring_before_period() -> Scenario {
    let fees = [Fee::PlanRecurring, Fee::ResourceRecurring, Fee::ResourceOveruse, Fee::ResourceRecurringRefund];
    Scenario {
        name: RECURRING_BEFORE_PERIOD.to_owned(),
        order: OrderType::Billing,
        models: vec![BillingModel::BeforeBillingPeriod],
        usage: None,
        fees: fees.into_iter().map(|fee| (fee, PriceSource::Catalogue)).collect(),
        order_price_when: vec![(
            Circumstance::PartialPeriod,
            vec![Fee::PlanRecurring, Fee::ResourceRecurring, Fee::ResourceRecurringRefund],
        )],
        refused_when: Vec::new(),
        // The marketplace has prorated a monthly order already.
        prorate: Vec::new(),
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
        Some((row, price)) => by_row(row, price, *fee, at, choice),
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

/// Whether the host charges only the part of the price that is left of the period. Marketplace prices only: the
/// catalogue's are taken as they are, and what a person set is what they meant.
pub fn prorates(table: &[Scenario], row: &str, fee: Fee, price: PriceSource) -> bool {
    let row = table.iter().find(|scenario| scenario.name == row);
    price == PriceSource::Order && row.is_some_and(|row| row.prorate.contains(&fee))
}

/// Why a row takes nothing in these circumstances; none: it takes what it lists.
pub fn refusal(row: &Scenario, at: Situation) -> Option<String> {
    let when = row.refused_when.iter().find(|when| at.has(**when))?;
    let which = match when {
        Circumstance::AlignedWithStatementDay => "whose billing period is aligned with the statement day",
        Circumstance::PartialPeriod => "for a part of a billing period",
    };
    Some(format!("the scenario {} does not take {} orders {which}: the target cannot bill them", row.name, row.order))
}

fn by_row(row: &Scenario, price: PriceSource, fee: Fee, at: Situation, choice: PriceChoice) -> Taken {
    if let Some(text) = refusal(row, at) {
        return no(IgnoreReason::UnsupportedBillingModel, text);
    }
    let (price, why) = price_of(row, price, fee, at, choice);
    Taken::Yes { row: row.name.clone(), price, why }
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
    if price != PriceSource::Catalogue {
        return (PriceSource::Order, PriceWhy::RowSaysOrder);
    }
    let mut held = row.order_price_when.iter().filter(|(when, fees)| fees.contains(&fee) && at.has(*when));
    match held.next() {
        Some((Circumstance::AlignedWithStatementDay, _)) => (PriceSource::Order, PriceWhy::StatementDay),
        Some((Circumstance::PartialPeriod, _)) => (PriceSource::Order, PriceWhy::PartialPeriod),
        None => (PriceSource::Catalogue, PriceWhy::ChosenTarget),
    }
}

fn no(reason: IgnoreReason, text: String) -> Taken {
    Taken::No { reason, text }
}
