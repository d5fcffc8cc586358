//! The server over real sockets, on the store in memory: who may do what, that every refusal is a problem,
//! that setup is idempotent, that a plan is confirmed once, and that the API is what is written down.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails, in its helpers too")]

mod adjusting;
mod audited;
mod authorize;
mod auto_sync;
mod backfill;
mod catalog;
mod client;
mod commands;
mod events;
mod follow_ups;
mod links;
mod openapi;
mod pages;
mod pages_audit;
mod pages_catalog;
mod pages_connections;
mod pages_ignored;
mod pages_links;
mod pages_plugins;
mod pages_programs;
mod pages_reconcile;
mod plugins;
mod problems;
mod programs;
mod reads;
mod reconciling;
mod resolving;
mod roles;
mod rules;
mod seed;
mod setup;
mod shelf;
mod tasks;
mod turns;
mod users;
mod world;
