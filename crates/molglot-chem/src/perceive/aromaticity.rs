//! RDKit's default model of aromaticity: Hückel's rule for rings and for fused rings together.

mod donor;

use super::draft::Draft;
use super::rings::Rings;
use crate::element::WILDCARD;
use crate::molecule::BondOrder;
use donor::{Donor, classify};

/// Rings with more bonds are not looked at together with others.
const LARGEST_FUSED: usize = 24;

/// So many fused rings are looked at together.
const MOST_FUSED: usize = 6;

/// In larger systems only pairs of rings are looked at.
const LARGE_SYSTEM: usize = 300;

/// Marks aromatic atoms and bonds.
pub(super) fn aromatize(draft: &mut Draft, rings: &Rings) {
    if rings.len() == 0 {
        return;
    }
    let mut donors = vec![None; draft.atoms.len()];
    let candidates: Vec<usize> = (0..rings.len())
        .filter(|&ring| is_candidate(draft, &rings.atoms[ring], &mut donors))
        .collect();
    if candidates.is_empty() {
        return;
    }
    let neighbors = ring_neighbors(rings, &candidates);
    let mut systems = Systems {
        rings,
        donors: donors
            .into_iter()
            .map(|donor| donor.unwrap_or(Donor::Barred))
            .collect(),
        neighbors,
        candidates,
        atom_hits: vec![0; draft.atoms.len()],
        bond_hits: vec![0; draft.bonds.len()],
    };
    for system in systems.fused() {
        systems.aromatize(draft, &system);
    }
}

/// Whether every atom of a ring has a place in a π system. Classifies atoms on first sight.
fn is_candidate(draft: &Draft, ring: &[u32], donors: &mut [Option<Donor>]) -> bool {
    let mut all = true;
    let mut wildcards = true;
    for &atom in ring {
        let atom = atom as usize;
        wildcards &= draft.atoms[atom].atomic_number == WILDCARD;
        let donor = *donors[atom].get_or_insert_with(|| classify(draft, atom, ring.len()));
        all &= donor != Donor::Barred;
    }
    all && !wildcards
}

/// Which candidates share exactly one bond, by place in the list.
fn ring_neighbors(rings: &Rings, candidates: &[usize]) -> Vec<Vec<usize>> {
    let mut neighbors = vec![Vec::new(); candidates.len()];
    let mut uses: Vec<(u32, usize)> = Vec::new();
    if candidates.len() > 1 {
        for (place, &ring) in candidates.iter().enumerate() {
            let bonds = rings.bonds(ring);
            if bonds.len() <= LARGEST_FUSED {
                uses.extend(bonds.iter().map(|&bond| (bond, place)));
            }
        }
        uses.sort_unstable();
    }
    let mut pairs = Vec::new();
    for users in uses.chunk_by(|a, b| a.0 == b.0) {
        for (at, &(_, second)) in users.iter().enumerate() {
            pairs.extend(users[..at].iter().map(|&(_, first)| (first, second)));
        }
    }
    pairs.sort_unstable();
    for shared in pairs.chunk_by(|a, b| a == b) {
        if let [(first, second)] = *shared {
            neighbors[first].push(second);
            neighbors[second].push(first);
        }
    }
    neighbors
}

struct Systems<'a> {
    rings: &'a Rings,
    donors: Vec<Donor>,
    candidates: Vec<usize>,
    neighbors: Vec<Vec<usize>>,
    /// Scratch: in how many rings of the subset an atom or bond is.
    atom_hits: Vec<u8>,
    bond_hits: Vec<u8>,
}

/// The way down a tree of connected sets of rings.
struct Subset {
    members: Vec<usize>,
    size: usize,
    /// Bonds of the system that are not aromatic yet.
    open: usize,
}

impl Systems<'_> {
    /// Candidates that hang together.
    fn fused(&self) -> Vec<Vec<usize>> {
        let mut seen = vec![false; self.candidates.len()];
        let mut systems = Vec::new();
        for first in 0..self.candidates.len() {
            if seen[first] {
                continue;
            }
            seen[first] = true;
            let mut system = vec![first];
            let mut at = 0;
            while at < system.len() {
                for &next in &self.neighbors[system[at]] {
                    if !seen[next] {
                        seen[next] = true;
                        system.push(next);
                    }
                }
                at += 1;
            }
            systems.push(system);
        }
        systems
    }

    /// Tries single rings, then pairs, and so on until every bond is aromatic.
    fn aromatize(&mut self, draft: &mut Draft, system: &[usize]) {
        let mut subset = Subset {
            members: Vec::with_capacity(MOST_FUSED),
            size: 0,
            open: self.count_bonds(system),
        };
        let largest = if system.len() > LARGE_SYSTEM {
            2
        } else {
            MOST_FUSED
        };
        for size in 1..=largest.min(system.len()) {
            subset.size = size;
            for &ring in system {
                let after = |&&next: &&usize| next > ring;
                let extension = self.neighbors[ring].iter().filter(after).copied().collect();
                subset.members.push(ring);
                self.extend(draft, &mut subset, extension);
                subset.members.pop();
            }
            if subset.open == 0 {
                return;
            }
        }
    }

    fn count_bonds(&mut self, system: &[usize]) -> usize {
        let mut count = 0;
        for &place in system {
            for &bond in self.rings.bonds(self.candidates[place]) {
                let hits = &mut self.bond_hits[bond as usize];
                count += usize::from(*hits == 0);
                *hits = 1;
            }
        }
        for &place in system {
            for &bond in self.rings.bonds(self.candidates[place]) {
                self.bond_hits[bond as usize] = 0;
            }
        }
        count
    }

    /// Visits each connected set of the wanted size once (Wernicke 2006): a set grows only by rings
    /// behind its first one that are neighbours of the newest ring alone. The depth is the size.
    fn extend(&mut self, draft: &mut Draft, subset: &mut Subset, mut extension: Vec<usize>) {
        if subset.members.len() == subset.size {
            self.judge(draft, subset);
            return;
        }
        while let Some(next) = extension.pop() {
            let known = |ring: usize| {
                subset.members.contains(&ring)
                    || subset
                        .members
                        .iter()
                        .any(|&member| self.neighbors[member].contains(&ring))
            };
            let mut wider = extension.clone();
            wider.extend(
                self.neighbors[next]
                    .iter()
                    .copied()
                    .filter(|&ring| ring > subset.members[0] && ring != next && !known(ring)),
            );
            subset.members.push(next);
            self.extend(draft, subset, wider);
            subset.members.pop();
        }
    }

    /// Hückel's rule for the atoms that are in one or two of the rings. The bonds of exactly one of
    /// them become aromatic.
    fn judge(&mut self, draft: &mut Draft, subset: &mut Subset) {
        let rings = self.rings;
        let members: [usize; MOST_FUSED] = std::array::from_fn(|at| {
            subset
                .members
                .get(at)
                .map_or(0, |&place| self.candidates[place])
        });
        let members = &members[..subset.members.len()];
        for &ring in members {
            for &atom in &rings.atoms[ring] {
                self.atom_hits[atom as usize] += 1;
            }
        }
        let mut electrons = Electrons::default();
        for &ring in members {
            for &atom in &rings.atoms[ring] {
                let hits = std::mem::take(&mut self.atom_hits[atom as usize]);
                if matches!(hits, 1..=2) {
                    electrons.add(self.donors[atom as usize]);
                }
            }
        }
        if !electrons.obey_hueckel() {
            return;
        }
        for &ring in members {
            for &bond in rings.bonds(ring) {
                self.bond_hits[bond as usize] += 1;
            }
        }
        for &ring in members {
            for &bond in rings.bonds(ring) {
                let hits = std::mem::take(&mut self.bond_hits[bond as usize]);
                if hits == 1 {
                    subset.open -= usize::from(!draft.bonds[bond as usize].aromatic);
                    mark(draft, bond as usize);
                }
            }
        }
    }
}

fn mark(draft: &mut Draft, bond: usize) {
    draft.has_aromatic = true;
    let bond = &mut draft.bonds[bond];
    bond.aromatic = true;
    if matches!(bond.order, BondOrder::Single | BondOrder::Double) {
        bond.order = BondOrder::Aromatic;
        draft.atoms[bond.begin as usize].aromatic = true;
        draft.atoms[bond.end as usize].aromatic = true;
    }
}

/// Bounds of the number of π electrons.
#[derive(Default)]
struct Electrons {
    least: i32,
    most: i32,
    wildcards: usize,
}

impl Electrons {
    fn add(&mut self, donor: Donor) {
        let (least, most) = match donor {
            Donor::Barred | Donor::Vacant => (0, 0),
            Donor::One => (1, 1),
            Donor::Two => (2, 2),
            Donor::Any => (1, 2),
        };
        self.least += least;
        self.most += most;
        self.wildcards += usize::from(donor == Donor::Any);
    }

    /// 4n + 2 is possible; two electrons alone count, as in the cyclopropenyl cation.
    fn obey_hueckel(&self) -> bool {
        let fits = if self.most >= 6 {
            (self.least..=self.most).any(|count| (count - 2) % 4 == 0)
        } else {
            self.most == 2
        };
        fits && self.wildcards <= 1
    }
}

#[cfg(test)]
mod tests {
    use crate::molecule::{BondOrder, Molecule};

    fn aromatic_atoms(smiles: &str) -> usize {
        let molecule = Molecule::from_smiles(smiles).unwrap();
        molecule.atoms().iter().filter(|atom| atom.aromatic).count()
    }

    #[test]
    fn rings_of_4n_and_2_electrons_are_aromatic() {
        for (smiles, count) in [
            ("C1=CC=CC=C1", 6),
            ("C1=CC=CN1", 5),
            ("C1=CC=CO1", 5),
            ("C1=CC=C[CH-]1", 5),
            ("C1=CC=CC=C[CH+]1", 7),
            ("C1=C[CH+]1", 3),
            ("C1=CC=C1", 0),
            ("C1=CC=CC=CC=C1", 0),
            ("C1=CCC=C1", 0),
            ("O=C1C=CNC=C1", 6),
            ("C=C1C=CC=C1", 0),
            ("[si]1ccccc1", 0),
            ("C1=CC=[Se]=C1", 0),
            ("*1=*C=CC=C1", 6),
        ] {
            assert_eq!(aromatic_atoms(smiles), count, "{smiles}");
        }
    }

    #[test]
    fn fused_rings_count_together() {
        // Azulene: neither ring alone obeys the rule, and the bond between them stays single.
        let azulene = Molecule::from_smiles("C1=CC=C2C=CC=C2C=C1").unwrap();
        assert!(azulene.atoms().iter().all(|atom| atom.aromatic));
        let single = azulene
            .bonds()
            .iter()
            .filter(|bond| bond.order == BondOrder::Single);
        assert_eq!(single.count(), 1);
        assert_eq!(aromatic_atoms("c1ccc2ccccc2c1"), 10);
        assert_eq!(aromatic_atoms("C1=CC2=CC=CC2=C1"), 0);
    }

    #[test]
    fn ethers_are_bridges_in_macrocycles() {
        assert_eq!(aromatic_atoms("O1C=CC=CC=CC=C1"), 0);
        assert_eq!(aromatic_atoms("N1C=CC=CC=CC=C1"), 9);
    }
}
