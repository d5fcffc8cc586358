//! An object whose names are ids. Owns that no id stands twice and none is empty.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::place::{Place, Unreadable};

#[derive(Debug)]
pub(super) struct Entries<W>(pub(super) Vec<(String, W)>);

impl<W> Default for Entries<W> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<W> Entries<W> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In the order of the ids, which is the order of the map.
    pub(super) fn of<K: fmt::Display, D>(map: &BTreeMap<K, D>, wire: impl Fn(&D) -> W) -> Self {
        Self(map.iter().map(|(id, value)| (id.to_string(), wire(value))).collect())
    }

    /// Each value read at its own place.
    pub(super) fn read<K: Ord, D>(
        self,
        place: &Place<'_>,
        id: impl Fn(&str, &Place<'_>) -> Result<K, Unreadable>,
        read: impl Fn(W, &Place<'_>) -> Result<D, Unreadable>,
    ) -> Result<BTreeMap<K, D>, Unreadable> {
        let mut map = BTreeMap::new();
        for (name, value) in self.0 {
            let here = place.at(&name);
            map.insert(id(&name, &here)?, read(value, &here)?);
        }
        Ok(map)
    }
}

/// Any id that says something.
pub(in crate::catalog) fn id<K: for<'a> From<&'a str>>(name: &str, place: &Place<'_>) -> Result<K, Unreadable> {
    if name.trim().is_empty() || name.chars().any(char::is_control) {
        return Err(place.refuse("an id cannot be empty or hold control characters"));
    }
    Ok(K::from(name))
}

impl<W: Serialize> Serialize for Entries<W> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de, W: Deserialize<'de>> Deserialize<'de> for Entries<W> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor(PhantomData))
    }
}

struct EntriesVisitor<W>(PhantomData<W>);

impl<'de, W: Deserialize<'de>> Visitor<'de> for EntriesVisitor<W> {
    type Value = Entries<W>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object whose names are ids")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries: BTreeMap<String, W> = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value()?;
            if entries.contains_key(&name) {
                return Err(A::Error::custom(format!("\"{name}\" stands twice")));
            }
            entries.insert(name, value);
        }
        Ok(Entries(entries.into_iter().collect()))
    }
}
