//! Statements and orders as lines of recurring invoices, or as invoices: planned, written, looked for, and read back.
//!
//! Owns the list of its modules. What is sent is in the payload of the plan, and nothing is decided after that.

mod apply;
mod billing;
mod desk;
mod former;
mod ground;
mod invoice;
mod locate;
mod mark;
mod observe;
mod once;
mod outline;
mod payload;
mod plan;
mod preview;
mod receipts;
mod recurring;
mod timing;
mod writing;

pub(crate) use apply::apply;
pub(crate) use locate::locate;
pub(crate) use observe::observe;
pub(crate) use plan::plan;

/// The card's words for documents.
pub(crate) mod kind {
    pub(crate) const RECURRING: &str = "recurring-line";
    pub(crate) const ONCE: &str = "one-time-line";
    pub(crate) const INVOICE: &str = "invoice";
    pub(crate) const ITEM: &str = "invoice-line";
}
