//! What may change between two versions of a contract that call themselves the same. A plugin that is built already must
//! load, and mean the same, in a newer host.

use crate::shape::Shape;

/// The part of a version that two sides must share: 0.1 of 0.1.7, 1 of 1.4.0.
pub(crate) fn line(version: &str) -> String {
    let parts: Vec<&str> = version.split('.').collect();
    if parts[0] == "0" { parts[..2].join(".") } else { parts[0].to_owned() }
}

/// Everything that would break a built plugin. Another major version may change what it likes.
pub(crate) fn breaks(old: &Shape, new: &Shape) -> Vec<String> {
    let mut broken = Vec::new();
    if line(&old.version) != line(&new.version) {
        return broken;
    }
    for (what, old, new) in [("type", &old.types, &new.types), ("function", &old.functions, &new.functions)] {
        for (name, was) in old {
            match new.get(name) {
                None => broken.push(format!("the {what} {name} is gone")),
                Some(is) if is != was => broken.push(format!("the {what} {name} changed: {is}, so far {was}")),
                Some(_) => {}
            }
        }
    }
    // A host calls what is exported: a plugin that was built before has no such function, and would not load.
    for name in new.functions.keys().filter(|name| !old.functions.contains_key(*name)) {
        let interface = name.split('.').next().unwrap_or_default();
        if old.exported.contains(interface) {
            broken.push(format!("the function {name} is new, and plugins would have to export it"));
        }
    }
    for interface in new.exported.difference(&old.exported) {
        broken.push(format!("the interface {interface} is new, and plugins would have to export it"));
    }
    for interface in old.imported.difference(&new.imported) {
        broken.push(format!("the interface {interface} is not offered any more"));
    }
    for interface in old.exported.difference(&new.exported) {
        broken.push(format!("the interface {interface} is not called any more"));
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape;

    /// One change of the real contract each, and what it breaks; none: it may be made.
    const CHANGES: &[(&str, &str, Option<&str>)] = &[
        (
            "        scale: u8,\n",
            "        scale: u8,\n        /// New.\n        exact: bool,\n",
            Some("type types.decimal changed"),
        ),
        ("        scale: u8,\n", "", Some("type types.decimal changed")),
        ("        scale: u8,\n", "        scale: u16,\n", Some("type types.decimal changed")),
        ("        scale: u8,\n", "        places: u8,\n", Some("type types.decimal changed")),
        ("        rejected,\n", "        rejected,\n        refused,\n", Some("type types.failure-class changed")),
        ("        absent,\n", "        absent,\n        hidden,\n", Some("type documents.located changed")),
        ("        found(change-receipt),", "        found(string),", Some("type documents.located changed")),
        ("type date = string;", "type date = u32;", Some("type types.date changed")),
        ("key: string, request: request", "request: request, key: string", Some("function remote.write changed")),
        ("probe: func() ->", "ask: func() ->", Some("function connection.probe is gone")),
        ("    export directory;\n", "", Some("interface directory is not called any more")),
        ("    import log;\n", "", Some("interface log is not offered any more")),
        ("    probe: func() ->", "    ping: func();\n    probe: func() ->", Some("function connection.ping is new")),
        ("    import log;\n", "    import log;\n    export extra;\n", Some("interface extra is new")),
        ("interface log {", "interface log {\n    flush: func();\n", None),
        ("interface log {", "interface log {\n    record line { text: string }\n", None),
        ("    import log;\n", "    import log;\n    import extra;\n", None),
        ("An exact number", "An exact decimal", None),
        ("package counterfoil:target@0.1.0", "package counterfoil:target@0.1.9", None),
    ];
    const EXTRA: &str = "\ninterface extra {\n    flush: func();\n}\n";

    #[test]
    fn what_breaks_a_built_plugin_is_told_from_what_does_not() {
        let text = crate::read("wit/target/target.wit");
        let old = shape::of(&text);
        for (from, to, says) in CHANGES {
            let changed = text.replacen(from, to, 1) + EXTRA;
            assert_ne!(changed, text.clone() + EXTRA, "{from} is not in the contract");
            let broken = breaks(&old, &shape::of(&changed));
            match says {
                None => assert!(broken.is_empty(), "{to}: {broken:?}"),
                Some(says) => assert!(broken.iter().any(|one| one.contains(says)), "{to}: {broken:?}"),
            }
        }
    }

    #[test]
    fn another_major_version_may_change_what_it_likes() {
        let text = crate::read("wit/target/target.wit");
        let old = shape::of(&text);
        let changed = text.replace("        scale: u8,\n", "").replace("target@0.1.0", "target@0.2.0");
        assert!(breaks(&old, &shape::of(&changed)).is_empty());
        for (version, line) in [("0.1.0", "0.1"), ("0.10.3", "0.10"), ("1.4.0", "1"), ("12.0.1", "12")] {
            assert_eq!(super::line(version), line);
        }
    }
}
