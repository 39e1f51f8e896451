//! Geometry on positions: frames, torsions, basis functions and neighbours. Angstrom and radians throughout.
//!
//! Everything reads plain slices of positions. Neighbours come from cell lists in time proportional to the number of
//! points, and every result is the same on every run: ties are broken by index.

mod frames;
mod neighbours;
mod rbf;
mod residues;
pub mod scannet;
mod torsion;
pub mod vector;

pub use frames::{Frame, WORLD, direction, pseudo_beta, side_chain_direction};
pub use neighbours::{MAX_PAIRS, NeighbourError, Neighbours, nearest, squared_distance, within};
pub use rbf::{Rbf, extend_offset};
pub use residues::{AminoAcid, HeavyAtom, Residues};
pub use torsion::{Backbone, backbone_torsions, chi_atoms, torsion};
