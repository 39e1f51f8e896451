//! Points sorted into cubic cells.

use std::ops::Range;

use super::NeighbourError;

/// The most cells along an axis. Points farther out share the last cell, which costs time and changes nothing else.
const MAX_CELLS: u64 = 1 << 20;

/// Occupied cells in ascending order of their number, and their points.
///
/// A cell `(x, y, z)`, counted from 1, has the number `(x * height + y) * depth + z`. One layer of cells around the grid is
/// never occupied, so the cells beside a cell are at fixed offsets from its number and those along z follow each other.
pub(super) struct Grid {
    low: [f64; 3],
    edge: f64,
    cells: [u64; 3],
    /// Numbers of occupied cells.
    pub(super) keys: Vec<u64>,
    /// Per occupied cell, its first point; one more at the end.
    pub(super) starts: Vec<u32>,
    /// The index of each point in the slice, cell by cell, ascending within a cell.
    pub(super) order: Vec<u32>,
    /// The points in that order.
    pub(super) points: Vec<[f32; 3]>,
    /// Per cell number, how many occupied cells have a smaller one; empty until [`Self::rank`].
    ranks: Vec<u32>,
}

impl Grid {
    /// Sorts points into cells of an edge length, angstrom; it is raised where there would be too many cells to number.
    pub(super) fn new(points: &[[f32; 3]], edge: f64) -> Result<Self, NeighbourError> {
        if u32::try_from(points.len()).is_err() {
            return Err(NeighbourError::TooManyPoints(points.len()));
        }
        let (low, extent) = bounds(points);
        let smallest = extent
            .iter()
            .fold(f64::MIN_POSITIVE, |most, &e| most.max(e))
            / MAX_CELLS as f64;
        let edge = edge.max(smallest);
        let cells = extent.map(|extent| ((extent / edge) as u64).min(MAX_CELLS - 1) + 1);
        let mut grid = Self {
            low,
            edge,
            cells,
            keys: Vec::new(),
            starts: Vec::new(),
            order: Vec::new(),
            points: Vec::new(),
            ranks: Vec::new(),
        };
        let numbered = points
            .iter()
            .zip(0u32..)
            .filter(|(point, _)| is_finite(point))
            .map(|(point, index)| (grid.key(grid.cell(*point)), index));
        let largest = grid.key(cells);
        // Half the memory to sort where cell number and index fit into one word, as they do but for vast clouds.
        if largest <= u64::from(u32::MAX) {
            let mut packed: Vec<u64> = numbered
                .map(|(key, index)| key << 32 | u64::from(index))
                .collect();
            sort_by_key(&mut packed, largest, |word| word >> 32);
            grid.fill(points, packed.iter().map(|&word| (word >> 32, word as u32)));
        } else {
            let mut pairs: Vec<(u64, u32)> = numbered.collect();
            sort_by_key(&mut pairs, largest, |&(key, _)| key);
            grid.fill(points, pairs.into_iter());
        }
        Ok(grid)
    }

    /// Makes [`Self::row`] a look at a table instead of a binary search, unless the table would take more memory than the
    /// points do.
    pub(super) fn rank(&mut self) {
        let largest = self.key(self.cells);
        if largest >= 4 * self.points.len() as u64 {
            return;
        }
        self.ranks.reserve_exact(largest as usize + 2);
        for (&key, rank) in self.keys.iter().zip(0..) {
            self.ranks.resize(key as usize + 1, rank);
        }
        self.ranks
            .resize(largest as usize + 2, self.keys.len() as u32);
    }

    /// How many occupied cells have a number below this one.
    fn rank_of(&self, key: u64) -> usize {
        match self.ranks.get(key as usize) {
            Some(&rank) => rank as usize,
            None => self.keys.partition_point(|&known| known < key),
        }
    }

    /// The occupied cell of a point, given by its place in the order of the grid.
    pub(super) fn cell_of(&self, at: usize) -> usize {
        self.starts.partition_point(|&start| start as usize <= at) - 1
    }

    /// Stores points that ascend by cell.
    fn fill(&mut self, points: &[[f32; 3]], sorted: impl ExactSizeIterator<Item = (u64, u32)>) {
        self.order.reserve_exact(sorted.len());
        self.points.reserve_exact(sorted.len());
        for (key, index) in sorted {
            if self.keys.last() != Some(&key) {
                self.keys.push(key);
                self.starts.push(self.order.len() as u32);
            }
            self.order.push(index);
            self.points.push(points[index as usize]);
        }
        self.starts.push(self.order.len() as u32);
    }

    /// The cell of a finite point, counted from 1.
    pub(super) fn cell(&self, point: [f32; 3]) -> [u64; 3] {
        std::array::from_fn(|axis| {
            let steps = (f64::from(point[axis]) - self.low[axis]) / self.edge;
            (steps as u64).min(self.cells[axis] - 1) + 1
        })
    }

    fn key(&self, [x, y, z]: [u64; 3]) -> u64 {
        (x * (self.cells[1] + 2) + y) * (self.cells[2] + 2) + z
    }

    /// How far the number of a cell is from that of the cell `(dx, dy)` away.
    pub(super) fn row_offset(&self, dx: i64, dy: i64) -> i64 {
        (dx * (self.cells[1] + 2) as i64 + dy) * (self.cells[2] + 2) as i64
    }

    /// The points of a range of occupied cells.
    pub(super) fn points_of(&self, cells: Range<usize>) -> Range<usize> {
        self.starts[cells.start] as usize..self.starts[cells.end] as usize
    }

    /// The points in the cells `low..=high` of the row `(x, y)`.
    pub(super) fn row(&self, [x, y]: [i64; 2], low: i64, high: i64) -> Range<usize> {
        let inside = |value: i64, axis: usize| (1..=self.cells[axis] as i64).contains(&value);
        let (low, high) = (low.max(1), high.min(self.cells[2] as i64));
        if !inside(x, 0) || !inside(y, 1) || low > high {
            return 0..0;
        }
        let first = self.key([x as u64, y as u64, low as u64]);
        let last = self.key([x as u64, y as u64, high as u64]);
        self.points_of(self.rank_of(first)..self.rank_of(last + 1))
    }

    /// How far a point of a cell is at least from every point outside the block of `shells` cells around its cell;
    /// infinite where the block covers the grid.
    pub(super) fn reach(&self, point: [f32; 3], cell: [u64; 3], shells: u64) -> f64 {
        let along = |axis: usize| {
            let (at, value) = (cell[axis], f64::from(point[axis]) - self.low[axis]);
            let below = match at > shells + 1 {
                true => value - (at - 1 - shells) as f64 * self.edge,
                false => f64::INFINITY,
            };
            let above = match at + shells < self.cells[axis] {
                true => (at + shells) as f64 * self.edge - value,
                false => f64::INFINITY,
            };
            below.min(above)
        };
        along(0).min(along(1)).min(along(2))
    }
}

pub(super) fn is_finite(point: &[f32; 3]) -> bool {
    point.iter().all(|value| value.is_finite())
}

/// The lowest corner and the extent of the finite points.
pub(super) fn bounds(points: &[[f32; 3]]) -> ([f64; 3], [f64; 3]) {
    let mut finite = points.iter().filter(|point| is_finite(point));
    let Some(&first) = finite.next() else {
        return ([0.0; 3], [0.0; 3]);
    };
    let (mut low, mut high) = (first, first);
    for point in finite {
        for axis in 0..3 {
            low[axis] = low[axis].min(point[axis]);
            high[axis] = high[axis].max(point[axis]);
        }
    }
    let extent = std::array::from_fn(|axis| f64::from(high[axis]) - f64::from(low[axis]));
    (low.map(f64::from), extent)
}

/// Sorts by key, stably, in as many passes as the largest key has digits of eleven bits.
fn sort_by_key<T: Copy + Default>(items: &mut Vec<T>, largest: u64, key: impl Fn(&T) -> u64) {
    const BITS: u32 = 11;
    let mut sorted = vec![T::default(); items.len()];
    let mut shift = 0;
    while shift < u64::BITS && largest >> shift > 0 {
        let digit = |item: &T| (key(item) >> shift) as usize & ((1 << BITS) - 1);
        let mut next = [0usize; 1 << BITS];
        items.iter().for_each(|item| next[digit(item)] += 1);
        let mut total = 0;
        for count in &mut next {
            total += std::mem::replace(count, total);
        }
        for item in items.iter() {
            let place = &mut next[digit(item)];
            sorted[*place] = *item;
            *place += 1;
        }
        std::mem::swap(items, &mut sorted);
        shift += BITS;
    }
}
