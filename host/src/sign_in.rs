//! Sign-ins of people, wired: the connection's page from its card and setup, and its codes to egress. Owns no state.

use std::sync::Arc;

use counterfoil_domain::card::AuthScheme;
use counterfoil_domain::connection::Connection;
use counterfoil_domain::id::ConnectionId;
use counterfoil_domain::ports::{CodeError, Route, SignInPage, Store, Targets, Vault};
use counterfoil_domain::secret::SecretScope;
use counterfoil_egress::CodeSignIn;
use counterfoil_server::SignIns;

use crate::wiring::connection_route;

#[derive(Debug, Clone)]
pub(crate) struct People {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) targets: Arc<dyn Targets>,
    pub(crate) vault: Arc<dyn Vault>,
    pub(crate) codes: Arc<CodeSignIn>,
}

impl People {
    async fn route(&self, id: &ConnectionId) -> Result<(Connection, Route), CodeError> {
        let all = self.store.connections().await.map_err(|error| CodeError::Unreachable(error.to_string()))?;
        let found = all.into_iter().find(|connection| connection.id == *id);
        let connection = found.ok_or_else(|| CodeError::NotPossible(format!("connection {id} does not exist")))?;
        let target = self
            .targets
            .active(&connection.plugin)
            .ok_or_else(|| CodeError::NotPossible(format!("the plugin {} is not installed", connection.plugin)))?;
        let route = connection_route(&connection, target.card());
        Ok((connection, route))
    }

    async fn page(&self, id: &ConnectionId) -> Result<SignInPage, CodeError> {
        let (connection, route) = self.route(id).await?;
        let auth = route.auth.filter(|auth| auth.scheme == AuthScheme::AuthorizationCode);
        let Some((auth, authorize_url)) = auth.and_then(|auth| Some((auth.clone(), auth.authorize_url?))) else {
            return Err(CodeError::NotPossible(format!(
                "{id} does not sign in by a person; choose auth = \"{}\" in its setup where the plugin offers it",
                AuthScheme::AuthorizationCode
            )));
        };
        let home = SecretScope::Connection(connection.signs_in_as().clone());
        let found = self.vault.get(&home, "client_id").await;
        let client_id = found.map_err(|error| CodeError::NotPossible(error.to_string()))?;
        let client_id = client_id.ok_or_else(|| {
            CodeError::NotPossible(format!("the secret client_id of {} is not set; set it in the setup", home.text()))
        })?;
        Ok(SignInPage {
            authorize_url,
            client_id: client_id.reveal().to_owned(),
            scopes: auth.scopes,
            tenant_setting: auth.tenants.map(|list| list.setting),
        })
    }

    pub(crate) fn into_sign_ins(self, public_url: String) -> SignIns {
        let (page, redeem) = (self.clone(), self);
        SignIns {
            page: Arc::new(move |id| {
                let people = page.clone();
                Box::pin(async move { people.page(&id).await })
            }),
            redeem: Arc::new(move |id, grant| {
                let people = redeem.clone();
                Box::pin(async move {
                    let (_, route) = people.route(&id).await?;
                    people.codes.redeem(route, grant).await
                })
            }),
            public_url,
        }
    }
}

/// Where browsers reach the service when nobody says: itself. An address that means "all of them" is no place to go to.
pub(crate) fn own_url(address: std::net::SocketAddr) -> String {
    let host = if address.ip().is_unspecified() { "127.0.0.1".to_owned() } else { address.ip().to_string() };
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    format!("http://{host}:{}", address.port())
}
