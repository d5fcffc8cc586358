//! Open name/value pairs: the contract's room to grow.
//!
//! Owns order and look-up. Does not own what the names mean.

/// Name/value pairs in the order in which they were set. Names are lower-case words joined by dots or dashes.
///
/// ```
/// use counterfoil_sdk::Attributes;
///
/// let mut attributes = Attributes::new();
/// attributes.set("account-code", "200");
/// attributes.set("account-code", "201");
/// assert_eq!(attributes.get("account-code"), Some("201"));
/// assert_eq!(attributes.get("tax-type"), None);
/// ```
///
/// A list and no map: the order is the author's, the sets are small, and the contract carries them so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes(Vec<(String, String)>);

impl Attributes {
    /// No pairs.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The value under `name`. Where a host sends a name twice, the first counts.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Like [`get`](Self::get), but an empty or blank value counts as absent and the rest is trimmed:
    /// what a form sends for a field that nobody filled in.
    #[must_use]
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).map(str::trim).filter(|value| !value.is_empty())
    }

    /// Sets `name`, replacing an earlier value in its place.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let (name, value) = (name.into(), value.into());
        match self.0.iter_mut().find(|(key, _)| *key == name) {
            Some(pair) => pair.1 = value,
            None => self.0.push((name, value)),
        }
    }

    /// Sets `name` when there is a value; leaves the set alone otherwise.
    pub fn set_some(&mut self, name: &str, value: Option<impl Into<String>>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    /// The same set with one more pair, for building in one expression.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.set(name, value);
        self
    }

    /// All pairs, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// True when there are no pairs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The pairs themselves, as the contract carries them.
    #[must_use]
    pub fn into_pairs(self) -> Vec<(String, String)> {
        self.0
    }
}

impl From<Vec<(String, String)>> for Attributes {
    fn from(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }
}
