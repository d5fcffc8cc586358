//! Setup tables: what a tenant has named for itself.
//!
//! Owns their lists and which entry is meant where nobody said so. Nothing is ever added to them.

use counterfoil_sdk::{Currency, Entity, Failure, Remote};

use crate::calendar::Cycle;
use crate::paging::{self, Listing};
use crate::wire::{self, BillingCycle, Id};
use crate::{cycles, words};

/// A table whose rows have nothing but names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    ItemTypes,
    ItemSubcategories,
    CompanyStatuses,
    CompanyTypes,
}

/// Kind of the directory, table, path, name for people, setting and attribute that choose an entry.
const TABLES: [(&str, Table, &str, &str, &str); 4] = [
    ("item-type", Table::ItemTypes, "/procurement/types", "the product types", "item_type"),
    (
        "item-subcategory",
        Table::ItemSubcategories,
        "/procurement/subcategories",
        "the subcategories",
        "item_subcategory",
    ),
    ("company-status", Table::CompanyStatuses, "/company/companies/statuses", "the company statuses", "company_status"),
    ("company-type", Table::CompanyTypes, "/company/companies/types", "the company types", "company_type"),
];

impl Table {
    /// The table of a kind of the directory.
    pub(crate) fn of_kind(kind: &str) -> Option<Self> {
        TABLES.iter().find(|(name, ..)| *name == kind).map(|(_, table, ..)| *table)
    }

    fn row(self) -> (&'static str, &'static str, &'static str, &'static str) {
        let (kind, _, path, what, setting) = TABLES.iter().find(|(_, table, ..)| *table == self).unwrap_or(&TABLES[0]);
        (kind, path, what, setting)
    }

    /// Name of the setting, and of the draft's attribute, that chooses an entry.
    pub(crate) fn setting(self) -> &'static str {
        self.row().3
    }

    /// The whole table.
    pub(crate) fn read(self, remote: &mut dyn Remote) -> Result<Vec<wire::Entry>, Failure> {
        let (kind, path, what, _) = self.row();
        let operation = format!("list-{kind}");
        paging::all(remote, &Listing { operation: &operation, path, condition: None, fields: "", what })
    }

    /// As the directory shows it.
    pub(crate) fn entities(self, remote: &mut dyn Remote) -> Result<Vec<Entity>, Failure> {
        let (kind, ..) = self.row();
        Ok(self
            .read(remote)?
            .into_iter()
            .map(|entry| {
                let mut entity = Entity::new(kind, entry.id.to_string(), "", entry.name.unwrap_or_default());
                entity.active = entry.inactive_flag != Some(true);
                entity.attributes.set_some("default", entry.default_flag.filter(|is| *is).map(|_| "true"));
                entity
            })
            .collect())
    }

    /// The entry that a record is created with: the chosen one by id or exact name, else the only one, else the tenant's
    /// default.
    pub(crate) fn choose(self, remote: &mut dyn Remote, chosen: Option<&str>) -> Result<Id, Failure> {
        let (_, _, what, setting) = self.row();
        let mut entries = self.read(remote)?;
        let names = |entries: &[wire::Entry]| {
            let shown: Vec<String> = entries
                .iter()
                .take(12)
                .map(|entry| format!("{} ({})", words::clean(entry.name.as_deref().unwrap_or_default()), entry.id))
                .collect();
            shown.join(", ")
        };
        entries.retain(|entry| entry.inactive_flag != Some(true));
        if let Some(chosen) = chosen {
            let fits = |entry: &&wire::Entry| {
                Id::parse(chosen) == Some(entry.id)
                    || entry.name.as_deref().is_some_and(|name| words::same(name, chosen))
            };
            let mut fitting = entries.iter().filter(fits);
            return match (fitting.next(), fitting.next()) {
                (Some(entry), None) => Ok(entry.id),
                _ => Err(Failure::rejected(
                    "connectwise-table-entry",
                    format!(
                        "\"{}\" is none of {what} that are active in ConnectWise. Nothing was created. Choose one of {} for {setting}.",
                        counterfoil_sdk::text::clip(chosen, 60),
                        names(&entries)
                    ),
                )),
            };
        }
        let default = entries.iter().find(|entry| entry.default_flag == Some(true));
        match (entries.as_slice(), default) {
            ([only], _) => Ok(only.id),
            (_, Some(default)) => Ok(default.id),
            ([], None) => Err(Failure::rejected(
                "connectwise-table-entry",
                format!(
                    "ConnectWise wants one of {what}, and shows none that is active. Nothing was created. Set one up there, or let the API user see the setup tables."
                ),
            )),
            _ => Err(Failure::rejected(
                "connectwise-table-entry",
                format!(
                    "ConnectWise wants one of {what}, and none is chosen. Nothing was created. Set {setting} to one of {}.",
                    names(&entries)
                ),
            )),
        }
    }
}

/// All billing cycles.
pub(crate) fn billing_cycles(remote: &mut dyn Remote) -> Result<Vec<BillingCycle>, Failure> {
    let listing = Listing {
        operation: "list-billing-cycles",
        path: "/finance/billingCycles",
        condition: None,
        fields: "",
        what: "the billing cycles",
    };
    paging::all(remote, &listing)
}

/// As the directory shows a billing cycle.
pub(crate) fn cycle_entity(row: BillingCycle) -> Entity {
    let option = row.billing_options.unwrap_or_default();
    let cycle = cycles::of_option(&option).map(Cycle::iso);
    let code = row.identifier.unwrap_or_default();
    let mut entity =
        Entity { cycle, ..Entity::new("billing-cycle", row.id.to_string(), code, row.name.unwrap_or_default()) };
    entity.attributes.set("option", option);
    entity
}

/// The tenant's currencies, the first one set up first: it is the one that the books are kept in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Currencies(Vec<wire::Currency>);

impl Currencies {
    /// Reads them.
    pub(crate) fn read(remote: &mut dyn Remote) -> Result<Self, Failure> {
        let request = crate::ask::get("list-currencies", "/finance/currencies").query("pageSize", "1000");
        let mut rows: Vec<wire::Currency> = crate::ask::read(remote, request, "the currencies")?;
        rows.sort_by_key(|row| row.id);
        Ok(Self(rows))
    }

    /// What the books are kept in.
    pub(crate) fn base(&self) -> Option<Currency> {
        self.0.first().and_then(code)
    }

    /// What an agreement bills in. One that names none bills in the only currency there is; where there are several,
    /// nobody knows.
    pub(crate) fn of(&self, shown: Option<&wire::Currency>) -> Option<Currency> {
        match shown.filter(|shown| shown.id.is_some_and(|id| id > 0) || code(shown).is_some()) {
            Some(shown) => code(shown).or_else(|| self.0.iter().find(|row| row.id == shown.id).and_then(code)),
            None => self.base().filter(|_| self.0.len() == 1),
        }
    }

    /// As the directory shows them.
    pub(crate) fn entities(&self) -> Vec<Entity> {
        let entity = |row: &wire::Currency| {
            let currency = code(row)?;
            let name = row.name.clone().unwrap_or_else(|| currency.to_string());
            Some(Entity::new(
                counterfoil_sdk::directory::kind::CURRENCY,
                currency.to_string(),
                currency.to_string(),
                name,
            ))
        };
        self.0.iter().filter_map(entity).collect()
    }
}

/// The ISO code of a currency, in whichever member it stands.
pub(crate) fn code(currency: &wire::Currency) -> Option<Currency> {
    [&currency.currency_code, &currency.currency_identifier, &currency.name]
        .into_iter()
        .flatten()
        .find_map(|text| Currency::parse(words::clean(text).as_str()).ok())
}

/// Countries, for the address of a new company.
pub(crate) fn country(remote: &mut dyn Remote, wanted: &str) -> Result<Id, Failure> {
    if let Some(id) = Id::parse(wanted) {
        return Ok(id);
    }
    let listing = Listing {
        operation: "list-countries",
        path: "/company/countries",
        condition: None,
        fields: "",
        what: "the countries",
    };
    let rows: Vec<wire::Country> = paging::all(remote, &listing)?;
    let fits =
        |row: &&wire::Country| [&row.name, &row.iso_code].into_iter().flatten().any(|text| words::same(text, wanted));
    rows.iter().find(fits).map(|row| row.id).ok_or_else(|| {
        Failure::rejected(
            "connectwise-country",
            format!(
                "ConnectWise has no country \"{}\". Nothing was created. Give its name as ConnectWise has it, or its id.",
                counterfoil_sdk::text::clip(wanted, 60)
            ),
        )
    })
}
