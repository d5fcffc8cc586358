//! What a plan has to know of an agreement: whose it is, how it bills, and what it has billed.
//!
//! Owns reading them from the attributes in which the host gives them: with the link, read fresh for the plan.

use counterfoil_sdk::{Attributes, Date, Entity, Failure, Link, Period};

use crate::calendar::{Calendar, Cycle};
use crate::wire::Id;

/// One agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Agreement {
    pub(crate) id: Id,
    pub(crate) name: String,
    /// The company's id.
    pub(crate) party: Option<String>,
    pub(crate) currency: Option<String>,
    pub(crate) cycle: Option<Cycle>,
    pub(crate) anchor: Option<Date>,
    /// ConnectWise prorates what begins or ends inside a period.
    pub(crate) prorates: bool,
    /// The first day that is not invoiced yet; none: nothing is.
    pub(crate) invoiced_until: Option<Date>,
    pub(crate) status: Option<String>,
}

impl Agreement {
    /// Whether a link's attributes tell what a plan needs; else the agreement has to be read.
    pub(crate) fn is_told(link: &Link) -> bool {
        link.attributes.get("prorate").is_some() && link.attributes.get("party").is_some()
    }

    pub(crate) fn of_link(link: &Link) -> Result<Self, Failure> {
        let named = if link.target_name.trim().is_empty() { &link.target_id } else { &link.target_name };
        let told = |name: &str| link.attributes.filled(name).map(str::to_owned);
        Self::new(&link.target_id, named, told("currency"), told("cycle"), &link.attributes)
    }

    pub(crate) fn of_entity(entity: &Entity) -> Result<Self, Failure> {
        let currency = entity.currency.map(|currency| currency.to_string());
        let mut agreement = Self::new(&entity.id, &entity.name, currency, entity.cycle.clone(), &entity.attributes)?;
        if !entity.active && agreement.status.as_deref().is_none_or(|status| status == "Active") {
            agreement.status = Some("not active".to_owned());
        }
        Ok(agreement)
    }

    fn new(
        id: &str,
        name: &str,
        currency: Option<String>,
        cycle: Option<String>,
        attributes: &Attributes,
    ) -> Result<Self, Failure> {
        let day = |name: &str| attributes.filled(name).map(Date::parse_prefix).transpose();
        Ok(Self {
            id: Id::parse(id).ok_or_else(|| {
                Failure::rejected(
                    "connectwise-agreement",
                    format!("\"{id}\" is no id of an agreement. Link the subscription to its agreement again."),
                )
            })?,
            name: name.to_owned(),
            party: attributes.filled("party").map(str::to_owned),
            currency,
            cycle: cycle.as_deref().and_then(Cycle::parse),
            anchor: day("period-anchor")?,
            prorates: attributes.get("prorate") == Some("true"),
            invoiced_until: day("invoiced-until")?,
            status: attributes.filled("status").map(str::to_owned),
        })
    }

    /// Its periods. `otherwise` begins one where the agreement tells no first day.
    pub(crate) fn calendar(&self, otherwise: Date) -> Option<Calendar> {
        self.cycle.map(|cycle| Calendar { anchor: self.anchor.unwrap_or(otherwise), cycle })
    }

    /// Whether the day is on an invoice that is written already.
    pub(crate) fn is_invoiced(&self, day: Date) -> bool {
        self.invoiced_until.is_some_and(|until| day < until)
    }

    /// The day until which it is invoiced, where `first` is before it.
    pub(crate) fn invoiced_at(&self, first: Date) -> Option<Date> {
        self.invoiced_until.filter(|until| first < *until)
    }

    /// The first period on or after the day that no invoice has.
    pub(crate) fn open_period(&self, calendar: Calendar, day: Date) -> Option<Period> {
        calendar.beginning_from(self.invoiced_until.map_or(day, |until| until.max(day)))
    }

    /// The same at the beginning of a sentence.
    pub(crate) fn begun(&self) -> String {
        format!("The agreement {} ({})", self.name, self.id)
    }

    /// "the agreement Microsoft 365 (12)", for people.
    pub(crate) fn called(&self) -> String {
        format!("the agreement {} ({})", self.name, self.id)
    }
}
