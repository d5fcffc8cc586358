//! Owns one organisation's books; does not own the rules by which calls change them.

use std::collections::{BTreeMap, HashMap};

use rust_decimal::Decimal;

use super::config::XeroOrg;
use super::filter::folded;
use super::ids::Ids;
use super::model::{Account, Contact, Document, DocumentKind, Item, TaxRate, TrackingCategory};

#[derive(Debug, Clone)]
pub(crate) struct Org {
    pub(crate) config: XeroOrg,
    pub(crate) ids: Ids,
    pub(crate) contacts: Vec<Contact>,
    pub(crate) items: Vec<Item>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) tax_rates: Vec<TaxRate>,
    pub(crate) tracking: Vec<TrackingCategory>,
    pub(crate) branding: Vec<(String, String)>,
    documents: Vec<Document>,
    contact_ids: HashMap<String, usize>,
    by_id: HashMap<(DocumentKind, String), usize>,
    by_number: HashMap<(DocumentKind, String), usize>,
    next_number: BTreeMap<&'static str, u64>,
    pub(crate) connected: bool,
}

impl Org {
    pub(crate) fn new(config: XeroOrg) -> Self {
        let mut ids = Ids::new(&config.tenant_id);
        let accounts = default_accounts(&config, &mut ids);
        let branding = vec![(ids.guid(), "Standard".to_owned())];
        Self {
            tax_rates: default_tax_rates(&config.country),
            config,
            contacts: Vec::new(),
            items: Vec::new(),
            accounts,
            tracking: Vec::new(),
            branding,
            ids,
            documents: Vec::new(),
            contact_ids: HashMap::new(),
            by_id: HashMap::new(),
            by_number: HashMap::new(),
            next_number: BTreeMap::new(),
            connected: true,
        }
    }

    pub(crate) fn documents(&self) -> &[Document] {
        &self.documents
    }

    pub(crate) fn document(&self, at: usize) -> Option<&Document> {
        self.documents.get(at)
    }

    pub(crate) fn document_mut(&mut self, at: usize) -> Option<&mut Document> {
        self.documents.get_mut(at)
    }

    /// By id only.
    pub(crate) fn find_id(&self, kind: DocumentKind, id: &str) -> Option<usize> {
        self.by_id.get(&(kind, id.to_ascii_lowercase())).copied()
    }

    /// By number, voided and deleted ones included: a number once used stays occupied.
    pub(crate) fn find_number(&self, kind: DocumentKind, number: &str) -> Option<usize> {
        self.by_number.get(&(kind, folded(number))).copied()
    }

    pub(crate) fn find_either(&self, kind: DocumentKind, id_or_number: &str) -> Option<usize> {
        self.find_id(kind, id_or_number).or_else(|| self.find_number(kind, id_or_number))
    }

    pub(crate) fn add_document(&mut self, document: Document) -> usize {
        let at = self.documents.len();
        self.by_id.insert((document.kind, document.id.clone()), at);
        self.index_number(&document, at);
        self.documents.push(document);
        at
    }

    pub(crate) fn replace_document(&mut self, at: usize, document: Document) {
        if let Some(former) = self.documents.get(at) {
            self.by_number.remove(&(former.kind, folded(&former.number)));
        }
        self.index_number(&document, at);
        if let Some(slot) = self.documents.get_mut(at) {
            *slot = document;
        }
    }

    /// Purchase numbers are the suppliers' and may repeat.
    fn index_number(&mut self, document: &Document, at: usize) {
        if document.is_sale() {
            self.by_number.insert((document.kind, folded(&document.number)), at);
        }
    }

    /// The next free `INV-0001` or `CN-0001`.
    pub(crate) fn auto_number(&mut self, kind: DocumentKind) -> String {
        let prefix = match kind {
            DocumentKind::Invoice => "INV",
            DocumentKind::CreditNote => "CN",
        };
        loop {
            let next = self.next_number.entry(prefix).or_insert(1);
            let number = format!("{prefix}-{next:04}");
            *next += 1;
            if self.find_number(kind, &number).is_none() {
                return number;
            }
        }
    }

    pub(crate) fn contact(&self, id: &str) -> Option<usize> {
        self.contact_ids.get(&id.to_ascii_lowercase()).copied()
    }

    pub(crate) fn add_contact(&mut self, contact: Contact) -> usize {
        let at = self.contacts.len();
        self.contact_ids.insert(contact.id.clone(), at);
        self.contacts.push(contact);
        at
    }

    pub(crate) fn contact_by_number(&self, number: &str) -> Option<usize> {
        let same = |known: &String| folded(known) == folded(number);
        self.contacts.iter().position(|contact| contact.contact_number.as_ref().is_some_and(same))
    }

    pub(crate) fn active_contact_by_name(&self, name: &str) -> Option<usize> {
        let name = folded(name.trim());
        self.contacts.iter().position(|contact| !contact.archived && folded(&contact.name) == name)
    }

    pub(crate) fn item(&self, code: &str) -> Option<usize> {
        self.items.iter().position(|item| item.code.eq_ignore_ascii_case(code))
    }

    pub(crate) fn account(&self, code: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.code == code)
    }

    pub(crate) fn tax_rate(&self, tax_type: &str) -> Option<&TaxRate> {
        self.tax_rates.iter().find(|rate| rate.tax_type == tax_type && rate.active)
    }

    pub(crate) fn has_currency(&self, code: &str) -> bool {
        code == self.config.base_currency || self.config.currencies.iter().any(|known| known == code)
    }

    /// Net of tax, sales invoices less sales credit notes, void and deleted ones left out; by currency.
    pub(crate) fn net_by_currency(&self) -> BTreeMap<String, Decimal> {
        let mut sums = BTreeMap::new();
        for document in self.documents.iter().filter(|document| document.status.counts() && document.is_sale()) {
            let signed = match document.kind {
                DocumentKind::Invoice => document.sub_total,
                DocumentKind::CreditNote => -document.sub_total,
            };
            *sums.entry(document.currency.clone()).or_insert(Decimal::ZERO) += signed;
        }
        sums
    }
}

fn default_accounts(config: &XeroOrg, ids: &mut Ids) -> Vec<Account> {
    let sales_tax = default_sales_tax(&config.country);
    let table = [
        ("090", "Business Bank Account", "BANK", "ASSET", "NONE", None),
        ("200", "Sales", "REVENUE", "REVENUE", sales_tax, None),
        ("260", "Other Revenue", "REVENUE", "REVENUE", sales_tax, None),
        ("400", "Advertising", "EXPENSE", "EXPENSE", "NONE", None),
        ("610", "Accounts Receivable", "CURRENT", "ASSET", "NONE", Some("DEBTORS")),
        ("820", "GST", "CURRLIAB", "LIABILITY", "NONE", Some("GST")),
        ("860", "Rounding", "CURRLIAB", "LIABILITY", "NONE", Some("ROUNDING")),
    ];
    let account =
        |(code, name, account_type, class, tax, system): (&str, &str, &str, &str, &str, Option<&str>)| Account {
            id: ids.guid(),
            code: code.to_owned(),
            name: name.to_owned(),
            account_type: account_type.to_owned(),
            class: class.to_owned(),
            archived: false,
            tax_type: tax.to_owned(),
            system_account: system.map(str::to_owned),
        };
    table.map(account).to_vec()
}

/// What a sales line is taxed with when nothing says otherwise.
pub(crate) fn default_sales_tax(country: &str) -> &'static str {
    match country {
        "NZ" | "GB" => "OUTPUT2",
        "AU" => "OUTPUT",
        _ => "NONE",
    }
}

fn default_tax_rates(country: &str) -> Vec<TaxRate> {
    let rate = |tax_type: &str, name: &str, percent: i64, revenue: bool, expenses: bool| TaxRate {
        tax_type: tax_type.to_owned(),
        name: name.to_owned(),
        rate: Decimal::from(percent),
        active: true,
        can_apply_to_revenue: revenue,
        can_apply_to_expenses: expenses,
    };
    let mut rates = vec![rate("NONE", "No Tax", 0, true, true)];
    match country {
        "NZ" => rates.extend([
            rate("OUTPUT2", "15% GST on Income", 15, true, false),
            rate("INPUT2", "15% GST on Expenses", 15, false, true),
            rate("ZERORATEDOUTPUT", "Zero Rated Income", 0, true, false),
        ]),
        "GB" => rates.extend([
            rate("OUTPUT2", "20% (VAT on Income)", 20, true, false),
            rate("INPUT2", "20% (VAT on Expenses)", 20, false, true),
            rate("ZERORATEDOUTPUT", "Zero Rated Income", 0, true, false),
            rate("EXEMPTOUTPUT", "Exempt Income", 0, true, false),
        ]),
        "AU" => rates.extend([
            rate("OUTPUT", "GST on Income", 10, true, false),
            rate("INPUT", "GST on Expenses", 10, false, true),
            rate("EXEMPTOUTPUT", "GST Free Income", 0, true, false),
        ]),
        _ => {}
    }
    rates
}
