//! What `plugin new` writes: a working target for each language, as it stands in `sdk/templates`. Owns the list and the
//! words that are put into it.

use super::args::Language;

/// One template: the files below the new folder, and what to do first.
#[derive(Debug)]
pub(super) struct Template {
    pub(super) files: &'static [(&'static str, &'static str)],
    pub(super) next: &'static str,
}

macro_rules! files {
    ($folder:literal: $($file:literal),+ $(; $shared:literal of $other:literal)?) => {
        &[
            $(($file, include_str!(concat!("../../../../sdk/templates/", $folder, "/", $file))),)+
            $(($shared, include_str!(concat!("../../../../sdk/templates/", $other, "/", $shared))),)?
        ]
    };
}

const RUST: Template = Template {
    files: files!("rust":
        "Cargo.toml",
        "plugin.toml",
        "conformance.toml",
        "README.md",
        ".gitignore",
        "src/lib.rs",
        "src/books.rs",
        "src/documents.rs",
        "src/tests.rs"
    ),
    next: "cargo test                       # the logic, natively\n  counterfoil plugin test .        # the component, through the conformance kit",
};

const PYTHON: Template = Template {
    files: files!("python":
        "plugin.toml",
        "README.md",
        ".gitignore",
        "app.py",
        "books.py",
        "documents.py",
        "exact.py",
        "tests/test_target.py";
        // One made-up system for all.
        "conformance.toml" of "rust"
    ),
    next: "counterfoil plugin build .       # the component, and the contract's types in target/bindings\n  python3 -m unittest discover tests   # the logic, natively\n  counterfoil plugin test .        # the component, through the conformance kit",
};

const JAVASCRIPT: Template = Template {
    files: files!("javascript":
        "plugin.toml",
        "package.json",
        "README.md",
        ".gitignore",
        "target.js",
        "books.js",
        "documents.js",
        "exact.js",
        "tests/host.js",
        "tests/target.test.js";
        "conformance.toml" of "rust"
    ),
    next: "npm test                         # the logic, natively\n  counterfoil plugin test .        # the component, through the conformance kit",
};

pub(super) fn of(language: Language) -> &'static Template {
    match language {
        Language::Rust => &RUST,
        Language::Python => &PYTHON,
        Language::Javascript => &JAVASCRIPT,
    }
}

/// The words that the templates use for the new plugin, and its own.
#[derive(Debug)]
pub(super) struct Names<'a> {
    /// "acme-books"
    pub(super) id: &'a str,
    /// Folder of the SDK, as a path from anywhere.
    pub(super) sdk: &'a str,
}

impl Names<'_> {
    pub(super) fn put_into(&self, text: &str) -> String {
        let words: Vec<&str> = self.id.split('-').collect();
        let capitals: Vec<String> = words.iter().map(|word| capital(word)).collect();
        // What the template's own folder calls the SDK; quoted, so that nothing else is meant.
        text.replace("\"../..\"", &toml::Value::from(self.sdk).to_string())
            .replace("acme-books", self.id)
            .replace("acme_books", &self.id.replace('-', "_"))
            .replace("AcmeBooks", &capitals.concat())
            .replace("Acme Books", &capitals.join(" "))
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_the_name_is_put_in() {
        let names = Names { id: "zeta-two", sdk: "/a \"b\"/sdk" };
        let text = names.put_into("acme-books acme_books AcmeBooks Acme Books path = \"../..\"");
        assert_eq!(text, "zeta-two zeta_two ZetaTwo Zeta Two path = '/a \"b\"/sdk'");
    }

    #[test]
    fn a_template_has_what_every_target_needs() {
        let text = |language, wanted: &str| {
            let found = of(language).files.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, text)| *text).unwrap_or_else(|| panic!("{language:?} has no {wanted}"))
        };
        let card = |language| {
            let lines = text(language, "plugin.toml").lines();
            lines.filter(|line| !line.starts_with("memory_mib") && !line.starts_with("# The ")).collect::<Vec<_>>()
        };
        for language in [Language::Rust, Language::Python, Language::Javascript] {
            for needed in ["plugin.toml", "conformance.toml", "README.md"] {
                assert!(!text(language, needed).is_empty(), "{language:?} {needed}");
            }
            // The same target, but for the memory that an interpreter takes.
            assert_eq!(card(language), card(Language::Rust), "{language:?}");
        }
    }
}
