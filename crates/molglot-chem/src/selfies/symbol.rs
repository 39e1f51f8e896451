//! What a symbol of SELFIES means.

use super::atom::AtomSymbol;
use super::bond::Bond;

pub(super) enum Symbol {
    Atom {
        bond: Bond,
        atom: AtomSymbol,
    },
    /// A branch whose length the next `digits` symbols count.
    Branch {
        order: u32,
        digits: u32,
    },
    /// A ring bond whose length the next `digits` symbols count, with the bond at its earlier and
    /// its later end.
    Ring {
        bonds: (Bond, Bond),
        digits: u32,
    },
    /// The end of the chain.
    End,
}

/// Reads a symbol without its brackets.
pub(super) fn parse(text: &[u8]) -> Option<Symbol> {
    if let [name @ .., digits @ b'1'..=b'3'] = text {
        let digits = u32::from(digits - b'0');
        if let Some(bond) = name.strip_suffix(b"Branch") {
            let order = plain_bond(bond)?.order();
            return Some(Symbol::Branch { order, digits });
        }
        if let Some(bond) = name.strip_suffix(b"Ring") {
            let bonds = ring_bonds(bond)?;
            return Some(Symbol::Ring { bonds, digits });
        }
    }
    let (bond, atom) = match *text {
        [b'=', ref atom @ ..] => (Bond::Double, atom),
        [b'#', ref atom @ ..] => (Bond::Triple, atom),
        [b'/', ref atom @ ..] => (Bond::Up, atom),
        [b'\\', ref atom @ ..] => (Bond::Down, atom),
        ref atom => (Bond::Single, atom),
    };
    match AtomSymbol::from_selfies(atom) {
        Some(atom) => Some(Symbol::Atom { bond, atom }),
        None if text == b"epsilon" => Some(Symbol::End),
        None => None,
    }
}

fn plain_bond(text: &[u8]) -> Option<Bond> {
    match text {
        b"" => Some(Bond::Single),
        b"=" => Some(Bond::Double),
        b"#" => Some(Bond::Triple),
        _ => None,
    }
}

fn ring_bonds(text: &[u8]) -> Option<(Bond, Bond)> {
    match *text {
        [
            earlier @ (b'-' | b'/' | b'\\'),
            later @ (b'-' | b'/' | b'\\'),
        ] if (earlier, later) != (b'-', b'-') => {
            Some((Bond::from_symbol(earlier)?, Bond::from_symbol(later)?))
        }
        _ => plain_bond(text).map(|bond| (bond, bond)),
    }
}
