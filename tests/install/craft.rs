//! WebAssembly written by hand, byte by byte: what no honest tool would make.

use counterfoil_runtime::component;

pub(crate) const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
pub(crate) const MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// Sections of a component.
pub(crate) const CORE_MODULE: u8 = 1;
pub(crate) const CORE_INSTANCE: u8 = 2;
pub(crate) const NESTED: u8 = 4;
const TYPES: u8 = 7;
const IMPORTS: u8 = 10;

pub(crate) fn leb(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let low = u8::try_from(value & 0x7f).unwrap();
        value >>= 7;
        if value == 0 {
            out.push(low);
            return out;
        }
        out.push(low | 0x80);
    }
}

pub(crate) fn section(id: u8, body: &[u8]) -> Vec<u8> {
    [&[id], leb(body.len() as u64).as_slice(), body].concat()
}

pub(crate) fn custom(name: &str, data: &[u8]) -> Vec<u8> {
    section(0, &[leb(name.len() as u64).as_slice(), name.as_bytes(), data].concat())
}

pub(crate) fn module(sections: &[Vec<u8>]) -> Vec<u8> {
    [MODULE.to_vec(), sections.concat()].concat()
}

/// One type, `func()`, and functions of it with this body (locals and all).
pub(crate) fn functions(count: u64, body: &[u8]) -> [Vec<u8>; 3] {
    let one = [leb(body.len() as u64).as_slice(), body].concat();
    let many = |each: &[u8]| {
        let mut out = leb(count);
        (0..count).for_each(|_| out.extend_from_slice(each));
        out
    };
    [section(1, b"\x01\x60\0\0"), section(3, &many(b"\0")), section(10, &many(&one))]
}

/// A module whose start function has this body.
pub(crate) fn starts_with(body: &[u8]) -> Vec<u8> {
    let [types, declared, code] = functions(1, body);
    module(&[types, declared, section(8, b"\0"), code])
}

/// A memory, and a data segment at `offset`.
pub(crate) fn memory(pages: u64, offset: Option<u8>) -> Vec<u8> {
    let memory = section(5, &[b"\x01\0".as_slice(), &leb(pages)].concat());
    let data =
        offset.map(|offset| section(11, &[b"\x01\0\x41".as_slice(), &leb_signed(offset), b"\x0b\x01x"].concat()));
    module(&[memory, data.unwrap_or_default()])
}

/// Negative where it is large: an address at the end of the memory.
fn leb_signed(offset: u8) -> Vec<u8> {
    if offset == u8::MAX { vec![0x7f] } else { vec![offset & 0x3f] }
}

pub(crate) fn memories(count: u64) -> Vec<u8> {
    let mut body = leb(count);
    (0..count).for_each(|_| body.extend_from_slice(b"\0\x01"));
    module(&[section(5, &body)])
}

pub(crate) fn table(elements: u64) -> Vec<u8> {
    module(&[section(4, &[b"\x01\x70\0".as_slice(), &leb(elements)].concat())])
}

/// A good component with one module more, which is started with it.
pub(crate) fn with_module(base: &[u8], module: &[u8]) -> Vec<u8> {
    let index = leb(modules(base));
    let instance = [b"\x01\0".as_slice(), &index, b"\0"].concat();
    [base.to_vec(), section(CORE_MODULE, module), section(CORE_INSTANCE, &instance)].concat()
}

/// How many core modules stand in it, at its top.
fn modules(component: &[u8]) -> u64 {
    sections(component).iter().filter(|(id, ..)| *id == CORE_MODULE).count() as u64
}

/// Id, and where each section begins and ends.
pub(crate) fn sections(wasm: &[u8]) -> Vec<(u8, usize, usize)> {
    let (mut found, mut at) = (Vec::new(), 8);
    while at < wasm.len() {
        let (mut length, mut used) = (0_usize, 0);
        loop {
            let byte = wasm[at + 1 + used];
            length |= usize::from(byte & 0x7f) << (7 * used);
            used += 1;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let end = at + 1 + used + length;
        found.push((wasm[at], at, end));
        at = end;
    }
    found
}

/// Components within components.
pub(crate) fn nested(depth: usize) -> Vec<u8> {
    (0..depth).fold(COMPONENT.to_vec(), |inner, _| [COMPONENT.to_vec(), section(NESTED, &inner)].concat())
}

/// Lists of lists of lists.
pub(crate) fn deep_types(depth: u64) -> Vec<u8> {
    let mut body = leb(depth);
    body.extend_from_slice(b"\x70\x7f");
    for index in 0..depth - 1 {
        body.push(0x70);
        body.extend_from_slice(&leb(index));
    }
    [COMPONENT.to_vec(), section(TYPES, &body)].concat()
}

/// Imports of interfaces that nobody offers, with names of this length.
pub(crate) fn greedy(count: u64, length: usize) -> Vec<u8> {
    let mut body = leb(count);
    for index in 0..count {
        let name = format!("evil:{}/n{index}", "x".repeat(length));
        body.push(0);
        body.extend_from_slice(&leb(name.len() as u64));
        body.extend_from_slice(name.as_bytes());
        body.extend_from_slice(b"\x05\0");
    }
    [COMPONENT.to_vec(), section(TYPES, b"\x01\x42\0"), section(IMPORTS, &body)].concat()
}

pub(crate) fn carded(component: &[u8], card: &str) -> Vec<u8> {
    component::embed(component, card).unwrap()
}

/// Replaces a name everywhere in the bytes by one of the same length.
pub(crate) fn renamed(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut out = bytes.to_vec();
    let mut at = 0;
    while let Some(found) = out[at..].windows(from.len()).position(|window| window == from.as_bytes()) {
        out[at + found..at + found + from.len()].copy_from_slice(to.as_bytes());
        at += found + from.len();
    }
    assert_ne!(out, bytes, "{from} is not there");
    out
}

/// The same bits for the same seed, on every machine.
pub(crate) fn flipped(bytes: &[u8], seed: u64, bits: usize) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for _ in 0..bits {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let at = usize::try_from(state >> 3).unwrap() % out.len();
        out[at] ^= 1 << (state & 7);
    }
    out
}
