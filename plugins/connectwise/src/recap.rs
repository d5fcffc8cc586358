//! How far an agreement is invoiced.
//!
//! Owns the reading of the recap. Nothing is guessed: a recap that cannot be read stops the plan, because a line in a period
//! that is invoiced already would never be billed.

use counterfoil_sdk::{Date, Failure, Remote};

use crate::calendar::Calendar;
use crate::errors::Effect;
use crate::wire::{self, Id};
use crate::{ask, days};

/// A recap, and the day on which it was told.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    recap: wire::Recap,
    today: Option<Date>,
}

/// Reads it. `today` of the answer's head is the server's own.
pub(crate) fn read(remote: &mut dyn Remote, agreement: Id) -> Result<Told, Failure> {
    let what = format!("the invoices of agreement {agreement}");
    let request = ask::get("get-agreement-recap", format!("/finance/agreementrecap/{agreement}"));
    let response = ask::answer(remote, request, &what)?;
    Ok(Told { recap: ask::parse(&response, Effect::Read, &what)?, today: days::today(&response) })
}

impl Told {
    /// The first day that is not invoiced yet; none where nothing is. Periods are none for an agreement without a cycle.
    pub(crate) fn invoiced_until(&self, periods: Option<Calendar>) -> Result<Option<Date>, Failure> {
        let Some(last) = self.recap.last_invoice_date.0 else { return Ok(None) };
        let Some(periods) = periods else { return last.plus_days(1).map(Some).ok_or_else(out_of_range) };
        let until = match (self.recap.unbilled_periods, self.today) {
            (Some(unbilled), Some(today)) => {
                // None unbilled: the current one is invoiced. One: it is the current one. More: so many before.
                let current = periods.turn(today);
                let until =
                    current.and_then(|current| periods.boundary(current.checked_add(1)?.checked_sub(unbilled.max(0))?));
                // Some are invoiced ahead of the period that they are in.
                let ahead = self.recap.next_invoice_date.0.filter(|_| unbilled <= 0);
                until.map(|until| ahead.map_or(until, |next| next.max(until)))
            }
            _ => {
                let end = periods.containing(last).map(counterfoil_sdk::Period::end);
                end.map(|end| self.recap.next_invoice_date.0.map_or(end, |next| next.max(end)))
            }
        };
        until.map(Some).ok_or_else(out_of_range)
    }
}

fn out_of_range() -> Failure {
    Failure::internal("connectwise-date", "The recap of an agreement leads out of the calendar.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Cycle;
    use crate::wire::Day;

    #[test]
    fn how_far_it_is_invoiced() {
        let day = |text: &str| Date::parse(text).unwrap();
        let monthly = Some(("2026-01-15", "P1M"));
        for (periods, last, unbilled, next, today, want) in [
            // Nothing was invoiced.
            (monthly, None, Some(0), Some("2026-11-15"), Some("2026-11-22"), None),
            // The current period is invoiced, or not, or the one before is not either.
            (monthly, Some("2026-11-15"), Some(0), None, Some("2026-11-22"), Some("2026-12-15")),
            (monthly, Some("2026-11-15"), Some(0), Some("2027-01-15"), Some("2026-11-22"), Some("2027-01-15")),
            (monthly, Some("2026-11-15"), Some(0), Some("2026-11-15"), Some("2026-11-22"), Some("2026-12-15")),
            (monthly, Some("2026-10-15"), Some(1), Some("2027-01-15"), Some("2026-11-22"), Some("2026-11-15")),
            (monthly, Some("2026-10-15"), Some(1), None, Some("2026-11-22"), Some("2026-11-15")),
            (monthly, Some("2026-09-15"), Some(2), None, Some("2026-11-22"), Some("2026-10-15")),
            (monthly, Some("2026-11-15"), Some(-1), None, Some("2026-11-22"), Some("2026-12-15")),
            // On the first and on the last day of a period.
            (monthly, Some("2026-11-15"), Some(0), None, Some("2026-11-15"), Some("2026-12-15")),
            (monthly, Some("2026-11-15"), Some(0), None, Some("2026-11-14"), Some("2026-11-15")),
            // Not told: by the days of the invoices.
            (monthly, Some("2026-11-20"), None, None, Some("2026-11-22"), Some("2026-12-15")),
            (monthly, Some("2026-11-20"), None, Some("2027-01-15"), Some("2026-11-22"), Some("2027-01-15")),
            (monthly, Some("2026-11-20"), None, Some("2026-01-01"), Some("2026-11-22"), Some("2026-12-15")),
            (monthly, Some("2026-11-20"), Some(0), None, None, Some("2026-12-15")),
            (Some(("2026-01-31", "P1M")), Some("2026-02-28"), Some(0), None, Some("2026-03-01"), Some("2026-03-31")),
            (Some(("2024-02-29", "P1Y")), Some("2026-02-28"), Some(1), None, Some("2026-11-22"), Some("2026-02-28")),
            (None, Some("2026-11-20"), Some(0), None, Some("2026-11-22"), Some("2026-11-21")),
        ] {
            let periods =
                periods.map(|(anchor, cycle)| Calendar { anchor: day(anchor), cycle: Cycle::parse(cycle).unwrap() });
            let told = Told {
                recap: wire::Recap {
                    last_invoice_date: Day(last.map(day)),
                    next_invoice_date: Day(next.map(day)),
                    unbilled_periods: unbilled,
                },
                today: today.map(day),
            };
            let until = told.invoiced_until(periods).unwrap();
            assert_eq!(until.map(|day| day.to_string()).as_deref(), want, "{told:?}");
        }
    }
}
