//! Identity by pairwise alignment.

use bio::alignment::AlignmentOperation;
use bio::alignment::pairwise::{Aligner as Pairwise, MatchFunc};
use bio::scores::blosum62;

use super::RedundancyError;
use crate::Sequence;

/// The longest sequence that is aligned: two of them take 512 MiB.
pub const MAX_RESIDUES: usize = 1 << 14;

/// The costs of BLAST and CD-HIT with BLOSUM62: 11 for the first residue of a gap and 1 for each further one.
const GAP_OPEN: i32 = -11;
const GAP_EXTEND: i32 = -1;

/// How much of two sequences an alignment takes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// Both from end to end.
    Global,
    /// The shorter one from end to end inside the longer one, whose ends are free (semi-global).
    #[default]
    Shorter,
}

/// What equal residues are a share of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Identity {
    /// Of the columns of the alignment: pairs and gaps, without free ends. A gap counts against identity.
    #[default]
    OverAlignment,
    /// Of the residues of the shorter sequence, as CD-HIT counts. A gap in the shorter sequence costs nothing.
    OverShorter,
}

/// What an alignment of two sequences found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alignment {
    /// Columns with the same letter twice. `X` is a letter like any other.
    pub matches: usize,
    /// Columns with two letters.
    pub pairs: usize,
    /// All columns, without free ends.
    pub columns: usize,
    /// Residues of the shorter sequence.
    pub shorter: usize,
    /// Residues of the longer sequence.
    pub longer: usize,
}

impl Alignment {
    /// The share of equal residues, from 0 to 1.
    #[must_use]
    pub fn identity(&self, identity: Identity) -> f64 {
        self.matches as f64 / self.whole(identity) as f64
    }

    /// The share of the longer sequence that is paired with residues of the shorter one, from 0 to 1.
    #[must_use]
    pub fn coverage(&self) -> f64 {
        self.pairs as f64 / self.longer as f64
    }

    fn whole(&self, identity: Identity) -> usize {
        match identity {
            Identity::OverAlignment => self.columns,
            Identity::OverShorter => self.shorter,
        }
    }
}

/// Aligns sequences in pairs with BLOSUM62 and affine gaps (Gotoh's algorithm, of the crate `bio`), and keeps its memory
/// for the next pair.
#[derive(Debug)]
pub struct Aligner {
    scope: Scope,
    pairwise: Pairwise<Blosum62>,
}

impl Aligner {
    /// An aligner of this scope.
    #[must_use]
    pub fn new(scope: Scope) -> Self {
        Self {
            scope,
            pairwise: Pairwise::new(GAP_OPEN, GAP_EXTEND, Blosum62::new()),
        }
    }

    /// Aligns two sequences; which of them comes first does not matter.
    ///
    /// # Errors
    /// [`RedundancyError::TooLong`]
    pub fn align(&mut self, a: &Sequence, b: &Sequence) -> Result<Alignment, RedundancyError> {
        let residues = a.as_str().len().max(b.as_str().len());
        if residues > MAX_RESIDUES {
            return Err(RedundancyError::TooLong { residues });
        }
        let (a, b) = (a.as_str().as_bytes(), b.as_str().as_bytes());
        // One order for both calls: of two best alignments the aligner takes the one that its order prefers.
        let (shorter, longer) = if (a.len(), a) <= (b.len(), b) {
            (a, b)
        } else {
            (b, a)
        };
        let path = match self.scope {
            Scope::Global => self.pairwise.global(shorter, longer),
            Scope::Shorter => self.pairwise.semiglobal(shorter, longer),
        };
        let mut alignment = Alignment {
            matches: 0,
            pairs: 0,
            columns: 0,
            shorter: shorter.len(),
            longer: longer.len(),
        };
        for operation in path.operations {
            let (is_match, is_pair) = match operation {
                AlignmentOperation::Match => (true, true),
                AlignmentOperation::Subst => (false, true),
                AlignmentOperation::Ins | AlignmentOperation::Del => (false, false),
                AlignmentOperation::Xclip(_) | AlignmentOperation::Yclip(_) => continue,
            };
            alignment.matches += usize::from(is_match);
            alignment.pairs += usize::from(is_pair);
            alignment.columns += 1;
        }
        Ok(alignment)
    }
}

/// BLOSUM62 (Henikoff & Henikoff 1992), by the low five bits of capital letters.
#[derive(Debug)]
struct Blosum62([[i8; 32]; 32]);

impl Blosum62 {
    fn new() -> Self {
        let mut scores = [[0; 32]; 32];
        for a in b'A'..=b'Z' {
            for b in b'A'..=b'Z' {
                scores[usize::from(a & 31)][usize::from(b & 31)] = blosum62(a, b) as i8;
            }
        }
        Self(scores)
    }
}

impl MatchFunc for Blosum62 {
    #[inline]
    fn score(&self, a: u8, b: u8) -> i32 {
        i32::from(self.0[usize::from(a & 31)][usize::from(b & 31)])
    }
}
