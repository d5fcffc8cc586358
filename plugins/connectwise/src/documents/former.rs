//! Which addition an order changes: the one that goes on for the same subscription and product.
//!
//! Owns the choice, and nothing that follows from it. An addition with our marker is known; one that was made by hand is
//! taken only when nothing else could be meant; of several a person chooses.

use counterfoil_sdk::{Date, Job};

use super::marker::Tag;
use super::settings::CancelledDate;
use super::stored::Addition;
use crate::wire::Id;

/// What was found.
#[derive(Debug, Clone)]
pub(crate) enum Former<'a> {
    None,
    One(&'a Addition),
    /// Named by a person, or ended on the very day by this task.
    Ended(&'a Addition),
    Several(Vec<&'a Addition>),
}

/// What a person said: the additions to take, or that there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Chosen {
    Nobody,
    NoneStands,
    These(Vec<Id>),
}

/// The document's field by which a person says it.
pub(crate) const FIELD: &str = "former_addition";

impl Chosen {
    /// Reads "345", "345, 346" or "none". A text that is neither is given back.
    pub(crate) fn of(job: &Job) -> Result<Self, String> {
        let Some(text) = job.adjusted("", FIELD).map(str::trim).filter(|text| !text.is_empty()) else {
            return Ok(Self::Nobody);
        };
        if text.eq_ignore_ascii_case("none") {
            return Ok(Self::NoneStands);
        }
        let ids = text.split(',').map(|id| Id::parse(id.trim())).collect::<Option<Vec<Id>>>();
        ids.map(Self::These).ok_or_else(|| text.to_owned())
    }
}

/// Where to look, and for what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Search<'a> {
    pub(crate) additions: &'a [Addition],
    pub(crate) tag: &'a Tag,
    pub(crate) chosen: &'a Chosen,
    pub(crate) reading: CancelledDate,
}

impl<'a> Search<'a> {
    /// The addition of a product that a change begins from.
    pub(crate) fn former(self, product: Id) -> Former<'a> {
        let of_product = || self.additions.iter().filter(move |addition| addition.product() == Some(product));
        match self.chosen {
            Chosen::NoneStands => return Former::None,
            Chosen::These(ids) => {
                let named: Vec<_> = of_product().filter(|addition| ids.contains(&addition.id)).collect();
                match named.as_slice() {
                    [] => {}
                    [one] if one.is_ongoing() => return Former::One(one),
                    [one] => return Former::Ended(one),
                    _ => return Former::Several(named),
                }
            }
            Chosen::Nobody => {}
        }
        let known: Vec<_> = of_product().filter(|addition| addition.is_ongoing() && self.is_known(addition)).collect();
        let found = if known.is_empty() { self.by_hand(product) } else { known };
        match found.as_slice() {
            [] => Former::None,
            [one] => Former::One(one),
            _ => Former::Several(found),
        }
    }

    /// One of the subscription, that this task did not make itself.
    fn is_known(&self, addition: &Addition) -> bool {
        let marker = addition.marker();
        marker.is_some_and(|marker| self.tag.is_of_subscription(&marker) && !self.tag.is_of_task(&marker))
    }

    /// What goes on for a product and carries no marker of ours.
    pub(crate) fn by_hand(self, product: Id) -> Vec<&'a Addition> {
        let unmarked = |addition: &&Addition| addition.marker().is_none();
        let of_product = self.additions.iter().filter(|addition| addition.product() == Some(product));
        of_product.filter(|addition| addition.is_ongoing()).filter(unmarked).collect()
    }

    /// Everything that goes on for the subscription.
    pub(crate) fn ongoing(self) -> impl Iterator<Item = &'a Addition> {
        self.additions.iter().filter(move |addition| addition.is_ongoing() && self.is_known(addition))
    }

    /// What of the subscription ends on this very day.
    pub(crate) fn ending_on(self, last: Date) -> impl Iterator<Item = &'a Addition> {
        let ours = move |addition: &&Addition| {
            let marker = addition.marker();
            marker.is_none_or(|marker| self.tag.is_of_subscription(&marker) && !self.tag.is_of_task(&marker))
        };
        self.additions.iter().filter(move |addition| addition.last_day(self.reading) == Some(last)).filter(ours)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::tests::job;

    const OURS: &str = "cf:11111111 s:";

    #[test]
    fn the_former_addition_is_the_known_one_then_the_only_one_made_by_hand() {
        let job = job("change", vec![]);
        let tag = Tag::of(&job).unwrap();
        let known = tag.change("x").to_string();
        let sub = known.split_whitespace().nth(1).unwrap().trim_start_matches("s:").to_owned();
        let marked = |id: &str| Addition::ten(id).having("serialNumber", &format!("{OURS}{sub} 7b2d90"));
        let other = |id: &str| Addition::ten(id).having("serialNumber", &format!("{OURS}00000000 7b2d90"));
        let hand = Addition::ten;
        let ended = |addition: Addition| addition.having("cancelledDate", "2026-11-30");
        let own = Addition::ten("9").having("serialNumber", &known);
        let elsewhere = |addition: Addition| addition.having("product", "77");
        for (name, additions, want) in [
            ("nothing", vec![], "none"),
            ("known", vec![marked("1")], "1"),
            ("known before made by hand", vec![hand("1"), marked("2")], "2"),
            ("two known", vec![marked("1"), marked("2")], "several 1 2"),
            ("made by hand", vec![hand("1")], "1"),
            ("two made by hand", vec![hand("1"), hand("2")], "several 1 2"),
            ("another subscription's", vec![other("1")], "none"),
            ("another's beside one made by hand", vec![other("1"), hand("2")], "2"),
            ("ended", vec![ended(marked("1"))], "none"),
            ("ended beside an ongoing one", vec![ended(marked("1")), marked("2")], "2"),
            ("this task's own", vec![own.clone()], "none"),
            ("another product", vec![elsewhere(marked("1"))], "none"),
        ] {
            let search =
                |chosen| Search { additions: &additions, tag: &tag, chosen, reading: CancelledDate::Inclusive };
            let found = search(&Chosen::Nobody).former(Id::parse("1021").unwrap());
            let ids = |all: &[&Addition]| all.iter().map(|one| one.reference()).collect::<Vec<_>>().join(" ");
            let found = match found {
                Former::None => "none".to_owned(),
                Former::One(one) => one.reference(),
                Former::Ended(one) => format!("ended {}", one.reference()),
                Former::Several(all) => format!("several {}", ids(&all)),
            };
            assert_eq!(found, want, "{name}");
        }
        // A person has the last word.
        let additions = [marked("1"), marked("2"), ended(hand("3"))];
        let search = |chosen| Search { additions: &additions, tag: &tag, chosen, reading: CancelledDate::Inclusive };
        let product = Id::parse("1021").unwrap();
        let [second, third, foreign] = ["2", "3", "77"].map(|id| Chosen::These(vec![Id::parse(id).unwrap()]));
        assert!(matches!(search(&second).former(product), Former::One(one) if one.reference() == "2"));
        assert!(matches!(search(&third).former(product), Former::Ended(one) if one.reference() == "3"));
        assert!(matches!(search(&Chosen::NoneStands).former(product), Former::None));
        // An id of another product says nothing about this one.
        assert!(matches!(search(&foreign).former(product), Former::Several(_)));
    }

    #[test]
    fn what_a_person_says_is_read_exactly() {
        let said = |text: &str| {
            let mut job = job("change", vec![]);
            let value = text.to_owned();
            job.adjustments.push(counterfoil_sdk::Adjustment { line: String::new(), field: FIELD.into(), value });
            Chosen::of(&job)
        };
        assert_eq!(said(""), Ok(Chosen::Nobody));
        assert_eq!(said("None"), Ok(Chosen::NoneStands));
        let ids = ["345", "346"].map(|id| Id::parse(id).unwrap()).to_vec();
        assert_eq!(said(" 345 , 346"), Ok(Chosen::These(ids)));
        for bad in ["345;346", "x", "-1", "345,", "1 or id > 0"] {
            assert_eq!(said(bad), Err(bad.to_owned()));
        }
    }
}
