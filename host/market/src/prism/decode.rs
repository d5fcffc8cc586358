//! Rows of PRISM's lists as domain values.

use counterfoil_domain::money::Currency;
use counterfoil_domain::order::ProductRef;
use counterfoil_domain::statement::{ListedProduct, StatementHead};

use crate::simple_api::Problem;
use crate::statement::{
    Billed, CYCLE, DateOrder, HeadNames, Provision, Row, TERM, Told, head, motion, split_prefix, term,
};

const HEAD: HeadNames = HeadNames {
    id: &["InvoiceId", "Id"],
    start: &["BillingPeriodStart", "PeriodStart"],
    end: &["BillingPeriodEnd", "PeriodEnd"],
    issued: &["InvoiceDate", "IssuedDate", "CreatedDate"],
    currency: &["CurrencyCode", "Currency", "Total.CurrencyCode"],
    total: &["SubTotal", "TotalExTax", "Total", "Total.Value"],
};

pub(super) const AGREEMENT: &[&str] = &["ContractAgreementId", "AgreementId"];
const PROGRAM: &[&str] = &["ProgramName", "Program", "Program.Name"];

/// None: an invoice of another program.
pub(super) fn invoice(
    row: &Row,
    program: &str,
    fallback: Option<Currency>,
    dates: Option<DateOrder>,
) -> Result<Option<StatementHead>, Problem> {
    let name = row.text(PROGRAM).unwrap_or_default();
    if !name.is_empty() && !name.to_lowercase().starts_with(program) {
        return Ok(None);
    }
    let agreement = row.text(AGREEMENT).unwrap_or_default().to_owned();
    let shown = if agreement.is_empty() { String::new() } else { format!("Agreement {agreement}") };
    let kind = row.text(&["BillingType", "InvoiceType"]).unwrap_or_default();
    let strands = [(agreement, shown), (name.to_owned(), name.to_owned()), (kind.to_owned(), kind.to_owned())];
    head(row, &HEAD, &strands, fallback, dates).map(Some)
}

/// The agreement of an invoice, from its stream; empty where none was told.
pub(super) fn agreement_of(head: &StatementHead) -> &str {
    head.stream.split('/').next().unwrap_or_default()
}

pub(super) fn product(row: &Row, fallback: Option<Currency>) -> Result<ListedProduct, Problem> {
    let told = row.required(&["ProductSku", "Sku", "PartNumber"])?;
    let (prefix, bare) = split_prefix(told);
    let sku = row.text(&["PartNumber"]).filter(|sku| sku.contains(':')).map_or(bare, |sku| split_prefix(sku).1);
    let name = row.text(&["ProductName", "OfferName", "Name", "Description"]).unwrap_or(sku);
    let cycle = row.text(CYCLE);
    let provision = row.text(&["ProvisionType", "ProductType"]).and_then(Provision::parse);
    let once = cycle.and_then(Billed::parse) == Some(Billed::Once);
    let term = row.text(TERM).and_then(term).or(prefix.map(|(months, _)| months));
    let usage = name.to_lowercase().contains("azure plan").then_some(Provision::Usage);
    let told = Told {
        provision: provision.or(usage).or_else(|| (once && term.is_none()).then_some(Provision::OneTime)),
        term,
        billed: cycle.and_then(Billed::parse).or(prefix.map(|(_, billed)| billed)),
        asset: None,
        words: name,
        new_commerce: sku.contains(':'),
        charged: None,
        term_ends: None,
    };
    let motion = motion(&told);
    Ok(ListedProduct {
        product: ProductRef { code: motion.code(sku), name: name.to_owned() },
        motion,
        price: row.number(&["UnitPriceRrp", "RetailPrice", "Rrp", "RecommendedRetailPrice"])?,
        cost: row.number(&["UnitPrice", "PartnerPrice", "UnitCost", "Price"])?,
        currency: row.currency(&["CurrencyCode", "Currency"])?.or(fallback),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invoices() {
        let text = r#"{"InvoiceId":5,"InvoiceNumber":"INV5","ContractAgreementId":77,"ProgramName":"Microsoft CSP Indirect","BillingType":"Monthly","BillingPeriodStart":"2026-10-01T00:00:00","BillingPeriodEnd":"2026-10-31T00:00:00","InvoiceDate":"2026-11-08T00:00:00","CurrencyCode":"AUD","Total":12.5}"#;
        let read = |text: &str| invoice(&Row::json(text).unwrap(), "microsoft csp", None, None);
        let head = read(text).unwrap().unwrap();
        assert_eq!((head.id.as_str(), head.stream.as_str()), ("5", "77/Microsoft CSP Indirect/Monthly/AUD"));
        assert_eq!(head.stream_name, "Agreement 77 · Microsoft CSP Indirect · Monthly · AUD");
        assert_eq!(format!("{:?} {}", head.period, head.issued_at), "[2026-10-01, 2026-11-01) 2026-11-08 00:00:00 UTC");
        assert_eq!(agreement_of(&head), "77");
        let open = text.replace(r#""BillingPeriodEnd":"2026-10-31T00:00:00","#, "");
        assert_eq!(read(&open).unwrap().unwrap().period, head.period);
        assert_eq!(read(&text.replace("Microsoft CSP Indirect", "Adobe VIP")).unwrap(), None);
        assert!(read(&text.replace("AUD", "dollars")).is_err());
    }

    #[test]
    fn prices() {
        let table = [
            (
                r#"{"ProductSku":"P1Y:M:CFQ7TTC0LH18:0001","PartNumber":"CFQ7TTC0LH18:0001","UnitPriceRrp":12.5}"#,
                "P1Y:M:CFQ7TTC0LH18:0001 annual-monthly",
            ),
            (
                r#"{"ProductSku":"CFQ7TTC0LH18:0001","TermDuration":"P1M","BillingFrequency":"Monthly","UnitPriceRrp":"12.5"}"#,
                "CFQ7TTC0LH18:0001 monthly-monthly",
            ),
            (
                r#"{"Sku":"P3Y:T:CFQ7TTC0LH18:0001","TermDuration":"P3Y","BillingFrequency":"ThreeYears","Rrp":12.5}"#,
                "P3Y:U:CFQ7TTC0LH18:0001 triennial-upfront",
            ),
            (
                r#"{"ProductSku":"DZH318Z0BPS6:0001","ProductName":"Azure plan","BillingFrequency":"None","Rrp":12.5}"#,
                "DZH318Z0BPS6:0001 usage",
            ),
            (r#"{"ProductSku":"CFQ7TTC0LH18:0001","Rrp":12.5}"#, "CFQ7TTC0LH18:0001 unknown"),
        ];
        for (text, expected) in table {
            let found = product(&Row::json(text).unwrap(), None).unwrap();
            assert_eq!(format!("{} {}", found.product.code, found.motion), expected, "{text}");
            assert_eq!(found.price.map(|price| price.to_string()).as_deref(), Some("12.5"), "{text}");
        }
    }
}
