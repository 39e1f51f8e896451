//! Objectives against their references and against the laws that hold for them.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod golden_losses;
mod laws;
mod pretext;
mod support;
mod unimol;
