//! The nearest points.

use std::ops::Range;

use super::grid::{Grid, bounds};
use super::{NeighbourError, Neighbours, squared_distance};

/// Per point, the `k` nearest other points, by ascending distance and, where distances agree, by index; fewer where there
/// are fewer points.
///
/// Distances are compared as squares in single precision.
///
/// # Errors
/// [`NeighbourError`]: too many points, or more than [`super::MAX_PAIRS`] neighbours.
pub fn nearest(points: &[[f32; 3]], k: usize) -> Result<Neighbours, NeighbourError> {
    if k == 0 || points.is_empty() {
        return Ok(Neighbours::none(points.len()));
    }
    let mut grid = sized(points, k)?;
    grid.rank();
    let scratch = || (Block::default(), Best::new(k));
    Neighbours::of_grid(
        points.len(),
        &grid,
        scratch,
        |(block, best), _, part, lists| {
            let cell = grid.cell(grid.points[part.start]);
            block.clear();
            for here in part {
                best.clear();
                look_around(&grid, cell, here, block, best);
                lists.push(best.sorted().iter().map(|&packed| packed as u32));
            }
        },
    )
}

/// Offers the points around one in shells of cells, until no farther one can be among the best.
fn look_around(grid: &Grid, cell: [u64; 3], here: usize, block: &mut Block, best: &mut Best) {
    let (point, index) = (grid.points[here], grid.order[here]);
    for shell in 0.. {
        for range in block.shell(grid, cell, shell) {
            let others = grid.points[range.clone()]
                .iter()
                .zip(&grid.order[range.clone()]);
            for (&other, &number) in others {
                if number != index {
                    best.offer(squared_distance(point, other), number);
                }
            }
        }
        let reach = grid.reach(point, cell, shell as u64) * (1.0 - 1e-5);
        let is_enough = best
            .farthest()
            .is_some_and(|far| f64::from(far) < reach * reach);
        if is_enough || reach.is_infinite() || block.is_all(shell) {
            return;
        }
    }
}

/// A grid with a few points in each occupied cell, so that the first two shells hold about all that is wanted.
fn sized(points: &[[f32; 3]], k: usize) -> Result<Grid, NeighbourError> {
    const ROUNDS: usize = 30;
    let target = (k as f64 / 4.0).max(2.0);
    let (_, extent) = bounds(points);
    let longest = extent.iter().fold(0f64, |most, &e| most.max(e));
    let volume: f64 = extent.iter().map(|e| e.max(longest * 1e-3)).product();
    let mut edge = (volume * target / points.len() as f64).cbrt();
    let mut grid = Grid::new(points, edge)?;
    for _ in 0..ROUNDS {
        let occupancy = grid.points.len() as f64 / grid.keys.len().max(1) as f64;
        if occupancy <= 4.0 * target || edge <= longest * 1e-6 {
            break;
        }
        edge /= 2.0;
        grid = Grid::new(points, edge)?;
    }
    Ok(grid)
}

/// The points around one cell in shells of growing distance, looked up once for all points of the cell.
#[derive(Default)]
struct Block {
    ranges: Vec<Range<usize>>,
    /// Per shell that was looked up, where its ranges end.
    ends: Vec<usize>,
    lookups: usize,
    /// The last shell holds all that no shell before it holds.
    everything: bool,
}

impl Block {
    fn clear(&mut self) {
        self.ranges.clear();
        self.ends.clear();
        self.lookups = 0;
        self.everything = false;
    }

    /// Whether the shells up to this one are all there is.
    fn is_all(&self, shell: usize) -> bool {
        self.everything && shell + 1 == self.ends.len()
    }

    /// The ranges of points of a shell; shells are asked for in order.
    fn shell(&mut self, grid: &Grid, cell: [u64; 3], shell: usize) -> &[Range<usize>] {
        if shell == self.ends.len() {
            self.look_up(grid, cell.map(|value| value as i64), shell as i64);
            self.ends.push(self.ranges.len());
        }
        let start = shell.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.ranges[start..self.ends[shell]]
    }

    fn look_up(&mut self, grid: &Grid, [x, y, z]: [i64; 3], shell: i64) {
        // A cloud with wide gaps: one look at every point costs less than many at empty cells.
        if self.lookups > grid.keys.len() {
            self.everything = true;
            self.add_the_rest(grid);
            return;
        }
        for dx in -shell..=shell {
            for dy in -shell..=shell {
                let row = [x + dx, y + dy];
                if dx.abs().max(dy.abs()) == shell {
                    self.add(grid.row(row, z - shell, z + shell));
                } else {
                    self.add(grid.row(row, z - shell, z - shell));
                    self.add(grid.row(row, z + shell, z + shell));
                }
            }
        }
    }

    fn add(&mut self, range: Range<usize>) {
        self.lookups += 1;
        if !range.is_empty() {
            self.ranges.push(range);
        }
    }

    fn add_the_rest(&mut self, grid: &Grid) {
        let mut known = self.ranges.clone();
        known.sort_unstable_by_key(|range| range.start);
        let mut from = 0;
        for range in known {
            self.ranges.push(from..range.start);
            from = range.end;
        }
        self.ranges.push(from..grid.points.len());
    }
}

/// The best candidates so far, as numbers whose order is that of distance, then index: the bits of a float that is not
/// negative ascend with its value.
struct Best {
    k: usize,
    kept: Vec<u64>,
    /// What is not below this cannot be among the best.
    bound: u64,
}

impl Best {
    fn new(k: usize) -> Self {
        Self {
            k,
            kept: Vec::new(),
            bound: u64::MAX,
        }
    }

    fn clear(&mut self) {
        self.kept.clear();
        self.bound = u64::MAX;
    }

    #[inline]
    fn offer(&mut self, squared: f32, index: u32) {
        let packed = u64::from(squared.to_bits()) << 32 | u64::from(index);
        if packed < self.bound {
            self.kept.push(packed);
            if self.kept.len() >= 2 * self.k + 16 {
                self.prune();
            }
        }
    }

    fn prune(&mut self) {
        if self.kept.len() >= self.k {
            let (_, &mut last, _) = self.kept.select_nth_unstable(self.k - 1);
            self.kept.truncate(self.k);
            self.bound = last;
        }
    }

    /// The squared distance of the last of the best, where there are enough.
    fn farthest(&mut self) -> Option<f32> {
        self.prune();
        (self.kept.len() == self.k).then(|| f32::from_bits((self.bound >> 32) as u32))
    }

    fn sorted(&mut self) -> &[u64] {
        self.prune();
        self.kept.sort_unstable();
        &self.kept
    }
}
