//! The order in which a stage sees its rows.

use serde::{Deserialize, Serialize};

use super::stream::RandomStream;

/// How far a stage has got: the number of the next batch. Saved in a checkpoint, it is all that is needed to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// The epoch, from 0.
    pub epoch: u64,
    /// The batch within the epoch, from 0.
    pub batch: usize,
}

/// Deals the items of a stage into batches of similar length, in an order that is a pure function of seed, stage and epoch.
///
/// An epoch is a random order of all items, cut into windows of some batches; inside a window the items are sorted by
/// length and cut into batches, so that little is padding; the batches of the epoch are then shuffled. Every item is in
/// exactly one batch of an epoch. The last batch to be cut may be short, and may come anywhere in the epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sampler {
    lengths: Vec<usize>,
    batch_size: usize,
    window: usize,
    seed: u64,
    stage: u64,
}

impl Sampler {
    /// A sampler over the items with these `lengths` (in tokens, or any measure of the cost of an item).
    ///
    /// `batch_size` is in items, `window` in batches: 1 does not sort at all, more wastes less on padding but mixes
    /// batches less. Zeros count as 1. `stage` is the number of the stage in its recipe.
    #[must_use]
    pub fn new(
        lengths: Vec<usize>,
        batch_size: usize,
        window: usize,
        seed: u64,
        stage: u64,
    ) -> Self {
        Self {
            lengths,
            batch_size: batch_size.max(1),
            window: window.max(1),
            seed,
            stage,
        }
    }

    /// Batches in an epoch; 0 without items.
    #[must_use]
    pub fn batches_per_epoch(&self) -> usize {
        self.lengths.len().div_ceil(self.batch_size)
    }

    /// The batches of an epoch in order: numbers of items, counting from 0.
    #[must_use]
    pub fn epoch(&self, epoch: u64) -> Vec<Vec<usize>> {
        let mut stream = RandomStream::new("epoch order", &[self.seed, self.stage, epoch]);
        let mut items: Vec<usize> = (0..self.lengths.len()).collect();
        stream.shuffle(&mut items);
        if self.window > 1 {
            for window in items.chunks_mut(self.batch_size.saturating_mul(self.window)) {
                // Stable: items of the same length keep their random order.
                window.sort_by_key(|&item| self.lengths[item]);
            }
        }
        let mut batches: Vec<Vec<usize>> = items
            .chunks(self.batch_size)
            .map(<[usize]>::to_vec)
            .collect();
        stream.shuffle(&mut batches);
        batches
    }

    /// The batches from `position` on, epoch after epoch without end, each with its own position.
    ///
    /// A position past the end of its epoch continues with the next one. Without items there are no batches.
    #[must_use]
    pub fn batches_from(&self, position: Position) -> Batches<'_> {
        Batches {
            sampler: self,
            next: position,
            epoch: None,
        }
    }
}

/// The endless batches of [`Sampler::batches_from`].
#[derive(Debug, Clone)]
pub struct Batches<'a> {
    sampler: &'a Sampler,
    next: Position,
    epoch: Option<(u64, Vec<Vec<usize>>)>,
}

impl Batches<'_> {
    /// The position of the batch that comes next: what a checkpoint has to save.
    #[must_use]
    pub fn position(&self) -> Position {
        self.next
    }
}

impl Iterator for Batches<'_> {
    type Item = (Position, Vec<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        let per_epoch = self.sampler.batches_per_epoch();
        if per_epoch == 0 {
            return None;
        }
        if self.next.batch >= per_epoch {
            self.next = Position {
                epoch: self.next.epoch + 1,
                batch: 0,
            };
        }
        let position = self.next;
        if self
            .epoch
            .as_ref()
            .is_none_or(|(epoch, _)| *epoch != position.epoch)
        {
            self.epoch = Some((position.epoch, self.sampler.epoch(position.epoch)));
        }
        let batch = self
            .epoch
            .as_mut()
            .and_then(|(_, batches)| batches.get_mut(position.batch))
            .map(std::mem::take)?;
        self.next.batch += 1;
        Some((position, batch))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Position, Sampler};

    fn lengths(count: usize) -> Vec<usize> {
        (0..count).map(|item| (item * 7919) % 257 + 1).collect()
    }

    #[test]
    fn epochs_stages_and_seeds_differ() {
        let sampler = |seed, stage| Sampler::new(lengths(100), 8, 4, seed, stage);
        let first = sampler(1, 0).epoch(0);
        assert_eq!(first, sampler(1, 0).epoch(0));
        assert_ne!(first, sampler(1, 0).epoch(1));
        assert_ne!(first, sampler(1, 1).epoch(0));
        assert_ne!(first, sampler(2, 0).epoch(0));
    }

    #[test]
    fn windows_save_padding() {
        let padding = |window| {
            let sampler = Sampler::new(lengths(1000), 8, window, 1, 0);
            let wasted = |batch: &Vec<usize>| {
                let longest = batch.iter().map(|&item| sampler.lengths[item]).max();
                batch
                    .iter()
                    .map(|&item| longest.unwrap_or(0) - sampler.lengths[item])
                    .sum::<usize>()
            };
            sampler.epoch(0).iter().map(wasted).sum::<usize>()
        };
        assert!(
            padding(20) * 5 < padding(1),
            "{} {}",
            padding(20),
            padding(1)
        );
    }

    #[test]
    fn the_order_of_saved_runs_never_changes() {
        let sampler = Sampler::new(vec![5, 3, 9, 1, 4, 8, 2], 2, 2, 7, 1);
        assert_eq!(
            sampler.epoch(3),
            [vec![1, 4], vec![3, 6], vec![5], vec![0, 2]]
        );
    }

    #[test]
    fn no_items_no_batches() {
        let sampler = Sampler::new(Vec::new(), 0, 0, 1, 0);
        assert!(sampler.epoch(0).is_empty());
        assert_eq!(sampler.batches_from(Position::default()).next(), None);
    }

    proptest! {
        #[test]
        fn every_item_comes_once_per_epoch(
            count in 0_usize..200, batch_size in 1_usize..17, window in 1_usize..9, seed: u64, epoch in 0_u64..5,
        ) {
            let sampler = Sampler::new(lengths(count), batch_size, window, seed, 0);
            let batches = sampler.epoch(epoch);
            prop_assert_eq!(batches.len(), sampler.batches_per_epoch());
            prop_assert!(batches.iter().all(|batch| batch.len() <= batch_size && !batch.is_empty()));
            let mut items = batches.concat();
            items.sort_unstable();
            prop_assert_eq!(items, (0..count).collect::<Vec<_>>());
        }

        #[test]
        fn resuming_anywhere_goes_on_as_if_nothing_had_happened(
            count in 1_usize..60, batch_size in 1_usize..9, window in 1_usize..5, cut in 0_usize..40,
        ) {
            let sampler = Sampler::new(lengths(count), batch_size, window, 3, 1);
            let whole: Vec<_> = sampler.batches_from(Position::default()).take(60).collect();
            let mut before = sampler.batches_from(Position::default());
            let mut pieces: Vec<_> = before.by_ref().take(cut).collect();
            pieces.extend(sampler.clone().batches_from(before.position()).take(60 - cut));
            prop_assert_eq!(whole, pieces);
        }
    }
}
