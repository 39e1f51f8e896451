//! Stereo centres whose tags mean something only relative to each other.
//!
//! In `C[C@H]1CC[C@H](C)CC1` the two paths around the ring are alike, so no single centre has a
//! configuration; the pair is *cis* or *trans*. RDKit writes the first such centre of a ring system
//! as `@`, whatever its tag, and ranks their neighbours by them.

use super::rank::{Ranker, Scheme};
use crate::molecule::{Atom, Chirality, Molecule};

/// The ring systems of the dependent centres.
#[derive(Debug, Default)]
pub(super) struct RingStereo {
    /// One above the ring system of a dependent centre, 0 at other atoms; empty if there are none.
    system: Vec<u32>,
}

impl RingStereo {
    /// Finds them. `maps`: atoms with different map numbers are different.
    ///
    /// A tag that outlived perception belongs to a centre with four different neighbours, or else
    /// to a dependent one.
    pub(super) fn of(molecule: &Molecule, maps: bool) -> Self {
        let atoms = (0u32..).take(molecule.atoms().len());
        let suspects: Vec<u32> = atoms
            .filter(|&atom| has_similar_ring_neighbors(molecule, atom, maps))
            .collect();
        if suspects.is_empty() {
            return Self::default();
        }
        let none = Self::default();
        let mut ranker = Ranker::new(molecule, Scheme::Priority { maps }, &none);
        let everything: Vec<u32> = (0u32..).take(molecule.atoms().len()).collect();
        ranker.partition(&everything);
        let class = ranker.into_classes();
        let alike = |a: u32, b: u32| class[a as usize] == class[b as usize];
        let dependent = suspects
            .into_iter()
            .filter(|&atom| any_pair_of_ring_neighbors(molecule, atom, alike));
        let mut system = Vec::new();
        let mut systems = Vec::new();
        for atom in dependent {
            if system.is_empty() {
                system.resize(molecule.atoms().len(), 0);
                systems = molecule.components(|bond| molecule.bonds()[bond as usize].in_ring);
            }
            system[atom as usize] = systems[atom as usize] + 1;
        }
        Self { system }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.system.is_empty()
    }

    pub(super) fn contains(&self, atom: u32) -> bool {
        self.system(atom).is_some()
    }

    /// One above the highest number of a ring system.
    pub(super) fn system_count(&self) -> usize {
        self.system.iter().max().map_or(0, |&last| last as usize)
    }

    /// The ring system of a dependent centre.
    pub(super) fn system(&self, atom: u32) -> Option<u32> {
        self.system.get(atom as usize)?.checked_sub(1)
    }
}

/// A necessary condition that is cheap: equal atoms with equal neighbours.
fn has_similar_ring_neighbors(molecule: &Molecule, atom: u32, maps: bool) -> bool {
    let tagged = matches!(
        molecule.atoms()[atom as usize].chirality,
        Chirality::Clockwise | Chirality::CounterClockwise
    );
    let label = |atom: u32| -> u64 {
        let Atom {
            atomic_number,
            isotope,
            total_hydrogens,
            map,
            ..
        } = molecule.atoms()[atom as usize];
        u64::from(atomic_number) << 40
            | u64::from(isotope.unwrap_or(0)) << 24
            | u64::from(map.filter(|_| maps).unwrap_or(0)) << 8
            | u64::from(total_hydrogens)
    };
    // A sum does not depend on the order of the neighbours.
    let shell = |atom: u32| {
        let links = molecule.neighbors(atom as usize).iter();
        links.fold(0u64, |sum, link| sum.wrapping_add(mix(label(link.atom))))
    };
    tagged
        && any_pair_of_ring_neighbors(molecule, atom, |a, b| {
            label(a) == label(b) && shell(a) == shell(b)
        })
}

/// Spreads a label over all bits, so that sums of different labels differ.
fn mix(label: u64) -> u64 {
    let spread = label.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (spread ^ (spread >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

fn any_pair_of_ring_neighbors(
    molecule: &Molecule,
    atom: u32,
    alike: impl Fn(u32, u32) -> bool,
) -> bool {
    let links = molecule.neighbors(atom as usize);
    links.iter().enumerate().any(|(at, a)| {
        let in_ring = |bond: u32| molecule.bonds()[bond as usize].in_ring;
        in_ring(a.bond)
            && links[..at]
                .iter()
                .any(|b| in_ring(b.bond) && alike(a.atom, b.atom))
    })
}
