//! The system's own words: customers and products as it has them, its pages, and what its status codes mean. Owns no
//! decision about what is billed.

use counterfoil_sdk::serde::{Deserialize, Serialize};
use counterfoil_sdk::{Class, Draft, Entity, EntityPage, Failure, Remote, Request, Response, directory, encode, json};

/// Pages that are followed by ourselves, before something must be wrong.
const MOST_PAGES: usize = 200;

/// What can be linked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Party,
    Item,
}

impl Kind {
    pub fn of(kind: &str) -> Result<Self, Failure> {
        match kind {
            directory::kind::PARTY => Ok(Self::Party),
            directory::kind::ITEM => Ok(Self::Item),
            other => Err(Failure::unsupported("acme-books-kind", format!("Acme Books has no {other}."))),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Party => directory::kind::PARTY,
            Self::Item => directory::kind::ITEM,
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Party => "/customers",
            Self::Item => "/products",
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
struct Record {
    id: String,
    #[serde(default)]
    code: String,
    name: String,
    #[serde(default)]
    price: Option<json::Exact>,
    #[serde(default)]
    external_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
struct Records {
    #[serde(alias = "customers", alias = "products")]
    records: Vec<Record>,
    next: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(crate = "counterfoil_sdk::serde")]
struct NewRecord<'a> {
    code: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<json::Exact>,
    external_id: &'a str,
}

impl Record {
    fn entity(self, kind: Kind) -> Entity {
        let price = self.price.map(|price| price.0);
        Entity { price, ..Entity::new(kind.name(), self.id, self.code, self.name) }
    }
}

/// A read whose answer is a good one.
pub fn read(remote: &mut dyn Remote, request: Request) -> Result<Response, Failure> {
    let answer = remote.read(request)?;
    if answer.is_success() { Ok(answer) } else { Err(refused(&answer, Class::Transient)) }
}

/// A write whose answer is a good one. What a server says when it broke down proves nothing about what it did.
pub fn write(remote: &mut dyn Remote, key: &str, request: Request) -> Result<Response, Failure> {
    let answer = remote.write(key, request)?;
    if answer.is_success() { Ok(answer) } else { Err(refused(&answer, Class::UnknownOutcome)) }
}

/// What a status that is not good means. `broken` is what it means when the system itself broke down.
fn refused(answer: &Response, broken: Class) -> Failure {
    let status = answer.status;
    let (class, code, act) = match status {
        401 => (Class::Auth, "acme-books-sign-in", "Enter the token again."),
        403 => (Class::Forbidden, "acme-books-forbidden", "Give the token's user the right to do this."),
        404 => (Class::NotFound, "acme-books-not-found", "Link it again; it is gone."),
        409 => (Class::Conflict, "acme-books-conflict", "Look in Acme Books for what is in the way."),
        429 => (Class::Throttled, "acme-books-throttled", "It is tried again by itself."),
        400..=499 => (Class::Rejected, "acme-books-rejected", "Mend what it names and plan again."),
        _ => (broken, "acme-books-broken", "The host looks before it tries again."),
    };
    let said = counterfoil_sdk::text::clip(&counterfoil_sdk::text::single_spaced(&answer.text()), 200);
    let failure = Failure::new(class, code, format!("Acme Books answered {status}: {said}. {act}"));
    Failure { retry_after: answer.retry_after(), ..failure }
}

/// What comes back from a write that went well, or may have.
pub fn stored<T: for<'de> Deserialize<'de>>(what: &str, answer: &Response) -> Result<T, Failure> {
    json::parse(what, &answer.body).map_err(|failure| Failure { class: Class::UnknownOutcome, ..failure })
}

pub fn search(remote: &mut dyn Remote, kind: Kind, query: &str, cursor: Option<&str>) -> Result<EntityPage, Failure> {
    let mut request = Request::get("list", kind.path()).query("q", query);
    if let Some(cursor) = cursor {
        request = request.query("after", cursor);
    }
    let found: Records = json::parse(kind.path(), &read(remote, request)?.body)?;
    // A page that leads to itself has no end.
    let next = found.next.filter(|next| Some(next.as_str()) != cursor);
    Ok(EntityPage { entities: found.records.into_iter().map(|record| record.entity(kind)).collect(), next })
}

/// None: there is no such record.
pub fn one(remote: &mut dyn Remote, kind: Kind, id: &str) -> Result<Option<Entity>, Failure> {
    let request = Request::get("get", format!("{}/{}", kind.path(), encode::segment(id)));
    match read(remote, request) {
        Ok(answer) => Ok(Some(json::parse::<Record>(kind.path(), &answer.body)?.entity(kind))),
        Err(failure) if failure.class == Class::NotFound => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Looks first: an earlier try with this key may have made it.
pub fn create(remote: &mut dyn Remote, kind: Kind, draft: &Draft) -> Result<Entity, Failure> {
    let known = Request::get("list", kind.path()).query("external_id", &draft.key);
    let known: Records = json::parse(kind.path(), &read(remote, known)?.body)?;
    if let Some(record) = known.records.into_iter().find(|record| record.external_id == draft.key) {
        return Ok(record.entity(kind));
    }
    let price = draft.price.map(json::Exact);
    let new = NewRecord { code: &draft.code, name: &draft.name, price, external_id: &draft.key };
    let answer = write(remote, &draft.key, Request::post("create", kind.path()).json(&new)?)?;
    Ok(stored::<Record>(kind.path(), &answer)?.entity(kind))
}

/// Every page of a list, each asked for with the cursor of the page before.
pub fn pages<T>(
    remote: &mut dyn Remote,
    first: &Request,
    mut take: impl FnMut(&Response) -> Result<(Vec<T>, Option<String>), Failure>,
) -> Result<Vec<T>, Failure> {
    let (mut all, mut cursor) = (Vec::new(), None::<String>);
    for _ in 0..MOST_PAGES {
        let request = match &cursor {
            None => first.clone(),
            Some(cursor) => first.clone().query("after", cursor),
        };
        let (some, next) = take(&read(remote, request)?)?;
        all.extend(some);
        if next.is_none() || next == cursor {
            return Ok(all);
        }
        cursor = next;
    }
    Err(Failure::transient("acme-books-pages", "A list of Acme Books has no end. Try again later."))
}
