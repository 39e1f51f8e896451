//! Whole runs, the command line and the optimizer against its reference.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod cli;
mod golden_adamw;
mod learner;
mod pretrain;
mod run;
mod structure;
mod support;
