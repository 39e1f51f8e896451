//! Sums of scattered rows: the inner loop of every reduction by segment on the flex backend.

use multiversion::multiversion;
use rayon::prelude::*;

use super::{CHUNK, row_index::RowIndex};

/// Columns that are summed at once: as many as stay in registers.
const LANES: usize = 64;

/// `out` = the sum of `count` rows of `source`, the i-th of them row `row(i)`, in that order.
#[inline(always)]
fn sum(out: &mut [f32], source: &[f32], count: usize, row: impl Fn(usize) -> usize) {
    let width = out.len();
    let mut begin = 0;
    let mut blocks = out.chunks_exact_mut(LANES);
    for block in &mut blocks {
        let mut totals = [0f32; LANES];
        for i in 0..count {
            let values = &source[row(i) * width + begin..][..LANES];
            for (total, value) in totals.iter_mut().zip(values) {
                *total += value;
            }
        }
        block.copy_from_slice(&totals);
        begin += LANES;
    }
    let rest = blocks.into_remainder();
    rest.fill(0.0);
    for i in 0..count {
        let values = &source[row(i) * width + begin..][..rest.len()];
        for (total, value) in rest.iter_mut().zip(values) {
            *total += value;
        }
    }
}

/// `out` = the sum of these rows of `source`, in this order.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
pub(super) fn sum_rows(out: &mut [f32], source: &[f32], rows: &[u32]) {
    sum(out, source, rows.len(), |i| rows[i] as usize);
}

/// `out` = the sum of the rows `index[p]` of `source` for these positions `p`, in this order.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
pub(super) fn sum_rows_at(out: &mut [f32], source: &[f32], positions: &[u32], index: &[u32]) {
    sum(out, source, positions.len(), |i| {
        index[positions[i] as usize] as usize
    });
}

/// Fills every row of `out`, of this width, by `kernel(row, its values)`. Who computes a row does not change it: tasks are as
/// large as pays, by what a row takes on average.
pub(super) fn by_segment(
    out: &mut [f32],
    width: usize,
    index: &RowIndex,
    kernel: impl Fn(usize, &mut [f32]) + Sync,
) {
    let degree = index.len() / index.rows().max(1) + 1;
    by_row(out, width, width * degree, kernel);
}

/// As [`by_segment`], for rows that take `work` additions each.
pub(super) fn by_row(
    out: &mut [f32],
    width: usize,
    work: usize,
    kernel: impl Fn(usize, &mut [f32]) + Sync,
) {
    out.par_chunks_mut(width)
        .with_min_len((CHUNK / work.max(1)).max(1))
        .enumerate()
        .for_each(|(row, out)| kernel(row, out));
}

/// `out += row`.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
pub(super) fn add_row(out: &mut [f32], row: &[f32]) {
    for (out, value) in out.iter_mut().zip(row) {
        *out += value;
    }
}

/// Rows of one partial sum of [`column_sums`].
const ROWS: usize = 256;

/// `out` = the sum of all rows of `x`, in one fixed order for any number of threads.
pub(super) fn column_sums(out: &mut [f32], x: &[f32]) {
    let width = out.len().max(1);
    let partial: Vec<Vec<f32>> = x
        .par_chunks(ROWS * width)
        .map(|rows| {
            let mut total = vec![0f32; width];
            rows.chunks_exact(width)
                .for_each(|row| add_row(&mut total, row));
            total
        })
        .collect();
    out.fill(0.0);
    partial.iter().for_each(|row| add_row(out, row));
}
