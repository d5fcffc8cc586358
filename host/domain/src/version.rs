//! Versions of a plugin: which of two is newer, and what one card asks for beyond another. Owns the comparison; what a
//! wider card has to wait for is decided where versions are activated.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::card::{Allowed, Auth, Budgets, Card, Delivery, EffectKind};
use crate::id::{Actor, PluginDigest, PluginId};
use crate::order::named;

/// A version that is kept, whether or not calls go to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstalledVersion {
    pub digest: PluginDigest,
    pub plugin: PluginId,
    pub version: String,
    pub installed_at: DateTime<Utc>,
    pub installed_by: Actor,
}

/// Which version of a plugin new work goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activation {
    pub plugin: PluginId,
    pub digest: PluginDigest,
    /// What a rollback goes back to.
    pub former: Option<PluginDigest>,
    pub at: DateTime<Utc>,
    pub by: Actor,
}

named! {
    /// One way in which a card asks for, or promises, more than the one before it.
    Wider {
        Publisher = "publisher",
        Host = "host",
        Path = "path",
        ReadToWrite = "read-to-write",
        WriteToRead = "write-to-read",
        Document = "document",
        Secret = "secret",
        AuthScheme = "auth-scheme",
        SignIn = "sign-in",
        Scope = "scope",
        StaticHeader = "static-header",
        RequestHeader = "request-header",
        ResponseHeader = "response-header",
        ResponseSize = "response-size",
        RequestTime = "request-time",
        Budget = "budget",
        Concurrency = "concurrency",
        Memory = "memory",
        CallTime = "call-time",
        BatchSize = "batch-size",
        IdempotencyClaim = "idempotency-claim",
        LocateClaim = "locate-claim",
        RequiredSetting = "required-setting",
    }
}

/// What is wider, and how, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Widening {
    pub what: Wider,
    pub sentence: String,
}

/// Whether version `a` comes after version `b`. Numbers between the dots, not letters: 0.10.0 is after 0.9.0.
pub fn is_newer(a: &str, b: &str) -> bool {
    numbers(a) > numbers(b)
}

fn numbers(version: &str) -> Vec<u64> {
    version.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

/// Everything in which `new` goes beyond `old`. Empty: nobody has to be asked.
pub fn wider(old: &Card, new: &Card) -> Vec<Widening> {
    let mut found = Found::default();
    if old.publisher != new.publisher {
        found.say(Wider::Publisher, format!("it is published by {}, so far by {}", new.publisher, old.publisher));
    }
    reach(&mut found, old, new);
    signing(&mut found, old, new);
    headers(&mut found, old, new);
    budgets(&mut found, &old.budgets, &new.budgets);
    limits(&mut found, old, new);
    promises(&mut found, &old.delivery, &new.delivery);
    for setting in new.settings.iter().filter(|setting| setting.required && setting.default.is_none()) {
        if !old.setting(&setting.name).is_some_and(|known| known.required && known.default.is_none()) {
            let sentence =
                format!("it needs the setting \"{}\" ({}) from every connection", setting.name, setting.label);
            found.say(Wider::RequiredSetting, sentence);
        }
    }
    found.0
}

#[derive(Debug, Default)]
struct Found(Vec<Widening>);

impl Found {
    fn say(&mut self, what: Wider, sentence: String) {
        self.0.push(Widening { what, sentence });
    }

    /// Larger than before.
    fn grown<T: PartialOrd>(&mut self, what: Wider, (old, new): (T, T), sentence: impl FnOnce() -> String) {
        if new > old {
            self.say(what, sentence());
        }
    }
}

fn reach(found: &mut Found, old: &Card, new: &Card) {
    let (before, after) = (&old.egress.base_url, &new.egress.base_url);
    if before != after {
        found.say(Wider::Host, format!("its requests go to {after}, so far to {before}"));
    }
    discovery(found, old, new);
    for door in &new.egress.allow {
        let covering: Vec<&Allowed> = old.egress.allow.iter().filter(|known| covers(known, door)).collect();
        if covering.iter().any(|known| known.effect == door.effect) {
            continue;
        }
        let line = format!("{} {}", door.method, door.path);
        match (covering.is_empty(), door.effect) {
            (true, effect) => found.say(Wider::Path, format!("it may {effect} {line}")),
            (false, EffectKind::Write) => {
                found.say(Wider::ReadToWrite, format!("it may write with {line}, so far only read"));
            }
            (false, EffectKind::Read) => {
                let sentence = format!("it may send {line} while planning and without the journal, as a read");
                found.say(Wider::WriteToRead, sentence);
            }
        }
    }
    for document in new.documents.iter().filter(|document| !old.documents.contains(document)) {
        found.say(Wider::Document, format!("it writes documents of the kind {document}"));
    }
}

/// What the target tells without credentials decides where credentials go.
fn discovery(found: &mut Found, old: &Card, new: &Card) {
    let Some(after) = &new.egress.discovery else { return };
    let before = old.egress.discovery.as_ref();
    if before.is_none_or(|before| before.url != after.url || before.fields != after.fields) {
        let before = before.map(|before| before.url.as_str());
        found.say(Wider::Host, format!("{} tells where its requests go{}", after.url, so_far(before)));
    }
    let known = |suffix: &&String| before.is_some_and(|before| before.site_suffixes.contains(suffix));
    for suffix in after.site_suffixes.iter().filter(|suffix| !known(suffix)) {
        found.say(Wider::Host, format!("its requests may be led to hosts of {suffix}"));
    }
    // Each is a promise that nothing was done: a wrong one writes twice.
    let promised = before.filter(|before| before.writes_again).map(|before| before.again_when.as_slice());
    let known = promised.unwrap_or_default();
    for when in after.again_when.iter().filter(|when| after.writes_again && !known.contains(when)) {
        let text = when.text.as_deref().map(|text| format!(" with \"{text}\"")).unwrap_or_default();
        let sentence =
            format!("a write is sent once more where the target moved, after the answer {}{text}", when.status);
        found.say(Wider::IdempotencyClaim, sentence);
    }
}

/// Every request that fits `door` fits `known` too, whatever their effects.
fn covers(known: &Allowed, door: &Allowed) -> bool {
    let is_open = |segment: &str| segment.starts_with('{') && segment.ends_with('}');
    let (known_parts, parts) = (known.path.split('/'), door.path.split('/'));
    known.method.eq_ignore_ascii_case(&door.method)
        && known.path.split('/').count() == door.path.split('/').count()
        && known_parts.zip(parts).all(|(wide, narrow)| is_open(wide) || (!is_open(narrow) && wide == narrow))
}

fn signing(found: &mut Found, old: &Card, new: &Card) {
    let known = |name: &String| old.auth.iter().any(|auth| auth.secrets.contains(name));
    let mut told: Vec<&String> = Vec::new();
    for name in new.auth.iter().flat_map(|auth| &auth.secrets) {
        if !known(name) && !told.contains(&name) {
            found.say(Wider::Secret, format!("requests are signed with the secret \"{name}\""));
            told.push(name);
        }
    }
    for auth in &new.auth {
        match old.auth.iter().find(|former| former.scheme == auth.scheme) {
            None => found.say(Wider::AuthScheme, format!("it may sign in by {}", auth.scheme)),
            Some(former) => same_scheme(found, former, auth),
        }
    }
    if let (Some(before), Some(after)) = (old.auth.first(), new.auth.first())
        && before.scheme != after.scheme
        && old.auth.iter().any(|auth| auth.scheme == after.scheme)
    {
        let sentence =
            format!("a connection that chose nothing signs in by {}, so far by {}", after.scheme, before.scheme);
        found.say(Wider::AuthScheme, sentence);
    }
}

fn same_scheme(found: &mut Found, old: &Auth, new: &Auth) {
    let places = [
        ("asks for consent at", &old.authorize_url, &new.authorize_url),
        ("fetches its tokens from", &old.token_url, &new.token_url),
        ("puts the secret into the header", &old.header, &new.header),
    ];
    for (does, before, after) in places {
        if let Some(place) = after.as_ref().filter(|_| before != after) {
            found.say(Wider::SignIn, format!("by {} it {does} {place}{}", new.scheme, so_far(before.as_deref())));
        }
    }
    for scope in new.scopes.iter().filter(|scope| !old.scopes.contains(scope)) {
        found.say(Wider::Scope, format!("by {} it asks for the scope {scope}", new.scheme));
    }
}

fn so_far(before: Option<&str>) -> String {
    before.map(|before| format!(", so far {before}")).unwrap_or_default()
}

fn headers(found: &mut Found, old: &Card, new: &Card) {
    for (name, value) in new.static_headers.iter().filter(|header| !old.static_headers.contains(header)) {
        found.say(Wider::StaticHeader, format!("every request carries the header {name}: {value}"));
    }
    let is_new = |known: &[String], name: &str| !known.iter().any(|known| known.eq_ignore_ascii_case(name));
    for name in new.egress.request_headers.iter().filter(|name| is_new(&old.egress.request_headers, name)) {
        found.say(Wider::RequestHeader, format!("it may send the header {name}"));
    }
    for name in new.egress.response_headers.iter().filter(|name| is_new(&old.egress.response_headers, name)) {
        found.say(Wider::ResponseHeader, format!("it may read the header {name} of an answer"));
    }
}

/// A limit that is gone, or lets more calls through in the same time.
fn budgets(found: &mut Found, old: &Budgets, new: &Budgets) {
    for limit in &old.limits {
        let same = new.limits.iter().filter(|kept| kept.scope == limit.scope && kept.window == limit.window);
        let (calls, window, scope) = (limit.calls, span(limit.window), limit.scope);
        match same.map(|kept| kept.calls).min() {
            None => found.say(Wider::Budget, format!("the limit of {calls} calls in {window} per {scope} is gone")),
            Some(more) => found.grown(Wider::Budget, (calls, more), || {
                format!("it may send {more} calls in {window} per {scope}, so far {calls}")
            }),
        }
    }
    found.grown(Wider::Concurrency, (old.concurrency, new.concurrency), || {
        format!("it may send {} requests at a time, so far {}", new.concurrency, old.concurrency)
    });
}

fn limits(found: &mut Found, old: &Card, new: &Card) {
    let (before, after) = (&old.limits, &new.limits);
    found.grown(Wider::ResponseSize, (old.egress.max_response_bytes, new.egress.max_response_bytes), || {
        format!("answers may have {} bytes, so far {}", new.egress.max_response_bytes, old.egress.max_response_bytes)
    });
    found.grown(Wider::RequestTime, (old.egress.timeout, new.egress.timeout), || {
        format!("a request may take {}, so far {}", span(new.egress.timeout), span(old.egress.timeout))
    });
    found.grown(Wider::Memory, (before.memory_mib, after.memory_mib), || {
        format!("a call may take {} MiB of memory, so far {}", after.memory_mib, before.memory_mib)
    });
    for (what, old, new) in [("plan", before.plan, after.plan), ("apply", before.apply, after.apply)] {
        found.grown(Wider::CallTime, (old, new), || {
            format!("a call to {what} may take {}, so far {}", span(new), span(old))
        });
    }
    found.grown(Wider::BatchSize, (old.batch_tasks, new.batch_tasks), || {
        format!("{} tasks go into one call, so far {}", new.batch_tasks, old.batch_tasks)
    });
}

/// A stronger promise lets the host send again sooner: were it wrong, something would be billed twice.
fn promises(found: &mut Found, old: &Delivery, new: &Delivery) {
    match (&old.idempotency_header, &new.idempotency_header) {
        (_, None) => {}
        (before, Some(name)) if before.as_ref() != Some(name) => found.say(
            Wider::IdempotencyClaim,
            format!("it says that the target takes a key in {name} and answers it once{}", so_far(before.as_deref())),
        ),
        (_, Some(_)) => {
            let (before, after) = (old.idempotency_lifetime, new.idempotency_lifetime);
            found.grown(Wider::IdempotencyClaim, (before, after), || {
                format!("it says that the target keeps a key for {}, so far {}", span(after), span(before))
            });
        }
    }
    if new.locate_is_reliable && !old.locate_is_reliable {
        let sentence = "it says that a document which is not found is surely not there".to_owned();
        found.say(Wider::LocateClaim, sentence);
    } else if new.locate_is_reliable && new.settle < old.settle {
        let sentence = format!(
            "it says that a document is found {} after it was written, so far {}",
            span(new.settle),
            span(old.settle)
        );
        found.say(Wider::LocateClaim, sentence);
    }
}

fn span(time: Duration) -> String {
    match time.as_millis() {
        millis if millis % 1000 != 0 => format!("{millis} ms"),
        millis => format!("{} s", millis / 1000),
    }
}

impl fmt::Display for Widening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}
