//! Addresses of our own pages, with what is asked for in their query.

/// What forms leave empty was not asked for.
pub(super) fn given(written: &Option<String>) -> Option<String> {
    written.as_deref().map(str::trim).filter(|written| !written.is_empty()).map(str::to_owned)
}

/// A path with the parts of its query that are there.
pub(super) fn of(path: &str, parts: &[(&str, Option<&str>)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in parts {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            query.append_pair(name, value);
        }
    }
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_what_was_asked_for_and_nothing_else() {
        let parts = [("kind", Some("party")), ("state", None), ("text", Some("a&b=\"<c>\"")), ("after", Some(""))];
        assert_eq!(of("/links", &parts), "/links?kind=party&text=a%26b%3D%22%3Cc%3E%22");
        assert_eq!(of("/links", &[]), "/links");
        assert_eq!(given(&Some("  x ".to_owned())).as_deref(), Some("x"));
        assert_eq!(given(&Some("  ".to_owned())), None);
    }
}
