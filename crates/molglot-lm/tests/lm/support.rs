//! What several tests need.

use std::path::{Path, PathBuf};

use molglot_core::{LanguageModel, Sequence, TextBatch, TextOutput, TextRead};
use molglot_lm::Decoder;
use molglot_tensor::{Device, Tensor, golden::Golden};

/// The case, or a note that it is not run.
pub(crate) fn case(name: &str) -> Option<Golden> {
    let found = Golden::find(name).unwrap();
    if found.is_none() {
        eprintln!("MOLGLOT_GOLDEN is not set: the reference case {name} is not run");
    }
    found
}

/// Where the toy models of this project lie.
pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/lm")
}

/// A case that every clone has.
pub(crate) fn fixture(name: &str) -> Golden {
    Golden::open(&fixtures().join(name)).unwrap()
}

pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

pub(crate) fn batch(sequences: &[Sequence], pad: u32, device: &Device) -> TextBatch {
    TextBatch::new(
        &sequences.iter().collect::<Vec<_>>(),
        pad,
        TextRead::Labels,
        device,
    )
}

/// Logits at the labels.
pub(crate) fn label_logits(model: &Decoder, embeddings: Tensor<3>, text: &TextBatch) -> Tensor<2> {
    match model.decode(embeddings, text) {
        TextOutput::Logits(logits) => logits,
        _ => panic!("no logits"),
    }
}
