//! "Did you mean …": the nearest known word, if it is near enough to be a slip.

/// The known word nearest to what was written.
pub(crate) fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written = written.to_ascii_lowercase();
    let bound = 1 + written.chars().count() / 4;
    known
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(&written, &word.to_ascii_lowercase()), word))
        .filter(|(distance, _)| *distance <= bound)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// A sentence that helps: the near word, else the list.
pub(crate) fn hint<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    if let Some(word) = nearest(written, known.iter().copied()) {
        return format!("did you mean \"{word}\"?");
    }
    match known.as_slice() {
        [] => "there is none to choose from".to_owned(),
        words => format!("known are: {}", words.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognized_and_strangers_are_not() {
        let known = ["account_code", "tax_type", "status"];
        for (written, expected) in [
            ("acount_code", Some("account_code")),
            ("account-code", Some("account_code")),
            ("TAX_TYPE", Some("tax_type")),
            ("stauts", Some("status")),
            ("colour", None),
            ("x", None),
        ] {
            assert_eq!(nearest(written, known), expected, "{written}");
        }
        assert_eq!(hint("colour", known), "known are: account_code, tax_type, status");
        assert_eq!(hint("colour", []), "there is none to choose from");
    }
}
