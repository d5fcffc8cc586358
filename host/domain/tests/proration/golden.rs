//! The golden tables: the files beside this one. Each row holds for the product and for the oracle, and
//! `UPDATE_GOLDEN=1` writes the files from the oracle, never from the product.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Once;

use counterfoil_domain::proration::{Method, Why};

use super::row::{EXPECTED, GIVEN, Row};
use super::{cases, oracle};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/proration").join(name)
}

/// A line of a file in columns as wide as `widths`.
fn line<'a>(cells: impl Iterator<Item = &'a str>, widths: &[usize]) -> String {
    let mut text = String::new();
    for (place, (cell, width)) in cells.zip(widths).enumerate() {
        let gap = match place {
            0 => "",
            place if place == GIVEN.len() => " -> ",
            _ => " | ",
        };
        write!(text, "{gap}{cell:<width$}").unwrap();
    }
    text.trim_end().to_owned()
}

fn write(name: &str, about: &str, rows: &[Row]) {
    let expected: Vec<[String; 6]> = rows.iter().map(oracle::expected).collect();
    let head: Vec<&str> = GIVEN.into_iter().chain(EXPECTED).collect();
    let body: Vec<Vec<&str>> = rows
        .iter()
        .zip(&expected)
        .map(|(row, expected)| row.cells().into_iter().chain(expected.iter().map(String::as_str)).collect())
        .collect();
    let width = |column: usize| body.iter().chain([&head]).map(|row| row[column].chars().count()).max().unwrap();
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut text = format!("# {about}\n# {}\n", line(head.iter().copied(), &widths));
    for row in &body {
        writeln!(text, "  {}", line(row.iter().copied(), &widths)).unwrap();
    }
    std::fs::write(path(name), text).unwrap();
}

/// The tables, written anew where that is asked for: once, however many tests read them.
fn tables() -> Vec<cases::Table> {
    static WRITTEN: Once = Once::new();
    let tables = cases::tables();
    WRITTEN.call_once(|| {
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            tables.iter().for_each(|table| write(table.name, table.about, &table.rows));
        }
    });
    tables
}

/// Every row of a file with what it expects.
fn read(name: &str) -> Vec<(Row, [String; 6])> {
    let text = std::fs::read_to_string(path(name)).unwrap();
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| {
            let (given, expected) = line.split_once("->").unwrap();
            let cells: Vec<&str> = given.split('|').map(str::trim).collect();
            let expected: Vec<String> = expected.split('|').map(|cell| cell.trim().to_owned()).collect();
            (Row::from_cells(cells.try_into().unwrap()), expected.try_into().unwrap())
        })
        .collect()
}

#[test]
fn every_row_is_as_the_product_and_the_oracle_say() {
    let tables = tables();
    let (mut count, mut wrong) = (0, Vec::new());
    for table in &tables {
        for (row, expected) in read(table.name) {
            count += 1;
            for (who, found) in [("product", row.product()), ("oracle", oracle::expected(&row))] {
                if found != expected {
                    wrong.push(format!("{} {:?}: {who} {found:?}, file {expected:?}", table.name, row.cells()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} are wrong, the first:\n{}", wrong.len(), wrong[0]);
    assert!(count >= 2_000, "{count} rows are too few");
}

#[test]
fn every_file_is_read_and_every_case_that_matters_is_in_one() {
    let names: BTreeSet<&str> = tables().iter().map(|table| table.name).collect();
    let files: BTreeSet<String> = std::fs::read_dir(path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".txt"))
        .collect();
    assert_eq!(files.iter().map(String::as_str).collect::<BTreeSet<_>>(), names);
    let rows: Vec<(Row, [String; 6])> = names.iter().flat_map(|name| read(name)).collect();
    let seen = |cell: fn(&(Row, [String; 6])) -> String| rows.iter().map(cell).collect::<BTreeSet<String>>();
    let whys = seen(|(_, expected)| expected[0].clone());
    assert_eq!(whys, Why::ALL.iter().map(ToString::to_string).collect());
    assert_eq!(seen(|(row, _)| row.method.clone()), Method::ALL.iter().map(ToString::to_string).collect());
    let lengths = seen(|(_, expected)| expected[1].split_once('/').unwrap().1.to_owned());
    for days in ["28", "29", "30", "31", "90", "91", "92", "365", "366"] {
        assert!(lengths.contains(days), "no period of {days} days");
    }
    let currencies = seen(|(row, _)| row.currency.clone());
    assert!(["USD", "JPY", "KWD", "CLF"].iter().all(|code| currencies.contains(*code)), "{currencies:?}");
    let quantities = seen(|(row, _)| row.quantity.clone());
    assert!(quantities.contains("0.000001") && quantities.contains("1000000000"), "{quantities:?}");
    assert!(rows.iter().any(|(_, expected)| expected[2].starts_with('-')), "no refund");
}
