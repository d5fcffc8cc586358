//! Who answers for a plugin: keys, signatures, what a service trusts, and what becomes of a version whose key is trusted no
//! more.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::craft::carded;
use crate::house::{House, Said, run};

const PASSWORD: &[(&str, &str)] = &[("COUNTERFOIL_KEY_PASSWORD", "correct horse")];

/// A key pair in a folder of its own. Its public key.
fn key(folder: &Path, publisher: &str) -> String {
    let made = run(folder, &[], &["plugin", "keygen", publisher, "--no-password", "--json"]).exits(0).json();
    made["key"].as_str().unwrap().to_owned()
}

fn tiny(version: &str, publisher: &str) -> Vec<u8> {
    let card = crate::card().replace("version = \"0.1.0\"", &format!("version = \"{version}\""));
    carded(crate::tiny(), &card.replace("publisher = \"Counterfoil\"", &format!("publisher = \"{publisher}\"")))
}

fn sign(folder: &Path, file: &str, key: &str) -> Said {
    run(folder, &[], &["plugin", "sign", file, "--key", key]).exits(0)
}

fn standing(list: &Value, version: &str) -> String {
    let found = list["plugins"].as_array().unwrap().iter().find(|one| one["version"] == version);
    found.map_or_else(|| "absent".to_owned(), |one| one["signature"]["standing"].as_str().unwrap().to_owned())
}

#[test]
fn keys_are_never_overwritten_nor_readable_by_others_and_passwords_count() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    run(at, PASSWORD, &["plugin", "keygen", "Acme Software"])
        .exits(0)
        .with(&["[plugins.publishers]", "\"Acme Software\" = \"RW"]);
    assert_eq!(fs::metadata(at.join("acme-software.key")).unwrap().permissions().mode() & 0o077, 0);
    run(at, PASSWORD, &["plugin", "keygen", "Acme Software"])
        .exits(1)
        .with(&["is there already", "nothing was written"]);
    run(at, &[], &["plugin", "keygen", "Other"]).exits(1).with(&["COUNTERFOIL_KEY_PASSWORD"]);
    fs::write(at.join("tiny.wasm"), tiny("1.0.0", "Acme Software")).unwrap();
    let sign = ["plugin", "sign", "tiny.wasm", "--key", "acme-software.key"];
    run(at, &[("COUNTERFOIL_KEY_PASSWORD", "wrong")], &sign)
        .exits(1)
        .with(&["is the password right?", "Nothing was signed"]);
    run(at, PASSWORD, &sign).exits(0);
    run(at, &[], &["plugin", "verify", "tiny.wasm", "--key", "acme-software.pub"])
        .exits(0)
        .with(&["good, by Acme Software"]);
    fs::write(at.join("not.key"), "hello").unwrap();
    run(at, &[], &["plugin", "sign", "tiny.wasm", "--key", "not.key"]).exits(1).with(&["no secret key of minisign"]);
}

#[test]
fn every_way_in_which_a_signature_is_wrong_has_its_own_words() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    let (acme, other) = (key(at, "Acme"), key(at, "Other"));
    fs::write(at.join("a.wasm"), tiny("1.0.0", "Acme")).unwrap();
    fs::write(at.join("b.wasm"), tiny("1.1.0", "Acme")).unwrap();
    sign(at, "a.wasm", "acme.key");
    let verify = |file: &str, more: &[&str]| run(at, &[], &[&["plugin", "verify", file], more].concat());
    let trusted = format!("Acme={acme}");
    verify("a.wasm", &["--key", &trusted]).exits(0);
    verify("a.wasm", &["--key", &acme]).exits(0);
    verify("a.wasm", &[]).exits(5).with(&["give --key or --config"]);
    verify("b.wasm", &["--key", &trusted]).exits(5).with(&["none"]);
    verify("a.wasm", &["--key", &other]).exits(5).with(&["not trusted here", "[plugins.publishers]"]);
    verify("a.wasm", &["--key", &format!("Else={acme}")]).exits(5).with(&["published by Acme", "another's name"]);
    verify("a.wasm", &["--key", "RWnonsense"]).exits(1).with(&["not a public key of minisign"]);
    verify("b.wasm", &["--signature", "a.wasm.minisig", "--key", &trusted])
        .exits(5)
        .with(&["made for tiny 1.0.0", "this is tiny 1.1.0"]);
    verify("b.wasm", &["--signature", "nowhere.minisig"]).exits(1).with(&["nowhere.minisig cannot be read"]);

    // The same version with another setting on its card: what somebody in between would do.
    let card =
        crate::card().replace("version = \"0.1.0\"", "version = \"1.0.0\"").replace("\"Counterfoil\"", "\"Acme\"");
    fs::write(at.join("a.wasm"), carded(crate::tiny(), &card.replace("memory_mib = 32", "memory_mib = 33"))).unwrap();
    verify("a.wasm", &["--key", &trusted]).exits(5).with(&["not what Acme signed", "Do not use it"]);
    // One letter of what the signer said.
    let text = fs::read_to_string(at.join("a.wasm.minisig")).unwrap();
    fs::write(at.join("a.wasm"), tiny("1.0.0", "Acme")).unwrap();
    fs::write(at.join("a.wasm.minisig"), text.replace("version:1.0.0", "version:1.0.1")).unwrap();
    verify("a.wasm", &["--key", &trusted]).exits(5);
    // What no host would take is not signed.
    fs::write(at.join("bad.wasm"), b"\0asm\x0d\0\x01\0").unwrap();
    run(at, &[], &["plugin", "sign", "bad.wasm", "--key", "acme.key"]).exits(1).with(&["was not signed"]);
}

#[test]
fn packing_is_deterministic_and_a_version_means_one_file() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    key(at, "Acme");
    let noisy = crate::craft::custom("producers", b"\0");
    let with_noise =
        carded(&[crate::tiny(), noisy.as_slice()].concat(), &crate::card().replace("\"Counterfoil\"", "\"Acme\""));
    fs::write(at.join("in.wasm"), with_noise).unwrap();
    let pack = |into: &str| run(at, &[], &["plugin", "pack", "in.wasm", "--into", into, "--key", "acme.key", "--json"]);
    let (first, second) = (pack("one").exits(0).json(), pack("two").exits(0).json());
    assert_eq!(first["digest"], second["digest"]);
    assert_eq!(fs::read(at.join("one/tiny-0.1.0.wasm")).unwrap(), fs::read(at.join("two/tiny-0.1.0.wasm")).unwrap());
    run(at, &[], &["plugin", "verify", "one/tiny-0.1.0.wasm", "--key", "acme.pub"]).exits(0);
    pack("one").exits(0);
    fs::write(at.join("in.wasm"), carded(crate::tiny(), &crate::card())).unwrap();
    pack("one").exits(1).with(&["raise version", "nothing was packed"]);
    fs::write(at.join("in.wasm"), b"<html>").unwrap();
    pack("three").exits(1).with(&["nothing was packed"]);
}

#[test]
fn a_service_runs_what_is_signed_and_stops_running_what_is_trusted_no_more() {
    let mut house = House::new(&[]);
    let at = house.folder.path().to_owned();
    let (acme, next) = (key(&at, "Acme"), {
        fs::create_dir(at.join("next")).unwrap();
        key(&at.join("next"), "Acme")
    });
    house.trust(&format!("Acme = \"{acme}\""));
    house.serve();
    fs::write(at.join("a.wasm"), tiny("1.0.0", "Acme")).unwrap();
    let install = ["plugin", "install", "a.wasm"];
    house.run(&install).exits(5).with(&["plugin-untrusted", "Nobody signed tiny 1.0.0", "allow_unsigned"]);
    sign(&at, "a.wasm", "next/acme.key");
    house.run(&install).exits(5).with(&["is not trusted here", "[plugins.publishers]"]);
    sign(&at, "a.wasm", "acme.key");
    house.run(&install).exits(0).with(&["is installed", "signed by Acme"]);
    let digest = house.plugins()["plugins"][0]["digest"].as_str().unwrap().to_owned();
    house.run(&["plugin", "activate", "tiny", &digest]).exits(0);

    // Into the folder without its signature, which comes later.
    fs::write(at.join("b.wasm"), tiny("1.1.0", "Acme")).unwrap();
    sign(&at, "b.wasm", "acme.key");
    fs::copy(at.join("b.wasm"), house.path("shop/plugins/b.wasm")).unwrap();
    house.until("it is refused", |list| {
        list["refused"].as_array().unwrap().iter().any(|one| one["problem"].as_str().unwrap().contains("nobody signed"))
    });
    fs::copy(at.join("b.wasm.minisig"), house.path("shop/plugins/b.wasm.minisig")).unwrap();
    house.until("it is signed and active", |list| {
        list["refused"].as_array().unwrap().is_empty()
            && list["plugins"].as_array().unwrap().iter().any(|one| one["version"] == "1.1.0" && one["active"] == true)
    });

    // The publisher lost the key: both versions stop at the next start, whatever was active.
    house.trust(&format!("Acme = \"{next}\""));
    house.serve();
    let list = house.plugins();
    assert_eq!(
        (standing(&list, "1.0.0"), standing(&list, "1.1.0")),
        ("untrusted".into(), "untrusted".into()),
        "{list:#}"
    );
    assert!(list["plugins"].as_array().unwrap().iter().all(|one| one["active"] == false), "{list:#}");
    house.run(&["plugin", "activate", "tiny", &digest]).exits(5).with(&["not trusted any more", "no order is lost"]);
    // Signed anew it runs again; while both keys are listed, both count.
    sign(&at, "a.wasm", "next/acme.key");
    house.run(&install).exits(0);
    house.run(&["plugin", "activate", "tiny", &digest]).exits(0);
    house.trust(&format!("Acme = [\"{acme}\", \"{next}\"]"));
    house.serve();
    let list = house.plugins();
    assert_eq!((standing(&list, "1.0.0"), standing(&list, "1.1.0")), ("signed".into(), "signed".into()), "{list:#}");
    assert!(!house.log().contains("untrusted") && !house.log().contains("not trusted any more"), "{}", house.log());
}

#[test]
fn an_unsigned_plugin_stops_when_the_operator_stops_allowing_it() {
    let mut house = House::new(&["--allow-unsigned"]);
    fs::write(house.path("shop/plugins/tiny.wasm"), crate::tiny()).unwrap();
    house.serve();
    assert_eq!(standing(&house.plugins(), "0.1.0"), "unsigned");
    let path = house.path("shop/counterfoil.toml");
    let strict = fs::read_to_string(&path).unwrap().replace("allow_unsigned = true", "allow_unsigned = false");
    fs::write(&path, strict).unwrap();
    house.serve();
    let list = house.plugins();
    assert_eq!(standing(&list, "0.1.0"), "untrusted");
    assert_eq!(list["plugins"][0]["active"], false);
    house.run(&["plugin", "list"]).exits(0).with(&["untrusted", "nobody signed tiny 0.1.0"]);
    house.trust("Acme = \"RWnonsense\"");
    let config = house.path("shop/counterfoil.toml");
    house.stop();
    house
        .run(&["serve", "--config", config.to_str().unwrap()])
        .exits(1)
        .with(&["plugins.publishers", "not a public key"]);
}
