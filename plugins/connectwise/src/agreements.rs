//! Agreements: what additions go into, and all that decides whether and when a line in them is billed.
//!
//! Owns the facts of an agreement and how the directory tells them; plans take them from there. How far it is invoiced costs one
//! call for each agreement, so only a look-up by id tells that; a search does not.

use counterfoil_sdk::directory::kind;
use counterfoil_sdk::{Attributes, Currency, Date, Entity, EntityPage, Failure, Remote};

use crate::calendar::{Calendar, Cycle};
use crate::condition::{self, Condition};
use crate::cycles;
use crate::paging::{self, Listing};
use crate::tables::{self, Currencies};
use crate::wire::{self, BillingCycle, Id};
use crate::{recap, words};

/// An agreement, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Agreement {
    pub(crate) id: Id,
    pub(crate) name: String,
    /// The company that it belongs to.
    pub(crate) party: Option<Id>,
    pub(crate) party_name: String,
    /// Why nothing can be put into it; none when something can.
    pub(crate) why_inactive: Option<String>,
    /// ConnectWise's own word: "Active", "Cancelled", …
    pub(crate) status: String,
    pub(crate) kind: String,
    pub(crate) currency: Option<Currency>,
    pub(crate) cycle: Option<Cycle>,
    /// Its periods are counted from here.
    pub(crate) anchor: Option<Date>,
    /// ConnectWise itself prorates additions that begin or end inside a period.
    pub(crate) prorate: bool,
    /// It invoices prorated additions at once, where it says so.
    pub(crate) invoices_prorated: Option<bool>,
    /// The first day that is not invoiced yet; none: nothing is, or nobody looked.
    pub(crate) invoiced_until: Option<Date>,
    pub(crate) start: Option<Date>,
    /// The last day, where it has one.
    pub(crate) end: Option<Date>,
}

impl Agreement {
    /// Its billing periods, where it has a cycle and a beginning.
    pub(crate) fn periods(&self) -> Option<Calendar> {
        Some(Calendar { anchor: self.anchor?, cycle: self.cycle? })
    }

    /// True when additions can be put into it.
    pub(crate) fn is_active(&self) -> bool {
        self.why_inactive.is_none()
    }

    fn understand(row: wire::Agreement, cycles: &[BillingCycle], currencies: &Currencies) -> Self {
        let cycle_id = row.billing_cycle.as_ref().and_then(wire::Reference::id);
        let option =
            cycles.iter().find(|known| Some(known.id) == cycle_id).and_then(|known| known.billing_options.as_deref());
        let cycle = option.and_then(cycles::of_option);
        let begins = row.bill_start_date.0.or(row.start_date.0);
        let by_calendar = row.invoicing_cycle.as_deref().is_some_and(|word| word.eq_ignore_ascii_case("CalendarYear"));
        let anchor = match (begins, cycle) {
            (Some(day), Some(cycle)) if by_calendar => Some(cycles::calendar_start(cycle, day)),
            (begins, _) => begins,
        };
        let status = words::clean(row.agreement_status.as_deref().unwrap_or_default());
        let company = row.company.as_ref();
        let end = row.end_date.0.filter(|_| row.no_ending_date_flag != Some(true));
        Self {
            why_inactive: why_inactive(&row, &status),
            id: row.id,
            name: words::clean(row.name.as_deref().unwrap_or_default()),
            party: company.and_then(wire::Reference::id),
            party_name: company.and_then(|company| company.name.clone()).unwrap_or_default(),
            kind: row.kind.and_then(|kind| kind.name).unwrap_or_default(),
            currency: currencies.of(row.currency.as_ref()),
            cycle,
            anchor,
            prorate: row.prorate_flag == Some(true),
            invoices_prorated: row.invoice_prorated_additions_flag,
            invoiced_until: None,
            start: row.start_date.0,
            end: match (end, row.date_cancelled.0) {
                (Some(end), Some(cancelled)) => Some(end.min(cancelled)),
                (end, cancelled) => end.or(cancelled),
            },
            status,
        }
    }

    /// As the directory shows it. `told` says whether somebody looked how far it is invoiced.
    fn entity(self, told: bool) -> Entity {
        let mut attributes = Attributes::new();
        let day = |day: Option<Date>| day.map(|day| day.to_string());
        attributes.set_some("party", self.party.map(|id| id.to_string()));
        attributes.set_some("party-name", Some(&self.party_name).filter(|name| !name.is_empty()));
        attributes.set("prorate", self.prorate.to_string());
        attributes.set("status", &self.status);
        attributes.set_some("type", Some(&self.kind).filter(|kind| !kind.is_empty()));
        attributes.set_some("invoiced-until", day(self.invoiced_until));
        attributes.set_some("period-anchor", day(self.anchor));
        attributes.set_some("invoices-prorated-additions", self.invoices_prorated.map(|flag| flag.to_string()));
        attributes.set_some("start", day(self.start));
        attributes.set_some("end", day(self.end));
        attributes.set_some("why-inactive", self.why_inactive.as_deref());
        if !told {
            attributes.set("recap", "unread");
        }
        Entity {
            currency: self.currency,
            cycle: self.cycle.map(Cycle::iso),
            active: self.is_active(),
            attributes,
            ..Entity::new(kind::CONTAINER, self.id.to_string(), "", self.name)
        }
    }
}

fn why_inactive(row: &wire::Agreement, status: &str) -> Option<String> {
    if let Some(parent) = row.parent_agreement.as_ref().filter(|parent| parent.id().is_some()) {
        let name = words::clean(parent.name.as_deref().unwrap_or_default());
        return Some(format!("is a child of the agreement \"{name}\", which does the billing"));
    }
    match (row.cancelled_flag, status) {
        (Some(true), _) => Some("is cancelled".to_owned()),
        (_, "Active") => None,
        (_, "") => Some("has no status".to_owned()),
        (_, status) => Some(format!("is {}", status.to_lowercase())),
    }
}

fn listing(condition: Option<Condition>) -> Listing<'static> {
    Listing {
        operation: "list-agreements",
        path: "/finance/agreements",
        condition,
        fields: wire::Agreement::FIELDS,
        what: "the agreements",
    }
}

/// Agreements by their ids with how far they are invoiced; ones that are gone are left out.
pub(crate) fn read(remote: &mut dyn Remote, ids: &[Id]) -> Result<Vec<Agreement>, Failure> {
    let rows = paging::by_ids::<wire::Agreement>(remote, &listing(None), ids)?;
    let mut agreements = understood(remote, rows)?;
    for agreement in &mut agreements {
        agreement.invoiced_until = recap::read(remote, agreement.id)?.invoiced_until(agreement.periods())?;
    }
    Ok(agreements)
}

fn understood(remote: &mut dyn Remote, rows: Vec<wire::Agreement>) -> Result<Vec<Agreement>, Failure> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let cycles = tables::billing_cycles(remote)?;
    // Most agreements name their currency themselves.
    let silent = rows.iter().any(|row| row.currency.as_ref().and_then(tables::code).is_none());
    let currencies = if silent { Currencies::read(remote)? } else { Currencies::default() };
    Ok(rows.into_iter().map(|row| Agreement::understand(row, &cycles, &currencies)).collect())
}

/// The directory's look-up.
pub(crate) fn get(remote: &mut dyn Remote, ids: &[Id]) -> Result<Vec<Entity>, Failure> {
    Ok(read(remote, ids)?.into_iter().map(|agreement| agreement.entity(true)).collect())
}

/// One page of agreements that are not cancelled: of a company ("42" or "party:42"), or whose name or company's name has the
/// query in it. A number may be an agreement's own id too.
pub(crate) fn search(remote: &mut dyn Remote, query: &str, cursor: Option<&str>) -> Result<EntityPage, Failure> {
    let query = words::clean(query);
    let of_party = query.strip_prefix("party:").map(str::trim);
    let id = Id::parse(of_party.unwrap_or(&query));
    if let (Some(party), None) = (of_party, id) {
        return Err(Failure::rejected(
            "connectwise-query",
            format!("\"{party}\" is no id of a company in ConnectWise."),
        ));
    }
    let open = Condition::flag("cancelledFlag", false);
    let narrowed = match (id, of_party.is_some()) {
        (Some(id), true) => Some(Condition::id("company/id", id)),
        (Some(id), false) => Some(Condition::id("company/id", id).or(Condition::id("id", id))),
        (None, _) => condition::longest_part(&query).and_then(|part| {
            Condition::either(["name", "company/name"].into_iter().filter_map(|field| Condition::contains(field, part)))
        }),
    };
    let condition = match narrowed {
        Some(narrowed) => open.and(narrowed),
        None => open,
    };
    let page = paging::page::<wire::Agreement>(remote, &listing(Some(condition)), cursor)?;
    let mut found = understood(remote, page.rows)?;
    found.retain(|agreement| match id {
        Some(id) => agreement.party == Some(id) || (of_party.is_none() && agreement.id == id),
        None => words::has(&agreement.name, &query) || words::has(&agreement.party_name, &query),
    });
    Ok(EntityPage { entities: found.into_iter().map(|agreement| agreement.entity(false)).collect(), next: page.next })
}
