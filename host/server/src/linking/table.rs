//! Links as a table that a spreadsheet opens. Owns columns, cells and what keeps a cell from being a formula; what a row
//! means is `import`'s business.

use counterfoil_domain::link::Link;

use super::change::Wrong;
use crate::suggest::hint;
use crate::wire::LinkView;

pub(crate) const COLUMNS: [&str; 9] =
    ["kind", "source", "source_name", "state", "target_id", "target_code", "target_name", "attributes", "why"];
/// Without these a row says nothing.
const NEEDED: [&str; 2] = ["kind", "source"];
pub(crate) const BYTE_ORDER_MARK: char = '\u{feff}';
const GUARD: char = '\'';

/// A spreadsheet takes what begins so for a formula, or breaks the cell on it.
fn is_dangerous(c: char) -> bool {
    matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠')
}

/// The cell as text, whatever it begins with. What begins with the guard is guarded too, so that nothing is lost.
pub(crate) fn guarded(text: &str) -> String {
    match text.chars().next() {
        Some(first) if is_dangerous(first) || first == GUARD => format!("{GUARD}{text}"),
        _ => text.to_owned(),
    }
}

/// The text of a guarded cell. An apostrophe that guards nothing is part of the text.
pub(crate) fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix(GUARD) {
        Some(rest) if rest.starts_with(|c| is_dangerous(c) || c == GUARD) => rest,
        _ => cell,
    }
}

/// The table, with its header.
pub(crate) fn write(links: &[Link]) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for view in links.iter().map(LinkView::from) {
        let target = view.target.unwrap_or_default();
        let attributes = if target.attributes.is_empty() {
            String::new()
        } else {
            serde_json::to_string(&target.attributes).unwrap_or_default()
        };
        let cells = [
            view.kind,
            view.source,
            view.source_name,
            view.state,
            target.id,
            target.code,
            target.name,
            attributes,
            view.why,
        ];
        writer.write_record(cells.map(|cell| guarded(&cell)))?;
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// One row of a table, cell by column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) line: u64,
    cells: [Option<String>; COLUMNS.len()],
    /// The row could not be read as a row of this table.
    pub(crate) broken: Option<String>,
}

impl Row {
    /// None: the table has no such column.
    pub(crate) fn cell(&self, column: &str) -> Option<&str> {
        let place = COLUMNS.iter().position(|name| *name == column)?;
        self.cells.get(place)?.as_deref()
    }

    pub(crate) fn text(&self, column: &str) -> &str {
        self.cell(column).unwrap_or_default()
    }
}

/// The rows of a table; a row that cannot be read is one of them.
pub(crate) fn read(text: &str) -> Result<Vec<Row>, Wrong> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter(text)).flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| Wrong::new("csv", "not-csv", error.to_string()))?.clone();
    let places = places(&header)?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => return Err(Wrong::new("csv", "not-csv", error.to_string())),
        };
        let broken = (record.len() != header.len())
            .then(|| format!("the row has {} cells, the header {}", record.len(), header.len()));
        let cells =
            places.map(|place| place.and_then(|place| record.get(place)).map(|cell| unguarded(cell).to_owned()));
        rows.push(Row { line: record.position().map_or(0, |at| line(text, at)), cells, broken });
    }
    Ok(rows)
}

/// Where a record begins, as people count lines. The reader leaves the second half of a Windows line end to the record after
/// it, and counts one line too few there.
pub(crate) fn line(text: &str, at: &csv::Position) -> u64 {
    let start = usize::try_from(at.byte()).unwrap_or(usize::MAX).min(text.len());
    let (before, rest) = text.as_bytes().split_at(start);
    let ends = rest.iter().take_while(|byte| b"\r\n".contains(byte));
    1 + before.iter().chain(ends).filter(|byte| **byte == b'\n').count() as u64
}

/// Spreadsheets of half the world write semicolons.
pub(crate) fn delimiter(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    [b';', b'\t'].into_iter().find(|sign| !header.contains(',') && header.as_bytes().contains(sign)).unwrap_or(b',')
}

fn places(header: &csv::StringRecord) -> Result<[Option<usize>; COLUMNS.len()], Wrong> {
    let mut places = [None; COLUMNS.len()];
    for (place, written) in header.iter().enumerate() {
        let name = written.trim().to_lowercase();
        let Some(column) = COLUMNS.iter().position(|known| *known == name) else {
            let help = hint(&name, COLUMNS);
            return Err(Wrong::new(
                "csv",
                "unknown-column",
                format!("line 1: there is no column \"{written}\"; {help}"),
            ));
        };
        if let Some(known) = places.get_mut(column)
            && known.replace(place).is_some()
        {
            return Err(Wrong::new("csv", "column-twice", format!("line 1: the column {name} is there twice")));
        }
    }
    for needed in NEEDED {
        if !header.iter().any(|written| written.trim().eq_ignore_ascii_case(needed)) {
            let text = format!("line 1: the column {needed} is missing; an export shows all columns");
            return Err(Wrong::new("csv", "column-missing", text));
        }
    }
    Ok(places)
}

#[cfg(test)]
mod tests {
    use counterfoil_domain::link::{LinkKey, LinkKind, LinkState, LinkTarget};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_comes_back_as_it_went(source in any::<String>(), name in any::<String>(), id in any::<String>(), value in any::<String>()) {
            let target = LinkTarget {
                id: id.as_str().into(),
                code: name.clone(),
                name: source.clone(),
                attributes: vec![(value.clone(), source.clone())],
            };
            let link = Link {
                key: LinkKey { connection: "x".into(), kind: LinkKind::Item, source: source.clone() },
                source_name: name.clone(),
                state: LinkState::Linked(target),
                why: value.clone(),
            };
            let text = write(&[link]).unwrap();
            let rows = read(&text).unwrap();
            prop_assert_eq!(rows.len(), 1);
            for (column, expected) in [("source", &source), ("source_name", &name), ("target_id", &id), ("target_name", &source), ("why", &value)] {
                prop_assert_eq!(rows[0].text(column), expected.as_str(), "{}", column);
            }
            let attributes: std::collections::BTreeMap<String, String> = serde_json::from_str(rows[0].text("attributes")).unwrap();
            prop_assert_eq!(attributes.into_iter().next(), Some((value, source)));
            prop_assert!(rows[0].broken.is_none());
        }
    }

    #[test]
    fn no_cell_is_a_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "'=1", "'", "''=1"] {
            let cell = guarded(text);
            assert!(cell.starts_with(GUARD), "{cell:?}");
            assert_eq!(unguarded(&cell), text);
        }
        for text in ["", "a=1", "1-2", "O'Brien"] {
            assert_eq!((guarded(text).as_str(), unguarded(text)), (text, text));
        }
        assert_eq!(unguarded("'quoted by hand"), "'quoted by hand");
    }

    #[test]
    fn headers_are_read_as_people_save_them() {
        for text in [
            "kind,source,state\nitem,A,linked\n",
            "\u{feff}Kind, source ,STATE\r\nitem,A,linked\r\n",
            "kind;source;state\nitem;A;linked",
            "source\tkind\tstate\nA\titem\tlinked",
        ] {
            let rows = read(text).unwrap();
            assert_eq!((rows[0].text("kind"), rows[0].text("source"), rows[0].line), ("item", "A", 2), "{text:?}");
            assert_eq!(rows[0].cell("target_id"), None);
        }
        for (text, code) in [
            ("", "column-missing"),
            ("kind,state\n", "column-missing"),
            ("kind,sorce\n", "unknown-column"),
            ("kind,source,kind\n", "column-twice"),
        ] {
            assert_eq!(read(text).unwrap_err().code, code, "{text:?}");
        }
        let ragged = read("kind,source\nitem\n").unwrap();
        assert_eq!(ragged[0].broken.as_deref(), Some("the row has 1 cells, the header 2"));
    }
}
