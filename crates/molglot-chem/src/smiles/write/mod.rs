//! Writing SMILES: canonical as RDKit does it, in the order of the atoms, or at random.

mod atom;
mod bond_orders;
mod cells;
mod compare;
mod double_bonds;
mod group_sort;
mod order;
mod parity;
mod rank;
mod ring_stereo;
mod symmetry;
mod tags;
mod touched;
mod traversal;
mod writer;

use crate::molecule::Molecule;
use bond_orders::BondOrders;
use ring_stereo::RingStereo;
use writer::Writer;

/// In which order atoms are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AtomOrder {
    /// The order that depends on the molecule alone: equal molecules give equal strings.
    #[default]
    Canonical,
    /// From the first atom on, along the order of [`Molecule::atoms`].
    AsIs,
    /// A random order. The same molecule, read from the same string, with the same seed gives the
    /// same string on every machine.
    Random {
        /// Start of the pseudo-random sequence.
        seed: u64,
    },
}

/// What becomes of atom-map numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AtomMaps {
    /// Written, and atoms that differ in nothing else are ordered by them.
    #[default]
    Ranked,
    /// Written, but the order of the atoms is that of the molecule without them.
    Unranked,
    /// Left out.
    Omitted,
}

/// How [`Molecule::to_smiles`] writes. The default is RDKit's canonical isomeric SMILES.
///
/// ```
/// use molglot_chem::{AtomOrder, Molecule, SmilesStyle};
///
/// let alanine = Molecule::from_smiles("OC(=O)[C@@H](N)C")?;
/// assert_eq!(alanine.canonical_smiles(), "C[C@H](N)C(=O)O");
/// let flat = SmilesStyle { isomeric: false, ..SmilesStyle::default() };
/// assert_eq!(alanine.to_smiles(&flat), "CC(N)C(=O)O");
///
/// let pyridine = Molecule::from_smiles("c1ccncc1C")?;
/// let kekule = SmilesStyle { kekule: true, order: AtomOrder::AsIs, ..SmilesStyle::default() };
/// assert_eq!(pyridine.to_smiles(&kekule), "C1=CC=NC=C1C");
///
/// let random = SmilesStyle { order: AtomOrder::Random { seed: 7 }, ..SmilesStyle::default() };
/// let respelled = Molecule::from_smiles(&pyridine.to_smiles(&random))?;
/// assert_eq!(respelled.canonical_smiles(), pyridine.canonical_smiles());
/// # Ok::<(), molglot_chem::SmilesError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SmilesStyle {
    /// In which order atoms are written.
    pub order: AtomOrder,
    /// Write isotopes and stereo; without them, stereoisomers and isotopologues share one string.
    pub isomeric: bool,
    /// Write double bonds instead of lower-case letters: in canonical order those of a structure
    /// that depends on the molecule alone, in any other order those of
    /// [`Bond::kekule`](crate::Bond::kekule).
    pub kekule: bool,
    /// What becomes of atom-map numbers.
    pub maps: AtomMaps,
}

impl Default for SmilesStyle {
    fn default() -> Self {
        Self {
            order: AtomOrder::Canonical,
            isomeric: true,
            kekule: false,
            maps: AtomMaps::Ranked,
        }
    }
}

impl Molecule {
    /// RDKit's canonical isomeric SMILES. Equal molecules give equal strings.
    ///
    /// Ranks after Schneider, Sahnoun and Landrum (J. Chem. Inf. Model. 2015, 55, 2111).
    pub fn canonical_smiles(&self) -> String {
        self.to_smiles(&SmilesStyle::default())
    }

    /// The molecule as SMILES, in the given [style](SmilesStyle).
    ///
    /// What is read back is the same molecule, with one exception that lies in the notation: where
    /// both ends of a double bond of unknown geometry stand beside double bonds of known geometry,
    /// the marks of these give it one. RDKit's strings have it too.
    pub fn to_smiles(&self, style: &SmilesStyle) -> String {
        self.to_smiles_with_order(style).0
    }

    /// As [`to_smiles`](Self::to_smiles), with the index into [`atoms`](Self::atoms) of every
    /// written atom, in the order of the string.
    pub fn to_smiles_with_order(&self, style: &SmilesStyle) -> (String, Vec<u32>) {
        let canonical = style.order == AtomOrder::Canonical;
        let ring_stereo = if style.isomeric {
            RingStereo::of(self, style.maps == AtomMaps::Ranked)
        } else {
            RingStereo::default()
        };
        let fragments = fragments(self);
        let ranks = order::ranks(self, style, &ring_stereo, &fragments);
        let orders = BondOrders::new(self, style, &ranks);
        let mut writer = Writer::new(self, style, &ring_stereo, &ranks, &orders);
        let mut parts: Vec<(String, Vec<u32>)> =
            fragments.iter().map(|atoms| writer.write(atoms)).collect();
        if canonical {
            parts.sort_unstable();
        }
        let mut parts = parts.into_iter();
        let (mut text, mut written) = parts.next().unwrap_or_default();
        for (part, atoms) in parts {
            text.push('.');
            text.push_str(&part);
            written.extend(atoms);
        }
        (text, written)
    }

    /// A rank for every atom, 0 to the number of atoms less one, that depends on the molecule
    /// alone: RDKit's `CanonicalRankAtoms` with ties broken. Atoms that are alike in every respect
    /// share consecutive ranks, in no particular order.
    pub fn canonical_ranks(&self) -> Vec<u32> {
        let everything = (0u32..).take(self.atoms().len()).collect();
        let style = SmilesStyle::default();
        order::ranks(self, &style, &RingStereo::of(self, true), &[everything])
    }
}

/// The atoms of every connected component, in ascending order.
fn fragments(molecule: &Molecule) -> Vec<Vec<u32>> {
    let mut fragments = vec![Vec::new(); molecule.fragment_count()];
    if let [only] = fragments.as_mut_slice() {
        only.extend((0u32..).take(molecule.atoms().len()));
    } else {
        for (atom, &fragment) in (0u32..).zip(molecule.fragments()) {
            fragments[fragment as usize].push(atom);
        }
    }
    fragments
}
