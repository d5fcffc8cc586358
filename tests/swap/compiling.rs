//! Compiling in a process of its own: the service's binary makes the code, under limits, and what it makes is what an
//! engine in this process takes.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use counterfoil_domain::ports::{Targets as _, WallClock};
use counterfoil_runtime::registry::{InstallError, Registry};
use counterfoil_runtime::sandbox::{COMPILE, LoadError, Sandbox, Workshop};

use crate::versions;

const BINARY: &str = env!("CARGO_BIN_EXE_counterfoil");

fn registry(folder: &Path, compiler: &str) -> Registry {
    let workshop = Workshop { folder: folder.join("compiled"), compiler: Some(compiler.into()) };
    Registry::new(Sandbox::with_workshop(2, Arc::new(WallClock), &workshop).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_compiles_once_and_never_again() {
    let (folder, plugin) = (tempfile::tempdir().unwrap(), versions::with(&[]).await);
    let cold = registry(folder.path(), BINARY);
    cold.install(&plugin).await.unwrap();
    assert_eq!(cold.compiled(), 1);
    // What the child made is what a pooled engine in another process runs: the next start needs no compiler at all.
    let warm = registry(folder.path(), "/no/such/binary");
    warm.install(&plugin).await.unwrap();
    assert_eq!(warm.compiled(), 0);
    warm.activate(&plugin.card.id, &plugin.digest).unwrap();
    assert!(warm.active(&plugin.card.id).is_some());
    let left: Vec<_> = std::fs::read_dir(folder.path().join("compiled")).unwrap().flatten().collect();
    assert_eq!(left.len(), 2, "code and its digest, and nothing of the work: {left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_compiler_that_cannot_be_used_is_told_and_installs_nothing() {
    let (folder, plugin) = (tempfile::tempdir().unwrap(), versions::with(&[]).await);
    for (compiler, says) in [("/no/such/binary", "/no/such/binary"), ("/bin/false", "exit status: 1")] {
        let error = registry(folder.path(), compiler).install_bytes(plugin.bytes.to_vec()).await.unwrap_err();
        assert!(matches!(error, InstallError::Load(LoadError::Compile(_))), "{error}");
        assert!(error.to_string().contains(says), "{error}");
    }
    assert_eq!(std::fs::read_dir(folder.path().join("compiled")).unwrap().count(), 0);
}

#[test]
fn the_compiler_says_what_is_wrong_and_reads_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in"), folder.path().join("out"));
    std::fs::write(&input, b"\0asm\x0d\0\x01\0\x07").unwrap();
    let ended = Command::new(BINARY).arg(COMPILE).args([&input, &output]).env_clear().output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    assert!(!ended.stderr.is_empty() && ended.stdout.is_empty());
    assert!(!output.exists());
    // The word stands in no help.
    let help = Command::new(BINARY).arg("--help").output().unwrap();
    assert!(!String::from_utf8_lossy(&help.stdout).contains(COMPILE));
}
