//! Owns how often a recurring invoice runs and which day follows which; does not own what is billed then.

use chrono::{Datelike, Days, Months, NaiveDate};

use super::config::MonthEnd;

/// As `frequency` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Frequency {
    Daily,
    Weekly,
    Biweekly,
    Monthly,
    Quarterly,
    SemiAnnually,
    Annually,
    Biennially,
    Triennially,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Days(u64),
    Months(u32),
}

impl Frequency {
    pub const ALL: [Self; 9] = [
        Self::Daily,
        Self::Weekly,
        Self::Biweekly,
        Self::Monthly,
        Self::Quarterly,
        Self::SemiAnnually,
        Self::Annually,
        Self::Biennially,
        Self::Triennially,
    ];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Daily => "Daily",
            Self::Weekly => "Weekly",
            Self::Biweekly => "Biweekly",
            Self::Monthly => "Monthly",
            Self::Quarterly => "Quarterly",
            Self::SemiAnnually => "Semi-Annually",
            Self::Annually => "Annually",
            Self::Biennially => "Biennially",
            Self::Triennially => "Triennially",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|frequency| frequency.name() == name)
    }

    const fn step(self) -> Step {
        match self {
            Self::Daily => Step::Days(1),
            Self::Weekly => Step::Days(7),
            Self::Biweekly => Step::Days(14),
            Self::Monthly => Step::Months(1),
            Self::Quarterly => Step::Months(3),
            Self::SemiAnnually => Step::Months(6),
            Self::Annually => Step::Months(12),
            Self::Biennially => Step::Months(24),
            Self::Triennially => Step::Months(36),
        }
    }

    /// The run after one; `anchor` is the day of the month that somebody once asked for. None where the calendar ends.
    pub(crate) fn after(self, run: NaiveDate, anchor: u32, rule: MonthEnd) -> Option<NaiveDate> {
        match self.step() {
            Step::Days(days) => run.checked_add_days(Days::new(days)),
            Step::Months(months) => {
                let drifted = run.checked_add_months(Months::new(months))?;
                match rule {
                    MonthEnd::Drifts => Some(drifted),
                    // The latest day that month has, up to the one asked for.
                    MonthEnd::Anchored => (1..=anchor).rev().find_map(|day| drifted.with_day(day)),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(frequency: Frequency, first: &str, rule: MonthEnd) -> Vec<String> {
        let first: NaiveDate = first.parse().unwrap();
        let next = |run: &NaiveDate| frequency.after(*run, first.day(), rule);
        std::iter::successors(Some(first), next).take(4).map(|day| day.to_string()).collect()
    }

    #[test]
    fn each_frequency_takes_its_own_step() {
        let table: [(Frequency, &str, MonthEnd, [&str; 3]); 13] = [
            (Frequency::Daily, "2027-02-27", MonthEnd::Drifts, ["2027-02-28", "2027-03-01", "2027-03-02"]),
            (Frequency::Weekly, "2026-12-28", MonthEnd::Drifts, ["2027-01-04", "2027-01-11", "2027-01-18"]),
            (Frequency::Biweekly, "2026-12-28", MonthEnd::Drifts, ["2027-01-11", "2027-01-25", "2027-02-08"]),
            (Frequency::Monthly, "2027-01-15", MonthEnd::Drifts, ["2027-02-15", "2027-03-15", "2027-04-15"]),
            (Frequency::Monthly, "2027-01-31", MonthEnd::Drifts, ["2027-02-28", "2027-03-28", "2027-04-28"]),
            (Frequency::Monthly, "2027-01-31", MonthEnd::Anchored, ["2027-02-28", "2027-03-31", "2027-04-30"]),
            (Frequency::Monthly, "2028-01-30", MonthEnd::Anchored, ["2028-02-29", "2028-03-30", "2028-04-30"]),
            (Frequency::Quarterly, "2026-11-30", MonthEnd::Anchored, ["2027-02-28", "2027-05-30", "2027-08-30"]),
            (Frequency::SemiAnnually, "2026-08-31", MonthEnd::Drifts, ["2027-02-28", "2027-08-28", "2028-02-28"]),
            (Frequency::Annually, "2028-02-29", MonthEnd::Drifts, ["2029-02-28", "2030-02-28", "2031-02-28"]),
            (Frequency::Annually, "2027-02-28", MonthEnd::Anchored, ["2028-02-28", "2029-02-28", "2030-02-28"]),
            (Frequency::Biennially, "2026-11-01", MonthEnd::Drifts, ["2028-11-01", "2030-11-01", "2032-11-01"]),
            (Frequency::Triennially, "2028-02-29", MonthEnd::Anchored, ["2031-02-28", "2034-02-28", "2037-02-28"]),
        ];
        for (frequency, first, rule, next) in table {
            assert_eq!(runs(frequency, first, rule)[1..], next, "{} from {first}, {rule:?}", frequency.name());
        }
        assert_eq!(runs(Frequency::Annually, "2028-02-29", MonthEnd::Anchored)[3], "2031-02-28");
    }
}
