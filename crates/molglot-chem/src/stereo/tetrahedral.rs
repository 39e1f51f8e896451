//! Centres of four neighbours, or of three and a hydrogen or a lone pair.

use super::ranks::Ranks;
use super::{Graph, ring};
use crate::element::{ARSENIC, HYDROGEN, NITROGEN, PHOSPHORUS, SELENIUM, SULFUR};
use crate::molecule::{Atom, Bond, BondOrder, Chirality, Hybridization, Neighbor};

/// An atom with a tag.
pub(super) struct Center {
    pub(super) atom: u32,
    /// It is a centre if its neighbours differ.
    possible: bool,
    pub(super) label: Option<Label>,
}

/// The CIP label by topological priorities.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Label {
    R,
    S,
}

impl Center {
    /// Further refinement would not change what is said of this atom.
    pub(super) fn is_decided(&self, graph: &Graph<'_>, ranks: &Ranks) -> bool {
        self.label.is_some() || self.possible && neighbors_differ(graph, ranks, self.atom)
    }

    /// It may still get a label.
    pub(super) fn is_open(&self) -> bool {
        self.possible && self.label.is_none()
    }
}

/// Clears tags that do not go with the shape of the atom.
pub(super) fn clear_untenable(atoms: &mut [Atom]) {
    for atom in atoms {
        let tenable = match atom.chirality {
            Chirality::Unspecified => true,
            Chirality::Clockwise | Chirality::CounterClockwise => {
                atom.hybridization == Hybridization::Sp3
            }
            Chirality::SquarePlanar(_) => (2..=4).contains(&atom.total_degree),
            Chirality::TrigonalBipyramidal(_) => (2..=5).contains(&atom.total_degree),
            Chirality::Octahedral(_) => (2..=6).contains(&atom.total_degree),
        };
        if !tenable {
            atom.chirality = Chirality::Unspecified;
        }
    }
}

/// The atoms with a tag.
pub(super) fn tagged(graph: &Graph<'_>) -> Vec<Center> {
    (0u32..)
        .zip(graph.atoms)
        .filter(|(_, atom)| atom.chirality != Chirality::Unspecified)
        .map(|(atom, _)| Center {
            atom,
            possible: is_possible(graph, atom),
            label: None,
        })
        .collect()
}

/// Whether an atom without a tag could have one.
pub(super) fn any_untagged(graph: &Graph<'_>) -> bool {
    (0u32..)
        .zip(graph.atoms)
        .any(|(index, atom)| atom.chirality == Chirality::Unspecified && is_possible(graph, index))
}

/// Labels the centres whose neighbours differ by now; says whether there were any.
pub(super) fn label(graph: &Graph<'_>, ranks: &Ranks, centers: &mut [Center]) -> bool {
    let mut any = false;
    for center in centers {
        if center.is_open() && neighbors_differ(graph, ranks, center.atom) {
            center.label = Some(label_of(graph, ranks, center.atom));
            any = true;
        }
    }
    any
}

/// Adds the labels to the codes of the atoms: R before S before none.
pub(super) fn encode(centers: &[Center], codes: &mut [u32]) {
    for center in centers {
        codes[center.atom as usize] += match center.label {
            Some(Label::R) => 20,
            Some(Label::S) => 10,
            None => 0,
        };
    }
}

/// Takes the tag of an atom that is no centre, unless it is not tetrahedral.
///
/// The hydrogen in its bracket was written for the tag alone, so it goes too, and comes back as an
/// implicit one where the element has a valence to fill.
pub(super) fn clear(atom: &mut Atom) {
    if !is_tetrahedral(atom.chirality) {
        return;
    }
    atom.chirality = Chirality::Unspecified;
    let written = atom.total_hydrogens == 1 && atom.charge == 0 && !atom.aromatic;
    if written && !has_valence(atom.atomic_number) {
        atom.total_hydrogens = 0;
        atom.total_degree = atom.total_degree.saturating_sub(1);
    }
}

fn is_tetrahedral(tag: Chirality) -> bool {
    matches!(tag, Chirality::Clockwise | Chirality::CounterClockwise)
}

/// The element takes a fixed number of bonds: hydrogen, beryllium, the p block and the noble gases,
/// without thallium.
fn has_valence(atomic_number: u8) -> bool {
    matches!(atomic_number, 1..=2 | 4..=10 | 13..=18 | 31..=36 | 49..=54 | 82..=86)
}

fn is_possible(graph: &Graph<'_>, index: u32) -> bool {
    let atom = graph.atom(index);
    let ligands = ligands(graph, index).count();
    let hydrogens = usize::from(atom.total_hydrogens);
    let pnictogen = matches!(atom.atomic_number, PHOSPHORUS | ARSENIC);
    match (ligands, ligands + hydrogens) {
        (4, 4) => true,
        (3, 4) => !graph.neighbors(index).iter().any(|link| {
            let neighbor = graph.atom(link.atom);
            neighbor.atomic_number == HYDROGEN && neighbor.isotope.is_none()
        }),
        (3, 3) => match atom.atomic_number {
            NITROGEN => is_pyramidal_nitrogen(graph, index),
            PHOSPHORUS | ARSENIC => true,
            SULFUR | SELENIUM => match explicit_valence(graph, index) {
                4 => true,
                3 => atom.charge == 1,
                _ => false,
            },
            _ => false,
        },
        // A phosphine or arsine keeps its shape even with hydrogens.
        (0..=2, 3..=4) => pnictogen,
        _ => false,
    }
}

/// A nitrogen that cannot invert: in a ring of three, or a bridgehead.
fn is_pyramidal_nitrogen(graph: &Graph<'_>, index: u32) -> bool {
    let links = graph.neighbors(index);
    graph.atom(index).hybridization == Hybridization::Sp3
        && !links.iter().any(|link| graph.bond(link.bond).conjugated)
        && (ring::in_triangle(graph, index) || ring::is_bridgehead(graph, index))
}

/// Electron pairs that an atom shares with its neighbours.
fn explicit_valence(graph: &Graph<'_>, index: u32) -> u32 {
    let shared = |link: &Neighbor| {
        let bond = graph.bond(link.bond);
        match bond.kekule {
            BondOrder::Single | BondOrder::Aromatic => 1,
            BondOrder::Double => 2,
            BondOrder::Triple => 3,
            BondOrder::Quadruple => 4,
            BondOrder::Dative => u32::from(bond.end == index),
        }
    };
    graph.neighbors(index).iter().map(shared).sum()
}

/// The neighbours that count: those that the atom does not donate electrons to.
fn ligands<'a>(graph: &'a Graph<'_>, index: u32) -> impl Iterator<Item = u32> + Clone + 'a {
    let donates = move |bond: &Bond| bond.order == BondOrder::Dative && bond.begin == index;
    let links = graph.neighbors(index).iter();
    links
        .filter(move |link| !donates(graph.bond(link.bond)))
        .map(|link| link.atom)
}

fn neighbors_differ(graph: &Graph<'_>, ranks: &Ranks, index: u32) -> bool {
    let mut rest = ligands(graph, index);
    while let Some(one) = rest.next() {
        if rest.clone().any(|other| ranks.of(other) == ranks.of(one)) {
            return false;
        }
    }
    true
}

/// The tag, turned to the order of rising priority: anticlockwise is S. A tag that is not
/// tetrahedral counts as clockwise, as RDKit has it.
fn label_of(graph: &Graph<'_>, ranks: &Ranks, index: u32) -> Label {
    let atom = graph.atom(index);
    let neighbors = graph.neighbors(index);
    let mut odd = neighbors.len() == 3 && atom.total_hydrogens == 1;
    for (at, one) in neighbors.iter().enumerate() {
        for other in &neighbors[at + 1..] {
            odd ^= ranks.of(one.atom) > ranks.of(other.atom);
        }
    }
    if odd == (atom.chirality == Chirality::CounterClockwise) {
        Label::R
    } else {
        Label::S
    }
}
