//! Owns invoices: what the API makes and overwrites, how they are found, and what their lines come to. Does not own the
//! engine that makes them from recurring invoices. No tax is computed: every amount is net.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::answer::{Answer, Refusal};
use super::config::{Numbers, Permission, Taken};
use super::customers::stamp;
use super::json::{Json, as_text, id, object};
use super::listing::{Call, List};
use super::money::{rounded, units};
use super::params::Params;
use super::tenant::{Kind, Maker, Tenant};
use super::watch::{ViolationKind, changed_by_omission};

/// A line of an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceLine {
    pub id: i64,
    /// What the line is of: a product's name.
    pub item: String,
    /// What the customer reads.
    pub name: String,
    pub product: Option<i64>,
    pub quantity: Decimal,
    pub price: Decimal,
    pub cost: Decimal,
    pub taxable: bool,
    pub discount_percent: Option<Decimal>,
    pub position: i64,
    /// The line of the recurring invoice that it was made from.
    pub schedule_line: Option<i64>,
    pub one_time_charge: bool,
    pub maker: Maker,
    pub created_at: DateTime<Utc>,
}

impl InvoiceLine {
    /// Rounded once, half away from zero.
    #[must_use]
    pub fn amount_cents(&self) -> i64 {
        let kept = Decimal::ONE_HUNDRED - self.discount_percent.unwrap_or_default();
        rounded(&[self.quantity, self.price, kept])
    }

    fn shown(&self, invoice: i64, form: Numbers) -> Json {
        object([
            ("id", Json::whole(self.id)),
            ("created_at", stamp(self.created_at)),
            ("updated_at", stamp(self.created_at)),
            ("invoice_id", Json::whole(invoice)),
            ("item", Json::from(&self.item)),
            ("name", Json::from(&self.name)),
            ("cost", as_text(self.cost, form)),
            ("price", as_text(self.price, form)),
            ("quantity", as_text(self.quantity, form)),
            ("product_id", id(self.product)),
            ("taxable", Json::Bool(self.taxable)),
            ("discount_percent", self.discount_percent.map(|percent| as_text(percent, form)).unwrap_or(Json::Null)),
            ("position", Json::whole(self.position)),
            ("invoice_bundle_id", Json::Null),
            ("discount_dollars", Json::Null),
        ])
    }
}

/// An invoice as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    pub id: i64,
    pub customer: i64,
    pub number: String,
    pub date: NaiveDate,
    pub due_date: NaiveDate,
    /// The recurring invoice that made it.
    pub schedule: Option<i64>,
    pub maker: Maker,
    pub lines: Vec<InvoiceLine>,
    pub is_paid: bool,
    /// A card was charged for it.
    pub charged: bool,
    pub emailed: bool,
    pub note: Option<String>,
    pub po_number: Option<String>,
    pub location_id: Option<i64>,
    pub contact_id: Option<i64>,
    pub ticket_id: Option<i64>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl Invoice {
    #[must_use]
    pub fn total_cents(&self) -> i64 {
        self.lines.iter().map(InvoiceLine::amount_cents).fold(0, i64::saturating_add)
    }

    fn head(&self, tenant: &Tenant) -> Vec<(&'static str, Json)> {
        let form = tenant.config.switches.numbers;
        let total = as_text(units(self.total_cents()), form);
        let customer = tenant.customers.get(&self.customer).map(super::customers::Customer::business_then_name);
        let midnight = |day: NaiveDate| stamp(day.and_time(chrono::NaiveTime::MIN).and_utc());
        let mut members = vec![
            ("id", Json::whole(self.id)),
            ("customer_id", Json::whole(self.customer)),
            ("customer_business_then_name", Json::from(customer)),
            ("number", Json::from(&self.number)),
            ("created_at", stamp(self.created_at)),
            ("updated_at", stamp(self.updated_at)),
            ("date", midnight(self.date)),
            ("due_date", midnight(self.due_date)),
            ("subtotal", total.clone()),
            ("total", total),
            ("tax", as_text(Decimal::ZERO, form)),
            ("verified_paid", Json::Bool(self.charged)),
            ("tech_marked_paid", Json::Bool(self.is_paid && !self.charged)),
            ("ticket_id", id(self.ticket_id)),
            ("pdf_url", Json::Null),
            ("is_paid", Json::Bool(self.is_paid)),
            ("location_id", id(self.location_id)),
            ("po_number", self.po_number.clone().into()),
            ("contact_id", id(self.contact_id)),
            ("note", self.note.clone().into()),
            ("hardwarecost", Json::Null),
            ("user_id", Json::Null),
        ];
        if let Some(schedule) = self.schedule.filter(|_| !tenant.config.switches.schedule_id_hidden) {
            members.push(("schedule_id", Json::whole(schedule)));
        }
        members
    }

    fn shown(&self, tenant: &Tenant) -> Json {
        named(self.head(tenant))
    }

    fn detailed(&self, tenant: &Tenant) -> Json {
        let form = tenant.config.switches.numbers;
        let mut members = self.head(tenant);
        let customer = tenant.customers.get(&self.customer).map_or(Json::Null, super::customers::Customer::shown);
        let lines = self.lines.iter().map(|line| line.shown(self.id, form)).collect();
        members.extend([
            ("customer", customer),
            ("line_items", Json::List(lines)),
            ("payments", Json::List(Vec::new())),
        ]);
        named(members)
    }
}

fn named(members: Vec<(&'static str, Json)>) -> Json {
    Json::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

pub(crate) fn serve(tenant: &mut Tenant, call: &Call<'_>) -> Result<Answer, Answer> {
    match (call.method, call.path) {
        ("GET", ["invoices"]) => list(tenant, call),
        ("GET", ["line_items"]) => all_lines(tenant, call),
        ("POST", ["invoices"]) => create(tenant, call),
        ("GET", ["invoices", one]) => {
            call.need(Permission::InvoicesView)?;
            Ok(Answer::wrapped("invoice", found(tenant, call, one)?.detailed(tenant)))
        }
        ("PUT", ["invoices", one]) => update(tenant, call, one),
        ("DELETE", ["invoices", one]) => {
            call.need(Permission::InvoicesDelete)?;
            // 200 whether or not there was anything to delete, and whether or not it may be deleted.
            if let Ok(invoice) = found(tenant, call, one).cloned()
                && !invoice.is_paid
            {
                tenant.invoices.remove(&invoice.id);
            }
            Ok(Answer::empty(200))
        }
        ("POST", ["invoices", one, "line_items"]) => add_line(tenant, call, one),
        ("PUT", ["invoices", one, "line_items", line]) => update_line(tenant, call, one, line),
        ("DELETE", ["invoices", one, "line_items", line]) => {
            call.need(Permission::InvoicesEdit)?;
            let (mut invoice, at) = line_found(tenant, call, one, line)?;
            foreign(tenant, &invoice, Some(&invoice.lines[at].clone()));
            if !invoice.is_paid {
                invoice.lines.remove(at);
                tenant.store(invoice);
            }
            Ok(Answer::empty(200))
        }
        _ => Err(Refusal::NoRoute.into()),
    }
}

/// By its id or by its number.
fn found<'a>(tenant: &'a Tenant, call: &Call<'_>, asked: &str) -> Result<&'a Invoice, Answer> {
    let by_id = || asked.parse().ok().and_then(|id| tenant.invoices.get(&id));
    let by_number = || tenant.invoices.values().find(|invoice| invoice.number == asked);
    let known =
        if tenant.config.switches.number_before_id { by_number().or_else(by_id) } else { by_id().or_else(by_number) };
    known.filter(|invoice| call.sees(invoice.customer)).ok_or_else(|| Refusal::Gone.into())
}

/// There is no filter by customer: one that is sent is passed over.
fn list(tenant: &Tenant, call: &Call<'_>) -> Result<Answer, Answer> {
    let since = call.asked("since_updated_at").and_then(|at| {
        let instant = DateTime::parse_from_rfc3339(at).map(|at| at.to_utc()).ok();
        instant.or_else(|| Some(at.get(..10)?.parse::<NaiveDate>().ok()?.and_hms_opt(0, 0, 0)?.and_utc()))
    });
    let ticket = call.asked("ticket_id").and_then(|id| id.parse::<i64>().ok());
    let rows = tenant
        .invoices
        .values()
        .filter(|one| call.sees(one.customer) && tenant.is_listed(one.created_at))
        .filter(|one| !call.asked_flag("paid") || one.is_paid)
        .filter(|one| !call.asked_flag("unpaid") || !one.is_paid)
        .filter(|one| since.is_none_or(|since| one.updated_at >= since))
        .filter(|one| ticket.is_none_or(|ticket| one.ticket_id == Some(ticket)))
        .collect();
    List::Invoices.page(tenant, call, rows, |one: &Invoice| one.shown(tenant))
}

fn all_lines(tenant: &Tenant, call: &Call<'_>) -> Result<Answer, Answer> {
    let invoice = call.asked("invoice_id").and_then(|id| id.parse::<i64>().ok());
    let form = tenant.config.switches.numbers;
    let wanted = tenant.invoices.values().filter(|one| invoice.is_none_or(|id| one.id == id));
    let rows: Vec<(i64, &InvoiceLine)> =
        wanted.flat_map(|one| one.lines.iter().map(move |line| (one.id, line))).collect();
    List::LineItems.page(tenant, call, rows.iter().collect(), |(invoice, line)| line.shown(*invoice, form))
}

/// Lines in the body are passed over.
fn create(tenant: &mut Tenant, call: &Call<'_>) -> Result<Answer, Answer> {
    call.need(Permission::InvoicesCreate)?;
    let params = &call.params;
    let customer = params.id("customer_id").filter(|id| tenant.customers.contains_key(id) && call.sees(*id));
    let (number, date) = (params.word("number"), params.day("date"));
    let mut errors = Vec::new();
    let blank = || "can't be blank".to_owned();
    errors.extend(customer.is_none().then(|| ("customer", blank())));
    errors.extend(number.is_none().then(|| ("number", blank())));
    errors.extend(date.is_none().then(|| ("date", blank())));
    let refused = tenant.config.switches.duplicate_number == Taken::Refused;
    if refused && tenant.invoices.values().any(|one| Some(&one.number) == number.as_ref()) {
        errors.push(("number", "has already been taken".to_owned()));
    }
    let (Some(customer), Some(number), Some(date), true) = (customer, number, date, errors.is_empty()) else {
        return Err(Refusal::Nested(errors).into());
    };
    let mut invoice = tenant.blank_invoice(customer, number, date);
    invoice.maker = Maker::Api;
    overwrite(&mut invoice, params);
    let shown = invoice.shown(tenant);
    tenant.store(invoice);
    Ok(Answer::wrapped("invoice", shown))
}

/// What may be empty and is not said becomes empty.
fn overwrite(invoice: &mut Invoice, params: &Params) {
    invoice.due_date = params.day("due_date").unwrap_or(invoice.date);
    invoice.note = params.text("note");
    invoice.po_number = params.text("po_number");
    invoice.location_id = params.id("location_id");
    invoice.contact_id = params.id("contact_id");
    invoice.ticket_id = params.id("ticket_id");
}

fn update(tenant: &mut Tenant, call: &Call<'_>, one: &str) -> Result<Answer, Answer> {
    call.need(Permission::InvoicesEdit)?;
    let mut invoice = found(tenant, call, one)?.clone();
    foreign(tenant, &invoice, None);
    if !invoice.is_paid {
        let params = &call.params;
        invoice.number = params.word("number").unwrap_or(invoice.number);
        invoice.date = params.day("date").unwrap_or(invoice.date);
        if let Some(customer) = params.id("customer_id").filter(|id| tenant.customers.contains_key(id)) {
            invoice.customer = customer;
        }
        overwrite(&mut invoice, params);
        tenant.store(invoice.clone());
    }
    Ok(Answer::wrapped("invoice", invoice.shown(tenant)))
}

/// What an invoice's people or its recurring invoice made is not the API's to change.
fn foreign(tenant: &mut Tenant, invoice: &Invoice, line: Option<&InvoiceLine>) {
    let maker = line.map_or(invoice.maker, |line| line.maker);
    if maker != Maker::Api {
        let what = line.map_or_else(String::new, |line| format!(" line {}", line.id));
        tenant.notice(ViolationKind::ForeignLine, format!("invoice {}{what}", invoice.number));
    }
}

/// What is not said comes from the product, where one is named.
fn line_of(tenant: &Tenant, params: &Params) -> Result<InvoiceLine, Answer> {
    let product = params.id("product_id");
    let known = product.and_then(|id| tenant.products.get(&id));
    let text = |name: &str| params.word(name);
    let item = text("item").or_else(|| known.map(|one| one.name.clone()));
    let name = text("name").or_else(|| known.map(|one| one.description.clone()));
    if item.is_none() && name.is_none() {
        let message = vec!["Item can't be blank".to_owned()];
        return Err(Refusal::Unsuccessful { message, params: params.json().clone() }.into());
    }
    Ok(InvoiceLine {
        id: 0,
        item: item.unwrap_or_default(),
        name: name.unwrap_or_default(),
        product,
        quantity: params.decimal("quantity").unwrap_or(Decimal::ONE),
        price: params.decimal("price").or(known.map(|one| one.price_retail)).unwrap_or_default(),
        cost: params.decimal("cost").or(known.map(|one| one.price_cost)).unwrap_or_default(),
        taxable: params.flag("taxable").or(known.map(|one| one.taxable)).unwrap_or(true),
        discount_percent: params.decimal("discount_percent"),
        position: params.id("position").unwrap_or_default(),
        schedule_line: None,
        one_time_charge: false,
        maker: Maker::Api,
        created_at: tenant.now(),
    })
}

fn add_line(tenant: &mut Tenant, call: &Call<'_>, one: &str) -> Result<Answer, Answer> {
    call.need(Permission::InvoicesEdit)?;
    let mut invoice = found(tenant, call, one)?.clone();
    let mut line = line_of(tenant, &call.params)?;
    if invoice.is_paid {
        return Ok(paid());
    }
    line.id = tenant.give(Kind::InvoiceLine);
    let shown = line.shown(invoice.id, tenant.config.switches.numbers);
    invoice.lines.push(line);
    tenant.store(invoice);
    Ok(Answer::wrapped("line_item", shown))
}

/// 200, and nothing was done.
fn paid() -> Answer {
    Answer::ok(&object([("message", Json::text("Invoice is already paid"))]))
}

fn line_found(tenant: &Tenant, call: &Call<'_>, one: &str, line: &str) -> Result<(Invoice, usize), Answer> {
    let invoice = found(tenant, call, one)?;
    let at = line.parse().ok().and_then(|line: i64| invoice.lines.iter().position(|known| known.id == line));
    at.map(|at| (invoice.clone(), at)).ok_or_else(|| Refusal::Gone.into())
}

fn update_line(tenant: &mut Tenant, call: &Call<'_>, one: &str, line: &str) -> Result<Answer, Answer> {
    call.need(Permission::InvoicesEdit)?;
    let (mut invoice, at) = line_found(tenant, call, one, line)?;
    let before = invoice.lines[at].clone();
    foreign(tenant, &invoice, Some(&before));
    if invoice.is_paid {
        return Ok(paid());
    }
    let mut after = line_of(tenant, &call.params)?;
    (after.id, after.maker, after.created_at) = (before.id, before.maker, before.created_at);
    (after.schedule_line, after.one_time_charge) = (before.schedule_line, before.one_time_charge);
    if !changed_by_omission(&call.params, &[("taxable", before.taxable, after.taxable)]).is_empty() {
        tenant.notice(ViolationKind::FlagByOmission, format!("invoice line {}: taxable", before.id));
    }
    let shown = after.shown(invoice.id, tenant.config.switches.numbers);
    invoice.lines[at] = after;
    tenant.store(invoice);
    Ok(Answer::wrapped("line_item", shown))
}

impl Tenant {
    pub(crate) fn blank_invoice(&mut self, customer: i64, number: String, date: NaiveDate) -> Invoice {
        let now = self.now();
        Invoice {
            id: self.give(Kind::Invoice),
            customer,
            number,
            date,
            due_date: date,
            schedule: None,
            maker: Maker::Person,
            lines: Vec::new(),
            is_paid: false,
            charged: false,
            emailed: false,
            note: None,
            po_number: None,
            location_id: None,
            contact_id: None,
            ticket_id: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// As changed now.
    pub(crate) fn store(&mut self, mut invoice: Invoice) {
        invoice.updated_at = invoice.updated_at.max(self.now());
        self.invoices.insert(invoice.id, invoice);
    }
}
