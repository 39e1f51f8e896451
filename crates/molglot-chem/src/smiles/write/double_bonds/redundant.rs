//! Marks that say too much.

use super::{Mark, Marking, written_bonds};
use crate::molecule::BondOrder;

impl Marking<'_> {
    /// Takes marks away that, together, give a geometry to a double bond that has none.
    pub(super) fn remove_unwanted(&mut self) {
        for (index, _) in written_bonds(self.traversal) {
            let bond = self.bond(index);
            if self.order(index) != BondOrder::Double || self.is_stereo(bond) {
                continue;
            }
            let marked = [bond.begin, bond.end].map(|end| self.marked_bonds(end));
            if marked.iter().any(Vec::is_empty) || self.state.at_atom[bond.end as usize] > 0 {
                continue;
            }
            let ends = [bond.begin, bond.end].into_iter().zip(&marked);
            let mut candidates: Vec<(u32, u32)> = ends
                .filter(|&(end, _)| self.state.at_atom[end as usize] == 0)
                .flat_map(|(end, bonds)| bonds.iter().map(move |&bond| (bond, end)))
                .collect();
            candidates.sort_unstable_by_key(|&(bond, _)| self.state.place[bond as usize]);
            // The double bond at the other end keeps its geometry by its other mark.
            let spare = candidates.into_iter().find_map(|(bond, end)| {
                let outer = self.bond(bond).other(end) as usize;
                (self.state.at_atom[outer] == 2).then_some((bond, outer))
            });
            if let Some((bond, outer)) = spare {
                self.state.uses[bond as usize] = 0;
                self.state.marks[bond as usize] = Mark::None;
                self.state.at_atom[outer] -= 1;
            }
        }
    }

    fn marked_bonds(&self, atom: u32) -> Vec<u32> {
        let links = self.molecule.neighbors(atom as usize).iter();
        links
            .map(|link| link.bond)
            .filter(|&bond| self.state.uses[bond as usize] != 0)
            .collect()
    }

    /// Of two marks beside one end of a double bond, one is enough.
    pub(super) fn remove_redundant(&mut self) {
        for (index, from) in written_bonds(self.traversal) {
            if self.can_be_marked(index) && self.state.uses[index as usize] != 0 {
                self.thin_out(index, from);
                self.thin_out(index, self.bond(index).other(from));
            } else {
                self.state.marks[index as usize] = Mark::None;
            }
        }
    }

    fn thin_out(&mut self, index: u32, atom: u32) {
        let links = self.molecule.neighbors(atom as usize);
        let mut others = links.iter().map(|link| link.bond).filter(|&at| at != index);
        let beside_stereo = others.clone().any(|at| self.is_stereo(self.bond(at)));
        if self.state.at_atom[atom as usize] < 2 || !beside_stereo {
            return;
        }
        let Some(other) = others.find(|&at| self.can_be_marked(at)) else {
            return;
        };
        let uses = |bond: u32| self.state.uses[bond as usize];
        if uses(other) >= uses(index) && self.is_spare(other) {
            self.withdraw(other, atom);
        } else if self.is_spare(index) {
            self.withdraw(index, atom);
        }
    }

    /// Whether neither end depends on this mark alone.
    fn is_spare(&self, index: u32) -> bool {
        let bond = self.bond(index);
        [bond.begin, bond.end]
            .iter()
            .all(|&end| self.state.at_atom[end as usize] != 1)
    }

    fn withdraw(&mut self, index: u32, atom: u32) {
        self.state.uses[index as usize] -= 1;
        if self.state.uses[index as usize] == 0 {
            self.state.marks[index as usize] = Mark::None;
            self.state.at_atom[atom as usize] -= 1;
            let outer = self.bond(index).other(atom) as usize;
            self.state.at_atom[outer] = (self.state.at_atom[outer] - 1).max(0);
        }
    }
}
