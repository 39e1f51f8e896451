//! Toy models, and both kinds of encoder as one.

use std::{fs, path::Path};

use molglot_tensor::{
    Device, Init, Tensor,
    burn::module::Module,
    weights::{Rename, to_bytes},
};
use molglot_transformer::{Bert, BertConfig, Esm2, Esm2Config, SequenceBatch};
use serde::Serialize;

pub(crate) fn esm2_config() -> Esm2Config {
    Esm2Config {
        initializer_range: 0.4,
        ..Esm2Config::new(12, 2, 3)
    }
}

pub(crate) fn bert_config() -> BertConfig {
    BertConfig {
        initializer_range: 0.4,
        max_position_embeddings: 40,
        ..BertConfig::new(33, 12, 2, 3)
    }
}

pub(crate) fn esm2(device: &Device) -> Esm2 {
    esm2_config().init(&mut Init::new(7, device)).unwrap()
}

pub(crate) fn bert(device: &Device) -> Bert {
    bert_config().init(&mut Init::new(7, device)).unwrap()
}

/// Every kind of encoder, by what it makes of a batch.
pub(crate) type Encoder = Box<dyn Fn(&SequenceBatch) -> Tensor<3>>;

pub(crate) fn encoders(device: &Device) -> [(&'static str, Encoder); 2] {
    let (esm2, bert) = (esm2(device), bert(device));
    [
        ("esm2", Box::new(move |batch| esm2.forward(batch))),
        ("bert", Box::new(move |batch| bert.forward(batch))),
    ]
}

pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

/// The states of every sequence, without padding.
pub(crate) fn states(encoder: &Encoder, batch: &SequenceBatch) -> Vec<Vec<f32>> {
    let tensor = encoder(batch);
    let [_, length, width] = tensor.dims();
    let all = values(tensor);
    let rows = all.chunks(length * width).zip(batch.lengths());
    rows.map(|(row, &tokens)| row[..tokens * width].to_vec())
        .collect()
}

pub(crate) fn assert_close(name: &str, a: &[f32], b: &[f32]) {
    assert_eq!(a.len(), b.len(), "{name}");
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        assert!((a - b).abs() <= 1e-5, "{name}[{i}]: {a} is not {b}");
    }
}

/// Writes a Hugging Face directory.
pub(crate) fn save<M: Module>(dir: &Path, model: &M, config: &impl Serialize, names: Rename<'_>) {
    let config = serde_json::to_string_pretty(config).unwrap();
    fs::write(dir.join("config.json"), config).unwrap();
    let bytes = to_bytes(model, &|_| true, names).unwrap();
    fs::write(dir.join("model.safetensors"), bytes).unwrap();
}
