//! Owns lists: conditions, order, pages of both kinds, the fields that are shown.

use chrono::Duration;

use super::answer::{Answer, Refusal};
use super::condition::Condition;
use super::config::{ApiVersion, LinkHost, PageSizeRule};
use super::json::Json;
use super::record::Record;
use super::tables::Table;
use super::tenant::Tenant;

const DEFAULT_SIZE: usize = 25;
const MOST: usize = 1000;

/// What a list was asked for.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) table: Table,
    pub(crate) parent: Option<i64>,
    pub(crate) query: &'a [(String, String)],
    pub(crate) forward_only: bool,
    pub(crate) version: ApiVersion,
    /// Where it was asked, for the links.
    pub(crate) origin: &'a str,
    pub(crate) path: &'a str,
}

impl Asked<'_> {
    fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str) -> Result<Option<usize>, Refusal> {
        let read =
            |text: &str| text.parse().map_err(|_| Refusal::OutOfRange(format!("The field {name} must be a number.")));
        self.param(name).map(read).transpose()
    }
}

/// The parameter `fields`: its names.
pub(crate) fn field_names(text: &str) -> Vec<String> {
    text.split(',').map(|field| field.trim().to_owned()).filter(|field| !field.is_empty()).collect()
}

/// What a row has to fit.
struct Filters {
    plain: Option<Condition>,
    child: Option<Condition>,
    custom: Option<Condition>,
}

impl Tenant {
    fn fits_all(&self, asked: &Asked<'_>, record: Option<&Record>, filters: &Filters) -> Result<bool, Refusal> {
        let (table, version) = (asked.table, asked.version);
        let told = |fits: Option<Result<bool, Refusal>>| fits.unwrap_or(Ok(true));
        let plain = told(filters.plain.as_ref().map(|one| self.fits(table, record, version, one)))?;
        let child = told(filters.child.as_ref().map(|one| self.fits_child(table, record, version, one)))?;
        let custom = told(filters.custom.as_ref().map(|one| self.fits_custom(table, record, one)))?;
        Ok(plain && child && custom)
    }

    fn matching(&self, asked: &Asked<'_>) -> Result<Vec<&Record>, Refusal> {
        let stray = self.config.switches.stray_quote;
        let read = |name: &str| Condition::parse(asked.param(name).unwrap_or_default(), stray);
        let filters = Filters {
            plain: read("conditions")?,
            child: read("childConditions")?,
            custom: read("customFieldConditions")?,
        };
        // A wrong name is refused whatever there is.
        self.fits_all(asked, None, &filters)?;
        let now = self.clock.now();
        let lag =
            self.config.switches.list_lag_seconds.map(Duration::seconds).filter(|_| asked.table == Table::Addition);
        let mut found = Vec::new();
        for record in self.rows(asked.table) {
            let ours = asked.parent.is_none() || record.parent == asked.parent;
            let seen = lag.is_none_or(|lag| now - record.made_at >= lag);
            if ours && seen && self.fits_all(asked, Some(record), &filters)? {
                found.push(record);
            }
        }
        Ok(found)
    }

    pub(crate) fn count(&self, asked: &Asked<'_>) -> Result<Answer, Refusal> {
        let count = i64::try_from(self.matching(asked)?.len()).unwrap_or(i64::MAX);
        Ok(Answer::json(200, &Json::object([("count", Json::whole(count))])))
    }

    pub(crate) fn list(&self, asked: &Asked<'_>) -> Result<Answer, Refusal> {
        let mut found = self.matching(asked)?;
        let size = self.page_size(asked)?;
        let (from, links) = if asked.forward_only {
            if asked.param("orderBy").is_some() {
                return Err(Refusal::Condition("orderBy is not allowed with forward-only pagination.".to_owned()));
            }
            let after = asked.number("pageId")?.unwrap_or_default();
            found.retain(|record| usize::try_from(record.id).is_ok_and(|id| id > after));
            // It knows the page, not what is behind it: a full last page has a link too.
            let is_linked = found.len() >= size || self.config.switches.link_after_short_page;
            let last = found.get(..size).unwrap_or(&found).last().filter(|_| is_linked);
            (0, last.map(|record| ("next", format!("pageId={}", record.id))).into_iter().collect())
        } else {
            self.sort(asked, &mut found)?;
            let page = asked.number("page")?.unwrap_or(1).max(1);
            ((page - 1).saturating_mul(size), numbered(page, found.len().div_ceil(size)))
        };
        let fields = field_names(asked.param("fields").unwrap_or_default());
        let shown = found.iter().skip(from).take(size);
        let list = shown.map(|record| self.show(asked.table, record, asked.version, &fields)).collect();
        let answer = Answer::json(200, &Json::List(list));
        let links: Vec<String> = links.iter().map(|(rel, page)| self.link(asked, size, rel, page)).collect();
        Ok(if links.is_empty() { answer } else { answer.with("Link", links.join(", ")) })
    }

    /// Everything that was asked for, on another page.
    fn link(&self, asked: &Asked<'_>, size: usize, rel: &str, page: &str) -> String {
        let host = match self.config.switches.link_host {
            LinkHost::WithoutApi => "https://na.myconnectwise.example",
            LinkHost::Served => asked.origin,
        };
        let own = |name: &str| ["page", "pageSize", "pageId"].iter().any(|one| one.eq_ignore_ascii_case(name));
        let kept = asked.query.iter().filter(|(name, _)| !own(name));
        let kept: String = kept.map(|(name, value)| format!("{}={}&", escaped(name), escaped(value))).collect();
        format!("<{host}{}?{kept}pageSize={size}&{page}>; rel=\"{rel}\"", asked.path)
    }

    fn page_size(&self, asked: &Asked<'_>) -> Result<usize, Refusal> {
        let most = self.config.switches.page_size_max.unwrap_or(MOST);
        let size = asked.number("pageSize")?.unwrap_or(DEFAULT_SIZE);
        match self.config.switches.page_size {
            _ if size == 0 => Err(Refusal::OutOfRange(format!("The field pageSize must be between 1 and {most}."))),
            PageSizeRule::OutOfRange if size > most => {
                Err(Refusal::OutOfRange(format!("The field pageSize must be between 1 and {most}.")))
            }
            PageSizeRule::Capped | PageSizeRule::OutOfRange => Ok(size.min(most)),
        }
    }

    fn sort(&self, asked: &Asked<'_>, found: &mut [&Record]) -> Result<(), Refusal> {
        let Some(order) = asked.param("orderBy") else {
            if self.config.switches.unordered {
                found.sort_by_key(|record| record.id.wrapping_mul(0x9e37_79b9) % 0xffff);
            }
            return Ok(());
        };
        let mut refused = None;
        // The last key first: sorting keeps the order of equals.
        for key in order.split(',').rev() {
            let mut words = key.split_whitespace();
            let field = words.next().unwrap_or_default();
            let is_down = words.next().is_some_and(|word| word.eq_ignore_ascii_case("desc"));
            if asked.table.shape().any_case(field.split('/').next().unwrap_or_default(), asked.version).is_none() {
                return Err(Refusal::Condition(format!("{field} is not a recognized name.")));
            }
            found.sort_by(|one, other| {
                let by = self.by_field(asked.table, asked.version, field, one, other).unwrap_or_else(|why| {
                    refused = Some(why);
                    std::cmp::Ordering::Equal
                });
                if is_down { by.reverse() } else { by }
            });
        }
        refused.map_or(Ok(()), Err)
    }
}

/// The links of a page by number: none lead past the ends.
fn numbered(page: usize, pages: usize) -> Vec<(&'static str, String)> {
    let mut links = Vec::new();
    if page > 1 {
        links.extend([("first", "page=1".to_owned()), ("prev", format!("page={}", page - 1))]);
    }
    if page < pages {
        links.extend([("next", format!("page={}", page + 1)), ("last", format!("page={pages}"))]);
    }
    links
}

fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric();
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02x}") }).collect()
}
