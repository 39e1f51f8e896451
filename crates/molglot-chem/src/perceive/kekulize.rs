//! One Kekulé structure for the atoms and bonds that are written as aromatic.
//!
//! Each system of fused rings is walked from its first atom, breadth first, giving every atom that
//! wants a double bond the first neighbour that does; RDKit walks the same way, so that rings which
//! turn out not to be aromatic get the same double bonds. Where the walk leaves atoms over,
//! [augmenting paths](crate::matching) find the structure if there is one.

mod walk;
mod wildcards;

use super::draft::Draft;
use super::rings::Rings;
use super::{Problem, ProblemKind, valence};
use crate::element::{NITROGEN, PHOSPHORUS, WILDCARD};
use crate::graph::Direction;
use crate::molecule::BondOrder;
use walk::Walk;

/// Replaces aromatic bonds by single and double ones.
///
/// # Errors
///
/// If no structure gives every atom its valence, or an aromatic atom is in no ring.
pub(super) fn kekulize(draft: &mut Draft, rings: &Rings) -> Result<(), Problem> {
    if draft.has_aromatic {
        let mut walk = Walk::new(draft);
        for system in fused_systems(draft, rings) {
            walk.system(draft, rings, &system)?;
        }
        clear_marks(draft, rings)?;
    }
    for bond in &mut draft.bonds {
        // RDKit leaves an aromatic bond outside rings as it is.
        bond.kekule = if bond.order == BondOrder::Aromatic {
            BondOrder::Single
        } else {
            bond.order
        };
    }
    Ok(())
}

/// Rings that share bonds, directly or over other rings; rings of nothing but wildcards are left out.
fn fused_systems(draft: &Draft, rings: &Rings) -> Vec<Vec<usize>> {
    const NONE: usize = usize::MAX;
    let eligible = |ring: usize| {
        let mut atoms = rings.atoms[ring].iter();
        atoms.any(|&atom| draft.atoms[atom as usize].atomic_number != WILDCARD)
    };
    let mut parent: Vec<usize> = (0..rings.len()).collect();
    let mut first_ring = vec![NONE; draft.bonds.len()];
    for ring in (0..rings.len()).filter(|&ring| eligible(ring)) {
        for &bond in rings.bonds(ring) {
            let seen = &mut first_ring[bond as usize];
            if *seen == NONE {
                *seen = ring;
            } else {
                let (a, b) = (root(&mut parent, *seen), root(&mut parent, ring));
                parent[a.max(b)] = a.min(b);
            }
        }
    }
    let mut place = vec![NONE; rings.len()];
    let mut systems: Vec<Vec<usize>> = Vec::new();
    for ring in (0..rings.len()).filter(|&ring| eligible(ring)) {
        let root = root(&mut parent, ring);
        if place[root] == NONE {
            place[root] = systems.len();
            systems.push(Vec::new());
        }
        systems[place[root]].push(ring);
    }
    systems
}

fn root(parent: &mut [usize], mut ring: usize) -> usize {
    while parent[ring] != ring {
        parent[ring] = parent[parent[ring]];
        ring = parent[ring];
    }
    ring
}

/// Takes the marks of the input away: from here on aromaticity is perceived.
fn clear_marks(draft: &mut Draft, rings: &Rings) -> Result<(), Problem> {
    draft.has_aromatic = false;
    for (bond, direction) in draft.bonds.iter_mut().zip(&mut draft.directions) {
        if bond.aromatic && bond.order == BondOrder::Double {
            *direction = Direction::None;
        }
        bond.aromatic = false;
        draft.has_aromatic |= bond.order == BondOrder::Aromatic;
    }
    for atom in 0..draft.atoms.len() {
        if !draft.atoms[atom].aromatic {
            continue;
        }
        if rings.atom_counts[atom] == 0 {
            let kind = ProblemKind::AromaticOutsideRing;
            return Err(Problem { atom, kind });
        }
        let raw = &mut draft.atoms[atom];
        raw.aromatic = false;
        // The hydrogen of [nH] is an ordinary one in the Kekulé structure.
        let pyrrolic = matches!(raw.atomic_number, NITROGEN | PHOSPHORUS)
            && raw.charge == 0
            && raw.explicit_hydrogens == 1;
        if pyrrolic {
            raw.no_implicit = false;
            raw.explicit_hydrogens = 0;
            let before = draft.valences[atom].total();
            valence::determine(draft, atom);
            if draft.valences[atom].total() != before {
                let kind = ProblemKind::Kekulize;
                return Err(Problem { atom, kind });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::SmilesErrorKind::{AromaticOutsideRing, Kekulize};
    use crate::molecule::{BondOrder, BondStereo, Molecule};

    fn read(smiles: &str) -> Molecule {
        Molecule::from_smiles(smiles).unwrap()
    }

    /// Double bonds at each atom in the Kekulé structure.
    fn doubles(molecule: &Molecule) -> Vec<usize> {
        let mut doubles = vec![0; molecule.atoms().len()];
        for bond in molecule.bonds() {
            assert_ne!(bond.kekule, BondOrder::Aromatic);
            if bond.kekule == BondOrder::Double {
                doubles[bond.begin as usize] += 1;
                doubles[bond.end as usize] += 1;
            }
        }
        doubles
    }

    #[test]
    fn every_carbon_of_a_ring_system_has_one_double_bond() {
        for smiles in [
            "c1ccccc1",
            "c1ccc2ccccc2c1",
            "c1ccccc1c1ccccc1",
            "c1cc2ccc3cccc4ccc(c1)c2c34",
            "C1=CC=CC=C1",
        ] {
            assert!(
                doubles(&read(smiles)).iter().all(|&count| count == 1),
                "{smiles}"
            );
        }
    }

    #[test]
    fn hetero_atoms_have_what_their_valence_leaves() {
        assert_eq!(doubles(&read("c1cc[nH]c1")), [1, 1, 1, 0, 1]);
        assert_eq!(doubles(&read("c1ccncc1")), [1; 6]);
        assert_eq!(doubles(&read("c1cc[n+]([O-])cc1")), [1, 1, 1, 1, 0, 1, 1]);
    }

    /// The walk gives the first two atoms a double bond, which leaves the last one without.
    #[test]
    fn a_wrong_turn_is_put_right() {
        assert_eq!(doubles(&read("c1ccoc1")), [1, 1, 1, 0, 1]);
    }

    /// Atoms 3 and 9 have the double bond that is written and want no other.
    #[test]
    fn a_written_double_bond_stays_out_of_the_search() {
        let molecule = read("c1cnc2ccsccc=2sn1");
        assert_eq!(doubles(&molecule), [1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 0, 1]);
        let refused = Molecule::from_smiles("c1ccc2nccc=c2c1").unwrap_err();
        assert_eq!(refused.kind, Kekulize);
    }

    #[test]
    fn lower_case_is_no_promise_of_aromaticity() {
        let molecule = read("[si]1ccccc1");
        assert!(molecule.atoms().iter().all(|atom| !atom.aromatic));
        assert_eq!(doubles(&molecule), [1; 6]);
    }

    #[test]
    fn what_has_no_structure_is_refused() {
        let kind = |smiles| Molecule::from_smiles(smiles).unwrap_err().kind;
        assert_eq!(kind("c1cccc1"), Kekulize);
        assert_eq!(kind("c1ccnc1"), Kekulize);
        assert_eq!(kind("c1ccccc1c"), AromaticOutsideRing);
    }

    #[test]
    fn a_mark_on_a_bond_that_turns_out_double_says_nothing() {
        let molecule = read(r"C2=c\nS\SNCCCCN\2PNN");
        assert!(
            molecule
                .bonds()
                .iter()
                .all(|bond| bond.stereo == BondStereo::None)
        );
    }
}
