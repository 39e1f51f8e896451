//! The SMILES grammar: what is allowed, and where a string breaks it.
//!
//! Grammar after Weininger (1988) and OpenSMILES; where the two and RDKit differ, RDKit decides,
//! with the exceptions that [`Molecule::from_smiles`](crate::Molecule::from_smiles) lists.

mod bond;
mod bracket;
mod order;
mod reaction;
mod ring;
mod scan;

use std::borrow::Cow;

pub use reaction::Reaction;
pub(crate) use scan::{Scanned, scan};

/// The largest number of atoms that is read.
pub const MAX_ATOMS: usize = 1_000_000;

/// The largest hydrogen count of a bracket atom, one digit as in OpenSMILES.
pub(crate) const MAX_HYDROGENS: u32 = 9;

/// The largest amount of charge of an atom, the bound that OpenSMILES asks a reader for.
pub(crate) const MAX_CHARGE: usize = 15;

/// Undoes the escaping of files that double every backslash: two backslashes become one.
///
/// In SMILES a backslash is a bond, so two of them in a row are never meant. Datasets such as
/// ChEBI-20 were written through a serialiser that escapes them.
///
/// ```
/// assert_eq!(molglot_chem::unescape(r"F/C=C\\F"), r"F/C=C\F");
/// ```
pub fn unescape(text: &str) -> Cow<'_, str> {
    if text.contains(r"\\") {
        Cow::Owned(text.replace(r"\\", r"\"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unescape_borrows_what_is_clean() {
        assert!(matches!(unescape(r"F/C=C\F"), Cow::Borrowed(r"F/C=C\F")));
        assert_eq!(unescape(r"C\\C=C\\C"), r"C\C=C\C");
    }
}
