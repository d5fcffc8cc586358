//! Asking wrongly: usage, tokens, a service that is not there, things that do not exist.

use crate::support::{Shop, Sims, counterfoil, free_port, plugin};

#[test]
fn wrong_usage_is_exit_code_64_and_starts_nothing() {
    let folder = tempfile::TempDir::new().unwrap();
    for (args, says) in [
        (&["synk"][..], "unrecognized subcommand"),
        (&[], "Usage"),
        (&["tasks"], "Usage"),
        (&["check", "--bogus"], "unexpected argument"),
        (&["apply"], "--file"),
        (&["ignore", "task_1"], "--reason"),
        (&["link", "set", "item", "source"], "<TARGET>"),
        (&["tasks", "list", "--limit", "many"], "invalid value"),
        (&["sync"], "Nothing was sent"),
        (&["sync", "--all", "task_1"], "Nothing was sent"),
        (&["unignore"], "Nothing was changed"),
        (&["unignore", "task_1", "--reason", "x"], "Nothing was changed"),
    ] {
        counterfoil(folder.path(), args).exits(64).with(&[says]);
    }
    counterfoil(folder.path(), &["--help"]).exits(0).with(&["Usage"]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "a refused command made a file");
}

/// Every verb that asks the service.
const ASKING: &[&[&str]] = &[
    &["apply", "-f", "setup.toml"],
    &["check"],
    &["tasks", "list"],
    &["tasks", "show", "task_1"],
    &["plan"],
    &["sync", "--all"],
    &["ignore", "task_1", "--reason", "x"],
    &["unignore", "task_1"],
    &["link", "list"],
    &["link", "set", "item", "a", "b"],
    &["connections", "list"],
    &["connections", "test"],
    &["runs"],
];

#[test]
fn without_a_service_or_a_token_nothing_is_asked() {
    let Some(plugin) = plugin() else { return };
    let sims = Sims::start();
    let mut shop = Shop::of(plugin, &sims);
    let (server, nobody) = (shop.server.clone(), format!("http://127.0.0.1:{}", free_port()));
    let calls = |sims: &Sims| (sims.cloudblue.log().entries().len(), sims.xero.log().entries().len());
    let before = calls(&sims);
    for args in ASKING {
        let and = |more: &[&str]| shop.run(&[args, more].concat());
        and(&["--server", &nobody]).exits(1).with(&[
            "No service answers at",
            "nothing was changed",
            "counterfoil serve",
        ]);
        and(&["--server", "nonsense"]).exits(1).with(&["is not the address of a service", "Nothing was asked"]);
        and(&["--token-file", "nowhere.token"]).exits(1).with(&["nowhere.token cannot be read", "Nothing was asked"]);
    }
    shop.set("COUNTERFOIL_TOKEN", "");
    for args in ASKING {
        shop.run(args).exits(1).with(&["there is no API token", "Nothing was asked", "--token-file"]);
    }
    shop.set("COUNTERFOIL_TOKEN", "cf_wrong");
    for args in ASKING {
        let said = shop.run(args).exits(1).with(&["sign-in-needed", "Nothing was read or changed", "admin.token"]);
        assert_eq!(said.out.replace("Ignored 0 tasks, no money\n", ""), "", "{said}");
    }
    assert_eq!(calls(&sims), before, "somebody was asked without a token for {server}");
}

#[test]
fn what_does_not_exist_is_named_and_changes_nothing() {
    let Some(plugin) = plugin() else { return };
    let sims = Sims::start();
    let shop = Shop::of(plugin, &sims);
    shop.run(&["check"]).exits(0);
    let before = shop.tasks(None);
    for (args, says) in [
        (&["check", "--connection", "xero-mian"][..], &["no connection \"xero-mian\"", "Nothing was changed"][..]),
        (&["plan", "task_nowhere"], &["no task \"task_nowhere\"", "Nothing was changed"]),
        (&["sync", "task_nowhere"], &["no task \"task_nowhere\"", "Nothing was changed"]),
        (&["sync", "0123456789abcdef"], &["no planned task", "Nothing was sent"]),
        (&["tasks", "show", "task_nowhere"], &["no task \"task_nowhere\"", "Nothing was changed"]),
        (&["ignore", "task_nowhere", "--reason", "x"], &["no task \"task_nowhere\"", "Nothing was changed"]),
        (&["link", "set", "itme", "a", "b"], &["itme", "item"]),
        (&["runs", "run_nowhere"], &["run_nowhere", "Nothing was changed"]),
    ] {
        shop.run(args).exits(1).with(says);
    }
    // A task that is ready has nothing confirmed yet: it cannot be sent unseen.
    let ready = before.iter().find(|task| task["state"] == "ready").unwrap();
    shop.run(&["sync", ready["id"].as_str().unwrap()]).exits(1).with(&["has no plan", "Nothing was sent"]);
    assert_eq!(shop.tasks(None), before);
    assert_eq!(sims.writes(), []);
}
