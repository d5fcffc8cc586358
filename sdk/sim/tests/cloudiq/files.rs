//! Record files: wrapped, raw, split, early and wrong.

use std::io::{Cursor, Read};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::Duration;
use counterfoil_sim::cloudiq::{CloudIqHandle, Switches};
use counterfoil_sim::statements::{Record, Series, Statement};
use reqwest::{Method, StatusCode};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::http::{Answer, Session, larger, small, with};

fn path(id: u32) -> String {
    format!("/api/v1/billingstatements/{id}/billingrecordsfile")
}

/// The bytes of the file, as a client unpacks them.
fn data(answer: &Answer) -> Vec<u8> {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.json());
    let body = answer.json();
    let data = body.get("Data").or(body.get("data")).unwrap().as_str().unwrap().to_owned();
    BASE64_STANDARD.decode(data).unwrap()
}

fn rows(bytes: &[u8]) -> Vec<Value> {
    if !bytes.starts_with(b"PK") {
        return serde_json::from_slice(bytes).unwrap();
    }
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut all = Vec::new();
    for index in 0..archive.len() {
        let mut text = String::new();
        archive.by_index(index).unwrap().read_to_string(&mut text).unwrap();
        all.extend(serde_json::from_str::<Vec<Value>>(&text).unwrap());
    }
    all
}

/// A number or a number in quotes, as a decimal.
fn amount(row: &Value, name: &str) -> Option<Decimal> {
    let value = row.get(name).or_else(|| row.get(name[..1].to_lowercase() + &name[1..]))?;
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.to_string().parse().ok(),
        _ => None,
    }
}

fn cost(row: &Value) -> Decimal {
    ["Amount", "SummedAmount", "ResellerPrice"].into_iter().find_map(|name| amount(row, name)).unwrap()
}

fn statements(handle: &CloudIqHandle) -> Vec<Statement> {
    handle.with_world(|world| world.statements().to_vec())
}

#[tokio::test]
async fn every_shape_of_the_file_has_the_same_money() {
    let base = Switches::default();
    let table = [
        ("as documented", base.clone()),
        ("camel case and strings", Switches { camel_case: true, numbers_as_strings: true, ..base.clone() }),
        (
            "unknown columns and nulls",
            Switches { unknown_columns: true, nulls: true, wide_records: true, ..base.clone() },
        ),
        ("split", Switches { split_over: 7, ..base.clone() }),
        ("split, stored", Switches { split_over: 3, stored_archive: true, ..base }),
    ];
    for (name, switches) in table {
        let split = switches.split_over;
        let handle = with(larger(), switches).await;
        let session = Session::sign_in(&handle).await;
        for one in statements(&handle) {
            let wrapped = data(&session.get(&path(one.id)).await);
            let raw = session.ask(Method::GET, &path(one.id), "application/octet-stream").await;
            assert_eq!(raw.bytes, wrapped, "{name}");
            assert_eq!(raw.headers["content-type"], "application/octet-stream");
            assert_eq!(wrapped.starts_with(b"PK"), split > 0 && one.records.len() > split, "{name}");
            let rows = rows(&wrapped);
            let expected = |read: fn(&Record) -> Decimal| -> Vec<Decimal> { one.records.iter().map(read).collect() };
            let read: Vec<Decimal> = rows.iter().map(cost).collect();
            assert_eq!(read, expected(|record| record.cost), "{name}");
            let read: Vec<Decimal> = rows.iter().map(|row| amount(row, "ResellerSalesPriceTotal").unwrap()).collect();
            assert_eq!(read, expected(|record| record.retail), "{name}");
            let read: Vec<Decimal> = rows.iter().map(|row| amount(row, "Quantity").unwrap()).collect();
            assert_eq!(read, expected(|record| record.quantity), "{name}");
        }
    }
}

#[tokio::test]
async fn a_line_has_the_columns_of_its_kind() {
    let handle = small().await;
    let session = Session::sign_in(&handle).await;
    let wanted = statements(&handle).into_iter().find(|one| one.month.to_string() == "2026-03").unwrap();
    let answer = session.get(&path(wanted.id)).await;
    let body = answer.json();
    assert_eq!(body["BillingStatement"]["TotalSalesPrice"], json!({ "Value": 374.31, "CurrencyCode": "USD" }));
    assert_eq!(body["FileName"], json!(format!("billingrecords_{}.json", wanted.id)));
    let rows = rows(&data(&answer));
    let credit = rows.iter().find(|row| row["ChargeType"] == json!("customerCredit")).unwrap();
    for (name, value) in [
        ("PeriodMonth", json!(3)),
        ("CompanyName", json!("Contoso Ltd")),
        ("TenantPrimaryDomain", json!("contoso.example")),
        ("ProductId", json!("CFQ7TTC0LCHC:0002")),
        ("SubscriptionId", json!("5ab50000-0000-4000-8000-000000030001")),
        ("ChargeStartDate", json!("2026-01-01T00:00:00")),
        ("ChargeEndDate", json!("2026-01-31T00:00:00")),
        ("Quantity", json!(-2)),
        ("UnitPrice", json!(26.40)),
        ("Amount", json!(-52.80)),
        ("ResellerSalesUnitPrice", json!(31.68)),
        ("ResellerSalesPriceTotal", json!(-63.36)),
        ("ResellerMarkupProcent", json!(20)),
    ] {
        assert_eq!(credit[name], value, "{name}");
    }
    assert!(rows.iter().all(|row| row.get("PublisherCustomerId").is_none() && row.get("TermDuration").is_none()));
    handle.switch(|switches| switches.wide_records = true);
    let wide = self::rows(&data(&session.get(&path(wanted.id)).await));
    assert!(wide.iter().all(|row| row["PublisherCustomerId"].is_string() && row["TermDuration"].is_string()));
}

#[tokio::test]
async fn a_cut_archive_cannot_be_read() {
    let switches = Switches { split_over: 2, truncated_archive: true, ..Switches::default() };
    let handle = with(larger(), switches).await;
    let session = Session::sign_in(&handle).await;
    let large = statements(&handle).into_iter().find(|one| one.records.len() > 10).unwrap();
    let bytes = data(&session.get(&path(large.id)).await);
    assert!(bytes.starts_with(b"PK"));
    assert!(zip::ZipArchive::new(Cursor::new(bytes)).is_err());
}

#[tokio::test]
async fn the_control_total_can_be_off_and_prices_can_be_missing() {
    let switches = Switches { total_off_by: -37, retail_missing_every: 2, ..Switches::default() };
    let handle = with(larger(), switches).await;
    let session = Session::sign_in(&handle).await;
    let one = statements(&handle).into_iter().find(|one| one.series.name() == "Seat").unwrap();
    let answer = session.get(&path(one.id)).await;
    let rows = rows(&data(&answer));
    let listed = amount(&answer.json()["BillingStatement"]["TotalSalesPrice"], "Value").unwrap();
    assert_eq!(listed - rows.iter().map(cost).sum::<Decimal>(), Decimal::new(-37, 2));
    let missing = |row: &&Value| row["ResellerSalesPriceTotal"].is_null() && row["ResellerSalesUnitPrice"].is_null();
    assert_eq!(rows.iter().filter(missing).count(), rows.len() / 2);
}

#[tokio::test]
async fn a_statement_is_listed_before_its_file_exists() {
    let handle = small().await;
    // The last seat statement appeared on 8 April at six.
    let last = statements(&handle).pop().unwrap();
    handle.switch(|switches| switches.file_lag_hours = 300);
    let session = Session::sign_in(&handle).await;
    let listed = session.get("/api/v1/billingstatements?OrganizationId=4001").await.rows();
    assert_eq!(listed[0]["Id"], json!(last.id));
    assert_eq!(session.get(&path(last.id)).await.status, StatusCode::NOT_FOUND);
    handle.switch(|switches| switches.early_file_is_empty = true);
    assert!(rows(&data(&session.get(&path(last.id)).await)).is_empty());
    handle.clock().advance(Duration::minutes(30));
    assert_eq!(rows(&data(&session.get(&path(last.id)).await)).len(), 0);
    handle.clock().advance(Duration::hours(6));
    let session = Session::sign_in(&handle).await;
    assert_eq!(rows(&data(&session.get(&path(last.id)).await)).len(), last.records.len());
    assert_eq!(last.series.name(), Series::Provision(counterfoil_sim::statements::Provision::Seat).name());
}
