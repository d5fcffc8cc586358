//! What the sources of statements have in common: rows of JSON or CSV as one thing, walking lists, unpacking downloads, dates,
//! prices, charges, billing motions, and whose a record is. Everything but the walk is pure. Owns no path and no call of any
//! source, and no judgement: what is billed is decided elsewhere.

mod book;
mod charge;
mod date;
mod head;
mod motion;
mod price;
mod read;
mod record;
mod row;
mod setting;
mod table;
mod tenant;
mod unpack;
mod walk;

pub(crate) use book::{Book, CYCLE, TERM};
pub(crate) use date::DateOrder;
pub(crate) use head::{HeadNames, head};
pub(crate) use motion::{Billed, Provision, Told, motion, split_prefix, term};
pub(crate) use read::statement;
pub(crate) use record::Ground;
pub(crate) use row::{Row, unreadable};
pub(crate) use setting::{SignIn, date_order, given, numbers, route_of};
pub(crate) use tenant::tenant;
pub(crate) use walk::{Leaf, List, Mark};
