//! What `conditions` mean, what they refuse, and what a quote does to them.

use counterfoil_sim::connectwise::StrayQuote;
use serde_json::json;

use crate::support::{Bench, agreement, bench, bench_with, day, with_field};

const COMPANIES: &str = "/company/companies";

/// Acme (with the bench), `O"Brien`, a deleted one, and "acme ltd " once more.
async fn companies() -> (Bench, [i64; 4]) {
    let bench = bench().await;
    let state = bench.cw.state();
    let quoted = state.add_company("OBRIEN", "O\"Brien");
    let deleted = state.add_company("GONE", "Gone Ltd");
    state.delete_company(deleted);
    let twin = state.add_company("ACME2", "acme ltd ");
    let ids = [bench.company, quoted, deleted, twin];
    (bench, ids)
}

#[tokio::test]
async fn what_fits() {
    let (bench, ids) = companies().await;
    let [acme, quoted, deleted, twin] = ids;
    for (condition, wanted) in [
        ("", vec![acme, quoted, deleted, twin]),
        ("identifier=\"ACME\"", vec![acme]),
        ("identifier='acme'", vec![acme]),
        ("IDENTIFIER = \"acme\"", vec![acme]),
        // Case and trailing blanks do not count, and a star stands for anything.
        ("name=\"ACME LTD\"", vec![acme, twin]),
        ("name=\"acme*\"", vec![acme, twin]),
        ("name like \"*ltd*\"", vec![acme, deleted, twin]),
        ("name like \"%ltd\"", vec![acme, deleted, twin]),
        ("name not like \"*ltd*\"", vec![quoted]),
        ("name contains \"Brien\"", vec![quoted]),
        ("name != \"gone ltd\"", vec![acme, quoted, twin]),
        ("deletedFlag=True", vec![deleted]),
        ("deletedFlag=false and name=\"gone ltd\"", vec![]),
        ("deletedFlag=False or name=\"gone ltd\"", vec![acme, quoted, deleted, twin]),
        ("not (deletedFlag=true or name=\"acme ltd\")", vec![quoted]),
        // And binds before or.
        ("identifier=\"GONE\" or identifier=\"ACME\" and deletedFlag=true", vec![deleted]),
        ("(identifier=\"GONE\" or identifier=\"ACME\") and deletedFlag=false", vec![acme]),
        ("identifier in (\"GONE\", \"ACME2\")", vec![deleted, twin]),
        ("identifier not in (\"GONE\", \"ACME2\")", vec![acme, quoted]),
        ("defaultContact/firstName=\"bob\"", vec![acme, quoted, deleted, twin]),
        ("status/name=\"Active\" and identifier=\"GONE\"", vec![deleted]),
        // What is not there is neither equal nor unequal.
        ("website = null", vec![acme, quoted, deleted, twin]),
        ("website != null", vec![]),
        ("website = \"x\"", vec![]),
        ("website != \"x\"", vec![]),
        ("not website = \"x\"", vec![]),
        ("website = \"x\" or identifier=\"ACME\"", vec![acme]),
        ("lastUpdated > [2026-11-14T00:00:00Z]", vec![acme, quoted, deleted, twin]),
        ("lastUpdated > [2026-11-16]", vec![]),
    ] {
        let found = bench.client.asked(COMPANIES, "conditions", condition).await;
        assert_eq!(found.ids(), wanted, "{condition}");
        let count = bench.client.asked("/company/companies/count", "conditions", condition).await;
        assert_eq!(count.json(), json!({"count": wanted.len()}), "{condition}");
    }
    for (id, wanted) in
        [("=", vec![quoted]), ("<", vec![acme]), (">=", vec![quoted, deleted, twin]), ("<=", vec![acme, quoted])]
    {
        let found = bench.client.asked(COMPANIES, "conditions", &format!("id {id} {quoted}")).await;
        assert_eq!(found.ids(), wanted, "{id}");
    }
}

#[tokio::test]
async fn agreements_and_their_dates() {
    let bench = bench().await;
    let state = bench.cw.state();
    let other = state.add_company("OTHER", "Other");
    let theirs = state.add_agreement(&agreement(other, true));
    let ended = state.add_agreement(&agreement(bench.company, false));
    state.set_end(ended, day("2026-11-14"));
    let cancelled = state.add_agreement(&agreement(bench.company, false));
    state.cancel_agreement(cancelled);
    let list = "/finance/agreements";
    let own = bench.company;
    for (condition, wanted) in [
        (format!("company/id={own}"), vec![bench.agreement, ended, cancelled]),
        (format!("company/id = {own} and agreementStatus=\"Active\""), vec![bench.agreement]),
        ("agreementStatus=\"expired\"".to_owned(), vec![ended]),
        ("cancelledFlag=true".to_owned(), vec![cancelled]),
        ("company/identifier=\"OTHER\"".to_owned(), vec![theirs]),
        ("billingCycle/name=\"Our Monthly\" and prorateFlag=true".to_owned(), vec![theirs]),
        ("endDate = null".to_owned(), vec![bench.agreement, theirs, cancelled]),
        ("endDate >= [2026-11-14]".to_owned(), vec![ended]),
        ("endDate < [2026-11-14T00:00:00Z]".to_owned(), vec![]),
        ("parentAgreement/id = null".to_owned(), vec![bench.agreement, theirs, ended, cancelled]),
    ] {
        assert_eq!(bench.client.asked(list, "conditions", &condition).await.ids(), wanted, "{condition}");
    }
    state.switch(|switches| switches.day_edges_missed = true);
    assert!(bench.client.asked(list, "conditions", "endDate >= [2026-11-14]").await.ids().is_empty());
    assert_eq!(bench.client.asked(list, "conditions", "endDate > [2026-11-13]").await.ids(), [ended]);
}

#[tokio::test]
async fn what_is_refused_whatever_there_is() {
    let bench = bench().await;
    let additions = bench.additions();
    // No addition is there: a wrong name is refused all the same.
    for (path, condition, told) in [
        (COMPANIES, "board/name=\"x\"", "board/name is not a recognized name."),
        (COMPANIES, "types/name=\"x\"", "types/name is not a recognized name."),
        (COMPANIES, "status=\"x\"", "status is not a recognized name."),
        (COMPANIES, "country/nme=\"x\"", "country/nme is not a recognized name."),
        (COMPANIES, "customFields=\"x\"", "customFields is not a recognized name."),
        (COMPANIES, "identifier=\"ACME\" or nothing=1", "nothing is not a recognized name."),
        (additions.as_str(), "additionStatus=\"x\"", "additionStatus is not a recognized name."),
        (additions.as_str(), "product/name=\"x\"", "product/name is not a recognized name."),
        (additions.as_str(), "agreementStatus like \"Act*\"", "Enum value supplied was invalid"),
        (additions.as_str(), "billCustomer=\"Yes\"", "Enum value supplied was invalid"),
        (COMPANIES, "name=\"x", "a quote is not closed"),
        (COMPANIES, "name=\"x\"y\"", "cannot be read"),
        (COMPANIES, "name=\"x\\\"y\"", "cannot be read"),
        (COMPANIES, "name=x", "a value is expected"),
        (COMPANIES, "name", "an operator is expected"),
        (COMPANIES, "name=\"x\" and", "a field is expected"),
        (COMPANIES, "lastUpdated > [soon]", "a date cannot be read"),
        (COMPANIES, "id in 1", "a list is expected"),
    ] {
        let reply = bench.client.asked(path, "conditions", condition).await;
        assert_eq!(reply.status, 400, "{condition}: {}", reply.text);
        assert_eq!(reply.json()["code"], "ApiFindCondition", "{condition}");
        assert!(reply.text.contains(told), "{condition}: {}", reply.text);
    }
    let deep = format!("{}id=1{}", "(".repeat(300), ")".repeat(300));
    assert_eq!(bench.client.asked(COMPANIES, "conditions", &deep).await.status, 400);
    bench.cw.state().switch(|switches| switches.unfilterable = vec!["inactiveFlag".to_owned()]);
    let reply = bench.client.asked("/procurement/catalog", "conditions", "inactiveFlag=false").await;
    assert_eq!((reply.status, reply.json()["code"].as_str()), (400, Some("ApiFindCondition")));
}

/// A name that is written between quotes as it is.
#[tokio::test]
async fn a_quote_in_a_name_ends_the_text() {
    let (bench, ids) = companies().await;
    let everyone = ids.to_vec();
    let asked = |name: &str| format!("name=\"{name}\"");
    for (name, refused, injected) in [
        // Readable as it stands: nobody refuses it, and everybody is found.
        ("x\" or id > 0 or name=\"", Some(everyone.clone()), everyone.clone()),
        ("x\" or deletedFlag=true or name=\"", Some(vec![ids[2]]), vec![ids[2]]),
        // Only where what cannot be read is skipped.
        ("O\"Brien", None, everyone.clone()),
        ("x\" or id > 0", None, everyone.clone()),
        ("O''Brien", Some(vec![]), vec![]),
        ("Gone Ltd", Some(vec![ids[2]]), vec![ids[2]]),
    ] {
        bench.cw.state().switch(|switches| switches.stray_quote = StrayQuote::Refused);
        let reply = bench.client.asked(COMPANIES, "conditions", &asked(name)).await;
        match refused {
            Some(wanted) => assert_eq!(reply.ids(), wanted, "{name}"),
            None => assert_eq!(reply.status, 400, "{name}: {}", reply.text),
        }
        bench.cw.state().switch(|switches| switches.stray_quote = StrayQuote::Injects);
        assert_eq!(bench.client.asked(COMPANIES, "conditions", &asked(name)).await.ids(), injected, "{name}");
    }
}

#[tokio::test]
async fn children_and_custom_fields_have_conditions_of_their_own() {
    let bench = bench_with(with_field()).await;
    for (condition, fits) in
        [("types/name=\"customer\"", true), ("types/name=\"Vendor\"", false), ("types/id > 0", true)]
    {
        let found = bench.client.asked(COMPANIES, "childConditions", condition).await.ids();
        assert_eq!(found.len(), usize::from(fits), "{condition}");
    }
    for condition in ["types/nme=\"x\"", "name=\"Acme Ltd\"", "status/name=\"x\""] {
        assert_eq!(bench.client.asked(COMPANIES, "childConditions", condition).await.status, 400, "{condition}");
    }
    let marked = bench.created(&json!({"customFields": [{"id": 7, "value": "cb:1"}]})).await["id"].as_i64().unwrap();
    bench.created(&json!({"customFields": [{"id": 8, "value": "cb:1"}]})).await;
    for (condition, wanted) in [
        ("caption=\"Marker\" AND value = \"cb:1\"", vec![marked]),
        ("caption=\"Marker\" AND value = \"cb:2\"", vec![]),
        ("caption=\"Marker\" AND value != \"cb:2\"", vec![marked]),
    ] {
        assert_eq!(bench.client.asked(&bench.additions(), "customFieldConditions", condition).await.ids(), wanted);
    }
    assert_eq!(bench.client.asked(&bench.additions(), "customFieldConditions", "name=\"x\"").await.status, 400);
}
