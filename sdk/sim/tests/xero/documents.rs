//! Invoices and credit notes: arithmetic, checks, numbers, status, editing, allocation.

use std::str::FromStr;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::support::{bench, invoices};

fn line(patch: Value) -> Value {
    let mut line =
        json!({"Description": "d", "Quantity": 1, "UnitAmount": 10, "AccountCode": "200", "TaxType": "NONE"});
    for (name, value) in patch.as_object().unwrap() {
        if value.is_null() {
            line.as_object_mut().unwrap().remove(name);
        } else {
            line[name] = value.clone();
        }
    }
    line
}

/// Lines (as patches), LineAmountTypes, unitdp=4 or not, then SubTotal, TotalTax, Total.
#[tokio::test]
async fn arithmetic() {
    let bench = bench().await;
    bench.xero.state().add_item("SEAT", "Seat", Decimal::new(125, 1), "200");
    let taxed = |unit: &str| json!({"UnitAmount": serde_json::from_str::<Value>(unit).unwrap(), "TaxType": "OUTPUT2"});
    let table = [
        (
            "tax by line",
            vec![taxed("25.06"), taxed("25.61"), taxed("25.63")],
            "Exclusive",
            4,
            "76.30",
            "11.44",
            "87.74",
        ),
        (
            "inclusive",
            vec![json!({"UnitAmount": 115, "TaxType": "OUTPUT2"})],
            "Inclusive",
            4,
            "100.00",
            "15.00",
            "115.00",
        ),
        ("no tax", vec![json!({"UnitAmount": 115, "TaxType": "OUTPUT2"})], "NoTax", 4, "115.00", "0.00", "115.00"),
        ("four places", vec![json!({"Quantity": 100, "UnitAmount": 0.1648})], "Exclusive", 4, "16.48", "0.00", "16.48"),
        (
            "two places first",
            vec![json!({"Quantity": 100, "UnitAmount": 0.1648})],
            "Exclusive",
            2,
            "16.00",
            "0.00",
            "16.00",
        ),
        (
            "half away from zero",
            vec![json!({"Quantity": 1.5, "UnitAmount": 10.95})],
            "Exclusive",
            4,
            "16.43",
            "0.00",
            "16.43",
        ),
        ("negative line", vec![json!({}), json!({"UnitAmount": -4})], "Exclusive", 4, "6.00", "0.00", "6.00"),
        ("total zero", vec![json!({}), json!({"UnitAmount": -10})], "Exclusive", 4, "0.00", "0.00", "0.00"),
        ("default tax of the account", vec![json!({"TaxType": null})], "Exclusive", 4, "10.00", "1.50", "11.50"),
        (
            "tax overridden",
            vec![json!({"TaxType": "OUTPUT2", "TaxAmount": 1.49})],
            "Exclusive",
            4,
            "10.00",
            "1.49",
            "11.49",
        ),
        (
            "discount cuts",
            vec![json!({"UnitAmount": 2120.44, "DiscountRate": 10})],
            "Exclusive",
            4,
            "1908.39",
            "0.00",
            "1908.39",
        ),
        (
            "matching line amount",
            vec![json!({"Quantity": 3, "LineAmount": 30})],
            "Exclusive",
            4,
            "30.00",
            "0.00",
            "30.00",
        ),
        (
            "text only line",
            vec![json!({}), json!({"Quantity": null, "UnitAmount": null, "AccountCode": null, "TaxType": null})],
            "Exclusive",
            4,
            "10.00",
            "0.00",
            "10.00",
        ),
        (
            "from the item",
            vec![json!({"ItemCode": "SEAT", "Quantity": 2, "UnitAmount": null, "AccountCode": null, "TaxType": null})],
            "Exclusive",
            4,
            "25.00",
            "3.75",
            "28.75",
        ),
        ("quantity as text", vec![json!({"Quantity": "2"})], "Exclusive", 4, "20.00", "0.00", "20.00"),
        (
            "sub-cent unit without unitdp",
            vec![json!({}), json!({"Quantity": 2, "UnitAmount": 0.001})],
            "Exclusive",
            2,
            "10.00",
            "0.00",
            "10.00",
        ),
    ];
    let mut sum = Decimal::ZERO;
    for (name, lines, tax_mode, places, sub_total, tax, total) in table {
        let lines: Vec<Value> = lines.into_iter().map(line).collect();
        let body = bench.invoice(json!({"LineItems": lines, "LineAmountTypes": tax_mode}));
        let reply = bench.client.send("PUT", &format!("Invoices?unitdp={places}"), &invoices([body])).await;
        assert_eq!(reply.status, 200, "{name}: {}", reply.text);
        let wanted = format!("\"SubTotal\":{sub_total},\"TotalTax\":{tax},\"Total\":{total},");
        assert!(reply.text.contains(&wanted), "{name}: wanted {wanted} in {}", reply.text);
        sum += Decimal::from_str(sub_total).unwrap();
    }
    assert_eq!(bench.xero.state().net_total(), sum);
}

/// Everything here is refused, with nothing stored.
#[tokio::test]
async fn refusals() {
    let bench = bench().await;
    let state = bench.xero.state();
    let gone = state.add_contact("Gone", None);
    state.edit_contact(&gone, |contact| contact.archived = true);
    state.set_lock_dates(None, NaiveDate::from_ymd_opt(2026, 7, 31));
    let one = |patch: Value| json!({"LineItems": [line(patch)]});
    let table = [
        (
            "negative",
            json!({"LineItems": [line(json!({})), line(json!({"UnitAmount": -10.01}))]}),
            vec!["The Total for this document must be greater than or equal to zero."],
        ),
        (
            "sub-cent",
            one(json!({"Quantity": 2, "UnitAmount": 0.001})),
            vec!["Account must be valid.", "Tax rate must be valid."],
        ),
        (
            "line amount",
            one(json!({"Quantity": 3, "LineAmount": 0})),
            vec!["The line total 0 does not match the expected line total 30"],
        ),
        ("item", one(json!({"ItemCode": "X"})), vec!["Item code 'X' is not valid"]),
        (
            "item too long",
            one(json!({"ItemCode": "X".repeat(31)})),
            vec!["The field ItemCode must be a string with a maximum length of 30."],
        ),
        (
            "account",
            one(json!({"AccountCode": "999"})),
            vec!["Account code '999' is not a valid code for this document."],
        ),
        ("tax type", one(json!({"TaxType": "TAX001"})), vec!["The TaxType code 'TAX001' does not exist"]),
        (
            "tax type of expenses",
            one(json!({"TaxType": "INPUT2"})),
            vec!["The TaxType code 'INPUT2' cannot be used with account code '200'."],
        ),
        (
            "discount above",
            one(json!({"UnitAmount": -4, "DiscountAmount": 0})),
            vec!["Discount must not be greater than the line total"],
        ),
        (
            "tracking",
            one(json!({"Tracking": [{"Name": "Vendor", "Option": "X"}]})),
            vec!["The Tracking option 'X' of category 'Vendor' is not valid"],
        ),
        ("no description", one(json!({"Description": ""})), vec!["Description cannot be empty"]),
        (
            "long description",
            one(json!({"Description": "d".repeat(4001)})),
            vec!["The field Description must be a string with a maximum length of 4000."],
        ),
        ("no contact", json!({"Contact": null}), vec!["A Contact must be specified for this type of document"]),
        (
            "unknown contact",
            json!({"Contact": {"ContactID": "00000000-0000-4000-8000-000000000000"}}),
            vec!["The contact with ContactID 00000000-0000-4000-8000-000000000000 could not be found"],
        ),
        (
            "archived contact",
            json!({"Contact": {"ContactID": gone}}),
            vec![
                "The contact with the specified contact details has been archived. The contact must be un-archived before creating new invoices or credit notes.",
            ],
        ),
        ("currency", json!({"CurrencyCode": "EUR"}), vec!["Organisation is not subscribed to currency EUR"]),
        (
            "locked",
            json!({"Date": "2026-07-31"}),
            vec!["The document date cannot be before the end of year lock date, currently set at 31-Jul-2026"],
        ),
        ("no lines", json!({"LineItems": []}), vec!["At least one line item is required"]),
        ("born paid", json!({"Status": "PAID"}), vec!["The document status is not valid for a new document"]),
        (
            "approved without dates",
            json!({"Status": "AUTHORISED", "Date": null, "DueDate": null}),
            vec!["Date cannot be empty", "DueDate cannot be empty"],
        ),
        (
            "approved without account",
            json!({"Status": "AUTHORISED", "LineItems": [line(json!({"AccountCode": null}))]}),
            vec!["Account code must be specified"],
        ),
        ("back link", json!({"Url": "https://xero.example"}), vec!["The Url is not valid"]),
        (
            "total said wrong",
            json!({"Total": 41}),
            vec!["The document total 41 does not match the expected total 40.00"],
        ),
        ("type", json!({"Type": "SALE"}), vec!["The document Type is missing or not valid"]),
    ];
    for (name, patch, wanted) in table {
        let reply = bench.client.send("PUT", "Invoices?unitdp=4", &invoices([bench.invoice(patch)])).await;
        assert_eq!(reply.status, 400, "{name}: {}", reply.text);
        let body = reply.json();
        assert_eq!(
            (body["ErrorNumber"].as_i64(), body["Type"].as_str()),
            (Some(10), Some("ValidationException")),
            "{name}"
        );
        assert_eq!(reply.messages(), wanted, "{name}");
        assert!(state.documents().is_empty(), "{name} stored something");
    }
    let note = json!({"CreditNotes": [bench.credit_note(json!({"LineItems": [line(json!({"DiscountRate": 5}))]}))]});
    let reply = bench.client.send("PUT", "CreditNotes", &note).await;
    assert_eq!(reply.messages(), ["Discounts can only be applied to sales invoices and quotes"]);
}

/// Whole-request faults: 400 before anything is processed, with the vendor's error numbers.
#[tokio::test]
async fn unreadable_bodies() {
    let bench = bench().await;
    let good = bench.invoice(json!({}));
    let ill_typed = bench.invoice(json!({"LineItems": [line(json!({"Quantity": "two"}))]}));
    let table = [
        ("broken", "{\"Invoices\":[".to_owned(), 14),
        ("number", "7".to_owned(), 14),
        ("ill-typed after a good one", invoices([good.clone(), ill_typed]).to_string(), 14),
        ("misspelt field", invoices([bench.invoice(json!({"Referense": "x"}))]).to_string(), 14),
        ("date", invoices([bench.invoice(json!({"Date": "01/11/2026"}))]).to_string(), 14),
        ("list is an object", json!({"Invoices": {}}).to_string(), 14),
        ("lower case wrapper", json!({"invoices": [good]}).to_string(), 17),
        ("empty", json!({"Invoices": []}).to_string(), 17),
        ("nothing", "{}".to_owned(), 17),
    ];
    for (name, body, number) in table {
        let reply = bench.client.try_call("PUT", "Invoices?summarizeErrors=false", None, Some(body)).await.unwrap();
        assert_eq!((reply.status, reply.json()["ErrorNumber"].as_i64()), (400, Some(number)), "{name}: {}", reply.text);
    }
    assert!(bench.xero.state().documents().is_empty());
}

#[tokio::test]
async fn numbers_stay_occupied() {
    let bench = bench().await;
    let first = bench.created(json!({"Status": "AUTHORISED"})).await;
    assert_eq!(first["InvoiceNumber"], "INV-0001");
    bench.created(json!({"InvoiceNumber": "INV-0002"})).await;
    assert_eq!(bench.created(json!({})).await["InvoiceNumber"], "INV-0003", "an occupied number is skipped");
    let id = first["InvoiceID"].as_str().unwrap();
    let void = bench.client.send("POST", &format!("Invoices/{id}"), &json!({"Status": "VOIDED"})).await;
    assert_eq!(void.json()["Invoices"][0]["Status"], "VOIDED", "{}", void.text);
    for (method, message) in
        [("PUT", "Invoice # must be unique."), ("POST", "Invoice not of valid status for modification")]
    {
        let body = invoices([bench.invoice(json!({"InvoiceNumber": "inv-0001"}))]);
        assert_eq!(bench.client.send(method, "Invoices", &body).await.messages(), [message]);
    }
    let twice = bench.invoice(json!({"InvoiceNumber": "TWICE"}));
    let reply = bench.client.send("PUT", "Invoices?summarizeErrors=false", &invoices([twice.clone(), twice])).await;
    let list = reply.json()["Invoices"].clone();
    assert_eq!(
        (list[0]["StatusAttributeString"].as_str(), list[1]["StatusAttributeString"].as_str()),
        (Some("OK"), Some("ERROR"))
    );
    assert_eq!(bench.created_note(json!({})).await["CreditNoteNumber"], "CN-0001");
}

#[tokio::test]
async fn post_with_a_known_number_edits() {
    let bench = bench().await;
    let before = bench.created(json!({"InvoiceNumber": "SO-1", "Reference": "a"})).await;
    let body = invoices([bench.invoice(json!({"InvoiceNumber": "SO-1", "Reference": "b"}))]);
    let after = bench.client.send("POST", "Invoices", &body).await.json()["Invoices"][0].clone();
    assert_eq!((&after["InvoiceID"], after["Reference"].as_str()), (&before["InvoiceID"], Some("b")));
    assert_eq!(bench.xero.state().documents().len(), 1);
    let refused = bench.client.send("PUT", "Invoices", &body).await;
    assert_eq!(refused.messages(), ["Invoice # must be unique."], "PUT only creates");
}

#[tokio::test]
async fn status_machine() {
    let table = [
        ("DRAFT", "SUBMITTED", true),
        ("DRAFT", "AUTHORISED", true),
        ("DRAFT", "DELETED", true),
        ("DRAFT", "VOIDED", false),
        ("DRAFT", "PAID", false),
        ("SUBMITTED", "AUTHORISED", true),
        ("SUBMITTED", "DELETED", true),
        ("AUTHORISED", "DRAFT", false),
        ("AUTHORISED", "SUBMITTED", false),
        ("AUTHORISED", "DELETED", false),
        ("AUTHORISED", "VOIDED", true),
        ("AUTHORISED", "AUTHORISED", true),
        ("DRAFT", "NONSENSE", false),
    ];
    let bench = bench().await;
    for (from, to, allowed) in table {
        let id = bench.created(json!({"Status": from})).await["InvoiceID"].as_str().unwrap().to_owned();
        let reply = bench.client.send("POST", &format!("Invoices/{id}"), &json!({"Status": to})).await;
        assert_eq!(reply.status == 200, allowed, "{from} → {to}: {}", reply.text);
        let stored = bench.xero.state().invoices().into_iter().find(|one| one.id == id).unwrap();
        assert_eq!(stored.status.as_str(), if allowed { to } else { from });
    }
}

#[tokio::test]
async fn an_update_replaces_the_line_set() {
    let bench = bench().await;
    let lines = [line(json!({})), line(json!({"UnitAmount": 7}))];
    let created = bench.created(json!({"LineItems": lines})).await;
    let path = format!("Invoices/{}", created["InvoiceID"].as_str().unwrap());
    let kept = json!({"LineItemID": created["LineItems"][0]["LineItemID"]});
    let foreign = json!({"LineItemID": "11111111-1111-4111-8111-111111111111", "Description": "x"});
    let reply = bench.client.send("POST", &path, &json!({"LineItems": [kept, foreign]})).await;
    assert!(reply.messages()[0].starts_with("Could not find line item(s) with the following id(s)"), "{}", reply.text);
    let added = line(json!({"UnitAmount": 5}));
    let reply = bench.client.send("POST", &path, &json!({"LineItems": [kept, added]})).await.json();
    let invoice = &reply["Invoices"][0];
    let amounts: Vec<String> =
        bench.xero.state().invoices()[0].lines.iter().map(|line| line.line_amount.to_string()).collect();
    assert_eq!(amounts, ["10.00", "5.00"], "the line that was not sent again is gone");
    assert_eq!(invoice["LineItems"][0]["LineItemID"], created["LineItems"][0]["LineItemID"]);
    bench.client.send("POST", &path, &json!({"Reference": "r"})).await;
    assert_eq!(bench.xero.state().invoices()[0].lines.len(), 2, "no lines said, no lines changed");
}

/// What a client shows it can send back: every line as it was read, and only the ids decide which stay.
#[tokio::test]
async fn lines_that_are_sent_back_as_they_were_read_stay_as_they_are() {
    let bench = bench().await;
    let state = bench.xero.state();
    state.add_tracking_category("Vendor", &["Acme"]);
    let rich = line(json!({"UnitAmount": 2120.44, "DiscountRate": 10, "TaxType": "OUTPUT2", "TaxAmount": 1.49,
        "Tracking": [{"Name": "Vendor", "Option": "Acme"}]}));
    let created = bench.created(json!({"LineItems": [line(json!({})), rich]})).await;
    let id = created["InvoiceID"].as_str().unwrap();
    let by_hand = state.add_line(id, "by hand", Decimal::from(3)).unwrap();
    let path = format!("Invoices/{id}?unitdp=4");
    let shown = bench.client.get(&path).await.json();
    let mut back: Vec<Value> = shown["Invoices"][0]["LineItems"].as_array().unwrap().clone();
    for line in &mut back {
        for made in ["LineAmount", "Item", "AccountID", "DiscountAmount"] {
            line.as_object_mut().unwrap().remove(made);
        }
    }
    let before = state.invoices()[0].clone();
    bench.xero.clock().advance(chrono::Duration::seconds(90));
    back.push(line(json!({"UnitAmount": 5})));
    let body = json!({"Invoices": [{"InvoiceID": id, "Status": "DRAFT", "LineItems": back}]});
    let reply = bench.client.send("POST", &path, &body).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let after = state.invoices()[0].clone();
    assert_eq!((&after.lines[..3], after.lines.len()), (&before.lines[..], 4));
    assert_eq!((after.lines[2].id.as_str(), after.sub_total), (by_hand.as_str(), before.sub_total + Decimal::from(5)));
    assert_eq!(after.updated - before.updated, chrono::Duration::seconds(90), "the stamp moves with every write");
    assert_eq!(after.number, before.number);

    // A tax that somebody set is lost when it is not sent back, and a line when its id is not.
    let forgetful = json!({"LineItems": [{"LineItemID": before.lines[1].id, "Description": "d"}]});
    assert_eq!(bench.client.send("POST", &path, &forgetful).await.status, 200);
    let after = state.invoices()[0].clone();
    assert_eq!((after.lines.len(), after.lines[0].tax_amount == before.lines[1].tax_amount), (1, false));
    // Approved meanwhile: it does not become a draft again, so nothing is added by accident.
    state.edit_document(counterfoil_sim::xero::DocumentKind::Invoice, id, |invoice| {
        invoice.status = counterfoil_sim::xero::Status::Authorised;
    });
    let reply = bench.client.send("POST", &path, &body).await;
    assert_eq!(reply.messages(), ["Invoice not of valid status for modification"]);
}

#[tokio::test]
async fn a_credit_note_may_have_negative_lines_and_no_negative_total() {
    let bench = bench().await;
    for (lines, status) in [([30, -10], 200), ([10, -10], 200), ([10, -11], 400)] {
        let lines: Vec<Value> = lines.iter().map(|unit| line(json!({"UnitAmount": unit}))).collect();
        let body = json!({"CreditNotes": [bench.credit_note(json!({"LineItems": lines}))]});
        let reply = bench.client.send("PUT", "CreditNotes", &body).await;
        assert_eq!(reply.status, status, "{}", reply.text);
    }
    let free =
        bench.created(json!({"LineItems": [line(json!({})), line(json!({"UnitAmount": 0, "Quantity": 3}))]})).await;
    assert_eq!(free["LineItems"][1]["Quantity"], 3, "a line without charge is shown");
}

#[tokio::test]
async fn a_branding_theme_must_be_one_of_the_organisations() {
    let bench = bench().await;
    let (theme, _) = bench.xero.state().branding_themes().remove(0);
    assert_eq!(bench.created(json!({"BrandingThemeID": theme})).await["BrandingThemeID"], json!(theme));
    let unknown = "11111111-1111-4111-8111-111111111111";
    let reply =
        bench.client.send("PUT", "Invoices", &invoices([bench.invoice(json!({"BrandingThemeID": unknown}))])).await;
    assert_eq!(reply.messages(), [format!("The BrandingThemeID '{unknown}' is not valid")]);
}

#[tokio::test]
async fn a_settled_document_keeps_its_money() {
    let bench = bench().await;
    let created = bench.created(json!({"Status": "AUTHORISED"})).await;
    let id = created["InvoiceID"].as_str().unwrap();
    assert!(bench.xero.state().pay(id, Decimal::from(15)));
    let path = format!("Invoices/{id}");
    let settled = "This document cannot be edited as it has a payment or credit note allocated to it.";
    let same_line = |extra: Value| {
        let mut line = json!({"LineItemID": created["LineItems"][0]["LineItemID"]});
        extra.as_object().unwrap().iter().for_each(|(name, value)| line[name] = value.clone());
        json!({"LineItems": [line]})
    };
    for (patch, allowed) in [
        (json!({"Status": "VOIDED"}), false),
        (json!({"Date": "2026-11-02"}), false),
        (json!({"LineItems": [line(json!({}))]}), false),
        (same_line(json!({"UnitAmount": 21})), false),
        (same_line(json!({"Description": "new words", "AccountCode": "260"})), true),
        (json!({"Reference": "new", "DueDate": "2026-12-24"}), true),
    ] {
        let reply = bench.client.send("POST", &path, &patch).await;
        assert_eq!(reply.status == 200, allowed, "{patch}: {}", reply.text);
        if !allowed {
            assert_eq!(reply.messages(), [settled]);
        }
    }
    assert!(bench.xero.state().pay(id, Decimal::from(25)));
    let shown = bench.client.get(&path).await;
    assert!(shown.text.contains("\"AmountDue\":0.00,\"AmountPaid\":40.00"), "{}", shown.text);
    assert_eq!(shown.json()["Invoices"][0]["Status"], "PAID");
}

#[tokio::test]
async fn naming_a_contact_in_a_document_can_change_it() {
    let bench = bench().await;
    bench.created(json!({"Contact": {"ContactID": bench.contact, "Name": "Acme Renamed"}})).await;
    bench.created(json!({"Contact": {"Name": "acme renamed"}})).await;
    bench.created(json!({"Contact": {"Name": "Newcomer"}})).await;
    let names: Vec<String> = bench.xero.state().contacts().into_iter().map(|contact| contact.name).collect();
    assert_eq!(names, ["acme renamed", "Newcomer"], "more than an id updates, an unknown name creates");
    let bad = invoices([bench.invoice(json!({"Contact": {"Name": "Ghost"}, "CurrencyCode": "EUR"}))]);
    assert_eq!(bench.client.send("PUT", "Invoices", &bad).await.status, 400);
    assert_eq!(bench.xero.state().contacts().len(), 2, "a refused document makes no contact");
}

#[tokio::test]
async fn allocations() {
    let bench = bench().await;
    let invoice = bench.created(json!({"Status": "AUTHORISED"})).await["InvoiceID"].as_str().unwrap().to_owned();
    let draft = bench.created(json!({})).await["InvoiceID"].as_str().unwrap().to_owned();
    let inline = json!({"Allocations": [{"Invoice": {"InvoiceID": invoice}, "Amount": 30, "Date": "2026-11-05"}]});
    let note = bench.created_note(inline).await;
    assert_eq!(note["Allocations"], json!([]), "inline allocations are ignored");
    let path = format!("CreditNotes/{}/Allocations", note["CreditNoteID"].as_str().unwrap());
    let outstanding = "Credit Note cannot be allocated as amount is greater than amount outstanding";
    let approved = "Credit Note and invoice must be AUTHORISED to be allocated";
    for (to, amount, date, wanted) in [
        (&draft, json!(1), json!("2026-11-05"), Some(approved)),
        (&invoice, json!(30.01), json!("2026-11-05"), Some(outstanding)),
        (&invoice, json!(1), Value::Null, Some("Date must be specified")),
        (&invoice, json!(25.5), json!("2026-11-05"), None),
        (&invoice, json!(4.51), json!("2026-11-05"), Some(outstanding)),
        (&invoice, json!(4.5), json!("2026-11-05"), None),
    ] {
        let body = json!({"Allocations": [{"Invoice": {"InvoiceID": to}, "Amount": amount, "Date": date}]});
        let reply = bench.client.send("PUT", &path, &body).await;
        assert_eq!(reply.status == 200, wanted.is_none(), "{body}: {}", reply.text);
        assert_eq!(reply.messages().first().map(String::as_str), wanted, "{body}");
    }
    let state = bench.xero.state();
    assert_eq!(state.credit_notes()[0].status.as_str(), "PAID");
    assert_eq!(state.invoices()[0].open_amount(), Decimal::from(10));
    assert_eq!(state.net_total(), Decimal::from(50), "40 + 40 − 30");
    assert!(state.pay(&invoice, Decimal::from(10)));
    let other = bench.created_note(json!({})).await["CreditNoteID"].as_str().unwrap().to_owned();
    let body = json!({"Allocations": [{"Invoice": {"InvoiceID": invoice}, "Amount": 1, "Date": "2026-11-05"}]});
    let reply = bench.client.send("PUT", &format!("CreditNotes/{other}/Allocations"), &body).await;
    assert_eq!(reply.messages(), ["The invoice you are trying to allocate to has already been paid off"]);
}

#[tokio::test]
async fn history() {
    let bench = bench().await;
    let id = bench.created(json!({})).await["InvoiceID"].as_str().unwrap().to_owned();
    let path = format!("Invoices/{id}/History");
    let note = json!({"HistoryRecords": [{"Details": "order SO1"}]});
    assert_eq!(bench.client.send("PUT", &path, &note).await.status, 200);
    let long = json!({"HistoryRecords": [{"Details": "x".repeat(2501)}]});
    assert_eq!(bench.client.send("PUT", &path, &long).await.status, 400);
    let shown = bench.client.get(&path).await.json();
    assert_eq!(shown["HistoryRecords"][0]["Details"], "order SO1");
    assert_eq!(bench.client.get("Invoices/none/History").await.status, 404);
}
