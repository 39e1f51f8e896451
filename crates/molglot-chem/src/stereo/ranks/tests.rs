use super::*;
use crate::molecule::{Molecule, Topology};

fn with_graph<T>(smiles: &str, use_it: impl FnOnce(&Graph<'_>) -> T) -> T {
    let molecule = Molecule::from_smiles(smiles).unwrap();
    let ends = molecule.bonds().iter().map(|bond| (bond.begin, bond.end));
    use_it(&Graph {
        atoms: molecule.atoms(),
        bonds: molecule.bonds(),
        topology: &Topology::new(molecule.atoms().len(), ends),
        rings: molecule.rings(),
    })
}

fn ranks(smiles: &str) -> Vec<u32> {
    with_graph(smiles, |graph| {
        let mut ranks = Ranks::new(graph);
        ranks.refine(graph, |_| false);
        let atoms = 0..graph.atoms.len() as u32;
        atoms.map(|atom| ranks.of(atom)).collect()
    })
}

#[test]
fn priority_is_element_then_isotope_then_neighbourhood() {
    let halogens = ranks("FC(Cl)(Br)I");
    assert!(halogens[0] < halogens[2] && halogens[2] < halogens[3] && halogens[3] < halogens[4]);
    let isotopes = ranks("C([11CH3])([12CH3])([13CH3])C");
    assert!(isotopes[1] < isotopes[4] && isotopes[4] < isotopes[2] && isotopes[2] < isotopes[3]);
    let arms = ranks("CC(C)C(CO)C=O");
    assert!(arms[1] < arms[4] && arms[4] < arms[6]);
}

#[test]
fn equivalent_atoms_are_equal() {
    let ranks = ranks("OC(CCCCCl)CCCCCl");
    assert_eq!(ranks[2..7], ranks[7..12]);
    let mut different = ranks[..7].to_vec();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), 7);
}

#[test]
fn refinement_stops_where_enough_is_known() {
    with_graph("CCCCCCCCO", |graph| {
        let mut ranks = Ranks::new(graph);
        ranks.refine(graph, |ranks| ranks.of(7) > ranks.of(6));
        assert!(ranks.of(7) > ranks.of(6));
        assert_eq!(ranks.of(4), ranks.of(5));
    });
}

#[test]
fn the_first_touched_ones_come_to_the_front() {
    for (lower, touched) in [(0, 0), (0, 3), (1, 2), (2, 2), (3, 4), (5, 5)] {
        let mut cell = [0, 1, 2, 3, 4];
        bring_forward(&mut cell, lower, touched);
        let first = (5 - touched) as u32;
        assert!(
            cell[..lower]
                .iter()
                .copied()
                .eq(first..first + lower as u32)
        );
        cell.sort_unstable();
        assert_eq!(cell, [0, 1, 2, 3, 4]);
    }
}
