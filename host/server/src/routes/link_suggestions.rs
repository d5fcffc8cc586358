//! What an unlinked thing may be in the target, with score and reasons. Nothing here links: a person does.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use counterfoil_domain::connection::{Connection, ManyToOne};
use counterfoil_domain::fitting::{self, Wanted};
use counterfoil_domain::id::{CustomerId, SubscriptionId};
use counterfoil_domain::judge::LinkBook;
use counterfoil_domain::link::{Link, LinkKind};
use counterfoil_domain::order::{Fee, ProductRef};
use counterfoil_domain::ports::{PageRequest, TaskFilter};
use counterfoil_domain::suggest::{self, Holders, Suggestion};
use counterfoil_domain::task::{Need, TaskState};
use serde::Deserialize;
use utoipa::IntoParams;

use super::connection;
use crate::extract::Params;
use crate::linking::change;
use crate::linking::looking::{look, terms_of_customer, terms_of_party, terms_of_product};
use crate::parts::App;
use crate::problem::Problem;
use crate::wire::{SuggestedFor, SuggestionList};

/// So many sources are answered at once; a target's calls of a day are few.
const MOST_SOURCES: usize = 25;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SuggestionQuery {
    pub(crate) connection: String,
    /// party · item · fee · container
    pub(crate) kind: String,
    /// Customer id, product code, fee name, subscription id. Without it: what tasks wait for.
    pub(crate) source: Option<String>,
}

/// What a source, or each source that tasks wait for, may be in the target.
#[utoipa::path(get, path = "/v1/links/suggestions", tag = "links", params(SuggestionQuery), responses((status = 200, body = SuggestionList)))]
pub(crate) async fn suggestions(
    State(app): State<App>,
    Params(query): Params<SuggestionQuery>,
) -> Result<Json<SuggestionList>, Problem> {
    let connection = connection(&app, &query.connection).await?;
    let kind = change::kind(&query.kind)?;
    let links = app.store().links(&connection.id, None).await?;
    let (sources, left_out) = match query.source {
        Some(source) => {
            change::source(kind, &source)?;
            let known = links.iter().find(|link| link.key.kind == kind && link.key.source == source);
            let name = known.map(|link| link.source_name.clone()).unwrap_or_default();
            (BTreeMap::from([(source, name)]), 0)
        }
        None => waiting(&app, &connection, kind).await?,
    };
    let asked = Asked { app: &app, connection: &connection, links: &links };
    let (sources, complete) = match kind {
        _ if sources.is_empty() => (Vec::new(), true),
        LinkKind::Party => asked.parties(sources).await?,
        LinkKind::Item => asked.items(sources).await?,
        LinkKind::Fee => asked.fees(sources).await?,
        LinkKind::Container => asked.containers(sources).await?,
    };
    let (connection, kind) = (connection.id.to_string(), kind.name().to_owned());
    Ok(Json(SuggestionList { connection, kind, sources, left_out, complete }))
}

/// Sources of this kind that pending tasks name, by source, and how many more there are.
async fn waiting(
    app: &App,
    connection: &Connection,
    kind: LinkKind,
) -> Result<(BTreeMap<String, String>, u64), Problem> {
    let filter = TaskFilter {
        connection: Some(connection.id.clone()),
        states: ["pending".to_owned()].into(),
        ..TaskFilter::default()
    };
    let mut page = PageRequest { after: None, limit: 1_000 };
    let mut all = BTreeMap::new();
    loop {
        let tasks = app.store().tasks(filter.clone(), page.clone()).await?;
        let Some(last) = tasks.last() else { break };
        page.after = Some((last.observed_at, last.id.clone()));
        for task in &tasks {
            let TaskState::Pending(needs) = &task.state else { continue };
            for need in needs {
                if let Need::Link { kind: wanted, source, name } = need
                    && *wanted == kind
                {
                    all.insert(source.clone(), name.clone());
                }
            }
        }
    }
    let left_out = u64::try_from(all.len().saturating_sub(MOST_SOURCES)).unwrap_or(u64::MAX);
    Ok((all.into_iter().take(MOST_SOURCES).collect(), left_out))
}

type Answer = Result<(Vec<SuggestedFor>, bool), Problem>;

/// Whose target is asked, with the links that are.
struct Asked<'a> {
    app: &'a App,
    connection: &'a Connection,
    links: &'a [Link],
}

fn answer(source: &str, source_name: &str, suggestions: Vec<Suggestion>) -> SuggestedFor {
    SuggestedFor {
        source: source.to_owned(),
        source_name: source_name.to_owned(),
        suggestions: suggestions.into_iter().map(Into::into).collect(),
    }
}

impl Asked<'_> {
    async fn parties(&self, sources: BTreeMap<String, String>) -> Answer {
        let ids: Vec<CustomerId> = sources.keys().map(|id| CustomerId::new(id.clone())).collect();
        let customers = self.app.store().customers(&self.connection.marketplace, Some(ids)).await?;
        if let (1, Some((source, _))) = (sources.len(), sources.first_key_value().filter(|_| customers.is_empty())) {
            return Err(Problem::not_found("customer", source));
        }
        let terms = customers.iter().flat_map(terms_of_customer).collect();
        let seen = look(self.app, self.connection, "party", terms).await?;
        let found = customers.iter().map(|customer| {
            let taken = suggest::holders(self.links, LinkKind::Party, customer.id.as_str());
            let suggestions = suggest::parties(customer, &seen.entities, &taken);
            answer(customer.id.as_str(), &customer.name, suggestions)
        });
        Ok((found.collect(), seen.complete))
    }

    async fn items(&self, sources: BTreeMap<String, String>) -> Answer {
        let known = self.app.store().products(&self.connection.marketplace).await?;
        let name = |code: &str, name: String| {
            let known = known.iter().find(|product| product.product.code == code);
            known.map(|product| product.product.name.clone()).filter(|_| name.is_empty()).unwrap_or(name)
        };
        let products: Vec<ProductRef> =
            sources.into_iter().map(|(code, given)| ProductRef { name: name(&code, given), code }).collect();
        let terms = products.iter().flat_map(terms_of_product).collect();
        let seen = look(self.app, self.connection, "item", terms).await?;
        let found = products.iter().map(|product| {
            let taken = match self.connection.rules.many_to_one {
                ManyToOne::One => suggest::holders(self.links, LinkKind::Item, &product.code),
                ManyToOne::Many | ManyToOne::SeparateContainers => Holders::new(),
            };
            answer(&product.code, &product.name, suggest::items(product, &seen.entities, &taken))
        });
        Ok((found.collect(), seen.complete))
    }

    async fn fees(&self, sources: BTreeMap<String, String>) -> Answer {
        let products = self.app.store().products(&self.connection.marketplace).await?;
        let currency = products.iter().find_map(|product| product.currency);
        let fees: Vec<Fee> = sources.keys().filter_map(|name| Fee::parse(name)).collect();
        let terms = fees.iter().flat_map(|fee| fee.name().split('-')).map(str::to_owned).collect();
        let seen = look(self.app, self.connection, "item", terms).await?;
        let found = fees.iter().map(|fee| {
            let suggestions = fitting::fee_items(*fee, currency, &seen.entities);
            answer(fee.name(), fee.name(), suggestions)
        });
        Ok((found.collect(), seen.complete))
    }

    async fn containers(&self, sources: BTreeMap<String, String>) -> Answer {
        let store = self.app.store();
        let ids: Vec<SubscriptionId> = sources.keys().map(|id| SubscriptionId::new(id.clone())).collect();
        let subscriptions = store.subscriptions(&self.connection.marketplace, Some(ids)).await?;
        if let (1, Some((source, _))) = (sources.len(), sources.first_key_value().filter(|_| subscriptions.is_empty()))
        {
            return Err(Problem::not_found("subscription", source));
        }
        let products = store.products(&self.connection.marketplace).await?;
        let fallback = products.iter().find_map(|product| product.currency);
        let book = LinkBook::new(self.links.to_vec());
        let party = |customer: &CustomerId| book.get(LinkKind::Party, customer.as_str()).and_then(Link::target);
        let terms = subscriptions.iter().filter_map(|s| party(&s.customer)).flat_map(terms_of_party).collect();
        let seen = look(self.app, self.connection, "container", terms).await?;
        let found = subscriptions.iter().map(|subscription| {
            let wanted = Wanted {
                currency: subscription.currency.or(fallback),
                cycle: subscription.cycle,
                party: party(&subscription.customer).map(|target| &target.id),
            };
            let suggestions = fitting::containers(wanted, &seen.entities);
            answer(subscription.id.as_str(), &subscription.name, suggestions)
        });
        Ok((found.collect(), seen.complete))
    }
}
