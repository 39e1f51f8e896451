//! Rings: which atoms are centres only together with others, and what ring size forbids.

use super::Graph;
use super::ranks::Ranks;
use super::tetrahedral::Center;
use crate::element::NITROGEN;
use crate::molecule::{Bond, Neighbor};

/// A double bond in a smaller ring is cis, whatever is written.
const MIN_RING_SIZE_FOR_GEOMETRY: usize = 8;

/// The tagged atoms without a label that depend on no other one in their ring system either.
pub(super) fn independent(graph: &Graph<'_>, ranks: &Ranks, centers: &[Center]) -> Vec<u32> {
    let unlabelled: Vec<u32> = centers
        .iter()
        .filter(|center| center.label.is_none())
        .map(|center| center.atom)
        .collect();
    let mut candidates = unlabelled.clone();
    candidates.retain(|&atom| is_candidate(graph, ranks, atom));
    if candidates.is_empty() {
        return unlabelled;
    }
    let in_ring = |bond: u32| graph.bond(bond).in_ring;
    let (system, count) = graph.topology.components(in_ring);
    let mut members = vec![0u32; count];
    for &atom in &candidates {
        members[system[atom as usize] as usize] += 1;
    }
    let depends = |atom: &u32| {
        candidates.binary_search(atom).is_ok() && members[system[*atom as usize] as usize] > 1
    };
    let mut meaningless = unlabelled;
    meaningless.retain(|atom| !depends(atom));
    meaningless
}

/// The two ways around a ring are alike from this atom, and what lies beside the ring is not.
fn is_candidate(graph: &Graph<'_>, ranks: &Ranks, index: u32) -> bool {
    let atom = graph.atom(index);
    if !atom.in_ring {
        return false;
    }
    let inverts = atom.atomic_number == NITROGEN
        && atom.total_degree == 3
        && !in_triangle(graph, index)
        && !is_bridgehead(graph, index);
    if inverts {
        return false;
    }
    let (inside, outside): (Vec<&Neighbor>, Vec<&Neighbor>) = graph
        .neighbors(index)
        .iter()
        .partition(|link| graph.bond(link.bond).in_ring);
    let mut kinds: Vec<u32> = inside.iter().map(|link| ranks.of(link.atom)).collect();
    kinds.sort_unstable();
    kinds.dedup();
    match outside[..] {
        [] => matches!((inside.len(), kinds.len()), (4, 3) | (3, 2)),
        [_] => inside.len() > kinds.len(),
        [a, b] => ranks.of(a.atom) != ranks.of(b.atom) && inside.len() > kinds.len(),
        _ => false,
    }
}

/// The atom is in a ring of three.
pub(super) fn in_triangle(graph: &Graph<'_>, atom: u32) -> bool {
    let mut rings = graph.rings.iter();
    graph.atom(atom).in_ring && rings.any(|ring| ring.len() == 3 && ring.contains(&atom))
}

/// Three bonds of the atom are in rings, and each of its rings shares two bonds with another one.
pub(super) fn is_bridgehead(graph: &Graph<'_>, atom: u32) -> bool {
    let links = graph.neighbors(atom).iter();
    let ring_bonds = links.filter(|link| graph.bond(link.bond).in_ring);
    if ring_bonds.count() < 3 {
        return false;
    }
    let rings = graph.rings.iter().filter(|ring| ring.contains(&atom));
    let rings: Vec<&[u32]> = rings.map(Vec::as_slice).collect();
    rings.iter().enumerate().all(|(at, ring)| {
        rings
            .iter()
            .enumerate()
            .any(|(other, across)| other != at && shared_bonds(ring, across) >= 2)
    })
}

/// The bond is in a ring that is too small for a geometry.
pub(super) fn in_small_ring(bond: &Bond, rings: &[Vec<u32>]) -> bool {
    bond.in_ring
        && rings.iter().any(|ring| {
            ring.len() < MIN_RING_SIZE_FOR_GEOMETRY && has_bond(ring, bond.begin, bond.end)
        })
}

fn shared_bonds(ring: &[u32], other: &[u32]) -> usize {
    bonds(ring).filter(|&(a, b)| has_bond(other, a, b)).count()
}

fn has_bond(ring: &[u32], a: u32, b: u32) -> bool {
    bonds(ring).any(|bond| bond == (a, b) || bond == (b, a))
}

fn bonds(ring: &[u32]) -> impl Iterator<Item = (u32, u32)> {
    let next = ring.iter().cycle().skip(1);
    ring.iter().copied().zip(next.copied())
}
