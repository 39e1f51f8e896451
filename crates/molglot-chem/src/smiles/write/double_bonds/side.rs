//! One end of a stereo double bond and the one or two bonds beside it.

use super::{Mark, Marking};
use crate::molecule::BondOrder;

/// A bond beside a double bond. `flipped`: the string runs through it the other way round than in
/// `X/C=C/X`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marked {
    pub(super) bond: u32,
    pub(super) flipped: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Side {
    pub(super) atom: u32,
    /// The bond that stands first in the string.
    pub(super) first: Marked,
    second: Option<Marked>,
}

impl Side {
    /// `None` if no bond beside the double bond can bear a mark. `leads`: this end of the double
    /// bond stands before the other one.
    pub(super) fn new(all: &Marking<'_>, atom: u32, double: u32, leads: bool) -> Option<Self> {
        let marked = |bond: u32| {
            let neighbor = all.bond(bond).other(atom);
            let follows = all.traversal.place(atom) < all.traversal.place(neighbor);
            Marked {
                bond,
                flipped: (follows == leads) != all.traversal.is_closure(bond),
            }
        };
        let single = |bond: u32| {
            matches!(
                all.order(bond),
                BondOrder::Single | BondOrder::Aromatic | BondOrder::Dative
            )
        };
        let links = all.molecule.neighbors(atom as usize).iter();
        let mut bonds = links
            .map(|link| link.bond)
            .filter(|&bond| bond != double && single(bond));
        let (mut first, mut second) = (bonds.next()?, bonds.next());
        if let Some(other) = &mut second
            && all.state.place[*other as usize] < all.state.place[first as usize]
        {
            std::mem::swap(other, &mut first);
        }
        Some(Self {
            atom,
            first: marked(first),
            second: second.map(marked),
        })
    }

    pub(super) fn is_marked(&self, all: &Marking<'_>) -> bool {
        [Some(self.first), self.second]
            .iter()
            .flatten()
            .any(|marked| all.state.uses[marked.bond as usize] > 0)
    }

    /// Marks what is not marked yet where both ends are; false if the two marks contradict.
    pub(super) fn agree(&self, all: &mut Marking<'_>) -> bool {
        let mut agree = true;
        if let Some(second) = self.second {
            if all.state.uses[self.first.bond as usize] == 0 {
                self.copy(all, second, self.first);
            } else if all.state.uses[second.bond as usize] == 0 {
                self.copy(all, self.first, second);
            } else {
                agree = (all.state.marks[self.first.bond as usize]
                    == all.state.marks[second.bond as usize])
                    == (self.first.flipped != second.flipped);
            }
            all.use_mark(second.bond, self.atom);
        }
        all.use_mark(self.first.bond, self.atom);
        agree
    }

    /// The mark from which the other end follows; an arbitrary one if there is none yet.
    pub(super) fn reference(&self, all: &mut Marking<'_>) -> Marked {
        let is_used = |all: &Marking<'_>, marked: &Marked| all.state.uses[marked.bond as usize] > 0;
        let second = self.second.filter(|second| is_used(all, second));
        let mut reference = self.first;
        if !is_used(all, &self.first) {
            if let Some(second) = second {
                self.copy(all, second, self.first);
                reference = second;
            } else {
                all.state.marks[self.first.bond as usize] = Mark::Up;
            }
        }
        all.use_mark(self.first.bond, self.atom);
        if let Some(second) = second {
            all.use_mark(second.bond, self.atom);
        }
        reference
    }

    /// Marks the second bond beside this end, if it is there and bears no mark.
    pub(super) fn complete(&self, all: &mut Marking<'_>) {
        if let Some(second) = self.second
            && all.state.uses[second.bond as usize] == 0
        {
            self.copy(all, self.first, second);
            all.use_mark(second.bond, self.atom);
        }
    }

    /// What to keep and what to drop, if only one mark may stay.
    pub(super) fn choices(&self, agree: bool) -> impl Iterator<Item = (Marked, Option<u32>)> {
        let second = self.second.filter(|_| !agree);
        let keep_first = (self.first, second.map(|second| second.bond));
        let keep_second = second.map(|second| (second, Some(self.first.bond)));
        std::iter::once(keep_first).chain(keep_second)
    }

    /// Two neighbours of one end lie on opposite sides.
    fn copy(&self, all: &mut Marking<'_>, source: Marked, target: Marked) {
        all.state.marks[target.bond as usize] =
            all.state.marks[source.bond as usize].flipped_if(source.flipped == target.flipped);
    }
}
