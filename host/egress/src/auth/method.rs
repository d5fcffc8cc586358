//! What a route's `auth` and `auth_parameters` mean: one signing method, with the names of its secrets.

use std::collections::BTreeMap;

use counterfoil_domain::card::{Auth, AuthScheme};
use counterfoil_domain::id::ConnectionId;
use counterfoil_domain::ports::{Refusal, Route};
use counterfoil_domain::secret::SecretScope;
use url::Url;

use crate::base::{Base, endpoint, percent};
use crate::policy::{parse_header, refuse};

/// Non-secret parameter: the connection whose sign-in is used instead of the caller's own.
const SIGN_IN_WITH: &str = "sign-in-with";
/// Non-secret parameter that puts a secret into a header of every call, the token call included.
const SECRET_HEADER: &str = "secret-header:";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grant {
    ClientCredentials,
    /// The client says who it is in the form.
    ClientCredentialsForm,
    RefreshToken,
    /// The client says who it is in the form.
    Password,
    /// The client says who it is in a header.
    PasswordBasic,
    /// JSON in, `{token, expiresInSeconds}` out.
    CloudBlueToken,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Method {
    None,
    Basic,
    Bearer { secret: String },
    Header { header: String, secret: String },
    Token { grant: Grant, url: Url },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signing {
    pub(crate) method: Method,
    pub(crate) scopes: Vec<String>,
    pub(crate) parameters: BTreeMap<String, String>,
    /// (header, secret's name)
    pub(crate) secret_headers: Vec<(String, String)>,
    /// Every secret that may be needed.
    pub(crate) names: Vec<String>,
    /// Another connection's sign-in is used: where its secrets rest.
    shared: Option<SecretScope>,
}

impl Signing {
    pub(crate) fn of(route: &Route, base: &Base) -> Result<Self, Refusal> {
        let mut parameters = BTreeMap::new();
        let mut secret_headers = Vec::new();
        let mut shared = None;
        for (name, value) in &route.auth_parameters {
            match name.strip_prefix(SECRET_HEADER) {
                None if name == SIGN_IN_WITH => {
                    shared = Some(SecretScope::Connection(ConnectionId::new(value.as_str())));
                }
                Some(header) => {
                    parse_header(header, "")?;
                    secret_headers.push((header.to_owned(), value.clone()));
                }
                None => {
                    parameters.insert(name.clone(), value.clone());
                }
            }
        }
        let method = match &route.auth {
            None => Method::None,
            Some(auth) => method(auth, &parameters, route, base)?,
        };
        let mut names: Vec<String> = route.auth.iter().flat_map(|auth| auth.secrets.iter().cloned()).collect();
        names.extend(needed(&method).into_iter().map(str::to_owned));
        names.extend(secret_headers.iter().map(|(_, secret)| secret.clone()));
        names.sort();
        names.dedup();
        let scopes = route.auth.as_ref().map(|auth| auth.scopes.clone()).unwrap_or_default();
        Ok(Self { method, scopes, parameters, secret_headers, names, shared })
    }

    /// Headers that the host fills: nobody else may name them.
    pub(crate) fn headers(&self) -> Vec<String> {
        let own = match &self.method {
            Method::Header { header, .. } => Some(header.clone()),
            _ => None,
        };
        own.into_iter().chain(self.secret_headers.iter().map(|(header, _)| header.clone())).collect()
    }

    /// Where the secrets of the sign-in rest, for a caller with this scope of its own.
    pub(crate) fn home(&self, own: &SecretScope) -> SecretScope {
        self.shared.clone().unwrap_or_else(|| own.clone())
    }

    /// Whether a token of the other is as good as one of this: whose sign-in it is does not matter, what it is does.
    pub(crate) fn asks_the_same(&self, other: &Self) -> bool {
        self.method == other.method
            && self.scopes == other.scopes
            && self.parameters == other.parameters
            && self.secret_headers == other.secret_headers
    }

    pub(crate) fn can_renew(&self) -> bool {
        matches!(self.method, Method::Token { .. })
    }

    pub(crate) fn token_url(&self) -> Option<&Url> {
        match &self.method {
            Method::Token { url, .. } => Some(url),
            _ => None,
        }
    }
}

fn method(auth: &Auth, parameters: &BTreeMap<String, String>, route: &Route, base: &Base) -> Result<Method, Refusal> {
    let first = || auth.secrets.first().cloned().unwrap_or_else(|| "token".to_owned());
    let grant = match parameters.get("grant").map(String::as_str) {
        Some("client-credentials") => Some(Grant::ClientCredentials),
        Some("client-credentials-form") => Some(Grant::ClientCredentialsForm),
        Some("refresh-token" | "authorization-code") => Some(Grant::RefreshToken),
        Some("password") => Some(Grant::Password),
        Some("password-basic") => Some(Grant::PasswordBasic),
        Some("cloudblue-token") => Some(Grant::CloudBlueToken),
        Some(_) => return Err(refuse("auth-not-known", "The setup names a grant that is none of client-credentials, client-credentials-form, refresh-token, password, password-basic and cloudblue-token, so nothing was sent. Correct it in the setup.".to_owned(), None)),
        None => match auth.scheme {
            AuthScheme::AuthorizationCode => Some(Grant::RefreshToken),
            AuthScheme::ClientCredentials => Some(Grant::ClientCredentials),
            AuthScheme::Basic | AuthScheme::Bearer | AuthScheme::Header => None,
        },
    };
    if let Some(grant) = grant {
        return Ok(Method::Token { grant, url: token_url(auth, grant, parameters, route, base)? });
    }
    match (auth.scheme, &auth.header) {
        (AuthScheme::Basic, _) => Ok(Method::Basic),
        (AuthScheme::Header, Some(header)) => {
            parse_header(header, "")?;
            Ok(Method::Header { header: header.clone(), secret: first() })
        }
        (AuthScheme::Header, None) => Err(refuse("auth-not-known", "The card signs with a header and does not say which, so nothing was sent. The publisher must add header = \"…\" under [auth] in plugin.toml.".to_owned(), Some("header = \"X-Api-Key\"".to_owned()))),
        _ => Ok(Method::Bearer { secret: first() }),
    }
}

fn token_url(
    auth: &Auth,
    grant: Grant,
    parameters: &BTreeMap<String, String>,
    route: &Route,
    base: &Base,
) -> Result<Url, Refusal> {
    match (&auth.token_url, grant) {
        (Some(text), _) => {
            let filled = parameters
                .iter()
                .fold(text.clone(), |text, (name, value)| text.replace(&format!("{{{name}}}"), &percent(value)));
            endpoint(&filled, "token URL", &route.exceptions)
        }
        (None, Grant::CloudBlueToken) => base.join("/token", &[]).ok_or_else(|| {
            refuse(
                "url-not-plain",
                "The base URL cannot be extended by /token, so nothing was sent. Correct it in the setup.".to_owned(),
                None,
            )
        }),
        (None, _) => Err(refuse(
            "auth-not-known",
            "The sign-in has no token URL, so nothing was sent. Give it in the setup or on the card.".to_owned(),
            Some("token_url = \"https://…\"".to_owned()),
        )),
    }
}

fn needed(method: &Method) -> Vec<&str> {
    match method {
        Method::None => Vec::new(),
        Method::Basic => vec!["username", "password"],
        Method::Bearer { secret } | Method::Header { secret, .. } => vec![secret],
        Method::Token { grant, .. } => match grant {
            Grant::ClientCredentials | Grant::ClientCredentialsForm => vec!["client_id", "client_secret"],
            Grant::RefreshToken => vec!["client_id", "client_secret", "refresh_token"],
            Grant::Password | Grant::PasswordBasic => vec!["client_id", "client_secret", "username", "password"],
            Grant::CloudBlueToken => vec!["username", "password"],
        },
    }
}
