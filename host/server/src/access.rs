//! Who may do what: one table of routes and the least role each needs. The guard reads it, the tests
//! enumerate it, and a route that is not in it answers nobody.

use axum::http::Method;

/// Each role may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    Viewer,
    Biller,
    Approver,
    Operator,
    Admin,
}

impl Role {
    pub const ALL: [Self; 5] = [Self::Viewer, Self::Biller, Self::Approver, Self::Operator, Self::Admin];

    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Biller => "biller",
            Self::Approver => "approver",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody who can reach the port.
    Open,
    /// A token, or a session with its CSRF header on everything that changes something.
    Least(Role),
    /// A page: whoever has not signed in is sent to do so.
    Page(Role),
    /// A form of a page: signed in, and the handler compares the CSRF field.
    Form(Role),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    pub method: &'static str,
    pub path: &'static str,
    pub access: Access,
}

const fn rule(method: &'static str, path: &'static str, access: Access) -> Rule {
    Rule { method, path, access }
}

const PAGE: Access = Access::Page(Role::Viewer);
const VIEWER: Access = Access::Least(Role::Viewer);
const BILLER: Access = Access::Least(Role::Biller);
const APPROVER: Access = Access::Least(Role::Approver);
const OPERATOR: Access = Access::Least(Role::Operator);
const ADMIN: Access = Access::Least(Role::Admin);

pub const ROUTES: &[Rule] = &[
    rule("GET", "/healthz", Access::Open),
    rule("GET", "/readyz", Access::Open),
    rule("GET", "/metrics", VIEWER),
    rule("GET", "/v1/openapi.json", Access::Open),
    rule("POST", "/v1/setup", OPERATOR),
    rule("GET", "/v1/connections", VIEWER),
    rule("GET", "/v1/connections/{id}", VIEWER),
    rule("PUT", "/v1/connections/{id}/state", OPERATOR),
    rule("GET", "/v1/connections/{id}/auto-sync", VIEWER),
    rule("PUT", "/v1/connections/{id}/auto-sync", APPROVER),
    rule("POST", "/v1/connections/{id}/test", OPERATOR),
    rule("GET", "/v1/connections/{id}/authorize", OPERATOR),
    rule("POST", "/v1/connections/{id}/authorize", OPERATOR),
    rule("PUT", "/v1/connections/{id}/authorize", OPERATOR),
    rule("POST", "/v1/connections/{id}/authorize/answer", OPERATOR),
    rule("GET", "/v1/connections/{id}/search", BILLER),
    rule("POST", "/v1/connections/{id}/entities", BILLER),
    rule("POST", "/v1/connections/{id}/check", BILLER),
    rule("POST", "/v1/connections/{id}/reconcile", BILLER),
    rule("POST", "/v1/plans", BILLER),
    rule("GET", "/v1/plans/{digest}", VIEWER),
    rule("POST", "/v1/syncs", BILLER),
    rule("GET", "/v1/tasks", VIEWER),
    rule("POST", "/v1/tasks/ignore", BILLER),
    rule("POST", "/v1/tasks/unignore", BILLER),
    rule("GET", "/v1/tasks/{id}", VIEWER),
    rule("POST", "/v1/tasks/{id}/ignore", BILLER),
    rule("POST", "/v1/tasks/{id}/unignore", BILLER),
    rule("GET", "/v1/tasks/{id}/adjustments", VIEWER),
    rule("PUT", "/v1/tasks/{id}/adjustments", BILLER),
    rule("DELETE", "/v1/tasks/{id}/adjustments", BILLER),
    rule("POST", "/v1/tasks/{id}/decide", BILLER),
    rule("GET", "/v1/tasks/{id}/auto-sync", VIEWER),
    rule("GET", "/v1/notices", VIEWER),
    rule("GET", "/v1/follow-ups", VIEWER),
    rule("GET", "/v1/tasks/{id}/uncertain", VIEWER),
    rule("POST", "/v1/tasks/{id}/resolve", BILLER),
    rule("GET", "/v1/rules", VIEWER),
    rule("POST", "/v1/rules", BILLER),
    rule("DELETE", "/v1/rules/{id}", BILLER),
    rule("GET", "/v1/links", VIEWER),
    rule("PUT", "/v1/links", BILLER),
    rule("GET", "/v1/links/suggestions", BILLER),
    rule("GET", "/v1/links.csv", VIEWER),
    rule("POST", "/v1/links/import", BILLER),
    rule("GET", "/v1/programs", VIEWER),
    rule("GET", "/v1/connections/{id}/programs/{name}", VIEWER),
    rule("PUT", "/v1/connections/{id}/programs/{name}", OPERATOR),
    rule("GET", "/v1/connections/{id}/programs/{name}/motions", VIEWER),
    // It may search the target.
    rule("GET", "/v1/connections/{id}/programs/{name}/customers", BILLER),
    rule("PUT", "/v1/connections/{id}/programs/{name}/customers/{customer}/{motion}", BILLER),
    rule("DELETE", "/v1/connections/{id}/programs/{name}/customers/{customer}/{motion}", BILLER),
    rule("GET", "/v1/connections/{id}/programs/{name}/customers.csv", VIEWER),
    rule("POST", "/v1/connections/{id}/programs/{name}/customers/import", BILLER),
    rule("GET", "/v1/connections/{id}/programs/{name}/money", VIEWER),
    rule("GET", "/v1/statements", VIEWER),
    rule("GET", "/v1/statements/{id}", VIEWER),
    rule("GET", "/v1/catalog/options", VIEWER),
    rule("POST", "/v1/catalog/previews", OPERATOR),
    rule("POST", "/v1/catalog/syncs", OPERATOR),
    rule("POST", "/v1/catalog/undos", OPERATOR),
    rule("GET", "/v1/catalog/runs", VIEWER),
    rule("GET", "/v1/catalog/runs/{id}", VIEWER),
    rule("GET", "/v1/catalog/runs/{id}/events", VIEWER),
    rule("GET", "/v1/catalog/runs/{id}/resellers", VIEWER),
    rule("GET", "/v1/catalog/runs/{id}/resellers/{place}", VIEWER),
    rule("GET", "/v1/catalog/presets", VIEWER),
    rule("PUT", "/v1/catalog/presets/{name}", OPERATOR),
    rule("DELETE", "/v1/catalog/presets/{name}", OPERATOR),
    rule("GET", "/v1/connections/{id}/programs/{name}/products", VIEWER),
    rule("POST", "/v1/connections/{id}/programs/{name}/products/sync", BILLER),
    rule("GET", "/v1/runs", VIEWER),
    rule("GET", "/v1/runs/{id}", VIEWER),
    rule("GET", "/v1/runs/{id}/events", VIEWER),
    rule("GET", "/v1/exchanges", VIEWER),
    rule("GET", "/v1/audit", APPROVER),
    rule("GET", "/v1/audit/verify", APPROVER),
    rule("GET", "/v1/audit.ndjson", APPROVER),
    rule("GET", "/v1/users", ADMIN),
    rule("POST", "/v1/users", ADMIN),
    // Oneself; anybody else only for an administrator.
    rule("GET", "/v1/users/{name}", VIEWER),
    rule("PUT", "/v1/users/{name}", VIEWER),
    rule("DELETE", "/v1/users/{name}", ADMIN),
    rule("POST", "/v1/users/{name}/tokens", VIEWER),
    rule("DELETE", "/v1/users/{name}/tokens/{label}", VIEWER),
    rule("GET", "/v1/plugins", VIEWER),
    rule("POST", "/v1/plugins", OPERATOR),
    rule("GET", "/v1/plugins/{id}", VIEWER),
    rule("POST", "/v1/plugins/{id}/activate", OPERATOR),
    rule("POST", "/v1/plugins/{id}/rollback", OPERATOR),
    rule("POST", "/v1/plugins/{id}/shadow", OPERATOR),
    rule("GET", "/v1/summary", VIEWER),
    rule("GET", "/", PAGE),
    rule("GET", "/tasks.csv", PAGE),
    rule("POST", "/tasks/preview", Access::Form(Role::Biller)),
    rule("POST", "/tasks/chosen", Access::Form(Role::Biller)),
    rule("GET", "/tasks/{id}", PAGE),
    rule("POST", "/tasks/{id}/preview", Access::Form(Role::Biller)),
    rule("POST", "/tasks/{id}/sync", Access::Form(Role::Biller)),
    rule("POST", "/tasks/{id}/ignore", Access::Form(Role::Biller)),
    rule("POST", "/tasks/{id}/unignore", Access::Form(Role::Biller)),
    rule("POST", "/tasks/{id}/resolve", Access::Form(Role::Biller)),
    rule("GET", "/ignored", PAGE),
    rule("GET", "/ignored.csv", PAGE),
    rule("POST", "/ignored/chosen", Access::Form(Role::Biller)),
    rule("POST", "/ignored/all", Access::Form(Role::Biller)),
    rule("GET", "/ignored/rules", PAGE),
    rule("POST", "/ignored/rules", Access::Form(Role::Biller)),
    rule("POST", "/ignored/rules/{id}/remove", Access::Form(Role::Biller)),
    rule("GET", "/links", PAGE),
    rule("POST", "/links/preview", Access::Form(Role::Biller)),
    rule("POST", "/links/set", Access::Form(Role::Biller)),
    rule("GET", "/links/import", PAGE),
    rule("POST", "/links/import", Access::Form(Role::Biller)),
    rule("GET", "/audit", Access::Page(Role::Approver)),
    rule("POST", "/connections/{id}/check", Access::Form(Role::Biller)),
    rule("GET", "/connections", PAGE),
    rule("GET", "/connections/{id}", PAGE),
    rule("POST", "/connections/{id}/test", Access::Form(Role::Operator)),
    rule("POST", "/connections/{id}/state", Access::Form(Role::Operator)),
    rule("POST", "/connections/{id}/authorize", Access::Form(Role::Operator)),
    rule("POST", "/connections/{id}/tenant", Access::Form(Role::Operator)),
    rule("POST", "/connections/{id}/settings", Access::Form(Role::Operator)),
    rule("GET", "/targets/{id}", PAGE),
    rule("POST", "/targets/{id}", Access::Form(Role::Operator)),
    rule("GET", "/programs", PAGE),
    rule("POST", "/programs/{id}/{name}/enabled", Access::Form(Role::Operator)),
    rule("GET", "/programs/{id}/{name}", PAGE),
    rule("POST", "/programs/{id}/{name}", Access::Form(Role::Operator)),
    rule("GET", "/programs/{id}/{name}/billing", PAGE),
    // Only those who may search the target do so here.
    rule("GET", "/programs/{id}/{name}/billing/{customer}/{motion}", PAGE),
    rule("POST", "/programs/{id}/{name}/billing/{customer}/{motion}", Access::Form(Role::Biller)),
    rule("GET", "/programs/{id}/{name}/products", PAGE),
    rule("POST", "/programs/{id}/{name}/products", Access::Form(Role::Biller)),
    rule("GET", "/programs/{id}/{name}/money", PAGE),
    rule("GET", "/programs/{id}/{name}/statements", PAGE),
    rule("GET", "/programs/{id}/{name}/statements/{statement}", PAGE),
    rule("GET", "/preview/{id}", PAGE),
    rule("POST", "/sync", Access::Form(Role::Biller)),
    rule("GET", "/runs", PAGE),
    rule("GET", "/runs/{id}", PAGE),
    rule("GET", "/plugins", PAGE),
    rule("GET", "/plugins/{id}", PAGE),
    rule("POST", "/plugins/{id}/activate", Access::Form(Role::Operator)),
    rule("POST", "/plugins/{id}/rollback", Access::Form(Role::Operator)),
    rule("POST", "/plugins/{id}/shadow", Access::Form(Role::Operator)),
    rule("GET", "/catalog", PAGE),
    rule("POST", "/catalog/previews", Access::Form(Role::Operator)),
    rule("POST", "/catalog/presets/remove", Access::Form(Role::Operator)),
    rule("GET", "/catalog/runs/{id}", PAGE),
    rule("POST", "/catalog/runs/{id}/sync", Access::Form(Role::Operator)),
    rule("POST", "/catalog/runs/{id}/undo", Access::Form(Role::Operator)),
    rule("GET", "/catalog/runs/{id}/{place}", PAGE),
    rule("GET", "/reconcile", PAGE),
    rule("POST", "/reconcile", Access::Form(Role::Biller)),
    rule("GET", "/reconcile/{id}", PAGE),
    rule("GET", "/users", Access::Page(Role::Admin)),
    rule("POST", "/users", Access::Form(Role::Admin)),
    rule("POST", "/users/{name}", Access::Form(Role::Admin)),
    rule("GET", "/account", PAGE),
    rule("POST", "/account/password", Access::Form(Role::Viewer)),
    rule("POST", "/account/tokens", Access::Form(Role::Viewer)),
    rule("POST", "/account/tokens/remove", Access::Form(Role::Viewer)),
    rule("GET", "/login", Access::Open),
    rule("POST", "/login", Access::Open),
    // The state in the address says whose sign-in it is; the handlers look at the session where it was begun in one.
    rule("GET", "/oauth/callback", Access::Open),
    rule("POST", "/oauth/tenant", Access::Open),
    rule("POST", "/logout", Access::Form(Role::Viewer)),
    rule("GET", "/assets/{name}", Access::Open),
];

/// Accepting what needs a person is more than confirming a plan without findings.
pub(crate) const ACCEPTS_FINDINGS: Role = Role::Approver;
/// Sending again what may be there is more than saying where it is.
pub(crate) const RESENDS: Role = Role::Approver;

/// The rule of a matched route; HEAD is GET without a body.
pub(crate) fn rule_of(method: &Method, path: &str) -> Option<&'static Rule> {
    let method = if method == Method::HEAD { Method::GET.as_str() } else { method.as_str() };
    ROUTES.iter().find(|rule| rule.method == method && rule.path == path)
}
