//! Chains: zigzags of 120 degrees between ring systems, which are laid out before.

use std::f64::consts::PI;

use super::layout::{BOND, Place};
use crate::element::{PHOSPHORUS, SULFUR};
use crate::molecule::{BondOrder, Molecule, Neighbor};

/// Lays out every atom around the ring systems.
pub(super) struct Chains<'a> {
    molecule: &'a Molecule,
    /// Atoms with the same number lie in one ring system, or are one chain atom.
    body: Vec<u32>,
    members: Vec<Vec<u32>>,
    places: Vec<Option<Place>>,
    open: Vec<Step>,
}

/// An atom to place.
struct Step {
    /// The atom before it, which has its place.
    from: u32,
    to: u32,
    /// Radians, anticlockwise from the right.
    direction: f64,
    /// 1 where the chain turns left at `to`, -1 where it turns right.
    turn: f64,
}

impl<'a> Chains<'a> {
    pub(super) fn new(molecule: &'a Molecule) -> Self {
        let body = molecule.components(|bond| molecule.bonds()[bond as usize].in_ring);
        let count = body.iter().max().map_or(0, |&last| last as usize + 1);
        let mut members = vec![Vec::new(); count];
        for (atom, &body) in (0u32..).zip(&body) {
            members[body as usize].push(atom);
        }
        Self {
            molecule,
            body,
            members,
            places: vec![None; molecule.atoms().len()],
            open: Vec::new(),
        }
    }

    /// The atoms of each ring system and each chain atom, in ascending order.
    pub(super) fn bodies(&self) -> &[Vec<u32>] {
        &self.members
    }

    /// Whether no bonds outside of rings close a cycle, as dative bonds of chelates do.
    pub(super) fn is_forest(&self) -> bool {
        let links = self.molecule.bonds().iter().filter(|bond| !bond.in_ring);
        links.count() + self.molecule.fragment_count() == self.members.len()
    }

    /// Lays out every atom anew around the ring systems as they lie in `rings`.
    pub(super) fn lay(mut self, rings: &[Place]) -> Vec<Place> {
        let mut starts = vec![None; self.molecule.fragment_count()];
        // The largest ring system of a fragment, the first of them, or else its first end.
        for (body, members) in self.members.iter().enumerate() {
            let fragment = self.molecule.fragments()[members[0] as usize] as usize;
            let is_end = self.molecule.neighbors(members[0] as usize).len() < 2;
            let rank = (members.len(), usize::from(is_end));
            if starts[fragment].is_none_or(|(known, _)| known < rank) {
                starts[fragment] = Some((rank, body));
            }
        }
        for (_, body) in starts.into_iter().flatten() {
            self.start(body, rings);
            while let Some(step) = self.open.pop() {
                self.place(&step, rings);
            }
        }
        self.places
            .into_iter()
            .map(Option::unwrap_or_default)
            .collect()
    }

    fn start(&mut self, body: usize, rings: &[Place]) {
        let first = self.members[body][0];
        if self.members[body].len() > 1 {
            for &atom in &self.members[body] {
                self.places[atom as usize] = Some(rings[atom as usize]);
            }
            self.leave_rings(body, None);
            return;
        }
        self.places[first as usize] = Some([0.0; 2]);
        let children = self.children(first, None);
        let share = 2.0 * PI / children.len().max(1) as f64;
        for (at, child) in children.into_iter().enumerate() {
            self.open.push(Step {
                from: first,
                to: child,
                direction: PI / 6.0 + share * at as f64,
                turn: -1.0,
            });
        }
    }

    /// Neighbours outside of rings that are not placed yet, the longest branch last.
    fn children(&self, atom: u32, parent: Option<u32>) -> Vec<u32> {
        let links = self.molecule.neighbors(atom as usize).iter();
        let mut children: Vec<u32> = links
            .filter(|link| !self.molecule.bonds()[link.bond as usize].in_ring)
            .map(|link| link.atom)
            .filter(|&other| Some(other) != parent)
            .collect();
        if children.len() > 1 {
            children.sort_by_cached_key(|&child| self.depth(child, atom));
        }
        children
    }

    /// How far a branch reaches, looking a limited way.
    fn depth(&self, root: u32, parent: u32) -> usize {
        const FAR: usize = 24;
        let mut layer = vec![(root, parent)];
        for depth in 0..FAR {
            let mut next = Vec::new();
            for &(atom, from) in &layer {
                for link in self.molecule.neighbors(atom as usize) {
                    if link.atom != from && link.atom != parent {
                        next.push((link.atom, atom));
                    }
                }
            }
            next.sort_unstable();
            next.dedup_by_key(|&mut (atom, _)| atom);
            if next.is_empty() {
                return depth;
            }
            layer = next;
        }
        FAR
    }

    fn place(&mut self, step: &Step, rings: &[Place]) {
        let (Some(origin), None) = (
            self.places[step.from as usize],
            self.places[step.to as usize],
        ) else {
            return;
        };
        let place = ahead(origin, step.direction);
        let body = self.body[step.to as usize] as usize;
        if self.members[body].len() > 1 {
            self.attach_rings(body, step, place, rings);
        } else {
            self.places[step.to as usize] = Some(place);
            self.branch(step);
        }
    }

    /// Continues a chain at an atom that was just placed.
    fn branch(&mut self, step: &Step) {
        let children = self.children(step.to, Some(step.from));
        let turns = self.turns(step, &children);
        for (&child, (angle, turn)) in children.iter().zip(turns) {
            self.open.push(Step {
                from: step.to,
                to: child,
                direction: step.direction + angle,
                turn,
            });
        }
    }

    /// The angles at which the children leave, and to which side their chains turn.
    fn turns(&self, step: &Step, children: &[u32]) -> Vec<(f64, f64)> {
        let sixty = PI / 3.0 * step.turn;
        let right_angle = PI / 2.0 * step.turn;
        match children.len() {
            1 if self.is_linear(step.to) => vec![(0.0, step.turn)],
            1 => vec![(sixty, -step.turn)],
            2 => vec![(-sixty, step.turn), (sixty, -step.turn)],
            3 => {
                let ends = |atom: u32| self.molecule.neighbors(atom as usize).len() == 1;
                let element = self.molecule.atoms()[step.to as usize].atomic_number;
                let is_cross = matches!(element, PHOSPHORUS | SULFUR)
                    || children.iter().all(|&child| ends(child));
                if is_cross {
                    vec![
                        (-right_angle, step.turn),
                        (right_angle, -step.turn),
                        (0.0, step.turn),
                    ]
                } else {
                    // The chain goes on in its zigzag, the other two share the wide side.
                    vec![
                        (-sixty * 5.0 / 3.0, step.turn),
                        (-sixty / 3.0, step.turn),
                        (sixty, -step.turn),
                    ]
                }
            }
            count => {
                let share = 2.0 * PI / (count + 1) as f64;
                let angle = |at: usize| PI + share * (at + 1) as f64;
                (0..count).map(|at| (angle(at), step.turn)).collect()
            }
        }
    }

    /// Whether the bonds of an atom with two neighbours lie on a line.
    fn is_linear(&self, atom: u32) -> bool {
        let order = |link: &Neighbor| self.molecule.bonds()[link.bond as usize].kekule;
        let links = self.molecule.neighbors(atom as usize);
        links.iter().any(|link| order(link) == BondOrder::Triple)
            || links.iter().all(|link| order(link) == BondOrder::Double)
    }

    /// Turns a ring system so that the bond that leads to it leaves it outwards.
    fn attach_rings(&mut self, body: usize, step: &Step, place: Place, rings: &[Place]) {
        let laid = |atom: u32| rings[atom as usize];
        let externals = 1 + self.children(step.to, Some(step.from)).len();
        let outward = self.free_directions(step.to, laid, externals)[0];
        let angle = step.direction + PI - outward;
        let (sine, cosine) = angle.sin_cos();
        let center = rings[step.to as usize];
        for &atom in &self.members[body] {
            let [x, y] = [0, 1].map(|axis| rings[atom as usize][axis] - center[axis]);
            self.places[atom as usize] = Some([
                place[0] + cosine * x - sine * y,
                place[1] + sine * x + cosine * y,
            ]);
        }
        self.leave_rings(body, Some((step.from, step.to)));
    }

    /// Opens the bonds that leave a placed ring system, but for the one that led to it.
    fn leave_rings(&mut self, body: usize, entry: Option<(u32, u32)>) {
        for atom in self.members[body].clone() {
            let parent = entry.filter(|&(_, to)| to == atom).map(|(from, _)| from);
            let children = self.children(atom, parent);
            let taken = usize::from(parent.is_some());
            if children.is_empty() {
                continue;
            }
            let placed = |atom: u32| self.places[atom as usize].unwrap_or_default();
            let slots = self.free_directions(atom, placed, children.len() + taken);
            for (at, &child) in children.iter().enumerate() {
                self.open.push(Step {
                    from: atom,
                    to: child,
                    direction: slots[at + taken],
                    turn: if at % 2 == 0 { -1.0 } else { 1.0 },
                });
            }
        }
    }

    /// Directions that divide the widest gap between the ring bonds of an atom.
    fn free_directions(&self, atom: u32, place: impl Fn(u32) -> Place, count: usize) -> Vec<f64> {
        let origin = place(atom);
        let links = self.molecule.neighbors(atom as usize).iter();
        let mut taken: Vec<f64> = links
            .filter(|link| self.molecule.bonds()[link.bond as usize].in_ring)
            .map(|link| {
                let [x, y] = place(link.atom);
                (y - origin[1]).atan2(x - origin[0])
            })
            .collect();
        taken.sort_by(f64::total_cmp);
        let gap = |at: usize| {
            let next = taken.get(at + 1).copied().unwrap_or(taken[0] + 2.0 * PI);
            next - taken[at]
        };
        let widest = (0..taken.len()).max_by(|&a, &b| gap(a).total_cmp(&gap(b)));
        let (start, width) = widest.map_or((0.0, 2.0 * PI), |at| (taken[at], gap(at)));
        let share = width / (count + 1) as f64;
        (1..=count)
            .map(|slot| start + share * slot as f64)
            .collect()
    }
}

fn ahead(origin: Place, direction: f64) -> Place {
    [
        origin[0] + BOND * direction.cos(),
        origin[1] + BOND * direction.sin(),
    ]
}
