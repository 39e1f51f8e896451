//! Splits of a data set that keep clusters whole.

use sha2::{Digest, Sha256};

use super::{Clusters, RedundancyError};

/// Row indices of the three parts of a data set, each ascending.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Split {
    /// Rows to train on.
    pub train: Vec<usize>,
    /// Rows to choose a model by.
    pub valid: Vec<usize>,
    /// Rows to report on.
    pub test: Vec<usize>,
}

impl Clusters {
    /// Deals whole clusters out to `train`, `valid` and `test`, whose shares of all rows `fractions` gives.
    ///
    /// Clusters that would fill more than half of `valid` or `test` come first, then the others, each kind in the order
    /// of a hash (SHA-256) of the seed and the representative's sequence: the order of the rows does not matter, nor
    /// does the machine. A cluster goes to the first part of `train`, `valid` and `test` whose share of all rows still
    /// holds it, and to `test` if none does.
    ///
    /// # Errors
    /// [`RedundancyError::Fractions`]
    pub fn split(&self, fractions: [f64; 3], seed: u64) -> Result<Split, RedundancyError> {
        let is_share = |share: &f64| (0.0..=1.0).contains(share);
        if !fractions.iter().all(is_share) || (fractions.iter().sum::<f64>() - 1.0).abs() > 1e-9 {
            return Err(RedundancyError::Fractions(fractions));
        }
        // Shares of a whole number of rows are often a rounding error below it.
        let shares = fractions.map(|share| share * self.of_row.len() as f64 + 1e-6);
        let held_out = shares[1..].iter().filter(|&&share| share >= 1.0);
        let half = held_out.fold(f64::INFINITY, |least, &share| least.min(share)) / 2.0;
        let mut order: Vec<(bool, [u8; 32], Vec<usize>)> = self
            .members()
            .into_iter()
            .zip(&self.keys)
            .map(|(rows, key)| {
                let hash = Sha256::new()
                    .chain_update(seed.to_le_bytes())
                    .chain_update(key.as_str());
                (rows.len() as f64 <= half, hash.finalize().into(), rows)
            })
            .collect();
        order.sort_unstable();
        let mut parts = [const { Vec::new() }; 3];
        for (_, _, rows) in order {
            let fits = |part: usize| (parts[part].len() + rows.len()) as f64 <= shares[part];
            let part = (0..3).find(|&part| fits(part)).unwrap_or(2);
            parts[part].extend(rows);
        }
        parts.iter_mut().for_each(|rows| rows.sort_unstable());
        let [train, valid, test] = parts;
        Ok(Split { train, valid, test })
    }
}
