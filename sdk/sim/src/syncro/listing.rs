//! Owns pages and what is told about them; does not own which records are on them.

use std::str::FromStr;

use super::answer::{Answer, Refusal};
use super::config::{Lacking, Meta, Permission, Token};
use super::json::{Json, object};
use super::params::Params;
use super::tenant::Tenant;

/// What was asked, and by whom.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) method: &'a str,
    /// Below `/api/v1`.
    pub(crate) path: &'a [&'a str],
    pub(crate) query: &'a [(String, String)],
    pub(crate) params: Params,
    pub(crate) caller: Token,
}

impl Call<'_> {
    /// A parameter that says something.
    pub(crate) fn asked(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// All of `id[]=1&id[]=2` or of `id=1`.
    pub(crate) fn ids(&self, name: &str) -> Vec<i64> {
        let is_named = |known: &str| known.strip_suffix("[]").unwrap_or(known) == name;
        self.query.iter().filter(|(known, _)| is_named(known)).filter_map(|(_, id)| id.parse().ok()).collect()
    }

    pub(crate) fn asked_flag(&self, name: &str) -> bool {
        self.asked(name).is_some_and(|value| matches!(value, "true" | "1"))
    }

    pub(crate) fn need(&self, permission: Permission) -> Result<(), Answer> {
        if self.caller.permissions.contains(&permission) { Ok(()) } else { Err(Refusal::NotAllowed.into()) }
    }

    /// Whether the caller's technician sees this customer.
    pub(crate) fn sees(&self, customer: i64) -> bool {
        self.caller.only_customers.as_ref().is_none_or(|seen| seen.contains(&customer))
    }
}

/// Which of the lists, for what its sample tells of pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum List {
    Customers,
    Products,
    Schedules,
    Invoices,
    LineItems,
}

impl List {
    const fn name(self) -> &'static str {
        match self {
            Self::Customers => "customers",
            Self::Products => "products",
            Self::Schedules => "schedules",
            Self::Invoices => "invoices",
            Self::LineItems => "line_items",
        }
    }

    const fn permission(self) -> Permission {
        match self {
            Self::Customers => Permission::CustomersList,
            Self::Products => Permission::ProductsList,
            Self::Schedules => Permission::RecurringList,
            Self::Invoices => Permission::InvoicesList,
            Self::LineItems => Permission::GlobalAdmin,
        }
    }

    const fn sampled(self) -> Meta {
        match self {
            Self::Customers | Self::LineItems => Meta::Full,
            Self::Invoices => Meta::Partly,
            Self::Products | Self::Schedules => Meta::Missing,
        }
    }

    /// The page as it was asked for. `rows` come by id; beyond the last page there is an empty one.
    pub(crate) fn page<T>(
        self,
        tenant: &Tenant,
        call: &Call<'_>,
        mut rows: Vec<&T>,
        show: impl Fn(&T) -> Json,
    ) -> Result<Answer, Answer> {
        let switches = &tenant.config.switches;
        if let Err(forbidden) = call.need(self.permission()) {
            if switches.lacking == Lacking::Forbidden {
                return Err(forbidden);
            }
            rows.clear();
        }
        if switches.newest_first {
            rows.reverse();
        }
        let size = if self == Self::LineItems { 100 } else { tenant.config.page_size.max(1) };
        let page = call.asked("page").and_then(|page| usize::from_str(page).ok()).unwrap_or(1).max(1);
        let entries = rows.len();
        let pages = entries.div_ceil(size).max(1);
        let shown = rows.into_iter().skip((page - 1).saturating_mul(size)).take(size).map(show).collect();
        let mut body = vec![(self.name().to_owned(), Json::List(shown))];
        let meta = if switches.meta == Meta::AsSampled { self.sampled() } else { switches.meta };
        // The sample of customers tells a page size that is not the one they come in.
        let told = if self == Self::Customers { 100 } else { size };
        match meta {
            Meta::Missing | Meta::AsSampled => {}
            Meta::Partly => {
                body.push(("meta".to_owned(), object([("total_pages", count(pages)), ("page", count(page))])));
            }
            Meta::Full => body.push((
                "meta".to_owned(),
                object([
                    ("total_pages", count(pages)),
                    ("total_entries", count(entries)),
                    ("per_page", count(told)),
                    ("page", count(page)),
                ]),
            )),
        }
        Ok(Answer::ok(&Json::Object(body)))
    }
}

fn count(value: usize) -> Json {
    Json::whole(i64::try_from(value).unwrap_or(i64::MAX))
}

/// Whether one text is in the other, whatever the letters' case.
pub(crate) fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}
