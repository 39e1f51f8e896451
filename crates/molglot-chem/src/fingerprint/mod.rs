//! Fingerprints and how similar they are, equal to RDKit's bit by bit.
//!
//! - [`morgan`]: circular atom environments (ECFP; Rogers and Hahn, J. Chem. Inf. Model. 50, 742,
//!   2010), as bits or as counts,
//! - [`rdk`]: connected subgraphs, RDKit's `RDKFingerprint` in the tradition of Daylight's paths,
//! - [`maccs`]: the 166 public MACCS keys (Durant, Leland, Henry and Nourse, J. Chem. Inf. Comput.
//!   Sci. 42, 1273, 2002), in RDKit's reading,
//! - [`similarity`]: Tanimoto and Dice on [`Bits`] and on [`SparseCounts`].
//!
//! None of them sees stereochemistry. Hydrogens that a [`Molecule`](crate::Molecule) folds into
//! their neighbours are no atoms of a fingerprint; those that stay atoms, such as `[2H]`, are.
//!
//! ```
//! use molglot_chem::{Molecule, fingerprint};
//!
//! let phenol = Molecule::from_smiles("Oc1ccccc1")?;
//! let aniline = Molecule::from_smiles("Nc1ccccc1")?;
//! let bits = [&phenol, &aniline].map(|molecule| fingerprint::morgan::bits(molecule, 2, 2048));
//! let similarity = fingerprint::similarity::tanimoto(&bits[0], &bits[1]);
//! assert!((similarity - 0.375).abs() < 1e-12);
//! # Ok::<(), molglot_chem::SmilesError>(())
//! ```

mod bits;
mod config;
mod counts;
mod hash;
pub mod maccs;
pub mod morgan;
pub mod rdk;
pub mod similarity;

pub use bits::{Bits, BitsError};
pub use config::{Fingerprint, FingerprintError};
pub use counts::SparseCounts;
