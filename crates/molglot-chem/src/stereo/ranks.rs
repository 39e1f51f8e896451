//! Topological CIP priorities, after Labute, "An Efficient Algorithm for the Determination of
//! Topological RS Chirality", Journal of the CCG (1996), in RDKit's form.
//!
//! An ordered partition of the atoms is refined: atoms of one cell are set apart by the cells of
//! their neighbours, highest first, each repeated by twice the bond order. Cells split in place, so
//! that what once differs keeps its order. The work of a round is in proportion to the atoms beside
//! those that left their cell in the round before.

#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::ops::Range;

use super::Graph;
use crate::element::PHOSPHORUS;
use crate::molecule::{Atom, Bond, BondOrder};
use crate::nuclide;

/// An ordered partition of the atoms by CIP priority.
pub(super) struct Ranks {
    /// Atoms, lowest priority first; every cell is a range of it.
    order: Vec<u32>,
    /// Where each atom stands in `order`.
    position: Vec<u32>,
    /// The name of each atom's cell: some position inside its range, so that names are in the
    /// order of the cells and a cell that loses atoms rarely needs a new one.
    name: Vec<u32>,
    /// Cells by name.
    cells: Vec<Cell>,
    /// Atoms to look at in the next round.
    pending: Vec<u32>,
    /// Names of the cells that are looked at in this round.
    touched: Vec<u32>,
    /// What each atom is compared by in this round.
    keys: Vec<Key>,
    /// The lists of the keys, one after the other.
    lists: Vec<u64>,
    /// Scratch for the parts of one cell.
    parts: Vec<Range<u32>>,
}

#[derive(Clone, Copy, Default)]
struct Cell {
    start: u32,
    end: u32,
    /// How many of its atoms, at the end of the range, are looked at in this round.
    touched: u32,
}

/// A list of numbers, compared like words; most differ in the first.
#[derive(Clone, Copy, Default)]
struct Key {
    head: u64,
    /// Where all of them are.
    list: (u32, u32),
}

impl Key {
    fn cmp(self, other: Self, lists: &[u64]) -> Ordering {
        let list = |key: Self| &lists[key.list.0 as usize..key.list.1 as usize];
        let heads = self.head.cmp(&other.head);
        heads.then_with(|| list(self).cmp(list(other)))
    }
}

impl Ranks {
    /// Priorities by element, isotope and atom map alone.
    pub(super) fn new(graph: &Graph<'_>) -> Self {
        let count = graph.atoms.len();
        let atoms = 0..count as u32;
        let mut cells = vec![Cell::default(); count];
        cells[0].end = count as u32;
        let mut ranks = Self {
            order: atoms.clone().collect(),
            position: atoms.clone().collect(),
            name: vec![0; count],
            cells,
            pending: Vec::with_capacity(2 * graph.bonds.len()),
            touched: Vec::new(),
            keys: vec![Key::default(); count],
            lists: Vec::with_capacity(4 * count),
            parts: Vec::new(),
        };
        ranks.split_by(graph, |atom| invariant(graph.atom(atom)));
        ranks.pending.clear();
        ranks.pending.extend(atoms);
        ranks
    }

    /// The priority of an atom; equal numbers are equal priorities.
    pub(super) fn of(&self, atom: u32) -> u32 {
        self.name[atom as usize]
    }

    /// Refines by neighbourhood until nothing splits any more, or until `enough` says so.
    ///
    /// RDKit gives up after half as many rounds as there are atoms.
    pub(super) fn refine(&mut self, graph: &Graph<'_>, mut enough: impl FnMut(&Self) -> bool) {
        for _ in 0..graph.atoms.len() / 2 + 1 {
            if self.pending.is_empty() || enough(self) {
                return;
            }
            self.round(graph);
        }
    }

    /// Sets atoms of equal priority apart by a number each.
    pub(super) fn split_by(&mut self, graph: &Graph<'_>, number: impl Fn(u32) -> u32) {
        let mut at = 0;
        while let Some(&first) = self.order.get(at) {
            let name = self.name[first as usize];
            let cell = &mut self.cells[name as usize];
            cell.touched = cell.end - cell.start;
            for &atom in &self.order[at..cell.end as usize] {
                self.keys[atom as usize] = Key {
                    head: u64::from(number(atom)),
                    list: (0, 0),
                };
            }
            at = cell.end as usize;
            self.split(graph, name);
        }
    }

    fn round(&mut self, graph: &Graph<'_>) {
        let mut pending = std::mem::take(&mut self.pending);
        for atom in pending.drain(..) {
            self.touch(atom);
        }
        self.pending = pending;
        let mut touched = std::mem::take(&mut self.touched);
        self.lists.clear();
        for &name in &touched {
            let cell = self.cells[name as usize];
            // The last atom that is not touched stands for all of them.
            let first = (cell.end - cell.touched).saturating_sub(1).max(cell.start);
            for at in first..cell.end {
                self.write_key(graph, self.order[at as usize]);
            }
        }
        for name in touched.drain(..) {
            self.split(graph, name);
        }
        self.touched = touched;
    }

    /// Moves an atom to the touched end of its cell, unless it is alone there.
    fn touch(&mut self, atom: u32) {
        let name = self.name[atom as usize];
        let cell = &mut self.cells[name as usize];
        let from = self.position[atom as usize];
        let border = cell.end - cell.touched;
        if cell.end - cell.start == 1 || from >= border {
            return;
        }
        if cell.touched == 0 {
            self.touched.push(name);
        }
        cell.touched += 1;
        let other = self.order[border as usize - 1];
        self.order.swap(from as usize, border as usize - 1);
        self.position[other as usize] = from;
        self.position[atom as usize] = border - 1;
    }

    /// Neighbours by falling priority, each as often as its bond counts, then a zero for every
    /// hydrogen: the lists are compared, so it takes a run of equal entries and its length only.
    fn write_key(&mut self, graph: &Graph<'_>, atom: u32) {
        const RUN: u32 = 32;
        let lists = &mut self.lists;
        let start = lists.len();
        let links = graph.neighbors(atom).iter().map(|link| {
            let entry = u64::from(self.name[link.atom as usize]) + 1;
            entry << RUN | weight(graph, graph.bond(link.bond), link.atom)
        });
        lists.extend(links);
        lists[start..].sort_unstable_by(|a, b| b.cmp(a));
        let mut end = start;
        for at in start + 1..lists.len() {
            if lists[end] >> RUN == lists[at] >> RUN {
                lists[end] += lists[at] & u64::from(u32::MAX);
            } else {
                end += 1;
                lists[end] = lists[at];
            }
        }
        lists.truncate(end + 1);
        let hydrogens = graph.atom(atom).total_hydrogens;
        if hydrogens > 0 {
            lists.push(u64::from(hydrogens));
        }
        self.keys[atom as usize] = Key {
            head: lists.get(start).copied().unwrap_or(0),
            list: (start as u32, lists.len() as u32),
        };
    }

    /// Splits a cell by the keys of its touched atoms; those that are not touched are equal. One
    /// part remains the cell, and the neighbours of all others are pending in the next round.
    fn split(&mut self, graph: &Graph<'_>, name: u32) {
        let Cell {
            start,
            end,
            touched,
        } = self.cells[name as usize];
        let border = end - touched;
        let compare = |a: u32, b: u32| {
            let (a, b) = (self.keys[a as usize], self.keys[b as usize]);
            a.cmp(b, &self.lists)
        };
        let cell = &mut self.order[start as usize..end as usize];
        let (untouched, sorted) = cell.split_at_mut((border - start) as usize);
        sorted.sort_unstable_by(|&a, &b| compare(a, b));
        let (lower, upper) = match untouched.last() {
            Some(&same) => (
                sorted.partition_point(|&atom| compare(atom, same).is_lt()) as u32,
                sorted.partition_point(|&atom| compare(atom, same).is_le()) as u32,
            ),
            None => (touched, touched),
        };
        bring_forward(cell, lower as usize, touched as usize);

        let order = &self.order;
        let runs = |range: Range<u32>, parts: &mut Vec<Range<u32>>| {
            let mut from = range.start;
            while from < range.end {
                let atoms = &order[from as usize..range.end as usize];
                let run = atoms
                    .iter()
                    .take_while(|&&atom| compare(atom, atoms[0]).is_eq())
                    .count() as u32;
                parts.push(from..from + run);
                from += run;
            }
        };
        let mut remains = start + lower..border + upper;
        self.parts.clear();
        runs(start..start + lower, &mut self.parts);
        runs(border + upper..end, &mut self.parts);
        if remains.is_empty()
            && let Some(largest) = (0..self.parts.len()).max_by_key(|&at| self.parts[at].len())
        {
            remains = self.parts.swap_remove(largest);
        }

        for at in (start..start + lower).chain(border..end) {
            self.position[self.order[at as usize] as usize] = at;
        }
        let kept = remains.contains(&name);
        self.set_cell(remains, kept.then_some(name));
        for at in 0..self.parts.len() {
            let part = self.parts[at].clone();
            for &atom in &self.order[part.start as usize..part.end as usize] {
                let neighbors = graph.neighbors(atom).iter();
                self.pending.extend(neighbors.map(|link| link.atom));
            }
            self.set_cell(part, None);
        }
    }

    /// Makes a range a cell, under the name that its atoms have or under a new one.
    fn set_cell(&mut self, range: Range<u32>, name: Option<u32>) {
        let name = name.unwrap_or_else(|| {
            let name = range.start.midpoint(range.end);
            for &atom in &self.order[range.start as usize..range.end as usize] {
                self.name[atom as usize] = name;
            }
            name
        });
        self.cells[name as usize] = Cell {
            start: range.start,
            end: range.end,
            touched: 0,
        };
    }
}

/// Of the last `touched` elements, brings the first `lower` to the front.
fn bring_forward(cell: &mut [u32], lower: usize, touched: usize) {
    let border = cell.len() - touched;
    if lower <= border {
        let (front, back) = cell.split_at_mut(border);
        front[..lower].swap_with_slice(&mut back[..lower]);
    } else {
        cell[..border + lower].rotate_left(border);
    }
}

/// Element, then isotope around the most common one, then atom map.
fn invariant(atom: &Atom) -> u32 {
    const NATURAL: i32 = 1 << 9;
    let element = u32::from(atom.atomic_number);
    let mass = atom.isotope.map_or(NATURAL, |isotope| {
        let excess = i32::from(isotope) - i32::from(nuclide::most_common(atom.atomic_number));
        (NATURAL + excess + i32::from(excess >= 0)).max(0) % (1 << 10)
    });
    let map = atom.map.map_or(0, |map| (u32::from(map) + 1) % (1 << 10));
    element << 20 | (mass as u32) << 10 | map
}

/// How often a neighbour counts: twice the bond order. A double bond to a phosphorus with three or
/// four neighbours counts least of all, since its d orbitals are not counted.
fn weight(graph: &Graph<'_>, bond: &Bond, neighbor: u32) -> u64 {
    match bond.order {
        BondOrder::Single | BondOrder::Dative => 2,
        BondOrder::Double => {
            let phosphorus = graph.atom(neighbor).atomic_number == PHOSPHORUS;
            if phosphorus && matches!(graph.neighbors(neighbor).len(), 3 | 4) {
                1
            } else {
                4
            }
        }
        BondOrder::Triple => 6,
        BondOrder::Quadruple => 8,
        BondOrder::Aromatic => 3,
    }
}
