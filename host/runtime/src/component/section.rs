//! Sections of a WebAssembly file, as far as putting one in needs them. Owns no understanding of their contents.

use super::MANIFEST_SECTION;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EmbedError {
    #[error("this is not a WebAssembly file")]
    NotWasm,
    #[error("the file ends in the middle of a section; it was cut off or damaged, so build it again")]
    CutOff,
}

const HEADER: usize = 8;
const CUSTOM: u8 = 0;

/// The file with the card in it; a card that was there before is taken out.
pub fn embed(wasm: &[u8], manifest: &str) -> Result<Vec<u8>, EmbedError> {
    let header = wasm.get(..HEADER).filter(|header| header.starts_with(b"\0asm")).ok_or(EmbedError::NotWasm)?;
    let mut out = Vec::with_capacity(wasm.len() + manifest.len() + 64);
    out.extend_from_slice(header);
    let mut rest = &wasm[HEADER..];
    while let Some(id) = rest.first() {
        let (length, used) = number(&rest[1..]).ok_or(EmbedError::CutOff)?;
        let end = length.checked_add(1 + used).ok_or(EmbedError::CutOff)?;
        let section = rest.get(..end).ok_or(EmbedError::CutOff)?;
        let is_card = *id == CUSTOM && name(&section[1 + used..]) == Some(MANIFEST_SECTION.as_bytes());
        if !is_card {
            out.extend_from_slice(section);
        }
        rest = &rest[end..];
    }
    let mut body = Vec::with_capacity(manifest.len() + 32);
    put(&mut body, MANIFEST_SECTION.len());
    body.extend_from_slice(MANIFEST_SECTION.as_bytes());
    body.extend_from_slice(manifest.as_bytes());
    out.push(CUSTOM);
    put(&mut out, body.len());
    out.extend_from_slice(&body);
    Ok(out)
}

fn name(section: &[u8]) -> Option<&[u8]> {
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
