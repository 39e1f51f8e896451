//! Whole runs, the command line and the optimizer against its reference.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod cli;
mod conformers;
mod embed;
mod golden;
mod learner;
mod pretrain;
mod pretrained;
mod run;
mod structure;
mod support;
