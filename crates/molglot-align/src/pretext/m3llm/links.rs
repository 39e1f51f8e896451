//! Pairs of atoms that are bonded, and as many that are not.

use std::collections::HashSet;

use super::Draw;

/// Every bond in both directions, and as many ordered pairs of different atoms without a bond, drawn with replacement; no
/// such pairs where every atom is bonded to every other.
pub(super) fn pairs(
    atoms: usize,
    bonds: &[[u32; 2]],
    draw: &mut Draw<'_>,
) -> Vec<([u32; 2], bool)> {
    let bonded: HashSet<[u32; 2]> = bonds.iter().copied().collect();
    let mut pairs: Vec<([u32; 2], bool)> = bonds.iter().map(|&pair| (pair, true)).collect();
    if bonded.len() < atoms * atoms.saturating_sub(1) {
        while pairs.len() < 2 * bonds.len() {
            let from = draw(atoms);
            // One less to choose from: an atom and itself are no pair.
            let to = draw(atoms - 1);
            let pair = [from as u32, (to + usize::from(to >= from)) as u32];
            if !bonded.contains(&pair) {
                pairs.push((pair, false));
            }
        }
    }
    pairs
}
