//! Morgan fingerprints: the circular environments of all atoms (Rogers and Hahn 2010).
//!
//! The identifier of an atom starts as the hash of element, degree, hydrogens, charge, isotope and
//! ring membership. In each round it takes in the identifiers of its neighbours. An environment is
//! the set of bonds that a round has reached; of equal environments only the first is kept, and the
//! atoms of the others take no further part.

use super::hash::{bond_code, combine, combine_all};
use super::{Bits, SparseCounts};
use crate::element::HYDROGEN;
use crate::molecule::Molecule;
use crate::nuclide;

/// The environments up to `radius` bonds, folded to `size` bits: RDKit's
/// `GetMorganGenerator(radius, fpSize=size).GetFingerprint`. ECFP4 is radius 2.
///
/// # Panics
///
/// If `size` is 0.
pub fn bits(molecule: &Molecule, radius: u32, size: u32) -> Bits {
    let mut bits = Bits::new(size as usize);
    for identifier in identifiers(molecule, radius) {
        bits.set((identifier % size) as usize);
    }
    bits
}

/// How often each environment occurs, unfolded: RDKit's `GetSparseCountFingerprint`, and with
/// [`SparseCounts::fold`] its `GetCountFingerprint`.
pub fn counts(molecule: &Molecule, radius: u32) -> SparseCounts {
    SparseCounts::from_features(identifiers(molecule, radius))
}

/// The identifiers of all kept environments.
fn identifiers(molecule: &Molecule, radius: u32) -> Vec<u32> {
    let atom_count = molecule.atoms().len();
    let mut current = invariants(molecule);
    let mut found = current.clone();
    // A dead atom has the identifier 0, from the round after its death.
    let mut next = vec![0; atom_count];
    let mut environments = Environments::new(atom_count);
    let mut of_atom = vec![Environments::EMPTY; atom_count];
    let mut grown = of_atom.clone();
    let mut live: Vec<u32> = (0..atom_count as u32)
        .filter(|&atom| !molecule.neighbors(atom as usize).is_empty())
        .collect();
    let mut around = Vec::new();
    for round in 0..radius {
        if live.is_empty() {
            break;
        }
        let first_new = environments.count();
        for &atom in &live {
            let at = atom as usize;
            around.clear();
            environments.start(of_atom[at]);
            for link in molecule.neighbors(at) {
                environments.insert(link.bond);
                environments.unite(of_atom[link.atom as usize]);
                let code = bond_code(&molecule.bonds()[link.bond as usize]);
                around.push((code, current[link.atom as usize]));
            }
            around.sort_unstable();
            let pairs = around
                .iter()
                .map(|&(code, identifier)| combine(combine(0, code), identifier));
            next[at] = combine_all(combine(round, current[at]), pairs);
            grown[at] = environments.intern(next[at], atom, first_new);
        }
        for &atom in &live {
            of_atom[atom as usize] = grown[atom as usize];
        }
        live.retain(|&atom| environments.is_kept(of_atom[atom as usize], atom, first_new));
        found.extend(live.iter().map(|&atom| next[atom as usize]));
        std::mem::swap(&mut current, &mut next);
        next.fill(0);
    }
    found
}

fn invariants(molecule: &Molecule) -> Vec<u32> {
    let atoms = molecule.atoms().iter().enumerate();
    let invariant = atoms.map(|(at, atom)| {
        let hydrogen_neighbors = molecule
            .neighbors(at)
            .iter()
            .filter(|link| molecule.atoms()[link.atom as usize].atomic_number == HYDROGEN)
            .count() as u32;
        let difference = atom
            .isotope
            .map_or(0, |mass| whole_daltons_off(atom.atomic_number, mass));
        let parts = [
            u32::from(atom.atomic_number),
            u32::from(atom.total_degree),
            u32::from(atom.total_hydrogens) + hydrogen_neighbors,
            i32::from(atom.charge) as u32,
            difference as u32,
        ];
        combine_all(combine_all(0, parts), atom.in_ring.then_some(1))
    });
    invariant.collect()
}

/// 64 bonds of an environment: which 64, and one bit for each.
type Block = (u32, u64);

/// The different environments met so far, each stored once as its non-empty blocks by ascending
/// bond. So the memory goes with what is new in each round and not with atoms times bonds.
struct Environments {
    blocks: Vec<Block>,
    /// Where the blocks of each environment end; they start where those before end.
    ends: Vec<u32>,
    /// The smallest (identifier, atom) of each environment: the one that is kept.
    owners: Vec<(u32, u32)>,
    /// Open addressing by the hash of the blocks: number of the environment plus one.
    table: Vec<u32>,
    /// The environment under construction.
    draft: Vec<Block>,
}

impl Environments {
    /// Of an atom in round 0.
    const EMPTY: u32 = u32::MAX;

    fn new(atom_count: usize) -> Self {
        Self {
            blocks: Vec::with_capacity(2 * atom_count),
            ends: Vec::with_capacity(2 * atom_count),
            owners: Vec::with_capacity(2 * atom_count),
            table: vec![0; (4 * atom_count).next_power_of_two().max(16)],
            draft: Vec::new(),
        }
    }

    fn count(&self) -> u32 {
        self.ends.len() as u32
    }

    fn range(&self, id: u32) -> std::ops::Range<usize> {
        let start = match id {
            0 => 0,
            _ => self.ends[id as usize - 1],
        };
        start as usize..self.ends[id as usize] as usize
    }

    fn start(&mut self, id: u32) {
        self.draft.clear();
        if id != Self::EMPTY {
            self.draft.extend_from_slice(&self.blocks[self.range(id)]);
        }
    }

    fn insert(&mut self, bond: u32) {
        Self::add(&mut self.draft, (bond / 64, 1 << (bond % 64)));
    }

    fn unite(&mut self, id: u32) {
        if id != Self::EMPTY {
            let range = self.range(id);
            for &block in &self.blocks[range] {
                Self::add(&mut self.draft, block);
            }
        }
    }

    fn add(draft: &mut Vec<Block>, (index, bits): Block) {
        match draft.iter_mut().rev().find(|block| block.0 == index) {
            Some(block) => block.1 |= bits,
            None => draft.push((index, bits)),
        }
    }

    /// Stores the draft, or finds it; returns its number. Of atoms that reach it in the same round
    /// the one with the smallest (identifier, atom) comes to own it.
    fn intern(&mut self, identifier: u32, atom: u32, first_new: u32) -> u32 {
        self.draft.sort_unstable();
        let mut slot = self.slot(&self.draft);
        let id = loop {
            let Some(id) = self.table[slot].checked_sub(1) else {
                break self.store(slot);
            };
            if self.blocks[self.range(id)] == self.draft[..] {
                break id;
            }
            slot = (slot + 1) % self.table.len();
        };
        let candidate = (identifier, atom);
        match self.owners.get_mut(id as usize) {
            None => self.owners.push(candidate),
            Some(owner) if id >= first_new => *owner = candidate.min(*owner),
            Some(_) => {}
        }
        id
    }

    fn is_kept(&self, id: u32, atom: u32, first_new: u32) -> bool {
        id >= first_new && self.owners[id as usize].1 == atom
    }

    fn store(&mut self, slot: usize) -> u32 {
        let id = self.count();
        self.blocks.extend_from_slice(&self.draft);
        self.ends.push(self.blocks.len() as u32);
        self.table[slot] = id + 1;
        if 2 * self.ends.len() > self.table.len() {
            self.rehash();
        }
        id
    }

    fn rehash(&mut self) {
        self.table = vec![0; 2 * self.table.len()];
        for id in 0..self.count() {
            let mut slot = self.slot(&self.blocks[self.range(id)]);
            while self.table[slot] != 0 {
                slot = (slot + 1) % self.table.len();
            }
            self.table[slot] = id + 1;
        }
    }

    /// Multiplicative hashing (Knuth): the high bits of a product, as many as the table needs.
    fn slot(&self, blocks: &[Block]) -> usize {
        const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
        let hash = blocks.iter().fold(0u64, |hash, &(index, bits)| {
            (hash.rotate_left(23) ^ bits ^ u64::from(index)).wrapping_mul(GOLDEN)
        });
        (hash >> (64 - self.table.len().trailing_zeros())) as usize
    }
}
/// By how many whole daltons an isotope differs from the standard weight of its element.
fn whole_daltons_off(atomic_number: u8, isotope: u16) -> i32 {
    (nuclide::mass(atomic_number, isotope) - nuclide::standard_weight(atomic_number)) as i32
}

#[cfg(test)]
mod tests {
    use super::whole_daltons_off;

    #[test]
    fn nuclides_around_their_element() {
        assert_eq!(whole_daltons_off(1, 1), 0);
        assert_eq!(whole_daltons_off(1, 2), 1);
        assert_eq!(whole_daltons_off(1, 3), 2);
        assert_eq!(whole_daltons_off(6, 11), 0);
        assert_eq!(whole_daltons_off(6, 12), 0);
        assert_eq!(whole_daltons_off(6, 14), 1);
        assert_eq!(whole_daltons_off(53, 125), -1);
        assert_eq!(whole_daltons_off(92, 235), -2);
        assert_eq!(whole_daltons_off(0, 7), 0);
    }
}
