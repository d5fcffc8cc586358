//! The test plugins, built from tests/plugins, and cards of one's own put into them.

use std::path::{Path, PathBuf};

use counterfoil_runtime::build::{self, Options};
use counterfoil_runtime::component;
use tokio::sync::OnceCell;

use crate::bench::root;

async fn build(name: &str) -> PathBuf {
    // A target folder beside the host's: the guests are no members of its workspace.
    let target_dir = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("guests");
    let options = Options { target_dir: Some(target_dir), offline: false };
    let built = build::build(&root().join("tests/plugins").join(name), &options).await;
    built.unwrap_or_else(|error| panic!("the test plugin {name} cannot be built: {error}")).path
}

/// The smallest plugin that does everything the contract asks.
pub(crate) async fn tiny() -> &'static Path {
    static BUILT: OnceCell<PathBuf> = OnceCell::const_new();
    BUILT.get_or_init(|| build("tiny")).await
}

/// The plugin that does everything a plugin must not do, under this id, so that a pause of one is no pause of another.
/// It has one setting more than its own card: what it is to do when it plans.
pub(crate) async fn hostile(id: &str, into: &Path) -> PathBuf {
    static BUILT: OnceCell<PathBuf> = OnceCell::const_new();
    let built = BUILT.get_or_init(|| build("hostile")).await;
    let card = std::fs::read_to_string(root().join("tests/plugins/hostile/plugin.toml")).unwrap();
    let named = card.replace("id = \"hostile\"", &format!("id = \"{id}\""));
    assert_ne!(named, card);
    let setting = "\n[settings.behaviour]\ntype = \"string\"\nlabel = \"Behaviour\"\ndefault = \"good\"\n";
    let wasm = component::embed(&std::fs::read(built).unwrap(), &format!("{named}{setting}")).unwrap();
    let path = into.join(format!("{id}.wasm"));
    std::fs::write(&path, wasm).unwrap();
    path
}
