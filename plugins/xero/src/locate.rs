//! Looking for what a lost write would have made.
//!
//! Owns the answer found, absent or several for a document of its own; added lines and allocations are looked for where
//! they are written. A document that has our number or reference but not our contact or total is no proof of absence, and
//! no second document either: it is a conflict for a person, because sending again could bill twice.

use counterfoil_sdk::{Failure, Located, Plan, Remote};

use crate::document::Payload;
use crate::lookup::{self, Verdict, Wanted};
use crate::{append, credit};

/// Looks for the effect of one change.
pub(crate) fn locate(remote: &mut dyn Remote, plan: &Plan, change_key: &str) -> Result<Located, Failure> {
    let payload = Payload::of(plan)?;
    let change = plan.change(change_key).ok_or_else(|| unknown(change_key))?;
    if let Some(addition) = payload.addition(change_key) {
        return append::locate(remote, change, addition);
    }
    if let Some(allotment) = payload.allotment(change_key) {
        return credit::locate(remote, plan, &payload, change, allotment);
    }
    document(remote, plan, &payload, change_key)
}

fn unknown(change_key: &str) -> Failure {
    Failure::internal("xero-change-unknown", format!("The plan has no change {change_key}."))
}

/// Looks for a document that was created.
pub(crate) fn document(
    remote: &mut dyn Remote,
    plan: &Plan,
    payload: &Payload,
    change_key: &str,
) -> Result<Located, Failure> {
    let (change, sealed) =
        plan.change(change_key).zip(payload.document(change_key)).ok_or_else(|| unknown(change_key))?;
    let sent = sealed.read()?;
    let contact = sent.contact.as_ref().and_then(|contact| contact.id.as_deref());
    let (Some(reference), Some(contact)) = (sent.reference.as_deref(), contact) else {
        return Err(Failure::internal("xero-payload", "The sealed document has no reference or contact."));
    };
    let wanted = Wanted {
        kind: sealed.kind,
        number: sent.number.as_deref(),
        reference,
        contact,
        currency: change.total.currency,
        total: sealed.kind.signed(change.total.amount),
        token: sealed.token.as_deref(),
    };
    let verdict = lookup::find(remote, &[wanted])?.pop();
    Ok(match verdict {
        Some(Verdict::Ours(document)) => Located::Found(wanted.receipt(change_key, &document)),
        Some(Verdict::Several(documents)) => {
            Located::Several(documents.iter().map(|document| wanted.receipt(change_key, document)).collect())
        }
        Some(Verdict::Differs(documents, how)) => {
            let by = wanted.number.unwrap_or(reference);
            let ids: Vec<&str> = documents.iter().filter_map(|document| document.id.as_deref()).collect();
            return Err(Failure::conflict(
                "xero-document-differs",
                format!("Xero has a {} under {by}, but {how}. Look whether it is the one that was being sent; nothing is sent again until you decide.", sealed.kind.word()),
            )
            .with("reference", ids.join(" ")));
        }
        Some(Verdict::Free | Verdict::Spent(_)) => Located::Absent,
        None => return Err(Failure::internal("xero-locate", "The look-up gave no answer.")),
    })
}
