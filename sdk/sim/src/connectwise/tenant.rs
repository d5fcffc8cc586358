//! Owns what one tenant keeps, and the rules between members when something is made or changed. Does not own billing,
//! who may call, or how lists are read.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::answer::{Nested, Refusal};
use super::billing::Ledger;
use super::config::{ApiVersion, Bundles, CustomField, CwConfig, SerialNumber, SlashPaths};
use super::json::Json;
use super::record::{Record, Unfit, Value, read};
use super::shape::Kind;
use super::tables::Table;
use crate::clock::SimClock;

#[derive(Debug)]
pub(crate) struct Tenant {
    pub(crate) config: CwConfig,
    pub(crate) clock: SimClock,
    pub(crate) tables: BTreeMap<Table, BTreeMap<i64, Record>>,
    pub(crate) ledger: Ledger,
    pub(crate) calls: std::collections::VecDeque<DateTime<Utc>>,
    next_id: i64,
}

/// The members of a body, by their names in the shape.
type Members = BTreeMap<&'static str, Option<Value>>;

impl Tenant {
    pub(crate) fn new(config: CwConfig, clock: SimClock) -> Self {
        let tables = BTreeMap::new();
        Self {
            config,
            clock,
            tables,
            ledger: Ledger::default(),
            calls: std::collections::VecDeque::new(),
            next_id: 100,
        }
    }

    pub(crate) fn record(&self, table: Table, id: i64) -> Option<&Record> {
        self.tables.get(&table)?.get(&id)
    }

    pub(crate) fn rows(&self, table: Table) -> impl Iterator<Item = &Record> {
        self.tables.get(&table).into_iter().flat_map(BTreeMap::values)
    }

    pub(crate) fn by_identifier(&self, table: Table, identifier: &str) -> Option<i64> {
        let same = |row: &&Record| row.text("identifier").trim_end().eq_ignore_ascii_case(identifier.trim_end());
        self.rows(table).find(same).map(|row| row.id)
    }

    /// The tenant made them for the additions' screen.
    pub(crate) fn custom_fields(&self, table: Table) -> &[CustomField] {
        if table == Table::Addition { &self.config.custom_fields } else { &[] }
    }

    /// What follows from its flags and dates; else what it was given.
    pub(crate) fn agreement_status<'a>(&self, agreement: &'a Record) -> &'a str {
        let ended = agreement.day("endDate").filter(|_| !agreement.flag("noEndingDateFlag"));
        match agreement.text("agreementStatus") {
            _ if agreement.flag("cancelledFlag") => "Cancelled",
            "Active" | "" if ended.is_some_and(|end| end < self.clock.now().date_naive()) => "Expired",
            "" => "Active",
            status => status,
        }
    }

    pub(crate) fn fresh_id(&mut self) -> i64 {
        self.next_id += 1;
        self.next_id
    }

    /// Put there by a test, or by the tenant's people: no rule looks at it.
    pub(crate) fn plant(&mut self, table: Table, parent: Option<i64>, members: BTreeMap<&'static str, Value>) -> i64 {
        let id = self.fresh_id();
        let now = self.clock.now();
        let record = Record { id, parent, members, made_at: now, changed_at: now };
        self.tables.entry(table).or_default().insert(id, record);
        id
    }

    pub(crate) fn create(
        &mut self,
        table: Table,
        parent: Option<i64>,
        body: &Json,
        version: ApiVersion,
    ) -> Result<i64, Refusal> {
        let (members, mut errors) = self.members(table, body, version)?;
        let shape = table.shape();
        for name in shape.required() {
            let empty = match members.get(name) {
                Some(Some(Value::Text(text))) => text.trim().is_empty(),
                Some(Some(Value::Refs(list))) => list.is_empty(),
                Some(Some(_)) => false,
                Some(None) | None => true,
            };
            if empty && !errors.iter().any(|error| error.field.split('/').next() == Some(name)) {
                errors.push(Nested::required(name));
            }
        }
        let mut given: BTreeMap<&'static str, Value> =
            members.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        self.rules(table, None, &given, &mut errors);
        if !errors.is_empty() {
            return Err(Refusal::Invalid { resource: shape.resource, errors });
        }
        if table == Table::Addition {
            self.addition_defaults(&mut given);
        }
        if table == Table::Item {
            given.entry("productClass").or_insert_with(|| Value::Text("NonInventory".to_owned()));
        }
        if let (Table::Company, Some(Value::Loose(site))) = (table, given.get_mut("site")) {
            // The company's first site is made with it.
            site.set("id", Json::whole(self.fresh_id()));
        }
        if table == Table::Agreement {
            given.insert("agreementStatus", Value::Text("Active".to_owned()));
        }
        Ok(self.plant(table, parent, given))
    }

    /// Each member by its kind; what is derived is taken and ignored.
    fn members(&self, table: Table, body: &Json, version: ApiVersion) -> Result<(Members, Vec<Nested>), Refusal> {
        let Json::Object(fields) = body else {
            return Err(Refusal::Body("The body is not a JSON object.".to_owned()));
        };
        let shape = table.shape();
        let (mut members, mut errors) = (Members::new(), Vec::new());
        for (name, json) in fields {
            if name == "_info" {
                continue;
            }
            let Some((known, kind)) = shape.any_case(name, version) else {
                return Err(Refusal::Member { member: name.clone(), type_name: shape.type_name });
            };
            if shape.is_derived(known) {
                continue;
            }
            match read(table, known, kind, json, self) {
                Ok(value) => {
                    members.insert(known, value);
                }
                Err(Unfit::Nested(error)) => errors.push(error),
                Err(Unfit::Refused(refusal)) => return Err(refusal),
            }
        }
        Ok((members, errors))
    }

    /// What must hold between members and records.
    fn rules(&self, table: Table, id: Option<i64>, given: &BTreeMap<&'static str, Value>, errors: &mut Vec<Nested>) {
        let text = |name: &str| match given.get(name) {
            Some(Value::Text(text)) => Some(text.as_str()),
            _ => None,
        };
        if let (Table::Company | Table::Item, Some(identifier)) = (table, text("identifier")) {
            let taken = self.by_identifier(table, identifier).filter(|known| Some(*known) != id);
            if taken.is_some() {
                let told = format!("A matching {} already exists", table.shape().resource);
                errors.push(Nested::new("ObjectExists", "identifier", told));
            }
            let most = self.config.company_identifier_max;
            if table == Table::Company && identifier.chars().count() > most {
                let told = format!("The field identifier must be a string with a maximum length of {most}.");
                errors.push(Nested::new("MaxLengthField", "identifier", told));
            }
        }
        if table == Table::Company && id.is_none() {
            let address = ["addressLine1", "addressLine2", "city", "state", "zip"];
            if address.iter().all(|name| text(name).is_none_or(|line| line.trim().is_empty()))
                && !given.contains_key("country")
            {
                errors.push(Nested::required("addressLine1"));
            }
        }
        for year in ["yearEstablished", "revenueYear"] {
            // The stored record is looked at, whatever the patch is about.
            if table == Table::Company
                && matches!(given.get(year), Some(Value::Int(stored)) if !(1900..=9999).contains(stored))
            {
                errors.push(Nested::new(
                    "OutOfRange",
                    year,
                    format!("The field {year} must be between 1900 and 9999."),
                ));
            }
        }
        if let (true, Some(Value::Day(first)), Some(Value::Day(last))) = (
            table == Table::Addition && self.config.switches.ends_before_start_refused,
            given.get("effectiveDate"),
            given.get("cancelledDate"),
        ) && last < first
        {
            errors.push(Nested::new("InvalidField", "cancelledDate", "It is before the effective date."));
        }
        if table == Table::Addition
            && let Some(Value::Ref(item)) = given.get("product")
            && let Some(item) = self.record(Table::Item, *item)
            && item.text("productClass") == "Bundle"
            && self.config.switches.bundles == Bundles::Refused
        {
            errors.push(Nested::new("InvalidField", "product", "A bundle cannot be an addition."));
        }
    }

    /// What the catalogue fills in.
    fn addition_defaults(&self, given: &mut BTreeMap<&'static str, Value>) {
        let Some(Value::Ref(product)) = given.get("product") else { return };
        let Some(item) = self.record(Table::Item, *product) else { return };
        let (price, cost, taxable) = (item.number("price"), item.number("cost"), item.flag("taxableFlag"));
        let words = item.text("customerDescription").to_owned();
        let billed = match item.text("billableOption") {
            "" => "Billable",
            option => option,
        };
        given.entry("billCustomer").or_insert_with(|| Value::Text(billed.to_owned()));
        given.entry("quantity").or_insert(Value::Number(Decimal::ONE));
        given.entry("unitPrice").or_insert(Value::Number(price));
        given.entry("unitCost").or_insert(Value::Number(cost));
        given.entry("taxableFlag").or_insert(Value::Flag(taxable));
        given.entry("invoiceDescription").or_insert(Value::Text(words));
        given.entry("lessIncluded").or_insert(Value::Number(Decimal::ZERO));
        self.serial_number(given);
    }

    fn serial_number(&self, given: &mut BTreeMap<&'static str, Value>) {
        let Some(Value::Ref(product)) = given.get("product") else { return };
        let serialized = self.record(Table::Item, *product).is_some_and(|item| item.flag("serializedFlag"));
        if self.config.switches.serial_number == SerialNumber::OnlySerialized && !serialized {
            given.remove("serialNumber");
        }
    }

    /// `[{op, path, value}]`, in order.
    pub(crate) fn patch(&mut self, table: Table, id: i64, body: &Json, version: ApiVersion) -> Result<(), Refusal> {
        let Json::List(ops) = body else {
            return Err(Refusal::Body("A patch is an array of operations.".to_owned()));
        };
        let shape = table.shape();
        let (mut set, mut errors) = (Members::new(), Vec::new());
        for op in ops {
            let Some((known, kind, value)) = self.operation(table, op, version)? else { continue };
            match read(table, known, kind, &value, self) {
                Ok(value) => {
                    set.insert(known, value);
                }
                Err(Unfit::Nested(error)) => errors.push(error),
                Err(Unfit::Refused(refusal)) => return Err(refusal),
            }
        }
        let Some(before) = self.record(table, id) else { return Err(not_found(table, id)) };
        let mut after = before.members.clone();
        let product_moves = set.get("product").is_some_and(|product| product.as_ref() != after.get("product"));
        if table == Table::Addition && product_moves {
            for name in ["unitPrice", "unitCost", "quantity", "invoiceDescription", "taxableFlag", "billCustomer"] {
                after.remove(name);
            }
        }
        for (name, value) in set {
            match value {
                Some(value) => after.insert(name, value),
                None => after.remove(name),
            };
        }
        if table == Table::Addition && product_moves {
            self.addition_defaults(&mut after);
        }
        for name in shape.required() {
            // What the tenant's people left out long ago does not stand in the way of another field.
            if before.members.contains_key(name) && !after.contains_key(name) {
                errors.push(Nested::required(name));
            }
        }
        self.rules(table, Some(id), &after, &mut errors);
        if !errors.is_empty() {
            return Err(Refusal::Invalid { resource: shape.resource, errors });
        }
        if table == Table::Addition {
            self.serial_number(&mut after);
        }
        self.replace(table, id, after);
        Ok(())
    }

    /// Which member an operation sets, and to what; none where it is taken and nothing happens.
    fn operation(
        &self,
        table: Table,
        op: &Json,
        version: ApiVersion,
    ) -> Result<Option<(&'static str, Kind, Json)>, Refusal> {
        let shape = table.shape();
        let known = |name: &str| matches!(name, "op" | "path" | "value");
        if let Json::Object(fields) = op
            && let Some((member, _)) = fields.iter().find(|(name, _)| !known(name))
        {
            return Err(Refusal::Member { member: member.clone(), type_name: "PatchOperation" });
        }
        let (Some(Json::Text(verb)), Some(Json::Text(path))) = (op.get("op"), op.get("path")) else {
            return Err(Refusal::Body("An operation has an op and a path.".to_owned()));
        };
        let value = match verb.as_str() {
            "remove" => Json::Null,
            "add" | "replace" => op.get("value").cloned().unwrap_or(Json::Null),
            other => return Err(Refusal::Body(format!("The op {other} is not known."))),
        };
        let bare = match path.strip_prefix('/') {
            Some(bare) if self.config.switches.slash_paths == SlashPaths::Accepted => bare,
            Some(_) => return Err(Refusal::Member { member: path.clone(), type_name: shape.type_name }),
            None => path.as_str(),
        };
        // A part of a reference: taken, answered with 200, and nothing happens.
        if let Some((first, _)) = bare.split_once('/')
            && shape.exact(first, version).is_some_and(|(_, kind)| matches!(kind, Kind::Ref(_) | Kind::Loose))
        {
            return Ok(None);
        }
        let Some((known, kind)) = shape.exact(bare, version) else {
            return Err(Refusal::Member { member: bare.to_owned(), type_name: shape.type_name });
        };
        // The types of a company are set when it is made, and elsewhere after that.
        let unchangeable = shape.is_derived(known) || (table == Table::Company && known == "types");
        Ok((!unchangeable).then_some((known, kind, value)))
    }

    /// The whole record: what the body does not name is emptied.
    pub(crate) fn put(&mut self, table: Table, id: i64, body: &Json, version: ApiVersion) -> Result<(), Refusal> {
        if self.record(table, id).is_none() {
            return Err(not_found(table, id));
        }
        let (members, mut errors) = self.members(table, body, version)?;
        let mut given: BTreeMap<_, _> = members.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let on_updates: &[&str] = match table {
            Table::Agreement => &["billTime", "billExpenses", "billProducts", "invoicingCycle", "employeeCompRate"],
            _ => &[],
        };
        let required = table.shape().required().chain(on_updates.iter().copied());
        errors.extend(required.filter(|name| !given.contains_key(name)).map(Nested::required));
        self.rules(table, Some(id), &given, &mut errors);
        if !errors.is_empty() {
            return Err(Refusal::Invalid { resource: table.shape().resource, errors });
        }
        self.serial_number(&mut given);
        self.replace(table, id, given);
        Ok(())
    }

    fn replace(&mut self, table: Table, id: i64, members: BTreeMap<&'static str, Value>) {
        let now = self.clock.now();
        if let Some(record) = self.tables.get_mut(&table).and_then(|rows| rows.get_mut(&id)) {
            record.members = members;
            record.changed_at = now;
        }
    }

    pub(crate) fn delete(&mut self, table: Table, id: i64) -> Result<(), Refusal> {
        let gone = self.tables.get_mut(&table).and_then(|rows| rows.remove(&id));
        gone.map(|_| ()).ok_or_else(|| not_found(table, id))
    }
}

pub(crate) fn not_found(table: Table, id: i64) -> Refusal {
    Refusal::NotFound(format!("{} {id} not found", table.noun()))
}
