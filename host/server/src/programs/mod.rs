//! Programs, the decisions of the door: what settings make sense, who is mapped where, and where the money of statements is.

pub(crate) mod mapping;
pub(crate) mod money;
pub(crate) mod settings;
pub(crate) mod table;
