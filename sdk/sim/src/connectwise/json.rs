//! JSON with exact numbers, as the other simulators read and write it.

pub(crate) use crate::xero::json::Json;
