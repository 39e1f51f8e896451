//! From coordinates and the way bonds are drawn to stereo tags, by RDKit's rules and tolerances.

use super::ctab::{Ctab, Mark};
use super::{double_bond, solid, wedge};
use crate::graph::RawGraph;
use crate::molecule::{BondOrder, Topology};

/// A graph with places: what every rule of this module looks at.
#[derive(Clone, Copy)]
pub(super) struct Drawing<'a> {
    pub(super) graph: &'a RawGraph,
    pub(super) topology: &'a Topology,
    pub(super) coordinates: &'a [[f64; 3]],
    pub(super) marks: &'a [Mark],
}

impl Drawing<'_> {
    /// Whether the bond is drawn with `mark` and its narrow end at the atom.
    pub(super) fn starts_at(&self, atom: u32, bond: u32, mark: Mark) -> bool {
        self.marks[bond as usize] == mark && self.graph.bonds[bond as usize].begin == atom
    }

    /// Whether a wavy bond starts at the atom: its configuration is not known.
    pub(super) fn is_wavy(&self, atom: u32) -> bool {
        self.topology
            .neighbors(atom as usize)
            .iter()
            .any(|link| self.starts_at(atom, link.bond, Mark::Wavy))
    }

    pub(super) fn order(&self, bond: u32) -> BondOrder {
        self.graph.bonds[bond as usize].order
    }
}

/// Reads the geometry of a table into the tags and directions of its graph.
pub(super) fn assign(ctab: &mut Ctab, topology: &Topology, solid: bool) {
    let drawing = Drawing {
        graph: &ctab.graph,
        topology,
        coordinates: &ctab.coordinates,
        marks: &ctab.marks,
    };
    let tags = if solid {
        solid::tags(drawing)
    } else if ctab.has_flat_marks() {
        wedge::tags(drawing)
    } else {
        Vec::new()
    };
    let directions = double_bond::directions(drawing);
    for (atom, tag) in tags {
        ctab.graph.atoms[atom as usize].chirality = tag;
    }
    for (bond, direction) in directions {
        ctab.graph.bonds[bond as usize].direction = direction;
    }
}
