//! Double bonds for aromatic atoms.
//!
//! The rules for which atoms need one are those of the Python package, after R. L. Apodaca,
//! *A comprehensive treatment of aromaticity in the SMILES language* (2020).

use super::NONE;
use super::graph::{Atom, Graph};
use super::matching::perfect_matching;
use crate::element;

/// What an aromatic element can bind.
pub(super) struct Shell {
    /// Valences, the smallest first.
    valences: &'static [i32],
    /// Outer electrons.
    electrons: i32,
}

const SELENIUM: u8 = 34;
const TELLURIUM: u8 = 52;
const ARSENIC: u8 = 33;
const ALUMINIUM: u8 = 13;

/// The shell of an element that may be aromatic.
pub(super) fn shell(element: u8) -> Option<Shell> {
    let (valences, electrons): (&[i32], i32) = match element {
        element::BORON | ALUMINIUM => (&[3], 3),
        element::CARBON | element::SILICON => (&[4], 4),
        element::NITROGEN | element::PHOSPHORUS | ARSENIC => (&[3, 5], 5),
        element::OXYGEN | element::SULFUR | SELENIUM | TELLURIUM => (&[2, 4], 6),
        _ => return None,
    };
    Some(Shell {
        valences,
        electrons,
    })
}

/// Turns every aromatic bond into a single or double one.
///
/// # Errors
///
/// An atom that is left without its double bond, or that cannot be part of an aromatic bond.
pub(super) fn kekulize(graph: &mut Graph) -> Result<(), u32> {
    if graph.aromatic.is_empty() {
        return Ok(());
    }
    let mut labels = vec![NONE; graph.atoms.len()];
    let mut members = Vec::new();
    for (id, atom) in (0u32..).zip(&graph.atoms) {
        if atom.aromatic_bonds > 0 && needs_double_bond(atom).ok_or(id)? {
            labels[id as usize] = members.len() as u32;
            members.push(id);
        }
    }
    let label = |atom: u32| labels[atom as usize];
    let edges = graph
        .aromatic
        .iter()
        .map(|bond| (label(bond.begin), label(bond.end)));
    let edges: Vec<_> = edges.filter(|&(a, b)| a != NONE && b != NONE).collect();
    let mates = perfect_matching(members.len(), &edges).map_err(|open| members[open as usize])?;
    for at in 0..graph.aromatic.len() {
        let bond = graph.aromatic[at];
        let mate = mates.get(label(bond.begin) as usize);
        let double = mate.is_some_and(|&mate| mate == label(bond.end));
        graph.settle(bond, if double { 2 } else { 1 });
    }
    Ok(())
}

/// Whether the electrons of an atom with aromatic bonds ask for a double bond; `None` for an
/// element that is never aromatic.
fn needs_double_bond(atom: &Atom) -> Option<bool> {
    let shell = shell(atom.symbol.element)?;
    let half_orders = i32::try_from(atom.half_orders).ok()?;
    let single_bonds = (half_orders - i32::try_from(atom.aromatic_bonds).ok()?) / 2;
    let Some(hydrogens) = atom.symbol.hydrogens.map(i32::from) else {
        return Some(!shell.valences.contains(&single_bonds));
    };
    let charge = atom.symbol.charge;
    let used = single_bonds + hydrogens;
    let bound = charge
        .max(0)
        .saturating_add(hydrogens + half_orders / 2 + half_orders % 2);
    let radical = (shell.electrons - bound).max(0) % 2;
    let largest = shell
        .valences
        .last()
        .map_or(0, |valence| valence.saturating_sub(charge));
    let free = largest.saturating_sub(used + radical);
    let saturated = shell
        .valences
        .iter()
        .any(|valence| valence.saturating_sub(charge) == used);
    Some(!saturated && free >= 0 && free % 2 != 0)
}
