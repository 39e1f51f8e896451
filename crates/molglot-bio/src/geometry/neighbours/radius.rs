//! All points within a radius.

use super::grid::Grid;
use super::{NeighbourError, Neighbours, squared_distance};

/// From so many points in a cell on, their candidates are sorted rather than each one's neighbours.
const SORT_ONCE: usize = 8;

/// Per point, the other points whose distance is at most `radius` (angstrom), ascending by index.
///
/// Distances are compared as squares in single precision. A radius that is negative or not a number gives no neighbours.
///
/// # Errors
/// [`NeighbourError`]: too many points, or more than [`super::MAX_PAIRS`] neighbours.
pub fn within(points: &[[f32; 3]], radius: f32) -> Result<Neighbours, NeighbourError> {
    if radius.is_nan() || radius < 0.0 {
        return Ok(Neighbours::none(points.len()));
    }
    // Wide enough for every pair that rounding of the squares lets in, to zero where they underflow.
    let edge = (f64::from(radius) * (1.0 + 1e-5)).max(1e-18);
    let grid = Grid::new(points, edge)?;
    let most = radius * radius;
    Neighbours::of_grid(
        points.len(),
        &grid,
        Candidates::default,
        |candidates, cell, part, lists| {
            candidates.gather(&grid, cell, part.len());
            for here in part {
                lists.push(candidates.within(grid.points[here], grid.order[here], most));
            }
        },
    )
}

/// The points in and around a cell: their coordinates apart, so that several are compared in one step, and their numbers.
#[derive(Default)]
struct Candidates {
    x: Vec<f32>,
    y: Vec<f32>,
    z: Vec<f32>,
    numbers: Vec<u32>,
    /// Whether the numbers ascend.
    sorted: bool,
    order: Vec<u64>,
    is_near: Vec<u8>,
    near: Vec<u32>,
    /// Where the rows around the last cell began, as cells.
    firsts: Option<[usize; 9]>,
}

impl Candidates {
    /// Gathers what is around a cell for so many points that will ask.
    fn gather(&mut self, grid: &Grid, cell: usize, askers: usize) {
        let key = grid.keys[cell];
        self.order.clear();
        // The cell before the one of the same height, in the nine rows around.
        let before: [u64; 9] = std::array::from_fn(|row| {
            let offset = grid.row_offset(row as i64 / 3 - 1, row as i64 % 3 - 1);
            key.wrapping_add_signed(offset) - 1
        });
        let rank = |before| grid.keys.partition_point(|&key| key < before);
        let firsts = self.firsts.get_or_insert_with(|| before.map(rank));
        for (first, before) in firsts.iter_mut().zip(before) {
            // Cells are visited in ascending order, so what lies beside them ascends too.
            while grid.keys.get(*first).is_some_and(|&key| key < before) {
                *first += 1;
            }
            let beside = &grid.keys[*first..grid.keys.len().min(*first + 3)];
            let length = beside.iter().take_while(|&&key| key <= before + 2).count();
            let range = grid.points_of(*first..*first + length);
            let numbers = grid.order[range.clone()].iter().zip(range);
            self.order
                .extend(numbers.map(|(&number, at)| u64::from(number) << 32 | at as u64));
        }
        // One sort of many candidates, or one sort per list of neighbours.
        self.sorted = askers > SORT_ONCE;
        if self.sorted {
            self.order.sort_unstable();
        }
        self.numbers.clear();
        self.numbers
            .extend(self.order.iter().map(|&packed| (packed >> 32) as u32));
        for (axis, values) in [&mut self.x, &mut self.y, &mut self.z]
            .into_iter()
            .enumerate()
        {
            values.clear();
            values.extend(
                self.order
                    .iter()
                    .map(|&packed| grid.points[packed as u32 as usize][axis]),
            );
        }
        self.is_near.resize(self.order.len(), 0);
        self.near.resize(self.order.len(), 0);
    }

    /// The numbers of the candidates near a point, ascending, without its own.
    fn within(&mut self, point: [f32; 3], number: u32, most: f32) -> impl Iterator<Item = u32> {
        let coordinates = self.x.iter().zip(&self.y).zip(&self.z);
        for (is_near, ((&x, &y), &z)) in self.is_near.iter_mut().zip(coordinates) {
            *is_near = u8::from(squared_distance(point, [x, y, z]) <= most);
        }
        let mut found = 0;
        for (&other, &is_near) in self.numbers.iter().zip(&self.is_near) {
            // Written always and kept if near: whether it is near cannot be predicted.
            self.near[found] = other;
            found += usize::from(is_near) & usize::from(other != number);
        }
        let near = &mut self.near[..found];
        if !self.sorted {
            near.sort_unstable();
        }
        near.iter().copied()
    }
}
