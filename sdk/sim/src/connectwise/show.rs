//! Owns how a record is shown: references expanded, unset members by the switch, what ConnectWise derives.

use rust_decimal::{Decimal, RoundingStrategy};

use super::config::{ApiVersion, Unset};
use super::json::Json;
use super::record::{Record, Value, midnight};
use super::shape::Kind;
use super::tables::Table;
use super::tenant::Tenant;

impl Tenant {
    /// `fields` empty: all of them, with `_info`.
    pub(crate) fn show(&self, table: Table, record: &Record, version: ApiVersion, fields: &[String]) -> Json {
        let mut out: Vec<(String, Json)> = Vec::new();
        let wanted = |name: &str| {
            fields.is_empty()
                || fields
                    .iter()
                    .any(|field| field.split('/').next().is_some_and(|first| first.eq_ignore_ascii_case(name)))
        };
        for (name, kind) in table.shape().all(version) {
            if !wanted(name) {
                continue;
            }
            let shown =
                if name == "id" { Some(Json::whole(record.id)) } else { self.member(table, record, name, kind) };
            let shown = shown.map(|json| trimmed(json, name, fields));
            match (shown, self.config.switches.unset) {
                (Some(json), _) => out.push((name.to_owned(), json)),
                (None, Unset::Missing) => {}
                (None, Unset::Null) => out.push((name.to_owned(), Json::Null)),
                (None, Unset::Empty) if kind == Kind::Day => out.push((name.to_owned(), Json::text(""))),
                (None, Unset::Empty) => {}
            }
        }
        if fields.is_empty() || fields.iter().any(|field| field.starts_with("_info")) {
            let updated = record.changed_at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
            let info = Json::object([
                ("lastUpdated", Json::text(updated)),
                ("updatedBy", Json::text(self.config.member.clone())),
            ]);
            out.push(("_info".to_owned(), info));
        }
        Json::Object(out)
    }

    fn member(&self, table: Table, record: &Record, name: &str, kind: Kind) -> Option<Json> {
        if table == Table::Addition
            && let Some(derived) = self.derived(record, name)
        {
            return Some(derived);
        }
        if table == Table::Agreement && name == "nextInvoiceDate" {
            return self.next_invoice_shown(record).map(|day| Json::text(midnight(day)));
        }
        if table == Table::Agreement && name == "agreementStatus" {
            return Some(Json::text(self.agreement_status(record)));
        }
        if kind == Kind::Custom {
            return Some(self.custom(table, record));
        }
        Some(match record.members.get(name)? {
            Value::Int(number) => Json::whole(*number),
            Value::Number(number) => Json::Number(*number),
            Value::Text(text) => Json::text(text.clone()),
            Value::Flag(flag) => Json::Bool(*flag),
            Value::Day(day) => Json::text(midnight(*day)),
            Value::Ref(id) => self.reference(kind, *id),
            Value::Refs(ids) => Json::List(ids.iter().map(|id| self.reference(kind, *id)).collect()),
            Value::Loose(json) => json.clone(),
            Value::Custom(_) => return None,
        })
    }

    fn reference(&self, kind: Kind, id: i64) -> Json {
        let (Kind::Ref(table) | Kind::Refs(table)) = kind else { return Json::Null };
        let mut out = Json::object([("id", Json::whole(id))]);
        if let Some(record) = self.record(table, id) {
            let held = table.shape().all(self.config.newest).filter(|(name, _)| *name != "id");
            for (name, kind) in held.filter(|(name, _)| table.reference_members().contains(name)) {
                if let Some(shown) = self.member(table, record, name, kind) {
                    out.set(name, shown);
                }
            }
        }
        let href = format!("https://example.com/v4_6_release/apis/3.0/{}/{id}", table.path());
        out.set("_info", Json::object([("href", Json::text(href))]));
        out
    }

    /// All fields of the record's screen, with the values that there are.
    fn custom(&self, table: Table, record: &Record) -> Json {
        let values: &[(i64, Json)] = match record.members.get("customFields") {
            Some(Value::Custom(values)) => values,
            _ => &[],
        };
        let shown = self.custom_fields(table).iter().map(|field| {
            let mut one = Json::object([
                ("id", Json::whole(field.id)),
                ("caption", Json::text(field.caption.clone())),
                ("type", Json::text("Text")),
                ("entryMethod", Json::text("EntryField")),
                ("numberOfDecimals", Json::whole(0)),
            ]);
            if let Some((_, value)) = values.iter().find(|(id, _)| *id == field.id) {
                one.set("value", value.clone());
            }
            one
        });
        Json::List(shown.collect())
    }

    /// Of an addition, what follows from the rest.
    fn derived(&self, record: &Record, name: &str) -> Option<Json> {
        let billed = record.number("quantity") - record.number("lessIncluded");
        let cents =
            |exact: Decimal| Json::Number(exact.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero));
        let agreement = record.parent.and_then(|id| self.record(Table::Agreement, id));
        match name {
            "agreementId" => record.parent.map(Json::whole),
            "billedQuantity" => Some(Json::Number(billed)),
            "extPrice" => Some(cents(billed * record.number("unitPrice"))),
            "extCost" => Some(cents(billed * record.number("unitCost"))),
            "margin" => Some(cents(billed * (record.number("unitPrice") - record.number("unitCost")))),
            "uom" => Some(Json::text("EA")),
            "description" => {
                let item = record.reference("product").and_then(|id| self.record(Table::Item, id));
                item.map(|item| Json::text(item.text("description")))
            }
            "prorateCost" => Some(Json::Number(self.prorated(agreement, record, record.number("unitCost")))),
            "proratePrice" => Some(Json::Number(self.prorated(agreement, record, record.number("unitPrice")))),
            "extendedProrateCost" => {
                Some(Json::Number(self.prorated(agreement, record, billed * record.number("unitCost"))))
            }
            "extendedProratePrice" => {
                Some(Json::Number(self.prorated(agreement, record, billed * record.number("unitPrice"))))
            }
            "agreementStatus" => agreement.map(|agreement| Json::text(self.agreement_status(agreement))),
            "additionStatus" => {
                Some(Json::text(if record.day("cancelledDate").is_some() { "Cancelled" } else { "Active" }))
            }
            _ => None,
        }
    }
}

/// Only the members of a reference that were asked for: `company/id` shows no name.
fn trimmed(json: Json, name: &str, fields: &[String]) -> Json {
    let parts = fields.iter().map(|field| field.split_once('/').map_or((field.as_str(), None), |(a, b)| (a, Some(b))));
    let parts: Vec<Option<&str>> =
        parts.filter(|(first, _)| first.eq_ignore_ascii_case(name)).map(|(_, rest)| rest).collect();
    match json {
        Json::Object(members) if !parts.is_empty() && parts.iter().all(Option::is_some) => {
            let asked = |name: &str| parts.iter().flatten().any(|part| part.eq_ignore_ascii_case(name));
            Json::Object(members.into_iter().filter(|(name, _)| asked(name)).collect())
        }
        whole => whole,
    }
}
