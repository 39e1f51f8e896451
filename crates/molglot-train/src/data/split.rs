//! Holds rows out of training by a hash of their key, so that a row's side depends on nothing but itself.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::DataError;

/// How much is held out: in a recipe a number below 1 (a fraction) or a whole number from 1 (a count of rows).
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub enum HeldOut {
    /// Nothing.
    #[default]
    Nothing,
    /// About this fraction of the rows, between 0 and 1, exclusive. Rows that come or go later do not move others.
    Fraction(f64),
    /// Exactly this many rows, those with the smallest hashes.
    Count(usize),
}

impl TryFrom<f64> for HeldOut {
    type Error = String;

    fn try_from(number: f64) -> Result<Self, String> {
        if number == 0.0 {
            Ok(Self::Nothing)
        } else if number > 0.0 && number < 1.0 {
            Ok(Self::Fraction(number))
        } else if number >= 1.0 && number.fract() == 0.0 && number < 2_f64.powi(53) {
            Ok(Self::Count(number as usize))
        } else {
            Err(format!(
                "{number} is neither a fraction below 1 nor a whole number of rows; write for example 0.1 or 400"
            ))
        }
    }
}

impl From<HeldOut> for f64 {
    fn from(held_out: HeldOut) -> Self {
        match held_out {
            HeldOut::Nothing => 0.0,
            HeldOut::Fraction(fraction) => fraction,
            HeldOut::Count(count) => count as Self,
        }
    }
}

impl fmt::Display for HeldOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", f64::from(*self))
    }
}

/// The rows of a table by side: numbers of rows, counting from 0, each in exactly one of the two and ascending.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Split {
    /// Rows to train on.
    pub train: Vec<usize>,
    /// Rows to evaluate on.
    pub held_out: Vec<usize>,
}

impl Split {
    /// Splits rows by their keys. Rows with the same key are on the same side, and neither the order of the rows nor the
    /// platform matters. The key is the id, or better what makes two rows the same molecule, such as its canonical SMILES.
    ///
    /// With [`HeldOut::Count`] and duplicate keys, whole groups are held out in the order of their hashes as long as they
    /// fit; if they do not add up to the count, fewer rows are held out, never more.
    ///
    /// # Errors
    ///
    /// [`DataError::HeldOut`] if either side would be empty although something is to be held out.
    pub fn new<K: AsRef<str>>(
        keys: &[K],
        held_out: HeldOut,
        salt: &str,
    ) -> Result<Self, DataError> {
        let is_held_out: Vec<bool> = match held_out {
            HeldOut::Nothing => vec![false; keys.len()],
            HeldOut::Fraction(fraction) => keys
                .iter()
                .map(|key| unit(&digest(salt, key.as_ref())) < fraction)
                .collect(),
            HeldOut::Count(count) => smallest(keys, count, salt),
        };
        let (held, train): (Vec<usize>, Vec<usize>) =
            (0..keys.len()).partition(|&row| is_held_out[row]);
        if held_out != HeldOut::Nothing && (held.is_empty() || train.is_empty()) {
            let remedy = if train.is_empty() {
                "nothing would be left to train on; hold out less"
            } else {
                "nothing would be held out; hold out more, or say `held_out = 0`"
            };
            return Err(DataError::HeldOut {
                wanted: held_out.to_string(),
                rows: keys.len(),
                remedy: remedy.to_owned(),
            });
        }
        Ok(Self {
            train,
            held_out: held,
        })
    }
}

/// Where `key` falls in `[0, 1)`: it is held out if this is below the fraction.
#[must_use]
pub fn fraction_of(key: &str, salt: &str) -> f64 {
    unit(&digest(salt, key))
}

fn digest(salt: &str, key: &str) -> [u8; 32] {
    Sha256::new()
        .chain_update(salt.as_bytes())
        .chain_update(key.as_bytes())
        .finalize()
        .into()
}

/// The first 53 bits as a fraction: all that a double holds exactly.
fn unit(digest: &[u8; 32]) -> f64 {
    let bits = digest[..8]
        .iter()
        .fold(0_u64, |bits, &byte| (bits << 8) | u64::from(byte));
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

fn smallest<K: AsRef<str>>(keys: &[K], count: usize, salt: &str) -> Vec<bool> {
    let mut order: Vec<([u8; 32], usize)> = keys
        .iter()
        .enumerate()
        .map(|(row, key)| (digest(salt, key.as_ref()), row))
        .collect();
    order.sort_unstable();
    let mut chosen = vec![false; keys.len()];
    let mut left = count;
    for group in order.chunk_by(|one, other| one.0 == other.0) {
        if group.len() <= left {
            left -= group.len();
            for &(_, row) in group {
                chosen[row] = true;
            }
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::{HeldOut, Split, fraction_of};

    fn held(keys: &[String], held_out: HeldOut, salt: &str) -> BTreeSet<String> {
        Split::new(keys, held_out, salt)
            .map(|split| {
                split
                    .held_out
                    .into_iter()
                    .map(|row| keys[row].clone())
                    .collect()
            })
            .unwrap_or_default()
    }

    fn ids(count: usize) -> Vec<String> {
        (0..count).map(|id| id.to_string()).collect()
    }

    #[test]
    fn a_count_is_met_exactly() {
        let split = Split::new(&ids(3301), HeldOut::Count(401), "molglot").unwrap();
        assert_eq!((split.train.len(), split.held_out.len()), (2900, 401));
    }

    #[test]
    fn a_fraction_is_met_about() {
        let split = Split::new(&ids(10_000), HeldOut::Fraction(0.1), "molglot").unwrap();
        assert!(
            (920..1080).contains(&split.held_out.len()),
            "{}",
            split.held_out.len()
        );
    }

    #[test]
    fn the_split_of_saved_runs_never_changes() {
        // The first 53 bits of 6a267e25e7f7c926..., the SHA-256 of "saltid".
        assert_eq!(
            fraction_of("id", "salt").to_bits(),
            0.414_649_852_995_324_1_f64.to_bits()
        );
        let held = held(&ids(20), HeldOut::Count(3), "molglot");
        assert_eq!(held.into_iter().collect::<Vec<_>>(), ["13", "2", "6"]);
    }

    #[test]
    fn another_salt_is_another_split() {
        let keys = ids(200);
        assert_ne!(
            held(&keys, HeldOut::Count(50), "a"),
            held(&keys, HeldOut::Count(50), "b")
        );
    }

    #[test]
    fn an_empty_side_is_an_error() {
        for (rows, held_out, part) in [
            (3, HeldOut::Count(3), "nothing would be left"),
            (3, HeldOut::Count(9), "nothing would be left"),
            (1, HeldOut::Fraction(1e-9), "nothing would be held out"),
            (0, HeldOut::Count(1), "nothing would be left"),
        ] {
            let message = Split::new(&ids(rows), held_out, "")
                .unwrap_err()
                .to_string();
            assert!(message.contains(part), "{message}");
        }
        assert_eq!(
            Split::new(&ids(3), HeldOut::Nothing, "")
                .unwrap()
                .train
                .len(),
            3
        );
    }

    #[test]
    fn numbers_in_recipes() {
        assert_eq!(HeldOut::try_from(0.0), Ok(HeldOut::Nothing));
        assert_eq!(HeldOut::try_from(0.25), Ok(HeldOut::Fraction(0.25)));
        assert_eq!(HeldOut::try_from(401.0), Ok(HeldOut::Count(401)));
        for bad in [-1.0, 1.5, f64::NAN, f64::INFINITY] {
            assert!(HeldOut::try_from(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_row_is_on_one_side(keys in proptest::collection::vec("[a-e]{1,2}", 2..60), count in 1_usize..60) {
            if let Ok(split) = Split::new(&keys, HeldOut::Count(count), "s") {
                let mut rows: Vec<usize> = split.train.iter().chain(&split.held_out).copied().collect();
                rows.sort_unstable();
                prop_assert_eq!(rows, (0..keys.len()).collect::<Vec<_>>());
                prop_assert!(split.held_out.len() <= count);
                let train: BTreeSet<_> = split.train.iter().map(|&row| &keys[row]).collect();
                prop_assert!(split.held_out.iter().all(|&row| !train.contains(&keys[row])));
            }
        }

        #[test]
        fn the_order_of_the_rows_does_not_matter(
            keys in proptest::collection::vec("[a-e]{1,3}", 2..60).prop_shuffle(),
            count in 1_usize..30,
        ) {
            let mut sorted = keys.clone();
            sorted.sort_unstable();
            prop_assert_eq!(held(&keys, HeldOut::Count(count), "s"), held(&sorted, HeldOut::Count(count), "s"));
            prop_assert_eq!(held(&keys, HeldOut::Fraction(0.4), "s"), held(&sorted, HeldOut::Fraction(0.4), "s"));
        }

        #[test]
        fn new_rows_do_not_move_others_between_the_sides_of_a_fraction(count in 10_usize..200) {
            let (few, many) = (ids(count), ids(count + 50));
            let (few, many) = (held(&few, HeldOut::Fraction(0.5), "s"), held(&many, HeldOut::Fraction(0.5), "s"));
            prop_assert!(few.is_subset(&many));
        }
    }
}
