//! Owns what the control endpoint shows of an account: everything a test in another process counts. Amounts are cents.

use serde_json::{Value, json};

use super::customers::Customer;
use super::invoices::{Invoice, InvoiceLine};
use super::lines::Line;
use super::products::Product;
use super::schedules::Schedule;
use super::state::SyncroState;
use super::watch::Violation;

pub(crate) fn shown(state: &SyncroState) -> Value {
    let schedules: Vec<Value> = state.schedules().iter().map(|one| schedule(one, &state.lines(one.id))).collect();
    json!({
        "now": state.now().to_rfc3339(),
        "customers": state.customers().iter().map(customer).collect::<Vec<_>>(),
        "products": state.products().iter().map(product).collect::<Vec<_>>(),
        "schedules": schedules,
        "invoices": state.invoices().iter().map(invoice).collect::<Vec<_>>(),
        "violations": violations(state),
        "dangers": state.dangers().iter().map(|one| json!({"invoice": one.invoice, "schedule": one.schedule,
            "total_cents": one.total_cents, "charged": one.charged, "emailed": one.emailed})).collect::<Vec<_>>(),
    })
}

pub(crate) fn violations(state: &SyncroState) -> Value {
    let one = |one: &Violation| json!({"kind": one.kind.name(), "what": one.what, "exchange": one.exchange});
    Value::Array(state.violations().iter().map(one).collect())
}

fn customer(one: &Customer) -> Value {
    json!({"id": one.id, "name": one.business_then_name(), "disabled": one.disabled, "maker": one.maker.name()})
}

fn product(one: &Product) -> Value {
    json!({"id": one.id, "name": one.name, "description": one.description,
        "price_retail": one.price_retail.to_string(), "price_cost": one.price_cost.to_string(),
        "disabled": one.disabled, "taxable": one.taxable, "maintain_stock": one.maintain_stock,
        "serialized": one.serialized, "upc_code": one.upc_code, "maker": one.maker.name(),
        "skus": one.skus.iter().map(|sku| &sku.sku).collect::<Vec<_>>()})
}

fn schedule(one: &Schedule, lines: &[Line]) -> Value {
    json!({"id": one.id, "customer": one.customer, "name": one.name, "frequency": one.frequency.name(),
        "next_run": one.next_run.to_string(), "paused": one.paused, "charge_mop": one.charge_mop,
        "email_customer": one.email_customer, "maker": one.maker.name(),
        "lines": lines.iter().map(line).collect::<Vec<_>>()})
}

fn line(one: &Line) -> Value {
    json!({"id": one.id, "product": one.product, "name": one.name, "description": one.description,
        "quantity": one.billed_quantity().normalize().to_string(), "retail_cents": one.retail_cents,
        "cost_cents": one.cost_cents, "amount_cents": one.amount_cents(), "taxable": one.taxable,
        "one_time_charge": one.one_time_charge, "recurring_type_id": one.recurring_type_id,
        "maker": one.maker.name(), "billed": one.billed})
}

fn invoice(one: &Invoice) -> Value {
    json!({"id": one.id, "number": one.number, "customer": one.customer, "schedule": one.schedule,
        "date": one.date.to_string(), "is_paid": one.is_paid, "maker": one.maker.name(),
        "total_cents": one.total_cents(), "lines": one.lines.iter().map(invoice_line).collect::<Vec<_>>()})
}

fn invoice_line(one: &InvoiceLine) -> Value {
    json!({"id": one.id, "schedule_line": one.schedule_line, "item": one.item, "name": one.name,
        "quantity": one.quantity.normalize().to_string(), "price": one.price.to_string(),
        "amount_cents": one.amount_cents(), "one_time_charge": one.one_time_charge, "taxable": one.taxable})
}
