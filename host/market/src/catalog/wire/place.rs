//! Where in a catalog something is, for people: `plans/gold/periods/1-month/fees/setup`. Owns what is said about a text
//! that cannot be read.

use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("the catalog is not as it should be: {0}. Nothing was compared")]
    Json(String),
    #[error(
        "the catalog names the format \"{0}\"; this version reads \"counterfoil-catalog/1\", as member \"format\". Nothing was compared"
    )]
    Format(String),
    #[error("{place}: {what}. Nothing was compared")]
    Value { place: String, what: String },
}

impl Unreadable {
    pub(in crate::catalog) fn json(error: serde_json::Error) -> Self {
        Self::Json(error.to_string())
    }
}

/// A way through the catalog; each step borrows the one before it.
#[derive(Debug, Clone, Copy)]
pub(in crate::catalog) struct Place<'a> {
    above: Option<&'a Place<'a>>,
    name: &'a str,
}

impl<'a> Place<'a> {
    pub(in crate::catalog) fn top() -> Self {
        Self { above: None, name: "" }
    }

    pub(in crate::catalog) fn at(&'a self, name: &'a str) -> Self {
        Self { above: Some(self), name }
    }

    pub(in crate::catalog) fn refuse(&self, what: impl Into<String>) -> Unreadable {
        Unreadable::Value { place: self.to_string(), what: what.into() }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.above {
            None => Ok(()),
            Some(above) => {
                above.fmt(f)?;
                if above.above.is_some() {
                    f.write_str("/")?;
                }
                f.write_str(self.name)
            }
        }
    }
}
