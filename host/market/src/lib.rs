//! Where orders come from: the Simple API over HTTP and a folder of its exported answers. Both read the same
//! rows with the same decoder, so both give the same orders. And where statements come from: Cloud-iQ and PRISM, which
//! share everything but their paths and names. Owns no socket (everything goes through the domain's `Door`), no
//! credential and no judgement: which order becomes a task is decided elsewhere.

mod ask;
pub mod catalog;
pub mod cloudblue;
pub mod cloudiq;
pub mod file;
pub mod prism;
pub mod simple_api;
mod statement;

pub use cloudblue::{CloudBlueClient, route};
pub use cloudiq::CloudIqClient;
pub use file::FileMarketplace;
pub use prism::PrismClient;
pub use simple_api::{Origin, SetupProblem};
