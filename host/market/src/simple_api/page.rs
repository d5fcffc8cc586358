//! A page of rows: `{"data": […]}` or a bare list. Only the page as a whole is judged here; each row by itself.

use serde_json::value::RawValue;

use counterfoil_domain::ports::SourceError;

use super::record::{Record, clip};

#[derive(Debug)]
pub(crate) struct RawPage<'a> {
    pub(crate) rows: Vec<&'a str>,
    /// How many rows the whole list has, where the page says so.
    pub(crate) total: Option<u64>,
}

pub(crate) fn read_page<'a>(body: &'a str, place: &str) -> Result<RawPage<'a>, SourceError> {
    let malformed = |problem: String| SourceError::Malformed { place: place.to_owned(), problem };
    let list = |text: &'a str| {
        let rows: Result<Vec<&'a RawValue>, _> = serde_json::from_str(text);
        rows.map(|rows| rows.into_iter().map(RawValue::get).collect::<Vec<_>>())
    };
    if body.trim_start().starts_with('[') {
        let rows = list(body).map_err(|error| malformed(format!("no JSON list: {error}")))?;
        return Ok(RawPage { rows, total: None });
    }
    let page = Record::read(body, "").map_err(|problem| malformed(format!("no JSON object: {problem}")))?;
    let data = page.raw("data").ok_or_else(|| malformed("there is no list \"data\" in it".to_owned()))?;
    let rows = list(data).map_err(|_| malformed(format!("\"data\" is no list but {}", clip(data, 40))))?;
    let total = page.record("pagination").ok().flatten();
    let total = total.and_then(|pagination| pagination.text("total").ok().flatten()?.parse().ok());
    Ok(RawPage { rows, total })
}

/// One record: bare, or alone inside "data".
pub(crate) fn single_row(body: &str) -> &str {
    let wrapped = Record::read(body, "").ok().and_then(|outer| {
        let inner = outer.raw("data").filter(|data| data.starts_with('{'));
        inner.filter(|_| outer.raw("id").is_none())
    });
    wrapped.unwrap_or(body)
}

/// What a row calls itself, even where the rest of it cannot be read.
pub(crate) fn row_id(row: &str) -> Option<String> {
    Record::read(row, "").ok()?.id("id").ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages() {
        type Seen = Option<(usize, Option<u64>)>;
        let table: &[(&str, Seen)] = &[
            (r#"{"data":[{"id":1},{"id":2}],"pagination":{"offset":0,"limit":10,"total":2}}"#, Some((2, Some(2)))),
            (r#"{"data":[],"pagination":null}"#, Some((0, None))),
            (r#"{"data":[1,"x",null]}"#, Some((3, None))),
            (r#"[{"id":1}]"#, Some((1, None))),
            (r#"{"data":[],"pagination":{"total":"7"}}"#, Some((0, Some(7)))),
            (r#"{"data":[],"pagination":"none"}"#, Some((0, None))),
            (r#"{"data":null}"#, None),
            (r#"{"data":{}}"#, None),
            (r#"{"items":[]}"#, None),
            ("<html>", None),
            ("", None),
            ("null", None),
            (r#"{"data":[{"id":1}"#, None),
        ];
        for (body, expected) in table {
            let read = read_page(body, "orders page at offset 0").ok().map(|page| (page.rows.len(), page.total));
            assert_eq!(read, *expected, "{body}");
        }
    }

    #[test]
    fn wrapped_records() {
        assert_eq!(single_row(r#"{"id":"1"}"#), r#"{"id":"1"}"#);
        assert_eq!(single_row(r#"{"data":{"id":"1"}}"#), r#"{"id":"1"}"#);
        assert_eq!(single_row(r#"{"id":"1","data":{"id":"2"}}"#), r#"{"id":"1","data":{"id":"2"}}"#);
        assert_eq!(single_row("oops"), "oops");
    }
}
