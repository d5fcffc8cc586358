//! Ids and random bytes of this door. The clock is an argument; the only randomness of the server is here.

use chrono::{DateTime, Utc};
use counterfoil_domain::digest::Digester;
use counterfoil_domain::id::{Actor, RuleId, RunId};
use ulid::Ulid;

use crate::problem::{Code, Problem};

pub(crate) fn random<const N: usize>() -> Result<[u8; N], Problem> {
    let mut bytes = [0_u8; N];
    getrandom::fill(&mut bytes).map_err(|error| {
        tracing::error!(%error, "the operating system gave no random bytes");
        Problem::internal("The operating system gave no random bytes.")
    })?;
    Ok(bytes)
}

fn ulid(now: DateTime<Utc>) -> Result<Ulid, Problem> {
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
    Ok(Ulid::from_parts(millis, u128::from_be_bytes(random()?)))
}

pub(crate) fn run_id(now: DateTime<Utc>) -> Result<RunId, Problem> {
    Ok(RunId::new(format!("run_{}", ulid(now)?)))
}

pub(crate) fn rule_id(now: DateTime<Utc>) -> Result<RuleId, Problem> {
    Ok(RuleId::new(format!("rule_{}", ulid(now)?)))
}

pub(crate) fn request_id(now: DateTime<Utc>) -> String {
    ulid(now).map_or_else(|_| "req_unknown".to_owned(), |id| format!("req_{id}"))
}

/// The run of an `Idempotency-Key`: the same caller's same key names the same run, for ever. What was
/// asked under it is compared with the stored run, so nothing more has to be kept.
pub(crate) fn run_id_of_key(actor: &Actor, route: &str, key: &str) -> Result<RunId, Problem> {
    let plain = key.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
    if key.is_empty() || key.len() > 255 || !plain {
        return Err(Problem::new(
            Code::BadRequest,
            "The Idempotency-Key header must be 1 to 255 printable ASCII characters.",
            "Nothing was started.",
            "Send a random UUID, and the same one when you repeat the request.",
        ));
    }
    let mut digest = Digester::new("idempotency-run");
    digest.text(actor.as_str()).text(route).text(key);
    Ok(RunId::new(format!("run_{}", digest.short())))
}
