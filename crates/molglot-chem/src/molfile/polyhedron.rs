//! Coordination centres in space: squares, bipyramids and octahedra, also with ligands missing.
//!
//! Ligands that lie opposite to each other tell the shapes apart. The places of a shape are listed
//! as its first OpenSMILES permutation lists them, and the tag is then turned to the order of bonds.

use super::stereo::Drawing;
use super::vector::{Vector, cross, dot, from_to, unit};
use crate::coordination::{MISSING, relisted};
use crate::element::PHOSPHORUS;
use crate::molecule::Chirality;

/// The cosine that ligands on a line fall below.
const OPPOSITE: f64 = -0.9;

/// The cosine of 100 degrees, between the angles of an octahedron and of a bipyramid.
const SQUARE: f64 = -0.173_648_177_666_930_33;

/// The ligands of a centre, by position in the order of its bonds.
struct Ligands {
    count: u32,
    arms: [Vector; 6],
    opposite: [u32; 6],
}

/// The tag of a centre with ligands on a line, if it is heavier than silicon.
pub(super) fn tag(drawing: Drawing<'_>, center: u32) -> Option<Chirality> {
    if drawing.graph.atoms[center as usize].atomic_number < PHOSPHORUS {
        return None;
    }
    let ligands = Ligands::of(drawing, center)?;
    let pairs = ligands
        .opposite
        .iter()
        .filter(|&&other| other != MISSING)
        .count()
        / 2;
    match (pairs, ligands.count) {
        (1, 3) | (2, 4) => Some(ligands.square()),
        (1, 4) if ligands.has_right_angle() => Some(ligands.octahedron()),
        (1, 4 | 5) => Some(ligands.bipyramid()),
        (2, 5) | (3, 6) => Some(ligands.octahedron()),
        _ => None,
    }
}

impl Ligands {
    /// `None` where there are too few or too many, or one is opposite to two others.
    fn of(drawing: Drawing<'_>, center: u32) -> Option<Self> {
        let links = drawing.topology.neighbors(center as usize);
        if !(3..=6).contains(&links.len()) {
            return None;
        }
        let mut ligands = Self {
            count: links.len() as u32,
            arms: [Vector::default(); 6],
            opposite: [MISSING; 6],
        };
        let origin = drawing.coordinates[center as usize];
        for (arm, link) in ligands.arms.iter_mut().zip(links) {
            *arm = unit(from_to(origin, drawing.coordinates[link.atom as usize]));
        }
        for a in 0..links.len() {
            for b in a + 1..links.len() {
                if dot(ligands.arms[a], ligands.arms[b]) < OPPOSITE {
                    if ligands.opposite[a] != MISSING || ligands.opposite[b] != MISSING {
                        return None;
                    }
                    ligands.opposite[a] = b as u32;
                    ligands.opposite[b] = a as u32;
                }
            }
        }
        Some(ligands)
    }

    /// All ligands but these.
    fn others(&self, excluded: [u32; 2]) -> impl Iterator<Item = u32> {
        (0..self.count).filter(move |ligand| !excluded.contains(ligand))
    }

    /// Whether two ligands follow each other anticlockwise as seen from a third.
    fn turn_left(&self, from: u32, first: u32, second: u32) -> bool {
        let [from, first, second] = [from, first, second].map(|ligand| self.arms[ligand as usize]);
        dot(from, cross(first, second)) >= 0.0
    }

    /// Of four ligands, whether the two that are not opposite to each other make a right angle.
    fn has_right_angle(&self) -> bool {
        let mut alone = (0..4).filter(|&at| self.opposite[at] == MISSING);
        alone
            .next()
            .zip(alone.next())
            .is_some_and(|(a, b)| dot(self.arms[a], self.arms[b]) > SQUARE)
    }

    fn square(&self) -> Chirality {
        let across = self.opposite[0];
        let mut sides = self.others([0, across]);
        let (left, right) = (sides.next(), sides.next());
        self.listed(
            Chirality::SquarePlanar(1),
            [0, left.unwrap_or(MISSING), across, right.unwrap_or(MISSING)],
        )
    }

    fn bipyramid(&self) -> Chirality {
        let pole = (0..self.count)
            .find(|&ligand| self.opposite[ligand as usize] != MISSING)
            .unwrap_or(0);
        let other_pole = self.opposite[pole as usize];
        let mut equator = [MISSING; 3];
        for (place, ligand) in equator.iter_mut().zip(self.others([pole, other_pole])) {
            *place = ligand;
        }
        if !self.turn_left(pole, equator[0], equator[1]) {
            equator.swap(0, 1);
        }
        let [a, b, c] = equator;
        self.listed(
            Chirality::TrigonalBipyramidal(1),
            [pole, a, b, c, other_pole],
        )
    }

    fn octahedron(&self) -> Chirality {
        let below = self.opposite[0];
        let first = self.others([0, below]).next().unwrap_or(MISSING);
        let third = self.opposite[first as usize];
        let second = self
            .others([0, below])
            .find(|&ligand| ligand != first && ligand != third)
            .unwrap_or(MISSING);
        let fourth = self.opposite[second as usize];
        let square = if self.turn_left(0, first, second) {
            [first, second, third, fourth]
        } else {
            [first, fourth, third, second]
        };
        let [a, b, c, d] = square;
        self.listed(Chirality::Octahedral(1), [0, a, b, c, d, below])
    }

    /// A tag of the places of a shape, told of the ligands in the order of their bonds.
    fn listed<const PLACES: usize>(&self, tag: Chirality, places: [u32; PLACES]) -> Chirality {
        let in_order = std::array::from_fn::<u32, PLACES, _>(|at| {
            if at < self.count as usize {
                at as u32
            } else {
                MISSING
            }
        });
        relisted(tag, &places, &in_order)
    }
}
