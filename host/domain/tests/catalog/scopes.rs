//! Whom a run reaches: one, some, all on a template; one level or all.

use counterfoil_domain::catalog::{Depth, Node, Scope, Steps, Upstream, resolve};

fn node(reseller: &str, upstream: Option<&str>, template: &str) -> Node {
    let upstream = upstream.map_or(Upstream::Provider, |above| Upstream::Reseller(above.into()));
    Node { reseller: reseller.into(), upstream, template: template.into() }
}

/// a ─ a1 ─ a11, a2; b on the same template, c on another.
fn tree() -> Vec<Node> {
    vec![
        node("a11", Some("a1"), "t3"),
        node("a1", Some("a"), "t2"),
        node("a2", Some("a"), "t2"),
        node("b", None, "t"),
        node("a", None, "t"),
        node("c", None, "other"),
    ]
}

fn shown(steps: &Steps) -> String {
    let names: Vec<String> = steps.steps.iter().map(|step| format!("{}@{}", step.reseller, step.level)).collect();
    let left: Vec<&str> = steps.not_reached.iter().map(|id| id.as_str()).collect();
    format!("{} | {}", names.join(" "), left.join(" "))
}

#[test]
fn who_gets_a_turn_and_who_does_not() {
    let some = |ids: &[&str]| Scope::Selection(ids.iter().map(|id| (*id).into()).collect());
    let cases = [
        (Scope::One("a".into()), Depth::OneLevel, "a@1 | a1 a11 a2"),
        (Scope::One("a".into()), Depth::AllLevels, "a@1 a1@2 a11@3 a2@2 | "),
        (Scope::One("a1".into()), Depth::OneLevel, "a1@2 | a11"),
        (Scope::One("a1".into()), Depth::AllLevels, "a1@2 a11@3 | "),
        (Scope::One("c".into()), Depth::OneLevel, "c@1 | "),
        (some(&["b", "a", "a11"]), Depth::OneLevel, "a@1 a11@3 b@1 | a1 a2"),
        (some(&["a11", "c"]), Depth::AllLevels, "a11@3 c@1 | "),
        (Scope::Template("t".into()), Depth::OneLevel, "a@1 b@1 | a1 a11 a2"),
        (Scope::Template("t".into()), Depth::AllLevels, "a@1 a1@2 a11@3 a2@2 b@1 | "),
    ];
    for (scope, depth, expected) in cases {
        let steps = resolve(&scope, depth, &tree()).unwrap();
        assert_eq!(shown(&steps), expected, "{scope:?} {depth}");
        assert_eq!(steps.warning().is_some(), !steps.not_reached.is_empty());
    }
}

#[test]
fn a_parent_comes_before_its_children_and_nobody_comes_twice() {
    let steps = resolve(&Scope::Template("t".into()), Depth::AllLevels, &tree()).unwrap().steps;
    for (place, step) in steps.iter().enumerate() {
        let above = steps[..place].iter().any(|earlier| Upstream::Reseller(earlier.reseller.clone()) == step.upstream);
        assert!(above || step.upstream == Upstream::Provider);
        assert!(steps[..place].iter().all(|earlier| earlier.reseller != step.reseller));
    }
}

#[test]
fn what_cannot_be_reached_is_refused_by_name() {
    let none = Scope::Selection(std::collections::BTreeSet::new());
    let twice = vec![node("a", None, "t"), node("a", None, "t")];
    let round = vec![node("a", Some("b"), "t"), node("b", Some("a"), "t"), node("c", None, "t")];
    let cases = [
        (Scope::One("nobody".into()), tree(), "there is no reseller \"nobody\""),
        (Scope::Template("nowhere".into()), tree(), "no reseller is on service template \"nowhere\""),
        (none, tree(), "no reseller was chosen"),
        (Scope::One("a".into()), twice, "reseller \"a\" is in the list of resellers twice"),
        (Scope::One("c".into()), round, "reseller \"a\" is its own provider"),
        (Scope::One("a".into()), vec![node("a", Some("lost"), "t")], "reseller \"a\" is under \"lost\""),
    ];
    for (scope, nodes, expected) in cases {
        let said = resolve(&scope, Depth::AllLevels, &nodes).unwrap_err().to_string();
        assert!(said.starts_with(expected) && said.ends_with("nothing was synchronized"), "{said}");
    }
    let steps = resolve(&Scope::One("a1".into()), Depth::OneLevel, &tree()).unwrap();
    assert_eq!(
        steps.warning().unwrap(),
        "The plans are changed but the changes are not propagated to 1 sub-reseller. Synchronize all levels to reach them."
    );
}
