//! Sequences and FASTA as a reader of files meets them.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod fasta;
mod neighbours;
