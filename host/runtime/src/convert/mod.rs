//! Between the domain's types and the contract's records, one file a noun. Owns the check of every value that a
//! guest hands over: what passes here is well-formed, whether it is right is the checker's business.

mod account;
mod entity;
mod failure;
mod job;
mod plan;
mod receipt;
mod remote;
mod values;

pub(crate) use account::account;
pub(crate) use entity::{draft, entities, entity, page};
pub(crate) use failure::{failure, raw_failure};
pub(crate) use job::raw_job;
pub(crate) use plan::{plan, raw_plan};
pub(crate) use receipt::{located, observation, raw_receipt, receipt};
pub(crate) use remote::{level, raw_response, request};
pub(crate) use values::{Nonsense, same_length};

/// The generated records, under the names that these files use.
mod raw {
    pub(super) use crate::sandbox::bindings::counterfoil::target::log::Level;
    pub(super) use crate::sandbox::bindings::counterfoil::target::remote::{Request, Response};
    pub(super) use crate::sandbox::bindings::counterfoil::target::types::{
        Decimal, Failure, FailureClass, Money, Period,
    };
    pub(super) use crate::sandbox::bindings::exports::counterfoil::target::connection::Account;
    pub(super) use crate::sandbox::bindings::exports::counterfoil::target::directory::{Draft, Entity, Page};
    pub(super) use crate::sandbox::bindings::exports::counterfoil::target::documents::{
        Action, Adjustment, Change, ChangeReceipt, Field, Job, Line, Link, Located, Observation, ObservedDocument,
        ObservedLine, Omission, Order, PlanLine, Proposal as Plan, Receipt,
    };
}
