//! Written hydrogens become counts of their neighbours, as RDKit's `removeHs` folds them.

use crate::element::HYDROGEN;
use crate::graph::{Direction, RawGraph};
use crate::molecule::{BondOrder, Chirality, Topology};

/// Takes the plain hydrogens out of the graph. Returns the old index of each atom that stays.
///
/// A hydrogen stays an atom if it is an isotope, a hydride, a bridge, alone, bonded to another
/// hydrogen, a wildcard or a coordination centre, or if it carries the geometry of a double bond.
pub(super) fn fold(graph: &mut RawGraph) -> Vec<u32> {
    let everything = 0..graph.atoms.len() as u32;
    if graph
        .atoms
        .iter()
        .all(|atom| atom.atomic_number != HYDROGEN)
    {
        return everything.collect();
    }
    let topology = Topology::new(
        graph.atoms.len(),
        graph.bonds.iter().map(|bond| (bond.begin, bond.end)),
    );
    let folded: Vec<bool> = (0..graph.atoms.len())
        .map(|atom| is_plain(graph, &topology, atom))
        .collect();
    let mut gone = vec![false; graph.bonds.len()];
    for hydrogen in (0..graph.atoms.len()).rev().filter(|&atom| folded[atom]) {
        let link = topology.neighbors(hydrogen)[0];
        gone[link.bond as usize] = true;
        detach(
            graph,
            &topology,
            link.bond as usize,
            link.atom as usize,
            &gone,
        );
    }
    let kept: Vec<u32> = everything.filter(|&atom| !folded[atom as usize]).collect();
    compact(graph, &kept, &folded);
    kept
}

fn is_plain(graph: &RawGraph, topology: &Topology, index: usize) -> bool {
    let atom = &graph.atoms[index];
    if atom.atomic_number != HYDROGEN || atom.isotope.is_some() || atom.charge == -1 {
        return false;
    }
    let [link] = topology.neighbors(index) else {
        return false;
    };
    let neighbor = &graph.atoms[link.atom as usize];
    let around = topology.neighbors(link.atom as usize);
    // The only substituent at its end of a double bond says on which side it lies.
    let defines_geometry = around.len() == 2
        && graph.bonds[link.bond as usize].direction != Direction::None
        && around
            .iter()
            .any(|link| graph.bonds[link.bond as usize].order == BondOrder::Double);
    let coordinated = matches!(
        neighbor.chirality,
        Chirality::SquarePlanar(_) | Chirality::TrigonalBipyramidal(_) | Chirality::Octahedral(_)
    );
    neighbor.atomic_number > HYDROGEN && !coordinated && !defines_geometry
}

/// Hands what a bond to a hydrogen says over to the neighbour and its other bonds.
fn detach(graph: &mut RawGraph, topology: &Topology, bond: usize, heavy: usize, gone: &[bool]) {
    let others = || {
        let links = topology.neighbors(heavy).iter();
        links
            .map(|link| link.bond as usize)
            .filter(|&other| !gone[other])
    };
    let atom = &mut graph.atoms[heavy];
    atom.explicit_hydrogens = atom.explicit_hydrogens.saturating_add(1);
    // The hydrogen moves behind the neighbours that stay.
    if atom.chirality != Chirality::Unspecified
        && others().filter(|&other| other > bond).count() % 2 == 1
    {
        atom.chirality = atom.chirality.mirrored();
    }
    let removed = graph.bonds[bond];
    match removed.direction {
        Direction::None => {}
        Direction::Unknown => {
            for other in others().filter(|_| removed.begin as usize == heavy) {
                if graph.bonds[other].order == BondOrder::Double {
                    graph.bonds[other].direction = Direction::Unknown;
                }
            }
        }
        Direction::Up | Direction::Down => {
            let is_single = |&other: &usize| graph.bonds[other].order == BondOrder::Single;
            let is_marked = |other: usize| graph.bonds[other].direction != Direction::None;
            if others().filter(is_single).any(is_marked) {
                return;
            }
            let Some(heir) = others().rfind(is_single) else {
                return;
            };
            let both_begin = graph.bonds[heir].begin == removed.begin;
            graph.bonds[heir].direction = if both_begin {
                removed.direction.reversed()
            } else {
                removed.direction
            };
        }
    }
}

fn compact(graph: &mut RawGraph, kept: &[u32], folded: &[bool]) {
    let mut renamed = vec![0; folded.len()];
    for (new, &old) in (0u32..).zip(kept) {
        renamed[old as usize] = new;
    }
    graph
        .bonds
        .retain(|bond| !folded[bond.begin as usize] && !folded[bond.end as usize]);
    for bond in &mut graph.bonds {
        bond.begin = renamed[bond.begin as usize];
        bond.end = renamed[bond.end as usize];
    }
    graph.atoms = kept
        .iter()
        .map(|&old| graph.atoms[old as usize].clone())
        .collect();
}

#[cfg(test)]
mod tests {
    use crate::molecule::{BondStereo, Chirality, Molecule};

    fn elements(smiles: &str) -> Vec<u8> {
        let molecule = Molecule::from_smiles(smiles).unwrap();
        let atoms = molecule.atoms().iter();
        atoms.map(|atom| atom.atomic_number).collect()
    }

    #[test]
    fn plain_hydrogens_become_counts() {
        let methane = Molecule::from_smiles("[H]C([H])([H])[H]").unwrap();
        assert_eq!(methane.atoms().len(), 1);
        assert_eq!(methane.atoms()[0].total_hydrogens, 4);
    }

    #[test]
    fn some_hydrogens_stay_atoms() {
        for smiles in [
            "[2H]C",
            "[H][H]",
            "[H]*",
            "[H-]",
            "[H+]",
            "[H][Pt@SP1](F)(Cl)Br",
        ] {
            assert!(elements(smiles).contains(&1), "{smiles}");
        }
        // A map or a charge of +1 keeps no hydrogen.
        for smiles in ["[H:1]C", "[H+]C"] {
            assert_eq!(elements(smiles), [6], "{smiles}");
        }
    }

    #[test]
    fn the_only_substituent_of_a_double_bond_stays() {
        assert_eq!(elements("[H]/N=C/C"), [1, 7, 6, 6]);
        assert_eq!(elements("[H]N=CC"), [7, 6, 6]);
    }

    #[test]
    fn a_tag_counts_the_hydrogen_last() {
        let tag = |smiles: &str, atom: usize| {
            Molecule::from_smiles(smiles).unwrap().atoms()[atom].chirality
        };
        assert_eq!(tag("[H][C@](F)(Cl)Br", 0), tag("[C@H](F)(Cl)Br", 0));
        assert_eq!(tag("F[C@]([H])(Cl)Br", 1), tag("F[C@H](Cl)Br", 1));
        assert_eq!(tag("F[C@](Cl)(Br)[H]", 1), Chirality::CounterClockwise);
    }

    #[test]
    fn a_mark_passes_to_the_other_neighbour() {
        let stereo = |smiles: &str| Molecule::from_smiles(smiles).unwrap().bonds()[1].stereo;
        assert_eq!(stereo("FC([H])=C/Cl"), BondStereo::None);
        assert_eq!(stereo("FC(/[H])=C/Cl"), stereo("F/C=C/Cl"));
        assert_eq!(stereo(r"FC(\[H])=C/Cl"), stereo(r"F/C=C\Cl"));
    }
}
