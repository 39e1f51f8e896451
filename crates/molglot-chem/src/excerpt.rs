//! Molecules made of parts of molecules.

use crate::graph::{Direction, RawAtom, RawBond, RawGraph};
use crate::molecule::{Atom, Bond, Chirality, Molecule};
use crate::perceive::{Options, perceive};
use crate::site::Site;

/// An atom with the hydrogens it has and no stereo.
pub(crate) fn raw_atom(atom: &Atom) -> RawAtom {
    RawAtom {
        atomic_number: atom.atomic_number,
        isotope: atom.isotope,
        charge: atom.charge,
        explicit_hydrogens: atom.total_hydrogens,
        no_implicit: true,
        aromatic: false,
        radical_electrons: atom.radical_electrons,
        chirality: Chirality::Unspecified,
        map: atom.map,
    }
}

/// The part of a molecule that `keep` marks, with its bonds in Kekulé orders and without their
/// directions. `atom` says what each atom becomes.
pub(crate) fn of<'m>(
    molecule: &'m Molecule,
    keep: &[bool],
    atom: impl Fn(Site<'m>) -> RawAtom,
) -> RawGraph {
    let mut number = vec![u32::MAX; keep.len()];
    let mut graph = RawGraph::default();
    for site in Site::all_of(molecule).filter(|site| keep[site.index]) {
        number[site.index] = graph.atoms.len() as u32;
        graph.atoms.push(atom(site));
    }
    let inner = molecule
        .bonds()
        .iter()
        .filter(|bond| keep[bond.begin as usize] && keep[bond.end as usize]);
    graph.bonds = inner
        .map(|bond| raw_bond(bond, number[bond.begin as usize], number[bond.end as usize]))
        .collect();
    graph
}

/// A bond in its Kekulé order and without direction, between atoms of other numbers.
pub(crate) fn raw_bond(bond: &Bond, begin: u32, end: u32) -> RawBond {
    RawBond {
        begin,
        end,
        order: bond.kekule,
        direction: Direction::None,
    }
}

/// The molecule of a graph. Its hydrogen atoms stay, so that atoms keep their order. `None` if an
/// atom has more bonds than its element allows.
pub(crate) fn molecule(graph: RawGraph) -> Option<Molecule> {
    let options = Options {
        keep_hydrogens: true,
    };
    Some(perceive(graph, options).ok()?.molecule)
}
