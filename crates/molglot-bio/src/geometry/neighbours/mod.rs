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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Neighbours {
    /// Per point, where its list starts in `flat` and how long it is.
    lists: Vec<(usize, u32)>,
    /// Lists in the order of the cells: close points have close lists.
    flat: Vec<u32>,
}

impl Neighbours {
    fn new(points: usize) -> Self {
        Self {
            lists: vec![(0, 0); points],
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
        self.lists[point as usize] = (self.flat.len(), list.len() as u32);
        self.flat.extend(list);
        Ok(())
    }

    /// Number of points.
    #[must_use]
    pub fn points(&self) -> usize {
        self.lists.len()
    }

    /// Number of neighbours over all points.
    #[must_use]
    pub fn pairs(&self) -> usize {
        self.flat.len()
    }

    /// The neighbours of a point, as indices into the slice that was searched; empty for a point that is not there.
    #[must_use]
    pub fn of(&self, point: usize) -> &[u32] {
        self.lists.get(point).map_or(&[], |&(start, length)| {
            &self.flat[start..start + length as usize]
        })
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
