//! Keys about cycles, whether they are in the smallest set of rings or not; and the key about
//! aromatic rings of that set.

use super::graph::{AROMATIC, BOND, CH2, Graph, Link, Q, RING, SINGLE};
use crate::fingerprint::Bits;
use crate::molecule::{Bond, BondOrder};

/// Key 101 asks for a ring bond cycle of 8 to 14 atoms.
const LARGE: std::ops::RangeInclusive<usize> = 8..=14;
/// All other keys are about smaller cycles.
const SMALL: usize = 7;

pub(super) fn set_keys(graph: &Graph<'_>, bits: &mut Bits) {
    let molecule = graph.molecule;
    let mut aromatic_rings = 0;
    for ring in molecule.rings() {
        if LARGE.contains(&ring.len()) {
            bits.set(101);
        }
        let next = ring.iter().cycle().skip(1);
        let mut bonds = ring.iter().zip(next);
        aromatic_rings += u32::from(bonds.all(|(&a, &b)| graph.bond(a, b) & AROMATIC != 0));
    }
    if aromatic_rings > 1 {
        bits.set(125);
    }
    let mut finder = Finder {
        graph,
        bits,
        six: None,
        cyclopropane: None,
    };
    // A dative bond is never a ring bond, but it closes cycles like any other.
    let dative = |bond: &Bond| bond.order == BondOrder::Dative;
    let any_dative = molecule.bonds().iter().any(dative);
    finder.visit_cycles(if any_dative { BOND } else { RING });
}

struct Finder<'a> {
    graph: &'a Graph<'a>,
    bits: &'a mut Bits,
    /// The atoms of the first cycle of six, ascending.
    six: Option<[u32; 6]>,
    /// The first atom between two CH2 of a cycle of three.
    cyclopropane: Option<u32>,
}

impl Finder<'_> {
    /// Finds each cycle over the accepted bonds from its lowest atom, depth first.
    fn visit_cycles(&mut self, accepted: u16) {
        let graph = self.graph;
        let mut path = [0u32; *LARGE.end()];
        let mut pending: [&[Link]; *LARGE.end()] = [&[]; *LARGE.end()];
        for first in 0..graph.molecule.atoms().len() as u32 {
            path[0] = first;
            pending[0] = graph.links(first);
            let mut last = 0;
            loop {
                let Some((link, rest)) = pending[last].split_first() else {
                    if last == 0 {
                        break;
                    }
                    last -= 1;
                    continue;
                };
                pending[last] = rest;
                let next = link.atom;
                if link.bond & accepted == 0 || next < first {
                    continue;
                }
                if next == first {
                    // Of the two directions the one with the lower second atom.
                    if last >= 2 && path[1] < path[last] {
                        self.cycle(&path[..=last]);
                    }
                    continue;
                }
                let longest = if self.bits.get(101) {
                    SMALL
                } else {
                    *LARGE.end()
                };
                if last + 1 < longest && !path[1..=last].contains(&next) {
                    last += 1;
                    path[last] = next;
                    pending[last] = graph.links(next);
                }
            }
        }
    }

    fn cycle(&mut self, atoms: &[u32]) {
        let hetero = atoms.iter().any(|&atom| self.graph.class(atom) & Q != 0);
        let (plain, with_hetero) = match atoms.len() {
            3 => (22, Some(16)),
            4 => (11, Some(8)),
            5 => (96, Some(83)),
            6 => (163, Some(98)),
            7 => (19, None),
            _ => {
                if self.bonds(atoms).all(|bond| bond & RING != 0) {
                    self.bits.set(101);
                }
                return;
            }
        };
        self.bits.set(plain);
        if let Some(bit) = with_hetero.filter(|_| hetero) {
            self.bits.set(bit);
        }
        match *atoms {
            [a, b, c] => [[a, b, c], [b, c, a], [c, a, b]]
                .into_iter()
                .for_each(|turned| self.cyclopropane(turned)),
            [a, b, c, d, e, f] => {
                let mut set = [a, b, c, d, e, f];
                set.sort_unstable();
                if *self.six.get_or_insert(set) != set {
                    self.bits.set(145);
                }
            }
            _ => {}
        }
    }

    /// The bonds around a cycle, the closing one last.
    fn bonds<'a>(&'a self, atoms: &'a [u32]) -> impl Iterator<Item = u16> + 'a {
        let next = atoms.iter().cycle().skip(1);
        let ends = atoms.iter().zip(next);
        ends.map(|(&from, &to)| self.graph.bond(from, to))
    }

    /// `A1-CH2-CH2-1` in any direction: key 147, and key 118 for two different `A`.
    fn cyclopropane(&mut self, [atom, one, other]: [u32; 3]) {
        let graph = self.graph;
        if graph.class(one) & graph.class(other) & CH2 == 0 {
            return;
        }
        for (near, far) in [(one, other), (other, one)] {
            if graph.bond(far, atom) & (SINGLE | AROMATIC) == 0 {
                continue;
            }
            if graph.bond(atom, near) & RING != 0 && graph.bond(near, far) & RING != 0 {
                self.bits.set(147);
            }
            if *self.cyclopropane.get_or_insert(atom) != atom {
                self.bits.set(118);
            }
        }
    }
}
