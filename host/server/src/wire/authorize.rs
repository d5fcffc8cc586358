//! A sign-in to a target on the wire. Codes come in and are never answered; tokens are not here at all.

use counterfoil_domain::ports::Tenant;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Time;
use crate::sign_ins::{Begun, Stage};

/// Where to go, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = SignInBegun)]
pub struct SignInBegun {
    /// The target's page. It holds a state that works once: whoever has it can end this sign-in.
    pub authorize_url: String,
    /// Where the target sends the browser back to; the app must be registered with it.
    pub redirect_uri: String,
    pub expires_at: Time,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Tenant)]
pub struct TenantView {
    pub id: String,
    pub name: String,
}

impl From<&Tenant> for TenantView {
    fn from(tenant: &Tenant) -> Self {
        Self { id: tenant.id.clone(), name: tenant.name.clone() }
    }
}

/// How the last sign-in that you began stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = SignIn)]
pub struct SignInView {
    /// waiting · choosing · signed-in · failed · expired
    pub state: String,
    pub expires_at: Time,
    /// What it opens.
    pub tenants: Vec<TenantView>,
    /// The one that the connection uses.
    pub tenant: Option<String>,
    /// Where it failed: a stable word.
    pub code: Option<String>,
    /// What happened and what to do.
    pub message: String,
}

impl SignInView {
    pub(crate) fn of(begun: &Begun, now: chrono::DateTime<chrono::Utc>) -> Self {
        let view = |state: &str, tenants: &[Tenant], message: &str| Self {
            state: state.to_owned(),
            expires_at: begun.ends().into(),
            tenants: tenants.iter().map(Into::into).collect(),
            tenant: None,
            code: None,
            message: message.to_owned(),
        };
        match &begun.stage {
            _ if begun.is_over(now) => {
                view("expired", &[], "Nobody signed in within ten minutes. Nothing was changed. Begin again.")
            }
            Stage::Waiting | Stage::Exchanging => view("waiting", &[], "The target's page is waited for."),
            Stage::Done { tenants, tenant, note } => {
                Self { tenant: tenant.clone(), ..view("signed-in", tenants, note) }
            }
            Stage::Choosing { tenants } => view(
                "choosing",
                tenants,
                "The sign-in opens several accounts. Nothing is sent until one is chosen for this connection.",
            ),
            Stage::Failed { code, text } => Self { code: Some(code.clone()), ..view("failed", &[], text) },
        }
    }
}

/// What the browser was sent back with, for a machine whose browser cannot reach this server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInAnswer {
    /// The whole address, or what follows its question mark.
    pub url: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantChoice {
    /// Id of one of the accounts that the sign-in opened.
    pub tenant: String,
}
