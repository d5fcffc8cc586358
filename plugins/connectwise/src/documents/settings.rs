//! The connection's settings that decide where money goes, checked.
//!
//! Owns their names and defaults, as the card's form describes them. Those of the link steps are read where they count.

use counterfoil_sdk::{Attributes, Date, Failure};

/// Where the money of a period goes that is invoiced already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhenInvoiced {
    /// Onto the first invoice that is not written yet.
    NextPeriod,
    /// It keeps its days; an approver says yes.
    AsDated,
}

/// How more or fewer of something are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Changes {
    /// The former addition ends, a new one begins.
    Replace,
    /// The addition's quantity is changed, where no day that is billed already would move with it.
    Quantity,
}

/// What an order does that changes an addition which is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    Refuse,
    /// It is new: what is added is all there is.
    New,
}

/// Whether a cancelled addition is billed on that day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CancelledDate {
    Inclusive,
    Exclusive,
}

/// Where the marker of a new addition stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place<'a> {
    SerialNumber,
    /// The custom field with this caption.
    CustomField(&'a str),
    Description,
}

/// Who pays for an addition, in ConnectWise's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BillCustomer {
    Billable,
    DoNotBill,
    NoCharge,
}

impl BillCustomer {
    /// The API's word.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Billable => "Billable",
            Self::DoNotBill => "DoNotBill",
            Self::NoCharge => "NoCharge",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Billable, Self::DoNotBill, Self::NoCharge].into_iter().find(|one| one.name() == name)
    }
}

/// Settings of one job.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings<'a> {
    pub(crate) when_invoiced: WhenInvoiced,
    pub(crate) changes: Changes,
    pub(crate) missing: Missing,
    pub(crate) cancelled_date: CancelledDate,
    pub(crate) place: Place<'a>,
    pub(crate) bill: BillCustomer,
    pub(crate) taxable: bool,
}

impl<'a> Settings<'a> {
    /// Reads and checks them.
    pub(crate) fn read(settings: &'a Attributes) -> Result<Self, Failure> {
        let field = settings.filled("marker_field");
        let place = one_of(
            settings,
            "marker",
            &[
                ("serial-number", None),
                ("custom-field", field.map(Place::CustomField)),
                ("invoice-description", Some(Place::Description)),
            ],
        )?;
        if settings.filled("marker") == Some("custom-field") && field.is_none() {
            return Err(wrong("marker_field", "", "the caption of a custom field, because markers stand in one"));
        }
        Ok(Self {
            when_invoiced: one_of(
                settings,
                "when_invoiced",
                &[("next-period", WhenInvoiced::NextPeriod), ("as-dated", WhenInvoiced::AsDated)],
            )?,
            changes: one_of(settings, "changes", &[("replace", Changes::Replace), ("quantity", Changes::Quantity)])?,
            missing: one_of(settings, "missing_addition", &[("refuse", Missing::Refuse), ("new", Missing::New)])?,
            cancelled_date: one_of(
                settings,
                "cancelled_date",
                &[("inclusive", CancelledDate::Inclusive), ("exclusive", CancelledDate::Exclusive)],
            )?,
            place: place.unwrap_or(Place::SerialNumber),
            bill: one_of(
                settings,
                "bill_customer",
                &[
                    ("Billable", BillCustomer::Billable),
                    ("DoNotBill", BillCustomer::DoNotBill),
                    ("NoCharge", BillCustomer::NoCharge),
                ],
            )?,
            taxable: one_of(settings, "taxable", &[("true", true), ("false", false)])?,
        })
    }
}

impl CancelledDate {
    /// What is written for an addition whose last billed day this is.
    pub(crate) fn written(self, last: Date) -> Date {
        match self {
            Self::Inclusive => last,
            Self::Exclusive => last.plus_days(1).unwrap_or(last),
        }
    }

    /// The last billed day of an addition that carries this.
    pub(crate) fn last(self, written: Date) -> Date {
        match self {
            Self::Inclusive => written,
            Self::Exclusive => written.plus_days(-1).unwrap_or(written),
        }
    }
}

/// The first choice is the default.
fn one_of<T: Copy>(settings: &Attributes, name: &str, choices: &[(&str, T)]) -> Result<T, Failure> {
    let value = settings.filled(name);
    let found = choices.iter().find(|(word, _)| value.is_none_or(|value| *word == value));
    found.map(|(_, choice)| *choice).ok_or_else(|| {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        wrong(name, value.unwrap_or_default(), &words.join(" or "))
    })
}

fn wrong(name: &str, value: &str, allowed: &str) -> Failure {
    Failure::rejected(
        "connectwise-setting",
        format!(
            "The setting {name} is \"{value}\"; it takes {allowed}. Nothing was written. Correct it in the connection."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_has_its_default_and_what_is_wrong_is_named() {
        let none = Attributes::new();
        let settings = Settings::read(&none).unwrap();
        assert_eq!(
            (settings.when_invoiced, settings.changes, settings.missing, settings.cancelled_date),
            (WhenInvoiced::NextPeriod, Changes::Replace, Missing::Refuse, CancelledDate::Inclusive)
        );
        assert_eq!(
            (settings.place, settings.bill, settings.taxable),
            (Place::SerialNumber, BillCustomer::Billable, true)
        );
        for (name, value) in [
            ("when_invoiced", "later"),
            ("changes", "both"),
            ("missing_addition", "guess"),
            ("cancelled_date", "maybe"),
            ("marker", "nowhere"),
            ("marker", "custom-field"),
            ("bill_customer", "billable"),
            ("taxable", "yes"),
        ] {
            let settings = Attributes::new().with(name, value);
            let failure = Settings::read(&settings).unwrap_err();
            assert_eq!(failure.code, "connectwise-setting", "{name}");
            assert!(failure.message.contains(name), "{}", failure.message);
        }
        let custom = Attributes::new().with("marker", "custom-field").with("marker_field", "Counterfoil");
        assert_eq!(Settings::read(&custom).unwrap().place, Place::CustomField("Counterfoil"));
    }

    #[test]
    fn the_last_day_survives_both_readings() {
        let last = Date::parse("2026-11-30").unwrap();
        for (reading, written) in [(CancelledDate::Inclusive, "2026-11-30"), (CancelledDate::Exclusive, "2026-12-01")] {
            assert_eq!(reading.written(last).to_string(), written);
            assert_eq!(reading.last(reading.written(last)), last);
        }
    }
}
