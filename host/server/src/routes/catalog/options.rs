//! Which reseller synchronization options there are.

use axum::Json;
use counterfoil_domain::catalog::SyncOption;

use crate::wire::CatalogOptionList;

/// The reseller synchronization options, with what each of them sends.
#[utoipa::path(get, path = "/v1/catalog/options", tag = "catalog", responses((status = 200, body = CatalogOptionList)))]
pub(crate) async fn list() -> Json<CatalogOptionList> {
    Json(CatalogOptionList { options: SyncOption::ALL.iter().map(|option| (*option).into()).collect() })
}
