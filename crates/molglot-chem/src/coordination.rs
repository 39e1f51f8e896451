//! Tags of coordination centres under another order of the ligands.
//!
//! The permutation numbers are those of OpenSMILES. Each stands for an arrangement of the ligands
//! `a`, `b`, `c` ... in the order in which they are listed.

use crate::molecule::Chirality;

/// A ligand that is no atom of the graph: a hydrogen or a vacant place.
pub(crate) const MISSING: u32 = u32::MAX;

/// Around the square, beginning with `a` and with the smaller of its neighbours.
const SQUARE: [&[u8]; 3] = [b"abcd", b"acbd", b"abdc"];

/// From one pole, around the equator anticlockwise as seen from there, to the other pole; the
/// smaller pole first, the equator from its smallest ligand.
const BIPYRAMID: [&[u8]; 20] = [
    b"abcde", b"abdce", b"abced", b"abecd", b"abdec", b"abedc", b"acdeb", b"acedb", b"bacde",
    b"baced", b"badce", b"baecd", b"badec", b"baedc", b"cabde", b"cabed", b"dabce", b"dacbe",
    b"caebd", b"cadbe",
];

/// From `a`, around the square below it anticlockwise as seen from there, to the opposite place; the
/// square from its smallest ligand.
const OCTAHEDRON: [&[u8]; 30] = [
    b"abcdef", b"abedcf", b"abcdfe", b"abcedf", b"abcfde", b"abcefd", b"abcfed", b"abdcef",
    b"abdcfe", b"abecdf", b"abfcde", b"abecfd", b"abfced", b"abdecf", b"abdfce", b"abfdce",
    b"abefcd", b"abfecd", b"abdefc", b"abdfec", b"abedfc", b"abfdec", b"abefdc", b"abfedc",
    b"acdefb", b"acdfeb", b"acedfb", b"acfdeb", b"acefdb", b"acfedb",
];

/// The tag that says of the ligands in the order `to` what `tag` says of them in the order `from`.
///
/// Both list the same ligands, as many as the shape has; [`MISSING`] ones are alike and are matched
/// in turn. A tag of another class is returned as it is.
pub(crate) fn relisted(tag: Chirality, from: &[u32], to: &[u32]) -> Chirality {
    let (table, permutation): (&[&[u8]], u8) = match tag {
        Chirality::SquarePlanar(permutation) => (&SQUARE, permutation),
        Chirality::TrigonalBipyramidal(permutation) => (&BIPYRAMID, permutation),
        Chirality::Octahedral(permutation) => (&OCTAHEDRON, permutation),
        _ => return tag,
    };
    let Some(places) = usize::from(permutation).checked_sub(1) else {
        return tag;
    };
    let renamed = renaming(from, to);
    let mut shape = [0; 6];
    let shape = &mut shape[..from.len()];
    for (place, ligand) in shape.iter_mut().zip(table[places]) {
        *place = renamed[usize::from(ligand - b'a')];
    }
    match tag {
        Chirality::SquarePlanar(_) => turn_square(shape),
        Chirality::TrigonalBipyramidal(_) => turn_bipyramid(shape),
        _ => turn_octahedron(shape),
    }
    let found = table.iter().position(|row| *row == shape);
    tag.with_permutation(found.map_or(0, |at| at as u8 + 1))
}

/// For each ligand of `from` the letter it has in `to`.
///
/// RDKit sorts the list by exchanges, which decides where the missing ligands end up.
fn renaming(from: &[u32], to: &[u32]) -> [u8; 6] {
    let mut at: [usize; 6] = std::array::from_fn(|place| place);
    for (place, ligand) in to.iter().enumerate() {
        let rest = at[place..to.len()]
            .iter()
            .position(|&old| from[old] == *ligand);
        at.swap(place, place + rest.unwrap_or(0));
    }
    let mut letters = [0; 6];
    for (letter, &old) in (b'a'..).zip(&at) {
        letters[old] = letter;
    }
    letters
}

fn smallest_first(ring: &mut [u8]) {
    let smallest = (0..ring.len()).min_by_key(|&at| ring[at]);
    ring.rotate_left(smallest.unwrap_or(0));
}

fn turn_square(shape: &mut [u8]) {
    smallest_first(shape);
    if shape[1] > shape[3] {
        shape.swap(1, 3);
    }
}

fn turn_bipyramid(shape: &mut [u8]) {
    if shape[0] > shape[4] {
        shape.reverse();
    }
    smallest_first(&mut shape[1..4]);
}

fn turn_octahedron(shape: &mut [u8]) {
    if shape[5] == b'a' {
        shape.reverse();
    }
    smallest_first(&mut shape[1..5]);
    if let [pole, b'a', second, third, fourth, opposite] = *shape {
        shape.copy_from_slice(&[b'a', opposite, second, pole, fourth, third]);
        smallest_first(&mut shape[1..5]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One tag of each class, how many it has, and how many ligands.
    const CLASSES: [(Chirality, u8, usize); 3] = [
        (Chirality::SquarePlanar(1), 3, 4),
        (Chirality::TrigonalBipyramidal(1), 20, 5),
        (Chirality::Octahedral(1), 30, 6),
    ];

    #[test]
    fn two_exchanges_undo_each_other() {
        for (class, last, ligands) in CLASSES {
            let from: Vec<u32> = (0..ligands as u32).collect();
            for permutation in 1..=last {
                let tag = class.with_permutation(permutation);
                assert_eq!(relisted(tag, &from, &from), tag);
                for (i, j) in (0..ligands).flat_map(|i| (0..i).map(move |j| (i, j))) {
                    let mut to = from.clone();
                    to.swap(i, j);
                    let exchanged = relisted(tag, &from, &to);
                    assert_ne!(exchanged, class.with_permutation(0), "{tag:?} {i} {j}");
                    assert_eq!(relisted(exchanged, &from, &to), tag, "{tag:?} {i} {j}");
                }
            }
        }
    }

    #[test]
    fn known_exchanges() {
        let exchange = |tag, i, j, ligands| {
            let from: Vec<u32> = (0..ligands).collect();
            let mut to = from.clone();
            to.swap(i, j);
            relisted(tag, &from, &to)
        };
        // OpenSMILES: exchanging b and c of a square turns U into 4.
        assert_eq!(
            exchange(Chirality::SquarePlanar(1), 1, 2, 4),
            Chirality::SquarePlanar(2)
        );
        // The poles of @TB1 are a and e.
        assert_eq!(
            exchange(Chirality::TrigonalBipyramidal(1), 0, 4, 5),
            Chirality::TrigonalBipyramidal(2)
        );
        assert_eq!(
            exchange(Chirality::Octahedral(1), 0, 5, 6),
            Chirality::Octahedral(2)
        );
    }

    #[test]
    fn what_has_no_number_has_none_afterwards() {
        let from = [0, 1, 2, 3];
        assert_eq!(
            relisted(Chirality::SquarePlanar(0), &from, &[1, 0, 2, 3]),
            Chirality::SquarePlanar(0)
        );
        assert_eq!(
            relisted(Chirality::Clockwise, &from, &[1, 0, 2, 3]),
            Chirality::Clockwise
        );
    }
}
