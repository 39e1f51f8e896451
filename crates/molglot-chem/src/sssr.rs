//! Ring perception: which rings a molecule has.
//!
//! What RDKit 2026.09 calls the symmetrised smallest set of smallest rings is the set of *relevant
//! cycles*: those that are no sum (symmetric difference of bonds) of shorter cycles, which is the
//! union of all minimum cycle bases (Plotkin, J. Chem. Doc. 1971, 11, 60). It does not depend on
//! the numbering of the atoms. Every biconnected ring system is searched on its own by Vismara's
//! method (Electron. J. Combin. 1997, 4, R9).
//!
//! The order of the rings is RDKit's too: ring systems as a depth-first search leaves them, rings
//! by size, then by the families of Vismara's method.

mod basis;
mod blocks;
mod graph;
mod system;
#[cfg(test)]
mod tests;

use crate::molecule::Topology;
use system::RingSystem;

/// The relevant cycles over the bonds that `closes_rings` accepts, each as its atoms in cyclic
/// order: from the atom of lowest index towards its neighbour of lower index.
///
/// Time is linear in the bonds outside of fused ring systems. In a ring system of `n` branched
/// atoms and `m` bonds it is `n·m` at most, and about `n` where rings are small, plus an
/// elimination over the bonds where the rings depend on each other (cages). Relevant cycles can be
/// exponentially many: `k` para-phenylenes in a macrocycle give `2^k`. Beyond
/// [`RING_ATOM_LIMIT`](system::RING_ATOM_LIMIT) ring atoms one cycle stands for all that differ
/// from it by swapping shortest paths; the rings still span all cycles and cover every ring bond.
pub(crate) fn symmetrized_sssr(
    topology: &Topology,
    closes_rings: impl Fn(u32) -> bool,
) -> Vec<Vec<u32>> {
    let mut rings = Vec::new();
    let mut system = RingSystem::default();
    blocks::for_each_block(topology, closes_rings, |steps| {
        if steps.iter().filter(|step| step.closes).count() == 1 {
            // The search went once around.
            rings.push(normalized(steps.iter().map(|step| step.from).collect()));
        } else {
            system.load(topology.atom_count(), steps);
            system.relevant_cycles(&mut rings);
        }
    });
    rings
}

/// Rotates and turns a ring so that its lowest atom comes first, then the lower neighbour of that.
fn normalized(mut ring: Vec<u32>) -> Vec<u32> {
    let lowest = (0..ring.len()).min_by_key(|&at| ring[at]).unwrap_or(0);
    ring.rotate_left(lowest);
    if ring.len() > 2 && ring[ring.len() - 1] < ring[1] {
        ring[1..].reverse();
    }
    ring
}
