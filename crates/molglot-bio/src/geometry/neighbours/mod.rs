//! Neighbour search: all points within a radius, or the nearest `k`, of every point.
//!
//! Points are sorted into cubic cells by a radix sort of their cell numbers, and only cells near a point are looked at:
//! time and memory grow with the number of points and of neighbours, whatever the shape of the cloud, because empty cells
//! are not stored. Large clouds are searched on all threads, with the same result on any number of them. Points with a coordinate that is not finite have no neighbours and are nobody's neighbour.

mod grid;
mod nearest;
mod radius;

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use thiserror::Error;

use grid::Grid;

pub use nearest::nearest;
pub use radius::within;

/// The most neighbours, over all points, that a search returns: 2 GiB of indices.
pub const MAX_PAIRS: usize = 1 << 29;

/// Why a search was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NeighbourError {
    /// More points than a 32-bit index can name.
    #[error("{0} points; at most 4294967295 can be searched at once: split the set")]
    TooManyPoints(usize),
    /// More neighbours than [`MAX_PAIRS`].
    #[error(
        "more than {MAX_PAIRS} neighbours: choose a smaller radius or fewer neighbours per point"
    )]
    TooManyPairs,
}

/// The neighbours of every point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbours {
    /// Per point, the number of its list; `u32::MAX` where it has none. Lists stand in the order of the cells: close
    /// points have close lists.
    list_of: Vec<u32>,
    /// [`CHUNK`] lists each.
    chunks: Vec<Lists>,
    pairs: usize,
}

/// How many points are searched by one thread at a time.
const CHUNK: usize = 4096;

/// Lists of neighbours, one behind the other.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Lists {
    /// Per list, where it starts in `flat`; one more at the end.
    starts: Vec<u32>,
    flat: Vec<u32>,
}

impl Lists {
    fn push(&mut self, list: impl IntoIterator<Item = u32>) {
        self.flat.extend(list);
        self.starts.push(self.flat.len() as u32);
    }
}

/// Counts the neighbours of all threads, so that a search that finds too many ends before memory does.
struct Budget(AtomicUsize);

impl Budget {
    fn take(&self, pairs: usize) -> Result<(), NeighbourError> {
        match self.0.fetch_add(pairs, Ordering::Relaxed) + pairs <= MAX_PAIRS {
            true => Ok(()),
            false => Err(NeighbourError::TooManyPairs),
        }
    }
}

impl Neighbours {
    /// The lists of points that were sorted into a grid. `search` adds those of a part of a cell, given by the number of
    /// the cell and the points in the order of the grid; `scratch` makes what a thread needs for this.
    fn of_grid<S>(
        points: usize,
        grid: &Grid,
        scratch: impl Fn() -> S + Sync,
        search: impl Fn(&mut S, usize, Range<usize>, &mut Lists) + Sync,
    ) -> Result<Self, NeighbourError> {
        let count = grid.points.len();
        let budget = Budget(AtomicUsize::new(0));
        let chunk = |number: usize| {
            let mut lists = Lists {
                starts: vec![0],
                flat: Vec::new(),
            };
            let mut scratch = scratch();
            let end = count.min((number + 1) * CHUNK);
            let mut at = number * CHUNK;
            let mut cell = grid.cell_of(at);
            while at < end {
                let part = at..end.min(grid.starts[cell + 1] as usize);
                at = part.end;
                let before = lists.flat.len();
                search(&mut scratch, cell, part, &mut lists);
                budget.take(lists.flat.len() - before)?;
                cell += 1;
            }
            Ok(lists)
        };
        let chunks = count.div_ceil(CHUNK);
        // Waking other threads costs as much as a small search.
        let chunks: Vec<Lists> = if chunks > 1 {
            (0..chunks)
                .into_par_iter()
                .map(chunk)
                .collect::<Result<_, _>>()?
        } else {
            (0..chunks).map(chunk).collect::<Result<_, _>>()?
        };
        let mut list_of = vec![u32::MAX; points];
        for (&point, list) in grid.order.iter().zip(0..) {
            list_of[point as usize] = list;
        }
        Ok(Self {
            list_of,
            chunks,
            pairs: budget.0.into_inner(),
        })
    }

    /// No neighbours for any of so many points.
    fn none(points: usize) -> Self {
        Self {
            list_of: vec![u32::MAX; points],
            chunks: Vec::new(),
            pairs: 0,
        }
    }

    /// Number of points.
    #[must_use]
    pub fn points(&self) -> usize {
        self.list_of.len()
    }

    /// Number of neighbours over all points.
    #[must_use]
    pub fn pairs(&self) -> usize {
        self.pairs
    }

    /// The neighbours of a point, as indices into the slice that was searched; empty for a point that is not there.
    #[must_use]
    pub fn of(&self, point: usize) -> &[u32] {
        let list = self
            .list_of
            .get(point)
            .map_or(usize::MAX, |&list| list as usize);
        let Some(lists) = self.chunks.get(list / CHUNK) else {
            return &[];
        };
        match lists.starts.get(list % CHUNK..).unwrap_or_default() {
            [start, end, ..] => &lists.flat[*start as usize..*end as usize],
            _ => &[],
        }
    }
}

/// The squared distance, in single precision: what "within" and "nearer" mean here and in the implementations that the
/// published graphs were built with.
#[inline]
#[must_use]
pub fn squared_distance(a: [f32; 3], b: [f32; 3]) -> f32 {
    let d = [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
    d[0] * d[0] + d[1] * d[1] + d[2] * d[2]
}
