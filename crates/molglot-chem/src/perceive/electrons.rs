//! π electrons, conjugation and hybridisation by RDKit's rules.

use super::draft::{Draft, twice_order};
use crate::element::{WILDCARD, default_valence, outer_electrons};
use crate::molecule::{BondOrder, Chirality, Hybridization};

/// Electrons that an atom can give to a π system; negative if it has no place in one.
pub(super) fn pi_electrons(draft: &Draft, atom: usize) -> i32 {
    let raw = &draft.atoms[atom];
    let default = i32::from(default_valence(raw.atomic_number));
    if default <= 1 {
        return -1;
    }
    let degree = draft.total_degree(atom) - draft.donated(atom);
    if degree > 3 {
        return -1;
    }
    let lone = (outer_electrons(raw.atomic_number) - default - i32::from(raw.charge)).max(0);
    let electrons = default - degree + lone - i32::from(raw.radical_electrons);
    // Of a triple bond only one π bond can take part.
    let unsaturation = draft.valences[atom].explicit - draft.degree(atom);
    if electrons > 1 && unsaturation > 1 {
        1
    } else {
        electrons
    }
}

/// Marks the bonds of conjugated systems: a multiple or aromatic bond next to any bond between atoms
/// that have π electrons.
pub(super) fn conjugate(draft: &mut Draft) {
    for bond in &mut draft.bonds {
        bond.conjugated = bond.aromatic;
    }
    if draft
        .bonds
        .iter()
        .all(|bond| matches!(bond.order, BondOrder::Single | BondOrder::Dative))
    {
        return;
    }
    // Neighbours and hydrogens of the atoms that may take part, 0 for the others.
    let around: Vec<i32> = (0..draft.atoms.len())
        .map(|atom| {
            if is_conjugable(draft, atom) {
                draft.total_degree(atom)
            } else {
                0
            }
        })
        .collect();
    for atom in (0..draft.atoms.len()).filter(|&atom| matches!(around[atom], 2..=3)) {
        let links = draft.topology.neighbors(atom);
        for (at, first) in links.iter().enumerate() {
            let multiple = twice_order(&draft.bonds[first.bond as usize], atom) > 2;
            if !multiple || around[first.atom as usize] == 0 {
                continue;
            }
            for (_, second) in links.iter().enumerate().filter(|&(other, _)| other != at) {
                if matches!(around[second.atom as usize], 1..=3) {
                    draft.bonds[first.bond as usize].conjugated = true;
                    draft.bonds[second.bond as usize].conjugated = true;
                }
            }
        }
    }
}

fn is_conjugable(draft: &Draft, atom: usize) -> bool {
    let raw = &draft.atoms[atom];
    let default = i32::from(default_valence(raw.atomic_number));
    if raw.charge == 0 && default >= 0 && draft.valences[atom].total() > default {
        return false;
    }
    // Lone pairs beyond the first row take no part, as in Pc1ccccc1.
    let in_first_row = raw.atomic_number <= 10;
    let fits = match outer_electrons(raw.atomic_number) {
        5 => in_first_row,
        6 => in_first_row || draft.total_degree(atom) < 2,
        _ => true,
    };
    fits && pi_electrons(draft, atom) > 0
}

/// The hybridisation of an atom, from its neighbours and lone pairs.
pub(super) fn hybridization(draft: &Draft, atom: usize) -> Hybridization {
    let raw = &draft.atoms[atom];
    if raw.atomic_number == WILDCARD {
        return Hybridization::Other;
    }
    let degree = draft.total_degree(atom);
    match (raw.chirality, degree) {
        (Chirality::Clockwise | Chirality::CounterClockwise, 4) => return Hybridization::Sp3,
        (Chirality::SquarePlanar(_), 2..=4) => return Hybridization::Other,
        (Chirality::TrigonalBipyramidal(_), 2..=5) => return Hybridization::Sp3d,
        (Chirality::Octahedral(_), 2..=6) => return Hybridization::Sp3d2,
        _ => {}
    }
    // Nothing is known of lone pairs of actinides and beyond.
    let orbitals = if raw.atomic_number < 89 {
        orbitals(draft, atom)
    } else {
        degree
    };
    match orbitals {
        2 => Hybridization::Sp,
        3 => Hybridization::Sp2,
        // A lone pair next to a π system lies in a p orbital, as in O=CO.
        4 if degree <= 3 && draft.links(atom).any(|(bond, _)| bond.conjugated) => {
            Hybridization::Sp2
        }
        4 => Hybridization::Sp3,
        5 => Hybridization::Sp3d,
        6 => Hybridization::Sp3d2,
        _ => Hybridization::Other,
    }
}

/// Bonds plus lone pairs plus unpaired electrons.
fn orbitals(draft: &Draft, atom: usize) -> i32 {
    let raw = &draft.atoms[atom];
    let degree = draft.total_degree(atom) - draft.donated(atom);
    if raw.atomic_number <= 1 {
        return degree;
    }
    let outer = outer_electrons(raw.atomic_number);
    let charge = i32::from(raw.charge);
    let valence = draft.valences[atom].total();
    let free = outer - valence - charge;
    if valence + outer - charge < 8 {
        let radicals = i32::from(raw.radical_electrons);
        degree + (free - radicals) / 2 + radicals
    } else {
        degree + free / 2
    }
}

#[cfg(test)]
mod tests {
    use crate::molecule::Hybridization::{self, Other, Sp, Sp2, Sp3, Sp3d, Sp3d2};
    use crate::molecule::Molecule;

    #[test]
    fn lone_pairs_and_conjugation_decide_hybridisation() {
        let hybridizations = |smiles: &str| -> Vec<Hybridization> {
            let molecule = Molecule::from_smiles(smiles).unwrap();
            let atoms = molecule.atoms().iter();
            atoms.map(|atom| atom.hybridization).collect()
        };
        assert_eq!(hybridizations("CC=CC#N"), [Sp3, Sp2, Sp2, Sp, Sp]);
        // The hydroxyl oxygen of an acid is conjugated, that of an alcohol is not.
        assert_eq!(hybridizations("OC=O"), [Sp2, Sp2, Sp2]);
        assert_eq!(hybridizations("OC"), [Sp3, Sp3]);
        assert_eq!(hybridizations("S(F)(F)(F)(F)(F)F")[0], Sp3d2);
        assert_eq!(hybridizations("P(F)(F)(F)(F)F")[0], Sp3d);
        assert_eq!(hybridizations("[Na+].*"), [Other, Other]);
        // The bond to phosphorus is not conjugated.
        assert_eq!(hybridizations("Pc1ccccc1")[0], Sp3);
    }

    #[test]
    fn conjugation_runs_over_multiple_bonds_and_lone_pairs() {
        let conjugated = |smiles: &str| -> Vec<bool> {
            let molecule = Molecule::from_smiles(smiles).unwrap();
            molecule
                .bonds()
                .iter()
                .map(|bond| bond.conjugated)
                .collect()
        };
        assert_eq!(conjugated("C=CC=C"), [true; 3]);
        assert_eq!(conjugated("C=CCC=C"), [false; 4]);
        assert_eq!(conjugated("CC(=O)N"), [false, true, true]);
        assert_eq!(conjugated("CS(=O)(=O)N"), [false; 4]);
    }
}
