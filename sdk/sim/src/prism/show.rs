//! Owns: partner, tenants, subscriptions, invoices and prices as PRISM writes them, and its errors.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::config::Switches;
use super::csv_file::{product_type, sku_of};
use crate::statements::door::{self, Asked, BadValue, Json, Shape, Spent, object};
use crate::statements::{ListPrice, Month, Series, Statement, StatementWorld, Subscription, Tenant};

const PAGE_SIZE: u32 = 50;
const PAGE_SIZE_MOST: u32 = 100;
pub(super) const PROGRAM: &str = "Microsoft CSP Indirect";
pub(super) const OTHER_PROGRAM: &str = "Adobe VIP Marketplace";
/// Ids of another program's invoices begin here.
pub(super) const OTHER_FIRST: u32 = 990_001;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    NotSignedIn,
    OnlyReading,
    TooMany(Spent),
    Bad(BadValue),
    NotFound(String),
}

impl From<BadValue> for Failure {
    fn from(value: BadValue) -> Self {
        Self::Bad(value)
    }
}

impl Failure {
    pub(super) fn answer(self, shape: Shape) -> Response {
        let (status, message) = match &self {
            Self::NotSignedIn => {
                (StatusCode::UNAUTHORIZED, "Authorization has been denied for this request.".to_owned())
            }
            Self::OnlyReading => (StatusCode::FORBIDDEN, "This simulator may only be read.".to_owned()),
            Self::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, "API calls quota exceeded.".to_owned()),
            Self::Bad(bad) => (StatusCode::BAD_REQUEST, format!("{} '{}' is not valid.", bad.name, bad.value)),
            Self::NotFound(what) => (StatusCode::NOT_FOUND, format!("{what} was not found.")),
        };
        let mut response = door::json(status, &shape.put(object([("Message", message.into())])));
        if let Self::TooMany(Spent(Some(seconds))) = self {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

pub(super) fn list(asked: &Asked, switches: &Switches, rows: Vec<Json>) -> Result<Json, Failure> {
    let number = asked.number("page")?.unwrap_or(1);
    let size = asked.number("pageSize")?.unwrap_or(PAGE_SIZE).max(1);
    let most = if switches.page_size_most == 0 { PAGE_SIZE_MOST } else { switches.page_size_most };
    let (rows, total) = door::page(rows, if switches.ignore_page { 1 } else { number }, size, most);
    if switches.bare_arrays {
        return Ok(Json::List(rows));
    }
    let total = i64::try_from(total).unwrap_or(i64::MAX);
    Ok(object([("Records", Json::List(rows)), ("TotalRecords", Json::whole(total))]))
}

fn day(day: NaiveDate) -> Json {
    format!("{day}T00:00:00").into()
}

pub(super) fn agreement_of(world: &StatementWorld, organization: u32) -> u32 {
    world.organizations().iter().find(|one| one.id == organization).map_or(0, |one| one.agreement)
}

/// The partner itself, with its agreements.
pub(super) fn me(world: &StatementWorld) -> Json {
    let agreements = world.organizations().iter().map(|one| {
        object([
            ("ContractAgreementId", Json::whole(one.agreement)),
            ("Name", one.name.as_str().into()),
            ("ProgramName", PROGRAM.into()),
        ])
    });
    object([
        ("Id", world.organizations().first().map_or(Json::Null, |one| Json::whole(one.id))),
        ("Name", world.organizations().first().map(|one| one.name.as_str()).into()),
        ("ContractAgreements", agreements.collect::<Vec<_>>().into()),
    ])
}

pub(super) fn tenant(world: &StatementWorld, one: &Tenant, today: NaiveDate, with_subscriptions: bool) -> Json {
    let mut fields = vec![
        ("TenantId", Json::from(one.guid.as_str())),
        ("Name", one.name.as_str().into()),
        ("DomainName", one.domain.as_str().into()),
        ("ContractAgreementId", Json::whole(agreement_of(world, one.organization))),
        ("CurrencyCode", one.currency.code().into()),
    ];
    if with_subscriptions {
        let held = world.subscriptions().iter().filter(|life| life.tenant == Some(one.id) && life.start <= today);
        let shown: Vec<Json> = held.map(|life| subscription(world, life, today)).collect();
        fields.push(("Subscriptions", shown.into()));
    }
    Json::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

pub(super) fn subscription(world: &StatementWorld, life: &Subscription, today: NaiveDate) -> Json {
    let product = world.products().get(life.product);
    let part_number = product.map_or("", |product| product.part_number.as_str());
    let step = life.step_on(today);
    let (begins, ends) = life.term_on(today.max(life.start));
    object([
        ("SubscriptionId", life.guid.as_str().into()),
        ("OfferName", product.map(|product| product.name.as_str()).into()),
        ("ProductSku", sku_of(life.motion.prefix(), part_number).into()),
        ("ProductType", product_type(life.motion).into()),
        ("Quantity", Json::whole(step.map_or(0, |step| step.quantity))),
        ("Status", if life.active_on(today) { "Active" } else { "Deleted" }.into()),
        ("TermDuration", life.motion.term().into()),
        ("BillingFrequency", life.motion.billing_cycle_name().into()),
        ("StartDate", day(begins)),
        ("EndDate", day(crate::statements::days_before(ends, 1))),
    ])
}

pub(super) fn invoice(world: &StatementWorld, switches: &Switches, one: &Statement) -> Json {
    let kind = if one.series == Series::Terms { "Annual" } else { "Monthly" };
    let total = one.total + Decimal::new(switches.total_off_by, 2);
    let agreement = agreement_of(world, one.organization);
    listed(one.id, PROGRAM, kind, one.month, agreement, (total, one.currency.code()), one.issued.date_naive())
}

/// Of a program that nobody synchronizes: one a month.
pub(super) fn foreign(world: &StatementWorld, index: u32) -> Json {
    let month = world.first().plus(index);
    let agreement = world.organizations().first().map_or(0, |one| one.agreement + 100);
    let issued = crate::statements::days_after(month.end(), 2);
    listed(OTHER_FIRST + index, OTHER_PROGRAM, "Monthly", month, agreement, (Decimal::new(4_599, 2), "USD"), issued)
}

fn listed(
    id: u32,
    program: &str,
    kind: &str,
    month: Month,
    agreement: u32,
    (total, currency): (Decimal, &str),
    issued: NaiveDate,
) -> Json {
    object([
        ("InvoiceId", Json::whole(id)),
        ("InvoiceNumber", format!("INV{id}").into()),
        ("ContractAgreementId", Json::whole(agreement)),
        ("ProgramName", program.into()),
        ("BillingType", kind.into()),
        ("BillingPeriodStart", day(month.first())),
        ("BillingPeriodEnd", day(month.last())),
        ("InvoiceDate", day(issued)),
        ("CurrencyCode", currency.into()),
        ("Total", total.into()),
    ])
}

pub(super) fn price(one: &ListPrice) -> Json {
    object([
        ("ProductSku", sku_of(one.motion.prefix(), &one.part_number).into()),
        ("PartNumber", one.part_number.as_str().into()),
        ("ProductName", one.name.as_str().into()),
        ("TermDuration", one.motion.term().into()),
        ("BillingFrequency", one.motion.billing_cycle_name().into()),
        ("CurrencyCode", one.currency.code().into()),
        ("UnitPrice", one.cost.into()),
        ("UnitPriceRrp", one.retail.into()),
    ])
}
