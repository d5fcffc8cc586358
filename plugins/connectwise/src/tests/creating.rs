//! Companies and items made from a link step: what is demanded, once, and never twice.

use std::cell::Cell;

use counterfoil_sdk::serde_json::{self, Value};
use counterfoil_sdk::testing::Scripted;
use counterfoil_sdk::{Class, Draft, Entity, Failure, Target};

use super::{EXISTS, NOT_ALLOWED, d, draft, no, ok, tenant};
use crate::ConnectWise;

fn company() -> Draft {
    let mut wanted = draft("", &format!("\u{feff} Grüne  Gasse {} 😀 GmbH", "und Töchter ".repeat(20)));
    for (name, value) in [
        ("external-id", "1000048531"),
        ("company_type", "customer"),
        ("city", "Köln"),
        ("country", "germany"),
        ("tax-number", "DE811"),
    ] {
        wanted.attributes.set(name, value);
    }
    wanted
}

/// Creates; the list shows `before`, and `after` once a POST was sent, which is answered with `saved`.
fn create(
    kind: &str,
    wanted: &Draft,
    before: &str,
    saved: (u16, &str),
    after: &str,
) -> (Result<Entity, Failure>, Vec<Value>) {
    let posted = Cell::new(false);
    let list = if kind == "party" { "/company/companies" } else { "/procurement/catalog" };
    let mut remote = Scripted::new(|call| match (call.key.is_some(), call.request.path.as_str()) {
        (true, _) => {
            posted.set(true);
            no(saved.0, saved.1)
        }
        (false, path) if path == list => ok(if posted.get() { after } else { before }),
        _ => tenant(call),
    });
    let result = ConnectWise.create(&mut remote, kind, wanted);
    let sent = remote.writes().map(|call| {
        assert_eq!((call.key.as_deref(), call.line()), (Some(wanted.key.as_str()), format!("POST {list}")));
        serde_json::from_slice(&call.request.body).unwrap()
    });
    let sent = sent.collect();
    (result, sent)
}

#[test]
fn a_company_has_what_connectwise_demands() {
    let (result, sent) = create(
        "party",
        &company(),
        "[]",
        (201, r#"{"id":7,"identifier":"x","name":"Grüne Gasse","deletedFlag":false}"#),
        "[]",
    );
    assert_eq!(result.unwrap().id, "7");
    let body = &sent[0];
    let identifier = body["identifier"].as_str().unwrap();
    assert!(identifier.len() <= 25 && identifier.starts_with("GrneGasseundTchter-"), "{identifier}");
    let name = body["name"].as_str().unwrap();
    assert!(name.starts_with("Grüne Gasse und") && name.encode_utf16().count() <= 50, "{name}");
    for (pointer, want) in [
        ("/status/id", "1"),
        ("/types/0/id", "5"),
        ("/site/name", "\"Main\""),
        ("/city", "\"Köln\""),
        ("/country/id", "2"),
        ("/taxIdentifier", "\"DE811\""),
    ] {
        assert_eq!(body.pointer(pointer).unwrap().to_string(), want, "{pointer}");
    }
    assert!(body.get("addressLine1").is_none() && body.get("id").is_none());
}

#[test]
fn a_company_is_made_once() {
    let identifier = {
        let (_, sent) = create("party", &company(), "[]", (201, r#"{"id":7}"#), "[]");
        sent[0]["identifier"].as_str().unwrap().to_owned()
    };
    let row = |deleted: bool| {
        format!(r#"[{{"id":9,"identifier":"{}","name":"Renamed","deletedFlag":{deleted}}}]"#, identifier.to_uppercase())
    };
    let (ours, deleted) = (row(false), row(true));
    let other = r#"[{"id":9,"identifier":"somebody","name":"Somebody","deletedFlag":false}]"#;
    let saved = r#"{"id":7,"identifier":"x","name":"x"}"#;
    for (name, before, answer, after, want, writes) in [
        ("there already", ours.as_str(), (201, saved), "[]", Ok("9"), 0),
        ("deleted", deleted.as_str(), (201, saved), "[]", Err("connectwise-company-deleted"), 0),
        // The list shows what was not asked for.
        ("over-match", other, (201, saved), "[]", Ok("7"), 1),
        ("somebody was quicker", "[]", (400, EXISTS), ours.as_str(), Ok("9"), 1),
        ("exists, and is not shown", "[]", (400, EXISTS), "[]", Err("connectwise-exists"), 1),
        ("lost", "[]", (500, ""), "[]", Err("connectwise-fault"), 1),
        ("saved, but unreadable", "[]", (201, "<html>"), "[]", Err("connectwise-unreadable"), 1),
        ("not allowed", "[]", (403, NOT_ALLOWED), "[]", Err("connectwise-role"), 1),
    ] {
        let (result, sent) = create("party", &company(), before, answer, after);
        let got = result.as_ref().map(|entity| entity.id.as_str()).map_err(|failure| failure.code.as_str());
        assert_eq!((got, sent.len()), (want, writes), "{name}");
        if let Err(failure) = &result {
            let unknown = matches!(failure.code.as_str(), "connectwise-fault" | "connectwise-unreadable");
            assert_eq!(failure.class == Class::UnknownOutcome, unknown, "{name}");
        }
    }
}

#[test]
fn a_code_of_a_person_is_not_taken_from_another_company() {
    let mut wanted = company();
    wanted.code = "GL".into();
    wanted.name = "Green Lane".into();
    for (theirs, want) in [("green\u{200b} LANE", Ok("9")), ("Grey Lane", Err("connectwise-company-taken"))] {
        let rows = format!(r#"[{{"id":9,"identifier":"gl","name":"{theirs}","deletedFlag":false}}]"#);
        let (result, sent) = create("party", &wanted, &rows, (500, ""), "[]");
        assert_eq!(result.as_ref().map(|entity| entity.id.as_str()).map_err(|failure| failure.code.as_str()), want);
        assert!(sent.is_empty());
    }
}

#[test]
fn what_is_missing_is_said_before_anything_is_sent() {
    let change = |edit: fn(&mut Draft)| {
        let mut wanted = company();
        edit(&mut wanted);
        wanted
    };
    for (wanted, code, words) in [
        (change(|draft| draft.name = " \u{200b} ".into()), "connectwise-company-name", "no name"),
        (
            change(|draft| {
                draft.attributes.set("city", "");
                draft.attributes.set("country", "");
            }),
            "connectwise-company-address",
            "address",
        ),
        (change(|draft| draft.attributes.set("zip", "1234567890123")), "connectwise-field-length", "zip"),
        (change(|draft| draft.attributes.set("country", "Atlantis")), "connectwise-country", "Atlantis"),
        (
            change(|draft| draft.attributes.set("company_type", "")),
            "connectwise-table-entry",
            "Customer (5), Prospect (6)",
        ),
        (change(|draft| draft.attributes.set("company_status", "3")), "connectwise-table-entry", "Credit Hold (2)"),
    ] {
        let (result, sent) = create("party", &wanted, "[]", (500, ""), "[]");
        let failure = result.unwrap_err();
        assert_eq!((failure.code.as_str(), failure.class), (code, Class::Rejected));
        assert!(failure.message.contains(words), "{failure}");
        assert!(sent.is_empty(), "{code}");
    }
}

#[test]
fn an_item_has_its_parameters() {
    let mut wanted =
        draft("CFQ7TTC0LH18:0001", "Microsoft 365 Business Premium (NCE, one year, paid monthly) and more");
    (wanted.price, wanted.cost) = (Some(d("18.7125")), Some(d("15")));
    wanted.attributes.set("item-subcategory", "Licences");
    wanted.attributes.set("taxable", "false");
    let (result, sent) = create(
        "item",
        &wanted,
        "[]",
        (
            201,
            r#"{"id":8,"identifier":"CFQ7TTC0LH18:0001","description":"M","productClass":"Agreement","price":18.7125}"#,
        ),
        "[]",
    );
    assert_eq!(result.unwrap().price, Some(d("18.7125")));
    let body = &sent[0];
    assert!(body["description"].as_str().unwrap().encode_utf16().count() <= 60);
    for (pointer, want) in [
        ("/identifier", "\"CFQ7TTC0LH18:0001\""),
        ("/customerDescription", "\"Microsoft 365 Business Premium (NCE, one year, paid monthly) and more\""),
        ("/type/id", "47"),
        ("/subcategory/id", "152"),
        ("/productClass", "\"Agreement\""),
        ("/price", "18.7125"),
        ("/cost", "15"),
        ("/taxableFlag", "false"),
        ("/manufacturerPartNumber", "\"CFQ7TTC0LH18:0001\""),
        ("/integrationXRef", "\"CFQ7TTC0LH18:0001\""),
    ] {
        assert_eq!(body.pointer(pointer).unwrap().to_string(), want, "{pointer}");
    }
}

#[test]
fn an_item_is_made_once() {
    let mut wanted = draft("M365", "Premium");
    wanted.attributes.set("item_subcategory", "152");
    let row = |identifier: &str, xref: &str, description: &str, class: &str| {
        format!(
            r#"[{{"id":9,"identifier":"{identifier}","integrationXRef":"{xref}","description":"{description}","productClass":"{class}"}}]"#
        )
    };
    for (name, before, want) in [
        ("by reference", row("other", "m365", "Renamed", "Agreement"), Ok("9")),
        ("by identifier and name", row("M365", "", "premium", "Agreement"), Ok("9")),
        ("another's", row("M365", "", "Basic", "Agreement"), Err("connectwise-item-taken")),
        ("bundle", row("M365", "M365", "Premium", "Bundle"), Err("connectwise-item-inactive")),
    ] {
        let (result, sent) = create("item", &wanted, &before, (500, ""), "[]");
        assert_eq!(result.as_ref().map(|one| one.id.as_str()).map_err(|failure| failure.code.as_str()), want, "{name}");
        assert!(sent.is_empty(), "{name}");
    }
    let quick = row("M365", "M365", "Premium", "Agreement");
    let (result, sent) = create("item", &wanted, "[]", (400, EXISTS), &quick);
    assert_eq!((result.unwrap().id.as_str(), sent.len()), ("9", 1));
}

#[test]
fn item_codes_fit_stay_the_same_and_can_be_searched_for() {
    let sent = |code: &str, name: &str| {
        let mut wanted = draft(code, name);
        wanted.attributes.set("item_subcategory", "152");
        let (_, sent) = create("item", &wanted, "[]", (500, ""), "[]");
        let text = |name: &str| sent[0][name].as_str().unwrap().to_owned();
        (text("identifier"), text("integrationXRef"))
    };
    let long = format!("{}-0001", "ACME-CLOUD-BACKUP".repeat(5));
    let (one, two) = (sent(&long, "x"), sent(&long.replace("0001", "0002"), "x"));
    assert!(one != two && one.0.len() <= 60 && one.1.len() <= 50, "{one:?}");
    assert_eq!(one, sent(&long, "another name"));
    for code in ["a\"b", "*", "O'Neill", "日本", "", "a\\b"] {
        let (identifier, xref) = sent(code, "Name");
        assert!(crate::condition::is_harmless(&identifier) && crate::condition::is_harmless(&xref), "{code}");
    }
    let mut fine = draft("N", "N");
    fine.price = Some(d("0.00001"));
    assert_eq!(create("item", &fine, "[]", (500, ""), "[]").0.unwrap_err().code, "connectwise-price-precision");
    assert_eq!(create("item", &draft("N", "N"), "[]", (500, ""), "[]").0.unwrap_err().code, "connectwise-table-entry");
}
