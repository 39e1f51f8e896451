//! Directories as Hugging Face has them, whole and broken: what is wrong is named by file and key.

use std::{fs, path::Path};

use molglot_tensor::{
    Backend, Device, Init,
    burn::{module::Module, tensor::FloatDType},
    weights::to_bytes,
};
use molglot_transformer::{
    BertConfig, Esm2Config, SequenceBatch,
    bert::{self, Bert},
    esm2::{self, Esm2},
};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{bert_config, esm2_config, save, values};

fn device() -> Device {
    Backend::Flex.open().unwrap()
}

fn published_esm2(path: &str) -> String {
    format!("esm.{}", esm2::published_name(path))
}

/// A directory with an ESM-2.
fn esm2_dir() -> (TempDir, Esm2) {
    let dir = tempfile::tempdir().unwrap();
    let model = crate::support::esm2(&device());
    save(dir.path(), &model, &esm2_config(), &published_esm2);
    (dir, model)
}

fn bytes<M: Module>(model: &M) -> Vec<u8> {
    to_bytes(model, &|_| true, &str::to_owned).unwrap()
}

/// What loading says.
fn refusal(dir: &Path) -> String {
    let error = esm2::load_dir(dir, FloatDType::F32, &device()).unwrap_err();
    error.to_string()
}

fn change_config(dir: &Path, change: impl Fn(&mut Value)) {
    let file = dir.join("config.json");
    let mut config = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    change(&mut config);
    fs::write(file, config.to_string()).unwrap();
}

/// Shape and values of a tensor.
type Stored = (Vec<usize>, Vec<f32>);

/// Rewrites the weights with tensors added or replaced (`Some`) or taken away (`None`).
fn change_weights(dir: &Path, changes: &[(&str, Option<Stored>)]) {
    let file = dir.join("model.safetensors");
    let old = fs::read(&file).unwrap();
    let old = SafeTensors::deserialize(&old).unwrap();
    let mut tensors: Vec<(String, Vec<usize>, Vec<u8>)> = old
        .iter()
        .filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name))
        .map(|(name, view)| (name.to_owned(), view.shape().to_vec(), view.data().to_vec()))
        .collect();
    for (name, change) in changes {
        if let Some((shape, values)) = change {
            let data = values.iter().flat_map(|value| value.to_le_bytes());
            tensors.push(((*name).to_owned(), shape.clone(), data.collect()));
        }
    }
    let views = tensors.iter().map(|(name, shape, data)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), data).unwrap();
        (name.clone(), view)
    });
    fs::write(file, safetensors::serialize(views, None).unwrap()).unwrap();
}

#[test]
fn what_is_saved_is_what_is_loaded() {
    let (dir, model) = esm2_dir();
    let (loaded, config) = esm2::load_dir(dir.path(), FloatDType::F32, &device()).unwrap();
    assert_eq!(bytes(&loaded), bytes(&model));
    assert_eq!(config, esm2_config());

    let dir = tempfile::tempdir().unwrap();
    let model = crate::support::bert(&device());
    save(dir.path(), &model, &bert_config(), &bert::published_name);
    let (loaded, config) = bert::load_dir(dir.path(), FloatDType::F32, &device()).unwrap();
    assert_eq!(bytes(&loaded), bytes(&model));
    assert_eq!(config, bert_config());
}

#[test]
fn an_encoder_without_a_prefix_or_below_that_of_prot2text_is_the_same() {
    for prefix in ["", "esm_encoder."] {
        let dir = tempfile::tempdir().unwrap();
        let model = crate::support::esm2(&device());
        let name = |path: &str| format!("{prefix}{}", esm2::published_name(path));
        save(dir.path(), &model, &esm2_config(), &name);
        let (loaded, _) = esm2::load_dir(dir.path(), FloatDType::F32, &device()).unwrap();
        assert_eq!(bytes(&loaded), bytes(&model), "{prefix}");
    }
}

#[test]
fn a_checkpoint_without_a_pooler_gives_a_model_without_one() {
    let dir = tempfile::tempdir().unwrap();
    let model = crate::support::bert(&device());
    save(dir.path(), &model, &bert_config(), &bert::published_name);
    change_weights(
        dir.path(),
        &[("pooler.dense.weight", None), ("pooler.dense.bias", None)],
    );
    let (loaded, _) = bert::load_dir(dir.path(), FloatDType::F32, &device()).unwrap();
    let batch = SequenceBatch::new(&[[4u32, 5, 6]], 0);
    let states = |model: &Bert| values(model.forward(&batch));
    assert_eq!(states(&loaded), states(&model));
    assert!(loaded.pool(loaded.forward(&batch)).is_none());
}

#[test]
fn stored_frequencies_are_taken_instead_of_those_of_the_configuration() {
    let (dir, model) = esm2_dir();
    let batch = SequenceBatch::new(&[esm2::tokenize("MKTAYIAKQRQISFVK")], 1);
    let states = |model: &Esm2| values(model.forward(&batch));
    let load = || {
        esm2::load_dir(dir.path(), FloatDType::F32, &device())
            .unwrap()
            .0
    };
    let name = |layer: &str| {
        format!("esm.encoder.layer.{layer}.attention.self.rotary_embeddings.inv_freq")
    };
    let (first, second) = (name("0"), name("1"));
    let own = esm2_config().inverse_frequencies();
    assert_eq!(own.len(), 2);
    let own = Some((vec![2], own));
    change_weights(dir.path(), &[(&first, own.clone()), (&second, own)]);
    assert_eq!(states(&load()), states(&model));
    let other = Some((vec![2], vec![1.0, 0.25]));
    change_weights(
        dir.path(),
        &[(&first, other.clone()), (&second, other.clone())],
    );
    let rotated = states(&load());
    assert_ne!(rotated, states(&model));
    change_weights(
        dir.path(),
        &[(&first, None), (&second, None), (&name("*"), other)],
    );
    assert_eq!(states(&load()), rotated);

    change_weights(
        dir.path(),
        &[(&name("*"), None), (&first, Some((vec![3], vec![1.0; 3])))],
    );
    let error = refusal(dir.path());
    assert!(
        error.contains(&format!("{first}: [2] in the model, [3] in the file")),
        "{error}"
    );
    change_weights(
        dir.path(),
        &[
            (&first, Some((vec![2], vec![1.0, 0.5]))),
            (&second, Some((vec![2], vec![1.0, 0.25]))),
        ],
    );
    let error = refusal(dir.path());
    assert!(error.contains(&second), "{error}");
}

#[test]
fn weights_that_do_not_fit_are_named() {
    let (dir, _) = esm2_dir();
    let query = "esm.encoder.layer.1.attention.self.query.weight";
    change_weights(
        dir.path(),
        &[
            (query, Some((vec![2, 12], vec![0.0; 24]))),
            ("esm.encoder.layer.0.output.dense.bias", None),
            (
                "esm.encoder.layer.7.LayerNorm.bias",
                Some((vec![12], vec![0.0; 12])),
            ),
            (
                "esm.encoder.emb_layer_norm_after.bias",
                Some((vec![12], vec![f32::NAN; 12])),
            ),
        ],
    );
    let error = refusal(dir.path());
    for part in [
        "model.safetensors",
        "missing     esm.encoder.layer.0.output.dense.bias",
        "unexpected  esm.encoder.layer.7.LayerNorm.bias",
        "shape       esm.encoder.layer.1.attention.self.query.weight: [12, 12] in the model, [2, 12] in the file",
        "not finite  esm.encoder.emb_layer_norm_after.bias",
    ] {
        assert!(error.contains(part), "{part} is not in {error}");
    }
}

#[test]
fn truncated_and_missing_weights_are_named() {
    let (dir, _) = esm2_dir();
    let file = dir.path().join("model.safetensors");
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let error = refusal(dir.path());
    assert!(
        error.contains("model.safetensors: not a complete safetensors file"),
        "{error}"
    );
    fs::remove_file(&file).unwrap();
    let error = refusal(dir.path());
    assert!(error.contains("model.safetensors"), "{error}");
}

#[test]
fn a_head_that_is_asked_for_must_be_there() {
    let (dir, _) = esm2_dir();
    let error = esm2::load_masked_lm(dir.path(), FloatDType::F32, &device()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("missing     lm_head.dense.weight"),
        "{error}"
    );
}

#[test]
fn configurations_of_other_models_are_refused_by_key() {
    let cases: [(&str, Value, &str); 6] = [
        ("model_type", json!("t5"), "`model_type` is `t5`"),
        (
            "position_embedding_type",
            json!("absolute"),
            "`position_embedding_type` is `absolute`",
        ),
        (
            "emb_layer_norm_before",
            json!(true),
            "`emb_layer_norm_before` is true",
        ),
        (
            "is_folding_model",
            json!(true),
            "`is_folding_model` is true",
        ),
        (
            "num_attention_heads",
            json!(5),
            "`num_attention_heads` (5) must divide hidden_size (12)",
        ),
        (
            "rope_parameters",
            json!({ "rope_theta": 1e4, "rope_type": "yarn" }),
            "rope_type `yarn`",
        ),
    ];
    for (key, value, wanted) in cases {
        let (dir, _) = esm2_dir();
        change_config(dir.path(), |config| config[key] = value.clone());
        let error = refusal(dir.path());
        assert!(
            error.contains("config.json: ") && error.contains(wanted),
            "{error}"
        );
    }
    let config = BertConfig {
        model_type: "deberta".to_owned(),
        ..bert_config()
    };
    let error = config.check().unwrap_err();
    assert!(error.to_string().contains("`model_type` is `deberta`"));
}

#[test]
fn a_configuration_that_lacks_a_size_is_refused_by_key() {
    let (dir, _) = esm2_dir();
    change_config(dir.path(), |config| {
        config.as_object_mut().unwrap().remove("hidden_size");
    });
    let error = refusal(dir.path());
    assert!(
        error.contains("config.json") && error.contains("missing field `hidden_size`"),
        "{error}"
    );
    fs::remove_file(dir.path().join("config.json")).unwrap();
    let error = refusal(dir.path());
    assert!(error.contains("config.json"), "{error}");
    let unknown = json!({ "model_type": "bert", "vocab_size": 3, "hidden_size": 4, "num_hidden_layers": 1,
        "num_attention_heads": 1, "intermediate_size": 4, "hidden_act": "swish" });
    let error = serde_json::from_value::<BertConfig>(unknown).unwrap_err();
    assert!(error.to_string().contains("swish"), "{error}");
}

#[test]
fn another_alphabet_is_refused_by_line() {
    let (dir, _) = esm2_dir();
    let mut lines = esm2::VOCABULARY.map(str::to_owned);
    let write = |lines: &[String]| {
        fs::write(dir.path().join("vocab.txt"), lines.join("\n") + "\n").unwrap();
    };
    write(&lines);
    assert!(esm2::load_dir(dir.path(), FloatDType::F32, &device()).is_ok());
    lines.swap(4, 5);
    write(&lines);
    let error = refusal(dir.path());
    assert!(error.contains("vocab.txt: line 5"), "{error}");
    write(&lines[..3]);
    let error = refusal(dir.path());
    assert!(error.contains("vocab.txt: line 4"), "{error}");
}

#[test]
fn sizes_of_the_published_models_are_theirs() {
    // 7.41 million parameters, the head and the contact prediction left out.
    let config = Esm2Config::new(320, 6, 20);
    assert_eq!((config.head_dim(), config.intermediate_size), (16, 1280));
    let model = config.init(&mut Init::new(0, &device())).unwrap();
    let count: usize = molglot_tensor::params::list(&model)
        .iter()
        .map(molglot_tensor::params::ParamInfo::count)
        .sum();
    assert_eq!(count, 7_408_960);
}
