//! Orders that share an invoice: which one, what is sent, and that no line is lost or added twice.

use counterfoil_sdk::serde_json::{self, Value, json};
use counterfoil_sdk::testing::{Call, Scripted};
use counterfoil_sdk::{Action, Class, Failure, Job, Located, Plan, Receipt, Response, Target};

use super::{CONTACT, CREDIT, INVOICE, bodies, d, day, ground, line, mixed, ok, sale};
use crate::{Xero, tag};

const OTHER: &str = "11111111-2222-4333-8444-555555555555";

fn appending(mut job: Job) -> Job {
    job.settings.set("documents", "append");
    job
}

fn tagged(words: &str, number: &str) -> String {
    format!("{words}{}", tag::suffix(number, &tag::token(&format!("id-{number}"))))
}

fn item(id: &str, description: &str, amount: impl Into<Value>) -> Value {
    let amount = amount.into();
    json!({"LineItemID": id, "Description": description, "Quantity": 1.0, "UnitAmount": amount, "ItemCode": "M365BP",
        "AccountCode": "200", "TaxType": "OUTPUT2", "TaxAmount": 1.5, "LineAmount": amount, "Tracking": [],
        "AccountID": OTHER, "Item": {"ItemID": OTHER}})
}

/// The draft that the order SO1 began, with a line that somebody else added.
fn draft() -> Value {
    json!({"Type": "ACCREC", "InvoiceID": INVOICE, "InvoiceNumber": "CB-SO1", "Reference": "SO1 cf-aaaa",
        "Contact": {"ContactID": CONTACT, "Name": "Acme Ltd"}, "Status": "DRAFT", "CurrencyCode": "USD",
        "LineAmountTypes": "Exclusive", "DateString": "2026-11-03T00:00:00", "DueDateString": "2026-12-03T00:00:00",
        "SubTotal": 25.0, "UpdatedDateUTC": "/Date(1551747281053+0000)/",
        "LineItems": [item("a1", &tagged("Seats", "SO1"), 15.0), item("a2", "Cables, by hand", 10.0)]})
}

fn with(change: impl FnOnce(&mut Value)) -> Value {
    let mut document = draft();
    change(&mut document);
    document
}

fn list(documents: &[Value]) -> String {
    json!({"Invoices": documents}).to_string()
}

/// Plans against a month that has these invoices.
fn planned(job: Job, month: &[Value]) -> Result<Plan, Failure> {
    let body = list(month);
    let mut remote = Scripted::new(|call| match call.query("ContactIDs") {
        Some(contact) => {
            assert_eq!(contact, CONTACT);
            assert_eq!(
                call.query("where"),
                Some(r#"Type=="ACCREC" AND Date>=DateTime(2026,11,01) AND Date<DateTime(2026,12,01)"#)
            );
            ok(&body)
        }
        None => ground(call).unwrap(),
    });
    Xero.plan(&mut remote, &[job]).remove(0)
}

fn outcome(plan: &Result<Plan, Failure>) -> String {
    match plan {
        Ok(plan) => format!("{:?}", plan.changes[0].action),
        Err(failure) => failure.code.clone(),
    }
}

#[test]
fn only_what_is_surely_our_own_draft_of_the_month_is_added_to() {
    for (name, month, want) in [
        ("nothing", vec![], "Create"),
        ("our draft", vec![draft()], "Update"),
        ("submitted", vec![with(|one| one["Status"] = json!("SUBMITTED"))], "Create"),
        ("approved", vec![with(|one| one["Status"] = json!("AUTHORISED"))], "Create"),
        ("paid", vec![with(|one| one["Status"] = json!("PAID"))], "Create"),
        ("voided", vec![with(|one| one["Status"] = json!("VOIDED"))], "Create"),
        ("deleted", vec![with(|one| one["Status"] = json!("DELETED"))], "Create"),
        ("somebody's draft", vec![with(|one| one["LineItems"] = json!([item("a2", "Cables", 10.0)]))], "Create"),
        ("a draft without lines", vec![with(|one| one["LineItems"] = json!([]))], "Create"),
        ("other currency", vec![with(|one| one["CurrencyCode"] = json!("NZD"))], "Create"),
        ("other contact", vec![with(|one| one["Contact"]["ContactID"] = json!(OTHER))], "Create"),
        ("moved to another month", vec![with(|one| one["DateString"] = json!("2026-10-31T00:00:00"))], "Create"),
        ("with tax in it", vec![with(|one| one["LineAmountTypes"] = json!("Inclusive"))], "Create"),
        ("a bill", vec![with(|one| one["Type"] = json!("ACCPAY"))], "Create"),
        ("renumbered", vec![with(|one| one["InvoiceNumber"] = json!("INV-7"))], "Create"),
        ("a line without an id", vec![with(|one| one["LineItems"][1]["LineItemID"] = Value::Null)], "Create"),
        ("copied by somebody", vec![draft(), with(|one| one["InvoiceID"] = json!(OTHER))], "Create"),
    ] {
        let plan = planned(appending(sale("t2", "SO2")), &month);
        assert_eq!(outcome(&plan), want, "{name}: {plan:?}");
    }
}

#[test]
fn what_stands_on_an_invoice_already_is_found_by_its_tag() {
    for (name, month, want) in [
        (
            "our order, there",
            vec![with(|one| {
                one["LineItems"][0] = item("a1", &tagged("Seats", "SO2"), 40.0);
            })],
            "None",
        ),
        (
            "our order, there and paid",
            vec![with(|one| {
                one["Status"] = json!("PAID");
                one["LineItems"][0] = item("a1", &tagged("Seats", "SO2"), 40.0);
            })],
            "None",
        ),
        (
            "our order, edited",
            vec![with(|one| {
                one["LineItems"][0] = item("a1", &tagged("Seats", "SO2"), 39.0);
            })],
            "xero-document-differs",
        ),
        (
            "our order, in another currency",
            vec![with(|one| {
                one["CurrencyCode"] = json!("NZD");
                one["LineItems"][0] = item("a1", &tagged("Seats", "SO2"), 40.0);
            })],
            "xero-document-differs",
        ),
        (
            "our order, twice",
            vec![
                with(|one| one["LineItems"][0] = item("a1", &tagged("Seats", "SO2"), 40.0)),
                with(|one| {
                    one["InvoiceID"] = json!(OTHER);
                    one["LineItems"][0] = item("b1", &tagged("Seats", "SO2"), 40.0);
                }),
            ],
            "xero-document-several",
        ),
    ] {
        let plan = planned(appending(sale("t2", "SO2")), &month);
        assert_eq!(outcome(&plan), want, "{name}: {plan:?}");
    }
}

#[test]
fn of_two_drafts_the_latest_is_added_to() {
    for (day, want) in [("2026-11-02T00:00:00", INVOICE), ("2026-11-04T00:00:00", OTHER)] {
        let other = with(|one| {
            one["InvoiceID"] = json!(OTHER);
            one["InvoiceNumber"] = json!("CB-SO3");
            one["DateString"] = json!(day);
            one["LineItems"] = json!([item("b1", &tagged("Seats", "SO3"), 5.0)]);
        });
        let plan = planned(appending(sale("t2", "SO2")), &[draft(), other]).unwrap();
        assert_eq!(plan.changes[0].target.as_deref(), Some(want), "{day}");
    }
}

#[test]
fn the_preview_says_what_stays_and_what_comes() {
    let plan = planned(appending(sale("t2", "SO2")), &[draft()]).unwrap();
    let change = &plan.changes[0];
    assert_eq!((change.action, change.target.as_deref()), (Action::Update, Some(INVOICE)));
    assert_eq!((change.total.to_string().as_str(), change.lines.len()), ("40.00 USD", 1));
    let cell = |name: &str| {
        let field = change.fields.iter().find(|field| field.name == name).unwrap();
        (field.before.clone().unwrap(), field.after.clone().unwrap())
    };
    for (name, before, after) in [
        ("InvoiceNumber", "CB-SO1", "CB-SO1"),
        ("Status", "DRAFT", "DRAFT"),
        ("Date", "2026-11-03T00:00:00", "2026-11-03T00:00:00"),
        ("LineItems", "2", "3"),
        ("SubTotal", "25.0", "65.0"),
    ] {
        assert_eq!(cell(name), (before.to_owned(), after.to_owned()), "{name}");
    }
    assert!(bodies(&plan).is_empty(), "nothing is created");
}

#[test]
fn on_an_invoice_that_orders_share_credits_stay_a_document_of_their_own() {
    let netting = |number: &str| {
        let mut job = appending(mixed("t2", number));
        job.settings.set("credits", "net");
        job
    };
    let shape = |plan: Plan| -> Vec<(Action, String)> {
        plan.changes.into_iter().map(|change| (change.action, change.total.to_string())).collect()
    };
    let began = with(|one| one["LineItems"] = json!([item("a1", &tagged("Seats", "CH2"), 32.5)]));
    let joined = with(|one| one["LineItems"][1] = item("a2", &tagged("Seats", "CH2"), 40.0));
    for (name, month, want) in [
        ("it begins one", vec![], vec![(Action::Create, "32.50 USD")]),
        (
            "it joins one",
            vec![draft()],
            vec![(Action::Update, "40.00 USD"), (Action::Create, "-7.50 USD"), (Action::Create, "0.00 USD")],
        ),
        ("it began one", vec![began], vec![(Action::None, "32.50 USD")]),
        (
            "it joined one",
            vec![joined],
            vec![(Action::None, "40.00 USD"), (Action::Create, "-7.50 USD"), (Action::Create, "0.00 USD")],
        ),
    ] {
        let want: Vec<(Action, String)> = want.into_iter().map(|(action, total)| (action, total.to_owned())).collect();
        assert_eq!(shape(planned(netting("CH2"), &month).unwrap()), want, "{name}");
    }
}

#[test]
fn the_first_order_begins_the_invoice_and_the_others_of_the_call_wait() {
    let mut remote = Scripted::new(|call| ground(call).unwrap());
    let jobs = [appending(sale("t1", "SO1")), appending(sale("t2", "SO2")), sale("t3", "SO3"), {
        let mut later = appending(sale("t4", "SO4"));
        later.order.effective_on = day("2026-12-01");
        later
    }];
    let plans = Xero.plan(&mut remote, &jobs);
    let outcomes: Vec<String> = plans.iter().map(outcome).collect();
    assert_eq!(outcomes, ["Create", "xero-invoice-begins", "Create", "Create"]);
    let waits = plans[1].as_ref().unwrap_err();
    assert_eq!(waits.class, Class::Transient, "the task stays as it is");
    assert!(waits.message.contains("SO1") && waits.message.contains("plan SO2 again"), "{}", waits.message);
    // What begins it carries tags, so that the others find it; what does not share carries none.
    let described =
        |at: usize| bodies(plans[at].as_ref().unwrap())[0]["LineItems"][0]["Description"].as_str().unwrap().to_owned();
    assert!(described(0).ends_with(&tagged("", "SO1")), "{}", described(0));
    assert!(tag::read(&described(2)).is_none(), "{}", described(2));
}

#[test]
fn an_invoice_of_its_own_and_settings_that_contradict() {
    let mut own = appending(sale("t2", "SO2"));
    own.adjustments =
        vec![counterfoil_sdk::Adjustment { line: String::new(), field: "invoice_number".into(), value: "A-1".into() }];
    let mut remote = Scripted::new(|call| ground(call).unwrap());
    let plan = Xero.plan(&mut remote, &[own]).remove(0).unwrap();
    assert_eq!((plan.changes[0].action, plan.changes[0].key.as_str()), (Action::Create, "invoice:id-SO2:9f8e7d"));
    let mut approved = appending(sale("t2", "SO2"));
    approved.settings.set("status", "AUTHORISED");
    let failure = planned(approved, &[]).unwrap_err();
    assert!(failure.code == "xero-setting" && failure.message.contains("only drafts"), "{failure}");
}

/// Applies a plan to an invoice that stands like this now; gives what was written too.
fn applied(plan: &Plan, now: &Value, answer: Result<Response, Failure>) -> (Result<Receipt, Failure>, Vec<Call>) {
    let shown = list(std::slice::from_ref(now));
    let mut remote = Scripted::new(|call| match call.line().as_str() {
        line if line == format!("GET /Invoices/{INVOICE}") => ok(&shown),
        line if line == format!("POST /Invoices/{INVOICE}") => answer.clone(),
        line => panic!("{line}"),
    });
    let result = Xero.apply(&mut remote, std::slice::from_ref(plan)).remove(0);
    let writes = remote.writes().cloned().collect();
    (result, writes)
}

fn stored() -> Value {
    with(|one| {
        let line = item("a3", &tagged("Seats", "SO2"), 40.0);
        one["LineItems"].as_array_mut().unwrap().push(line);
    })
}

#[test]
fn every_line_is_sent_back_with_its_id_and_the_new_ones_without() {
    let mut foreign = draft();
    foreign["LineItems"][1]["Tracking"] = json!([{"Name": "Region", "Option": "North", "TrackingCategoryID": OTHER}]);
    foreign["LineItems"][1]["DiscountRate"] = json!(12.5);
    foreign["LineItems"]
        .as_array_mut()
        .unwrap()
        .push(json!({"LineItemID": "a9", "Description": "Thank you", "LineAmount": 0.0}));
    let plan = planned(appending(sale("t2", "SO2")), std::slice::from_ref(&foreign)).unwrap();
    let (receipt, writes) = applied(&plan, &foreign, ok(&list(&[stored()])));
    let body: Value = serde_json::from_slice(&writes[0].request.body).unwrap();
    let sent = &body["Invoices"][0];
    let names: Vec<&String> = sent.as_object().unwrap().keys().collect();
    assert_eq!(names, ["InvoiceID", "Status", "LineItems"], "no number, no date, no contact");
    assert_eq!(sent["Status"], "DRAFT", "an approved invoice refuses this");
    let lines = sent["LineItems"].as_array().unwrap();
    let ids: Vec<Option<&str>> = lines.iter().map(|line| line["LineItemID"].as_str()).collect();
    assert_eq!(ids, [Some("a1"), Some("a2"), Some("a9"), None]);
    let kept = json!({"LineItemID": "a2", "Description": "Cables, by hand", "Quantity": 1, "UnitAmount": 10, "ItemCode": "M365BP",
        "AccountCode": "200", "TaxType": "OUTPUT2", "TaxAmount": 1.5, "DiscountRate": 12.5,
        "Tracking": [{"Name": "Region", "Option": "North"}]});
    assert_eq!((&lines[1], &lines[2]), (&kept, &json!({"LineItemID": "a9", "Description": "Thank you"})));
    assert!(lines[3]["Description"].as_str().unwrap().ends_with(&tagged("", "SO2")));
    let receipt = receipt.unwrap();
    let change = &receipt.changes[0];
    assert_eq!((change.action, change.reference.as_str(), change.number.as_str()), (Action::Update, INVOICE, "CB-SO1"));
    assert_eq!(change.total.unwrap().to_string(), "40.00 USD", "its own lines, not the whole invoice");
    // The answer above does not show the line a9: that is said.
    assert!(change.attributes.get("warning").unwrap().contains("a9"));
    // The same plan makes the same write.
    let (_, again) = applied(&plan, &foreign, ok(&list(&[stored()])));
    assert_eq!(writes, again);
}

#[test]
fn what_changed_since_it_was_confirmed_stops_the_write() {
    let plan = planned(appending(sale("t2", "SO2")), &[draft()]).unwrap();
    for (name, now, says) in [
        ("approved", with(|one| one["Status"] = json!("AUTHORISED")), "it is AUTHORISED"),
        ("paid", with(|one| one["Status"] = json!("PAID")), "it is PAID"),
        ("voided", with(|one| one["Status"] = json!("VOIDED")), "it is VOIDED"),
        ("deleted", with(|one| one["Status"] = json!("DELETED")), "it is DELETED"),
        (
            "a line more",
            with(|one| {
                one["LineItems"].as_array_mut().unwrap().push(item("a4", "Screws", 1.0));
            }),
            "\"Screws\" was added by somebody else",
        ),
        (
            "a line less",
            with(|one| drop(one["LineItems"].as_array_mut().unwrap().remove(1))),
            "\"Cables, by hand\" was changed or removed",
        ),
        ("a price", with(|one| one["LineItems"][1]["UnitAmount"] = json!(11.0)), "was changed or removed"),
        ("our line's words", with(|one| one["LineItems"][0]["Description"] = json!("Seats")), "was changed or removed"),
        ("an account", with(|one| one["LineItems"][1]["AccountCode"] = json!("260")), "was changed or removed"),
        ("its date", with(|one| one["DateString"] = json!("2026-11-30T00:00:00")), "its contact, currency, date"),
        ("its contact", with(|one| one["Contact"]["ContactID"] = json!(OTHER)), "its contact, currency, date"),
    ] {
        let (result, writes) = applied(&plan, &now, ok(""));
        let failure = result.unwrap_err();
        assert_eq!((failure.class, failure.code.as_str()), (Class::Conflict, "xero-invoice-changed"), "{name}");
        assert!(failure.message.contains(says) && failure.message.contains("Plan the task again"), "{name}: {failure}");
        assert!(writes.is_empty(), "{name}");
    }
    let mut gone = Scripted::new(|_| Ok(Response::new(404, "")));
    assert_eq!(Xero.apply(&mut gone, &[plan]).remove(0).unwrap_err().code, "xero-invoice-changed");
}

#[test]
fn another_order_that_joined_meanwhile_is_kept() {
    let plan = planned(appending(sale("t2", "SO2")), &[draft()]).unwrap();
    let now = with(|one| {
        one["LineItems"].as_array_mut().unwrap().push(item("a4", &tagged("Seats", "SO9"), 7.0));
    });
    let (receipt, writes) = applied(&plan, &now, ok(&list(&[stored()])));
    assert!(receipt.is_ok());
    assert!(String::from_utf8_lossy(&writes[0].request.body).contains(r#""LineItemID":"a4""#));
}

#[test]
fn lines_that_are_there_are_found_and_never_added_again() {
    let plan = planned(appending(sale("t2", "SO2")), &[draft()]).unwrap();
    let key = plan.changes[0].key.clone();
    let approved = |mut document: Value| {
        document["Status"] = json!("AUTHORISED");
        document
    };
    let edited = with(|one| {
        one["LineItems"].as_array_mut().unwrap().push(item("a3", &tagged("Seats", "SO2"), 41.0));
    });
    for (name, now, located, applies) in [
        ("not there", draft(), "absent", None),
        ("there", stored(), "found", Some(true)),
        ("there and approved", approved(stored()), "found", Some(true)),
        ("edited", edited, "xero-document-differs", Some(false)),
        (
            "the invoice was deleted",
            {
                let mut document = stored();
                document["Status"] = json!("DELETED");
                document
            },
            "absent",
            Some(false),
        ),
    ] {
        let shown = list(std::slice::from_ref(&now));
        let mut remote = Scripted::new(|_| ok(&shown));
        let found = match Xero.locate(&mut remote, &plan, &key) {
            Ok(Located::Found(receipt)) => {
                assert_eq!((receipt.action, receipt.total.unwrap().amount), (Action::Update, d("40")));
                "found".to_owned()
            }
            Ok(Located::Absent) => "absent".to_owned(),
            Ok(Located::Several(_)) => "several".to_owned(),
            Err(failure) => failure.code,
        };
        assert_eq!(found, located, "{name}");
        if let Some(good) = applies {
            let (result, writes) = applied(&plan, &now, ok(""));
            assert_eq!((result.is_ok(), writes.len()), (good, 0), "{name}");
        }
    }
}

#[test]
fn an_answer_of_the_write_that_proves_nothing_stops_what_follows() {
    let plan = planned(appending(mixed("t2", "CH2")), &[draft()]).unwrap();
    let kinds: Vec<&str> = plan.changes.iter().map(|change| change.document.as_str()).collect();
    assert_eq!(kinds, ["invoice", "credit-note", "allocation"], "a credit is a document of its own");
    for (name, answer, class) in [
        ("lost", Err(Failure::unknown_outcome("timeout", "No answer.")), Class::UnknownOutcome),
        ("500", Ok(Response::new(500, "")), Class::UnknownOutcome),
        ("unreadable", ok("{"), Class::UnknownOutcome),
        ("our lines are not on it", ok(&list(&[draft()])), Class::UnknownOutcome),
        ("throttled", Ok(Response::new(429, "")), Class::Throttled),
        (
            "line ids",
            Ok(Response::new(
                400,
                r#"{"Elements":[{"ValidationErrors":[{"Message":"Could not find line item(s) with the following id(s) a1"}]}]}"#,
            )),
            Class::Conflict,
        ),
        (
            "approved in between",
            Ok(Response::new(
                400,
                r#"{"Elements":[{"ValidationErrors":[{"Message":"Invoice not of valid status for modification"}]}]}"#,
            )),
            Class::Conflict,
        ),
    ] {
        let (result, writes) = applied(&plan, &draft(), answer);
        assert_eq!((result.unwrap_err().class, writes.len()), (class, 1), "{name}: no credit note is sent");
    }
}

#[test]
fn a_shared_invoice_is_observed_by_the_orders_own_lines() {
    let plan = planned(appending(sale("t2", "SO2")), &[draft()]).unwrap();
    let (receipt, _) = applied(&plan, &stored(), ok(""));
    let receipt = receipt.unwrap();
    for (name, now, total, lines) in [
        ("all there", stored(), "40.00 USD", 1),
        ("our line was removed", draft(), "0.00 USD", 0),
        (
            "voided",
            {
                let mut one = stored();
                one["Status"] = json!("VOIDED");
                one
            },
            "0.00 USD",
            1,
        ),
    ] {
        let shown = list(std::slice::from_ref(&now));
        let mut remote = Scripted::new(|_| ok(&shown));
        let seen = Xero.observe(&mut remote, std::slice::from_ref(&receipt)).remove(0).unwrap();
        let document = &seen.documents[0];
        assert_eq!((document.total.to_string().as_str(), document.lines.len()), (total, lines), "{name}");
    }
}

#[test]
fn what_began_an_invoice_is_found_by_its_own_lines_when_others_joined() {
    let mut remote = Scripted::new(|call| ground(call).unwrap());
    let plan = Xero.plan(&mut remote, &[appending(sale("t2", "SO2"))]).remove(0).unwrap();
    let joined = with(|one| {
        one["InvoiceNumber"] = json!("CB-SO2");
        one["LineItems"][0] = item("a1", &tagged("Seats", "SO2"), 40.0);
        one["SubTotal"] = json!(50.0);
    });
    let shown = list(&[joined]);
    let mut remote = Scripted::new(|_| ok(&shown));
    let Located::Found(receipt) = Xero.locate(&mut remote, &plan, &plan.changes[0].key).unwrap() else { panic!() };
    assert_eq!(receipt.total.unwrap().amount, d("40"));
    // A later revision of the order has the same tag: it is not billed a second time by itself.
    let mut revised = appending(sale("t3", "SO2"));
    revised.order.revision = "another".into();
    revised.order.lines = vec![line("l1", "resource-recurring", "3", "20", "60")];
    let failure =
        planned(revised, &[serde_json::from_str::<Value>(&shown).unwrap()["Invoices"][0].clone()]).unwrap_err();
    assert_eq!(failure.code, "xero-document-differs", "{CREDIT}");
}
