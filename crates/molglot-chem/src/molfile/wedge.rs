//! Tetrahedral centres of flat drawings.
//!
//! A wedge lifts the end of its bond out of the plane, a hash lowers it; the narrow end is at the
//! centre. IUPAC recommendations 2006, ST-1, with RDKit's tolerances.

use super::ctab::Mark;
use super::stereo::Drawing;
use super::vector::{Vector, cross, dot, from_to, square, unit};
use crate::element::{PHOSPHORUS, SULFUR};
use crate::molecule::{BondOrder, Chirality};

/// How far a wedge lifts its end, in lengths of the bond.
const LIFT: f64 = 0.1;

/// Below this square of a length two places are the same.
const SAME_PLACE: f64 = 1e-3;

/// Below this square of a sine two bonds lie on a line (1 degree).
const ON_A_LINE: f64 = 3.1e-4;

/// Below this square of a sine bonds that are drawn to opposite sides lie on a line.
const OPPOSED: f64 = 0.01;

/// Below this volume of unit vectors a centre is flat.
const FLAT: f64 = 1.74e-3;

/// The tags of all centres that a wedge or hash starts from.
pub(super) fn tags(drawing: Drawing<'_>) -> Vec<(u32, Chirality)> {
    let mut tags = Vec::new();
    let mut tagged = vec![false; drawing.graph.atoms.len()];
    for (bond, mark) in (0u32..).zip(drawing.marks) {
        if !matches!(mark, Mark::Wedge | Mark::Hash) {
            continue;
        }
        let center = drawing.graph.bonds[bond as usize].begin;
        if drawing.topology.neighbors(center as usize).len() > 4 {
            continue;
        }
        // Of several wedges at a centre the first that says something decides.
        if tagged[center as usize] || drawing.is_wavy(center) {
            continue;
        }
        match tag(drawing, center, bond) {
            Chirality::Unspecified => {}
            tag => {
                tagged[center as usize] = true;
                tags.push((center, tag));
            }
        }
    }
    tags
}

/// The tag of a centre from one of its wedges.
pub(super) fn tag(drawing: Drawing<'_>, center: u32, wedge: u32) -> Chirality {
    volume(drawing, center, wedge).map_or(Chirality::Unspecified, |volume| {
        if volume > FLAT {
            Chirality::CounterClockwise
        } else if volume < -FLAT {
            Chirality::Clockwise
        } else {
            Chirality::Unspecified
        }
    })
}

/// The signed volume that the bonds of a centre span, in the order of their ids; `None` where the
/// drawing is no tetrahedral centre or contradicts itself.
fn volume(drawing: Drawing<'_>, center: u32, wedge: u32) -> Option<f64> {
    let links = drawing.topology.neighbors(center as usize);
    let count = links.len();
    if !(3..=4).contains(&count) {
        return None;
    }
    let element = drawing.graph.atoms[center as usize].atomic_number;
    let all_single = links
        .iter()
        .all(|link| drawing.order(link.bond) == BondOrder::Single);
    if !all_single && element != PHOSPHORUS && element != SULFUR {
        return None;
    }
    let origin = flat(drawing.coordinates[center as usize]);
    let reference = links.iter().position(|link| link.bond == wedge)?;
    let length = {
        let end = drawing.coordinates[links[reference].atom as usize];
        square(from_to(origin, end)).sqrt()
    };
    let lift = if length > 0.0 { LIFT * length } else { LIFT };
    let mut arms = [Vector::default(); 4];
    for (arm, link) in arms.iter_mut().zip(links) {
        let mut place = flat(drawing.coordinates[link.atom as usize]);
        if drawing.starts_at(center, link.bond, Mark::Wedge) {
            place[2] = lift;
        } else if drawing.starts_at(center, link.bond, Mark::Hash) {
            place[2] = -lift;
        }
        let reach = from_to(origin, place);
        if link.bond != wedge && square(reach) < SAME_PLACE {
            return None;
        }
        *arm = unit(reach);
    }
    let arms = &arms[..count];
    for (at, &arm) in arms.iter().enumerate() {
        if arms[..at]
            .iter()
            .any(|&other| square(from_to(arm, other)) < SAME_PLACE)
        {
            return None;
        }
    }
    if count == 3 {
        of_three(arms, reference)
    } else {
        of_four(arms, reference)
    }
}

fn flat(place: Vector) -> Vector {
    [place[0], place[1], 0.0]
}

/// The cross product of two arms as drawn in the plane.
fn turn(a: Vector, b: Vector) -> f64 {
    a[0] * b[1] - a[1] * b[0]
}

/// Whether two arms are lifted to opposite sides.
fn opposite(a: Vector, b: Vector) -> bool {
    a[2] * b[2] < -SAME_PLACE
}

/// With the hydrogen that is not drawn opposite to the three.
fn of_three(arms: &[Vector], reference: usize) -> Option<f64> {
    let (up, next, last) = (
        arms[reference],
        arms[(reference + 1) % 3],
        arms[(reference + 2) % 3],
    );
    for (a, b) in [(up, next), (next, last), (last, up)] {
        if opposite(a, b) && square(cross(a, b)) < OPPOSED {
            return None;
        }
    }
    // ST-1.2.10: a wedge and a hash with the plain bond between them contradict each other.
    for (marked, plain) in [(next, last), (last, next)] {
        if opposite(up, marked)
            && plain[2].abs() < 1e-4
            && turn(plain, up) * turn(plain, marked) < -1e-4
        {
            return None;
        }
    }
    let sine = turn(next, last);
    if sine * sine < ON_A_LINE {
        // ST-1.2.12: a T. The two bonds on the line count as lifted to the other side.
        return Some(up[2] * turn(from_to(last, next), up));
    }
    Some(up[2] * sine)
}

/// The sense in which the other three follow the wedge, seen from its side.
fn of_four(arms: &[Vector], reference: usize) -> Option<f64> {
    let up = arms[reference];
    let mut round = [0, 1, 2, 3];
    round.swap(0, reference);
    // Anticlockwise from the wedge: first those on its left, the nearest first.
    let angle = |at: usize| {
        let side = if turn(up, arms[at]) < -SAME_PLACE {
            1
        } else {
            0
        };
        let along = dot(up, arms[at]);
        (side, if side == 0 { -along } else { along })
    };
    round[1..].sort_by(|&a, &b| {
        let (a, b) = (angle(a), angle(b));
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    for first in 0..4 {
        for second in first + 1..4 {
            let (a, b) = (arms[round[first]], arms[round[second]]);
            let neighbors = second - first == 1 || (first, second) == (0, 3);
            // Drawings of sugars have neighbouring bonds on a line, one up and one down.
            let allowed = neighbors && dot(a, b) < SAME_PLACE - 1.0;
            if opposite(a, b) && square(cross(a, b)) < OPPOSED && !allowed {
                return None;
            }
        }
    }
    // Of the two bonds that may follow the first around, one makes a proper angle with it.
    let sine = turn(arms[round[1]], arms[round[2]])
        .abs()
        .max(turn(arms[round[1]], arms[round[3]]).abs());
    let sense = if is_even(round) { 1.0 } else { -1.0 };
    Some(sense * up[2] * sine)
}

fn is_even(permutation: [usize; 4]) -> bool {
    let inversions = (0..4)
        .flat_map(|a| (a + 1..4).map(move |b| (a, b)))
        .filter(|&(a, b)| permutation[a] > permutation[b])
        .count();
    inversions % 2 == 0
}
