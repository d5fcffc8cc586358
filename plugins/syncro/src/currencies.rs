//! Currencies: Syncro tells a symbol and no code.
//!
//! Owns what a symbol can mean. A code that it cannot mean is refused; one that it may mean is the operator's word.

use counterfoil_sdk::Currency;

/// Symbols that mean one currency, or a few. A plain "$" means any dollar or peso.
const SYMBOLS: [(&str, &[&str]); 20] = [
    ("€", &["EUR"]),
    ("£", &["GBP", "GIP", "FKP", "SHP", "EGP"]),
    ("¥", &["JPY", "CNY"]),
    ("₹", &["INR"]),
    ("R", &["ZAR"]),
    ("zł", &["PLN"]),
    ("kr", &["SEK", "NOK", "DKK", "ISK"]),
    ("Kč", &["CZK"]),
    ("CHF", &["CHF"]),
    ("Fr.", &["CHF"]),
    ("₪", &["ILS"]),
    ("₺", &["TRY"]),
    ("R$", &["BRL"]),
    ("A$", &["AUD"]),
    ("AU$", &["AUD"]),
    ("C$", &["CAD"]),
    ("CA$", &["CAD"]),
    ("NZ$", &["NZD"]),
    ("US$", &["USD"]),
    ("S$", &["SGD"]),
];

const DOLLARS: [&str; 14] =
    ["USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "ARS", "CLP", "COP", "TTD", "JMD", "BZD", "FJD"];

/// The currency that a symbol means, where it means one only.
pub(crate) fn only(symbol: &str) -> Option<Currency> {
    let symbol = symbol.trim();
    let told = SYMBOLS.iter().find(|(known, _)| *known == symbol).map(|(_, codes)| *codes);
    match told {
        Some([one]) => Currency::parse(one).ok(),
        Some(_) => None,
        None => Currency::parse(symbol).ok(),
    }
}

/// Whether a symbol cannot stand for a currency. One that is not known speaks against nothing.
pub(crate) fn contradicts(symbol: &str, currency: Currency) -> bool {
    let symbol = symbol.trim();
    let code = currency.code();
    if symbol == "$" {
        return !DOLLARS.contains(&code) && is_known(code);
    }
    match SYMBOLS.iter().find(|(known, _)| *known == symbol) {
        Some((_, codes)) => !codes.contains(&code),
        None => Currency::parse(symbol).is_ok_and(|told| told != currency),
    }
}

/// Whether it has a symbol of its own that we know: then "$" is not it.
fn is_known(code: &str) -> bool {
    SYMBOLS.iter().any(|(_, codes)| codes.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_contradicts_what_it_cannot_mean() {
        for (symbol, code, want) in [
            ("$", "USD", false),
            ("$", "AUD", false),
            ("$", "EUR", true),
            ("$", "KYD", false),
            ("€", "EUR", false),
            (" € ", "USD", true),
            ("kr", "NOK", false),
            ("kr", "EUR", true),
            ("USD", "USD", false),
            ("USD", "CAD", true),
            ("", "USD", false),
            ("¤", "USD", false),
        ] {
            assert_eq!(contradicts(symbol, Currency::parse(code).unwrap()), want, "{symbol} {code}");
        }
        let only = |symbol: &str| only(symbol).map(|currency| currency.code().to_owned());
        assert_eq!(
            (only("€").as_deref(), only("$"), only("kr"), only("SEK").as_deref()),
            (Some("EUR"), None, None, Some("SEK"))
        );
    }
}
