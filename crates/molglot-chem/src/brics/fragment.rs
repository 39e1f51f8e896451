//! Motifs as molecules of their own.

use super::{components, cut_bonds};
use crate::element::WILDCARD;
use crate::excerpt::{self, raw_atom, raw_bond};
use crate::graph::{RawAtom, RawGraph};
use crate::molecule::Molecule;

/// A motif with its loose ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    /// The atoms of the motif, rising, as indices into the molecule that was cut.
    pub atoms: Vec<u32>,
    /// The motif as a molecule: its atoms in the order of `atoms`, then one wildcard per cut bond
    /// in the order of bonds. The mass number of a wildcard is the environment of the atom that it
    /// hangs on, as in `[16*]c1ccccc1`. Stereo is left out, since a cut can end what made a centre
    /// one.
    pub molecule: Molecule,
}

/// Cuts every BRICS bond at once, in the order of [`motifs`](super::motifs). The canonical SMILES
/// of the fragments name them independently of the molecule that they come from.
///
/// ```
/// use molglot_chem::{Molecule, brics};
///
/// let molecule = Molecule::from_smiles("CCCOCc1ccccc1")?;
/// let fragments = brics::fragments(&molecule);
/// let names: Vec<_> = fragments.iter().map(|part| part.molecule.canonical_smiles()).collect();
/// assert_eq!(names, ["[4*]CCC", "[3*]O[3*]", "[4*]C[8*]", "[16*]c1ccccc1"]);
/// # Ok::<(), molglot_chem::SmilesError>(())
/// ```
pub fn fragments(molecule: &Molecule) -> Vec<Fragment> {
    let cuts = cut_bonds(molecule);
    let motif = components(molecule, &cuts);
    let count = motif.iter().max().map_or(0, |&last| last as usize + 1);
    let mut members = vec![Vec::new(); count];
    let mut graphs = vec![RawGraph::default(); count];
    let mut number = vec![0; motif.len()];
    for (index, atom) in molecule.atoms().iter().enumerate() {
        let graph = &mut graphs[motif[index] as usize];
        number[index] = graph.atoms.len() as u32;
        graph.atoms.push(raw_atom(atom));
        members[motif[index] as usize].push(index as u32);
    }
    let mut cuts = cuts.into_iter().peekable();
    for (id, bond) in (0u32..).zip(molecule.bonds()) {
        let [begin, end] = [bond.begin, bond.end].map(|atom| atom as usize);
        let Some(cut) = cuts.next_if(|cut| cut.bond == id) else {
            let graph = &mut graphs[motif[begin] as usize];
            graph.bonds.push(raw_bond(bond, number[begin], number[end]));
            continue;
        };
        for (atom, label) in [(begin, cut.begin_label), (end, cut.end_label)] {
            let graph = &mut graphs[motif[atom] as usize];
            let wildcard = graph.atoms.len() as u32;
            graph.atoms.push(RawAtom {
                atomic_number: WILDCARD,
                isotope: Some(u16::from(label)),
                no_implicit: true,
                ..RawAtom::default()
            });
            graph.bonds.push(raw_bond(bond, number[atom], wildcard));
        }
    }
    // A wildcard on a bond of the same order leaves every valence as it is, so none is refused.
    members
        .into_iter()
        .zip(graphs)
        .filter_map(|(atoms, graph)| {
            let molecule = excerpt::molecule(graph)?;
            Some(Fragment { atoms, molecule })
        })
        .collect()
}
