//! A run's progress as server-sent events. Each event is the run as it is stored, so a reader that missed
//! some loses nothing, and polling gives the same.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive, KeepAliveStream};
use counterfoil_domain::id::RunId;
use counterfoil_domain::ports::StoreError;
use futures_core::Stream;
use serde::Serialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{mpsc, watch};

use super::catalog::runs::run as catalog_run;
use super::runs::run;
use crate::auth::sha256_hex;
use crate::extract::Id;
use crate::parts::App;
use crate::problem::Problem;
use crate::wire::{CatalogRunView, RunView};

const HEARTBEAT: Duration = Duration::from_secs(15);
/// Read again even without a notice: a missed one must not leave a reader waiting for ever.
const AT_LEAST_EVERY: Duration = Duration::from_secs(5);

/// Events of one run, made by a task of its own.
pub(crate) struct Events(mpsc::Receiver<Event>);

impl Stream for Events {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx).map(|event| event.map(Ok))
    }
}

/// What is followed.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Run,
    CatalogRun,
}

/// A run as it is stored now.
struct Seen {
    data: String,
    is_over: bool,
}

impl Seen {
    fn of(view: &impl Serialize, is_over: bool) -> Self {
        Self { data: serde_json::to_string(view).unwrap_or_default(), is_over }
    }

    /// With an id that is the same as long as it is.
    fn event(self) -> (String, Event) {
        let mut id = sha256_hex(self.data.as_bytes());
        id.truncate(16);
        let name = if self.is_over { "done" } else { "progress" };
        let event = Event::default().id(id.clone()).event(name).data(self.data);
        (id, event)
    }
}

async fn look(app: &App, kind: Kind, id: &RunId) -> Result<Option<Seen>, StoreError> {
    Ok(match kind {
        Kind::Run => app.store().run(id).await?.map(|run| Seen::of(&RunView::from(&run), run.state.is_over())),
        Kind::CatalogRun => {
            let run = app.store().catalog_run(id).await?;
            run.map(|run| Seen::of(&CatalogRunView::from(&run), run.state.is_over()))
        }
    })
}

async fn until_closing(closing: &mut watch::Receiver<bool>) {
    if closing.wait_for(|closing| *closing).await.is_err() {
        // Nobody is left who could close.
        std::future::pending::<()>().await;
    }
}

/// Follows the run until it is over, the reader has gone, or the server stops.
async fn follow(app: App, (kind, id): (Kind, RunId), seen: Option<String>, sender: mpsc::Sender<Event>) {
    let mut changed = app.parts.changed.subscribe();
    let mut closing = app.closing.clone();
    let mut last = seen;
    loop {
        match look(&app, kind, &id).await {
            Ok(Some(now)) => {
                let is_over = now.is_over;
                let (event_id, event) = now.event();
                // The last event is sent even to a reader who has it: it ends the stream.
                let is_news = last.as_ref() != Some(&event_id) || is_over;
                if is_news && sender.send(event).await.is_err() {
                    return;
                }
                if is_over {
                    return;
                }
                last = Some(event_id);
            }
            Ok(None) => return,
            Err(error) => tracing::warn!(%error, run = %id, "a run's progress could not be read; trying again"),
        }
        let next_notice = async {
            loop {
                match changed.recv().await {
                    Ok(about) if about != id => {}
                    Ok(_) | Err(RecvError::Lagged(_)) => return,
                    Err(RecvError::Closed) => std::future::pending::<()>().await,
                }
            }
        };
        tokio::select! {
            () = next_notice => {}
            () = tokio::time::sleep(AT_LEAST_EVERY) => {}
            () = sender.closed() => return,
            () = until_closing(&mut closing) => return,
        }
    }
}

/// Progress of a run. Each event is the run; the last one is named `done`.
#[utoipa::path(get, path = "/v1/runs/{id}/events", tag = "runs", params(("id" = String, Path), ("Last-Event-ID" = Option<String>, Header)), responses((status = 200, content_type = "text/event-stream", body = RunView)))]
pub(crate) async fn events(
    State(app): State<App>,
    Id(id): Id,
    headers: HeaderMap,
) -> Result<impl axum::response::IntoResponse, Problem> {
    let run = run(&app, &id).await?;
    Ok(stream(app, (Kind::Run, run.id), &headers))
}

/// Progress of a catalog run. Each event is the run; the last one is named `done`.
#[utoipa::path(get, path = "/v1/catalog/runs/{id}/events", tag = "catalog", params(("id" = String, Path), ("Last-Event-ID" = Option<String>, Header)), responses((status = 200, content_type = "text/event-stream", body = CatalogRunView)))]
pub(crate) async fn catalog_events(
    State(app): State<App>,
    Id(id): Id,
    headers: HeaderMap,
) -> Result<impl axum::response::IntoResponse, Problem> {
    let run = catalog_run(&app, &id).await?;
    Ok(stream(app, (Kind::CatalogRun, run.id), &headers))
}

fn stream(app: App, what: (Kind, RunId), headers: &HeaderMap) -> Sse<KeepAliveStream<Events>> {
    let seen = headers.get("last-event-id").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (sender, receiver) = mpsc::channel(8);
    tokio::spawn(follow(app, what, seen, sender));
    Sse::new(Events(receiver)).keep_alive(KeepAlive::new().interval(HEARTBEAT).text("still here"))
}
