//! The audit log as a whole: whether its chain holds, and all of it as lines of JSON.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Json;
use axum::body::Body as Answer;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use counterfoil_domain::ports::Store;
use futures_core::Stream;
use serde::Deserialize;
use tokio::sync::mpsc;
use utoipa::IntoParams;

use crate::extract::Params;
use crate::parts::App;
use crate::problem::Problem;
use crate::wire::{AuditCheckView, AuditRecordView};

/// Records read at a time, and pages that wait for a slow reader.
const PAGE: usize = 500;
const WAITING: usize = 2;

/// Walks the log from its first record: is every one what was written?
#[utoipa::path(get, path = "/v1/audit/verify", tag = "journal", responses((status = 200, body = AuditCheckView)))]
pub(crate) async fn verify(State(app): State<App>) -> Result<Json<AuditCheckView>, Problem> {
    Ok(Json(app.store().audit_check().await?.into()))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// Place of the last record that is known already.
    #[serde(default)]
    after: u64,
}

type Page = Result<Vec<u8>, std::io::Error>;

/// Pages of lines, read by a task of its own while the reader takes them.
struct Lines(mpsc::Receiver<Page>);

impl Stream for Lines {
    type Item = Page;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Page>> {
        self.0.poll_recv(cx)
    }
}

/// An answer that is cut off must not look whole: an error ends the connection.
async fn read(store: Arc<dyn Store>, mut after: u64, lines: mpsc::Sender<Page>) {
    loop {
        let page = match store.audit_records(after, PAGE).await {
            Ok(records) if records.is_empty() => return,
            Ok(records) => {
                after = records.last().map_or(after, |last| last.place);
                page(records.into_iter().map(AuditRecordView::from))
            }
            Err(error) => {
                tracing::error!(%error, "the export of the audit log was cut off");
                Err(std::io::Error::other("the log could not be read"))
            }
        };
        let is_over = page.is_err();
        // Nobody reads any more, or nothing more can be read.
        if lines.send(page).await.is_err() || is_over {
            return;
        }
    }
}

fn page(records: impl Iterator<Item = AuditRecordView>) -> Page {
    let mut text = Vec::new();
    for record in records {
        serde_json::to_writer(&mut text, &record)?;
        text.push(b'\n');
    }
    Ok(text)
}

/// Every record, oldest first, one line of JSON each with its place and hash.
#[utoipa::path(get, path = "/v1/audit.ndjson", tag = "journal", params(ExportQuery), responses((status = 200, content_type = "application/x-ndjson", body = AuditRecordView)))]
pub(crate) async fn export(State(app): State<App>, Params(query): Params<ExportQuery>) -> Response {
    let (lines, reader) = mpsc::channel(WAITING);
    tokio::spawn(read(Arc::clone(&app.parts.store), query.after, lines));
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.ndjson\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, Answer::from_stream(Lines(reader))).into_response()
}
