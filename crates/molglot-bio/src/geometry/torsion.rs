//! Torsion angles, radians in `(-π, π]`, with the sign of IUPAC: looking along the middle bond, clockwise is positive.

use super::vector::{between, cross, dot, norm};

/// The torsion angle of four points around the bond of the middle two.
///
/// `None` where three neighbouring points lie on a line, because no angle is defined there. The arc tangent is exact
/// near 0 and 180 degrees, where the arc cosine of the same vectors loses half of its digits.
#[must_use]
pub fn torsion(a: [f32; 3], b: [f32; 3], c: [f32; 3], d: [f32; 3]) -> Option<f64> {
    let (first, middle, last) = (between(a, b), between(b, c), between(c, d));
    let (left, right) = (cross(first, middle), cross(middle, last));
    let sine = norm(middle) * dot(first, right);
    let cosine = dot(left, right);
    (sine != 0.0 || cosine != 0.0).then(|| sine.atan2(cosine))
}

/// Backbone atoms of a residue, where they are known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Backbone {
    /// Amide nitrogen.
    pub n: Option<[f32; 3]>,
    /// Alpha carbon.
    pub ca: Option<[f32; 3]>,
    /// Carbonyl carbon.
    pub c: Option<[f32; 3]>,
}

/// `[φ, ψ, ω]` of every residue of one chain: φ around N-CA (from the C before), ψ around CA-C (to the N after), ω around
/// C-N to the residue after (CA, C, N, CA).
///
/// `None` at the ends of the chain and where an atom is missing. Neighbours in the slice count as bonded: a caller who
/// wants no angle across a gap passes the pieces one by one.
#[must_use]
pub fn backbone_torsions(chain: &[Backbone]) -> Vec<[Option<f64>; 3]> {
    let around = |a: Option<[f32; 3]>, b, c, d| torsion(a?, b?, c?, d?);
    (0..chain.len())
        .map(|i| {
            let before = i.checked_sub(1).map_or(Backbone::default(), |j| chain[j]);
            let (here, after) = (chain[i], chain.get(i + 1).copied().unwrap_or_default());
            [
                around(before.c, here.n, here.ca, here.c),
                around(here.n, here.ca, here.c, after.n),
                around(here.ca, here.c, after.n, after.ca),
            ]
        })
        .collect()
}

/// The four atoms of each side-chain torsion χ1, χ2, … of an amino acid by its one-letter code; empty for glycine,
/// alanine and unknown letters.
///
/// IUPAC-IUB 1970 (*Biochemistry* 9:3471): the first named of equal branches, as CD1 of leucine, defines the angle.
#[must_use]
pub fn chi_atoms(letter: u8) -> &'static [[&'static str; 4]] {
    match letter {
        b'C' => &[["N", "CA", "CB", "SG"]],
        b'S' => &[["N", "CA", "CB", "OG"]],
        b'T' => &[["N", "CA", "CB", "OG1"]],
        b'V' => &[["N", "CA", "CB", "CG1"]],
        b'I' => &[["N", "CA", "CB", "CG1"], ["CA", "CB", "CG1", "CD1"]],
        b'D' | b'N' => &[["N", "CA", "CB", "CG"], ["CA", "CB", "CG", "OD1"]],
        b'H' => &[["N", "CA", "CB", "CG"], ["CA", "CB", "CG", "ND1"]],
        b'P' => &[["N", "CA", "CB", "CG"], ["CA", "CB", "CG", "CD"]],
        b'F' | b'L' | b'W' | b'Y' => &[["N", "CA", "CB", "CG"], ["CA", "CB", "CG", "CD1"]],
        b'E' | b'Q' => &[
            ["N", "CA", "CB", "CG"],
            ["CA", "CB", "CG", "CD"],
            ["CB", "CG", "CD", "OE1"],
        ],
        b'M' => &[
            ["N", "CA", "CB", "CG"],
            ["CA", "CB", "CG", "SD"],
            ["CB", "CG", "SD", "CE"],
        ],
        b'K' => &[
            ["N", "CA", "CB", "CG"],
            ["CA", "CB", "CG", "CD"],
            ["CB", "CG", "CD", "CE"],
            ["CG", "CD", "CE", "NZ"],
        ],
        b'R' => &[
            ["N", "CA", "CB", "CG"],
            ["CA", "CB", "CG", "CD"],
            ["CB", "CG", "CD", "NE"],
            ["CG", "CD", "NE", "CZ"],
            ["CD", "NE", "CZ", "NH1"],
        ],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sign_is_that_of_iupac() {
        let (a, b, c) = ([1.0, 0.0, 0.0], [0.0; 3], [0.0, 0.0, 1.0]);
        let at = |degrees: f32| {
            let angle = degrees.to_radians();
            torsion(a, b, c, [angle.cos(), angle.sin(), 1.0])
                .unwrap()
                .to_degrees()
        };
        for degrees in [-179.0, -90.0, -1.0, 0.0, 60.0, 90.0, 179.9] {
            assert!(
                (at(degrees) - f64::from(degrees)).abs() < 1e-4,
                "{degrees}: {}",
                at(degrees)
            );
        }
        assert!((at(180.0).abs() - 180.0).abs() < 1e-4);
    }

    #[test]
    fn points_on_a_line_have_no_torsion() {
        let line = |x: f32| [x, 0.0, 0.0];
        assert_eq!(
            torsion(line(0.0), line(1.0), line(2.0), [3.0, 1.0, 0.0]),
            None
        );
        assert_eq!(torsion([0.0; 3], [0.0; 3], [0.0; 3], [0.0; 3]), None);
    }

    #[test]
    fn chain_ends_and_missing_atoms_leave_angles_undefined() {
        let residue = |x: f32| Backbone {
            n: Some([x, 0.0, 0.0]),
            ca: Some([x + 1.0, 1.0, 0.3]),
            c: Some([x + 2.0, 0.0, 0.9]),
        };
        let mut chain = [residue(0.0), residue(3.0), residue(6.0)];
        let defined = |chain: &[Backbone]| -> Vec<[bool; 3]> {
            backbone_torsions(chain)
                .iter()
                .map(|row| row.map(|angle| angle.is_some()))
                .collect()
        };
        assert_eq!(
            defined(&chain),
            [[false, true, true], [true; 3], [true, false, false]]
        );
        chain[1].n = None;
        assert_eq!(
            defined(&chain),
            [[false; 3], [false, false, true], [true, false, false]]
        );
        assert!(backbone_torsions(&[]).is_empty());
    }

    #[test]
    fn every_side_chain_torsion_continues_the_one_before() {
        let counts: Vec<usize> = b"GASCTVPDNHILFWYEQMKRX"
            .iter()
            .map(|&l| chi_atoms(l).len())
            .collect();
        assert_eq!(
            counts,
            [
                0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 4, 5, 0
            ]
        );
        for letter in b'A'..=b'Z' {
            for pair in chi_atoms(letter).windows(2) {
                assert_eq!(pair[0][1..], pair[1][..3]);
            }
        }
    }
}
