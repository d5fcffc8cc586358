//! Owns: an invoice's lines as CSV.

use csv::{Terminator, WriterBuilder};
use rust_decimal::Decimal;

use super::config::Switches;
use crate::statements::{Motion, Record, Statement, StatementWorld};
use crate::world::Prng;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

type Column = (&'static str, fn(&StatementWorld, &Record) -> String);

/// The last day is in the period. Names and prices of segments repeat; the ratio is printed with four digits.
const COLUMNS: [Column; 21] = [
    ("CustomerName", |world, one| tenant(world, one, |tenant| &tenant.name)),
    ("CustomerTenantId", |world, one| tenant(world, one, |tenant| &tenant.guid)),
    ("CustomerDomain", |world, one| tenant(world, one, |tenant| &tenant.domain)),
    ("SubscriptionId", |world, one| {
        one.subscription.and_then(|id| world.subscription(id)).map_or_else(String::new, |life| life.guid.clone())
    }),
    ("ProductSku", |_, one| sku(one)),
    ("ProductType", |_, one| product_type(one.motion).to_owned()),
    ("OfferName", |_, one| one.title.clone()),
    ("ChargeType", |_, one| one.charge.name().to_owned()),
    ("ChargeStartDate", |_, one| one.start.to_string()),
    ("ChargeEndDate", |_, one| one.end.to_string()),
    ("TermDuration", |_, one| one.motion.term().unwrap_or_default().to_owned()),
    ("BillingFrequency", |_, one| one.motion.billing_cycle_name().to_owned()),
    ("Quantity", |_, one| one.quantity.to_string()),
    ("UnitPrice", |_, one| one.unit_cost.to_string()),
    ("UnitPriceRrp", |_, one| one.unit_retail.to_string()),
    ("BillableRatio", |_, one| one.share.ratio().to_string()),
    ("SubTotal", |_, one| one.cost.to_string()),
    ("SubTotalRrp", |_, one| one.retail.to_string()),
    ("Currency", |_, one| one.currency.code().to_owned()),
    ("MeterName", |_, one| one.meter.as_ref().map_or_else(String::new, |meter| meter.name.clone())),
    ("Unit", |_, one| one.meter.as_ref().map_or("License", |meter| meter.unit.as_str()).to_owned()),
];

fn tenant(world: &StatementWorld, one: &Record, read: fn(&crate::statements::Tenant) -> &String) -> String {
    one.tenant.and_then(|id| world.tenant(id)).map_or_else(String::new, |tenant| read(tenant).clone())
}

/// What term and billing cycle leave open.
pub(super) fn product_type(motion: Motion) -> &'static str {
    match motion {
        Motion::Usage => "AzureUsage",
        Motion::Reservation => "Reservation",
        Motion::SavingsPlan => "SavingsPlan",
        Motion::SoftwarePerpetual => "Software",
        Motion::MarketplaceSaas => "Marketplace",
        Motion::OtherOneTime => "Service",
        _ => "License",
    }
}

/// Motions but the default one are told by a prefix, as the portal shows products.
pub(super) fn sku_of(prefix: Option<&str>, part_number: &str) -> String {
    prefix.map_or_else(|| part_number.to_owned(), |prefix| format!("{prefix}:{part_number}"))
}

fn sku(one: &Record) -> String {
    sku_of(one.motion.prefix(), &one.part_number)
}

pub(super) fn of(world: &StatementWorld, switches: &Switches, invoice: &Statement) -> Result<Vec<u8>, csv::Error> {
    let rows: Vec<&Record> = invoice.records.iter().collect();
    let mut columns: Vec<Column> = COLUMNS.to_vec();
    if switches.narrow_lines {
        columns.retain(|(name, _)| *name != "TermDuration" && *name != "BillingFrequency");
    }
    if switches.unknown_columns {
        columns.push(("PromotionId", |_, _| String::new()));
        columns.push(("Remarks (internal)", |_, one| format!("line of {}, \"as is\"", one.month)));
    }
    if switches.column_order != 0 {
        Prng::new(switches.column_order).shuffle(&mut columns);
    }
    let terminator = if switches.plain_line_ends { Terminator::Any(b'\n') } else { Terminator::CRLF };
    let mark = if switches.no_byte_order_mark { &[] } else { BYTE_ORDER_MARK };
    let mut out = WriterBuilder::new().terminator(terminator).from_writer(mark.to_vec());
    out.write_record(columns.iter().map(|(name, _)| *name))?;
    for row in rows {
        out.write_record(columns.iter().map(|(_, read)| read(world, row)))?;
    }
    let mut bytes = out.into_inner().map_err(|cause| csv::Error::from(cause.into_error()))?;
    if switches.truncated_csv {
        bytes.truncate(bytes.len() / 3 * 2);
    }
    Ok(bytes)
}

/// The lines of an invoice of a program that nobody synchronizes.
pub(super) fn foreign(amount: Decimal) -> Vec<u8> {
    format!("LicenceId,Description,SubTotal\r\nVIP-1,\"Creative suite, teams\",{amount}\r\n").into_bytes()
}
