//! `plugin simulate`: the scripted billing system of a conformance description, over HTTP on this machine, so that a running
//! service can be pointed at it. Owns the listener; what it answers is the kit's script.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response as Answer};
use counterfoil_domain::id::ConnectionId;
use counterfoil_domain::ports::{Call, Caller, Sending};
use counterfoil_domain::wire::Request;
use counterfoil_kit::simulator::{Needs, Remote, Script, Simulator as _};
use counterfoil_kit::{Description, SimulatorWords};
use counterfoil_runtime::manifest;
use tokio::net::TcpListener;

use crate::cli::serve::told_to_stop;
use crate::cli::show;
use crate::exit::Exit;

/// Shows all that is stored; no billing system has a path like it.
const STATE: &str = "/_sim/state";

#[derive(Debug)]
struct Simulated {
    books: Box<dyn Remote>,
    idempotency_header: Option<String>,
}

pub(super) async fn run(folder: &Path, port: u16) -> Result<Exit> {
    let description = Description::load(&folder.join("conformance.toml"))?;
    let Some(SimulatorWords::Scripted(script)) = &description.simulator else {
        bail!(
            "its conformance.toml has no scripted simulator, so there is nothing to serve. A simulator that is a program is started by itself"
        );
    };
    let simulated = simulated(folder, &description, script).await?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.with_context(|| {
        format!("the simulator cannot listen on port {port}; choose another with --port (0 takes a free one)")
    })?;
    let address = listener.local_addr()?;
    show::print(&format!("http://{address}\n"))?;
    eprintln!("The simulated system answers there until Ctrl-C; http://{address}{STATE} shows all that it has stored.");
    let router = Router::new().fallback(answer).with_state(Arc::new(simulated));
    let stop = async {
        let _ = told_to_stop().await;
    };
    axum::serve(listener, router).with_graceful_shutdown(stop).await.context("the simulator stopped")?;
    Ok(Exit::Done)
}

async fn simulated(folder: &Path, description: &Description, script: &Script) -> Result<Simulated> {
    let manifest_path = folder.join("plugin.toml");
    let text = std::fs::read_to_string(&manifest_path)
        .with_context(|| format!("{} cannot be read", manifest_path.display()))?;
    let card = manifest::parse(&text).with_context(|| format!("{} is refused", manifest_path.display()))?;
    let needs = Needs { card: &card, settings: &description.settings, secrets: &BTreeMap::new() };
    Ok(Simulated { books: script.open(needs).await?, idempotency_header: script.idempotency_header.clone() })
}

async fn answer(
    State(simulated): State<Arc<Simulated>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    if uri.path() == STATE {
        return simulated.books.state().await.unwrap_or_default().into_response();
    }
    let header = |name: &String| {
        let value = headers.get(name).and_then(|value| value.to_str().ok())?;
        Some((name.clone(), value.to_owned()))
    };
    let sending = match method {
        Method::GET | Method::HEAD => Sending::Read,
        _ => Sending::Write { idempotency: simulated.idempotency_header.as_ref().and_then(header) },
    };
    let request = Request {
        operation: "simulated".to_owned(),
        method: method.to_string(),
        path: uri.path().to_owned(),
        query: query(&uri),
        headers: Vec::new(),
        body: body.to_vec(),
    };
    eprintln!("{method} {uri}");
    let caller = Caller::Connection(ConnectionId::new("simulated"));
    let call = Call { caller, sending, request, timeout: Duration::from_secs(10) };
    let Ok(response) = simulated.books.send(call).await else { return StatusCode::BAD_GATEWAY.into_response() };
    let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut answer = (status, response.body).into_response();
    for (name, value) in response.headers {
        if let (Ok(name), Ok(value)) =
            (axum::http::HeaderName::try_from(name), axum::http::HeaderValue::try_from(value))
        {
            answer.headers_mut().insert(name, value);
        }
    }
    answer
}

fn query(uri: &Uri) -> Vec<(String, String)> {
    let whole = reqwest::Url::parse(&format!("http://simulated{uri}"));
    let pairs = |url: reqwest::Url| url.query_pairs().into_owned().collect();
    whole.map(pairs).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::query;

    #[test]
    fn parameters_come_decoded_and_in_their_order() {
        let uri = "/x?q=a%20b+c&after=2&q=%26".parse().unwrap();
        let pairs =
            [("q", "a b c"), ("after", "2"), ("q", "&")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(query(&uri), pairs);
    }
}
