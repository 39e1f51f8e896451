//! The marks `/` and `\` beside stereo double bonds.
//!
//! Every single bond beside a stereo double bond is marked first, as the geometry asks for; then
//! the marks that would say something about other double bonds, and those that say nothing new,
//! are taken away. The order of all this decides which of several equal spellings is written; it
//! is RDKit's: double bonds with the most stereo neighbours first, then along the string.

mod redundant;
mod side;

use std::collections::VecDeque;

use super::bond_orders::BondOrders;
use super::traversal::{Token, Traversal};
use crate::molecule::{Bond, BondOrder, BondStereo, Molecule};
use side::Side;

/// A mark as it is written, read along the string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Mark {
    #[default]
    None,
    /// `/`
    Up,
    /// `\`
    Down,
}

impl Mark {
    fn flipped_if(self, flip: bool) -> Self {
        match (self, flip) {
            (Self::Up, true) => Self::Down,
            (Self::Down, true) => Self::Up,
            (mark, _) => mark,
        }
    }
}

/// Marks the bonds of the fragment that was walked last.
pub(super) fn mark(
    marks: &mut Marks,
    molecule: &Molecule,
    orders: &BondOrders<'_>,
    traversal: &Traversal<'_>,
) {
    for (at, (bond, _)) in (0u32..).zip(written_bonds(traversal)) {
        marks.place[bond as usize] = at;
    }
    let mut marking = Marking {
        molecule,
        orders,
        traversal,
        state: marks,
    };
    marking.mark_all();
    marking.remove_unwanted();
    marking.remove_redundant();
}

/// The marks of all fragments that were written so far.
pub(super) struct Marks {
    marks: Vec<Mark>,
    /// How many stereo double bonds need the mark of a bond.
    uses: Vec<i32>,
    /// How many marked bonds the end of a stereo double bond has.
    at_atom: Vec<i32>,
    /// The place of every bond in the string of its fragment.
    place: Vec<u32>,
    /// Double bonds whose neighbours are marked.
    done: Vec<bool>,
}

impl Marks {
    pub(super) fn new(molecule: &Molecule) -> Self {
        let (atoms, bonds) = (molecule.atoms().len(), molecule.bonds().len());
        Self {
            marks: vec![Mark::None; bonds],
            uses: vec![0; bonds],
            at_atom: vec![0; atoms],
            place: vec![0; bonds],
            done: vec![false; bonds],
        }
    }

    pub(super) fn of(&self, bond: u32) -> Mark {
        self.marks[bond as usize]
    }
}

struct Marking<'m> {
    molecule: &'m Molecule,
    orders: &'m BondOrders<'m>,
    traversal: &'m Traversal<'m>,
    state: &'m mut Marks,
}

impl<'m> Marking<'m> {
    /// Double bond by double bond, those that share a single bond one after the other.
    fn mark_all(&mut self) {
        let mut stereo_bonds: Vec<u32> = written_bonds(self.traversal)
            .map(|(bond, _)| bond)
            .filter(|&bond| self.is_stereo(self.bond(bond)))
            .collect();
        stereo_bonds.sort_by_cached_key(|&bond| std::cmp::Reverse(self.coupled(bond).len()));
        let mut waiting = VecDeque::new();
        for first in stereo_bonds {
            waiting.push_back(first);
            while let Some(bond) = waiting.pop_front() {
                if std::mem::replace(&mut self.state.done[bond as usize], true) {
                    continue;
                }
                self.mark_beside(bond);
                waiting.extend(self.coupled(bond));
            }
        }
    }

    /// The stereo double bonds one single bond away, along the string.
    fn coupled(&self, index: u32) -> Vec<u32> {
        let bond = self.bond(index);
        let mut coupled = Vec::new();
        for end in [bond.begin, bond.end] {
            for link in self.molecule.neighbors(end as usize) {
                if !self.can_be_marked(link.bond) {
                    continue;
                }
                let beyond = self.molecule.neighbors(link.atom as usize).iter();
                let mut beyond = beyond
                    .map(|next| next.bond)
                    .filter(|&next| next != link.bond && self.is_stereo(self.bond(next)));
                coupled.extend(beyond.next());
            }
        }
        coupled.sort_unstable_by_key(|&bond| self.state.place[bond as usize]);
        coupled
    }

    /// Marks the bonds beside a double bond, in agreement with marks that are there already.
    fn mark_beside(&mut self, index: u32) {
        let bond = self.bond(index);
        let ends = if self.traversal.place(bond.begin) < self.traversal.place(bond.end) {
            [bond.begin, bond.end]
        } else {
            [bond.end, bond.begin]
        };
        let has_room = |atom: u32| matches!(self.molecule.neighbors(atom as usize).len(), 2 | 3);
        if !ends.iter().all(|&atom| has_room(atom)) {
            return;
        }
        let (Some(left), Some(right)) = (
            Side::new(self, ends[0], index, true),
            Side::new(self, ends[1], index, false),
        ) else {
            return;
        };
        if left.is_marked(self) && right.is_marked(self) {
            let agree = [left.agree(self), right.agree(self)];
            if agree != [true, true] {
                self.settle_conflict(bond, &left, &right, agree);
            }
            return;
        }
        let (from, to) = if right.is_marked(self) {
            (&right, &left)
        } else {
            (&left, &right)
        };
        let reference = from.reference(self);
        self.state.marks[to.first.bond as usize] = self.across(bond, from, reference, to, to.first);
        self.use_mark(to.first.bond, to.atom);
        left.complete(self);
        right.complete(self);
    }

    /// The mark that the geometry asks for at `target`, beside `to`, given the one at `source`.
    fn across(
        &self,
        bond: &Bond,
        from: &Side,
        source: side::Marked,
        to: &Side,
        target: side::Marked,
    ) -> Mark {
        let speaks_of = |side: &Side, marked: side::Marked| {
            let neighbor = self.bond(marked.bond).other(side.atom);
            self.molecule.neighbors(side.atom as usize).len() != 3
                || bond
                    .stereo_atoms
                    .is_some_and(|atoms| atoms.contains(&neighbor))
        };
        let flips = [
            bond.stereo == BondStereo::Z,
            !speaks_of(from, source),
            !speaks_of(to, target),
            source.flipped != target.flipped,
        ];
        let odd = flips.iter().filter(|&&flip| flip).count() % 2 == 1;
        self.state.marks[source.bond as usize].flipped_if(odd)
    }

    /// Takes one of two contradicting marks beside an atom away, if the double bond at its other
    /// end does not need it, so that what is left agrees across the double bond.
    fn settle_conflict(&mut self, bond: &Bond, left: &Side, right: &Side, agree: [bool; 2]) {
        for (keep_left, drop_left) in left.choices(agree[0]) {
            for (keep_right, drop_right) in right.choices(agree[1]) {
                let dropped = [(left, drop_left), (right, drop_right)]
                    .map(|(side, bond)| bond.map(|bond| (side.atom, bond)));
                let outer = dropped
                    .map(|drop| drop.map(|(atom, bond)| self.bond(bond).other(atom) as usize));
                let expected = self.across(bond, left, keep_left, right, keep_right);
                let possible = expected == self.state.marks[keep_right.bond as usize]
                    && outer
                        .iter()
                        .flatten()
                        .all(|&atom| self.state.at_atom[atom] == 2)
                    && (outer[0] != outer[1] || outer[0].is_none());
                if possible {
                    for (atom, bond) in dropped.into_iter().flatten() {
                        let outer = self.bond(bond).other(atom);
                        self.state.uses[bond as usize] = 0;
                        self.state.at_atom[atom as usize] -= 1;
                        self.state.at_atom[outer as usize] -= 1;
                    }
                    return;
                }
            }
        }
    }

    fn use_mark(&mut self, bond: u32, atom: u32) {
        self.state.uses[bond as usize] += 1;
        self.state.at_atom[atom as usize] += 1;
    }

    fn bond(&self, index: u32) -> &'m Bond {
        &self.molecule.bonds()[index as usize]
    }

    fn order(&self, index: u32) -> BondOrder {
        self.orders.of(index)
    }

    fn is_stereo(&self, bond: &Bond) -> bool {
        bond.order == BondOrder::Double
            && bond.stereo_atoms.is_some()
            && matches!(bond.stereo, BondStereo::Z | BondStereo::E)
    }

    fn can_be_marked(&self, bond: u32) -> bool {
        matches!(self.order(bond), BondOrder::Single | BondOrder::Aromatic)
    }
}

/// The bonds in the order of the string, with the atom before them.
fn written_bonds(traversal: &Traversal<'_>) -> impl Iterator<Item = (u32, u32)> {
    traversal.tokens().iter().filter_map(|token| match *token {
        Token::Bond { bond, from } => Some((bond, from)),
        _ => None,
    })
}
