//! An interface description (OpenAPI): finds it, finds the operation of a call, checks names, bodies and answers.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;

use counterfoil_sim::Exchange;
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::bench::root;

/// Told past the test harness, which keeps what a passing test prints to itself.
fn skipped(why: &str) {
    let line = format!("SKIPPED: nothing was held against the vendor's description: {why}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

/// A description's file. None where there is none, which in CI may only be if there is no folder of them at all.
pub(crate) fn file(name: &str) -> Option<PathBuf> {
    let beside = root().join("../shared/specs");
    let folder = match std::env::var_os("COUNTERFOIL_SPECS") {
        Some(folder) => PathBuf::from(folder),
        None if beside.is_dir() => beside,
        None => {
            skipped("COUNTERFOIL_SPECS is not set and there is no ../shared/specs");
            return None;
        }
    };
    let path = folder.join(name);
    assert!(path.is_file(), "{} is not there; set COUNTERFOIL_SPECS to the folder of the descriptions", path.display());
    Some(path)
}

/// The tool that reads a description is missing: said aloud, and a failure in CI.
pub(crate) fn without_tool(why: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{why}");
    skipped(why);
}

/// How one vendor's schemas are to be read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Draft {
    Four,
    Twenty,
}

#[derive(Debug)]
pub(crate) struct Description {
    root: Value,
    draft: Draft,
    validators: BTreeMap<String, Validator>,
}

impl Description {
    pub(crate) fn new(root: Value, draft: Draft) -> Self {
        Self { root, draft, validators: BTreeMap::new() }
    }

    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(reference) => self.root.pointer(reference.trim_start_matches('#')).unwrap(),
            None => value,
        }
    }

    /// The template and the operation of a call; plain names win over placeholders.
    fn operation(&self, method: &str, path: &str) -> Option<(&str, &Value, &Value)> {
        let paths = self.root["paths"].as_object().unwrap();
        let fits = |template: &str| {
            let (mut pattern, mut actual) = (template.split('/'), path.split('/'));
            loop {
                match (pattern.next(), actual.next()) {
                    (None, None) => return true,
                    (Some(one), Some(other)) if one == other || (one.starts_with('{') && !other.is_empty()) => {}
                    _ => return false,
                }
            }
        };
        let mut found: Vec<_> = paths.iter().filter(|(template, _)| fits(template)).collect();
        found.sort_by_key(|(template, _)| template.matches('{').count());
        let (template, item) = found.first()?;
        let operation = item.get(method.to_lowercase())?;
        Some((template, item, operation))
    }

    fn parameters<'a>(&'a self, item: &'a Value, operation: &'a Value) -> Vec<&'a Value> {
        let of = |value: &'a Value| value["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        of(item).iter().chain(of(operation)).map(|parameter| self.resolved(parameter)).collect()
    }

    fn validator(&mut self, schema: &Value) -> &Validator {
        let key = schema.to_string();
        if !self.validators.contains_key(&key) {
            let mut whole = schema.clone();
            whole["components"] = self.root["components"].clone();
            let options = match self.draft {
                // This draft has no such format, and Xero's description names it for every id.
                Draft::Four => jsonschema::draft4::options().with_format("uuid", is_uuid),
                Draft::Twenty => jsonschema::draft202012::options(),
            };
            let validator = options.should_validate_formats(true).build(&whole).unwrap();
            self.validators.insert(key.clone(), validator);
        }
        &self.validators[&key]
    }

    fn body(&mut self, what: &str, schema: &Value, text: &str, wrong: &mut Vec<String>) {
        match serde_json::from_str::<Value>(text) {
            Ok(value) => {
                let errors = self.validator(schema);
                wrong.extend(
                    errors.iter_errors(&value).map(|error| format!("{what} {}: {error}", error.instance_path())),
                );
            }
            Err(error) => wrong.push(format!("{what} is no JSON: {error}")),
        }
    }

    /// What is wrong with a call and its answer, and the operation that it is. `base` is what stands before the paths;
    /// `exempt` are required headers that these calls need not have.
    pub(crate) fn check(&mut self, exchange: &Exchange, base: &str, exempt: &[&str]) -> (String, Vec<String>) {
        let mut wrong = Vec::new();
        let (method, path) = (exchange.method.as_str(), exchange.path.strip_prefix(base).unwrap_or("(elsewhere)"));
        let Some((template, item, operation)) = self.operation(method, path) else {
            return (format!("{method} {path}"), vec![format!("{method} {path} is no operation of this vendor")]);
        };
        let name = format!("{method} {template}");
        let parameters = self.parameters(item, operation);
        let of = |place: &str| {
            parameters
                .iter()
                .filter(|one| one["in"] == *place)
                .map(|one| one["name"].as_str().unwrap())
                .collect::<Vec<_>>()
        };
        let known = of("query");
        for asked in
            exchange.query.split('&').filter_map(|pair| pair.split('=').next()).filter(|asked| !asked.is_empty())
        {
            if !known.contains(&asked) {
                wrong.push(format!("{name} takes no parameter {asked}"));
            }
        }
        for header in parameters.iter().filter(|one| one["in"] == "header" && is_true(&one["required"])) {
            let header = header["name"].as_str().unwrap();
            let sent = exchange.request_headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(header));
            if !sent && !exempt.contains(&header) {
                wrong.push(format!("{name} needs the header {header}"));
            }
        }
        let schema_of = |body: &Value| body["content"]["application/json"].get("schema").cloned();
        let request = operation.get("requestBody").map(|body| self.resolved(body)).and_then(schema_of);
        let responses = &operation["responses"];
        let status = exchange.status.to_string();
        let answer = responses.get(&status).or_else(|| responses.get("default").filter(|_| exchange.status < 400));
        let named = answer.is_some();
        let answer = answer.map(|answer| self.resolved(answer)).and_then(schema_of);
        match request {
            Some(schema) => self.body(&format!("{name}: what was sent"), &schema, &exchange.body, &mut wrong),
            None if exchange.body.is_empty() => {}
            None => wrong.push(format!("{name} takes no body")),
        }
        match answer {
            Some(schema) => self.body(&format!("{name}: the answer"), &schema, &exchange.response_body, &mut wrong),
            None if named => {}
            None => wrong.push(format!("{name} never answers {status}")),
        }
        (name, wrong)
    }

    /// Whether a value fits a schema of the description; used to test the test.
    pub(crate) fn fits(&mut self, schema: &str, value: &Value) -> bool {
        self.validator(&json!({ "$ref": format!("#/components/schemas/{schema}") })).is_valid(value)
    }
}

/// One reader gives words for everything.
fn is_true(value: &Value) -> bool {
    value.as_bool() == Some(true) || value.as_str() == Some("true")
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.concat().bytes().all(|byte| byte.is_ascii_hexdigit())
}
