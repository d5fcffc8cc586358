//! Chance that a seed decides.

#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(1))
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to less than `end`.
    pub(crate) fn below(&mut self, end: i64) -> i64 {
        i64::try_from(self.roll() % u64::try_from(end).unwrap()).unwrap()
    }

    pub(crate) fn within(&mut self, start: i64, end: i64) -> i64 {
        start + self.below(end - start)
    }

    /// So many times in a thousand.
    pub(crate) fn chance(&mut self, in_thousand: i64) -> bool {
        self.below(1_000) < in_thousand
    }
}
