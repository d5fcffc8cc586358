//! How often a recurring invoice runs, and how many runs lie between two days.
//!
//! Owns Syncro's words for it. Days past the 28th slide: a run on the 31st may go to the 28th and stay there, or come
//! back, so two days of that kind are as good as equal.

use counterfoil_sdk::Date;

/// A frequency that Syncro has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frequency {
    Days(u16),
    Months(u16),
}

const WORDS: [(&str, Frequency, &str); 9] = [
    ("daily", Frequency::Days(1), "P1D"),
    ("weekly", Frequency::Days(7), "P1W"),
    ("biweekly", Frequency::Days(14), "P2W"),
    ("monthly", Frequency::Months(1), "P1M"),
    ("quarterly", Frequency::Months(3), "P3M"),
    ("semi-annually", Frequency::Months(6), "P6M"),
    ("annually", Frequency::Months(12), "P1Y"),
    ("biennially", Frequency::Months(24), "P2Y"),
    ("triennially", Frequency::Months(36), "P3Y"),
];

/// From this day of a month on, the day of the next one may be another.
const SLIDES: u8 = 28;

impl Frequency {
    /// Reads Syncro's word.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        let word = word.trim().to_ascii_lowercase();
        WORDS.iter().find(|(known, ..)| *known == word).map(|(_, frequency, _)| *frequency)
    }

    /// "P1M".
    pub(crate) fn iso(self) -> &'static str {
        WORDS.iter().find(|(_, known, _)| *known == self).map_or("", |(.., iso)| iso)
    }

    /// How many runs moved the next one from `from` to `to`; none where it is no whole number of steps.
    pub(crate) fn runs(self, from: Date, to: Date) -> Option<u32> {
        let (steps, of) = match self {
            Self::Days(days) => (to.epoch_days() - from.epoch_days(), i64::from(days)),
            Self::Months(months) => {
                let ((year, month, day), (to_year, to_month, to_day)) = (from.parts(), to.parts());
                let count = |year: u16, month: u8| i64::from(year) * 12 + i64::from(month);
                let passed = count(to_year, to_month) - count(year, month);
                let slid = passed != 0 && day >= SLIDES && to_day >= SLIDES;
                if day != to_day && !slid {
                    return None;
                }
                (passed, i64::from(months))
            }
        };
        if steps % of != 0 {
            return None;
        }
        u32::try_from(steps / of).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_counted_in_steps() {
        for (word, from, to, want) in [
            ("Monthly", "2026-12-01", "2026-12-01", Some(0)),
            ("Monthly", "2026-12-01", "2027-01-01", Some(1)),
            ("monthly ", "2026-11-15", "2027-02-15", Some(3)),
            ("Monthly", "2026-12-01", "2026-12-02", None),
            ("Monthly", "2026-12-01", "2026-11-01", None),
            ("Monthly", "2027-01-31", "2027-02-28", Some(1)),
            ("Monthly", "2027-02-28", "2027-03-28", Some(1)),
            ("Monthly", "2027-02-28", "2027-03-31", Some(1)),
            ("Monthly", "2027-01-31", "2027-01-30", None),
            ("Quarterly", "2026-12-01", "2027-03-01", Some(1)),
            ("Quarterly", "2026-12-01", "2027-01-01", None),
            ("Semi-Annually", "2026-12-01", "2027-12-01", Some(2)),
            ("Annually", "2028-02-29", "2029-02-28", Some(1)),
            ("Biennially", "2026-12-01", "2028-12-01", Some(1)),
            ("Triennially", "2026-12-01", "2029-12-01", Some(1)),
            ("Daily", "2026-12-31", "2027-01-02", Some(2)),
            ("Weekly", "2026-12-01", "2026-12-15", Some(2)),
            ("Weekly", "2026-12-01", "2026-12-14", None),
            ("Biweekly", "2026-12-01", "2026-12-15", Some(1)),
        ] {
            let frequency = Frequency::parse(word).unwrap();
            let day = |text: &str| Date::parse(text).unwrap();
            assert_eq!(frequency.runs(day(from), day(to)), want, "{word} {from} {to}");
        }
        assert_eq!(Frequency::parse("Fortnightly"), None);
        assert_eq!(Frequency::parse("Semi-Annually").unwrap().iso(), "P6M");
    }
}
