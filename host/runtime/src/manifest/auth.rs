//! How the host signs a plugin's requests: schemes, URLs, scopes and the names of secrets.

use counterfoil_domain::card::{Auth, AuthScheme, Setting, TenantList};

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
    let refresh_days = fields.maybe_number("refresh_days", 1..=3_650);
    let tenants = fields.maybe_table("tenants").and_then(|table| tenant_list(table, settings));
    let named = scheme?;
    let scheme = one_of(report, &named, AuthScheme::ALL, AuthScheme::parse, AuthScheme::name)?;

    let (code, oauth) = (
        scheme == AuthScheme::AuthorizationCode,
        matches!(scheme, AuthScheme::AuthorizationCode | AuthScheme::ClientCredentials),
    );
    expect(report, &spot, "authorize_url", scheme, authorize_url.as_ref(), code);
    expect(report, &spot, "token_url", scheme, token_url.as_ref(), oauth);
    expect(report, &spot, "header", scheme, header.as_ref(), scheme == AuthScheme::Header);
    for (key, found) in [("refresh_days", refresh_days.is_some()), ("tenants", tenants.is_some())] {
        if found && !code {
            fields.say(key, format!("the scheme {scheme} does not use \"{key}\"; leave it out"));
        }
    }
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
        refresh_days: refresh_days.and_then(|days| u32::try_from(days).ok()),
        tenants,
    })
}

/// `{ path = "/connections", id = "tenantId", name = "tenantName", setting = "tenant_id" }`, and `only` where not every
/// object of the list is one.
fn tenant_list(mut fields: Fields<'_>, settings: &[Setting]) -> Option<TenantList> {
    let report = fields.report();
    let path = fields.text("path");
    let (id, name) = (fields.text("id"), fields.text("name"));
    let setting = fields.text("setting");
    let only = fields.maybe_table("only").and_then(|mut only| {
        let (field, value) = (only.text("field"), only.text("value"));
        only.finish();
        Some((field?.value, value?.value))
    });
    fields.finish();
    let (path, id, name, setting) = (path?, id?, name?, setting?);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~/".contains(c);
    if !path.value.starts_with('/')
        || !path.value.chars().all(is_plain)
        || path.value.contains("..")
        || path.value.contains("//")
    {
        report.say(&path.spot, format!("\"{}\" is not a plain path such as \"/connections\"", path.value));
    }
    if !settings.iter().any(|known| known.name == setting.value) {
        report.say(&setting.spot, format!("the card has no setting \"{}\" that could take the choice", setting.value));
    }
    Some(TenantList { path: path.value, id: id.value, name: name.value, only, setting: setting.value })
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

#[cfg(test)]
mod tests {
    use super::super::parse;

    const CARD: &str = include_str!("../../../../plugins/xero/plugin.toml");
    const OFFER: &str = "{ scheme = \"oauth2-authorization-code\", ";
    const LIST: &str = "refresh_days = 60, tenants = { path = \"/connections\", id = \"tenantId\", name = \"tenantName\", only = { field = \"tenantType\", value = \"ORGANISATION\" }, setting = \"tenant_id\" }, ";

    fn card() -> String {
        assert!(CARD.contains(OFFER));
        if CARD.contains("tenants = {") { CARD.to_owned() } else { CARD.replace(OFFER, &format!("{OFFER}{LIST}")) }
    }

    #[test]
    fn a_card_says_where_the_accounts_of_a_sign_in_are_listed() {
        let card = parse(&card()).unwrap();
        let auth = card.auth.iter().find(|auth| auth.authorize_url.is_some()).unwrap();
        let list = auth.tenants.as_ref().unwrap();
        assert_eq!(
            (auth.refresh_days, list.path.as_str(), list.setting.as_str()),
            (Some(60), "/connections", "tenant_id")
        );
        assert_eq!(list.only, Some(("tenantType".to_owned(), "ORGANISATION".to_owned())));
        assert!(card.auth.iter().filter(|auth| auth.authorize_url.is_none()).all(|auth| auth.tenants.is_none()));
    }

    #[test]
    fn a_list_that_cannot_be_read_or_used_is_refused_with_its_place() {
        for (from, to, words) in [
            ("path = \"/connections\", id", "path = \"//x?y\", id", "not a plain path"),
            ("path = \"/connections\", id", "path = \"/a/../b\", id", "not a plain path"),
            ("setting = \"tenant_id\"", "setting = \"tenant\"", "no setting"),
            ("id = \"tenantId\", ", "", "is missing"),
            ("refresh_days = 60", "refresh_days = 0", "out of range"),
            (
                "scheme = \"oauth2-client-credentials\"",
                "scheme = \"oauth2-client-credentials\"\nrefresh_days = 9",
                "does not use",
            ),
        ] {
            let text = card().replace(from, to);
            assert_ne!(text, card(), "{from}");
            let problems = parse(&text).unwrap_err();
            assert!(format!("{problems:?}").contains(words), "{to}: {problems:?}");
        }
    }
}
