//! Ranks of the atoms of very large molecules, in time in proportion to size times its logarithm.
//!
//! [`Ranker`](super::rank::Ranker) numbers a class by the atoms before it, so that a class that
//! loses a few atoms renames all others; in a chain that happens at every step. Here classes split
//! in place and the largest part never has to be looked at again (Hopcroft 1971; Paige and Tarjan
//! 1987). The ranks depend on the molecule alone as well, but are other ones.

use std::collections::VecDeque;

use super::compare::Comparison;

pub(super) struct Cells<'c, 'm> {
    /// Its classes are the names of the cells: the place of their first atom.
    comparison: &'c mut Comparison<'m>,
    /// The atoms, cell by cell, and where each of them stands.
    order: Vec<u32>,
    place: Vec<u32>,
    /// The size of a cell, by name.
    len: Vec<u32>,
    /// Cells by which others may have to be split.
    waiting: VecDeque<u32>,
    queued: Vec<bool>,
    /// What the bonds of an atom into the current cell add up to.
    hits: Vec<u64>,
    /// Atoms with a tag that a neighbour's new cell may have given a meaning.
    tagged: Vec<u32>,
}

impl<'c, 'm> Cells<'c, 'm> {
    /// The atoms of a fragment, split as far as their surroundings differ.
    pub(super) fn new(comparison: &'c mut Comparison<'m>, atoms: &[u32]) -> Self {
        let count = comparison.class.len();
        let mut sorted: Vec<(u128, u32)> = atoms
            .iter()
            .map(|&atom| (comparison.invariant(atom), atom))
            .collect();
        sorted.sort_unstable();
        let mut cells = Self {
            comparison,
            order: sorted.iter().map(|&(_, atom)| atom).collect(),
            place: vec![0; count],
            len: vec![0; atoms.len()],
            waiting: VecDeque::new(),
            queued: vec![false; atoms.len()],
            hits: vec![0; count],
            tagged: atoms.to_vec(),
        };
        let mut name = 0;
        for (place, &(invariant, atom)) in sorted.iter().enumerate() {
            if place == 0 || sorted[place - 1].0 != invariant {
                name = place as u32;
                cells.wait(name);
            }
            cells.place[atom as usize] = place as u32;
            cells.comparison.class[atom as usize] = name;
            cells.len[name as usize] += 1;
        }
        cells.refine();
        cells
    }

    /// Takes atoms out of cells of several, until there is none.
    pub(super) fn break_ties(&mut self) {
        let mut name = 0;
        while name < self.order.len() {
            let len = self.len[name] as usize;
            if len == 1 {
                name += 1;
            } else {
                self.split(vec![(name as u32, 1, self.order[name + len - 1])]);
                self.refine();
            }
        }
    }

    fn refine(&mut self) {
        loop {
            while let Some(name) = self.waiting.pop_front() {
                self.queued[name as usize] = false;
                self.split_neighbors(name);
            }
            if self.tagged.is_empty() {
                return;
            }
            let mut tagged = std::mem::take(&mut self.tagged);
            tagged.sort_unstable();
            tagged.dedup();
            let rank = |atom: u32| (self.class(atom), self.comparison.chirality_rank(atom), atom);
            let parts = tagged.into_iter().map(rank);
            let parts = parts
                .filter(|&(_, rank, _)| rank > 0)
                .map(|(name, rank, atom)| (name, u64::from(rank), atom));
            self.split(parts.collect());
        }
    }

    fn split_neighbors(&mut self, name: u32) {
        let mut hit = Vec::new();
        for place in name..name + self.len[name as usize] {
            for link in self.comparison.links(self.order[place as usize]) {
                let hits = &mut self.hits[link.atom as usize];
                if *hits == 0 {
                    hit.push(link.atom);
                }
                *hits = hits.wrapping_add(link.weight());
            }
        }
        let parts = hit.into_iter().map(|atom| {
            let hits = std::mem::take(&mut self.hits[atom as usize]);
            (self.comparison.class[atom as usize], hits, atom)
        });
        let parts = parts.collect();
        self.split(parts);
    }

    /// Splits cells: atoms that come with a number leave those that come with none, or another one.
    /// Takes the name of the cell, the number and the atom.
    fn split(&mut self, mut parts: Vec<(u32, u64, u32)>) {
        parts.sort_unstable();
        for parts in parts.chunk_by(|a, b| a.0 == b.0) {
            let name = parts[0].0;
            let end = name + self.len[name as usize];
            let mut start = end - parts.len() as u32;
            let uniform = parts.iter().all(|part| part.1 == parts[0].1);
            if start == name && uniform {
                continue;
            }
            for (place, &(_, _, atom)) in (start..end).zip(parts).rev() {
                self.exchange(self.place[atom as usize], place);
            }
            let mut names = vec![name];
            self.len[name as usize] = start - name;
            for part in parts.chunk_by(|a, b| a.1 == b.1) {
                self.len[start as usize] = part.len() as u32;
                if start != name {
                    names.push(start);
                    part.iter()
                        .for_each(|&(_, _, atom)| self.rename(atom, start));
                }
                start += part.len() as u32;
            }
            self.wait_for(&names);
        }
    }

    /// What a cell says of its neighbours follows from what it said before it was split and from
    /// all of its parts but one, so the largest may be left out.
    fn wait_for(&mut self, names: &[u32]) {
        let largest = if self.queued[names[0] as usize] {
            None
        } else {
            names
                .iter()
                .copied()
                .max_by_key(|&name| (self.len[name as usize], std::cmp::Reverse(name)))
        };
        for &name in names {
            if Some(name) != largest {
                self.wait(name);
            }
        }
    }

    fn wait(&mut self, name: u32) {
        if !std::mem::replace(&mut self.queued[name as usize], true) {
            self.waiting.push_back(name);
        }
    }

    fn exchange(&mut self, a: u32, b: u32) {
        self.order.swap(a as usize, b as usize);
        for place in [a, b] {
            self.place[self.order[place as usize] as usize] = place;
        }
    }

    fn rename(&mut self, atom: u32, name: u32) {
        self.comparison.class[atom as usize] = name;
        let tagged = self.comparison.links(atom).iter().map(|link| link.atom);
        let tagged = tagged.filter(|&atom| self.comparison.is_tagged(atom));
        self.tagged.extend(tagged);
    }

    fn class(&self, atom: u32) -> u32 {
        self.comparison.class[atom as usize]
    }
}
