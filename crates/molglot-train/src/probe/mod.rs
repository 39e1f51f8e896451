//! Linear probes: how much of a property can be read off frozen features by a linear model.

mod read;
pub mod solve;
mod table;

use molglot_chem::scaffold::{Split, balanced_scaffold_split, scaffold};

pub use read::{Levels, Reading, fingerprints};
pub use table::Table;

use self::solve::{Linear, Matrix, logistic, ridge};

/// Shares of the rows to fit on and to choose the penalty by.
const SHARES: [f64; 2] = [0.8, 0.1];
/// The penalties to choose from.
const PENALTIES: [f64; 6] = [0.1, 1.0, 10.0, 100.0, 1e3, 1e4];
/// A column that varies less is constant.
const CONSTANT: f64 = 1e-9;

/// Mean and population deviation over splits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Mean.
    pub mean: f64,
    /// Deviation.
    pub deviation: f64,
}

/// What a linear model of features reaches on the test rows of one scaffold split: RMSE, or the area under the ROC curve
/// where all targets are 0 or 1. `None` where no penalty gives a model, or a part of the split has one class alone.
///
/// Rows are split by `balanced_scaffold_split` with this seed, 80/10/10; columns are standardised on the training rows; of
/// the penalties the one that is best on the validation rows is taken.
pub fn probe(table: &Table, x: &Matrix, seed: u64) -> Option<f64> {
    let split = split(table, seed);
    let part = |rows: &[usize]| -> (Matrix, Vec<f64>) { (x.pick(rows), targets(table, rows)) };
    let (train, valid, test) = (part(&split.train), part(&split.valid), part(&split.test));
    let scale = Scale::of(&train.0);
    let fits = match table.is_classes() {
        true => logistic(&scale.apply(&train.0), &train.1, &PENALTIES),
        false => ridge(&scale.apply(&train.0), &train.1, &PENALTIES),
    };
    let score =
        |model: &Linear, (x, y): &(Matrix, Vec<f64>)| score(table, &model.of(&scale.apply(x)), y);
    let valued = fits.into_iter().flatten();
    let valued = valued.filter_map(|model| Some((score(&model, &valid)?, model)));
    let better = |a: f64, b: f64| if table.is_classes() { a > b } else { a < b };
    let best = valued.reduce(|best, next| if better(next.0, best.0) { next } else { best });
    score(&best?.1, &test)
}

/// What [`probe`] would say of features that tell nothing: the score of the mean of the training rows.
pub fn constant(table: &Table, seed: u64) -> Option<f64> {
    let split = split(table, seed);
    let (train, test) = (targets(table, &split.train), targets(table, &split.test));
    let mean = train.iter().sum::<f64>() / train.len().max(1) as f64;
    score(table, &vec![mean; test.len()], &test)
}

fn split(table: &Table, seed: u64) -> Split {
    let keys: Vec<Option<String>> = table
        .molecules
        .iter()
        .map(|molecule| scaffold(molecule).map(|scaffold| scaffold.canonical_smiles()))
        .collect();
    balanced_scaffold_split(&keys, SHARES[0], SHARES[1], seed)
}

fn targets(table: &Table, rows: &[usize]) -> Vec<f64> {
    rows.iter().map(|&row| table.targets[row]).collect()
}

fn score(table: &Table, given: &[f64], right: &[f64]) -> Option<f64> {
    match table.is_classes() {
        true => roc_auc(given, right),
        false => rmse(given, right),
    }
}

/// Mean and deviation of what `one` gives for each seed; `None` where a seed gives nothing.
pub fn spread(seeds: u64, one: impl FnMut(u64) -> Option<f64>) -> Option<Spread> {
    let values: Vec<f64> = (0..seeds).map(one).collect::<Option<_>>()?;
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>()
        / count;
    Some(Spread {
        mean,
        deviation: variance.sqrt(),
    })
}

/// Shift and scale of the columns that vary.
struct Scale {
    columns: Vec<(usize, f64, f64)>,
}

impl Scale {
    fn of(x: &Matrix) -> Self {
        let count = x.rows() as f64;
        let column = |column: usize| {
            let values = || (0..x.rows()).map(|row| x.row(row)[column]);
            let mean = values().sum::<f64>() / count;
            let variance = values().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
            (column, mean, variance.sqrt())
        };
        let columns = (0..x.width).map(column);
        Self {
            columns: columns
                .filter(|(_, _, deviation)| *deviation > CONSTANT)
                .collect(),
        }
    }

    fn apply(&self, x: &Matrix) -> Matrix {
        let row = |row: &[f64]| -> Vec<f64> {
            let columns = self.columns.iter();
            columns
                .map(|&(column, mean, deviation)| (row[column] - mean) / deviation)
                .collect()
        };
        Matrix {
            width: self.columns.len(),
            values: (0..x.rows())
                .flat_map(|number| row(x.row(number)))
                .collect(),
        }
    }
}

fn rmse(given: &[f64], right: &[f64]) -> Option<f64> {
    let squares: f64 = given.iter().zip(right).map(|(a, b)| (a - b).powi(2)).sum();
    (!right.is_empty()).then(|| (squares / right.len() as f64).sqrt())
}

/// The chance that a row of class 1 stands above one of class 0, ties counting half; `None` without rows of both.
fn roc_auc(given: &[f64], right: &[f64]) -> Option<f64> {
    let side = |class: f64| -> Vec<f64> {
        let rows = given
            .iter()
            .zip(right)
            .filter(|(_, right)| **right == class);
        rows.map(|(given, _)| *given).collect()
    };
    let (above, below) = (side(1.0), side(0.0));
    let pairs = above.len() * below.len();
    let wins = above.iter().flat_map(|a| {
        below.iter().map(move |b| match a.total_cmp(b) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        })
    });
    (pairs > 0).then(|| wins.sum::<f64>() / pairs as f64)
}

#[cfg(test)]
mod tests {
    use super::{Matrix, Scale, rmse, roc_auc, spread};

    #[test]
    fn scores_are_those_of_the_textbook() {
        assert_eq!(rmse(&[1.0, 3.0], &[0.0, 3.0 + 7f64.sqrt()]), Some(2.0));
        let auc = roc_auc(&[0.1, 0.4, 0.35, 0.8], &[0.0, 0.0, 1.0, 1.0]);
        assert_eq!(auc, Some(0.75), "scikit-learn's example");
        assert_eq!(roc_auc(&[0.5, 0.5], &[0.0, 1.0]), Some(0.5));
        assert_eq!(roc_auc(&[0.5, 0.5], &[1.0, 1.0]), None);
        let spread = spread(2, |seed| Some(1.0 + 2.0 * seed as f64)).unwrap();
        assert_eq!((spread.mean, spread.deviation), (2.0, 1.0));
    }

    #[test]
    fn columns_are_standardised_and_constant_ones_dropped() {
        let x = Matrix {
            width: 2,
            values: vec![1.0, 5.0, 3.0, 5.0],
        };
        let scaled = Scale::of(&x).apply(&x);
        assert_eq!((scaled.width, scaled.values), (1, vec![-1.0, 1.0]));
    }
}
