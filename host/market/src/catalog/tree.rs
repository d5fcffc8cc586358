//! Who is served by whom: `[{"reseller": "R-1", "template": "gold"}, {"reseller": "R-2", "upstream": "R-1", …}]`.

use counterfoil_domain::catalog::id::TemplateId;
use counterfoil_domain::catalog::{Node, Upstream};
use counterfoil_domain::id::ResellerId;
use serde::Deserialize;

use super::wire::{Place, Unreadable, id};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    reseller: String,
    /// The provider itself where there is none.
    upstream: Option<String>,
    template: String,
}

/// A page of the list over HTTP.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) nodes: Vec<Node>,
    pub(super) next: Option<String>,
}

pub(super) fn page(text: &[u8]) -> Result<Page, Unreadable> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sheet {
        resellers: Vec<Row>,
        next: Option<String>,
    }
    let Sheet { resellers, next } = serde_json::from_slice(text).map_err(Unreadable::json)?;
    Ok(Page { nodes: nodes(resellers)?, next })
}

pub(super) fn read(text: &[u8]) -> Result<Vec<Node>, Unreadable> {
    nodes(serde_json::from_slice(text).map_err(Unreadable::json)?)
}

fn nodes(rows: Vec<Row>) -> Result<Vec<Node>, Unreadable> {
    let top = Place::top();
    rows.into_iter().enumerate().map(|(index, row)| node(&row, &top.at(&index.to_string()))).collect()
}

fn node(row: &Row, place: &Place<'_>) -> Result<Node, Unreadable> {
    let upstream = match &row.upstream {
        None => Upstream::Provider,
        Some(above) => Upstream::Reseller(id::<ResellerId>(above, &place.at("upstream"))?),
    };
    Ok(Node {
        reseller: id::<ResellerId>(&row.reseller, &place.at("reseller"))?,
        upstream,
        template: id::<TemplateId>(&row.template, &place.at("template"))?,
    })
}
