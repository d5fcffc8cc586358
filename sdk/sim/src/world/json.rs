//! Owns: the shapes of the marketplace's answers, version 1.15: rows of lists and full records.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::catalog::{Plan, Price, Product};
use super::dates::{Span, months_later};
use super::model::{Customer, Line, Order, OrderedProduct, Subscription, World};
use super::money::Currency;
use super::wire::SubscriptionStatus;

impl World {
    /// As `/customers/{id}` and each row of `/customers`.
    #[must_use]
    pub fn customer_json(&self, customer: &Customer) -> Value {
        let mut out = json!({
            "id": customer.id,
            "status": customer.status.as_str(),
            "name": customer.name,
            "address": {
                "streetAddress": customer.address.street,
                "postalCode": customer.address.postal_code,
                "city": customer.address.city,
                "countryCode": customer.address.country,
            },
            "contactPersons": [{
                "type": "admin",
                "firstName": customer.person.first_name,
                "lastName": customer.person.last_name,
                "email": customer.person.email,
                "phoneNumber": customer.person.phone,
            }],
            "language": "en",
            "attributes": {},
            "resellerId": "1000027",
        });
        put(&mut out, "externalId", customer.external_id.clone());
        put(&mut out, "taxRegId", customer.tax_reg_id.clone());
        out
    }

    /// As each row of `/subscriptions`.
    #[must_use]
    pub fn subscription_row_json(&self, subscription: &Subscription) -> Value {
        let term = subscription.subscription_interval(self.today);
        let over = matches!(subscription.status, SubscriptionStatus::Terminated | SubscriptionStatus::Removed);
        json!({
            "id": subscription.id,
            "name": subscription.name,
            "customerId": subscription.customer_id,
            "status": subscription.status.as_str(),
            "attributes": {},
            "renewalStatus": subscription.auto_renew && !over,
            "creationDate": day(subscription.created),
            "renewalDate": day(term.end),
            "lastModifiedDate": day(subscription.last_modified),
            "expirationDate": day(subscription.ended.unwrap_or(term.end)),
            "billingModel": subscription.billing_model.as_str(),
            "billingPeriod": span(subscription.billing_period),
            "subscriptionPeriod": span(subscription.subscription_period),
        })
    }

    /// As `/subscriptions/{id}`.
    #[must_use]
    pub fn subscription_json(&self, subscription: &Subscription) -> Value {
        let mut out = self.subscription_row_json(subscription);
        let plan = &self.plans[subscription.plan];
        let products: Vec<Value> = subscription
            .products
            .iter()
            .map(|held| {
                let product = &self.products[held.product];
                let none = Price { price: Decimal::ZERO, cost: Decimal::ZERO };
                let Price { price, cost } = product.recurring.unwrap_or(none);
                json!({
                    "mpn": product.mpn,
                    "vendor": product.vendor,
                    "id": product.id,
                    "name": product.name,
                    "quantity": held.quantity,
                    "unitPrice": money(self.currency, price),
                    "unitCost": money(self.currency, cost),
                    "extendedPrice": money(self.currency, price * Decimal::from(held.quantity)),
                    "vendorSubscriptionId": subscription.vendor_subscription_id,
                })
            })
            .collect();
        put(&mut out, "planId", Some(plan.id));
        put(&mut out, "totalPrice", Some(money(self.currency, self.period_price(subscription))));
        put(&mut out, "products", Some(products));
        out
    }

    /// What one whole billing period of it costs, plan and resources.
    #[must_use]
    pub fn period_price(&self, subscription: &Subscription) -> Decimal {
        let resources: Decimal = subscription
            .products
            .iter()
            .filter_map(|held| Some(self.products[held.product].recurring?.price * Decimal::from(held.quantity)))
            .sum();
        resources + self.plans[subscription.plan].recurring.unwrap_or_default()
    }

    /// As each row of `/products`.
    #[must_use]
    pub fn product_json(&self, product: &Product) -> Value {
        let kinds = [("setup", product.setup), ("recurring", product.recurring), ("overuse", product.overuse)];
        let entries = |side: fn(Price) -> Decimal| -> Vec<Value> {
            let present = kinds.into_iter().filter_map(|(kind, price)| Some((kind, price?)));
            present
                .map(|(kind, price)| {
                    let mut out = money(self.currency, side(price));
                    put(&mut out, "type", Some(kind));
                    put(&mut out, "model", Some("FLAT"));
                    put(&mut out, "lowerLimit", Some(0));
                    out
                })
                .collect()
        };
        json!({
            "mpn": product.mpn,
            "vendor": product.vendor,
            "id": product.id,
            "serviceName": product.service,
            "name": product.name,
            "minimumQuantity": "1",
            "maximumQuantity": "10000",
            "prices": entries(|price| price.price),
            "costs": entries(|price| price.cost),
            "billingPeriod": span(product.billing_period),
            "subscriptionPeriod": span(product.subscription_period),
            "billingModel": product.billing_model.as_str(),
        })
    }

    /// As each row of `/plans`.
    #[must_use]
    pub fn plan_json(&self, plan: &Plan) -> Value {
        json!({
            "id": plan.id.to_string(),
            "name": plan.name,
            "shortDescription": plan.name,
            "longDescription": format!("{} for business customers", plan.name),
            "published": true,
            "subscriptionPeriods": [{
                "type": plan.subscription_period.unit.as_str(),
                "duration": plan.subscription_period.count,
                "trial": false,
                "active": true,
            }],
            "billingPeriod": span(plan.billing_period),
            "billingModel": plan.billing_model.as_str(),
        })
    }

    /// As each row of `/orders`: no purchase order number, products, details or subscription.
    #[must_use]
    pub fn order_row_json(&self, order: &Order) -> Value {
        let mut out = json!({
            "id": order.id,
            "orderNumber": order.number,
            "type": order.order_type.as_str(),
            "customerId": order.customer_id,
            "creationDate": instant(order.created),
            "status": order.status.as_str(),
            "statusCode": order.status.code(),
            "total": money(order.currency, order.total),
            "attributes": {},
        });
        put(&mut out, "provisioningDate", order.provisioned.map(instant));
        out
    }

    /// As `/orders/{id}`.
    #[must_use]
    pub fn order_json(&self, order: &Order) -> Value {
        let mut out = self.order_row_json(order);
        put(&mut out, "poNumber", order.po_number.clone());
        put(&mut out, "creditCheck", Some(false));
        put(&mut out, "subscriptionId", order.subscription_id.clone());
        put(&mut out, "billingModel", Some(order.billing_model.as_str()));
        put(&mut out, "scheduledOn", order.scheduled_on_renewal.then_some("renewal"));
        if !order.lines.is_empty() {
            let details: Vec<Value> = order.lines.iter().map(|line| self.line_json(order, line)).collect();
            put(&mut out, "details", Some(details));
        }
        if !order.products.is_empty() {
            let products: Vec<Value> = order.products.iter().map(|held| self.ordered_json(order, held)).collect();
            put(&mut out, "products", Some(products));
        }
        if order.order_type == super::wire::OrderType::Migration {
            let billed = order.created.date_naive();
            put(&mut out, "lastBillingDate", Some(day(billed)));
            put(&mut out, "nextBillingDate", Some(day(months_later(billed, 1))));
        }
        out
    }

    fn line_json(&self, order: &Order, line: &Line) -> Value {
        let mut out = json!({ "type": line.fee.as_str() });
        if let Some(product) = line.product.map(|index| &self.products[index]) {
            put(&mut out, "mpn", Some(product.mpn.clone()));
            put(&mut out, "productId", Some(product.id.clone()));
        }
        let currency = order.currency;
        put(
            &mut out,
            "duration",
            Some(json!({
                "type": line.duration.unit.as_str(),
                "duration": number(Decimal::from(line.duration.count)),
            })),
        );
        put(&mut out, "description", Some(line.description.clone()));
        put(&mut out, "quantity", Some(number(line.quantity)));
        let discount = line.discount.as_ref().map(|discount| {
            json!({
                "type": "percent",
                "value": discount.percent.normalize().to_string(),
                "amount": currency.text(discount.amount),
                "amountCode": currency.code(),
            })
        });
        // One currency here, so each amount and its twin in the currency of sale are the same.
        for (name, twin, amount) in [
            ("unitPrice", "salesUnitPrice", line.unit_price),
            ("extendedPrice", "salesExtendedPrice", line.extended),
            ("taxAmount", "salesTaxAmount", line.tax),
        ] {
            put(&mut out, name, Some(money(currency, amount)));
            put(&mut out, twin, Some(money(currency, amount)));
        }
        put(&mut out, "discount", discount.clone());
        put(&mut out, "salesDiscount", discount);
        out
    }

    fn ordered_json(&self, order: &Order, ordered: &OrderedProduct) -> Value {
        let product = &self.products[ordered.product];
        let of_product = order.lines.iter().filter(|line| line.product == Some(ordered.product));
        let extended = of_product.map(|line| line.extended).sum();
        let mut out = json!({
            "type": ordered.placement.as_str(),
            "mpn": product.mpn,
            "vendor": product.vendor,
            "id": product.id,
            "name": product.name,
            "quantity": number(ordered.quantity),
            "billingPeriod": span(product.billing_period),
            "subscriptionPeriod": span(product.subscription_period),
            "extendedPrice": money(order.currency, extended),
        });
        put(&mut out, "subscriptionId", order.subscription_id.clone());
        out
    }
}

fn put(out: &mut Value, name: &str, value: Option<impl Into<Value>>) {
    let fields: Option<&mut Map<String, Value>> = out.as_object_mut();
    if let (Some(fields), Some(value)) = (fields, value) {
        fields.insert(name.to_owned(), value.into());
    }
}

fn money(currency: Currency, amount: Decimal) -> Value {
    json!({ "currency": currency.code(), "amount": currency.text(amount) })
}

/// A JSON number with at least one decimal, the way the platform prints its doubles.
fn number(amount: Decimal) -> Value {
    let plain = amount.normalize();
    let digits = usize::try_from(plain.scale().max(1)).unwrap_or(1);
    serde_json::from_str(&format!("{plain:.digits$}")).unwrap_or(Value::Null)
}

fn span(span: Span) -> Value {
    json!({ "type": span.unit.as_str(), "duration": span.count })
}

fn day(date: NaiveDate) -> String {
    date.format("%Y-%m-%d").to_string()
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
