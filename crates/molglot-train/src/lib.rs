//! From data to a trained run, and from a run to answers.
//!
//! Start at [`train::train`]; the model itself is in [`aligner`], on one screen.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod aligner;
pub mod alignment;
pub mod base;
pub mod bench;
pub mod cli;
pub mod collate;
pub mod config;
pub mod data;
pub mod embed;
pub mod error;
pub mod evaluate;
pub mod export;
pub mod model;
pub mod optim;
pub mod plan;
pub mod predict;
pub mod pretrain;
pub mod probe;
pub mod progress;
pub mod recipe;
pub mod recipes;
pub mod report;
mod resume;
pub mod run;
pub mod suggest;
pub mod train;
pub mod verify;
