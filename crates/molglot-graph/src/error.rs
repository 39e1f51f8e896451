//! Why a graph cannot be built.

use molglot_bio::geometry::NeighbourError;
use thiserror::Error;

/// Why a graph cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GraphError {
    /// Coordinates that are not those of the molecule's atoms.
    #[error(
        "{coordinates} positions for {atoms} atoms: give one per atom, in the order of the molecule"
    )]
    Positions {
        /// Atoms of the molecule.
        atoms: usize,
        /// Positions given.
        coordinates: usize,
    },
    /// A position that is not finite.
    #[error("the position of atom {0} is not finite")]
    NotFinite(usize),
    /// More atoms than the spec allows.
    #[error(
        "{atoms} atoms, at most {max} are encoded: choose a smaller molecule, or `oversize = \"central\"` to keep the \
             atoms nearest to the centre"
    )]
    TooManyAtoms {
        /// Atoms left once hydrogens are dropped.
        atoms: usize,
        /// What the spec allows.
        max: usize,
    },
    /// A sequence for a spec that reads coordinates.
    #[error(
        "a sequence has no coordinates, and this encoder reads them: give it structures, or take `esm2`"
    )]
    NoCoordinates,
    /// Too many points or neighbours to search.
    #[error(transparent)]
    Neighbours(#[from] NeighbourError),
    /// More arcs between edges than fit.
    #[error(
        "more than {} arcs in the line graph: build it from fewer neighbours",
        molglot_bio::geometry::MAX_PAIRS
    )]
    TooManyArcs,
}
