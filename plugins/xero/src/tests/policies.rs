//! What a connection or a person decides: netting, what is not charged, taxes, terms, tracking, words.

use counterfoil_sdk::testing::Scripted;
use counterfoil_sdk::{Attributes, Job, Line, Plan, Target};

use super::{bodies, d, day, ground, job, line, plans, sale};
use crate::Xero;

fn order(amounts: &[&str]) -> Job {
    let lines: Vec<Line> = amounts
        .iter()
        .enumerate()
        .map(|(at, amount)| {
            let fee = if amount.starts_with('-') { "resource-downgrade" } else { "resource-recurring" };
            line(&format!("l{at}"), fee, "1", amount, amount)
        })
        .collect();
    job("t1", "CH1", lines)
}

fn with(mut job: Job, settings: &[(&str, &str)]) -> Job {
    settings.iter().for_each(|(name, value)| job.settings.set(*name, *value));
    job
}

/// Kind, total and the lines' amounts as each document shows them; giving a credit is none.
fn documents(plan: &Plan) -> Vec<String> {
    plan.changes
        .iter()
        .filter(|change| change.document != "allocation")
        .map(|change| {
            let lines: Vec<String> = change.lines.iter().map(|line| line.amount.normalize().to_string()).collect();
            format!("{} {}: {}", change.document, change.total, lines.join(" "))
        })
        .collect()
}

#[test]
fn credits_are_split_or_netted() {
    for (amounts, split, net) in [
        (
            &["40", "-7.5"][..],
            &["invoice 40.00 USD: 40", "credit-note -7.50 USD: 7.5"][..],
            &["invoice 32.50 USD: 40 -7.5"][..],
        ),
        (&["40"], &["invoice 40.00 USD: 40"], &["invoice 40.00 USD: 40"]),
        (&["-5", "-2"], &["credit-note -7.00 USD: 5 2"], &["credit-note -7.00 USD: 5 2"]),
        (
            &["10", "-40", "5"],
            &["invoice 15.00 USD: 10 5", "credit-note -40.00 USD: 40"],
            &["credit-note -25.00 USD: -10 40 -5"],
        ),
        (&["40", "-40"], &["invoice 40.00 USD: 40", "credit-note -40.00 USD: 40"], &[]),
        (
            &["0.01", "-0.02"],
            &["invoice 0.01 USD: 0.01", "credit-note -0.02 USD: 0.02"],
            &["credit-note -0.01 USD: -0.01 0.02"],
        ),
    ] {
        for (policy, want) in [("split", split), ("net", net)] {
            let plan = plans(&[with(order(amounts), &[("credits", policy)])]).remove(0);
            assert_eq!(documents(&plan), want, "{amounts:?} {policy}");
            for change in &plan.changes {
                for line in &change.lines {
                    assert_eq!(line.quantity * line.unit_price, line.amount);
                }
            }
            let left: Vec<&str> = plan.left_out.iter().map(|one| one.why.as_str()).collect();
            assert_eq!(left.len(), if want.is_empty() { amounts.len() } else { 0 });
            assert!(left.iter().all(|why| why.starts_with("Zero amount")), "{left:?}");
        }
    }
    // What is sent has the signs of the preview, and no document is below zero.
    let plan = plans(&[with(order(&["10", "-40"]), &[("credits", "net")])]).remove(0);
    let body = &bodies(&plan)[0];
    let units: Vec<String> =
        body["LineItems"].as_array().unwrap().iter().map(|line| line["UnitAmount"].to_string()).collect();
    assert_eq!((body["Type"].as_str(), units), (Some("ACCRECCREDIT"), vec!["-10".to_owned(), "40".to_owned()]));
}

fn said(mut line: Line, name: &str, value: &str) -> Line {
    line.attributes.set(name, value);
    line
}

#[test]
fn what_nobody_pays_is_shown_or_left_out() {
    let free = || said(line("free", "resource-recurring", "3", "9", "0"), "billing", "no-charge");
    let kept_back = || {
        let line = said(line("kept", "resource-downgrade", "-1", "9", "0"), "billing", "do-not-bill");
        said(line, "billing-why", "set by ann")
    };
    let charge = || line("paid", "resource-recurring", "1", "5", "5");
    let refund = || line("back", "resource-downgrade", "-1", "5", "-5");
    for (lines, want, left) in [
        (vec![free(), charge()], &["invoice 5.00 USD: 0 5"][..], 0),
        (vec![refund(), free()], &["credit-note -5.00 USD: 5 0"], 0),
        (vec![charge(), refund(), free()], &["invoice 5.00 USD: 5 0", "credit-note -5.00 USD: 5"], 0),
        (vec![kept_back(), charge()], &["invoice 5.00 USD: 5"], 1),
        (vec![free()], &[], 1),
        (vec![kept_back()], &[], 1),
    ] {
        let plan = plans(&[job("t1", "CH1", lines)]).remove(0);
        assert_eq!(documents(&plan), want);
        assert_eq!(plan.left_out.len(), left);
    }
    let plan = plans(&[job("t1", "CH1", vec![free(), charge(), kept_back()])]).remove(0);
    let line = &plan.changes[0].lines[0];
    assert_eq!((line.quantity, line.unit_price, line.bills), (d("3"), d("0"), d("0")));
    assert!(plan.left_out[0].why.contains("set by ann"), "{:?}", plan.left_out);
    // A word of a newer host is no guess.
    let mut remote = Scripted::new(|call| ground(call).unwrap());
    let odd = job("t1", "CH1", vec![said(charge(), "billing", "barter")]);
    assert_eq!(Xero.plan(&mut remote, &[odd]).remove(0).unwrap_err().code, "line-attribute");
}

#[test]
fn an_untaxed_line_has_the_rate_for_that_or_is_refused() {
    let untaxed = || job("t1", "SO1", vec![said(line("l1", "resource-recurring", "1", "5", "5"), "taxable", "false")]);
    let mut remote = Scripted::new(|call| ground(call).unwrap());
    let failure = Xero.plan(&mut remote, &[untaxed()]).remove(0).unwrap_err();
    assert_eq!(failure.code, "xero-untaxed-unmapped");
    let mut linked = with(untaxed(), &[("tax_type_untaxed", "NONE")]);
    linked.links[1].attributes.set("tax-type", "OUTPUT2");
    let mut taxed = sale("t2", "SO2");
    taxed.order.lines[0].attributes.set("taxable", "true");
    let types: Vec<String> = plans(&[linked, taxed])
        .iter()
        .map(|plan| plan.changes[0].lines[0].attributes.get("tax-type").unwrap().to_owned())
        .collect();
    assert_eq!(types, ["NONE", "OUTPUT2"]);
    let unknown = with(untaxed(), &[("tax_type_untaxed", "INPUT2")]);
    let mut remote = Scripted::new(|call| ground(call).unwrap());
    assert_eq!(Xero.plan(&mut remote, &[unknown]).remove(0).unwrap_err().code, "xero-tax-unmapped");
}

#[test]
fn invoices_are_due_as_the_terms_say() {
    for (date, settings, due) in [
        ("2026-11-01", &[][..], "2026-12-01"),
        ("2026-11-01", &[("due_days", "0")], "2026-11-01"),
        ("2026-11-15", &[("due_terms", "day-of-following-month")], "2026-12-20"),
        ("2026-12-31", &[("due_terms", "day-of-following-month"), ("due_day", "1")], "2027-01-01"),
        ("2027-01-31", &[("due_terms", "day-of-following-month"), ("due_day", "31")], "2027-02-28"),
        ("2028-01-05", &[("due_terms", "day-of-following-month"), ("due_day", "30")], "2028-02-29"),
    ] {
        let mut job = with(sale("t1", "SO1"), settings);
        job.order.effective_on = day(date);
        assert_eq!(bodies(&plans(&[job])[0])[0]["DueDate"], due, "{date} {settings:?}");
    }
    for (name, value) in
        [("due_day", "0"), ("due_day", "32"), ("due_terms", "later"), ("credits", "both"), ("documents", "x")]
    {
        let mut remote = Scripted::new(|call| ground(call).unwrap());
        let failure = Xero.plan(&mut remote, &[with(sale("t1", "SO1"), &[(name, value)])]).remove(0).unwrap_err();
        assert!(failure.code == "xero-setting" && failure.message.contains(name), "{name} {value}: {failure}");
    }
}

#[test]
fn tracking_and_branding_are_checked_and_sent() {
    let theme = "dcdc9c5c-6d3c-4b33-b8d4-2d4c0b1e6a11";
    let good = with(
        sale("t1", "SO1"),
        &[("tracking_name", "Vendor"), ("tracking_option", "Microsoft"), ("branding_theme", theme)],
    );
    let body = bodies(&plans(&[good])[0]).remove(0);
    assert_eq!(body["BrandingThemeID"], theme);
    assert_eq!(body["LineItems"][0]["Tracking"][0]["Option"], "Microsoft");
    for (settings, code) in [
        (&[("tracking_name", "Vendor"), ("tracking_option", "Old")][..], "xero-tracking-unknown"),
        (&[("tracking_name", "Gone"), ("tracking_option", "X")], "xero-tracking-unknown"),
        (&[("tracking_name", "vendor"), ("tracking_option", "Microsoft")], "xero-tracking-unknown"),
        (&[("tracking_name", "Vendor")], "xero-setting"),
        (&[("tracking_option", "Microsoft")], "xero-setting"),
        (&[("branding_theme", "none")], "xero-branding-unknown"),
    ] {
        let mut remote = Scripted::new(|call| ground(call).unwrap());
        let failure = Xero.plan(&mut remote, &[with(sale("t1", "SO1"), settings)]).remove(0).unwrap_err();
        assert_eq!(failure.code, code, "{settings:?}");
    }
    // Not asked for where no setting needs them.
    let mut remote = Scripted::new(|call| ground(call).unwrap());
    Xero.plan(&mut remote, &[sale("t1", "SO1")]);
    assert!(remote.calls().iter().all(|call| !call.line().contains("Tracking") && !call.line().contains("Branding")));
}

#[test]
fn the_text_that_somebody_chose_wins_and_tells_the_days_once() {
    for (source, text, want) in [
        ("order", "Seats", "Microsoft 365 Business Premium, resource recurring, 2026-11-01 to 2026-11-30"),
        ("catalogue", "Premium  seats", "Premium seats, 2026-11-01 to 2026-11-30"),
        ("template", "Seats 2026-11-01 to 2026-11-30", "Seats 2026-11-01 to 2026-11-30"),
        ("template", "Seats [2026-11-01, 2026-12-01)", "Seats [2026-11-01, 2026-12-01)"),
        ("person", "Seats from 2026-11-01", "Seats from 2026-11-01, 2026-11-01 to 2026-11-30"),
        ("person", " ", "Microsoft 365 Business Premium, resource recurring, 2026-11-01 to 2026-11-30"),
    ] {
        let mut one = sale("t1", "SO1");
        one.order.lines[0].description = text.into();
        one.order.lines[0].attributes = Attributes::new().with("description-source", source);
        assert_eq!(plans(&[one])[0].changes[0].lines[0].description, want, "{source}");
    }
    // The words give way to the tag.
    let mut long = with(sale("t1", "SO1"), &[("documents", "append")]);
    long.order.lines[0].description = "x".repeat(5_000);
    long.order.lines[0].attributes = Attributes::new().with("description-source", "person");
    let text = plans(&[long])[0].changes[0].lines[0].description.clone();
    assert_eq!((text.chars().count(), crate::tag::read(&text).map(|tag| tag.number)), (4_000, Some("SO1")));
}

#[test]
fn usage_below_a_cent_is_gathered_by_resource_and_period() {
    let fine = |id: &str, product: &str, amount: &str| {
        let mut line = line(id, "resource-overuse", "4", "0.001", amount);
        line.product_code = product.into();
        line.item = None;
        line
    };
    let mut other_days = fine("e", "A", "0.004");
    other_days.service_period = None;
    let plan = plans(&[job(
        "t1",
        "BO1",
        vec![
            fine("a", "A", "0.004"),
            fine("b", "B", "0.004"),
            fine("c", "A", "0.006"),
            fine("d", "A", "0.01"),
            other_days,
        ],
    )])
    .remove(0);
    let lines: Vec<String> =
        plan.changes[0].lines.iter().map(|line| format!("{} {}", line.covers.join("+"), line.bills)).collect();
    assert_eq!(lines, ["d 0.01", "a+c 0.010"]);
    let gathered = &plan.changes[0].lines[1];
    assert!(gathered.description.ends_with("(2 amounts of usage)"), "{}", gathered.description);
    assert!(gathered.why.contains("come to 0.010 USD"), "{}", gathered.why);
    let left: Vec<&str> = plan.left_out.iter().map(|one| one.line.as_str()).collect();
    assert_eq!((left.len(), left.contains(&"b"), left.contains(&"e")), (2, true, true));
    // What comes to more than a coin and not to whole ones, nobody here may round.
    let mut remote = Scripted::new(|call| ground(call).unwrap());
    let odd = job("t1", "BO1", vec![fine("a", "A", "0.009"), fine("b", "A", "0.008")]);
    assert_eq!(Xero.plan(&mut remote, &[odd]).remove(0).unwrap_err().code, "xero-amount-precision");
}
