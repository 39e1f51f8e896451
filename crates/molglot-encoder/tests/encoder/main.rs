//! Encoders against their references and against the laws that hold for all of them.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod batch;
mod esm2;
mod gin;
mod golden;
mod hierarchical;
mod inputs;
mod laws;
mod permute;
mod published;
mod scannet;
mod unimol;
