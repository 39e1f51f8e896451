//! The walk around a system of fused rings that gives out double bonds.

use std::collections::VecDeque;

use super::wildcards;
use crate::element::{CARBON, WILDCARD, default_valence, is_early, valences};
use crate::matching::Matching;
use crate::molecule::BondOrder;
use crate::perceive::draft::{Draft, twice_order};
use crate::perceive::rings::Rings;
use crate::perceive::{Problem, ProblemKind};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not in the system being walked, or not aromatic.
    Outside,
    /// In the system and not reached yet.
    Waiting,
    Queued,
    Done,
}

/// Scratch of the walk, by atom.
pub(super) struct Walk {
    states: Vec<State>,
    /// The atom wants a double bond and has none yet.
    wants: Vec<bool>,
}

impl Walk {
    pub(super) fn new(draft: &Draft) -> Self {
        Self {
            states: vec![State::Outside; draft.atoms.len()],
            wants: vec![false; draft.atoms.len()],
        }
    }

    /// Gives the atoms of some fused rings their double bonds.
    ///
    /// # Errors
    ///
    /// If not every atom that wants one can have one.
    pub(super) fn system(
        &mut self,
        draft: &mut Draft,
        rings: &Rings,
        system: &[usize],
    ) -> Result<(), Problem> {
        let mut atoms: Vec<u32> = system
            .iter()
            .flat_map(|&ring| rings.atoms[ring].iter().copied())
            .collect();
        atoms.sort_unstable();
        atoms.dedup();
        let takes_part = |draft: &Draft, atom: usize| {
            draft.atoms[atom].atomic_number == WILDCARD || draft.is_aromatic(atom)
        };
        if !atoms.iter().any(|&atom| takes_part(draft, atom as usize)) {
            return Ok(());
        }
        let members = atoms.clone();
        atoms.retain(|&atom| takes_part(draft, atom as usize));
        let wildcards = wildcards::admitted(draft, rings, system, &members);
        for &atom in &atoms {
            let atom = atom as usize;
            self.states[atom] = State::Waiting;
            self.wants[atom] = if draft.atoms[atom].atomic_number == WILDCARD {
                wildcards.binary_search(&(atom as u32)).is_ok()
            } else {
                wants_double_bond(draft, atom)
            };
        }
        let wanting = atoms
            .iter()
            .copied()
            .find(|&atom| self.wants[atom as usize]);
        make_single(draft, &atoms);
        let left = self.walk(draft, &atoms);
        let complete = left.is_empty() || self.complete(draft, &atoms);
        for &atom in &atoms {
            self.states[atom as usize] = State::Outside;
            self.wants[atom as usize] = false;
        }
        if complete {
            return Ok(());
        }
        Err(Problem {
            atom: wanting.unwrap_or(0) as usize,
            kind: ProblemKind::Kekulize,
        })
    }

    /// Gives out double bonds and returns the atoms, other than wildcards, that are left without.
    fn walk(&mut self, draft: &mut Draft, atoms: &[u32]) -> Vec<u32> {
        let mut left = Vec::new();
        let mut queue = VecDeque::new();
        let mut around: Vec<(u32, u32)> = Vec::new();
        for &start in atoms {
            if self.states[start as usize] == State::Waiting {
                queue.push_back(start);
            }
            while let Some(atom) = queue.pop_front() {
                self.states[atom as usize] = State::Done;
                around.clear();
                around.extend(
                    draft
                        .topology
                        .neighbors(atom as usize)
                        .iter()
                        .filter(|link| {
                            matches!(
                                self.states[link.atom as usize],
                                State::Waiting | State::Queued
                            )
                        })
                        .map(|link| (link.atom, link.bond)),
                );
                around.sort_unstable();
                for &(next, _) in &around {
                    if self.states[next as usize] == State::Waiting {
                        self.states[next as usize] = State::Queued;
                        queue.push_back(next);
                    }
                }
                if !self.wants[atom as usize] {
                    continue;
                }
                let partner = around.iter().find(|&&(next, bond)| {
                    self.wants[next as usize] && may_be_double(draft, bond as usize)
                });
                if let Some(&(next, bond)) = partner {
                    draft.bonds[bond as usize].order = BondOrder::Double;
                    self.wants[atom as usize] = false;
                    self.wants[next as usize] = false;
                } else if draft.atoms[atom as usize].atomic_number != WILDCARD {
                    left.push(atom);
                }
            }
        }
        left
    }

    /// Moves double bonds so that no atom is left over, if that can be.
    fn complete(&self, draft: &mut Draft, atoms: &[u32]) -> bool {
        let place = |atom: u32| atoms.binary_search(&atom).ok();
        let mut edges = Vec::new();
        let mut wants = vec![false; atoms.len()];
        for (from, &atom) in atoms.iter().enumerate() {
            wants[from] |= self.wants[atom as usize];
            for link in draft.topology.neighbors(atom as usize) {
                let bond = link.bond as usize;
                let Some(to) = place(link.atom).filter(|&to| to > from) else {
                    continue;
                };
                // A double bond that is written as one is no part of the search.
                if may_be_double(draft, bond) {
                    edges.push((from, to, bond));
                    if draft.bonds[bond].order == BondOrder::Double {
                        (wants[from], wants[to]) = (true, true);
                    }
                }
            }
        }
        edges.retain(|&(from, to, _)| wants[from] && wants[to]);
        let is_wildcard = |at: usize| draft.atoms[atoms[at] as usize].atomic_number == WILDCARD;
        let optional = (0..atoms.len())
            .map(|at| !wants[at] || is_wildcard(at))
            .collect();
        let mut matching = Matching::new(optional, edges.iter().map(|&(from, to, _)| (from, to)));
        for &(from, to, bond) in &edges {
            if draft.bonds[bond].order == BondOrder::Double {
                matching.join(from, to);
            }
        }
        let complete = matching.complete();
        for (from, to, bond) in edges {
            draft.bonds[bond].order = if matching.mate(from) == Some(to) {
                BondOrder::Double
            } else {
                BondOrder::Single
            };
        }
        complete
    }
}

/// A bond written as aromatic, or one of a wildcard.
fn may_be_double(draft: &Draft, bond: usize) -> bool {
    let bond = &draft.bonds[bond];
    let is_wildcard = |atom: u32| draft.atoms[atom as usize].atomic_number == WILDCARD;
    bond.aromatic || is_wildcard(bond.begin) || is_wildcard(bond.end)
}

fn is_single_double_or_aromatic(order: BondOrder) -> bool {
    matches!(
        order,
        BondOrder::Single | BondOrder::Double | BondOrder::Aromatic
    )
}

fn make_single(draft: &mut Draft, atoms: &[u32]) {
    for &atom in atoms {
        for link in draft.topology.neighbors(atom as usize) {
            let bond = &mut draft.bonds[link.bond as usize];
            if bond.aromatic && is_single_double_or_aromatic(bond.order) {
                bond.order = BondOrder::Single;
            }
        }
    }
}

/// Whether an aromatic atom needs a double bond to reach a valence.
fn wants_double_bond(draft: &Draft, atom: usize) -> bool {
    let raw = &draft.atoms[atom];
    let mut donated = 0;
    let mut orders = draft.hydrogens(atom);
    for (bond, _) in draft.links(atom) {
        if bond.aromatic && is_single_double_or_aromatic(bond.order) {
            orders += 1;
        } else {
            let order = (twice_order(bond, atom) + 1) / 2;
            orders += order;
            donated += i32::from(order == 0);
        }
    }
    let charge = match i32::from(raw.charge) {
        charge if is_early(raw.atomic_number) => -charge,
        charge if raw.atomic_number == CARBON => -charge.abs(),
        charge => charge,
    };
    let used = draft.valences[atom].total();
    let mut wanted = i32::from(default_valence(raw.atomic_number)) + charge;
    for &larger in valences(raw.atomic_number).iter().skip(1) {
        if used <= wanted || larger <= 0 {
            break;
        }
        wanted = i32::from(larger) + charge;
    }
    let radicals = i32::from(raw.radical_electrons);
    let degree = draft.degree(atom) + draft.valences[atom].implicit - donated;
    let could_be_radical = radicals == 0 && raw.no_implicit && wanted == orders + 2;
    degree + radicals < wanted && (wanted == orders + 1 + radicals || could_be_radical)
}
