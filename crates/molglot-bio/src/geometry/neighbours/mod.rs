//! Neighbour search: all points within a radius, or the nearest `k`, of every point.
//!
//! Points are sorted into cubic cells by a radix sort of their cell numbers, and only cells near a point are looked at:
//! time and memory grow with the number of points and of neighbours, whatever the shape of the cloud, because empty cells
//! are not stored. Points with a coordinate that is not finite have no neighbours and are nobody's neighbour.

mod grid;
mod nearest;
mod radius;

use thiserror::Error;

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
    /// Per point, the number of its list; `u32::MAX` where it has none.
    list_of: Vec<u32>,
    /// Per list, where it starts in `flat`; one more at the end. Lists stand in the order of the cells: close points have
    /// close lists.
    starts: Vec<usize>,
    flat: Vec<u32>,
}

impl Neighbours {
    fn new(points: usize) -> Self {
        Self {
            list_of: vec![u32::MAX; points],
            starts: vec![0],
            flat: Vec::new(),
        }
    }

    /// Stores the list of a point.
    fn set(
        &mut self,
        point: u32,
        list: impl ExactSizeIterator<Item = u32>,
    ) -> Result<(), NeighbourError> {
        if list.len() > MAX_PAIRS - self.flat.len() {
            return Err(NeighbourError::TooManyPairs);
        }
        self.list_of[point as usize] = self.starts.len() as u32 - 1;
        self.flat.extend(list);
        self.starts.push(self.flat.len());
        Ok(())
    }

    /// Number of points.
    #[must_use]
    pub fn points(&self) -> usize {
        self.list_of.len()
    }

    /// Number of neighbours over all points.
    #[must_use]
    pub fn pairs(&self) -> usize {
        self.flat.len()
    }

    /// The neighbours of a point, as indices into the slice that was searched; empty for a point that is not there.
    #[must_use]
    pub fn of(&self, point: usize) -> &[u32] {
        let list = self
            .list_of
            .get(point)
            .map_or(usize::MAX, |&list| list as usize);
        match self.starts.get(list..).unwrap_or_default() {
            [start, end, ..] => &self.flat[*start..*end],
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
