//! Credentials of one call: read from the vault, put into the headers last of all, and handed to the scrubber.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use counterfoil_domain::ports::{SendError, Vault};
use counterfoil_domain::secret::{Secret, SecretScope};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use super::method::{Method, Signing};
use super::tokens::Token;

/// Names that are addresses rather than secrets: a customer's data may hold them rightly.
const NOT_SECRET: &[&str] = &["username", "marketplace", "realm"];
const LONG_ENOUGH_FOR_AN_ID: usize = 16;

/// Of the credentials that a token was asked for with. Not printed: a short secret could be guessed from it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fingerprint([u8; 32]);

impl std::fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fingerprint(…)")
    }
}

/// What a route's sign-in needs: parameters of the setup first, sealed values otherwise.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    owner: String,
    parameters: BTreeMap<String, String>,
    secrets: BTreeMap<String, Secret>,
}

impl Credentials {
    pub(crate) async fn load(vault: &dyn Vault, scope: &SecretScope, signing: &Signing) -> Result<Self, SendError> {
        let scope = &signing.home(scope);
        let mut secrets = BTreeMap::new();
        for name in &signing.names {
            let found = vault.get(scope, name).await.map_err(|error| SendError::SignIn {
                message: format!("{error}; nothing was sent"),
                needs_person: matches!(error, counterfoil_domain::ports::VaultError::WrongKey { .. }),
            })?;
            if let Some(secret) = found {
                secrets.insert(name.clone(), secret);
            }
        }
        Ok(Self { owner: scope.text(), parameters: signing.parameters.clone(), secrets })
    }

    pub(crate) fn find(&self, name: &str) -> Option<&str> {
        let parameter = self.parameters.get(name).map(String::as_str).filter(|text| !text.is_empty());
        parameter.or_else(|| self.secrets.get(name).map(Secret::reveal).filter(|text| !text.is_empty()))
    }

    pub(crate) fn need(&self, name: &str) -> Result<&str, SendError> {
        self.find(name).ok_or_else(|| SendError::SignIn {
            message: format!(
                "the secret {name} of {} is not set, so nothing was sent; set it and try again",
                self.owner
            ),
            needs_person: true,
        })
    }

    /// What must not come back.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.secrets
            .iter()
            .filter(|(name, secret)| match name.as_str() {
                name if NOT_SECRET.contains(&name) => false,
                "client_id" => secret.reveal().len() >= LONG_ENOUGH_FOR_AN_ID,
                _ => true,
            })
            .map(|(_, secret)| secret)
    }

    pub(crate) fn put(&mut self, name: &str, secret: Secret) {
        self.secrets.insert(name.to_owned(), secret);
    }

    /// Tells whether somebody changed them, without keeping them.
    pub(crate) fn fingerprint(&self, url: &url::Url) -> Fingerprint {
        use sha2::Digest as _;
        let mut hash = sha2::Sha256::new();
        hash.update(url.as_str());
        let plain = self.parameters.iter().map(|(name, value)| (name, value.as_str()));
        for (name, value) in plain.chain(self.secrets.iter().map(|(name, secret)| (name, secret.reveal()))) {
            for part in [name.as_str(), value] {
                hash.update(part.len().to_be_bytes());
                hash.update(part.as_bytes());
            }
        }
        Fingerprint(hash.finalize().into())
    }
}

/// A header that is never printed nor kept in a compression table.
pub(super) fn hidden(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), SendError> {
    let broken = || SendError::SignIn {
        message: format!(
            "the secret for the header {name} holds a character that cannot stand in a header, so nothing was sent; set it again"
        ),
        needs_person: true,
    };
    let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| broken())?;
    let mut value = HeaderValue::from_str(value).map_err(|_| broken())?;
    value.set_sensitive(true);
    Ok((header, value))
}

pub(super) fn basic(username: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{username}:{password}")))
}

pub(super) fn secret_headers(
    signing: &Signing,
    credentials: &Credentials,
    headers: &mut HeaderMap,
) -> Result<(), SendError> {
    for (header, secret) in &signing.secret_headers {
        let (name, value) = hidden(header, credentials.need(secret)?)?;
        headers.insert(name, value);
    }
    Ok(())
}

/// The last thing done to a request before it goes out.
pub(crate) fn sign(
    signing: &Signing,
    credentials: &Credentials,
    token: Option<&Token>,
    headers: &mut HeaderMap,
) -> Result<(), SendError> {
    secret_headers(signing, credentials, headers)?;
    let (name, value) = match &signing.method {
        Method::None => return Ok(()),
        Method::Basic => {
            hidden(AUTHORIZATION.as_str(), &basic(credentials.need("username")?, credentials.need("password")?))?
        }
        Method::Bearer { secret } => hidden(AUTHORIZATION.as_str(), &format!("Bearer {}", credentials.need(secret)?))?,
        Method::Header { header, secret } => hidden(header, credentials.need(secret)?)?,
        Method::Token { .. } => match token {
            Some(token) => hidden(AUTHORIZATION.as_str(), &format!("Bearer {}", token.access.reveal()))?,
            None => {
                return Err(SendError::SignIn {
                    message: "there is no access token, so nothing was sent".to_owned(),
                    needs_person: false,
                });
            }
        },
    };
    headers.insert(name, value);
    Ok(())
}
