//! The rows of a text: a JSON list, an object that holds one, or CSV in whatever order its columns are. Each row is read by
//! itself.

use csv::{ReaderBuilder, StringRecord, Trim};
use serde_json::value::RawValue;

use super::row::{Row, fold};
use crate::simple_api::{Problem, Record, clip};

const LISTS: &[&str] = &["items", "records", "data", "value", "results", "rows"];
const TOTALS: &[&str] = &["totalhits", "totalrecords", "totalcount", "total"];

/// Rows as they are written, and how many there are in all, where that is told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Listed<'a> {
    pub(crate) rows: Vec<&'a str>,
    pub(crate) total: Option<u64>,
}

pub(crate) fn listed(body: &str) -> Result<Listed<'_>, String> {
    let body = body.trim_start_matches('\u{feff}').trim();
    if body.starts_with('[') {
        return Ok(Listed { rows: list(body)?, total: None });
    }
    if !body.starts_with('{') {
        return Err(format!(
            "a JSON list is expected, found {}",
            if body.is_empty() { "nothing".into() } else { clip(body, 40) }
        ));
    }
    let record = Record::read(body, "").map_err(|problem| problem.to_string())?;
    let members: Vec<(String, &str)> = record.raw_fields().map(|(name, raw)| (fold(name), raw)).collect();
    let member = |names: &[&str]| names.iter().find_map(|name| members.iter().find(|(known, _)| known == name));
    let total = member(TOTALS).and_then(|(_, raw)| raw.trim_matches('"').parse().ok());
    let (_, raw) = member(LISTS).ok_or_else(|| "there is no list of items or records in it".to_owned())?;
    let rows = if *raw == "null" { Vec::new() } else { list(raw)? };
    Ok(Listed { rows, total })
}

fn list(text: &str) -> Result<Vec<&str>, String> {
    let rows: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| format!("no JSON list: {error}"))?;
    Ok(rows.into_iter().map(RawValue::get).collect())
}

/// A row and where it stands ("row 7").
pub(crate) type Placed = (String, Result<Row, Problem>);

pub(crate) fn rows(text: &str) -> Result<Vec<Placed>, String> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.starts_with(['[', '{']) {
        let rows = listed(text)?.rows;
        return Ok(rows.into_iter().enumerate().map(|(at, row)| (place(at), Row::json(row))).collect());
    }
    lines(text)
}

fn place(at: usize) -> String {
    format!("row {}", at + 1)
}

fn lines(text: &str) -> Result<Vec<Placed>, String> {
    let head = text.lines().next().unwrap_or_default();
    let delimiter = [b',', b';', b'\t'].into_iter().max_by_key(|sign| head.bytes().filter(|b| b == sign).count());
    let delimiter = delimiter.unwrap_or(b',');
    if !head.bytes().any(|b| b == delimiter) {
        return Err(format!(
            "no JSON and no CSV: {}",
            if text.is_empty() { "nothing".to_owned() } else { clip(head, 40) }
        ));
    }
    let mut reader =
        ReaderBuilder::new().delimiter(delimiter).flexible(true).trim(Trim::All).from_reader(text.as_bytes());
    let names = reader.headers().map_err(|error| format!("the CSV's header cannot be read: {error}"))?.clone();
    let mut rows = Vec::new();
    for (at, line) in reader.records().enumerate() {
        let line = line.map_err(|error| format!("{} of the CSV cannot be read: {error}", place(at)))?;
        if line.iter().any(|cell| !cell.is_empty()) {
            rows.push((place(at), of_line(&names, &line)));
        }
    }
    Ok(rows)
}

fn of_line(names: &StringRecord, line: &StringRecord) -> Result<Row, Problem> {
    if line.len() != names.len() {
        let what = format!("{} cells stand under {} names; a comma or a quote is missing", line.len(), names.len());
        return Err(Problem::new("", what));
    }
    let mut row = Row::default();
    for (name, cell) in names.iter().zip(line).filter(|(name, _)| !name.is_empty()) {
        row.put(name, cell)?;
    }
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        type Seen = Result<(usize, Option<u64>), &'static str>;
        let table: [(&str, Seen); 9] = [
            (r#"[{"Id":1},{"Id":2}]"#, Ok((2, None))),
            (r#"{"Items":[{"Id":1}],"TotalHits":7}"#, Ok((1, Some(7)))),
            (r#"{"items":[],"totalHits":"0"}"#, Ok((0, Some(0)))),
            (r#"{"Records":[{"Id":1}]}"#, Ok((1, None))),
            (r#"{"Items":null,"TotalHits":0}"#, Ok((0, Some(0)))),
            (r#"{"Message":"no"}"#, Err("no list")),
            (r#"{"Items":{}}"#, Err("no JSON list")),
            ("<html>", Err("a JSON list is expected")),
            ("", Err("found nothing")),
        ];
        for (body, expected) in table {
            match (listed(body), expected) {
                (Ok(found), Ok(expected)) => assert_eq!((found.rows.len(), found.total), expected, "{body}"),
                (Err(problem), Err(expected)) => assert!(problem.contains(expected), "{body}: {problem}"),
                (found, _) => panic!("{body}: {found:?}"),
            }
        }
    }

    #[test]
    fn csv_in_whatever_shape() {
        let texts = [
            "\u{feff}Sku,Offer Name,SubTotal\r\nA,\"Teams, \"\"Room\"\"\nPro\",1.50\r\n\r\n,,\r\n",
            "subtotal;OFFERNAME;sku\n1.50;\"Teams, \"\"Room\"\"\nPro\";A\n",
            "SubTotal\tSku\tOffer_Name\n1.50\tA\t\"Teams, \"\"Room\"\"\nPro\"\n",
        ];
        for text in texts {
            let rows = rows(text).unwrap();
            assert_eq!(rows.len(), 1, "{text}");
            let row = rows[0].1.as_ref().unwrap();
            assert_eq!(row.text(&["OfferName"]), Some("Teams, \"Room\"\nPro"), "{text}");
            assert_eq!((row.text(&["SKU"]), row.text(&["SubTotal"])), (Some("A"), Some("1.50")), "{text}");
        }
        let ragged = rows("a,b\n1\n1,2\n").unwrap();
        assert_eq!(
            ragged[0].1.as_ref().unwrap_err().to_string(),
            "1 cells stand under 2 names; a comma or a quote is missing"
        );
        assert!(ragged[1].1.is_ok());
        assert_eq!(rows("a,b\n").unwrap().len(), 0);
        assert!(rows("nonsense").unwrap_err().starts_with("no JSON and no CSV"));
        let json = rows(r#"[{"a":1},7]"#).unwrap();
        assert_eq!((json[0].1.is_ok(), json[1].0.as_str(), json[1].1.is_err()), (true, "row 2", true));
    }
}
