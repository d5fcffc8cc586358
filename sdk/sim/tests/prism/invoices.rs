//! Invoices and their lines as CSV.

use std::collections::BTreeMap;

use counterfoil_sim::prism::{PrismHandle, Switches};
use counterfoil_sim::statements::Statement;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::http::{Answer, Session, client, larger, send, small, with};

type Line = BTreeMap<String, String>;

fn lines(answer: &Answer) -> Vec<Line> {
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.json());
    assert_eq!(answer.headers["content-type"], "text/csv; charset=utf-8");
    let text = std::str::from_utf8(&answer.bytes).unwrap().trim_start_matches('\u{feff}');
    csv::Reader::from_reader(text.as_bytes()).deserialize().map(|line| line.unwrap()).collect()
}

fn path(id: u32) -> String {
    format!("/api/v1/me/invoice/{id}/csv")
}

fn invoices(handle: &PrismHandle) -> Vec<Statement> {
    handle.with_world(|world| world.statements().to_vec())
}

#[tokio::test]
async fn every_shape_of_the_lines_has_the_same_money() {
    let base = Switches::default();
    let table = [
        ("as it is", base.clone()),
        ("another order", Switches { column_order: 3, ..base.clone() }),
        ("another order, more columns", Switches { column_order: 8, unknown_columns: true, ..base.clone() }),
        ("fewer columns", Switches { narrow_lines: true, ..base.clone() }),
        ("bare", Switches { no_byte_order_mark: true, plain_line_ends: true, ..base }),
    ];
    let mut heads: Vec<Vec<u8>> = Vec::new();
    for (name, switches) in table {
        let (mark, plain, narrow) = (!switches.no_byte_order_mark, switches.plain_line_ends, switches.narrow_lines);
        let handle = with(larger(), switches).await;
        let session = Session::sign_in(&handle).await;
        for one in invoices(&handle) {
            let answer = session.get(&path(one.id)).await;
            assert_eq!(answer.bytes.starts_with(b"\xef\xbb\xbf"), mark, "{name}");
            assert_eq!(answer.bytes.ends_with(b"\r\n"), !plain, "{name}");
            let head = answer.bytes.split(|byte| *byte == b'\n').next().unwrap().to_vec();
            if !heads.contains(&head) {
                heads.push(head);
            }
            let lines = lines(&answer);
            assert_eq!(lines.len(), one.records.len(), "{name}");
            for (line, record) in lines.iter().zip(&one.records) {
                let number = |column: &str| line[column].parse::<Decimal>().unwrap();
                assert_eq!((number("SubTotal"), number("SubTotalRrp")), (record.cost, record.retail), "{name}");
                assert_eq!((number("UnitPrice"), number("UnitPriceRrp")), (record.unit_cost, record.unit_retail));
                assert_eq!((number("Quantity"), &line["OfferName"]), (record.quantity, &record.title), "{name}");
                assert_eq!(line.contains_key("TermDuration"), !narrow, "{name}");
            }
        }
    }
    assert_eq!(heads.len(), 5, "each shape has a head of its own");
}

#[tokio::test]
async fn names_have_quotes_commas_and_line_breaks() {
    let handle = with(larger(), Switches::default()).await;
    let session = Session::sign_in(&handle).await;
    let mut names = String::new();
    for one in invoices(&handle) {
        let answer = session.get(&path(one.id)).await;
        lines(&answer).iter().for_each(|line| names += &format!("{}|{}|", line["OfferName"], line["CustomerName"]));
    }
    for part in ["\"Shared Device\"", "Onboarding, two days\nsee case", "\"Legal\"", "Müller"] {
        assert!(names.contains(part), "{part}");
    }
}

#[tokio::test]
async fn segments_have_their_part_of_the_month() {
    let handle = small().await;
    let session = Session::sign_in(&handle).await;
    let listed = session.get("/api/v2/invoices").await.rows();
    let shown: Vec<Value> = listed
        .iter()
        .map(|row| {
            json!([
                row["BillingPeriodStart"],
                row["BillingPeriodEnd"],
                row["BillingType"],
                row["ProgramName"],
                row["Total"]
            ])
        })
        .collect();
    let program = "Microsoft CSP Indirect";
    let row = |start: &str, end: &str, kind: &str, total: f64| {
        json!([format!("{start}T00:00:00"), format!("{end}T00:00:00"), kind, program, total])
    };
    assert_eq!(
        shown,
        [
            row("2026-03-01", "2026-03-31", "Annual", 44.32),
            row("2026-03-01", "2026-03-31", "Monthly", 329.99),
            row("2026-02-01", "2026-02-28", "Annual", 144.00),
            row("2026-02-01", "2026-02-28", "Monthly", 368.52),
            row("2026-01-01", "2026-01-31", "Monthly", 294.24),
        ]
    );
    let february = u32::try_from(listed[3]["InvoiceId"].as_u64().unwrap()).unwrap();
    let lines = lines(&session.get(&path(february)).await);
    let premium: Vec<[&str; 5]> = lines
        .iter()
        .filter(|line| line["ProductSku"] == "CFQ7TTC0LCHC:0002")
        .map(|line| {
            ["ChargeStartDate", "ChargeEndDate", "Quantity", "BillableRatio", "SubTotalRrp"]
                .map(|name| line[name].as_str())
        })
        .collect();
    assert_eq!(
        premium,
        [["2026-02-01", "2026-02-14", "10", "0.5", "158.40"], ["2026-02-15", "2026-02-28", "12", "0.5", "190.08"]]
    );
    let january = u32::try_from(listed[4]["InvoiceId"].as_u64().unwrap()).unwrap();
    let lines = self::lines(&session.get(&path(january)).await);
    let standard = lines.iter().find(|line| line["ProductSku"] == "P1Y:M:CFQ7TTC0LDPB:0001").unwrap();
    // 15 of 31 days: the printed ratio does not give the printed amount.
    assert_eq!((standard["BillableRatio"].as_str(), standard["SubTotal"].as_str()), ("0.4839", "30.24"));
}

#[tokio::test]
async fn invoices_lag_lie_break_and_belong_to_others() {
    let handle = small().await;
    let session = Session::sign_in(&handle).await;
    let last = invoices(&handle).into_iter().find(|one| one.total == Decimal::new(32_999, 2)).unwrap();
    handle.switch(|switches| {
        switches.file_lag_hours = 300;
        switches.total_off_by = 101;
        switches.other_programs = true;
    });
    assert_eq!(session.get(&path(last.id)).await.status.as_u16(), 404);
    let rows = session.get("/api/v2/invoices").await.rows();
    assert_eq!(rows.len(), 8);
    assert_eq!(rows[1]["Total"], json!(331.00));
    let foreign: Vec<&Value> =
        rows.iter().filter(|row| row["ProgramName"] != json!("Microsoft CSP Indirect")).collect();
    assert_eq!(foreign.len(), 3);
    let id = u32::try_from(foreign[0]["InvoiceId"].as_u64().unwrap()).unwrap();
    assert_eq!(lines(&session.get(&path(id)).await)[0]["SubTotal"], "45.99");
    handle.switch(|switches| switches.file_lag_hours = 0);
    let whole = session.get(&path(last.id)).await.bytes;
    handle.switch(|switches| switches.truncated_csv = true);
    let cut = session.get(&path(last.id)).await.bytes;
    assert!(cut.len() < whole.len() && whole.starts_with(&cut));
}

#[tokio::test]
async fn an_invoice_is_issued_again_by_another_process() {
    let handle = small().await;
    let session = Session::sign_in(&handle).await;
    let door = format!("{}/_sim/statements", handle.origin());
    let id = invoices(&handle)[0].id;
    for (how, listed, lines_more) in [("same_id_changed", 5, 1), ("new_id_same_beside", 6, 1)] {
        let order = json!({ "reissue": id, "how": how }).to_string();
        let request = client().post(&door).header("Content-Type", "application/json").body(order);
        let new = u32::try_from(send(request).await.json()["id"].as_u64().unwrap()).unwrap();
        assert_eq!(session.get("/api/v2/invoices").await.rows().len(), listed, "{how}");
        assert_eq!(lines(&session.get(&path(new)).await).len(), 2 + lines_more, "{how}");
    }
}
