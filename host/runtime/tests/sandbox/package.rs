//! What is refused before anything is compiled, and what the builder makes.

use counterfoil_runtime::build::{self, BuildError, Options};
use counterfoil_runtime::component::{self, MAX_BYTES, PackageError};
use counterfoil_runtime::sandbox::LoadError;

fn card(folder: &str) -> String {
    std::fs::read_to_string(crate::common::guest_folder(folder).join("plugin.toml")).unwrap()
}

#[tokio::test]
async fn foreign_files_are_refused_with_a_reason() {
    let huge = vec![0; MAX_BYTES + 1];
    for (bytes, says) in [
        (huge.as_slice(), "at most 33554432"),
        (b"".as_slice(), "something else"),
        (b"#!/bin/sh\n", "something else"),
        (b"\x7fELF\x02\x01\x01\0\0\0\0\0", "native code"),
        (b"MZ\x90\0\x03\0\0\0", "native code"),
        (b"\0asm\x01\0\0\0", "WebAssembly module"),
        (b"\0asm\x0d\0\x01\0", "carries no card"),
        (b"\0asm\x0d\0\x01\0\x07\xff", "damaged"),
        (b"\0asm\x0d\0\x01\0\x0a\x01\x05", "damaged"),
    ] {
        let error = component::read(bytes).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[tokio::test]
async fn cards_are_counted_and_checked() {
    let empty = component::embed(b"\0asm\x0d\0\x01\0", &card("tiny")).unwrap();
    let exports = component::read(&empty).unwrap_err();
    assert!(matches!(&exports, PackageError::Exports(missing) if missing.len() == 3), "{exports}");
    // A second card, put in by hand.
    let second = component::embed(b"\0asm\x0d\0\x01\0", &card("tiny")).unwrap();
    let two = [empty.as_slice(), &second[8..]].concat();
    assert_eq!(component::read(&two).unwrap_err(), PackageError::SeveralManifests(2));
    let bad = component::embed(&empty, &card("tiny").replace("contract = \"0.1\"", "contract = \"0.2\"")).unwrap();
    let error = component::read(&bad).unwrap_err().to_string();
    assert!(error.contains("\"0.2\" is not served; this host serves \"0.1\""), "{error}");
    let not_text = [b"\0asm\x0d\0\x01\0".as_slice(), b"\0\x19\x14counterfoil:manifest\xff\xfe\xfd\xfc"].concat();
    assert_eq!(component::read(&not_text).unwrap_err(), PackageError::ManifestNotText);
}

/// Replaces a name everywhere in the bytes by one of the same length.
fn renamed(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn imports_and_contract_are_checked_by_name() {
    let Some(package) = crate::common::package("tiny").await else { return };
    assert!(
        package.imports.iter().any(|import| import.starts_with("counterfoil:target/remote@0.1.")),
        "{:?}",
        package.imports
    );
    assert!(
        !package
            .imports
            .iter()
            .any(|import| import.contains("filesystem") || import.contains("sockets") || import.contains("http"))
    );

    let other =
        component::read(&renamed(&package.bytes, "counterfoil:target/remote@0.1.0", "counterfoil:target/remote@0.9.0"))
            .unwrap_err();
    assert!(matches!(&other, PackageError::Contract { found } if found == "0.9.0"), "{other}");
    let greedy =
        component::read(&renamed(&package.bytes, "counterfoil:target/log@0.1.0", "wasi:filesystem/types@0.2.99"))
            .unwrap_err();
    let PackageError::Imports(refused) = &greedy else { panic!("{greedy}") };
    assert_eq!(refused[0].name, "wasi:filesystem/types@0.2.99");
    assert!(greedy.to_string().contains("a target has no files"), "{greedy}");
    let short = component::read(&renamed(
        &package.bytes,
        "counterfoil:target/connection@0.1.0",
        "counterfoil:target/connektion@0.1.0",
    ))
    .unwrap_err();
    assert_eq!(short, PackageError::Exports(vec!["counterfoil:target/connection".to_owned()]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_types_show_is_refused_at_load() {
    let Some(package) = crate::common::package("tiny").await else { return };
    // A field with another name: the names of all interfaces are right, the type is not.
    let grown = component::read(&renamed(&package.bytes, "base-currency", "base-currenzy")).unwrap();
    let error = crate::common::sandbox().load(&grown).await.unwrap_err();
    assert!(matches!(error, LoadError::Contract(_)), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_builder_makes_an_installable_file() {
    let Some(path) = crate::common::build_guest("tiny").await else { return };
    assert!(path.ends_with("guests/plugins/tiny.wasm"), "{}", path.display());
    let read = component::read(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(read.card.id.as_str(), "tiny");
    assert!(read.size() < 1 << 20, "{}", read.size());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_builder_says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let build = || async { build::build(folder.path(), &Options::default()).await.unwrap_err() };

    assert!(matches!(build().await, BuildError::File { what: "read", .. }));
    write("plugin.toml", "contract = 1");
    assert!(matches!(build().await, BuildError::Manifest { .. }));
    write("plugin.toml", &card("tiny"));
    assert!(matches!(build().await, BuildError::Project(_)));
    std::fs::create_dir(folder.path().join("src")).unwrap();
    write("src/lib.rs", "this is not rust");
    write("Cargo.toml", "[package]\nname = \"broken\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n");
    let no_component = build().await.to_string();
    assert!(no_component.contains("crate-type = [\"cdylib\"]"), "{no_component}");
    write(
        "Cargo.toml",
        "[package]\nname = \"broken\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[lib]\ncrate-type = [\"cdylib\"]\n[workspace]\n",
    );
    if crate::common::build_guest("tiny").await.is_some() {
        let error = build().await;
        assert!(matches!(&error, BuildError::Compile(said) if said.contains("expected one of")), "{error}");
    }
}
