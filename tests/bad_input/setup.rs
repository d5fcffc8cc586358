//! Setup files and configurations that cannot be used: nothing of them is applied.

use std::fs;

use crate::support::{Shop, Sims, counterfoil, plugin};

/// What is written instead of what, and what must be said.
struct Slip {
    what: &'static str,
    from: &'static str,
    to: &'static str,
    says: &'static [&'static str],
}

const SLIPS: &[Slip] = &[
    Slip {
        what: "TOML that is none, with line and column",
        from: "name = \"Demo reseller\"",
        to: "name = \"Demo reseller",
        says: &["slip.toml:2:22", "Nothing was applied", "Correct it"],
    },
    Slip {
        what: "an unknown section",
        from: "[reseller.demo]",
        to: "[reseler.demo]",
        says: &["reseler", "did you mean \"reseller\"?", "Nothing was written"],
    },
    Slip {
        what: "an unknown key of a connection",
        from: "token_url",
        to: "token_ur",
        says: &["connection.xero-main.token_ur", "did you mean \"token_url\"?", "Nothing was written"],
    },
    Slip {
        what: "an unknown key of a marketplace",
        from: "kind = ",
        to: "knd = ",
        says: &["marketplace.sim.knd", "did you mean \"kind\"?", "Nothing was written"],
    },
    Slip {
        what: "an unknown setting of the target",
        from: "account_code",
        to: "acount_code",
        says: &["connection.xero-main.settings.acount_code", "did you mean \"account_code\"?", "Nothing was written"],
    },
    Slip {
        what: "an unknown setting of the marketplace",
        from: "sign_in",
        to: "sing_in",
        says: &["marketplace.sim.settings.sing_in", "did you mean \"sign_in\"?", "Nothing was written"],
    },
    Slip {
        what: "a plugin that is not installed",
        from: "plugin = \"xero\"",
        to: "plugin = \"syncro\"",
        says: &["connection.xero-main.plugin", "\"syncro\" is not installed", "xero", "Nothing was written"],
    },
    Slip {
        what: "a reseller that is not there",
        from: "reseller = \"demo\"",
        to: "reseller = \"dmo\"",
        says: &["there is no reseller \"dmo\"", "did you mean \"demo\"?", "Nothing was written"],
    },
    Slip {
        what: "plain http without the operator's exception",
        from: "plain_http = true",
        to: "plain_http = false",
        says: &["https://", "plain_http = true", "Nothing was written"],
    },
    Slip {
        what: "a secret whose variable is not set",
        from: "env = \"XERO_CLIENT_SECRET\"",
        to: "env = \"NOWHERE_SET\"",
        says: &["connection xero-main, secret client_secret", "NOWHERE_SET is not set", "Nothing was applied"],
    },
    Slip {
        what: "a secret whose file is not there",
        from: "env = \"CB_PASSWORD\"",
        to: "file = \"nowhere.secret\"",
        says: &["marketplace sim, secret password", "nowhere.secret", "cannot be read", "Nothing was applied"],
    },
    Slip {
        what: "a secret in the file itself",
        from: "{ env = \"CB_PASSWORD\" }",
        to: "\"hush-hush\"",
        says: &["marketplace sim, secret password", "stands in the file itself", "Nothing was applied"],
    },
    Slip {
        what: "a secret that is not named at all",
        from: ", client_secret = { env = \"XERO_CLIENT_SECRET\" }",
        to: "",
        says: &["connection.xero-main.secrets.client_secret", "is needed to sign in", "Nothing was written"],
    },
];

#[test]
fn a_setup_with_a_slip_is_refused_whole_and_says_where() {
    let Some(plugin) = plugin() else { return };
    let sims = Sims::start();
    let mut shop = Shop::new(plugin);
    shop.credentials();
    shop.serve();
    let good = sims.setup();
    for slip in SLIPS {
        assert!(good.contains(slip.from), "{}", slip.what);
        shop.write("slip.toml", &good.replace(slip.from, slip.to));
        let said = shop.run(&["apply", "-f", "slip.toml"]).exits(1).with(slip.says);
        assert!(
            !said.err.contains("hush") && !said.err.contains("sim-secret"),
            "{}: a secret is told. {said}",
            slip.what
        );
        assert_eq!(said.out, "", "{}: {said}", slip.what);
    }
    let missing = shop.run(&["apply", "-f", "nowhere.toml"]).exits(1);
    missing.with(&["nowhere.toml cannot be read", "Nothing was applied", "-f"]);
    // Nothing of any of them is there.
    let connections = shop.run(&["connections", "list", "--json"]).exits(0).json();
    assert_eq!(connections["connections"], serde_json::json!([]));
    shop.run(&["check"]).exits(1).with(&["there is no connection yet", "Nothing was started"]);
    assert_eq!((sims.cloudblue.log().entries().len(), sims.xero.log().entries().len()), (0, 0), "nobody was asked");
    // And the good one is taken afterwards.
    shop.write("setup.toml", &good);
    shop.run(&["apply", "-f", "setup.toml"]).exits(0).with(&["create connection xero-main"]);
}

#[test]
fn a_configuration_that_cannot_be_used_keeps_the_service_from_starting() {
    let Some(plugin) = plugin() else { return };
    let shop = Shop::new(plugin);
    let good = fs::read_to_string(shop.path("shop/counterfoil.toml")).unwrap();
    for (what, text, says) in [
        (
            "an unknown key",
            good.replace("listen", "lisen"),
            &["\"lisen\" is not known", "did you mean \"listen\"?"][..],
        ),
        (
            "a master key that is nowhere",
            good.replace("master.key", "other.key"),
            &["without the master key", "nothing can be read or sent"],
        ),
        (
            "an address that cannot be had",
            good.replace("127.0.0.1:0", "192.0.2.1:1"),
            &["cannot listen on 192.0.2.1:1"],
        ),
        ("TOML that is none", good.replace("https = false", "https = "), &["bad.toml"]),
    ] {
        assert_ne!(text, good, "{what}");
        shop.write("shop/bad.toml", &text);
        shop.run(&["serve", "--config", "shop/bad.toml"]).exits(1).with(says);
    }
    shop.run(&["serve", "--config", "shop/nowhere.toml"])
        .exits(1)
        .with(&["nowhere.toml cannot be read", "counterfoil init"]);
    shop.run(&["doctor", "--config", "shop/nowhere.toml"]).exits(1).with(&["nowhere.toml cannot be read"]);
    // `init` overwrites nothing.
    let key = fs::read(shop.path("shop/master.key")).unwrap();
    counterfoil(&shop.path("."), &["init", "shop"]).exits(1).with(&["is there already", "nothing was changed"]);
    assert_eq!(fs::read(shop.path("shop/master.key")).unwrap(), key);
}
