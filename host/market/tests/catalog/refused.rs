//! What cannot be read is refused with its place and the reason, as a table: the text, what of it is replaced, the refusal.

use counterfoil_market::catalog::wire;

const PROVIDER: &str = r#"{
  "format": "counterfoil-catalog/1",
  "templates": {"gold": {"name": "Gold", "delegated_plans": ["p"], "order_flow": {"sales": [{"name": "s"}]}}},
  "plans": {"p": {
    "name": "P", "published": true, "sales_categories": ["c"],
    "periods": {"m": {"length": "P1M", "fees": {"setup": {"amount": "1.50", "currency": "USD"}}}},
    "rates": {"disk": {
      "prices": {"overuse": {"amount": "1", "currency": "USD"}},
      "limits": {"included": "1", "minimum": "0"}, "for_sale": true}}}},
  "sales_categories": {"c": {"name": "C", "display": true}},
  "notification_schedules": {"n": {"name": "N", "steps": [{"day": -7, "does": "t"}]}}
}"#;

const RESELLER: &str = r#"{
  "format": "counterfoil-catalog/1", "reseller": "R-1", "currency": "USD", "price_synchronization": "enabled",
  "plans": {"p": {
    "name": "P", "published": true,
    "periods": {"m": {"length": "P1M", "fees": {"setup": {"amount": "1.50", "currency": "USD", "own": true}}}}}},
  "own": {"sales_categories": {"c": {"name": "C", "display": true}}}
}"#;

fn provider(text: &str) -> String {
    wire::read_provider(text.as_bytes()).map(|_| String::new()).unwrap_or_else(|error| error.to_string())
}

fn reseller(text: &str) -> String {
    wire::read_reseller(text.as_bytes()).map(|_| String::new()).unwrap_or_else(|error| error.to_string())
}

fn table(whole: &str, read: fn(&str) -> String, rows: &[(&str, &str, &str)]) {
    assert_eq!(read(whole), "", "the text by itself is good");
    for (part, instead, refusal) in rows {
        assert!(whole.contains(part), "{part} is in the text");
        let said = read(&whole.replacen(part, instead, 1));
        assert!(said.contains(refusal), "{part} → {instead}\n  said: {said}\n  expected: {refusal}");
        assert!(said.ends_with("Nothing was compared"), "{said}");
    }
}

#[test]
fn what_is_wrong_with_a_providers_catalog() {
    let number = "is not a number like \"12.50\"";
    let amount = "plans/p/periods/m/fees/setup/amount: ";
    let rows: Vec<(&str, String, String)> =
        ["1,5", "", " 1", "1e3", "+1", ".", "1.2.3", "--1", "٣", "99999999999999999999999999999999"]
            .iter()
            .map(|bad| ("\"1.50\"", format!("\"{bad}\""), format!("{amount}\"{bad}\" {number}")))
            .collect();
    let rows: Vec<(&str, &str, &str)> = rows.iter().map(|(a, b, c)| (*a, b.as_str(), c.as_str())).collect();
    table(PROVIDER, provider, &rows);
    table(
        PROVIDER,
        provider,
        &[
            ("counterfoil-catalog/1", "counterfoil-catalog/2", "names the format \"counterfoil-catalog/2\""),
            ("\"format\": \"counterfoil-catalog/1\",", "", "as member \"format\""),
            ("\"published\"", "\"publishd\"", "unknown field `publishd`"),
            ("\"plans\": {\"p\": {\n", "\"plans\": {\"p\": {\"price\": 1,\n", "unknown field `price`"),
            ("\"1.50\"", "1.50", "invalid type: floating point `1.5`"),
            ("\"m\": {\"length\"", "\"m\": {\"length\": \"P1D\"}, \"m\": {\"length\"", "\"m\" stands twice"),
            ("\"name\": \"P\",", "\"name\": \"P\", \"name\": \"Q\",", "duplicate field `name`"),
            ("\"setup\"", "\"set-up\"", "plans/p/periods/m/fees/set-up: \"set-up\" is none of setup, recurring"),
            (
                "\"overuse\"",
                "\"renewal\"",
                "plans/p/rates/disk/prices/renewal: \"renewal\" is none of setup, recurring, overuse",
            ),
            ("\"USD\"", "\"DOLLAR\"", "plans/p/periods/m/fees/setup/currency: \"DOLLAR\" is not a currency code"),
            (
                "\"USD\"}",
                "\"USD\", \"own\": true}",
                "plans/p/periods/m/fees/setup: own is a reseller's, not the provider's",
            ),
            (
                "\"display\": true",
                "\"display\": true, \"own_display\": true",
                "sales_categories/c: own_display is a reseller's",
            ),
            ("\"P1M\"", "\"1 month\"", "plans/p/periods/m/length: \"1 month\" is not a length"),
            (
                "{\"amount\": \"1.50\", \"currency\": \"USD\"}",
                "[\"1.50\", \"USD\"]",
                "invalid type: sequence, expected an object",
            ),
            ("\"P1M\"", "\"P0M\"", "\"P0M\" is not a length"),
            ("\"P1M\"", "\"P+1M\"", "\"P+1M\" is not a length"),
            ("\"P1M\"", "\"P\"", "\"P\" is not a length"),
            ("\"P1M\"", "\"Pé\"", "\"Pé\" is not a length"),
            ("\"sales\":", "\"sale\":", "templates/gold/order_flow/sale: \"sale\" is none of sales, change"),
            ("{\"c\": {\"name\"", "{\" \": {\"name\"", "sales_categories/ : an id cannot be empty"),
            ("\"does\": \"t\"", "\"does\": \"\"", "notification_schedules/n/steps: an id cannot be empty"),
            (
                "[\"p\"]",
                "[\"p\\u0000\"]",
                "templates/gold/delegated_plans: an id cannot be empty or hold control characters",
            ),
            ("\"day\": -7", "\"day\": 2147483648", "invalid value: integer `2147483648`"),
            ("\n}", "\n} x", "trailing characters"),
        ],
    );
}

#[test]
fn what_is_wrong_with_a_resellers_catalog() {
    table(
        RESELLER,
        reseller,
        &[
            ("\"enabled\"", "\"on\"", "price_synchronization: \"on\" is none of enabled, disabled"),
            ("\"reseller\": \"R-1\", ", "", "missing field `reseller`"),
            ("\"R-1\"", "\"\"", "reseller: an id cannot be empty"),
            ("\"own\": true", "\"own\": \"yes\"", "invalid type: string \"yes\", expected a boolean"),
            ("\"own\": {\"sales", "\"own\": {\"format\": \"counterfoil-catalog/2\", \"sales", "own/format: "),
            (
                "{\"name\": \"C\"",
                "{\"own_display\": true, \"name\": \"C\"",
                "own/sales_categories/c: own_display is a reseller's",
            ),
            ("{\n", "7\n", "invalid type: integer `7`"),
        ],
    );
}

#[test]
fn no_text_makes_the_reader_fall() {
    for text in [
        "",
        "{",
        "null",
        "[]",
        "{\"format\": 1}",
        "\u{feff}{}",
        &"[".repeat(100_000),
        "{\"format\":\"counterfoil-catalog/1\"}",
        "[\"counterfoil-catalog/1\"]",
    ] {
        // A provider may have nothing; a reseller is somebody.
        let _nothing_or_refused = provider(text);
        assert!(reseller(text).ends_with("Nothing was compared"), "{}", text.len());
    }
    assert!(wire::read_reseller(&[0xff, 0xfe, b'{', b'}']).is_err());
}
