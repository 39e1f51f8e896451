//! Bonds as both notations write them.

/// A bond with the mark of its reading direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bond {
    Single,
    Up,
    Down,
    Double,
    Triple,
    /// Between aromatic atoms, until double bonds are assigned.
    Aromatic,
}

impl Bond {
    /// The bond behind a symbol of SMILES, without `$`, which SELFIES lacks.
    pub(super) fn from_symbol(symbol: u8) -> Option<Self> {
        match symbol {
            b'-' => Some(Self::Single),
            b'/' => Some(Self::Up),
            b'\\' => Some(Self::Down),
            b'=' => Some(Self::Double),
            b'#' => Some(Self::Triple),
            b':' => Some(Self::Aromatic),
            _ => None,
        }
    }

    /// Twice the bond order, so that an aromatic bond has a whole number.
    pub(super) fn half_orders(self) -> u32 {
        match self {
            Self::Single | Self::Up | Self::Down => 2,
            Self::Aromatic => 3,
            Self::Double => 4,
            Self::Triple => 6,
        }
    }

    /// The bond order; that of an aromatic bond without its half.
    pub(super) fn order(self) -> u32 {
        self.half_orders() / 2
    }

    /// The same bond with another order from 1 to 3; only a single bond keeps its mark.
    pub(super) fn with_order(self, order: u32) -> Self {
        match order {
            1 if self.order() == 1 && self != Self::Aromatic => self,
            1 => Self::Single,
            2 => Self::Double,
            _ => Self::Triple,
        }
    }

    pub(super) fn is_marked(self) -> bool {
        matches!(self, Self::Up | Self::Down)
    }

    /// The symbol between two atoms of a SMILES without aromatic atoms.
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Single | Self::Aromatic => "",
            Self::Up => "/",
            Self::Down => "\\",
            Self::Double => "=",
            Self::Triple => "#",
        }
    }
}
