//! What `plugin new` writes works as it is: it builds, is a good component, and its own tests pass.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

use crate::house::run;

#[test]
fn a_new_plugin_builds_tests_and_stands_in_nobodys_way() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    let sdk = crate::root().join("sdk");
    let new = ["plugin", "new", "zeta-two", "--sdk", sdk.to_str().unwrap()];
    let said = run(at, &[], &new).exits(0).with(&["Made", "plugin test"]);
    assert_eq!(said.out.trim(), "./zeta-two");
    for (args, says) in [
        (new.to_vec(), "is there already; nothing was written"),
        (vec!["plugin", "new", "xero"], "comes with Counterfoil"),
        (vec!["plugin", "new", "../up"], "lower-case"),
        (vec!["plugin", "new", "third", "--sdk", "."], "not the folder of counterfoil-sdk"),
        (
            vec!["plugin", "new", "third", "--into", "zeta-two/plugin.toml", "--sdk", sdk.to_str().unwrap()],
            "cannot be written",
        ),
    ] {
        run(at, &[], &args).exits(1).with(&[says]);
    }
    assert_eq!(fs::read_dir(at).unwrap().count(), 1, "a refusal leaves nothing behind");

    let made = at.join("zeta-two");
    for file in ["Cargo.toml", "plugin.toml", "conformance.toml", "README.md", "src/lib.rs", "src/tests.rs"] {
        let text = fs::read_to_string(made.join(file)).unwrap();
        assert!(!text.to_lowercase().contains("acme"), "{file} still has the template's name");
    }
    let target = crate::guests();
    let target = target.to_str().unwrap();
    let built = run(&made, &[("CARGO_TARGET_DIR", target)], &["plugin", "build", ".", "--json"]).exits(0).json();
    assert_eq!((built["id"].as_str(), built["name"].as_str()), (Some("zeta-two"), Some("Zeta Two")));
    assert!(built["bytes"].as_u64().unwrap() < 1 << 20, "{built}");
    // Every promise of it, with faults in between, in the reports that people and machines read.
    let kit = ["plugin", "test", ".", "--junit", "junit.xml"];
    run(&made, &[("CARGO_TARGET_DIR", target)], &kit)
        .exits(0)
        .with(&["checks passed", "class A promised, class A proved"]);
    assert!(fs::read_to_string(made.join("junit.xml")).unwrap().contains("<testsuite"));
    let tests = Command::new("cargo").arg("test").current_dir(&made).env("CARGO_TARGET_DIR", target).output().unwrap();
    assert!(
        tests.status.success(),
        "{}{}",
        String::from_utf8_lossy(&tests.stdout),
        String::from_utf8_lossy(&tests.stderr)
    );
}
