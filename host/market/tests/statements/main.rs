//! Tests of the statement sources from outside, in one binary.
//! `cfg(test)` marks the helpers as test code for the lints.

#[cfg(test)]
mod cloudiq;
#[cfg(test)]
mod prism;
#[cfg(test)]
mod route;
#[cfg(test)]
mod sims;
#[cfg(test)]
mod spec;
#[cfg(test)]
mod support;
