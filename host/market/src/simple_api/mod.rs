//! The Simple API's answers (1.1 to 1.15) as domain values. Owns reading and naming what cannot be read; owns no
//! transport. Rows are read one by one and field by field: unknown fields are ignored, unknown words pass through,
//! numbers may come as text and text as numbers, null is the same as missing.
//!
//! Not verified on a real tenant, and decided here: the plain price fields count, their `sales…` twins are ignored
//! (their meaning is not documented); `extendedPrice` is taken as net of discount and tax; signs are taken as given.

mod amount;
mod currency;
mod customer;
mod date;
mod line;
mod order;
mod page;
mod product;
mod record;
mod settings;
mod subscription;
mod words;

pub use customer::decode_customer;
pub use order::{Origin, decode_head, decode_order};
pub use product::decode_product;
pub use settings::SetupProblem;
pub use subscription::decode_subscription;

pub(crate) use amount::exact;
pub(crate) use date::{day, instant};
pub(crate) use page::{read_page, row_id, single_row};
pub(crate) use record::{Problem, Record, clip};
pub(crate) use settings::{currency_setting, number_setting};
pub(crate) use subscription::decode_subscription_row;
