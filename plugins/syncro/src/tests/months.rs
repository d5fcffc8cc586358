//! A year of statements: whatever runs lie between them, all runs together bill all statements, to the cent.

use counterfoil_sdk::{Decimal, Line};

use super::shop::Shop;
use super::{after, bill, d, job, once, recurs};

/// A small generator: the same numbers for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// The lines that the host makes of a key's record: what goes on, and the rest beside it.
fn lines(key: &str, quantity: u64, cents: u64, natural: Decimal) -> Vec<Line> {
    let price = Decimal::new(i64::try_from(cents).unwrap(), 2);
    let line = recurs(key, key, &quantity.to_string(), &price.to_string());
    let rest = natural - line.amount;
    let mut all = vec![line];
    if !rest.is_zero() {
        all.push(once(&format!("{key}+rest"), "resource-recurring", &rest.to_string()));
    }
    all
}

#[test]
fn all_runs_together_bill_all_statements() {
    for seed in 0..60 {
        let mut dice = Dice(seed);
        let shop = Shop::open();
        let (mut receipts, mut billed, mut due) = (Vec::new(), Decimal::ZERO, Decimal::ZERO);
        let mut standing: Vec<(String, u64)> = Vec::new();
        for month in 0..12 {
            let mut all = Vec::new();
            let mut next = Vec::new();
            for key in ["a", "b", "c"] {
                let was = standing.iter().find(|(known, _)| known == key).map_or(0, |(_, quantity)| *quantity);
                let quantity = if dice.below(4) == 0 { 0 } else { dice.below(20) };
                if quantity == 0 && was == 0 {
                    continue;
                }
                // A part of the month at another quantity, or nothing of it at all.
                let cents = 500 + dice.below(3) * 33;
                let whole = Decimal::new(i64::try_from(quantity * cents).unwrap(), 2);
                let natural = match dice.below(3) {
                    0 => whole,
                    1 => whole - d("3.21"),
                    _ if quantity == 0 => Decimal::ZERO,
                    _ => whole + d("0.07"),
                };
                let natural = if quantity == 0 { Decimal::ZERO } else { natural };
                due += natural;
                all.extend(lines(key, quantity, cents, natural));
                if quantity > 0 {
                    next.push((key.to_owned(), quantity));
                }
            }
            standing = next;
            let order = format!("st{month}");
            if !all.is_empty() {
                receipts.push(bill(&shop, &after(job(&order, all), &receipts)).1);
            }
            // None, one or two runs before the next statement.
            for _ in 0..[1, 1, 1, 0, 2][usize::try_from(dice.below(5)).unwrap()] {
                billed += shop.run(5);
            }
        }
        // The last statement ends all of it, before any run that would bill it again.
        let mut all = Vec::new();
        for (key, _) in &standing {
            all.extend(lines(key, 0, 500, Decimal::ZERO));
        }
        if !all.is_empty() {
            bill(&shop, &after(job("end", all), &receipts));
        }
        billed += shop.run(5);
        assert_eq!(billed, due, "seed {seed}");
    }
}
