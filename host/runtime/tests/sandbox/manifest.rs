//! Cards: the ones there are, and every way to get one wrong, with what is said about it.

use std::fmt::Write as _;
use std::path::Path;

use counterfoil_domain::card::{AuthScheme, BudgetScope, Containers, DeliveryClass};
use counterfoil_domain::order::{Fee, OrderType};
use counterfoil_runtime::manifest::{card_text, parse, scenario_table_markdown};

const GOOD: &str = include_str!("good.toml");

#[test]
fn the_card_of_the_xero_target_is_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/xero/plugin.toml");
    let card = parse(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!((card.id.as_str(), card.contract.as_str()), ("xero", "0.1"));
    assert_eq!(
        card.auth.iter().map(|auth| auth.scheme).collect::<Vec<_>>(),
        [AuthScheme::ClientCredentials, AuthScheme::AuthorizationCode]
    );
    assert!(
        card.budgets
            .limits
            .iter()
            .any(|limit| limit.scope == BudgetScope::Connection && limit.calls == 60 && limit.window.as_secs() == 60)
    );
    assert!(matches!(card.delivery.class(), DeliveryClass::A { lifetime } if lifetime.as_secs() == 300));
    // The form shows settings in the order of the file.
    assert_eq!(
        card.settings.iter().take(3).map(|setting| setting.name.as_str()).collect::<Vec<_>>(),
        ["tenant_id", "status", "documents"]
    );
    let sale = card.scenarios.iter().find(|scenario| scenario.order == OrderType::Sales).unwrap();
    assert_eq!(sale.fees.first().map(|(fee, _)| *fee), Some(Fee::PlanSetup));
}

#[test]
fn a_card_is_shown_to_people() {
    let card = parse(GOOD).unwrap();
    insta::assert_snapshot!("card_text", card_text(&card));
    assert!(card_text(&card).ends_with(&scenario_table_markdown(&card)));
}

/// (what the card says, its containers, under these settings: lines go into containers, what recurs stands there)
#[test]
fn containers_depend_on_the_card_and_on_a_setting() {
    let when = || Containers::When { setting: "region".into(), value: "us".into() };
    type Set = [(&'static str, &'static str)];
    let (us, eu): (&Set, &Set) = (&[("region", "us")], &[]);
    for (told, containers, set, puts, recurs) in [
        ("", Containers::No, eu, false, false),
        ("containers = false", Containers::No, eu, false, false),
        ("containers = true", Containers::Yes, eu, true, false),
        ("containers = true\nrecurring = true", Containers::Yes, eu, true, true),
        ("containers = { setting = \"region\", is = \"us\" }", when(), us, true, false),
        ("containers = { setting = \"region\", is = \"us\" }\nrecurring = true", when(), us, true, true),
        ("containers = { setting = \"region\", is = \"us\" }\nrecurring = true", when(), eu, false, false),
    ] {
        let card = parse(&GOOD.replacen("tasks = 50", &format!("tasks = 50\n{told}"), 1)).unwrap();
        assert_eq!(card.containers, containers, "{told}");
        let set = set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let filled = card.filled(&set);
        assert!(filled.contains(&("due_days".to_owned(), "30".to_owned())), "with the defaults");
        assert_eq!((card.puts_into_containers(&filled), card.recurs(&filled)), (puts, recurs), "{told} {set:?}");
        let says = card_text(&card);
        assert_eq!(says.contains("lines go into containers"), containers != Containers::No, "{told}");
        assert_eq!(says.contains("where region is us"), containers == when(), "{told}");
        assert_eq!(says.contains("what recurs stands in its container"), card.recurring, "{told}");
    }
}

/// What is replaced in the good card, and by what. An empty first part is put before everything.
const MISTAKES: &[(&str, &str)] = &[
    ("", "this is = not = toml\n"),
    ("contract = \"0.1\"\n", ""),
    ("contract = \"0.1\"", "contract = \"1.0\""),
    ("contract = \"0.1\"", "contract = 1"),
    ("", "contrat = \"0.1\"\n"),
    ("[plugin]", "[plugins]"),
    ("id = \"acme\"", "id = \"Acme Billing\""),
    ("id = \"acme\"", "id = \"\""),
    ("version = \"1.2.0\"", "version = \"1.2\""),
    ("version = \"1.2.0\"", "version = \"v01.2.0\""),
    ("documents = [\"invoice\"]", "documents = []"),
    ("documents = [\"invoice\"]", "documents = \"invoice\""),
    ("documents = [\"invoice\"]", "documents = [\"invoice\", \"invoice\", 7, \"Credit Note\"]"),
    ("summary =", "sumary ="),
    ("https://{region}.acme.example/v1", "http://acme.example/v1"),
    ("https://{region}.acme.example/v1", "https://{regoin}.acme.example/v1"),
    ("https://{region}.acme.example/v1", "https://{region.acme.example/v1"),
    ("https://{region}.acme.example/v1", "https://me:secret@acme.example"),
    ("https://{region}.acme.example/v1", "https://acme.example/v1/"),
    ("https://{region}.acme.example/v1", "acme"),
    ("path = \"/invoices/{id}\"", "path = \"invoices/{id}\""),
    ("path = \"/invoices/{id}\"", "path = \"/invoices/*\""),
    ("path = \"/invoices/{id}\"", "path = \"/invoices/x{id}\""),
    ("path = \"/invoices/{id}\"", "path = \"/invoices/../payroll\""),
    ("path = \"/invoices/{id}\"", "path = \"/invoices?all=1\""),
    ("path = \"/invoices/{id}\"", "path = \"/invoices\""),
    ("method = \"POST\"", "method = \"post\""),
    ("method = \"POST\"", "method = \"GET\""),
    (
        "method = \"POST\", path = \"/invoices\", effect = \"write\"",
        "method = \"PUT\", path = \"/invoices\", effect = \"read\"",
    ),
    ("effect = \"write\"", "effect = \"wirte\""),
    ("request_headers = [\"Accept\"]", "request_headers = [\"Accept\", \"authorization\", \"Bad Name\"]"),
    ("request_headers = [\"Accept\"]", "request_headers = [\"Idempotency-Key\", \"x-api-key\", \"X-Client\"]"),
    ("response_headers = [\"Retry-After\"]", "response_headers = [\"Set-Cookie\"]"),
    ("max_response_bytes = 1048576", "max_response_bytes = 99999999999"),
    ("max_response_bytes = 1048576", "max_response_bytes = \"1 MiB\""),
    ("timeout_ms = 30000", "timeout_ms = -1"),
    ("scheme = \"header\"", "scheme = \"heador\""),
    ("scheme = \"header\"", "scheme = \"basic\""),
    ("scheme = \"header\"", "scheme = \"oauth2-client-credentials\""),
    (
        "scheme = \"header\"",
        "scheme = \"oauth2-authorization-code\"\nauthorize_url = \"http://id.acme.example\"\ntoken_url = \"not a url\"\nscopes = [\"a b\"]",
    ),
    ("secrets = [\"api_key\"]", "secrets = [\"sk_live_51H8Zx/ABC\"]"),
    ("secrets = [\"api_key\"]", "secrets = []"),
    ("header = \"X-Api-Key\"\n", ""),
    (
        "header = \"X-Api-Key\"\n",
        "header = \"X-Api-Key\"\nalso = [{ scheme = \"header\", header = \"X-Api-Key\", secrets = [\"other\"] }]\n",
    ),
    ("value = \"{region}-client\"", "value = \"{reg}-client\""),
    ("name = \"X-Client\"", "name = \"Host\""),
    ("scope = \"connection\"", "scope = \"conection\""),
    ("calls = 60", "calls = 0"),
    ("window_seconds = 60", "window = 60"),
    ("concurrency = 4", "concurrency = 1000"),
    ("idempotency_seconds = 300\n", ""),
    ("idempotency_header = \"Idempotency-Key\"\n", ""),
    ("locate = \"reliable\"", "locate = \"maybe\""),
    ("tasks = 50", "tasks = 500"),
    ("tasks = 50", "tasks = 0"),
    ("memory_mib = 64", "memory_mib = 512"),
    ("plan_ms = 30000", "plan_ms = 3600000"),
    ("apply_ms = 60000\n", ""),
    ("type = \"choice\"", "type = \"choise\""),
    ("type = \"choice\"", "type = \"string\""),
    ("choices = [\"eu\", \"us\"]\n", ""),
    ("default = \"eu\"", "default = \"asia\""),
    ("default = 30", "default = \"thirty\""),
    ("default = true", "default = \"yes\""),
    ("[settings.due_days]", "[settings.DueDays]"),
    ("label = \"Days until due\"\n", ""),
    ("required = true", "required = \"yes\""),
    ("order = \"sales\"", "order = \"sale\""),
    ("order = \"sales\"", "order = \"migration\""),
    ("models = [\"before-billing-period\"]", "models = []"),
    ("models = [\"before-billing-period\"]", "models = [\"before-biling-period\"]"),
    ("plan-recurring = \"catalogue\"", "plan-recuring = \"catalogue\""),
    ("plan-recurring = \"catalogue\"", "plan-recurring = \"catalog\""),
    ("[\"plan-recurring\"]", "[\"plan-setup\", \"resource-setup\"]"),
    ("partial-period =", "partial-month ="),
    ("name = \"usage\"", "name = \"new sale\""),
    ("usage = true", "usage = false"),
    ("usage = true\n", ""),
    ("fees = { resource-overuse = \"order\" }", "fees = {}"),
    ("[[scenario]]\nname = \"new sale\"", "[scenarios]\nname = \"new sale\""),
    ("tasks = 50", "tasks = 50\ncontainers = \"yes\""),
    ("tasks = 50", "tasks = 50\ncontainers = { setting = \"regoin\", is = \"eu\" }"),
    ("tasks = 50", "tasks = 50\ncontainers = { setting = \"region\", is = \"ue\" }"),
    ("tasks = 50", "tasks = 50\ncontainers = { setting = \"draft\", is = \"yes\" }"),
    ("tasks = 50", "tasks = 50\ncontainers = { setting = \"region\", equals = \"eu\" }"),
    ("tasks = 50", "tasks = 50\nrecurring = true"),
];

#[test]
fn every_mistake_is_told_with_its_key_and_what_is_allowed() {
    assert!(parse(GOOD).is_ok(), "{}", parse(GOOD).unwrap_err());
    let mut told = String::new();
    for (good, bad) in MISTAKES {
        let text = if good.is_empty() {
            format!("{bad}{GOOD}")
        } else {
            assert!(GOOD.contains(good), "{good}");
            GOOD.replacen(good, bad, 1)
        };
        let errors = parse(&text).err().unwrap_or_else(|| panic!("accepted: {bad}"));
        let _ = writeln!(told, "{good:?} → {bad:?}");
        for problem in errors.0 {
            assert!(problem.line >= 1 && problem.line <= text.lines().count() + 1, "{problem}");
            let _ = writeln!(told, "    {problem}");
        }
    }
    insta::assert_snapshot!("mistakes", told);
}

#[test]
fn several_mistakes_are_told_together_in_the_order_of_the_file() {
    let text = GOOD
        .replace("contract = \"0.1\"", "contract = \"9\"")
        .replace("tasks = 50", "tusks = 50")
        .replace("calls = 60", "calls = \"many\"");
    let errors = parse(&text).unwrap_err();
    let keys: Vec<&str> = errors.0.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(keys, ["contract", "budgets.limits[0].calls", "batch.tasks", "batch.tusks"]);
    assert!(errors.0.is_sorted_by_key(|problem| problem.line));
    assert!(
        errors.to_string().starts_with("plugin.toml has 4 mistakes\n  contract (line 1): \"9\" is not served"),
        "{errors}"
    );
}
