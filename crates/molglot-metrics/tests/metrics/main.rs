//! Laws of the retrieval metrics, and the reference numbers.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod golden;
mod retrieval;
