//! Distances and sequence offsets as smooth columns of numbers.

use serde::{Deserialize, Serialize};

/// Gaussian radial basis functions: column `c` is `exp(-((d - μ_c) / σ)²)` with `count` centres μ from `min` to `max`
/// at equal steps and `σ = (max - min) / count`, angstrom.
///
/// Source: gvp-pytorch (arXiv 2009.01411), whose width is the range over the number of centres, not over the steps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rbf {
    /// First centre, angstrom.
    pub min: f32,
    /// Last centre, angstrom.
    pub max: f32,
    /// Number of centres.
    pub count: u16,
}

impl Rbf {
    /// Appends the columns of a distance.
    pub fn extend(&self, distance: f64, row: &mut Vec<f32>) {
        let (min, range) = (
            f64::from(self.min),
            f64::from(self.max) - f64::from(self.min),
        );
        let steps = f64::from(self.count.max(2) - 1);
        let width = range / f64::from(self.count.max(1));
        row.extend((0..self.count).map(|column| {
            let centre = min + range * f64::from(column) / steps;
            (-((distance - centre) / width).powi(2)).exp() as f32
        }));
    }
}

/// Appends `width / 2` cosines, then as many sines, of a sequence offset at the wavelengths of the Transformer:
/// frequency `k` is `10000^(-2k / width)`.
///
/// Source: gvp-pytorch (arXiv 2009.01411) after Vaswani et al. 2017.
pub fn extend_offset(offset: f64, width: u16, row: &mut Vec<f32>) {
    let waves = usize::from(width / 2);
    let angle =
        |wave: usize| offset * (-2.0 * wave as f64 * 10_000f64.ln() / f64::from(width)).exp();
    row.extend((0..waves).map(|wave| angle(wave).cos() as f32));
    row.extend((0..waves).map(|wave| angle(wave).sin() as f32));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_centre_gives_one_and_the_width_is_the_range_over_the_count() {
        let basis = Rbf {
            min: 0.0,
            max: 20.0,
            count: 16,
        };
        let mut row = Vec::new();
        basis.extend(20.0 / 15.0, &mut row);
        assert_eq!((row.len(), row[1]), (16, 1.0));
        let expected = (-(20.0f64 / 15.0 / 1.25).powi(2)).exp();
        assert!((f64::from(row[0]) - expected).abs() < 1e-7);
    }

    #[test]
    fn offsets_start_with_the_shortest_wave() {
        let mut row = Vec::new();
        extend_offset(-3.0, 16, &mut row);
        assert_eq!(row.len(), 16);
        assert!((row[0] - (-3f32).cos()).abs() < 1e-6 && (row[8] - (-3f32).sin()).abs() < 1e-6);
    }
}
