//! The table for people: `xero.txt` is made from every combination, so that a change of one outcome changes a line of
//! it. After a wanted change: `UPDATE_GOLDEN=1 cargo test -p counterfoil --test scenarios`, and read the difference.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use counterfoil_domain::connection::PriceChoice;
use counterfoil_domain::order::{BillingModel, Fee, OrderType};

use crate::every::{Case, UNSUPPORTED, every, fees, root};
use crate::oracle::{Outcome, Price};

const HEAD: &str = "\
Which order lines become documents in Xero, and whose price counts
==================================================================

\"order\" is the price in the marketplace's order, \"catalogue\" the price of the item in Xero. Whose prices count is chosen
for each connection; the two columns show both choices. An order with one line that is not listed here is ignored whole,
with that line named; it is never billed in part. Lines of zero, payments and deposits bill nothing and keep no order back.

A line is usage when its product is pay-per-use, or when the order is billed by external rating. A migration is ignored
whatever is on it, as \"migrated-subscription\": the subscription is reconciled once, and its later orders are ordinary.
";

const SWITCH: &str = "

When the connection switches on \"recurring before period\"
---------------------------------------------------------
";

/// The same for marketplace and target prices, in words.
fn words(of: &[(Case, Outcome)]) -> String {
    let price = |choice: PriceChoice| {
        let of: Vec<_> = of.iter().filter(|(case, _)| case.choice == choice).collect();
        let at = |aligned: bool, partial: bool| {
            let found = of.iter().find(|(case, _)| case.aligned == aligned && case.partial == partial).unwrap();
            match &found.1 {
                Outcome::Billed { price: Price::Order, .. } => "order",
                Outcome::Billed { price: Price::Catalogue, .. } => "catalogue",
                Outcome::Ignored(reason) => reason,
            }
        };
        let plain = at(false, false);
        match (at(true, false) != plain, at(false, true) != plain) {
            (false, false) => plain.to_owned(),
            (true, false) => {
                format!("{plain}; {} if the billing period is aligned with the statement day", at(true, false))
            }
            (false, true) => format!("{plain}; {} if it bills a part of a period", at(false, true)),
            (true, true) => format!(
                "{plain}; {} if aligned with the statement day, {} if partial",
                at(true, false),
                at(false, true)
            ),
        }
    };
    let row = match &of[0].1 {
        Outcome::Billed { row, .. } => row.clone(),
        Outcome::Ignored(reason) => return format!("ignored: {reason}"),
    };
    // A circumstance changes a price, never whether or by which row a line is billed.
    assert!(
        of.iter().all(|(_, outcome)| matches!(outcome, Outcome::Billed { row: other, .. } if *other == row)),
        "{of:?}"
    );
    format!("{row:<24} {:<13} {}", price(PriceChoice::Marketplace), price(PriceChoice::Target))
}

fn name(fee: Option<Fee>) -> String {
    fee.map_or_else(|| format!("anything else ({UNSUPPORTED})"), |fee| fee.name().replace('-', " "))
}

/// Fee → words, for one order type, model and kind of line.
type Block = Vec<(Option<Fee>, String)>;

fn block(cases: &[(Case, Outcome)], order: OrderType, model: BillingModel, metered: bool) -> Block {
    let of = |fee: Option<Fee>| -> Vec<(Case, Outcome)> {
        let fits =
            |case: &Case| case.order == order && case.model == model && case.metered == metered && case.fee == fee;
        cases.iter().filter(|(case, _)| fits(case)).cloned().collect()
    };
    fees().map(|fee| (fee, words(&of(fee)))).collect()
}

fn print(out: &mut String, block: &Block) {
    let ignored = |text: &str| text.starts_with("ignored");
    for (fee, text) in block.iter().filter(|(_, text)| !ignored(text)) {
        writeln!(out, "    {:<28} {text}", name(*fee)).unwrap();
    }
    let mut rest: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (fee, text) in block.iter().filter(|(_, text)| ignored(text)) {
        rest.entry(text).or_default().push(name(*fee));
    }
    for (text, fees) in rest {
        if fees.len() == block.len() {
            writeln!(out, "    every line is {text}").unwrap();
            continue;
        }
        writeln!(out, "    {text}").unwrap();
        for some in fees.chunks(5) {
            writeln!(out, "        {}", some.join(" · ")).unwrap();
        }
    }
}

/// Models, and usage or not, that come out the same stand together.
fn order_type(out: &mut String, cases: &[(Case, Outcome)], order: OrderType) {
    let mut groups: Vec<(Block, Vec<(BillingModel, bool)>)> = Vec::new();
    for &model in BillingModel::ALL {
        for metered in [false, true] {
            let block = block(cases, order, model, metered);
            match groups.iter_mut().find(|(known, _)| *known == block) {
                Some((_, members)) => members.push((model, metered)),
                None => groups.push((block, vec![(model, metered)])),
            }
        }
    }
    for (block, members) in groups {
        let both = |model: BillingModel| members.contains(&(model, false)) && members.contains(&(model, true));
        let mut named: Vec<String> = Vec::new();
        for (model, metered) in &members {
            let text = match (both(*model), metered) {
                (true, false) => model.name().to_owned(),
                (true, true) => continue,
                (false, true) => format!("{} (usage)", model.name()),
                (false, false) => format!("{} (not usage)", model.name()),
            };
            named.push(text.replace('-', " "));
        }
        writeln!(out, "\n{order} orders, billed {}", named.join(", ")).unwrap();
        print(out, &block);
    }
}

fn table() -> String {
    let all: Vec<(Case, Outcome)> = every().into_iter().map(|case| (case, case.taken())).collect();
    let (on, off): (Vec<_>, Vec<_>) = all.into_iter().partition(|(case, _)| case.switched);
    let mut out = HEAD.to_owned();
    writeln!(out, "\n    {:<28} {:<24} {:<13} target's prices chosen", "fee", "scenario", "marketplace's").unwrap();
    for &order in OrderType::ALL {
        order_type(&mut out, &off, order);
    }
    out.push_str(SWITCH);
    let changed = |order: &OrderType| {
        let of = |cases: &[(Case, Outcome)]| -> Vec<Outcome> {
            cases.iter().filter(|(case, _)| case.order == *order).map(|(_, outcome)| outcome.clone()).collect()
        };
        of(&on) != of(&off)
    };
    for &order in OrderType::ALL.iter().filter(|order| changed(order)) {
        order_type(&mut out, &on, order);
    }
    out.push_str("\nAll other order types come out as above.\n");
    out
}

#[test]
fn the_table_for_people_is_what_runs() {
    let path = root().join("tests/scenarios/xero.txt");
    let made = table();
    assert!(made.lines().count() < 400, "{} lines", made.lines().count());
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    let differ = kept.lines().zip(made.lines()).find(|(kept, made)| kept != made);
    assert!(kept == made, "tests/scenarios/xero.txt is not what the rules do; the first difference: {differ:?}");
}
