//! Where a target says that it is: its answer read and held to what the card allows, and what is remembered of it.
//! Pure but for the memory; asking is the door's business.

use std::time::Duration;

use counterfoil_domain::ports::{Lookup, Refusal, Route};
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use crate::base::{Base, percent, shown};
use crate::policy::{Outgoing, refuse};

/// A target that told nothing new, or nothing, is not asked again before this is over: a record that is really not there
/// must not cost a question each time.
pub(crate) const ASKED_FOR: Duration = Duration::from_secs(60);
/// An answer that takes longer does not keep the request waiting: the settings stand in.
pub(crate) const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// What is known of one route's place. Shared by the routes that replace each other as long as they ask alike.
#[derive(Debug, Default)]
pub(crate) struct Known {
    told: Option<Base>,
    refused: Option<Refusal>,
    /// When it was last asked without a usable answer.
    failed_at: Option<Instant>,
    /// When it was last asked because an answer said that it had moved.
    again_at: Option<Instant>,
}

impl Known {
    /// What stands without asking; none: ask.
    pub(crate) fn standing(&self, fallback: &Base, now: Instant) -> Option<Result<Base, Refusal>> {
        if let Some(base) = &self.told {
            return Some(Ok(base.clone()));
        }
        if !is_recent(self.failed_at, now) {
            return None;
        }
        Some(self.refused.clone().map_or_else(|| Ok(fallback.clone()), Err))
    }

    /// The first answer; what it says stands until a request finds nobody there.
    pub(crate) fn took(&mut self, told: Told, fallback: &Base, now: Instant) -> Result<Base, Refusal> {
        (self.refused, self.failed_at) = (None, None);
        match told {
            Told::At(base) => Ok(self.told.insert(base).clone()),
            Told::Nothing => {
                self.failed_at = Some(now);
                Ok(fallback.clone())
            }
            Told::Refused(refusal) => {
                (self.refused, self.failed_at) = (Some(refusal.clone()), Some(now));
                Err(refusal)
            }
        }
    }

    /// Where somebody else found it meanwhile.
    pub(crate) fn moved_from(&self, used: &Base) -> Option<Base> {
        self.told.clone().filter(|told| told != used)
    }

    /// Whether it is worth asking again; it counts as asked then.
    pub(crate) fn may_ask_again(&mut self, now: Instant) -> bool {
        let may = !is_recent(self.again_at, now);
        if may {
            self.again_at = Some(now);
        }
        may
    }

    /// The answer after a request that found nobody; none: it is where it was, as far as anybody knows.
    pub(crate) fn took_again(&mut self, told: Told, used: &Base) -> Option<Base> {
        let Told::At(base) = told else { return None };
        self.told = Some(base.clone());
        (base != *used).then_some(base)
    }
}

fn is_recent(at: Option<Instant>, now: Instant) -> bool {
    at.is_some_and(|at| now.saturating_duration_since(at) < ASKED_FOR)
}

/// What an answer comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    At(Base),
    /// No answer that could be read: the settings stand.
    Nothing,
    Refused(Refusal),
}

/// Reads an answer. `configured` is where the settings lead.
pub(crate) fn read(route: &Route, lookup: &Lookup, configured: &Base, status: u16, body: &[u8]) -> Told {
    if status != 200 {
        return Told::Nothing;
    }
    let text = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let members = match serde_json::from_slice::<Value>(text) {
        Ok(Value::Null) => return Told::Refused(unknown(lookup)),
        Ok(Value::Object(members)) => members,
        Ok(_) | Err(_) => return Told::Nothing,
    };
    let value_of = |name: &str| {
        let field = lookup.discovery.fields.iter().find(|(filled, _)| filled == name).map(|(_, field)| field)?;
        let value = plain(members.get(field)?.as_str()?);
        (!value.is_empty()).then(|| percent(value))
    };
    let filled = lookup.settings.iter().fold(lookup.base.clone(), |base, (name, setting)| {
        base.replace(&format!("{{{name}}}"), &value_of(name).unwrap_or_else(|| setting.clone()))
    });
    match Base::parse(&filled, &route.exceptions) {
        Ok(base) if is_ours(&base, configured, lookup) => Told::At(base),
        Ok(base) => Told::Refused(elsewhere(base.url(), lookup)),
        Err(refusal) => Told::Refused(refusal),
    }
}

/// "https://host/" and "v2025_1/" as they stand in an address.
fn plain(value: &str) -> &str {
    let value = value.trim();
    value.strip_prefix("https://").unwrap_or(value).trim_matches('/')
}

/// The configured host, or one of those that the card names, at its usual port.
fn is_ours(base: &Base, configured: &Base, lookup: &Lookup) -> bool {
    let host = base.url().host_str().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
    let below =
        |suffix: &String| host == *suffix || host.strip_suffix(suffix.as_str()).is_some_and(|rest| rest.ends_with('.'));
    crate::base::same_origin(base.url(), configured.url())
        || base.url().port().is_none() && lookup.discovery.site_suffixes.iter().any(below)
}

fn unknown(lookup: &Lookup) -> Refusal {
    let settings = match lookup.named_by.as_slice() {
        [] => "the address of the discovery".to_owned(),
        names => format!("the setting {}", names.iter().rev().cloned().collect::<Vec<_>>().join(" or ")),
    };
    refuse(
        "discovery-unknown",
        format!(
            "{} answers that it knows nobody of this name, so nothing was sent and nothing is billed. Correct {settings} of the connection.",
            place(&lookup.url)
        ),
        None,
    )
}

fn elsewhere(url: &Url, lookup: &Lookup) -> Refusal {
    let hosts = lookup.discovery.site_suffixes.join(", ");
    let beside = if hosts.is_empty() { String::new() } else { format!(" or of {hosts}") };
    refuse(
        "discovery-elsewhere",
        format!(
            "{} says that the connection's place is {}, which is neither the configured host{beside}, so nothing was sent and no credential went there. If it is yours, set it as the connection's site or base_url.",
            place(&lookup.url),
            shown(url)
        ),
        None,
    )
}

fn place(url: &str) -> String {
    Url::parse(url).map(|url| shown(&url)).unwrap_or_default()
}

/// Whether an answer to a request says that nobody took it there.
pub(crate) fn says_moved(lookup: &Lookup, outgoing: &Outgoing, status: u16, body: &[u8]) -> bool {
    if !outgoing.is_read && !lookup.discovery.writes_again {
        return false;
    }
    lookup.discovery.again_when.iter().any(|when| {
        when.status == status
            && when.text.as_ref().is_none_or(|text| String::from_utf8_lossy(body).contains(text.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use counterfoil_domain::card::Discovery;
    use counterfoil_domain::connection::Exceptions;

    use super::*;
    use crate::policy::tests::route;

    /// answer -> where it leads, or the rule that refuses it
    const ANSWERS: &str = r#"
{"Codebase":"v2025_1/","SiteUrl":"api-eu.cloud.test"}   -> https://api-eu.cloud.test/v2025_1/api
{"Codebase":"/v2025_1/","SiteUrl":"https://api-eu.cloud.test/"} -> https://api-eu.cloud.test/v2025_1/api
{"Codebase":"v1"}                                       -> https://psa.own.test/v1/api
{"Codebase":"","SiteUrl":null,"IsCloud":true}           -> https://psa.own.test/v4/api
{"SiteUrl":"cloud.test"}                                -> https://cloud.test/v4/api
{"SiteUrl":"API.CLOUD.TEST."}                           -> https://api.cloud.test./v4/api
{"SiteUrl":"psa.own.test"}                              -> https://psa.own.test/v4/api
{"SiteUrl":"other.own.test"}                            -> discovery-elsewhere
{"SiteUrl":"notcloud.test"}                             -> discovery-elsewhere
{"SiteUrl":"cloud.test.evil"}                           -> discovery-elsewhere
{"SiteUrl":"api.cloud.test:8443"}                       -> url-not-plain
{"Codebase":"../admin"}                                 -> https://psa.own.test/..%2Fadmin/api
{"Codebase":"{site}"}                                   -> https://psa.own.test/%7Bsite%7D/api
null                                                    -> discovery-unknown
"#;

    #[test]
    fn an_answer_leads_below_the_named_domains_or_to_the_configured_host() {
        let lookup = Lookup {
            url: "https://psa.own.test/where/acme".to_owned(),
            base: "https://{site}/{codebase}/api".to_owned(),
            settings: [("codebase", "v4"), ("site", "psa.own.test")].map(|(n, v)| (n.to_owned(), v.to_owned())).into(),
            named_by: vec!["company".to_owned()],
            discovery: Discovery {
                url: String::new(),
                fields: [("codebase", "Codebase"), ("site", "SiteUrl")]
                    .map(|(n, f)| (n.to_owned(), f.to_owned()))
                    .into(),
                site_suffixes: vec!["cloud.test".to_owned()],
                again_when: vec![],
                writes_again: false,
            },
        };
        let configured = Base::parse("https://psa.own.test/v4/api", &Exceptions::default()).unwrap();
        for row in ANSWERS.lines().filter(|row| !row.is_empty()) {
            let (answer, expected) = row.split_once("->").unwrap();
            let found = match read(&route(), &lookup, &configured, 200, answer.trim().as_bytes()) {
                Told::At(base) => base.url().to_string(),
                Told::Refused(refusal) => refusal.rule,
                Told::Nothing => "nothing".to_owned(),
            };
            assert_eq!(found, expected.trim(), "{answer}");
        }
    }

    #[test]
    fn what_failed_is_not_asked_again_before_a_minute_is_over() {
        let base = |text: &str| Base::parse(text, &Exceptions::default()).unwrap();
        let (fallback, moved) = (base("https://a.test/v4"), base("https://a.test/v5"));
        let (begun, mut known) = (Instant::now(), Known::default());
        assert!(known.standing(&fallback, begun).is_none());
        assert_eq!(known.took(Told::Nothing, &fallback, begun), Ok(fallback.clone()));
        let soon = begun + ASKED_FOR - Duration::from_secs(1);
        assert_eq!(known.standing(&fallback, soon), Some(Ok(fallback.clone())));
        assert!(known.standing(&fallback, begun + ASKED_FOR).is_none());
        assert_eq!(known.took(Told::At(moved.clone()), &fallback, soon), Ok(moved.clone()));
        assert_eq!(known.standing(&fallback, begun + ASKED_FOR * 10), Some(Ok(moved.clone())), "until nobody is there");
        assert!(known.may_ask_again(begun) && !known.may_ask_again(soon) && known.may_ask_again(begun + ASKED_FOR));
        assert_eq!(known.took_again(Told::At(fallback.clone()), &moved), Some(fallback.clone()));
        assert_eq!((known.moved_from(&moved), known.moved_from(&fallback)), (Some(fallback), None));
    }
}
