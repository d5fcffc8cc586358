//! What lines are called: every placeholder, every rule, and templates that cannot be.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use counterfoil_domain::connection::{DescriptionSource, Descriptions};
use counterfoil_domain::description::{BadTemplate, Facts, PLACEHOLDERS, check, line};
use counterfoil_domain::order::Fee;
use counterfoil_domain::period::Period;
use rust_decimal::Decimal;

fn facts() -> Facts<'static> {
    let period = Period::new("2026-11-01".parse().unwrap(), "2026-12-01".parse().unwrap()).unwrap();
    Facts {
        product: "Seat",
        description: "Seat (recurring) for ACME",
        item: Some("Office seat"),
        period: Some(period),
        order: "SO1",
        subscription: "Office",
        customer: "ACME",
        quantity: Decimal::new(1800, 2),
        fee: Fee::ResourceRecurring,
    }
}

fn template(text: &str) -> Descriptions {
    Descriptions { source: DescriptionSource::Template, template: text.into(), trim: false }
}

#[test]
fn templates_are_filled_in() {
    for (text, expected) in [
        ("{product}", "Seat"),
        ("{description}", "Seat (recurring) for ACME"),
        ("{product}, {period}", "Seat, 2026-11-01 to 2026-11-30"),
        ("{start}/{end}", "2026-11-01/2026-11-30"),
        ("{order} {subscription} {customer}", "SO1 Office ACME"),
        ("{quantity} × {fee}", "18 × resource-recurring"),
        ("{ product }", "Seat"),
        ("{{{product}}}", "{Seat}"),
        ("für {customer}: {product}", "für ACME: Seat"),
    ] {
        assert_eq!(check(text), Ok(()), "{text}");
        assert_eq!(line(&template(text), &facts()), expected, "{text}");
    }
}

#[test]
fn what_is_not_known_leaves_nothing_behind_and_a_line_is_never_without_a_name() {
    let none = Facts { period: None, product: "", item: None, ..facts() };
    for (text, expected) in [
        ("{description} ({period})", "Seat (recurring) for ACME"),
        ("{order} - {period}", "SO1"),
        ("{period}: {order}", "SO1"),
        ("{product} {period}", "Seat (recurring) for ACME"),
    ] {
        assert_eq!(line(&template(text), &none), expected, "{text}");
    }
    let nothing = Facts { description: " ", ..none };
    assert_eq!(line(&template("{product}"), &nothing), "resource-recurring");
}

#[test]
fn every_rule_has_its_text() {
    use DescriptionSource::{Catalogue, Order, Template};
    for (source, trim, facts, expected) in [
        (Order, false, facts(), "Seat (recurring) for ACME"),
        (Order, true, facts(), "Seat"),
        (Order, true, Facts { product: "", ..facts() }, "Seat (recurring) for ACME"),
        (Catalogue, false, facts(), "Office seat"),
        (Catalogue, true, Facts { item: None, ..facts() }, "Seat"),
        (Template, true, facts(), "Seat!"),
    ] {
        let rule = Descriptions { source, template: "{description}!".into(), trim };
        assert_eq!(line(&rule, &facts), expected, "{source} {trim}");
    }
}

#[test]
fn a_template_that_cannot_be_is_named() {
    let unknown = |name: &str| BadTemplate::Unknown { name: name.into() };
    for (text, expected) in [
        ("", BadTemplate::Empty),
        ("  ", BadTemplate::Empty),
        ("{produkt}", unknown("produkt")),
        ("{}", unknown("")),
        ("{Product}", unknown("Product")),
        ("{product", BadTemplate::Unclosed),
        ("product}", BadTemplate::Unclosed),
    ] {
        assert_eq!(check(text), Err(expected), "{text}");
    }
    let told = check("{produkt}").unwrap_err().to_string();
    assert!(PLACEHOLDERS.iter().all(|name| told.contains(&format!("{{{name}}}"))), "{told}");
    // One that came in otherwise does not stop a bill.
    assert_eq!(line(&template("{produkt}"), &facts()), "Seat (recurring) for ACME");
}
