//! The tensor floor as other crates see it.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod dropout;
mod fused_ops;
mod graph_ops;
mod optimizer;
mod segments;
mod torch;
