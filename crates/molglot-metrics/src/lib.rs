//! Retrieval metrics; no tensors.
//!
//! [`retrieval`] says how well a similarity matrix finds each item's own partner:
//!
//! ```
//! use molglot_metrics::retrieval::{Direction, recall};
//!
//! // Two molecules (rows) against their two descriptions (columns); the second prefers the first's description.
//! let similarity = [0.9, 0.1, 0.8, 0.3];
//! let recall = recall(&similarity, 2, Direction::RowToColumn)?;
//! assert_eq!((recall.at_1, recall.at_5, recall.mrr), (0.5, 1.0, 0.75));
//! # Ok::<(), molglot_metrics::retrieval::RetrievalError>(())
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod permutation;
pub mod retrieval;
