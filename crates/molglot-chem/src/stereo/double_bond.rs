//! Double bonds: which marks beside them give them a geometry.

use std::borrow::Cow;

use super::ranks::Ranks;
use super::{Graph, ring};
use crate::graph::Direction;
use crate::molecule::{Bond, BondOrder, BondStereo, Neighbor, Topology};

/// A double bond with marks at both ends.
pub(super) struct DirectedBond {
    pub(super) bond: u32,
    pub(super) stereo: BondStereo,
    /// The neighbours of higher priority beside `begin` and beside `end`.
    pub(super) stereo_atoms: [u32; 2],
    /// The marks at one end contradict each other.
    contradictory: bool,
}

impl DirectedBond {
    /// Further refinement would not change what is said of this bond.
    pub(super) fn is_decided(&self, graph: &Graph<'_>, ranks: &Ranks) -> bool {
        let bond = graph.bond(self.bond);
        self.is_done()
            || [bond.begin, bond.end].into_iter().all(|atom| {
                let mut beside = beside(graph, atom, self.bond).map(|link| ranks.of(link.atom));
                beside.next() != beside.next()
            })
    }

    /// Nothing more will be said of this bond.
    pub(super) fn is_done(&self) -> bool {
        self.stereo != BondStereo::None || self.contradictory
    }
}

/// Where the double bond's end has a neighbour, seen from the end.
struct Side {
    /// The neighbour of higher priority.
    higher: u32,
    up: bool,
    contradictory: bool,
}

/// Clears unknown geometries where there can be none, and takes over those that a mark says.
pub(super) fn settle_unknown(
    bonds: &mut [Bond],
    directions: &[Direction],
    topology: &Topology,
    rings: &[Vec<u32>],
) {
    for (bond, &direction) in bonds.iter_mut().zip(directions) {
        let unknown = bond.stereo == BondStereo::Any || direction == Direction::Unknown;
        if !unknown || bond.order != BondOrder::Double {
            continue;
        }
        let terminal = |atom: u32| topology.neighbors(atom as usize).len() == 1;
        let possible =
            !terminal(bond.begin) && !terminal(bond.end) && !ring::in_small_ring(bond, rings);
        bond.stereo = if possible {
            BondStereo::Any
        } else {
            BondStereo::None
        };
    }
}

/// The double bonds with marks at both ends.
pub(super) fn directed(graph: &Graph<'_>, directions: &[Direction]) -> Vec<DirectedBond> {
    if !directions.iter().any(|&direction| is_mark(direction)) {
        return Vec::new();
    }
    (0u32..)
        .zip(graph.bonds)
        .filter(|&(id, bond)| has_marks(graph, directions, id) && could_have_geometry(graph, bond))
        .map(|(bond, _)| DirectedBond {
            bond,
            stereo: BondStereo::None,
            stereo_atoms: [0; 2],
            contradictory: false,
        })
        .collect()
}

/// Whether a double bond that could have a geometry has none written.
pub(super) fn any_unmarked(graph: &Graph<'_>, directions: &[Direction]) -> bool {
    (0u32..)
        .zip(graph.bonds)
        .any(|(id, bond)| could_have_geometry(graph, bond) && !has_marks(graph, directions, id))
}

/// Whether the first double bond outside small rings has no marks beside it.
pub(super) fn unmarked_before_marks(graph: &Graph<'_>, directions: &[Direction]) -> bool {
    let outside =
        |bond: &Bond| bond.order == BondOrder::Double && !ring::in_small_ring(bond, graph.rings);
    let first = (0u32..).zip(graph.bonds).find(|(_, bond)| outside(bond));
    first.is_some_and(|(id, bond)| {
        [bond.begin, bond.end]
            .into_iter()
            .all(|atom| !is_marked(graph, directions, atom, id))
    })
}

/// Gives a geometry to the bonds whose neighbours differ by now. Says whether bonds are left that
/// could get one, and whether anything was found.
pub(super) fn label(
    graph: &Graph<'_>,
    ranks: &Ranks,
    double_bonds: &mut [DirectedBond],
    directions: &mut Cow<'_, [Direction]>,
) -> (bool, bool) {
    let (mut left, mut found) = (false, false);
    let mut erased = Vec::new();
    for double_bond in double_bonds {
        if double_bond.stereo != BondStereo::None {
            continue;
        }
        let id = double_bond.bond;
        let bond = graph.bond(id);
        let side = |atom| side(graph, ranks, directions, atom, id);
        let (Some(begin), Some(end)) = (side(bond.begin), side(bond.end)) else {
            left = true;
            continue;
        };
        found = true;
        for (atom, side) in [(bond.begin, &begin), (bond.end, &end)] {
            if side.contradictory {
                double_bond.contradictory = true;
                erased.extend(beside(graph, atom, id).map(|link| link.bond));
            }
        }
        if double_bond.contradictory {
            continue;
        }
        double_bond.stereo_atoms = [begin.higher, end.higher];
        double_bond.stereo = if is_wavy(graph, directions, bond) {
            BondStereo::Any
        } else if begin.up == end.up {
            BondStereo::Z
        } else {
            BondStereo::E
        };
    }
    for bond in erased {
        directions.to_mut()[bond as usize] = Direction::None;
    }
    (left, found)
}

/// Adds the geometries to the codes of the atoms: Z before E before none.
pub(super) fn encode(graph: &Graph<'_>, double_bonds: &[DirectedBond], codes: &mut [u32]) {
    for double_bond in double_bonds {
        let bond = graph.bond(double_bond.bond);
        for atom in [bond.begin, bond.end] {
            codes[atom as usize] += match double_bond.stereo {
                BondStereo::Z => 2,
                BondStereo::E => 1,
                BondStereo::None | BondStereo::Any => 0,
            };
        }
    }
}

fn side(
    graph: &Graph<'_>,
    ranks: &Ranks,
    directions: &[Direction],
    atom: u32,
    double_bond: u32,
) -> Option<Side> {
    // Up or down as seen from the double bond.
    let mut sides = beside(graph, atom, double_bond).map(|link| {
        let away = graph.bond(link.bond).begin == atom;
        let up = match directions[link.bond as usize] {
            Direction::Up => Some(away),
            Direction::Down => Some(!away),
            Direction::None | Direction::Unknown => None,
        };
        (link.atom, up)
    });
    let (first, up) = sides.next()?;
    let Some((second, other_up)) = sides.next() else {
        return Some(Side {
            higher: first,
            up: up?,
            contradictory: false,
        });
    };
    if ranks.of(first) == ranks.of(second) {
        return None;
    }
    let up = up.or(other_up.map(|up| !up))?;
    let other_up = other_up.unwrap_or(!up);
    let first_is_higher = ranks.of(first) > ranks.of(second);
    Some(Side {
        higher: if first_is_higher { first } else { second },
        up: if first_is_higher { up } else { other_up },
        contradictory: up == other_up,
    })
}

/// The links from an end of a double bond to its other neighbours.
fn beside<'a>(
    graph: &'a Graph<'_>,
    atom: u32,
    double_bond: u32,
) -> impl Iterator<Item = Neighbor> + 'a {
    let links = graph.neighbors(atom).iter().copied();
    links.filter(move |link| link.bond != double_bond)
}

fn is_mark(direction: Direction) -> bool {
    matches!(direction, Direction::Up | Direction::Down)
}

fn is_marked(graph: &Graph<'_>, directions: &[Direction], atom: u32, double_bond: u32) -> bool {
    beside(graph, atom, double_bond).any(|link| is_mark(directions[link.bond as usize]))
}

fn has_marks(graph: &Graph<'_>, directions: &[Direction], id: u32) -> bool {
    let bond = graph.bond(id);
    bond.order == BondOrder::Double
        && is_marked(graph, directions, bond.begin, id)
        && is_marked(graph, directions, bond.end, id)
}

fn could_have_geometry(graph: &Graph<'_>, bond: &Bond) -> bool {
    let planar = |atom: u32| matches!(graph.neighbors(atom).len(), 2 | 3);
    bond.order == BondOrder::Double
        && bond.stereo == BondStereo::None
        && planar(bond.begin)
        && planar(bond.end)
        && !ring::in_small_ring(bond, graph.rings)
}

/// A bond beside says that the geometry is unknown.
fn is_wavy(graph: &Graph<'_>, directions: &[Direction], bond: &Bond) -> bool {
    let mut links = [bond.begin, bond.end]
        .into_iter()
        .flat_map(|atom| graph.neighbors(atom));
    links.any(|link| directions[link.bond as usize] == Direction::Unknown)
}
