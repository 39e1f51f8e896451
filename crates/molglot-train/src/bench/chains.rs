//! Compact chains that no one measured.

use molglot_graph::{Name, Residues};

/// Places tried for each link of a chain.
const TRIES: usize = 100;

/// A chain inside a ball.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk {
    /// Number of places.
    pub(super) count: usize,
    /// Length of a link, angstrom.
    pub(super) step: f64,
    /// How far places stay from those before the last, angstrom, where there is room.
    pub(super) contact: f64,
    /// Radius of the ball, angstrom.
    pub(super) radius: f64,
}

impl Walk {
    /// Alpha carbons as dense as in a protein of this length.
    pub(super) const PROTEIN: Self = Self {
        count: 100,
        step: 3.8,
        contact: 4.5,
        radius: 16.0,
    };
    /// Heavy atoms of a molecule.
    pub(super) const MOLECULE: Self = Self {
        count: 64,
        step: 1.5,
        contact: 2.4,
        radius: 6.0,
    };

    /// The places of the chain of this number; the same as `walk` of `benches/peers/common.py`.
    pub(super) fn places(&self, number: u64) -> Vec<[f64; 3]> {
        let mut state = number;
        let mut side = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            2.0 * ((state >> 33) as f64 / 2_147_483_648.0) - 1.0
        };
        let mut places = vec![[0.0; 3]];
        while places.len() < self.count {
            let (last, before) = (places[places.len() - 1], &places[..places.len() - 1]);
            let mut best = (f64::NEG_INFINITY, last);
            for _ in 0..TRIES {
                let way = [side(), side(), side()];
                let size = length(way);
                if size <= 0.1 || size >= 1.0 {
                    continue;
                }
                let scale = self.step / size;
                let place = [0, 1, 2].map(|axis| last[axis] + scale * way[axis]);
                let far =
                    |other: &[f64; 3]| length([0, 1, 2].map(|axis| place[axis] - other[axis]));
                let closest = before.iter().map(far).fold(self.contact, f64::min);
                let score = closest - (length(place) - self.radius).max(0.0);
                if score > best.0 {
                    best = (score, place);
                }
                if score >= self.contact {
                    break;
                }
            }
            places.push(best.1);
        }
        places
    }
}

fn length([x, y, z]: [f64; 3]) -> f64 {
    (x * x + y * y + z * z).sqrt()
}

/// A chain with a backbone around its alpha carbons, all amino acids in turn.
pub(super) fn protein(number: u64) -> Residues {
    const LETTERS: &[u8; 20] = b"ACDEFGHIKLMNPQRSTVWY";
    let places = Walk::PROTEIN.places(number);
    let mut residues = Residues::default();
    for (row, &ca) in places.iter().enumerate() {
        let towards = |other: usize, part: f64| {
            let other = places.get(other).unwrap_or(&ca);
            [0, 1, 2].map(|axis| (ca[axis] + part * (other[axis] - ca[axis])) as f32)
        };
        let (n, c) = (towards(row.wrapping_sub(1), 0.38), towards(row + 1, 0.4));
        let atoms = [
            ("N", [n[0], n[1], n[2] + 0.3]),
            ("CA", ca.map(|value| value as f32)),
            ("C", [c[0] + 0.3, c[1], c[2]]),
        ];
        let atoms = atoms.map(|(name, place)| (Name::of(name), place, 0));
        residues.push(LETTERS[row % LETTERS.len()], 0, row as u32, atoms);
    }
    residues
}
