//! Catalogs that are not as they should be: the file, the place in it and the problem are named, nothing is compared.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

use crate::script::data;

/// Which file, what of its text is replaced by what, and the words that must be told with the file's name.
const BAD: &[(&str, &str, &str, &[&str])] = &[
    (
        "provider",
        "\"published\": true",
        "\"publisht\": true",
        &["unknown field `publisht`", "line 15 column", "expected one of"],
    ),
    ("reseller", "\"currency\": \"USD\",\n  \"price", "\"curency\": \"USD\",\n  \"price", &["unknown field `curency`"]),
    ("provider", "\"house\": {", "\"gold\": {", &["\"gold\" stands twice", "line"]),
    ("reseller", "\"silver\": {", "\"gold\": {", &["\"gold\" stands twice", "line"]),
    (
        "provider",
        "\"amount\": \"5.00\"",
        "\"amount\": \"1,5\"",
        &["plans/gold/periods/monthly/fees/setup/amount: \"1,5\" is not a number like \"12.50\""],
    ),
    (
        "reseller",
        "\"amount\": \"0.50\"",
        "\"amount\": \"1e3\"",
        &["plans/gold/rates/disk/prices/overuse/amount: \"1e3\""],
    ),
    (
        "reseller",
        "\"amount\": \"5.00\"",
        "\"amount\": 5.00",
        &["invalid type: floating point", "expected a string", "line"],
    ),
    (
        "provider",
        "\"setup\": {",
        "\"set-up\": {",
        &["plans/gold/periods/monthly/fees/set-up: \"set-up\" is none of setup, recurring, renewal, transfer"],
    ),
    ("reseller", "\"overuse\"", "\"renewal\"", &["prices/renewal: \"renewal\" is none of setup, recurring, overuse"]),
    ("provider", "counterfoil-catalog/1", "counterfoil-catalog/2", &["the format \"counterfoil-catalog/2\"", "reads"]),
    ("reseller", "\"format\": \"counterfoil-catalog/1\",", "", &["format", "counterfoil-catalog/1"]),
    (
        "provider",
        "\"amount\": \"5.00\",",
        "\"own\": true, \"amount\": \"5.00\",",
        &["plans/gold/periods/monthly/fees/setup: own is a reseller's, not the provider's"],
    ),
    (
        "provider",
        "\"position\": 1, \"display\": true",
        "\"position\": 1, \"own_display\": true, \"display\": true",
        &["sales_categories/cloud: own_display is a reseller's"],
    ),
    (
        "provider",
        "\"length\": \"P1M\"",
        "\"length\": \"month\"",
        &["monthly/length: \"month\" is not a length like \"P1M\""],
    ),
    ("reseller", "\"currency\": \"USD\",\n  \"price", "\"currency\": \"dollars\",\n  \"price", &["currency: "]),
    ("reseller", "\"enabled\"", "\"on\"", &["price_synchronization: \"on\" is none of enabled, disabled"]),
    ("provider", "\"sales\": [", "\"sale\": [", &["order_flow/sale: \"sale\" is none of sales, change"]),
    ("provider", "\"disk\": {\n          \"prices\"", "\"\": {\n          \"prices\"", &["an id cannot be empty"]),
    (
        "provider",
        "\"delegated_plans\": [\"gold\",",
        "\"delegated_plans\": [\"bronze\",",
        &["delegates plan \"bronze\""],
    ),
    ("provider", "\"templates\": {", "\"templates\": { ,", &["line 3", "column"]),
    ("reseller", "\"terms\": {", "\"term", &["line", "column"]),
];

#[test]
fn bad_catalogs_are_named_with_file_place_and_problem() {
    let mut wrong = Vec::new();
    for (file, from, to, words) in BAD {
        let folder = TempDir::new().unwrap();
        for name in ["provider", "reseller"] {
            let mut text = fs::read_to_string(data(&format!("data/{name}.json"))).unwrap();
            if name == *file {
                assert!(text.contains(from), "{from}");
                text = text.replacen(from, to, 1);
            }
            fs::write(folder.path().join(format!("{name}.json")), text).unwrap();
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_counterfoil"));
        let args = ["catalog", "diff", "provider.json", "reseller.json", "--option", "all"];
        let said = command.current_dir(folder.path()).args(args).output().unwrap();
        let err = String::from_utf8(said.stderr).unwrap();
        let named = format!("{file}.json: ");
        let always = [named.as_str(), "othing was compared"];
        let missing = words.iter().chain(&always).find(|word| !err.contains(**word));
        if (said.status.code(), said.stdout.as_slice()) != (Some(1), b"".as_slice()) || missing.is_some() {
            wrong.push(format!("{to}: {missing:?} is missing, or it went on: {err}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_was_typed_wrong_is_told_too() {
    let (provider, reseller) = (data("data/provider.json"), data("data/reseller.json"));
    let (provider, reseller) = (provider.to_str().unwrap(), reseller.to_str().unwrap());
    for (args, code, words) in [
        (vec![provider, reseller, "--option", "update-plan-fee"], 1, "did you mean \"update-plan-fees\"?"),
        (vec![provider, reseller, "--template", "gold"], 1, "no service template \"gold\""),
        (vec![provider, "nowhere.json"], 1, "nowhere.json cannot be read; nothing was compared"),
        (vec![reseller, provider], 1, "reseller.json: "),
        (vec![provider], 64, "RESELLER"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_counterfoil"));
        let said = command.args(["catalog", "diff"]).args(&args).output().unwrap();
        let err = String::from_utf8(said.stderr).unwrap();
        assert_eq!(said.status.code(), Some(code), "{args:?}: {err}");
        assert!(err.contains(words), "{args:?}: {err}");
    }
}
