//! Seeded permutations that are the same on every machine and in every version.
//!
//! A generator crate may change its stream between versions, and with it every in-batch number ever reported.

/// SplitMix64 of Steele, Lea and Flood, *Fast splittable pseudorandom number generators* (OOPSLA 2014).
pub(crate) struct SplitMix64(u64);

impl SplitMix64 {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..bound`: the high word of `next * bound`. Its bias, at most `bound / 2^64`, is far below
    /// anything that can be measured.
    fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }

    /// Puts the items in a uniformly drawn order: Fisher-Yates from the end (Durstenfeld 1964).
    pub(crate) fn shuffle(&mut self, items: &mut [usize]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first outputs that the generator's authors and its many ports give for this seed.
    #[test]
    fn splitmix64_reference_stream() {
        let mut generator = SplitMix64::new(1_234_567);
        let stream: Vec<u64> = (0..5).map(|_| generator.next()).collect();
        assert_eq!(
            stream,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423,
                4_593_380_528_125_082_431,
                16_408_922_859_458_223_821,
            ]
        );
    }

    #[test]
    fn each_order_of_three_is_as_likely() {
        let mut generator = SplitMix64::new(7);
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..6_000 {
            let mut items = [0, 1, 2];
            generator.shuffle(&mut items);
            *counts.entry(items).or_insert(0_i32) += 1;
        }
        assert_eq!(counts.len(), 6);
        // 1000 are expected of each; five standard deviations are 144.
        assert!(
            counts.values().all(|count| (count - 1_000).abs() < 144),
            "{counts:?}"
        );
    }

    /// The same steps written once more in Python gave this order.
    #[test]
    fn the_order_for_a_seed_stays_what_it_is() {
        let mut items: Vec<usize> = (0..8).collect();
        SplitMix64::new(42).shuffle(&mut items);
        assert_eq!(items, [4, 3, 2, 0, 7, 6, 1, 5]);
    }
}
