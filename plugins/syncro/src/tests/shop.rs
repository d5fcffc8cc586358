//! An account in memory that answers as Syncro does, and bills its recurring invoices.
//!
//! Owns just enough for these tests: a PUT overwrites a line whole, lines that come with a new invoice are ignored, one-time
//! lines go with the run that bills them.

use std::cell::RefCell;
use std::rc::Rc;

use counterfoil_sdk::serde_json::{self, Map, Value, json};
use counterfoil_sdk::testing::{Call, Scripted};
use counterfoil_sdk::{Decimal, Failure, Response};

use crate::frequency::Frequency;

#[derive(Debug, Default)]
struct Books {
    schedules: Vec<Value>,
    products: Vec<Value>,
    invoices: Vec<Value>,
    last: i64,
    symbol: String,
}

/// The account.
#[derive(Debug, Clone)]
pub(crate) struct Shop(Rc<RefCell<Books>>);

const LINE: [(&str, Value); 6] = [
    ("description", Value::Null),
    ("position", Value::Null),
    ("product_id", Value::Null),
    ("user_id", Value::Null),
    ("recurring_type_id", Value::Null),
    ("asset_type_id", Value::Null),
];

impl Shop {
    /// Customer 42 with recurring invoice 5, monthly, next on 1 December 2026; product 9, taxable; a person's line and one
    /// that Syncro counts.
    pub(crate) fn open() -> Self {
        let shop = Self(Rc::new(RefCell::new(Books { last: 100, symbol: "$".into(), ..Books::default() })));
        shop.schedule(5, 42, "2026-12-01");
        {
            let mut books = shop.0.borrow_mut();
            books.products.push(json!({
                "id": 9, "name": "PC_CFQ7:0001", "description": "Business Basic", "price_cost": 6.1, "price_retail": 7.80,
                "price_wholesale": 0, "disabled": false, "taxable": true, "maintain_stock": false, "serialized": false,
                "upc_code": "P-CFQ7:0001", "quantity": 0, "vendor_ids": [], "notes": null, "product_skus": []
            }));
        }
        shop.line(
            5,
            json!({"name": "Managed desktop", "description": "by hand", "quantity": "3.0", "retail_cents": 5000}),
        );
        shop.line(5, json!({"name": "Assets", "quantity": "7.0", "retail_cents": 900, "recurring_type_id": 3, "device_ids": [1]}));
        shop
    }

    pub(crate) fn schedule(&self, id: i64, customer: i64, next_run: &str) {
        self.0.borrow_mut().schedules.push(json!({
            "id": id, "account_id": 1, "customer_id": customer, "name": format!("Cloud {id}"), "frequency": "Monthly",
            "next_run": format!("{next_run}T00:00:00.000Z"), "paused": false, "email_customer": false, "charge_mop": false,
            "subtotal": 0, "lines": []
        }));
    }

    /// A line that somebody put there.
    pub(crate) fn line(&self, schedule: i64, fields: Value) -> i64 {
        let mut books = self.0.borrow_mut();
        books.last += 1;
        let id = books.last;
        let line = whole(id, schedule, &fields);
        books.schedules.iter_mut().find(|one| one["id"] == schedule).unwrap()["lines"]
            .as_array_mut()
            .unwrap()
            .push(line);
        id
    }

    /// Sets a member of a recurring invoice.
    pub(crate) fn set(&self, schedule: i64, name: &str, value: Value) {
        self.0.borrow_mut().schedules.iter_mut().find(|one| one["id"] == schedule).unwrap()[name] = value;
    }

    /// Somebody edits a line.
    pub(crate) fn edit(&self, line: i64, name: &str, value: Value) {
        let mut books = self.0.borrow_mut();
        let mut lines = books.schedules.iter_mut().flat_map(|one| one["lines"].as_array_mut().unwrap().iter_mut());
        lines.find(|one| one["id"] == line).unwrap()[name] = value;
    }

    pub(crate) fn delete(&self, line: i64) {
        for schedule in &mut self.0.borrow_mut().schedules {
            schedule["lines"].as_array_mut().unwrap().retain(|one| one["id"] != line);
        }
    }

    pub(crate) fn delete_schedule(&self, id: i64) {
        self.0.borrow_mut().schedules.retain(|one| one["id"] != id);
    }

    pub(crate) fn symbol(&self, symbol: &str) {
        self.0.borrow_mut().symbol = symbol.to_owned();
    }

    pub(crate) fn product(&self, fields: Value) {
        self.0.borrow_mut().products.push(fields);
    }

    pub(crate) fn edit_product(&self, id: i64, name: &str, value: Value) {
        self.0.borrow_mut().products.iter_mut().find(|one| one["id"] == id).unwrap()[name] = value;
    }

    pub(crate) fn products(&self) -> Vec<Value> {
        self.0.borrow().products.clone()
    }

    pub(crate) fn invoices(&self) -> Vec<Value> {
        self.0.borrow().invoices.clone()
    }

    pub(crate) fn pay(&self, invoice: i64) {
        self.0.borrow_mut().invoices.iter_mut().find(|one| one["id"] == invoice).unwrap()["is_paid"] = true.into();
    }

    /// Lines that are not the person's two.
    pub(crate) fn ours(&self) -> Vec<Value> {
        let lines = self
            .0
            .borrow()
            .schedules
            .iter()
            .flat_map(|one| one["lines"].as_array().unwrap().clone())
            .collect::<Vec<_>>();
        lines.into_iter().filter(|line| line["name"] != "Managed desktop" && line["name"] != "Assets").collect()
    }

    /// "10 × 780", "1 × -500 once": ours, for tables.
    pub(crate) fn shown(&self) -> Vec<String> {
        let line = |line: &Value| {
            let once = if line["one_time_charge"] == true { " once" } else { "" };
            let quantity: Decimal = line["quantity"].as_str().unwrap().parse().unwrap();
            format!("{} × {}{once}", quantity.normalize(), line["retail_cents"])
        };
        self.ours().iter().map(line).collect()
    }

    /// Runs it: what it bills of our lines. One-time lines go, the next run moves on.
    pub(crate) fn run(&self, schedule: i64) -> Decimal {
        let ours: Vec<i64> = self.ours().iter().map(|line| line["id"].as_i64().unwrap()).collect();
        let mut books = self.0.borrow_mut();
        let schedule = books.schedules.iter_mut().find(|one| one["id"] == schedule).unwrap();
        let lines = schedule["lines"].as_array_mut().unwrap();
        let mut billed = Decimal::ZERO;
        for line in lines.iter().filter(|line| ours.contains(&line["id"].as_i64().unwrap())) {
            let quantity: Decimal = line["quantity"].as_str().unwrap().parse().unwrap();
            billed +=
                counterfoil_sdk::decimal::round(quantity * Decimal::new(line["retail_cents"].as_i64().unwrap(), 2), 2);
        }
        lines.retain(|line| line["one_time_charge"] != true);
        let next = super::day(&schedule["next_run"].as_str().unwrap()[..10]);
        let (year, month, day) = next.parts();
        let next = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
        assert_eq!(Frequency::parse(schedule["frequency"].as_str().unwrap()), Some(Frequency::Months(1)));
        schedule["next_run"] = format!("{:04}-{:02}-{day:02}T00:00:00.000Z", next.0, next.1).into();
        billed
    }

    /// The remote on which this account is open.
    pub(crate) fn remote(&self) -> Scripted<'static> {
        self.remote_where(|_, _| None)
    }

    /// The same, where some calls are answered otherwise: before they are done (true), or after (false).
    pub(crate) fn remote_where(
        &self,
        mut otherwise: impl FnMut(&Call, bool) -> Option<Result<Response, Failure>> + 'static,
    ) -> Scripted<'static> {
        let shop = self.clone();
        Scripted::new(move |call| {
            if let Some(answer) = otherwise(call, true) {
                return answer;
            }
            let answer = shop.answer(call);
            otherwise(call, false).unwrap_or(answer)
        })
    }

    fn answer(&self, call: &Call) -> Result<Response, Failure> {
        let path = call.request.path.clone();
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        let mut books = self.0.borrow_mut();
        match (call.request.method.as_str(), parts.as_slice()) {
            ("GET", ["settings"]) => {
                ok(&json!({"locale": {"currency_symbol": books.symbol, "time_zone": "America/Los_Angeles"}}))
            }
            ("GET", ["customers"]) => page(
                call,
                "customers",
                &[
                    json!({"id": 42, "business_name": "Acme", "email": "a@acme.test", "disabled": false}),
                    json!({"id": 43, "business_name": null, "business_then_name": "Bob Dobbs", "disabled": true}),
                ],
            ),
            ("GET", ["customers", "42"]) => {
                ok(&json!({"customer": {"id": 42, "business_name": "Acme", "disabled": false}}))
            }
            (_, ["products", ..]) => books.products(call, &parts),
            (_, ["schedules", ..]) => books.schedules(call, &parts),
            (_, ["invoices", ..]) => books.invoices(call, &parts),
            other => panic!("{other:?}"),
        }
    }
}

fn ok(body: &Value) -> Result<Response, Failure> {
    Ok(Response::new(200, body.to_string()))
}

fn gone() -> Result<Response, Failure> {
    Ok(Response::new(404, ""))
}

fn body(call: &Call) -> Value {
    serde_json::from_slice(&call.request.body).unwrap()
}

impl Books {
    fn products(&mut self, call: &Call, parts: &[&str]) -> Result<Response, Failure> {
        match (call.request.method.as_str(), parts) {
            ("GET", ["products"]) => page(call, "products", &self.products),
            ("GET", ["products", "barcode"]) => {
                match self.products.iter().find(|one| one["upc_code"] == call.query("barcode").unwrap()) {
                    Some(one) => ok(&json!({"product": one})),
                    None => gone(),
                }
            }
            ("GET", ["products", id]) => match self.products.iter().find(|one| is(&one["id"], id)) {
                Some(one) => ok(&json!({"product": one})),
                None => gone(),
            },
            ("POST", ["products"]) => {
                let mut one = body(call);
                self.last += 1;
                one["id"] = self.last.into();
                self.products.push(one.clone());
                ok(&json!({"product": one}))
            }
            ("PUT", ["products", id]) => {
                let Some(one) = self.products.iter_mut().find(|one| is(&one["id"], id)) else { return gone() };
                for flag in ["disabled", "maintain_stock", "serialized", "taxable"] {
                    one[flag] = (flag == "taxable").into();
                }
                for (name, value) in body(call).as_object().unwrap() {
                    one[name] = value.clone();
                }
                ok(&json!({"product": one}))
            }
            other => panic!("{other:?}"),
        }
    }

    fn schedules(&mut self, call: &Call, parts: &[&str]) -> Result<Response, Failure> {
        match (call.request.method.as_str(), parts) {
            ("GET", ["schedules"]) => page(call, "schedules", &self.schedules),
            ("GET", ["schedules", id]) => match self.schedules.iter().find(|one| is(&one["id"], id)) {
                Some(one) => ok(&json!({"schedule": one})),
                None => gone(),
            },
            ("POST", ["schedules", id, "add_line_item"]) => {
                self.last += 1;
                let line = whole(self.last, id.parse().unwrap(), &body(call));
                let schedule = self.schedules.iter_mut().find(|one| is(&one["id"], id)).unwrap();
                schedule["lines"].as_array_mut().unwrap().push(line.clone());
                ok(&json!({"schedule_line_item": line}))
            }
            ("PUT", ["schedules", id, "line_items", line]) => {
                let schedule = self.schedules.iter_mut().find(|one| is(&one["id"], id)).unwrap();
                let lines = schedule["lines"].as_array_mut().unwrap();
                let Some(at) = lines.iter().position(|one| is(&one["id"], line)) else { return gone() };
                lines[at] = whole(line.parse().unwrap(), id.parse().unwrap(), &body(call));
                ok(&json!({"schedule_line_item": lines[at]}))
            }
            ("POST", ["schedules", id, "remove_line_item"]) => {
                let line = body(call)["line_item_id"].clone();
                let schedule = self.schedules.iter_mut().find(|one| is(&one["id"], id)).unwrap();
                schedule["lines"].as_array_mut().unwrap().retain(|one| one["id"] != line);
                Ok(Response::new(200, ""))
            }
            other => panic!("{other:?}"),
        }
    }

    fn invoices(&mut self, call: &Call, parts: &[&str]) -> Result<Response, Failure> {
        match (call.request.method.as_str(), parts) {
            ("GET", ["invoices"]) => page(call, "invoices", &self.invoices),
            ("GET", ["invoices", id]) => {
                match self.invoices.iter().find(|one| is(&one["id"], id) || one["number"] == *id) {
                    Some(one) => ok(&json!({"invoice": one})),
                    None => gone(),
                }
            }
            ("POST", ["invoices"]) => {
                self.last += 1;
                let mut one = body(call);
                one["id"] = self.last.into();
                one["is_paid"] = false.into();
                one["line_items"] = json!([]);
                self.invoices.push(one.clone());
                ok(&json!({"invoice": one}))
            }
            ("POST", ["invoices", id, "line_items"]) => {
                self.last += 1;
                let mut line = body(call);
                line["id"] = self.last.into();
                line["quantity"] = line["quantity"].to_string().into();
                let one = self.invoices.iter_mut().find(|one| is(&one["id"], id)).unwrap();
                one["line_items"].as_array_mut().unwrap().push(line);
                Ok(Response::new(200, ""))
            }
            other => panic!("{other:?}"),
        }
    }
}

/// A line as it is after a PUT: what was not named has its default.
fn whole(id: i64, schedule: i64, fields: &Value) -> Value {
    let mut line: Map<String, Value> = LINE.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    for (name, value) in [
        ("taxable", json!(true)),
        ("one_time_charge", json!(false)),
        ("cost_cents", json!(0)),
        ("retail_cents", json!(0)),
        ("device_ids", json!([])),
        ("name", json!("")),
    ] {
        line.insert(name.to_owned(), value);
    }
    for (name, value) in fields.as_object().unwrap() {
        line.insert(name.clone(), value.clone());
    }
    let quantity = match &line["quantity"] {
        Value::String(text) => text.clone(),
        number => number.to_string(),
    };
    line.insert("quantity".into(), quantity.into());
    for name in ["retail_cents", "cost_cents"] {
        assert!(line[name].is_i64(), "{name} is {}", line[name]);
    }
    line.insert("id".into(), id.into());
    line.insert("schedule_id".into(), schedule.into());
    Value::Object(line)
}

/// Two rows a page and no word about pages.
fn page(call: &Call, member: &str, rows: &[Value]) -> Result<Response, Failure> {
    let number: usize = call.query("page").unwrap().parse().unwrap();
    let ids: Vec<&str> =
        call.request.query.iter().filter(|(name, _)| name == "id[]").map(|(_, value)| value.as_str()).collect();
    let wanted = |row: &&Value| {
        (ids.is_empty() || ids.iter().any(|id| is(&row["id"], id)))
            && call.query("customer_id").is_none_or(|id| is(&row["customer_id"], id))
            && call.query("upc_code").is_none_or(|code| row["upc_code"] == code)
            && call.query("query").is_none_or(|part| row.to_string().to_lowercase().contains(&part.to_lowercase()))
    };
    let size = if ids.is_empty() { 2 } else { 25 };
    let rows: Vec<&Value> = rows.iter().filter(wanted).skip((number - 1) * size).take(size).collect();
    let mut body = Map::new();
    body.insert(member.to_owned(), json!(rows));
    Ok(Response::new(200, Value::Object(body).to_string()))
}

/// Whether a member is this id.
fn is(member: &Value, id: &str) -> bool {
    member.as_i64().is_some_and(|member| id.parse() == Ok(member))
}
