//! Tools of other languages: where they are kept, fetched once each into the target folder. Owns programs, places and what is
//! said when one is not there; what a tool does is its language's.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::process::Command;

use super::{BuildError, Options, file};

/// One tool in one version, from its language's package index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tool {
    /// With its version: it names the folder.
    pub(super) name: &'static str,
    /// What has to be on the machine before.
    pub(super) program: &'static str,
    /// How it gets there.
    pub(super) remedy: &'static str,
    /// A file of the whole tool.
    pub(super) proof: &'static str,
}

impl Tool {
    /// Its folder, with the tool in it. `fetch` fills a fresh one.
    pub(super) async fn ready<F>(&self, target_dir: &Path, options: &Options, fetch: F) -> Result<PathBuf, BuildError>
    where
        F: AsyncFnOnce(&Path) -> Result<(), BuildError>,
    {
        let tools = target_dir.join("tools");
        let place = tools.join(self.name);
        if place.join(self.proof).exists() {
            return Ok(place);
        }
        if options.offline {
            let said = format!("nothing may be fetched, and it is not in {}", place.display());
            return Err(self.failed(said));
        }
        let half = tools.join(format!(".{}.{}", self.name, unique()));
        tokio::fs::create_dir_all(&half).await.map_err(|error| file(&half, "created", error))?;
        let fetched = fetch(&half).await;
        if let Err(error) = fetched {
            let _ = tokio::fs::remove_dir_all(&half).await;
            return Err(error);
        }
        // Somebody else may have been quicker: theirs is as good.
        if tokio::fs::rename(&half, &place).await.is_err() {
            let _ = tokio::fs::remove_dir_all(&half).await;
        }
        if place.join(self.proof).exists() {
            Ok(place)
        } else {
            Err(self.failed("it was fetched and is not whole".to_owned()))
        }
    }

    /// Runs one of its programs to its end.
    pub(super) async fn run(&self, command: &mut Command) -> Result<Output, BuildError> {
        command.kill_on_drop(true).stdin(std::process::Stdio::null());
        command.output().await.map_err(|error| BuildError::Absent { program: self.program, error, remedy: self.remedy })
    }

    /// The same for a step of fetching: what it said is the reason.
    pub(super) async fn step(&self, command: &mut Command) -> Result<(), BuildError> {
        let output = self.run(command).await?;
        if output.status.success() { Ok(()) } else { Err(self.failed(said(&output))) }
    }

    fn failed(&self, said: String) -> BuildError {
        BuildError::Fetch { tool: self.name, said }
    }
}

/// A name that no other build has, in this process or another.
pub(super) fn unique() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    format!("{}-{}.part", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Errors first; some tools say them on the wrong stream.
pub(super) fn said(output: &Output) -> String {
    let streams = [&output.stderr, &output.stdout].map(|stream| String::from_utf8_lossy(stream).trim().to_owned());
    streams.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n")
}

/// As cargo would choose it, so that plugins of all languages meet in one place.
pub(super) fn target_dir(folder: &Path, options: &Options) -> PathBuf {
    let named = || std::env::var_os("CARGO_TARGET_DIR").filter(|name| !name.is_empty()).map(PathBuf::from);
    options.target_dir.clone().or_else(named).unwrap_or_else(|| folder.join("target"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOOL: Tool = Tool { name: "tool-1", program: "no-such-program", remedy: "Install it", proof: "whole" };

    #[tokio::test]
    async fn a_tool_is_fetched_once_and_never_half() {
        let folder = tempfile::tempdir().unwrap();
        let (target, options) = (folder.path(), Options::default());
        let offline = Options { offline: true, ..Options::default() };
        let none = async |_: &Path| panic!("it was fetched");
        let error = TOOL.ready(target, &offline, none).await.unwrap_err();
        assert!(error.to_string().contains("nothing may be fetched"), "{error}");

        let broken = TOOL.ready(target, &options, async |place: &Path| {
            std::fs::write(place.join("half"), "").unwrap();
            TOOL.step(&mut Command::new("false")).await
        });
        assert!(matches!(broken.await, Err(BuildError::Fetch { tool: "tool-1", .. })));
        assert_eq!(std::fs::read_dir(target.join("tools")).unwrap().count(), 0);

        let fetch = async |place: &Path| {
            std::fs::write(place.join("whole"), "").unwrap();
            Ok(())
        };
        let place = TOOL.ready(target, &options, fetch).await.unwrap();
        assert_eq!(TOOL.ready(target, &offline, none).await.unwrap(), place);

        let absent = TOOL.run(&mut Command::new("no-such-program")).await.unwrap_err();
        assert!(absent.to_string().contains("Install it"), "{absent}");
    }
}
