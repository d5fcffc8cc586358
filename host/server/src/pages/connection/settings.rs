//! Setting what a target's card asks for, and its secrets: the form sends the connection back as the setup document that
//! would make it, with what was typed in place of what was. Its checks are the document's.

use axum::extract::State;

use super::super::card_form;
use super::super::fields::Fields;
use super::super::frame::{Shown, segment};
use super::super::said::back;
use crate::extract::Id;
use crate::guard::Who;
use crate::parts::App;
use crate::problem::{Code, Problem};
use crate::routes::connections;
use crate::setup::{ConnectionSetup, SetupDocument, again, run};

fn document(id: &str, setup: ConnectionSetup) -> SetupDocument {
    SetupDocument { connection: [(id.to_owned(), setup)].into(), ..SetupDocument::default() }
}

/// Sent back as it is, the connection must stay as it is, or this form would change what it does not show.
async fn must_stay(app: &App, who: &Who, id: &str, setup: ConnectionSetup) -> Result<(), Problem> {
    let answer = run(app, &document(id, setup), true, &who.actor).await?;
    let changed: Vec<&str> =
        answer.objects.iter().flat_map(|object| &object.fields).map(|field| field.name.as_str()).collect();
    if changed.is_empty() {
        return Ok(());
    }
    tracing::error!(connection = id, fields = changed.join(", "), "a connection cannot be sent back as it is");
    Err(Problem::new(
        Code::Unsupported,
        format!("This form cannot keep {} of the connection {id}.", changed.join(", ")),
        "Nothing was changed.",
        "Change the setup document and apply it: `counterfoil apply -f setup.toml`.",
    ))
}

/// Keep what was typed.
#[utoipa::path(post, path = "/connections/{id}/settings", tag = "pages", params(("id" = String, Path)), responses((status = 303, description = "Back to the connection.")))]
pub(crate) async fn keep(State(app): State<App>, who: Who, Id(id): Id, fields: Fields) -> Shown {
    let view = connections::show(State(app.clone()), Id(id.clone())).await?.0;
    let before = ConnectionSetup { secrets: card_form::secrets(&fields), ..again(&view) };
    must_stay(&app, &who, &id, before.clone()).await?;
    let after = ConnectionSetup {
        name: fields.one("name").map(str::to_owned).or(Some(view.name)),
        settings: card_form::settings(&fields),
        ..before
    };
    run(&app, &document(&id, after), false, &who.actor).await?;
    Ok(back(&format!("/connections/{}", segment(&id)), "saved", None))
}
