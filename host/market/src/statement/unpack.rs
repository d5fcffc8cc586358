//! From what a download holds to its texts: plain JSON or CSV, base64 of it, an envelope around that, or an archive. What it is
//! is told by how it begins; nothing that is unpacked grows beyond bounds.

use std::io::{Cursor, Read as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zip::ZipArchive;

use super::row::{Row, fold};
use crate::simple_api::{Record, clip};

/// An envelope around base64 of an archive is three deep.
const DEEPEST: usize = 5;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) entries: usize,
    /// Of all texts together, unpacked.
    pub(crate) bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { entries: 500, bytes: 256 << 20 }
    }
}

/// A text, and which file of an archive it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) name: Option<String>,
    pub(crate) text: String,
}

/// No parts: there is nothing there (yet).
pub(crate) fn unpack(body: &[u8], bounds: Bounds) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    open(body, None, bounds, 1, &mut parts)?;
    Ok(parts)
}

fn open(body: &[u8], name: Option<&str>, bounds: Bounds, depth: usize, parts: &mut Vec<Part>) -> Result<(), String> {
    if depth > DEEPEST {
        return Err("it is wrapped up too often".to_owned());
    }
    if body.starts_with(b"PK") {
        if name.is_some() {
            return Err("there is an archive in the archive".to_owned());
        }
        return archive(body, bounds, depth, parts);
    }
    let text = std::str::from_utf8(body).map_err(|_| "it is neither UTF-8 text nor an archive".to_owned())?;
    let text = text.trim_start_matches('\u{feff}').trim();
    match text.as_bytes().first() {
        None => Ok(()),
        Some(b'<') => Err(format!("a page of HTML or XML was answered: {}", clip(text, 60))),
        Some(b'{') => envelope(text, name, bounds, depth, parts),
        Some(b'"') if serde_json::from_str::<String>(text).is_ok() => {
            let inner: String = serde_json::from_str(text).map_err(|error| error.to_string())?;
            open(inner.as_bytes(), name, bounds, depth + 1, parts)
        }
        _ => match base64_of(text) {
            Some(inner) => open(&inner, name, bounds, depth + 1, parts),
            None => {
                let held: usize = parts.iter().map(|part| part.text.len()).sum();
                if held + text.len() > bounds.bytes {
                    return Err(too_large(bounds));
                }
                parts.push(Part { name: name.map(str::to_owned), text: text.to_owned() });
                Ok(())
            }
        },
    }
}

/// `{BillingStatement, FileName, Data}`, or rows inside an object.
fn envelope(text: &str, name: Option<&str>, bounds: Bounds, depth: usize, parts: &mut Vec<Part>) -> Result<(), String> {
    let record = Record::read(text, "").map_err(|problem| problem.to_string())?;
    let member = |wanted: &[&str]| {
        record.raw_fields().find(|(name, _)| wanted.contains(&fold(name).as_str())).map(|(_, raw)| raw)
    };
    let Some(data) = member(&["data", "content", "filecontent", "filedata"]) else {
        if member(&["items", "records", "rows"]).is_some() {
            parts.push(Part { name: name.map(str::to_owned), text: text.to_owned() });
            return Ok(());
        }
        let said = Row::json(text).ok();
        let said = said.as_ref().and_then(|row| row.text(&["Message", "Error", "ErrorCode"]));
        return Err(match said {
            Some(said) => format!("there is no data in it: {}", clip(said, 120)),
            None => "there is no data in it".to_owned(),
        });
    };
    if data == "null" { Ok(()) } else { open(data.as_bytes(), name, bounds, depth + 1, parts) }
}

/// Text that is nothing but base64. A CSV of one column could be mistaken for it, so what comes out must look like something.
fn base64_of(text: &str) -> Option<Vec<u8>> {
    let plain: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let is_base64 = plain.iter().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(b));
    if plain.len() < 4 || !is_base64 {
        return None;
    }
    let bytes = STANDARD.decode(&plain).ok()?;
    let begins = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes).first().copied()?;
    let is_something = bytes.starts_with(b"PK") || std::str::from_utf8(&bytes).is_ok();
    (is_something && (begins.is_ascii_graphic() || begins.is_ascii_whitespace())).then_some(bytes)
}

fn archive(body: &[u8], bounds: Bounds, depth: usize, parts: &mut Vec<Part>) -> Result<(), String> {
    let broken = |error: &dyn std::fmt::Display| format!("the archive cannot be read: {error}");
    let mut archive = ZipArchive::new(Cursor::new(body)).map_err(|error| broken(&error))?;
    if archive.len() > bounds.entries {
        return Err(format!("the archive holds {} files; {} at most are taken", archive.len(), bounds.entries));
    }
    let mut expanded = 0;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|error| broken(&error))?;
        let name = entry.name().map_err(|error| broken(&error))?.into_owned();
        if entry.is_dir() || name.starts_with("__MACOSX/") {
            continue;
        }
        let left = bounds.bytes.saturating_sub(expanded);
        let mut bytes = Vec::new();
        // What an entry says of its size is not believed.
        let most = u64::try_from(left).unwrap_or(u64::MAX).saturating_add(1);
        let size = entry
            .take(most)
            .read_to_end(&mut bytes)
            .map_err(|error| broken(&format!("{}: {error}", clip(&name, 80))))?;
        if size > left {
            return Err(too_large(bounds));
        }
        expanded += size;
        open(&bytes, Some(&name), bounds, depth + 1, parts)
            .map_err(|problem| format!("{}: {problem}", clip(&name, 80)))?;
    }
    Ok(())
}

fn too_large(bounds: Bounds) -> String {
    format!("unpacked it is larger than {} bytes, and more is not taken", bounds.bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use zip::write::SimpleFileOptions;
    use zip::{CompressionMethod, ZipWriter};

    fn zipped(files: &[(&str, &str)], method: CompressionMethod) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in files {
            writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn texts(body: &[u8]) -> Result<Vec<String>, String> {
        unpack(body, Bounds::default()).map(|parts| parts.into_iter().map(|part| part.text).collect())
    }

    #[test]
    fn every_way_of_wrapping() {
        let rows = r#"[{"Id":1},{"Id":2}]"#;
        let base64 = STANDARD.encode(rows);
        let with_bom = STANDARD.encode(format!("\u{feff}{rows}"));
        let archive = zipped(&[("a.json", rows), ("b.json", "[]")], CompressionMethod::Deflated);
        let enveloped = |data: &str| format!(r#"{{"BillingStatement":{{"Id":1}},"FileName":"x","Data":{data}}}"#);
        let one = Ok(vec![rows.to_owned()]);
        let two = Ok(vec![rows.to_owned(), "[]".to_owned()]);
        type Row = (Vec<u8>, Result<Vec<String>, String>);
        let table: Vec<Row> = vec![
            (rows.into(), one.clone()),
            (format!("\u{feff}{rows}\r\n").into(), one.clone()),
            (base64.clone().into(), one.clone()),
            (format!("\"{base64}\"").into(), one.clone()),
            (enveloped(&format!("\"{base64}\"")).into(), one.clone()),
            (enveloped(&format!("\"{with_bom}\"")).into(), one.clone()),
            (enveloped(rows).into(), one.clone()),
            (enveloped("null").into(), Ok(vec![])),
            (enveloped("\"\"").into(), Ok(vec![])),
            (enveloped(&format!("\"{}\"", STANDARD.encode(&archive))).to_lowercase().into_bytes(), Ok(vec![])),
            (enveloped(&format!("\"{}\"", STANDARD.encode(&archive))).into(), two.clone()),
            (archive.clone(), two.clone()),
            (zipped(&[("a.json", rows), ("b.json", "[]")], CompressionMethod::Stored), two.clone()),
            (zipped(&[("a.b64", &base64)], CompressionMethod::Stored), one.clone()),
            ("Sku,Price\r\nA,1\r\n".into(), Ok(vec!["Sku,Price\r\nA,1".to_owned()])),
            (r#"{"Items":[{"Id":1}]}"#.into(), Ok(vec![r#"{"Items":[{"Id":1}]}"#.to_owned()])),
            (b"".to_vec(), Ok(vec![])),
        ];
        for (index, (body, expected)) in table.into_iter().enumerate() {
            // Base64 in the wrong case is nothing that can be read.
            if index == 9 {
                assert_ne!(texts(&body), two);
            } else {
                assert_eq!(texts(&body), expected, "row {index}");
            }
        }
    }

    #[test]
    fn what_is_broken_or_too_large_is_refused() {
        let archive = zipped(&[("a.json", "[1,2,3]"), ("b.json", "[4,5,6]")], CompressionMethod::Deflated);
        assert!(texts(&archive[..archive.len() - 9]).unwrap_err().starts_with("the archive cannot be read"));
        let mut changed = zipped(&[("a.json", "[1,2,3]")], CompressionMethod::Stored);
        let at = changed.windows(7).position(|window| window == b"[1,2,3]").unwrap();
        changed[at + 1] = b'9';
        assert!(texts(&changed).unwrap_err().contains("a.json"), "a checksum that does not fit");
        let bomb = zipped(&[("a.json", &" ".repeat(5_000_000))], CompressionMethod::Deflated);
        assert!(bomb.len() < 20_000);
        let bounds = Bounds { entries: 2, bytes: 1_000_000 };
        assert!(unpack(&bomb, bounds).unwrap_err().contains("larger than 1000000 bytes"));
        let many = zipped(&[("a", "[]"), ("b", "[]"), ("c", "[]")], CompressionMethod::Stored);
        assert!(unpack(&many, bounds).unwrap_err().contains("holds 3 files"));
        let mut nested = ZipWriter::new(Cursor::new(Vec::new()));
        nested.start_file("in.zip", SimpleFileOptions::default()).unwrap();
        nested.write_all(&archive).unwrap();
        let nested = nested.finish().unwrap().into_inner();
        assert!(texts(&nested).unwrap_err().contains("archive in the archive"));
        let mut wrapped = "[]".to_owned();
        for _ in 0..8 {
            wrapped = STANDARD.encode(&wrapped);
        }
        assert_eq!(texts(wrapped.as_bytes()), Err("it is wrapped up too often".to_owned()));
        for (body, expected) in [
            ("<html>", "HTML"),
            (r#"{"Message":"not ready"}"#, "not ready"),
            (r#"{"FileName":"x"}"#, "no data"),
            (r#"{"Data":"#, "EOF"),
        ] {
            assert!(texts(body.as_bytes()).unwrap_err().contains(expected), "{body}");
        }
        assert_eq!(texts(&[0xff, 0xfe, 0x00]), Err("it is neither UTF-8 text nor an archive".to_owned()));
    }
}
