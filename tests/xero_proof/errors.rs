//! Every error that Xero is known to give, made to happen while a plan is made or a document is written, and what the
//! host makes of it: class, code, a sentence, and what becomes of the task and its attempts.

use chrono::Duration;
use counterfoil_domain::connection::ConnectionState;
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::task::{Task, TaskState};
use counterfoil_sim::{Fault, FaultKind};

use crate::desk::{Desk, Setup, opening};
use crate::shelf::Draft;
use crate::table::desk;

/// What is asked when it goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum On {
    Read,
    Write,
}

/// What becomes of the task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// It goes on by itself: nobody notices.
    Synced,
    /// A person must do something.
    Parked,
    /// Tried again; whether it costs an attempt.
    Retrying { attempt: bool },
    /// Looked for before anything is sent again.
    Uncertain,
    /// Left as it was; the run says why.
    Left,
}

#[derive(Debug)]
struct Row {
    name: &'static str,
    on: On,
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    /// How often in a row.
    times: u32,
    /// "class code"; empty where nobody notices.
    becomes: &'static str,
    says: &'static [&'static str],
    then: Then,
    connection: ConnectionState,
}

const fn row(name: &'static str, on: On, status: u16, body: &'static str, becomes: &'static str) -> Row {
    let (headers, says, then, connection) = (&[], &[], Then::Parked, ConnectionState::Enabled);
    Row { name, on, status, headers, body, times: 1, becomes, says, then, connection }
}

const VALIDATION: &str = r#"{"ErrorNumber":10,"Type":"ValidationException","Message":"A validation exception occurred","Elements":[{"InvoiceNumber":"CB-SO000001","Reference":"SO000001","ValidationErrors":[{"Message":"The TaxType code 'X' cannot be used with account code '200'"}],"LineItems":[{"ValidationErrors":[{"Message":"Account code '999' is not a valid code for this document."}]}]}]}"#;
const POST_DATA: &str = r#"{"ErrorNumber":14,"Type":"PostDataInvalidException","Message":"JSON for post data was invalid,Could not convert string to decimal: abc. Path 'Invoices[0].LineItems[0].UnitAmount'"}"#;
const NO_DATA: &str = r#"{"ErrorNumber":17,"Type":"NoDataProcessedException","Message":"No data has been processed for this endpoint. This endpoint is expecting Invoice data to be specifed in the request body."}"#;
const QUERY: &str = r#"{"ErrorNumber":16,"Type":"QueryParseException","Message":"No property or field 'Foo' exists in type 'Invoice'"}"#;
const KEY: &str = "Idempotency Key: 3f is used with a different request";
const EXPIRED: &str = r#"{"Type":null,"Title":"Unauthorized","Status":401,"Detail":"TokenExpired: token expired at 08/12/2022 07:00:40","Instance":"b2","Extensions":{}}"#;
const NO_SCOPE: &str = r#"{"Type":null,"Title":"Unauthorized","Status":401,"Detail":"AuthorizationUnsuccessful","Instance":"b2","Extensions":{}}"#;
const DISCONNECTED: &str = r#"{"Type":null,"Title":"Forbidden","Status":403,"Detail":"AuthenticationUnsuccessful","Instance":"b2","Extensions":{}}"#;
const MAINTENANCE: &str = "The Xero API is currently offline for maintenance";
const ORGANISATION: &str = "The Organisation is Offline";
const HTML: &str = "<html><head><title>Xero</title></head><body>Please log in</body></html>";
const SCOPE: &[(&str, &str)] = &[("WWW-Authenticate", "Bearer error=\"insufficient_scope\"")];

fn limit(problem: &'static str) -> &'static [(&'static str, &'static str)] {
    match problem {
        "minute" => &[("X-Rate-Limit-Problem", "minute"), ("Retry-After", "41")],
        "Minute" => &[("X-Rate-Limit-Problem", "Minute"), ("Retry-After", "41")],
        "day" => &[("X-Rate-Limit-Problem", "day"), ("Retry-After", "50000")],
        "appminute" => &[("X-Rate-Limit-Problem", "appminute")],
        _ => &[("X-Rate-Limit-Problem", "concurrent")],
    }
}

fn refused() -> Vec<Row> {
    use On::{Read, Write};
    let rejected = "rejected xero-validation";
    let bug: &[&str] = &["defect of the plugin"];
    vec![
        Row {
            // Every message is told, the line's too; the more helpful code is that of the tax rate.
            says: &["TaxType code 'X' cannot be used", "Account code '999'", "Choose a tax rate"],
            ..row("400 validation", Write, 400, VALIDATION, "rejected xero-tax-unmapped")
        },
        Row {
            says: &["Could not convert string to decimal"],
            ..row("400 14 post data", Write, 400, POST_DATA, rejected)
        },
        Row { says: &["No data has been processed"], ..row("400 17 nothing usable", Write, 400, NO_DATA, rejected) },
        Row { says: bug, ..row("400 16 query", Read, 400, QUERY, "internal xero-query") },
        Row {
            says: &["another request under this idempotency key"],
            then: Then::Uncertain,
            ..row("400 key used for another request", Write, 400, KEY, "unknown-outcome xero-key-reused")
        },
        Row {
            says: &["check the link"],
            ..row(
                "404 while reading",
                Read,
                404,
                "The resource you're looking for cannot be found",
                "not-found xero-not-found",
            )
        },
        Row {
            says: &["check the link"],
            ..row(
                "404 while writing",
                Write,
                404,
                "The resource you're looking for cannot be found",
                "not-found xero-not-found",
            )
        },
        Row { says: bug, ..row("412", Write, 412, "", "internal xero-request") },
        Row { says: bug, ..row("501", Write, 501, "The method is not implemented", "internal xero-request") },
        Row {
            says: &["disconnected, or the tenant id is wrong"],
            then: Then::Retrying { attempt: false },
            connection: ConnectionState::NeedsSignIn,
            ..row("403 wrong organisation", Write, 403, DISCONNECTED, "auth xero-organisation-disconnected")
        },
        Row {
            says: &["plan or the user's role"],
            ..row("403 without a body", Write, 403, "", "forbidden xero-feature-missing")
        },
        Row {
            headers: SCOPE,
            says: &["lacks a permission", "accounting.invoices"],
            ..row("401 insufficient scope", Write, 401, NO_SCOPE, "forbidden xero-scope-missing")
        },
    ]
}

fn passing() -> Vec<Row> {
    use On::{Read, Write};
    let throttled = "throttled xero-throttled";
    let free = Then::Retrying { attempt: false };
    vec![
        // Signed in again, once, without anybody's help.
        Row { then: Then::Synced, ..row("401 token expired, once", Write, 401, EXPIRED, "") },
        Row {
            times: 9,
            says: &["Sign in again"],
            then: free,
            connection: ConnectionState::NeedsSignIn,
            ..row("401 token expired, again and again", Write, 401, EXPIRED, "auth xero-sign-in")
        },
        Row {
            headers: limit("minute"),
            then: free,
            says: &["this minute"],
            ..row("429 minute", Write, 429, "", throttled)
        },
        Row {
            headers: limit("Minute"),
            then: free,
            says: &["this minute"],
            ..row("429 Minute", Write, 429, "", throttled)
        },
        Row {
            headers: limit("concurrent"),
            then: free,
            says: &["at once"],
            ..row("429 concurrent", Write, 429, "", throttled)
        },
        Row {
            headers: limit("appminute"),
            then: free,
            says: &["this minute"],
            ..row("429 app minute", Write, 429, "", throttled)
        },
        Row { headers: limit("day"), then: free, says: &["today"], ..row("429 day", Write, 429, "", throttled) },
        Row {
            headers: limit("day"),
            then: Then::Left,
            says: &["today"],
            ..row("429 day while planning", Read, 429, "", throttled)
        },
    ]
}

fn faults() -> Vec<Row> {
    use On::{Read, Write};
    let free = Then::Retrying { attempt: false };
    let lost = Then::Uncertain;
    let throttled = "throttled xero-throttled";
    let fault = "unknown-outcome xero-fault";
    let unreadable = "unknown-outcome xero-unreadable";
    vec![
        Row {
            then: lost,
            says: &["not known whether it was saved"],
            ..row("500", Write, 500, "An unhandled error with the Xero API occurred.", fault)
        },
        Row {
            then: Then::Left,
            says: &["failed while reading"],
            ..row("500 while planning", Read, 500, "", "transient xero-fault")
        },
        Row { then: lost, says: &["not known"], ..row("502 page", Write, 502, HTML, fault) },
        Row { then: lost, says: &["could not be read"], ..row("200 that is no JSON", Write, 200, HTML, unreadable) },
        Row {
            then: Then::Left,
            says: &["could not be read"],
            ..row("200 that is no JSON while planning", Read, 200, HTML, "transient xero-unreadable")
        },
        Row {
            then: Then::Left,
            says: &["offline", "tried again"],
            ..row("503 while planning", Read, 503, MAINTENANCE, "throttled xero-offline")
        },
        Row {
            then: free,
            says: &["offline", "Nothing was written"],
            ..row("503 maintenance", Write, 503, MAINTENANCE, "throttled xero-offline")
        },
        Row {
            then: free,
            says: &["offline", "Nothing was written"],
            ..row("503 organisation", Write, 503, ORGANISATION, "throttled xero-offline")
        },
        Row {
            then: free,
            says: &["this minute"],
            ..row(
                "503 the old way of 429",
                Write,
                503,
                "oauth_problem=rate%20limit exceeded&rate limit exceeded",
                throttled,
            )
        },
        Row { then: lost, says: &["not known"], ..row("503 of a proxy", Write, 503, HTML, fault) },
    ]
}

/// An order that is planned, unless what goes wrong is the planning.
async fn struck(row: &Row) -> (Desk, Vec<String>) {
    let (shelf, mut desk) = desk(Setup::default()).await;
    shelf.put(Draft::sale("SO000001".to_owned(), 0, opening() - Duration::minutes(5), "12.34"));
    desk.check().await;
    let headers = row.headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let kind = FaultKind::Status { code: row.status, headers, body: row.body.to_owned() };
    let (method, path) = if row.on == On::Read { ("GET", "/Accounts") } else { ("PUT", "/Invoices") };
    let fault = Fault { times: row.times, ..Fault::once(method, path, kind) };
    let run = if row.on == On::Read {
        desk.books.faults().inject(fault);
        desk.plan().await
    } else {
        desk.plan().await;
        desk.books.faults().inject(fault);
        desk.sync().await
    };
    assert!(!desk.books.faults().hits().is_empty(), "{}: nothing was hit", row.name);
    desk.books.faults().clear();
    (desk, run.problems.iter().map(|problem| format!("{} {}", problem.code, problem.message)).collect())
}

/// What the row says and what is; empty where they agree.
async fn compared(row: &Row) -> Vec<String> {
    let (desk, problems) = struck(row).await;
    let task = desk.task("SO000001").await;
    let (then, told) = what_became(&task, &problems);
    let mut wrong = Vec::new();
    let mut hold = |what: &str, is: String, must: String| {
        if is != must {
            wrong.push(format!("{}: {what} is {is}, not {must}", row.name));
        }
    };
    hold("the task", then, format!("{:?}", row.then));
    let (class, code) = row.becomes.split_once(' ').unwrap_or_default();
    // An uncertain task keeps the sentence; one that was left, code and sentence.
    let expected = match row.then {
        Then::Parked | Then::Retrying { .. } => row.becomes,
        Then::Left => code,
        Then::Uncertain | Then::Synced => "",
    };
    hold("class and code", told.split(": ").next().unwrap_or_default().to_owned(), expected.to_owned());
    assert!(row.then != Then::Uncertain || class == "unknown-outcome", "{}", row.name);
    for says in row.says {
        hold(&format!("\"{says}\" in \"{told}\""), told.contains(says).to_string(), "true".to_owned());
    }
    hold("the connection", desk.connection().await.state.to_string(), row.connection.to_string());
    let written = usize::from(row.then == Then::Synced);
    hold("the books", desk.documents("SO000001").len().to_string(), written.to_string());
    println!("{:<38} → {told}", row.name);
    wrong
}

fn what_became(task: &Task, problems: &[String]) -> (String, String) {
    let failed = |failure: &Failure| format!("{} {}: {}", failure.class.name(), failure.code, failure.message);
    match &task.state {
        TaskState::Synced { .. } => (format!("{:?}", Then::Synced), String::new()),
        TaskState::Parked { failure } => (format!("{:?}", Then::Parked), failed(failure)),
        TaskState::Retrying { failure, .. } => {
            // What an outage or a sign-in costs is told with the outages.
            let whole = failure.class == FailureClass::Auth || failure.code == "xero-offline";
            let attempt = task.failures > 0 && !whole;
            (format!("{:?}", Then::Retrying { attempt }), failed(failure))
        }
        TaskState::Uncertain { why, .. } => (format!("{:?}", Then::Uncertain), format!(": {why}")),
        TaskState::Ready => {
            let told = problems.first().map(|told| told.replacen(' ', ": ", 1)).unwrap_or_default();
            (format!("{:?}", Then::Left), told)
        }
        other => (format!("{other:?}"), String::new()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_that_wait_for_a_person_say_what_to_do() {
    let mut wrong = Vec::new();
    for row in refused() {
        wrong.extend(compared(&row).await);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_that_pass_are_waited_for_or_looked_into() {
    let mut wrong = Vec::new();
    for row in passing().iter().chain(&faults()) {
        wrong.extend(compared(row).await);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The door answers for the token endpoint: credentials that were withdrawn stop the connection, not the task.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_of_signing_in_stop_the_connection() {
    let (shelf, mut desk) = desk(Setup::default()).await;
    shelf.put(Draft::sale("SO000001".to_owned(), 0, opening() - Duration::minutes(5), "12.34"));
    desk.check().await;
    desk.plan().await;
    // The token runs out, and Xero gives no other.
    desk.pass(Duration::minutes(31));
    let body = r#"{"error":"invalid_grant"}"#.to_owned();
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    let kind = FaultKind::Status { code: 400, headers, body };
    desk.books.faults().inject(Fault { times: 9, ..Fault::once("POST", "/connect/token", kind) });
    desk.sync().await;
    assert_eq!(desk.connection().await.state, ConnectionState::NeedsSignIn);
    let task = desk.task("SO000001").await;
    assert_eq!(task.state.name(), "retrying", "{task:#?}");
    let asked = desk.books.faults().hits().len();
    for _ in 0..5 {
        desk.pass(Duration::minutes(10));
        desk.engine.round().await.unwrap();
    }
    assert_eq!(desk.books.faults().hits().len(), asked, "nobody knocks before somebody signs in");
}
