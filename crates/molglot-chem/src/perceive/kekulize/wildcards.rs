//! Which wildcards of aromatic rings may have a double bond.

use crate::element::WILDCARD;
use crate::perceive::draft::Draft;
use crate::perceive::rings::Rings;

/// The wildcards of a fused ring system that may have a double bond, in ascending order; they need
/// not. RDKit bars those in as many rings as they have saturated neighbours or rings without an
/// aromatic atom of their own. Of the neighbours it sees those that come first as it goes around the
/// rings: `c1c*Nc1` is read and `N1*ccc1` is not. `members` are the atoms of the system in ascending
/// order.
pub(super) fn admitted(
    draft: &Draft,
    rings: &Rings,
    system: &[usize],
    members: &[u32],
) -> Vec<u32> {
    let is_wildcard = |atom: u32| draft.atoms[atom as usize].atomic_number == WILDCARD;
    if !members.iter().any(|&atom| is_wildcard(atom)) {
        return Vec::new();
    }
    let independent = independent(draft, rings, system);
    let place = |atom: u32| members.binary_search(&atom);
    let mut seen_at = vec![usize::MAX; members.len()];
    let round = independent.iter().flat_map(|&ring| &rings.atoms[ring]);
    for (step, at) in round.filter_map(|&atom| place(atom).ok()).enumerate() {
        seen_at[at] = seen_at[at].min(step);
    }
    let mut counts = vec![0; members.len()];
    let mut closed_counts = vec![0; members.len()];
    let count = |counts: &mut [usize], ring: usize| {
        for at in rings.atoms[ring]
            .iter()
            .filter_map(|&atom| place(atom).ok())
        {
            counts[at] += 1;
        }
    };
    for &ring in &independent {
        count(&mut counts, ring);
    }
    for &ring in &independent {
        let has_own_aromatic = rings.atoms[ring].iter().any(|&atom| {
            place(atom).is_ok_and(|at| counts[at] == 1) && draft.is_aromatic(atom as usize)
        });
        if !has_own_aromatic {
            count(&mut closed_counts, ring);
        }
    }
    let is_saturated = |other: usize, at: usize| {
        let raw = &draft.atoms[other];
        let before = place(other as u32).is_ok_and(|other| seen_at[other] < seen_at[at]);
        before && raw.atomic_number != WILDCARD && !raw.aromatic
    };
    let free = |&(at, &atom): &(usize, &u32)| {
        let links = draft.links(atom as usize);
        let saturated = links.filter(|&(_, other)| is_saturated(other, at)).count();
        is_wildcard(atom) && saturated < counts[at] && closed_counts[at] < counts[at]
    };
    members
        .iter()
        .enumerate()
        .filter(free)
        .map(|(_, &atom)| atom)
        .collect()
}

/// Rings of the system of which none is a sum of others: the first that are independent.
fn independent(draft: &Draft, rings: &Rings, system: &[usize]) -> Vec<usize> {
    const NONE: usize = usize::MAX;
    let mut pivots = vec![NONE; draft.bonds.len()];
    let mut rows: Vec<Vec<u32>> = Vec::new();
    let mut found = Vec::new();
    for &ring in system {
        let mut row = rings.bonds(ring).to_vec();
        row.sort_unstable();
        while let Some(&last) = row.last() {
            let known = pivots[last as usize];
            if known == NONE {
                pivots[last as usize] = rows.len();
                rows.push(row);
                found.push(ring);
                break;
            }
            row.extend(&rows[known]);
            row.sort_unstable();
            row = row
                .chunk_by(|a, b| a == b)
                .filter(|equal| equal.len() == 1)
                .map(|equal| equal[0])
                .collect();
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::molecule::{BondOrder, Molecule};

    fn double_bonds(smiles: &str) -> Vec<(u32, u32)> {
        let molecule = Molecule::from_smiles(smiles).unwrap();
        let double = |bond: &&crate::Bond| bond.order == BondOrder::Double;
        let bonds = molecule.bonds().iter().filter(double);
        bonds.map(|bond| (bond.begin, bond.end)).collect()
    }

    #[test]
    fn wildcards_join_aromatic_rings() {
        let molecule = Molecule::from_smiles("*1ccccc1").unwrap();
        assert!(molecule.atoms().iter().all(|atom| atom.aromatic));
        assert!(Molecule::from_smiles("c1c*Nc1").is_ok());
        assert!(Molecule::from_smiles("N1*ccc1").is_err());
        // The bridge is one ring of two equal ones.
        assert_eq!(double_bonds("*6[n+]c2ccc6cc2"), [(0, 1)]);
    }

    #[test]
    fn wildcards_of_saturated_rings_stay_single() {
        assert!(double_bonds("*1CCc2ccccc21").is_empty());
        assert!(double_bonds("*1**c2ccccc21").is_empty());
    }
}
