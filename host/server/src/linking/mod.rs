//! What the link routes are made of: tables in and out, what a change touches, and where suggestions look.

pub(crate) mod change;
pub(crate) mod containing;
pub(crate) mod import;
pub(crate) mod looking;
pub(crate) mod table;
pub(crate) mod touched;
