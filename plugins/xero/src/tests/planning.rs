//! Plans: reads, splits, refusals and adoption.

use counterfoil_sdk::serde_json::{self, Value};
use counterfoil_sdk::testing::Scripted;
use counterfoil_sdk::{Action, Adjustment, Attributes, Class, Currency, Failure, Job, Response, Target};

use super::{CONTACT, INVOICE, bodies, d, day, ground, invoices, job, line, mixed, ok, plans, sale, shown};
use crate::Xero;

#[test]
fn a_sale_becomes_one_draft_invoice() {
    let plan = plans(&[sale("t1", "SO000123")]).remove(0);
    assert_eq!(plan.job, "t1");
    let change = &plan.changes[0];
    assert_eq!(
        (change.key.as_str(), change.action, change.document.as_str()),
        ("invoice:id-SO000123:9f8e7d", Action::Create, "invoice")
    );
    assert_eq!(change.total.to_string(), "40.00 USD");
    let field = |name: &str| change.fields.iter().find(|field| field.name == name).unwrap().after.clone().unwrap();
    assert_eq!(
        (field("InvoiceNumber").as_str(), field("DueDate").as_str(), field("Contact").as_str()),
        ("CB-SO000123", "2026-12-01", "Acme Ltd")
    );
    let sent = serde_json::to_string(&bodies(&plan)[0]).unwrap();
    let want = format!(
        r#"{{"Type":"ACCREC","Contact":{{"ContactID":"{CONTACT}"}},"InvoiceNumber":"CB-SO000123","Reference":"SO000123 cf-7k2m","Date":"2026-11-01","DueDate":"2026-12-01","CurrencyCode":"USD","LineAmountTypes":"Exclusive","Status":"DRAFT","LineItems":[{{"Description":"Microsoft 365 Business Premium, resource recurring, 2026-11-01 to 2026-11-30","Quantity":2,"UnitAmount":20,"ItemCode":"M365BP","AccountCode":"200","TaxType":"OUTPUT2"}}]}}"#
    );
    assert_eq!(serde_json::from_str::<Value>(&sent).unwrap(), serde_json::from_str::<Value>(&want).unwrap());
}

#[test]
fn charges_and_refunds_are_split() {
    let plan = plans(&[mixed("t1", "CH000077")]).remove(0);
    let kinds: Vec<_> =
        plan.changes.iter().map(|change| (change.document.as_str(), change.total.to_string())).collect();
    let want = [("invoice", "40.00 USD"), ("credit-note", "-7.50 USD"), ("allocation", "0.00 USD")];
    assert_eq!(kinds, want.map(|(kind, total)| (kind, total.to_owned())));
    let credit = &plan.changes[1].lines[0];
    assert_eq!((credit.amount, credit.bills, credit.quantity), (d("7.50"), d("-7.50"), d("1")));
    let body = &bodies(&plan)[1];
    assert_eq!(
        (body["Type"].as_str(), body["CreditNoteNumber"].as_str()),
        (Some("ACCRECCREDIT"), Some("CB-CN-CH000077"))
    );
    assert!(body.get("DueDate").is_none() && body.get("InvoiceNumber").is_none());
}

#[test]
fn only_refunds_make_only_a_credit_note() {
    let plan = plans(&[job(
        "t1",
        "CL1",
        vec![
            line("l1", "resource-recurring-refund", "1", "7.5", "-7.5"),
            line("l2", "resource-recurring", "1", "0", "0"),
        ],
    )])
    .remove(0);
    assert_eq!(plan.changes.len(), 1);
    assert_eq!(plan.changes[0].document, "credit-note");
    assert_eq!(plan.left_out[0].line, "l2");
}

#[test]
fn the_ground_is_read_once_for_the_whole_call() {
    let jobs: Vec<Job> = (0..200).map(|n| sale(&format!("t{n}"), &format!("SO{n:06}"))).collect();
    let mut remote = Scripted::new(|call| ground(call).unwrap());
    let plans = Xero.plan(&mut remote, &jobs);
    assert!(plans.iter().all(Result::is_ok));
    let lines: Vec<String> = remote.calls().iter().map(|call| call.line()).collect();
    // As many numbers as fit into one address.
    assert_eq!(
        lines,
        [
            "GET /Organisation",
            "GET /Accounts",
            "GET /TaxRates",
            "GET /Currencies",
            "GET /Contacts",
            "GET /Invoices",
            "GET /Invoices"
        ]
    );
    assert_eq!(remote.writes().count(), 0);
    assert_eq!(remote.calls()[5].query("InvoiceNumbers").unwrap().split(',').count(), 111);
    assert_eq!((remote.calls()[5].query("unitdp"), remote.calls()[5].query("page")), (Some("4"), Some("1")));
}

#[test]
fn what_xero_would_refuse_is_refused_before() {
    type Change = fn(&mut Job);
    let cases: [(&str, Class, Change); 14] = [
        ("xero-account-unmapped", Class::Rejected, |job| job.settings.set("account_code", "201")),
        ("xero-account-unmapped", Class::Rejected, |job| job.settings.set("account_code", "400")),
        ("xero-account-unmapped", Class::Rejected, |job| job.settings.set("account_code", "999")),
        ("xero-account-unmapped", Class::Rejected, |job| job.settings = Attributes::new().with("tax_type", "OUTPUT2")),
        ("xero-tax-unmapped", Class::Rejected, |job| job.settings.set("tax_type", "INPUT2")),
        ("xero-tax-unmapped", Class::Rejected, |job| job.links[1].attributes.set("tax-type", "TAX001")),
        ("xero-currency-disabled", Class::Rejected, |job| job.order.currency = Currency::parse("EUR").unwrap()),
        ("xero-period-locked", Class::Rejected, |job| job.order.effective_on = day("2026-07-31")),
        ("xero-contact-unmapped", Class::Rejected, |job| job.links.clear()),
        ("xero-contact-missing", Class::NotFound, |job| job.links[0].target_id = INVOICE.into()),
        ("xero-nothing-to-bill", Class::Rejected, |job| job.order.lines.clear()),
        ("xero-amount-precision", Class::Rejected, |job| job.order.lines[0].amount = d("40.005")),
        ("xero-number-invalid", Class::Rejected, |job| job.order.number = "SO1,SO2".into()),
        ("xero-setting", Class::Rejected, |job| job.settings.set("due_days", "-3")),
    ];
    for (code, class, change) in cases {
        let mut bad = sale("bad", "SO1");
        change(&mut bad);
        let mut remote = Scripted::new(|call| ground(call).unwrap());
        // A good job beside it is planned all the same.
        let mut results = Xero.plan(&mut remote, &[bad, sale("good", "SO2")]);
        assert_eq!(results.pop().unwrap().unwrap().job, "good", "{code}");
        let failure = results.pop().unwrap().unwrap_err();
        assert_eq!((failure.code.as_str(), failure.class), (code, class), "{failure}");
    }
}

#[test]
fn the_day_after_the_lock_date_is_open() {
    let mut job = sale("t1", "SO1");
    job.order.effective_on = day("2026-08-01");
    assert_eq!(plans(&[job])[0].changes.len(), 1);
}

#[test]
fn a_document_that_exists_is_adopted_or_in_the_way() {
    let reference = "SO1 cf-7k2m";
    for (name, elements, want) in [
        ("same", vec![shown(INVOICE, "CB-SO1", reference, "40.0", "DRAFT")], Ok(Action::None)),
        ("same, other case", vec![shown(INVOICE, "cb-so1", reference, "40.00", "AUTHORISED")], Ok(Action::None)),
        ("other total", vec![shown(INVOICE, "CB-SO1", reference, "41.0", "DRAFT")], Err("xero-document-differs")),
        ("voided", vec![shown(INVOICE, "CB-SO1", reference, "40.0", "VOIDED")], Err("xero-number-spent")),
        (
            "a bill",
            vec![shown(INVOICE, "CB-SO1", reference, "40.0", "DRAFT").replace("ACCREC", "ACCPAY")],
            Ok(Action::Create),
        ),
        ("another number", vec![shown(INVOICE, "CB-SO10", reference, "40.0", "DRAFT")], Ok(Action::Create)),
        (
            "other contact",
            vec![shown(INVOICE, "CB-SO1", reference, "40.0", "DRAFT").replace(CONTACT, INVOICE)],
            Err("xero-document-differs"),
        ),
    ] {
        let body = invoices(&elements);
        let mut remote =
            Scripted::new(|call| if call.line() == "GET /Invoices" { ok(&body) } else { ground(call).unwrap() });
        let result = Xero.plan(&mut remote, &[sale("t1", "SO1")]).remove(0);
        match (result, want) {
            (Ok(plan), Ok(action)) => {
                let change = &plan.changes[0];
                assert_eq!(change.action, action, "{name}");
                if action == Action::None {
                    assert_eq!(change.target.as_deref(), Some(INVOICE));
                    assert!(change.why.contains("already there") && change.total.amount == d("40"));
                }
            }
            (Err(failure), Err(code)) => {
                assert_eq!((failure.code.as_str(), failure.class), (code, Class::Conflict), "{name}")
            }
            (result, _) => panic!("{name}: {result:?}"),
        }
    }
}

#[test]
fn numbers_from_xero_are_looked_up_by_reference() {
    let mut one = sale("t1", "SO1");
    one.settings.set("number_source", "target");
    let body = invoices(&[shown(INVOICE, "INV-0042", "SO1 cf-7k2m", "40", "DRAFT")]);
    let mut remote =
        Scripted::new(|call| if call.line() == "GET /Invoices" { ok(&body) } else { ground(call).unwrap() });
    let plan = Xero.plan(&mut remote, std::slice::from_ref(&one)).remove(0).unwrap();
    assert_eq!(plan.changes[0].action, Action::None);
    let asked = remote.calls().last().unwrap().query("where").unwrap().to_owned();
    assert_eq!(asked, r#"Type=="ACCREC" AND Reference=="SO1 cf-7k2m""#);
    drop(remote);
    let fresh = plans(&[one]).remove(0);
    assert!(bodies(&fresh)[0].get("InvoiceNumber").is_none());
}

#[test]
fn a_person_may_set_account_date_and_number() {
    let mut one = sale("t1", "SO1");
    let set = |line: &str, field: &str, value: &str| Adjustment {
        line: line.into(),
        field: field.into(),
        value: value.into(),
    };
    one.adjustments = vec![
        set("l1", "account-code", "260"),
        set("", "date", "2026-11-05"),
        set("", "due_date", "2026-12-24"),
        set("", "reference", "PO 4711"),
        set("", "invoice_number", "A-1"),
        set("l1", "colour", "red"),
    ];
    let plan = plans(&[one]).remove(0);
    let body = &bodies(&plan)[0];
    assert_eq!(
        (body["Date"].as_str(), body["DueDate"].as_str(), body["InvoiceNumber"].as_str()),
        (Some("2026-11-05"), Some("2026-12-24"), Some("A-1"))
    );
    // What finds it again stays in it.
    assert_eq!(body["Reference"], "PO 4711 SO1 cf-7k2m");
    assert_eq!(body["LineItems"][0]["AccountCode"], "260");
    assert!(plan.notes.iter().any(|note| note.contains("colour")));
    assert_eq!(plan.changes[0].fields.iter().find(|field| field.name == "Date").unwrap().owner, "person");
}

#[test]
fn a_failing_read_fails_the_plannable_jobs_alike() {
    let mut bad = sale("bad", "SO2");
    bad.links.clear();
    let mut remote = Scripted::new(|_| {
        Ok(Response::new(429, "").with_header("X-Rate-Limit-Problem", "minute").with_header("Retry-After", "17"))
    });
    let codes: Vec<String> =
        Xero.plan(&mut remote, &[sale("t1", "SO1"), bad]).into_iter().map(|result| result.unwrap_err().code).collect();
    assert_eq!(codes, ["xero-throttled", "xero-contact-unmapped"]);
    let mut none = Scripted::new(|_| Err(Failure::internal("never", "never")));
    let mut empty = sale("t1", "SO1");
    empty.order.lines.clear();
    assert_eq!(Xero.plan(&mut none, &[empty]).remove(0).unwrap_err().code, "xero-nothing-to-bill");
    assert!(none.calls().is_empty());
}

#[test]
fn usage_below_a_cent_is_left_out_and_said() {
    let plan = plans(&[job(
        "t1",
        "BO1",
        vec![line("l1", "resource-overuse", "2", "0.001", "0.002"), line("l2", "resource-overuse", "1", "1", "1")],
    )])
    .remove(0);
    assert_eq!(plan.left_out.len(), 1);
    assert!(plan.left_out[0].why.contains("smallest coin"), "{}", plan.left_out[0].why);
    assert_eq!(plan.changes[0].lines.len(), 1);
}

#[test]
fn references_go_many_to_a_call_and_singly_where_xero_refuses() {
    let jobs: Vec<Job> = (0..60)
        .map(|n| {
            let mut job = sale(&format!("t{n}"), &format!("SO{n:06}"));
            job.settings.set("number_source", "target");
            job
        })
        .collect();
    let there = invoices(&[shown(INVOICE, "INV-0042", "SO000007 cf-7k2m", "40", "DRAFT")]);
    for refuses in [false, true] {
        let mut remote = Scripted::new(|call| match call.query("where") {
            Some(filter) if refuses && filter.contains(" OR ") => Ok(Response::new(400, "{}")),
            Some(filter) if filter.contains("SO000007") => ok(&there),
            _ => ground(call).unwrap(),
        });
        let plans: Vec<_> = Xero.plan(&mut remote, &jobs).into_iter().map(Result::unwrap).collect();
        let kept: Vec<usize> = (0..60).filter(|at| plans[*at].changes[0].action == Action::None).collect();
        assert_eq!(kept, [7], "{refuses}");
        let looks = remote.calls().iter().filter(|call| call.line() == "GET /Invoices").count();
        assert_eq!(looks, if refuses { 61 } else { 2 });
    }
}

#[test]
fn many_contacts_are_listed_only_where_that_is_cheaper() {
    let id = |n: usize| format!("00000000-0000-0000-0000-{n:012}");
    let jobs: Vec<Job> = (0..250)
        .map(|n| {
            let mut job = sale(&format!("t{n}"), &format!("SO{n:06}"));
            job.links[0].target_id = id(n);
            job
        })
        .collect();
    // Contacts of the organisation, those that its list shows of ours, pages read, calls by id.
    for (pages, listed, wide, by_id) in [(1, 250, 1, 0), (1, 249, 1, 1), (3, 250, 1, 0), (40, 10, 1, 6), (4, 100, 4, 4)]
    {
        let mut remote = Scripted::new(|call| {
            if call.line() != "GET /Contacts" {
                return ground(call).unwrap();
            }
            let contact = |id: String| format!(r#"{{"ContactID":"{id}","Name":"N","ContactStatus":"ACTIVE"}}"#);
            let (some, page) = match call.query("IDs") {
                Some(ids) => (ids.split(',').map(|id| contact(id.to_owned())).collect(), 1),
                None => {
                    let page: usize = call.query("page").unwrap().parse().unwrap();
                    ((0..if page == 1 { listed } else { 0 }).map(id).map(contact).collect::<Vec<_>>(), page)
                }
            };
            let pages = format!(r#""pagination":{{"page":{page},"pageSize":500,"pageCount":{pages}}}"#);
            ok(&format!(r#"{{{pages},"Contacts":[{}]}}"#, some.join(",")))
        });
        assert!(Xero.plan(&mut remote, &jobs).iter().all(Result::is_ok));
        let contacts = || remote.calls().iter().filter(|call| call.line() == "GET /Contacts");
        let ids = contacts().filter(|call| call.query("IDs").is_some()).count();
        assert_eq!((contacts().count() - ids, ids), (wide, by_id), "{pages} pages, {listed} listed");
    }
}
