//! Versions of plugins: which are there, what their cards say, and the commands about them. What a command does is the
//! shelf's business; here its refusals get their words.

use axum::Json;
use axum::body::{Body as Bytes, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use counterfoil_domain::id::{PluginDigest, PluginId};
use counterfoil_domain::ports::{ShelfError, Upload};

use crate::extract::{Body, Id};
use crate::guard::Who;
use crate::parts::App;
use crate::problem::{Code, Fault, Problem};
use crate::wire::{ActivateBody, ActivatedView, PluginList, PluginView, RefusedFileView, ShadowBody, ShadowView};

/// As much as the runtime reads.
const LARGEST: usize = 32 * 1024 * 1024;
/// A shadow check waits for the targets; more than this is a run of its own.
const MOST_TASKS: usize = 500;
const AS_IT_WAS: &str = "Nothing was activated: the version that was active still is, and no money moved.";

impl From<ShelfError> for Problem {
    fn from(error: ShelfError) -> Self {
        let happened = format!("{}.", capital(error.to_string().trim_end_matches('.')));
        let told = |code, act: &str| Self::new(code, &happened, AS_IT_WAS, act);
        match error {
            ShelfError::Refused(_) => told(Code::PluginRefused, "Mend what it names, build it and install it again."),
            // What helps depends on what is wrong with it, and stands in the sentence itself.
            ShelfError::Untrusted(_) => told(Code::PluginUntrusted, "What is queued for it waits; no order is lost."),
            ShelfError::NotInstalled(digest) => Self::not_found("plugin version", digest.as_str()),
            ShelfError::NotActive(plugin) => Self::not_found("active plugin", plugin.as_str()),
            ShelfError::OtherPlugin { .. } => told(Code::Invalid, "Name the plugin that the version is of.")
                .with(vec![Fault::new("/digest", "other-plugin", happened.clone())]),
            ShelfError::NoFormer(_) => told(Code::PluginNoFormer, "Activate a version by its digest instead."),
            ShelfError::Wider(wider) => {
                let faults = wider.iter().map(|one| Fault::new("/accept_wider", one.what.name(), &one.sentence));
                let act = "Read the difference; if you agree to all of it, activate with accept_wider.";
                told(Code::PluginWider, act).with(faults.collect())
            }
            ShelfError::Probe { .. } => {
                told(Code::PluginProbe, "Mend the connection or pause it, then activate again.")
            }
            ShelfError::Busy(_) => told(
                Code::PluginBusy,
                "Wait until nothing is queued, being sent or uncertain there, or decide what is; then activate again.",
            ),
            ShelfError::Disk(_) => told(Code::StoreUnavailable, "Check the data folder and its disk, then try again."),
            ShelfError::Plan(_) => told(Code::TargetUnavailable, "Try again when the target and the store answer."),
            ShelfError::Store(error) => error.into(),
        }
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

async fn all(app: &App) -> Result<PluginList, Problem> {
    let list = app.parts.shelf.list().await?;
    let mut plugins: Vec<PluginView> = list.versions.iter().map(PluginView::of).collect();
    // The active version of each first.
    plugins.sort_by(|a, b| (&a.id, !a.active, &a.version, &a.digest).cmp(&(&b.id, !b.active, &b.version, &b.digest)));
    let refused = list.refused.into_iter().map(|one| RefusedFileView { file: one.file, problem: one.problem });
    Ok(PluginList { plugins, refused: refused.collect() })
}

/// Installed plugins, every version.
#[utoipa::path(get, path = "/v1/plugins", tag = "plugins", responses((status = 200, body = PluginList)))]
pub(crate) async fn list(State(app): State<App>) -> Result<Json<PluginList>, Problem> {
    all(&app).await.map(Json)
}

/// The active version of a plugin, else any.
#[utoipa::path(get, path = "/v1/plugins/{id}", tag = "plugins", params(("id" = String, Path)), responses((status = 200, body = PluginView)))]
pub(crate) async fn show(State(app): State<App>, Id(id): Id) -> Result<Json<PluginView>, Problem> {
    let found = all(&app).await?.plugins.into_iter().find(|plugin| plugin.id == id);
    found.map(Json).ok_or_else(|| Problem::not_found("plugin", &id))
}

/// Where the detached signature travels: the .minisig file in base64, because a header has one line.
pub(crate) const SIGNATURE_HEADER: &str = "counterfoil-signature";

fn signature(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(SIGNATURE_HEADER) else { return Ok(None) };
    let decoded = STANDARD.decode(value.as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.map(Some).ok_or_else(|| {
        Problem::new(
            Code::BadRequest,
            "The header counterfoil-signature is not a signature file in base64.",
            "Nothing was installed.",
            "Send the whole .minisig file in base64, on one line.",
        )
    })
}

/// Install a component. It is read, held against the trusted publishers, loaded and kept; nothing is activated.
#[utoipa::path(post, path = "/v1/plugins", tag = "plugins", params(("counterfoil-signature" = Option<String>, Header, description = "The minisign signature file of the component, in base64")), request_body(content = Vec<u8>, content_type = "application/wasm"), responses((status = 201, body = PluginView)))]
pub(crate) async fn install(
    State(app): State<App>,
    who: Who,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<PluginView>), Problem> {
    // Refused before it is read, where its size is said before.
    let said = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if said.is_some_and(|size| size > LARGEST) {
        return Err(too_large());
    }
    let bytes = to_bytes(body, LARGEST).await.map_err(|error| {
        tracing::debug!(%error, "a component was not received");
        too_large()
    })?;
    let upload = Upload { component: bytes.to_vec(), signature: signature(&headers)? };
    let version = app.parts.shelf.install(upload, who.actor).await?;
    Ok((StatusCode::CREATED, Json(PluginView::of(&version))))
}

fn too_large() -> Problem {
    Problem::new(
        Code::TooLarge,
        format!("The component is larger than {} MiB, or it did not arrive whole.", LARGEST / 1024 / 1024),
        "Nothing was installed.",
        "Build it with the profile \"plugin\", which strips what is not needed, and send it again.",
    )
}

/// Send new work to a version, after every enabled connection answered it. What is under way ends on its own version.
#[utoipa::path(post, path = "/v1/plugins/{id}/activate", tag = "plugins", params(("id" = String, Path)), request_body = ActivateBody, responses((status = 200, body = ActivatedView)))]
pub(crate) async fn activate(
    State(app): State<App>,
    who: Who,
    Id(id): Id,
    Body(body): Body<ActivateBody>,
) -> Result<Json<ActivatedView>, Problem> {
    let (plugin, digest) = (PluginId::new(id), PluginDigest::new(body.digest));
    let activated = app.parts.shelf.activate(plugin, digest, body.accept_wider, who.actor).await?;
    app.wake();
    Ok(Json(activated.into()))
}

/// Activate the version that was active before.
#[utoipa::path(post, path = "/v1/plugins/{id}/rollback", tag = "plugins", params(("id" = String, Path)), responses((status = 200, body = ActivatedView)))]
pub(crate) async fn rollback(State(app): State<App>, who: Who, Id(id): Id) -> Result<Json<ActivatedView>, Problem> {
    let activated = app.parts.shelf.rollback(PluginId::new(id), who.actor).await?;
    app.wake();
    Ok(Json(activated.into()))
}

/// Plan the last tasks with a version that is not active, and list what it would do otherwise. Nothing is stored.
#[utoipa::path(post, path = "/v1/plugins/{id}/shadow", tag = "plugins", params(("id" = String, Path)), request_body = ShadowBody, responses((status = 200, body = ShadowView)))]
pub(crate) async fn shadow(
    State(app): State<App>,
    who: Who,
    Id(id): Id,
    Body(body): Body<ShadowBody>,
) -> Result<Json<ShadowView>, Problem> {
    if !(1..=MOST_TASKS).contains(&body.tasks) {
        let text = format!("{} is not between 1 and {MOST_TASKS}", body.tasks);
        return Err(Problem::invalid("/tasks", "out-of-range", text));
    }
    let (plugin, digest) = (PluginId::new(id), PluginDigest::new(body.digest));
    Ok(Json(app.parts.shelf.shadow(plugin, digest, body.tasks, who.actor).await?.into()))
}
