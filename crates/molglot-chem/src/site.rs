//! An atom in its surroundings: the vocabulary of every substructure predicate in this crate.

use crate::element::{CARBON, HYDROGEN, OXYGEN};
use crate::molecule::{Atom, Bond, BondOrder, Molecule};

/// An atom with its bonds and neighbours.
#[derive(Clone, Copy)]
pub(crate) struct Site<'a> {
    pub(crate) molecule: &'a Molecule,
    pub(crate) index: usize,
    pub(crate) atom: &'a Atom,
}

pub(crate) fn is_one_of(elements: &[u8]) -> impl Fn(&Bond, &Atom) -> bool {
    move |_, atom| elements.contains(&atom.atomic_number)
}

pub(crate) fn is_single(bond: &Bond) -> bool {
    bond.order == BondOrder::Single
}

/// A bond that SMARTS matches when none is written.
pub(crate) fn is_single_or_aromatic(bond: &Bond) -> bool {
    is_single(bond) || bond.order == BondOrder::Aromatic
}

/// A double bond to an oxygen outside aromatic rings.
pub(crate) fn is_oxo(bond: &Bond, atom: &Atom) -> bool {
    bond.order == BondOrder::Double && atom.atomic_number == OXYGEN && !atom.aromatic
}

impl<'a> Site<'a> {
    pub(crate) fn new(molecule: &'a Molecule, index: usize) -> Self {
        Self {
            molecule,
            index,
            atom: &molecule.atoms()[index],
        }
    }

    /// Every atom of the molecule.
    pub(crate) fn all_of(molecule: &'a Molecule) -> impl Iterator<Item = Self> {
        (0..molecule.atoms().len()).map(move |index| Self::new(molecule, index))
    }

    /// Neighbours in the graph.
    pub(crate) fn degree(&self) -> usize {
        self.molecule.neighbors(self.index).len()
    }

    pub(crate) fn links(&self) -> impl Iterator<Item = (&'a Bond, Site<'a>)> {
        let molecule = self.molecule;
        molecule.neighbors(self.index).iter().map(move |link| {
            (
                &molecule.bonds()[link.bond as usize],
                Site::new(molecule, link.atom as usize),
            )
        })
    }

    /// Neighbours that are not hydrogen.
    pub(crate) fn heavy_sites(&self) -> impl Iterator<Item = Site<'a>> {
        self.sites(|_, atom| atom.atomic_number != HYDROGEN)
    }

    /// Neighbours that are not hydrogen, counted: `[2H]OC` is an alcohol like `OC`.
    pub(crate) fn heavy_degree(&self) -> usize {
        self.heavy_sites().count()
    }

    /// Hydrogens, whether they are atoms of the graph or not.
    pub(crate) fn hydrogens(&self) -> usize {
        usize::from(self.atom.total_hydrogens) + self.degree() - self.heavy_degree()
    }

    /// The neighbours that fit.
    pub(crate) fn sites(
        &self,
        fits: impl Fn(&Bond, &Atom) -> bool,
    ) -> impl Iterator<Item = Site<'a>> {
        self.links()
            .filter(move |(bond, site)| fits(bond, site.atom))
            .map(|(_, site)| site)
    }

    pub(crate) fn count(&self, fits: impl Fn(&Bond, &Atom) -> bool) -> usize {
        self.sites(fits).count()
    }

    pub(crate) fn any(&self, fits: impl Fn(&Bond, &Atom) -> bool) -> bool {
        self.sites(fits).next().is_some()
    }

    pub(crate) fn all(&self, fits: impl Fn(&Bond, &Atom) -> bool) -> bool {
        !self.any(|bond, atom| !fits(bond, atom))
    }

    pub(crate) fn is(&self, element: u8) -> bool {
        self.atom.atomic_number == element
    }

    pub(crate) fn is_aliphatic(&self, element: u8) -> bool {
        self.is(element) && !self.atom.aromatic
    }

    pub(crate) fn has_double_bond(&self) -> bool {
        self.any(|bond, _| bond.order == BondOrder::Double)
    }

    /// Neighbours of an element over single bonds.
    pub(crate) fn singly(&self, element: u8) -> impl Iterator<Item = Site<'a>> {
        self.sites(move |bond, atom| is_single(bond) && atom.atomic_number == element)
    }

    /// Neighbours of an element over double bonds.
    pub(crate) fn doubly(&self, element: u8) -> impl Iterator<Item = Site<'a>> {
        self.sites(move |bond, atom| {
            bond.order == BondOrder::Double && atom.atomic_number == element
        })
    }

    /// An aliphatic carbon with a double bond to oxygen.
    pub(crate) fn is_carbonyl(&self) -> bool {
        self.is_aliphatic(CARBON) && self.any(is_oxo)
    }

    /// Whether the bond to `other` lies in a ring.
    pub(crate) fn is_ring_bonded_to(&self, other: Site<'_>) -> bool {
        self.molecule
            .bond_between(self.index as u32, other.index as u32)
            .is_some_and(|bond| bond.in_ring)
    }
}
