//! Macromolecules: protein sequences and structures; no tensors.
//!
//! [`Sequence`] is a checked amino-acid sequence; [`fasta::read`] reads sequences from FASTA and [`uniprot::read`] proteins
//! with their texts from UniProt. [`Structure`] is a structure as flat tables; [`read`] reads it from PDB and mmCIF, and
//! [`pdbtbx`](mod@pdbtbx) turns it into the types of the crate of that name and writes it.
//! [`redundancy`] clusters sequences and splits data sets by cluster, [`rarity`] says how rare a protein is, and
//! [`summary`] describes a chain in words.
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
pub mod pdbtbx;
pub mod rarity;
pub mod read;
pub mod redundancy;
mod sequence;
pub mod structure;
pub mod summary;
pub mod uniprot;

pub use sequence::{ALPHABET, Sequence, SequenceError};
pub use structure::Structure;
