//! Compiling in a process of its own, under limits: a component that is made to keep a compiler busy, or to fill its
//! memory, ends that process and not the host. Owns the limits and what the ends of the process mean.

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::cache::write_own;
use super::config;

/// The word that makes the host's binary a compiler; it stands in no help.
pub const COMPILE: &str = "__compile";
/// Processor time. The slowest component that is known takes eight seconds.
const CPU_SECONDS: u64 = 120;
const ADDRESS_SPACE_KIB: u64 = 4 * 1024 * 1024;
const WALL: Duration = Duration::from_secs(300);
const LOOK: Duration = Duration::from_millis(10);
const SIGABRT: i32 = 6;
const SIGKILL: i32 = 9;
const SIGXCPU: i32 = 24;

/// What the child does: one file in, one file out, and nothing else.
pub fn compile_file(input: &Path, output: &Path) -> Result<(), String> {
    let bytes = std::fs::read(input).map_err(|error| format!("{} cannot be read: {error}", input.display()))?;
    let engine = config::plain().map_err(|error| format!("{error:#}"))?;
    let code = engine.precompile_component(&bytes).map_err(|error| format!("{error:#}"))?;
    write_own(output, &code).map_err(|error| format!("{} cannot be written: {error}", output.display()))
}

/// Runs `binary` as the compiler. It gets neither the environment, which may hold keys, nor any open file.
pub(super) fn compile(binary: &Path, input: &Path, output: &Path) -> Result<(), String> {
    // A limit that is lower already cannot be raised, and stays.
    let limits = format!("ulimit -t {CPU_SECONDS}; ulimit -v {ADDRESS_SPACE_KIB}; ulimit -c 0; exec \"$@\"");
    let mut child = Command::new("/bin/sh")
        .args(["-c", &limits, "sh"])
        .arg(binary)
        .arg(COMPILE)
        .args([input, output])
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("the process that compiles cannot be started ({}): {error}", binary.display()))?;
    let begun = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if begun.elapsed() < WALL => std::thread::sleep(LOOK),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("it was not compiled within {} s", WALL.as_secs()));
            }
            Err(error) => return Err(format!("the process that compiles was lost: {error}")),
        }
    };
    let said = child.stderr.take().map(io::read_to_string).and_then(Result::ok).unwrap_or_default();
    meaning(status, said.trim())
}

fn meaning(status: ExitStatus, said: &str) -> Result<(), String> {
    if status.success() {
        return Ok(());
    }
    let said = said.get(..said.len().min(2_000)).unwrap_or(said);
    Err(match status.signal() {
        Some(SIGXCPU | SIGKILL) => format!("it takes more than {CPU_SECONDS} s of processor time to compile"),
        Some(SIGABRT) => format!("it takes more than {} MiB of memory to compile: {said}", ADDRESS_SPACE_KIB / 1024),
        Some(signal) => format!("the process that compiles ended by signal {signal}: {said}"),
        None if said.is_empty() => format!("the process that compiles ended with {status}"),
        None => said.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_of_the_process_says_what_it_means() {
        for (raw, said, told) in [
            (0, "", None),
            (24, "", Some("processor time")),
            (9, "", Some("processor time")),
            (6, "memory allocation of 9 bytes failed", Some("more than 4096 MiB of memory")),
            (11, "", Some("signal 11")),
            (1 << 8, "unknown section", Some("unknown section")),
            (2 << 8, "", Some("ended with exit status: 2")),
        ] {
            let meant = meaning(ExitStatus::from_raw(raw), said);
            assert_eq!(meant.is_ok(), told.is_none(), "{raw}");
            assert!(meant.err().is_none_or(|text| told.is_some_and(|told| text.contains(told))), "{raw}");
        }
    }

    #[test]
    fn the_process_has_its_limits_and_no_environment() {
        let folder = tempfile::tempdir().unwrap();
        let (script, output) = (folder.path().join("script"), folder.path().join("out"));
        let text = "#!/bin/sh\necho \"$1 $2\" > \"$3\"; ulimit -t >> \"$3\"; ulimit -v >> \"$3\"; echo \"[$HOME]\" >> \"$3\"\n";
        std::fs::write(&script, text).unwrap();
        std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        compile(&script, Path::new("/some/in"), &output).unwrap();
        let told = std::fs::read_to_string(&output).unwrap();
        assert_eq!(told.lines().collect::<Vec<_>>(), ["__compile /some/in", "120", "4194304", "[]"]);
    }

    #[test]
    fn a_binary_that_is_not_there_or_spins_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("in");
        let nowhere = compile(&folder.path().join("no-such-binary"), &file, &file).unwrap_err();
        assert!(nowhere.contains("no-such-binary"), "{nowhere}");
        let refused = compile_file(&file, &file).unwrap_err();
        assert!(refused.contains("cannot be read"), "{refused}");
        std::fs::write(&file, b"\0asm\x0d\0\x01\0\x07").unwrap();
        assert!(compile_file(&file, &folder.path().join("out")).is_err());
    }
}
