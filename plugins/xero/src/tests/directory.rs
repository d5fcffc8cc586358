//! Probe, search, get and create.

use counterfoil_sdk::serde_json::Value;
use counterfoil_sdk::testing::Scripted;
use counterfoil_sdk::{Attributes, Class, Currency, Draft, Response, Target, serde_json};

use super::{CONTACT, d, ground, ok};
use crate::Xero;

fn draft(code: &str, name: &str) -> Draft {
    Draft {
        key: "link:party:1000017".into(),
        code: code.into(),
        name: name.into(),
        currency: None,
        price: None,
        cost: None,
        attributes: Attributes::new(),
    }
}

#[test]
fn probe_tells_the_later_lock_date() {
    let mut remote = Scripted::new(|call| ground(call).unwrap());
    let account = Xero.probe(&mut remote).unwrap();
    assert_eq!(
        (account.name.as_str(), account.base_currency, account.country.as_str()),
        ("Demo Reseller", Currency::parse("NZD").unwrap(), "NZ")
    );
    assert_eq!(account.locked_until.unwrap().to_string(), "2026-07-31");
}

#[test]
fn parties_come_in_pages() {
    let body = format!(
        r#"{{"pagination":{{"page":1,"pageSize":100,"pageCount":2,"itemCount":101}},"Contacts":[{{"ContactID":"{CONTACT}","Name":"Acme","ContactNumber":"1000017","TaxNumber":"12-34","EmailAddress":"a@acme.test","ContactStatus":"ARCHIVED"}}]}}"#
    );
    let mut remote = Scripted::new(|_| ok(&body));
    let page = Xero.search(&mut remote, "party", "acme", None).unwrap();
    let party = &page.entities[0];
    assert!(!party.active);
    let attribute = |name| party.attributes.get(name).unwrap();
    assert_eq!(
        (attribute("external-id"), attribute("tax-number"), attribute("email")),
        ("1000017", "12-34", "a@acme.test")
    );
    assert_eq!(page.next.as_deref(), Some("2"));
    let call = &remote.calls()[0];
    assert_eq!(
        (call.query("page"), call.query("searchTerm"), call.query("includeArchived")),
        (Some("1"), Some("acme"), Some("true"))
    );
    assert!(Xero.search(&mut remote, "party", "", Some("x")).is_err());
}

#[test]
fn only_what_can_be_used_is_offered() {
    let mut remote = Scripted::new(|call| ground(call).unwrap());
    let codes = |kind: &str, remote: &mut Scripted<'_>| -> Vec<String> {
        Xero.search(remote, kind, "", None).unwrap().entities.into_iter().map(|entity| entity.code).collect()
    };
    assert_eq!(codes("account", &mut remote), ["200", "260"]);
    assert_eq!(codes("tax-rate", &mut remote), ["OUTPUT2", "NONE"]);
    assert_eq!(codes("currency", &mut remote), ["USD"]);
    assert_eq!(Xero.search(&mut remote, "container", "", None).unwrap_err().class, Class::Unsupported);
    assert!(!Xero.get(&mut remote, "account", &["a2".into()]).unwrap()[0].active);
}

#[test]
fn a_contact_is_adopted_by_its_number_created_or_refused() {
    let created = format!(
        r#"{{"Contacts":[{{"ContactID":"{CONTACT}","Name":"Acme & Co","ContactStatus":"ACTIVE","ContactNumber":"1000017","HasValidationErrors":false}}]}}"#
    );
    let refused = r#"{"Contacts":[{"ContactID":"00000000-0000-0000-0000-000000000000","HasValidationErrors":true,"StatusAttributeString":"ERROR","ValidationErrors":[{"Message":"The contact name Acme is already assigned to another contact. The contact name must be unique across all active contacts."}]}]}"#;
    let archived = created.replace("ACTIVE", "ARCHIVED");
    let other = created.replace("1000017", "1000017x");
    let none = r#"{"Contacts":[]}"#;
    for (name, found, saved, want, writes) in [
        ("new", none, created.as_str(), Ok(CONTACT), 1),
        ("there", created.as_str(), none, Ok(CONTACT), 0),
        ("archived", archived.as_str(), none, Err("xero-contact-archived"), 0),
        ("another number", other.as_str(), created.as_str(), Ok(CONTACT), 1),
        ("name taken", none, refused, Err("xero-contact-name-taken"), 1),
        ("lost", none, "", Err("xero-unreadable"), 1),
    ] {
        let mut remote = Scripted::new(|call| ok(if call.key.is_some() { saved } else { found }));
        let mut wanted = draft("", " Acme  <b>&</b>\tCo ");
        wanted.attributes.set("external-id", "1000017");
        wanted.attributes.set("email", "bill@acme.test");
        let result = Xero.create(&mut remote, "party", &wanted);
        match (&result, want) {
            (Ok(entity), Ok(id)) => assert_eq!(entity.id, id, "{name}"),
            (Err(failure), Err(code)) => assert_eq!(failure.code, code, "{name}"),
            _ => panic!("{name}: {result:?}"),
        }
        assert_eq!(remote.writes().count(), writes, "{name}");
        if let Some(call) = remote.writes().next() {
            let sent: Value = serde_json::from_slice(&call.request.body).unwrap();
            assert_eq!(sent["Contacts"][0]["Name"], "Acme b & /b Co");
            assert_eq!((call.key.as_deref(), call.line().as_str()), (Some("link:party:1000017"), "PUT /Contacts"));
        }
    }
}

#[test]
fn item_codes_fit_and_stay_the_same() {
    let sent_code = |code: &str, name: &str| {
        let mut remote =
            Scripted::new(|call| if call.key.is_some() { Ok(Response::new(500, "")) } else { ok(r#"{"Items":[]}"#) });
        let mut wanted = draft(code, name);
        wanted.price = Some(d("18.7125"));
        assert_eq!(Xero.create(&mut remote, "item", &wanted).unwrap_err().class, Class::UnknownOutcome);
        let sent: Value = serde_json::from_slice(&remote.writes().next().unwrap().request.body).unwrap();
        let item = &sent["Items"][0];
        assert_eq!(
            (item["IsPurchased"].as_bool(), item["SalesDetails"]["UnitPrice"].to_string().as_str()),
            (Some(false), "18.7125")
        );
        assert!(item["Name"].as_str().unwrap().chars().count() <= 50 && item.get("IsTrackedAsInventory").is_none());
        item["Code"].as_str().unwrap().to_owned()
    };
    assert_eq!(sent_code("CFQ7TTC0LH18:0001", "Premium"), "CFQ7TTC0LH18:0001");
    let long = "ACME-CLOUD-BACKUP-ENTERPRISE-EDITION-0001";
    let (one, two) = (sent_code(long, &"Backup ".repeat(20)), sent_code(&long.replace("0001", "0002"), "Backup"));
    assert!(one.len() <= 30 && two.len() <= 30 && one != two, "{one} {two}");
    assert_eq!(one, sent_code(long, "Another name"));
    assert!(!sent_code("A/B", "x").contains('/'));
}

#[test]
fn an_item_with_the_code_is_ours_or_in_the_way() {
    let body = r#"{"Items":[{"ItemID":"i1","Code":"m365bp","Name":"Premium","IsSold":true,"SalesDetails":{"UnitPrice":20.1234,"AccountCode":"200"},"PurchaseDetails":{}}]}"#;
    let mut remote = Scripted::new(|_| ok(body));
    let item = Xero.create(&mut remote, "item", &draft("M365BP", "Premium")).unwrap();
    assert_eq!((item.id.as_str(), item.price), ("i1", Some(d("20.1234"))));
    assert_eq!(Xero.create(&mut remote, "item", &draft("M365BP", "Basic")).unwrap_err().code, "xero-item-code-taken");
    assert_eq!(remote.writes().count(), 0);
    let mut bad = draft("NEW", "New");
    bad.price = Some(d("0.00001"));
    assert_eq!(Xero.create(&mut remote, "item", &bad).unwrap_err().code, "xero-price-precision");
}
