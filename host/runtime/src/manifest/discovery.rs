//! Where the target tells where it is: `[egress.discovery]`.

use counterfoil_domain::card::{AgainWhen, Discovery, Setting};

use super::reader::{Fields, Report, Spot};
use super::rules::{bad_open_url, bad_placeholders, placeholders};

pub(super) fn discovery(mut fields: Fields<'_>, base_url: &str, settings: &[Setting]) -> Option<Discovery> {
    let (report, spot) = (fields.report(), fields.spot());
    let url = fields.text("url");
    if let Some(url) = &url
        && let Some(problem) = bad_placeholders(&url.value, settings).or_else(|| bad_open_url(&url.value))
    {
        report.say(&url.spot, problem);
    }
    let told = fields.table("fields").map(Fields::named_texts).unwrap_or_default();
    if told.is_empty() {
        fields.say("fields", "must name at least one, such as { codebase = \"Codebase\" }");
    }
    let open = placeholders(base_url).unwrap_or_default();
    for (name, _) in told.iter().filter(|(name, _)| !open.contains(&name.value.as_str())) {
        report
            .say(&name.spot, format!("{{{}}} does not stand in the base URL, so nothing could be filled", name.value));
    }
    let suffixes = fields.texts("site_suffixes");
    for suffix in suffixes.iter().filter(|suffix| !is_domain(&suffix.value)) {
        report.say(&suffix.spot, format!("\"{}\" is not a domain such as \"example.net\"", suffix.value));
    }
    let again_when: Vec<AgainWhen> = fields.tables("again_when").into_iter().filter_map(again).collect();
    let writes_again = fields.flag("writes_again").unwrap_or(false);
    asks_again(report, &spot, &again_when, writes_again);
    fields.finish();
    Some(Discovery {
        url: url?.value,
        fields: told.into_iter().map(|(name, field)| (name.value, field.value)).collect(),
        site_suffixes: suffixes.into_iter().map(|suffix| suffix.value.to_ascii_lowercase()).collect(),
        again_when,
        writes_again,
    })
}

fn again(mut fields: Fields<'_>) -> Option<AgainWhen> {
    let status = fields.number("status", 400..=499);
    let text = fields.maybe_text("text").map(|text| text.value);
    fields.finish();
    Some(AgainWhen { status: status.and_then(|status| u16::try_from(status).ok())?, text })
}

fn asks_again(report: &Report<'_>, spot: &Spot, again_when: &[AgainWhen], writes_again: bool) {
    if writes_again && again_when.is_empty() {
        report.say(spot, "\"writes_again\" means nothing without \"again_when\"");
    }
}

/// Two names at least: a whole top-level domain belongs to no party.
fn is_domain(text: &str) -> bool {
    let good =
        |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    text.split('.').count() >= 2 && text.split('.').all(good)
}

#[cfg(test)]
mod tests {
    use counterfoil_domain::version::{Wider, wider};

    use super::super::parse;

    const CARD: &str = include_str!("../../../../plugins/connectwise/plugin.toml");

    #[test]
    fn whoever_is_led_further_or_writes_again_after_more_waits_for_a_yes() {
        let before = parse(CARD).unwrap();
        assert_eq!(wider(&before, &before), []);
        for (was, now, what, words) in [
            ("/login/companyinfo/", "/login/elsewhere/", Wider::Host, "/login/elsewhere/{company} tells where"),
            ("\"connectwisedev.com\"", "\"evil.test\"", Wider::Host, "led to hosts of evil.test"),
            ("{ status = 404 }", "{ status = 409 }", Wider::IdempotencyClaim, "after the answer 409"),
            ("text = \"Cannot route\"", "text = \"Cannot\"", Wider::IdempotencyClaim, "400 with \"Cannot\""),
        ] {
            assert!(CARD.contains(was), "{was}");
            let after = parse(&CARD.replacen(was, now, 1)).unwrap();
            let found = wider(&before, &after);
            let named = found.iter().any(|one| one.what == what && one.sentence.contains(words));
            assert!(named && found.len() == 1, "{now}: {found:?}");
        }
        let narrower = CARD.replacen("writes_again = true", "writes_again = false", 1);
        assert_eq!(wider(&before, &parse(&narrower).unwrap()), []);
        assert_eq!(wider(&parse(&narrower).unwrap(), &before).len(), 2, "one promise for each answer");
    }

    #[test]
    fn the_card_says_how_a_moved_target_is_found_again() {
        let card = parse(CARD).unwrap();
        let discovery = card.egress.discovery.unwrap();
        assert!(discovery.fields.contains(&("codebase".into(), "Codebase".into())), "{discovery:?}");
        assert!(discovery.writes_again && discovery.again_when.iter().any(|when| when.status == 404));
        let line = "writes_again = true";
        for (was, now, expected) in [
            ("codebase = \"Codebase\"", "cobase = \"Codebase\"", "{cobase} does not stand in the base URL"),
            ("\"myconnectwise.net\"", "\"net\"", "is not a domain"),
            ("{ status = 404 }", "{ status = 200 }", "out of range"),
            (line, "writes_agin = true", "Did you mean \"writes_again\"?"),
            ("/login/companyinfo/{company}", "/login/companyinfo/{compny}", "{compny} is not a setting"),
        ] {
            assert!(CARD.contains(was), "{was}");
            let told = parse(&CARD.replacen(was, now, 1)).unwrap_err().to_string();
            assert!(told.contains(expected), "{now}: {told}");
        }
    }
}
