//! Encoders with weights from files.

use std::path::Path;

use molglot_tensor::{
    Device, Init, params,
    weights::{Weights, same_names},
};
use molglot_transformer::LoadError;

use crate::{AnyEncoder, EncoderConfig, esm2::Esm2Encoder, gin, gvp, unimol};

impl EncoderConfig {
    /// An encoder of these sizes with the weights of a safetensors file, or of a Hugging Face directory: by the names of
    /// this program, as runs write them, or by published ones. What published files hold beside the encoder is left out. Of
    /// ESM-2, the `config.json` of a directory says the sizes.
    ///
    /// # Errors
    ///
    /// [`LoadError`] naming the file and what does not fit.
    pub fn load(&self, path: &Path, device: &Device) -> Result<AnyEncoder, LoadError> {
        let is_dir = path.is_dir();
        if let (Self::Esm2(config), true) = (self, is_dir) {
            let encoder = Esm2Encoder::load_dir(path, config.ends, device)?;
            return Ok(AnyEncoder::Esm2(encoder));
        }
        let weights = match is_dir {
            true => Weights::read_dir(path)?,
            false => Weights::read(path)?,
        };
        let weights = weights.without(|name| self.is_beside(name));
        let has = |name: &str| weights.shape(name).is_some();
        let blank = || self.init(&mut Init::unfilled(device));
        match weights.load_into(blank(), &same_names) {
            Ok(encoder) => Ok(encoder),
            // A file that has a single one of our names is ours.
            Err(error) if params::list(&blank()).iter().any(|info| has(&info.path)) => {
                Err(error.into())
            }
            Err(_) => Ok(weights.load_into(blank(), &|path| self.published_name(path))?),
        }
    }

    /// The name of a parameter in published files.
    fn published_name(&self, path: &str) -> String {
        match self {
            Self::Gin(_) => gin::published_name(path),
            Self::Gvp(config) => gvp::published_name(config.variant, path),
            Self::Esm2(_) => crate::esm2::published_name(path),
            _ => path.to_owned(),
        }
    }

    /// Whether published files hold this and the encoder does not.
    fn is_beside(&self, name: &str) -> bool {
        match self {
            Self::Gin(_) => {
                name.ends_with("num_batches_tracked") || name.starts_with("graph_pred_linear")
            }
            Self::Gearnet(_) => name.ends_with("num_batches_tracked"),
            Self::Gvp(_) => name.ends_with("dummy_param"),
            Self::Unimol(_) => unimol::is_head(name),
            _ => false,
        }
    }
}
