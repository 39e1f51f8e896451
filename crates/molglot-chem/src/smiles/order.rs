//! Chirality from the order of the text to the order of bond ids.
//!
//! In the text the neighbours of an atom are the atom before it, its ring-bond numbers, its branches
//! and the next atom; in the graph ring bonds come last.

use super::ring::Closure;
use super::scan::NO_PARENT;
use crate::coordination::{MISSING, relisted};
use crate::graph::{RawAtom, RawGraph};
use crate::molecule::{BondOrder, Chirality};

/// Where the atoms and ring-bond numbers stand in the text.
pub(super) struct Texted<'a> {
    pub(super) offsets: &'a [u32],
    pub(super) parents: &'a [u32],
    pub(super) closures: &'a [Closure],
}

/// An atom with more neighbours than this is no tetrahedron, whatever its tag says.
const CROWDED: usize = 8;

/// One end of a bond at an atom with a tag.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct End {
    atom: u32,
    /// RDKit lists the ring bonds of a coordination centre before its branches wherever their
    /// numbers stand: 0 for the atom before, 1 for ring bonds, 2 for the others, and 0 everywhere
    /// at other centres.
    stage: u8,
    /// Where the other end stands in the text; the atom before comes first.
    offset: u32,
    bond: u32,
}

/// Adds the ring bonds behind the others and makes the tags relative to bond ids.
pub(super) fn settle(graph: &mut RawGraph, texted: &Texted<'_>) {
    let chained = graph.bonds.len();
    graph
        .bonds
        .extend(texted.closures.iter().map(|closure| closure.bond));
    if graph
        .atoms
        .iter()
        .all(|atom| atom.chirality == Chirality::Unspecified)
    {
        return;
    }
    let ends = ends(graph, texted, chained);
    for ends in ends.chunk_by(|a, b| a.atom == b.atom) {
        let index = ends[0].atom as usize;
        let opens = texted.parents[index] == NO_PARENT;
        let atom = &graph.atoms[index];
        let tag = match atom.chirality {
            Chirality::Clockwise | Chirality::CounterClockwise if ends.len() > CROWDED => {
                Chirality::Unspecified
            }
            Chirality::Clockwise | Chirality::CounterClockwise => {
                let closures = ends
                    .iter()
                    .filter(|end| end.bond as usize >= chained)
                    .count();
                let unsaturated = ends.iter().any(|end| {
                    !matches!(
                        graph.bonds[end.bond as usize].order,
                        BondOrder::Single | BondOrder::Dative
                    )
                });
                let hydrogen = hydrogen_is_odd(atom, ends.len(), opens, closures, unsaturated);
                if is_odd(ends) == hydrogen {
                    atom.chirality
                } else {
                    atom.chirality.mirrored()
                }
            }
            Chirality::SquarePlanar(_) => coordinated(atom, ends, opens, 4),
            Chirality::TrigonalBipyramidal(_) => coordinated(atom, ends, opens, 5),
            Chirality::Octahedral(_) => coordinated(atom, ends, opens, 6),
            Chirality::Unspecified => continue,
        };
        graph.atoms[index].chirality = tag;
    }
}

/// The bonds of the atoms with a tag, by atom and then as in the text.
fn ends(graph: &RawGraph, texted: &Texted<'_>, chained: usize) -> Vec<End> {
    let tag = |atom: u32| graph.atoms[atom as usize].chirality;
    let mut ends = Vec::new();
    for (id, bond) in (0u32..).zip(&graph.bonds) {
        let (at_begin, at_end) = if let Some(ring) = (id as usize).checked_sub(chained) {
            let closure = &texted.closures[ring];
            (closure.begin_offset, closure.end_offset)
        } else if bond.begin < bond.end {
            (texted.offsets[bond.end as usize], 0)
        } else {
            (0, texted.offsets[bond.begin as usize])
        };
        for (atom, offset) in [(bond.begin, at_begin), (bond.end, at_end)] {
            let stage = match tag(atom) {
                Chirality::Unspecified => continue,
                Chirality::Clockwise | Chirality::CounterClockwise => 0,
                _ if offset == 0 => 0,
                _ if id as usize >= chained => 1,
                _ => 2,
            };
            ends.push(End {
                atom,
                stage,
                offset,
                bond: id,
            });
        }
    }
    ends.sort_unstable();
    ends
}

/// Parity of the order of the text against the order of bond ids.
fn is_odd(ends: &[End]) -> bool {
    let inversions = (0..ends.len()).flat_map(|i| (0..i).map(move |j| (j, i)));
    inversions
        .filter(|&(j, i)| ends[j].bond > ends[i].bond)
        .count()
        % 2
        == 1
}

/// Parity of the place of the fourth neighbour where only three are atoms.
///
/// A written hydrogen stands behind the atom before, or first; it moves to the end. RDKit takes a
/// lone pair to stand at the end, but next to a single ring-bond number of a saturated atom it goes
/// with the number.
fn hydrogen_is_odd(
    atom: &RawAtom,
    degree: usize,
    opens: bool,
    closures: usize,
    unsaturated: bool,
) -> bool {
    let hydrogen = atom.explicit_hydrogens == 1;
    degree == 3 && ((opens && hydrogen) || (!hydrogen && closures == 1 && !unsaturated))
}

/// A coordination centre: ligands that are not written stand where a hydrogen would.
fn coordinated(atom: &RawAtom, ends: &[End], opens: bool, ligands: usize) -> Chirality {
    let mut sorted = [MISSING; 6];
    let mut written = [MISSING; 6];
    if ends.len() > ligands {
        return atom.chirality.with_permutation(0);
    }
    for (place, end) in sorted.iter_mut().zip(ends) {
        *place = end.bond;
    }
    sorted[..ends.len()].sort_unstable();
    let before = usize::from(!opens && !ends.is_empty());
    let missing = ligands - ends.len();
    for (at, end) in ends.iter().enumerate() {
        written[if at < before { at } else { at + missing }] = end.bond;
    }
    relisted(atom.chirality, &written[..ligands], &sorted[..ligands])
}

#[cfg(test)]
mod tests {
    use super::super::scan;
    use crate::molecule::Chirality::{self, Clockwise, CounterClockwise, SquarePlanar};

    fn tag(text: &str, atom: usize) -> Chirality {
        scan(text).unwrap().graph.atoms[atom].chirality
    }

    #[test]
    fn a_hydrogen_counts_last() {
        assert_eq!(tag("F[C@H](Cl)Br", 1), CounterClockwise);
        assert_eq!(tag("[C@H](F)(Cl)Br", 0), Clockwise);
        assert_eq!(tag("C.[C@H](F)(Cl)Br", 1), Clockwise);
    }

    #[test]
    fn ring_bonds_count_where_their_numbers_stand() {
        assert_eq!(tag("F[C@](Cl)(Br)I", 1), CounterClockwise);
        assert_eq!(tag("F[C@]1(Br)I.Cl1", 1), CounterClockwise);
        assert_eq!(tag("F[C@](Br)1I.Cl1", 1), Clockwise);
        assert_eq!(tag("F[C@]12I.Cl1.Br2", 1), CounterClockwise);
        assert_eq!(tag("F[C@]21I.Cl1.Br2", 1), Clockwise);
    }

    #[test]
    fn a_lone_pair_goes_with_a_ring_number() {
        assert_eq!(tag("C[P@](F)Cl", 1), CounterClockwise);
        assert_eq!(tag("C[P@]1CCO1", 1), CounterClockwise);
        assert_eq!(tag("C[S@]2(=O).Cl2", 1), Clockwise);
    }

    #[test]
    fn coordination_centres_are_renumbered() {
        assert_eq!(tag("F[Pt@SP1](Cl)(Br)I", 1), SquarePlanar(1));
        // F faces Br as before, but the two are first and second now.
        assert_eq!(tag("F[Pt@SP1]1(Br)I.Cl1", 1), SquarePlanar(2));
        assert_eq!(tag("F[Pt@SP1](Br)1I.Cl1", 1), SquarePlanar(2));
        assert_eq!(tag("F[Pt@SP](Cl)(Br)I", 1), SquarePlanar(0));
    }
}
