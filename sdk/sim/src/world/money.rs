//! Owns: currencies, rounding and how an amount is written in the marketplace's JSON.

use rust_decimal::{Decimal, RoundingStrategy};

/// A currency the simulated marketplace sells in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency {
    code: &'static str,
    minor: u32,
}

const KNOWN: [(&str, u32); 10] = [
    ("USD", 2),
    ("EUR", 2),
    ("GBP", 2),
    ("NZD", 2),
    ("AUD", 2),
    ("CAD", 2),
    ("CHF", 2),
    ("SEK", 2),
    ("JPY", 0),
    ("KWD", 3),
];

impl Currency {
    pub const USD: Self = Self { code: "USD", minor: 2 };

    /// The currency with this ISO code, if the simulator knows it.
    #[must_use]
    pub fn of(code: &str) -> Option<Self> {
        let (code, minor) = KNOWN.into_iter().find(|(known, _)| *known == code)?;
        Some(Self { code, minor })
    }

    #[must_use]
    pub fn code(self) -> &'static str {
        self.code
    }

    #[must_use]
    pub fn minor(self) -> u32 {
        self.minor
    }

    /// Half away from zero, to the minor unit.
    #[must_use]
    pub fn round(self, amount: Decimal) -> Decimal {
        amount.round_dp_with_strategy(self.minor, RoundingStrategy::MidpointAwayFromZero)
    }

    /// A catalogue price given in hundredths; a currency without minor unit takes it as whole units.
    pub(crate) fn listed(self, hundredths: i64) -> Decimal {
        match self.minor {
            0 => Decimal::from(hundredths),
            _ => Decimal::new(hundredths, 2),
        }
    }

    /// Smallest amount there is.
    #[must_use]
    pub fn smallest(self) -> Decimal {
        Decimal::new(1, self.minor)
    }

    /// As the API writes it: at least the minor unit's digits, more only where the price has them.
    #[must_use]
    pub fn text(self, amount: Decimal) -> String {
        let plain = amount.normalize();
        let digits = usize::try_from(plain.scale().max(self.minor)).unwrap_or(2);
        // A negative zero would print its sign.
        if plain.is_zero() {
            return format!("{:.digits$}", Decimal::ZERO);
        }
        format!("{plain:.digits$}")
    }
}
