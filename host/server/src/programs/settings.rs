//! Settings of a program: what is written becomes a program, or what is wrong with it, field by field. Pure.

use counterfoil_domain::daily;
use counterfoil_domain::digest::Digester;
use counterfoil_domain::id::ConnectionId;
use counterfoil_domain::money::Money;
use counterfoil_domain::motion::Motion;
use counterfoil_domain::ports::MoneyRow;
use counterfoil_domain::program::{self, ProductMode, Program, ProgramName};

use crate::suggest::hint;
use crate::wire::{ProgramBody, ProgramView, totals_by_currency};

const MOST_EMAILS: usize = 20;
/// As long as an address may be.
const LONGEST_EMAIL: usize = 254;

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) field: String,
    pub(crate) code: &'static str,
    pub(crate) text: String,
}

pub(crate) fn name(written: &str) -> Result<ProgramName, String> {
    ProgramName::parse(written).ok_or_else(|| {
        let help = hint(written, ProgramName::ALL.iter().map(|name| name.name()));
        format!("\"{written}\" is not a program; {help}")
    })
}

/// The program of these, as it is set, or off where nobody set it.
pub(crate) fn of(programs: &[Program], connection: &ConnectionId, name: ProgramName) -> Program {
    let set = programs.iter().find(|program| program.name == name && program.connection == *connection);
    set.cloned().unwrap_or_else(|| Program::off(connection.clone(), name))
}

/// With what the body says; all that is wrong at once.
pub(crate) fn applied(before: &Program, body: &ProgramBody) -> Result<Program, Vec<Wrong>> {
    let mut wrongs = Vec::new();
    let mut wrong = |field: &str, code, text: String| wrongs.push(Wrong { field: field.to_owned(), code, text });
    let mut after = before.clone();
    for (set, to) in [
        (body.enabled, &mut after.enabled),
        (body.billing, &mut after.billing),
        (body.products, &mut after.products),
        (body.azure, &mut after.azure),
        (body.annual, &mut after.annual),
        (body.taxable, &mut after.taxable),
    ] {
        *to = set.unwrap_or(*to);
    }
    if let Some(emails) = &body.emails {
        for (place, email) in emails.iter().enumerate().filter(|(_, email)| !is_email(email.trim())) {
            wrong(&format!("emails/{place}"), "bad-email", format!("\"{email}\" is not an e-mail address"));
        }
        if emails.len() > MOST_EMAILS {
            wrong("emails", "too-many", format!("{} addresses are more than {MOST_EMAILS}", emails.len()));
        }
        after.emails = emails.iter().map(|email| email.trim().to_owned()).collect();
    }
    if let Some(motions) = &body.motions {
        after.motions.clear();
        for (place, written) in motions.iter().enumerate() {
            match Motion::parse(written).filter(|motion| *motion != Motion::Unknown) {
                Some(motion) => {
                    after.motions.insert(motion);
                }
                None => {
                    let known = Motion::ALL.iter().filter(|motion| **motion != Motion::Unknown);
                    let help = hint(written, known.map(|motion| motion.name()));
                    let text = format!("\"{written}\" is not a billing motion that can be selected; {help}");
                    wrong(&format!("motions/{place}"), "unknown-motion", text);
                }
            }
        }
    }
    if let Some(written) = &body.product_mode {
        match ProductMode::parse(written) {
            Some(mode) => after.mode = mode,
            None => {
                let help = hint(written, ProductMode::ALL.iter().map(|mode| mode.name()));
                wrong("product_mode", "unknown-choice", format!("\"{written}\" is not one of the choices; {help}"));
            }
        }
    }
    match body.daily_at.as_deref().map(str::trim) {
        None => {}
        Some("" | "none") => after.daily_at = None,
        Some(written) => match daily::parse_hour(written) {
            Ok(minutes) => after.daily_at = Some(minutes),
            Err(error) => wrong("daily_at", "bad-hour", format!("{error}; or \"none\"")),
        },
    }
    if let Some(written) = &body.time_zone {
        match daily::zone(written) {
            Ok(_) => written.trim().clone_into(&mut after.time_zone),
            Err(error) => wrong("time_zone", "bad-time-zone", error.to_string()),
        }
    }
    if after.enabled && after.billing && after.motions.is_empty() && !after.azure {
        let text = "statements are billed, and no billing motion is selected: nothing of them would be; select one";
        wrong("motions", "required", text.to_owned());
    }
    if wrongs.is_empty() { Ok(after) } else { Err(wrongs) }
}

/// Somebody at some host; whether anybody is there only a letter tells.
fn is_email(text: &str) -> bool {
    let Some((who, host)) = text.rsplit_once('@') else { return false };
    let plain =
        text.chars().all(|c| !c.is_whitespace() && !c.is_control() && !matches!(c, ',' | ';' | '<' | '>' | '"'));
    let host_is_good = host.split('.').count() > 1
        && host.split('.').all(|part| !part.is_empty() && !part.starts_with('-') && !part.ends_with('-'));
    !who.is_empty() && !who.contains('@') && plain && host_is_good && text.len() <= LONGEST_EMAIL
}

/// Of all that is set: who saw another version must look again.
pub(crate) fn etag(program: &Program) -> String {
    let view = ProgramView { next_runs: Vec::new(), ..ProgramView::new(program, chrono::DateTime::UNIX_EPOCH) };
    let mut digest = Digester::new("program-settings");
    digest.text(&serde_json::to_string(&view).unwrap_or_default());
    format!("\"{}\"", digest.short())
}

/// What is set, as an audit line: "billing: false → true; motions: …".
pub(crate) fn difference(before: &Program, after: &Program) -> String {
    let changed = fields(before).into_iter().zip(fields(after)).filter(|((_, from), (_, to))| from != to);
    let said: Vec<String> = changed.map(|((name, from), (_, to))| format!("{name}: {from} → {to}")).collect();
    said.join("; ")
}

/// Every field of a program, for whoever compares.
pub(crate) fn fields(program: &Program) -> Vec<(String, String)> {
    let motions: Vec<&str> = program.motions.iter().map(|motion| motion.name()).collect();
    let all = [
        ("enabled", program.enabled.to_string()),
        ("emails", program.emails.join(", ")),
        ("billing", program.billing.to_string()),
        ("motions", motions.join(", ")),
        ("products", program.products.to_string()),
        ("product_mode", program.mode.name().to_owned()),
        ("azure", program.azure.to_string()),
        ("annual", program.annual.to_string()),
        ("taxable", program.taxable.to_string()),
        ("daily_at", program.daily_at.map_or_else(|| "none".to_owned(), daily::hour_text)),
        ("time_zone", program.time_zone.clone()),
    ];
    all.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

/// What a change means for money that is under way: what was let through and is not any more. `rows` are the connection's.
pub(crate) fn warnings(before: &Program, after: &Program, rows: &[MoneyRow]) -> Vec<String> {
    let mut warnings = Vec::new();
    for motion in Motion::ALL {
        let held = |program| program::refusal(Some(program), *motion);
        let (None, Some((_, text))) = (held(before), held(after)) else { continue };
        let is_open =
            |row: &&MoneyRow| row.motion == *motion && matches!(row.state.as_str(), "pending" | "ready" | "planned");
        let open: Vec<&MoneyRow> = rows.iter().filter(is_open).collect();
        let recurs = rows.iter().any(|row| row.motion == *motion && row.state == "synced") && motion.recurs();
        if open.is_empty() && !recurs {
            continue;
        }
        let tasks: u64 = open.iter().map(|row| row.tasks).sum();
        let money: Vec<Money> = open.iter().map(|row| row.money).collect();
        let money: Vec<String> =
            totals_by_currency(money).iter().map(|sum| format!("{} {}", sum.amount, sum.currency)).collect();
        let money = if money.is_empty() { "no money".to_owned() } else { money.join(" + ") };
        let standing = if recurs {
            " What of it recurs in the target already goes on being billed there with each run; end it there if it shall not."
        } else {
            ""
        };
        warnings.push(format!(
            "{} is not billed any more ({text}): {tasks} open tasks with {money} are ignored now, and their money is kept and shown.{standing}",
            motion.text()
        ));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn off() -> Program {
        Program::off("c".into(), ProgramName::MicrosoftCsp)
    }

    #[test]
    fn each_field_is_held_against_what_it_may_be() {
        let words = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>());
        let text = |text: &str| Some(text.to_owned());
        let none = ProgramBody::default();
        let table: Vec<(ProgramBody, &[(&str, &str)])> = vec![
            (none.clone(), &[]),
            (ProgramBody { emails: words(&["a@b.example", " ops+csp@acme.co.uk "]), ..none.clone() }, &[]),
            (
                ProgramBody {
                    emails: words(&["a@b", "@b.example", "a b@c.example", "a@b..c", "a@b@c.d"]),
                    ..none.clone()
                },
                &[
                    ("emails/0", "bad-email"),
                    ("emails/1", "bad-email"),
                    ("emails/2", "bad-email"),
                    ("emails/3", "bad-email"),
                    ("emails/4", "bad-email"),
                ],
            ),
            (
                ProgramBody { motions: words(&["annual-monthly", "yearly", "unknown"]), ..none.clone() },
                &[("motions/1", "unknown-motion"), ("motions/2", "unknown-motion")],
            ),
            (ProgramBody { product_mode: text("in-use"), daily_at: text("none"), ..none.clone() }, &[]),
            (
                ProgramBody {
                    product_mode: text("some"),
                    daily_at: text("6 o'clock"),
                    time_zone: text("Vienna"),
                    ..none.clone()
                },
                &[("product_mode", "unknown-choice"), ("daily_at", "bad-hour"), ("time_zone", "bad-time-zone")],
            ),
            (
                ProgramBody { enabled: Some(true), billing: Some(true), motions: words(&[]), ..none.clone() },
                &[("motions", "required")],
            ),
            (
                ProgramBody {
                    enabled: Some(true),
                    billing: Some(true),
                    azure: Some(true),
                    motions: words(&[]),
                    ..none.clone()
                },
                &[],
            ),
            (ProgramBody { emails: Some(vec!["a@b.example".to_owned(); 21]), ..none }, &[("emails", "too-many")]),
        ];
        for (body, expected) in table {
            let wrongs = applied(&off(), &body).err().unwrap_or_default();
            let found: Vec<(&str, &str)> = wrongs.iter().map(|wrong| (wrong.field.as_str(), wrong.code)).collect();
            assert_eq!(found, expected, "{body:?}");
        }
    }

    #[test]
    fn what_is_left_out_stays_and_the_tag_tells_every_change() {
        let body = ProgramBody { enabled: Some(true), daily_at: Some("06:30".into()), ..ProgramBody::default() };
        let one = applied(&off(), &body).unwrap();
        assert_eq!((one.enabled, one.daily_at, one.billing), (true, Some(390), false));
        assert_eq!(difference(&off(), &one), "enabled: false → true; daily_at: none → 06:30");
        assert_eq!(applied(&one, &ProgramBody::default()).unwrap(), one);
        assert_eq!(etag(&one), etag(&one.clone()));
        let others = [
            Program { emails: vec!["a@b.example".into()], ..one.clone() },
            Program { daily_at: None, ..one.clone() },
            Program { taxable: true, ..one.clone() },
            Program { time_zone: "Europe/Vienna".into(), ..one.clone() },
        ];
        for other in others {
            assert_ne!(etag(&one), etag(&other), "{other:?}");
        }
    }
}
