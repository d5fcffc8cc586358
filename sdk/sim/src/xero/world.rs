//! Owns everything a running simulated Xero remembers, and the windows tests look and reach in through.
//!
//! Does not own HTTP.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::auth::Tokens;
use super::config::{Switches, XeroConfig};
use super::documents::totalled;
use super::idempotency::Keys;
use super::ids::Ids;
use super::limits::Counters;
use super::lines::{blank, cents};
use super::model::{Account, Contact, Document, DocumentKind, Item, Line, Price, TaxRate, TrackingCategory};
use super::org::Org;
use crate::clock::SimClock;

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) config: XeroConfig,
    pub(crate) clock: SimClock,
    pub(crate) ids: Ids,
    pub(crate) tokens: Tokens,
    pub(crate) counters: Counters,
    pub(crate) keys: Keys,
    pub(crate) orgs: Vec<Org>,
}

impl World {
    pub(crate) fn new(config: XeroConfig, clock: SimClock) -> Self {
        let orgs = config.orgs.iter().cloned().map(Org::new).collect();
        Self {
            config,
            clock,
            ids: Ids::new("app"),
            tokens: Tokens::new(),
            counters: Counters::default(),
            keys: Keys::default(),
            orgs,
        }
    }
}

/// One organisation's books, to look into and to seed; clones look at the same books.
#[derive(Debug, Clone)]
pub struct XeroState {
    world: Arc<Mutex<World>>,
    org: usize,
}

impl XeroState {
    pub(crate) fn new(world: Arc<Mutex<World>>) -> Self {
        Self { world, org: 0 }
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T: Default>(&self, look: impl FnOnce(&Org) -> T) -> T {
        self.lock().orgs.get(self.org).map(look).unwrap_or_default()
    }

    fn change<T: Default>(&self, change: impl FnOnce(&mut Org) -> T) -> T {
        self.lock().orgs.get_mut(self.org).map(change).unwrap_or_default()
    }

    /// The same window on another organisation.
    #[must_use]
    pub fn tenant(&self, tenant_id: &str) -> Option<Self> {
        let org = self.lock().orgs.iter().position(|org| org.config.tenant_id == tenant_id)?;
        Some(Self { world: Arc::clone(&self.world), org })
    }

    #[must_use]
    pub fn documents(&self) -> Vec<Document> {
        self.read(|org| org.documents().to_vec())
    }

    #[must_use]
    pub fn invoices(&self) -> Vec<Document> {
        self.of_kind(DocumentKind::Invoice)
    }

    #[must_use]
    pub fn credit_notes(&self) -> Vec<Document> {
        self.of_kind(DocumentKind::CreditNote)
    }

    fn of_kind(&self, kind: DocumentKind) -> Vec<Document> {
        self.read(|org| org.documents().iter().filter(|document| document.kind == kind).cloned().collect())
    }

    #[must_use]
    pub fn contacts(&self) -> Vec<Contact> {
        self.read(|org| org.contacts.clone())
    }

    #[must_use]
    pub fn items(&self) -> Vec<Item> {
        self.read(|org| org.items.clone())
    }

    /// Net of tax: sales invoices less credit notes, void and deleted ones left out; by currency.
    #[must_use]
    pub fn totals(&self) -> BTreeMap<String, Decimal> {
        self.read(Org::net_by_currency)
    }

    /// The same in one number, for worlds with one currency.
    #[must_use]
    pub fn net_total(&self) -> Decimal {
        self.totals().values().sum()
    }

    /// Changes how the vendor misbehaves, at once.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.lock().config.switches);
    }

    pub fn set_lock_dates(&self, period: Option<NaiveDate>, end_of_year: Option<NaiveDate>) {
        self.change(|org| {
            org.config.period_lock_date = period;
            org.config.end_of_year_lock_date = end_of_year;
        });
    }

    pub fn enable_currency(&self, code: &str) {
        self.change(|org| org.config.currencies.push(code.to_owned()));
    }

    /// The organisation's user disconnects the app, or connects it again.
    pub fn set_connected(&self, connected: bool) {
        self.change(|org| org.connected = connected);
    }

    /// Whoever is sent to the consent page from now on says no, or yes again.
    pub fn deny_consent(&self, denies: bool) {
        self.lock().tokens.denies = denies;
    }

    /// Every token loses this scope, as if the consent had been without it.
    pub fn drop_scope(&self, scope: &str) {
        self.lock().tokens.drop_scope(scope);
    }

    /// Every access token is void; refresh tokens live on.
    pub fn revoke_access_tokens(&self) {
        self.lock().tokens.forget_access();
    }

    /// Returns the new contact's id.
    pub fn add_contact(&self, name: &str, contact_number: Option<&str>) -> String {
        let now = self.lock().clock.now();
        self.change(|org| {
            let id = org.ids.guid();
            org.add_contact(Contact {
                id: id.clone(),
                name: name.to_owned(),
                contact_number: contact_number.map(str::to_owned),
                account_number: None,
                email: None,
                default_currency: None,
                archived: false,
                is_customer: false,
                updated: now,
                other: Vec::new(),
            });
            id
        })
    }

    /// Changes a contact behind the caller's back; false when there is none of that id.
    pub fn edit_contact(&self, id: &str, edit: impl FnOnce(&mut Contact)) -> bool {
        self.change(|org| org.contact(id).map(|at| edit(&mut org.contacts[at])).is_some())
    }

    /// Returns the new item's id.
    pub fn add_item(&self, code: &str, name: &str, unit_price: Decimal, account_code: &str) -> String {
        let now = self.lock().clock.now();
        self.change(|org| {
            let id = org.ids.guid();
            let sales =
                Price { unit_price: Some(unit_price), account_code: Some(account_code.to_owned()), tax_type: None };
            org.items.push(Item {
                id: id.clone(),
                code: code.to_owned(),
                name: Some(name.to_owned()),
                description: Some(name.to_owned()),
                is_sold: true,
                is_purchased: false,
                sales,
                purchase: Price::default(),
                updated: now,
            });
            id
        })
    }

    /// Returns the new account's id.
    pub fn add_account(&self, code: &str, name: &str, account_type: &str, class: &str, tax_type: &str) -> String {
        self.change(|org| {
            let id = org.ids.guid();
            org.accounts.push(Account {
                id: id.clone(),
                code: code.to_owned(),
                name: name.to_owned(),
                account_type: account_type.to_owned(),
                class: class.to_owned(),
                archived: false,
                tax_type: tax_type.to_owned(),
                system_account: None,
            });
            id
        })
    }

    pub fn add_tax_rate(&self, rate: TaxRate) {
        self.change(|org| org.tax_rates.push(rate));
    }

    /// Returns the new category's id.
    pub fn add_tracking_category(&self, name: &str, options: &[&str]) -> String {
        self.change(|org| {
            let id = org.ids.guid();
            let options = options.iter().map(|option| (org.ids.guid(), (*option).to_owned())).collect();
            org.tracking.push(TrackingCategory { id: id.clone(), name: name.to_owned(), options });
            id
        })
    }

    /// Ids and names.
    #[must_use]
    pub fn branding_themes(&self) -> Vec<(String, String)> {
        self.read(|org| org.branding.clone())
    }

    /// A person adds a line without tax to an invoice in Xero itself; the new line's id, none when there is no such
    /// invoice.
    pub fn add_line(&self, invoice_id: &str, description: &str, amount: Decimal) -> Option<String> {
        let id = self.change(|org| Some(org.ids.guid()))?;
        let line = Line {
            description: Some(description.to_owned()),
            quantity: Some(Decimal::ONE),
            unit_amount: Some(amount),
            account_code: Some("200".to_owned()),
            tax_type: Some("NONE".to_owned()),
            line_amount: cents(amount),
            ..blank(id.clone())
        };
        self.edit_document(DocumentKind::Invoice, invoice_id, |document| {
            document.lines.push(line);
            *document = totalled(document.clone());
        })
        .then_some(id)
    }

    /// A payment arrives; false when no such invoice is open for it.
    pub fn pay(&self, invoice_id: &str, amount: Decimal) -> bool {
        self.change(|org| {
            let Some(at) = org.find_either(DocumentKind::Invoice, invoice_id) else {
                return false;
            };
            match org.document_mut(at) {
                Some(invoice) if amount <= invoice.open_amount() => {
                    invoice.paid += amount;
                    invoice.settle_if_due();
                    true
                }
                _ => false,
            }
        })
    }

    /// A person edits a document in Xero itself; false when there is none of that id or number.
    pub fn edit_document(&self, kind: DocumentKind, id: &str, edit: impl FnOnce(&mut Document)) -> bool {
        let now = self.lock().clock.now();
        self.change(|org| {
            let Some(at) = org.find_either(kind, id) else {
                return false;
            };
            let Some(mut document) = org.document(at).cloned() else {
                return false;
            };
            edit(&mut document);
            document.updated = now;
            org.replace_document(at, document);
            true
        })
    }

    pub(crate) fn view(&self) -> Value {
        self.lock().orgs.iter().map(org_view).collect()
    }
}

fn org_view(org: &Org) -> Value {
    let document = |document: &Document| {
        json!({
            "id": document.id, "type": document.doc_type, "number": document.number,
            "reference": document.reference, "contact_id": document.contact_id,
            "date": document.date.to_string(), "status": document.status.as_str(), "currency": document.currency,
            "sub_total": document.sub_total.to_string(), "total_tax": document.total_tax.to_string(),
            "total": document.total.to_string(), "open_amount": document.open_amount().to_string(),
            "lines": document.lines.iter().map(|line| json!({
                "description": line.description, "quantity": line.quantity.map(|n| n.to_string()),
                "unit_amount": line.unit_amount.map(|n| n.to_string()), "item_code": line.item_code,
                "account_code": line.account_code, "tax_type": line.tax_type,
                "line_amount": line.line_amount.to_string(), "tax_amount": line.tax_amount.to_string(),
            })).collect::<Vec<_>>(),
        })
    };
    let contact = |contact: &Contact| {
        json!({
            "id": contact.id, "name": contact.name, "contact_number": contact.contact_number,
            "email": contact.email, "archived": contact.archived,
        })
    };
    let item = |item: &Item| {
        json!({
            "id": item.id, "code": item.code, "name": item.name,
            "unit_price": item.sales.unit_price.map(|price| price.to_string()),
        })
    };
    let totals: BTreeMap<String, String> =
        org.net_by_currency().into_iter().map(|(currency, sum)| (currency, sum.to_string())).collect();
    json!({
        "tenant_id": org.config.tenant_id, "name": org.config.name, "totals": totals,
        "documents": org.documents().iter().map(document).collect::<Vec<_>>(),
        "contacts": org.contacts.iter().map(contact).collect::<Vec<_>>(),
        "items": org.items.iter().map(item).collect::<Vec<_>>(),
    })
}
