//! ESM-2, a language model of protein sequences (Lin et al., 2023, doi 10.1126/science.ade2574), as Hugging Face has it.

mod config;
mod model;
mod tokenizer;
mod weights;

pub use config::Esm2Config;
pub use model::{Esm2, MaskedLm};
pub use tokenizer::{CLS, EOS, MASK, PAD, UNKNOWN, VOCABULARY, tokenize};
pub use weights::{from_weights, load_dir, load_masked_lm, masked_lm_from_weights, published_name};
