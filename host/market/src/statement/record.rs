//! One record of a statement. Both sources name their columns differently and mean the same: what is looked for stands here,
//! columns that nobody knows are left alone.

use counterfoil_domain::motion::Motion;
use counterfoil_domain::order::ProductRef;
use counterfoil_domain::period::Period;
use counterfoil_domain::statement::{Record, StatementHead};

use super::book::{Book, CYCLE, Subscribed, TERM};
use super::charge::{Of, charge};
use super::date::{DateOrder, through};
use super::motion::{Asset, Billed, Provision, Told, motion, shown, split_prefix, term, term_between};
use super::price::priced;
use super::row::Row;
use super::tenant::whose;
use crate::simple_api::Problem;

/// All that a record is read with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ground<'a> {
    pub(crate) head: &'a StatementHead,
    pub(crate) provision: Option<Provision>,
    pub(crate) book: &'a Book,
    /// Who the distributor's own charges are for: number and name.
    pub(crate) reseller: (&'a str, &'a str),
    pub(crate) dates: Option<DateOrder>,
    /// SKUs of committed motions are shown with a prefix: without one, a licence is committed by the month.
    pub(crate) prefixed: bool,
}

const SUBSCRIPTION: &[&str] =
    &["SubscriptionId", "PublisherSubscriptionId", "MicrosoftSubscriptionId", "EntitlementId"];
const START: &[&str] = &["ChargeStartDate", "UsageStartDate", "ProductStartDate", "ChargeStart"];
const END: &[&str] = &["ChargeEndDate", "UsageEndDate", "ProductEndDate", "ChargeEnd"];
const CHARGE: &[&str] = &["ChargeType", "ChargeTypeName", "Charge"];
const KINDS: &[&str] = &["ProvisionType", "ProductType", "ProductCategory"];
const NAMES: &[&str] = &["OfferName", "ProductName", "SkuName", "ItemName", "ItemLegalName"];

/// Columns with dates, to find out how a file writes them.
pub(crate) const DATES: &[&[&str]] = &[START, END];

pub(crate) fn record(row: &Row, ground: &Ground<'_>) -> Result<Record, Problem> {
    let subscription = row.text(SUBSCRIPTION).unwrap_or_default();
    let subscribed = ground.book.subscription(subscription).filter(|_| !subscription.is_empty());
    let currency = row.currency(&["Currency", "CurrencyCode"])?.unwrap_or(ground.head.currency);
    let prices = priced(row, currency)?;
    let charge_period = charge_period(row, ground)?;
    let code = code(row, subscribed)?;
    let (motion, motion_told) = motion_of(row, ground, subscribed, &code, charge_period);
    let word = row.text(CHARGE);
    let of =
        Of { motion, quantity: prices.quantity, amount: prices.amount, cost: prices.cost, is_part: prices.is_part };
    let tenant = subscribed.and_then(|subscribed| ground.book.tenant_of(subscribed));
    let whose = whose(row, &ground.book.tenants, tenant, ground.reseller)?;
    let name = name(row, subscribed, &code.sku, motion);
    Ok(Record {
        customer: whose.customer,
        customer_name: whose.name,
        subscription: subscription.to_owned(),
        subscription_name: row.text(&["SubscriptionName", "SubscriptionDescription"]).unwrap_or_default().to_owned(),
        product: ProductRef { code: code.sku, name },
        motion,
        motion_told,
        charge: charge(word, &of),
        charge_name: word.unwrap_or_default().to_owned(),
        quantity: prices.quantity,
        unit_cost: prices.unit_cost,
        unit_price: prices.unit_price,
        cost: prices.cost,
        amount: prices.amount,
        currency,
        charge_period,
    })
}

fn charge_period(row: &Row, ground: &Ground<'_>) -> Result<Option<Period>, Problem> {
    match (row.day(START, ground.dates)?, row.day(END, ground.dates)?) {
        (Some(first), Some(last)) => through(first, last).map(Some).map_err(|what| row.problem(END, what)),
        _ => Ok(None),
    }
}

/// The SKU, and what its prefix says of the motion.
#[derive(Debug, PartialEq, Eq)]
struct Code {
    sku: String,
    told: Option<(u32, Billed)>,
}

/// A SKU of the new commerce wherever there is one: it is what price lists know products by.
fn code(row: &Row, subscribed: Option<&Subscribed>) -> Result<Code, Problem> {
    let product = row.text(&["ProductId"]);
    let variant = row.text(&["SkuId"]);
    let joined = match (product, variant) {
        (Some(product), Some(variant)) if !product.contains(':') && variant.len() <= 8 => {
            Some(format!("{product}:{variant}"))
        }
        _ => None,
    };
    let known = subscribed.and_then(|subscribed| subscribed.sku.clone());
    let part_number =
        row.text(&["PartNumber", "ProductPartNumber", "Sku", "ProductSku", "ItemNumber"]).map(str::to_owned);
    let own = |text: Option<&str>| text.map(str::to_owned);
    let others = [joined, own(product), own(variant), own(row.text(&["OfferId"])), own(row.text(&["MeterId"]))];
    let is_new = |text: &&String| split_prefix(text).1.contains(':');
    let told = part_number.iter().chain(others.iter().flatten());
    let code = told.clone().find(is_new).or(part_number.as_ref()).or(known.as_ref()).or_else(|| told.clone().next());
    let (told, sku) = code.map(|code| split_prefix(code)).ok_or_else(|| {
        row.problem(&["ProductId", "PartNumber"], "missing, and nothing else says what the record is for")
    })?;
    Ok(Code { sku: sku.to_owned(), told })
}

fn motion_of(
    row: &Row,
    ground: &Ground<'_>,
    subscribed: Option<&Subscribed>,
    code: &Code,
    charged: Option<Period>,
) -> (Motion, String) {
    let words: Vec<&str> = NAMES.iter().filter_map(|name| row.text(&[name])).collect();
    let words = words.join(" ");
    let (row_term, row_cycle) = (row.text(TERM), row.text(CYCLE));
    let kind = row.text(KINDS);
    let provision = kind.and_then(Provision::parse).or(ground.provision).or_else(|| subscribed?.provision);
    let is_licence = matches!(provision, None | Some(Provision::Seat));
    let own_term = own_term(row, ground);
    let known_term = || {
        let subscribed = subscribed.and_then(|subscribed| subscribed.term);
        subscribed
            .or_else(|| Some(1).filter(|_| ground.prefixed && is_licence && row_cycle.is_none()))
            .or_else(|| term_between(own_term?))
    };
    let told = Told {
        provision: provision.or_else(|| metered(row)),
        term: row_term.and_then(term).or(code.told.map(|(term, _)| term)).or_else(known_term),
        billed: row_cycle
            .and_then(Billed::parse)
            .or(code.told.map(|(_, billed)| billed))
            .or_else(|| subscribed?.billed),
        asset: row
            .text(&["AssetType"])
            .and_then(Asset::parse)
            .or_else(|| kind.and_then(Asset::named))
            .or_else(|| subscribed?.asset),
        words: &words,
        new_commerce: code.sku.contains(':'),
        charged,
        term_ends: own_term.map(|term| term.end()),
    };
    let motion = motion(&told);
    if motion != Motion::Unknown {
        return (motion, String::new());
    }
    let of = |own: Option<&str>, known: Option<&String>| own.map(str::to_owned).or_else(|| known.cloned());
    let term = of(row_term, subscribed.and_then(|subscribed| subscribed.told.0.as_ref()));
    let cycle = of(row_cycle, subscribed.and_then(|subscribed| subscribed.told.1.as_ref()));
    let cycle = cycle.map(|cycle| cycle_name(&cycle));
    (motion, shown(&[told.provision.map(Provision::text), term.as_deref(), cycle.as_deref()]))
}

/// The days of the subscription's term: the last resort, for those that are no longer listed.
fn own_term(row: &Row, ground: &Ground<'_>) -> Option<Period> {
    let day = |names: &[&str]| row.day(names, ground.dates).ok().flatten();
    let first = day(&["SubscriptionStartDate"])?;
    through(first, day(&["SubscriptionEndDate"])?).ok()
}

/// What is measured is used.
fn metered(row: &Row) -> Option<Provision> {
    row.text(&["MeterId", "MeterName"]).map(|_| Provision::Usage)
}

/// People do not know the numbers.
fn cycle_name(told: &str) -> String {
    match told {
        "1" => "Monthly".to_owned(),
        "2" => "Annual".to_owned(),
        "3" => "None".to_owned(),
        "4" => "OneTime".to_owned(),
        "5" => "BiAnnually".to_owned(),
        "7" => "TwoYears".to_owned(),
        "8" => "ThreeYears".to_owned(),
        "9" => "Quarterly".to_owned(),
        other => other.to_owned(),
    }
}

fn name(row: &Row, subscribed: Option<&Subscribed>, sku: &str, motion: Motion) -> String {
    let known = || subscribed.and_then(|subscribed| subscribed.name.as_deref());
    let base = row.text(NAMES).or_else(known).or_else(|| row.text(&["SubscriptionName"])).unwrap_or(sku);
    let meter = row.text(&["MeterName"]).filter(|meter| motion == Motion::Usage && *meter != base);
    match (meter, row.text(&["Category", "MeterCategory"])) {
        (Some(meter), Some(category)) => format!("{base}: {category}, {meter}"),
        (Some(meter), None) => format!("{base}: {meter}"),
        (None, _) => base.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use counterfoil_domain::money::Currency;

    #[test]
    fn codes() {
        let subscribed = Subscribed { sku: Some("CFQ7TTC0LH18:0001".to_owned()), ..Subscribed::default() };
        let table = [
            (r#"{"PartNumber":"CFQ7TTC0HD33:0003"}"#, false, "CFQ7TTC0HD33:0003"),
            (r#"{"ProductId":"CFQ7TTC0HD33","SKUID":"0003"}"#, false, "CFQ7TTC0HD33:0003"),
            (r#"{"ProductId":"CFQ7TTC0HD33:0003"}"#, true, "CFQ7TTC0HD33:0003"),
            (r#"{"ProductId":4711}"#, true, "CFQ7TTC0LH18:0001"),
            (r#"{"ProductId":4711}"#, false, "4711"),
            (r#"{"OfferId":"6fbad345-b7de"}"#, false, "6fbad345-b7de"),
            (r#"{"Sku":"P1Y:M:CFQ7TTC0HD33:0003"}"#, false, "CFQ7TTC0HD33:0003"),
            (r#"{}"#, false, ""),
        ];
        for (text, joined, expected) in table {
            let found = code(&Row::json(text).unwrap(), joined.then_some(&subscribed));
            assert_eq!(found.map(|code| code.sku).unwrap_or_default(), expected, "{text}");
        }
    }

    #[test]
    fn a_record_whose_term_stands_at_its_subscription() {
        let mut book = Book::default();
        let row = r#"{"Id":9,"PublisherSubscriptionId":"ABC","CustomerTenant":{"Id":1},"TermDuration":"P2Y","BillingCycle":7,"ProvisionType":1}"#;
        book.subscribe(&Row::json(row).unwrap(), None);
        let head = StatementHead {
            id: "1".to_owned(),
            stream: String::new(),
            stream_name: String::new(),
            period: Period::new("2026-10-01".parse().unwrap(), "2026-11-01".parse().unwrap()).unwrap(),
            currency: Currency::parse("EUR").unwrap(),
            total: None,
            issued_at: chrono::DateTime::UNIX_EPOCH,
            fingerprint: String::new(),
        };
        let ground = Ground {
            head: &head,
            provision: Some(Provision::Seat),
            book: &book,
            reseller: ("7", "Acme"),
            dates: None,
            prefixed: false,
        };
        let row = Row::json(
            r#"{"SubscriptionId":"abc","ProductId":"CFQ7TTC0HD33:0003","OfferName":"Visio","UnitPrice":1,"Quantity":1,"Amount":1,"ResellerSalesUnitPrice":2,"ResellerSalesPriceTotal":2,"ChargeStartDate":"2026-10-01","ChargeEndDate":"2026-10-31","ChargeType":"Cycle fee"}"#,
        )
        .unwrap();
        let found = record(&row, &ground).unwrap();
        assert_eq!((found.motion, found.motion_told.as_str()), (Motion::Unknown, "Seat · P2Y · TwoYears"));
        assert_eq!(found.charge_period, Some(head.period));
        assert_eq!((found.charge_name.as_str(), found.product.name.as_str()), ("Cycle fee", "Visio"));
        assert_eq!(found.customer.as_str(), "organization:7");
    }
}
