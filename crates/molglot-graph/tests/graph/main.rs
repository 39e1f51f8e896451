//! Graphs against published implementations, and the laws they keep.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod cache;
mod golden;
mod laws;
mod structures;
mod support;
mod unimol;
