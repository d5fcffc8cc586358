//! Builds of the tiny test plugin that differ in what their cards say, and in nothing else.

use std::path::Path;

use counterfoil_runtime::build::{self, Options};
use counterfoil_runtime::component::{self, Package};
use tokio::sync::OnceCell;

use crate::bench::root;

/// The code, built once a process.
async fn code() -> &'static [u8] {
    static BUILT: OnceCell<Vec<u8>> = OnceCell::const_new();
    let build = || async {
        let target_dir = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("guests");
        let options = Options { target_dir: Some(target_dir), offline: false };
        let built = build::build(&root().join("tests/plugins/tiny"), &options).await;
        std::fs::read(built.unwrap_or_else(|error| panic!("the test plugin cannot be built: {error}")).path).unwrap()
    };
    BUILT.get_or_init(build).await
}

/// The card of the tiny plugin as it is in its folder.
pub(crate) fn card() -> String {
    std::fs::read_to_string(root().join("tests/plugins/tiny/plugin.toml")).unwrap()
}

/// The component with another card: pairs of what stands there and what is to stand there instead.
pub(crate) async fn with(edits: &[(&str, &str)]) -> Package {
    let mut card = card();
    for (from, to) in edits {
        let edited = card.replacen(from, to, 1);
        assert_ne!(edited, card, "{from} is not on the card");
        card = edited;
    }
    component::read(&component::embed(code().await, &card).unwrap()).unwrap()
}

/// The same but for its version.
pub(crate) async fn version(version: &str) -> Package {
    let named = format!("version = \"{version}\"\nsummary");
    with(&[(
        "version = \"0.1.0\"\npublisher = \"Counterfoil\"\nsummary",
        &format!("publisher = \"Counterfoil\"\n{named}"),
    )])
    .await
}

/// Another version whose card differs in more.
pub(crate) async fn wider(version: &str, edits: &[(&str, &str)]) -> Package {
    let named = format!("version = \"{version}\"");
    let mut all = vec![("version = \"0.1.0\"", named.as_str())];
    all.extend(edits);
    with(&all).await
}
