//! One `plan` call: the component in its sandbox against the same code natively, the same answers on both sides.

use std::sync::Arc;

use counterfoil_domain::id::{CustomerId, EntityId, LineId, Revision, TaskId};
use counterfoil_domain::job::{Billing, Job, JobKind, JobLine, JobLink, JobOrder, PriceSource, QuantityIs};
use counterfoil_domain::link::LinkKind;
use counterfoil_domain::order::{Fee, LineKind};
use counterfoil_domain::ports::{Exchange, Target};
use counterfoil_sdk as sdk;
use counterfoil_sdk::Target as _;
use counterfoil_sdk::testing::Scripted;
use tokio::runtime::Runtime;

use super::measure::{ratio, repeated};
use super::shop;
use super::world::now;
use super::xero::{Xero, contact};

pub(crate) fn run(runtime: &Runtime, sandboxed: &Arc<dyn Target>, rounds: usize) {
    println!("a) one plan call, sandbox against native code, the same scripted answers");
    let xero = Arc::new(Xero::default());
    for count in [1, 50] {
        let jobs: Vec<Job> = (0..count).map(job).collect();
        let ours: Vec<sdk::Job> = jobs.iter().map(guest_job).collect();
        let mut remote = Scripted::new(|call| {
            let asked = &call.request;
            Ok(sdk::Response::new(200, xero.answer(&asked.method, &asked.path, &asked.query, &[])))
        });
        let exchange: Arc<dyn Exchange> = Arc::clone(&xero) as Arc<dyn Exchange>;
        let call = || runtime.block_on(sandboxed.plan(Arc::clone(&exchange), jobs.clone())).unwrap();

        let inside: Vec<Vec<u8>> = call().into_iter().map(|plan| plan.unwrap().payload).collect();
        let outside: Vec<Vec<u8>> =
            counterfoil_xero::Xero.plan(&mut remote, &ours).into_iter().map(|plan| plan.unwrap().payload).collect();
        assert_eq!(inside, outside, "both plan the same");

        let native = repeated(rounds / 10, rounds, || {
            let plans = counterfoil_xero::Xero.plan(&mut remote, &ours);
            assert!(plans.len() == count && remote.take_calls().len() >= 6);
        });
        let sandbox = repeated(rounds / 10, rounds, || assert_eq!(call().len(), count));
        let each = |time: std::time::Duration| time.as_secs_f64() * 1e6 / count as f64;
        println!(
            "   {count:>2} jobs: sandbox {:.0} µs, native {:.0} µs, ratio {}; an order: {:.1} µs against {:.1} µs",
            sandbox.as_secs_f64() * 1e6,
            native.as_secs_f64() * 1e6,
            ratio(sandbox, native),
            each(sandbox),
            each(native),
        );
    }
}

fn job(n: usize) -> Job {
    let order = shop::order(n, shop::CUSTOMERS, now());
    let line = |line: &counterfoil_domain::order::OrderLine| JobLine {
        id: LineId::new(line.id.as_str()),
        fee: match line.kind {
            LineKind::Fee(fee) => fee,
            _ => Fee::ResourceRecurring,
        },
        description: line.description.clone(),
        product_code: line.product.as_ref().unwrap().code.clone(),
        product_name: line.product.as_ref().unwrap().name.clone(),
        quantity: line.quantity,
        quantity_is: QuantityIs::Whole,
        unit_price: line.unit_price,
        unit_cost: None,
        amount: line.amount,
        cost: None,
        service_period: None,
        billing: Billing::Billable,
        taxable: None,
        price_source: PriceSource::Order,
        arithmetic: format!("{} × {} = {} USD", line.quantity, line.unit_price, line.amount),
        proration: None,
        item: Some(EntityId::new("a4544d51-48f6-441f-a623-99ecbced6ab7")),
        attributes: vec![],
    };
    let link = |kind, source: &str, target: String| JobLink {
        kind,
        source: source.to_owned(),
        target: EntityId::new(target),
        target_code: String::new(),
        target_name: "Acme Ltd".into(),
        attributes: vec![],
    };
    let customer: CustomerId = order.customer.clone();
    let items = order.lines.iter().map(|line| {
        link(LinkKind::Item, &line.product.as_ref().unwrap().code, "a4544d51-48f6-441f-a623-99ecbced6ab7".to_owned())
    });
    Job {
        task: TaskId::new(format!("task-{n}")),
        links: std::iter::once(link(LinkKind::Party, customer.as_str(), contact(n))).chain(items).collect(),
        settings: vec![("account_code".into(), "200".into()), ("tax_type".into(), "OUTPUT2".into())],
        adjustments: vec![],
        marker: format!("{} cf-7k2m", order.number),
        today: now().date_naive(),
        attributes: vec![],
        order: JobOrder {
            number: order.number.clone(),
            kind: JobKind::Sales,
            revision: Revision::new("9f8e7d"),
            currency: order.currency,
            billing_model: order.billing_model,
            billing_cycle: "P1M".into(),
            customer_id: customer.to_string(),
            customer_name: "Acme Ltd".into(),
            subscription_id: "s1".into(),
            subscription_name: "Business Premium".into(),
            created_on: now().date_naive(),
            effective_on: now().date_naive(),
            lines: order.lines.iter().map(line).collect(),
            total: order.total.unwrap(),
            attributes: vec![],
            key: order.key,
        },
    }
}

fn attributes(pairs: &[(String, String)]) -> sdk::Attributes {
    pairs.iter().fold(sdk::Attributes::new(), |all, (name, value)| all.with(name, value))
}

fn day(date: chrono::NaiveDate) -> sdk::Date {
    sdk::Date::parse(&date.to_string()).unwrap()
}

/// The same job as the guest's code sees it.
fn guest_job(job: &Job) -> sdk::Job {
    let order = &job.order;
    let line = |line: &JobLine| sdk::Line {
        id: line.id.to_string(),
        fee: line.fee.name().into(),
        description: line.description.clone(),
        product_code: line.product_code.clone(),
        product_name: line.product_name.clone(),
        quantity: line.quantity,
        unit_price: line.unit_price,
        unit_cost: line.unit_cost,
        amount: line.amount,
        cost: line.cost,
        service_period: None,
        price_source: line.price_source.name().into(),
        arithmetic: line.arithmetic.clone(),
        item: line.item.as_ref().map(ToString::to_string),
        attributes: attributes(&line.attributes),
    };
    let link = |link: &JobLink| sdk::Link {
        kind: link.kind.name().into(),
        source_id: link.source.clone(),
        target_id: link.target.to_string(),
        target_code: link.target_code.clone(),
        target_name: link.target_name.clone(),
        attributes: attributes(&link.attributes),
    };
    sdk::Job {
        id: job.task.to_string(),
        links: job.links.iter().map(link).collect(),
        settings: attributes(&job.settings),
        adjustments: vec![],
        marker: job.marker.clone(),
        today: day(job.today),
        attributes: attributes(&job.attributes),
        order: sdk::Order {
            id: order.key.order.to_string(),
            number: order.number.clone(),
            kind: order.kind.name().into(),
            revision: order.revision.to_string(),
            currency: sdk::Currency::parse(order.currency.code()).unwrap(),
            billing_model: order.billing_model.name().into(),
            billing_cycle: order.billing_cycle.clone(),
            customer_id: order.customer_id.clone(),
            customer_name: order.customer_name.clone(),
            subscription_id: order.subscription_id.clone(),
            subscription_name: order.subscription_name.clone(),
            created_on: day(order.created_on),
            effective_on: day(order.effective_on),
            lines: order.lines.iter().map(line).collect(),
            total: order.total,
            attributes: attributes(&order.attributes),
        },
    }
}
