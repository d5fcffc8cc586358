//! Tests of the look-ups, the creation of records and the preflight against scripted answers.
//!
//! Owns the builders: a small tenant. Additions have their tests beside their own modules.

mod agreements;
mod asking;
mod creating;
mod errors;
mod paging;
mod probing;
mod searching;

use counterfoil_sdk::testing::Call;
use counterfoil_sdk::{Attributes, Decimal, Draft, Failure, Response};

pub(crate) fn d(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(crate) fn ok(body: &str) -> Result<Response, Failure> {
    Ok(Response::new(200, body))
}

pub(crate) fn no(status: u16, body: &str) -> Result<Response, Failure> {
    Ok(Response::new(status, body))
}

pub(crate) const ABSENT: &str = r#"{"code":"NotFound","message":"Contact 57919 not found"}"#;
pub(crate) const NOT_ALLOWED: &str =
    r#"{"code":"Unauthorized","message":"You do not have security permission to perform this action."}"#;
pub(crate) const EXISTS: &str = r#"{"code":"InvalidObject","message":"company object is invalid","errors":[{"code":"ObjectExists","message":"A matching company already exists","resource":"company","field":"identifier"}]}"#;

/// A tenant with one company, one item and one agreement.
pub(crate) fn tenant(call: &Call) -> Result<Response, Failure> {
    let body = match call.line().as_str() {
        "GET /system/info" => {
            r#"{"version":"v2025.1.73021","isCloud":true,"serverTimeZone":"Eastern Standard Time","cloudRegion":"NA"}"#
        }
        "GET /company/companies" => {
            r#"[{"id":42,"identifier":"GreenLane","name":"Green Lane LLC","status":{"id":1,"name":"Active"},"accountNumber":"1000048531","taxIdentifier":"DE 811 2345","defaultContact":{"id":77,"name":"Bob Dobbs"},"deletedFlag":false,"currency":null}]"#
        }
        "GET /company/contacts" => {
            r#"[{"id":77,"firstName":"Bob","lastName":"Dobbs","company":{"id":42,"name":"Green Lane LLC"},"inactiveFlag":false}]"#
        }
        "GET /company/companies/statuses" => {
            r#"[{"id":1,"name":"Active","defaultFlag":true,"inactiveFlag":false},{"id":2,"name":"Credit Hold","defaultFlag":false,"inactiveFlag":false},{"id":3,"name":"Old","inactiveFlag":true}]"#
        }
        "GET /company/companies/types" => {
            r#"[{"id":5,"name":"Customer","defaultFlag":false},{"id":6,"name":"Prospect","defaultFlag":false}]"#
        }
        "GET /company/countries" => r#"[{"id":1,"name":"United States"},{"id":2,"name":"Germany"}]"#,
        "GET /procurement/catalog" => {
            r#"[{"id":1021,"identifier":"M365-BB","description":"Microsoft 365 Business Basic","inactiveFlag":false,"productClass":"Agreement","price":12.5,"cost":9.80,"taxableFlag":true,"manufacturerPartNumber":"CFQ7TTC0LH18","integrationXRef":"CFQ7TTC0LH18:0001","type":{"id":47,"name":"Cloud"},"subcategory":{"id":152,"name":"Licences"}}]"#
        }
        "GET /procurement/types" => r#"[{"id":47,"name":"Cloud","inactiveFlag":false}]"#,
        "GET /procurement/subcategories" => {
            r#"[{"id":152,"name":"Licences","inactiveFlag":false},{"id":153,"name":"Services","inactiveFlag":false}]"#
        }
        "GET /finance/billingCycles" => {
            r#"[{"id":1,"identifier":"M","name":"Jeden Monat","billingOptions":"Monthly"},{"id":2,"identifier":"Y","name":"Yearly","billingOptions":"Yearly"},{"id":3,"identifier":"ONE","name":"Once","billingOptions":"NotRecurring"}]"#
        }
        "GET /finance/currencies" => r#"[{"id":1,"symbol":"$","currencyCode":"USD","name":"US Dollar"}]"#,
        "GET /finance/agreements" => AGREEMENTS,
        "GET /finance/agreements/12/additions" => "[]",
        "GET /finance/agreementrecap/12" => {
            return Ok(Response::new(200, r#"{"id":12,"lastInvoiceDate":"2026-11-15T00:00:00Z","lastInvoiceAmount":"12.00","unbilledPeriods":0,"nextInvoiceDate":"2026-12-15T00:00:00Z"}"#)
                .with_header("Date", "Sun, 22 Nov 2026 04:00:00 GMT"));
        }
        _ => return no(404, r#"{"code":"ConnectWiseApi","message":"The endpoint does not exist."}"#),
    };
    ok(body)
}

pub(crate) const AGREEMENTS: &str = r#"[{"id":12,"name":"Cloud \ufeffServices","type":{"id":5,"name":"Managed"},"company":{"id":42,"name":"Green Lane LLC"},"parentAgreement":null,"agreementStatus":"Active","cancelledFlag":false,"startDate":"2026-01-01T00:00:00Z","endDate":"","noEndingDateFlag":true,"billStartDate":"2026-01-15T00:00:00Z","billingCycle":{"id":1,"name":"Jeden Monat"},"invoicingCycle":"ContractYear","prorateFlag":true,"invoiceProratedAdditionsFlag":false,"currency":{"id":1,"symbol":"$","currencyCode":"USD","name":"US Dollar"}}]"#;

pub(crate) fn draft(code: &str, name: &str) -> Draft {
    Draft {
        key: "draft_1".into(),
        code: code.into(),
        name: name.into(),
        currency: None,
        price: None,
        cost: None,
        attributes: Attributes::new(),
    }
}
