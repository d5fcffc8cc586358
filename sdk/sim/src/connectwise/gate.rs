//! Owns the way of a call from HTTP to the records and back: code base, sign-in, client, version, role, limit, work.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{self, Body};
use axum::extract::{Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::Duration;

use super::answer::{Answer, Refusal};
use super::config::{ApiVersion, BadCredentials, NoClientId, OldCodebase, Role, SiteUrl, TooMany};
use super::json::Json;
use super::listing::{Asked, field_names};
use super::tables::Table;
use super::tenant::{Tenant, not_found};

const BODY_CAP: usize = 4_000_000;
/// Longer addresses are refused.
const ADDRESS_CAP: usize = 2_000;
const ROUTER: &str = "v4_6_release/";

pub(crate) type Shared = Arc<Mutex<Tenant>>;

pub(crate) fn lock(tenant: &Shared) -> MutexGuard<'_, Tenant> {
    tenant.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whatever was asked, outside the control paths.
pub(crate) async fn any(State(tenant): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let answer = match body::to_bytes(body, BODY_CAP).await {
        Err(_) => Answer::text(413, "The request is too large"),
        Ok(bytes) => answered(&mut lock(&tenant), &parts, &String::from_utf8_lossy(&bytes)),
    };
    // Its own clock: clients read the day from it.
    let now = lock(&tenant).clock.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    respond(answer.with("Date", now))
}

fn respond(answer: Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    response
}

fn answered(tenant: &mut Tenant, parts: &Parts, body: &str) -> Answer {
    let path = parts.uri.path().trim_start_matches('/');
    if let Some(company) = path.strip_prefix("login/companyinfo/") {
        return company_info(tenant, parts, company);
    }
    if tenant.config.switches.ssl_required {
        return super::answer::ssl_required();
    }
    let Some(rest) = below_codebase(tenant, path) else {
        return match tenant.config.switches.old_codebase {
            OldCodebase::NotFound => Refusal::NoEndpoint.into(),
            OldCodebase::CannotRoute => Answer::cannot_route(),
        };
    };
    let rest = rest.to_owned();
    worked(tenant, parts, &rest, body).unwrap_or_else(|answer| answer)
}

fn below_codebase<'a>(tenant: &Tenant, path: &'a str) -> Option<&'a str> {
    let codebase = tenant.config.codebase.as_str();
    let below = path.strip_prefix(codebase);
    let routed = || path.strip_prefix(ROUTER).filter(|_| !tenant.config.switches.no_router);
    below.or_else(routed)?.strip_prefix("apis/3.0/")
}

fn company_info(tenant: &Tenant, parts: &Parts, company: &str) -> Answer {
    let config = &tenant.config;
    if !company.eq_ignore_ascii_case(&config.company_id) {
        return Answer::json(200, &Json::Null);
    }
    let is_cloud = if config.switches.is_cloud_as_text {
        Json::text(if config.is_cloud { "True" } else { "False" })
    } else {
        Json::Bool(config.is_cloud)
    };
    let mut info = Json::object([
        ("CompanyName", Json::text(config.company_id.clone())),
        ("Codebase", Json::text(config.codebase.clone())),
        ("VersionCode", Json::text(config.codebase.trim_end_matches('/').replace('_', "."))),
        ("VersionNumber", Json::text("v4.6.99999")),
        ("CompanyID", Json::text(config.company_id.clone())),
        ("IsCloud", is_cloud),
    ]);
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    match &config.switches.site_url {
        SiteUrl::Served => info.set("SiteUrl", Json::text(host)),
        SiteUrl::Fixed(site) => info.set("SiteUrl", Json::text(site.clone())),
        SiteUrl::Absent => {}
    }
    Answer::json(200, &info)
}

fn worked(tenant: &mut Tenant, parts: &Parts, path: &str, body: &str) -> Result<Answer, Answer> {
    if parts.uri.path_and_query().is_some_and(|address| address.as_str().len() > ADDRESS_CAP) {
        return Err(Refusal::UrlTooLong.into());
    }
    signed_in(tenant, parts)?;
    limited(tenant)?;
    let version = version(tenant, parts)?;
    let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
        .map_err(|_| Answer::from(Refusal::Body("The query cannot be read.".to_owned())))?
        .0;
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let method = parts.method.as_str();
    if let ["system", "info"] = segments.as_slice() {
        return if method == "GET" { Ok(system_info(tenant)) } else { Err(Refusal::Method.into()) };
    }
    if let ["finance", "agreementrecap", id] = segments.as_slice() {
        allowed(tenant, Role::AgreementInquire)?;
        let found = id.parse().ok().and_then(|id| tenant.record(Table::Agreement, id));
        let found = found.ok_or_else(|| Answer::from(Refusal::NotFound(format!("Agreement {id} not found"))))?;
        return Ok(Answer::json(200, &tenant.recap(found)));
    }
    let (table, parent, rest) = routed(tenant, &segments)?;
    allowed(tenant, role(table, method))?;
    let origin =
        format!("http://{}", parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default());
    let forward = parts.headers.get("pagination-type").is_some_and(|value| value.as_bytes() == b"forward-only");
    let full = parts.uri.path().to_owned();
    let asked = Asked { table, parent, query: &query, forward_only: forward, version, origin: &origin, path: &full };
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if matches!(method, "POST" | "PUT" | "PATCH") && !kind.contains("json") {
        return Err(Refusal::MediaType.into());
    }
    let fields = query.iter().find(|(name, _)| name.eq_ignore_ascii_case("fields"));
    let fields = fields.map(|(_, names)| field_names(names)).unwrap_or_default();
    let work = Work { table, parent, version, body, fields };
    match (method, rest) {
        ("GET", []) => tenant.list(&asked).map_err(Answer::from),
        ("GET", ["count"]) => tenant.count(&asked).map_err(Answer::from),
        ("POST", []) if is_writable(table) => work.create(tenant),
        ("GET" | "PATCH" | "PUT" | "DELETE", [id]) => {
            let id: i64 = id.parse().map_err(|_| Answer::from(Refusal::NoEndpoint))?;
            work.one(tenant, method, id)
        }
        ("POST" | "PATCH" | "PUT" | "DELETE", [] | [_]) => Err(Refusal::Method.into()),
        _ => Err(Refusal::NoEndpoint.into()),
    }
}

/// What is done to a record.
struct Work<'a> {
    table: Table,
    parent: Option<i64>,
    version: ApiVersion,
    body: &'a str,
    /// All when empty.
    fields: Vec<String>,
}

impl Work<'_> {
    fn json(&self) -> Result<Json, Answer> {
        Json::parse(self.body).map_err(|_| Refusal::Body("The body is not JSON.".to_owned()).into())
    }

    fn create(&self, tenant: &mut Tenant) -> Result<Answer, Answer> {
        let id = tenant.create(self.table, self.parent, &self.json()?, self.version).map_err(Answer::from)?;
        self.shown(tenant, 201, id)
    }

    fn one(&self, tenant: &mut Tenant, method: &str, id: i64) -> Result<Answer, Answer> {
        let here = tenant.record(self.table, id).filter(|record| self.parent.is_none() || record.parent == self.parent);
        let Some(record) = here else { return Err(not_found(self.table, id).into()) };
        match method {
            "GET" => {
                let lag = tenant.config.switches.list_lag_seconds.filter(|_| tenant.config.switches.lag_by_id);
                let young = tenant.clock.now() - record.made_at;
                if lag.is_some_and(|lag| young < Duration::seconds(lag)) {
                    return Err(not_found(self.table, id).into());
                }
            }
            _ if !is_writable(self.table) => return Err(Refusal::Method.into()),
            "PATCH" => tenant.patch(self.table, id, &self.json()?, self.version).map_err(Answer::from)?,
            "PUT" => tenant.put(self.table, id, &self.json()?, self.version).map_err(Answer::from)?,
            _ => {
                tenant.delete(self.table, id).map_err(Answer::from)?;
                return Ok(Answer::text(204, ""));
            }
        }
        self.shown(tenant, 200, id)
    }

    fn shown(&self, tenant: &Tenant, status: u16, id: i64) -> Result<Answer, Answer> {
        let record = tenant.record(self.table, id).ok_or_else(|| Answer::from(not_found(self.table, id)))?;
        Ok(Answer::json(status, &tenant.show(self.table, record, self.version, &self.fields)))
    }
}

fn signed_in(tenant: &Tenant, parts: &Parts) -> Result<(), Answer> {
    let config = &tenant.config;
    let wanted = format!("{}+{}:{}", config.company_id, config.public_key, config.private_key);
    let given = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Basic ")).and_then(|text| BASE64_STANDARD.decode(text).ok());
    if given.as_deref() != Some(wanted.as_bytes()) {
        return Err(match config.switches.bad_credentials {
            BadCredentials::Unauthorized => super::answer::unauthorized(),
            BadCredentials::NotFound => Refusal::NoEndpoint.into(),
        });
    }
    let client = parts.headers.get("clientId").and_then(|value| value.to_str().ok());
    if client != Some(config.client_id.as_str()) {
        return Err(super::answer::no_client_id(match config.switches.no_client_id {
            NoClientId::Forbidden => 403,
            NoClientId::BadRequest => 400,
        }));
    }
    Ok(())
}

/// Calls of the last minute, where a limit is set.
fn limited(tenant: &mut Tenant) -> Result<(), Answer> {
    let now = tenant.clock.now();
    while tenant.calls.front().is_some_and(|at| now - *at >= Duration::seconds(60)) {
        tenant.calls.pop_front();
    }
    if tenant.config.switches.calls_per_minute.is_some_and(|most| tenant.calls.len() >= most) {
        let until = now + Duration::seconds(30);
        return Err(Answer::too_many(match tenant.config.switches.too_many {
            TooMany::Seconds => Some("30".to_owned()),
            TooMany::HttpDate => Some(until.format("%a, %d %b %Y %H:%M:%S GMT").to_string()),
            TooMany::Malformed => Some("soon".to_owned()),
            TooMany::Html => None,
        }));
    }
    tenant.calls.push_back(now);
    Ok(())
}

/// The pinned model; without a pin the newest answers.
fn version(tenant: &Tenant, parts: &Parts) -> Result<ApiVersion, Answer> {
    let accept = parts.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Some((_, pinned)) = accept.split_once("version=") else { return Ok(tenant.config.newest) };
    let pinned = pinned.split([',', ';']).next().unwrap_or_default();
    match ApiVersion::parse(pinned) {
        Some(version) if version >= tenant.config.oldest && version <= tenant.config.newest => Ok(version),
        _ => Err(Refusal::Version(pinned.to_owned()).into()),
    }
}

fn allowed(tenant: &Tenant, role: Role) -> Result<(), Answer> {
    if tenant.config.switches.missing_roles.contains(&role) { Err(Refusal::Role.into()) } else { Ok(()) }
}

fn role(table: Table, method: &str) -> Role {
    match (table, method) {
        (Table::Company | Table::Contact, "GET") => Role::CompanyInquire,
        (Table::Company | Table::Contact, "POST") => Role::CompanyAdd,
        (Table::Company | Table::Contact, _) => Role::CompanyEdit,
        (Table::Agreement | Table::AgreementType | Table::Addition, "GET") => Role::AgreementInquire,
        (Table::Agreement | Table::AgreementType | Table::Addition, "POST") => Role::AgreementAdd,
        (Table::Agreement | Table::AgreementType | Table::Addition, "DELETE") => Role::AgreementDelete,
        (Table::Agreement | Table::AgreementType | Table::Addition, _) => Role::AgreementEdit,
        (Table::Item, "GET") => Role::CatalogInquire,
        (Table::Item, "POST") => Role::CatalogAdd,
        (Table::Item, _) => Role::CatalogEdit,
        _ => Role::TableSetupInquire,
    }
}

fn is_writable(table: Table) -> bool {
    matches!(table, Table::Company | Table::Contact | Table::Agreement | Table::Addition | Table::Item)
}

fn system_info(tenant: &Tenant) -> Answer {
    let newest = tenant.config.newest;
    let info = Json::object([
        ("version", Json::text(format!("v{}.{}.99999", newest.year, newest.minor))),
        ("isCloud", Json::Bool(tenant.config.is_cloud)),
        ("serverTimeZone", Json::text("(UTC) Coordinated Universal Time")),
        ("cloudRegion", Json::text("NA")),
    ]);
    Answer::json(200, &info)
}

type Routed<'a, 'b> = (Table, Option<i64>, &'b [&'a str]);

fn routed<'a, 'b>(tenant: &Tenant, segments: &'b [&'a str]) -> Result<Routed<'a, 'b>, Answer> {
    if let ["finance", "agreements", id, "additions", rest @ ..] = segments
        && let Ok(id) = id.parse::<i64>()
    {
        if tenant.record(Table::Agreement, id).is_none() {
            return Err(not_found(Table::Agreement, id).into());
        }
        return Ok((Table::Addition, Some(id), rest));
    }
    // The longest path first: statuses and types stand below companies.
    const TABLES: [Table; 14] = [
        Table::CompanyStatus,
        Table::CompanyType,
        Table::AgreementType,
        Table::Company,
        Table::Contact,
        Table::Country,
        Table::Agreement,
        Table::BillingCycle,
        Table::Currency,
        Table::Item,
        Table::ProductType,
        Table::Category,
        Table::Subcategory,
        Table::Unit,
    ];
    for table in TABLES {
        let path: Vec<&str> = table.path().split('/').collect();
        if let Some(rest) = segments.strip_prefix(path.as_slice()) {
            return Ok((table, None, rest));
        }
    }
    Err(Refusal::NoEndpoint.into())
}
