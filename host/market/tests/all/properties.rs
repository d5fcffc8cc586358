//! Whatever the marketplace sends, it is read or named as unreadable: nothing panics, and exact amounts stay exact.

use counterfoil_market::Origin;
use counterfoil_market::simple_api::{decode_customer, decode_head, decode_order, decode_product, decode_subscription};
use proptest::prelude::*;

const SEEDS: [&str; 6] = [
    include_str!("../fixtures/orders/SO000123.json"),
    include_str!("../fixtures/orders/CH000124.json"),
    include_str!("../fixtures/orders/BO000125.json"),
    include_str!("../fixtures/customers.json"),
    include_str!("../fixtures/subscriptions.json"),
    include_str!("../fixtures/products.json"),
];

/// What strange systems put where something else was.
const SPLICES: [&str; 16] = [
    "null",
    "\"\"",
    "-1",
    "1e400",
    "[]",
    "{}",
    "\"\\ud800\"",
    "9999999999999999999999999999999999",
    "\"2026-02-30\"",
    "\"é€\"",
    ",",
    "}",
    "]",
    "\"from 2026-01-01 through 9999-12-31\"",
    "true",
    "-0.0",
];

fn origin() -> Origin {
    Origin { marketplace: "m".into(), currency: None }
}

fn read_all(text: &str) {
    let _ = decode_order(text, "here", &origin());
    let _ = decode_head(text, "here");
    let _ = decode_customer(text, "here");
    let _ = decode_subscription(text, "here");
    let _ = decode_product(text, "here");
}

fn mutated() -> impl Strategy<Value = String> {
    let edits =
        prop::collection::vec((any::<prop::sample::Index>(), 0usize..12, prop::sample::select(&SPLICES[..])), 1..6);
    (prop::sample::select(&SEEDS[..]), edits).prop_map(|(seed, edits)| {
        let mut text: Vec<char> = seed.chars().collect();
        for (at, cut, splice) in edits {
            let at = at.index(text.len() + 1);
            let end = (at + cut).min(text.len());
            text.splice(at..end, splice.chars());
        }
        text.into_iter().collect()
    })
}

/// Values replaced whole, so that the text stays JSON and the fields themselves are reached.
fn replaced() -> impl Strategy<Value = String> {
    let picks = prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(&SPLICES[..])), 1..4);
    (prop::sample::select(&SEEDS[..]), picks).prop_map(|(seed, picks)| {
        let mut text = seed.to_owned();
        for (pick, splice) in picks {
            let colons: Vec<usize> = text.match_indices("\": ").map(|(at, _)| at + 3).collect();
            if colons.is_empty() {
                break;
            }
            let start = colons[pick.index(colons.len())];
            let rest = &text[start..];
            let mut values = serde_json::Deserializer::from_str(rest).into_iter::<serde::de::IgnoredAny>();
            let _ = values.next();
            let end = start + values.byte_offset().min(rest.len());
            text.replace_range(start..end, splice);
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn mutated_text_never_panics(text in mutated()) {
        read_all(&text);
    }

    #[test]
    fn replaced_values_never_panic(text in replaced()) {
        read_all(&text);
    }

    #[test]
    fn any_text_never_panics(text in "\\PC{0,80}") {
        read_all(&text);
    }

    /// As text or as a number, every digit arrives.
    #[test]
    fn amounts_arrive_to_the_digit(coefficient in -999_999_999_999_999_999i64..999_999_999_999_999_999, scale in 0u32..12) {
        let amount = rust_decimal::Decimal::new(coefficient, scale);
        for shown in [format!("\"{amount}\""), amount.to_string()] {
            let json = format!(
                r#"{{"id":"1","customerId":"c","creationDate":"2026-01-01","total":{{"currency":"USD","amount":{shown}}}}}"#
            );
            prop_assert_eq!(decode_order(&json, "here", &origin()).unwrap().total, Some(amount));
        }
    }
}

#[test]
fn deep_nesting_is_refused_not_followed() {
    let deep = format!("{{\"id\":{}1{}}}", "[".repeat(200_000), "]".repeat(200_000));
    read_all(&deep);
    let bad = decode_order(&deep, "here", &origin()).unwrap_err();
    assert_eq!(bad.problem, "id: text is expected, found a list");
}
