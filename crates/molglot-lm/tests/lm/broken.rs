//! Model directories and adapters with something wrong: each is an error that names the file and the key.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use molglot_lm::{
    Precision, PretrainedError,
    decoder::{LoadError, load_dir},
    load_pretrained,
    lora::{Adapter, AdapterError},
};
use molglot_tensor::{Backend, Init, burn::tensor::FloatDType, weights::WeightsError};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde_json::{Value, json};

use crate::support::fixtures;

/// A copy of a toy directory, to be broken.
fn copy(from: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(fixtures().join(from)).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, dir.path().join(path.file_name().unwrap())).unwrap();
    }
    dir
}

/// The first shard of the toy Llama, and one of its tensors.
const SHARD: &str = "model-00001-of-00004.safetensors";
const INDEX: &str = "model.safetensors.index.json";
/// A tensor of the other toys, whose weights are one file.
const KEY: &str = "model.layers.1.mlp.up_proj.weight";

type Tensors = BTreeMap<String, (Vec<usize>, Vec<u8>)>;

/// Rewrites a file of f32 tensors.
fn change(file: &Path, edit: impl FnOnce(&mut Tensors)) {
    let bytes = fs::read(file).unwrap();
    let parsed = SafeTensors::deserialize(&bytes).unwrap();
    let owned = |(name, view): (&str, TensorView<'_>)| {
        (
            name.to_owned(),
            (view.shape().to_vec(), view.data().to_vec()),
        )
    };
    let mut tensors: Tensors = parsed.iter().map(owned).collect();
    edit(&mut tensors);
    let views = tensors.iter().map(|(name, (shape, data))| {
        (
            name,
            TensorView::new(Dtype::F32, shape.clone(), data).unwrap(),
        )
    });
    fs::write(file, safetensors::serialize(views, None).unwrap()).unwrap();
}

fn edit_json(file: &Path, edit: impl FnOnce(&mut Value)) {
    let mut value: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    edit(&mut value);
    fs::write(file, value.to_string()).unwrap();
}

fn load(dir: &Path) -> LoadError {
    let device = Backend::Flex.open().unwrap();
    load_dir(dir, FloatDType::F32, &device)
        .map(|_| ())
        .unwrap_err()
}

fn says(error: &dyn std::error::Error, parts: &[&str]) {
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
}

#[test]
fn a_truncated_shard_is_named() {
    let dir = copy("llama/model");
    let file = dir.path().join(SHARD);
    let bytes = fs::read(&file).unwrap();
    for length in [bytes.len() - 5, 20, 0] {
        fs::write(&file, &bytes[..length]).unwrap();
        let error = load(dir.path());
        assert!(matches!(
            error,
            LoadError::Weights(WeightsError::Format { .. })
        ));
        says(&error, &[SHARD, "copy or download it again"]);
    }
}

#[test]
fn an_index_that_names_a_missing_shard_is_named() {
    let dir = copy("llama/model");
    fs::remove_file(dir.path().join(SHARD)).unwrap();
    let error = load(dir.path());
    assert!(matches!(error, LoadError::Weights(WeightsError::Io { .. })));
    says(&error, &[SHARD]);
}

#[test]
fn an_index_that_names_a_tensor_which_its_shard_lacks_is_named() {
    let dir = copy("llama/model");
    let index = dir.path().join(INDEX);
    edit_json(&index, |index| {
        index["weight_map"]["model.norm.weight"] = SHARD.into();
    });
    let error = load(dir.path());
    assert!(matches!(
        error,
        LoadError::Weights(WeightsError::Format { .. })
    ));
    says(&error, &[INDEX, SHARD, "model.norm.weight"]);
}

#[test]
fn a_wrong_shape_is_named_with_both_shapes() {
    let dir = copy("mistral/model");
    change(&dir.path().join("model.safetensors"), |tensors| {
        tensors.get_mut(KEY).unwrap().0.reverse();
    });
    let error = load(dir.path());
    assert!(matches!(
        error,
        LoadError::Weights(WeightsError::Mismatch { .. })
    ));
    says(
        &error,
        &[
            "model.safetensors",
            "shape",
            KEY,
            "[20, 12] in the model, [12, 20]",
        ],
    );
}

#[test]
fn missing_and_unexpected_keys_are_listed() {
    let dir = copy("mistral/model");
    change(&dir.path().join("model.safetensors"), |tensors| {
        let moved = tensors.remove(KEY).unwrap();
        tensors.insert("model.layers.2.mlp.up_proj.weight".into(), moved);
    });
    let unexpected = "unexpected  model.layers.2.mlp.up_proj.weight";
    let missing = format!("missing     {KEY}");
    says(
        &load(dir.path()),
        &["model.safetensors", &missing, unexpected],
    );
}

#[test]
fn a_value_that_is_no_number_is_named() {
    let dir = copy("gemma2/model");
    change(&dir.path().join("model.safetensors"), |tensors| {
        tensors.get_mut(KEY).unwrap().1[8..12].copy_from_slice(&f32::NAN.to_le_bytes());
    });
    says(&load(dir.path()), &["model.safetensors", "not finite", KEY]);
}

#[test]
fn a_configuration_that_describes_no_model_is_named_with_its_key() {
    type Edit = fn(&mut Value);
    let cases: [(Edit, &[&str]); 4] = [
        (
            |config| config["model_type"] = "mamba".into(),
            &["`mamba`", "`gemma2`"],
        ),
        (
            |config| config["num_key_value_heads"] = 3.into(),
            &["num_key_value_heads (3)"],
        ),
        (|config| config["hidden_size"] = "wide".into(), &["wide"]),
        (
            |config| config["rope_parameters"]["rope_type"] = "yarn".into(),
            &["`yarn`", "`llama3`"],
        ),
    ];
    for (edit, parts) in cases {
        let dir = copy("mistral/model");
        edit_json(&dir.path().join("config.json"), edit);
        let error = load(dir.path());
        assert!(matches!(error, LoadError::ConfigFile { .. }));
        says(&error, &[&["config.json"], parts].concat());
    }
}

#[test]
fn a_configuration_that_is_no_json_is_named() {
    let dir = copy("mistral/model");
    fs::write(dir.path().join("config.json"), "{\"model_type\": ").unwrap();
    let error = load(dir.path());
    assert!(matches!(error, LoadError::ConfigFile { .. }));
    says(&error, &["config.json", "line 1"]);
    fs::remove_file(dir.path().join("config.json")).unwrap();
    says(&load(dir.path()), &["config.json"]);
}

fn pretrained(dir: &Path, precision: Precision) -> PretrainedError {
    let device = Backend::Flex.open().unwrap();
    load_pretrained(dir, precision, &device)
        .map(|_| ())
        .unwrap_err()
}

#[test]
fn a_tokenizer_of_another_model_is_named_with_both_sizes() {
    let dir = copy("mistral/model");
    for file in ["tokenizer.json", "tokenizer_config.json"] {
        let from = fixtures().join("pretrained/model").join(file);
        fs::copy(from, dir.path().join(file)).unwrap();
    }
    let error = pretrained(dir.path(), Precision::F32);
    assert!(matches!(
        error,
        PretrainedError::Vocabulary {
            largest: 331,
            rows: 37,
            ..
        }
    ));
    says(&error, &["tokenizer.json", "config.json", "331", "37"]);
}

#[test]
fn a_directory_without_a_tokenizer_or_an_end_is_named() {
    let dir = copy("mistral/model");
    says(
        &pretrained(dir.path(), Precision::F32),
        &["tokenizer.json", "save_pretrained"],
    );
    let dir = copy("pretrained/model");
    edit_json(&dir.path().join("tokenizer_config.json"), |config| {
        config["eos_token"] = Value::Null;
    });
    edit_json(&dir.path().join("generation_config.json"), |config| {
        config["eos_token_id"] = Value::Null;
    });
    says(&pretrained(dir.path(), Precision::F32), &["eos_token"]);
}

#[test]
fn bf16_on_a_cpu_is_refused_with_what_to_do() {
    let error = pretrained(&fixtures().join("pretrained/model"), Precision::Bf16);
    assert!(matches!(error, PretrainedError::Precision { .. }));
    says(&error, &["bf16", "lm.dtype", "--device cuda"]);
}

fn attach(dir: &Path, base: &str) -> AdapterError {
    let device = Backend::Flex.open().unwrap();
    let (model, _) = load_dir(&fixtures().join(base), FloatDType::F32, &device).unwrap();
    let adapter = match Adapter::read(dir) {
        Ok(adapter) => adapter,
        Err(error) => return error,
    };
    adapter
        .attach(model, &mut Init::new(3, &device))
        .map(|_| ())
        .unwrap_err()
}

fn adapter(name: &str) -> PathBuf {
    fixtures().join("lora/adapters").join(name)
}

#[test]
fn an_adapter_for_another_model_is_named_with_what_does_not_fit() {
    let error = attach(&adapter("lora"), "opt/model");
    assert!(matches!(error, AdapterError::Layers { .. }));
    says(
        &error,
        &[
            "adapter_model.safetensors",
            "another model",
            "target_modules",
            "fc1",
        ],
    );
    let error = attach(&adapter("lora"), "llama/model");
    assert!(matches!(
        error,
        AdapterError::Weights(WeightsError::Mismatch { .. })
    ));
    says(
        &error,
        &["adapter_model.safetensors", "shape", "q_proj.lora_A.weight"],
    );
    let dir = copy("lora/adapters/head");
    edit_json(&dir.path().join("adapter_config.json"), |config| {
        config["modules_to_save"] = json!(["norm"]);
    });
    let error = attach(dir.path(), "lora/model");
    says(
        &error,
        &[
            "adapter_model.safetensors",
            "`norm`",
            "`lm_head` and `embed_tokens` can",
        ],
    );
}

#[test]
fn fields_of_an_adapter_that_are_not_done_are_refused_by_name() {
    let cases = [
        ("peft_type", json!("IA3")),
        ("bias", json!("all")),
        ("fan_in_fan_out", json!(true)),
        ("layer_replication", json!([[0, 1]])),
        ("layers_to_transform", json!([1])),
        ("target_parameters", json!(["x"])),
        ("trainable_token_indices", json!([3])),
        ("alora_invocation_tokens", json!([3])),
        ("lora_bias", json!(true)),
        ("use_bdlora", json!(true)),
        ("use_qalora", json!(true)),
        ("kasa_config", json!({"beta": 1})),
        ("exclude_modules", json!(["q_proj"])),
    ];
    for (field, value) in cases {
        let dir = copy("lora/adapters/lora");
        edit_json(&dir.path().join("adapter_config.json"), |config| {
            config[field] = value.clone();
        });
        let error = attach(dir.path(), "lora/model");
        assert!(
            matches!(error, AdapterError::Unsupported { .. }),
            "{field}: {error}"
        );
        says(&error, &["adapter_config.json", field]);
    }
    let dir = copy("lora/adapters/lora");
    fs::write(dir.path().join("adapter_config.json"), "no JSON").unwrap();
    says(&attach(dir.path(), "lora/model"), &["adapter_config.json"]);
}
