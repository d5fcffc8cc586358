//! Records at rest: one JSON document for each domain value, with a seal that tells altered bytes from
//! written ones. Domain types know nothing of this; both directions are written here, once.

mod basic;
mod catalog;
mod decision;
mod follow_up;
mod journal;
mod kept_statement;
mod mail;
mod market;
mod order;
mod plan;
mod plugin;
mod product_row;
mod run;
mod setup;
mod statement;
mod task;

use counterfoil_domain::ports::StoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

pub(crate) use basic::{time_from, time_text};
pub(crate) use kept_statement::Chunk;

/// What is wrong with a stored value, and where in the record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}{problem}")]
pub(crate) struct Bad {
    path: String,
    problem: String,
}

impl Bad {
    pub(crate) fn new(problem: impl Into<String>) -> Self {
        Self { path: String::new(), problem: problem.into() }
    }

    pub(crate) fn inside(self, field: &str) -> Self {
        let path = if self.path.is_empty() { format!("{field}: ") } else { format!("{field}.{}", self.path) };
        Self { path, ..self }
    }
}

/// A value with a stored form.
pub(crate) trait Stored: Sized {
    type Row: Serialize + DeserializeOwned;

    fn to_row(&self) -> Self::Row;
    fn from_row(row: Self::Row) -> Result<Self, Bad>;
}

/// A record of its own: what it is called when it cannot be read.
pub(crate) trait Record: Stored {
    const WHAT: &'static str;

    /// What must hold beyond its shape.
    fn check(&self) -> Result<(), Bad> {
        Ok(())
    }
}

/// A domain struct whose stored form has the same fields: naming them all makes a forgotten one an error. Attributes
/// say what a field is in records of versions that did not have it.
macro_rules! stored_struct {
    ($(#[$outer:meta])* $ty:ident as $row:ident { $($(#[$inner:meta])* $field:ident : $fty:ty),+ $(,)? }) => {
        #[derive(Debug, serde::Serialize, serde::Deserialize)]
        $(#[$outer])*
        pub(crate) struct $row { $($(#[$inner])* $field: <$fty as $crate::record::Stored>::Row),+ }

        impl $crate::record::Stored for $ty {
            type Row = $row;

            fn to_row(&self) -> $row {
                $row { $($field: $crate::record::Stored::to_row(&self.$field)),+ }
            }

            fn from_row(row: $row) -> Result<Self, $crate::record::Bad> {
                Ok(Self {
                    $($field: $crate::record::Stored::from_row(row.$field).map_err(|bad| bad.inside(stringify!($field)))?),+
                })
            }
        }
    };
}
pub(crate) use stored_struct;

/// A record's text and its seal, as columns hold them.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) body: String,
    pub(crate) seal: i64,
}

pub(crate) fn encode<T: Record>(value: &T) -> Result<Sealed, StoreError> {
    let body = serde_json::to_string(&value.to_row())
        .map_err(|error| StoreError::Unavailable(format!("a {} cannot be written as text: {error}", T::WHAT)))?;
    let seal = seal(T::WHAT, &body);
    Ok(Sealed { body, seal })
}

pub(crate) fn decode<T: Record>(sealed: &Sealed) -> Result<T, StoreError> {
    let corrupt = |problem: String| StoreError::Corrupt { what: T::WHAT, problem };
    if seal(T::WHAT, &sealed.body) != sealed.seal {
        return Err(corrupt("its checksum does not fit: it was altered outside of Counterfoil".to_owned()));
    }
    let row: T::Row = serde_json::from_str(&sealed.body).map_err(|error| corrupt(error.to_string()))?;
    let value = T::from_row(row).map_err(|bad| corrupt(bad.to_string()))?;
    value.check().map_err(|bad| corrupt(bad.to_string()))?;
    Ok(value)
}

/// Eight bytes of SHA-256: against rot and slips, not against an attacker with the file.
fn seal(what: &str, body: &str) -> i64 {
    let mut hash = Sha256::new();
    hash.update(what.as_bytes());
    hash.update([0]);
    hash.update(body.as_bytes());
    let mut first = [0_u8; 8];
    first.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
    i64::from_be_bytes(first)
}
