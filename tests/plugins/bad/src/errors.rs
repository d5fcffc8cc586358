//! What the ledger's refusals mean, and what a defect makes of them.

use counterfoil_sdk::{Failure, Response};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Read,
    Write,
}

/// The answer if it is a success.
pub(crate) fn accept(response: Response, effect: Effect, defect: &str) -> Result<Response, Failure> {
    if response.is_success() {
        return Ok(response);
    }
    let said = format!("The ledger answered {}.", response.status);
    Err(match response.status {
        401 if defect == "expired-is-rejected" => Failure::rejected("ledger-401", said),
        401 => Failure::auth("ledger-401", said),
        403 if defect == "forbidden-is-auth" => Failure::auth("ledger-403", said),
        403 => Failure::forbidden("ledger-403", said),
        404 => Failure::not_found("ledger-404", said),
        409 => Failure::conflict("ledger-409", said),
        429 if defect == "throttled-is-transient" => Failure::transient("ledger-429", said),
        429 => Failure::throttled("ledger-429", said, response.retry_after()),
        500.. if effect == Effect::Write && defect != "broken-is-transient" => {
            Failure::unknown_outcome("ledger-5xx", said)
        }
        500.. => Failure::transient("ledger-5xx", said),
        _ => Failure::rejected("ledger-refused", said),
    })
}
