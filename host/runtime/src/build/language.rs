//! What a plugin's folder is written in. Owns which file tells.

use std::path::Path;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Rust,
    Python,
    JavaScript,
}

/// The file that each language's build begins with.
const TELLS: [(&str, Language); 3] =
    [("Cargo.toml", Language::Rust), ("app.py", Language::Python), ("target.js", Language::JavaScript)];

impl Language {
    /// A folder that has none of them is told what cargo says of it.
    pub(super) fn of(folder: &Path) -> Self {
        let told = TELLS.iter().find(|(file, _)| folder.join(file).is_file());
        told.map_or(Self::Rust, |(_, language)| *language)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_file_of_a_build_tells_the_language() {
        for (files, language) in [
            (&["Cargo.toml", "app.py"][..], Language::Rust),
            (&["app.py", "plugin.toml"], Language::Python),
            (&["target.js", "package.json"], Language::JavaScript),
            (&["plugin.toml"], Language::Rust),
        ] {
            let folder = tempfile::tempdir().unwrap();
            for file in files {
                std::fs::write(folder.path().join(file), "").unwrap();
            }
            assert_eq!(Language::of(folder.path()), language, "{files:?}");
        }
    }
}
