//! SELFIES 2: strings of molecules of which every sequence of symbols is one.
//!
//! [`encode`] writes a SMILES string as SELFIES and [`decode`] goes back, after Krenn et al.,
//! *Self-referencing embedded strings*, Machine Learning: Science and Technology 1 (2020) 045024,
//! and Lo et al., *Recent advances in the self-referencing embedded strings (SELFIES) library*,
//! Digital Discovery 2 (2023) 897. The strings are those of the Python package `selfies` 2.2.0,
//! byte for byte, and so is what is refused. What an atom may bind is in [`Constraints`], which
//! every call takes: there is no global state.
//!
//! Both ways work on strings, as that package does: [`encode`] reads SMILES by its rules, which are
//! laxer (`cc`, `=C`, `C.` and `C..C` are read) and narrower (no `*`, `$`, `%(12)`, chirality other
//! than `@` and `@@`, or ring bond across a dot) than those of [`Molecule`](crate::Molecule).
//!
//! The Python package is left where it fails:
//!
//! - text outside brackets is an error; the package skips it before the first symbol (`CCO` is an
//!   empty molecule) and behind the end of a chain;
//! - nesting has no limit, and a ring bond from an atom to itself or an aromatic bond of an element
//!   that cannot have one is an error of its own (there: `RecursionError`, `IndexError`,
//!   `KeyError`);
//! - ring numbers from 100 are written and read as `%(100)`; the package's `%100` means ring 10 and
//!   ring 0;
//! - [`encode`] refuses branches and ring bonds that span more than [`MAX_SPAN`], for which there
//!   is no symbol; the package writes `[Branch4]`, which it cannot decode, and so does
//!   [`encode_lenient`];
//! - aromatic systems in which the package's search gives one atom two double bonds are an error;
//! - the end of a chain is `[epsilon]` alone, not every symbol with `eps` in it;
//! - keys of constraints that no atom has, such as `C+0`, are refused, and capacities end at 255;
//! - numbers above 2³² − 1, charges above 2³¹ − 1 and digits other than 0 to 9 are refused.
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
mod cursor;
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
