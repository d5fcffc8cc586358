//! Tests of the whole plugin against scripted answers.
//!
//! Owns the builders: a job, and the few reads that every plan rests on.

mod appending;
mod applying;
mod crediting;
mod directory;
mod errors;
mod lines;
mod locating;
mod observing;
mod planning;
mod policies;
mod waiting;

use counterfoil_sdk::serde_json::{self, Value};
use counterfoil_sdk::testing::{Call, Scripted};
use counterfoil_sdk::{
    Attributes, Currency, Date, Decimal, Failure, Job, Line, Link, Order, Period, Plan, Response, Target,
};

use crate::Xero;

pub(crate) const CONTACT: &str = "430fa14a-f945-44d3-9f97-5df5e28441b8";
pub(crate) const INVOICE: &str = "ed255415-e141-4150-aab7-89c3bbbb851c";
pub(crate) const CREDIT: &str = "f9256f04-5a99-4680-acb9-6b4639cc439a";

pub(crate) fn d(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(crate) fn day(text: &str) -> Date {
    Date::parse(text).unwrap()
}

pub(crate) fn line(id: &str, fee: &str, quantity: &str, price: &str, amount: &str) -> Line {
    Line {
        id: id.into(),
        fee: fee.into(),
        description: String::new(),
        product_code: "CFQ7TTC0LH18:0001".into(),
        product_name: "Microsoft 365 Business Premium".into(),
        quantity: d(quantity),
        unit_price: d(price),
        unit_cost: None,
        amount: d(amount),
        cost: None,
        service_period: Some(Period::new(day("2026-11-01"), day("2026-12-01")).unwrap()),
        price_source: "order".into(),
        arithmetic: format!("{quantity} × {price} = {amount} USD."),
        item: Some("a4544d51-48f6-441f-a623-99ecbced6ab7".into()),
        attributes: Attributes::new(),
    }
}

pub(crate) fn job(id: &str, number: &str, lines: Vec<Line>) -> Job {
    let total = lines.iter().map(|line| line.amount).sum();
    let link = |kind: &str, source: &str, target: &str, code: &str| Link {
        kind: kind.into(),
        source_id: source.into(),
        target_id: target.into(),
        target_code: code.into(),
        target_name: code.into(),
        attributes: Attributes::new(),
    };
    Job {
        id: id.into(),
        order: Order {
            id: format!("id-{number}"),
            number: number.into(),
            kind: "sales".into(),
            revision: "9f8e7d".into(),
            currency: Currency::parse("USD").unwrap(),
            billing_model: "before-billing-period".into(),
            billing_cycle: "P1M".into(),
            customer_id: "1000017".into(),
            customer_name: "Acme Ltd".into(),
            subscription_id: "s1".into(),
            subscription_name: "Business Premium".into(),
            created_on: day("2026-10-31"),
            effective_on: day("2026-11-01"),
            lines,
            total,
            attributes: Attributes::new(),
        },
        links: vec![
            link("party", "1000017", CONTACT, ""),
            link("item", "CFQ7TTC0LH18:0001", "a4544d51-48f6-441f-a623-99ecbced6ab7", "M365BP"),
        ],
        settings: Attributes::new().with("account_code", "200").with("tax_type", "OUTPUT2"),
        adjustments: Vec::new(),
        marker: format!("{number} cf-7k2m"),
        today: day("2026-11-21"),
        attributes: Attributes::new(),
    }
}

pub(crate) fn sale(id: &str, number: &str) -> Job {
    job(id, number, vec![line("l1", "resource-recurring", "2", "20", "40")])
}

pub(crate) fn mixed(id: &str, number: &str) -> Job {
    job(
        id,
        number,
        vec![line("l1", "resource-recurring", "2", "20", "40"), line("l2", "resource-downgrade", "-1", "7.5", "-7.50")],
    )
}

pub(crate) fn ok(body: &str) -> Result<Response, Failure> {
    Ok(Response::new(200, body))
}

/// The reads that every plan makes; `None` for anything else.
pub(crate) fn ground(call: &Call) -> Option<Result<Response, Failure>> {
    Some(ok(match call.line().as_str() {
        "GET /Organisation" => {
            r#"{"Organisations":[{"OrganisationID":"b2c885a9","ShortCode":"!23Px","Name":"Demo Reseller","BaseCurrency":"NZD","CountryCode":"NZ","Timezone":"NEWZEALANDSTANDARDTIME","PeriodLockDate":"/Date(1785456000000+0000)/","EndOfYearLockDate":"/Date(1774915200000+0000)/"}]}"#
        }
        "GET /Accounts" => {
            r#"{"Accounts":[{"AccountID":"a1","Code":"200","Name":"Sales","Type":"REVENUE","Status":"ACTIVE"},{"AccountID":"a2","Code":"201","Name":"Old","Type":"SALES","Status":"ARCHIVED"},{"AccountID":"a3","Code":"400","Name":"Costs","Type":"EXPENSE","Status":"ACTIVE"},{"AccountID":"a4","Code":"260","Name":"Other","Type":"OTHERINCOME","Status":"ACTIVE"}]}"#
        }
        "GET /TaxRates" => {
            r#"{"TaxRates":[{"TaxType":"OUTPUT2","Name":"GST","Status":"ACTIVE","CanApplyToRevenue":true,"EffectiveRate":15.0000},{"TaxType":"NONE","Name":"No GST","Status":"ACTIVE","CanApplyToRevenue":true,"EffectiveRate":0},{"TaxType":"INPUT2","Name":"In","Status":"ACTIVE","CanApplyToRevenue":false},{"TaxType":"TAX001","Name":"Gone","Status":"DELETED","CanApplyToRevenue":true}]}"#
        }
        "GET /TrackingCategories" => {
            r#"{"TrackingCategories":[{"Name":"Vendor","Status":"ACTIVE","Options":[{"Name":"Microsoft","Status":"ACTIVE"},{"Name":"Old","Status":"ARCHIVED"}]},{"Name":"Gone","Status":"ARCHIVED","Options":[{"Name":"X","Status":"ACTIVE"}]}]}"#
        }
        "GET /BrandingThemes" => {
            r#"{"BrandingThemes":[{"BrandingThemeID":"dcdc9c5c-6d3c-4b33-b8d4-2d4c0b1e6a11","Name":"Blue"}]}"#
        }
        "GET /Currencies" => r#"{"Currencies":[{"Code":"USD","Description":"US dollar"}]}"#,
        "GET /Contacts" => {
            return Some(Ok(Response::new(
                200,
                format!(r#"{{"Contacts":[{{"ContactID":"{CONTACT}","Name":"Acme Ltd","ContactStatus":"ACTIVE"}}]}}"#),
            )));
        }
        "GET /Invoices" => r#"{"Invoices":[]}"#,
        "GET /CreditNotes" => r#"{"CreditNotes":[]}"#,
        _ => return None,
    }))
}

/// The plans for jobs when Xero has nothing yet.
pub(crate) fn plans(jobs: &[Job]) -> Vec<Plan> {
    let mut remote = Scripted::new(|call| ground(call).unwrap());
    Xero.plan(&mut remote, jobs).into_iter().map(Result::unwrap).collect()
}

/// What a plan will send, read from its payload.
pub(crate) fn bodies(plan: &Plan) -> Vec<Value> {
    let payload: Value = serde_json::from_slice(&plan.payload).unwrap();
    payload["documents"].as_array().unwrap().iter().map(|document| document["body"].clone()).collect()
}

/// A stored invoice as Xero shows it.
pub(crate) fn shown(id: &str, number: &str, reference: &str, total: &str, status: &str) -> String {
    format!(
        r#"{{"Type":"ACCREC","InvoiceID":"{id}","InvoiceNumber":"{number}","Reference":"{reference}","Contact":{{"ContactID":"{CONTACT}","Name":"Acme Ltd"}},"Status":"{status}","CurrencyCode":"USD","SubTotal":{total},"TotalTax":0.0,"Total":{total},"HasErrors":false,"DateString":"2026-11-01T00:00:00","LineItems":[{{"Description":"x","Quantity":2.0,"UnitAmount":20.0,"LineAmount":40.0}}],"StatusAttributeString":"OK"}}"#
    )
}

/// A stored credit note as Xero shows it.
pub(crate) fn shown_credit(id: &str, number: &str, reference: &str, total: &str, status: &str) -> String {
    format!(
        r#"{{"Type":"ACCRECCREDIT","CreditNoteID":"{id}","CreditNoteNumber":"{number}","Reference":"{reference}","Contact":{{"ContactID":"{CONTACT}","Name":"Acme Ltd"}},"Status":"{status}","CurrencyCode":"USD","SubTotal":{total},"Total":{total},"StatusAttributeString":"OK"}}"#
    )
}

pub(crate) fn invoices(elements: &[String]) -> String {
    format!(r#"{{"Id":"x","Status":"OK","Invoices":[{}]}}"#, elements.join(","))
}

pub(crate) fn credits(elements: &[String]) -> String {
    format!(r#"{{"Id":"x","Status":"OK","CreditNotes":[{}]}}"#, elements.join(","))
}
