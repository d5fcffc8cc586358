//! Every file of the corpus at every door: `inspect` and `verify` under limits, and the running service. Nothing panics,
//! hangs or grows, and each refusal says what is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::corpus::{self, Case, Fate};
use crate::house::{House, Said, limited};

/// For parsing and checking alone.
const READ_WITHIN: Duration = Duration::from_secs(15);
/// With compiling and starting.
const LOADED_WITHIN: Duration = Duration::from_secs(120);
/// What a service may ever take while it is fed with all of it; it holds a component and its copies.
const SERVICE_MIB: u64 = 900;

fn cases() -> Vec<Case> {
    let cases = corpus::all(crate::tiny(), &crate::card());
    assert!(cases.len() >= 90, "{}", cases.len());
    let names: BTreeSet<_> = cases.iter().map(|case| &case.name).collect();
    assert_eq!(names.len(), cases.len(), "each case has a name of its own");
    cases
}

/// What is wrong with how it took a file; none: it kept its calm.
fn uneasy(said: &Said) -> Option<&'static str> {
    let loud = |text: &str| text.contains('\u{1b}');
    if !matches!(said.code, Some(0 | 1 | 5)) {
        return Some("it did not end as it should");
    }
    if said.err.contains("panicked") {
        return Some("it panicked");
    }
    if said.took > READ_WITHIN {
        return Some("it took too long");
    }
    if loud(&said.err) || loud(&said.out) {
        return Some("it speaks to the terminal");
    }
    (said.err.len() > 20_000).then_some("it complains without end")
}

fn fits(case: &Case, door: &str, said: &Said) -> Result<(), &'static str> {
    if let Some(wrong) = uneasy(said) {
        return Err(wrong);
    }
    let good = match &case.fate {
        Fate::Unread(words) => said.code == Some(1) && said.err.contains(words.as_str()),
        // It reads well; nobody signed it.
        Fate::Unloaded(_) => said.code == Some(if door == "verify" { 5 } else { 0 }),
        Fate::Any => true,
    };
    good.then_some(()).ok_or("it says something else")
}

#[test]
fn reading_a_bad_file_is_refused_in_words_within_limits() {
    let folder = TempDir::new().unwrap();
    let (mut told, mut wrong): (BTreeMap<String, String>, Vec<String>) = (BTreeMap::new(), Vec::new());
    for case in cases() {
        let path = folder.path().join(format!("{}.wasm", case.name));
        fs::write(&path, &case.bytes).unwrap();
        for door in ["inspect", "verify"] {
            let said = limited(&["plugin", door, path.to_str().unwrap()]);
            if let Err(why) = fits(&case, door, &said) {
                let (code, took) = (said.code, said.took);
                wrong.push(format!("{} at {door}: {why}: {code:?} {took:?} {:.600}", case.name, said.err));
            }
            if matches!(case.fate, Fate::Unread(_)) {
                told.insert(case.name.clone(), said.err);
            }
        }
        fs::remove_file(path).unwrap();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // A refusal names what is wrong with this file, not only that something is: messages repeat only where the cause does.
    let causes: BTreeSet<String> = told.iter().map(|(name, text)| text.replace(name, "")).collect();
    assert!(causes.len() * 3 > told.len() * 2, "{} causes for {} files", causes.len(), told.len());
}

/// What the service makes of a file; an error: not what it should.
fn taken(case: &Case, (status, text): (u16, &str), took: Duration) -> Result<(), &'static str> {
    // A sentence of the API begins with a capital and stands in JSON.
    let said = text.replace("\\\"", "\"").to_lowercase();
    let says = |words: &str| said.contains(&words.to_lowercase());
    if took > LOADED_WITHIN {
        return Err("it took too long");
    }
    if says("panicked") || status >= 500 {
        return Err("it broke");
    }
    let good = match &case.fate {
        // The door itself turns away what is too large, before it is read.
        Fate::Unread(words) => status == 413 || (status == 422 && says(words)),
        Fate::Unloaded(all) => status == 422 && all.iter().any(|words| says(words)),
        Fate::Any => matches!(status, 201 | 422),
    };
    good.then_some(()).ok_or("it says something else")
}

#[test]
fn a_service_that_is_fed_with_all_of_it_lives_and_takes_none_of_it() {
    let mut house = House::new(&["--allow-unsigned"]);
    house.serve();
    let (status, text) = house.upload(crate::tiny());
    assert_eq!(status, 201, "{text}");
    let (mut wrong, mut slowest) = (Vec::new(), (Duration::ZERO, String::new()));
    for case in cases() {
        let begun = Instant::now();
        let (status, text) = house.upload(&case.bytes);
        let took = begun.elapsed();
        if let Err(why) = taken(&case, (status, &text), took) {
            wrong.push(format!("{}: {why}: {status} {took:?} {text:.800}", case.name));
        }
        if took > slowest.0 {
            slowest = (took, case.name);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let most = house.most_memory();
    assert!(most < SERVICE_MIB, "{most} MiB");
    println!("the slowest was {} with {:?}; the service had {most} MiB at most", slowest.1, slowest.0);
    let list = house.plugins();
    let kept: Vec<&str> = list["plugins"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert!(kept.contains(&"tiny"), "{list}");
    assert_eq!(list["refused"].as_array().unwrap().len(), 0, "what came by the API is told to whoever sent it");
    assert!(!house.log().contains("panicked"), "{}", house.log());
}

#[test]
fn a_signature_that_is_no_signature_costs_nothing() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("tiny.wasm");
    fs::write(&path, crate::tiny()).unwrap();
    let signature = folder.path().join("tiny.wasm.minisig");
    let good_shape = "untrusted comment: x\nRUQAAAAAAAAAAA==\ntrusted comment: y\nAAAA\n";
    for (bytes, says) in [
        (b"".to_vec(), "not what minisign writes"),
        (b"\xff\xfe".to_vec(), "not what minisign writes"),
        (good_shape.as_bytes().to_vec(), "not what minisign writes"),
        (vec![b'x'; 3_000_000], "larger than any signature"),
        (b"a\nb\nc\nd\n".repeat(500), "not what minisign writes"),
    ] {
        fs::write(&signature, bytes).unwrap();
        let said = limited(&["plugin", "verify", path.to_str().unwrap()]);
        assert_eq!(uneasy(&said), None, "{said:?}");
        said.exits(5).with(&[says]);
    }
}
