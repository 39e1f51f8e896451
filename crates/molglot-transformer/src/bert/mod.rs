//! BERT (Devlin et al., 2018, arXiv 1810.04805), SciBERT (Beltagy et al., 2019, arXiv 1903.10676) and RoBERTa (Liu et al.,
//! 2019, arXiv 1907.11692).
//!
//! Dropout is not applied: the encoder is used as it was published, frozen or trained further without it.

mod config;
mod model;
mod weights;

pub use config::BertConfig;
pub use model::Bert;
pub use weights::{from_weights, load_dir, published_name};
