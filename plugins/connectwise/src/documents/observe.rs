//! What ConnectWise shows now for additions that were written.
//!
//! Owns reading them back, and the total by which the host sees that something is not as written. What recurs bills this
//! order nothing or its first period only, so its total is the confirmed one as long as it recurs as written, and moves by
//! what a period of it moved.

use std::collections::BTreeMap;

use counterfoil_sdk::{
    Attributes, ChangeReceipt, Currency, Decimal, Failure, Money, Observation, ObservedDocument, ObservedLine, Receipt,
    Remote,
};

use super::marker::Marker;
use super::payload::{Role, State};
use super::requests;
use super::stored::Addition;
use crate::wire::Id;

/// From as many on, all additions of an agreement are read with one list.
const WORTH_A_LIST: usize = 3;

type Shelf = BTreeMap<(Id, Id), Result<Option<Addition>, Failure>>;

/// Observes each receipt, in order.
pub(crate) fn observe(remote: &mut dyn Remote, receipts: &[Receipt]) -> Vec<Result<Observation, Failure>> {
    let mut wanted: BTreeMap<Id, Vec<Id>> = BTreeMap::new();
    for change in receipts.iter().flat_map(|receipt| &receipt.changes) {
        if let Ok((agreement, addition, ..)) = read(change) {
            let ids = wanted.entry(agreement).or_default();
            if !ids.contains(&addition) {
                ids.push(addition);
            }
        }
    }
    let mut shelf = Shelf::new();
    for (agreement, ids) in wanted {
        if ids.len() >= WORTH_A_LIST {
            let all = requests::list(remote, agreement);
            for id in ids {
                let one = all.as_ref().map(|all| all.iter().find(|addition| addition.id == id).cloned());
                shelf.insert((agreement, id), one.map_err(Clone::clone));
            }
        } else {
            for id in ids {
                shelf.insert((agreement, id), requests::get(remote, agreement, id));
            }
        }
    }
    receipts.iter().map(|receipt| observation(&shelf, receipt)).collect()
}

fn read(change: &ChangeReceipt) -> Result<(Id, Id, Role, State), Failure> {
    let written = State::of_attributes(&change.attributes);
    let found =
        written.zip(Id::parse(&change.reference)).map(|((agreement, role, state), id)| (agreement, id, role, state));
    found.ok_or_else(|| {
        Failure::unsupported(
            "connectwise-receipt",
            format!(
                "What is kept of addition {} does not say what was written, so it cannot be compared.",
                change.reference
            ),
        )
    })
}

fn observation(shelf: &Shelf, receipt: &Receipt) -> Result<Observation, Failure> {
    let mut documents = Vec::with_capacity(receipt.changes.len());
    for change in &receipt.changes {
        let (agreement, id, role, written) = read(change)?;
        let found = match shelf.get(&(agreement, id)) {
            Some(found) => found.as_ref().map_err(Clone::clone)?.as_ref(),
            None => None,
        };
        documents.push(document(change, role, &written, found)?);
    }
    Ok(Observation { job: receipt.job.clone(), documents, attributes: Attributes::new() })
}

fn document(
    change: &ChangeReceipt,
    role: Role,
    written: &State,
    found: Option<&Addition>,
) -> Result<ObservedDocument, Failure> {
    // "XXX" is ISO's code for no currency: a receipt without a total does not know one.
    let currency = change.total.map_or_else(|| Currency::parse("XXX"), |total| Ok(total.currency))?;
    let confirmed = change.total.map_or(Decimal::ZERO, |total| total.amount);
    let now = found.map(State::of);
    let seen = compare(role, written, now.as_ref(), currency.minor_units());
    let mut attributes = Attributes::new();
    attributes.set_some("differs", seen.differs);
    let lines = found.map(|addition| ObservedLine {
        description: addition.name(),
        quantity: addition.quantity(),
        unit_price: addition.unit_price(),
        amount: now.as_ref().and_then(|now| now.bills(currency.minor_units())).unwrap_or(Decimal::ZERO),
    });
    Ok(ObservedDocument {
        key: change.key.clone(),
        reference: change.reference.clone(),
        number: change.number.clone(),
        state: seen.state,
        total: Money::new((confirmed + seen.by).normalize(), currency),
        lines: lines.into_iter().collect(),
        attributes,
    })
}

/// What was seen.
struct Seen {
    state: String,
    /// By how much it is off what was confirmed.
    by: Decimal,
    differs: Option<String>,
}

fn compare(role: Role, written: &State, now: Option<&State>, places: u32) -> Seen {
    let each = |state: &State| state.bills(places).unwrap_or(Decimal::ZERO);
    let Some(now) = now else {
        // What had ended anyway bills nothing more or less.
        let by = if role == Role::End { Decimal::ZERO } else { -each(written) };
        return Seen { state: "missing".to_owned(), by, differs: None };
    };
    let later = is_later(role, written, now);
    let ended = now.cancelled.0.filter(|_| role == Role::Standing && written.cancelled.0.is_none());
    let begins = now.effective.0;
    let state = match (ended, now.cancelled.0) {
        _ if later => "changed by a later order".to_owned(),
        (Some(last), _) if begins.is_some_and(|first| last < first) => "ended before it began".to_owned(),
        (Some(last), _) | (None, Some(last)) => format!("ends {last}"),
        (None, None) => "goes on".to_owned(),
    };
    let emptied = ended.is_some_and(|last| begins.is_some_and(|first| last < first));
    if later || emptied {
        return Seen { state, by: Decimal::ZERO, differs: None };
    }
    // That something which recurs was ended since is its fate, not a difference to what was confirmed.
    let mut expected = written.clone();
    if ended.is_some() {
        expected.cancelled = now.cancelled;
    }
    let differs = expected.differs(now);
    let by = match &differs {
        None => Decimal::ZERO,
        Some(_) if role == Role::End && written.cancelled != now.cancelled => each(now),
        Some(_) => {
            let moved = each(now) - each(written);
            // Other days, or another product, at the same money: it does not bill as written.
            if moved.is_zero() { -each(written) } else { moved }
        }
    };
    Seen { state: if differs.is_some() { format!("edited, {state}") } else { state }, by, differs }
}

/// A later order of the subscription changed it in its place and left its own marker.
fn is_later(role: Role, written: &State, now: &State) -> bool {
    let marker = |state: &State| state.marker.as_deref().and_then(Marker::parse);
    match (role, marker(written), marker(now)) {
        (Role::Standing, Some(ours), Some(theirs)) => ours.is_followed_by(&theirs),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "cf:aaaaaaaa s:0f3a9c1e 111111";
    const LATER: &str = "cf:bbbbbbbb s:0f3a9c1e 222222";
    const STRANGER: &str = "cf:bbbbbbbb s:00000000 222222";

    fn state(edits: &[(&str, &str)]) -> State {
        let base = Addition::ten("345").having("serialNumber", OURS);
        State::of(&edits.iter().fold(base, |addition, (name, value)| addition.having(name, value)))
    }

    #[test]
    fn an_edit_moves_the_total_and_a_fate_does_not() {
        let once = ("cancelledDate", "2026-09-30");
        for (name, role, written, now, by, shown) in [
            ("as written", Role::Standing, vec![], Some(vec![]), "0", "goes on"),
            (
                "ended since",
                Role::Standing,
                vec![],
                Some(vec![("cancelledDate", "2026-11-30")]),
                "0",
                "ends 2026-11-30",
            ),
            (
                "emptied by a later order",
                Role::Standing,
                vec![],
                Some(vec![("quantity", "0"), ("cancelledDate", "2026-08-31")]),
                "0",
                "ended before it began",
            ),
            ("fewer", Role::Standing, vec![], Some(vec![("quantity", "9")]), "-33", "edited, goes on"),
            ("dearer", Role::Standing, vec![], Some(vec![("unitPrice", "34")]), "10", "edited, goes on"),
            (
                "from another day",
                Role::Standing,
                vec![],
                Some(vec![("effectiveDate", "2026-10-01")]),
                "-330",
                "edited, goes on",
            ),
            ("another product", Role::Standing, vec![], Some(vec![("product", "7")]), "-330", "edited, goes on"),
            ("deleted", Role::Standing, vec![], None, "-330", "missing"),
            (
                "changed by a later order",
                Role::Standing,
                vec![],
                Some(vec![("quantity", "12"), ("serialNumber", LATER)]),
                "0",
                "changed by a later order",
            ),
            (
                "with the marker of another subscription",
                Role::Standing,
                vec![],
                Some(vec![("quantity", "12"), ("serialNumber", STRANGER)]),
                "66",
                "edited, goes on",
            ),
            ("once, as written", Role::Once, vec![once], Some(vec![once]), "0", "ends 2026-09-30"),
            ("once, made to go on", Role::Once, vec![once], Some(vec![]), "-330", "edited, goes on"),
            ("once, deleted", Role::Once, vec![once], None, "-330", "missing"),
            ("ended, as written", Role::End, vec![once], Some(vec![once]), "0", "ends 2026-09-30"),
            ("ended, made to go on", Role::End, vec![once], Some(vec![]), "330", "edited, goes on"),
            ("ended, deleted", Role::End, vec![once], None, "0", "missing"),
        ] {
            let now = now.map(|edits| state(&edits));
            let seen = compare(role, &state(&written), now.as_ref(), 2);
            assert_eq!((seen.by.normalize().to_string().as_str(), seen.state.as_str()), (by, shown), "{name}");
        }
    }

    #[test]
    fn who_does_not_pay_any_more_is_a_difference() {
        let free = State { bill: Some("DoNotBill".into()), ..state(&[]) };
        assert_eq!(compare(Role::Standing, &state(&[]), Some(&free), 2).by, Decimal::from(-330));
        assert_eq!(compare(Role::Standing, &free, Some(&free), 2).by, Decimal::ZERO);
    }
}
