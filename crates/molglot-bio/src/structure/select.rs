//! Parts of a structure: alternate locations, chains.

use std::collections::{HashMap, HashSet};

use super::{Atom, Name, Span, Structure};

/// Which alternate locations of atoms are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Altlocs {
    /// One per place: of a residue's alternatives the one with the highest mean occupancy, the first listed among
    /// equals. An atom that the chosen alternative lacks is kept in its own best one.
    #[default]
    Highest,
    /// All.
    All,
}

impl Structure {
    /// Keeps one alternate location of each residue, as [`Altlocs::Highest`] says. The kept atoms keep their `altloc`.
    pub fn keep_highest_altlocs(&mut self) {
        if self.atoms.iter().all(|atom| atom.altloc == b' ') {
            return;
        }
        let mut keep = vec![true; self.atoms.len()];
        let mut first = 0;
        while first < self.residues.len() {
            let mut end = first + 1;
            while end < self.residues.len() && self.same_place(first, end) {
                end += 1;
            }
            let start = self.residues[first].atoms.start as usize;
            let atoms = &self.atoms[start..self.residues[end - 1].atoms.end as usize];
            if atoms.iter().any(|atom| atom.altloc != b' ') {
                let keep = &mut keep[start..start + atoms.len()];
                if end - first > 1 {
                    keep_one_residue(atoms, keep);
                }
                keep_one_location(atoms, keep);
            }
            first = end;
        }
        self.retain_atoms(&keep);
    }

    /// One chain alone, with the same entities.
    ///
    /// # Panics
    /// Where `chain` is no row, as with a slice.
    #[must_use]
    pub fn select_chain(&self, chain: usize) -> Self {
        let mut selected = self.clone();
        let keep: Vec<bool> = self
            .atoms
            .iter()
            .map(|atom| self.residues[atom.residue as usize].chain as usize == chain)
            .collect();
        selected.retain_atoms(&keep);
        selected
    }

    /// Drops atoms, and residues, chains and label chains that lose their last one.
    ///
    /// # Panics
    /// Where `keep` is shorter than the table of atoms.
    pub fn retain_atoms(&mut self, keep: &[bool]) {
        let mut row = 0;
        self.atoms.retain(|_| {
            row += 1;
            keep[row - 1]
        });
        let used = mark(self.residues.len(), self.atoms.iter().map(|a| a.residue));
        let place = retain(&mut self.residues, &used);
        for atom in &mut self.atoms {
            atom.residue = place[atom.residue as usize];
        }
        let used = mark(self.chains.len(), self.residues.iter().map(|r| r.chain));
        let chains = retain(&mut self.chains, &used);
        let used = mark(
            self.label_chains.len(),
            self.residues.iter().map(|r| r.label_chain),
        );
        let labels = retain(&mut self.label_chains, &used);
        for label in &mut self.label_chains {
            label.chain = chains[label.chain as usize];
        }
        for residue in &mut self.residues {
            residue.chain = chains[residue.chain as usize];
            residue.label_chain = labels[residue.label_chain as usize];
            residue.atoms = Span::default();
        }
        for (row, atom) in self.atoms.iter().enumerate() {
            self.residues[atom.residue as usize].atoms.extend(row);
        }
        self.fit_chains();
    }

    /// Sets the residues of each chain, which are neighbours already.
    pub(super) fn fit_chains(&mut self) {
        for chain in &mut self.chains {
            chain.residues = Span::default();
        }
        for (row, residue) in self.residues.iter().enumerate() {
            self.chains[residue.chain as usize].residues.extend(row);
        }
    }
}

impl Span {
    fn extend(&mut self, row: usize) {
        if self.is_empty() {
            self.start = row as u32;
        }
        self.end = row as u32 + 1;
    }
}

fn mark(count: usize, rows: impl Iterator<Item = u32>) -> Vec<bool> {
    let mut used = vec![false; count];
    for row in rows {
        used[row as usize] = true;
    }
    used
}

/// Keeps the marked rows and gives each row's new place.
fn retain<T>(rows: &mut Vec<T>, used: &[bool]) -> Vec<u32> {
    let mut place = Vec::with_capacity(used.len());
    let mut next = 0;
    for &used in used {
        place.push(next);
        next += u32::from(used);
    }
    let mut row = 0;
    rows.retain(|_| {
        row += 1;
        used[row - 1]
    });
    place
}

/// The mean occupancy of a group of atoms as a fraction of whole numbers, so that equal ones compare as equal.
#[derive(Clone, Copy, Default)]
struct Mean {
    thousandths: i64,
    count: i64,
}

impl Mean {
    fn add(&mut self, atom: &Atom) {
        self.thousandths += (atom.occupancy * 1000.0).round() as i64;
        self.count += 1;
    }

    fn exceeds(self, other: Self) -> bool {
        i128::from(self.thousandths) * i128::from(other.count)
            > i128::from(other.thousandths) * i128::from(self.count)
    }
}

/// The key with the highest mean occupancy, the first listed among equals.
fn best<K: PartialEq + Copy>(pairs: impl Iterator<Item = (K, Atom)>) -> Option<K> {
    let mut means: Vec<(K, Mean)> = Vec::new();
    for (key, atom) in pairs {
        let at = means.iter().rposition(|(known, _)| *known == key);
        let at = at.unwrap_or_else(|| {
            means.push((key, Mean::default()));
            means.len() - 1
        });
        means[at].1.add(&atom);
    }
    let mut best = *means.first()?;
    for &mean in &means[1..] {
        if mean.1.exceeds(best.1) {
            best = mean;
        }
    }
    Some(best.0)
}

/// Of the residues that share a place, keeps the one with the highest mean occupancy.
fn keep_one_residue(atoms: &[Atom], keep: &mut [bool]) {
    let chosen = best(atoms.iter().map(|atom| (atom.residue, *atom)));
    for (keep, atom) in keep.iter_mut().zip(atoms) {
        *keep = Some(atom.residue) == chosen;
    }
}

/// Of the alternate locations of a residue's kept atoms, keeps the one with the highest mean occupancy, and each atom
/// that it lacks in its own best one.
fn keep_one_location(atoms: &[Atom], keep: &mut [bool]) {
    let kept: Vec<usize> = (0..atoms.len()).filter(|&row| keep[row]).collect();
    let names: HashSet<Name> = kept
        .iter()
        .filter(|&&row| atoms[row].altloc != b' ')
        .map(|&row| atoms[row].name)
        .collect();
    // Some files leave the first location blank.
    let rows: Vec<usize> = kept
        .into_iter()
        .filter(|&row| names.contains(&atoms[row].name))
        .collect();
    let Some(chosen) = best(rows.iter().map(|&row| (atoms[row].altloc, atoms[row]))) else {
        return;
    };
    let mut by_name: HashMap<Name, usize> = HashMap::with_capacity(rows.len());
    for &row in &rows {
        let atom = &atoms[row];
        let winner = by_name.entry(atom.name).or_insert(row);
        let held = &atoms[*winner];
        let better = if (atom.altloc == chosen) == (held.altloc == chosen) {
            atom.altloc != held.altloc && atom.occupancy > held.occupancy
        } else {
            atom.altloc == chosen
        };
        if better {
            *winner = row;
        }
    }
    for &row in &rows {
        let winner = &atoms[by_name[&atoms[row].name]];
        keep[row] = winner.altloc == atoms[row].altloc;
    }
}
