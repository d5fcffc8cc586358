//! An agreement in memory that answers as ConnectWise does, and bills its additions month by month.
//!
//! Owns just enough for these tests: what is unset is "", dates are midnight in UTC, PATCH takes bare names only.

use std::cell::RefCell;
use std::rc::Rc;

use counterfoil_sdk::serde_json::{self, Map, Value, json};
use counterfoil_sdk::testing::{Call, Scripted};
use counterfoil_sdk::{Date, Decimal, Failure, Period, Response};

use super::day;

/// The additions of all agreements.
#[derive(Debug, Clone, Default)]
pub(crate) struct Book(Rc<RefCell<Vec<Map<String, Value>>>>);

impl Book {
    /// An addition that somebody made.
    pub(crate) fn with(self, addition: Value) -> Self {
        self.add("12", addition);
        self
    }

    fn add(&self, agreement: &str, addition: Value) -> Value {
        let mut all = self.0.borrow_mut();
        let Value::Object(mut fields) = addition else { panic!("no object") };
        let id = fields.get("id").and_then(Value::as_i64).unwrap_or(900 + i64::try_from(all.len()).unwrap());
        fields.insert("id".into(), id.into());
        fields.insert("agreementId".into(), agreement.parse::<i64>().unwrap().into());
        fields.entry("cancelledDate").or_insert_with(|| "".into());
        all.push(fields.clone());
        Value::Object(fields)
    }

    /// The remote on which this book is open.
    pub(crate) fn remote(&self) -> Scripted<'static> {
        self.remote_where(|_, _| None)
    }

    /// The same, where some calls are answered otherwise: before they are done (true), or after (false).
    pub(crate) fn remote_where(
        &self,
        mut otherwise: impl FnMut(&Call, bool) -> Option<Result<Response, Failure>> + 'static,
    ) -> Scripted<'static> {
        let book = self.clone();
        Scripted::new(move |call| {
            if let Some(answer) = otherwise(call, true) {
                return answer;
            }
            let answer = book.answer(call);
            otherwise(call, false).unwrap_or(answer)
        })
    }

    fn answer(&self, call: &Call) -> Result<Response, Failure> {
        let path = call.request.path.clone();
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        let ok = |status: u16, body: Value| Ok(Response::new(status, body.to_string()));
        match (call.request.method.as_str(), parts.as_slice()) {
            ("GET", ["system", "info"]) => ok(200, json!({"version": "v2025.1"})),
            ("GET", ["finance", "agreements", agreement, "additions"]) => {
                let after: i64 = call.query("pageId").map_or(0, |id| id.parse().unwrap());
                let mut rows = self.rows(agreement);
                rows.retain(|row| row["id"].as_i64().unwrap() > after);
                rows.sort_by_key(|row| row["id"].as_i64());
                rows.truncate(call.query("pageSize").unwrap().parse().unwrap());
                ok(200, Value::Array(rows))
            }
            ("GET", ["finance", "agreements", _, "additions", id]) => match self.find(id) {
                Some(row) => ok(200, row),
                None => ok(404, json!({"code": "NotFound", "message": format!("Addition {id} not found")})),
            },
            ("POST", ["finance", "agreements", agreement, "additions"]) => {
                let body: Value = serde_json::from_slice(&call.request.body).unwrap();
                ok(201, self.add(agreement, body))
            }
            ("PATCH", ["finance", "agreements", _, "additions", id]) => {
                let ops: Vec<Value> = serde_json::from_slice(&call.request.body).unwrap();
                let mut all = self.0.borrow_mut();
                let row = all.iter_mut().find(|row| is(&row["id"], id)).unwrap();
                for op in ops {
                    assert_eq!(op["op"], "replace");
                    let field = op["path"].as_str().unwrap();
                    assert!(!field.contains('/'), "{field}");
                    row.insert(field.to_owned(), op["value"].clone());
                }
                ok(200, Value::Object(row.clone()))
            }
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn rows(&self, agreement: &str) -> Vec<Value> {
        let all = self.0.borrow();
        let of = all.iter().filter(|row| is(&row["agreementId"], agreement));
        of.map(|row| Value::Object(row.clone())).collect()
    }

    pub(crate) fn find(&self, id: &str) -> Option<Value> {
        self.0.borrow().iter().find(|row| is(&row["id"], id)).map(|row| Value::Object(row.clone()))
    }

    /// Somebody edits a field by hand.
    pub(crate) fn edit(&self, id: &str, field: &str, value: Value) {
        let mut all = self.0.borrow_mut();
        all.iter_mut().find(|row| is(&row["id"], id)).unwrap().insert(field.to_owned(), value);
    }

    pub(crate) fn delete(&self, id: &str) {
        self.0.borrow_mut().retain(|row| !is(&row["id"], id));
    }

    /// What ConnectWise charges for a period: each billable addition that has a day in it, prorated by days where the
    /// agreement does that, rounded to the cent.
    pub(crate) fn invoice(&self, agreement: &str, period: Period, prorates: bool) -> Decimal {
        let number = |row: &Value, name: &str| row[name].to_string().parse::<Decimal>().unwrap();
        let date = |row: &Value, name: &str| -> Option<Date> {
            row[name].as_str().filter(|text| !text.is_empty()).map(|text| Date::parse_prefix(text).unwrap())
        };
        let mut total = Decimal::ZERO;
        for row in self.rows(agreement).iter().filter(|row| row["billCustomer"] == "Billable") {
            let first = date(row, "effectiveDate").unwrap().max(period.start());
            let last = date(row, "cancelledDate").unwrap_or(day("9999-12-30")).min(period.last_day());
            if first > last {
                continue;
            }
            let whole = number(row, "quantity") * number(row, "unitPrice");
            let days = Decimal::from(last.epoch_days() - first.epoch_days() + 1);
            let of = Decimal::from(period.end().epoch_days() - period.start().epoch_days());
            let share = if prorates { whole * days / of } else { whole };
            total += counterfoil_sdk::decimal::round(share, 2);
        }
        total
    }
}

/// Ten seats at 33.00 of product 1021 that somebody made by hand.
pub(crate) fn ten(id: i64) -> Value {
    json!({
        "id": id, "product": {"id": 1021, "identifier": "M365-BB"}, "quantity": 10.0, "unitPrice": 33.00, "unitCost": 20.0,
        "billCustomer": "Billable", "effectiveDate": "2026-09-01T00:00:00Z", "cancelledDate": "", "taxableFlag": true,
        "invoiceDescription": "Business Basic"
    })
}

/// The same with the marker of an earlier order of this subscription.
pub(crate) fn known(id: i64) -> Value {
    let mut row = ten(id);
    let tag = super::super::marker::Tag::of(&super::job("sales", vec![])).unwrap();
    let ours = tag.change("x").to_string();
    row["serialNumber"] = ours.replace("cf:abcdef12", "cf:00000001").into();
    row
}

/// Whether a member is this id.
fn is(member: &Value, id: &str) -> bool {
    member.as_i64() == id.parse().ok()
}
