//! Drawing tokens.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

use super::processors::softmax;

/// Draws the tokens of one sequence. Its numbers depend on the seed and on the numbers of prompt and continuation, and
/// on nothing else that is generated in the same batch.
#[derive(Clone, Debug)]
pub struct Sampler {
    rng: ChaCha8Rng,
}

/// Random words that one continuation can take before it meets those of the next.
const WORDS: u128 = 1 << 40;

impl Sampler {
    /// The draws of continuation `number` of prompt `stream`.
    pub fn new(seed: u64, stream: u64, number: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        rng.set_word_pos(number as u128 * WORDS);
        Self { rng }
    }

    /// A token by its probability; `None` when every token is forbidden.
    pub fn draw(&mut self, row: &[f32]) -> Option<u32> {
        let unit = (self.rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        let mut below = 0.0;
        let mut last = None;
        for (token, probability) in softmax(row).into_iter().enumerate() {
            if probability > 0.0 {
                below += probability;
                last = Some(token as u32);
                if unit < below {
                    break;
                }
            }
        }
        last
    }
}
