//! How alike two names are, in whole percent. Owns what is not part of a name (case, blanks, punctuation, accents, legal
//! forms) and nothing of who is who: that is `suggest`.

use std::collections::BTreeSet;

/// Names longer than this are compared by their beginning: comparing costs the product of the lengths.
const MOST_CHARS: usize = 120;
/// Shorter names are alike only when they are the same: one letter of three is a third of the name.
const LEAST_CHARS: usize = 4;

/// A name without what people write one way today and another tomorrow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    text: String,
    sorted: Vec<String>,
    forms: BTreeSet<&'static str>,
    figures: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Likeness {
    /// 100 only if nothing is left that differs.
    pub percent: u8,
    /// "Shop 12" and "Shop 13": nearly the same letters, not the same thing.
    pub figures_differ: bool,
    /// Both name a legal form, and not the same one.
    pub forms_differ: bool,
}

impl Name {
    /// Of a company: its legal form is set apart.
    pub fn company(text: &str) -> Self {
        let mut words = words(text);
        let forms = take_forms(&mut words);
        if words.first().is_some_and(|first| first == "the") && words.len() > 1 {
            words.remove(0);
        }
        Self::of(words, forms)
    }

    /// Of a product, an item, a subscription.
    pub fn thing(text: &str) -> Self {
        Self::of(words(text), BTreeSet::new())
    }

    fn of(words: Vec<String>, forms: BTreeSet<&'static str>) -> Self {
        let text: String = words.join(" ").chars().take(MOST_CHARS).collect();
        let mut sorted: Vec<String> = text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        sorted.sort_unstable();
        let figures = sorted.iter().filter(|word| word.chars().any(char::is_numeric)).cloned().collect();
        Self { text, sorted, forms, figures }
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// One of its words begins so.
    pub fn has_word(&self, beginning: &str) -> bool {
        self.sorted.iter().any(|word| word.starts_with(beginning))
    }

    /// The word that tells it from others best: the longest one, the first of those.
    pub fn longest_word(&self) -> Option<&str> {
        self.text.split(' ').filter(|word| !word.is_empty()).rev().max_by_key(|word| word.chars().count())
    }

    pub fn likeness(&self, other: &Self) -> Likeness {
        let percent = match (self.is_empty() || other.is_empty(), self.text == other.text) {
            (true, _) => 0,
            (_, true) => 100,
            _ => self.nearly(other),
        };
        Likeness {
            percent,
            figures_differ: self.figures != other.figures,
            forms_differ: !self.forms.is_empty() && !other.forms.is_empty() && self.forms != other.forms,
        }
    }

    fn nearly(&self, other: &Self) -> u8 {
        if self.text.chars().count().min(other.text.chars().count()) < LEAST_CHARS {
            return 0;
        }
        let in_any_order = edits(&self.sorted.join(" "), &other.sorted.join(" "));
        let best = edits(&self.text, &other.text).max(in_any_order).max(self.shared(other));
        // The same words in another order are nearly the same name.
        best.min(99)
    }

    /// The letters of the words that both have, of all letters.
    fn shared(&self, other: &Self) -> u8 {
        let mut theirs = other.sorted.clone();
        let mut common = 0;
        for word in &self.sorted {
            if let Some(place) = theirs.iter().position(|other| other == word) {
                theirs.swap_remove(place);
                common += word.chars().count();
            }
        }
        let letters = |words: &[String]| words.iter().map(|word| word.chars().count()).sum::<usize>();
        percent(2 * common, letters(&self.sorted) + letters(&other.sorted))
    }
}

/// What is left after the changes that turn one into the other, of the longer.
fn edits(ours: &str, theirs: &str) -> u8 {
    let longest = ours.chars().count().max(theirs.chars().count());
    percent(longest.saturating_sub(strsim::osa_distance(ours, theirs)), longest)
}

fn percent(part: usize, whole: usize) -> u8 {
    if whole == 0 {
        return 0;
    }
    u8::try_from(part.saturating_mul(100) / whole).unwrap_or(100).min(100)
}

/// Letters and figures alone, in lower case and without accents: what codes and domains are compared by.
pub fn squeezed(text: &str) -> String {
    words(text).concat()
}

fn words(text: &str) -> Vec<String> {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        fold(c, &mut plain);
    }
    plain.split_whitespace().map(str::to_owned).collect()
}

/// One letter in its plain form; what stands between words becomes a blank.
fn fold(c: char, out: &mut String) {
    let plain = match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' | 'ǎ' => "a",
        'æ' => "ae",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
        'ð' | 'ď' | 'đ' => "d",
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => "e",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => "g",
        'ĥ' | 'ħ' => "h",
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => "i",
        'ĵ' => "j",
        'ķ' => "k",
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => "l",
        'ñ' | 'ń' | 'ņ' | 'ň' => "n",
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' => "o",
        'œ' => "oe",
        'ŕ' | 'ŗ' | 'ř' => "r",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => "s",
        'ß' => "ss",
        'ţ' | 'ť' | 'ŧ' | 'ț' => "t",
        'þ' => "th",
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => "u",
        'ŵ' => "w",
        'ý' | 'ÿ' | 'ŷ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        '&' => " and ",
        // Within a word they say nothing: "P.T.Y.", "O'Brien". Accents that stand for themselves neither.
        '.' | '\'' | '’' | '`' | '\u{0300}'..='\u{036f}' => "",
        c if c.is_alphanumeric() => {
            out.push(c);
            return;
        }
        _ => " ",
    };
    out.push_str(plain);
}

/// Legal forms as their last words are written, and what they are. Longer ones first.
const FORMS: &[(&[&str], &str)] = &[
    (&["sp", "z", "oo"], "spzoo"),
    (&["limited", "liability", "company"], "llc"),
    (&["gesellschaft", "mbh"], "gmbh"),
    (&["a", "s"], "as"),
    (&["s", "a"], "sa"),
    (&["proprietary"], "pty"),
    (&["pty"], "pty"),
    (&["private"], "pvt"),
    (&["pvt"], "pvt"),
    (&["pte"], "pte"),
    (&["limited"], "ltd"),
    (&["ltd"], "ltd"),
    (&["incorporated"], "inc"),
    (&["inc"], "inc"),
    (&["corporation"], "corp"),
    (&["corp"], "corp"),
    (&["company"], "co"),
    (&["co"], "co"),
    (&["llc"], "llc"),
    (&["llp"], "llp"),
    (&["lp"], "lp"),
    (&["plc"], "plc"),
    (&["gmbh"], "gmbh"),
    (&["mbh"], "gmbh"),
    (&["ag"], "ag"),
    (&["kg"], "kg"),
    (&["kgaa"], "kgaa"),
    (&["ohg"], "ohg"),
    (&["ug"], "ug"),
    (&["ev"], "ev"),
    (&["se"], "se"),
    (&["sa"], "sa"),
    (&["sas"], "sas"),
    (&["sarl"], "sarl"),
    (&["eurl"], "eurl"),
    (&["srl"], "srl"),
    (&["spa"], "spa"),
    (&["sl"], "sl"),
    (&["slu"], "sl"),
    (&["lda"], "lda"),
    (&["ltda"], "lda"),
    (&["bv"], "bv"),
    (&["nv"], "nv"),
    (&["vof"], "vof"),
    (&["oy"], "oy"),
    (&["oyj"], "oyj"),
    (&["ab"], "ab"),
    (&["as"], "as"),
    (&["asa"], "asa"),
    (&["aps"], "aps"),
    (&["doo"], "doo"),
    (&["sro"], "sro"),
    (&["kft"], "kft"),
    (&["zrt"], "zrt"),
    (&["bhd"], "bhd"),
    (&["sdn"], "sdn"),
    (&["kk"], "kk"),
];

/// Takes the legal forms off the end; a name that is nothing else keeps its words.
fn take_forms(words: &mut Vec<String>) -> BTreeSet<&'static str> {
    let mut forms = BTreeSet::new();
    loop {
        let ends = |tail: &[&str]| {
            words.len() > tail.len()
                && words[words.len() - tail.len()..].iter().zip(tail).all(|(word, end)| word == end)
        };
        let Some((tail, form)) = FORMS.iter().find(|(tail, _)| ends(tail)) else { break };
        words.truncate(words.len() - tail.len());
        forms.insert(*form);
        // "GmbH & Co. KG"
        if words.len() > 1 && words.last().is_some_and(|last| last == "and") {
            words.pop();
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_alike_without_what_is_not_part_of_them() {
        for (ours, theirs, least, most) in [
            ("Contoso Ltd", "Contoso Limited", 100, 100),
            ("ACME PTY LTD", "Acme P.T.Y. Limited", 100, 100),
            ("Müller & Söhne GmbH & Co. KG", "MULLER AND SOHNE", 100, 100),
            ("Müller GmbH", "Mueller GmbH", 80, 99),
            ("O'Brien’s  Café, Inc.", "OBriens Cafe", 100, 100),
            ("The Green Lane Company", "Green Lane", 100, 100),
            ("Lane Green", "Green Lane", 99, 99),
            ("Straße 1", "STRASSE 1", 100, 100),
            ("Łódź Sp. z o.o.", "lodz", 100, 100),
            ("Cafe\u{301} Noir", "Café Noir", 100, 100),
            ("Nordwind A/S", "Nordwind", 100, 100),
            ("İstanbul Ticaret", "istanbul ticaret", 100, 100),
            ("株式会社日本", "株式会社日本", 100, 100),
            ("Contoso", "Contso", 80, 99),
            ("Contoso", "Fabrikam", 0, 40),
            ("Contoso Australia", "Contoso", 40, 70),
            ("Limited", "Limited", 100, 100),
            ("AG", "SA", 0, 0),
            ("ABC", "ABD", 0, 0),
            ("", "", 0, 0),
            ("", "Contoso", 0, 0),
            ("...", "'''", 0, 0),
            ("%", "_", 0, 0),
        ] {
            let percent = Name::company(ours).likeness(&Name::company(theirs)).percent;
            assert!((least..=most).contains(&percent), "{ours:?} and {theirs:?}: {percent} %");
            let back = Name::company(theirs).likeness(&Name::company(ours)).percent;
            assert_eq!(percent, back, "{ours:?} and {theirs:?} the other way round");
        }
    }

    #[test]
    fn what_makes_another_of_nearly_the_same_letters_is_told() {
        let figures = |a, b| Name::thing(a).likeness(&Name::thing(b)).figures_differ;
        assert!(figures("Office 365 E3", "Office 365 E5"));
        assert!(!figures("Office 365 E3", "Office 365, e3"));
        let forms = |a, b| Name::company(a).likeness(&Name::company(b)).forms_differ;
        assert!(forms("Contoso Ltd", "Contoso GmbH"));
        assert!(!forms("Contoso Ltd", "Contoso Limited"));
        assert!(!forms("Contoso Ltd", "Contoso"));
    }

    #[test]
    fn a_long_name_is_compared_by_its_beginning() {
        let long = "x".repeat(50_000);
        let start = format!("{long} one");
        assert_eq!(Name::thing(&start).likeness(&Name::thing(&format!("{long} two"))).percent, 100);
        assert_eq!(Name::thing(&long).longest_word().map(str::len), Some(MOST_CHARS));
    }

    #[test]
    fn the_longest_word_is_the_first_of_them() {
        assert_eq!(Name::company("The Green Plumb Ltd").longest_word(), Some("green"));
        assert_eq!(Name::company(" ").longest_word(), None);
    }
}
