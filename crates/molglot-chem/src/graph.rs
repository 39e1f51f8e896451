//! A molecular graph as a file writes it: nothing is perceived yet.
//!
//! Every reader ([SMILES](crate::Molecule::from_smiles), molfile) ends in a [`RawGraph`], and
//! [`perceive`](crate::perceive) turns it into a [`Molecule`](crate::Molecule).

use crate::molecule::{BondOrder, Chirality};

/// An atom as written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct RawAtom {
    /// Protons; 0 for the wildcard `*`.
    pub(crate) atomic_number: u8,
    pub(crate) isotope: Option<u16>,
    pub(crate) charge: i8,
    /// Hydrogens written with the atom, as in `[NH2]`.
    pub(crate) explicit_hydrogens: u8,
    /// The atom takes no hydrogens but the written ones: every bracket atom.
    pub(crate) no_implicit: bool,
    /// Written in lower case.
    pub(crate) aromatic: bool,
    pub(crate) radical_electrons: u8,
    /// Relative to the atom's bonds by id, a hydrogen that is no atom of the graph last.
    pub(crate) chirality: Chirality,
    pub(crate) map: Option<u16>,
}

/// A bond as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RawBond {
    /// The atom that is written first; the donor of a dative bond.
    pub(crate) begin: u32,
    pub(crate) end: u32,
    /// `Aromatic` between two aromatic atoms with no bond written.
    pub(crate) order: BondOrder,
    /// The mark on a bond beside a double bond.
    pub(crate) direction: Direction,
}

/// The mark `/` or `\` of a bond, read from `begin` to `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Direction {
    #[default]
    None,
    /// `/`: `end` lies above `begin`.
    Up,
    /// `\`: `end` lies below `begin`.
    Down,
    /// A double bond that is drawn crossed, or a wavy bond beside one: its geometry is unknown.
    Unknown,
}

impl Direction {
    /// The same mark read from the other end of its bond.
    pub(crate) fn reversed(self) -> Self {
        match self {
            Self::Up => Self::Down,
            Self::Down => Self::Up,
            other => other,
        }
    }
}

/// Atoms and bonds in the order of the file, ring closures of SMILES behind the other bonds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct RawGraph {
    pub(crate) atoms: Vec<RawAtom>,
    pub(crate) bonds: Vec<RawBond>,
}
