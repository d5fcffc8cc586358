//! What the API says and what we understand: fields, traps and complaints.

use counterfoil_domain::order::{BillingModel, Fee, LineKind, OrderStatus, OrderType};
use counterfoil_market::Origin;
use counterfoil_market::simple_api::{decode_customer, decode_head, decode_order, decode_product, decode_subscription};

fn origin() -> Origin {
    Origin { marketplace: "ingram-eu".into(), currency: None }
}

fn order_with(details: &str) -> String {
    format!(
        r#"{{"id":"7","orderNumber":"SO7","type":"sales","customerId":"c","creationDate":"2026-09-18T10:00:00Z",
            "status":"completed","details":{details}}}"#
    )
}

/// quantity, unit price, amount, period, cycle of the first line, or the complaint.
fn line(detail: &str) -> Result<(String, String, String), String> {
    let order = decode_order(&order_with(&format!("[{detail}]")), "order 7", &origin()).map_err(|bad| bad.problem)?;
    let line = &order.lines[0];
    Ok((line.quantity.to_string(), line.unit_price.to_string(), line.amount.to_string()))
}

const UNIT: &str = r#""unitPrice":{"currency":"USD","amount":"41.80"}"#;
const SUM: &str = r#""extendedPrice":{"currency":"USD","amount":"752.40"}"#;

/// Fields of a recurring line; quantity, unit price and amount, or the complaint.
const SUMS: &[(&str, &str)] = &[
    (r#""quantity":18,UNIT,SUM"#, "18 × 41.80 = 752.40"),
    (r#""quantity":"18.0",UNIT,SUM"#, "18.0 × 41.80 = 752.40"),
    // Prorated: the amount is what it says, never quantity × price.
    (r#""quantity":18,UNIT,"extendedPrice":{"currency":"USD","amount":376.2}"#, "18 × 41.80 = 376.2"),
    (r#""quantity":-1,UNIT,"extendedPrice":{"currency":"USD","amount":"-41.80"}"#, "-1 × 41.80 = -41.80"),
    (r#""quantity":18,UNIT"#, "18 × 41.80 = 752.40"),
    (r#""quantity":18,UNIT,"extendedPrice":null"#, "18 × 41.80 = 752.40"),
    (r#""quantity":18,UNIT,"discount":{"type":"percent","value":"10","amount":"75.24"}"#, "18 × 41.80 = 677.16"),
    (r#""quantity":18,UNIT,"discount":{"type":"percent","value":"10"}"#, NO_DISCOUNT),
    (r#""quantity":18,UNIT,"discount":{"type":"fixed","amount":"-5"}"#, NO_DISCOUNT),
    (
        r#""quantity":0.333,UNIT"#,
        "details[0].extendedPrice: missing, and quantity × unitPrice = 13.91940 is not a whole number of the smallest coin",
    ),
    (
        r#""quantity":18,UNIT,"duration":{"type":"month","duration":1},"description":"2026-09-18 - 2026-10-17""#,
        "18 × 41.80 = 752.40",
    ),
    (
        r#""quantity":18,UNIT,"duration":{"type":"month","duration":1},"description":"2026-10-03 - 2026-10-17""#,
        "details[0].extendedPrice: missing, and the line is for a part of its billing period only",
    ),
    (r#""quantity":18,SUM"#, "details[0].unitPrice: missing"),
    ("UNIT,SUM", "details[0].quantity: missing"),
    ("UNIT", "details[0].quantity: missing"),
    (r#""unitPrice":{"currency":"USD","amount":"5"},"extendedPrice":{"currency":"USD","amount":5}"#, "1 × 5 = 5"),
    (
        r#""quantity":2,"unitPrice":"1,234.50""#,
        "details[0].unitPrice: \"1,234.50\" is not an amount; digits with a point are expected",
    ),
    (r#""quantity":1e3,"unitPrice":{"currency":"USD","amount":1E-2},SUM"#, "1000 × 0.01 = 752.40"),
    (r#""quantity":true,UNIT,SUM"#, "details[0].quantity: text is expected, found true"),
    (
        r#""quantity":1,"unitPrice":{"currency":"dollars","amount":"1"},SUM"#,
        "details[0].unitPrice.currency: \"dollars\" is not a currency code; three letters are expected, such as USD",
    ),
    (
        r#""quantity":1,UNIT,"extendedPrice":{"currency":"EUR","amount":"1"}"#,
        "details[0].extendedPrice: is in EUR, but details[0].unitPrice is in USD; they cannot be added",
    ),
    (r#""quantity":1,UNIT,UNIT,SUM"#, "details[0]: the field unitPrice stands there twice"),
];
const NO_DISCOUNT: &str = "details[0].extendedPrice: missing, and the discount does not tell its amount";

fn sum_of(line_fields: &str) -> String {
    let detail = line_fields.replace("UNIT", UNIT).replace("SUM", SUM);
    match line(&detail) {
        Ok((quantity, unit, amount)) => format!("{quantity} × {unit} = {amount}"),
        // Where in the text the reader stopped is not ours to promise.
        Err(problem) => problem.split(" at line").next().unwrap_or_default().to_owned(),
    }
}

#[test]
fn sums_of_a_line() {
    for (fields, expected) in SUMS {
        assert_eq!(sum_of(&format!(r#"{{"type":"recurring","mpn":"M",{fields}}}"#)), *expected, "{fields}");
    }
}

/// What does not recur may be a sum that stands for itself; what settles a bill may say nothing at all.
#[test]
fn sums_of_fees_and_payments() {
    let table = [
        (r#"{"type":"cancellation","extendedPrice":"75.00"}"#, "1 × 75.00 = 75.00"),
        (r#"{"type":"setup","quantity":4,"extendedPrice":"10"}"#, "4 × 2.5 = 10"),
        (
            r#"{"type":"setup","quantity":3,"extendedPrice":"10"}"#,
            "details[0].unitPrice: missing, and the extended price cannot be divided exactly",
        ),
        (r#"{"type":"setup"}"#, "details[0].quantity: missing"),
        (r#"{"type":"setup","quantity":1}"#, "details[0].unitPrice: missing, and so is extendedPrice"),
        (r#"{"type":"payment"}"#, "0 × 0 = 0"),
    ];
    for (detail, expected) in table {
        let beside = r#"{"type":"setup","quantity":1,UNIT,SUM}"#;
        assert_eq!(sum_of(&format!("{detail},{beside}")), expected, "{detail}");
    }
}

#[test]
fn kinds_products_periods_and_names_of_lines() {
    let money = r#""quantity":1,"unitPrice":"1","extendedPrice":"1""#;
    let json = format!(
        r#"{{"id":7,"type":"SALES","customerId":"c","creationDate":"2026-09-18","total":{{"currency":"usd","amount":"4"}},"details":[
            {{"type":"recurring",{money},"description":"Plan from 2026-09-18 through 2026-10-17","duration":{{"type":"year","duration":1.0}}}},
            {{"type":"recurring","mpn":"M1",{money}}},
            {{"type":"recurring","productId":"P1",{money},"duration":{{"type":"fortnight","duration":2}}}},
            {{"type":"setup","productId":"P2","mpn":" ",{money}}},
            {{"type":"overuse","mpn":"M3",{money}}},
            {{"type":"meteorite",{money}}},
            {{{money}}}
        ],"products":[{{"mpn":"M1","id":"P1","name":"Seat","subscriptionId":11}},{{"mpn":"M4","subscriptionId":"11","newField":{{}}}}]}}"#
    );
    let order = decode_order(&json, "order 7", &origin()).unwrap();
    assert_eq!(order.number, "7");
    assert_eq!((order.order_type, order.status), (OrderType::Sales, OrderStatus::Unknown));
    assert_eq!(order.subscription.as_ref().map(ToString::to_string).as_deref(), Some("11"));
    assert_eq!(order.billing_model, BillingModel::Unknown);
    assert_eq!(order.currency.code(), "USD");
    assert!(!order.on_renewal && !order.vendor_rated);
    let seen: Vec<_> = order
        .lines
        .iter()
        .map(|line| {
            let product = line.product.as_ref().map_or("-".to_owned(), |p| format!("{} {}", p.code, p.name));
            format!("{} | {} | {product}", line.id, line.kind.name())
        })
        .collect();
    assert_eq!(
        seen,
        [
            "recurring/plan/1 | plan-recurring | -",
            "recurring/M1/1 | resource-recurring | M1 Seat",
            // Known by its product id, linked by its MPN.
            "recurring/M1/2 | resource-recurring | M1 Seat",
            "setup/P2/1 | resource-setup | P2 P2",
            "overuse/M3/1 | resource-overuse | M3 M3",
            "meteorite/plan/1 | meteorite | -",
            "unknown/plan/1 | unknown | -",
        ]
    );
    assert_eq!(order.lines[0].service_period.map(|p| format!("{p:?}")).as_deref(), Some("[2026-09-18, 2026-10-18)"));
    assert_eq!(order.lines[0].cycle.map(|c| c.iso()).as_deref(), Some("P1Y"));
    assert_eq!((order.lines[2].cycle, order.lines[1].service_period), (None, None));
    assert!(order.lines.iter().all(|line| line.unit_cost.is_none()));
    assert_eq!(order.lines[5].kind, LineKind::Other("meteorite".into()));
    assert_eq!(order.lines[4].kind, LineKind::Fee(Fee::ResourceOveruse));
}

#[test]
fn orders_that_cannot_be_read_name_the_field() {
    let base = r#""id":"7","orderNumber":"SO7","customerId":"c","creationDate":"2026-09-18T10:00:00Z""#;
    let usd = r#""total":{"currency":"USD","amount":"1"}"#;
    let table = [
        (format!("{{{base},{usd}}}"), None),
        (
            format!(r#"{{{base},"total":{{"amount":"1"}}}}"#),
            Some("total.currency: missing, and no line names a currency"),
        ),
        (
            format!(r#"{{{base},"total":{{"currency":"USD","amount":"much"}}}}"#),
            Some("total.amount: \"much\" is not an amount; digits with a point are expected"),
        ),
        (format!(r#"{{{base},{usd},"details":{{}}}}"#), Some("details: a list is expected, found an object")),
        (format!(r#"{{{base},{usd},"details":["x"]}}"#), Some("details[0]: an object is expected, found \"x\"")),
        (
            format!(r#"{{{base},{usd},"details":[["recurring"]]}}"#),
            Some("details[0]: an object is expected, found a list"),
        ),
        (
            format!(r#"{{{base},{usd},"provisioningDate":"18.09.2026"}}"#),
            Some("provisioningDate: \"18.09.2026\" is not a date; 2026-09-18T10:00:00Z is expected"),
        ),
        (format!(r#"{{"id":"7","customerId":"c",{usd}}}"#), Some("creationDate: missing")),
        (format!(r#"{{"id":"7","creationDate":"2026-09-18",{usd}}}"#), Some("customerId: missing")),
        (format!(r#"{{"orderNumber":"SO7",{usd}}}"#), Some("id: missing")),
        (r#"{"id":{"value":7}}"#.to_owned(), Some("id: text is expected, found an object")),
        (r#"{"id":7.5}"#.to_owned(), Some("id: an identifier is expected, found 7.5")),
        ("[]".to_owned(), Some("an object is expected, found a list")),
        ("null".to_owned(), Some("an object is expected, found null")),
        (String::new(), Some("an object is expected, found nothing")),
        (
            format!(
                r#"{{{base},{usd},"details":[{{"type":"setup","quantity":1,"unitPrice":{{"currency":"EUR","amount":"1"}},
                    "extendedPrice":{{"currency":"EUR","amount":"1"}}}}]}}"#
            ),
            Some("details[0].unitPrice: is in EUR, but total is in USD; they cannot be added"),
        ),
    ];
    for (json, expected) in table {
        let got = decode_order(&json, "orders page at offset 0, row 3", &origin());
        match expected {
            None => assert!(got.is_ok(), "{json}: {got:?}"),
            Some(problem) => {
                let bad = got.unwrap_err();
                assert_eq!(
                    (bad.problem.as_str(), bad.place.as_str()),
                    (problem, "orders page at offset 0, row 3"),
                    "{json}"
                );
                if json.contains("SO7") {
                    assert!(matches!(bad.id.as_deref(), Some("7" | "SO7")), "{json}");
                }
            }
        }
    }
}

#[test]
fn an_order_without_anything_takes_the_marketplaces_currency() {
    let json = r#"{"id":"7","orderNumber":"RN7","type":"renewal","customerId":"c","creationDate":"2026-09-18","details":null,"products":null}"#;
    assert!(decode_order(json, "order 7", &origin()).is_err());
    let origin = Origin { currency: Some(counterfoil_domain::money::Currency::parse("EUR").unwrap()), ..origin() };
    let order = decode_order(json, "order 7", &origin).unwrap();
    assert_eq!((order.currency.code(), order.total, order.lines.len()), ("EUR", None, 0));
}

#[test]
fn heads_and_their_fingerprints() {
    let head = |json: &str| decode_head(json, "row").unwrap();
    let first = head(
        r#"{"id":"7","orderNumber":"SO7","status":"processing","creationDate":"2026-09-18T12:00:00+02:00","total":{"amount":"1"}}"#,
    );
    assert_eq!(first.created_at.to_rfc3339(), "2026-09-18T10:00:00+00:00");
    assert_eq!(first.status, OrderStatus::Processing);
    // The same, written differently.
    let same = head(
        "{ \"total\": { \"amount\" : \"1\" },\n \"id\":\"7\",\"creationDate\":\"2026-09-18T12:00:00+02:00\",\"orderNumber\":\"SO7\",\"status\":\"processing\"}",
    );
    assert_eq!(first, same);
    for changed in [
        r#"{"id":"7","orderNumber":"SO7","status":"completed","creationDate":"2026-09-18T12:00:00+02:00","total":{"amount":"1"}}"#,
        r#"{"id":"7","orderNumber":"SO7","status":"processing","creationDate":"2026-09-18T12:00:00+02:00","total":{"amount":"1 "}}"#,
        r#"{"id":"7","orderNumber":"SO7","status":"processing","creationDate":"2026-09-18T12:00:00+02:00","total":{"amount":"1"},"x":"\" y"}"#,
    ] {
        assert_ne!(head(changed).fingerprint, first.fingerprint, "{changed}");
    }
    assert_eq!(decode_head(r#"{"id":"7"}"#, "row").unwrap_err().problem, "creationDate: missing");
}

#[test]
fn subscriptions() {
    let with = |rest: &str| decode_subscription(&format!(r#"{{"id":"s","customerId":"c"{rest}}}"#), "subscription s");
    let bare = with("").unwrap();
    assert_eq!((bare.name.as_str(), bare.lines.len(), bare.currency, bare.cycle), ("s", 0, None, None));
    let product = |rest: &str| with(&format!(r#","products":[{{"mpn":"M","quantity":2{rest}}}]"#));
    let line =
        product(r#","unitPrice":{"currency":"USD","amount":"3"},"unitCost":{"currency":"USD","amount":"2"}"#).unwrap();
    assert_eq!(
        (line.lines[0].unit_price.to_string(), line.lines[0].unit_cost.map(|c| c.to_string())),
        ("3".into(), Some("2".into()))
    );
    assert_eq!(line.lines[0].amount, None);
    // A cost in another currency is no cost of this price.
    let foreign =
        product(r#","unitPrice":{"currency":"USD","amount":"3"},"unitCost":{"currency":"EUR","amount":"2"}"#).unwrap();
    assert_eq!((foreign.lines[0].unit_cost, foreign.currency.unwrap().code()), (None, "USD"));
    let derived = product(r#","extendedPrice":{"currency":"USD","amount":"7"}"#).unwrap();
    assert_eq!(derived.lines[0].unit_price.to_string(), "3.5");
    assert_eq!(product("").unwrap_err().problem, "products[0].unitPrice: missing");
    let mixed = with(
        r#","totalPrice":{"currency":"EUR","amount":"1"},"products":[{"mpn":"M","quantity":1,"unitPrice":{"currency":"USD","amount":"1"}}]"#,
    );
    assert_eq!(
        mixed.unwrap_err().problem,
        "products[0].unitPrice: is in USD, but totalPrice is in EUR; they cannot be added"
    );
    let aligned = with(r#","billingPeriod":{"type":"statement_day","duration":1},"status":"hold""#).unwrap();
    assert!(aligned.aligned_with_statement_day());
    let rated = with(r#","billingModel":"chargeExternalRating","products":[{"id":5,"quantity":1}]"#).unwrap();
    assert_eq!((rated.lines[0].unit_price.to_string().as_str(), rated.lines[0].product.code.as_str()), ("0", "5"));
    assert_eq!(with(r#","renewalDate":"soon""#).unwrap_err().id.as_deref(), Some("s"));
}

#[test]
fn customers() {
    let customer = decode_customer(
        r#"{"id":1000017,"name":" Contoso ","externalId":17,"status":"adminHold","contactPersons":[{"type":"x"},{"email":"a@b.c"}],"future":[1]}"#,
        "row",
    )
    .unwrap();
    assert_eq!(customer.id.as_str(), "1000017");
    assert_eq!(
        (customer.name.as_str(), customer.external_id.as_deref(), customer.email.as_deref()),
        ("Contoso", Some("17"), Some("a@b.c"))
    );
    assert!(!customer.active);
    assert_eq!(decode_customer(r#"{"id":"1","contactPersons":"nobody"}"#, "row").unwrap().name, "1");
    assert_eq!(decode_customer(r#"{"name":"Contoso"}"#, "row 4").unwrap_err().id.as_deref(), Some("Contoso"));
    assert!(decode_product("{}", "row").unwrap_err().problem.starts_with("mpn: missing"));
}
