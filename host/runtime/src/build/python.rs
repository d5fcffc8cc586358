//! A plugin in Python: componentize-py, in a virtual environment of its own. Owns the tool's version and how it is called.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::sources::{CONTRACT, Scratch, Sources};
use super::tools::{Tool, said, target_dir};
use super::{BuildError, Compiled, Options, file};

const REQUIRES: &str = "componentize-py==0.25.1";
const TOOL: Tool = Tool {
    name: "componentize-py-0.25.1",
    program: "python3",
    remedy: "Install Python 3.10 or newer with its venv module (Debian: apt-get install python3-venv)",
    proof: "bin/python",
};
/// The environment was moved after it was made, so its scripts know a wrong path; this does not.
const SCRIPT: &str = "import sys; from componentize_py import script; sys.exit(script())";
/// For an editor and for tests outside the sandbox: the contract's types, in the plugin's own folder.
const BINDINGS: &str = "target/bindings";

pub(super) async fn compile(folder: &Path, id: &str, options: &Options) -> Result<Compiled, BuildError> {
    let target_dir = target_dir(folder, options);
    let sources = Sources::read(folder, "py").map_err(|error| file(folder, "read", error))?;
    let kept = sources.kept(&target_dir, (TOOL.name, "-s"), id);
    if let Some(wasm) = kept.read().filter(|_| has_bindings(folder)) {
        return Ok(Compiled { wasm, target_dir });
    }
    let tool = TOOL.ready(&target_dir, options, fetch).await?;
    let scratch = Scratch::new().map_err(|error| file(folder, "copied", error))?;
    let (wit, app, wasm) = (scratch.path().join("wit"), scratch.path().join("app"), scratch.path().join("made.wasm"));
    let written = std::fs::create_dir(&wit)
        .and_then(|()| std::fs::write(wit.join("target.wit"), CONTRACT))
        .and_then(|()| sources.write(&app));
    written.map_err(|error| file(scratch.path(), "written", error))?;
    bindings(&tool, &wit, scratch.path(), folder).await?;
    let mut command = componentize(&tool, &wit);
    // -s: nothing of WASI is asked for. What goes wrong in the plugin it tells by the contract's log.
    command.args(["componentize", "-s", "-p"]).arg(&app).args(["app", "-o"]).arg(&wasm);
    let output = TOOL.run(command.current_dir(scratch.path())).await?;
    if !output.status.success() {
        let place = app.to_string_lossy().into_owned() + "/";
        return Err(BuildError::Compile(said(&output).replace(&place, "")));
    }
    kept.keep(&wasm).map_err(|error| file(&target_dir, "written", error))?;
    let wasm = std::fs::read(&wasm).map_err(|error| file(&wasm, "read", error))?;
    Ok(Compiled { wasm, target_dir })
}

async fn fetch(place: &Path) -> Result<(), BuildError> {
    TOOL.step(Command::new("python3").args(["-m", "venv"]).arg(place)).await?;
    let mut pip = Command::new(place.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", REQUIRES]);
    TOOL.step(&mut pip).await
}

fn componentize(tool: &Path, wit: &Path) -> Command {
    let mut command = Command::new(tool.join("bin/python"));
    command.args(["-c", SCRIPT, "-d"]).arg(wit).args(["-w", "target"]);
    // The author's own packages must not find their way in by chance.
    command.env_remove("PYTHONPATH").env_remove("PYTHONHOME");
    command
}

fn bindings_place(folder: &Path) -> PathBuf {
    folder.join(BINDINGS)
}

fn has_bindings(folder: &Path) -> bool {
    std::fs::read_to_string(bindings_place(folder).join("target.wit")).is_ok_and(|text| text == CONTRACT)
}

async fn bindings(tool: &Path, wit: &Path, scratch: &Path, folder: &Path) -> Result<(), BuildError> {
    if has_bindings(folder) {
        return Ok(());
    }
    let fresh = scratch.join("bindings");
    let output = TOOL.run(componentize(tool, wit).arg("bindings").arg(&fresh)).await?;
    if !output.status.success() {
        return Err(BuildError::Compile(said(&output)));
    }
    let place = bindings_place(folder);
    let made = Sources::read(&fresh, "py").and_then(|types| {
        let _ = std::fs::remove_dir_all(&place);
        types.write(&place)?;
        std::fs::write(place.join("target.wit"), CONTRACT)
    });
    made.map_err(|error| file(&place, "written", error))
}
