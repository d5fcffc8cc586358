//! The requests about additions.
//!
//! Owns their paths and the fields that are asked for. All additions of an agreement are read, ended ones too: a marker may
//! stand on any of them.

use counterfoil_sdk::serde_json::value::RawValue;
use counterfoil_sdk::{Failure, Remote};

use super::stored::Addition;
use crate::ask;
use crate::paging::{self, Listing};
use crate::wire::{Id, Op};

const FIELDS: &str = "id,product,quantity,unitPrice,unitCost,billCustomer,effectiveDate,cancelledDate,taxableFlag,serialNumber,invoiceDescription,description,customFields";

fn list_path(agreement: Id) -> String {
    format!("/finance/agreements/{agreement}/additions")
}

fn path(agreement: Id, addition: Id) -> String {
    format!("{}/{addition}", list_path(agreement))
}

/// Every addition of an agreement.
pub(crate) fn list(remote: &mut dyn Remote, agreement: Id) -> Result<Vec<Addition>, Failure> {
    let what = format!("the additions of agreement {agreement}");
    let listing = Listing {
        operation: "list-additions",
        path: &list_path(agreement),
        condition: None,
        fields: FIELDS,
        what: &what,
    };
    paging::all(remote, &listing)
}

/// One addition; none when it is gone.
pub(crate) fn get(remote: &mut dyn Remote, agreement: Id, addition: Id) -> Result<Option<Addition>, Failure> {
    let request = ask::get("get-addition", path(agreement, addition));
    ask::maybe(remote, request, &format!("addition {addition} of agreement {agreement}"))
}

/// Makes one.
pub(crate) fn create(
    remote: &mut dyn Remote,
    key: &str,
    agreement: Id,
    body: &RawValue,
    what: &str,
) -> Result<Addition, Failure> {
    ask::post(remote, key, ("create-addition", &list_path(agreement)), &body, what)
}

/// Changes fields of one. What comes back is not believed alone: ConnectWise can answer 200 and change nothing.
pub(crate) fn change(
    remote: &mut dyn Remote,
    key: &str,
    (agreement, addition): (Id, Id),
    ops: &[Op],
    what: &str,
) -> Result<Addition, Failure> {
    ask::patch(remote, key, ("change-addition", &path(agreement, addition)), ops, what)
}
