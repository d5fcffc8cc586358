//! Catalog sync: the rows of the seed by name, all combinations of the options, undoing, several levels of resellers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cells;
mod combinations;
mod dice;
mod landing;
mod levels;
mod other_rows;
mod plan_rows;
mod prices;
mod resource_rows;
mod scopes;
mod size;
mod undoing;
mod world;
