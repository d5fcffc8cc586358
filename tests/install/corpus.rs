//! Files that a service must survive, and what each is told. Owns the list.

use crate::craft::{
    COMPONENT, CORE_MODULE, carded, custom, deep_types, flipped, functions, greedy, memories, memory, module, nested,
    renamed, section, sections, starts_with, table, with_module,
};

/// What becomes of a file.
#[derive(Debug, Clone)]
pub(crate) enum Fate {
    /// Refused by whoever reads it: these words are said by inspect, by verify and by the service.
    Unread(String),
    /// It reads well; the service refuses it when it compiles or starts it, with one of these words.
    Unloaded(&'static [&'static str]),
    /// Whatever: nobody may panic, hang or grow.
    Any,
}

#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) fate: Fate,
}

fn case(name: &str, bytes: impl Into<Vec<u8>>, fate: Fate) -> Case {
    Case { name: name.to_owned(), bytes: bytes.into(), fate }
}

fn says(words: &str) -> Fate {
    Fate::Unread(words.to_owned())
}

pub(crate) fn all(base: &[u8], card: &str) -> Vec<Case> {
    let mut cases = foreign(base);
    cases.extend(cut(base));
    cases.extend(fuzzed(base));
    cases.extend(cards(base, card));
    cases.extend(asking(base, card));
    cases.extend(bombs(base, card));
    cases
}

fn foreign(base: &[u8]) -> Vec<Case> {
    let (_, start, end) = sections(base).into_iter().find(|(id, ..)| *id == CORE_MODULE).unwrap();
    let inner = base[start..end].windows(4).position(|bytes| bytes == b"\0asm").unwrap();
    vec![
        case("empty", b"", says("the file is something else")),
        case("one-byte", b"\0", says("the file is something else")),
        case("zip", b"PK\x03\x04\x14\0\0\0\x08\0plugin.wasm", says("the file is something else")),
        case("html", b"<!DOCTYPE html><html><body>404 Not Found</body></html>", says("the file is something else")),
        case("json", b"{\"message\":\"Not Found\"}", says("the file is something else")),
        case("script", b"#!/bin/sh\nrm -rf /\n", says("the file is something else")),
        case("wat", b"(component (core module))", says("the file is something else")),
        case("elf", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0", says("the file is native code")),
        case("pe", b"MZ\x90\0\x03\0\0\0\x04\0\0\0", says("the file is native code")),
        case("mach-o", b"\xcf\xfa\xed\xfe\x0c\0\0\x01", says("the file is native code")),
        case("core-header", b"\0asm\x01\0\0\0", says("wrong target: wasm32-wasip2 makes components")),
        case("core-module", &base[start + inner..end], says("wrong target: wasm32-wasip2 makes components")),
        case("other-layer", b"\0asm\x0d\0\x02\0", says("damaged")),
        case("later-encoding", b"\0asm\x0e\0\x01\0", says("damaged")),
    ]
}

/// At points of the file that lie in the middle of something.
fn cut(base: &[u8]) -> Vec<Case> {
    let percent = [1, 5, 10, 25, 40, 50, 60, 75, 90, 99];
    let mut cases: Vec<Case> = percent
        .into_iter()
        .map(|percent| case(&format!("cut-at-{percent}"), &base[..base.len() * percent / 100 + 3], says("damaged")))
        .collect();
    cases.push(case("cut-by-one", &base[..base.len() - 1], says("damaged")));
    cases.push(case("header-alone", COMPONENT, says("carries no card")));
    cases.push(case("card-cut-off", &base[..sections(base).last().unwrap().1], says("carries no card")));
    cases.push(case("more-after-the-end", [base, b"\x07\x07"].concat(), says("damaged")));
    cases.push(case("section-without-end", [base, b"\0\xff\xff\xff\xff\x0f"].concat(), says("damaged")));
    cases.push(case("length-of-six-bytes", [base, b"\0\xff\xff\xff\xff\xff\x01"].concat(), says("damaged")));
    cases
}

fn fuzzed(base: &[u8]) -> Vec<Case> {
    let code = base.len().min(60_000);
    (1..=24)
        .map(|seed| {
            let (head, tail) = base.split_at(code);
            let bits = 1 << (seed % 7);
            let bytes = [flipped(head, seed, bits), tail.to_vec()].concat();
            case(&format!("fuzz-{seed}-{bits}"), bytes, Fate::Any)
        })
        .collect()
}

fn cards(base: &[u8], card: &str) -> Vec<Case> {
    let with = |from: &str, to: &str| {
        assert!(card.contains(from), "{from}");
        carded(base, &card.replacen(from, to, 1))
    };
    let bare = &base[..sections(base).last().unwrap().1];
    let many: String = (0..8_000).map(|index| format!("k{index}=1\n")).collect();
    vec![
        case(
            "two-cards",
            [base, custom("counterfoil:manifest", card.as_bytes()).as_slice()].concat(),
            says("carries 2 cards"),
        ),
        case(
            "card-not-text",
            [bare, custom("counterfoil:manifest", b"\xff\xfe\xfd").as_slice()].concat(),
            says("card in the component is not text"),
        ),
        case(
            "card-too-large",
            carded(base, &format!("{card}\n# {}", "x".repeat(70_000))),
            says("at most 65536 are read"),
        ),
        case("card-empty", carded(base, ""), says("plugin.toml has")),
        case("card-not-toml", carded(base, "contract = = 1"), says("this is not TOML")),
        case("card-in-json", carded(base, "{\"contract\": \"0.1\"}"), says("this is not TOML")),
        case(
            "card-key-twice",
            with("contract = \"0.1\"", "contract = \"0.1\"\ncontract = \"0.1\""),
            says("this is not TOML"),
        ),
        case("card-brackets", carded(base, &format!("a = {}", "[".repeat(60_000))), says("this is not TOML")),
        case("card-unknown-key", with("[limits]", "[limits]\nmemory_mb = 3"), says("Did you mean \"memory_mib\"?")),
        case("card-8000-unknown-keys", carded(base, &format!("{many}{card}")), says("more")),
        case("card-escape", with("[limits]", "[limits]\n\"\\u001b[31mred\" = 3"), says("is not a key of the card")),
        case("card-other-contract", with("contract = \"0.1\"", "contract = \"7.0\""), says("newer than this host")),
        case("card-older-contract", with("contract = \"0.1\"", "contract = \"0.0\""), says("older than this host")),
        case("card-no-id", with("id = \"tiny\"", "id = \"../../tiny\""), says("must be a lower-case word")),
        case("card-huge-memory", with("memory_mib = 32", "memory_mib = 4000000"), says("memory_mib")),
        case("card-plain-http", with("https://ledger", "http://ledger"), says("base_url")),
    ]
}

fn asking(base: &[u8], card: &str) -> Vec<Case> {
    let log = "counterfoil:target/log@0.1.0";
    let stamp = carded(&[base, custom("counterfoil:contract", b"3.1.0").as_slice()].concat(), card);
    vec![
        case("wants-files", renamed(base, log, "wasi:filesystem/types@0.2.99"), says("a target has no files")),
        case("wants-sockets", renamed(base, log, "wasi:sockets/tcp-xyz@0.2.999"), says("no network of its own")),
        case("wants-http", renamed(base, log, "wasi:http/types-abcde@0.2.99"), says("no HTTP of its own")),
        case("wants-later-wasi", renamed(base, log, "wasi:cli/environmentx@0.3.99"), says("only WASI 0.2 is offered")),
        case("wants-900-things", carded(&greedy(900, 8), card), says("and 890 more")),
        case("wants-by-a-long-name", carded(&greedy(1, 90_000), card), says("asks for more than a target gets")),
        case(
            "other-contract",
            renamed(base, "counterfoil:target/remote@0.1.0", "counterfoil:target/remote@0.2.0"),
            says("built for contract 0.2.0"),
        ),
        case("stamped-otherwise", stamp, says("built for contract 3.1.0")),
        case("exports-nothing", carded(COMPONENT, card), says("does not export")),
        case(
            "other-types",
            renamed(base, "base-currency", "base-currenzy"),
            Fate::Unloaded(&["does not fit contract"]),
        ),
    ]
}

/// Valid as far as they go, or nearly: made to cost.
fn bombs(base: &[u8], card: &str) -> Vec<Case> {
    let plus = |module: &[u8]| carded(&with_module(base, module), card);
    let inside = |module: &[u8]| carded(&[COMPONENT, section(CORE_MODULE, module).as_slice()].concat(), card);
    let claimed = module(&[section(1, b"\x01\x60\0\0"), section(3, &crate::craft::leb(1_000_001))]);
    let spins = starts_with(b"\0\x03\x40\x0c\0\x0b\x0b");
    let recurses = starts_with(b"\0\x10\0\x0b");
    let traps = starts_with(b"\0\0\x0b");
    let many = functions(20_000, b"\0\x0b").concat();
    let refused: &[&str] = &["does not start", "cannot be compiled", "does not fit"];
    let mut cases = vec![
        case("too-large", vec![0; 32 * 1024 * 1024 + 1], says("at most 33554432 are read")),
        case("a-million-functions-claimed", inside(&claimed), says("damaged")),
        case("functions-without-bodies", inside(&module(&functions(20_000, b"\0\x0b")[..2])), says("damaged")),
        case("memory-beyond-4-gib", inside(&memory(65_537, None)), says("damaged")),
        case("memory-of-4-gib", plus(&memory(65_536, None)), Fate::Unloaded(refused)),
        case("a-hundred-memories", plus(&memories(100)), Fate::Unloaded(refused)),
        case("a-table-beyond-all", plus(&table(20_000_000)), Fate::Unloaded(refused)),
        case("a-table-of-millions", plus(&table(9_000_000)), Fate::Unloaded(refused)),
        case("data-outside", plus(&memory(1, Some(u8::MAX))), Fate::Unloaded(refused)),
        case("spins-at-the-start", plus(&spins), Fate::Unloaded(refused)),
        case("recurses-at-the-start", plus(&recurses), Fate::Unloaded(refused)),
        case("traps-at-the-start", plus(&traps), Fate::Unloaded(refused)),
        case("20000-functions", plus(&[crate::craft::MODULE, many.as_slice()].concat()), Fate::Any),
        case("body-that-is-no-code", inside(&starts_with(b"\0\xff\xff\x0b")), says("damaged")),
        case("stack-that-does-not-fit", inside(&starts_with(b"\0\x1a\x0b")), says("damaged")),
        case("locals-without-end", inside(&starts_with(b"\x01\xff\xff\xff\xff\x0f\x7f\x0b")), says("damaged")),
        case("nested-900", carded(&nested(900), card), Fate::Any),
        case("lists-of-lists", carded(&deep_types(40_000), card), Fate::Any),
        case(
            "ten-thousand-instances",
            {
                let instances = (0..10_000).map(|_| section(2, b"\x01\0\0\0")).collect::<Vec<_>>().concat();
                let empty = section(CORE_MODULE, crate::craft::MODULE);
                carded(&[COMPONENT, empty.as_slice(), instances.as_slice()].concat(), card)
            },
            Fate::Any,
        ),
    ];
    cases.push(case(
        "deep-blocks",
        inside(&starts_with(&[b"\0".as_slice(), &b"\x02\x40".repeat(20_000), &b"\x0b".repeat(20_001)].concat())),
        Fate::Any,
    ));
    cases
}
