//! Keys about simple paths of up to four bonds.

mod rows;

use super::graph::{CH2, CH3, Graph, Link, QH, RING};
use crate::fingerprint::Bits;
use rows::{ROWS, Row, SINGLE_OR_AROMATIC};

/// The most atoms of a path.
const LONGEST: usize = 5;

pub(super) fn set_keys(graph: &Graph<'_>, bits: &mut Bits) {
    let present = graph.all_classes();
    let open = ROWS.map(|rows| {
        let possible = |row: &&Row| {
            let atoms = row.atoms.iter();
            atoms
                .take_while(|&&mask| mask != 0)
                .all(|mask| mask & present != 0)
        };
        rows.iter()
            .filter(possible)
            .map(|&row| Open { row, seen: None })
            .collect()
    });
    let mut walk = Walk {
        graph,
        bits,
        open,
        atoms: [0; LONGEST],
        bonds: [0; LONGEST - 1],
        classes: [0; LONGEST],
    };
    for atom in 0..graph.molecule.atoms().len() as u32 {
        walk.step(0, atom);
    }
}

/// A row that has not turned on all its keys.
struct Open {
    row: Row,
    /// The atoms of the first match, ascending, where a second one counts.
    seen: Option<[u32; LONGEST]>,
}

struct Walk<'a> {
    graph: &'a Graph<'a>,
    bits: &'a mut Bits,
    open: [Vec<Open>; LONGEST - 1],
    atoms: [u32; LONGEST],
    bonds: [u16; LONGEST - 1],
    classes: [u16; LONGEST],
}

impl Walk<'_> {
    /// Visits the path that the atom at `last` ends, and all longer ones: four levels at most.
    fn step(&mut self, last: usize, atom: u32) {
        let graph = self.graph;
        self.atoms[last] = atom;
        self.classes[last] = graph.class(atom);
        if last > 0 {
            self.match_rows(last);
        }
        if last >= 3 && self.classes[last] & CH2 != 0 {
            self.match_tails(last);
        }
        if last + 1 == LONGEST {
            return;
        }
        for link in graph.links(atom) {
            if !self.atoms[..last].contains(&link.atom) {
                self.bonds[last] = link.bond;
                self.step(last + 1, link.atom);
            }
        }
    }

    fn match_rows(&mut self, last: usize) {
        let (atoms, bonds) = (&self.classes[..=last], &self.bonds[..last]);
        let (path, bits) = (&self.atoms[..=last], &mut *self.bits);
        self.open[last - 1].retain_mut(|open| {
            let fits = |(mask, value): (&u16, &u16)| mask & value != 0;
            let row = &open.row;
            if !row.atoms.iter().zip(atoms).all(fits) || !row.bonds.iter().zip(bonds).all(fits) {
                return true;
            }
            if row.first != 0 {
                bits.set(row.first);
            }
            if row.second == 0 {
                return false;
            }
            let mut set = [u32::MAX; LONGEST];
            set[..=last].copy_from_slice(path);
            set.sort_unstable();
            let again = *open.seen.get_or_insert(set) != set;
            if again {
                bits.set(row.second);
            }
            !again
        });
    }

    /// Keys about a path to a CH2 with one more neighbour, its tail. In some of them the tail may
    /// be an earlier atom, so that the path closes a ring.
    fn match_tails(&mut self, last: usize) {
        let path = &self.atoms[..=last];
        let is = |class: u16| self.classes[0] & class != 0;
        let outside = |link: &&Link| !path.contains(&link.atom);
        let closing = |to: usize| self.graph.bond(path[last], path[to]) & SINGLE_OR_AROMATIC != 0;
        let ring = |to: usize| self.bonds[to..last].iter().all(|bond| bond & RING != 0);
        let closes = |to: usize| closing(to) && ring(to);
        let closes_any = |to: std::ops::Range<usize>| to.into_iter().any(closes);
        let mut tails = self
            .graph
            .links(path[last])
            .iter()
            .filter(outside)
            .peekable();
        let tail = tails.peek().is_some();
        let mut hit = |bit: usize, holds: bool| {
            if holds {
                self.bits.set(bit);
            }
        };
        let short = last == 3;
        if is(QH) {
            hit(if short { 90 } else { 91 }, tail || closes_any(0..last - 1));
        }
        if is(CH3) {
            hit(if short { 116 } else { 108 }, tail || short && closing(1));
        }
        if is(CH2) {
            // Both ends have a tail: different ones, or one atom of a ring.
            let heads = || self.graph.links(path[0]).iter().filter(outside);
            let both = tails.any(|tail| {
                heads().any(|head| {
                    head.atom != tail.atom
                        || head.bond & RING != 0 && ring(0) && tail.bond & SINGLE_OR_AROMATIC != 0
                })
            });
            let closed = heads().next().is_some() && closes_any(1..last - 1);
            hit(if short { 129 } else { 128 }, both || closed);
        }
    }
}
