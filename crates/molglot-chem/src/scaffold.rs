//! Scaffolds: what is left of a molecule without its side chains (Bemis & Murcko 1996, J. Med. Chem.
//! 39:2887), and splits of data sets by them.

mod split;

pub use split::{Split, balanced_scaffold_split, scaffold_split};

use crate::element::{CARBON, HYDROGEN};
use crate::excerpt::{self, raw_atom};
use crate::graph::RawAtom;
use crate::molecule::{BondOrder, Molecule};
use crate::site::Site;

/// The scaffold: rings, the chains that link them, and the atoms on double bonds to either, as in
/// RDKit's `MurckoScaffold.GetScaffoldForMol`. `None` if there is no ring.
///
/// Hydrogens take the place of what is removed. Stereo, isotopes and atom maps are left out, so
/// that the canonical SMILES is a key to group molecules by: that of `MurckoScaffoldSmiles`.
///
/// ```
/// use molglot_chem::{Molecule, scaffold::scaffold};
///
/// let molecule = Molecule::from_smiles("CC(C)Cc1ccc(cc1)C(=O)N1CCC(=O)C1")?;
/// let scaffold = scaffold(&molecule).map(|scaffold| scaffold.canonical_smiles());
/// assert_eq!(scaffold.as_deref(), Some("O=C1CCN(C(=O)c2ccccc2)C1"));
/// # Ok::<(), molglot_chem::SmilesError>(())
/// ```
pub fn scaffold(molecule: &Molecule) -> Option<Molecule> {
    let framework = framework(molecule)?;
    let keep: Vec<bool> = (0..molecule.atoms().len())
        .map(|atom| framework[atom] || is_on_double_bond(molecule, atom, &framework))
        .collect();
    let graph = excerpt::of(molecule, &keep, |site| {
        let is_cut = site.sites(|_, _| true).any(|other| !keep[other.index]);
        RawAtom {
            isotope: None,
            map: None,
            ..if is_cut {
                trimmed(site, framework[site.index])
            } else {
                raw_atom(site.atom)
            }
        }
    });
    excerpt::molecule(graph)
}

/// The scaffold with every atom a carbon and every bond a single bond, as in RDKit's
/// `MakeScaffoldGeneric`: atoms on double bonds stay, as methyl groups. `None` if there is no ring,
/// or if an atom of the scaffold has more neighbours than a carbon can have.
pub fn generic_scaffold(molecule: &Molecule) -> Option<Molecule> {
    let scaffold = scaffold(molecule)?;
    let carbon = RawAtom {
        atomic_number: CARBON,
        ..RawAtom::default()
    };
    let keep: Vec<bool> = scaffold
        .atoms()
        .iter()
        .map(|atom| atom.atomic_number != HYDROGEN)
        .collect();
    let mut graph = excerpt::of(&scaffold, &keep, |_| carbon.clone());
    for bond in &mut graph.bonds {
        bond.order = BondOrder::Single;
    }
    excerpt::molecule(graph)
}

/// The atoms of rings and of the chains between them: what stays when chain ends are removed until
/// there is none.
fn framework(molecule: &Molecule) -> Option<Vec<bool>> {
    let in_ring = |atom: usize| molecule.atoms()[atom].in_ring;
    let atoms = 0..molecule.atoms().len();
    if !atoms.clone().any(in_ring) {
        return None;
    }
    let mut degree: Vec<usize> = atoms
        .clone()
        .map(|atom| molecule.neighbors(atom).len())
        .collect();
    let mut keep = vec![true; degree.len()];
    let mut ends: Vec<usize> = atoms
        .filter(|&atom| degree[atom] <= 1 && !in_ring(atom))
        .collect();
    while let Some(end) = ends.pop() {
        keep[end] = false;
        for link in molecule.neighbors(end) {
            let next = link.atom as usize;
            degree[next] -= 1;
            if keep[next] && degree[next] == 1 && !in_ring(next) {
                ends.push(next);
            }
        }
    }
    Some(keep)
}

fn is_on_double_bond(molecule: &Molecule, atom: usize, framework: &[bool]) -> bool {
    Site::new(molecule, atom)
        .sites(|bond, _| bond.order == BondOrder::Double)
        .any(|other| framework[other.index])
}

/// An atom that loses neighbours. Aromatic heteroatoms and cations take one hydrogen in their
/// place; other atoms take what their valence asks for, unless they hang on a double bond and
/// cannot be written without brackets.
fn trimmed(site: Site<'_>, in_framework: bool) -> RawAtom {
    let atom = raw_atom(site.atom);
    let is_plain = atom.charge == 0 && atom.isotope.is_none();
    if site.atom.aromatic && (atom.atomic_number != CARBON || atom.charge == 1) {
        RawAtom {
            explicit_hydrogens: 1,
            ..atom
        }
    } else if in_framework || is_plain {
        RawAtom {
            explicit_hydrogens: 0,
            no_implicit: false,
            ..atom
        }
    } else {
        atom
    }
}
