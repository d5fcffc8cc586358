//! Takes out of a component what no host reads: names, debug information, notes of tools. Owns which sections go; the
//! card and the contract's stamp stay.

use super::section::{self, EmbedError, Section};

/// Sections whose name begins so are ours.
const OWN: &[u8] = b"counterfoil:";
const CORE_MODULE: u8 = 1;
const COMPONENT: u8 = 4;
/// Deeper than any tool nests.
const DEEPEST: usize = 32;

/// The same component, smaller; the same file gives the same bytes.
pub fn strip(wasm: &[u8]) -> Result<Vec<u8>, EmbedError> {
    stripped(wasm, 0)
}

fn stripped(wasm: &[u8], depth: usize) -> Result<Vec<u8>, EmbedError> {
    if depth > DEEPEST {
        return Err(EmbedError::TooDeep);
    }
    let is_component = section::is_component(wasm);
    let (header, sections) = section::split(wasm)?;
    let mut out = Vec::with_capacity(wasm.len());
    out.extend_from_slice(header);
    for one in sections {
        let Section { id, body, whole } = one?;
        match id {
            section::CUSTOM if section::name(body).is_some_and(|name| name.starts_with(OWN)) => {
                out.extend_from_slice(whole);
            }
            section::CUSTOM => {}
            CORE_MODULE | COMPONENT if is_component => {
                let inner = stripped(body, depth + 1)?;
                section::put_section(&mut out, id, &inner);
            }
            _ => out.extend_from_slice(whole),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::embed;

    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";
    const NAMES: &[u8] = b"\x00\x06\x04name\x01";

    fn holding(inner: &[u8], id: u8) -> Vec<u8> {
        let mut out = EMPTY.to_vec();
        section::put_section(&mut out, id, inner);
        out
    }

    #[test]
    fn names_go_at_every_depth_and_the_card_stays() {
        let module = [b"\0asm\x01\0\0\0".as_slice(), NAMES].concat();
        let plain = holding(b"\0asm\x01\0\0\0", CORE_MODULE);
        let nested = [holding(&holding(&module, CORE_MODULE), COMPONENT), NAMES.to_vec()].concat();
        let with_card = embed(&nested, "card").unwrap();
        let bare = strip(&with_card).unwrap();
        assert_eq!(bare, embed(&holding(&plain, COMPONENT), "card").unwrap());
        assert_eq!(strip(&bare).unwrap(), bare);
    }

    #[test]
    fn what_is_cut_off_or_nested_without_end_is_refused() {
        assert_eq!(strip(b"\0asm\x0d\0\x01\0\x01\x09\0"), Err(EmbedError::CutOff));
        assert_eq!(strip(b"hello"), Err(EmbedError::NotWasm));
        let deep = (0..40).fold(EMPTY.to_vec(), |inner, _| holding(&inner, COMPONENT));
        assert_eq!(strip(&deep), Err(EmbedError::TooDeep));
    }
}
