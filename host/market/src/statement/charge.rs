//! What a record charges for, from the source's word. Rows that say how many of something there are come out as recurring or
//! as a part of a period; rows that only add or take away never do, because what stands at a period's end is read off the
//! former.

use rust_decimal::Decimal;

use counterfoil_domain::motion::Motion;
use counterfoil_domain::statement::Charge;

use super::row::fold;

/// Folded: without case, spaces and hyphens.
const WORDS: &[(&str, Charge)] = &[
    ("cyclefee", Charge::Recurring),
    ("cyclecharge", Charge::Recurring),
    ("new", Charge::Recurring),
    ("newpurchase", Charge::Recurring),
    ("purchase", Charge::Recurring),
    ("purchasefee", Charge::Recurring),
    ("renew", Charge::Recurring),
    ("renewal", Charge::Recurring),
    ("recurring", Charge::Recurring),
    ("license", Charge::Recurring),
    ("licensefee", Charge::Recurring),
    ("subscription", Charge::Recurring),
    ("subscriptionfee", Charge::Recurring),
    ("cycleinstanceprorate", Charge::Proration),
    ("instanceprorate", Charge::Proration),
    ("proratefeewhenpurchase", Charge::Proration),
    ("proratefeeswhenpurchase", Charge::Proration),
    ("proratefeeswhenrenew", Charge::Proration),
    ("proratedfee", Charge::Proration),
    ("prorate", Charge::Proration),
    ("proration", Charge::Proration),
    ("usage", Charge::Usage),
    ("usagefee", Charge::Usage),
    ("usagefeeforcurrentcycle", Charge::Usage),
    ("usagefeeforlastcycle", Charge::Usage),
    ("consumption", Charge::Usage),
    ("onetime", Charge::OneTime),
    ("onetimefee", Charge::OneTime),
    ("activationfee", Charge::OneTime),
    ("setup", Charge::OneTime),
    ("setupfee", Charge::OneTime),
    ("cancel", Charge::Credit),
    ("cancelimmediate", Charge::Credit),
    ("cancelfee", Charge::Adjustment),
    ("proratefeeswhencancel", Charge::Credit),
    ("customercredit", Charge::Credit),
    ("credit", Charge::Credit),
    ("creditnote", Charge::Credit),
    ("refund", Charge::Credit),
    ("onetimerefund", Charge::Credit),
    ("discount", Charge::Credit),
    ("addquantity", Charge::Adjustment),
    ("removequantity", Charge::Adjustment),
    ("convert", Charge::Adjustment),
    ("conversion", Charge::Adjustment),
    ("transfer", Charge::Adjustment),
    ("upgrade", Charge::Adjustment),
    ("adjustment", Charge::Adjustment),
    ("pendingadjustment", Charge::Adjustment),
    ("rounding", Charge::Adjustment),
    ("offsetlineitem", Charge::Adjustment),
];

/// What else is known of the record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Of {
    pub(crate) motion: Motion,
    pub(crate) quantity: Decimal,
    pub(crate) amount: Decimal,
    pub(crate) cost: Decimal,
    /// Not for the whole of its period.
    pub(crate) is_part: bool,
}

pub(crate) fn charge(word: Option<&str>, of: &Of) -> Charge {
    let told = word.map(|word| {
        let word = fold(word);
        WORDS.iter().find(|(known, _)| *known == word).map_or(Charge::Other, |(_, charge)| *charge)
    });
    let charge = told.unwrap_or_else(|| untold(of));
    let gives_back = [of.quantity, of.amount, of.cost].iter().any(|number| *number < Decimal::ZERO);
    match charge {
        // What is given back is no state of anything, whatever it is called.
        Charge::Recurring | Charge::Proration if gives_back => Charge::Credit,
        known => known,
    }
}

fn untold(of: &Of) -> Charge {
    match of.motion {
        Motion::Usage => Charge::Usage,
        Motion::OneTime | Motion::SoftwarePerpetual | Motion::Reservation => Charge::OneTime,
        _ if of.is_part => Charge::Proration,
        _ => Charge::Recurring,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charges() {
        let table = [
            (Some("cycleFee"), Motion::MonthlyMonthly, 5, 50, false, Charge::Recurring),
            (Some("Cycle fee"), Motion::MonthlyMonthly, 5, 50, true, Charge::Recurring),
            (Some("cycleInstanceProrate"), Motion::MonthlyMonthly, 5, 50, true, Charge::Proration),
            (Some("newPurchase"), Motion::AnnualUpfront, 5, 50, false, Charge::Recurring),
            (Some("cycleFee"), Motion::MonthlyMonthly, -5, -50, false, Charge::Credit),
            (Some("cycleFee"), Motion::MonthlyMonthly, 0, 0, false, Charge::Recurring),
            (Some("removeQuantity"), Motion::AnnualUpfront, -2, -20, true, Charge::Adjustment),
            (Some("addQuantity"), Motion::AnnualUpfront, 2, 20, true, Charge::Adjustment),
            (Some("cancelImmediate"), Motion::MonthlyMonthly, -2, -20, true, Charge::Credit),
            (Some("customerCredit"), Motion::MonthlyMonthly, 1, -20, false, Charge::Credit),
            (Some("adjustment"), Motion::MonthlyMonthly, 1, 20, false, Charge::Adjustment),
            (Some("oneTime"), Motion::OneTime, 1, 20, false, Charge::OneTime),
            (Some("usage"), Motion::Usage, 1, 20, false, Charge::Usage),
            (Some("teleport"), Motion::MonthlyMonthly, 1, 20, false, Charge::Other),
            (None, Motion::MonthlyMonthly, 1, 20, false, Charge::Recurring),
            (None, Motion::MonthlyMonthly, 1, 20, true, Charge::Proration),
            (None, Motion::MonthlyMonthly, 1, -20, true, Charge::Credit),
            (None, Motion::Usage, 1, 20, false, Charge::Usage),
            (None, Motion::SoftwarePerpetual, 1, 20, false, Charge::OneTime),
        ];
        for (word, motion, quantity, amount, is_part, expected) in table {
            let amount = Decimal::from(amount);
            let of = Of { motion, quantity: Decimal::from(quantity), amount, cost: amount, is_part };
            assert_eq!(charge(word, &of), expected, "{word:?} {motion} {quantity} {amount}");
        }
        for (word, _) in WORDS {
            assert_eq!(fold(word), *word, "a word that is not folded is never found");
        }
    }
}
