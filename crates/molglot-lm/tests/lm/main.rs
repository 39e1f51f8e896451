//! Language models against their references and against the laws that hold for all of them.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod broken;
mod chat;
mod generate;
mod golden;
mod laws;
mod sampling;
mod support;
mod tokenizer;
