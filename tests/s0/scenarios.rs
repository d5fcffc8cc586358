//! S0.7 to S0.16: each row of the scenario table from the order in the marketplace to the document in Xero, under both
//! price choices. Every expected amount is taken from the marketplace's world and from the item's price, by hand here.

use counterfoil_server::wire::TaskDetail;
use counterfoil_sim::world::{FeeKind, Interval, Kind, Line, Order, OrderStatus};
use counterfoil_sim::xero::{Document, DocumentKind};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::bench::{Bench, DEARER, XERO, ago, xero_plugin};
use crate::shop::{AZURE, BACKUP, EGRESS, FIREWALL, SERVER, VOICE, nothing_sold};

/// Items for fees that name no product, and what they cost in Xero.
const FEE_ITEMS: [(&str, i64); 3] = [("plan-setup", 77), ("plan-recurring", 55), ("cancellation-fee", 33)];

/// Whose price a line must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Price {
    Order,
    Catalogue,
}
use Price::{Catalogue, Order as FromOrder};

async fn bench(price_source: &str) -> Bench {
    let bench = Bench::start(nothing_sold(), &[xero_plugin().await]).await;
    let links: Vec<Value> = FEE_ITEMS
        .iter()
        .map(|(fee, price)| {
            let id = bench.books.state().add_item(fee, fee, Decimal::from(*price), "200");
            json!({ "kind": "fee", "source": fee, "target": id, "code": fee, "name": fee })
        })
        .collect();
    bench.connect(json!({ "price_source": price_source, "link": links })).await;
    bench.check(XERO).await;
    bench
}

/// Checks, plans, confirms and sends what there is, and gives the documents of one order.
async fn billed(bench: &Bench, number: &str) -> (TaskDetail, Vec<Document>) {
    bench.check(XERO).await;
    let plan = bench.plan(XERO).await;
    assert_eq!(plan.state, "done", "{plan:#?}");
    bench.sync(XERO).await;
    let task = bench.task(XERO, number).await;
    assert_eq!(task.task.state, "synced", "{task:#?}");
    let ours = |document: &Document| document.reference.as_deref().is_some_and(|text| text.starts_with(number));
    (task, bench.books.state().documents().into_iter().filter(ours).collect())
}

/// What a line must come to, and on which document: refunds stand on a credit note with positive amounts.
fn due(bench: &Bench, line: &Line, price: Price) -> (DocumentKind, Decimal) {
    let kind = if line.extended.is_sign_negative() { DocumentKind::CreditNote } else { DocumentKind::Invoice };
    let of_fee = |name: &str| FEE_ITEMS.iter().find(|(fee, _)| *fee == name).map(|(_, price)| Decimal::from(*price));
    let amount = match (price, line.product) {
        (FromOrder, _) => line.extended,
        (Catalogue, Some(product)) => {
            let listed = bench.market.with_world(|world| world.products()[product].recurring.unwrap().price);
            line.quantity * (listed + DEARER)
        }
        (Catalogue, None) if line.fee == FeeKind::Setup => of_fee("plan-setup").unwrap(),
        (Catalogue, None) => of_fee("plan-recurring").unwrap(),
    };
    (kind, amount.abs())
}

/// Every line of the order stands once in the books, on the right document, at the right price; and nothing else does.
async fn holds(bench: &Bench, number: &str, scenario: &str, price: impl Fn(&Line) -> Price) -> TaskDetail {
    let order = bench.marketplace_order(number);
    let mut expected: Vec<_> =
        order.lines.iter().filter(|line| !line.extended.is_zero()).map(|line| due(bench, line, price(line))).collect();
    let (task, documents) = billed(bench, number).await;
    let lines =
        documents.iter().flat_map(|document| document.lines.iter().map(|line| (document.kind, line.line_amount)));
    let mut booked: Vec<_> = lines.collect();
    let order_of = |one: &(DocumentKind, Decimal)| (one.0 == DocumentKind::CreditNote, one.1);
    expected.sort_by_key(order_of);
    booked.sort_by_key(order_of);
    assert_eq!(booked, expected, "{number}: {documents:#?}");
    assert_eq!(task.task.scenario, scenario);
    // Read back: what the task shows is what stands in the books.
    // A credit that waits for the documents' approval is a step beside them, and no document of its own.
    let receipt = task.receipt.as_ref().unwrap();
    let shown = receipt.observed.iter().filter(|one| !one.key.starts_with("allocation:")).count();
    assert_eq!(shown, documents.len(), "{task:#?}");
    task
}

fn fees(order: &Order) -> Vec<(FeeKind, bool)> {
    order.lines.iter().map(|line| (line.fee, line.product.is_some())).collect()
}

const PLAN: bool = false;
const RESOURCE: bool = true;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_7_a_new_sale_is_billed_at_the_orders_prices() {
    let bench = bench("marketplace").await;
    let sale = bench.sell(BACKUP, 6, ago(5), OrderStatus::Completed);
    let order = bench.marketplace_order(&sale);
    for fee in
        [(FeeKind::Setup, PLAN), (FeeKind::Setup, RESOURCE), (FeeKind::Recurring, PLAN), (FeeKind::Recurring, RESOURCE)]
    {
        assert!(fees(&order).contains(&fee), "the sale has no {fee:?}");
    }
    let task = holds(&bench, &sale, "new sale", |_| FromOrder).await;
    assert_eq!(bench.books.state().net_total(), order.total);
    // The arithmetic is shown, with its source.
    let plan = task.plan.unwrap();
    let lines = plan.changes.iter().flat_map(|change| &change.lines);
    assert!(
        lines.clone().count() == order.lines.len()
            && lines
                .clone()
                .all(|line| line.arithmetic.contains("from the order") || line.arithmetic.contains("in the order"))
    );
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_8_with_the_targets_prices_a_new_sale_takes_those_of_its_catalogue() {
    let bench = bench("target").await;
    let sale = bench.sell(BACKUP, 6, ago(5), OrderStatus::Completed);
    let task = holds(&bench, &sale, "new sale", |_| Catalogue).await;
    assert_ne!(bench.books.state().net_total(), bench.marketplace_order(&sale).total);
    let plan = task.plan.unwrap();
    let lines: Vec<_> = plan.changes.iter().flat_map(|change| &change.lines).collect();
    assert!(lines.iter().all(|line| line.arithmetic.contains("target's catalogue")), "{lines:#?}");
    bench.stop().await;
}

/// A fee of the plan names no product: with the target's prices it waits until somebody says which item it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_8_a_plans_fee_without_an_item_waits_for_its_link() {
    let bench = Bench::start(nothing_sold(), &[xero_plugin().await]).await;
    bench.connect(json!({ "price_source": "target" })).await;
    bench.check(XERO).await;
    let sale = bench.sell(BACKUP, 2, ago(5), OrderStatus::Completed);
    bench.check(XERO).await;
    let task = bench.task(XERO, &sale).await.task;
    assert_eq!(task.state, "pending", "{task:#?}");
    let needs = format!("{:?}", task.needs);
    assert!(needs.contains("plan-setup") && needs.contains("plan-recurring"), "{needs}");
    for (fee, price) in &FEE_ITEMS[..2] {
        let id = bench.books.state().add_item(fee, fee, Decimal::from(*price), "200");
        let target = json!({ "id": id, "code": fee, "name": fee });
        let link = json!({ "connection": XERO, "kind": "fee", "source": fee, "state": "linked", "target": target });
        let (status, answer) = bench.api.call(reqwest::Method::PUT, "/v1/links", Some(&link)).await;
        assert_eq!(status, 200, "{answer}");
    }
    holds(&bench, &sale, "new sale", |_| Catalogue).await;
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_9_aligned_with_the_statement_day_recurring_fees_keep_the_orders_price() {
    let bench = bench("target").await;
    let sale = bench.sell(VOICE, 3, ago(5), OrderStatus::Completed);
    let task = holds(&bench, &sale, "new sale", |line| match line.fee {
        FeeKind::Recurring => FromOrder,
        _ => Catalogue,
    })
    .await;
    let plan = task.plan.unwrap();
    let aligned =
        plan.changes.iter().flat_map(|change| &change.lines).filter(|line| line.arithmetic.contains("statement day"));
    assert_eq!(aligned.count(), 2, "plan and resource recurring say why");
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_10_an_upgrade_takes_the_price_that_was_chosen() {
    for (choice, price) in [("marketplace", FromOrder), ("target", Catalogue)] {
        let bench = bench(choice).await;
        let sale = bench.sell(BACKUP, 6, ago(60), OrderStatus::Completed);
        let upgrade = bench.order(Kind::Upgrade, &sale, Some(3), ago(5));
        let of = fees(&bench.marketplace_order(&upgrade));
        assert_eq!(of, [(FeeKind::Setup, RESOURCE), (FeeKind::Recurring, RESOURCE)]);
        holds(&bench, &upgrade, "upgrade or downgrade", |_| price).await;
        bench.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_11_a_downgrade_keeps_the_orders_price_and_becomes_a_credit_note() {
    for choice in ["marketplace", "target"] {
        let bench = bench(choice).await;
        let sale = bench.sell(BACKUP, 6, ago(60), OrderStatus::Completed);
        let downgrade = bench.order(Kind::Downgrade, &sale, Some(-2), ago(5));
        let order = bench.marketplace_order(&downgrade);
        assert_eq!(fees(&order), [(FeeKind::Downgrade, RESOURCE)]);
        assert!(order.total.is_sign_negative());
        holds(&bench, &downgrade, "upgrade or downgrade", |_| FromOrder).await;
        let notes = bench.books.state().credit_notes();
        assert_eq!((notes.len(), notes[0].sub_total), (1, -order.total));
        bench.stop().await;
    }
}

/// A billing order for a subscription that is billed in arrears, with every kind of line that its row takes.
fn arrears(bench: &Bench, refund: impl Fn(&Line) -> Line) -> String {
    let sale = bench.sell(SERVER, 3, ago(60), OrderStatus::Completed);
    let bill = bench.order(Kind::Billing, &sale, None, ago(5));
    let server = |line: &&Line| line.fee == FeeKind::Recurring && line.product.is_some();
    let egress = bench.mpn(
        bench.marketplace_order(&bill).lines.iter().find(|line| line.fee == FeeKind::Overuse).unwrap().product.unwrap(),
    );
    assert_eq!(egress, EGRESS, "the pay-per-use product of the plan");
    bench.revise(&bill, |order| {
        order.lines.retain(|line| line.fee != FeeKind::RecurringRefund);
        let recurring = order.lines.iter().find(server).unwrap().clone();
        // Overuse of a product that has a monthly price is no pay-per-use.
        let mut overuse = recurring.clone();
        (overuse.fee, overuse.quantity, overuse.extended) =
            (FeeKind::Overuse, Decimal::TWO, recurring.unit_price * Decimal::TWO);
        order.lines.push(overuse);
        order.lines.push(refund(&recurring));
    });
    bill
}

fn refund_of(line: &Line) -> Line {
    let mut refund = line.clone();
    (refund.fee, refund.unit_price, refund.extended) = (FeeKind::RecurringRefund, -line.unit_price, -line.extended);
    refund
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_12_an_existing_subscription_is_billed_in_arrears_at_the_chosen_price() {
    for (choice, price) in [("marketplace", FromOrder), ("target", Catalogue)] {
        let bench = bench(choice).await;
        let bill = arrears(&bench, refund_of);
        let metered = |line: &Line| line.product.is_some_and(|product| bench.mpn(product) == EGRESS);
        let task =
            holds(&bench, &bill, "existing subscription", |line| if metered(line) { FromOrder } else { price }).await;
        let kinds: Vec<DocumentKind> = documents_of(&bench, &bill).iter().map(|document| document.kind).collect();
        assert_eq!(kinds, [DocumentKind::Invoice, DocumentKind::CreditNote], "{task:#?}");
        bench.stop().await;
    }
}

fn documents_of(bench: &Bench, number: &str) -> Vec<Document> {
    let mut documents = bench.books.state().documents();
    documents.retain(|document| document.reference.as_deref().is_some_and(|text| text.starts_with(number)));
    documents
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_13_a_partial_period_keeps_the_orders_price_for_recurring_fees_and_refunds() {
    let bench = bench("target").await;
    // The refund is for the last ten days of a month; the recurring lines are for the whole of it.
    let bill = arrears(&bench, |line| {
        let mut refund = refund_of(line);
        let whole = line.period.unwrap();
        let part = Interval { start: whole.end - chrono::Days::new(10), end: whole.end };
        refund.extended = (refund.extended / Decimal::from(3)).round_dp(2);
        refund.description = format!(
            "{} (1 Month(s) term) from {} through {}",
            line.description.split(" (").next().unwrap(),
            part.start,
            part.through()
        );
        refund
    });
    let metered = |line: &Line| line.product.is_some_and(|product| bench.mpn(product) == EGRESS);
    holds(&bench, &bill, "existing subscription", |line| match line.fee {
        FeeKind::RecurringRefund => FromOrder,
        _ if metered(line) => FromOrder,
        _ => Catalogue,
    })
    .await;

    // And a bill whose recurring line is for a part of the month.
    let bill = arrears(&bench, refund_of);
    bench.revise(&bill, |order| {
        let line =
            order.lines.iter_mut().find(|line| line.fee == FeeKind::Recurring && line.product.is_some()).unwrap();
        let whole = line.period.unwrap();
        line.extended = (line.extended / Decimal::from(3)).round_dp(2);
        let part = Interval { start: whole.end - chrono::Days::new(10), end: whole.end };
        line.description = format!("Servers (1 Month(s) term) from {} through {}", part.start, part.through());
    });
    holds(&bench, &bill, "existing subscription", |line| match (line.fee, line.product.is_some()) {
        (FeeKind::Recurring, RESOURCE) => FromOrder,
        _ if metered(line) => FromOrder,
        _ => Catalogue,
    })
    .await;
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_14_a_cancellation_keeps_the_orders_prices_charges_and_refunds_apart() {
    for choice in ["marketplace", "target"] {
        let bench = bench(choice).await;
        let sale = bench.sell(BACKUP, 4, ago(60), OrderStatus::Completed);
        let cancellation = bench.order(Kind::CancelRefund, &sale, None, ago(5));
        bench.revise(&cancellation, |order| {
            order.lines.retain(|line| line.fee == FeeKind::RecurringRefund);
            let resource = order.lines.iter().find(|line| line.product.is_some()).unwrap().clone();
            let plan = order.lines.iter().find(|line| line.product.is_none()).unwrap().clone();
            let more = [
                (FeeKind::SetupRefund, &resource, -1_500),
                (FeeKind::SetupRefund, &plan, -9_900),
                (FeeKind::Overuse, &resource, 1_234),
                (FeeKind::Cancellation, &plan, 7_500),
            ];
            for (fee, like, cents) in more {
                let mut line = like.clone();
                (line.fee, line.quantity, line.period, line.description) =
                    (fee, Decimal::ONE, None, format!("{fee:?}"));
                (line.unit_price, line.extended) = (Decimal::new(cents, 2), Decimal::new(cents, 2));
                order.lines.push(line);
            }
        });
        let order = bench.marketplace_order(&cancellation);
        let of = fees(&order);
        for fee in [
            (FeeKind::Cancellation, PLAN),
            (FeeKind::Overuse, RESOURCE),
            (FeeKind::RecurringRefund, RESOURCE),
            (FeeKind::SetupRefund, RESOURCE),
            (FeeKind::RecurringRefund, PLAN),
            (FeeKind::SetupRefund, PLAN),
        ] {
            assert!(of.contains(&fee), "{fee:?} is missing");
        }
        holds(&bench, &cancellation, "cancellation", |_| FromOrder).await;
        let documents = documents_of(&bench, &cancellation);
        let sum = |kind: DocumentKind| {
            documents.iter().filter(|one| one.kind == kind).map(|one| one.sub_total).sum::<Decimal>()
        };
        assert_eq!(sum(DocumentKind::Invoice), Decimal::new(8_734, 2));
        assert_eq!(sum(DocumentKind::Invoice) - sum(DocumentKind::CreditNote), order.total);
        bench.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_15_usage_keeps_the_orders_price_under_both_choices() {
    for choice in ["marketplace", "target"] {
        let bench = bench(choice).await;
        let rated = bench.sell(AZURE, 1, ago(60), OrderStatus::Completed);
        let bill = bench.order(Kind::Billing, &rated, None, ago(5));
        bench.revise(&bill, |order| {
            let mut recurring = order.lines[0].clone();
            (recurring.fee, recurring.quantity) = (FeeKind::Recurring, Decimal::ONE);
            (recurring.unit_price, recurring.extended) = (Decimal::new(1_999, 2), Decimal::new(1_999, 2));
            recurring.description = "Azure plan usage, fixed part".to_owned();
            order.lines.push(recurring);
        });
        let of = fees(&bench.marketplace_order(&bill));
        assert!(of.contains(&(FeeKind::Overuse, RESOURCE)) && of.contains(&(FeeKind::Recurring, RESOURCE)), "{of:?}");
        holds(&bench, &bill, "resource usage", |_| FromOrder).await;
        bench.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_16_any_other_configuration_is_ignored_with_a_reason_that_names_it() {
    let bench = bench("marketplace").await;
    let at = |minutes| ago(minutes);
    let sale = bench.sell(BACKUP, 2, at(59), OrderStatus::Completed);
    let server = bench.sell(SERVER, 2, at(58), OrderStatus::Completed);
    let azure = bench.sell(AZURE, 2, at(57), OrderStatus::Completed);
    let firewall = bench.sell(FIREWALL, 2, at(56), OrderStatus::Completed);
    // Some of them are free by nature; these cost something, so that zero is not the reason.
    let charged = |number: String| {
        let five = Decimal::from(5);
        bench.revise(&number, |order| {
            for line in order.lines.iter_mut().filter(|line| line.extended.is_zero()) {
                (line.quantity, line.unit_price, line.extended) = (Decimal::ONE, five, five);
            }
        });
        number
    };
    let order = |kind, of: &String, minutes| charged(bench.order(kind, of, None, at(minutes)));
    let half = order(Kind::Upgrade, &sale, 30);
    bench.revise(&half, |order| order.lines[0].fee = FeeKind::SetupRefund);
    let nothing = order(Kind::Upgrade, &sale, 29);
    bench.revise(&nothing, |order| order.lines.iter_mut().for_each(|line| line.extended = Decimal::ZERO));
    let expected = [
        (server.clone(), "unsupported-billing-model", "sales orders billed after-billing-period"),
        (charged(azure.clone()), "unsupported-billing-model", "sales orders billed external-rating"),
        (firewall.clone(), "unsupported-billing-model", "sales orders billed before-subscription-period"),
        (order(Kind::Upgrade, &server, 50), "unsupported-billing-model", "change orders billed after-billing-period"),
        (
            order(Kind::CancelRefund, &azure, 49),
            "unsupported-billing-model",
            "cancellation orders billed external-rating",
        ),
        (order(Kind::Billing, &sale, 48), "unsupported-billing-model", "billing orders billed before-billing-period"),
        (
            order(Kind::Billing, &firewall, 47),
            "unsupported-billing-model",
            "billing orders billed before-subscription-period",
        ),
        (order(Kind::Renewal, &sale, 46), "unsupported-order-type", "renewal orders"),
        (order(Kind::Resource, &sale, 45), "unsupported-order-type", "unknown orders"),
        (order(Kind::Migration, &sale, 44), "migrated-subscription", "migrated"),
        (order(Kind::PlanSwitch, &sale, 43), "unsupported-fee", "switch"),
        (half.clone(), "unsupported-fee", "resource-setup-refund"),
        (nothing, "zero-amount", "no line"),
        (order(Kind::Payment, &sale, 42), "zero-amount", "no line"),
    ];
    bench.check(XERO).await;
    let mut wrong = Vec::new();
    for (number, reason, named) in &expected {
        let task = bench.task(XERO, number).await.task;
        let ignored = task.ignored.unwrap_or_else(|| panic!("{number} is {}, not ignored", task.state));
        if ignored.reason != *reason || !ignored.text.contains(named) {
            wrong.push(format!("{number}: {} \"{}\", not {reason} naming {named}", ignored.reason, ignored.text));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // Ignored whole: the good lines of an order with one bad line are not billed either.
    bench.plan(XERO).await;
    bench.sync(XERO).await;
    assert_eq!(bench.books.state().net_total(), bench.comes_to(&sale));
    bench.stop().await;
}
