//! Published weights.

use std::path::Path;

use molglot_tensor::{
    Device,
    burn::tensor::FloatDType,
    weights::{Weights, WeightsError},
};
use molglot_transformer::{LoadError, esm2};

use super::Esm2Encoder;

/// Turns the path of a parameter into its name in files of `EsmForMaskedLM`.
pub fn published_name(path: &str) -> String {
    let bare = path.strip_prefix("esm.").unwrap_or(path);
    format!("esm.{}", esm2::published_name(bare))
}

impl Esm2Encoder {
    /// The encoder in a Hugging Face directory, in f32.
    ///
    /// # Errors
    ///
    /// As [`esm2::load_dir`].
    pub fn load_dir(dir: &Path, ends: bool, device: &Device) -> Result<Self, LoadError> {
        let (esm, _) = esm2::load_dir(dir, FloatDType::F32, device)?;
        Ok(Self::new(esm, ends))
    }

    /// Puts published weights in the place of this encoder's; their heads are left alone.
    ///
    /// # Errors
    ///
    /// As [`esm2::from_weights`].
    pub(crate) fn with_published(self, weights: Weights) -> Result<Self, WeightsError> {
        let esm = esm2::from_weights(weights, self.esm, FloatDType::F32)?;
        Ok(Self { esm, ..self })
    }
}
