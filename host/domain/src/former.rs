//! What earlier tasks of a subscription stored of what recurs, for a job that says how it goes on: the plugin has to know which
//! line it is, and since when it is billed. Owns what is named and by which names; what becomes of it is the plugin's plan.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::container::told;
use crate::id::TaskId;
use crate::plan::ChangeReceipt;

/// Attribute of a receipt: what recurs, as the job's line called it.
pub const KEY: &str = "key";

/// A receipt of an earlier task.
#[derive(Debug, Clone, Copy)]
pub struct Stored<'a> {
    pub task: &'a TaskId,
    pub stored_at: DateTime<Utc>,
    pub change: &'a ChangeReceipt,
}

/// For each key what was stored of it last, however many tasks and statements it is spread over: "former.1.key",
/// "former.1.reference", and so on. `receipts` are those of all synced tasks of the subscription but the job's own.
pub fn attributes(receipts: &[Stored<'_>]) -> Vec<(String, String)> {
    let mut last: BTreeMap<&str, &Stored<'_>> = BTreeMap::new();
    for stored in receipts {
        let Some(key) = told(&stored.change.attributes, KEY) else { continue };
        let kept = last.entry(key).or_insert(stored);
        if place(kept) < place(stored) {
            *kept = stored;
        }
    }
    let Some(newest) = last.values().max_by(|a, b| place(a).cmp(&place(b))) else { return Vec::new() };
    let mut all = vec![("former.task".to_owned(), newest.task.to_string())];
    for (number, (key, stored)) in last.iter().enumerate() {
        let change = stored.change;
        let own = [
            (KEY, (*key).to_owned()),
            ("task", stored.task.to_string()),
            ("stored-at", stored.stored_at.to_rfc3339_opts(SecondsFormat::Secs, true)),
            ("change", change.key.to_string()),
            ("reference", change.reference.to_string()),
            ("document", change.document.clone()),
            ("number", change.number.clone()),
        ];
        let is_own = |name: &str| own.iter().any(|(taken, _)| *taken == name);
        let more = change.attributes.iter().filter(|(name, _)| !is_own(name)).cloned();
        let named = own.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).chain(more);
        all.extend(named.map(|(name, value)| (format!("former.{}.{name}", number + 1), value)));
    }
    all
}

/// Every value of this name, of whichever key.
pub fn values<'a>(attributes: &'a [(String, String)], name: &'a str) -> impl Iterator<Item = &'a str> {
    attributes.iter().filter_map(move |(told, value)| {
        let (number, rest) = told.strip_prefix("former.")?.split_once('.')?;
        (rest == name && number.parse::<u32>().is_ok()).then_some(value.as_str())
    })
}

fn place<'a>(stored: &Stored<'a>) -> (DateTime<Utc>, &'a TaskId, &'a str) {
    (stored.stored_at, stored.task, stored.change.key.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Action;

    fn receipt(change: &str, key: Option<&str>, reference: &str) -> ChangeReceipt {
        let mut attributes = vec![("next-run".to_owned(), format!("run of {reference}"))];
        attributes.extend(key.map(|key| (KEY.to_owned(), key.to_owned())));
        ChangeReceipt {
            key: change.into(),
            action: Action::Create,
            document: "recurring-line".into(),
            reference: reference.into(),
            number: String::new(),
            total: None,
            attributes,
        }
    }

    #[test]
    fn of_each_key_the_last_counts_and_what_is_billed_once_is_none() {
        let (old, new): (TaskId, TaskId) = ("t1".into(), "t2".into());
        let at = |day: u32| format!("2026-02-{day:02}T00:00:00Z").parse().unwrap_or_default();
        let receipts = [
            (&new, at(5), receipt("c1", Some("a"), "r-a2")),
            (&old, at(1), receipt("c1", Some("a"), "r-a1")),
            (&old, at(1), receipt("c2", Some("b"), "r-b1")),
            (&new, at(6), receipt("c3", None, "once")),
        ];
        let stored: Vec<Stored<'_>> =
            receipts.iter().map(|(task, stored_at, change)| Stored { task, stored_at: *stored_at, change }).collect();
        let all = attributes(&stored);
        let told = |name: &str| all.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
        for (name, value) in [
            ("former.task", Some("t2")),
            ("former.1.key", Some("a")),
            ("former.1.reference", Some("r-a2")),
            ("former.1.next-run", Some("run of r-a2")),
            ("former.1.stored-at", Some("2026-02-05T00:00:00Z")),
            ("former.2.key", Some("b")),
            ("former.2.task", Some("t1")),
            ("former.2.change", Some("c2")),
            ("former.3.key", None),
        ] {
            assert_eq!(told(name), value, "{name}");
        }
        assert_eq!(values(&all, "key").collect::<Vec<_>>(), ["a", "b"]);
        assert!(attributes(&[]).is_empty());
    }
}
