//! Search and look-up: no injection, no wrong match.

use counterfoil_sdk::testing::Scripted;
use counterfoil_sdk::{Class, Target, encode};

use super::{d, no, ok, tenant};
use crate::ConnectWise;

const HOSTILE: [&str; 12] = [
    "Acme\" or deletedFlag = True or name = \"",
    "' or '1'='1",
    "O'Neill",
    "100% *",
    "[2020-01-01]",
    "back\\slash",
    "\u{feff}Acme\u{200b}",
    "Acme 😀 GmbH",
    "a\nb\0c",
    "1) or (id > 0",
    "\"",
    "*",
];

#[test]
fn nothing_that_a_person_writes_leaves_its_quotes() {
    let long = "n".repeat(300);
    let wide = "日本".repeat(150);
    let all = HOSTILE.into_iter().chain([long.as_str(), wide.as_str()]);
    for query in all {
        for kind in ["party", "item", "container", "contact", "company-status", "currency"] {
            let mut remote = Scripted::new(tenant);
            ConnectWise.search(&mut remote, kind, query, None).unwrap();
            for call in remote.calls() {
                let conditions = call.query("conditions").unwrap_or_default();
                // Between the quotes stand harmless characters only, and quotes come in pairs.
                let parts: Vec<&str> = conditions.split('"').collect();
                assert!(parts.len() % 2 == 1, "{conditions}");
                let quoted = parts.iter().skip(1).step_by(2);
                assert!(quoted.clone().all(|text| crate::condition::is_harmless(text)), "{query:?}: {conditions}");
                let outside: String = parts.iter().step_by(2).copied().collect();
                assert!(!outside.contains(['\'', '*', '%', '[', '\\', '>', '<']), "{query:?}: {conditions}");
                let length: usize = call.request.path.len()
                    + call
                        .request
                        .query
                        .iter()
                        .map(|(n, v)| encode::query(n).len() + encode::query(v).len() + 2)
                        .sum::<usize>();
                assert!(length < 1_900, "{length} {conditions}");
            }
        }
    }
}

#[test]
fn what_over_matches_is_dropped_here() {
    // The server answers everything to everybody; only what has the words is shown.
    let two = r#"[{"id":1,"identifier":"A","name":"Acme Ltd","deletedFlag":false},{"id":2,"identifier":"B","name":"Acme Ltd (deleted)","deletedFlag":true},{"id":3,"identifier":"AcmeX","name":"\ufeffO'Neill*","deletedFlag":false},{"id":10,"identifier":"C","name":"Other","deletedFlag":false}]"#;
    for (query, want) in [
        ("acme", vec!["1", "3"]),
        ("ACME LTD", vec!["1"]),
        ("o'neill*", vec!["3"]),
        ("A*", vec![]),
        ("1", vec!["1"]),
        ("10", vec!["10"]),
        ("", vec!["1", "3", "10"]),
    ] {
        let mut remote = Scripted::new(|_| ok(two));
        let page = ConnectWise.search(&mut remote, "party", query, None).unwrap();
        let ids: Vec<&str> = page.entities.iter().map(|entity| entity.id.as_str()).collect();
        assert_eq!(ids, want, "{query}");
        assert!(remote.calls()[0].query("conditions").unwrap().starts_with("deletedFlag = False"));
    }
}

#[test]
fn entities_carry_what_links_need() {
    let mut remote = Scripted::new(tenant);
    let party = ConnectWise.get(&mut remote, "party", &["42".into()]).unwrap().remove(0);
    assert_eq!((party.code.as_str(), party.name.as_str(), party.active), ("GreenLane", "Green Lane LLC", true));
    assert_eq!(
        (party.attributes.get("tax-number"), party.attributes.get("default-contact")),
        (Some("DE 811 2345"), Some("77"))
    );
    let item = ConnectWise.get(&mut remote, "item", &["1021".into()]).unwrap().remove(0);
    assert_eq!((item.code.as_str(), item.price, item.cost), ("M365-BB", Some(d("12.5")), Some(d("9.80"))));
    assert_eq!(item.attributes.get("external-id"), Some("CFQ7TTC0LH18:0001"));
    let contact = ConnectWise.search(&mut remote, "contact", "42", None).unwrap().entities.remove(0);
    assert_eq!((contact.name.as_str(), contact.attributes.get("party")), ("Bob Dobbs", Some("42")));
    let cycle = ConnectWise.get(&mut remote, "billing-cycle", &["1".into()]).unwrap().remove(0);
    assert_eq!((cycle.name.as_str(), cycle.cycle.as_deref()), ("Jeden Monat", Some("P1M")));
    assert_eq!(ConnectWise.search(&mut remote, "currency", "", None).unwrap().entities[0].id, "USD");
    let statuses = ConnectWise.search(&mut remote, "company-status", "", None).unwrap().entities;
    assert_eq!(statuses.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["Active", "Credit Hold"]);
    assert_eq!(ConnectWise.search(&mut remote, "account", "", None).unwrap_err().class, Class::Unsupported);
}

#[test]
fn bundles_and_inactive_items_are_shown_with_the_reason() {
    for (class, inactive, why) in [
        ("Agreement", false, None),
        ("NonInventory", false, None),
        ("Bundle", false, Some("is a bundle, which cannot be an addition")),
        ("Agreement", true, Some("is inactive")),
    ] {
        let body = format!(
            r#"[{{"id":1,"identifier":"X","description":"X","productClass":"{class}","inactiveFlag":{inactive}}}]"#
        );
        let mut remote = Scripted::new(|_| ok(&body));
        let item = ConnectWise.get(&mut remote, "item", &["1".into()]).unwrap().remove(0);
        assert_eq!((item.active, item.attributes.get("why-inactive")), (why.is_none(), why), "{class} {inactive}");
    }
}

#[test]
fn ids_that_are_none_are_nobody_s() {
    let mut remote = Scripted::new(|_| no(500, ""));
    for kind in ["party", "item", "container", "contact"] {
        let ids: Vec<String> = ["x", "0", "-1", "1 or 1=1", "1)", ""].iter().map(|id| (*id).to_owned()).collect();
        assert!(ConnectWise.get(&mut remote, kind, &ids).unwrap().is_empty(), "{kind}");
    }
    assert!(remote.calls().is_empty());
}

#[test]
fn what_is_refused_names_the_role() {
    let mut remote = Scripted::new(|_| no(403, super::NOT_ALLOWED));
    let failure = ConnectWise.search(&mut remote, "item", "", None).unwrap_err();
    assert_eq!(failure.class, Class::Forbidden);
    assert!(failure.message.contains("Procurement > Product Catalog (Inquire)"), "{failure}");
}
