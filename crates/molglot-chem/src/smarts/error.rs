//! What can be wrong with a SMARTS string, and where.

use thiserror::Error;

use super::MAX_RECURSION;

/// A SMARTS string that is not a pattern: the place and the reason.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("column {}: {kind}", self.offset + 1)]
#[non_exhaustive]
pub struct SmartsError {
    /// Byte offset into the string.
    pub offset: usize,
    /// What is wrong.
    pub kind: SmartsErrorKind,
}

/// Why a SMARTS string was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SmartsErrorKind {
    /// No atom at all.
    #[error("there is no atom; write at least one")]
    Empty,
    /// `(` or `$(` without its `)`.
    #[error("the parenthesis opened here is never closed; add a ')'")]
    UnclosedBranch,
    /// `)` without its `(`.
    #[error("this ')' closes nothing; remove it")]
    UnexpectedClose,
    /// `[` without its `]`.
    #[error("the bracket opened here is never closed; add a ']'")]
    UnclosedBracket,
    /// A ring-bond number that occurs an odd number of times.
    #[error("ring bond {0} is opened here and never closed")]
    UnclosedRing(u32),
    /// A ring bond from an atom to itself, or between two atoms that are bonded already.
    #[error("this ring bond joins atoms that are the same or bonded already")]
    DuplicateBond,
    /// Bonds at both ends of a ring bond that differ.
    #[error("the two ends of the ring bond name different bonds; write the bond at one end")]
    RingBondConflict,
    /// `%` without a ring-bond number.
    #[error("'%' needs a number from 10 to 99, or up to five digits as in '%(123)'")]
    RingNumber,
    /// A bond without an atom behind it.
    #[error("there is no atom behind this bond")]
    HangingBond,
    /// An operator without something to work on.
    #[error("an operator needs an expression behind it")]
    HangingOperator,
    /// An operator or a ring bond without something before it, an atom where a bond should be.
    #[error("unexpected here")]
    Unexpected,
    /// A number that is out of range.
    #[error("the number is out of range")]
    NumberRange,
    /// `$(...)` nested deeper than [`MAX_RECURSION`].
    #[error("'$(' is nested deeper than {MAX_RECURSION}")]
    TooDeep,
    /// SMARTS, but not understood by this crate.
    #[error("not supported: {0}")]
    Unsupported(&'static str),
}
