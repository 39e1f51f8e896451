//! One Kekulé structure for the atoms and bonds that are written as aromatic.
//!
//! Each system of fused rings is walked from its first atom, breadth first, giving every atom that
//! wants a double bond the first neighbour that does; RDKit walks the same way, so that rings which
//! turn out not to be aromatic get the same double bonds. Where the walk leaves atoms over,
//! [augmenting paths](super::matching) find the structure if there is one.

use std::collections::VecDeque;

use super::draft::{Draft, twice_order};
use super::rings::Rings;
use super::{Problem, ProblemKind, valence};
use crate::element::{CARBON, NITROGEN, PHOSPHORUS, WILDCARD, default_valence, is_early, valences};
use crate::matching::Matching;
use crate::molecule::BondOrder;

/// Replaces aromatic bonds by single and double ones.
///
/// # Errors
///
/// If no structure gives every atom its valence, or an aromatic atom is in no ring.
pub(super) fn kekulize(draft: &mut Draft, rings: &Rings) -> Result<(), Problem> {
    let written = draft.atoms.iter().any(|atom| atom.aromatic)
        || draft.bonds.iter().any(|bond| bond.aromatic);
    if written {
        let mut walk = Walk::new(draft);
        for system in fused_systems(draft, rings) {
            walk.system(draft, rings, &system)?;
        }
        clear_marks(draft, rings)?;
    }
    for bond in &mut draft.bonds {
        // RDKit leaves an aromatic bond outside rings as it is.
        bond.kekule = if bond.order == BondOrder::Aromatic {
            BondOrder::Single
        } else {
            bond.order
        };
    }
    Ok(())
}

/// Rings that share bonds, directly or over other rings; rings of nothing but wildcards are left out.
fn fused_systems(draft: &Draft, rings: &Rings) -> Vec<Vec<usize>> {
    const NONE: usize = usize::MAX;
    let eligible = |ring: usize| {
        let mut atoms = rings.atoms[ring].iter();
        atoms.any(|&atom| draft.atoms[atom as usize].atomic_number != WILDCARD)
    };
    let mut parent: Vec<usize> = (0..rings.len()).collect();
    let mut first_ring = vec![NONE; draft.bonds.len()];
    for ring in (0..rings.len()).filter(|&ring| eligible(ring)) {
        for &bond in rings.bonds(ring) {
            let seen = &mut first_ring[bond as usize];
            if *seen == NONE {
                *seen = ring;
            } else {
                let (a, b) = (root(&mut parent, *seen), root(&mut parent, ring));
                parent[a.max(b)] = a.min(b);
            }
        }
    }
    let mut place = vec![NONE; rings.len()];
    let mut systems: Vec<Vec<usize>> = Vec::new();
    for ring in (0..rings.len()).filter(|&ring| eligible(ring)) {
        let root = root(&mut parent, ring);
        if place[root] == NONE {
            place[root] = systems.len();
            systems.push(Vec::new());
        }
        systems[place[root]].push(ring);
    }
    systems
}

fn root(parent: &mut [usize], mut ring: usize) -> usize {
    while parent[ring] != ring {
        parent[ring] = parent[parent[ring]];
        ring = parent[ring];
    }
    ring
}

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
struct Walk {
    states: Vec<State>,
    /// The atom wants a double bond and has none yet.
    wants: Vec<bool>,
}

impl Walk {
    fn new(draft: &Draft) -> Self {
        Self {
            states: vec![State::Outside; draft.atoms.len()],
            wants: vec![false; draft.atoms.len()],
        }
    }

    fn system(
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
        let wildcards = WildcardRings::new(draft, rings, system, &members);
        for &atom in &atoms {
            let atom = atom as usize;
            self.states[atom] = State::Waiting;
            self.wants[atom] = if draft.atoms[atom].atomic_number == WILDCARD {
                wildcards.admit(draft, rings, atom)
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
                if may_be_double(draft, bond) {
                    edges.push((from, to, bond));
                }
                if draft.bonds[bond].order == BondOrder::Double {
                    (wants[from], wants[to]) = (true, true);
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

/// What decides whether a wildcard of a ring system may have a double bond.
struct WildcardRings {
    /// Atoms of the system, sorted.
    members: Vec<u32>,
    /// By ring of the system: no aromatic atom is in this ring alone.
    closed: Vec<(usize, bool)>,
}

impl WildcardRings {
    fn new(draft: &Draft, rings: &Rings, system: &[usize], members: &[u32]) -> Self {
        let has_own_aromatic = |ring: usize| {
            rings.atoms[ring].iter().any(|&atom| {
                rings.atom_counts[atom as usize] == 1 && draft.is_aromatic(atom as usize)
            })
        };
        let any = members
            .iter()
            .any(|&atom| draft.atoms[atom as usize].atomic_number == WILDCARD);
        Self {
            members: if any { members.to_vec() } else { Vec::new() },
            closed: system
                .iter()
                .filter(|_| any)
                .map(|&ring| (ring, !has_own_aromatic(ring)))
                .collect(),
        }
    }

    fn admit(&self, draft: &Draft, rings: &Rings, atom: usize) -> bool {
        let count = rings.atom_counts[atom] as usize;
        let plain = draft.links(atom).filter(|&(_, other)| {
            let raw = &draft.atoms[other];
            raw.atomic_number != WILDCARD
                && !raw.aromatic
                && self.members.binary_search(&(other as u32)).is_ok()
        });
        let closed = self
            .closed
            .iter()
            .filter(|&&(ring, closed)| closed && rings.atoms[ring].contains(&(atom as u32)));
        plain.count() < count && closed.count() < count
    }
}

/// Takes the marks of the input away: from here on aromaticity is perceived.
fn clear_marks(draft: &mut Draft, rings: &Rings) -> Result<(), Problem> {
    for bond in &mut draft.bonds {
        bond.aromatic = false;
    }
    for atom in 0..draft.atoms.len() {
        if !draft.atoms[atom].aromatic {
            continue;
        }
        if rings.atom_counts[atom] == 0 {
            let kind = ProblemKind::AromaticOutsideRing;
            return Err(Problem { atom, kind });
        }
        let raw = &mut draft.atoms[atom];
        raw.aromatic = false;
        // The hydrogen of [nH] is an ordinary one in the Kekulé structure.
        let pyrrolic = matches!(raw.atomic_number, NITROGEN | PHOSPHORUS)
            && raw.charge == 0
            && raw.explicit_hydrogens == 1;
        if pyrrolic {
            raw.no_implicit = false;
            raw.explicit_hydrogens = 0;
            let before = draft.valences[atom].total();
            valence::determine(draft, atom);
            if draft.valences[atom].total() != before {
                let kind = ProblemKind::Kekulize;
                return Err(Problem { atom, kind });
            }
        }
    }
    Ok(())
}
