//! A contract taken apart: each type and function of it as one line, without its comments.

use std::collections::{BTreeMap, BTreeSet};

use wit_parser::{Function, Resolve, Type, TypeDef, TypeDefKind, WorldKey};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) version: String,
    /// "types.decimal" → "record { coefficient: s64, scale: u8 }"
    pub(crate) types: BTreeMap<String, String>,
    pub(crate) functions: BTreeMap<String, String>,
    pub(crate) imported: BTreeSet<String>,
    pub(crate) exported: BTreeSet<String>,
}

pub(crate) fn of(text: &str) -> Shape {
    let (resolve, package) = parsed(text);
    let mut shape = Shape {
        version: resolve.packages[package].name.version.as_ref().unwrap().to_string(),
        types: BTreeMap::new(),
        functions: BTreeMap::new(),
        imported: BTreeSet::new(),
        exported: BTreeSet::new(),
    };
    for (name, interface) in &resolve.packages[package].interfaces {
        let interface = &resolve.interfaces[*interface];
        for (of, ty) in &interface.types {
            shape.types.insert(format!("{name}.{of}"), definition(&resolve, &resolve.types[*ty]));
        }
        for (of, function) in &interface.functions {
            shape.functions.insert(format!("{name}.{of}"), signature(&resolve, function));
        }
    }
    let world = &resolve.worlds[*resolve.packages[package].worlds.get("target").unwrap()];
    let name = |key: &WorldKey| match key {
        WorldKey::Name(name) => name.clone(),
        WorldKey::Interface(id) => resolve.interfaces[*id].name.clone().unwrap(),
    };
    shape.imported = world.imports.keys().map(name).collect();
    shape.exported = world.exports.keys().map(name).collect();
    shape
}

pub(crate) fn parsed(text: &str) -> (Resolve, wit_parser::PackageId) {
    let mut resolve = Resolve::new();
    let package = resolve.push_source("target.wit", text).unwrap();
    (resolve, package)
}

pub(crate) fn signature(resolve: &Resolve, function: &Function) -> String {
    let params: Vec<String> =
        function.params.iter().map(|param| format!("{}: {}", param.name, named(resolve, &param.ty))).collect();
    let result = function.result.as_ref().map(|result| format!(" -> {}", named(resolve, result))).unwrap_or_default();
    format!("func({}){result}", params.join(", "))
}

/// What a type is, with its parts in their order: the order is part of the contract.
pub(crate) fn definition(resolve: &Resolve, ty: &TypeDef) -> String {
    match &ty.kind {
        TypeDefKind::Record(record) => {
            let fields: Vec<String> =
                record.fields.iter().map(|field| format!("{}: {}", field.name, named(resolve, &field.ty))).collect();
            format!("record {{ {} }}", fields.join(", "))
        }
        TypeDefKind::Enum(cases) => {
            let cases: Vec<&str> = cases.cases.iter().map(|case| case.name.as_str()).collect();
            format!("enum {{ {} }}", cases.join(", "))
        }
        TypeDefKind::Variant(variant) => {
            let cases = variant.cases.iter().map(|case| match &case.ty {
                Some(ty) => format!("{}({})", case.name, named(resolve, ty)),
                None => case.name.clone(),
            });
            format!("variant {{ {} }}", cases.collect::<Vec<_>>().join(", "))
        }
        TypeDefKind::Type(ty) => named(resolve, ty),
        TypeDefKind::List(of) => format!("list<{}>", named(resolve, of)),
        TypeDefKind::Option(of) => format!("option<{}>", named(resolve, of)),
        TypeDefKind::Tuple(tuple) => {
            let parts: Vec<String> = tuple.types.iter().map(|ty| named(resolve, ty)).collect();
            format!("tuple<{}>", parts.join(", "))
        }
        TypeDefKind::Result(result) => {
            let side = |side: &Option<Type>| side.as_ref().map_or_else(|| "_".to_owned(), |ty| named(resolve, ty));
            format!("result<{}, {}>", side(&result.ok), side(&result.err))
        }
        other => panic!("the contract has a {}, which this test does not know yet", other.as_str()),
    }
}

/// As it is written where it is used.
pub(crate) fn named(resolve: &Resolve, ty: &Type) -> String {
    match ty {
        Type::Id(id) => {
            let ty = &resolve.types[*id];
            ty.name.clone().unwrap_or_else(|| definition(resolve, ty))
        }
        plain => format!("{plain:?}").to_lowercase(),
    }
}
