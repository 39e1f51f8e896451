//! Double bonds: from places to the marks `/` and `\` of the bonds beside them.

use std::collections::VecDeque;
use std::ops::RangeInclusive;

use super::ctab::Mark;
use super::stereo::Drawing;
use super::vector::{cross, dot, from_to, square};
use crate::graph::{Direction, RawBond};
use crate::molecule::BondOrder;

/// Double bonds in smaller rings have one geometry only.
const MIN_RING: u32 = 8;

/// Neighbours of the ends of a double bond that may have a geometry; no real atom has more.
const DEGREES: RangeInclusive<usize> = 2..=16;

/// More than any real atom has around within a small ring.
const MAX_REACHED: usize = 4096;

/// Below the cosine of 178 degrees, a bond continues the double bond straight on.
const STRAIGHT: f64 = -0.999_388;

/// Directions of single bonds, and `Unknown` for double bonds whose geometry is not known.
pub(super) fn directions(drawing: Drawing<'_>) -> Vec<(u32, Direction)> {
    let mut found = Vec::new();
    let mut candidates = Vec::new();
    let mut small_rings = None;
    for (id, bond) in (0u32..).zip(&drawing.graph.bonds) {
        if bond.order != BondOrder::Double
            || [bond.begin, bond.end]
                .iter()
                .any(|&end| !DEGREES.contains(&drawing.topology.neighbors(end as usize).len()))
        {
            continue;
        }
        if drawing.marks[id as usize] == Mark::Crossed || has_wavy_neighbor(drawing, id) {
            found.push((id, Direction::Unknown));
            continue;
        }
        if small_rings
            .get_or_insert_with(|| SmallRings::new(drawing.graph.atoms.len()))
            .contain(drawing, id)
        {
            continue;
        }
        match Arms::of(drawing, id) {
            Some(Ok(arms)) => candidates.push(arms),
            Some(Err(Straight)) => found.push((id, Direction::Unknown)),
            None => {}
        }
    }
    if !candidates.is_empty() {
        mark(drawing, &candidates, &mut found);
    }
    found
}

/// The single bonds at one end of a double bond, the one that was measured first.
#[derive(Debug, Clone, Copy)]
struct Side {
    atom: u32,
    bond: u32,
    other: Option<u32>,
}

/// A double bond whose geometry can be read off.
struct Arms {
    sides: [Side; 2],
    /// The measured bonds lie on one side.
    cis: bool,
}

struct Straight;

impl Arms {
    /// `None` where one end has no single bond.
    fn of(drawing: Drawing<'_>, id: u32) -> Option<Result<Self, Straight>> {
        let bond = drawing.graph.bonds[id as usize];
        let ends = [(bond.begin, bond.end), (bond.end, bond.begin)];
        let mut sides = [None; 2];
        for (side, (atom, opposite)) in sides.iter_mut().zip(ends) {
            let mut singles = drawing
                .topology
                .neighbors(atom as usize)
                .iter()
                .filter(|link| {
                    matches!(
                        drawing.order(link.bond),
                        BondOrder::Single | BondOrder::Aromatic
                    )
                })
                .map(|link| link.bond);
            let pair = [Some(singles.next()?), singles.next()];
            let bent = pair
                .into_iter()
                .flatten()
                .position(|single| !is_straight(drawing, atom, single, opposite));
            *side = bent.and_then(|at| {
                Some(Side {
                    atom,
                    bond: pair[at]?,
                    other: pair[1 - at],
                })
            });
        }
        let [Some(begin), Some(end)] = sides else {
            return Some(Err(Straight));
        };
        let place = |atom: u32| drawing.coordinates[atom as usize];
        let tip = |side: Side| place(other_end(drawing, side.bond, side.atom));
        let axis = from_to(place(begin.atom), place(end.atom));
        let first = cross(from_to(place(begin.atom), tip(begin)), axis);
        let second = cross(from_to(place(end.atom), tip(end)), axis);
        Some(Ok(Self {
            sides: [begin, end],
            cis: dot(first, second) > 0.0,
        }))
    }
}

fn other_end(drawing: Drawing<'_>, bond: u32, atom: u32) -> u32 {
    let RawBond { begin, end, .. } = drawing.graph.bonds[bond as usize];
    if begin == atom { end } else { begin }
}

fn is_straight(drawing: Drawing<'_>, atom: u32, single: u32, opposite: u32) -> bool {
    let origin = drawing.coordinates[atom as usize];
    let tip = drawing.coordinates[other_end(drawing, single, atom) as usize];
    let arm = from_to(origin, tip);
    let axis = from_to(origin, drawing.coordinates[opposite as usize]);
    let lengths = square(arm) * square(axis);
    lengths < 1e-6 || dot(arm, axis) < STRAIGHT * lengths.sqrt()
}

fn has_wavy_neighbor(drawing: Drawing<'_>, id: u32) -> bool {
    let bond = drawing.graph.bonds[id as usize];
    [bond.begin, bond.end].iter().any(|&end| {
        drawing
            .topology
            .neighbors(end as usize)
            .iter()
            .any(|link| drawing.marks[link.bond as usize] == Mark::Wavy)
    })
}

/// Finds short rings, its memory kept from bond to bond.
struct SmallRings {
    /// The search that saw an atom last.
    seen: Vec<u32>,
    search: u32,
    reached: Vec<u32>,
}

impl SmallRings {
    fn new(atoms: usize) -> Self {
        Self {
            seen: vec![0; atoms],
            search: 0,
            reached: Vec::new(),
        }
    }

    /// Whether the bond is in a ring of fewer than [`MIN_RING`] atoms.
    fn contain(&mut self, drawing: Drawing<'_>, id: u32) -> bool {
        let bond = drawing.graph.bonds[id as usize];
        self.search += 1;
        self.seen[bond.begin as usize] = self.search;
        self.reached.clear();
        self.reached.push(bond.begin);
        let mut layer = 0;
        for _ in 2..MIN_RING {
            let next = layer..self.reached.len();
            layer = self.reached.len();
            if layer > MAX_REACHED {
                break;
            }
            for at in next {
                for link in drawing.topology.neighbors(self.reached[at] as usize) {
                    if link.bond == id || drawing.order(link.bond) == BondOrder::Dative {
                        continue;
                    }
                    if link.atom == bond.end {
                        return true;
                    }
                    if std::mem::replace(&mut self.seen[link.atom as usize], self.search)
                        != self.search
                    {
                        self.reached.push(link.atom);
                    }
                }
            }
        }
        false
    }
}

/// Gives the single bonds directions that agree with every double bond beside them. A bond between
/// two double bonds has one direction for both, so each chain of them is walked from its first.
fn mark(drawing: Drawing<'_>, doubles: &[Arms], found: &mut Vec<(u32, Direction)>) {
    let mut beside: Vec<(u32, usize)> = Vec::new();
    for (index, arms) in doubles.iter().enumerate() {
        for side in arms.sides {
            beside.extend(
                [Some(side.bond), side.other]
                    .into_iter()
                    .flatten()
                    .map(|single| (single, index)),
            );
        }
    }
    beside.sort_unstable();
    let mut marks = Marks {
        rises: vec![None; drawing.graph.bonds.len()],
    };
    let mut done = vec![false; doubles.len()];
    let mut queue = VecDeque::new();
    for first in 0..doubles.len() {
        queue.push_back(first);
        while let Some(index) = queue.pop_front() {
            if std::mem::replace(&mut done[index], true) {
                continue;
            }
            let arms = &doubles[index];
            marks.settle(drawing, arms);
            for side in arms.sides {
                for single in [Some(side.bond), side.other].into_iter().flatten() {
                    let from = beside.partition_point(|&(bond, _)| bond < single);
                    let linked = beside[from..]
                        .iter()
                        .take_while(|&&(bond, _)| bond == single);
                    queue.extend(linked.map(|&(_, index)| index));
                }
            }
        }
    }
    found.extend((0u32..).zip(marks.rises).filter_map(|(bond, rises)| {
        Some((
            bond,
            if rises? {
                Direction::Up
            } else {
                Direction::Down
            },
        ))
    }));
}

/// The directions of single bonds: whether the second atom lies above the first.
struct Marks {
    rises: Vec<Option<bool>>,
}

impl Marks {
    /// Whether the far end of a single bond lies above `atom`.
    fn above(&self, drawing: Drawing<'_>, atom: u32, bond: u32) -> Option<bool> {
        let starts_here = drawing.graph.bonds[bond as usize].begin == atom;
        self.rises[bond as usize].map(|rises| rises == starts_here)
    }

    /// Sets what is not set yet.
    fn set(&mut self, drawing: Drawing<'_>, atom: u32, bond: u32, above: bool) {
        let starts_here = drawing.graph.bonds[bond as usize].begin == atom;
        self.rises[bond as usize].get_or_insert(above == starts_here);
    }

    fn settle(&mut self, drawing: Drawing<'_>, arms: &Arms) {
        let [begin, end] = arms.sides;
        let known = |side: Side| {
            self.above(drawing, side.atom, side.bond).or_else(|| {
                let above = self.above(drawing, side.atom, side.other?)?;
                Some(!above)
            })
        };
        let first = known(begin)
            .or_else(|| known(end).map(|above| above == arms.cis))
            .unwrap_or(false);
        for (side, above) in [(begin, first), (end, first == arms.cis)] {
            self.set(drawing, side.atom, side.bond, above);
            if let Some(other) = side.other {
                let measured = self.above(drawing, side.atom, side.bond).unwrap_or(above);
                self.set(drawing, side.atom, other, !measured);
            }
        }
    }
}
