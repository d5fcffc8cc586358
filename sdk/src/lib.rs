//! The software kit for Counterfoil targets: billing systems as sandboxed plugins.
//!
//! Owns everything between the contract (`wit/target`) and a plugin's own logic: bindings, the one trait to implement,
//! exact money, days, JSON and the way out. Owns no knowledge of any billing system.
//!
//! A plugin is a library crate with this crate as its only dependency, `crate-type = ["cdylib"]`, and a `plugin.toml`
//! beside it. It implements [`Target`] and says `counterfoil_sdk::target!(Type);`. Here is a whole one, for a system that
//! knows charges with a note. Its logic runs natively too, which is how the last lines test it:
//!
//! ```
//! use counterfoil_sdk::serde::{Deserialize, Serialize};
//! use counterfoil_sdk::testing::Scripted;
//! use counterfoil_sdk::*;
//!
//! #[derive(Debug, Default)]
//! pub struct Acme;
//!
//! // The system's JSON. Numbers are `json::Exact`: digits in, digits out.
//! #[derive(Serialize, Deserialize)]
//! #[serde(crate = "counterfoil_sdk::serde")]
//! struct Charge { id: Option<String>, customer: String, note: String, amount: json::Exact }
//!
//! impl Target for Acme {
//!     fn probe(&self, remote: &mut dyn Remote) -> Result<Account, Failure> {
//!         let answer = remote.read(Request::get("me", "/me"))?;
//!         let me = json::Object::parse("me", &answer.body)?;
//!         Ok(Account {
//!             id: me.text("id")?, name: me.text("name")?, base_currency: Currency::parse(&me.text("currency")?)?,
//!             country: String::new(), time_zone: "UTC".into(), locked_until: None, attributes: Attributes::new(),
//!         })
//!     }
//!
//!     fn search(&self, _: &mut dyn Remote, kind: &str, _: &str, _: Option<&str>) -> Result<EntityPage, Failure> {
//!         Err(Failure::unsupported("acme-kind", format!("Acme has no {kind}.")))
//!     }
//!
//!     fn get(&self, _: &mut dyn Remote, _: &str, _: &[String]) -> Result<Vec<Entity>, Failure> { Ok(Vec::new()) }
//!
//!     fn create(&self, _: &mut dyn Remote, kind: &str, _: &Draft) -> Result<Entity, Failure> {
//!         Err(Failure::unsupported("acme-kind", format!("Acme cannot create a {kind}.")))
//!     }
//!
//!     // One change for each job. What will be sent is decided here and travels in the payload.
//!     fn plan(&self, _: &mut dyn Remote, jobs: &[Job]) -> Vec<Result<Plan, Failure>> {
//!         jobs.iter().map(|job| {
//!             let party = job.party().ok_or_else(|| Failure::rejected("acme-customer", "Link the customer first."))?;
//!             let charge = Charge { id: None, customer: party.target_id.clone(), note: job.marker.clone(), amount: json::Exact(job.order.total) };
//!             let lines = job.order.lines.iter().map(|line| PlanLine {
//!                 covers: vec![line.id.clone()], description: line.description.clone(), quantity: line.quantity, unit_price: line.unit_price,
//!                 unit_cost: None, amount: line.amount, bills: line.amount, why: line.arithmetic.clone(), attributes: Attributes::new(),
//!             }).collect();
//!             let change = Change {
//!                 key: format!("charge:{}:{}", job.order.id, job.order.revision), action: Action::Create, document: "charge".into(), target: None,
//!                 title: format!("Charge for {}", job.order.number), fields: vec![], lines, total: Money::new(job.order.total, job.order.currency),
//!                 why: "New order.".into(), attributes: Attributes::new(),
//!             };
//!             Ok(Plan { job: job.id.clone(), changes: vec![change], payload: json::bytes(&charge)?, ..Plan::default() })
//!         }).collect()
//!     }
//!
//!     // Sends the payload as it is, under the change's key.
//!     fn apply(&self, remote: &mut dyn Remote, plans: &[Plan]) -> Vec<Result<Receipt, Failure>> {
//!         plans.iter().map(|plan| {
//!             let mut receipts = plan.adopted.clone();
//!             for change in plan.changes.iter().filter(|change| plan.adopted(&change.key).is_none()) {
//!                 let answer = remote.write(&change.key, Request::post("charge", "/charges").json_bytes(plan.payload.clone()))?;
//!                 if !answer.is_success() {
//!                     return Err(Failure::unknown_outcome("acme-charge", format!("Acme answered {}.", answer.status)));
//!                 }
//!                 // An answer that cannot be read proves nothing, so the outcome is unknown, not failed.
//!                 let stored: Charge = json::parse("charge", &answer.body).map_err(|failure| Failure { class: Class::UnknownOutcome, ..failure })?;
//!                 receipts.push(ChangeReceipt {
//!                     key: change.key.clone(), action: change.action, document: change.document.clone(), reference: stored.id.unwrap_or_default(),
//!                     number: String::new(), total: Some(Money::new(stored.amount.0, change.total.currency)), attributes: Attributes::new(),
//!                 });
//!             }
//!             Ok(Receipt { job: plan.job.clone(), changes: receipts, attributes: Attributes::new() })
//!         }).collect()
//!     }
//!
//!     fn locate(&self, _: &mut dyn Remote, _: &Plan, _: &str) -> Result<Located, Failure> {
//!         // Never answer `Absent` without having looked.
//!         Err(Failure::unsupported("acme-locate", "Acme cannot be searched by note; look for the charge by hand."))
//!     }
//!
//!     fn observe(&self, _: &mut dyn Remote, receipts: &[Receipt]) -> Vec<Result<Observation, Failure>> {
//!         receipts.iter().map(|_| Err(Failure::unsupported("acme-observe", "Acme does not show charges again."))).collect()
//!     }
//! }
//!
//! counterfoil_sdk::target!(Acme);
//!
//! # fn main() {
//! let mut remote = Scripted::new(|call| match call.line().as_str() {
//!     "POST /charges" => Ok(Response::new(201, r#"{"id":"c-7","customer":"42","note":"SO000123","amount":40.00}"#)),
//!     _ => Ok(Response::new(404, "")),
//! });
//! let change = Change {
//!     key: "charge:o1:1".into(), action: Action::Create, document: "charge".into(), target: None, title: "Charge".into(), fields: vec![], lines: vec![],
//!     total: Money::from_minor(4000, Currency::parse("USD").unwrap()), why: "New order.".into(), attributes: Attributes::new(),
//! };
//! let plan = Plan { job: "t1".into(), changes: vec![change], payload: b"{}".to_vec(), ..Plan::default() };
//! let receipt = Acme.apply(&mut remote, &[plan]).remove(0).unwrap();
//! assert_eq!(receipt.changes[0].reference, "c-7");
//! assert_eq!(receipt.changes[0].total.unwrap().to_string(), "40.00 USD");
//! # }
//! ```

// The generated code and the export macro name this crate by its name, in this crate as in any other.
extern crate self as counterfoil_sdk;

mod account;
mod attributes;
#[doc(hidden)]
pub mod bindings;
mod convert;
mod date;
pub mod decimal;
pub mod digest;
pub mod directory;
#[doc(hidden)]
pub mod door;
pub mod encode;
mod export;
mod failure;
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod guest;
pub mod json;
pub mod log;
mod money;
mod order;
pub mod plan;
mod receipt;
mod remote;
mod target;
pub mod testing;
pub mod text;

pub use account::Account;
pub use attributes::Attributes;
pub use date::{Date, Period};
pub use directory::{Draft, Entity, EntityPage};
pub use failure::{Class, Failure};
pub use money::{Currency, Money};
pub use order::{Adjustment, Billing, Job, Line, Link, Order, Proration, QuantityIs};
pub use plan::{Action, Change, Field, Omission, Plan, PlanLine};
pub use receipt::{ChangeReceipt, Located, Observation, ObservedDocument, ObservedLine, Receipt};
pub use remote::{Remote, Request, Response};
pub use rust_decimal::Decimal;
pub use target::Target;

/// Version of the contract that this crate speaks. `target!` leaves it in the plugin as the custom section
/// `counterfoil:contract`.
pub const CONTRACT: [u8; 5] = *b"0.1.0";

// A plugin depends on this crate alone, so what its code needs to name is here.
pub use {rust_decimal, serde, serde_json, wit_bindgen};
