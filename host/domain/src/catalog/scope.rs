//! Whom a synchronization reaches, in which order: a reseller before its sub-resellers. Owns the tree of resellers as far
//! as a run needs it; what a reseller shows downwards is `cascade`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::id::TemplateId;
use crate::id::ResellerId;
use crate::order::named;

/// A reseller in the tree: on whose template it is, and which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub reseller: ResellerId,
    pub upstream: Upstream,
    pub template: TemplateId,
}

/// Whose catalog a reseller gets its plans from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Upstream {
    Provider,
    Reseller(ResellerId),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    One(ResellerId),
    Selection(BTreeSet<ResellerId>),
    /// All resellers on a template of the provider.
    Template(TemplateId),
}

named! {
    Depth {
        OneLevel = "one-level",
        AllLevels = "all-levels",
    }
}

/// One reseller's turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub reseller: ResellerId,
    pub upstream: Upstream,
    pub template: TemplateId,
    /// 1: served by the provider itself.
    pub level: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Steps {
    /// Depth first: a reseller, then everything below it. Only a reseller's ancestors have to be held at one time.
    pub steps: Vec<Step>,
    /// Sub-resellers of these that the run does not reach.
    pub not_reached: Vec<ResellerId>,
}

impl Steps {
    /// The marketplace's own warning, with the number.
    pub fn warning(&self) -> Option<String> {
        let left = self.not_reached.len();
        let noun = if left == 1 { "sub-reseller" } else { "sub-resellers" };
        (left > 0).then(|| {
            format!(
                "The plans are changed but the changes are not propagated to {left} {noun}. Synchronize all levels to \
                 reach them."
            )
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    #[error("there is no reseller \"{0}\"; nothing was synchronized")]
    UnknownReseller(ResellerId),
    #[error("no reseller is on service template \"{0}\"; nothing was synchronized")]
    NobodyOn(TemplateId),
    #[error("no reseller was chosen; nothing was synchronized")]
    Nobody,
    #[error("reseller \"{reseller}\" is under \"{upstream}\", which is not a reseller here; nothing was synchronized")]
    UnknownUpstream { reseller: ResellerId, upstream: ResellerId },
    #[error("reseller \"{0}\" is its own provider, directly or through others; nothing was synchronized")]
    Circle(ResellerId),
    #[error("reseller \"{0}\" is in the list of resellers twice; nothing was synchronized")]
    Twice(ResellerId),
}

/// Who gets a turn, parents first.
pub fn resolve(scope: &Scope, depth: Depth, nodes: &[Node]) -> Result<Steps, ScopeError> {
    let tree = Tree::of(nodes)?;
    let chosen = tree.chosen(scope)?;
    let mut steps = Steps::default();
    let turn = |id, carried, below_change| Turn { id, carried, below_change };
    let mut queue: Vec<Turn<'_>> = tree.top().into_iter().rev().map(|id| turn(id, false, false)).collect();
    while let Some(Turn { id, carried, below_change }) = queue.pop() {
        let Some(node) = tree.nodes.get(id) else { continue };
        let reached = carried || chosen.contains(id);
        if reached {
            steps.steps.push(node.step(tree.level(id)));
        } else if below_change {
            steps.not_reached.push(id.clone());
        }
        let below = tree.below.get(id).map(Vec::as_slice).unwrap_or_default();
        let on = reached && depth == Depth::AllLevels;
        queue.extend(below.iter().rev().map(|sub| turn(sub, on, reached || below_change)));
    }
    Ok(steps)
}

impl Node {
    fn step(&self, level: usize) -> Step {
        Step {
            reseller: self.reseller.clone(),
            upstream: self.upstream.clone(),
            template: self.template.clone(),
            level,
        }
    }
}

/// A reseller on the way down: whether the run carries on to it, and whether anything above it changes.
struct Turn<'a> {
    id: &'a ResellerId,
    carried: bool,
    below_change: bool,
}

struct Tree<'a> {
    nodes: BTreeMap<&'a ResellerId, &'a Node>,
    below: BTreeMap<&'a ResellerId, Vec<&'a ResellerId>>,
    levels: BTreeMap<&'a ResellerId, usize>,
}

impl<'a> Tree<'a> {
    fn of(nodes: &'a [Node]) -> Result<Self, ScopeError> {
        let mut tree = Self { nodes: BTreeMap::new(), below: BTreeMap::new(), levels: BTreeMap::new() };
        for node in nodes {
            if tree.nodes.insert(&node.reseller, node).is_some() {
                return Err(ScopeError::Twice(node.reseller.clone()));
            }
        }
        for node in tree.nodes.values() {
            if let Upstream::Reseller(above) = &node.upstream {
                if !tree.nodes.contains_key(above) {
                    let (reseller, upstream) = (node.reseller.clone(), above.clone());
                    return Err(ScopeError::UnknownUpstream { reseller, upstream });
                }
                tree.below.entry(above).or_default().push(&node.reseller);
            }
        }
        let mut queue: Vec<(&ResellerId, usize)> = tree.top().into_iter().map(|id| (id, 1)).collect();
        while let Some((id, level)) = queue.pop() {
            tree.levels.insert(id, level);
            queue.extend(tree.below.get(id).into_iter().flatten().map(|sub| (*sub, level + 1)));
        }
        // Every walk upwards ends at the provider, unless it goes round.
        match tree.nodes.keys().find(|id| !tree.levels.contains_key(*id)) {
            Some(lost) => Err(ScopeError::Circle((*lost).clone())),
            None => Ok(tree),
        }
    }

    fn top(&self) -> Vec<&'a ResellerId> {
        self.nodes.values().filter(|node| node.upstream == Upstream::Provider).map(|node| &node.reseller).collect()
    }

    fn level(&self, id: &ResellerId) -> usize {
        self.levels.get(id).copied().unwrap_or_default()
    }

    fn chosen(&self, scope: &'a Scope) -> Result<BTreeSet<&'a ResellerId>, ScopeError> {
        let known = |id: &'a ResellerId| {
            self.nodes.contains_key(id).then_some(id).ok_or_else(|| ScopeError::UnknownReseller(id.clone()))
        };
        match scope {
            Scope::One(id) => Ok(BTreeSet::from([known(id)?])),
            Scope::Selection(ids) if ids.is_empty() => Err(ScopeError::Nobody),
            Scope::Selection(ids) => ids.iter().map(known).collect(),
            Scope::Template(template) => {
                let on = self.nodes.values().filter(|node| node.template == *template);
                let on: BTreeSet<_> =
                    on.filter(|node| node.upstream == Upstream::Provider).map(|node| &node.reseller).collect();
                if on.is_empty() { Err(ScopeError::NobodyOn(template.clone())) } else { Ok(on) }
            }
        }
    }
}
