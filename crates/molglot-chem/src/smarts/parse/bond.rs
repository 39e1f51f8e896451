//! Bond expressions as sets: there are only twelve kinds of bonds, so every operator is one of
//! bits.

use super::{Parser, Result, SmartsErrorKind};
use crate::molecule::BondOrder;
use crate::smarts::BondSet;
use crate::smarts::search::order_index;

impl BondSet {
    const ANY: Self = Self(0xfff);
    const NONE: Self = Self(0);
    const IN_RING: Self = Self(0xaaa);
    /// No bond written: single or aromatic.
    pub(super) const UNWRITTEN: Self = Self(0b11 | 0b11 << 8);

    fn of(order: BondOrder) -> Self {
        Self(0b11 << (2 * order_index(order)))
    }

    fn not(self) -> Self {
        Self(!self.0 & Self::ANY.0)
    }

    fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Parser<'_> {
    /// A bond expression, if one stands here.
    pub(super) fn bond_expression(&mut self) -> Result<Option<BondSet>> {
        let Some(mut product) = self.bond_primitive()? else {
            return Ok(None);
        };
        // `product` joins by `&`, `sum` by `,`, `all` by `;`.
        let (mut sum, mut all) = (BondSet::NONE, BondSet::ANY);
        loop {
            let operator = self.peek().filter(|byte| b"&,;".contains(byte));
            self.at += usize::from(operator.is_some());
            let Some(next) = self.bond_primitive()? else {
                if operator.is_some() {
                    return self.fail(self.at - 1, SmartsErrorKind::HangingOperator);
                }
                break;
            };
            match operator {
                Some(b',') => {
                    sum = sum.or(product);
                    product = next;
                }
                Some(b';') => {
                    all = all.and(sum.or(product));
                    (sum, product) = (BondSet::NONE, next);
                }
                _ => product = product.and(next),
            }
        }
        Ok(Some(all.and(sum.or(product))))
    }

    fn bond_primitive(&mut self) -> Result<Option<BondSet>> {
        let start = self.at;
        let mut negated = false;
        while self.take(b'!') {
            negated = !negated;
        }
        let set = match self.peek() {
            Some(b'-') if self.bytes.get(self.at + 1) == Some(&b'>') => {
                return self.fail(self.at, SmartsErrorKind::Unsupported("dative arrows"));
            }
            Some(b'<') => {
                return self.fail(self.at, SmartsErrorKind::Unsupported("dative arrows"));
            }
            Some(b'-') => BondSet::of(BondOrder::Single),
            Some(b'=') => BondSet::of(BondOrder::Double),
            Some(b'#') => BondSet::of(BondOrder::Triple),
            Some(b'$') => BondSet::of(BondOrder::Quadruple),
            Some(b':') => BondSet::of(BondOrder::Aromatic),
            Some(b'~') => BondSet::ANY,
            Some(b'@') => BondSet::IN_RING,
            Some(b'/' | b'\\') => BondSet::UNWRITTEN,
            _ if self.at > start => {
                return self.fail(self.at - 1, SmartsErrorKind::HangingOperator);
            }
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some(if negated { set.not() } else { set }))
    }
}
