//! Lists: to the end, forward only, nothing twice and nothing left out.

use counterfoil_sdk::testing::Scripted;
use counterfoil_sdk::{Class, Failure, Response};

use crate::condition::Condition;
use crate::paging::{Listing, all, by_ids, page};
use crate::wire::{Entry, Id};

use super::no;

fn listing() -> Listing<'static> {
    Listing {
        operation: "list",
        path: "/company/companies/types",
        condition: Some(Condition::flag("deletedFlag", false)),
        fields: "id,name",
        what: "the rows",
    }
}

fn rows(ids: impl IntoIterator<Item = usize>) -> String {
    let rows: Vec<String> = ids.into_iter().map(|id| format!(r#"{{"id":{id},"name":"n{id}"}}"#)).collect();
    format!("[{}]", rows.join(","))
}

/// A server with so many rows that caps its pages, with or without a `Link` header.
fn server(count: usize, cap: usize, link: bool) -> Scripted<'static> {
    Scripted::new(move |call| {
        assert_eq!(call.request.headers, [("pagination-type".to_owned(), "forward-only".to_owned())]);
        assert_eq!((call.query("conditions"), call.query("fields")), (Some("deletedFlag = False"), Some("id,name")));
        assert_eq!((call.query("orderBy"), call.query("page")), (None, None));
        let size: usize = call.query("pageSize").unwrap().parse().unwrap();
        let after: usize = call.query("pageId").map_or(0, |id| id.parse().unwrap());
        let end = count.min(after + size.min(cap));
        let response = Response::new(200, rows(after + 1..=end));
        Ok(match link && end < count {
            true => response.with_header(
                "Link",
                &format!(
                    "<https://na.myconnectwise.net/v4_6_release/apis/3.0/x?pageSize={size}&pageId={end}>; rel=\"next\""
                ),
            ),
            false => response,
        })
    })
}

#[test]
fn every_row_comes_once() {
    for (count, cap, link, calls) in [
        (0, 1_000, true, 1),
        (24, 1_000, false, 1),
        (1_000, 1_000, true, 2),
        (1_000, 1_000, false, 2),
        (2_001, 1_000, true, 3),
        (2_001, 1_000, false, 3),
        // It caps without a word, and its head tells.
        (700, 250, true, 3),
    ] {
        let mut remote = server(count, cap, link);
        let found: Vec<Entry> = all(&mut remote, &listing()).unwrap();
        let ids: Vec<String> = found.iter().map(|row| row.id.to_string()).collect();
        let want: Vec<String> = (1..=count).map(|id| id.to_string()).collect();
        assert_eq!(ids, want, "{count} {cap} {link}");
        assert_eq!(remote.calls().len(), calls, "{count} {cap} {link}");
    }
}

#[test]
fn an_old_server_gets_small_pages() {
    let mut remote = Scripted::new(|call| match call.query("pageSize") {
        Some("100") => Ok(Response::new(200, rows(1..=3))),
        _ => no(
            400,
            r#"{"code":"InvalidObject","message":"x","errors":[{"code":"OutOfRange","message":"The field pageSize must be between 1 and 100.","field":"pageSize"}]}"#,
        ),
    });
    assert_eq!(all::<Entry>(&mut remote, &listing()).unwrap().len(), 3);
}

#[test]
fn a_field_that_cannot_be_filtered_by_costs_a_wider_list() {
    let mut remote = Scripted::new(|call| match call.query("conditions") {
        Some(_) => no(400, r#"{"code":"ApiFindCondition","message":"inactiveFlag is not a recognized name."}"#),
        None => Ok(Response::new(200, rows([3, 5, 9]))),
    });
    assert_eq!(all::<Entry>(&mut remote, &listing()).unwrap().len(), 3);
    let wanted = [Id::parse("5").unwrap()];
    let found = by_ids::<Entry>(&mut remote, &listing(), &wanted).unwrap();
    assert_eq!(found.iter().map(|row| row.id).collect::<Vec<_>>(), wanted);
    // Without a filter of ours it is no matter of filters.
    let mut broken = Scripted::new(|_| no(400, r#"{"code":"ApiFindCondition","message":"x"}"#));
    assert_eq!(all::<Entry>(&mut broken, &listing()).unwrap_err().code, "connectwise-condition");
    assert_eq!(broken.calls().len(), 2);
}

#[test]
fn a_list_that_does_not_go_forward_is_no_list() {
    let at = |id: &str| format!("<https://x.test/y?pageId={id}>; rel=\"next\"");
    for (name, first, link) in [
        // The same page again and again.
        ("stuck", rows(1..=3), Some(at("3"))),
        ("backwards", rows([5, 9]), Some(at("2"))),
        ("by number, without an order", rows([9, 5]), Some("<https://x.test/y?page=2>; rel=\"next\"".to_owned())),
    ] {
        let mut remote = Scripted::new(|_| {
            let response = Response::new(200, first.clone());
            Ok(link.as_ref().map_or(response.clone(), |link| response.with_header("Link", link)))
        });
        let failure = all::<Entry>(&mut remote, &listing()).unwrap_err();
        assert_eq!((failure.class, failure.code.as_str()), (Class::Internal, "connectwise-paging"), "{name}");
    }
    let mut unread = Scripted::new(|_| -> Result<Response, Failure> { unreachable!("nothing is asked") });
    for cursor in ["x", "1&conditions=", "", "-1"] {
        assert_eq!(page::<Entry>(&mut unread, &listing(), Some(cursor)).unwrap_err().code, "connectwise-cursor");
    }
}

#[test]
fn a_row_without_an_id_is_no_row() {
    for body in [r#"[{"id":0,"name":"x"}]"#, r#"[{"name":"x"}]"#, r#"{"id":1}"#, "<html></html>"] {
        let mut remote = Scripted::new(|_| Ok(Response::new(200, body)));
        assert_eq!(all::<Entry>(&mut remote, &listing()).unwrap_err().class, Class::Transient, "{body}");
    }
}

#[test]
fn many_ids_are_asked_for_in_pieces_and_compared() {
    let ids: Vec<Id> = (1..=200).map(|id| Id::parse(&id.to_string()).unwrap()).collect();
    // The server answers more than was asked for.
    let mut remote = Scripted::new(|call| {
        assert!(call.query("conditions").unwrap().starts_with("id in ("));
        Ok(Response::new(200, rows([7, 900])))
    });
    let found = by_ids::<Entry>(&mut remote, &listing(), &ids).unwrap();
    assert!(found.iter().all(|row| row.id.to_string() == "7"));
    assert_eq!(remote.calls().len(), 3);
    assert!(by_ids::<Entry>(&mut remote, &listing(), &[]).unwrap().is_empty());
}
