//! Reading files of one folder, and of no other: every path is resolved, links included, before it is opened.

use std::io::SeekFrom;
use std::ops::Range;
use std::path::{Path, PathBuf};

use tokio::io::{AsyncReadExt, AsyncSeekExt};

/// Larger exports must be split: a file is read as a whole when it is indexed.
const LARGEST_FILE: u64 = 1 << 30;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum FileProblem {
    #[error("the folder {0} cannot be opened: {1}; check the marketplace's location")]
    NoFolder(String, String),
    #[error("it leads out of the folder")]
    Outside,
    #[error("it is no regular file")]
    NotAFile,
    #[error("it is larger than {} MiB", LARGEST_FILE >> 20)]
    TooLarge,
    #[error("it is not UTF-8 text")]
    NotText,
    #[error("{0}")]
    Io(String),
}

#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
}

impl Folder {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub(super) fn name(&self) -> String {
        self.root.display().to_string()
    }

    async fn real_root(&self) -> Result<PathBuf, FileProblem> {
        let failed = |error: std::io::Error| FileProblem::NoFolder(self.name(), error.to_string());
        tokio::fs::canonicalize(&self.root).await.map_err(failed)
    }

    /// Nothing: there is no such file.
    async fn resolve(&self, relative: &str) -> Result<Option<PathBuf>, FileProblem> {
        let root = self.real_root().await?;
        match tokio::fs::canonicalize(root.join(relative)).await {
            Ok(path) if path.starts_with(&root) => Ok(Some(path)),
            Ok(_) => Err(FileProblem::Outside),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(FileProblem::Io(error.to_string())),
        }
    }

    async fn file(&self, relative: &str) -> Result<Option<PathBuf>, FileProblem> {
        let Some(path) = self.resolve(relative).await? else { return Ok(None) };
        let about = tokio::fs::metadata(&path).await.map_err(|error| FileProblem::Io(error.to_string()))?;
        if !about.is_file() {
            return Err(FileProblem::NotAFile);
        }
        if about.len() > LARGEST_FILE {
            return Err(FileProblem::TooLarge);
        }
        Ok(Some(path))
    }

    pub(super) async fn read(&self, relative: &str) -> Result<Option<String>, FileProblem> {
        let Some(path) = self.file(relative).await? else { return Ok(None) };
        let bytes = tokio::fs::read(path).await.map_err(|error| FileProblem::Io(error.to_string()))?;
        String::from_utf8(bytes).map(Some).map_err(|_| FileProblem::NotText)
    }

    /// A stretch of a file, as it was when it was indexed or differently.
    pub(super) async fn part(&self, relative: &str, range: &Range<u64>) -> Result<Option<String>, FileProblem> {
        let Some(path) = self.file(relative).await? else { return Ok(None) };
        let failed = |error: std::io::Error| FileProblem::Io(error.to_string());
        let mut file = tokio::fs::File::open(path).await.map_err(failed)?;
        file.seek(SeekFrom::Start(range.start)).await.map_err(failed)?;
        let mut bytes = Vec::new();
        file.take(range.end.saturating_sub(range.start)).read_to_end(&mut bytes).await.map_err(failed)?;
        String::from_utf8(bytes).map(Some).map_err(|_| FileProblem::NotText)
    }

    /// Names of the JSON files directly inside, sorted; nothing where there is no such folder.
    pub(super) async fn list(&self, relative: &str) -> Result<Option<Vec<String>>, FileProblem> {
        let Some(path) = self.resolve(relative).await? else { return Ok(None) };
        let failed = |error: std::io::Error| FileProblem::Io(error.to_string());
        let mut entries = tokio::fs::read_dir(path).await.map_err(failed)?;
        let mut names = Vec::new();
        while let Some(entry) = entries.next_entry().await.map_err(failed)? {
            let name = entry.file_name();
            let is_json = Path::new(&name).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
            // A name that is not text cannot be shown to anybody; it stands in the list as well as it can.
            if is_json {
                names.push(name.to_string_lossy().into_owned());
            }
        }
        names.sort();
        Ok(Some(names))
    }
}
