//! Graphs against published implementations, and the laws they keep.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod golden;
mod laws;
mod structures;
mod support;
mod unimol;
