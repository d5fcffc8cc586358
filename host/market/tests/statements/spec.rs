//! Every path and query name that the Cloud-iQ client calls stands in the vendor's own description, where it is at hand: set
//! `COUNTERFOIL_SPECS` to its folder.

use std::collections::BTreeSet;

use counterfoil_domain::ports::StatementSource;

use crate::cloudiq::world;
use crate::support::{cloudiq, heads};

/// (path, query names) of the description's reads, in lower case.
fn described(text: &str) -> Vec<(String, BTreeSet<String>)> {
    let mut found: Vec<(String, BTreeSet<String>)> = Vec::new();
    let mut in_get = false;
    for line in text.lines().take_while(|line| !line.starts_with("components:")) {
        if let Some(path) = line.strip_prefix("  /api/v1").and_then(|rest| rest.strip_suffix(':')) {
            found.push((path.to_lowercase(), BTreeSet::new()));
            in_get = false;
        } else if line.starts_with("    ") && !line.starts_with("     ") {
            in_get = line.trim() == "get:";
        } else if let Some(name) = line.trim().strip_prefix("- name: ").filter(|_| in_get)
            && let Some((_, names)) = found.last_mut()
        {
            names.insert(name.to_lowercase());
        }
    }
    found
}

#[tokio::test]
async fn what_is_called_is_described() {
    let Ok(folder) = std::env::var("COUNTERFOIL_SPECS") else { return };
    let text = std::fs::read_to_string(format!("{folder}/crayon/cloudiq-swagger-2022-04.yaml")).unwrap();
    let described = described(&text);
    assert!(described.len() > 90, "{}", described.len());
    assert!(described.iter().any(|(path, _)| path == "/connect/token"), "where tokens are asked for");
    let door = world();
    let client = cloudiq(&door, &[("agreement_types", "13")]);
    let (heads, _) = heads(&client).await.unwrap();
    client.statement(heads[0].clone()).await.unwrap();
    client.products(None).await.unwrap();
    client.customers(None).await.unwrap();
    let mut paths = BTreeSet::new();
    for call in door.calls.lock().unwrap().iter() {
        let path = call.request.path.to_lowercase();
        let fits = |known: &str| {
            known.split('/').count() == path.split('/').count()
                && known.split('/').zip(path.split('/')).all(|(a, b)| a == b || a.starts_with('{'))
        };
        let (_, names) =
            described.iter().find(|(known, _)| fits(known)).unwrap_or_else(|| panic!("{path} is not described"));
        for (name, _) in &call.request.query {
            assert!(names.contains(&name.to_lowercase()), "{path} has no {name}: {names:?}");
        }
        paths.insert(path);
    }
    assert_eq!(paths.len(), 6, "every read was made: {paths:?}");
}
