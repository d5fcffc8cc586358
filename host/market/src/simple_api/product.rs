//! The catalogue: what a product is called and what it costs.

use rust_decimal::Decimal;

use counterfoil_domain::market::{Product, Unreadable};
use counterfoil_domain::money::Currency;
use counterfoil_domain::order::ProductRef;

use super::currency::Priced;
use super::page::single_row;
use super::record::{Problem, Record, unreadable};

pub fn decode_product(json: &str, place: &str) -> Result<Product, Unreadable> {
    let text = single_row(json);
    Record::read(text, "").and_then(|record| product(&record)).map_err(|problem| unreadable(text, place, &problem))
}

/// One row of `prices` or `costs`.
#[derive(Debug)]
struct Quote {
    kind: String,
    flat: bool,
    amount: Option<Decimal>,
    currency: Option<Currency>,
}

fn quotes(record: &Record<'_>, name: &str) -> Result<Vec<Quote>, Problem> {
    let read = |row: &Record<'_>| {
        let Priced { amount, currency } = Priced::of(row)?;
        let flat = row.text("model")?.is_none_or(|model| model.eq_ignore_ascii_case("FLAT"));
        Ok(Quote { kind: row.text("type")?.unwrap_or_default().to_ascii_lowercase(), flat, amount, currency })
    };
    record.records(name)?.iter().map(read).collect()
}

/// The price there is, if there is one: a single flat one of that kind. Tiers are no single price.
fn single<'a>(quotes: &'a [Quote], kind: &str) -> Option<&'a Quote> {
    let mut of_kind = quotes.iter().filter(|quote| quote.kind == kind);
    let first = of_kind.next().filter(|quote| quote.flat && quote.amount.is_some());
    first.filter(|_| of_kind.next().is_none())
}

fn product(record: &Record<'_>) -> Result<Product, Problem> {
    let code = match record.id("mpn")? {
        Some(mpn) => mpn,
        None => record.id("id")?.ok_or_else(|| record.problem("mpn", "missing, and so is id"))?,
    };
    let prices = quotes(record, "prices")?;
    let costs = quotes(record, "costs")?;
    let metered = !prices.is_empty() && prices.iter().all(|quote| quote.kind == "overuse");
    let kind =
        ["recurring", "overuse", "setup"].into_iter().find(|kind| prices.iter().any(|quote| quote.kind == *kind));
    let price = kind.and_then(|kind| single(&prices, kind));
    let currency = price.and_then(|quote| quote.currency);
    let cost = kind.and_then(|kind| single(&costs, kind)).filter(|cost| cost.currency == currency);
    Ok(Product {
        product: ProductRef { name: record.text("name")?.unwrap_or_else(|| code.clone()), code },
        metered,
        price: price.and_then(|quote| quote.amount),
        cost: cost.and_then(|quote| quote.amount),
        currency,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices() {
        type Row = (&'static str, &'static str, bool, Option<&'static str>, Option<&'static str>);
        let table: &[Row] = &[
            (
                r#"[{"type":"recurring","model":"FLAT","amount":"41.80","currency":"USD"}]"#,
                r#"[{"type":"recurring","amount":33.40,"currency":"USD"}]"#,
                false,
                Some("41.80"),
                Some("33.40"),
            ),
            (r#"[{"type":"overuse","model":"FLAT","amount":"0.12","currency":"USD"}]"#, "[]", true, Some("0.12"), None),
            (
                r#"[{"type":"overuse","amount":"0.12","currency":"USD"},{"type":"setup","amount":"1","currency":"USD"}]"#,
                "[]",
                false,
                Some("0.12"),
                None,
            ),
            (r#"[{"type":"setup","amount":"5","currency":"USD"}]"#, "null", false, Some("5"), None),
            (r#"[{"type":"recurring","model":"TIERED","amount":"9","currency":"USD"}]"#, "[]", false, None, None),
            (
                r#"[{"type":"recurring","amount":"9","currency":"USD"},{"type":"recurring","amount":"8","currency":"USD","lowerLimit":10.0}]"#,
                "[]",
                false,
                None,
                None,
            ),
            (
                r#"[{"type":"recurring","amount":"9","currency":"USD"}]"#,
                r#"[{"type":"recurring","amount":"7","currency":"EUR"}]"#,
                false,
                Some("9"),
                None,
            ),
            ("[]", "[]", false, None, None),
        ];
        for (prices, costs, metered, price, cost) in table {
            let json = format!(r#"{{"mpn":"M1","id":"P1","name":"Seat","prices":{prices},"costs":{costs}}}"#);
            let product = decode_product(&json, "here").unwrap();
            assert_eq!(product.metered, *metered, "{json}");
            assert_eq!(product.price.map(|p| p.to_string()).as_deref(), *price, "{json}");
            assert_eq!(product.cost.map(|p| p.to_string()).as_deref(), *cost, "{json}");
            assert_eq!(product.product.code, "M1");
        }
        let nameless = decode_product(r#"{"id":17}"#, "here").unwrap();
        assert_eq!((nameless.product.code.as_str(), nameless.product.name.as_str()), ("17", "17"));
        let broken =
            decode_product(r#"{"mpn":"M1","prices":[{"type":"setup","amount":"a lot"}]}"#, "row 3").unwrap_err();
        assert_eq!(broken.id.as_deref(), Some("M1"));
        assert!(broken.problem.starts_with("prices[0].amount"), "{}", broken.problem);
    }
}
