//! Molecules made of parts of molecules.

use std::fmt::Write;

use crate::element::symbol;
use crate::error::SmilesError;
use crate::graph::{Direction, RawAtom, RawBond, RawGraph};
use crate::molecule::{Atom, Bond, BondOrder, Chirality, Molecule};
use crate::site::Site;

/// An atom with the hydrogens it has and no stereo.
pub(crate) fn raw_atom(atom: &Atom) -> RawAtom {
    RawAtom {
        atomic_number: atom.atomic_number,
        isotope: atom.isotope,
        charge: atom.charge,
        explicit_hydrogens: atom.total_hydrogens,
        no_implicit: true,
        aromatic: atom.aromatic,
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

/// Perceives a graph by way of a SMILES string that writes every bond as a ring closure, which keeps
/// the order of atoms.
pub(crate) fn molecule(graph: &RawGraph) -> Result<Molecule, SmilesError> {
    let mut closures = vec![String::new(); graph.atoms.len()];
    let mut twice_valence = vec![0; graph.atoms.len()];
    for (number, bond) in (1..).zip(&graph.bonds) {
        let (mark, twice_order) = match bond.order {
            BondOrder::Single => ("-", 2),
            BondOrder::Double => ("=", 4),
            BondOrder::Triple => ("#", 6),
            BondOrder::Quadruple => ("$", 8),
            BondOrder::Aromatic => (":", 3),
            BondOrder::Dative if bond.begin < bond.end => ("->", 0),
            BondOrder::Dative => ("<-", 0),
        };
        let (first, second) = (bond.begin.min(bond.end), bond.begin.max(bond.end));
        // Writing to a String cannot fail.
        let _ = write!(closures[first as usize], "{mark}%({number})");
        let _ = write!(closures[second as usize], "%({number})");
        for atom in [first, second] {
            twice_valence[atom as usize] += twice_order;
        }
    }
    let atoms: Vec<String> = graph
        .atoms
        .iter()
        .zip(twice_valence)
        .zip(closures)
        .map(|((atom, twice), closures)| format!("{}{closures}", text(atom, twice / 2)))
        .collect();
    Molecule::from_smiles(&atoms.join("."))
}

fn text(atom: &RawAtom, valence: u8) -> String {
    let isotope = atom
        .isotope
        .map_or_else(String::new, |isotope| isotope.to_string());
    let mut symbol = symbol(atom.atomic_number).to_owned();
    if atom.aromatic {
        symbol.make_ascii_lowercase();
    }
    let hydrogens = if atom.no_implicit {
        atom.explicit_hydrogens
    } else {
        implicit_hydrogens(atom, valence)
    };
    let hydrogens = match hydrogens {
        0 => String::new(),
        count => format!("H{count}"),
    };
    let charge = match atom.charge {
        0 => String::new(),
        charge => format!("{charge:+}"),
    };
    format!("[{isotope}{symbol}{hydrogens}{charge}]")
}

/// What is missing to the next valence that the element allows.
fn implicit_hydrogens(atom: &RawAtom, valence: u8) -> u8 {
    let allowed: &[u8] = match i16::from(atom.atomic_number) - i16::from(atom.charge) {
        5 | 7 | 13 | 31 | 49 => &[3],
        6 | 14 | 32 => &[4],
        8 => &[2],
        9 | 17 | 35 => &[1],
        15 | 33 | 51 | 83 => &[3, 5],
        16 | 34 | 52 => &[2, 4, 6],
        50 | 82 => &[2, 4],
        53 => &[1, 3, 5],
        _ => &[],
    };
    let next = allowed.iter().find(|&&allowed| allowed >= valence);
    next.map_or(0, |next| next - valence)
}
