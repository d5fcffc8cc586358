//! Sections of a WebAssembly file, as far as putting one in or taking some out needs them. Owns no understanding of
//! their contents.

use super::MANIFEST_SECTION;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EmbedError {
    #[error("this is not a WebAssembly file")]
    NotWasm,
    #[error("the file ends in the middle of a section; it was cut off or damaged, so build it again")]
    CutOff,
    #[error("the file holds components within components without end; no tool builds that, so build it again")]
    TooDeep,
}

const HEADER: usize = 8;
pub(super) const CUSTOM: u8 = 0;

/// One section as it stands in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Section<'a> {
    pub(super) id: u8,
    pub(super) body: &'a [u8],
    /// With its id and length.
    pub(super) whole: &'a [u8],
}

/// The header, and the sections after it; the last one is an error where the file is cut off.
pub(super) fn split(wasm: &[u8]) -> Result<(&[u8], impl Iterator<Item = Result<Section<'_>, EmbedError>>), EmbedError> {
    let header = wasm.get(..HEADER).filter(|header| header.starts_with(b"\0asm")).ok_or(EmbedError::NotWasm)?;
    let mut rest = wasm.get(HEADER..).unwrap_or_default();
    let sections = std::iter::from_fn(move || {
        let id = *rest.first()?;
        let taken = take(id, rest);
        rest = taken.as_ref().ok().and_then(|section| rest.get(section.whole.len()..)).unwrap_or_default();
        Some(taken)
    });
    Ok((header, sections))
}

fn take(id: u8, rest: &[u8]) -> Result<Section<'_>, EmbedError> {
    let (length, used) = number(rest.get(1..).unwrap_or_default()).ok_or(EmbedError::CutOff)?;
    let end = length.checked_add(1 + used).ok_or(EmbedError::CutOff)?;
    let whole = rest.get(..end).ok_or(EmbedError::CutOff)?;
    Ok(Section { id, body: whole.get(1 + used..).unwrap_or_default(), whole })
}

/// By its header: a component, not a core module.
pub(super) fn is_component(wasm: &[u8]) -> bool {
    wasm.get(6..HEADER) == Some(&[1, 0])
}

/// The file with the card in it; a card that was there before is taken out.
pub fn embed(wasm: &[u8], manifest: &str) -> Result<Vec<u8>, EmbedError> {
    let (header, sections) = split(wasm)?;
    let mut out = Vec::with_capacity(wasm.len() + manifest.len() + 64);
    out.extend_from_slice(header);
    for section in sections {
        let section = section?;
        if section.id != CUSTOM || name(section.body) != Some(MANIFEST_SECTION.as_bytes()) {
            out.extend_from_slice(section.whole);
        }
    }
    let mut body = Vec::with_capacity(manifest.len() + 32);
    put(&mut body, MANIFEST_SECTION.len());
    body.extend_from_slice(MANIFEST_SECTION.as_bytes());
    body.extend_from_slice(manifest.as_bytes());
    put_section(&mut out, CUSTOM, &body);
    Ok(out)
}

pub(super) fn put_section(out: &mut Vec<u8>, id: u8, body: &[u8]) {
    out.push(id);
    put(out, body.len());
    out.extend_from_slice(body);
}

pub(super) fn name(section: &[u8]) -> Option<&[u8]> {
    let (length, used) = number(section)?;
    section.get(used..used.checked_add(length)?)
}

/// A LEB128 number of at most 32 bits, and how many bytes it took.
fn number(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value: u64 = 0;
    for (index, byte) in bytes.iter().take(5).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let value = u32::try_from(value).ok()?;
            return Some((usize::try_from(value).ok()?, index + 1));
        }
    }
    None
}

fn put(out: &mut Vec<u8>, mut value: usize) {
    loop {
        // Seven bits always fit a byte.
        let low = u8::try_from(value & 0x7f).unwrap_or(0);
        value >>= 7;
        if value == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    #[test]
    fn a_second_card_replaces_the_first() {
        let long = "x".repeat(300);
        let once = embed(COMPONENT, &long).unwrap();
        let twice = embed(&once, "second").unwrap();
        assert_eq!(twice, embed(COMPONENT, "second").unwrap());
        assert_eq!(embed(&twice, &long).unwrap(), once);
    }

    #[test]
    fn other_sections_stay_as_they_are() {
        let other = [COMPONENT, b"\x00\x05\x04name", COMPONENT.get(..0).unwrap()].concat();
        let with = embed(&other, "card").unwrap();
        assert!(with.starts_with(&other));
    }

    #[test]
    fn damaged_files_are_refused() {
        for (bytes, error) in [
            (b"".as_slice(), EmbedError::NotWasm),
            (b"\x7fELF\x02\x01\x01\0", EmbedError::NotWasm),
            (b"\0asm\x0d\0\x01\0\x00", EmbedError::CutOff),
            (b"\0asm\x0d\0\x01\0\x00\x09ab", EmbedError::CutOff),
            (b"\0asm\x0d\0\x01\0\x00\xff\xff\xff\xff\xff", EmbedError::CutOff),
        ] {
            assert_eq!(embed(bytes, "card").unwrap_err(), error);
        }
    }
}
