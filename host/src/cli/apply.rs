//! `apply`: a setup file with its secrets filled in, shown as a diff, then written. Owns reading the file and
//! resolving secrets; what the keys mean is the service's.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use counterfoil_server::setup::{ObjectDiff, SetupAnswer};
use serde_json::{Map, Value};

use super::args::ApplyArgs;
use super::client::{Client, conclude};
use super::show;
use crate::exit::Exit;

pub(super) async fn run(args: &ApplyArgs) -> Result<Exit> {
    conclude(apply(args).await)
}

async fn apply(args: &ApplyArgs) -> Result<Exit> {
    let document = read(&args.file)?;
    let client = Client::new(&args.remote)?;
    let planned: SetupAnswer = client.post(&["setup"], &[("dry_run", "true")], &document).await?;
    if !args.remote.json {
        show::print(&diff(&planned))?;
    }
    if args.dry_run || !planned.changes_something() {
        if args.remote.json {
            show::json(&planned)?;
        }
        eprintln!("{}", summary(&planned));
        return Ok(Exit::Done);
    }
    let written: SetupAnswer = client.post(&["setup"], &[("dry_run", "false")], &document).await?;
    if args.remote.json {
        show::json(&written)?;
    }
    eprintln!("{}", summary(&written));
    Ok(Exit::Done)
}

fn summary(answer: &SetupAnswer) -> String {
    let (create, update, unchanged) = (answer.create, answer.update, answer.unchanged);
    match (answer.changes_something(), answer.dry_run) {
        (false, _) => format!("Nothing to do: {unchanged} unchanged"),
        (true, true) => {
            format!("Would create {create} and update {update}; {unchanged} unchanged. Nothing was written")
        }
        (true, false) => format!("Created {create} and updated {update}; {unchanged} unchanged"),
    }
}

/// The file as the service takes it: JSON with the secrets in it.
pub(super) fn read(path: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(path).with_context(|| {
        format!("the setup file {} cannot be read. Nothing was applied. Name another with -f", path.display())
    })?;
    let table = match text.parse::<toml::Table>() {
        Ok(table) => table,
        Err(error) => {
            // Not the error's own text: it quotes the line, and the line may hold a secret.
            let (line, column) = position(&text, error.span().map_or(0, |span| span.start));
            bail!(
                "{}:{line}:{column}: {}. Nothing was applied. Correct it and apply again",
                path.display(),
                error.message()
            );
        }
    };
    let mut document = Value::Object(table.into_iter().map(|(key, value)| (key, to_json(value))).collect());
    let folder = path.parent().unwrap_or(Path::new(""));
    let faults = resolve(&mut document, folder, &|name| std::env::var(name).ok());
    if faults.is_empty() {
        return Ok(document);
    }
    bail!(
        "{} of the secrets in {} cannot be used. Nothing was applied.\n  {}",
        faults.len(),
        path.display(),
        faults.join("\n  ")
    )
}

/// Line and column, counted from one, of a byte.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (line, before[start..].chars().count() + 1)
}

/// As serde would, except that a date stays what was written.
fn to_json(value: toml::Value) -> Value {
    match value {
        toml::Value::Datetime(date) => Value::String(date.to_string()),
        toml::Value::Array(items) => Value::Array(items.into_iter().map(to_json).collect()),
        toml::Value::Table(table) => {
            Value::Object(table.into_iter().map(|(key, value)| (key, to_json(value))).collect())
        }
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Boolean(choice) => choice.into(),
        toml::Value::Float(number) => number.into(),
    }
}

/// Puts the values of `{ env = … }` and `{ file = … }` in; tells everything that keeps one from being used.
fn resolve(document: &mut Value, folder: &Path, env: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let mut faults = Vec::new();
    for section in ["marketplace", "connection"] {
        let objects = document.get_mut(section).and_then(Value::as_object_mut);
        for (id, object) in objects.into_iter().flatten() {
            let secrets = object.get_mut("secrets").and_then(Value::as_object_mut);
            for (name, value) in secrets.into_iter().flatten() {
                match secret(value, folder, env) {
                    Ok(text) => *value = Value::String(text),
                    Err(why) => faults.push(format!("{section} {id}, secret {name}: {why}")),
                }
            }
        }
    }
    faults
}

const FORMS: &str = "write { env = \"NAME\" } or { file = \"path\" }";

fn secret(value: &Value, folder: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let place = match value {
        Value::String(_) => {
            return Err(format!(
                "it stands in the file itself, from where it would get into backups and version control; {FORMS}"
            ));
        }
        Value::Object(place) => place,
        _ => return Err(FORMS.to_owned()),
    };
    match one(place) {
        Some(("env", name)) => match env(name) {
            Some(text) if !text.is_empty() => Ok(text),
            Some(_) => Err(format!("the environment variable {name} is empty; set it in this shell and apply again")),
            None => Err(format!("the environment variable {name} is not set; set it in this shell and apply again")),
        },
        Some(("file", name)) => from_file(&folder.join(name)),
        _ => Err(FORMS.to_owned()),
    }
}

/// The only member, with text in it.
fn one(place: &Map<String, Value>) -> Option<(&str, &str)> {
    let mut members = place.iter();
    match (members.next(), members.next()) {
        (Some((key, Value::String(text))), None) => Some((key, text)),
        _ => None,
    }
}

fn from_file(path: &PathBuf) -> Result<String, String> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        format!("the file {} cannot be read ({error}); it is looked for beside the setup file", path.display())
    })?;
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() { Err(format!("the file {} is empty", path.display())) } else { Ok(text.to_owned()) }
}

fn diff(answer: &SetupAnswer) -> String {
    answer.objects.iter().filter(|object| object.action != "unchanged").map(object).collect()
}

fn object(object: &ObjectDiff) -> String {
    let sign = match object.action.as_str() {
        "create" => "+",
        "update" => "~",
        _ => " ",
    };
    let mut text = format!("{sign} {} {} {}\n", object.action, object.kind, show::clean(&object.id));
    let widest = object.fields.iter().map(|field| field.name.chars().count()).max().unwrap_or_default();
    for field in &object.fields {
        let name = format!("{:<widest$}", show::clean(&field.name));
        let line = match (&field.before, &field.after) {
            (None, Some(after)) => show::clean(after),
            (Some(before), Some(after)) => format!("{} → {}", show::clean(before), show::clean(after)),
            (Some(before), None) => format!("{} → (none)", show::clean(before)),
            (None, None) => continue,
        };
        text.push_str(&format!("    {name}  {line}\n"));
    }
    for secret in object.secrets.iter().filter(|secret| secret.state != "unchanged") {
        text.push_str(&format!("    secret {} {}\n", show::clean(&secret.name), secret.state));
    }
    text
}

#[cfg(test)]
mod tests {
    use counterfoil_server::setup::{FieldDiff, SecretDiff};
    use serde_json::json;

    use super::*;

    fn with_secret(value: Value) -> Value {
        json!({ "connection": { "xero-main": { "secrets": { "client_id": value } } } })
    }

    #[test]
    fn secrets_come_from_the_environment_or_a_file_and_never_from_the_setup() {
        let folder = std::env::temp_dir().join(format!("counterfoil-apply-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("id"), "from a file\r\n").unwrap();
        std::fs::write(folder.join("blank"), "\n").unwrap();
        let env = |name: &str| match name {
            "SET" => Some("from the environment".to_owned()),
            "BLANK" => Some(String::new()),
            _ => None,
        };
        for (value, expected) in [
            (json!({ "env": "SET" }), Ok("from the environment")),
            (json!({ "file": "id" }), Ok("from a file")),
            (json!({ "env": "UNSET" }), Err("variable UNSET is not set")),
            (json!({ "env": "BLANK" }), Err("variable BLANK is empty")),
            (json!({ "file": "nowhere" }), Err("cannot be read")),
            (json!({ "file": "blank" }), Err("is empty")),
            (json!("hush"), Err("stands in the file itself")),
            (json!(7), Err("write { env")),
            (json!({ "env": "SET", "file": "id" }), Err("write { env")),
            (json!({ "environment": "SET" }), Err("write { env")),
        ] {
            let mut document = with_secret(value.clone());
            let faults = resolve(&mut document, &folder, &env);
            match expected {
                Ok(text) => {
                    assert_eq!(faults, Vec::<String>::new(), "{value}");
                    assert_eq!(document, with_secret(text.into()));
                }
                Err(words) => {
                    assert!(faults[0].starts_with("connection xero-main, secret client_id: "), "{faults:?}");
                    assert!(faults[0].contains(words) && !faults[0].contains("hush"), "{faults:?}");
                }
            }
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_syntax_error_has_its_place_and_does_not_quote_the_line() {
        let path = std::env::temp_dir().join(format!("counterfoil-syntax-{}.toml", std::process::id()));
        std::fs::write(&path, "[reseller.acme]\nname = \"Acme\"\nsecret = 'hush\n").unwrap();
        let error = read(&path).unwrap_err().to_string();
        std::fs::remove_file(&path).unwrap();
        assert!(error.contains(":3:") && !error.contains("hush"), "{error}");
    }

    #[test]
    fn a_date_stays_what_was_written() {
        let table: toml::Table = "start_on = 2026-10-01\nmost = 5".parse().unwrap();
        assert_eq!(to_json(toml::Value::Table(table)), json!({ "start_on": "2026-10-01", "most": 5 }));
    }

    #[test]
    fn the_diff_names_secrets_and_shows_what_changes() {
        let diff = |name: &str, before: Option<&str>, after: Option<&str>| FieldDiff {
            name: name.to_owned(),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        };
        let text = object(&ObjectDiff {
            kind: "connection".to_owned(),
            id: "xero-main".to_owned(),
            action: "update".to_owned(),
            fields: vec![
                diff("name", Some("A"), Some("B")),
                diff("base_url", None, Some("https://x")),
                diff("auth", Some("basic"), None),
            ],
            secrets: vec![
                SecretDiff { name: "client_id".to_owned(), state: "changed".to_owned() },
                SecretDiff { name: "client_secret".to_owned(), state: "unchanged".to_owned() },
            ],
        });
        assert_eq!(
            text,
            "~ update connection xero-main\n    name      A → B\n    base_url  https://x\n    auth      basic → (none)\n    secret client_id changed\n"
        );
    }
}
