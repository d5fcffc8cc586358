//! The connection's settings, checked.
//!
//! Owns their names, defaults and limits, as the card's form describes them. Whether Xero has what they name is checked
//! where the ground is read.

use counterfoil_sdk::{Attributes, Date, Failure};

/// Where a document's number comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberSource {
    /// Prefix and order number.
    Marketplace,
    /// Xero counts.
    Target,
}

/// Which invoice an order's charges go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Documents {
    /// Each order has its own.
    New,
    /// The customer's latest draft of the month that this target made.
    Append,
}

/// How an order that charges and gives back becomes documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Credits {
    /// Charges on an invoice, refunds on a credit note.
    Split,
    /// One document for what is left.
    Net,
}

/// When an invoice is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    Days(i64),
    /// This day of the month after the invoice's, or that month's last.
    DayOfFollowingMonth(u8),
}

/// One tracking category and its option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tracking<'a> {
    pub(crate) name: &'a str,
    pub(crate) option: &'a str,
}

/// Settings of one job.
#[derive(Debug, Clone)]
pub(crate) struct Settings<'a> {
    pub(crate) status: &'a str,
    pub(crate) documents: Documents,
    pub(crate) credits: Credits,
    pub(crate) account_code: Option<&'a str>,
    pub(crate) tax_type: Option<&'a str>,
    pub(crate) tax_type_untaxed: Option<&'a str>,
    pub(crate) due: Due,
    pub(crate) number_source: NumberSource,
    pub(crate) number_prefix: &'a str,
    pub(crate) tracking: Option<Tracking<'a>>,
    pub(crate) branding_theme: Option<&'a str>,
}

/// What documents become when they are approved at once.
pub(crate) const AUTHORISED: &str = "AUTHORISED";
const DRAFT: &str = "DRAFT";
/// A due date further away than this is a slip of the pen.
const MOST_DUE_DAYS: i64 = 3650;

impl<'a> Settings<'a> {
    /// Reads and checks them.
    pub(crate) fn read(settings: &'a Attributes) -> Result<Self, Failure> {
        let status =
            one_of(settings, "status", DRAFT, &[(DRAFT, DRAFT), ("SUBMITTED", "SUBMITTED"), (AUTHORISED, AUTHORISED)])?;
        let documents =
            one_of(settings, "documents", "new", &[("new", Documents::New), ("append", Documents::Append)])?;
        if documents == Documents::Append && status != DRAFT {
            return Err(Failure::rejected(
                "xero-setting",
                format!(
                    "The setting documents is \"append\" and new documents become {status}; only drafts are added to. Set status to DRAFT, or documents to new."
                ),
            ));
        }
        Ok(Self {
            status,
            documents,
            credits: one_of(settings, "credits", "split", &[("split", Credits::Split), ("net", Credits::Net)])?,
            account_code: settings.filled("account_code"),
            tax_type: settings.filled("tax_type"),
            tax_type_untaxed: settings.filled("tax_type_untaxed"),
            due: due(settings)?,
            number_source: one_of(
                settings,
                "number_source",
                "marketplace",
                &[("marketplace", NumberSource::Marketplace), ("target", NumberSource::Target)],
            )?,
            // An empty prefix is a choice; only an absent one takes the default.
            number_prefix: settings.get("number_prefix").map_or("CB-", str::trim),
            tracking: tracking(settings)?,
            branding_theme: settings.filled("branding_theme"),
        })
    }

    /// When an invoice of that day is due.
    pub(crate) fn due_on(&self, date: Date) -> Date {
        let due = match self.due {
            Due::Days(days) => date.plus_days(days),
            Due::DayOfFollowingMonth(day) => {
                let (year, month) = month_after(date);
                // The last day that the month has.
                (1..=day).rev().find_map(|day| Date::new(year, month, day))
            }
        };
        due.unwrap_or(date)
    }
}

/// Year and month after a day's own.
pub(crate) fn month_after(date: Date) -> (u16, u8) {
    match date.parts() {
        (year, 12, _) => (year.saturating_add(1), 1),
        (year, month, _) => (year, month + 1),
    }
}

fn one_of<T: Copy>(settings: &Attributes, name: &str, default: &str, choices: &[(&str, T)]) -> Result<T, Failure> {
    let value = settings.filled(name).unwrap_or(default);
    choices.iter().find(|(word, _)| *word == value).map(|(_, choice)| *choice).ok_or_else(|| {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        wrong(name, value, &words.join(" or "))
    })
}

fn due(settings: &Attributes) -> Result<Due, Failure> {
    let days = settings.filled("due_days").unwrap_or("30");
    let after = days
        .parse()
        .ok()
        .filter(|days| (0..=MOST_DUE_DAYS).contains(days))
        .ok_or_else(|| wrong("due_days", days, "a whole number of days from 0 to 3650"))?;
    let day = settings.filled("due_day").unwrap_or("20");
    let of_month = day
        .parse()
        .ok()
        .filter(|day| (1..=31).contains(day))
        .ok_or_else(|| wrong("due_day", day, "a day of the month from 1 to 31"))?;
    one_of(
        settings,
        "due_terms",
        "days",
        &[("days", Due::Days(after)), ("day-of-following-month", Due::DayOfFollowingMonth(of_month))],
    )
}

fn tracking(settings: &Attributes) -> Result<Option<Tracking<'_>>, Failure> {
    match (settings.filled("tracking_name"), settings.filled("tracking_option")) {
        (None, None) => Ok(None),
        (Some(name), Some(option)) => Ok(Some(Tracking { name, option })),
        (Some(name), None) => Err(wrong("tracking_option", "", &format!("an option of the category \"{name}\""))),
        (None, Some(option)) => Err(wrong("tracking_name", "", &format!("the category that has \"{option}\""))),
    }
}

fn wrong(name: &str, value: &str, allowed: &str) -> Failure {
    Failure::rejected(
        "xero-setting",
        format!("The setting {name} is \"{value}\"; it takes {allowed}. Correct it in the connection."),
    )
}
