//! Rows of Cloud-iQ's lists as domain values.

use counterfoil_domain::money::Currency;
use counterfoil_domain::motion::Motion;
use counterfoil_domain::order::ProductRef;
use counterfoil_domain::statement::{ListedProduct, StatementHead};

use crate::simple_api::Problem;
use crate::statement::{Billed, DateOrder, HeadNames, Provision, Row, TERM, Told, head, motion, term};

const HEAD: HeadNames = HeadNames {
    id: &["Id", "StatementId"],
    start: &["StartDate", "PeriodStart"],
    end: &["EndDate", "PeriodEnd"],
    issued: &["IssuedDate", "InvoiceDate", "CreatedDate", "CreationDate"],
    currency: &["TotalSalesPrice.CurrencyCode", "CurrencyCode", "Currency"],
    total: &["TotalSalesPrice.Value"],
};

/// An organization, as far as lists need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Organization {
    pub(super) id: String,
    pub(super) name: String,
}

pub(super) fn organization(row: &Row) -> Result<Organization, Problem> {
    let id = row.required(&["Id", "OrganizationId"])?.to_owned();
    let name = row.text(&["Name"]).unwrap_or(&id).to_owned();
    Ok(Organization { id, name })
}

/// One stream for each organization, invoice profile, provision type and currency.
pub(super) fn statement(
    row: &Row,
    of: &Organization,
    fallback: Option<Currency>,
    dates: Option<DateOrder>,
) -> Result<StatementHead, Problem> {
    let told = row.text(&["ProvisionType"]).unwrap_or_default();
    let kind = match Provision::parse(told) {
        Some(known) => known.text(),
        None => told,
    };
    let profile = row.text(&["InvoiceProfile.Id", "InvoiceProfileId"]).unwrap_or_default();
    let named = |names: &[&str], other: &str| row.text(names).unwrap_or(other).to_owned();
    let strands = [
        (named(&["Organization.Id", "OrganizationId"], &of.id), named(&["Organization.Name"], &of.name)),
        (profile.to_owned(), named(&["InvoiceProfile.Name"], profile)),
        (kind.to_owned(), kind.to_owned()),
    ];
    head(row, &HEAD, &strands, fallback, dates)
}

/// What a stream says of its statements' records: organization and provision type.
pub(super) fn of_stream(head: &StatementHead) -> (Organization, Option<Provision>) {
    let mut numbers = head.stream.split('/');
    let id = numbers.next().unwrap_or_default().to_owned();
    let name = head.stream_name.split(" · ").next().unwrap_or_default().to_owned();
    (Organization { id, name }, numbers.nth(1).and_then(Provision::parse))
}

/// Once for each billing cycle that it is sold in; the price stands for the default one alone.
pub(super) fn products(row: &Row) -> Result<Vec<ListedProduct>, Problem> {
    let sku = row.required(&["ProductVariant.PartNumber", "ProductVariant.Product.PartNumber", "PartNumber"])?;
    let name = row.text(&["Name", "ProductVariant.ProductName", "ProductVariant.Product.ItemName"]).unwrap_or(sku);
    let currency = row.currency(&["SalesPrice.CurrencyCode", "RecommendedRetailPrice.CurrencyCode"])?;
    let price = row.number(&["RecommendedRetailPrice.Value"])?;
    let cost = row.number(&["SalesPrice.Value"])?;
    let default = row.text(&["ProductVariant.DefaultBillingCycleId", "DefaultBillingCycleId"]);
    let mut cycles = row.words(&["ProductVariant.AvailableBillingCycleIds", "AvailableBillingCycleIds"]);
    match default {
        Some(default) if !cycles.iter().any(|cycle| cycle == default) => cycles.insert(0, default.to_owned()),
        None if cycles.is_empty() => cycles.push(String::new()),
        _ => {}
    }
    let is_default = |cycle: &str| cycles.len() == 1 || default == Some(cycle);
    let mut listed: Vec<ListedProduct> = Vec::new();
    for cycle in &cycles {
        let motion = sold_in(row, sku, name, Billed::parse(cycle));
        let own = is_default(cycle);
        let one = ListedProduct {
            product: ProductRef { code: motion.code(sku), name: name.to_owned() },
            motion,
            price: price.filter(|_| own),
            cost: cost.filter(|_| own),
            currency,
        };
        match listed.iter_mut().find(|known| known.motion == motion) {
            Some(known) if own => *known = one,
            Some(_) => {}
            None => listed.push(one),
        }
    }
    Ok(listed)
}

fn sold_in(row: &Row, sku: &str, name: &str, billed: Option<Billed>) -> Motion {
    let names: Vec<&str> =
        ["ProductVariant.PurchasePeriod", "PurchasePeriod", "ProductVariant.Attributes.TermDuration"]
            .into_iter()
            .chain(TERM.iter().copied())
            .collect();
    let months = row.text(&names).and_then(term).or_else(|| row.whole(&["ProductVariant.MinimumCommitment.Months"]));
    let publisher = row.text(&["ProductVariant.Publisher.Name", "Publisher.Name"]);
    let elsewhere = publisher.is_some_and(|name| !name.to_lowercase().starts_with("microsoft"));
    // Agreement types: 7 is metered cloud, 13 the new commerce.
    let agreement = row.whole(&["AgreementType"]);
    let provision = match (agreement, months, billed) {
        (Some(7), ..) => Some(Provision::Usage),
        _ if name.to_lowercase().contains("azure plan") => Some(Provision::Usage),
        (Some(13), ..) if elsewhere && sku.contains(':') => Some(Provision::Marketplace),
        (_, None, Some(Billed::Once)) => Some(Provision::OneTime),
        _ => None,
    };
    let told = Told {
        provision,
        term: months,
        billed,
        asset: None,
        words: name,
        new_commerce: sku.contains(':'),
        charged: None,
        term_ends: None,
    };
    motion(&told)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str) -> Row {
        Row::json(text).unwrap()
    }

    #[test]
    fn heads() {
        let acme = Organization { id: "7".to_owned(), name: "Acme MSP".to_owned() };
        let text = r#"{"Id":71001,"TotalSalesPrice":{"Value":1240.50,"CurrencyCode":"EUR"},"InvoiceProfile":{"Id":3,"Name":"Default profile"},"Organization":{"Id":7,"Name":"Acme MSP"},"StartDate":"2026-10-01T00:00:00+00:00","EndDate":"2026-10-31T00:00:00+00:00","ProvisionType":1,"OrderId":null}"#;
        let head = statement(&row(text), &acme, None, None).unwrap();
        assert_eq!((head.id.as_str(), head.stream.as_str()), ("71001", "7/3/Seat/EUR"));
        assert_eq!(head.stream_name, "Acme MSP · Default profile · Seat · EUR");
        assert_eq!(format!("{:?} {}", head.period, head.issued_at), "[2026-10-01, 2026-11-01) 2026-11-01 00:00:00 UTC");
        assert_eq!(head.total.map(|total| total.to_string()).as_deref(), Some("1240.50"));
        assert_eq!(of_stream(&head), (acme.clone(), Some(Provision::Seat)));
        // However it is written, it is the same; whatever changes, shows.
        let written = r#"{"id":"71001","totalSalesPrice":{"value":"1240.5","currencyCode":"EUR"},"invoiceProfile":{"id":3,"name":"Default profile"},"organization":{"id":7,"name":"Acme MSP"},"startDate":"2026-10-01","endDate":"2026-11-01","provisionType":"Seat"}"#;
        assert_eq!(statement(&row(written), &acme, None, None).unwrap().fingerprint, head.fingerprint);
        for (from, to) in [("1240.50", "1240.51"), ("2026-10-31", "2026-10-30"), ("\"OrderId\":null", "\"OrderId\":5")]
        {
            let other = statement(&row(&text.replace(from, to)), &acme, None, None).unwrap();
            assert_ne!(other.fingerprint, head.fingerprint, "{from}");
        }
        let bare = row(r#"{"Id":1,"StartDate":"2026-10-01","EndDate":"2026-10-31"}"#);
        let problem = statement(&bare, &acme, None, None).unwrap_err().to_string();
        assert_eq!(problem, "TotalSalesPrice.CurrencyCode: missing; set currency to that of the statements");
        let usd = Currency::parse("USD").ok();
        assert_eq!(statement(&bare, &acme, usd, None).unwrap().stream, "7///USD");
        assert!(statement(&row(r#"{"Id":1}"#), &acme, usd, None).is_err());
    }

    #[test]
    fn offers() {
        let offer = |name: &str, sku: &str, period: &str, cycles: &str, default: &str, publisher: &str| {
            let text = format!(
                r#"{{"Name":"{name}","AgreementType":13,"RecommendedRetailPrice":{{"Value":12.50,"CurrencyCode":"EUR"}},"SalesPrice":{{"Value":10}},"ProductVariant":{{"PartNumber":"{sku}","PurchasePeriod":{period},"Publisher":{{"Name":"{publisher}"}},"DefaultBillingCycleId":{default},"AvailableBillingCycleIds":[{cycles}]}}}}"#
            );
            let listed = products(&row(&text)).unwrap();
            let shown = |one: &ListedProduct| {
                format!(
                    "{} {} {}",
                    one.product.code,
                    one.motion,
                    one.price.map_or("-".to_owned(), |price| price.to_string())
                )
            };
            listed.iter().map(shown).collect::<Vec<_>>().join(", ")
        };
        let basic = "CFQ7TTC0LH18:0001";
        let table = [
            (offer("Basic", basic, "\"P1M\"", "1", "1", "Microsoft"), "CFQ7TTC0LH18:0001 monthly-monthly 12.50"),
            (
                offer("Basic", basic, "\"P1Y\"", "1, 2", "2", "Microsoft"),
                "P1Y:M:CFQ7TTC0LH18:0001 annual-monthly -, P1Y:A:CFQ7TTC0LH18:0001 annual-upfront 12.50",
            ),
            (
                offer("Basic", basic, "\"P3Y\"", "8", "8", "Microsoft"),
                "P3Y:U:CFQ7TTC0LH18:0001 triennial-upfront 12.50",
            ),
            (offer("Basic", basic, "\"P2Y\"", "7", "7", "Microsoft"), "CFQ7TTC0LH18:0001 unknown 12.50"),
            (offer("Azure plan", "DZH318Z0BPS6:0001", "null", "3", "3", "Microsoft"), "DZH318Z0BPS6:0001 usage 12.50"),
            (
                offer("Windows Server", "DG7GMGF0D5VL:0001", "null", "4", "4", "Microsoft"),
                "DG7GMGF0D5VL:0001 software-perpetual 12.50",
            ),
            (
                offer("Backup", "DZH318Z0C1F3:0003", "\"P1M\"", "1", "1", "Fjordvault"),
                "DZH318Z0C1F3:0003 marketplace 12.50",
            ),
            (offer("Basic", "6FBAD345", "null", "1", "null", "Microsoft"), "6FBAD345 monthly-monthly 12.50"),
        ];
        for (found, expected) in table {
            assert_eq!(found, expected);
        }
        assert!(products(&row(r#"{"Name":"x"}"#)).is_err());
    }
}
