//! Interchange with the `pdbtbx` crate: its types, its writers, and its readers behind a fence.
//!
//! `pdbtbx` 0.12 panics on some real files, refuses others, and changes names in places: lower case becomes upper case,
//! and `017` becomes `17` both on reading mmCIF and on writing PDB. So what goes in is screened, panics are caught (the
//! panic hook still reports them), and what is written is read back and compared.
//!
//! ```
//! # use molglot_bio::{pdbtbx, read};
//! # let line = "ATOM      1  CA  GLY A   1      21.482 -86.728  -3.372  1.00  2.00           C\n";
//! let structure = read::parse(line.as_bytes(), "1abc.pdb", &read::ReadOptions::default())?;
//! let pdb = ::pdbtbx::PDB::try_from(&structure)?;
//! assert_eq!(pdb.atom_count(), 1);
//! let back = molglot_bio::Structure::try_from(&pdb)?;
//! assert_eq!(back.observed_sequence(0), "G");
//! let text = pdbtbx::write(&structure, pdbtbx::Format::Mmcif)?;
//! assert!(text.starts_with("data_1abc"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod convert;
mod fence;
mod write;

use thiserror::Error;

pub(crate) use fence::read;
pub use write::{Format, write};

/// Why a structure and a `pdbtbx::PDB` cannot be turned into each other.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// A chain has no id.
    #[error("a chain has no id, which pdbtbx needs; give it one")]
    NoChainId,
    /// A residue has no number.
    #[error("residue {name} of chain {chain:?} has no number, which pdbtbx needs")]
    NoNumber {
        /// The residue's name.
        name: String,
        /// Its chain.
        chain: String,
    },
    /// A name that the other side cannot hold unchanged.
    #[error("{what} {text:?} would not stay as it is")]
    Name {
        /// Which name it is.
        what: &'static str,
        /// The name.
        text: String,
    },
    /// A number that the other side cannot hold.
    #[error("the {what} of atom {atom} is out of range")]
    Number {
        /// Which number it is.
        what: &'static str,
        /// The atom's name.
        atom: String,
    },
    /// `pdbtbx` wrote something else than it was given.
    #[error("pdbtbx writes {what} that reads back differently; use another format")]
    Changed {
        /// What differs.
        what: String,
    },
    /// `pdbtbx` panicked.
    #[error("pdbtbx panicked: {0}")]
    Panicked(String),
}

/// Runs `pdbtbx` and turns a panic into its message.
fn caught<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    // What `run` captures is dropped with the panic, so nothing half-changed is seen again.
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).map_err(|panic| {
        panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_else(|| "no message".to_owned())
    })
}
