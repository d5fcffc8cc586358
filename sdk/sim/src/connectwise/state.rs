//! Owns what tests see of a tenant and put into it, beside the API: its people's own work, its invoices, its switches.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Value as View, json};

use super::billing::Invoice;
use super::config::{BillingRules, Switches};
use super::gate::{Shared, lock};
use super::json::Json;
use super::record::{Record, Value};
use super::tables::Table;

/// An addition as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    pub id: i64,
    pub agreement: i64,
    pub product: i64,
    pub quantity: Decimal,
    pub unit_price: Decimal,
    pub unit_cost: Decimal,
    pub bill_customer: String,
    pub taxable: bool,
    pub effective: Option<NaiveDate>,
    pub cancelled: Option<NaiveDate>,
    pub serial_number: String,
    pub invoice_description: String,
    /// By the id of the field.
    pub custom_fields: BTreeMap<i64, String>,
}

/// An agreement to be put there.
#[derive(Debug, Clone)]
pub struct AgreementSeed {
    pub name: String,
    pub company: i64,
    /// As `billingOptions` says it: "Monthly".
    pub cycle: &'static str,
    pub currency: &'static str,
    pub prorate: bool,
    pub start: NaiveDate,
}

/// A catalogue item to be put there.
#[derive(Debug, Clone)]
pub struct ItemSeed {
    pub identifier: String,
    pub description: String,
    pub price: Decimal,
    pub cost: Decimal,
    pub class: &'static str,
    pub taxable: bool,
}

#[derive(Debug, Clone)]
pub struct CwState(Shared);

fn text(text: impl Into<String>) -> Value {
    Value::Text(text.into())
}

impl CwState {
    pub(crate) fn new(tenant: Shared) -> Self {
        Self(tenant)
    }

    fn plant(&self, table: Table, parent: Option<i64>, members: Vec<(&'static str, Value)>) -> i64 {
        lock(&self.0).plant(table, parent, members.into_iter().collect())
    }

    /// The one of this name in a setup table, made where it is not there.
    fn setup(&self, table: Table, name: &'static str, value: &str, more: Vec<(&'static str, Value)>) -> i64 {
        let known = lock(&self.0).rows(table).find(|row| row.text(name) == value).map(|row| row.id);
        known.unwrap_or_else(|| {
            let mut members = vec![(name, text(value))];
            members.extend(more);
            self.plant(table, None, members)
        })
    }

    pub fn add_company(&self, identifier: &str, name: &str) -> i64 {
        let status = self.setup(Table::CompanyStatus, "name", "Active", vec![("defaultFlag", Value::Flag(true))]);
        let kind = self.setup(Table::CompanyType, "name", "Customer", vec![("defaultFlag", Value::Flag(true))]);
        let members = vec![
            ("identifier", text(identifier)),
            ("name", text(name)),
            ("status", Value::Ref(status)),
            ("types", Value::Refs(vec![kind])),
            ("addressLine1", text("1 High St")),
            ("deletedFlag", Value::Flag(false)),
        ];
        let id = self.plant(Table::Company, None, members);
        let contact = vec![("firstName", text("Bob")), ("company", Value::Ref(id))];
        let contact = self.plant(Table::Contact, None, contact);
        self.edit(Table::Company, id, "defaultContact", Some(Value::Ref(contact)));
        id
    }

    pub fn set_tax_number(&self, company: i64, number: &str) {
        self.edit(Table::Company, company, "taxIdentifier", Some(text(number)));
    }

    pub fn set_invoice_email(&self, company: i64, address: &str) {
        self.edit(Table::Company, company, "invoiceToEmailAddress", Some(text(address)));
    }

    /// Into the recycle bin, where lists still show it.
    pub fn delete_company(&self, id: i64) {
        self.edit(Table::Company, id, "deletedFlag", Some(Value::Flag(true)));
    }

    pub fn add_currency(&self, code: &str) -> i64 {
        let places = match code {
            "JPY" | "KRW" | "CLP" | "ISK" | "VND" => 0,
            "BHD" | "KWD" | "OMR" | "JOD" | "TND" => 3,
            _ => 2,
        };
        let more = vec![("name", text(code)), ("numberOfDecimals", Value::Int(places))];
        self.setup(Table::Currency, "currencyCode", code, more)
    }

    pub fn add_cycle(&self, options: &str) -> i64 {
        let identifier: String = options.chars().take(5).collect();
        let more = vec![("name", text(format!("Our {options}"))), ("identifier", text(identifier))];
        self.setup(Table::BillingCycle, "billingOptions", options, more)
    }

    pub fn add_country(&self, identifier: &str, name: &str) -> i64 {
        self.plant(Table::Country, None, vec![("identifier", text(identifier)), ("name", text(name))])
    }

    pub fn add_agreement(&self, seed: &AgreementSeed) -> i64 {
        let cycle = self.add_cycle(seed.cycle);
        let currency = self.add_currency(seed.currency);
        let kind = self.setup(Table::AgreementType, "name", "Cloud", vec![]);
        let contact =
            lock(&self.0).record(Table::Company, seed.company).and_then(|row| row.reference("defaultContact"));
        let mut members = vec![
            ("name", text(seed.name.clone())),
            ("type", Value::Ref(kind)),
            ("company", Value::Ref(seed.company)),
            ("billingCycle", Value::Ref(cycle)),
            ("currency", Value::Ref(currency)),
            ("prorateFlag", Value::Flag(seed.prorate)),
            ("cancelledFlag", Value::Flag(false)),
            ("noEndingDateFlag", Value::Flag(true)),
            ("agreementStatus", text("Active")),
            ("invoicingCycle", text("ContractYear")),
            ("startDate", Value::Day(seed.start)),
            ("billStartDate", Value::Day(seed.start)),
        ];
        members.extend(contact.map(|contact| ("contact", Value::Ref(contact))));
        self.plant(Table::Agreement, None, members)
    }

    pub fn add_item(&self, seed: &ItemSeed) -> i64 {
        let kind = self.setup(Table::ProductType, "name", "Agreement", vec![("defaultFlag", Value::Flag(true))]);
        let category = self.setup(Table::Category, "name", "Cloud", vec![]);
        let subcategory = self.setup(Table::Subcategory, "name", "Licences", vec![("category", Value::Ref(category))]);
        let members = vec![
            ("identifier", text(seed.identifier.clone())),
            ("description", text(seed.description.clone())),
            ("customerDescription", text(seed.description.clone())),
            ("type", Value::Ref(kind)),
            ("subcategory", Value::Ref(subcategory)),
            ("price", Value::Number(seed.price)),
            ("cost", Value::Number(seed.cost)),
            ("productClass", text(seed.class)),
            ("taxableFlag", Value::Flag(seed.taxable)),
            ("inactiveFlag", Value::Flag(false)),
        ];
        self.plant(Table::Item, None, members)
    }

    /// Made by hand in ConnectWise.
    pub fn add_addition(&self, seed: &Addition) -> i64 {
        let mut members = vec![
            ("product", Value::Ref(seed.product)),
            ("quantity", Value::Number(seed.quantity)),
            ("unitPrice", Value::Number(seed.unit_price)),
            ("unitCost", Value::Number(seed.unit_cost)),
            ("billCustomer", text(seed.bill_customer.clone())),
            ("taxableFlag", Value::Flag(seed.taxable)),
            ("invoiceDescription", text(seed.invoice_description.clone())),
        ];
        members.extend(seed.effective.map(|day| ("effectiveDate", Value::Day(day))));
        members.extend(seed.cancelled.map(|day| ("cancelledDate", Value::Day(day))));
        if !seed.serial_number.is_empty() {
            members.push(("serialNumber", text(seed.serial_number.clone())));
        }
        if !seed.custom_fields.is_empty() {
            let fields = seed.custom_fields.iter().map(|(id, value)| (*id, Json::text(value.clone()))).collect();
            members.push(("customFields", Value::Custom(fields)));
        }
        self.plant(Table::Addition, Some(seed.agreement), members)
    }

    /// Somebody changes or empties a member by hand.
    fn edit(&self, table: Table, id: i64, name: &'static str, value: Option<Value>) {
        let mut tenant = lock(&self.0);
        let now = tenant.clock.now();
        let Some(record) = tenant.tables.get_mut(&table).and_then(|rows| rows.get_mut(&id)) else { return };
        match value {
            Some(value) => record.members.insert(name, value),
            None => record.members.remove(name),
        };
        record.changed_at = now;
    }

    pub fn set_quantity(&self, addition: i64, quantity: Decimal) {
        self.edit(Table::Addition, addition, "quantity", Some(Value::Number(quantity)));
    }

    pub fn set_price(&self, addition: i64, price: Decimal) {
        self.edit(Table::Addition, addition, "unitPrice", Some(Value::Number(price)));
    }

    pub fn set_cancelled(&self, addition: i64, day: Option<NaiveDate>) {
        self.edit(Table::Addition, addition, "cancelledDate", day.map(Value::Day));
    }

    pub fn remove_addition(&self, addition: i64) {
        // Nothing there is as good as gone.
        let _gone = lock(&self.0).delete(Table::Addition, addition);
    }

    pub fn set_prorate(&self, agreement: i64, prorate: bool) {
        self.edit(Table::Agreement, agreement, "prorateFlag", Some(Value::Flag(prorate)));
    }

    /// Late additions are invoiced with the next period.
    pub fn set_invoices_prorated(&self, agreement: i64, on: bool) {
        self.edit(Table::Agreement, agreement, "invoiceProratedAdditionsFlag", Some(Value::Flag(on)));
    }

    pub fn cancel_agreement(&self, agreement: i64) {
        self.edit(Table::Agreement, agreement, "agreementStatus", Some(text("Cancelled")));
        self.edit(Table::Agreement, agreement, "cancelledFlag", Some(Value::Flag(true)));
    }

    /// "ContractYear" or "`CalendarYear`": from which day its periods are counted.
    pub fn set_invoicing_cycle(&self, agreement: i64, cycle: &str) {
        self.edit(Table::Agreement, agreement, "invoicingCycle", Some(text(cycle)));
    }

    /// The last day of the agreement.
    pub fn set_end(&self, agreement: i64, day: NaiveDate) {
        self.edit(Table::Agreement, agreement, "noEndingDateFlag", Some(Value::Flag(false)));
        self.edit(Table::Agreement, agreement, "endDate", Some(Value::Day(day)));
    }

    /// Units that are included and not billed.
    pub fn set_less_included(&self, addition: i64, quantity: Decimal) {
        self.edit(Table::Addition, addition, "lessIncluded", Some(Value::Number(quantity)));
    }

    /// Companies carry years that no patch of anything else gets past.
    pub fn set_year_established(&self, company: i64, year: i64) {
        self.edit(Table::Company, company, "yearEstablished", Some(Value::Int(year)));
    }

    pub fn set_cycle(&self, agreement: i64, options: &str) {
        let cycle = self.add_cycle(options);
        self.edit(Table::Agreement, agreement, "billingCycle", Some(Value::Ref(cycle)));
    }

    pub fn set_currency(&self, agreement: i64, code: &str) {
        let currency = self.add_currency(code);
        self.edit(Table::Agreement, agreement, "currency", Some(Value::Ref(currency)));
    }

    pub fn set_parent(&self, agreement: i64, parent: i64) {
        self.edit(Table::Agreement, agreement, "parentAgreement", Some(Value::Ref(parent)));
    }

    pub fn set_item_price(&self, item: i64, price: Decimal) {
        self.edit(Table::Item, item, "price", Some(Value::Number(price)));
    }

    pub fn set_item_inactive(&self, item: i64) {
        self.edit(Table::Item, item, "inactiveFlag", Some(Value::Flag(true)));
    }

    /// In the order in which they were made, ended ones too.
    #[must_use]
    pub fn additions(&self, agreement: i64) -> Vec<Addition> {
        let tenant = lock(&self.0);
        tenant.rows(Table::Addition).filter(|row| row.parent == Some(agreement)).map(addition).collect()
    }

    #[must_use]
    pub fn all_additions(&self) -> Vec<Addition> {
        lock(&self.0).rows(Table::Addition).map(addition).collect()
    }

    /// Identifier and name by id.
    #[must_use]
    pub fn companies(&self) -> Vec<(i64, String, String)> {
        named(&self.0, Table::Company, "name")
    }

    /// Identifier and description by id.
    #[must_use]
    pub fn items(&self) -> Vec<(i64, String, String)> {
        named(&self.0, Table::Item, "description")
    }

    #[must_use]
    pub fn invoices(&self) -> Vec<Invoice> {
        lock(&self.0).ledger.invoices.clone()
    }

    /// Invoices every period that has begun by that day.
    pub fn invoice_up_to(&self, day: NaiveDate) -> Vec<Invoice> {
        lock(&self.0).invoice_up_to(day)
    }

    /// The same for one agreement: a tenant's people invoice whom they like.
    pub fn invoice_agreement(&self, agreement: i64, day: NaiveDate) -> Vec<Invoice> {
        lock(&self.0).invoice_agreement(agreement, day)
    }

    /// It counts as invoiced up to that day, without an invoice that anybody sees.
    pub fn mark_invoiced(&self, agreement: i64, until: NaiveDate) {
        lock(&self.0).mark_invoiced(agreement, until);
    }

    /// As an upgrade of the cloud does: `v2025_2/`.
    pub fn set_codebase(&self, codebase: &str) {
        codebase.clone_into(&mut lock(&self.0).config.codebase);
    }

    pub fn set_rules(&self, rules: BillingRules) {
        lock(&self.0).config.rules = rules;
    }

    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut lock(&self.0).config.switches);
    }

    /// For the control endpoint.
    pub(crate) fn view(&self) -> View {
        let additions = self.all_additions();
        let shown = |one: &Addition| {
            json!({
                "id": one.id, "agreement": one.agreement, "product": one.product,
                "quantity": one.quantity.to_string(), "unit_price": one.unit_price.to_string(),
                "unit_cost": one.unit_cost.to_string(), "bill_customer": one.bill_customer, "taxable": one.taxable,
                "effective": one.effective.map(|day| day.to_string()),
                "cancelled": one.cancelled.map(|day| day.to_string()),
                "serial_number": one.serial_number, "invoice_description": one.invoice_description,
            })
        };
        let invoice = |one: &Invoice| {
            json!({
                "number": one.number, "agreement": one.agreement, "date": one.date.to_string(),
                "total": one.total().to_string(), "lines": one.lines.len(),
                "amounts": one.lines.iter().map(|line| json!([line.addition, line.amount.to_string()])).collect::<Vec<_>>(),
            })
        };
        json!({
            "companies": self.companies().len(), "items": self.items().len(),
            "additions": additions.iter().map(shown).collect::<Vec<_>>(),
            "invoices": self.invoices().iter().map(invoice).collect::<Vec<_>>(),
        })
    }
}

fn named(tenant: &Shared, table: Table, name: &'static str) -> Vec<(i64, String, String)> {
    let tenant = lock(tenant);
    tenant.rows(table).map(|row| (row.id, row.text("identifier").to_owned(), row.text(name).to_owned())).collect()
}

fn addition(record: &Record) -> Addition {
    let custom_fields = match record.members.get("customFields") {
        Some(Value::Custom(fields)) => fields
            .iter()
            .filter_map(|(id, value)| match value {
                Json::Text(text) => Some((*id, text.clone())),
                _ => None,
            })
            .collect(),
        _ => BTreeMap::new(),
    };
    Addition {
        id: record.id,
        agreement: record.parent.unwrap_or_default(),
        product: record.reference("product").unwrap_or_default(),
        quantity: record.number("quantity"),
        unit_price: record.number("unitPrice"),
        unit_cost: record.number("unitCost"),
        bill_customer: record.text("billCustomer").to_owned(),
        taxable: record.flag("taxableFlag"),
        effective: record.day("effectiveDate"),
        cancelled: record.day("cancelledDate"),
        serial_number: record.text("serialNumber").to_owned(),
        invoice_description: record.text("invoiceDescription").to_owned(),
        custom_fields,
    }
}
