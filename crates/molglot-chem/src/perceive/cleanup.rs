//! Common ways to draw hypervalent groups, rewritten to charges and dative bonds.

use super::draft::Draft;
use super::valence;
use crate::element::{
    BROMINE, CARBON, CHLORINE, HYDROGEN, IODINE, NITROGEN, OXYGEN, PHOSPHORUS, is_metal, valences,
};
use crate::molecule::{BondOrder, Neighbor};

/// Rewrites nitro groups, phosphoranes, halogen oxides and bonds to metals.
pub(super) fn clean_up(draft: &mut Draft) {
    let mut metals = false;
    let mut nitrogens = Vec::new();
    let mut others = Vec::new();
    for (atom, raw) in draft.atoms.iter().enumerate() {
        match raw.atomic_number {
            NITROGEN => nitrogens.push(atom),
            PHOSPHORUS | CHLORINE | BROMINE | IODINE => others.push(atom),
            number => metals |= is_metal(number),
        }
    }
    nitrogens.retain(|&atom| draft.atoms[atom].charge == 0 && has_five_bonds(draft, atom));
    for (neighbor, from, to) in [
        (OXYGEN, BondOrder::Double, BondOrder::Single),
        (NITROGEN, BondOrder::Triple, BondOrder::Double),
    ] {
        for &atom in &nitrogens {
            let found = draft.topology.neighbors(atom).iter().copied().find(|link| {
                let other = &draft.atoms[link.atom as usize];
                other.atomic_number == neighbor
                    && other.charge == 0
                    && draft.bonds[link.bond as usize].order == from
            });
            if let Some(link) = found {
                separate(draft, atom, link, to);
            }
        }
    }
    for atom in others {
        if draft.atoms[atom].atomic_number == PHOSPHORUS {
            clean_up_phosphorus(draft, atom);
        } else {
            clean_up_halogen(draft, atom);
        }
    }
    if metals {
        coordinate(draft);
    }
}

fn has_five_bonds(draft: &Draft, atom: usize) -> bool {
    draft.degree(atom) > 1 && valence::explicit(draft, atom) == 5
}

/// Moves an electron pair of a bond to the neighbour.
fn separate(draft: &mut Draft, atom: usize, link: Neighbor, order: BondOrder) {
    draft.bonds[link.bond as usize].order = order;
    draft.atoms[atom].charge = 1;
    draft.atoms[link.atom as usize].charge = -1;
}

/// `C=P(=O)X` is `C=[P+]([O-])X`.
fn clean_up_phosphorus(draft: &mut Draft, atom: usize) {
    if draft.atoms[atom].charge != 0 || draft.degree(atom) != 3 || !has_five_bonds(draft, atom) {
        return;
    }
    let mut oxygen = None;
    let mut ylide = false;
    for link in draft.topology.neighbors(atom) {
        if draft.bonds[link.bond as usize].order != BondOrder::Double {
            continue;
        }
        let other = &draft.atoms[link.atom as usize];
        match other.atomic_number {
            OXYGEN if other.charge == 0 => oxygen = Some(*link),
            CARBON | NITROGEN => ylide |= draft.degree(link.atom as usize) >= 2,
            _ => {}
        }
    }
    if let Some(link) = oxygen.filter(|_| ylide) {
        separate(draft, atom, link, BondOrder::Single);
    }
}

/// `O=Cl(=O)(=O)O` is `[O-][Cl+3]([O-])([O-])O`.
fn clean_up_halogen(draft: &mut Draft, atom: usize) {
    let is_oxygen = |link: &Neighbor| draft.atoms[link.atom as usize].atomic_number == OXYGEN;
    if draft.atoms[atom].charge != 0
        || draft.degree(atom) == 0
        || !draft.topology.neighbors(atom).iter().all(is_oxygen)
        || !matches!(valence::explicit(draft, atom), 3 | 5 | 7)
    {
        return;
    }
    for link in draft.topology.neighbors(atom) {
        let bond = &mut draft.bonds[link.bond as usize];
        if bond.order == BondOrder::Double {
            bond.order = BondOrder::Single;
            draft.atoms[atom].charge += 1;
            draft.atoms[link.atom as usize].charge = -1;
        }
    }
}

/// Single bonds from hypervalent non-metals to metals become dative.
///
/// Of several metals the one with the fewest dative bonds is taken, the first among equals.
fn coordinate(draft: &mut Draft) {
    for atom in 0..draft.atoms.len() {
        let number = draft.atoms[atom].atomic_number;
        if is_metal(number) || matches!(number, HYDROGEN | 2 | 9 | 10) {
            continue;
        }
        let metal_links = |draft: &Draft| -> Vec<Neighbor> {
            let links = draft.topology.neighbors(atom).iter().copied();
            links
                .filter(|link| {
                    draft.bonds[link.bond as usize].order == BondOrder::Single
                        && is_metal(draft.atoms[link.atom as usize].atomic_number)
                })
                .collect()
        };
        if !is_hypervalent(draft, atom) {
            continue;
        }
        let dative = |link: &Neighbor| {
            let links = draft.links(link.atom as usize);
            links
                .filter(|(bond, _)| bond.order == BondOrder::Dative)
                .count()
        };
        if let Some(link) = metal_links(draft).into_iter().min_by_key(dative) {
            draft.has_dative = true;
            let bond = &mut draft.bonds[link.bond as usize];
            bond.order = BondOrder::Dative;
            (bond.begin, bond.end) = (atom as u32, link.atom);
        }
    }
}

fn is_hypervalent(draft: &mut Draft, atom: usize) -> bool {
    valence::determine(draft, atom);
    let raw = &draft.atoms[atom];
    let electrons = i16::from(raw.atomic_number) - i16::from(raw.charge);
    let Ok(isoelectronic @ 1..=118) = u8::try_from(electrons) else {
        return false;
    };
    let largest = valences(isoelectronic)
        .last()
        .map_or(0, |&valence| i32::from(valence));
    let used = draft.valences[atom].explicit;
    // Cyclopentadienyl carbons reach their valence with the metal as a fourth neighbour.
    let cyclopentadienyl = used == largest && raw.aromatic && draft.total_degree(atom) == 4;
    largest > 0 && (used > largest || cyclopentadienyl)
}

#[cfg(test)]
mod tests {
    use crate::molecule::{BondOrder, Molecule};

    fn charges(smiles: &str) -> Vec<i8> {
        let molecule = Molecule::from_smiles(smiles).unwrap();
        molecule.atoms().iter().map(|atom| atom.charge).collect()
    }

    #[test]
    fn hypervalent_groups_are_charged() {
        assert_eq!(charges("CN(=O)=O"), [0, 1, -1, 0]);
        assert_eq!(charges("CN=N#N"), [0, 0, 1, -1]);
        assert_eq!(charges("O=n1ccccc1"), [-1, 1, 0, 0, 0, 0, 0]);
        assert_eq!(charges("C=P(=O)C"), [0, 0, 0, 0]);
        assert_eq!(charges("CC=P(=O)C"), [0, 0, 1, -1, 0]);
        assert_eq!(charges("O=Cl(=O)(=O)O"), [-1, 3, -1, -1, 0]);
        assert_eq!(charges("O=I(=O)O"), [-1, 2, -1, 0]);
        // One neighbour is no oxygen.
        assert!(Molecule::from_smiles("O=Cl(=O)(=O)C").is_err());
    }

    #[test]
    fn single_bonds_from_full_atoms_to_metals_become_dative() {
        let bonds = |smiles: &str| -> Vec<_> {
            let molecule = Molecule::from_smiles(smiles).unwrap();
            let bonds = molecule.bonds().iter();
            bonds
                .map(|bond| (bond.begin, bond.end, bond.order))
                .collect()
        };
        use BondOrder::{Dative, Single};
        assert_eq!(bonds("C[NH2][Pt]"), [(0, 1, Single), (1, 2, Dative)]);
        assert_eq!(bonds("[Pt][NH2]C"), [(1, 0, Dative), (1, 2, Single)]);
        assert_eq!(bonds("CN[Li]"), [(0, 1, Single), (1, 2, Single)]);
        // Two metals: one of the bonds is enough.
        let orders: Vec<_> = bonds("[Pd]Cl[Pd]").into_iter().map(|bond| bond.2).collect();
        assert_eq!(orders, [Dative, Single]);
    }
}
