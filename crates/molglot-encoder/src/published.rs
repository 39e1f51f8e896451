//! Encoders with weights from files.

use std::path::Path;

use molglot_tensor::{
    Device, Init, params,
    weights::{Weights, same_names},
};
use molglot_transformer::LoadError;

use crate::{
    AnyEncoder, EncoderConfig, esm2::Esm2Encoder, gin, gvp, gvp::Variant, scannet, unimol,
};

impl EncoderConfig {
    /// An encoder of these sizes with the weights of a file, safetensors or PyTorch's own, or of a Hugging Face directory: by
    /// the names of this program, as runs write them, or by published ones, also where a larger model has them below a
    /// prefix. What published files hold beside the encoder is left out. Of ESM-2, the `config.json` of a directory says the
    /// sizes.
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
        let blank = self.init(&mut Init::unfilled(device));
        let paths: Vec<String> = params::list(&blank)
            .into_iter()
            .map(|info| info.path)
            .collect();
        // A file that has a single one of our names is ours.
        if paths.iter().any(|path| weights.shape(path).is_some()) {
            let weights = weights.without(|name| self.is_beside(name));
            return Ok(weights.load_into(blank, &same_names)?);
        }
        if let AnyEncoder::Esm2(encoder) = blank {
            return Ok(AnyEncoder::Esm2(encoder.with_published(weights)?));
        }
        let names: Vec<String> = paths.iter().map(|path| self.published_name(path)).collect();
        let prefix = prefix(&weights, &names)?;
        let weights = weights.below(&prefix).without(|name| self.is_beside(name));
        Ok(weights.load_into(blank, &|path| self.published_name(path))?)
    }

    /// The name of a parameter in published files.
    fn published_name(&self, path: &str) -> String {
        match self {
            Self::Gin(_) => gin::published_name(path),
            Self::Gvp(config) => gvp::published_name(config.variant, path),
            Self::Esm2(_) => crate::esm2::published_name(path),
            Self::Scannet(_) => scannet::published_name(path),
            _ => path.to_owned(),
        }
    }

    /// Whether published files hold this and the encoder does not.
    fn is_beside(&self, name: &str) -> bool {
        match self {
            Self::Gin(_) => {
                name.ends_with("num_batches_tracked") || name.starts_with("graph_pred_linear")
            }
            Self::Hierarchical(_) | Self::Gearnet(_) => name.ends_with("num_batches_tracked"),
            Self::Gvp(config) => {
                // The design model's decoder has the sequence, and so may the encoder have it.
                let others: &[&str] = match (config.variant, config.sequence) {
                    (Variant::Design, true) => &["decoder_layers.", "W_out."],
                    (Variant::Design, false) => &["decoder_layers.", "W_out.", "W_s."],
                    (Variant::Quality, _) => &["dense."],
                };
                name.ends_with("dummy_param") || others.iter().any(|part| name.starts_with(part))
            }
            Self::Unimol(_) => unimol::is_head(name),
            Self::Scannet(_) => scannet::is_head(name),
            _ => false,
        }
    }
}

/// What stands in front of every published name in a file: nothing, or the path of the encoder in a larger model.
fn prefix(weights: &Weights, names: &[String]) -> Result<String, LoadError> {
    let Some(first) = names.first() else {
        return Ok(String::new());
    };
    let before = weights
        .names()
        .filter_map(|name| name.strip_suffix(first.as_str()));
    let is_path = |prefix: &&str| prefix.is_empty() || prefix.ends_with('.');
    let found: Vec<&str> = before.filter(is_path).collect();
    let is_whole = |prefix: &&str| {
        let has = |name| weights.shape(&format!("{prefix}{name}")).is_some();
        names.iter().all(has)
    };
    let whole: Vec<&str> = found.iter().copied().filter(is_whole).collect();
    match (&whole[..], &found[..]) {
        // Not complete anywhere: where one alone begins, what it lacks can be told.
        ([prefix], _) | ([], [prefix]) => Ok((*prefix).to_owned()),
        ([], _) => Ok(String::new()),
        ([one, other, ..], _) => Err(LoadError::File {
            file: weights.file().to_owned(),
            reason: format!(
                "it holds such an encoder more than once, below `{one}` and below `{other}`; save one of them alone"
            ),
        }),
    }
}
