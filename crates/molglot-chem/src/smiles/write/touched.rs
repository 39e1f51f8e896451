//! A set of small numbers that is read out in ascending order and emptied.

pub(super) struct Touched {
    words: Vec<u64>,
    low: usize,
    high: usize,
}

impl Touched {
    /// Room for numbers below `count`.
    pub(super) fn new(count: usize) -> Self {
        Self {
            words: vec![0; count.div_ceil(64)],
            low: usize::MAX,
            high: 0,
        }
    }

    pub(super) fn insert(&mut self, number: u32) {
        let word = number as usize / 64;
        self.words[word] |= 1 << (number % 64);
        self.low = self.low.min(word);
        self.high = self.high.max(word + 1);
    }

    pub(super) fn drain(&mut self, mut visit: impl FnMut(u32)) {
        for at in self.low.min(self.high)..self.high {
            let mut word = std::mem::take(&mut self.words[at]);
            while word != 0 {
                visit(at as u32 * 64 + word.trailing_zeros());
                word &= word - 1;
            }
        }
        (self.low, self.high) = (usize::MAX, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::Touched;

    #[test]
    fn numbers_come_once_and_in_order() {
        let mut set = Touched::new(200);
        [130, 5, 64, 5].into_iter().for_each(|at| set.insert(at));
        let mut seen = Vec::new();
        set.drain(|number| seen.push(number));
        set.drain(|number| seen.push(number));
        assert_eq!(seen, [5, 64, 130]);
    }
}
