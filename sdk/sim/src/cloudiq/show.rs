//! Owns: organizations, profiles, tenants, subscriptions, offers and statements as Cloud-iQ writes them.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::config::Switches;
use crate::statements::door::{Json, object};
use crate::statements::{
    InvoiceProfile, ListPrice, Organization, Provision, Schedule, Series, Statement, StatementWorld, Subscription,
    Tenant,
};

const ACTIVE: u32 = 1;
const CUSTOMER_CANCELLATION: u32 = 8;
const EXPIRED: u32 = 32;
/// What Microsoft is to Cloud-iQ.
const PUBLISHER: (u32, &str) = (2, "Microsoft");

pub(super) fn reference(id: u32, name: &str) -> Json {
    object([("Id", Json::whole(id)), ("Name", name.into())])
}

/// With an offset, as lists have it.
pub(super) fn instant(day: NaiveDate) -> Json {
    format!("{day}T00:00:00+00:00").into()
}

pub(super) fn price(value: Decimal, currency: &str) -> Json {
    object([("Value", value.into()), ("CurrencyCode", currency.into())])
}

fn optional(switches: &Switches, value: impl Into<Json>) -> Json {
    if switches.nulls { Json::Null } else { value.into() }
}

pub(super) fn organization(switches: &Switches, one: &Organization) -> Json {
    object([
        ("Id", Json::whole(one.id)),
        ("Name", one.name.as_str().into()),
        ("ParentId", Json::whole(one.parent.unwrap_or(0))),
        ("CrayonCompanyName", optional(switches, "Crayon Sim AS")),
        ("AccountNumber", optional(switches, one.account.as_str())),
    ])
}

fn organization_of(world: &StatementWorld, id: u32) -> Json {
    let found = world.organizations().iter().find(|one| one.id == id);
    found.map_or(Json::Null, |one| reference(one.id, &one.name))
}

fn profile_of(world: &StatementWorld, id: Option<u32>) -> Json {
    let found = world.profiles().iter().find(|one| Some(one.id) == id);
    found.map_or(Json::Null, |one| reference(one.id, &one.name))
}

pub(super) fn profile(world: &StatementWorld, switches: &Switches, one: &InvoiceProfile) -> Json {
    object([
        ("Id", Json::whole(one.id)),
        ("Organization", organization_of(world, one.organization)),
        ("Name", one.name.as_str().into()),
        ("InvoiceReference", optional(switches, format!("INV-{}", one.id))),
        ("CustomerReference", optional(switches, "")),
        ("RequisitionNumber", optional(switches, "")),
        ("InvoiceAddressId", Json::whole(i64::from(one.id) + 900_000)),
        ("DeliveryAddressId", Json::Null),
    ])
}

pub(super) fn tenant(world: &StatementWorld, switches: &Switches, one: &Tenant) -> Json {
    let organization = world.organizations().iter().find(|known| known.id == one.organization);
    object([
        ("Id", Json::whole(one.id)),
        ("Name", one.name.as_str().into()),
        ("Publisher", reference(PUBLISHER.0, PUBLISHER.1)),
        ("PublisherCustomerId", one.guid.as_str().into()),
        ("ExternalPublisherCustomerId", optional(switches, one.guid.as_str())),
        ("Domain", one.domain.as_str().into()),
        ("DomainPrefix", optional(switches, one.domain.split('.').next().unwrap_or_default())),
        ("Reference", optional(switches, one.reference.as_str())),
        ("CustomerTenantType", Json::whole(2)),
        ("Organization", organization.map_or(Json::Null, |known| self::organization(switches, known))),
        ("InvoiceProfile", profile_of(world, Some(one.profile))),
        ("Consumer", Json::Null),
        ("ResellerMarkup", Json::whole(one.markup)),
        ("DefaultSubscriptionPriceType", Json::whole(1)),
    ])
}

pub(super) fn status(life: &Subscription, today: NaiveDate) -> u32 {
    match life.ending.filter(|_| !life.active_on(today)) {
        None => ACTIVE,
        Some(ending) if ending.in_window => CUSTOMER_CANCELLATION,
        Some(_) => EXPIRED,
    }
}

pub(super) fn subscription(world: &StatementWorld, switches: &Switches, life: &Subscription, today: NaiveDate) -> Json {
    let product = world.products().get(life.product);
    let part_number = product.map_or("", |product| product.part_number.as_str());
    let name = product.map_or("", |product| product.name.as_str());
    let tenant = life.tenant.and_then(|id| world.tenant(id));
    let step = life.step_on(today);
    let (begins, ends) = life.term_on(today.max(life.start));
    let termed = life.motion.schedule() != Schedule::Noted;
    let cancellable = instant(crate::statements::days_after(begins, 7));
    object([
        ("Id", Json::whole(life.id)),
        ("PublisherSubscriptionId", life.guid.as_str().into()),
        ("EntitlementId", optional(switches, format!("ent-{}", life.id))),
        ("Publisher", reference(PUBLISHER.0, PUBLISHER.1)),
        ("Organization", tenant.map_or(Json::Null, |one| organization_of(world, one.organization))),
        ("CustomerTenant", tenant.map_or(Json::Null, |one| object([("Id", Json::whole(one.id))]))),
        ("Product", product_reference(life.product, part_number, name)),
        ("Quantity", Json::whole(step.map_or(0, |step| step.quantity))),
        ("Name", name.into()),
        ("Status", Json::whole(status(life, today))),
        ("ProvisionType", provision(switches, life.motion.provision())),
        ("OrderId", optional(switches, format!("ORD-{}", life.id))),
        ("CreationDate", instant(life.start)),
        ("BillingCycle", Json::whole(life.motion.billing_cycle())),
        ("Markup", Json::whole(0)),
        ("IsTrial", Json::Bool(false)),
        ("StartDate", instant(begins)),
        ("EndDate", if termed { instant(ends) } else { Json::Null }),
        ("PriceType", Json::whole(1)),
        ("SalesPrice", step.map_or(Decimal::ZERO, |step| step.unit_cost).into()),
        ("RegisteredForReservedInstance", Json::Bool(false)),
        ("InvoiceProfile", profile_of(world, tenant.map(|one| one.profile))),
        ("PartNumber", part_number.into()),
        ("TermDuration", life.motion.term().into()),
        ("AutoRenewEnabled", Json::Bool(life.ending.is_none())),
        ("CancellationAllowedUntilDate", if termed { cancellable } else { Json::Null }),
    ])
}

fn product_reference(index: usize, part_number: &str, name: &str) -> Json {
    let id = u32::try_from(index).unwrap_or(0) + 8_001;
    object([
        ("Id", Json::whole(id)),
        ("PartNumber", part_number.into()),
        ("PublisherProductId", part_number.split(':').next().unwrap_or_default().into()),
        ("ItemLegalName", name.into()),
        ("ItemName", name.into()),
    ])
}

/// `Value` is for one billing period of the offer; `MonthMultiplier` says how many months that is.
pub(super) fn offer(index: usize, one: &ListPrice) -> Json {
    let months = match one.motion.schedule() {
        Schedule::Upfront(months) => months,
        Schedule::Monthly | Schedule::Noted => 1,
    };
    let id = u32::try_from(index).unwrap_or(0) + 40_001;
    let currency = one.currency.code();
    let cycle = one.motion.billing_cycle();
    let variant = object([
        ("Id", Json::whole(id)),
        ("Product", product_reference(index, &one.part_number, &one.name)),
        ("PartNumber", one.part_number.as_str().into()),
        ("ProductName", one.name.as_str().into()),
        ("Publisher", reference(PUBLISHER.0, &one.publisher)),
        ("UnitCount", Json::whole(1)),
        ("PurchaseUnit", "Licenses".into()),
        ("PurchasePeriod", one.motion.term().into()),
        ("IsTrial", Json::Bool(false)),
        ("DefaultBillingCycleId", Json::whole(cycle)),
        ("AvailableBillingCycleIds", Json::List(vec![Json::whole(cycle)])),
        ("MinimumQuantity", Json::whole(1)),
        ("MaximumQuantity", Json::whole(10_000)),
    ]);
    let term = one.motion.term().unwrap_or("none");
    object([
        ("UniqueId", format!("{}|{term}|{}|{currency}", one.part_number, one.motion.billing_cycle_name()).into()),
        ("ProductType", Json::whole(0)),
        ("ProductVariant", variant),
        ("Agreement", reference(31, "CSP new commerce")),
        ("Name", one.name.as_str().into()),
        ("PriceId", Json::whole(id)),
        ("RecommendedRetailPrice", price(one.retail, currency)),
        ("SalesPrice", price(one.cost, currency)),
        ("AlternativeSalesPrice", Json::Null),
        ("PriceListName", format!("CSP {currency}").into()),
        ("MonthMultiplier", Json::whole(months)),
        ("AgreementType", Json::whole(13)),
        ("MinimumQuantity", Json::whole(1)),
        ("MaximumQuantity", Json::whole(10_000)),
    ])
}

pub(super) fn provision(switches: &Switches, one: Provision) -> Json {
    if switches.provision_names { one.name().into() } else { Json::whole(one.code()) }
}

pub(super) fn statement(world: &StatementWorld, switches: &Switches, one: &Statement) -> Json {
    let type_of = match one.series {
        Series::Provision(kind) => provision(switches, kind),
        Series::Monthly | Series::Terms => Json::whole(0),
    };
    let shown = one.total + Decimal::new(switches.total_off_by, 2);
    object([
        ("Id", Json::whole(one.id)),
        ("TotalSalesPrice", price(shown, one.currency.code())),
        ("InvoiceProfile", profile_of(world, one.profile)),
        ("Organization", organization_of(world, one.organization)),
        ("StartDate", instant(one.month.first())),
        ("EndDate", instant(one.month.last())),
        ("ProvisionType", type_of),
        ("OrderId", Json::Null),
    ])
}

/// With the number of its group: currency and provision type.
pub(super) fn grouped(world: &StatementWorld, switches: &Switches, one: &Statement) -> Json {
    let kind = match one.series {
        Series::Provision(kind) => kind.code(),
        Series::Monthly | Series::Terms => 0,
    };
    let currency = if one.currency.code() == "USD" { 100 } else { 200 };
    match statement(world, switches, one) {
        Json::Object(mut fields) => {
            fields.insert(0, ("GroupId".to_owned(), Json::whole(currency + kind)));
            Json::Object(fields)
        }
        other => other,
    }
}
