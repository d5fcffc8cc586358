//! What people may set on a task as a whole: `[adjust.NAME]`.

use counterfoil_domain::adjust::TAKEN_NAMES;
use counterfoil_domain::card::{AdjustType, Adjustable};

use super::reader::{At, Fields, allowed};
use super::rules::is_word;

const TYPES: [&str; 4] = ["string", "date", "boolean", "choice"];

pub(super) fn adjust(root: &mut Fields<'_>) -> Vec<Adjustable> {
    let Some(table) = root.maybe_table("adjust") else { return Vec::new() };
    table.named_tables().into_iter().filter_map(|(name, fields)| adjustable(name, fields)).collect()
}

fn adjustable(name: At<String>, mut fields: Fields<'_>) -> Option<Adjustable> {
    let report = fields.report();
    if !is_word(&name.value) {
        report.say(&name.spot, "must be lower-case letters, digits and underscores, beginning with a letter");
    } else if TAKEN_NAMES.contains(&name.value.as_str()) {
        report.say(&name.spot, format!("\"{}\" is the host's own; choose another name", name.value));
    }
    let kind = fields.text("type");
    let label = fields.text("label").map(|label| label.value).unwrap_or_default();
    let help = fields.scalar("help").map(|help| help.value).unwrap_or_default();
    let choices: Vec<String> = fields.texts("choices").into_iter().map(|choice| choice.value).collect();
    let is_choice = kind.as_ref().is_some_and(|kind| kind.value == "choice");
    if is_choice && choices.is_empty() {
        fields.say("choices", "must list at least one for a choice");
    } else if kind.is_some() && !is_choice && !choices.is_empty() {
        fields.say("choices", "only a value of type \"choice\" has choices");
    }
    fields.finish();
    let kind = kind?;
    let kind = match kind.value.as_str() {
        "string" => AdjustType::Text,
        "date" => AdjustType::Date,
        "boolean" => AdjustType::Boolean,
        "choice" => AdjustType::Choice(choices),
        other => {
            report.say(&kind.spot, format!("\"{other}\" is not a type; {}", allowed(other, &TYPES)));
            return None;
        }
    };
    Some(Adjustable { name: name.value, label, help, kind })
}

#[cfg(test)]
mod tests {
    use counterfoil_domain::card::AdjustType;

    use super::super::parse;

    const CARD: &str = include_str!("../../../../plugins/xero/plugin.toml");

    fn with(adjust: &str) -> Result<counterfoil_domain::card::Card, String> {
        parse(&format!("{CARD}\n{adjust}")).map_err(|errors| errors.to_string())
    }

    #[test]
    fn what_may_be_set_on_a_whole_task_stands_on_the_card() {
        let card =
            with("[adjust.zz_where]\ntype = \"choice\"\nlabel = \"Where\"\nhelp = \"h\"\nchoices = [\"a\", \"b\"]")
                .unwrap();
        let found = card.adjust.iter().find(|one| one.name == "zz_where").unwrap();
        assert_eq!(found.kind, AdjustType::Choice(vec!["a".into(), "b".into()]));
        for (adjust, expected) in [
            ("[adjust.zz]\ntype = \"dat\"\nlabel = \"D\"", "is not a type; allowed here: string, date"),
            ("[adjust.zz]\ntype = \"date\"", "adjust.zz.label"),
            ("[adjust.ZZ]\ntype = \"date\"\nlabel = \"D\"", "lower-case"),
            ("[adjust.decided]\ntype = \"string\"\nlabel = \"D\"", "the host's own"),
            ("[adjust.zz]\ntype = \"choice\"\nlabel = \"D\"", "at least one for a choice"),
            ("[adjust.zz]\ntype = \"date\"\nlabel = \"D\"\nchoices = [\"a\"]", "only a value of type"),
            ("[adjust.zz]\ntype = \"date\"\nlabel = \"D\"\nrequired = true", "is not a key of the card"),
        ] {
            let told = with(adjust).unwrap_err();
            assert!(told.contains(expected), "{adjust}: {told}");
        }
    }
}
