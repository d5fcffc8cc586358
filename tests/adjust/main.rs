//! Adjusting and deciding through the binary, the API, the sandbox and a simulated Xero: what was set is shown, confirmed,
//! written and kept through a revision; what was planned before is refused.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../by_hand/support.rs"]
#[expect(dead_code, reason = "the other tests need the rest")]
mod support;

use chrono::Utc;
use counterfoil_sim::world::{NewSale, OrderStatus};
use rust_decimal::Decimal;
use serde_json::Value;
use support::{Shop, Sims, plugin, text};

fn number(value: &Value) -> Decimal {
    text(value).parse().unwrap()
}

fn id(task: &Value) -> String {
    text(&task["id"])
}

/// Orders in the books, in cents' exactness.
fn booked(sims: &Sims, order: &str) -> Vec<Decimal> {
    sims.books().into_iter().filter(|(of, _)| of == order).map(|(_, amount)| amount).collect()
}

/// The order's lines that bill something, as the desk shows them.
fn lines(desk: &Value) -> Vec<Value> {
    let lines = desk["lines"].as_array().unwrap().iter();
    lines.filter(|line| number(&line["order"]["amount"]["amount"]) != Decimal::ZERO).cloned().collect()
}

fn desk(shop: &Shop, task: &str) -> Value {
    shop.run(&["adjust", task, "--json"]).exits(0).json()
}

/// A sale of today, completed, of what the books have an item for.
fn sale(sims: &Sims) -> String {
    sims.cloudblue.with_world(|world| {
        let mpn = world.expected_xero_items()[0].code.clone();
        world
            .new_sale(&NewSale {
                customer_id: None,
                mpn: Some(mpn),
                quantity: 4,
                at: Utc::now(),
                status: OrderStatus::Completed,
            })
            .unwrap()
    })
}

fn revise(sims: &Sims, order: &str, change: impl FnOnce(&mut counterfoil_sim::world::Order)) {
    sims.cloudblue.with_world(|world| world.revise_order(order, change).unwrap());
}

/// Its customer and products are linked by the rules, and it is ready.
fn ready(shop: &Shop) -> Value {
    let one = |task: &Value| lines(&desk(shop, &id(task))).len() == 1;
    shop.tasks(Some("planned")).into_iter().find(one).unwrap()
}

#[test]
fn a_task_is_adjusted_by_line_shown_and_written_as_it_was_adjusted() {
    let Some(plugin) = plugin() else { return };
    let sims = Sims::start();
    let shop = Shop::of(plugin, &sims);
    shop.run(&["check"]).exits(0);
    shop.run(&["plan", "--brief"]).exits(2);
    let task = ready(&shop);
    let (task_id, order, plan) = (id(&task), text(&task["number"]), text(&task["plan"]));
    let line = text(&lines(&desk(&shop, &task_id))[0]["order"]["id"]);

    // What cannot be is refused by order, line and rule, and changes nothing.
    let refused = shop.run(&["adjust", &task_id, "--line", &line, "--quantity", "0"]).exits(1);
    refused.with(&[&order, &format!("line {line}"), "do-not-bill"]);
    shop.run(&["adjust", &task_id, "--line", "no-such", "--quantity", "1"]).exits(1).with(&["no-such", &line]);
    assert_eq!(shop.task(&order)["state"], "planned");

    shop.run(&["adjust", &task_id, "--line", &line, "--quantity", "3", "--price", "10.005"]).exits(0);
    shop.run(&["adjust", &task_id, "--line", &line, "--description", "Three of ours"]).exits(0).with(&[
        "quantity 3",
        "price 10.005",
        "Three of ours",
    ]);
    assert_eq!(shop.task(&order)["state"], "ready");
    // What was shown before is not what would be sent.
    shop.run(&["sync", &plan]).exits(5).with(&["somebody adjusted the task"]);
    assert_eq!(sims.writes(), []);

    let shown = shop.run(&["plan", &task_id]).exits(2);
    let shown = shown.with(&["Three of ours", "quantity and price set by admin", "order-total-differs"]);
    assert!(shown.out.contains("3 × 10.005 = 30.02 USD, rounded half up"), "{shown}");
    // More or less than the order says is a person's to accept.
    shop.run(&["sync", &task_id]).exits(5).with(&["order-total-differs"]);
    shop.run(&["sync", &task_id, "--accept", "order-total-differs"]).exits(0);
    assert_eq!(booked(&sims, &order), ["30.02".parse::<Decimal>().unwrap()]);
    let texts = |document: &counterfoil_sim::xero::Document| {
        document.lines.iter().any(|line| line.description.as_deref().is_some_and(|text| text.contains("Three of ours")))
    };
    assert!(sims.xero.state().documents().iter().any(texts));

    // Sent is sent.
    shop.run(&["adjust", &task_id, "--line", &line, "--quantity", "4"]).exits(5).with(&["in the target already"]);
    shop.run(&["adjust", &task_id, "--clear"]).exits(5);
}

#[test]
fn a_line_that_nobody_pays_is_left_out_and_clearing_brings_it_back() {
    let Some(plugin) = plugin() else { return };
    let sims = Sims::start();
    let shop = Shop::of(plugin, &sims);
    shop.run(&["check"]).exits(0);
    shop.run(&["plan", "--brief"]).exits(2);
    let several = |task: &Value| lines(&desk(&shop, &id(task))).len() > 1;
    let task = shop.tasks(Some("planned")).into_iter().find(several).unwrap();
    let (task_id, order) = (id(&task), text(&task["number"]));
    let all = lines(&desk(&shop, &task_id));
    let (gone, rest) = all.split_first().unwrap();
    let rest: Decimal = rest.iter().map(|line| number(&line["order"]["amount"]["amount"])).sum();

    let line = text(&gone["order"]["id"]);
    shop.run(&["adjust", &task_id, "--line", &line, "--do-not-bill"]).exits(0);
    let planned = shop.run(&["plan", &task_id, "--json"]).exits(2).json();
    let left_out = planned["plans"][0]["left_out"].as_array().unwrap().clone();
    assert!(left_out.iter().any(|left| left["line"] == gone["order"]["id"]), "{left_out:?}");
    assert_eq!(number(&planned["plans"][0]["totals"][0]["amount"]), rest);

    // Taken back, the plan is the order's again.
    shop.run(&["adjust", &task_id, "--clear"]).exits(0);
    let whole = shop.run(&["plan", &task_id, "--json"]).exits(2).json();
    assert_eq!(whole["plans"][0]["totals"][0]["amount"], task["amount"]["amount"]);

    shop.run(&["adjust", &task_id, "--line", &line, "--do-not-bill"]).exits(0);
    shop.run(&["plan", &task_id]).exits(2).with(&["left out", "order-total-differs"]);
    shop.run(&["sync", &task_id, "--accept", "order-total-differs"]).exits(0);
    assert_eq!(booked(&sims, &order), [rest]);
}

#[test]
fn a_revision_keeps_what_is_still_there_and_reports_the_rest() {
    let Some(plugin) = plugin() else { return };
    let sims = Sims::start();
    let shop = Shop::of(plugin, &sims);
    shop.run(&["check"]).exits(0);
    let order = sale(&sims);
    shop.run(&["check"]).exits(0);
    let task = shop.task(&order);
    let first = id(&task);
    let line = text(&lines(&desk(&shop, &first))[0]["order"]["id"]);
    shop.run(&["adjust", &first, "--line", &line, "--quantity", "2"]).exits(0);

    revise(&sims, &order, |order| order.total += Decimal::ONE);
    shop.run(&["check"]).exits(0);
    let second = id(&shop.task_now(&order));
    assert_ne!(first, second);
    let kept = desk(&shop, &second);
    let set = |desk: &Value| {
        desk["lines"].as_array().unwrap().iter().find_map(|line| line["set"]["quantity"].as_str().map(str::to_owned))
    };
    assert_eq!(set(&kept).as_deref(), Some("2"), "{kept}");
    assert_eq!(kept["by"], "admin");
    shop.run(&["adjust", &first, "--line", &line, "--quantity", "1"]).exits(5).with(&["newer revision"]);

    revise(&sims, &order, |order| {
        order.lines.retain(|line| line.product.is_none());
        order.total = order.lines.iter().map(|line| line.extended).sum();
    });
    shop.run(&["check"]).exits(0);
    let third = id(&shop.task_now(&order));
    let desk = desk(&shop, &third);
    assert_eq!(set(&desk), None, "{desk}");
    assert!(desk["dropped"].to_string().contains("quantity 2, set by admin"), "{desk}");
    shop.run(&["adjust", &third]).exits(0).with(&["not kept from the earlier revision"]);
}

#[test]
fn an_order_without_details_is_decided_planned_and_written() {
    let Some(plugin) = plugin() else { return };
    let sims = Sims::start();
    let shop = Shop::of(plugin, &sims);
    shop.run(&["check"]).exits(0);
    let order = sale(&sims);
    revise(&sims, &order, |order| {
        order.lines.clear();
        order.total = Decimal::new(5_550, 2);
    });
    shop.run(&["check"]).exits(0);
    let task = id(&shop.task(&order));
    assert_eq!(shop.task(&order)["state"], "pending");
    let asked = shop.run(&["decide", &task]).exits(2);
    asked.with(&["one-line", "nothing", "55.50", "the marketplace gives no lines"]);
    // Planning does not answer what a person was asked.
    shop.run(&["plan", &task]).exits(2).with(&["needs a decision"]);
    shop.run(&["decide", &task, "--proposal", "one-lime", "--reason", "x"]).exits(1).with(&["one-line"]);

    shop.run(&["decide", &task, "--proposal", "one-line", "--reason", "agreed with the vendor"]).exits(0);
    shop.run(&["plan", &task]).exits(2).with(&["line set by admin", "55.50"]);
    shop.run(&["sync", &task]).exits(0);
    assert_eq!(booked(&sims, &order), [Decimal::new(5_550, 2)]);
    assert_eq!(shop.task(&order)["state"], "synced");
}

#[test]
fn a_revision_after_sending_bills_the_difference_once_it_was_decided() {
    let Some(plugin) = plugin() else { return };
    let sims = Sims::start();
    let shop = Shop::of(plugin, &sims);
    // The marketplace's number names the order; a second document of it needs one of Xero's own.
    shop.write("setup.toml", &sims.setup().replace("account_code =", "number_source = \"target\", account_code ="));
    shop.run(&["apply", "-f", "setup.toml"]).exits(0);
    shop.run(&["check"]).exits(0);
    let order = sale(&sims);
    shop.run(&["check"]).exits(0);
    let first = shop.task(&order);
    shop.run(&["plan", &id(&first)]).exits(2);
    shop.run(&["sync", &id(&first)]).exits(0);
    let was = number(&first["amount"]["amount"]);
    assert_eq!(booked(&sims, &order), [was]);

    revise(&sims, &order, |order| {
        let line = order.lines.iter_mut().find(|line| !line.extended.is_zero()).unwrap();
        line.extended += Decimal::from(7);
        order.total += Decimal::from(7);
    });
    shop.run(&["check"]).exits(0);
    let revised = shop.tasks(Some("pending")).into_iter().find(|task| task["number"] == order.as_str()).unwrap();
    let task = id(&revised);
    shop.run(&["decide", &task]).exits(2).with(&["difference", "7.00", "whole", &was.to_string()]);
    shop.run(&["decide", &task, "--proposal", "difference", "--reason", "seats were added late"]).exits(0);
    // Whoever decided the difference accepts that it is not the order's total; that the days are billed was the question.
    let plan = shop.run(&["plan", &task]).exits(2).with(&["7.00", "order-total-differs"]);
    assert!(!plan.out.contains("period-billed-already"), "{}", plan.out);
    shop.run(&["sync", &task, "--accept", "order-total-differs"]).exits(0);
    let mut booked = booked(&sims, &order);
    booked.sort();
    let mut expected = vec![was, Decimal::from(7)];
    expected.sort();
    assert_eq!(booked, expected);
}

impl Shop {
    /// The order's task that no newer revision took the place of.
    fn task_now(&self, order: &str) -> Value {
        let now = |task: &Value| task["number"] == order && task["state"] != "superseded";
        self.tasks(None).into_iter().find(now).unwrap_or_else(|| panic!("no task of {order}"))
    }
}
