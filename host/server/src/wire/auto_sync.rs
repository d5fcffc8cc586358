//! Auto-sync on the wire: the switches of customers beside the connection's own, and whether a task goes by itself.

use counterfoil_domain::auto::Why;
use counterfoil_domain::connection::Connection;
use counterfoil_domain::market::Customer;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::AutoSyncView;

/// A customer's own switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CustomerSwitch)]
pub struct SwitchView {
    pub customer: String,
    pub name: String,
    pub on: bool,
}

impl SwitchView {
    pub(crate) fn of(customer: &Customer, on: bool) -> Self {
        Self { customer: customer.id.to_string(), name: customer.name.clone(), on }
    }
}

/// Tasks go by themselves where both the connection and the customer are switched on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AutoSyncPage)]
pub struct SwitchPage {
    /// The connection's own switch and bounds; they are set in the setup file.
    pub connection: AutoSyncView,
    /// enabled · paused · needs-sign-in: only an enabled one sends.
    pub state: String,
    pub customers: Vec<SwitchView>,
    pub has_more: bool,
    pub next: Option<String>,
}

impl SwitchPage {
    pub(crate) fn of(connection: &Connection, customers: Vec<SwitchView>, next: Option<String>) -> Self {
        Self {
            connection: (&connection.rules.auto_sync).into(),
            state: connection.state.name().to_owned(),
            customers,
            has_more: next.is_some(),
            next,
        }
    }
}

/// Switch a customer on or off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SwitchBody {
    /// The marketplace's id of the customer.
    pub customer: String,
    pub on: bool,
}

/// Whether a task goes by itself after the next check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = TaskAutoSync)]
pub struct GoesView {
    pub goes: bool,
    /// Code of what keeps it; none when it goes.
    pub why: Option<String>,
    pub text: String,
}

impl From<Result<(), Why>> for GoesView {
    fn from(verdict: Result<(), Why>) -> Self {
        let text = match verdict {
            Ok(()) => "It goes by itself after the next check, unless that finds something against it.",
            Err(why) => why.text(),
        };
        Self { goes: verdict.is_ok(), why: verdict.err().map(|why| why.name().to_owned()), text: text.to_owned() }
    }
}
