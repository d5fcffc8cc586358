//! Owns: a statement's records as a file: one JSON array, or an archive of several.

use std::io::{Cursor, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rust_decimal::Decimal;
use zip::CompressionMethod;
use zip::result::ZipError;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::config::Switches;
use super::show;
use crate::statements::door::{Json, Shape, object};
use crate::statements::{Provision, Record, Statement, StatementWorld};

/// A file as it can be downloaded.
#[derive(Debug, Clone)]
pub(super) struct Download {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

impl Download {
    /// `{BillingStatement, FileName, Data}`.
    pub(super) fn wrapped(&self, world: &StatementWorld, switches: &Switches, statement: &Statement) -> Json {
        object([
            ("BillingStatement", show::statement(world, switches, statement)),
            ("FileName", self.name.as_str().into()),
            ("Data", STANDARD.encode(&self.bytes).into()),
        ])
    }
}

pub(super) fn early(statement: &Statement) -> Download {
    Download { name: format!("billingrecords_{}.json", statement.id), bytes: b"[]".to_vec() }
}

pub(super) fn of(
    world: &StatementWorld,
    switches: &Switches,
    shape: Shape,
    statement: &Statement,
) -> Result<Download, ZipError> {
    let rows: Vec<Json> = statement
        .records
        .iter()
        .enumerate()
        .map(|(index, one)| {
            let every = switches.retail_missing_every;
            shape.put(record(world, switches, one, every > 0 && (index + 1) % every == 0))
        })
        .collect();
    let name = format!("billingrecords_{}", statement.id);
    if switches.split_over == 0 || rows.len() <= switches.split_over {
        let bytes = Json::List(rows).print().into_bytes();
        return Ok(Download { name: format!("{name}.json"), bytes });
    }
    let parts: Vec<String> = rows.chunks(switches.split_over).map(|part| Json::List(part.to_vec()).print()).collect();
    let mut bytes = archive(&name, &parts, switches.stored_archive)?;
    if switches.truncated_archive {
        bytes.truncate(bytes.len() / 3 * 2);
    }
    Ok(Download { name: format!("{name}.zip"), bytes })
}

fn archive(name: &str, parts: &[String], stored: bool) -> Result<Vec<u8>, ZipError> {
    let method = if stored { CompressionMethod::Stored } else { CompressionMethod::Deflated };
    let options = SimpleFileOptions::default().compression_method(method);
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    for (index, part) in parts.iter().enumerate() {
        out.start_file(format!("{name}_{}.json", index + 1), options)?;
        out.write_all(part.as_bytes())?;
    }
    Ok(out.finish()?.into_inner())
}

fn record(world: &StatementWorld, switches: &Switches, one: &Record, no_retail: bool) -> Json {
    let tenant = one.tenant.and_then(|id| world.tenant(id));
    let organization = match tenant {
        Some(tenant) => world.organizations().iter().find(|known| known.id == tenant.organization),
        None => world.organizations().first(),
    };
    let optional = |text: Option<&str>| match text {
        Some("") | None if switches.nulls => Json::Null,
        Some(text) => text.into(),
        None => Json::Null,
    };
    let markup = match one.unit_cost {
        zero if zero.is_zero() => Decimal::ZERO,
        unit => ((one.unit_retail - unit) * Decimal::from(100) / unit).round_dp(2),
    };
    let retail = |value: Decimal| if no_retail { Json::Null } else { value.into() };
    let product = one.part_number.as_str();
    let mut fields = vec![
        ("OrganizationName", organization.map(|known| known.name.as_str()).into()),
        ("PeriodMonth", Json::whole(one.month.number())),
        ("PeriodYear", Json::whole(one.month.year())),
        ("CompanyName", tenant.map(|tenant| tenant.name.as_str()).into()),
        ("TenantReference", optional(tenant.map(|tenant| tenant.reference.as_str()))),
        ("AgreementName", "CSP new commerce".into()),
        ("TenantPrimaryDomain", tenant.map(|tenant| tenant.domain.as_str()).into()),
        ("ProductId", product.into()),
        ("Publisher", "Microsoft".into()),
        ("UnitPrice", one.unit_cost.into()),
        ("Quantity", one.quantity.into()),
        ("Unit", one.meter.as_ref().map_or("License", |meter| meter.unit.as_str()).into()),
        ("Currency", one.currency.code().into()),
        ("ResellerMarkupProcent", if switches.nulls { Json::Null } else { markup.into() }),
        ("ResellerMarkup", retail(one.retail - one.cost)),
        ("ResellerSalesUnitPrice", retail(one.unit_retail)),
        ("ResellerSalesPriceTotal", retail(one.retail)),
    ];
    fields.extend(match one.motion.provision() {
        Provision::Seat | Provision::AzureMarketplace => seat(world, one),
        Provision::OneTime | Provision::Crayon => one_time(one),
        Provision::Usage => usage(world, one),
    });
    if switches.wide_records {
        if one.motion.provision() == Provision::OneTime || one.motion.provision() == Provision::Crayon {
            fields.extend([
                ("SubscriptionId", guid_of(world, one)),
                ("ChargeStartDate", day(one.start)),
                ("ChargeEndDate", day(one.end)),
            ]);
        }
        fields.push(("PublisherCustomerId", tenant.map(|tenant| tenant.guid.as_str()).into()));
        fields.push(("TermDuration", one.motion.term().into()));
        fields.push(("BillingCycle", one.motion.billing_cycle_name().into()));
    }
    Json::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

type Fields = Vec<(&'static str, Json)>;

/// Without an offset, as files have it; the last day is in the period.
fn day(day: chrono::NaiveDate) -> Json {
    format!("{day}T00:00:00").into()
}

fn guid_of(world: &StatementWorld, one: &Record) -> Json {
    one.subscription.and_then(|id| world.subscription(id)).map(|life| life.guid.as_str()).into()
}

fn seat(world: &StatementWorld, one: &Record) -> Fields {
    let life = one.subscription.and_then(|id| world.subscription(id));
    let term = life.map(|life| life.term_on(one.start.max(life.start)));
    vec![
        ("SubscriptionId", guid_of(world, one)),
        ("SubscriptionName", one.title.as_str().into()),
        ("SubscriptionStartDate", term.map(|(begins, _)| day(begins)).into()),
        ("SubscriptionEndDate", term.map(|(_, ends)| day(crate::statements::days_before(ends, 1))).into()),
        ("ChargeTypeId", Json::whole(one.charge.code())),
        ("ChargeType", one.charge.name().into()),
        ("OfferName", one.title.as_str().into()),
        ("ChargeStartDate", day(one.start)),
        ("ChargeEndDate", day(one.end)),
        ("Amount", one.cost.into()),
    ]
}

/// `ResellerPrice` is what the reseller pays for the line; there is neither `Amount` nor a subscription here.
fn one_time(one: &Record) -> Fields {
    let (product, sku) = one.part_number.split_once(':').unwrap_or((one.part_number.as_str(), "0001"));
    vec![
        ("ExternalOrderReference", one.subscription.map(|id| format!("EXT-{id}")).into()),
        ("OrderDate", day(one.start)),
        ("SKUID", sku.into()),
        ("AvailabilityId", format!("AV{product}").into()),
        ("SkuName", one.title.as_str().into()),
        ("ProductName", one.title.as_str().into()),
        ("ChargeTypeId", Json::whole(one.charge.code())),
        ("ChargeType", one.charge.name().into()),
        ("ResellerPrice", one.cost.into()),
    ]
}

fn usage(world: &StatementWorld, one: &Record) -> Fields {
    let meter = one.meter.as_ref();
    let of = |read: fn(&crate::statements::Meter) -> &String| -> Json { meter.map(read).into() };
    vec![
        ("SubscriptionId", guid_of(world, one)),
        ("SubscriptionName", one.title.as_str().into()),
        ("ChargeType", one.charge.name().into()),
        ("ProductSku", one.part_number.as_str().into()),
        ("MeterId", of(|meter| &meter.id)),
        ("MeterName", of(|meter| &meter.name)),
        ("Category", of(|meter| &meter.category)),
        ("Subcategory", of(|meter| &meter.subcategory)),
        ("ProductStartDate", day(one.start)),
        ("ProductEndDate", day(one.end)),
        ("IncludedQuantity", Json::whole(0)),
        ("IncludedQuantityAmount", Json::whole(0)),
        ("SummedAmount", one.cost.into()),
        ("ResellerPrice", one.cost.into()),
    ]
}
