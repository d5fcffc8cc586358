//! `plugin new`: a folder with a working target. Owns what a plugin may be called, and that nothing is overwritten.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::json;

use super::args::Language;
use super::templates::{self, Names, Template};
use crate::cli::show;
use crate::exit::Exit;

const LONGEST: usize = 40;
/// Targets that come with Counterfoil: another plugin of the same id would be taken for a version of theirs.
const BUNDLED: &[&str] = &["xero", "connectwise", "syncro"];
/// What a Rust crate, a Python module or a folder of a project cannot be called.
const TAKEN: &[&str] = &[
    "alloc",
    "core",
    "proc-macro",
    "std",
    "test",
    "build",
    "deps",
    "examples",
    "incremental",
    "target",
    "counterfoil",
    "counterfoil-sdk",
    "as",
    "async",
    "await",
    "break",
    "class",
    "const",
    "continue",
    "crate",
    "def",
    "del",
    "dyn",
    "elif",
    "else",
    "enum",
    "except",
    "extern",
    "false",
    "fn",
    "for",
    "from",
    "gen",
    "global",
    "if",
    "impl",
    "import",
    "in",
    "is",
    "lambda",
    "let",
    "loop",
    "match",
    "mod",
    "move",
    "mut",
    "none",
    "nonlocal",
    "not",
    "or",
    "and",
    "pass",
    "pub",
    "raise",
    "ref",
    "return",
    "self",
    "static",
    "struct",
    "super",
    "trait",
    "true",
    "try",
    "type",
    "unsafe",
    "use",
    "where",
    "while",
    "with",
    "yield",
];

pub(super) fn run(name: &str, language: Language, into: &Path, sdk: Option<&Path>, as_json: bool) -> Result<Exit> {
    if let Some(wrong) = wrong_name(name) {
        bail!("\"{name}\" cannot be a plugin's name: {wrong}. Nothing was written");
    }
    let template = templates::of(language);
    let folder = into.join(name);
    if folder.symlink_metadata().is_ok() {
        bail!(
            "{} is there already; nothing was written. Choose another name, or another place with --into",
            folder.display()
        );
    }
    // The contract is all that the others are built against, and the host has it.
    let sdk = if language == Language::Rust { find_sdk(sdk, into)? } else { PathBuf::new() };
    let files = write(template, &Names { id: name, sdk: &sdk.to_string_lossy() }, into, &folder)?;
    if as_json {
        show::json(&json!({ "folder": folder.display().to_string(), "files": files }))?;
        return Ok(Exit::Done);
    }
    show::print(&format!("{}\n", folder.display()))?;
    eprintln!("Made {} files. Next, in {}:\n  {}", files.len(), folder.display(), template.next);
    Ok(Exit::Done)
}

fn wrong_name(name: &str) -> Option<String> {
    let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    if name.is_empty() || name.len() > LONGEST {
        return Some(format!("it must have 1 to {LONGEST} characters"));
    }
    if !name.chars().all(is_plain) || !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        return Some("it must be lower-case letters, digits and dashes, and begin with a letter".to_owned());
    }
    if name.ends_with('-') || name.contains("--") {
        return Some("each dash must stand between two words".to_owned());
    }
    if BUNDLED.contains(&name) {
        return Some(
            "a target of that name comes with Counterfoil, and yours would be taken for a version of it".to_owned(),
        );
    }
    TAKEN.contains(&name).then(|| "it is a word of a language or of its tools".to_owned())
}

/// The given folder, or that of a checkout around one of the places that are known.
fn find_sdk(given: Option<&Path>, into: &Path) -> Result<PathBuf> {
    let is_sdk = |folder: &Path| {
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
        manifest.contains("name = \"counterfoil-sdk\"")
    };
    if let Some(given) = given {
        if !is_sdk(given) {
            bail!(
                "{} is not the folder of counterfoil-sdk. Nothing was written. It is called sdk in a checkout of Counterfoil",
                given.display()
            );
        }
        return given.canonicalize().context("the folder of the SDK cannot be used");
    }
    let places = [into.canonicalize().ok(), std::env::current_dir().ok(), std::env::current_exe().ok()];
    let above = places.iter().flatten().flat_map(|place| place.ancestors()).map(|folder| folder.join("sdk"));
    above.into_iter().find(|folder| is_sdk(folder)).context(
        "the SDK was not found near here. Nothing was written. Give --sdk FOLDER: the folder sdk of a checkout of Counterfoil",
    )
}

/// Beside it first, then under its name: a folder that is there is whole.
fn write(template: &Template, names: &Names<'_>, into: &Path, folder: &Path) -> Result<Vec<String>> {
    let half = into.join(format!(".{}.{}.part", names.id, std::process::id()));
    let written = (|| {
        for (name, text) in template.files {
            let path = half.join(name);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(path, names.put_into(text))?;
        }
        std::fs::rename(&half, folder)
    })();
    if written.is_err() {
        // Its own error is the one to be told.
        let _ = std::fs::remove_dir_all(&half);
    }
    written.with_context(|| format!("{} cannot be written", folder.display()))?;
    Ok(template.files.iter().map(|(name, _)| (*name).to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ids_crates_and_folders_at_once() {
        for (name, says) in [
            ("acme", None),
            ("acme-books-2", None),
            ("", Some("1 to 40")),
            ("a23456789-123456789-123456789-123456789-1", Some("1 to 40")),
            ("Acme", Some("lower-case")),
            ("2acme", Some("lower-case")),
            ("acme_books", Some("lower-case")),
            ("../acme", Some("lower-case")),
            ("acmé", Some("lower-case")),
            ("acme-", Some("each dash")),
            ("acme--books", Some("each dash")),
            ("xero", Some("comes with Counterfoil")),
            ("match", Some("word of a language")),
            ("test", Some("word of a language")),
        ] {
            let wrong = wrong_name(name);
            match says {
                None => assert_eq!(wrong, None, "{name}"),
                Some(says) => assert!(wrong.as_ref().is_some_and(|wrong| wrong.contains(says)), "{name}: {wrong:?}"),
            }
        }
    }
}
