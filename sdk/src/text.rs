//! Small rules for text that ends up in a billing system.
//!
//! Owns clipping and white space. Works on characters, never on bytes, so no name is cut inside a letter.

/// At most `most` characters; a cut text ends in "…".
///
/// ```
/// use counterfoil_sdk::text::clip;
///
/// assert_eq!(clip("Zürich", 6), "Zürich");
/// assert_eq!(clip("Zürich AG", 6), "Züric…");
/// ```
#[must_use]
pub fn clip(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(most.saturating_sub(1)).collect();
    cut.truncate(cut.trim_end().len());
    cut.push('…');
    cut
}

/// Trimmed, with every run of white space and control characters as one space.
#[must_use]
pub fn single_spaced(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
