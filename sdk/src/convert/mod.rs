//! Between the contract's raw records and the types of this crate.
//!
//! Owns the one conversion each way and its validation: scale of numbers, currency codes, days. Nothing past this door
//! sees a raw record, and no value from outside makes it panic.

mod directory;
mod job;
mod plan;
mod values;

#[cfg(target_arch = "wasm32")]
pub(crate) use values::remote;

use crate::Failure;

/// From the contract: every value is checked.
pub(crate) trait FromRaw<R>: Sized {
    fn from_raw(raw: R) -> Result<Self, Failure>;
}

/// To the contract: fails only when a number does not fit.
pub(crate) trait IntoRaw<R> {
    fn into_raw(self) -> Result<R, Failure>;
}

/// Converts a list, stopping at the first value that is out of bounds.
pub(crate) fn list_from<R, T: FromRaw<R>>(raw: Vec<R>) -> Result<Vec<T>, Failure> {
    raw.into_iter().map(T::from_raw).collect()
}

/// Converts a list the other way.
pub(crate) fn list_into<R, T: IntoRaw<R>>(values: Vec<T>) -> Result<Vec<R>, Failure> {
    values.into_iter().map(T::into_raw).collect()
}

/// Converts a value that may be absent.
pub(crate) fn option_from<R, T: FromRaw<R>>(raw: Option<R>) -> Result<Option<T>, Failure> {
    raw.map(T::from_raw).transpose()
}

/// Converts a value that may be absent, the other way.
pub(crate) fn option_into<R, T: IntoRaw<R>>(value: Option<T>) -> Result<Option<R>, Failure> {
    value.map(T::into_raw).transpose()
}
