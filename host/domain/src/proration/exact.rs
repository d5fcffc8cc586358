//! quantity × price × days left / days, in coins, with one rounding at the end. Integers wide enough for any two
//! decimals: a product that only nearly fits a decimal would be rounded twice.

use std::cmp::Ordering;

use rust_decimal::Decimal;

use super::Share;
use crate::money::{Rounding, from_coins};

/// Decimal digits divided off at a time: the largest power of ten in a limb.
const CHUNK: u32 = 9;

/// The amount with `digits` after the point, and whether nothing had to be rounded. None: too large for an amount.
pub(super) fn part(
    quantity: Decimal,
    price: Decimal,
    share: Share,
    digits: u32,
    rounding: Rounding,
) -> Option<(Decimal, bool)> {
    let mut number = Wide::product(quantity.mantissa().unsigned_abs(), price.mantissa().unsigned_abs());
    number.multiply(share.left)?;
    let scale = quantity.scale() + price.scale();
    // One digit more than is kept decides the rounding; it is divided off last.
    let mut surplus = scale.saturating_sub(digits + 1);
    number.multiply(10u32.checked_pow((digits + 1).saturating_sub(scale))?)?;
    let mut dust = number.divide(share.days)? != 0;
    while surplus > 0 {
        let step = surplus.min(CHUNK);
        dust |= number.divide(10u32.checked_pow(step)?)? != 0;
        surplus -= step;
    }
    let digit = number.divide(10)?;
    let mut coins = number.small()?;
    let up = match (digit.cmp(&5), rounding) {
        (Ordering::Greater, _) => true,
        (Ordering::Less, _) => false,
        (Ordering::Equal, Rounding::HalfAwayFromZero) => true,
        (Ordering::Equal, Rounding::HalfEven) => dust || !coins.is_multiple_of(2),
    };
    if up {
        coins = coins.checked_add(1)?;
    }
    let negative = quantity.is_sign_negative() != price.is_sign_negative();
    Some((from_coins(negative, coins, digits)?, digit == 0 && !dust))
}

/// 256 bits without a sign, the lowest limb first.
struct Wide([u32; 8]);

impl Wide {
    fn product(left: u128, right: u128) -> Self {
        let mut sum = [0u32; 8];
        for (place, a) in limbs(left).into_iter().enumerate() {
            let mut carry = 0u64;
            for (limb, b) in sum.iter_mut().skip(place).zip(limbs(right).into_iter().chain([0])) {
                carry += u64::from(*limb) + u64::from(a) * u64::from(b);
                *limb = low(carry);
                carry >>= 32;
            }
        }
        Self(sum)
    }

    fn multiply(&mut self, factor: u32) -> Option<()> {
        let mut carry = 0u64;
        for limb in &mut self.0 {
            carry += u64::from(*limb) * u64::from(factor);
            *limb = low(carry);
            carry >>= 32;
        }
        (carry == 0).then_some(())
    }

    /// Leaves the quotient, gives the remainder.
    fn divide(&mut self, divisor: u32) -> Option<u64> {
        let divisor = u64::from(divisor);
        let mut rest = 0u64;
        for limb in self.0.iter_mut().rev() {
            let part = rest << 32 | u64::from(*limb);
            *limb = low(part.checked_div(divisor)?);
            rest = part.checked_rem(divisor)?;
        }
        Some(rest)
    }

    fn small(&self) -> Option<u128> {
        let (low, high) = self.0.split_at(4);
        let zero = high.iter().all(|limb| *limb == 0);
        zero.then(|| low.iter().rev().fold(0, |number, limb| number << 32 | u128::from(*limb)))
    }
}

fn limbs(number: u128) -> [u32; 4] {
    [0, 32, 64, 96].map(|shift| low((number >> shift) as u64))
}

/// The lower half.
fn low(number: u64) -> u32 {
    (number & u64::from(u32::MAX)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_product_is_held_and_nothing_larger() {
        let mut number = Wide::product(u128::MAX, u128::MAX);
        let top = u32::MAX;
        assert_eq!(number.0, [1, 0, 0, 0, top - 1, top, top, top]);
        assert_eq!(number.small(), None);
        assert_eq!(number.multiply(2), None);
    }

    #[test]
    fn division_gives_quotient_and_remainder_and_refuses_nothing_but_zero() {
        let mut number = Wide::product(10u128.pow(38), 10u128.pow(28));
        assert_eq!(number.multiply(7), Some(()));
        for _ in 0..4 {
            assert_eq!(number.divide(1_000_000_000), Some(0));
        }
        assert_eq!(number.divide(3), Some(1));
        assert_eq!(number.small(), Some(7 * 10u128.pow(30) / 3));
        assert_eq!(number.divide(0), None);
    }
}
