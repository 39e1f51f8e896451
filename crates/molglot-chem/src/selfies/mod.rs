//! SELFIES 2: strings of molecules of which every sequence of symbols is one.
//!
//! [`encode`] writes a SMILES string as SELFIES and [`decode`] goes back, after Krenn et al.,
//! *Self-referencing embedded strings*, Machine Learning: Science and Technology 1 (2020) 045024,
//! and Lo et al., *Recent advances in the self-referencing embedded strings (SELFIES) library*,
//! Digital Discovery 2 (2023) 897. The strings are those of the Python package `selfies` 2.2.0, byte for
//! byte, and so is what is refused. What an atom may bind is in [`Constraints`], which every call takes:
//! there is no global state.
//!
//! Both ways work on strings, as that package does: [`encode`] reads SMILES by its rules, which are
//! laxer (`cc`, `=C`, `C.` and `C..C` are read) and narrower (no `*`, `$`, `%(123)`, chirality other than
//! `@` and `@@`, or ring bond across a dot) than those of [`Molecule`](crate::Molecule).
//!
//! The Python package is left where it fails:
//!
//! - text outside brackets is an error; it is ignored there before the first symbol (`CCO` gives an empty
//!   molecule) and where a chain has ended;
//! - a ring bond from an atom to itself is an error of its own, and nesting has no limit (there:
//!   `IndexError`, `RecursionError`);
//! - ring numbers from 100 are written `%(100)`; `%100` means ring 10 and ring 0;
//! - [`encode`] refuses branches and ring bonds of more than [`MAX_SPAN`] symbols or atoms, for which there is
//!   no symbol (there: `[Branch4]`, which cannot be decoded; [`encode_lenient`] writes it);
//! - aromatic systems for which its search for double bonds ends with two at one atom are an error;
//! - numbers above 2³² − 1 and digits other than 0 to 9 are refused.
//!
//! SELFIES of version 1 (`[Expl=Ring1]`, `[Branch1_2]`) are not read.
//!
//! ```
//! use molglot_chem::selfies::{self, Constraints};
//!
//! let constraints = Constraints::default();
//! let benzoic_acid = selfies::encode("OC(=O)c1ccccc1", &constraints)?;
//! assert_eq!(
//!     benzoic_acid,
//!     "[O][C][=Branch1][C][=O][C][=C][C][=C][C][=C][Ring1][=Branch1]"
//! );
//! assert_eq!(selfies::decode(&benzoic_acid, &constraints)?, "OC(=O)C1=CC=CC=C1");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod atom;
mod bond;
mod constraints;
mod decode;
mod encode;
mod error;
mod graph;
mod index;
mod kekulize;
mod matching;
mod reader;
mod split;
mod symbol;
mod vocabulary;

pub use constraints::Constraints;
pub use decode::decode;
pub use encode::{MAX_SPAN, encode, encode_lenient};
pub use error::{
    ConstraintsError, DecodeError, DecodeErrorKind, EncodeError, EncodeErrorKind, VocabularyError,
};
pub use split::{Symbols, alphabet, length, split};
pub use vocabulary::{PADDING, Vocabulary};

/// An index that points nowhere.
const NONE: u32 = u32::MAX;
