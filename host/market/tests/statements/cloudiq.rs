//! The Cloud-iQ client against scripted doors: records to the cent, files that are not there yet, lists that end too early, and
//! refusals.

use std::sync::Arc;

use counterfoil_domain::ports::{Call, DetailError, SendError, SourceError, StatementSource};
use serde_json::{Value, json};

use crate::support::{Answer, ScriptedDoor, answer, cloudiq, heads, only, query};

const RECORDS: &str = r#"[
 {"OrganizationName":"Acme MSP","CompanyName":"Contoso Ltd","TenantReference":"C-1","TenantPrimaryDomain":"contoso.onmicrosoft.com",
  "ProductId":"CFQ7TTC0LH18:0001","OfferName":"Business Basic","SubscriptionId":"AAA","SubscriptionName":"Basic","ChargeType":"cycleInstanceProrate",
  "ChargeStartDate":"2026-10-01T00:00:00","ChargeEndDate":"2026-10-15T00:00:00","UnitPrice":6.00,"Quantity":5,"Amount":14.52,
  "ResellerSalesUnitPrice":7.50,"ResellerSalesPriceTotal":18.15,"Currency":"EUR","Whatever":{"x":[1]}},
 {"OrganizationName":"Acme MSP","CompanyName":"Contoso Ltd","TenantReference":"C-1","TenantPrimaryDomain":"contoso.onmicrosoft.com",
  "ProductId":"CFQ7TTC0LH18:0001","OfferName":"Business Basic","SubscriptionId":"AAA","SubscriptionName":"Basic","ChargeType":"cycleFee",
  "ChargeStartDate":"2026-10-16T00:00:00","ChargeEndDate":"2026-10-31T00:00:00","UnitPrice":"6.00","Quantity":"8","Amount":"24.77",
  "ResellerSalesUnitPrice":"7.50","ResellerSalesPriceTotal":"30.97","Currency":"EUR"}
]"#;

fn file(records: &str) -> Value {
    json!({ "BillingStatement": null, "FileName": "x.json", "Data": base64(records) })
}

fn base64(text: &str) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let sign = |bits: u32, shift: u32| char::from(SIGNS[(bits >> shift & 63) as usize]);
    let group = |chunk: &[u8]| {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        let pad = |at: usize, sign: char| if at <= chunk.len() { sign } else { '=' };
        [sign(bits, 18), sign(bits, 12), pad(2, sign(bits, 6)), pad(3, sign(bits, 0))]
    };
    text.as_bytes().chunks(3).flat_map(group).collect()
}

/// The usual answers, and whatever a test says instead.
fn door(instead: impl Fn(&Call) -> Option<Answer> + Send + Sync + 'static) -> Arc<ScriptedDoor> {
    ScriptedDoor::new(move |call| {
        if let Some(answer) = instead(call) {
            return answer;
        }
        let is_first = query(call, "Page") == Some("1");
        let list = |rows: Value| {
            let rows = if is_first { rows } else { json!([]) };
            answer(200, json!({ "Items": rows, "TotalHits": rows.as_array().unwrap().len() }).to_string())
        };
        match call.request.path.as_str() {
            "/organizations" => list(json!([{ "Id": 7, "Name": "Acme MSP" }])),
            "/customertenants" => list(
                json!([{ "Id": 1, "Name": "Contoso Ltd", "Reference": "C-1", "PublisherCustomerId": "0F6B1C9E-0000-4000-8000-00000000000A", "DomainPrefix": "contoso" }]),
            ),
            "/subscriptions" => list(
                json!([{ "Id": 9, "PublisherSubscriptionId": "aaa", "CustomerTenant": { "Id": 1 }, "TermDuration": "P1Y", "BillingCycle": 1, "ProvisionType": 1 }]),
            ),
            "/agreementproducts" => list(
                json!([{ "Name": "Basic", "SalesPrice": { "Value": 6, "CurrencyCode": "EUR" }, "ProductVariant": { "PartNumber": "CFQ7TTC0LH18:0001", "PurchasePeriod": "P1M", "DefaultBillingCycleId": 1 } }]),
            ),
            "/billingstatements" => list(
                json!([{ "Id": 71001, "TotalSalesPrice": { "Value": 39.29, "CurrencyCode": "EUR" }, "InvoiceProfile": { "Id": 3, "Name": "Default" }, "Organization": { "Id": 7, "Name": "Acme MSP" }, "StartDate": "2026-10-01", "EndDate": "2026-10-31", "ProvisionType": 1 }]),
            ),
            "/billingstatements/71001/billingrecordsfile" => answer(200, file(RECORDS).to_string()),
            path => panic!("{path} is not called"),
        }
    })
}

pub(crate) fn world() -> Arc<ScriptedDoor> {
    door(|_| None)
}

#[tokio::test]
async fn a_statement_is_read_to_the_cent() {
    let door = world();
    let client = cloudiq(&door, &[]);
    let statement = only(&client).await.unwrap();
    assert_eq!((statement.records.len(), statement.unreadable.len()), (2, 0), "{:?}", statement.unreadable);
    let shown: Vec<String> = statement
        .records
        .iter()
        .map(|r| {
            format!(
                "{} {} | {} {} | {} {} | {} x {} = {} ({} = {}) {} {:?}",
                r.customer,
                r.customer_name,
                r.subscription,
                r.product.code,
                r.motion,
                r.charge,
                r.quantity,
                r.unit_price,
                r.amount,
                r.unit_cost,
                r.cost,
                r.currency,
                r.charge_period.unwrap()
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "0f6b1c9e-0000-4000-8000-00000000000a Contoso Ltd | AAA CFQ7TTC0LH18:0001 | annual-monthly proration | 5 x 7.50 = 18.15 (6.00 = 14.52) EUR [2026-10-01, 2026-10-16)",
            "0f6b1c9e-0000-4000-8000-00000000000a Contoso Ltd | AAA CFQ7TTC0LH18:0001 | annual-monthly recurring | 8 x 7.50 = 30.97 (6.00 = 24.77) EUR [2026-10-16, 2026-11-01)",
        ]
    );
    let asked = door.asked();
    client.statement(statement.head.clone()).await.unwrap();
    assert_eq!(door.asked().len(), asked.len() + 1, "tenants and subscriptions are read once for a check");
    assert!(asked.contains(&"/billingstatements OrganizationId=7&Page=1&PageSize=1000".to_owned()), "{asked:?}");
    let customers = client.customers(None).await.unwrap();
    assert_eq!(customers.rows[0].external_id.as_deref(), Some("C-1"));
    assert_eq!(customers.rows[0].id, statement.records[0].customer);
}

/// What the file answers, and what becomes of it.
#[tokio::test]
async fn a_file_that_is_not_there_is_not_an_empty_statement() {
    let broken = RECORDS.replace("\"Quantity\":5", "\"Quantity\":\"five\"");
    let table: Vec<(u16, String, &str)> = vec![
        (404, "{\"ErrorCode\":\"NotFound\"}".into(), "gone"),
        (204, String::new(), "gone"),
        (200, json!({ "FileName": null, "Data": null }).to_string(), "gone"),
        (200, file("[]").to_string(), "gone"),
        (200, "[]".into(), "gone"),
        (200, RECORDS.into(), "2 records, 0 unreadable"),
        (
            200,
            json!({ "Items": serde_json::from_str::<Value>(RECORDS).unwrap() }).to_string(),
            "2 records, 0 unreadable",
        ),
        (
            200,
            file(&broken).to_string(),
            "1 records, 1 unreadable: statement 71001, row 1: Quantity: \"five\" is not an amount; digits with a point are expected",
        ),
        (200, "<html>sign in</html>".into(), "unreadable: a page of HTML or XML was answered: <html>sign in</html>"),
        (200, "PK\u{3}\u{4}".into(), "unreadable: the archive cannot be read: invalid Zip archive"),
        (200, json!({ "Message": "being made" }).to_string(), "unreadable: there is no data in it: being made"),
        (500, String::new(), "retried"),
        (401, String::new(), "sign-in"),
    ];
    for (status, body, expected) in table {
        let told = body.clone();
        let door =
            door(move |call| call.request.path.ends_with("billingrecordsfile").then(|| answer(status, body.clone())));
        let shown = match only(&cloudiq(&door, &[])).await {
            Ok(statement) => {
                let bad: Vec<_> =
                    statement.unreadable.iter().map(|row| format!(": {}: {}", row.place, row.problem)).collect();
                format!("{} records, {} unreadable{}", statement.records.len(), bad.len(), bad.concat())
            }
            Err(DetailError::Gone) => "gone".to_owned(),
            Err(DetailError::Unreadable(bad)) => format!("unreadable: {}", bad.problem),
            Err(DetailError::Source(error)) if error.is_retriable() => "retried".to_owned(),
            Err(DetailError::Source(SourceError::SignIn(_))) => "sign-in".to_owned(),
            Err(other) => panic!("{other:?}"),
        };
        assert!(shown.starts_with(expected), "{status} {told}: {shown}");
    }
}

#[tokio::test]
async fn each_organization_has_its_own_list_and_rows_that_cannot_be_read_leave_the_others_alone() {
    let door = door(|call| {
        let page = query(call, "Page").unwrap_or_default();
        let of = query(call, "OrganizationId").unwrap_or_default();
        let head = |id: u32| json!({ "id": id, "startDate": "2026-10-01", "endDate": "2026-10-31", "totalSalesPrice": { "value": "1.00", "currencyCode": "EUR" }, "provisionType": "Seat" });
        let body = match (call.request.path.as_str(), of, page) {
            ("/organizations", _, "1") => json!([{ "id": 7, "name": "Acme" }, { "id": 8, "name": "Acme North" }]),
            ("/billingstatements", "7", "1") => json!([head(1), { "id": 2, "startDate": "soon" }, "nonsense"]),
            ("/billingstatements", "7", "2") => json!([head(3)]),
            ("/billingstatements", "8", "1") => json!([head(4)]),
            _ => json!([]),
        };
        Some(answer(200, body.to_string()))
    });
    let (found, bad) = heads(&cloudiq(&door, &[])).await.unwrap();
    let shown: Vec<_> = found.iter().map(|head| format!("{} {}", head.id, head.stream)).collect();
    assert_eq!(shown, ["1 7//Seat/EUR", "3 7//Seat/EUR", "4 8//Seat/EUR"]);
    assert_eq!(
        bad,
        [
            "statements of organization 7, page 1, row 2: startDate: \"soon\" is not a date; 2026-10-31 is expected",
            "statements of organization 7, page 1, row 3: an object is expected, found \"nonsense\"",
        ]
    );
    let (chosen, _) = heads(&cloudiq(&door, &[("organizations", "8")])).await.unwrap();
    assert_eq!(chosen.iter().map(|head| head.id.as_str()).collect::<Vec<_>>(), ["4"]);
}

#[tokio::test]
async fn lists_that_cannot_be_believed_move_nothing() {
    let table: [(&str, &str, bool); 6] = [
        ("/organizations", "<html>", false),
        ("/organizations", "[]", false),
        ("/organizations", r#"[{"Name":"no id"}]"#, false),
        ("/billingstatements", r#"{"Items":[],"TotalHits":7}"#, false),
        ("/billingstatements", r#"{"Items":[{"Id":1}],"TotalHits":7}"#, false),
        ("/billingstatements", r#"{"ErrorCode":"Oops"}"#, false),
    ];
    for (path, body, retriable) in table {
        let door = door(move |call| (call.request.path == path).then(|| answer(200, body)));
        let error = heads(&cloudiq(&door, &[])).await.unwrap_err();
        assert!(matches!(error, SourceError::Malformed { .. }), "{body}: {error:?}");
        assert_eq!(error.is_retriable(), retriable, "{body}");
    }
    let door = door(|_| Some(Err(SendError::SignIn { message: "invalid_grant".into(), needs_person: true })));
    assert!(matches!(heads(&cloudiq(&door, &[])).await, Err(SourceError::SignIn(_))));
    assert_eq!(door.asked().len(), 1, "it is not asked again");
}
