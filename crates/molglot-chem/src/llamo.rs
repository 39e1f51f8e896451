//! Functional groups as the graph projector of LLaMo sees them (Park et al. 2024,
//! arXiv:2411.00871; the groups come from ReLMole, Ji et al. 2022, J. Chem. Inf. Model. 62:5361).
//!
//! Unlike [`groups`](crate::groups), which names what a chemist would name, these motifs cover
//! every bond: rings, connected heteroatoms and multiple bonds with their surroundings, and single
//! bonds between plain carbons. They overlap. The reference code merges groups in the order of
//! bonds and loses some of them when that order changes; here groups are connected components, so
//! no order matters.

mod features;

pub use features::{WIDTH, features};

use crate::element::{CARBON, NITROGEN, OXYGEN, SULFUR};
use crate::molecule::{BondOrder, Molecule};
use crate::site::{Site, is_single_or_aromatic};

/// A functional group: its atoms, rising, and their one-hot description.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Motif {
    /// See [`features`].
    pub features: [u8; WIDTH],
    /// Indices into [`Molecule::atoms`].
    pub atoms: Vec<u32>,
}

/// The functional groups of a molecule, sorted by features and then by atoms: the features are the
/// same sequence for every spelling. Methane and other molecules without heteroatom and bond have
/// none.
pub fn motifs(molecule: &Molecule) -> Vec<Motif> {
    let mut motifs: Vec<Motif> = chain_groups(molecule)
        .into_iter()
        .chain(ring_groups(molecule))
        .map(|atoms| Motif {
            features: features(molecule, &atoms),
            atoms,
        })
        .collect();
    motifs.sort_unstable();
    motifs
}

/// Groups that are connected by bonds outside rings.
fn chain_groups(molecule: &Molecule) -> Vec<Vec<u32>> {
    let is_functional: Vec<bool> = Site::all_of(molecule)
        .map(|site| site.is_functional())
        .collect();
    let ends = |bond: u32| {
        let bond = &molecule.bonds()[bond as usize];
        [bond.begin, bond.end]
    };
    let component = molecule.components(|bond| {
        let both = ends(bond).iter().all(|&end| is_functional[end as usize]);
        both && !molecule.bonds()[bond as usize].in_ring
    });
    let mut groups = vec![Vec::new(); molecule.atoms().len()];
    for atom in (0..molecule.atoms().len()).filter(|&atom| is_functional[atom]) {
        groups[component[atom] as usize].push(atom as u32);
    }
    for bond in molecule.bonds().iter().filter(|bond| !bond.in_ring) {
        for (atom, neighbor) in [(bond.begin, bond.end), (bond.end, bond.begin)] {
            if is_functional[atom as usize] && !is_functional[neighbor as usize] {
                groups[component[atom as usize] as usize].push(neighbor);
            }
        }
        if ![bond.begin, bond.end]
            .iter()
            .any(|&end| is_functional[end as usize])
        {
            groups.push(vec![bond.begin, bond.end]);
        }
    }
    // A lone functional atom of a ring is described by its ring.
    groups.retain(|group| match group[..] {
        [] => false,
        [only] => !molecule.atoms()[only as usize].in_ring,
        _ => true,
    });
    for group in &mut groups {
        group.sort_unstable();
        group.dedup();
    }
    groups
}

/// Rings, of which those that share more than one bond are one group: bridged rings merge, fused
/// ones do not.
fn ring_groups(molecule: &Molecule) -> Vec<Vec<u32>> {
    let mut groups: Vec<Vec<u32>> = Vec::with_capacity(molecule.rings().len());
    for ring in molecule.rings() {
        let mut group = ring.clone();
        group.sort_unstable();
        // What has grown may share more with a group that it was compared with before.
        while let Some(at) = groups.iter().position(|other| shared(&group, other) > 2) {
            group.extend(groups.swap_remove(at));
            group.sort_unstable();
            group.dedup();
        }
        groups.push(group);
    }
    groups
}

/// How many elements two sorted lists have in common.
fn shared(one: &[u32], other: &[u32]) -> usize {
    one.iter()
        .filter(|atom| other.binary_search(atom).is_ok())
        .count()
}

impl Site<'_> {
    /// A heteroatom, an end of a double or triple bond, or the carbon of an acetal.
    fn is_functional(&self) -> bool {
        !self.is(CARBON)
            || self.any(|bond, _| matches!(bond.order, BondOrder::Double | BondOrder::Triple))
            || self.is_acetal()
    }

    fn is_acetal(&self) -> bool {
        !self.atom.aromatic
            && self.atom.total_degree == 4
            && self.count(|bond, atom| {
                is_single_or_aromatic(bond)
                    && !atom.aromatic
                    && matches!(atom.atomic_number, OXYGEN | NITROGEN | SULFUR)
            }) >= 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn atoms(smiles: &str) -> Vec<Vec<u32>> {
        let molecule = Molecule::from_smiles(smiles).unwrap();
        let mut atoms: Vec<_> = motifs(&molecule)
            .into_iter()
            .map(|motif| motif.atoms)
            .collect();
        atoms.sort_unstable();
        atoms
    }

    #[test]
    fn groups_take_their_surroundings_along() {
        assert_eq!(atoms("CCO"), [[0, 1], [1, 2]]);
        let aspirin: [&[u32]; 3] = [&[0, 1, 2, 3, 4], &[4, 5, 6, 7, 8, 9], &[9, 10, 11, 12]];
        assert_eq!(atoms("CC(=O)Oc1ccccc1C(=O)O"), aspirin);
    }

    #[test]
    fn bridged_rings_merge_and_fused_rings_do_not() {
        assert_eq!(atoms("C1CC2CCC1C2"), [[0, 1, 2, 3, 4, 5, 6]]);
        assert_eq!(atoms("c1ccc2ccccc2c1").len(), 2);
        assert_eq!(atoms("C1CC12CC2").len(), 2);
    }

    #[test]
    fn lone_atoms_are_groups_outside_rings_only() {
        assert_eq!(atoms("[Na+].[Cl-]"), [[0], [1]]);
        assert_eq!(atoms("C"), Vec::<Vec<u32>>::new());
        assert_eq!(atoms("C1CCOC1"), [[0, 1, 2, 3, 4]]);
    }
}
