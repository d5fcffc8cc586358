//! Runs of recurring invoices: when, of what, to the cent.

use chrono::{DateTime, Datelike as _, NaiveDate, TimeZone as _, Utc};
use counterfoil_sim::syncro::{
    BillingRules, DeadProducts, Frequency, Invoice, InvoiceLine, Line, Maker, MonthEnd, OneTime, Schedule,
};
use rust_decimal::Decimal;
use serde_json::json;

use crate::support::{Bench, bench, day, dec, own};

fn cents(invoice: &Invoice) -> Vec<i64> {
    invoice.lines.iter().map(InvoiceLine::amount_cents).collect()
}

fn dates(invoices: &[Invoice]) -> Vec<NaiveDate> {
    invoices.iter().map(|invoice| invoice.date).collect()
}

fn rules(one_time: OneTime, month_end: MonthEnd) -> BillingRules {
    BillingRules { one_time, month_end, ..BillingRules::default() }
}

#[tokio::test]
async fn each_line_is_rounded_once_to_a_cent() {
    // Quantity, unit in cents, cents.
    let table = [
        ("12", 780, 9_360),
        ("0", 780, 0),
        ("0.5", 1, 1),
        ("0.4999", 1, 0),
        ("1.5", 333, 500),
        ("2.345", 100, 235),
        ("3", -250, -750),
        ("0.5", -1, -1),
        ("1", 0, 0),
    ];
    let bench = bench().await;
    for (quantity, unit, _) in table {
        bench.state().add_line(bench.schedule, Line::named("Seats", dec(quantity), unit, 0));
    }
    let made = bench.state().run_schedules(day("2026-12-01"));
    assert_eq!(cents(&made[0]), table.map(|(_, _, amount)| amount));
    assert_eq!(made[0].total_cents(), 9_345);
    assert_eq!(bench.state().invoices(), made);
}

#[tokio::test]
async fn one_time_lines_are_billed_once_whatever_becomes_of_them() {
    for rule in [OneTime::Removed, OneTime::KeptAtZero, OneTime::KeptBilled] {
        let bench = bench().await;
        bench.state().set_rules(rules(rule, MonthEnd::Drifts));
        bench.added(&json!({})).await;
        let once = bench.added(&json!({"one_time_charge": true, "quantity": 1, "retail_cents": 5_000})).await;
        let made = bench.state().run_schedules(day("2027-02-01"));
        let billed: Vec<i64> = made.iter().map(Invoice::total_cents).collect();
        assert_eq!(billed, [14_360, 9_360, 9_360], "{rule:?}");
        let left = bench.state().lines(bench.schedule);
        let kept = left.iter().find(|line| json!(line.id) == once["id"]);
        match rule {
            OneTime::Removed => assert_eq!((left.len(), kept), (1, None)),
            OneTime::KeptAtZero => assert_eq!(kept.map(|line| line.quantity), Some(Decimal::ZERO)),
            OneTime::KeptBilled => {
                assert_eq!(kept.map(|line| (line.quantity, line.billed)), Some((Decimal::ONE, true)));
                let body = json!({"name": "Again", "quantity": 2, "retail_cents": 5_000, "one_time_charge": true});
                bench.client.send("PUT", &bench.line_path(&once["id"]), &body).await.one("schedule_line_item");
                assert_eq!(bench.state().run_schedules(day("2027-03-01"))[0].total_cents(), 9_360, "not again");
            }
        }
    }
}

async fn with(frequency: Frequency, next_run: &str, rule: MonthEnd) -> Bench {
    let bench = bench().await;
    bench.state().delete_schedule(bench.schedule);
    bench.state().set_rules(rules(OneTime::Removed, rule));
    let schedule = bench.state().add_schedule(Schedule::of(bench.customer, "S", frequency, day(next_run)));
    bench.state().add_line(schedule, own());
    Bench { schedule, ..bench }
}

#[tokio::test]
async fn runs_fall_on_the_days_their_frequency_says() {
    let table: [(Frequency, &str, MonthEnd, &str, &[&str]); 7] = [
        (Frequency::Monthly, "2027-01-31", MonthEnd::Drifts, "2027-03-31", &["2027-01-31", "2027-02-28", "2027-03-28"]),
        (
            Frequency::Monthly,
            "2027-01-31",
            MonthEnd::Anchored,
            "2027-03-31",
            &["2027-01-31", "2027-02-28", "2027-03-31"],
        ),
        (
            Frequency::Annually,
            "2028-02-29",
            MonthEnd::Anchored,
            "2031-12-31",
            &["2028-02-29", "2029-02-28", "2030-02-28", "2031-02-28"],
        ),
        (Frequency::Annually, "2026-12-01", MonthEnd::Drifts, "2027-11-30", &["2026-12-01"]),
        (Frequency::Triennially, "2026-12-01", MonthEnd::Drifts, "2030-01-01", &["2026-12-01", "2029-12-01"]),
        (Frequency::Weekly, "2026-12-21", MonthEnd::Drifts, "2027-01-04", &["2026-12-21", "2026-12-28", "2027-01-04"]),
        (Frequency::Quarterly, "2026-12-02", MonthEnd::Drifts, "2026-12-01", &[]),
    ];
    for (frequency, next_run, rule, up_to, wanted) in table {
        let bench = with(frequency, next_run, rule).await;
        let made = bench.state().run_schedules(day(up_to));
        assert_eq!(dates(&made), wanted.iter().map(|text| day(text)).collect::<Vec<_>>(), "{frequency:?} {next_run}");
        assert_eq!(bench.state().run_schedules(day(up_to)), [], "nothing twice");
    }
    // A yearly one on the month's last day, read in the year that has one day more.
    let bench = with(Frequency::Annually, "2027-02-28", MonthEnd::Anchored).await;
    bench.state().run_schedules(day("2027-02-28"));
    let next = bench.state().schedule(bench.schedule).unwrap().next_run;
    assert_eq!((next.month(), next.day()), (2, 28));
}

#[tokio::test]
async fn the_anchor_is_the_day_somebody_asked_for_last() {
    let bench = with(Frequency::Monthly, "2027-01-31", MonthEnd::Anchored).await;
    bench.state().run_schedules(day("2027-02-28"));
    let path = format!("/schedules/{}", bench.schedule);
    bench.client.send("PUT", &path, &json!({"next_run": "2027-03-30"})).await.one("schedule");
    let made = bench.state().run_schedules(day("2027-05-31"));
    assert_eq!(dates(&made), [day("2027-03-30"), day("2027-04-30"), day("2027-05-30")]);
}

#[tokio::test]
async fn everybodys_lines_are_billed_on_one_invoice() {
    let bench = bench().await;
    bench.state().add_line(bench.schedule, own());
    bench.state().add_line(bench.schedule, Line::asset_counter("Servers", &[1, 2, 3, 4], 900));
    let mine = bench.added(&json!({})).await;
    bench.state().edit_line(mine["id"].as_i64().unwrap(), |line| line.quantity = dec("13"));
    let made = bench.state().run_schedules(day("2026-12-01"));
    let invoice = &made[0];
    assert_eq!(
        (cents(invoice), invoice.schedule, invoice.maker),
        (vec![3_000, 3_600, 10_140], Some(bench.schedule), Maker::Engine)
    );
    assert_eq!(json!(invoice.lines[2].schedule_line), mine["id"]);
    let shown = bench.client.get(&format!("/invoices/{}", invoice.number)).await.one("invoice");
    assert_eq!((&shown["schedule_id"], &shown["total"]), (&json!(bench.schedule), &json!("167.4")));
    assert_eq!(
        (&shown["line_items"][2]["quantity"], &shown["line_items"][2]["price"]),
        (&json!("13.0"), &json!("7.8"))
    );
    assert_eq!(shown["created_at"], json!("2026-12-01T14:00:00.000Z"), "06:00 in Los Angeles");
    bench.state().switch(|switches| switches.schedule_id_hidden = true);
    assert!(bench.client.get(&format!("/invoices/{}", invoice.id)).await.one("invoice").get("schedule_id").is_none());
}

#[tokio::test]
async fn what_is_paused_or_empty_makes_nothing() {
    let bench = bench().await;
    assert_eq!(bench.state().run_schedules(day("2026-12-01")), [], "blank");
    assert_eq!(bench.state().schedule(bench.schedule).unwrap().next_run, day("2027-01-01"), "its day passes");
    bench.state().set_rules(BillingRules { blank_invoices: true, ..BillingRules::default() });
    assert_eq!(bench.state().run_schedules(day("2027-01-01"))[0].total_cents(), 0);
    bench.state().add_line(bench.schedule, own());
    bench.state().edit_schedule(bench.schedule, |one| one.paused = true);
    assert_eq!(bench.state().run_schedules(day("2027-03-31")), []);
    bench.state().edit_schedule(bench.schedule, |one| one.paused = false);
    assert_eq!(bench.state().run_schedules(day("2027-03-31")).len(), 2, "missed runs are made up for");
}

#[tokio::test]
async fn lines_of_dead_products_are_billed_or_skipped() {
    for (rule, total) in [(DeadProducts::Billed, 12_360), (DeadProducts::Skipped, 3_000)] {
        for deleted in [true, false] {
            let bench = bench().await;
            bench.state().set_rules(BillingRules { dead_products: rule, ..BillingRules::default() });
            bench.added(&json!({})).await;
            bench.state().add_line(bench.schedule, own());
            if deleted {
                bench.state().delete_product(bench.product);
            } else {
                bench.state().edit_product(bench.product, |product| product.disabled = true);
            }
            assert_eq!(bench.state().run_schedules(day("2026-12-01"))[0].total_cents(), total, "{rule:?} {deleted}");
        }
    }
}

#[tokio::test]
async fn cards_and_mails_are_told_as_dangers() {
    let bench = bench().await;
    bench.state().add_line(bench.schedule, own());
    bench.state().run_schedules(day("2026-12-01"));
    assert_eq!(bench.state().dangers(), []);
    bench.state().edit_schedule(bench.schedule, |one| (one.charge_mop, one.email_customer) = (true, true));
    let made = bench.state().run_schedules(day("2027-01-01"));
    let danger = &bench.state().dangers()[0];
    assert_eq!((danger.invoice, danger.total_cents, danger.charged, danger.emailed), (made[0].id, 3_000, true, true));
    assert!(made[0].is_paid);
    let shown = bench.client.get(&format!("/schedules/{}", bench.schedule)).await.one("schedule");
    assert_eq!(shown["last_invoice_paid"], json!(true));
}

#[tokio::test]
async fn by_the_clock_it_is_six_in_the_morning_there() {
    let bench = bench().await;
    bench.state().add_line(bench.schedule, own());
    let at = |hour, minute| -> DateTime<Utc> { Utc.with_ymd_and_hms(2026, 12, 1, hour, minute, 0).unwrap() };
    bench.state().set_clock(at(13, 59));
    assert_eq!(bench.state().run_due(), []);
    bench.state().switch(|switches| switches.runs_by_itself = true);
    let listed = async || bench.client.get("/invoices").await.ids("invoices").len();
    assert_eq!(listed().await, 0);
    bench.state().set_clock(at(14, 0));
    assert_eq!((bench.state().now(), listed().await, listed().await), (at(14, 0), 1, 1));
}

#[tokio::test]
async fn numbers_that_people_took_are_passed_over() {
    let bench = bench().await;
    bench.state().add_line(bench.schedule, own());
    bench.state().add_invoice(bench.customer, "10001", day("2026-11-01"));
    let made = bench.state().run_schedules(day("2027-01-01"));
    assert_eq!(made.iter().map(|invoice| invoice.number.as_str()).collect::<Vec<_>>(), ["10002", "10003"]);
}

/// Whole thousandths times cents, by integers alone.
fn by_hand(thousandths: i128, cents: i128) -> i64 {
    let product = thousandths * cents;
    let away = if product < 0 { -500 } else { 500 };
    i64::try_from((product + away) / 1_000).unwrap()
}

#[tokio::test]
async fn totals_are_those_of_another_arithmetic() {
    let bench = bench().await;
    let (mut seed, mut wanted) = (7_u64, Vec::new());
    let mut next = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((seed >> 33) % below).unwrap()
    };
    for turn in 0..500 {
        let (quantity, cents) = (next(90_000), next(200_000) - 40_000);
        // Every second one is whole, as licences are.
        let quantity = if turn % 2 == 0 { quantity * 1_000 } else { quantity };
        bench.state().add_line(bench.schedule, Line::named("L", Decimal::new(quantity, 3), cents, 0));
        wanted.push(by_hand(quantity.into(), cents.into()));
    }
    let made = bench.state().run_schedules(day("2027-01-01"));
    assert_eq!((cents(&made[0]), cents(&made[1])), (wanted.clone(), wanted.clone()));
    assert_eq!(made[0].total_cents(), wanted.iter().sum::<i64>());
    let shown = bench.client.get(&format!("/invoices/{}", made[0].id)).await.one("invoice");
    let total = dec(shown["total"].as_str().unwrap());
    assert_eq!(total * Decimal::ONE_HUNDRED, Decimal::from(made[0].total_cents()));
}
