//! What happens to a file before anything of it may run: malformed and malicious components, signatures, versions against
//! each other, and the folder that an author begins with.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod corpus;
mod craft;
mod difference;
mod doors;
mod fresh;
mod house;
mod signing;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use counterfoil_runtime::build::{self, Options};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// A target folder beside the host's: the guests are no members of its workspace.
fn guests() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("guests")
}

fn card() -> String {
    std::fs::read_to_string(root().join("tests/plugins/tiny/plugin.toml")).unwrap()
}

/// The smallest good plugin, built once.
fn tiny() -> &'static [u8] {
    static BUILT: OnceLock<Vec<u8>> = OnceLock::new();
    BUILT.get_or_init(|| {
        let options = Options { target_dir: Some(guests()), offline: false };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let built = runtime.block_on(build::build(&root().join("tests/plugins/tiny"), &options));
        let built = built.unwrap_or_else(|error| panic!("the test plugin cannot be built: {error}"));
        std::fs::read(built.path).unwrap()
    })
}
