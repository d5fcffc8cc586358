//! Canary secrets: set for a marketplace and for connections of every kind of sign-in, and sent back by a target and a
//! marketplace that mean harm, in every spelling that servers use. The running service must show them nowhere: not to
//! the guest, not in an answer of the API or a page, not in the log at its most talkative, not in any file.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod canaries;
mod echo;
mod nowhere;
mod service;
