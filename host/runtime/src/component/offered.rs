//! What a component may import and must export. Owns the list and the reasons for what is not on it.

use std::fmt;

/// Interfaces of our own contract, and which of them a plugin may import.
const CONTRACT_PACKAGE: &str = "counterfoil:target";
const CONTRACT_IMPORTS: [&str; 3] = ["types", "remote", "log"];
/// The three that the host calls.
const CONTRACT_EXPORTS: [&str; 3] = ["connection", "directory", "documents"];

/// As much of WASI as a language's standard library needs to start.
const WASI: [(&str, &[&str]); 4] = [
    (
        "wasi:cli",
        &[
            "environment",
            "exit",
            "stdin",
            "stdout",
            "stderr",
            "terminal-input",
            "terminal-output",
            "terminal-stdin",
            "terminal-stdout",
            "terminal-stderr",
        ],
    ),
    ("wasi:io", &["error", "poll", "streams"]),
    ("wasi:clocks", &["monotonic-clock", "wall-clock"]),
    ("wasi:random", &["random", "insecure", "insecure-seed"]),
];

/// An import that is not offered, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedImport {
    pub name: String,
    pub reason: String,
}

impl fmt::Display for RefusedImport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.reason)
    }
}

/// `package/interface@version`.
struct Name<'a> {
    package: &'a str,
    interface: &'a str,
    version: &'a str,
}

impl<'a> Name<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let (package, rest) = text.split_once('/')?;
        let (interface, version) = rest.split_once('@').unwrap_or((rest, ""));
        Some(Self { package, interface, version })
    }

    fn served(&self) -> bool {
        serves(self.version)
    }
}

/// Whether a contract version, "0.1.7", is one of those that this host serves.
pub(super) fn serves(version: &str) -> bool {
    version.strip_prefix(crate::manifest::CONTRACT).is_some_and(|patch| patch.starts_with('.'))
}

/// A contract version that this host does not serve, if the name is of our contract.
pub(super) fn other_contract(name: &str) -> Option<&str> {
    let name = Name::of(name)?;
    (name.package == CONTRACT_PACKAGE && !name.served()).then_some(name.version)
}

pub(super) fn refuse(import: &str) -> Option<RefusedImport> {
    let reason = reason(import)?;
    Some(RefusedImport { name: import.to_owned(), reason: reason.to_owned() })
}

fn reason(import: &str) -> Option<&'static str> {
    let Some(name) = Name::of(import) else {
        return Some("only interfaces can be imported; a bare function or value is not part of the contract");
    };
    if name.package == CONTRACT_PACKAGE {
        let offered = CONTRACT_IMPORTS.contains(&name.interface);
        return (!offered).then_some("this is for the plugin to export, or it is newer than this host");
    }
    if let Some((_, interfaces)) = WASI.iter().find(|(package, _)| *package == name.package) {
        return if !name.version.starts_with("0.2.") {
            Some("only WASI 0.2 is offered; build for wasm32-wasip2")
        } else if interfaces.contains(&name.interface) {
            None
        } else {
            Some("of WASI only what a standard library needs to start is offered")
        };
    }
    Some(match name.package {
        "wasi:filesystem" => "a target has no files; take what it needs from the job and the connection's settings",
        "wasi:sockets" => "a target has no network of its own; send requests through counterfoil:target/remote",
        "wasi:http" => {
            "a target has no HTTP of its own; send requests through counterfoil:target/remote, which adds host and credentials"
        }
        "wasi:config" | "wasi:keyvalue" | "wasi:blobstore" => {
            "a target keeps nothing between calls; settings arrive in the job"
        }
        _ => "nothing outside counterfoil:target and a little of WASI is offered",
    })
}

/// The interfaces that the component should export and does not.
pub(super) fn missing(exports: &[String]) -> Vec<String> {
    let there = |wanted: &str| {
        exports
            .iter()
            .filter_map(|name| Name::of(name))
            .any(|name| name.package == CONTRACT_PACKAGE && name.interface == wanted)
    };
    CONTRACT_EXPORTS
        .iter()
        .filter(|wanted| !there(wanted))
        .map(|wanted| format!("{CONTRACT_PACKAGE}/{wanted}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_offered_or_refused_with_a_reason() {
        for (import, says) in [
            ("counterfoil:target/remote@0.1.0", None),
            ("counterfoil:target/types@0.1.7", None),
            ("wasi:cli/stderr@0.2.6", None),
            ("wasi:random/insecure-seed@0.2.9", None),
            ("counterfoil:target/documents@0.1.0", Some("for the plugin to export")),
            ("wasi:filesystem/types@0.2.6", Some("a target has no files")),
            ("wasi:sockets/tcp@0.2.6", Some("no network of its own")),
            ("wasi:http/outgoing-handler@0.2.6", Some("no HTTP of its own")),
            ("wasi:cli/run@0.2.6", Some("standard library needs to start")),
            ("wasi:cli/stderr@0.3.0", Some("only WASI 0.2")),
            ("wasi:clocks/wall-clock", Some("only WASI 0.2")),
            ("acme:things/list@1.0.0", Some("nothing outside")),
            ("run", Some("only interfaces")),
        ] {
            let refused = refuse(import);
            match says {
                None => assert_eq!(refused, None, "{import}"),
                Some(words) => {
                    assert!(refused.clone().is_some_and(|r| r.reason.contains(words)), "{import}: {refused:?}")
                }
            }
        }
    }

    #[test]
    fn another_contract_is_told_from_another_package() {
        for (name, version) in [
            ("counterfoil:target/remote@0.1.0", None),
            ("counterfoil:target/remote@0.1.12", None),
            ("counterfoil:target/remote@0.2.0", Some("0.2.0")),
            ("counterfoil:target/remote@0.10.0", Some("0.10.0")),
            ("wasi:io/poll@0.2.0", None),
        ] {
            assert_eq!(other_contract(name), version, "{name}");
        }
    }
}
