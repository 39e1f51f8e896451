//! What can be wrong with a SMILES string, where, and what to do about it.

use std::fmt;

use thiserror::Error;

use crate::perceive::{Problem, ProblemKind};
use crate::smiles::{MAX_ATOMS, MAX_CHARGE, MAX_HYDROGENS};

/// A SMILES string that is not a molecule: the place and the reason.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("column {}: {kind}", self.column())]
#[non_exhaustive]
pub struct SmilesError {
    /// Byte offset into the string as it was given. For an error of a whole atom, its first byte.
    pub offset: usize,
    /// What is wrong.
    pub kind: SmilesErrorKind,
}

impl SmilesError {
    pub(crate) fn new(offset: usize, kind: SmilesErrorKind) -> Self {
        Self { offset, kind }
    }

    /// A problem of perception, at the offset of its atom.
    pub(crate) fn from_problem(problem: Problem, offsets: &[u32]) -> Self {
        let Problem { atom, kind } = problem;
        let offset = offsets.get(atom).map_or(0, |&offset| offset as usize);
        let kind = match kind {
            ProblemKind::Valence => SmilesErrorKind::Valence { atom },
            ProblemKind::Kekulize => SmilesErrorKind::Kekulize,
            ProblemKind::AromaticOutsideRing => SmilesErrorKind::AromaticOutsideRing,
        };
        Self::new(offset, kind)
    }

    /// The place as a reader counts it: the offset in bytes plus one.
    pub fn column(&self) -> usize {
        self.offset + 1
    }

    /// A short word for the cause, where a known one explains the error.
    ///
    /// `"escaped"`: the string comes from a file that doubles every backslash, see
    /// [`unescape`](crate::unescape).
    pub fn hint(&self) -> Option<&'static str> {
        match self.kind {
            SmilesErrorKind::Syntax(SyntaxProblem::DoubledBackslash) => Some("escaped"),
            _ => None,
        }
    }
}

/// Why a SMILES string was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SmilesErrorKind {
    /// No atom at all.
    Empty,
    /// `(` without its `)`.
    UnclosedBranch,
    /// `)` without its `(`.
    UnexpectedClose,
    /// `()`.
    EmptyBranch,
    /// A branch before the first atom of a fragment.
    BranchFirst,
    /// A ring-bond number that occurs an odd number of times.
    UnclosedRing(u32),
    /// A ring bond from an atom to itself.
    RingSelf,
    /// A ring bond between two atoms that are bonded already.
    DuplicateBond,
    /// The two ends of a ring bond ask for different bonds.
    RingBondConflict,
    /// `%` without a ring-bond number from 10 to 99, or `%( )` without one of at most five digits.
    RingNumber,
    /// A bond symbol without an atom behind it.
    HangingBond,
    /// A symbol where the grammar allows none.
    Syntax(SyntaxProblem),
    /// `[` without its `]`.
    UnclosedBracket,
    /// No element has this symbol.
    Element,
    /// An isotope or atom-map number that is out of range or has leading zeros.
    NumberRange,
    /// More hydrogens than an atom can carry.
    HCount,
    /// A charge written in no known way, or out of range.
    Charge,
    /// An unknown chirality class.
    ChiralClass,
    /// More bonds than the element allows.
    Valence {
        /// The atom, counted from 0 in reading order, in a reaction from the start of its molecule.
        atom: usize,
    },
    /// No assignment of double bonds fits the lower-case atoms.
    Kekulize,
    /// A lower-case atom that is in no ring.
    AromaticOutsideRing,
    /// A byte that no SMILES contains.
    BadByte(u8),
    /// A reaction without exactly two `>`.
    ReactionArrow,
    /// More atoms than [`MAX_ATOMS`].
    TooLarge,
    /// Well-formed, but outside what this crate models.
    Unsupported(String),
}

/// The ways to break the grammar of bonds, dots and brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SyntaxProblem {
    /// A bond before the first atom of a fragment.
    LeadingBond,
    /// A ring-bond number before the first atom of a fragment.
    LeadingRing,
    /// A dot with no fragment before it.
    LeadingDot,
    /// A dot with no fragment behind it.
    TrailingDot,
    /// Two dots in a row.
    EmptyFragment,
    /// Two backslashes in a row.
    DoubledBackslash,
    /// Two bond symbols in a row.
    TwoBonds,
    /// A bond symbol before `(` instead of behind it.
    BondBeforeBranch,
    /// A dot at the beginning of a branch.
    DotInBranch,
    /// A symbol that does not belong at this place of a bracket atom.
    InBracket,
    /// A character of SMILES at a place where it means nothing.
    Stray,
}

impl fmt::Display for SmilesErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "there is no atom; write at least one"),
            Self::UnclosedBranch => {
                write!(f, "the branch opened here is never closed; add a ')'")
            }
            Self::UnexpectedClose => write!(f, "this ')' closes no branch; remove it"),
            Self::EmptyBranch => write!(f, "the branch is empty; remove '()'"),
            Self::BranchFirst => {
                write!(f, "a branch needs an atom before it; start with the atom")
            }
            Self::UnclosedRing(number) => {
                write!(f, "ring bond {number} is opened here and never closed")
            }
            Self::RingSelf => write!(f, "the ring bond joins the atom to itself"),
            Self::DuplicateBond => write!(f, "these two atoms are bonded already"),
            Self::RingBondConflict => write!(
                f,
                "the two ends of the ring bond name different bonds; write the bond at one end"
            ),
            Self::RingNumber => write!(
                f,
                "'%' needs a number from 10 to 99, or up to five digits as in '%(123)'"
            ),
            Self::HangingBond => write!(f, "there is no atom behind this bond"),
            Self::Syntax(problem) => problem.fmt(f),
            Self::UnclosedBracket => {
                write!(f, "the bracket opened here is never closed; add a ']'")
            }
            Self::Element => write!(f, "no element has this symbol"),
            Self::NumberRange => write!(
                f,
                "the number is out of range; isotopes and atom maps go from 1 to 65535 without leading zeros"
            ),
            Self::HCount => write!(
                f,
                "an atom carries at most {MAX_HYDROGENS} hydrogens, one digit behind 'H'"
            ),
            Self::Charge => write!(
                f,
                "write the charge as '+', '++' or '+2', between -{MAX_CHARGE} and +{MAX_CHARGE}"
            ),
            Self::ChiralClass => write!(
                f,
                "unknown chirality; known are @, @@, @TH1-2, @AL1-2, @SP1-3, @TB1-20 and @OH1-30"
            ),
            Self::Valence { atom } => {
                write!(
                    f,
                    "atom {atom} has more bonds than its element and charge allow"
                )
            }
            Self::Kekulize => write!(
                f,
                "no double bonds fit these lower-case atoms; a hydrogen may be missing, as in [nH]"
            ),
            Self::AromaticOutsideRing => write!(
                f,
                "a lower-case atom stands for an aromatic ring; write upper case outside rings"
            ),
            Self::BadByte(byte) if byte.is_ascii_graphic() => {
                write!(f, "'{}' has no meaning in SMILES", char::from(*byte))
            }
            Self::BadByte(b' ' | b'\t' | b'\r' | b'\n') => write!(
                f,
                "white space is not part of SMILES; trim the line and put names in a column of their own"
            ),
            Self::BadByte(byte) => write!(f, "byte 0x{byte:02x} has no meaning in SMILES"),
            Self::ReactionArrow => write!(
                f,
                "a reaction has two '>': 'reactants>agents>products', where agents may be empty"
            ),
            Self::TooLarge => write!(f, "more than {MAX_ATOMS} atoms"),
            Self::Unsupported(what) => write!(f, "not supported: {what}"),
        }
    }
}

impl fmt::Display for SyntaxProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LeadingBond => "a bond needs an atom before it",
            Self::LeadingRing => "a ring bond needs an atom before it",
            Self::LeadingDot => "a dot needs a fragment before it",
            Self::TrailingDot => "a dot needs a fragment behind it",
            Self::EmptyFragment => "there is no fragment between the dots",
            Self::DoubledBackslash => {
                "two backslashes; the string is escaped, undo it with `unescape`"
            }
            Self::TwoBonds => "two bonds in a row",
            Self::BondBeforeBranch => "the bond of a branch stands inside it: 'C(=O)'",
            Self::DotInBranch => "a branch begins with an atom, not with a dot",
            Self::InBracket => {
                "unexpected here; a bracket holds isotope, element, chirality, hydrogens, charge and map, in this order"
            }
            Self::Stray => "unexpected here",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_counts_columns_from_one() {
        let error = SmilesError::new(3, SmilesErrorKind::RingSelf);
        assert_eq!(
            error.to_string(),
            "column 4: the ring bond joins the atom to itself"
        );
        assert_eq!(error.hint(), None);
    }

    #[test]
    fn doubled_backslashes_name_their_cause() {
        let error = SmilesError::new(0, SmilesErrorKind::Syntax(SyntaxProblem::DoubledBackslash));
        assert_eq!(error.hint(), Some("escaped"));
        assert!(error.to_string().contains("unescape"));
    }

    #[test]
    fn bytes_are_named_readably() {
        assert_eq!(
            SmilesErrorKind::BadByte(b'!').to_string(),
            "'!' has no meaning in SMILES"
        );
        assert_eq!(
            SmilesErrorKind::BadByte(0).to_string(),
            "byte 0x00 has no meaning in SMILES"
        );
        assert!(
            SmilesErrorKind::BadByte(b'\r')
                .to_string()
                .starts_with("white space")
        );
    }
}
