//! Linear models with a penalty, solved exactly in double precision.

/// Rows of numbers, one behind the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matrix {
    /// Numbers in a row.
    pub width: usize,
    /// The rows.
    pub values: Vec<f64>,
}

impl Matrix {
    /// A row.
    pub fn row(&self, number: usize) -> &[f64] {
        &self.values[number * self.width..][..self.width]
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.values.len().checked_div(self.width).unwrap_or(0)
    }

    /// Some rows, in this order.
    pub fn pick(&self, rows: &[usize]) -> Self {
        let values = rows.iter().flat_map(|&row| self.row(row));
        Self {
            width: self.width,
            values: values.copied().collect(),
        }
    }
}

/// A linear function of a row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Linear {
    /// What each number counts.
    pub weights: Vec<f64>,
    /// Added to the sum.
    pub bias: f64,
}

impl Linear {
    /// The values of rows.
    pub fn of(&self, x: &Matrix) -> Vec<f64> {
        let value = |row: usize| self.bias + dot(x.row(row), &self.weights);
        (0..x.rows()).map(value).collect()
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The lower triangle of `L L^T = a`, row by row, in place; `None` where `a` is not positive definite.
///
/// `a` is symmetric of this size; its upper triangle is not read.
pub fn cholesky(a: &mut [f64], size: usize) -> Option<()> {
    for row in 0..size {
        let (above, here) = a.split_at_mut(row * size);
        for column in 0..row {
            let upper = &above[column * size..][..=column];
            let rest = here[column] - dot(&here[..column], &upper[..column]);
            here[column] = rest / upper[column];
        }
        let rest = here[row] - dot(&here[..row], &here[..row]);
        if rest.is_nan() || rest <= 0.0 {
            return None;
        }
        here[row] = rest.sqrt();
    }
    Some(())
}

/// The `x` of `L L^T x = b`.
fn substitute(l: &[f64], size: usize, mut b: Vec<f64>) -> Vec<f64> {
    for row in 0..size {
        let l = &l[row * size..][..=row];
        b[row] = (b[row] - dot(&l[..row], &b[..row])) / l[row];
    }
    for row in (0..size).rev() {
        b[row] /= l[row * size + row];
        for column in 0..row {
            b[column] -= l[row * size + column] * b[row];
        }
    }
    b
}

/// `X^T W X` of rows with a 1 behind each, lower triangle, and `X^T r`.
fn normal_equations(x: &Matrix, weights: &[f64], residuals: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let size = x.width + 1;
    let (mut gram, mut right) = (vec![0.0; size * size], vec![0.0; size]);
    let mut row = vec![1.0; size];
    for number in 0..x.rows() {
        row[..x.width].copy_from_slice(x.row(number));
        for (place, &value) in row.iter().enumerate() {
            right[place] += residuals[number] * value;
            let value = value * weights[number];
            if value != 0.0 {
                let sums = gram[place * size..][..=place].iter_mut();
                sums.zip(&row)
                    .for_each(|(sum, other)| *sum += value * other);
            }
        }
    }
    (gram, right)
}

/// Solves the normal equations with `penalty` on all weights but the bias.
fn solve(gram: &[f64], right: Vec<f64>, penalty: f64) -> Option<Vec<f64>> {
    let size = right.len();
    let mut system = gram.to_vec();
    for place in 0..size - 1 {
        system[place * size + place] += penalty;
    }
    cholesky(&mut system, size)?;
    Some(substitute(&system, size, right))
}

/// Ridge regression (Hoerl and Kennard, 1970): the least sum of squared errors and `penalty` times squared weights, for
/// each of the penalties. `None` where there is no single answer.
pub fn ridge(x: &Matrix, y: &[f64], penalties: &[f64]) -> Vec<Option<Linear>> {
    let (gram, right) = normal_equations(x, &vec![1.0; y.len()], y);
    let fit = |&penalty: &f64| Some(split(solve(&gram, right.clone(), penalty)?));
    penalties.iter().map(fit).collect()
}

/// Most steps of Newton's method; it needs about five.
const STEPS: usize = 25;
/// A step that changes no weight by more is the last.
const TOLERANCE: f64 = 1e-6;

/// Logistic regression of classes 0 and 1 with `penalty / 2` times squared weights, for each of the penalties, by Newton's
/// method: iteratively reweighted least squares. `None` where it does not settle.
pub fn logistic(x: &Matrix, y: &[f64], penalties: &[f64]) -> Vec<Option<Linear>> {
    let fit = |&penalty: &f64| {
        let mut model = Linear {
            weights: vec![0.0; x.width],
            bias: 0.0,
        };
        for _ in 0..STEPS {
            let chances: Vec<f64> = model
                .of(x)
                .iter()
                .map(|&at| 1.0 / (1.0 + (-at).exp()))
                .collect();
            let weights: Vec<f64> = chances
                .iter()
                .map(|chance| chance * (1.0 - chance))
                .collect();
            let residuals: Vec<f64> = y
                .iter()
                .zip(&chances)
                .map(|(y, chance)| y - chance)
                .collect();
            let (gram, mut right) = normal_equations(x, &weights, &residuals);
            for (right, weight) in right.iter_mut().zip(&model.weights) {
                *right -= penalty * weight;
            }
            let step = split(solve(&gram, right, penalty)?);
            let moved = step
                .weights
                .iter()
                .fold(step.bias.abs(), |most, by| most.max(by.abs()));
            model.bias += step.bias;
            model
                .weights
                .iter_mut()
                .zip(&step.weights)
                .for_each(|(weight, by)| *weight += by);
            if !moved.is_finite() {
                return None;
            }
            if moved < TOLERANCE {
                return Some(model);
            }
        }
        None
    };
    penalties.iter().map(fit).collect()
}

fn split(mut solution: Vec<f64>) -> Linear {
    let bias = solution.pop().unwrap_or_default();
    Linear {
        weights: solution,
        bias,
    }
}

#[cfg(test)]
mod tests {
    use super::{Matrix, cholesky, logistic, ridge};

    fn column(values: &[f64]) -> Matrix {
        Matrix {
            width: 1,
            values: values.to_vec(),
        }
    }

    #[test]
    fn the_textbook_factor() {
        let mut a = [4.0, 0.0, 0.0, 12.0, 37.0, 0.0, -16.0, -43.0, 98.0];
        cholesky(&mut a, 3).unwrap();
        assert_eq!(a, [2.0, 0.0, 0.0, 6.0, 1.0, 0.0, -8.0, 5.0, 3.0]);
        assert!(cholesky(&mut [1.0, 0.0, 2.0, 1.0], 2).is_none());
    }

    #[test]
    fn a_line_is_found_and_a_penalty_shrinks_it() {
        // y = 2 x + 1; centred, sum x^2 = 10, so the slope is 20 / (10 + penalty).
        let x = column(&[-1.0, 0.0, 1.0, 2.0, 3.0]);
        let y = [-1.0, 1.0, 3.0, 5.0, 7.0];
        let fits = ridge(&x, &y, &[0.0, 10.0]);
        for (fit, slope) in fits.iter().zip([2.0, 1.0]) {
            let fit = fit.as_ref().unwrap();
            assert!((fit.weights[0] - slope).abs() < 1e-12, "{fit:?}");
            assert!(
                (fit.bias + slope - 3.0).abs() < 1e-12,
                "the mean is met: {fit:?}"
            );
        }
    }

    #[test]
    fn odds_of_two_groups_are_found() {
        // 1 of 4 at x = 0, 3 of 4 at x = 1: log odds -ln 3 and ln 3.
        let x = column(&[0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
        let y = [1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0];
        let fit = logistic(&x, &y, &[0.0]).remove(0).unwrap();
        assert!((fit.bias + 3f64.ln()).abs() < 1e-9, "{fit:?}");
        assert!((fit.weights[0] - 2.0 * 3f64.ln()).abs() < 1e-9, "{fit:?}");
    }

    #[test]
    fn separable_groups_need_a_penalty() {
        let x = column(&[0.0, 0.0, 1.0, 1.0]);
        let y = [0.0, 0.0, 1.0, 1.0];
        // At the optimum the gradient vanishes: sum (y - p) x = penalty w.
        let fit = logistic(&x, &y, &[0.5]).remove(0).unwrap();
        let chances: Vec<f64> = fit
            .of(&x)
            .iter()
            .map(|at| 1.0 / (1.0 + (-at).exp()))
            .collect();
        let slope: f64 = (0..4)
            .map(|row| (y[row] - chances[row]) * x.values[row])
            .sum();
        assert!((slope - 0.5 * fit.weights[0]).abs() < 1e-9, "{fit:?}");
    }
}
