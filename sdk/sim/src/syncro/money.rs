//! Owns exact cents: multiplied first, rounded once, half away from zero. Does not own which amounts are multiplied.

use rust_decimal::prelude::ToPrimitive as _;
use rust_decimal::{Decimal, RoundingStrategy};

/// The product in whole units; what no account can owe is as large as can be told.
pub(crate) fn rounded(factors: &[Decimal]) -> i64 {
    let product = factors.iter().try_fold(Decimal::ONE, |product, factor| product.checked_mul(*factor));
    let whole = product.map(|exact| exact.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero));
    whole.and_then(|whole| whole.to_i64()).unwrap_or(i64::MAX)
}

/// Cents as the amount they are.
pub(crate) fn units(cents: i64) -> Decimal {
    Decimal::new(cents, 2)
}

pub(crate) fn kept(value: Decimal, places: Option<u32>) -> Decimal {
    places.map_or(value, |places| value.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_rounded_once_and_half_away_from_zero() {
        let table: [(&[&str], i64); 7] = [
            (&["3", "780"], 2_340),
            (&["0.5", "1"], 1),
            (&["1.5", "333"], 500),
            (&["1.5", "-333"], -500),
            (&["0.3333", "1000"], 333),
            (&["2", "0.005", "100"], 1),
            (&["79228162514264337593543950335", "10"], i64::MAX),
        ];
        for (factors, wanted) in table {
            let factors: Vec<Decimal> = factors.iter().map(|factor| factor.parse().unwrap()).collect();
            assert_eq!(rounded(&factors), wanted, "{factors:?}");
        }
    }
}
