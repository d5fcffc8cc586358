//! A recurring invoice ("schedule" in the API), with its lines.

use counterfoil_sdk::{Date, Failure};

use super::{Id, Line, Row};
use crate::frequency::Frequency;

/// A recurring invoice, understood.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    pub(crate) id: Id,
    pub(crate) customer: Option<Id>,
    pub(crate) name: String,
    /// Syncro's own word.
    pub(crate) frequency: String,
    pub(crate) next_run: Option<Date>,
    pub(crate) is_paused: bool,
    pub(crate) emails: bool,
    pub(crate) charges: bool,
    pub(crate) lines: Vec<Line>,
}

impl Schedule {
    pub(crate) fn understand(row: &Row) -> Result<Self, Failure> {
        let id = row.own_id("a recurring invoice")?;
        let what = format!("recurring invoice {id}");
        let lines = row.rows(&what, "lines")?.into_iter().map(Line::understand).collect::<Result<_, _>>()?;
        let next_run = row.text("next_run");
        let next_run = match next_run.trim() {
            "" => None,
            text => Some(Date::parse_prefix(text).map_err(|_| {
                Failure::rejected(
                    "syncro-stored-data",
                    format!("Syncro shows {what} with next_run = {}, which is no day. Nothing was written. Correct it in Syncro, then try again.", row.shown("next_run")),
                )
            })?),
        };
        Ok(Self {
            id,
            customer: row.id("customer_id"),
            name: counterfoil_sdk::text::single_spaced(&row.text("name")),
            frequency: row.text("frequency"),
            next_run,
            is_paused: row.flag("paused") == Some(true),
            emails: row.flag("email_customer") == Some(true),
            charges: row.flag("charge_mop") == Some(true),
            lines,
        })
    }

    /// How often it runs, where the word is known.
    pub(crate) fn every(&self) -> Option<Frequency> {
        Frequency::parse(&self.frequency)
    }

    /// For people.
    pub(crate) fn called(&self) -> String {
        if self.name.is_empty() { format!("recurring invoice {}", self.id) } else { format!("\"{}\"", self.name) }
    }

    pub(crate) fn line(&self, id: Id) -> Option<&Line> {
        self.lines.iter().find(|line| line.id == id)
    }
}
