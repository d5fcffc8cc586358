//! How the host signs a plugin's requests: schemes, URLs, scopes and the names of secrets.

use counterfoil_domain::card::{Auth, AuthScheme, Setting};

use super::reader::{At, Fields, Report, Spot, one_of};
use super::rules::{bad_open_url, bad_placeholders, bad_static_header, is_header_name, is_word};

pub(super) fn auth(mut fields: Fields<'_>, settings: &[Setting]) -> (Vec<Auth>, Vec<(String, String)>) {
    let mut all: Vec<Auth> = scheme(&mut fields, settings).into_iter().collect();
    for mut other in fields.tables("also") {
        let spot = other.spot();
        if let Some(found) = scheme(&mut other, settings) {
            if all.iter().any(|earlier| earlier.scheme == found.scheme) {
                other.report().say(
                    &spot,
                    format!("the scheme {} is offered twice; a connection chooses by its name", found.scheme),
                );
            }
            all.push(found);
        }
        other.finish();
    }
    let mut headers: Vec<(String, String)> = Vec::new();
    for mut header in fields.tables("static_headers") {
        let (report, name, value) = (header.report(), header.text("name"), header.text("value"));
        header.finish();
        let (Some(name), Some(value)) = (name, value) else { continue };
        if let Some(problem) = bad_static_header(&name.value) {
            report.say(&name.spot, problem);
        }
        if headers.iter().any(|(earlier, _)| earlier.eq_ignore_ascii_case(&name.value)) {
            report.say(&name.spot, format!("the header {} is set twice", name.value));
        }
        if let Some(problem) = bad_placeholders(&value.value, settings) {
            report.say(&value.spot, problem);
        }
        if value.value.chars().any(char::is_control) {
            report.say(&value.spot, "must not hold control characters");
        }
        headers.push((name.value, value.value));
    }
    fields.finish();
    (all, headers)
}

fn scheme(fields: &mut Fields<'_>, settings: &[Setting]) -> Option<Auth> {
    let (report, spot) = (fields.report(), fields.spot());
    let scheme = fields.text("scheme");
    let authorize_url = fields.maybe_text("authorize_url");
    let token_url = fields.maybe_text("token_url");
    let scopes = fields.texts("scopes");
    let secrets = fields.some_texts("secrets");
    let header = fields.maybe_text("header");
    let named = scheme?;
    let scheme = one_of(report, &named, AuthScheme::ALL, AuthScheme::parse, AuthScheme::name)?;

    let (code, oauth) = (
        scheme == AuthScheme::AuthorizationCode,
        matches!(scheme, AuthScheme::AuthorizationCode | AuthScheme::ClientCredentials),
    );
    expect(report, &spot, "authorize_url", scheme, authorize_url.as_ref(), code);
    expect(report, &spot, "token_url", scheme, token_url.as_ref(), oauth);
    expect(report, &spot, "header", scheme, header.as_ref(), scheme == AuthScheme::Header);
    for url in [&authorize_url, &token_url].into_iter().flatten() {
        if let Some(problem) = bad_placeholders(&url.value, settings).or_else(|| bad_open_url(&url.value)) {
            report.say(&url.spot, problem);
        }
    }
    if let Some(header) = header.as_ref().filter(|header| !is_header_name(&header.value)) {
        report.say(&header.spot, format!("\"{}\" cannot be the name of a header", header.value));
    }
    for scope in &scopes {
        if !oauth {
            report.say(&scope.spot, format!("the scheme {scheme} has no scopes"));
        } else if scope.value.contains(char::is_whitespace) {
            report.say(&scope.spot, format!("\"{}\" holds a space; list each scope by itself", scope.value));
        }
    }
    check_secrets(report, &spot, scheme, &secrets);
    let value = |found: Option<At<String>>| found.map(|text| text.value);
    let values = |found: Vec<At<String>>| found.into_iter().map(|text| text.value).collect();
    Some(Auth {
        scheme,
        authorize_url: value(authorize_url),
        token_url: value(token_url),
        scopes: values(scopes),
        secrets: values(secrets),
        header: value(header),
    })
}

fn expect(report: &Report<'_>, table: &Spot, key: &str, scheme: AuthScheme, found: Option<&At<String>>, needed: bool) {
    match (found, needed) {
        (None, true) => report.say(table, format!("the scheme {scheme} needs \"{key}\"")),
        (Some(text), false) => {
            report.say(&text.spot, format!("the scheme {scheme} does not use \"{key}\"; leave it out"))
        }
        _ => {}
    }
}

/// Names only, and the ones without which the scheme cannot work.
fn check_secrets(report: &Report<'_>, table: &Spot, scheme: AuthScheme, secrets: &[At<String>]) {
    for secret in secrets.iter().filter(|secret| !is_word(&secret.value)) {
        let message = "must be the name of a secret, lower-case letters, digits and underscores, such as \"client_id\"; the value never stands in a card";
        report.say(&secret.spot, message);
    }
    let needed: &[&str] = match scheme {
        AuthScheme::AuthorizationCode => &["client_id", "client_secret", "refresh_token"],
        AuthScheme::ClientCredentials => &["client_id", "client_secret"],
        AuthScheme::Basic => &["username", "password"],
        // The first one listed is the one that is sent.
        AuthScheme::Bearer | AuthScheme::Header => &[],
    };
    for name in needed.iter().filter(|name| !secrets.iter().any(|secret| secret.value == **name)) {
        report.say(table, format!("the scheme {scheme} needs the secret \"{name}\" in \"secrets\""));
    }
}
