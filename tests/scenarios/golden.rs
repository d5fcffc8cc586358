//! The tables for people: `xero.txt` and `connectwise.txt` are made from every combination, one row for each line that an
//! order can have, so that a change of one outcome changes a row of them. After a wanted change:
//! `UPDATE_GOLDEN=1 cargo test -p counterfoil --test scenarios`, and read the difference.

use std::fmt::Write as _;

use counterfoil_domain::connection::PriceChoice;
use counterfoil_domain::order::{BillingModel, Fee, OrderType};

use crate::every::{BOTH, Case, Tables, Target, UNSUPPORTED, fees, of_line, root};
use crate::oracle::{Outcome, Price};

const TEXT: &str = "
\"order\" is the price in the marketplace's order, \"catalogue\" the price of the item in TARGET. Whose prices count is chosen
for each connection; the two columns show both choices. An order with one line that is ignored here is ignored whole, with
that line named; it is never billed in part. Lines of zero, payments and deposits bill nothing and keep no order back.

A line is usage when its product is pay-per-use, or when the order is billed by external rating. A migration is ignored
whatever is on it, as \"migrated-subscription\": the subscription is reconciled once, and its later orders are ordinary.
";

const SWITCH: &str = "

When the connection switches on \"recurring before period\"
---------------------------------------------------------
";

/// One kind of line under every price choice and circumstance.
struct Line<'a> {
    of: Vec<(Case, Outcome)>,
    target: &'a str,
}

impl Line<'_> {
    fn at(&self, choice: PriceChoice, aligned: bool, partial: bool) -> &Outcome {
        let fits = |case: &Case| case.choice == choice && case.aligned == aligned && case.partial == partial;
        self.of.iter().find(|(case, _)| fits(case)).map(|(_, outcome)| outcome).unwrap()
    }

    fn words(&self) -> String {
        let plain = |choice| self.at(choice, false, false);
        let (ours, theirs) = (plain(PriceChoice::Marketplace), plain(PriceChoice::Target));
        let (Outcome::Billed { row, prorated, .. }, Outcome::Billed { row: same, .. }) = (ours, theirs) else {
            // No circumstance makes a line billable.
            assert!(self.of.iter().all(|(_, outcome)| outcome == ours), "{:?}", self.of);
            let Outcome::Ignored(reason) = ours else { panic!("{:?}", self.of) };
            return format!("ignored: {reason}");
        };
        assert_eq!(row, same, "whose price counts changes no row");
        let mut notes = Vec::new();
        for (aligned, partial, when) in [
            (true, false, "the billing period is aligned with the statement day"),
            (false, true, "it bills a part of a period"),
        ] {
            match (self.at(PriceChoice::Marketplace, aligned, partial), self.at(PriceChoice::Target, aligned, partial))
            {
                (Outcome::Ignored(reason), Outcome::Ignored(_)) => notes.push(format!("ignored if {when}: {reason}")),
                (Outcome::Billed { .. }, Outcome::Billed { price, .. }) if price.word() != theirs.word() => {
                    notes.push(format!("{} if {when}", price.word()));
                }
                (with, _) => assert_eq!(with, ours, "{} {:?}", self.target, self.of[0].0),
            }
        }
        if *prorated {
            notes.push("the order's price is prorated".to_owned());
        }
        let text = format!("{row:<24} {:<14} {:<11} {}", ours.word(), theirs.word(), notes.join("; "));
        text.trim_end().to_owned()
    }
}

impl Price {
    fn word(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Catalogue => "catalogue",
        }
    }
}

impl Outcome {
    fn word(&self) -> &'static str {
        match self {
            Self::Billed { price, .. } => price.word(),
            Self::Ignored(reason) => reason,
        }
    }
}

fn name(fee: Option<Fee>) -> String {
    fee.map_or_else(|| format!("anything else ({UNSUPPORTED})"), |fee| fee.name().replace('-', " "))
}

/// Fee → words, for one order type, model and kind of line.
type Block = Vec<(Option<Fee>, String)>;

#[derive(Clone, Copy)]
struct Book<'a> {
    target: &'a str,
    tables: &'a Tables,
    switched: bool,
}

impl Book<'_> {
    fn block(&self, order: OrderType, model: BillingModel, metered: bool) -> Block {
        let words = |fee| {
            let cases = of_line(order, model, metered, fee, self.switched);
            let of = cases.into_iter().map(|case| (case, case.taken_by(self.tables))).collect();
            Line { of, target: self.target }.words()
        };
        fees().map(|fee| (fee, words(fee))).collect()
    }

    /// Usage and the rest stand together where they come out the same.
    fn model(&self, out: &mut String, order: OrderType, model: BillingModel) {
        let [rest, usage] = BOTH.map(|metered| self.block(order, model, metered));
        let billed = model.name().replace('-', " ");
        if rest == usage {
            print(out, &format!("{order} orders, billed {billed}"), &rest);
        } else {
            print(out, &format!("{order} orders, billed {billed}, not usage"), &rest);
            print(out, &format!("{order} orders, billed {billed}, usage"), &usage);
        }
    }
}

fn print(out: &mut String, title: &str, block: &Block) {
    writeln!(out, "\n{title}").unwrap();
    let first = &block[0].1;
    if block.iter().all(|(_, text)| text == first) {
        writeln!(out, "    {:<28} {first}", "every line").unwrap();
        return;
    }
    for (fee, text) in block {
        writeln!(out, "    {:<28} {text}", name(*fee)).unwrap();
    }
}

fn table(target: Target) -> String {
    let (tables, called) = (target.tables(), &target.card().name);
    let off = Book { target: called, tables: &tables, switched: false };
    let on = Book { switched: true, ..off };
    let title = format!("Which order lines become documents in {called}, and whose price counts");
    let mut out = format!("{title}\n{}\n{}", "=".repeat(title.chars().count()), TEXT.replace("TARGET", called));
    let heads = format!("{:<28} {:<24} {:<14} {:<11}", "fee", "scenario", "marketplace's", "target's");
    writeln!(out, "\n    {heads} prices chosen, and notes").unwrap();
    for &order in OrderType::ALL {
        for &model in BillingModel::ALL {
            off.model(&mut out, order, model);
        }
    }
    out.push_str(SWITCH);
    for &order in OrderType::ALL {
        for &model in BillingModel::ALL {
            if BOTH.iter().any(|metered| off.block(order, model, *metered) != on.block(order, model, *metered)) {
                on.model(&mut out, order, model);
            }
        }
    }
    out.push_str("\nEverything else comes out as above.\n");
    out
}

#[test]
fn the_tables_for_people_are_what_runs() {
    let mut rows = 0;
    for target in Target::ALL {
        let path = root().join("tests/scenarios").join(format!("{}.txt", target.id()));
        let made = table(target);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &made).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap();
        let differ = kept.lines().zip(made.lines()).find(|(kept, made)| kept != made);
        assert!(kept == made, "{} is not what the rules do; the first difference: {differ:?}", path.display());
        // The first of them heads the columns.
        rows += made.lines().filter(|line| line.starts_with("    ")).count() - 1;
    }
    assert!(rows >= 400, "{rows} rows");
}
