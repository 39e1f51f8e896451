//! The order of every bond as it is written.

use std::collections::VecDeque;

use super::{AtomOrder, SmilesStyle};
use crate::matching::Matching;
use crate::molecule::{BondOrder, Molecule, Neighbor};

/// Aromatic, or one Kekulé structure.
pub(super) struct BondOrders<'m> {
    molecule: &'m Molecule,
    kekule: bool,
    /// The bonds that differ from [`Bond::kekule`](crate::Bond::kekule): by bond, whether an
    /// aromatic bond is double. Empty where none differs.
    double: Vec<bool>,
}

impl<'m> BondOrders<'m> {
    /// `ranks` decide between Kekulé structures where the style is canonical.
    pub(super) fn new(molecule: &'m Molecule, style: &SmilesStyle, ranks: &[u32]) -> Self {
        let resonance = style.kekule && style.order == AtomOrder::Canonical;
        Self {
            molecule,
            kekule: style.kekule,
            double: if resonance {
                first_structure(molecule, ranks)
            } else {
                Vec::new()
            },
        }
    }

    pub(super) fn of(&self, bond: u32) -> BondOrder {
        let at = &self.molecule.bonds()[bond as usize];
        match self.double.get(bond as usize) {
            _ if !self.kekule => at.order,
            Some(true) => BondOrder::Double,
            Some(false) if at.aromatic => BondOrder::Single,
            _ => at.kekule,
        }
    }
}

/// The structure in which, going through every aromatic ring system from its atom of lowest rank
/// breadth first, each atom has its double bond to the neighbour of lowest rank that leaves a
/// structure for the rest. Which atoms have a double bond stays as it is.
fn first_structure(molecule: &Molecule, ranks: &[u32]) -> Vec<bool> {
    let mut double = vec![false; molecule.bonds().len()];
    let mut seen = vec![false; molecule.atoms().len()];
    let mut starts: Vec<u32> = (0u32..)
        .zip(molecule.atoms())
        .filter(|(_, atom)| atom.aromatic)
        .map(|(index, _)| index)
        .collect();
    starts.sort_unstable_by_key(|&atom| ranks[atom as usize]);
    for start in starts {
        if !seen[start as usize] {
            let order = breadth_first(molecule, ranks, start, &mut seen);
            System::new(molecule, ranks, order).settle(&mut double);
        }
    }
    double
}

/// The aromatic atoms that are reached along ring bonds.
fn breadth_first(molecule: &Molecule, ranks: &[u32], start: u32, seen: &mut [bool]) -> Vec<u32> {
    let mut order = Vec::new();
    let mut waiting = VecDeque::from([start]);
    seen[start as usize] = true;
    while let Some(atom) = waiting.pop_front() {
        order.push(atom);
        let mut next: Vec<Neighbor> = molecule.neighbors(atom as usize).to_vec();
        next.retain(|link| {
            molecule.bonds()[link.bond as usize].in_ring
                && molecule.atoms()[link.atom as usize].aromatic
        });
        next.sort_unstable_by_key(|link| ranks[link.atom as usize]);
        for link in next {
            if !std::mem::replace(&mut seen[link.atom as usize], true) {
                waiting.push_back(link.atom);
            }
        }
    }
    order
}

/// Beyond this many atoms a ring system keeps the structure it has: looking for another one takes
/// time in proportion to the square.
const MAX_SYSTEM: usize = 2_000;

const NONE: usize = usize::MAX;

/// The atoms of a ring system that have a double bond, in the order in which they choose it.
struct System {
    /// Per atom, its neighbours by rank: their place in this list, and the bond.
    links: Vec<Vec<(usize, u32)>>,
    /// Per atom, the place of the atom at the other end of its double bond.
    mate: Vec<usize>,
}

impl System {
    fn new(molecule: &Molecule, ranks: &[u32], mut order: Vec<u32>) -> Self {
        let aromatic = |link: &&Neighbor| molecule.bonds()[link.bond as usize].aromatic;
        let is_double =
            |link: &&Neighbor| molecule.bonds()[link.bond as usize].kekule == BondOrder::Double;
        let neighbors = |atom: u32| molecule.neighbors(atom as usize).iter().filter(aromatic);
        order.retain(|&atom| neighbors(atom).any(|link| is_double(&link)));
        let mut places: Vec<(u32, usize)> = order.iter().copied().zip(0..).collect();
        places.sort_unstable();
        let place = |atom: u32| {
            let found = places.binary_search_by_key(&atom, |&(atom, _)| atom).ok()?;
            Some(places[found].1)
        };
        let mate = order.iter().map(|&atom| {
            let link = neighbors(atom).find(is_double);
            link.and_then(|link| place(link.atom)).unwrap_or(NONE)
        });
        let mate = mate.collect();
        let links = order.iter().map(|&atom| {
            let mut links: Vec<&Neighbor> = neighbors(atom).collect();
            links.sort_unstable_by_key(|link| ranks[link.atom as usize]);
            let links = links.iter();
            links
                .filter_map(|link| Some((place(link.atom)?, link.bond)))
                .collect()
        });
        Self {
            links: links.collect(),
            mate,
        }
    }

    fn settle(mut self, double: &mut [bool]) {
        let count = self.mate.len();
        let mut settled = vec![count > MAX_SYSTEM; count];
        for atom in 0..count {
            if settled[atom] {
                continue;
            }
            settled[atom] = true;
            for at in 0..self.links[atom].len() {
                let (other, _) = self.links[atom][at];
                if !settled[other] && self.can_join(atom, other, &mut settled) {
                    settled[other] = true;
                    break;
                }
            }
        }
        for (atom, links) in self.links.iter().enumerate() {
            for &(other, bond) in links {
                double[bond as usize] |= self.mate[atom] == other;
            }
        }
    }

    /// Makes the bond between two atoms double, if the atoms that are not settled can be paired up
    /// without these two.
    fn can_join(&mut self, atom: usize, other: usize, settled: &mut [bool]) -> bool {
        if self.mate[atom] == other {
            return true;
        }
        settled[other] = true;
        let edges: Vec<(usize, usize)> = self
            .links
            .iter()
            .enumerate()
            .flat_map(|(from, links)| links.iter().map(move |&(to, _)| (from, to)))
            .filter(|&(from, to)| from < to && !settled[from] && !settled[to])
            .collect();
        let mut matching = Matching::new(settled.to_vec(), edges.iter().copied());
        for &(from, to) in &edges {
            if self.mate[from] == to {
                matching.join(from, to);
            }
        }
        settled[other] = false;
        if !matching.complete() {
            return false;
        }
        for from in (0..self.mate.len()).filter(|&from| !settled[from] && from != other) {
            self.mate[from] = matching.mate(from).unwrap_or(NONE);
        }
        (self.mate[atom], self.mate[other]) = (other, atom);
        true
    }
}
