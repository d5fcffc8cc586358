//! All that two cards have otherwise: nothing that asks for more is missing from it, and nothing else is in it.

use counterfoil_domain::card::Card;
use counterfoil_domain::difference::difference;
use counterfoil_domain::version::wider;
use counterfoil_runtime::manifest;

fn base() -> String {
    crate::card() + "\n[settings.terms]\ntype = \"integer\"\nlabel = \"Terms\"\n"
}

fn read(text: &str) -> Card {
    manifest::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

/// A change of the card, what is told of it, and whether it asks for more.
const CHANGES: &[(&str, &str, &str, bool)] = &[
    (
        "https://ledger.example.com",
        "https://books.example.com",
        "~ host base url: https://books.example.com, so far https://ledger.example.com",
        true,
    ),
    ("    { method = \"GET\", path = \"/me\", effect = \"read\" },\n", "", "- permission GET /me: read", false),
    (
        "    { method = \"GET\", path = \"/me\"",
        "    { method = \"DELETE\", path = \"/me\", effect = \"write\" },\n    { method = \"GET\", path = \"/me\"",
        "+ permission DELETE /me: write",
        true,
    ),
    ("\"Content-Type\"]", "\"Content-Type\", \"If-Match\"]", "+ header if-match: may be sent", true),
    (
        "max_response_bytes = 65536",
        "max_response_bytes = 1024",
        "~ limit bytes of an answer: 1024, so far 65536",
        false,
    ),
    (
        "max_response_bytes = 65536",
        "max_response_bytes = 65537",
        "~ limit bytes of an answer: 65537, so far 65536",
        true,
    ),
    ("secrets = [\"token\"]", "secrets = [\"api_key\"]", "+ secret api_key: signs by bearer", true),
    ("secrets = [\"token\"]", "secrets = [\"api_key\"]", "- secret token: signs by bearer", true),
    ("concurrency = 4", "concurrency = 9", "~ budget requests at a time: 9, so far 4", true),
    ("tasks = 10", "tasks = 5", "~ limit tasks a call to apply: 5, so far 10", false),
    ("memory_mib = 32", "memory_mib = 64", "~ limit memory: 64 MiB, so far 32 MiB", true),
    ("documents = [\"charge\"]", "documents = [\"charge\", \"refund\"]", "+ document refund: written", true),
    (
        "locate = \"reliable\"",
        "locate = \"reliable\"\nsettle_seconds = 90",
        "~ delivery settles after: 90 s, so far",
        false,
    ),
    (
        "label = \"Terms\"",
        "label = \"Terms\"\nrequired = true",
        "~ setting terms: whole number, required: Terms, so far whole number: Terms",
        true,
    ),
    ("[settings.terms]\ntype = \"integer\"\nlabel = \"Terms\"\n", "", "- setting terms: whole number: Terms", false),
    ("plan-recurring = \"order\", ", "", "- scenario new sale / plan-recurring: order price", false),
    ("name = \"new sale\"", "name = \"sale\"", "+ scenario sale: sales orders billed before-billing-period", false),
    ("version = \"0.1.0\"", "version = \"0.2.0\"", "~ identity version: 0.2.0, so far 0.1.0", false),
    (
        "publisher = \"Counterfoil\"",
        "publisher = \"Mallory\"",
        "~ identity publisher: Mallory, so far Counterfoil",
        true,
    ),
];

#[test]
fn each_change_of_a_card_is_told_once_and_in_both_directions() {
    let (text, old) = (base(), read(&base()));
    assert_eq!(difference(&old, &old), []);
    for (from, to, told, asks_for_more) in CHANGES {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from} is not on the card");
        let new = read(&changed);
        let found: Vec<String> = difference(&old, &new).iter().map(ToString::to_string).collect();
        assert!(found.iter().any(|line| line.starts_with(told)), "{told} is not in {found:#?}");
        assert_eq!(!wider(&old, &new).is_empty(), *asks_for_more, "{to}: {:?}", wider(&old, &new));
        // What asks for more is never silent here.
        assert!(!found.is_empty());
        let back = difference(&new, &old);
        assert_eq!(back.len(), found.len(), "{to}: {back:?}");
        for (there, back) in difference(&old, &new).iter().zip(&back) {
            assert_eq!((there.area, &there.name), (back.area, &back.name));
            assert_eq!((there.before(), there.after()), (back.after(), back.before()));
        }
    }
}

#[test]
fn inspect_says_it_between_two_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (old, new) = (path("old.toml"), path("new.toml"));
    std::fs::write(&old, base()).unwrap();
    std::fs::write(&new, base().replace("memory_mib = 32", "memory_mib = 64")).unwrap();
    let inspect = |args: &[&str]| crate::house::limited(&[&["plugin", "inspect"], args].concat()).exits(0);
    inspect(&[&new, "--against", &old]).with(&[
        "~ limit memory: 64 MiB, so far 32 MiB",
        "--accept-wider",
        "memory: a call may take 64 MiB",
    ]);
    inspect(&[&old, "--against", &new]).with(&["~ limit memory", "It asks for nothing more."]);
    inspect(&[&old, "--against", &old]).with(&["nothing differs on the card"]);
    let object = inspect(&[&new, "--against", &old, "--json"]).json();
    assert_eq!(object["differs"][0]["name"], "memory");
    assert_eq!(object["wider"][0]["what"], "memory");
    assert_eq!(object["limits"]["memory_mib"], 64);
}
