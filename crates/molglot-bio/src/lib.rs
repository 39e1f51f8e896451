//! Macromolecules: protein sequences; no tensors.
//!
//! [`Sequence`] is a checked amino-acid sequence; [`fasta::read`] reads sequences from FASTA.
//!
//! ```
//! let file = ">P68871 beta globin, start\r\nmvhltpeeks\r\navtal*\r\n";
//! for record in molglot_bio::fasta::read(file.as_bytes()) {
//!     let record = record?;
//!     assert_eq!(record.id, "P68871");
//!     assert_eq!(record.sequence.as_str(), "MVHLTPEEKSAVTAL");
//! }
//! # Ok::<(), molglot_bio::fasta::FastaError>(())
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod fasta;
pub mod geometry;
mod sequence;
pub mod structure;

pub use sequence::{ALPHABET, Sequence, SequenceError};
pub use structure::Structure;
