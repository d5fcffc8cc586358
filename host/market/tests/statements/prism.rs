//! The PRISM client against scripted doors: invoices of one program, lines in whatever order their columns are, dates that
//! could be read two ways.

use std::sync::Arc;

use counterfoil_domain::ports::{DetailError, StatementSource};
use serde_json::json;

use crate::support::{ScriptedDoor, answer, heads, only, prism, query};

const CSV: &str = "\u{feff}SubscriptionId,OfferName,ProductSku,ChargeStartDate,ChargeEndDate,UnitPrice,UnitPriceRrp,Quantity,BillableRatio,SubTotal,SubTotalRrp\r\n\
AAA,\"Basic, for all\",P1Y:M:CFQ7TTC0LH18:0001,1/10/2026,15/10/2026,6,7.5,5,0.4839,14.52,18.15\r\n\
AAA,\"Basic, for all\",P1Y:M:CFQ7TTC0LH18:0001,16/10/2026,31/10/2026,6,7.5,8,0.5161,24.77,30.97\r\n\
BBB,Visio,CFQ7TTC0HD33:0003,1/10/2026,31/10/2026,10,12.5,1,1,10,12.5\r\n";

fn door(csv: &str) -> Arc<ScriptedDoor> {
    let csv = csv.to_owned();
    ScriptedDoor::new(move |call| {
        let body = match (call.request.path.as_str(), query(call, "page")) {
            ("/api/v1/me/invoice/5/csv", _) => return answer(200, csv.clone()),
            ("/api/v2/invoices", Some("1")) => json!({ "Records": [
                { "InvoiceId": 5, "ContractAgreementId": 77, "ProgramName": "Microsoft CSP Indirect", "BillingPeriodStart": "2026-10-01T00:00:00", "CurrencyCode": "AUD", "Total": 49.29 },
                { "InvoiceId": 6, "ProgramName": "Adobe VIP", "BillingPeriodStart": "2026-10-01T00:00:00", "CurrencyCode": "AUD" },
            ]}),
            ("/api/v2/microsoftcsp/tenants", Some("1")) => {
                json!([{ "TenantId": "0F6B1C9E-0000-4000-8000-00000000000A", "Name": "Contoso Ltd", "DomainName": "contoso.com" }])
            }
            ("/api/v2/contractagreements/77/tenants", Some("1")) => json!({ "Records": [
                { "TenantId": "0F6B1C9E-0000-4000-8000-00000000000A", "Name": "Contoso Ltd", "Subscriptions": [{ "SubscriptionId": "aaa" }] },
                { "TenantId": "0f6b1c9e-0000-4000-8000-00000000000b", "Name": "Fabrikam Inc", "Subscriptions": [{ "SubscriptionId": "bbb" }] },
            ]}),
            _ => json!({ "Records": [] }),
        };
        answer(200, body.to_string())
    })
}

fn shown(statement: &counterfoil_domain::statement::Statement) -> Vec<String> {
    let line = |r: &counterfoil_domain::statement::Record| {
        let period = r.charge_period.map(|period| format!("{period:?}")).unwrap_or_default();
        format!(
            "{} {} {} {} {} x {} = {} of {} {period}",
            r.customer_name, r.product.code, r.motion, r.charge, r.quantity, r.unit_price, r.amount, r.cost
        )
    };
    statement.records.iter().map(line).collect()
}

#[tokio::test]
async fn an_invoice_is_read_whatever_its_columns_are() {
    let expected = [
        "Contoso Ltd CFQ7TTC0LH18:0001 annual-monthly proration 5 x 7.5 = 18.15 of 14.52 [2026-10-01, 2026-10-16)",
        "Contoso Ltd CFQ7TTC0LH18:0001 annual-monthly proration 8 x 7.5 = 30.97 of 24.77 [2026-10-16, 2026-11-01)",
        "Fabrikam Inc CFQ7TTC0HD33:0003 monthly-monthly recurring 1 x 12.5 = 12.5 of 10 [2026-10-01, 2026-11-01)",
    ];
    let semicolons = "SubTotalRrp;SubTotal;BillableRatio;Quantity;UnitPriceRrp;UnitPrice;ChargeEndDate;ChargeStartDate;ProductSku;OfferName;SubscriptionId;New column\n\
18.15;14.52;0.4839;5;7.5;6;2026-10-15;2026-10-01;P1Y:M:CFQ7TTC0LH18:0001;\"Basic; for all\";AAA;\n\
30.97;24.77;0.5161;8;7.5;6;31-Oct-2026;16-Oct-2026;P1Y:M:CFQ7TTC0LH18:0001;Basic;AAA;x\n\
12.5;10;1;1;12.5;10;20261031;20261001;CFQ7TTC0HD33:0003;Visio;BBB;\n";
    for csv in [CSV, semicolons] {
        let statement = only(&prism(&door(csv), &[])).await.unwrap();
        assert_eq!(statement.unreadable, []);
        assert_eq!(shown(&statement), expected);
        assert_eq!(statement.records[0].customer.as_str(), "0f6b1c9e-0000-4000-8000-00000000000a");
    }
}

#[tokio::test]
async fn a_day_is_not_guessed() {
    let csv = "SubscriptionId,ProductSku,ChargeStartDate,ChargeEndDate,UnitPrice,UnitPriceRrp,Quantity,SubTotal,SubTotalRrp\r\n\
AAA,CFQ7TTC0HD33:0003,1/10/2026,7/10/2026,10,12.5,1,10,12.5\r\n";
    let statement = only(&prism(&door(csv), &[])).await.unwrap();
    assert_eq!(statement.records, []);
    let bad = &statement.unreadable[0];
    assert!(
        bad.problem.starts_with("ChargeStartDate: \"1/10/2026\" may begin with the day or with the month"),
        "{bad:?}"
    );
    for (order, expected) in [("day-first", "[2026-10-01, 2026-10-08)"), ("month-first", "[2026-01-10, 2026-07-10)")] {
        let statement = only(&prism(&door(csv), &[("date_order", order)])).await.unwrap();
        assert_eq!(format!("{:?}", statement.records[0].charge_period.unwrap()), expected);
    }
}

#[tokio::test]
async fn other_programs_are_left_alone_and_a_cut_file_is_not_billed() {
    let (found, _) = heads(&prism(&door(CSV), &[])).await.unwrap();
    assert_eq!(found.iter().map(|head| head.id.as_str()).collect::<Vec<_>>(), ["5"]);
    let (found, _) = heads(&prism(&door(CSV), &[("program", "Adobe")])).await.unwrap();
    assert_eq!(found.iter().map(|head| head.id.as_str()).collect::<Vec<_>>(), ["6"]);
    let statement = only(&prism(&door(&CSV[..CSV.len() - 12]), &[])).await.unwrap();
    assert_eq!((statement.records.len(), statement.unreadable.len()), (2, 1));
    let head = heads(&prism(&door(CSV), &[])).await.unwrap().0.remove(0);
    assert_eq!(prism(&door(""), &[]).statement(head).await, Err(DetailError::Gone));
}
