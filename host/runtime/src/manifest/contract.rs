//! Contract versions that are not this host's: which way they lie and what helps. Owns the words.

use super::CONTRACT;

/// What to do about a plugin for this contract. An older one is built again, a newer one needs a newer host.
pub(crate) fn other_contract_remedy(found: &str) -> String {
    match (numbers(found), numbers(CONTRACT)) {
        (Some(found_numbers), Some(own)) if found_numbers > own => format!(
            "It is newer than this host: install a Counterfoil that serves {found}, or take a version of the plugin for {CONTRACT}"
        ),
        (Some(_), _) => format!(
            "It is older than this host: build it again with an SDK for {CONTRACT}, or ask its publisher for such a version"
        ),
        (None, _) => format!("Build it with an SDK for {CONTRACT}"),
    }
}

/// The part that two sides must share.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remedy_says_which_side_is_behind() {
        for (found, says) in [
            ("0.0.9", "older than this host"),
            ("0.2.0", "newer than this host"),
            ("0.10", "newer than this host"),
            ("1.0.0", "newer than this host"),
            ("soon", "Build it with an SDK"),
            ("", "Build it with an SDK"),
        ] {
            assert!(other_contract_remedy(found).contains(says), "{found}");
        }
    }
}
