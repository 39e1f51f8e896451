//! Molecules: SMILES, perception, BRICS motifs, OGB features and captions; no tensors.
//!
//! [`Molecule::from_smiles`] reads one SMILES string and perceives everything once, by RDKit's
//! model: hydrogens, radicals, hybridisation, aromaticity, conjugation, rings and stereo. The rest
//! of the crate only reads that graph:
//!
//! - [`ogb`] turns it into the categorical features of the Open Graph Benchmark,
//! - [`brics`] cuts it into motifs, [`scaffold`] takes its side chains off,
//! - [`descriptors`] counts and weighs it,
//! - [`groups`] and [`rings`] name its functional groups and ring systems, [`llamo`] lists the
//!   groups that the graph projector of LLaMo reads,
//! - [`fingerprint`] and [`smarts`] compare and search,
//! - [`molfile`] and [`sdf`] read and write drawings and conformers,
//! - [`depict`] draws, [`describe`](mod@describe) writes a caption.
//!
//! [`selfies`] translates SMILES to SELFIES and back, string by string.
//!
//! ```
//! use molglot_chem::Molecule;
//!
//! let aspirin = Molecule::from_smiles("CC(=O)Oc1ccccc1C(=O)O")?;
//! assert_eq!(aspirin.formula(), "C9H8O4");
//! assert_eq!(molglot_chem::brics::motifs(&aspirin), [0, 0, 0, 1, 2, 2, 2, 2, 2, 2, 3, 3, 3]);
//! # Ok::<(), molglot_chem::SmilesError>(())
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod brics;
mod coordination;
pub mod depict;
pub mod describe;
pub mod descriptors;
pub mod element;
mod error;
mod excerpt;
pub mod fingerprint;
mod formula;
mod graph;
pub mod groups;
pub mod llamo;
mod matching;
mod molecule;
pub mod molfile;
mod nuclide;
pub mod ogb;
mod perceive;
pub mod rings;
pub mod scaffold;
pub mod selfies;
mod site;
pub mod smarts;
mod smiles;
mod sssr;
mod stereo;

pub use error::{SmilesError, SmilesErrorKind, SyntaxProblem};
pub use molecule::{
    Atom, Bond, BondOrder, BondStereo, Chirality, Hybridization, Molecule, Neighbor,
};
pub use molfile::sdf;
pub use smiles::{AtomMaps, AtomOrder, MAX_ATOMS, Reaction, SmilesStyle, unescape};
