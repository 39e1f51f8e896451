//! Which fingerprint, with its parameters.

use thiserror::Error;

use super::{Bits, maccs, morgan, rdk};
use crate::molecule::Molecule;

/// A fingerprint and its parameters, checked once: the choice of a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Morgan {
        radius: u32,
        size: u32,
    },
    Rdk {
        shortest: usize,
        longest: usize,
        size: u32,
    },
    Maccs,
}

/// Parameters that make no fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FingerprintError {
    /// No bits.
    #[error("a fingerprint needs at least one bit")]
    Size,
    /// Subgraph lengths that are empty, start at 0 or end beyond [`rdk::MAX_LENGTH`].
    #[error("subgraphs of {0} to {1} bonds; the lengths go up from 1 to {max}", max = rdk::MAX_LENGTH)]
    Lengths(usize, usize),
}

impl Fingerprint {
    /// [`morgan::bits`].
    ///
    /// # Errors
    ///
    /// If `size` is 0.
    pub fn morgan(radius: u32, size: u32) -> Result<Self, FingerprintError> {
        Self::sized(size, Kind::Morgan { radius, size })
    }

    /// [`rdk::bits`] with subgraphs of `shortest` to `longest` bonds.
    ///
    /// # Errors
    ///
    /// If `size` is 0, or the lengths are not 1 <= shortest <= longest <= [`rdk::MAX_LENGTH`].
    pub fn rdk(shortest: usize, longest: usize, size: u32) -> Result<Self, FingerprintError> {
        if !(1..=longest).contains(&shortest) || longest > rdk::MAX_LENGTH {
            return Err(FingerprintError::Lengths(shortest, longest));
        }
        let kind = Kind::Rdk {
            shortest,
            longest,
            size,
        };
        Self::sized(size, kind)
    }

    /// [`maccs::bits`].
    pub fn maccs() -> Self {
        Self { kind: Kind::Maccs }
    }

    fn sized(size: u32, kind: Kind) -> Result<Self, FingerprintError> {
        match size {
            0 => Err(FingerprintError::Size),
            _ => Ok(Self { kind }),
        }
    }

    /// How many bits the fingerprint has.
    pub fn size(&self) -> usize {
        match self.kind {
            Kind::Morgan { size, .. } | Kind::Rdk { size, .. } => size as usize,
            Kind::Maccs => maccs::SIZE,
        }
    }

    /// The fingerprint of a molecule.
    pub fn bits(&self, molecule: &Molecule) -> Bits {
        match self.kind {
            Kind::Morgan { radius, size } => morgan::bits(molecule, radius, size),
            Kind::Rdk {
                shortest,
                longest,
                size,
            } => rdk::bits(molecule, shortest..=longest, size),
            Kind::Maccs => maccs::bits(molecule),
        }
    }
}
