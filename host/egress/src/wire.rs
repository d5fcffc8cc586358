//! One HTTP exchange: what is surely not sent, what is lost, what was answered. Owns the client's settings;
//! knows nothing of policy, budgets or credentials.

use std::error::Error as _;
use std::time::Duration;

use counterfoil_domain::ports::SendError;
use reqwest::header::{HeaderMap, HeaderValue, USER_AGENT};
use reqwest::{Client, Method, Request};
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::base::shown;
use crate::guard::Pins;

const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// Shorter than any server's keep-alive: a pooled connection that the server is just closing would make a
/// write's outcome uncertain, which costs far more than a handshake.
const IDLE_FOR: Duration = Duration::from_secs(4);
const OUR_NAME: &str = concat!("counterfoil/", env!("CARGO_PKG_VERSION"));

/// A whole answer, as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// `without_tls`: for routes that are plain http altogether, so that a machine without root certificates can run them.
pub(crate) fn client(pins: Pins, without_tls: bool) -> Result<Client, SendError> {
    // Fails only when a provider is there already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .dns_resolver(pins)
        .connect_timeout(CONNECT_WITHIN)
        .pool_idle_timeout(IDLE_FOR)
        .tcp_nodelay(true);
    if without_tls {
        builder = builder.tls_certs_only([]);
    }
    builder.build().map_err(|error| SendError::NoConnection {
        message: format!("the HTTP client cannot be set up ({}); nothing was sent. Check this machine's root certificates (ca-certificates, or SSL_CERT_FILE)", chain(&error)),
    })
}

/// Everything but the client: what goes out, for how long, how much may come back.
#[derive(Debug)]
pub(crate) struct Sheet {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) deadline: Instant,
    pub(crate) limit: usize,
}

pub(crate) async fn transmit(client: &Client, sheet: Sheet) -> Result<Answer, SendError> {
    let host = shown(&sheet.url);
    let deadline = sheet.deadline;
    let begun = Instant::now();
    let late = || SendError::AnswerLost {
        message: format!("{host} gave no whole answer within {} ms", begun.elapsed().as_millis()),
    };
    let mut request = Request::new(sheet.method, sheet.url);
    *request.headers_mut() = sheet.headers;
    request.headers_mut().entry(USER_AGENT).or_insert(HeaderValue::from_static(OUR_NAME));
    *request.body_mut() = Some(sheet.body.into());
    let mut response = match timeout_at(deadline, client.execute(request)).await {
        Err(_) => return Err(late()),
        Ok(Err(error)) => return Err(failed(&host, error)),
        Ok(Ok(response)) => response,
    };
    let limit = sheet.limit;
    if response.content_length().is_some_and(|length| length > u64::try_from(limit).unwrap_or(u64::MAX)) {
        return Err(SendError::TooLarge { limit });
    }
    let mut body = Vec::new();
    loop {
        match timeout_at(deadline, response.chunk()).await {
            Err(_) => return Err(late()),
            Ok(Err(error)) => {
                return Err(SendError::AnswerLost {
                    message: format!("{host} broke off in the middle of its answer ({})", chain(&error.without_url())),
                });
            }
            Ok(Ok(None)) => break,
            Ok(Ok(Some(chunk))) if body.len() + chunk.len() > limit => return Err(SendError::TooLarge { limit }),
            Ok(Ok(Some(chunk))) => body.extend_from_slice(&chunk),
        }
    }
    Ok(Answer { status: response.status().as_u16(), headers: std::mem::take(response.headers_mut()), body })
}

fn failed(host: &str, error: reqwest::Error) -> SendError {
    let error = error.without_url();
    // Connecting, looking up and the TLS handshake all come before the first byte of the request.
    if error.is_connect() || error.is_builder() {
        SendError::NoConnection {
            message: format!("{host} could not be reached ({}); nothing was sent", chain(&error)),
        }
    } else {
        SendError::AnswerLost { message: format!("{host} took the connection and gave no answer ({})", chain(&error)) }
    }
}

/// An error with its causes: the outermost alone says nothing.
fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
