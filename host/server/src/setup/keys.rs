//! Reading a document out of a JSON value, object by object, so that every unknown key and every value of
//! a wrong type is told at once, with its place. The text of a secret never gets into a message.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::document::SetupDocument;
use crate::problem::Fault;
use crate::suggest::hint;

pub(super) const ROOT: &[&str] = &["reseller", "marketplace", "connection", "programs"];
pub(super) const RESELLER: &[&str] = &["name"];
pub(super) const MARKETPLACE: &[&str] =
    &["reseller", "kind", "location", "plain_http", "private_addresses", "settings", "secrets"];
pub(super) const CONNECTION: &[&str] = &[
    "reseller",
    "plugin",
    "marketplace",
    "name",
    "base_url",
    "token_url",
    "authorize_url",
    "discovery_url",
    "auth",
    "sign_in_with",
    "plain_http",
    "private_addresses",
    "price_source",
    "rounding",
    "recurring_before_period",
    "most_per_plan",
    "most_lines",
    "most_change_percent",
    "start_on",
    "proration",
    "refunds",
    "many_to_one",
    "description_source",
    "description_template",
    "trim_description",
    "check_every_minutes",
    "notify",
    "auto_sync",
    "settings",
    "secrets",
    "link",
];
pub(super) const AUTO_SYNC: &[&str] = &["on", "kinds", "most"];
pub(super) const LINK: &[&str] =
    &["kind", "source", "source_name", "target", "code", "name", "attributes", "never_sync"];

pub(super) const PROGRAM: &[&str] = &[
    "connection",
    "name",
    "enabled",
    "emails",
    "billing",
    "motions",
    "products",
    "product_mode",
    "azure",
    "annual",
    "taxable",
    "daily_at",
    "time_zone",
];

/// A key as a part of a JSON pointer.
pub(super) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

struct Walk {
    faults: Vec<Fault>,
}

impl Walk {
    /// Tells keys that are not known; false if there was one.
    fn keys(&mut self, at: &str, object: &Map<String, Value>, known: &[&str]) -> bool {
        let before = self.faults.len();
        for key in object.keys().filter(|key| !known.contains(&key.as_str())) {
            let pointer = format!("{at}/{}", escape(key));
            self.faults.push(Fault::new(
                pointer,
                "unknown-key",
                format!("\"{key}\" is not known here; {}", hint(key, known.iter().copied())),
            ));
        }
        self.faults.len() == before
    }

    fn secrets(&mut self, at: &str, object: &Map<String, Value>) -> bool {
        let before = self.faults.len();
        match object.get("secrets") {
            None => {}
            Some(Value::Object(secrets)) => {
                for (name, _) in secrets.iter().filter(|(_, value)| !value.is_string()) {
                    let pointer = format!("{at}/secrets/{}", escape(name));
                    self.faults.push(Fault::new(
                        pointer,
                        "wrong-type",
                        "a secret is a string at this door; { env = … } and { file = … } are resolved by the command line",
                    ));
                }
            }
            Some(_) => {
                self.faults.push(Fault::new(
                    format!("{at}/secrets"),
                    "wrong-type",
                    "expected a table of names and strings",
                ));
            }
        }
        self.faults.len() == before
    }

    fn links(&mut self, at: &str, object: &Map<String, Value>) -> bool {
        let links = object.get("link").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let mut good = true;
        for (index, link) in links.iter().enumerate() {
            if let Some(link) = link.as_object() {
                good &= self.keys(&format!("{at}/link/{index}"), link, LINK);
            }
        }
        good
    }

    fn auto_sync(&mut self, at: &str, object: &Map<String, Value>) -> bool {
        let Some(written) = object.get("auto_sync").and_then(Value::as_object) else { return true };
        self.keys(&format!("{at}/auto_sync"), written, AUTO_SYNC)
    }

    fn list<T: DeserializeOwned>(&mut self, root: &Map<String, Value>, name: &str, known: &[&str]) -> Vec<T> {
        let mut read = Vec::new();
        let entries = match root.get(name) {
            None => return read,
            Some(Value::Array(entries)) => entries,
            Some(_) => {
                let text = format!("expected a list of tables, written as [[{name}]]");
                self.faults.push(Fault::new(format!("/{name}"), "wrong-type", text));
                return read;
            }
        };
        for (place, value) in entries.iter().enumerate() {
            let at = format!("/{name}/{place}");
            let Some(object) = value.as_object() else {
                self.faults.push(Fault::new(at, "wrong-type", "expected a table"));
                continue;
            };
            if !self.keys(&at, object, known) {
                continue;
            }
            match serde_json::from_value(value.clone()) {
                Ok(entry) => read.push(entry),
                Err(error) => self.faults.push(Fault::new(at, "wrong-type", error.to_string())),
            }
        }
        read
    }

    fn section<T: DeserializeOwned>(
        &mut self,
        root: &Map<String, Value>,
        name: &str,
        known: &[&str],
    ) -> Vec<(String, T)> {
        let mut read = Vec::new();
        let entries = match root.get(name) {
            None => return read,
            Some(Value::Object(entries)) => entries,
            Some(_) => {
                self.faults.push(Fault::new(format!("/{name}"), "wrong-type", "expected a table of ids"));
                return read;
            }
        };
        for (id, value) in entries {
            let at = format!("/{name}/{}", escape(id));
            let Some(object) = value.as_object() else {
                self.faults.push(Fault::new(at, "wrong-type", "expected a table"));
                continue;
            };
            // Not lazily: each of them adds what it finds.
            let good = [
                self.keys(&at, object, known),
                self.secrets(&at, object),
                self.links(&at, object),
                self.auto_sync(&at, object),
            ];
            if good.contains(&false) {
                continue;
            }
            match serde_json::from_value(value.clone()) {
                Ok(entry) => read.push((id.clone(), entry)),
                Err(error) => self.faults.push(Fault::new(at, "wrong-type", error.to_string())),
            }
        }
        read
    }
}

/// Reads a document whose secrets are resolved. All that is wrong with its keys and types comes back at once.
pub fn parse(value: &Value) -> Result<SetupDocument, Vec<Fault>> {
    let Some(root) = value.as_object() else {
        return Err(vec![Fault::new("", "wrong-type", "expected a table with reseller, marketplace, connection")]);
    };
    let mut walk = Walk { faults: Vec::new() };
    walk.keys("", root, ROOT);
    let document = SetupDocument {
        reseller: walk.section(root, "reseller", RESELLER).into_iter().collect(),
        marketplace: walk.section(root, "marketplace", MARKETPLACE).into_iter().collect(),
        connection: walk.section(root, "connection", CONNECTION).into_iter().collect(),
        programs: walk.list(root, "programs", PROGRAM),
    };
    if walk.faults.is_empty() { Ok(document) } else { Err(walk.faults) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn example() -> Value {
        let connection = json!({
            "reseller": "acme", "plugin": "xero", "marketplace": "in", "name": "n",
            "base_url": "b", "token_url": "t", "authorize_url": "a", "discovery_url": "d", "auth": "basic", "sign_in_with": "y", "plain_http": true, "private_addresses": true,
            "price_source": "target", "rounding": "half-even", "recurring_before_period": true,
            "most_per_plan": "5", "most_lines": 9, "most_change_percent": "none", "start_on": "2026-01-01",
            "proration": "none", "refunds": "bill", "many_to_one": false, "description_source": "template",
            "description_template": "{product}", "trim_description": true, "check_every_minutes": 60,
            "notify": "all", "auto_sync": { "on": true, "kinds": ["sales"], "most": "1" },
            "settings": { "b": true }, "secrets": { "k": "hush" },
            "link": [{ "kind": "item", "source": "s", "source_name": "n", "target": "t", "code": "c", "name": "n",
                "attributes": { "a": "b" }, "never_sync": false }]
        });
        json!({
            "reseller": { "acme": { "name": "Acme" } },
            "marketplace": { "in": { "reseller": "acme", "kind": "file", "location": "/data", "plain_http": true,
                "private_addresses": true, "settings": { "a": 1 }, "secrets": { "k": "hush" } } },
            "connection": { "x": connection },
            "programs": [{ "connection": "x", "name": "microsoft-csp", "enabled": true, "emails": ["a@b.example"],
                "billing": true, "motions": ["usage"], "products": true, "product_mode": "all", "azure": true,
                "annual": true, "taxable": false, "daily_at": "06:30", "time_zone": "UTC" }],
        })
    }

    /// The tables of keys and the structs cannot drift apart: a full document is read and written again.
    #[test]
    fn every_known_key_is_a_member_and_the_reverse() {
        let document = parse(&example()).unwrap();
        let written = serde_json::to_value(&document).unwrap();
        assert_eq!(written, example());
        let keys = |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
        let sorted = |mut keys: Vec<String>| {
            keys.sort();
            keys
        };
        for (known, value) in [
            (ROOT, &written),
            (RESELLER, &written["reseller"]["acme"]),
            (MARKETPLACE, &written["marketplace"]["in"]),
            (CONNECTION, &written["connection"]["x"]),
            (PROGRAM, &written["programs"][0]),
            (AUTO_SYNC, &written["connection"]["x"]["auto_sync"]),
            (LINK, &written["connection"]["x"]["link"][0]),
        ] {
            assert_eq!(sorted(keys(value)), sorted(known.iter().map(|k| (*k).to_owned()).collect()));
        }
        assert!(!format!("{document:?}").contains("hush"), "a secret is never printed");
    }

    #[test]
    fn all_problems_come_at_once_with_place_and_suggestion() {
        let faults = parse(&json!({
            "resellers": {},
            "marketplace": { "in": { "reseller": "acme", "kind": "file", "locatoin": "/data" } },
            "connection": {
                "a/b": { "reseller": "acme", "plugin": "xero", "marketplace": "in", "secrets": { "pin": 48151623 } },
                "c": { "reseller": "acme", "plugin": "xero" },
                "d": { "reseller": "acme", "plugin": "xero", "marketplace": "in",
                    "link": [{ "kind": "item", "source": "s", "never_synch": true }] },
            },
        }))
        .unwrap_err();
        let seen: Vec<(&str, &str)> = faults.iter().map(|f| (f.pointer.as_str(), f.code.as_str())).collect();
        assert_eq!(
            seen,
            [
                ("/resellers", "unknown-key"),
                ("/marketplace/in/locatoin", "unknown-key"),
                ("/connection/a~1b/secrets/pin", "wrong-type"),
                ("/connection/c", "wrong-type"),
                ("/connection/d/link/0/never_synch", "unknown-key"),
            ]
        );
        assert!(faults[0].detail.contains("did you mean \"reseller\"?"), "{}", faults[0].detail);
        assert!(faults[1].detail.contains("did you mean \"location\"?"), "{}", faults[1].detail);
        assert!(faults[3].detail.contains("marketplace"), "{}", faults[3].detail);
        assert!(!format!("{faults:?}").contains("48151623"));
    }
}
