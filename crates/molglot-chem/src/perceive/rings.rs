//! The rings of a molecule with the bonds they run over.

use super::draft::Draft;
use crate::molecule::BondOrder;
use crate::sssr::symmetrized_sssr;

pub(super) struct Rings {
    /// Symmetrised SSSR, each ring as its atoms in cyclic order.
    pub(super) atoms: Vec<Vec<u32>>,
    bonds: Vec<u32>,
    start: Vec<u32>,
    /// In how many rings each atom is.
    pub(super) atom_counts: Vec<u32>,
}

impl Rings {
    /// A dative bond closes no ring.
    pub(super) fn new(draft: &mut Draft) -> Self {
        let closes_rings = |bond: u32| draft.bonds[bond as usize].order != BondOrder::Dative;
        let atoms = symmetrized_sssr(&draft.topology, closes_rings);
        let mut rings = Self {
            bonds: Vec::with_capacity(atoms.iter().map(Vec::len).sum()),
            start: Vec::with_capacity(atoms.len() + 1),
            atom_counts: vec![0; draft.atoms.len()],
            atoms,
        };
        rings.start.push(0);
        for ring in &rings.atoms {
            for (at, &atom) in ring.iter().enumerate() {
                rings.atom_counts[atom as usize] += 1;
                let next = ring[(at + 1) % ring.len()];
                let links = draft.topology.neighbors(atom as usize);
                let bond = links.iter().find(|link| link.atom == next);
                rings.bonds.extend(bond.map(|link| link.bond));
            }
            rings.start.push(rings.bonds.len() as u32);
        }
        for &bond in &rings.bonds {
            draft.bonds[bond as usize].in_ring = true;
        }
        rings
    }

    pub(super) fn len(&self) -> usize {
        self.atoms.len()
    }

    /// The bonds of a ring, each from the atom at the same place to the next.
    pub(super) fn bonds(&self, ring: usize) -> &[u32] {
        &self.bonds[self.start[ring] as usize..self.start[ring + 1] as usize]
    }
}
