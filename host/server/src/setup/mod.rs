//! Declarative setup: resellers, marketplaces, connections, settings, links and secrets in one document.
//! Everything is checked first, all problems are told at once, and applying twice changes nothing the
//! second time. What the document does not name is left as it is; nothing is ever deleted by it.
//!
//! As people write it (the command line resolves `{ env = … }` and `{ file = … }` before it is sent; at
//! this door secrets are plain strings):
//!
//! ```toml
//! [reseller.acme]
//! name = "Acme Cloud"
//!
//! [marketplace.ingram]
//! reseller = "acme"
//! kind = "cloudblue"                      # or "file"; "catalog" and "catalog-files" hold service plans
//! location = "https://api.example.com/marketplace"   # or a folder
//! plain_http = false                      # the operator's exceptions, for simulators
//! private_addresses = false
//! settings = { sign_in = "token", marketplace = "us" }
//! secrets = { username = { env = "CB_USER" }, password = { file = "cb.password" }, subscription_key = { env = "CB_KEY" } }
//!
//! [connection.xero-main]
//! reseller = "acme"
//! plugin = "xero"
//! marketplace = "ingram"
//! name = "Xero, main books"               # optional from here on
//! base_url = "https://api.xero.com/api.xro/2.0"
//! token_url = "https://identity.xero.com/connect/token"
//! authorize_url = "https://login.xero.com/identity/connect/authorize"   # of a simulator or sandbox
//! auth = "oauth2-client-credentials"      # or "oauth2-authorization-code": then `connections authorize`
//! # sign_in_with = "xero-other"           # instead of secrets: one sign-in for several organisations
//! price_source = "marketplace"            # or "target"
//! rounding = "half-away-from-zero"        # or "half-even"
//! recurring_before_period = false
//! most_per_plan = "5000.00"               # above it a person must accept the plan
//! most_lines = 1000
//! most_change_percent = 400               # growth of a subscription's bill without a person; or "none"
//! start_on = "2026-10-01"
//! proration = "elapsed-days"              # day-number · target-native · none
//! refunds = "bill"                        # or "quantity-only"
//! many_to_one = "separate-containers"     # how many products may be linked to one item: one, many
//! description_source = "template"         # order · catalogue · template
//! description_template = "{product}, {period}"
//! trim_description = false                # to the product's name
//! check_every_minutes = 60
//! notify = "problems"                     # or "all"
//! auto_sync = { on = true, kinds = ["change", "billing"], most = "500.00" }
//! settings = { account_code = "200", tax_type = "OUTPUT2" }
//! secrets = { client_id = { env = "XERO_ID" }, client_secret = { env = "XERO_SECRET" } }
//!
//! [[connection.xero-main.link]]
//! kind = "item"                           # party · item · fee · container
//! source = "CFQ7TTC0LH18"
//! target = "0f5c…"
//! code = "M365BP"
//! name = "Microsoft 365 Business Premium"
//! attributes = { account-code = "201" }
//!
//! [[connection.xero-main.link]]
//! kind = "party"
//! source = "1000099"
//! never_sync = true
//!
//! # [[programs]]                            # of a connection on statements: "cloudiq", "prism"
//! # connection = "syncro-main"
//! # name = "microsoft-csp"
//! # enabled = true
//! # emails = ["billing@acme.example"]
//! # billing = true
//! # motions = ["monthly-monthly", "annual-monthly"]
//! # products = true
//! # product_mode = "in-use"                 # or "all"
//! # azure = true
//! # annual = false
//! # taxable = true
//! # daily_at = "06:30"                      # or "none"
//! # time_zone = "Europe/Vienna"
//! ```

mod again;
mod answer;
mod apply;
mod check;
mod connection;
mod diff;
mod document;
mod keys;
mod programs;
mod rules;

pub use answer::{FieldDiff, ObjectDiff, SecretDiff, SetupAnswer};
pub use document::{
    AutoSyncSetup, ConnectionSetup, LinkSetup, MarketplaceSetup, Plain, ProgramSetup, ResellerSetup, SettingText,
    SetupDocument,
};
pub use keys::parse;

pub(crate) use again::again;
pub(crate) use apply::{refused, run};
