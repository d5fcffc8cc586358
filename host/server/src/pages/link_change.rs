//! A change of one link, shown with the tasks that it touches before it is made. It does what `PUT /v1/links` does.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;

use super::address;
use super::candidate::lines;
use super::fields::Fields;
use super::frame::{Frame, LINKS, Shown, html, segment};
use super::link_row::href_of;
use super::links::called;
use super::said::back;
use crate::extract::{Body, Params};
use crate::guard::Who;
use crate::linking::change;
use crate::parts::App;
use crate::problem::Problem;
use crate::routes::links::{DryRun, put};
use crate::wire::{LinkAnswer, LinkBody, LinkTargetView, LinkView, TouchedView};

#[derive(Template)]
#[template(path = "link_change.html")]
struct Confirm {
    frame: Frame,
    link: LinkView,
    one: &'static str,
    list: String,
    here: String,
    details: String,
    changed: bool,
    touches: Vec<TouchedView>,
    touched: u64,
    unnamed: u64,
    button: String,
}

/// "account-code=201", a line each.
fn details(written: &str) -> Result<BTreeMap<String, String>, Problem> {
    let mut all = BTreeMap::new();
    for line in written.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let Some((name, value)) = line.split_once('=').filter(|(name, _)| !name.trim().is_empty()) else {
            let text = format!("\"{line}\" is not a detail such as account-code=201");
            return Err(Problem::invalid("/target/attributes", "not-a-detail", text));
        };
        all.insert(name.trim().to_owned(), value.trim().to_owned());
    }
    Ok(all)
}

fn wanted(fields: &Fields) -> Result<LinkBody, Problem> {
    let state = fields.text("state");
    let target = LinkTargetView {
        id: fields.text("target_id"),
        code: fields.text("target_code"),
        name: fields.text("target_name"),
        attributes: details(&fields.text("details"))?,
    };
    Ok(LinkBody {
        connection: fields.text("connection"),
        kind: fields.text("kind"),
        source: fields.text("source"),
        source_name: fields.one("source_name").map(str::to_owned),
        target: (state == "linked").then_some(target),
        state,
    })
}

fn button(link: &LinkView) -> String {
    let name = if link.source_name.is_empty() { &link.source } else { &link.source_name };
    match (&link.target, link.state.as_str()) {
        (Some(target), _) => {
            let to = if target.name.is_empty() { &target.id } else { &target.name };
            format!("Link {name} to {to}")
        }
        (None, "never-sync") => format!("Never synchronize {name}"),
        (None, _) => format!("Clear the link of {name}"),
    }
}

/// What the change would do.
#[utoipa::path(post, path = "/links/preview", tag = "pages", responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn preview(State(app): State<App>, who: Who, fields: Fields) -> Shown {
    let body = wanted(&fields)?;
    let kind = change::kind(&body.kind)?;
    let dry = Params(DryRun { dry_run: true });
    let LinkAnswer { link, changed, touches, touched, .. } =
        put(State(app.clone()), who.clone(), dry, Body(body)).await?.0;
    let page = Confirm {
        frame: Frame::new(&app, &who, LINKS, "Change a link").await?,
        one: called(kind).1,
        list: address::of("/links", &[("connection", Some(&link.connection)), ("kind", Some(&link.kind))]),
        here: href_of(&link.connection, &link.kind, &link.source),
        details: link.target.as_ref().map(|target| lines(&target.attributes)).unwrap_or_default(),
        button: button(&link),
        unnamed: touched.saturating_sub(touches.len() as u64),
        link,
        changed,
        touches: touches.into_iter().map(|touch| TouchedView { id: segment(&touch.id), ..touch }).collect(),
        touched,
    };
    html(&page)
}

/// Make the change.
#[utoipa::path(post, path = "/links/set", tag = "pages", responses((status = 303, description = "Back to the list.")))]
pub(crate) async fn set(State(app): State<App>, who: Who, fields: Fields) -> Shown {
    let body = wanted(&fields)?;
    let list = address::of("/links", &[("connection", Some(&body.connection)), ("kind", Some(&body.kind))]);
    let answer = put(State(app), who, Params(DryRun { dry_run: false }), Body(body)).await?.0;
    let word = match (answer.changed, answer.link.state.as_str()) {
        (false, _) => "link-same",
        (true, "linked") => "linked",
        (true, "never-sync") => "never",
        (true, _) => "unlinked",
    };
    Ok(back(&list, word, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_lines_of_a_name_and_a_value() {
        let read = details("account-code=201\r\n\n note = a=b \nempty=").unwrap();
        let read: Vec<_> = read.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(read, [("account-code", "201"), ("empty", ""), ("note", "a=b")]);
        for bad in ["account-code", "=201"] {
            assert!(details(bad).is_err(), "{bad}");
        }
    }
}
