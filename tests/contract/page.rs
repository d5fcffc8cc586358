//! The contract as a page for plugin authors, made from the file's own words.

use std::fmt::Write as _;

use wit_parser::{Docs, Interface, Resolve, TypeDef, TypeDefKind};

use crate::shape::{definition, named, parsed, signature};

/// The page, and everything that nobody explained.
pub(crate) fn of(text: &str) -> (String, Vec<String>) {
    let (resolve, package) = parsed(text);
    let package = &resolve.packages[package];
    let mut page = Page { text: String::new(), bare: Vec::new() };
    let _ = writeln!(page.text, "# The contract `{}`\n", package.name);
    let _ = writeln!(
        page.text,
        "Made from `wit/target/target.wit` by `UPDATE_GOLDEN=1 cargo test -p counterfoil --test contract`. Change the words there.\n"
    );
    page.say("package", &package.docs);
    for (name, world) in &package.worlds {
        let world = &resolve.worlds[*world];
        let _ = writeln!(page.text, "## World `{name}`\n");
        page.say(name, &world.docs);
        for (does, items) in [("imports", &world.imports), ("exports", &world.exports)] {
            let names: Vec<String> = items.keys().map(|key| format!("`{}`", resolve.name_world_key(key))).collect();
            let _ = writeln!(page.text, "It {does} {}.\n", names.join(", "));
        }
    }
    for (name, interface) in &package.interfaces {
        page.interface(&resolve, name, &resolve.interfaces[*interface]);
    }
    let text = page.text.trim_end().to_owned() + "\n";
    (text, page.bare)
}

struct Page {
    text: String,
    bare: Vec<String>,
}

impl Page {
    fn words(&mut self, what: &str, docs: &Docs) -> String {
        let words = docs.contents.as_deref().unwrap_or_default().trim();
        if words.is_empty() {
            self.bare.push(what.to_owned());
        }
        words
            .split("\n\n")
            .map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect::<Vec<_>>()
            .join("\n\n")
    }

    fn say(&mut self, what: &str, docs: &Docs) {
        let words = self.words(what, docs);
        let _ = writeln!(self.text, "{words}\n");
    }

    fn interface(&mut self, resolve: &Resolve, name: &str, interface: &Interface) {
        let _ = writeln!(self.text, "## `{name}`\n");
        self.say(name, &interface.docs);
        for (of, function) in &interface.functions {
            let _ = writeln!(self.text, "### `{of}: {}`\n", signature(resolve, function));
            self.say(&format!("{name}.{of}"), &function.docs);
        }
        for (of, ty) in &interface.types {
            let ty = &resolve.types[*ty];
            // What another interface explains is only named here by `use`.
            let is_used =
                matches!(&ty.kind, TypeDefKind::Type(wit_parser::Type::Id(id)) if resolve.types[*id].owner != ty.owner);
            if !is_used {
                self.one_type(resolve, &format!("{name}.{of}"), of, ty);
            }
        }
    }

    fn one_type(&mut self, resolve: &Resolve, path: &str, name: &str, ty: &TypeDef) {
        let rows: Vec<(String, String, &Docs)> = match &ty.kind {
            TypeDefKind::Record(record) => {
                record.fields.iter().map(|field| (field.name.clone(), named(resolve, &field.ty), &field.docs)).collect()
            }
            TypeDefKind::Enum(cases) => {
                cases.cases.iter().map(|case| (case.name.clone(), String::new(), &case.docs)).collect()
            }
            TypeDefKind::Variant(variant) => variant
                .cases
                .iter()
                .map(|case| {
                    let holds = case.ty.as_ref().map(|ty| named(resolve, ty)).unwrap_or_default();
                    (case.name.clone(), holds, &case.docs)
                })
                .collect(),
            _ => {
                let _ = writeln!(self.text, "### `{name}` = `{}`\n", definition(resolve, ty));
                return self.say(path, &ty.docs);
            }
        };
        let _ = writeln!(self.text, "### {} `{name}`\n", ty.kind.as_str());
        self.say(path, &ty.docs);
        let typed = rows.iter().any(|(_, holds, _)| !holds.is_empty());
        let header = if typed { "| name | type | meaning |\n|---|---|---|" } else { "| name | meaning |\n|---|---|" };
        let _ = writeln!(self.text, "{header}");
        for (of, holds, docs) in rows {
            let words = self.words(&format!("{path}.{of}"), docs).replace("\n\n", " ").replace('|', "\\|");
            let holds = match (typed, holds.as_str()) {
                (false, _) => String::new(),
                (true, "") => " |".to_owned(),
                (true, holds) => format!(" `{holds}` |"),
            };
            let _ = writeln!(self.text, "| `{of}` |{holds} {words} |");
        }
        self.text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn whoever_says_nothing_is_named() {
        let text = crate::read("wit/target/target.wit");
        let mute: String =
            text.lines().filter(|line| !line.contains("/// How many of the digits")).collect::<Vec<_>>().join("\n");
        assert_eq!(super::of(&mute).1, ["types.decimal.scale"]);
    }
}
