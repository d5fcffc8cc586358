//! Owns customers: how they are found and shown. They are made by people, and by the API where it is told to.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};

use super::answer::{Answer, Refusal};
use super::config::Permission;
use super::json::{Json, id, object};
use super::listing::{Call, List, contains};
use super::tenant::{Kind, Maker, Tenant};

/// A customer as it stands; the id of one that is to be put there is given by the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    pub id: i64,
    pub business_name: Option<String>,
    pub firstname: String,
    pub lastname: String,
    pub email: Option<String>,
    pub disabled: bool,
    /// Custom fields.
    pub properties: BTreeMap<String, String>,
    pub maker: Maker,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl Customer {
    #[must_use]
    pub fn business(name: &str) -> Self {
        Self {
            id: 0,
            business_name: Some(name.to_owned()),
            firstname: "Pat".to_owned(),
            lastname: "Doe".to_owned(),
            email: None,
            disabled: false,
            properties: BTreeMap::new(),
            maker: Maker::Person,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        }
    }

    #[must_use]
    pub fn fullname(&self) -> String {
        format!("{} {}", self.firstname, self.lastname).trim().to_owned()
    }

    /// What invoices call it.
    #[must_use]
    pub fn business_then_name(&self) -> String {
        self.business_name.clone().unwrap_or_else(|| self.fullname())
    }

    fn business_and_full_name(&self) -> String {
        match &self.business_name {
            Some(business) => format!("{business} - {}", self.fullname()),
            None => self.fullname(),
        }
    }

    pub(crate) fn shown(&self) -> Json {
        let properties = self.properties.iter().map(|(name, value)| (name.clone(), Json::from(value))).collect();
        let null = || Json::Null;
        object([
            ("id", Json::whole(self.id)),
            ("firstname", Json::from(&self.firstname)),
            ("lastname", Json::from(&self.lastname)),
            ("fullname", Json::Text(self.fullname())),
            ("business_name", self.business_name.clone().into()),
            ("email", self.email.clone().into()),
            ("phone", null()),
            ("mobile", null()),
            ("created_at", stamp(self.created_at)),
            ("updated_at", stamp(self.updated_at)),
            ("pdf_url", null()),
            ("address", null()),
            ("address_2", null()),
            ("city", null()),
            ("state", null()),
            ("zip", null()),
            ("latitude", null()),
            ("longitude", null()),
            ("notes", null()),
            ("get_sms", Json::Bool(false)),
            ("opt_out", Json::Bool(false)),
            ("disabled", Json::Bool(self.disabled)),
            ("no_email", Json::Bool(self.email.is_none())),
            ("location_name", null()),
            ("location_id", null()),
            ("properties", Json::Object(properties)),
            ("online_profile_url", Json::text(format!("https://portal.example/my_profile/{}", self.id))),
            ("tax_rate_id", null()),
            ("notification_email", null()),
            ("invoice_cc_emails", null()),
            ("invoice_term_id", null()),
            ("referred_by", null()),
            ("ref_customer_id", id(None)),
            ("business_and_full_name", Json::Text(self.business_and_full_name())),
            ("business_then_name", Json::Text(self.business_then_name())),
            ("contacts", Json::List(Vec::new())),
        ])
    }

    /// In any of its names or its address.
    fn mentions(&self, part: &str) -> bool {
        contains(&self.business_and_full_name(), part) || self.email.as_ref().is_some_and(|email| contains(email, part))
    }
}

/// A point in time as every sample writes it.
pub(crate) fn stamp(at: DateTime<Utc>) -> Json {
    Json::Text(at.to_rfc3339_opts(SecondsFormat::Millis, true))
}

pub(crate) fn serve(tenant: &mut Tenant, call: &Call<'_>) -> Result<Answer, Answer> {
    match (call.method, call.path) {
        ("GET", ["customers"]) => list(tenant, call),
        ("GET", ["customers", "autocomplete"]) => autocomplete(tenant, call),
        ("GET", ["customers", one]) => {
            call.need(Permission::CustomersView)?;
            Ok(Answer::wrapped("customer", found(tenant, call, one)?.shown()))
        }
        ("POST", ["customers"]) => create(tenant, call),
        ("DELETE", ["customers", one]) => {
            call.need(Permission::CustomersDelete)?;
            let id = found(tenant, call, one)?.id;
            tenant.customers.remove(&id);
            Ok(Answer::ok(&object([("message", Json::text("Customer was deleted from the system."))])))
        }
        _ => Err(Refusal::NoRoute.into()),
    }
}

fn found<'a>(tenant: &'a Tenant, call: &Call<'_>, id: &str) -> Result<&'a Customer, Answer> {
    let known = id.parse().ok().and_then(|id| tenant.customers.get(&id));
    known.filter(|customer| call.sees(customer.id)).ok_or_else(|| Refusal::Gone.into())
}

fn list(tenant: &Tenant, call: &Call<'_>) -> Result<Answer, Answer> {
    let (wanted, unwanted) = (call.ids("id"), call.ids("not_id"));
    let part = |name: &str, text: &str| call.asked(name).is_none_or(|part| contains(text, part));
    let with_disabled = call.asked_flag("include_disabled");
    let rows = tenant
        .customers
        .values()
        .filter(|one| call.sees(one.id) && tenant.is_listed(one.created_at))
        .filter(|one| with_disabled || !one.disabled)
        .filter(|one| call.asked("query").is_none_or(|part| one.mentions(part)))
        .filter(|one| part("business_name", one.business_name.as_deref().unwrap_or_default()))
        .filter(|one| part("firstname", &one.firstname) && part("lastname", &one.lastname))
        .filter(|one| part("email", one.email.as_deref().unwrap_or_default()))
        .filter(|one| (wanted.is_empty() || wanted.contains(&one.id)) && !unwanted.contains(&one.id))
        .collect();
    List::Customers.page(tenant, call, rows, Customer::shown)
}

/// Without pages: the first few.
fn autocomplete(tenant: &Tenant, call: &Call<'_>) -> Result<Answer, Answer> {
    call.need(Permission::CustomersList)?;
    let part = call.asked("query").unwrap_or_default();
    let rows = tenant.customers.values().filter(|one| call.sees(one.id) && !one.disabled && one.mentions(part));
    Ok(Answer::wrapped("customers", Json::List(rows.take(20).map(Customer::shown).collect())))
}

fn create(tenant: &mut Tenant, call: &Call<'_>) -> Result<Answer, Answer> {
    call.need(Permission::CustomersCreate)?;
    let params = &call.params;
    let email = params.word("email");
    let mut message = Vec::new();
    if params.word("business_name").or_else(|| params.word("firstname")).is_none() {
        message.push("Firstname or business name can't be blank".to_owned());
    }
    if email.as_ref().is_some_and(|email| !email.contains('@')) {
        message.push("Email is not an email".to_owned());
    }
    if !message.is_empty() {
        return Err(Refusal::Unsuccessful { message, params: params.json().clone() }.into());
    }
    let customer = Customer {
        business_name: params.word("business_name"),
        firstname: params.word("firstname").unwrap_or_default(),
        lastname: params.word("lastname").unwrap_or_default(),
        email,
        maker: Maker::Api,
        ..Customer::business("")
    };
    let id = tenant.add_customer(customer);
    tenant.customers.get(&id).map(|made| Answer::wrapped("customer", made.shown())).ok_or_else(|| Refusal::Gone.into())
}

impl Tenant {
    pub(crate) fn add_customer(&mut self, mut customer: Customer) -> i64 {
        let now = self.now();
        customer.id = self.give(Kind::Customer);
        (customer.created_at, customer.updated_at) = (now, now);
        let id = customer.id;
        self.customers.insert(id, customer);
        id
    }
}
