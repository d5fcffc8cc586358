//! Cargo and rustup as child processes, and what they say.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde::Deserialize;
use tokio::process::Command;

use super::{BuildError, Options, WASM_TARGET};

const PROFILE: &str = "plugin";

/// What a build needs to know of the crate.
#[derive(Debug)]
pub(super) struct Project {
    pub(super) target_dir: PathBuf,
    /// File name of the component, without its ending.
    artifact: String,
    manifest_path: PathBuf,
    /// Some workspaces have no profile for plugins.
    profile: &'static str,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<PackageInfo>,
    target_directory: PathBuf,
    workspace_root: PathBuf,
}

#[derive(Debug, Deserialize)]
struct PackageInfo {
    name: String,
    manifest_path: PathBuf,
    targets: Vec<TargetInfo>,
}

#[derive(Debug, Deserialize)]
struct TargetInfo {
    name: String,
    crate_types: Vec<String>,
}

fn cargo(folder: &Path, options: &Options) -> Command {
    // Inside `cargo run` and `cargo test` this is the cargo that runs.
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsStr::new("cargo").to_owned()));
    command.current_dir(folder).kill_on_drop(true);
    // The host's own build must not leak into the plugin's.
    command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS").env_remove("CARGO_BUILD_TARGET");
    if let Some(target) = &options.target_dir {
        command.env("CARGO_TARGET_DIR", target);
    }
    if options.offline {
        command.env("CARGO_NET_OFFLINE", "true");
    }
    command
}

async fn run(program: &'static str, command: &mut Command) -> Result<Output, BuildError> {
    command.output().await.map_err(|error| BuildError::Tool { program, error })
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}

pub(super) async fn project(folder: &Path, options: &Options) -> Result<Project, BuildError> {
    let mut command = cargo(folder, options);
    let output = run("cargo", command.args(["metadata", "--no-deps", "--format-version", "1"])).await?;
    if !output.status.success() {
        return Err(BuildError::Project(said(&output)));
    }
    let metadata: Metadata =
        serde_json::from_slice(&output.stdout).map_err(|error| BuildError::Project(error.to_string()))?;
    let here = canonical(&folder.join("Cargo.toml"));
    let mine = metadata.packages.into_iter().find(|package| canonical(&package.manifest_path) == here);
    let Some(package) = mine else {
        return Err(BuildError::Project(format!("there is no package in {}", folder.display())));
    };
    let library = package.targets.iter().find(|target| target.crate_types.iter().any(|kind| kind == "cdylib"));
    let Some(library) = library else {
        return Err(BuildError::Project(format!(
            "{} makes no component; add to its Cargo.toml: [lib] crate-type = [\"cdylib\"]",
            package.name
        )));
    };
    let root = tokio::fs::read_to_string(metadata.workspace_root.join("Cargo.toml")).await.unwrap_or_default();
    Ok(Project {
        target_dir: metadata.target_directory,
        artifact: library.name.replace('-', "_"),
        manifest_path: package.manifest_path,
        profile: if has_profile(&root) { PROFILE } else { "release" },
    })
}

fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

fn has_profile(manifest: &str) -> bool {
    let table = manifest.parse::<toml::Table>().unwrap_or_default();
    table.get("profile").and_then(|profiles| profiles.get(PROFILE)).is_some()
}

/// Adds the target when rustup knows it is missing. Without rustup the compiler itself will say.
pub(super) async fn ensure_target(folder: &Path) -> Result<(), BuildError> {
    let rustup = || {
        let mut command = Command::new("rustup");
        command.current_dir(folder).kill_on_drop(true);
        command
    };
    let Ok(listed) = rustup().args(["target", "list", "--installed"]).output().await else { return Ok(()) };
    let installed = String::from_utf8_lossy(&listed.stdout);
    if !listed.status.success() || installed.lines().any(|line| line.trim() == WASM_TARGET) {
        return Ok(());
    }
    let added = run("rustup", rustup().args(["target", "add", WASM_TARGET])).await?;
    if added.status.success() { Ok(()) } else { Err(BuildError::MissingTarget(said(&added))) }
}

/// Compiles and returns where the component is.
pub(super) async fn compile(folder: &Path, project: &Project, options: &Options) -> Result<PathBuf, BuildError> {
    let mut command = cargo(folder, options);
    command
        .args(["build", "--lib", "--target", WASM_TARGET, "--profile", project.profile, "--manifest-path"])
        .arg(&project.manifest_path);
    let output = run("cargo", &mut command).await?;
    if !output.status.success() {
        let said = said(&output);
        let missing = said.contains("can't find crate for `core`") || said.contains("can't find crate for `std`");
        return Err(if missing {
            BuildError::MissingTarget("rustup is not installed".to_owned())
        } else {
            BuildError::Compile(said)
        });
    }
    Ok(project.target_dir.join(WASM_TARGET).join(project.profile).join(format!("{}.wasm", project.artifact)))
}

#[cfg(test)]
mod tests {
    use super::has_profile;

    #[test]
    fn the_plugin_profile_is_used_where_there_is_one() {
        for (manifest, there) in [
            ("[profile.plugin]\nopt-level = \"s\"\n", true),
            ("[profile.release]\nlto = true\n", false),
            ("", false),
            ("not toml [", false),
        ] {
            assert_eq!(has_profile(manifest), there, "{manifest}");
        }
    }
}
