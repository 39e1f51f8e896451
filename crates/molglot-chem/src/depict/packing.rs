//! Fragments of a drawing: each turned to lie flat, all side by side.

use std::f64::consts::PI;

use super::layout::{BOND, Place};
use crate::molecule::Molecule;

/// Turns a fragment in steps of 30 degrees, so that it fills a picture of 4 to 3 best.
pub(super) fn lay_down(places: &mut [Place], fragment: &[u32]) {
    /// A turn is worth a picture that is larger by a tenth.
    const GAIN: f64 = 1.1;
    /// What fits a usual picture anyway.
    const SMALL: f64 = 2.4 * BOND;
    let turned = |place: Place, step: u32| {
        let (sine, cosine) = (PI / 6.0 * f64::from(step)).sin_cos();
        let [x, y] = place;
        [cosine * x - sine * y, sine * x + cosine * y]
    };
    let size = |step: u32| {
        let mut low = [f64::INFINITY; 2];
        let mut high = [f64::NEG_INFINITY; 2];
        for &atom in fragment {
            let place = turned(places[atom as usize], step);
            for axis in 0..2 {
                low[axis] = low[axis].min(place[axis]);
                high[axis] = high[axis].max(place[axis]);
            }
        }
        let [wide, high] = [0, 1].map(|axis| high[axis] - low[axis] + BOND);
        (wide / 4.0).max(high / 3.0).max(SMALL)
    };
    let (mut best, mut best_size) = (0, size(0));
    for step in 1..6 {
        let size = size(step);
        if size * GAIN < best_size {
            (best, best_size) = (step, size);
        }
    }
    if best > 0 {
        for &atom in fragment {
            places[atom as usize] = turned(places[atom as usize], best);
        }
    }
}

/// Lays fragments in rows, from left to right and from the top down, in a block that is wider than
/// it is high.
pub(super) fn place_side_by_side(molecule: &Molecule, places: &mut [Place]) {
    const GAP: f64 = 1.5 * BOND;
    let count = molecule.fragment_count();
    if count < 2 {
        return;
    }
    let mut low = vec![[f64::INFINITY; 2]; count];
    let mut high = vec![[f64::NEG_INFINITY; 2]; count];
    for (place, &fragment) in places.iter().zip(molecule.fragments()) {
        for axis in 0..2 {
            let (low, high) = (&mut low[fragment as usize], &mut high[fragment as usize]);
            low[axis] = low[axis].min(place[axis]);
            high[axis] = high[axis].max(place[axis]);
        }
    }
    let extent =
        |fragment: usize| [0, 1].map(|axis| high[fragment][axis] - low[fragment][axis] + GAP);
    let area: f64 = (0..count)
        .map(|fragment| extent(fragment).iter().product::<f64>())
        .sum();
    let widest = (0..count)
        .map(|fragment| extent(fragment)[0])
        .fold(0.0, f64::max);
    let row_width = widest.max(1.6 * area.sqrt());
    let mut moves = vec![[0.0; 2]; count];
    let (mut row, mut top, mut left, mut height) = (0, 0.0, 0.0, 0.0f64);
    for fragment in 0..=count {
        let is_last = fragment == count;
        if is_last || left > 0.0 && left + extent(fragment)[0] > row_width {
            // The fragments of a row have their middles on one line.
            for (in_row, shift) in moves.iter_mut().enumerate().take(fragment).skip(row) {
                shift[1] = top - 0.5 * (height + low[in_row][1] + high[in_row][1]);
            }
            (row, top, left, height) = (fragment, top - height, 0.0, 0.0);
        }
        if !is_last {
            let [wide, high] = extent(fragment);
            moves[fragment][0] = left - low[fragment][0];
            left += wide;
            height = height.max(high);
        }
    }
    for (place, &fragment) in places.iter_mut().zip(molecule.fragments()) {
        for (value, shift) in place.iter_mut().zip(moves[fragment as usize]) {
            *value += shift;
        }
    }
}
