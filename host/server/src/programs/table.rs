//! Mappings as a table that a spreadsheet opens. Owns columns and cells; what a row means is decided where it is taken over.

use crate::linking::change::Wrong;
use crate::linking::table::{self, guarded, unguarded};
use crate::suggest::hint;
use crate::wire::MappingView;

pub(crate) const COLUMNS: [&str; 7] =
    ["customer_id", "customer", "motion", "party_id", "party", "container_id", "container"];
/// Without these a row says nothing.
const NEEDED: [&str; 3] = ["customer_id", "motion", "party_id"];

/// The table, with its header.
pub(crate) fn write(rows: &[MappingView]) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for row in rows {
        let (party, container) = (row.party.clone().unwrap_or_default(), row.container.clone().unwrap_or_default());
        let cells =
            [&row.customer, &row.customer_name, &row.motion, &party.id, &party.name, &container.id, &container.name];
        writer.write_record(cells.map(|cell| guarded(cell)))?;
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) line: u64,
    pub(crate) customer: String,
    pub(crate) motion: String,
    pub(crate) party: String,
    pub(crate) container: String,
    /// The row could not be read as a row of this table.
    pub(crate) broken: Option<String>,
}

pub(crate) fn read(text: &str) -> Result<Vec<Row>, Wrong> {
    let text = text.strip_prefix(table::BYTE_ORDER_MARK).unwrap_or(text);
    let mut reader =
        csv::ReaderBuilder::new().delimiter(table::delimiter(text)).flexible(true).from_reader(text.as_bytes());
    let not_csv = |error: csv::Error| Wrong::new("csv", "not-csv", error.to_string());
    let header: Vec<String> =
        reader.headers().map_err(not_csv)?.iter().map(|name| name.trim().to_lowercase().replace(' ', "_")).collect();
    if let Some(unknown) = header.iter().find(|name| !COLUMNS.contains(&name.as_str())) {
        let text = format!("line 1: there is no column \"{unknown}\"; {}", hint(unknown, COLUMNS));
        return Err(Wrong::new("csv", "unknown-column", text));
    }
    if let Some(missing) = NEEDED.iter().find(|needed| !header.iter().any(|name| name == *needed)) {
        let text = format!("line 1: the column {missing} is missing; an export shows all columns");
        return Err(Wrong::new("csv", "column-missing", text));
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(not_csv)?;
        let cell = |column: &str| {
            let place = header.iter().position(|name| name == column);
            let cell = place.and_then(|place| record.get(place)).unwrap_or_default();
            unguarded(cell).trim().to_owned()
        };
        rows.push(Row {
            line: record.position().map_or(0, |at| table::line(text, at)),
            customer: cell("customer_id"),
            motion: cell("motion"),
            party: cell("party_id"),
            container: cell("container_id"),
            broken: (record.len() != header.len())
                .then(|| format!("the row has {} cells, the header {}", record.len(), header.len())),
        });
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_as_people_save_it() {
        let text = "\u{feff}Customer ID;customer;Motion;party id;party;container id;container\r\n'=1;\"A; B\";usage;7;X;;\r\nc2;B;usage\r\n";
        let rows = read(text).unwrap();
        assert_eq!((rows[0].customer.as_str(), rows[0].motion.as_str(), rows[0].party.as_str()), ("=1", "usage", "7"));
        assert_eq!((rows[0].line, rows[1].line), (2, 3));
        assert_eq!(rows[1].broken.as_deref(), Some("the row has 3 cells, the header 7"));
        for (text, code) in
            [("customer_id,motion\n", "column-missing"), ("customer_id,motion,party_id,who\n", "unknown-column")]
        {
            assert_eq!(read(text).unwrap_err().code, code);
        }
    }
}
