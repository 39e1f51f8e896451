//! The 166 public MACCS keys (Durant et al. 2002) in RDKit's reading.
//!
//! Every key is decided by counting or by one of three walks: over the atoms and their
//! neighbourhoods, over all simple paths of up to four bonds, and over all cycles of up to fourteen
//! atoms. The code writes the keys as the published descriptions do: `Q` is neither carbon nor
//! hydrogen, `QH` is a `Q` with hydrogen, `X` is a halogen, `A` is any atom.

mod atoms;
mod cycles;
mod graph;
mod paths;
mod stars;

use super::Bits;
use crate::molecule::Molecule;
use graph::Graph;

/// Bits of the fingerprint: the keys keep their numbers from 1 to 166, bit 0 is never on.
pub const SIZE: usize = 167;

/// The MACCS keys of a molecule: RDKit's `GetMACCSKeysFingerprint`. Key 1 is never on, as there.
pub fn bits(molecule: &Molecule) -> Bits {
    let graph = Graph::new(molecule);
    let mut bits = Bits::new(SIZE);
    atoms::set_keys(&graph, &mut bits);
    stars::set_keys(&graph, &mut bits);
    paths::set_keys(&graph, &mut bits);
    cycles::set_keys(&graph, &mut bits);
    if molecule.fragment_count() > 1 {
        bits.set(166);
    }
    bits
}

/// Turns on the bits whose count is reached: pairs of count and bit.
fn set_reached<const N: usize>(bits: &mut Bits, count: usize, thresholds: [(usize, usize); N]) {
    for (least, bit) in thresholds {
        if count >= least {
            bits.set(bit);
        }
    }
}
