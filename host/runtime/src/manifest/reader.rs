//! Walks a TOML table, keeping the path and line of every value, and notes what is missing, of the wrong type,
//! out of range or unknown. Owns no rule about what a card means.

use std::cell::RefCell;
use std::ops::RangeInclusive;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::Problem;

/// Where a value stands.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    path: String,
    at: usize,
}

impl Spot {
    fn join(&self, key: &str, at: usize) -> Self {
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        Self { path, at }
    }

    fn index(&self, index: usize, at: usize) -> Self {
        Self { path: format!("{}[{index}]", self.path), at }
    }
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) spot: Spot,
}

/// All problems found so far.
#[derive(Debug)]
pub(super) struct Report<'t> {
    text: &'t str,
    problems: RefCell<Vec<(usize, Problem)>>,
}

impl<'t> Report<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, problems: RefCell::new(Vec::new()) }
    }

    pub(super) fn say(&self, spot: &Spot, message: impl Into<String>) {
        // Lines are counted once, at the end: a file of nothing but mistakes must not cost their square.
        let problem = Problem { key: spot.path.clone(), line: 0, message: message.into() };
        self.problems.borrow_mut().push((spot.at, problem));
    }

    pub(super) fn whole(&self, at: usize, message: String) {
        self.say(&Spot { path: String::new(), at }, message);
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|(at, _)| *at);
        let (mut line, mut counted) = (1, 0);
        let placed = problems.into_iter().map(|(at, problem)| {
            let passed = self.text.as_bytes().get(counted..at).unwrap_or_default();
            line += passed.iter().filter(|byte| **byte == b'\n').count();
            counted = counted.max(at);
            Problem { line, ..problem }
        });
        placed.collect()
    }
}

/// One table being read. Keys that nobody asked for are reported by `finish`.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    table: &'a DeTable<'a>,
    spot: Spot,
    report: &'a Report<'a>,
    asked: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    pub(super) fn root(table: &'a DeTable<'a>, report: &'a Report<'a>) -> Self {
        Self::new(table, Spot { path: String::new(), at: 0 }, report)
    }

    fn new(table: &'a DeTable<'a>, spot: Spot, report: &'a Report<'a>) -> Self {
        Self { table, spot, report, asked: Vec::new() }
    }

    pub(super) fn report(&self) -> &'a Report<'a> {
        self.report
    }

    pub(super) fn spot(&self) -> Spot {
        self.spot.clone()
    }

    /// A problem of one of this table's keys.
    pub(super) fn say(&self, key: &str, message: impl Into<String>) {
        let at = self.table.get(key).map_or(self.spot.at, |value| value.span().start);
        self.report.say(&self.spot.join(key, at), message);
    }

    fn find(&mut self, key: &'static str) -> Option<(&'a DeValue<'a>, Spot)> {
        self.asked.push(key);
        let value = self.table.get(key)?;
        Some((value.get_ref(), self.spot.join(key, value.span().start)))
    }

    fn need(&mut self, key: &'static str, what: &str) -> Option<(&'a DeValue<'a>, Spot)> {
        let found = self.find(key);
        if found.is_none() {
            self.say(key, format!("is missing; {what} is needed here"));
        }
        found
    }

    fn wrong(&self, spot: &Spot, what: &str, value: &DeValue<'_>) {
        self.report.say(spot, format!("must be {what}, not {}", a(value.type_str())));
    }

    fn as_text(&self, value: &DeValue<'_>, spot: Spot) -> Option<At<String>> {
        match value.as_str() {
            Some("") => self.report.say(&spot, "must not be empty"),
            Some(text) => return Some(At { value: text.to_owned(), spot }),
            None => self.wrong(&spot, "a text", value),
        }
        None
    }

    pub(super) fn text(&mut self, key: &'static str) -> Option<At<String>> {
        let (value, spot) = self.need(key, "a text")?;
        self.as_text(value, spot)
    }

    pub(super) fn maybe_text(&mut self, key: &'static str) -> Option<At<String>> {
        let (value, spot) = self.find(key)?;
        self.as_text(value, spot)
    }

    /// A text, a whole number or a truth value, as text; it may be empty.
    pub(super) fn scalar(&mut self, key: &'static str) -> Option<At<String>> {
        let (value, spot) = self.find(key)?;
        let text = match value {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) if number.radix() == 10 => number.as_str().to_owned(),
            DeValue::Boolean(flag) => flag.to_string(),
            other => {
                self.wrong(&spot, "a text, a whole number, true or false", other);
                return None;
            }
        };
        Some(At { value: text, spot })
    }

    /// Of what may be a table or something plainer.
    pub(super) fn is_table(&self, key: &'static str) -> bool {
        self.table.get(key).is_some_and(|value| value.get_ref().is_table())
    }

    pub(super) fn flag(&mut self, key: &'static str) -> Option<bool> {
        let (value, spot) = self.find(key)?;
        let flag = value.as_bool();
        if flag.is_none() {
            self.wrong(&spot, "true or false", value);
        }
        flag
    }

    pub(super) fn number(&mut self, key: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
        let (value, spot) = self.need(key, "a whole number")?;
        self.as_number(value, &spot, &range)
    }

    pub(super) fn number_or(&mut self, key: &'static str, range: RangeInclusive<u64>, default: u64) -> u64 {
        self.maybe_number(key, range).unwrap_or(default)
    }

    pub(super) fn maybe_number(&mut self, key: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
        self.find(key).and_then(|(value, spot)| self.as_number(value, &spot, &range))
    }

    fn as_number(&self, value: &DeValue<'_>, spot: &Spot, range: &RangeInclusive<u64>) -> Option<u64> {
        let Some(number) = value.as_integer() else {
            self.wrong(spot, "a whole number", value);
            return None;
        };
        let read = i128::from_str_radix(number.as_str(), number.radix()).ok();
        let found = read.and_then(|number| u64::try_from(number).ok()).filter(|number| range.contains(number));
        if found.is_none() {
            let shown = number.as_str();
            self.report.say(spot, format!("{shown} is out of range; {} to {} is allowed", range.start(), range.end()));
        }
        found
    }

    fn as_array(&self, value: &'a DeValue<'a>, spot: &Spot, what: &str) -> Option<&'a DeArray<'a>> {
        let array = value.as_array();
        if array.is_none() {
            self.wrong(spot, what, value);
        }
        array
    }

    /// A list of texts; absent is empty.
    pub(super) fn texts(&mut self, key: &'static str) -> Vec<At<String>> {
        let Some((value, spot)) = self.find(key) else { return Vec::new() };
        let Some(array) = self.as_array(value, &spot, "a list of texts") else { return Vec::new() };
        self.distinct(array, &spot)
    }

    /// The texts of a list; one that is listed twice is reported and taken once.
    fn distinct(&self, array: &'a DeArray<'a>, spot: &Spot) -> Vec<At<String>> {
        let mut found: Vec<At<String>> = Vec::new();
        for (index, item) in array.iter().enumerate() {
            let Some(text) = self.as_text(item.get_ref(), spot.index(index, item.span().start)) else { continue };
            if found.iter().any(|earlier| earlier.value == text.value) {
                self.report.say(&text.spot, format!("\"{}\" is listed twice", text.value));
            } else {
                found.push(text);
            }
        }
        found
    }

    /// A list of texts that must be there and have at least one.
    pub(super) fn some_texts(&mut self, key: &'static str) -> Vec<At<String>> {
        if self.need(key, "a list of texts").is_none() {
            return Vec::new();
        }
        let empty =
            self.table.get(key).and_then(|value| value.get_ref().as_array()).is_some_and(|array| array.is_empty());
        if empty {
            self.say(key, "must name at least one");
        }
        self.texts(key)
    }

    fn as_table(&self, value: &'a DeValue<'a>, spot: Spot) -> Option<Fields<'a>> {
        match value.as_table() {
            Some(table) => Some(Fields::new(table, spot, self.report)),
            None => {
                self.wrong(&spot, "a table", value);
                None
            }
        }
    }

    pub(super) fn table(&mut self, key: &'static str) -> Option<Fields<'a>> {
        let (value, spot) = self.need(key, "a table")?;
        self.as_table(value, spot)
    }

    pub(super) fn maybe_table(&mut self, key: &'static str) -> Option<Fields<'a>> {
        let (value, spot) = self.find(key)?;
        self.as_table(value, spot)
    }

    /// A list of tables; absent is empty.
    pub(super) fn tables(&mut self, key: &'static str) -> Vec<Fields<'a>> {
        let Some((value, spot)) = self.find(key) else { return Vec::new() };
        let Some(array) = self.as_array(value, &spot, "a list of tables") else { return Vec::new() };
        let items = array.iter().enumerate();
        items.filter_map(|(index, item)| self.as_table(item.get_ref(), spot.index(index, item.span().start))).collect()
    }

    /// Keys that are names of their own, in the order of the file. Reading them leaves nothing unknown.
    fn open(&self) -> Vec<(&'a str, Spot, &'a DeValue<'a>)> {
        let mut keys: Vec<_> = self.table.iter().collect();
        keys.sort_by_key(|(key, _)| key.span().start);
        let open = keys.into_iter().map(|(key, value): (&'a Spanned<_>, &'a Spanned<_>)| {
            let name: &'a str = key.get_ref();
            (name, self.spot.join(name, key.span().start), value.get_ref())
        });
        open.collect()
    }

    /// Each name with its table.
    pub(super) fn named_tables(self) -> Vec<(At<String>, Fields<'a>)> {
        let named = self.open().into_iter().filter_map(|(name, spot, value)| {
            let fields = self.as_table(value, spot.clone())?;
            Some((At { value: name.to_owned(), spot }, fields))
        });
        named.collect()
    }

    /// Each name with its text.
    pub(super) fn named_texts(self) -> Vec<(At<String>, At<String>)> {
        let named = self.open().into_iter().filter_map(|(name, spot, value)| {
            let text = self.as_text(value, spot.clone())?;
            Some((At { value: name.to_owned(), spot }, text))
        });
        named.collect()
    }

    /// Each name with its list of texts.
    pub(super) fn named_lists(self) -> Vec<(At<String>, Vec<At<String>>)> {
        let named = self.open().into_iter().filter_map(|(name, spot, value)| {
            let array = self.as_array(value, &spot, "a list of texts")?;
            let list = self.distinct(array, &spot);
            Some((At { value: name.to_owned(), spot }, list))
        });
        named.collect()
    }

    /// Reports every key that nobody asked for.
    pub(super) fn finish(self) {
        for (name, spot, _) in self.open() {
            if !self.asked.contains(&name) {
                let mut known = self.asked.clone();
                known.sort_unstable();
                known.dedup();
                self.report.say(&spot, format!("is not a key of the card; {}", allowed(name, &known)));
            }
        }
    }
}

fn a(kind: &str) -> String {
    match kind {
        "integer" | "array" => format!("an {kind}"),
        _ => format!("a {kind}"),
    }
}

/// "allowed here: a, b, c. Did you mean b?"
pub(super) fn allowed(given: &str, known: &[&str]) -> String {
    let list = known.join(", ");
    match nearest(given, known) {
        Some(word) => format!("allowed here: {list}. Did you mean \"{word}\"?"),
        None => format!("allowed here: {list}"),
    }
}

fn nearest<'k>(given: &str, known: &[&'k str]) -> Option<&'k str> {
    let given = given.to_ascii_lowercase();
    let distance = |word: &str| {
        let word = word.to_ascii_lowercase();
        let begun = given.len() >= 3 && (word.starts_with(&given) || given.starts_with(&word));
        if begun { 0 } else { strsim::damerau_levenshtein(&given, &word) }
    };
    let (far, word) = known.iter().map(|word| (distance(word), *word)).min()?;
    (far <= 2.max(word.len() / 3) && far < word.len()).then_some(word)
}

/// Finds a word of a closed set, or says which there are.
pub(super) fn one_of<T>(
    report: &Report<'_>,
    given: &At<String>,
    all: &[T],
    parse: fn(&str) -> Option<T>,
    name: fn(T) -> &'static str,
) -> Option<T>
where
    T: Copy,
{
    let found = parse(&given.value).filter(|found| all.iter().any(|known| name(*known) == name(*found)));
    if found.is_none() {
        let known: Vec<&str> = all.iter().map(|word| name(*word)).collect();
        report.say(&given.spot, format!("\"{}\" is not known; {}", given.value, allowed(&given.value, &known)));
    }
    found
}
