//! All points within a radius.

use super::grid::Grid;
use super::{NeighbourError, Neighbours, squared_distance};

/// Per point, the other points whose distance is at most `radius` (angstrom), ascending by index.
///
/// Distances are compared as squares in single precision. A radius that is negative or not a number gives no neighbours.
///
/// # Errors
/// [`NeighbourError`]: too many points, or more than [`super::MAX_PAIRS`] neighbours.
pub fn within(points: &[[f32; 3]], radius: f32) -> Result<Neighbours, NeighbourError> {
    let mut neighbours = Neighbours::new(points.len());
    if radius.is_nan() || radius < 0.0 {
        return Ok(neighbours);
    }
    // Wide enough for every pair that rounding of the squares lets in, to zero where they underflow.
    let edge = (f64::from(radius) * (1.0 + 1e-5)).max(1e-18);
    let grid = Grid::new(points, edge)?;
    let most = radius * radius;
    let offsets: [i64; 9] =
        std::array::from_fn(|row| grid.row_offset(row as i64 / 3 - 1, row as i64 % 3 - 1));
    // Cells are visited in ascending order, so what lies beside them ascends too.
    let mut firsts = [0usize; 9];
    let mut near: Vec<u32> = Vec::new();
    for (cell, &key) in grid.keys.iter().enumerate() {
        let rows: [_; 9] = std::array::from_fn(|row| {
            let centre = key.wrapping_add_signed(offsets[row]);
            let first = &mut firsts[row];
            while grid.keys.get(*first).is_some_and(|&key| key < centre - 1) {
                *first += 1;
            }
            let beside = &grid.keys[*first..grid.keys.len().min(*first + 3)];
            let length = beside.iter().take_while(|&&key| key <= centre + 1).count();
            grid.points_of(*first..*first + length)
        });
        let candidates: usize = rows.iter().map(ExactSizeIterator::len).sum();
        near.resize(near.len().max(candidates), 0);
        for here in grid.points_of(cell..cell + 1) {
            let (point, index) = (grid.points[here], grid.order[here]);
            let mut found = 0;
            for row in &rows {
                for (&other, &number) in grid.points[row.clone()]
                    .iter()
                    .zip(&grid.order[row.clone()])
                {
                    // Written always and kept if near: whether it is near cannot be predicted.
                    near[found] = number;
                    found += usize::from(squared_distance(point, other) <= most && number != index);
                }
            }
            let list = &mut near[..found];
            list.sort_unstable();
            neighbours.set(index, list.iter().copied())?;
        }
    }
    Ok(neighbours)
}
