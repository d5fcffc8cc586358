//! A date member: unset ones come as null, as "", as year 1, or not at all.

use counterfoil_sdk::Date;
use counterfoil_sdk::serde::de::Error as _;
use counterfoil_sdk::serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::days;

/// A day, or none. Use it with `#[serde(default)]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Day(pub(crate) Option<Date>);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        days::read(text.as_deref()).map(Self).map_err(|failure| D::Error::custom(failure.message))
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.map(days::stamp).serialize(serializer)
    }
}
