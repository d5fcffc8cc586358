//! Where orders come from: the Simple API over HTTP and a folder of its exported answers. Both read the same
//! rows with the same decoder, so both give the same orders. Owns no socket (everything goes through the
//! domain's `Door`), no credential and no judgement: which order becomes a task is decided elsewhere.

pub mod catalog;
pub mod cloudblue;
pub mod file;
pub mod simple_api;

pub use cloudblue::{CloudBlueClient, route};
pub use file::FileMarketplace;
pub use simple_api::{Origin, SetupProblem};
