//! Owns the lines of recurring invoices: what a body makes of one, what it becomes where the body is silent, and how it is
//! shown. Does not own when it is billed.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::answer::{Answer, Refusal};
use super::config::{Cents, Dead, LinePrice, Taken};
use super::json::{Json, as_cents, as_number, as_text, id, object};
use super::money::{kept, rounded, units};
use super::params::{Params, Whole};
use super::tenant::{Kind, Maker, Tenant};

/// A line as it stands; the id of one that is to be put there is given by the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub id: i64,
    pub schedule: i64,
    pub product: Option<i64>,
    pub name: String,
    pub description: String,
    pub quantity: Decimal,
    pub retail_cents: i64,
    pub cost_cents: i64,
    pub taxable: bool,
    pub one_time_charge: bool,
    pub position: i64,
    pub user_id: Option<i64>,
    /// Set on lines that count something: as many as there are `device_ids`.
    pub recurring_type_id: Option<i64>,
    pub asset_type_id: Option<i64>,
    pub saved_asset_search_id: Option<i64>,
    pub contact_field_type_id: Option<i64>,
    pub contact_field_answer_id: Option<i64>,
    pub device_ids: Vec<i64>,
    pub maker: Maker,
    /// A one-time line that was billed and stays.
    pub billed: bool,
    pub created_at: DateTime<Utc>,
}

impl Line {
    #[must_use]
    pub fn named(name: &str, quantity: Decimal, retail_cents: i64, cost_cents: i64) -> Self {
        Self { name: name.to_owned(), quantity, retail_cents, cost_cents, ..Self::blank() }
    }

    /// Counts devices, whatever quantity is written to it.
    #[must_use]
    pub fn asset_counter(name: &str, device_ids: &[i64], retail_cents: i64) -> Self {
        Self {
            recurring_type_id: Some(2),
            asset_type_id: Some(1),
            device_ids: device_ids.to_vec(),
            ..Self::named(name, Decimal::ZERO, retail_cents, 0)
        }
    }

    /// What a body that says nothing makes.
    fn blank() -> Self {
        Self {
            id: 0,
            schedule: 0,
            product: None,
            name: String::new(),
            description: String::new(),
            quantity: Decimal::ZERO,
            retail_cents: 0,
            cost_cents: 0,
            taxable: true,
            one_time_charge: false,
            position: 0,
            user_id: None,
            recurring_type_id: None,
            asset_type_id: None,
            saved_asset_search_id: None,
            contact_field_type_id: None,
            contact_field_answer_id: None,
            device_ids: Vec::new(),
            maker: Maker::Person,
            billed: false,
            created_at: DateTime::UNIX_EPOCH,
        }
    }

    /// What the next run bills: counted where it counts.
    #[must_use]
    pub fn billed_quantity(&self) -> Decimal {
        if self.recurring_type_id.is_some() { Decimal::from(self.device_ids.len()) } else { self.quantity }
    }

    /// What the next run charges for it, rounded half away from zero.
    #[must_use]
    pub fn amount_cents(&self) -> i64 {
        rounded(&[self.billed_quantity(), Decimal::from(self.retail_cents)])
    }

    pub(crate) fn shown(&self, tenant: &Tenant) -> Json {
        let form = tenant.config.switches.numbers;
        let category = self.product.and_then(|id| Some(tenant.products.get(&id)?.plain("product_category")));
        object([
            ("id", Json::whole(self.id)),
            ("cost_cents", as_cents(self.cost_cents, form)),
            ("description", Json::from(&self.description)),
            ("name", Json::from(&self.name)),
            ("position", Json::whole(self.position)),
            ("product_id", id(self.product)),
            ("quantity", as_text(self.billed_quantity(), form)),
            ("retail_cents", as_cents(self.retail_cents, form)),
            ("schedule_id", Json::whole(self.schedule)),
            ("taxable", Json::Bool(self.taxable)),
            ("user_id", id(self.user_id)),
            ("price_cost", as_number(units(self.cost_cents), form)),
            ("price_retail", as_number(units(self.retail_cents), form)),
            ("product_category", category.unwrap_or(Json::Null)),
            ("asset_type_id", id(self.asset_type_id)),
            ("recurring_type_id", id(self.recurring_type_id)),
            ("device_ids", Json::List(self.device_ids.iter().map(|id| Json::whole(*id)).collect())),
            ("one_time_charge", Json::Bool(self.one_time_charge)),
        ])
    }
}

/// What a body makes of a line: `before` lends only what the API cannot write, unless what is not said stays.
pub(crate) fn written(tenant: &Tenant, params: &Params, before: &Line) -> Result<Line, Answer> {
    let switches = &tenant.config.switches;
    let stays = switches.put_keeps_omitted && before.id != 0;
    let base = if stays { before.clone() } else { Line::blank() };
    let ids = |name: &str, base: Option<i64>| if params.has(name) { params.id(name) } else { base };
    let product = ids("product_id", base.product);
    let known = product.and_then(|id| tenant.products.get(&id));
    let mut errors = Vec::new();
    if product.is_some() && known.is_none() && switches.dead_product == Dead::Refused {
        errors.push("Product must exist".to_owned());
    }
    let unnamed = if stays { base.name.clone() } else { known.map(|one| one.name.clone()).unwrap_or_default() };
    let name = params.word("name").unwrap_or(unnamed);
    if name.trim().is_empty() {
        errors.push("Name can't be blank".to_owned());
    }
    let from_product = switches.line_price == LinePrice::FromProduct && !stays;
    let catalogue = known.filter(|_| from_product).map(|one| (one.price_retail, one.price_cost));
    let cents_of = |price: Decimal| rounded(&[price, Decimal::ONE_HUNDRED]);
    let (retail, cost) =
        catalogue.map_or((base.retail_cents, base.cost_cents), |(retail, cost)| (cents_of(retail), cents_of(cost)));
    let mut cents = |name: &'static str, told: &str, unsaid: i64| {
        if !params.has(name) {
            return unsaid;
        }
        let (value, whole) = match params.whole(name) {
            Some(Whole::Exact(value)) => (value, true),
            Some(Whole::Cut(value)) => (value, false),
            None => (0, true),
        };
        if !whole && switches.cents == Cents::Refused {
            errors.push(format!("{told} must be an integer"));
        }
        if value < 0 && switches.negative_prices == Taken::Refused {
            errors.push(format!("{told} must be greater than or equal to 0"));
        }
        value
    };
    let retail_cents = cents("retail_cents", "Retail cents", retail);
    let cost_cents = cents("cost_cents", "Cost cents", cost);
    if !errors.is_empty() {
        return Err(Refusal::Errors(errors).into());
    }
    let said = |name: &str| params.has(name).then(|| params.text(name).unwrap_or_default());
    let quantity = if params.has("quantity") { params.decimal("quantity").unwrap_or_default() } else { base.quantity };
    Ok(Line {
        id: before.id,
        schedule: before.schedule,
        product,
        name,
        description: said("description").unwrap_or(base.description),
        quantity: kept(quantity, switches.quantity_places),
        retail_cents,
        cost_cents,
        taxable: params.flag("taxable").unwrap_or(base.taxable),
        one_time_charge: params.flag("one_time_charge").unwrap_or(base.one_time_charge),
        position: params.id("position").unwrap_or(base.position),
        user_id: ids("user_id", base.user_id),
        recurring_type_id: ids("recurring_type_id", base.recurring_type_id),
        asset_type_id: ids("asset_type_id", base.asset_type_id),
        saved_asset_search_id: ids("saved_asset_search_id", base.saved_asset_search_id),
        contact_field_type_id: ids("contact_field_type_id", base.contact_field_type_id),
        contact_field_answer_id: ids("contact_field_answer_id", base.contact_field_answer_id),
        device_ids: before.device_ids.clone(),
        maker: before.maker,
        billed: before.billed,
        created_at: before.created_at,
    })
}

/// What the API adds starts as.
pub(crate) fn added(schedule: i64) -> Line {
    Line { schedule, maker: Maker::Api, ..Line::blank() }
}

impl Tenant {
    pub(crate) fn add_line(&mut self, mut line: Line) -> i64 {
        line.created_at = self.now();
        line.id = self.give(Kind::Line);
        let id = line.id;
        self.lines.insert(id, line);
        id
    }
}
