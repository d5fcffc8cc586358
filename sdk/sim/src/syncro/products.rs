//! Owns the catalogue: how products are found, made and overwritten, the flags that a PUT resets by not naming them, and the
//! SKUs of vendors. Nothing deletes a product but a person.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::answer::{Answer, Refusal};
use super::config::{DeletedProduct, NameFilter, Permission, Switches, Taken};
use super::json::{Json, as_number, object};
use super::listing::{Call, List, contains};
use super::money::{kept, rounded, units};
use super::params::Params;
use super::tenant::{Kind, Maker, Tenant};
use super::watch::{ViolationKind, changed_by_omission};

/// Members that are kept as they were sent.
const PLAIN: [&str; 11] = [
    "condition",
    "warranty",
    "sort_order",
    "reorder_at",
    "product_category",
    "discount_percent",
    "warranty_template_id",
    "qb_item_id",
    "desired_stock_level",
    "tax_rate_id",
    "physical_location",
];

/// What a vendor calls a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductSku {
    pub id: i64,
    pub vendor: String,
    pub sku: String,
}

/// A product as it stands; the id of one that is to be put there is given by the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    pub id: i64,
    pub name: String,
    pub description: String,
    pub price_retail: Decimal,
    pub price_cost: Decimal,
    pub price_wholesale: Decimal,
    pub disabled: bool,
    pub taxable: bool,
    pub maintain_stock: bool,
    pub serialized: bool,
    pub quantity: i64,
    pub upc_code: Option<String>,
    pub notes: Option<String>,
    pub vendor_ids: Vec<i64>,
    pub skus: Vec<ProductSku>,
    /// Set on the screen: the retail price is the cost and so much more, whatever is written to it.
    pub markup_percent: Option<Decimal>,
    pub maker: Maker,
    /// The rarer members, each as JSON text.
    pub plain: BTreeMap<&'static str, String>,
    pub created_at: DateTime<Utc>,
}

/// A flag, what it is, and what it becomes where a PUT does not name it.
type Flag<'a> = (&'static str, &'a mut bool, bool);

impl Product {
    #[must_use]
    pub fn named(name: &str, description: &str, retail: Decimal, cost: Decimal) -> Self {
        Self {
            id: 0,
            name: name.to_owned(),
            description: description.to_owned(),
            price_retail: retail,
            price_cost: cost,
            price_wholesale: Decimal::ZERO,
            disabled: false,
            taxable: true,
            maintain_stock: false,
            serialized: false,
            quantity: 0,
            upc_code: None,
            notes: None,
            vendor_ids: Vec::new(),
            skus: Vec::new(),
            markup_percent: None,
            maker: Maker::Person,
            plain: BTreeMap::new(),
            created_at: DateTime::UNIX_EPOCH,
        }
    }

    fn flags(&mut self) -> [Flag<'_>; 4] {
        [
            ("disabled", &mut self.disabled, false),
            ("taxable", &mut self.taxable, true),
            ("maintain_stock", &mut self.maintain_stock, false),
            ("serialized", &mut self.serialized, false),
        ]
    }

    /// What was sent, over what was there; flags that were not sent are reset.
    fn take(&mut self, params: &Params, switches: &Switches) {
        for (name, flag, default) in self.flags() {
            let unsaid = if switches.put_keeps_omitted { *flag } else { default };
            *flag = params.flag(name).unwrap_or(unsaid);
        }
        let texts: [(&str, &mut String); 2] = [("name", &mut self.name), ("description", &mut self.description)];
        for (name, text) in texts {
            if params.has(name) {
                *text = params.text(name).unwrap_or_default();
            }
        }
        for (name, price) in [
            ("price_retail", &mut self.price_retail),
            ("price_cost", &mut self.price_cost),
            ("price_wholesale", &mut self.price_wholesale),
        ] {
            if params.has(name) {
                *price = kept(params.decimal(name).unwrap_or_default(), switches.price_places);
            }
        }
        if let Some(markup) = self.markup_percent {
            self.price_retail = units(rounded(&[self.price_cost, Decimal::ONE_HUNDRED + markup]));
        }
        for (name, text) in [("upc_code", &mut self.upc_code), ("notes", &mut self.notes)] {
            if params.has(name) {
                *text = params.text(name);
            }
        }
        if params.has("quantity") {
            self.quantity = params.id("quantity").unwrap_or_default();
        }
        if params.has("vendor_ids") {
            self.vendor_ids = params.ids("vendor_ids");
        }
        for name in PLAIN {
            match params.json().get(name) {
                Some(Json::Null) => _ = self.plain.remove(name),
                Some(value) => _ = self.plain.insert(name, value.print()),
                None => {}
            }
        }
    }

    fn problems(&self) -> Vec<String> {
        let blank = |(name, text): (&str, &String)| text.trim().is_empty().then(|| format!("{name} can't be blank"));
        [("Name", &self.name), ("Description", &self.description)].into_iter().filter_map(blank).collect()
    }

    pub(crate) fn plain(&self, name: &str) -> Json {
        self.plain.get(name).and_then(|text| Json::parse(text).ok()).unwrap_or(Json::Null)
    }

    /// Answers to writes leave the SKUs out, as the samples do.
    fn shown(&self, tenant: &Tenant, with_skus: bool) -> Json {
        let form = tenant.config.switches.numbers;
        let plain = |name: &str| self.plain(name);
        let mut members = vec![
            ("id", Json::whole(self.id)),
            ("price_cost", as_number(self.price_cost, form)),
            ("price_retail", as_number(self.price_retail, form)),
            ("condition", plain("condition")),
            ("description", Json::from(&self.description)),
            ("maintain_stock", Json::Bool(self.maintain_stock)),
            ("name", Json::from(&self.name)),
            ("quantity", Json::whole(self.quantity)),
            ("warranty", plain("warranty")),
            ("sort_order", plain("sort_order")),
            ("reorder_at", plain("reorder_at")),
            ("disabled", Json::Bool(self.disabled)),
            ("taxable", Json::Bool(self.taxable)),
            ("product_category", plain("product_category")),
            ("category_path", plain("product_category")),
            ("upc_code", self.upc_code.clone().into()),
            ("discount_percent", plain("discount_percent")),
            ("warranty_template_id", plain("warranty_template_id")),
            ("qb_item_id", plain("qb_item_id")),
            ("desired_stock_level", plain("desired_stock_level")),
            ("price_wholesale", as_number(self.price_wholesale, form)),
            ("notes", self.notes.clone().into()),
            ("tax_rate_id", plain("tax_rate_id")),
            ("physical_location", plain("physical_location")),
            ("serialized", Json::Bool(self.serialized)),
            ("vendor_ids", Json::List(self.vendor_ids.iter().map(|id| Json::whole(*id)).collect())),
        ];
        if with_skus {
            members.push(("product_skus", Json::List(self.skus.iter().map(ProductSku::shown).collect())));
        }
        members.extend([
            ("long_description", Json::Null),
            ("location_quantities", Json::List(Vec::new())),
            ("photos", Json::List(Vec::new())),
        ]);
        Json::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

impl ProductSku {
    fn shown(&self) -> Json {
        object([
            ("id", Json::whole(self.id)),
            ("vendor_name", Json::from(&self.vendor)),
            ("sku", Json::from(&self.sku)),
        ])
    }
}

pub(crate) fn serve(tenant: &mut Tenant, call: &Call<'_>) -> Result<Answer, Answer> {
    match (call.method, call.path) {
        ("GET", ["products"]) => list(tenant, call),
        ("GET", ["products", "barcode"]) => {
            call.need(Permission::ProductsList)?;
            let code = call.asked("barcode");
            let found = tenant.products.values().find(|one| code.is_some() && one.upc_code.as_deref() == code);
            match (found, tenant.config.switches.missing_barcode) {
                (Some(product), _) => Ok(Answer::wrapped("product", product.shown(tenant, false))),
                (None, DeletedProduct::NotFound) => Err(Refusal::Gone.into()),
                (None, DeletedProduct::Null) => Ok(Answer::wrapped("product", Json::Null)),
            }
        }
        ("GET", ["products", one]) => {
            call.need(Permission::ProductsList)?;
            let product = found(tenant, one)?;
            Ok(Answer::wrapped("product", product.shown(tenant, true)))
        }
        ("GET", ["products", one, "product_skus"]) => {
            call.need(Permission::ProductsList)?;
            let skus = found(tenant, one)?.skus.iter().map(ProductSku::shown).collect();
            Ok(Answer::wrapped("product_skus", Json::List(skus)))
        }
        ("POST", ["products"]) => create(tenant, call),
        ("PUT", ["products", one]) => update(tenant, call, one),
        ("POST", ["products", one, "product_skus"]) => add_sku(tenant, call, one),
        _ => Err(Refusal::NoRoute.into()),
    }
}

fn found<'a>(tenant: &'a Tenant, id: &str) -> Result<&'a Product, Answer> {
    let id = id.parse().map_err(|_| Answer::from(Refusal::Gone))?;
    tenant.products.get(&id).ok_or_else(|| match tenant.config.switches.deleted_product {
        DeletedProduct::Null if tenant.gone.contains(&id) => Answer::ok(&Json::Null),
        _ => Refusal::Gone.into(),
    })
}

fn list(tenant: &Tenant, call: &Call<'_>) -> Result<Answer, Answer> {
    let switches = &tenant.config.switches;
    let (wanted, unwanted) = (call.ids("id"), call.ids("id_not"));
    let is_named = |one: &Product, name: &str| match switches.name_filter {
        NameFilter::Contains => contains(&one.name, name),
        NameFilter::Exact => one.name == name,
    };
    let mentions = |one: &Product, part: &str| {
        let upc = one.upc_code.as_ref().is_some_and(|code| contains(code, part));
        upc || contains(&one.name, part) || contains(&one.description, part)
    };
    let rows = tenant
        .products
        .values()
        .filter(|one| tenant.is_listed(one.created_at) && !(one.disabled && switches.disabled_products_hidden))
        .filter(|one| call.asked("name").is_none_or(|name| is_named(one, name)))
        .filter(|one| call.asked("query").is_none_or(|part| mentions(one, part)))
        .filter(|one| call.asked("upc_code").is_none_or(|code| one.upc_code.as_deref() == Some(code)))
        .filter(|one| call.asked("sku").is_none_or(|sku| one.skus.iter().any(|known| known.sku == sku)))
        .filter(|one| (wanted.is_empty() || wanted.contains(&one.id)) && !unwanted.contains(&one.id))
        .collect();
    List::Products.page(tenant, call, rows, |one: &Product| one.shown(tenant, true))
}

/// Blank members, and a code that another has.
fn judged(tenant: &Tenant, product: &Product, params: &Params) -> Result<(), Answer> {
    let mut message = product.problems();
    let taken = |one: &Product| one.id != product.id && one.upc_code == product.upc_code;
    let refused = tenant.config.switches.duplicate_upc == Taken::Refused && product.upc_code.is_some();
    if refused && tenant.products.values().any(taken) {
        message.push("Upc code has already been taken".to_owned());
    }
    if message.is_empty() {
        return Ok(());
    }
    Err(Refusal::Unsuccessful { message, params: params.json().clone() }.into())
}

fn create(tenant: &mut Tenant, call: &Call<'_>) -> Result<Answer, Answer> {
    call.need(Permission::ProductsCreate)?;
    let mut product = Product { maker: Maker::Api, ..Product::named("", "", Decimal::ZERO, Decimal::ZERO) };
    product.take(&call.params, &tenant.config.switches);
    judged(tenant, &product, &call.params)?;
    if let Some(Json::List(skus)) = call.params.get("product_skus_attributes") {
        for sku in skus.iter().cloned().map(Params::new) {
            // One that is not whole is passed over, as everything unknown is.
            if let Ok((vendor, sku)) = sku_of(tenant, &sku) {
                product.skus.push(ProductSku { id: tenant.give(Kind::Sku), vendor, sku });
            }
        }
    }
    let id = tenant.add_product(product);
    answered(tenant, id)
}

fn update(tenant: &mut Tenant, call: &Call<'_>, one: &str) -> Result<Answer, Answer> {
    call.need(Permission::ProductsEdit)?;
    let mut before = found(tenant, one)?.clone();
    let mut after = before.clone();
    after.take(&call.params, &tenant.config.switches);
    judged(tenant, &after, &call.params)?;
    let id = after.id;
    tenant.products.insert(id, after.clone());
    let mut stored = after.clone();
    let flags: Vec<(&'static str, bool, bool)> =
        before.flags().into_iter().zip(stored.flags()).map(|(old, new)| (old.0, *old.1, *new.1)).collect();
    let dropped = changed_by_omission(&call.params, &flags);
    if !dropped.is_empty() {
        tenant.notice(ViolationKind::FlagByOmission, format!("product {id}: {}", dropped.join(", ")));
    }
    // What may change is the price, the cost, and the flags, which were judged above.
    let same = Product { price_cost: after.price_cost, price_retail: after.price_retail, ..before };
    let unflagged = |product: &Product| Product {
        disabled: false,
        taxable: false,
        maintain_stock: false,
        serialized: false,
        ..product.clone()
    };
    let sent = flags.iter().any(|(name, old, new)| old != new && call.params.has(name));
    if sent || unflagged(&same) != unflagged(&after) {
        tenant.notice(ViolationKind::ProductChanged, format!("product {id}"));
    }
    answered(tenant, id)
}

fn answered(tenant: &Tenant, id: i64) -> Result<Answer, Answer> {
    let product = tenant.products.get(&id).ok_or_else(|| Answer::from(Refusal::Gone))?;
    Ok(Answer::wrapped("product", product.shown(tenant, false)))
}

fn sku_of(tenant: &Tenant, params: &Params) -> Result<(String, String), Refusal> {
    let vendor = params.id("vendor_id").and_then(|id| tenant.config.vendors.iter().find(|(known, _)| *known == id));
    match (vendor, params.word("value")) {
        (Some((_, vendor)), Some(value)) => Ok((vendor.clone(), value)),
        (vendor, value) => {
            let blank = |is_blank: bool, name: &str| is_blank.then(|| format!("{name} is blank"));
            let message = [blank(vendor.is_none(), "Vendor"), blank(value.is_none(), "Value")];
            Err(Refusal::Message(message.into_iter().flatten().collect()))
        }
    }
}

fn add_sku(tenant: &mut Tenant, call: &Call<'_>, one: &str) -> Result<Answer, Answer> {
    call.need(Permission::ProductsEdit)?;
    let product = found(tenant, one)?.id;
    let (vendor, sku) = sku_of(tenant, &call.params)?;
    let made = ProductSku { id: tenant.give(Kind::Sku), vendor, sku };
    let shown = made.shown();
    if let Some(product) = tenant.products.get_mut(&product) {
        product.skus.push(made);
    }
    Ok(Answer::wrapped("product_sku", shown))
}

impl Tenant {
    pub(crate) fn add_product(&mut self, mut product: Product) -> i64 {
        product.created_at = self.now();
        product.id = self.give(Kind::Product);
        let id = product.id;
        self.products.insert(id, product);
        id
    }
}
