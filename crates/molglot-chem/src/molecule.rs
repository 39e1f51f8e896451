//! The molecular graph: atoms, bonds and what was perceived about them.

use std::ops::Range;

use crate::error::SmilesError;
use crate::formula;
use crate::perceive::{self, Options};
use crate::smiles::{self, Scanned};

/// One heavy atom (or a hydrogen that RDKit keeps, as in `[2H]` and `[H][H]`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Atom {
    /// Protons; 0 for the wildcard `*`.
    pub atomic_number: u8,
    /// Mass number, where one is written.
    pub isotope: Option<u16>,
    /// Formal charge, in elementary charges.
    pub charge: i8,
    /// Tetrahedral tag, relative to the order of [`Molecule::neighbors`].
    pub chirality: Chirality,
    /// Neighbours plus hydrogens that are not atoms of the graph.
    pub total_degree: u8,
    /// Hydrogens that are not atoms of the graph, implicit or written in the bracket.
    pub total_hydrogens: u8,
    /// Unpaired electrons.
    pub radical_electrons: u8,
    /// Orbital mixing by RDKit's rules.
    pub hybridization: Hybridization,
    /// Member of an aromatic ring by RDKit's model.
    pub aromatic: bool,
    /// Member of any ring.
    pub in_ring: bool,
    /// Atom-map number of a reaction, as in `[CH3:7]`.
    pub map: Option<u16>,
}

/// One bond. `begin` and `end` follow RDKit's order: as written, ring closures last.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Bond {
    /// First atom; the donor of a dative bond.
    pub begin: u32,
    /// Second atom.
    pub end: u32,
    /// Bond order after aromaticity perception.
    pub order: BondOrder,
    /// Bond order in one Kekulé structure; equal to `order` outside aromatic rings.
    pub kekule: BondOrder,
    /// Geometry of a double bond.
    pub stereo: BondStereo,
    /// The neighbours that `stereo` speaks of, beside `begin` and beside `end`: those of higher
    /// CIP priority. `None` where `stereo` is neither `Z` nor `E`.
    pub stereo_atoms: Option<[u32; 2]>,
    /// Part of a conjugated system.
    pub conjugated: bool,
    /// Bond of an aromatic ring.
    pub aromatic: bool,
    /// Bond of any ring.
    pub in_ring: bool,
}

impl Bond {
    /// The other end, seen from `atom`; `begin` if `atom` is not on the bond.
    pub fn other(&self, atom: u32) -> u32 {
        if self.begin == atom {
            self.end
        } else {
            self.begin
        }
    }
}

/// Chirality tag of an atom, relative to the order of [`Molecule::neighbors`].
///
/// A hydrogen that is not an atom of the graph counts as the last neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Chirality {
    /// No tag, or a tag that RDKit clears because the atom is no stereo centre.
    #[default]
    Unspecified,
    /// Seen from the first neighbour, the others run clockwise (`CHI_TETRAHEDRAL_CW`).
    Clockwise,
    /// Seen from the first neighbour, the others run anticlockwise (`CHI_TETRAHEDRAL_CCW`).
    CounterClockwise,
    /// Square planar, with the OpenSMILES permutation `@SP1` to `@SP3`; 0 where none is written.
    SquarePlanar(u8),
    /// Trigonal bipyramidal, with the OpenSMILES permutation `@TB1` to `@TB20`; 0 where none is
    /// written.
    TrigonalBipyramidal(u8),
    /// Octahedral, with the OpenSMILES permutation `@OH1` to `@OH30`; 0 where none is written.
    Octahedral(u8),
}

impl Chirality {
    /// The other hand of a tetrahedral tag; any other tag as it is.
    pub(crate) fn mirrored(self) -> Self {
        match self {
            Self::Clockwise => Self::CounterClockwise,
            Self::CounterClockwise => Self::Clockwise,
            other => other,
        }
    }

    /// A tag of the same class with another permutation number, where the class has numbers.
    pub(crate) fn with_permutation(self, permutation: u8) -> Self {
        match self {
            Self::SquarePlanar(_) => Self::SquarePlanar(permutation),
            Self::TrigonalBipyramidal(_) => Self::TrigonalBipyramidal(permutation),
            Self::Octahedral(_) => Self::Octahedral(permutation),
            other => other,
        }
    }
}

/// Hybridisation state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hybridization {
    /// Linear.
    Sp,
    /// Trigonal.
    Sp2,
    /// Tetrahedral.
    Sp3,
    /// Trigonal bipyramidal.
    Sp3d,
    /// Octahedral.
    Sp3d2,
    /// A bare s orbital, square planar, or undefined (wildcards).
    Other,
}

/// Bond order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BondOrder {
    /// One electron pair.
    Single,
    /// Two electron pairs.
    Double,
    /// Three electron pairs.
    Triple,
    /// Four electron pairs, between metals.
    Quadruple,
    /// One and a half, in an aromatic ring.
    Aromatic,
    /// From a donor (`begin`) to a metal; counts at the metal only.
    Dative,
}

/// Geometry of a double bond as `Chem.MolFromSmiles` reports it: by CIP priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum BondStereo {
    /// Not a stereo bond, or its geometry is not written.
    #[default]
    None,
    /// The higher priorities lie on the same side.
    Z,
    /// The higher priorities lie on opposite sides.
    E,
    /// Explicitly unknown.
    Any,
}

/// A neighbour in the graph: the atom and the bond that leads to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Neighbor {
    /// Index into [`Molecule::atoms`].
    pub atom: u32,
    /// Index into [`Molecule::bonds`].
    pub bond: u32,
}

/// An immutable molecule with everything perceived once.
///
/// Atoms keep the order of the SMILES string (hydrogens that RDKit folds into their neighbour are
/// left out); bonds keep RDKit's order, in which ring closures follow the other bonds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Molecule {
    source: Box<str>,
    atoms: Vec<Atom>,
    bonds: Vec<Bond>,
    topology: Topology,
    rings: Vec<Vec<u32>>,
    fragments: Vec<u32>,
    fragment_count: usize,
}

impl Molecule {
    /// Reads a SMILES string the way RDKit's `MolFromSmiles` does, with sanitisation.
    ///
    /// It differs from RDKit where RDKit is lenient about probable mistakes: two different bonds
    /// at the ends of a ring closure, a name behind white space, doubled backslashes and the empty
    /// string are errors. It is wider than RDKit in one point: `[Fe+++]` is `[Fe+3]`, as in
    /// OpenSMILES. At most [`MAX_ATOMS`](crate::MAX_ATOMS) atoms are read.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, with its byte offset.
    pub fn from_smiles(smiles: &str) -> Result<Self, SmilesError> {
        let Scanned { graph, offsets } = smiles::scan(smiles)?;
        let perceived = perceive::perceive(graph, Options::default())
            .map_err(|problem| SmilesError::from_problem(problem, &offsets))?;
        Ok(Self {
            source: smiles.into(),
            ..perceived.molecule
        })
    }

    pub(crate) fn assemble(
        atoms: Vec<Atom>,
        bonds: Vec<Bond>,
        topology: Topology,
        rings: Vec<Vec<u32>>,
    ) -> Self {
        let (fragments, fragment_count) = topology.components(|_| true);
        Self {
            source: Box::default(),
            atoms,
            bonds,
            topology,
            rings,
            fragments,
            fragment_count,
        }
    }

    /// Atoms in the order of the SMILES string.
    pub fn atoms(&self) -> &[Atom] {
        &self.atoms
    }

    /// Bonds; their index is their stable id.
    pub fn bonds(&self) -> &[Bond] {
        &self.bonds
    }

    /// The neighbours of an atom, by bond id.
    ///
    /// # Panics
    ///
    /// If `atom` is not an index of [`atoms`](Self::atoms).
    pub fn neighbors(&self, atom: usize) -> &[Neighbor] {
        self.topology.neighbors(atom)
    }

    /// The bond between two atoms, if there is one.
    pub fn bond_between(&self, a: u32, b: u32) -> Option<&Bond> {
        let link = self
            .neighbors(a as usize)
            .iter()
            .find(|link| link.atom == b)?;
        Some(&self.bonds[link.bond as usize])
    }

    /// The sum of bond orders in a Kekulé structure, hydrogens included. A dative bond counts at the
    /// metal only.
    pub(crate) fn valence(&self, atom: u32) -> u32 {
        let twice: u32 = self
            .neighbors(atom as usize)
            .iter()
            .map(|link| {
                let bond = &self.bonds[link.bond as usize];
                match bond.kekule {
                    BondOrder::Single => 2,
                    BondOrder::Aromatic => 3,
                    BondOrder::Double => 4,
                    BondOrder::Triple => 6,
                    BondOrder::Quadruple => 8,
                    BondOrder::Dative => 2 * u32::from(bond.end == atom),
                }
            })
            .sum();
        twice / 2 + u32::from(self.atoms[atom as usize].total_hydrogens)
    }

    /// The symmetrised smallest set of smallest rings: all relevant cycles (Vismara 1997), each as
    /// its atoms in cyclic order.
    pub fn rings(&self) -> &[Vec<u32>] {
        &self.rings
    }

    /// The connected component of each atom, numbered by first atom.
    pub fn fragments(&self) -> &[u32] {
        &self.fragments
    }

    /// How many connected components there are.
    pub fn fragment_count(&self) -> usize {
        self.fragment_count
    }

    /// The SMILES string that this molecule was read from.
    pub fn smiles(&self) -> &str {
        &self.source
    }

    /// The sum of all formal charges, in elementary charges.
    pub fn net_charge(&self) -> i32 {
        self.atoms.iter().map(|atom| i32::from(atom.charge)).sum()
    }

    /// The molecular formula in Hill order with a charge suffix, as RDKit's `CalcMolFormula`
    /// writes it: `C9H8O4`, `H4N+`, `O4S-2`. Isotopes count as their element.
    pub fn formula(&self) -> String {
        formula::hill(self)
    }

    /// Where the neighbours of an atom stand among those of all atoms, in the order of atoms.
    pub(crate) fn row(&self, atom: usize) -> Range<usize> {
        self.topology.row(atom)
    }

    /// Labels connected components over the bonds that `keep` accepts, numbered by first atom.
    pub(crate) fn components(&self, keep: impl Fn(u32) -> bool) -> Vec<u32> {
        self.topology.components(keep).0
    }
}

/// Who is bonded to whom: the neighbours of every atom in one array (compressed rows), in the order
/// of bond ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Topology {
    start: Vec<u32>,
    neighbors: Vec<Neighbor>,
}

impl Topology {
    /// From the two ends of every bond, by bond id.
    pub(crate) fn new(
        atom_count: usize,
        bonds: impl ExactSizeIterator<Item = (u32, u32)> + Clone,
    ) -> Self {
        let mut start = vec![0u32; atom_count + 1];
        for (begin, end) in bonds.clone() {
            start[begin as usize + 1] += 1;
            start[end as usize + 1] += 1;
        }
        for atom in 0..atom_count {
            start[atom + 1] += start[atom];
        }
        let mut next = start.clone();
        let mut neighbors = vec![Neighbor { atom: 0, bond: 0 }; 2 * bonds.len()];
        for (id, (begin, end)) in (0u32..).zip(bonds) {
            for (from, to) in [(begin, end), (end, begin)] {
                neighbors[next[from as usize] as usize] = Neighbor { atom: to, bond: id };
                next[from as usize] += 1;
            }
        }
        Self { start, neighbors }
    }

    pub(crate) fn atom_count(&self) -> usize {
        self.start.len() - 1
    }

    pub(crate) fn neighbors(&self, atom: usize) -> &[Neighbor] {
        &self.neighbors[self.row(atom)]
    }

    fn row(&self, atom: usize) -> Range<usize> {
        self.start[atom] as usize..self.start[atom + 1] as usize
    }

    /// Labels connected components over the bonds that `keep` accepts, numbered by first atom, and
    /// counts them.
    pub(crate) fn components(&self, keep: impl Fn(u32) -> bool) -> (Vec<u32>, usize) {
        const UNSEEN: u32 = u32::MAX;
        let mut label = vec![UNSEEN; self.atom_count()];
        let mut count = 0;
        let mut stack = Vec::new();
        for first in 0..self.atom_count() {
            if label[first] != UNSEEN {
                continue;
            }
            label[first] = count;
            stack.push(first);
            while let Some(atom) = stack.pop() {
                for link in self.neighbors(atom) {
                    let next = link.atom as usize;
                    if label[next] == UNSEEN && keep(link.bond) {
                        label[next] = count;
                        stack.push(next);
                    }
                }
            }
            count += 1;
        }
        (label, count as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_in_bond_order() {
        let molecule = Molecule::from_smiles("C1OCC1N").unwrap();
        // Ring closures come last: bond 4 joins atoms 3 and 0.
        assert_eq!((molecule.bonds()[4].begin, molecule.bonds()[4].end), (3, 0));
        let of_first: Vec<_> = molecule
            .neighbors(0)
            .iter()
            .map(|n| (n.atom, n.bond))
            .collect();
        assert_eq!(of_first, [(1, 0), (3, 4)]);
        assert_eq!(molecule.bond_between(0, 3), Some(&molecule.bonds()[4]));
        assert_eq!(molecule.bond_between(0, 2), None);
        assert_eq!(molecule.bonds()[4].other(3), 0);
    }

    #[test]
    fn fragments_are_numbered_by_first_atom() {
        let molecule = Molecule::from_smiles("C1.O.C1").unwrap();
        assert_eq!(molecule.fragments(), [0, 1, 0]);
        assert_eq!(molecule.fragment_count(), 2);
    }

    #[test]
    fn rings_are_the_symmetrised_sssr() {
        let sizes = |smiles: &str| {
            let molecule = Molecule::from_smiles(smiles).unwrap();
            let mut sizes: Vec<_> = molecule.rings().iter().map(Vec::len).collect();
            sizes.sort_unstable();
            sizes
        };
        assert_eq!(sizes("c1ccc2ccccc2c1"), [6, 6]);
        // Cubane has five independent rings and six equal faces.
        assert_eq!(sizes("C12C3C4C1C5C2C3C45"), [4; 6]);
        assert!(sizes("CCO").is_empty());
    }
}
