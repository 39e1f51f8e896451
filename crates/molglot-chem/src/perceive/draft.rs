//! The graph while it is being perceived.

use super::valence::Valence;
use crate::graph::{Direction, RawAtom, RawGraph};
use crate::molecule::{Bond, BondOrder, BondStereo, Topology};

pub(super) struct Draft {
    pub(super) atoms: Vec<RawAtom>,
    pub(super) bonds: Vec<Bond>,
    pub(super) directions: Vec<Direction>,
    pub(super) topology: Topology,
    pub(super) valences: Vec<Valence>,
    /// Whether any atom or bond is aromatic; saves the look at each where none is.
    pub(super) has_aromatic: bool,
    /// Whether any bond is dative.
    pub(super) has_dative: bool,
}

impl Draft {
    pub(super) fn new(graph: RawGraph) -> Self {
        let RawGraph { atoms, bonds } = graph;
        let ends = bonds.iter().map(|bond| (bond.begin, bond.end));
        let topology = Topology::new(atoms.len(), ends);
        let directions = bonds.iter().map(|bond| bond.direction).collect();
        let bonds: Vec<Bond> = bonds
            .iter()
            .map(|bond| Bond {
                begin: bond.begin,
                end: bond.end,
                order: bond.order,
                kekule: bond.order,
                stereo: BondStereo::None,
                stereo_atoms: None,
                conjugated: false,
                aromatic: bond.order == BondOrder::Aromatic,
                in_ring: false,
            })
            .collect();
        Self {
            has_aromatic: atoms.iter().any(|atom| atom.aromatic)
                || bonds.iter().any(|bond| bond.aromatic),
            has_dative: bonds.iter().any(|bond| bond.order == BondOrder::Dative),
            valences: vec![Valence::default(); atoms.len()],
            atoms,
            bonds,
            directions,
            topology,
        }
    }

    /// The bonds of an atom, each with the atom at its other end.
    pub(super) fn links(&self, atom: usize) -> impl Iterator<Item = (&Bond, usize)> {
        self.topology
            .neighbors(atom)
            .iter()
            .map(|link| (&self.bonds[link.bond as usize], link.atom as usize))
    }

    /// Neighbours that are atoms of the graph.
    pub(super) fn degree(&self, atom: usize) -> i32 {
        self.topology.neighbors(atom).len() as i32
    }

    /// Hydrogens that are not atoms of the graph, as far as they are known by now.
    pub(super) fn hydrogens(&self, atom: usize) -> i32 {
        i32::from(self.atoms[atom].explicit_hydrogens) + self.valences[atom].implicit
    }

    /// Neighbours and hydrogens.
    pub(super) fn total_degree(&self, atom: usize) -> i32 {
        self.degree(atom) + self.hydrogens(atom)
    }

    /// Aromatic itself or at an end of an aromatic bond.
    pub(super) fn is_aromatic(&self, atom: usize) -> bool {
        let bond_is_aromatic =
            |(bond, _): (&Bond, _)| bond.aromatic || bond.order == BondOrder::Aromatic;
        self.has_aromatic && (self.atoms[atom].aromatic || self.links(atom).any(bond_is_aromatic))
    }

    /// Dative bonds that an atom gives its electrons to; they count at the other end only.
    pub(super) fn donated(&self, atom: usize) -> i32 {
        if !self.has_dative {
            return 0;
        }
        let donated = |(bond, _): &(&Bond, usize)| twice_order(bond, atom) == 0;
        self.links(atom).filter(donated).count() as i32
    }

    /// Twice the sum of what the bonds of an atom add to its valence.
    pub(super) fn twice_order_sum(&self, atom: usize) -> i32 {
        let links = self.links(atom);
        links.map(|(bond, _)| twice_order(bond, atom)).sum()
    }
}

/// Twice what a bond adds to the valence of one of its atoms. A dative bond adds nothing at its
/// donor.
pub(super) fn twice_order(bond: &Bond, atom: usize) -> i32 {
    match bond.order {
        BondOrder::Single => 2,
        BondOrder::Double => 4,
        BondOrder::Triple => 6,
        BondOrder::Quadruple => 8,
        BondOrder::Aromatic => 3,
        BondOrder::Dative => 2 * i32::from(bond.end as usize == atom),
    }
}
