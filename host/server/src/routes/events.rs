//! A run's progress as server-sent events. Each event is the run as it is stored, so a reader that missed
//! some loses nothing, and polling gives the same.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use counterfoil_domain::id::RunId;
use counterfoil_domain::run::Run;
use futures_core::Stream;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{mpsc, watch};

use super::runs::run;
use crate::auth::sha256_hex;
use crate::extract::Id;
use crate::parts::App;
use crate::problem::Problem;
use crate::wire::RunView;

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

/// The event of what is stored now, with an id that is the same as long as it is.
fn event_of(run: &Run) -> (String, Event) {
    let data = serde_json::to_string(&RunView::from(run)).unwrap_or_default();
    let mut id = sha256_hex(data.as_bytes());
    id.truncate(16);
    let name = if run.state.is_over() { "done" } else { "progress" };
    let event = Event::default().id(id.clone()).event(name).data(data);
    (id, event)
}

async fn until_closing(closing: &mut watch::Receiver<bool>) {
    if closing.wait_for(|closing| *closing).await.is_err() {
        // Nobody is left who could close.
        std::future::pending::<()>().await;
    }
}

/// Follows the run until it is over, the reader has gone, or the server stops.
async fn follow(app: App, id: RunId, seen: Option<String>, sender: mpsc::Sender<Event>) {
    let mut changed = app.parts.changed.subscribe();
    let mut closing = app.closing.clone();
    let mut last = seen;
    loop {
        match app.store().run(&id).await {
            Ok(Some(run)) => {
                let (event_id, event) = event_of(&run);
                // The last event is sent even to a reader who has it: it ends the stream.
                let is_news = last.as_ref() != Some(&event_id) || run.state.is_over();
                if is_news && sender.send(event).await.is_err() {
                    return;
                }
                if run.state.is_over() {
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
    let seen = headers.get("last-event-id").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (sender, receiver) = mpsc::channel(8);
    tokio::spawn(follow(app, run.id, seen, sender));
    Ok(Sse::new(Events(receiver)).keep_alive(KeepAlive::new().interval(HEARTBEAT).text("still here")))
}
