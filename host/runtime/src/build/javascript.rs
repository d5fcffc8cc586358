//! A plugin in JavaScript: componentize-js, through its API. Owns the tool's version and how it is called.

use std::path::Path;

use tokio::process::Command;

use super::sources::{CONTRACT, Scratch, Sources};
use super::tools::{Tool, said, target_dir};
use super::{BuildError, Compiled, Options, file};

const REQUIRES: &str = "@bytecodealliance/componentize-js@0.23.0";
const TOOL: Tool = Tool {
    name: "componentize-js-0.23.0",
    program: "node and npm",
    remedy: "Install Node.js 20 or newer with npm (Debian: apt-get install nodejs npm)",
    proof: "node_modules/@bytecodealliance/componentize-js/src/componentize.js",
};
const SCRIPT: &str = include_str!("componentize.mjs");

pub(super) async fn compile(folder: &Path, id: &str, options: &Options) -> Result<Compiled, BuildError> {
    let target_dir = target_dir(folder, options);
    let sources = Sources::read(folder, "js").map_err(|error| file(folder, "read", error))?;
    let kept = sources.kept(&target_dir, (TOOL.name, SCRIPT), id);
    if let Some(wasm) = kept.read() {
        return Ok(Compiled { wasm, target_dir });
    }
    let tool = TOOL.ready(&target_dir, options, fetch).await?;
    let tool = tool.canonicalize().map_err(|error| file(&tool, "read", error))?;
    let scratch = Scratch::new().map_err(|error| file(folder, "copied", error))?;
    let (wit, app, wasm) = (scratch.path().join("wit"), scratch.path().join("app"), scratch.path().join("made.wasm"));
    let script = scratch.path().join("componentize.mjs");
    let written = std::fs::create_dir(&wit)
        .and_then(|()| std::fs::write(wit.join("target.wit"), CONTRACT))
        .and_then(|()| sources.write(&app))
        .and_then(|()| std::fs::write(&script, SCRIPT));
    written.map_err(|error| file(scratch.path(), "written", error))?;
    let mut command = Command::new("node");
    command.arg(&script).arg(tool.join(TOOL.proof)).arg(app.join("target.js")).args([&wit, &wasm]);
    let output = TOOL.run(command.current_dir(scratch.path()).env_remove("NODE_OPTIONS")).await?;
    if !output.status.success() {
        let place = app.to_string_lossy().into_owned() + "/";
        return Err(BuildError::Compile(said(&output).replace(&place, "")));
    }
    kept.keep(&wasm).map_err(|error| file(&target_dir, "written", error))?;
    let wasm = std::fs::read(&wasm).map_err(|error| file(&wasm, "read", error))?;
    Ok(Compiled { wasm, target_dir })
}

async fn fetch(place: &Path) -> Result<(), BuildError> {
    let mut npm = Command::new("npm");
    npm.current_dir(place).args(["install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", ".", REQUIRES]);
    TOOL.step(&mut npm).await
}
