//! What can be wrong with a string, where, and what to do about it.

use std::fmt;

use thiserror::Error;

use crate::error::SmilesErrorKind;

/// A SMILES string that has no SELFIES: the place and the reason.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("column {}: {kind}", self.offset + 1)]
#[non_exhaustive]
pub struct EncodeError {
    /// Byte offset into the SMILES. For an error of a whole atom, its first byte.
    pub offset: usize,
    /// What is wrong.
    pub kind: EncodeErrorKind,
}

impl EncodeError {
    pub(super) fn new(offset: usize, kind: EncodeErrorKind) -> Self {
        Self { offset, kind }
    }

    pub(super) fn smiles(offset: usize, kind: SmilesErrorKind) -> Self {
        Self::new(offset, EncodeErrorKind::Smiles(kind))
    }
}

/// Why a SMILES string was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeErrorKind {
    /// It is no SMILES, or one that SELFIES cannot carry.
    Smiles(SmilesErrorKind),
    /// An atom has more bonds than the [`Constraints`](super::Constraints) allow.
    Capacity {
        /// The sum of its bond orders.
        bonds: u32,
        /// What is allowed beside its written hydrogens; negative if these are too many.
        capacity: i32,
    },
    /// A branch or ring bond spans more than [`MAX_SPAN`](super::MAX_SPAN).
    Span,
    /// The string is 4 GiB or longer.
    TooLong,
}

impl fmt::Display for EncodeErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Smiles(kind) => kind.fmt(f),
            Self::Capacity { bonds, capacity } => write!(
                f,
                "the atom has {bonds} bonds and the constraints allow {capacity}; \
                 use constraints that allow more, or encode without them"
            ),
            Self::Span => write!(
                f,
                "a branch of more than {max} symbols, or a ring bond over more than {max} atoms, \
                 has no symbol; begin the SMILES at another atom",
                max = super::MAX_SPAN
            ),
            Self::TooLong => write!(f, "a string of 4 GiB or more; split it"),
        }
    }
}

/// A SELFIES string that cannot be read: the place and the reason.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("column {}: {kind}", self.offset + 1)]
#[non_exhaustive]
pub struct DecodeError {
    /// Byte offset into the SELFIES.
    pub offset: usize,
    /// What is wrong.
    pub kind: DecodeErrorKind,
}

impl DecodeError {
    pub(super) fn new(offset: usize, kind: DecodeErrorKind) -> Self {
        Self { offset, kind }
    }
}

/// Why a SELFIES string was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// There is no `[` at all.
    NoSymbol,
    /// `[` without its `]`.
    UnclosedSymbol,
    /// No such symbol, or one with more hydrogens than the constraints allow.
    BadSymbol(String),
    /// Text between two symbols.
    Stray,
    /// The string is 4 GiB or longer.
    TooLong,
}

impl fmt::Display for DecodeErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSymbol => write!(
                f,
                "there is no symbol; SELFIES are made of symbols in brackets, as in '[C][=O]'"
            ),
            Self::UnclosedSymbol => {
                write!(f, "the symbol opened here is never closed; add a ']'")
            }
            Self::BadSymbol(symbol) => write!(
                f,
                "'{symbol}' is no symbol of SELFIES 2, or has more hydrogens than its atom may bind"
            ),
            Self::Stray => write!(
                f,
                "text outside brackets; only '.' may stand between symbols"
            ),
            Self::TooLong => write!(f, "a string of 4 GiB or more; split it"),
        }
    }
}

/// A table that is no set of constraints.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConstraintsError {
    /// The entry for everything that is not listed is missing.
    #[error("the key '?' is missing; it holds the capacity of every atom that is not listed")]
    MissingDefault,
    /// A key that names no atom.
    #[error("'{0}' names no atom; write '?', an element, or an element with a charge as in 'N+1'")]
    Key(String),
}

/// Symbols and a vocabulary that do not fit each other.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum VocabularyError {
    /// A vocabulary with the same symbol twice.
    #[error("the symbol '{0}' is there twice; keep one")]
    Duplicate(String),
    /// A symbol of the string is not in the vocabulary.
    #[error("the vocabulary has no symbol '{0}'; add it")]
    Unknown(String),
    /// A label beyond the vocabulary.
    #[error("label {label} at position {position}: the vocabulary has {size} symbols")]
    Label {
        /// Place in the labels, from 0.
        position: usize,
        /// The label there.
        label: u32,
        /// Number of symbols.
        size: usize,
    },
    /// A row of a one-hot matrix without exactly one 1 among zeros.
    #[error("row {row} is not one-hot: it needs one 1 among zeros and as many columns as symbols")]
    OneHot {
        /// The row, from 0.
        row: usize,
    },
    /// The string itself is malformed.
    #[error(transparent)]
    Selfies(#[from] DecodeError),
}
