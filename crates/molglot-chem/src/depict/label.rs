//! What is written at an atom.

use crate::element::{CARBON, WILDCARD, symbol};
use crate::molecule::{Atom, BondOrder, Molecule};

/// The size of the letters, in bonds.
pub(super) const EM: f32 = 0.42;

/// The size of indices and charges, in letters.
const SMALL: f32 = 0.68;

/// How far indices go down and charges up, in letters.
const DROP: f32 = 0.22;
const RISE: f32 = -0.36;

/// Where the hydrogens of an atom are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Right,
    Left,
    Above,
    Below,
}

/// The text at an atom: symbol, hydrogens, charge.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Label {
    isotope: String,
    symbol: &'static str,
    hydrogens: u8,
    /// Charge and unpaired electrons, as in `2+` and `•`.
    charge: String,
    map: String,
    side: Side,
}

/// Text at a place relative to the middle of the symbol, in letters; `y` points down.
pub(super) struct Piece {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) size: f32,
    pub(super) text: String,
}

impl Label {
    /// `None` for a carbon in a chain or ring, which is only a corner.
    pub(super) fn of(molecule: &Molecule, places: &[[f32; 2]], index: usize) -> Option<Self> {
        let atom = &molecule.atoms()[index];
        let is_plain = atom.atomic_number == CARBON
            && atom.charge == 0
            && atom.isotope.is_none()
            && atom.radical_electrons == 0
            && atom.map.is_none();
        let is_bonded = !molecule.neighbors(index).is_empty();
        if is_plain && is_bonded && !is_cumulated(molecule, index) {
            return None;
        }
        Some(Self {
            isotope: atom
                .isotope
                .map(|mass| mass.to_string())
                .unwrap_or_default(),
            symbol: match atom.atomic_number {
                WILDCARD => "*",
                element => symbol(element),
            },
            hydrogens: atom.total_hydrogens,
            charge: charge(atom),
            map: atom.map.map(|map| format!(":{map}")).unwrap_or_default(),
            side: free_side(molecule, places, index),
        })
    }

    /// In pixels, for bonds of a length in pixels.
    pub(super) fn font_size(&self, bond_length: f32) -> f32 {
        EM * bond_length
    }

    pub(super) fn symbol_width(&self) -> f32 {
        width(self.symbol)
    }

    /// How far the text goes to the left, down, to the right and up, in letters.
    pub(super) fn room(&self) -> [f32; 4] {
        let mut room = [
            0.5 * self.symbol_width(),
            0.4,
            0.5 * self.symbol_width(),
            0.4,
        ];
        for piece in self.pieces() {
            room[0] = room[0].max(-piece.x);
            room[1] = room[1].max(piece.y + 0.4);
            room[2] = room[2].max(piece.x + piece.size * width(&piece.text));
            room[3] = room[3].max(0.4 - piece.y);
        }
        room
    }

    /// The parts of the text, the symbol in the middle.
    pub(super) fn pieces(&self) -> Vec<Piece> {
        let half = 0.5 * self.symbol_width();
        let mut pieces = vec![Piece {
            x: -half,
            y: 0.0,
            size: 1.0,
            text: self.symbol.to_owned(),
        }];
        let index = match self.hydrogens {
            0 | 1 => String::new(),
            count => count.to_string(),
        };
        let hydrogen_width = width("H") + SMALL * width(&index);
        let mut left = -half;
        let mut right = half;
        if self.hydrogens > 0 {
            let (x, y) = match self.side {
                Side::Right => (half, 0.0),
                Side::Left => (-half - hydrogen_width, 0.0),
                Side::Above => (-0.5 * width("H"), -0.95),
                Side::Below => (-0.5 * width("H"), 0.95),
            };
            match self.side {
                Side::Right => right += hydrogen_width,
                Side::Left => left -= hydrogen_width,
                Side::Above | Side::Below => {}
            }
            pieces.push(Piece {
                x,
                y,
                size: 1.0,
                text: "H".to_owned(),
            });
            if !index.is_empty() {
                pieces.push(Piece {
                    x: x + width("H"),
                    y: y + DROP,
                    size: SMALL,
                    text: index,
                });
            }
        }
        if !self.isotope.is_empty() {
            // An isotope belongs to its symbol, also with hydrogens on the left.
            pieces.push(Piece {
                x: left.min(-half) - SMALL * width(&self.isotope),
                y: RISE,
                size: SMALL,
                text: self.isotope.clone(),
            });
        }
        let behind = format!("{}{}", self.charge, self.map);
        if !behind.is_empty() {
            pieces.push(Piece {
                x: right,
                y: RISE,
                size: SMALL,
                text: behind,
            });
        }
        pieces
    }
}

/// A carbon between two double bonds would vanish in a straight line.
fn is_cumulated(molecule: &Molecule, index: usize) -> bool {
    let links = molecule.neighbors(index);
    links.len() == 2
        && links
            .iter()
            .all(|link| molecule.bonds()[link.bond as usize].kekule == BondOrder::Double)
}

fn charge(atom: &Atom) -> String {
    let sign = if atom.charge < 0 { "−" } else { "+" };
    let mut text = match atom.charge.unsigned_abs() {
        0 => String::new(),
        1 => sign.to_owned(),
        count => format!("{count}{sign}"),
    };
    text.extend(std::iter::repeat_n(
        '•',
        usize::from(atom.radical_electrons),
    ));
    text
}

/// The side that keeps clear of all bonds; text reads best on the right, and on the line.
fn free_side(molecule: &Molecule, places: &[[f32; 2]], index: usize) -> Side {
    let candidates = [
        (Side::Right, [1.0, 0.0], 0.0),
        (Side::Left, [-1.0, 0.0], 0.02),
        (Side::Below, [0.0, -1.0], 0.3),
        (Side::Above, [0.0, 1.0], 0.3),
    ];
    let mut best = (Side::Right, f32::INFINITY);
    for (side, [x, y], handicap) in candidates {
        let nearest = molecule
            .neighbors(index)
            .iter()
            .map(|link| {
                let reach =
                    [0, 1].map(|axis| places[link.atom as usize][axis] - places[index][axis]);
                (x * reach[0] + y * reach[1]) / reach[0].hypot(reach[1]).max(1e-6)
            })
            .fold(-0.2f32, f32::max);
        if nearest + handicap < best.1 {
            best = (side, nearest + handicap);
        }
    }
    best.0
}

/// The width of text in letters, close enough for the usual sans-serif fonts.
fn width(text: &str) -> f32 {
    let of = |character| match character {
        'I' | 'i' | 'l' | ':' => 0.27,
        'f' | 't' | 'r' | '•' | '*' => 0.36,
        'm' => 0.85,
        'a'..='z' | '0'..='9' => 0.55,
        'M' | 'W' => 0.85,
        '+' | '−' => 0.58,
        _ => 0.72,
    };
    text.chars().map(of).sum()
}
