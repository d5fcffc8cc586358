//! Owns the exact JSON that the simulated Syncro reads and writes, and the two ways in which it prints a decimal; does not
//! own what a field means.

use rust_decimal::Decimal;

use super::config::Numbers;
pub(crate) use crate::xero::json::Json;

/// An object that keeps its nulls: Syncro shows what is empty.
pub(crate) fn object<const N: usize>(fields: [(&str, Json); N]) -> Json {
    Json::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

pub(crate) fn texts(values: &[String]) -> Json {
    Json::List(values.iter().map(Json::from).collect())
}

pub(crate) fn id(value: Option<i64>) -> Json {
    value.map_or(Json::Null, Json::whole)
}

/// With one decimal place at least: `12.0`, `9.99`.
fn padded(value: Decimal) -> Decimal {
    let mut value = value.normalize();
    if value.scale() == 0 {
        value.rescale(1);
    }
    value
}

/// Where the vendor's samples have a string: quantities, totals of invoices.
pub(crate) fn as_text(value: Decimal, form: Numbers) -> Json {
    match form {
        Numbers::AsSampled | Numbers::Strings => Json::text(padded(value).to_string()),
        Numbers::Plain => Json::Number(padded(value)),
    }
}

/// Where the vendor's samples have a number: prices of products and of schedule lines.
pub(crate) fn as_number(value: Decimal, form: Numbers) -> Json {
    match form {
        Numbers::AsSampled | Numbers::Plain => Json::Number(padded(value)),
        Numbers::Strings => Json::text(padded(value).to_string()),
    }
}

/// Cents, which are whole in every sample.
pub(crate) fn as_cents(cents: i64, form: Numbers) -> Json {
    match form {
        Numbers::AsSampled | Numbers::Plain => Json::whole(cents),
        Numbers::Strings => Json::text(cents.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_printed_as_ruby_prints_them() {
        let table = [("12", "12.0"), ("9.99", "9.99"), ("7.80", "7.8"), ("0", "0.0"), ("-0.50", "-0.5")];
        for (value, shown) in table {
            let value: Decimal = value.parse().unwrap();
            assert_eq!(as_text(value, Numbers::AsSampled), Json::text(shown));
            assert_eq!(as_number(value, Numbers::AsSampled).print(), shown);
            assert_eq!(as_number(value, Numbers::Strings), Json::text(shown));
            assert_eq!(as_text(value, Numbers::Plain).print(), shown);
        }
    }
}
