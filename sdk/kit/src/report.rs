//! What the kit found: checks with their verdicts, the score, and the class of delivery that was proved. Owns its three shapes:
//! for people, for programs, for a build server.

use std::fmt::Write as _;

use counterfoil_domain::card::DeliveryClass;
use counterfoil_domain::id::PluginDigest;
use serde_json::{Value, json};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// What was seen to hold.
    Pass(String),
    /// What does not.
    Fail(String),
    /// What it needed and did not get.
    Skipped(String),
    /// Why there was nothing to check.
    NotApplicable(String),
}

impl Verdict {
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pass(_) => "pass",
            Self::Fail(_) => "fail",
            Self::Skipped(_) => "skipped",
            Self::NotApplicable(_) => "not-applicable",
        }
    }

    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Pass(text) | Self::Fail(text) | Self::Skipped(text) | Self::NotApplicable(text) => text,
        }
    }

    #[must_use]
    pub fn is_fail(&self) -> bool {
        matches!(self, Self::Fail(_))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// "delivery.lost-after"; the part before the dot is its group.
    pub id: String,
    pub does: String,
    pub verdict: Verdict,
    /// The exchange, shortened, where it did not pass.
    pub evidence: Vec<String>,
    /// What helps where it fails.
    pub remedy: String,
}

impl Check {
    #[must_use]
    pub fn group(&self) -> &str {
        self.id.split('.').next().unwrap_or(&self.id)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Empty where the file tells nothing.
    pub plugin: String,
    pub version: String,
    pub digest: Option<PluginDigest>,
    pub checks: Vec<Check>,
    /// Passed and applicable.
    pub score: (usize, usize),
    pub proved: DeliveryClass,
    pub claimed: DeliveryClass,
}

fn class(class: DeliveryClass) -> &'static str {
    match class {
        DeliveryClass::A { .. } => "A",
        DeliveryClass::B => "B",
        DeliveryClass::C => "C",
    }
}

/// Of the four, in this order, in the summary.
const COUNTED: [&str; 4] = ["pass", "fail", "skipped", "not-applicable"];

impl Report {
    pub(crate) fn new(checks: Vec<Check>, proved: DeliveryClass, claimed: DeliveryClass) -> Self {
        let passed = checks.iter().filter(|check| matches!(check.verdict, Verdict::Pass(_))).count();
        let none = checks.iter().filter(|check| matches!(check.verdict, Verdict::NotApplicable(_))).count();
        let score = (passed, checks.len() - none);
        Self { plugin: String::new(), version: String::new(), digest: None, checks, score, proved, claimed }
    }

    /// Nothing failed, and nothing was left open.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.score.0 == self.score.1
    }

    #[must_use]
    pub fn failures(&self) -> Vec<&Check> {
        self.checks.iter().filter(|check| check.verdict.is_fail()).collect()
    }

    fn counts(&self) -> Vec<String> {
        let of = |name: &str| self.checks.iter().filter(|check| check.verdict.name() == name).count();
        COUNTED
            .iter()
            .map(|name| (name, of(name)))
            .filter(|(_, n)| *n > 0)
            .map(|(name, n)| format!("{n} {name}"))
            .collect()
    }

    /// For people: failures first, with what helps.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let digest = self.digest.as_ref().map(|digest| digest.as_str().chars().take(12).collect::<String>());
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{} {} ({})", self.plugin, self.version, digest.unwrap_or_default());
        let (passed, applicable) = self.score;
        let _ = writeln!(text, "{passed} of {applicable} checks passed: {}", self.counts().join(", "));
        let (claimed, proved) = (class(self.claimed), class(self.proved));
        let _ = writeln!(text, "Delivery: class {claimed} promised, class {proved} proved");
        for check in self.checks.iter().filter(|check| check.verdict.is_fail()) {
            let _ = writeln!(text, "\nFAIL {} — {}", check.id, check.does);
            let _ = writeln!(text, "  {}", check.verdict.text());
            let _ = writeln!(text, "  What helps: {}", check.remedy);
            for line in &check.evidence {
                let _ = writeln!(text, "    {line}");
            }
        }
        let mut group = "";
        for check in &self.checks {
            if check.group() != group {
                group = check.group();
                let _ = writeln!(text, "\n{group}");
            }
            let _ = writeln!(text, "  {:<15}{:<28}{}", check.verdict.name(), check.id, check.verdict.text());
        }
        text
    }

    #[must_use]
    pub fn to_json(&self) -> Value {
        let check = |check: &Check| {
            json!({
                "id": check.id, "group": check.group(), "does": check.does, "verdict": check.verdict.name(),
                "text": check.verdict.text(), "evidence": check.evidence, "remedy": check.remedy,
            })
        };
        json!({
            "plugin": self.plugin, "version": self.version,
            "digest": self.digest.as_ref().map(PluginDigest::as_str),
            "passed": self.score.0, "applicable": self.score.1, "conforms": self.passed(),
            "delivery": { "claimed": class(self.claimed), "proved": class(self.proved) },
            "checks": self.checks.iter().map(check).collect::<Vec<_>>(),
        })
    }

    /// For build servers.
    #[must_use]
    pub fn to_junit(&self) -> String {
        let count = |name: &str| self.checks.iter().filter(|check| check.verdict.name() == name).count();
        let left = count("skipped") + count("not-applicable");
        let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let _ = writeln!(
            text,
            "<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" skipped=\"{left}\">",
            escaped(&format!("{} {}", self.plugin, self.version)),
            self.checks.len(),
            count("fail")
        );
        for check in &self.checks {
            let (id, said) = (escaped(&check.id), escaped(check.verdict.text()));
            let _ = write!(text, "  <testcase classname=\"{}\" name=\"{id}\"", escaped(check.group()));
            let _ = match &check.verdict {
                Verdict::Pass(_) => writeln!(text, "/>"),
                Verdict::Fail(_) => {
                    let more = format!("{}\n{}", check.remedy, check.evidence.join("\n"));
                    writeln!(text, "><failure message=\"{said}\">{}</failure></testcase>", escaped(&more))
                }
                Verdict::Skipped(_) | Verdict::NotApplicable(_) => {
                    writeln!(text, "><skipped message=\"{said}\"/></testcase>")
                }
            };
        }
        text.push_str("</testsuite>\n");
        text
    }
}

/// XML knows few characters below the blank, and no escape for the others.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let check = |id: &str, verdict: Verdict| Check {
            id: id.to_owned(),
            does: "does".to_owned(),
            verdict,
            evidence: vec!["read GET /a → 200 <b>".to_owned()],
            remedy: "helps".to_owned(),
        };
        let checks = vec![
            check("a.one", Verdict::Pass("held".to_owned())),
            check("a.two", Verdict::Fail("\"broke\" & <b>\u{1}".to_owned())),
            check("b.three", Verdict::NotApplicable("nothing there".to_owned())),
            check("b.four", Verdict::Skipped("needs two".to_owned())),
        ];
        Report {
            plugin: "p".to_owned(),
            version: "1".to_owned(),
            ..Report::new(checks, DeliveryClass::C, DeliveryClass::B)
        }
    }

    #[test]
    fn what_does_not_apply_counts_for_nothing() {
        assert_eq!(report().score, (1, 3));
        assert!(!report().passed());
        assert_eq!(report().failures().len(), 1);
    }

    #[test]
    fn people_read_failures_first_with_what_helps() {
        let text = report().to_text();
        let at = |words: &str| text.find(words).unwrap_or(usize::MAX);
        assert!(at("1 of 3 checks passed: 1 pass, 1 fail, 1 skipped, 1 not-applicable") < at("FAIL a.two"), "{text}");
        assert!(at("FAIL a.two") < at("What helps: helps") && at("What helps: helps") < at("  pass "), "{text}");
        assert!(text.contains("class B promised, class C proved"), "{text}");
    }

    #[test]
    fn programs_and_build_servers_get_the_same() {
        let json = report().to_json();
        assert_eq!(json["checks"][1]["verdict"], "fail");
        assert_eq!(json["delivery"], json!({ "claimed": "B", "proved": "C" }));
        let junit = report().to_junit();
        assert!(junit.contains("tests=\"4\" failures=\"1\" skipped=\"2\""), "{junit}");
        assert!(junit.contains("message=\"&quot;broke&quot; &amp; &lt;b&gt;\u{fffd}\""), "{junit}");
    }
}
