//! How alike sequences are, clusters of those that are, and splits of a data set that keep clusters whole.
//!
//! Proteins of one family that stand on both sides of a split let a model score by memory. [`cluster`] groups sequences
//! around representatives by identity, and [`Clusters::split`] deals whole clusters out.
//!
//! ```
//! use molglot_bio::{Sequence, redundancy::{ClusterOptions, cluster}};
//!
//! let sequences: Vec<Sequence> = ["MKTAYIAKQRQISFVK", "MKTAYIAKQRQISFVR", "GSHMLEDPVDAFGGWW"]
//!     .into_iter()
//!     .map(str::parse)
//!     .collect::<Result<_, _>>()?;
//! let clusters = cluster(&sequences, &ClusterOptions::default())?;
//! assert_eq!(clusters.of_row[0], clusters.of_row[1]);
//! assert_ne!(clusters.of_row[0], clusters.of_row[2]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod align;
mod cluster;
mod index;
mod kmers;
mod split;
mod subsequence;

use thiserror::Error;

pub use align::{Aligner, Alignment, Identity, MAX_RESIDUES, Scope};
pub use cluster::{ClusterOptions, Clusters, Prefilter, cluster};
pub use kmers::{Kmers, MAX_K};
pub use split::Split;

/// Why sequences are not compared.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum RedundancyError {
    /// A sequence is longer than an alignment has memory for.
    #[error(
        "a sequence of {residues} residues; at most {MAX_RESIDUES} can be aligned: leave it out or cut it"
    )]
    TooLong {
        /// Its length.
        residues: usize,
    },
    /// More sequences than a 32-bit index can name.
    #[error("{0} sequences; at most 4294967295 can be clustered at once")]
    TooMany(usize),
    /// An option is out of its range.
    #[error("{option} is {value}; it must be {range}")]
    Option {
        /// Its name.
        option: &'static str,
        /// What it was set to.
        value: f64,
        /// What it may be.
        range: &'static str,
    },
    /// The shares of a split are no shares.
    #[error("the parts of a split are {0:?}; they must be 0 or more and sum to 1")]
    Fractions([f64; 3]),
}
