//! Which billing motion a source means: from provision type, term, billing cycle and asset, and where a source leaves some of
//! them out, from what else it tells. Owns the vendor's numbers and words; which motions are billed is a program's business.

use chrono::NaiveDate;

use counterfoil_domain::motion::Motion;
use counterfoil_domain::period::{Cycle, Period};

use super::row::fold;

/// What a statement, or a subscription, is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Provision {
    Seat,
    Usage,
    OneTime,
    /// The distributor's own services.
    Service,
    Marketplace,
}

impl Provision {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match fold(text).as_str() {
            "1" | "seat" | "license" | "licence" => Some(Self::Seat),
            "2" | "usage" | "azure" | "azureplan" | "azureusage" | "consumption" => Some(Self::Usage),
            "3" | "onetime" | "software" | "perpetual" => Some(Self::OneTime),
            "4" | "crayon" | "service" | "services" => Some(Self::Service),
            "5" | "azuremarketplace" | "marketplace" | "saas" => Some(Self::Marketplace),
            _ => None,
        }
    }

    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Seat => "Seat",
            Self::Usage => "Usage",
            Self::OneTime => "OneTime",
            Self::Service => "Crayon",
            Self::Marketplace => "AzureMarketplace",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Billed {
    Monthly,
    Annual,
    ThreeYearly,
    Once,
    /// Quarterly, by half-years, every two years: told, and none of those that are sold in a motion we know.
    Otherwise,
}

impl Billed {
    /// Of subscriptions, price lists and supported cycles. Assets count otherwise: 5 is every three years there, and every
    /// half-year here.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match fold(text).as_str() {
            "1" | "monthly" | "month" | "p1m" => Some(Self::Monthly),
            "2" | "annual" | "annually" | "yearly" | "year" | "p1y" | "p12m" => Some(Self::Annual),
            "4" | "onetime" | "upfront" | "prepaid" => Some(Self::Once),
            "8" | "threeyears" | "triennial" | "triennially" | "p3y" | "p36m" => Some(Self::ThreeYearly),
            "" | "0" | "3" | "unknown" | "none" | "na" => None,
            _ => Some(Self::Otherwise),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asset {
    Reservation,
    SavingsPlan,
    Software,
}

impl Asset {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match fold(text).as_str() {
            "1" | "reservation" | "azurereservation" | "reservedinstance" => Some(Self::Reservation),
            "2" | "software" => Some(Self::Software),
            "savingsplan" | "azuresavingsplan" => Some(Self::SavingsPlan),
            _ => None,
        }
    }

    /// As words alone: in a list of other kinds, numbers mean something else.
    pub(crate) fn named(text: &str) -> Option<Self> {
        Self::parse(text).filter(|_| text.starts_with(char::is_alphabetic))
    }

    fn in_words(words: &str) -> Option<Self> {
        let words = words.to_lowercase();
        let says = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
        if says(&["savings plan"]) {
            Some(Self::SavingsPlan)
        } else if says(&["reserved vm", "reserved instance", "reserved capacity", "reservation"]) {
            Some(Self::Reservation)
        } else {
            None
        }
    }
}

/// Months. "P1Y", "12", "1 Year".
pub(crate) fn term(text: &str) -> Option<u32> {
    if let Some(Cycle::Months(months)) = Cycle::parse(text) {
        return Some(months);
    }
    match fold(text).as_str() {
        "1" | "monthly" | "month" | "1month" | "onemonth" => Some(1),
        "12" | "annual" | "annually" | "yearly" | "1year" | "oneyear" | "12months" => Some(12),
        "24" | "2years" | "twoyears" | "biennial" => Some(24),
        "36" | "triennial" | "3years" | "threeyears" | "36months" => Some(36),
        _ => None,
    }
}

/// The prefix that PRISM shows SKUs of committed motions with, and the SKU without it: "P1Y:M:CFQ7TTC0LH18:0001".
pub(crate) fn split_prefix(sku: &str) -> (Option<(u32, Billed)>, &str) {
    let told = sku.split_once(':').and_then(|(years, rest)| {
        let months = term(years).filter(|_| years.starts_with(['P', 'p']))?;
        let mut letters = rest.chars();
        let billed = match letters.next()? {
            'M' | 'm' => Billed::Monthly,
            'A' | 'a' => Billed::Annual,
            'T' | 't' | 'U' | 'u' => Billed::ThreeYearly,
            _ => return None,
        };
        let bare = letters.as_str().strip_prefix([':', '_', ' ', '-', '|'])?.trim();
        (!bare.is_empty()).then_some(((months, billed), bare))
    });
    told.map_or((None, sku), |(told, bare)| (Some(told), bare))
}

/// A term, from the days on which one begins and ends; only where it is one that is sold.
pub(crate) fn term_between(period: Period) -> Option<u32> {
    let lasts = |months: &u32| Cycle::Months(*months).period_from(period.start()) == Some(period);
    [1, 12, 36].into_iter().find(lasts)
}

/// What is known of a record, or of a subscription.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Told<'a> {
    pub(crate) provision: Option<Provision>,
    /// Months.
    pub(crate) term: Option<u32>,
    pub(crate) billed: Option<Billed>,
    pub(crate) asset: Option<Asset>,
    /// Its names, where the rest is silent.
    pub(crate) words: &'a str,
    /// A SKU of the new commerce ("CFQ7TTC0LH18:0001"): with those, a term is always a part of what was bought.
    pub(crate) new_commerce: bool,
    pub(crate) charged: Option<Period>,
    /// The first day after the term, where it is told. What is paid for a whole term at once reaches it.
    pub(crate) term_ends: Option<NaiveDate>,
}

pub(crate) fn motion(told: &Told<'_>) -> Motion {
    let asset = told.asset.or_else(|| Asset::in_words(told.words).filter(|_| told.provision != Some(Provision::Seat)));
    match (told.provision, asset) {
        (_, Some(Asset::Reservation)) => Motion::Reservation,
        (_, Some(Asset::SavingsPlan)) => Motion::SavingsPlan,
        (Some(Provision::Usage), _) => Motion::Usage,
        (Some(Provision::Marketplace), _) => Motion::Marketplace,
        (Some(Provision::Service), _) => Motion::OneTime,
        (_, Some(Asset::Software)) => software(told.term),
        (Some(Provision::OneTime), None) if told.new_commerce => software(told.term),
        (Some(Provision::OneTime), None) => Motion::OneTime,
        (Some(Provision::Seat) | None, None) => licence(told),
    }
}

fn software(term: Option<u32>) -> Motion {
    if term.is_some() { Motion::SoftwareSubscription } else { Motion::SoftwarePerpetual }
}

fn licence(told: &Told<'_>) -> Motion {
    let billed = told.billed.or_else(|| charged(told.charged?, told.term, told.term_ends));
    match (told.term, billed) {
        (Some(1), Some(Billed::Monthly)) => Motion::MonthlyMonthly,
        (Some(12), Some(Billed::Monthly)) => Motion::AnnualMonthly,
        (Some(12), Some(Billed::Annual | Billed::Once)) => Motion::AnnualUpfront,
        (Some(36), Some(Billed::Monthly)) => Motion::TriennialMonthly,
        (Some(36), Some(Billed::Annual)) => Motion::TriennialAnnual,
        (Some(36), Some(Billed::ThreeYearly | Billed::Once)) => Motion::TriennialUpfront,
        // The older commerce knows no term: what is billed by the month is committed by the month.
        (None, Some(Billed::Monthly)) if !told.new_commerce => Motion::MonthlyMonthly,
        (None, Some(Billed::Annual)) => Motion::AnnualUpfront,
        (None, Some(Billed::ThreeYearly)) => Motion::TriennialUpfront,
        _ => Motion::Unknown,
    }
}

/// From the days that a record charges for. A part of a month is always monthly where the term is a month; where the term is
/// longer, a charge that reaches beyond a month is for a longer cycle, and a shorter one may be the rest of one.
fn charged(period: Period, term: Option<u32>, ends: Option<NaiveDate>) -> Option<Billed> {
    let days = period.days();
    let crosses_a_month = Cycle::Months(1).period_from(period.start()).is_some_and(|month| period.end() > month.end());
    match term {
        Some(1) | None if !crosses_a_month => Some(Billed::Monthly),
        Some(12 | 36) if is_whole_month(period) => Some(Billed::Monthly),
        Some(12 | 36) if !crosses_a_month && ends.is_some_and(|ends| period.end() < ends) => Some(Billed::Monthly),
        Some(36) if days > 366 => Some(Billed::ThreeYearly),
        Some(36) if days > 31 => None,
        Some(12) if crosses_a_month => Some(Billed::Annual),
        None if (365..=366).contains(&days) => Some(Billed::Annual),
        _ => None,
    }
}

fn is_whole_month(period: Period) -> bool {
    let month = |start: NaiveDate| Cycle::Months(1).period_from(start);
    month(period.start()).is_some_and(|month| month == period)
}

/// For people, where the motion is not one of ours: "Seat · P2Y · TwoYears".
pub(crate) fn shown(parts: &[Option<&str>]) -> String {
    let told: Vec<&str> = parts.iter().flatten().copied().collect();
    if told.is_empty() { "nothing is told of term and billing cycle".to_owned() } else { told.join(" · ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(text: &str) -> Option<Period> {
        let (start, end) = text.split_once(' ')?;
        Period::new(start.parse().unwrap(), end.parse().unwrap()).ok()
    }

    /// provision, term, cycle, asset, words, SKU, charged days, and the motion.
    #[test]
    fn motions() {
        let table = [
            // Licences: term and cycle tell.
            "1        | P1M  | 1            |             |                       | CFQ7TTC0LH18:0001 |                       | monthly-monthly",
            "Seat     | P1Y  | Monthly      |             |                       | CFQ7TTC0LH18:0001 |                       | annual-monthly",
            "Seat     | P12M | 1            |             |                       | CFQ7TTC0LH18:0001 |                       | annual-monthly",
            "Seat     | P1Y  | 2            |             |                       | CFQ7TTC0LH18:0001 |                       | annual-upfront",
            "Seat     | P1Y  | OneTime      |             |                       | CFQ7TTC0LH18:0001 |                       | annual-upfront",
            "Seat     | P3Y  | 1            |             |                       | CFQ7TTC0LH18:0001 |                       | triennial-monthly",
            "Seat     | P3Y  | Annual       |             |                       | CFQ7TTC0LH18:0001 |                       | triennial-annual",
            "Seat     | P3Y  | 8            |             |                       | CFQ7TTC0LH18:0001 |                       | triennial-upfront",
            "         | P3Y  | Triennial    |             |                       | CFQ7TTC0LH18:0001 |                       | triennial-upfront",
            // Every half-year, and nothing else: the other list's 5 is not meant.
            "Seat     | P3Y  | 5            |             |                       | CFQ7TTC0LH18:0001 |                       | unknown",
            "Seat     | P2Y  | TwoYears     |             |                       | CFQ7TTC0LH18:0001 |                       | unknown",
            "Seat     | P1Y  | Quarterly    |             |                       | CFQ7TTC0LH18:0001 |                       | unknown",
            "Seat     | P1M  | Annual       |             |                       | CFQ7TTC0LH18:0001 |                       | unknown",
            // A name does not turn a licence into something else.
            "Seat     | P1M  | 1            |             | Reservation desk      | CFQ7TTC0LH18:0001 |                       | monthly-monthly",
            // The cycle is not told: the charged days tell, where they can.
            "Seat     | P1M  |              |             |                       | CFQ7TTC0LH18:0001 | 2026-10-10 2026-11-01 | monthly-monthly",
            "Seat     | P1Y  | None         |             |                       | CFQ7TTC0LH18:0001 | 2026-10-01 2026-11-01 | annual-monthly",
            "Seat     | P1Y  |              |             |                       | CFQ7TTC0LH18:0001 | 2026-10-01 2027-10-01 | annual-upfront",
            "Seat     | P1Y  |              |             |                       | CFQ7TTC0LH18:0001 | 2026-10-10 2026-11-01 | unknown",
            "Seat     | P1Y  |              |             |                       | CFQ7TTC0LH18:0001 | 2026-10-10 2026-11-01 | annual-monthly | 2027-03-01",
            "Seat     | P1Y  |              |             |                       | CFQ7TTC0LH18:0001 | 2026-10-10 2026-11-01 | unknown | 2026-11-01",
            "Seat     | P3Y  |              |             |                       | CFQ7TTC0LH18:0001 | 2026-10-01 2029-10-01 | triennial-upfront",
            "Seat     |      |              |             |                       | CFQ7TTC0LH18:0001 | 2026-10-01 2026-11-01 | unknown",
            "Seat     |      | 1            |             |                       | CFQ7TTC0LH18:0001 |                       | unknown",
            // The older commerce.
            "Seat     |      |              |             |                       | 6FBAD345-B7DE     | 2026-10-14 2026-11-14 | monthly-monthly",
            "Seat     |      | Monthly      |             |                       | 6FBAD345-B7DE     |                       | monthly-monthly",
            "Seat     |      | Annual       |             |                       | 6FBAD345-B7DE     |                       | annual-upfront",
            "         |      |              |             |                       | 6FBAD345-B7DE     | 2026-10-14 2027-10-14 | annual-upfront",
            "         |      |              |             |                       | 6FBAD345-B7DE     |                       | unknown",
            // Everything else.
            "2        |      |              |             |                       | DZH318Z0BPS6:0001 |                       | usage",
            "Usage    |      | 3            |             | Savings plan          | DZH318Z08ZX1:0001 |                       | savings-plan",
            "OneTime  | P1Y  | 4            |             | Reserved VM Instance  | DZH318Z0BPX8:00LW |                       | reservation",
            "3        | P3Y  | 4            | Reservation |                       | DZH318Z0BPX8:00LW |                       | reservation",
            "3        | P1Y  | 1            |             | Compute savings plan  | DZH318Z08ZX1:0001 |                       | savings-plan",
            "3        | P1Y  | 4            |             | SUSE Linux Enterprise | DZH318Z0BPX8:00LW |                       | software-subscription",
            "3        |      | 4            | Software    |                       | 7JQ-00341         |                       | software-perpetual",
            "3        |      | 4            |             | Windows Server 2025   | DG7GMGF0D5VL:0001 |                       | software-perpetual",
            "3        |      |              |             | Workshop              | WORKSHOP          |                       | one-time",
            "4        |      |              |             | Onboarding            | CRAYON-WORKSHOP   |                       | one-time",
            "5        | P1M  | 1            |             | Mailbox Backup        | DZH318Z0C1F3:0003 |                       | marketplace",
        ];
        for row in table {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let told = Told {
                provision: Provision::parse(cells[0]),
                term: term(cells[1]),
                billed: Billed::parse(cells[2]),
                asset: Asset::parse(cells[3]),
                words: cells[4],
                new_commerce: cells[5].contains(':'),
                charged: period(cells[6]),
                term_ends: cells.get(8).map(|day| day.parse().unwrap()),
            };
            assert_eq!(motion(&told).name(), cells[7], "{row}");
        }
    }

    #[test]
    fn prefixes() {
        let table = [
            ("P1Y:M:CFQ7TTC0LH18:0001", Some((12, Billed::Monthly)), "CFQ7TTC0LH18:0001"),
            ("P1Y:A CFQ7TTC0LH18:0001", Some((12, Billed::Annual)), "CFQ7TTC0LH18:0001"),
            ("P3Y:T:CFQ7TTC0LH18:0001", Some((36, Billed::ThreeYearly)), "CFQ7TTC0LH18:0001"),
            ("CFQ7TTC0LH18:0001", None, "CFQ7TTC0LH18:0001"),
            ("P1Y:M:", None, "P1Y:M:"),
            ("P1Y:0001", None, "P1Y:0001"),
        ];
        for (sku, told, bare) in table {
            assert_eq!(split_prefix(sku), (told, bare), "{sku}");
        }
        assert_eq!(shown(&[Some("Seat"), None, Some("TwoYears")]), "Seat · TwoYears");
    }
}
