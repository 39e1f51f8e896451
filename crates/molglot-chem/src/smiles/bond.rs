//! Bond symbols.

use crate::graph::{Direction, RawBond};
use crate::molecule::BondOrder;

/// A bond as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BondSymbol {
    Order(BondOrder),
    Up,
    Down,
    DativeForward,
    DativeBackward,
}

impl BondSymbol {
    /// The same bond read from its other end.
    pub(super) fn reversed(self) -> Self {
        match self {
            Self::Order(order) => Self::Order(order),
            Self::Up => Self::Down,
            Self::Down => Self::Up,
            Self::DativeForward => Self::DativeBackward,
            Self::DativeBackward => Self::DativeForward,
        }
    }

    /// `/` or `\\`.
    pub(super) fn is_mark(self) -> bool {
        matches!(self, Self::Up | Self::Down)
    }

    pub(super) fn direction(self) -> Direction {
        match self {
            Self::Up => Direction::Up,
            Self::Down => Direction::Down,
            Self::Order(_) | Self::DativeForward | Self::DativeBackward => Direction::None,
        }
    }

    /// Whether both can be said of one bond.
    pub(super) fn agrees_with(self, other: Self) -> bool {
        let single = Self::Order(BondOrder::Single);
        self == other || (self == single && other.is_mark()) || (other == single && self.is_mark())
    }

    /// The bond that a symbol, or none, stands for between two atoms; `aromatic` if both are.
    pub(super) fn bond(symbol: Option<Self>, from: u32, to: u32, aromatic: bool) -> RawBond {
        let elided = if aromatic {
            BondOrder::Aromatic
        } else {
            BondOrder::Single
        };
        let (begin, end, order, direction) = match symbol {
            None => (from, to, elided, Direction::None),
            Some(Self::Order(order)) => (from, to, order, Direction::None),
            Some(Self::Up) => (from, to, elided, Direction::Up),
            Some(Self::Down) => (from, to, elided, Direction::Down),
            Some(Self::DativeForward) => (from, to, BondOrder::Dative, Direction::None),
            Some(Self::DativeBackward) => (to, from, BondOrder::Dative, Direction::None),
        };
        RawBond {
            begin,
            end,
            order,
            direction,
        }
    }
}
