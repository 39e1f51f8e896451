//! Atoms that lie on each other: branches are turned over until they do not.

use super::geometry::mirror;
use super::layout::{BOND, Place};
use crate::molecule::{BondOrder, Molecule};

/// Atoms nearer than this, in bonds, hide each other.
const NEAR: f64 = 0.62;

/// How many turns are tried.
const TRIALS: usize = 200;

/// Turns branches over, as long as that leaves fewer clashes. Returns how many are left.
pub(super) fn relieve(molecule: &Molecule, places: &mut Vec<Place>) -> usize {
    let mut clashes = clashes(molecule, places);
    let mut trials = 0;
    while let Some(&pair) = clashes.first() {
        let mut improved = false;
        for bond in turnable(molecule, pair) {
            trials += 1;
            if trials > TRIALS {
                return count(molecule, places);
            }
            let parts = molecule.components(|other| other != bond);
            let bond = &molecule.bonds()[bond as usize];
            let mut turned = places.clone();
            mirror(&mut turned, &parts, bond.end, [bond.begin, bond.end]);
            let left = self::clashes(molecule, &turned);
            if left.len() < clashes.len() {
                (*places, clashes) = (turned, left);
                improved = true;
                break;
            }
        }
        if !improved {
            // This pair stays; the next one is looked at.
            clashes.remove(0);
        }
    }
    count(molecule, places)
}

/// How many pairs of atoms hide each other.
pub(super) fn count(molecule: &Molecule, places: &[Place]) -> usize {
    clashes(molecule, places).len()
}

/// Pairs of atoms of one fragment that are too near.
fn clashes(molecule: &Molecule, places: &[Place]) -> Vec<[u32; 2]> {
    let mut found = Vec::new();
    for (a, first) in places.iter().enumerate() {
        for (b, second) in places.iter().enumerate().skip(a + 1) {
            let [x, y] = [first[0] - second[0], first[1] - second[1]];
            if x * x + y * y < (NEAR * BOND) * (NEAR * BOND)
                && molecule.fragments()[a] == molecule.fragments()[b]
            {
                found.push([a as u32, b as u32]);
            }
        }
    }
    found
}

/// The bonds between two atoms that a branch can be turned about: single, and outside of rings.
fn turnable(molecule: &Molecule, [from, to]: [u32; 2]) -> Vec<u32> {
    let mut before = vec![None; molecule.atoms().len()];
    let mut queue = std::collections::VecDeque::from([from]);
    while let Some(atom) = queue.pop_front() {
        for link in molecule.neighbors(atom as usize) {
            if link.atom != from && before[link.atom as usize].is_none() {
                before[link.atom as usize] = Some((atom, link.bond));
                queue.push_back(link.atom);
            }
        }
    }
    let mut path = Vec::new();
    let mut atom = to;
    while let Some((previous, bond)) = before[atom as usize] {
        let kind = &molecule.bonds()[bond as usize];
        if !kind.in_ring && kind.order == BondOrder::Single {
            path.push(bond);
        }
        atom = previous;
    }
    // The middle of the path moves the most.
    let middle = path.len() / 2;
    path.rotate_left(middle);
    path
}
