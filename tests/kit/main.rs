//! The conformance kit over the bundled targets and over a plugin with one defect at a time: right ones pass, and each defect
//! fails exactly the checks that are about it. `UPDATE_GOLDEN=1 cargo test -p counterfoil --test kit` rewrites the verdicts.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod books;
mod command;
mod defects;
mod table;
