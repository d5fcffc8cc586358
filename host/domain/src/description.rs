//! What a line of a document is called: the connection's rule applied to what is known of the line. Owns templates and
//! their placeholders; how much text a target takes is the target's business.

use rust_decimal::Decimal;

use crate::connection::{DescriptionSource, Descriptions};
use crate::order::Fee;
use crate::period::Period;

/// What a template may name in braces.
pub const PLACEHOLDERS: &[&str] =
    &["product", "description", "period", "start", "end", "order", "subscription", "customer", "quantity", "fee"];

/// What is known of a line; what is empty leaves nothing behind.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    pub product: &'a str,
    /// The order line's own text.
    pub description: &'a str,
    /// Name of the linked item, where it is known.
    pub item: Option<&'a str>,
    pub period: Option<Period>,
    pub order: &'a str,
    pub subscription: &'a str,
    pub customer: &'a str,
    pub quantity: Decimal,
    pub fee: Fee,
}

/// A template that cannot be filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTemplate {
    #[error("the template is empty; it needs at least one placeholder or some text")]
    Empty,
    #[error("the template names {{{name}}}, which is nothing of a line; it may name {}", known())]
    Unknown { name: String },
    #[error("the template has a brace without its other half; write {{{{ or }}}} for a brace itself")]
    Unclosed,
}

fn known() -> String {
    let names: Vec<String> = PLACEHOLDERS.iter().map(|name| format!("{{{name}}}")).collect();
    names.join(" ")
}

/// Whether a template can be filled in for any line.
pub fn check(template: &str) -> Result<(), BadTemplate> {
    if template.trim().is_empty() {
        return Err(BadTemplate::Empty);
    }
    fill(template, |_| String::new()).map(|_| ())
}

/// Never empty: where the rule yields nothing, the line's own text stands, then the product's name, then the fee.
pub fn line(rule: &Descriptions, facts: &Facts<'_>) -> String {
    let own = own(rule, facts);
    let text = match rule.source {
        DescriptionSource::Order => own.clone(),
        DescriptionSource::Catalogue => facts.item.unwrap_or_default().trim().to_owned(),
        // Setup refuses a template that cannot be filled in; one that came in otherwise must not stop a bill.
        DescriptionSource::Template => {
            fill(&rule.template, |name| value(name, &own, facts)).map(|text| tidy(&text)).unwrap_or_default()
        }
    };
    let fallbacks = [own, facts.product.trim().to_owned()];
    let mut texts = std::iter::once(text).chain(fallbacks);
    texts.find(|text| !text.is_empty()).unwrap_or_else(|| facts.fee.name().to_owned())
}

/// The order's text, cut to the product's name where the connection wants it short and the line names a product.
fn own(rule: &Descriptions, facts: &Facts<'_>) -> String {
    let product = facts.product.trim();
    if rule.trim && !product.is_empty() { product.to_owned() } else { facts.description.trim().to_owned() }
}

fn value(name: &str, own: &str, facts: &Facts<'_>) -> String {
    let day = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    match name {
        "product" => facts.product.trim().to_owned(),
        "description" => own.to_owned(),
        "period" => facts.period.map(|period| period.to_string()).unwrap_or_default(),
        "start" => day(facts.period.map(|period| period.start())),
        "end" => day(facts.period.map(|period| period.last())),
        "order" => facts.order.trim().to_owned(),
        "subscription" => facts.subscription.trim().to_owned(),
        "customer" => facts.customer.trim().to_owned(),
        "quantity" => facts.quantity.normalize().to_string(),
        "fee" => facts.fee.name().to_owned(),
        _ => String::new(),
    }
}

fn fill(template: &str, value: impl Fn(&str) -> String) -> Result<String, BadTemplate> {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        let tail = &rest[at..];
        if let Some(after) = tail.strip_prefix("{{") {
            out.push('{');
            rest = after;
        } else if let Some(after) = tail.strip_prefix("}}") {
            out.push('}');
            rest = after;
        } else {
            let inner = tail.strip_prefix('{').ok_or(BadTemplate::Unclosed)?;
            let (name, after) = inner.split_once('}').ok_or(BadTemplate::Unclosed)?;
            let name = name.trim();
            if !PLACEHOLDERS.contains(&name) {
                return Err(BadTemplate::Unknown { name: name.to_owned() });
            }
            out.push_str(&value(name));
            rest = after;
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// What an empty value leaves behind (brackets around nothing, doubled blanks, a dangling dash) is taken away.
fn tidy(text: &str) -> String {
    let text = text.replace("()", "").replace("[]", "");
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    let lines: Vec<String> =
        lines.map(|line| line.trim_matches([' ', '-', '–', '·', ',', ':', ';']).to_owned()).collect();
    lines.join("\n").trim().to_owned()
}
