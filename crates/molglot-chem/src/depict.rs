//! Drawings of molecules.

use crate::molecule::Molecule;

/// Places for a drawing, in angstrom.
pub fn coordinates(molecule: &Molecule) -> Vec<[f32; 2]> {
    (0..molecule.atoms().len())
        .map(|at| [at as f32, (at % 2) as f32])
        .collect()
}
