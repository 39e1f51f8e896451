//! Traps of ESM-2.

use molglot_tensor::{Backend, Init};
use molglot_transformer::{
    Esm2Config, SequenceBatch,
    esm2::{MASK, tokenize},
};

use crate::support::{assert_close, esm2, esm2_config, values};

#[test]
fn embeddings_are_scaled_even_where_nothing_is_hidden() {
    let device = Backend::Flex.open().unwrap();
    let batch = SequenceBatch::new(&[tokenize("MKV")], 1);
    let scaled = values(esm2(&device).embed(&batch));
    let plain = Esm2Config {
        token_dropout: false,
        ..esm2_config()
    };
    let plain = plain.init(&mut Init::new(7, &device)).unwrap();
    let wanted: Vec<f32> = values(plain.embed(&batch))
        .iter()
        .map(|value| value * 0.88)
        .collect();
    assert_close("embeddings", &scaled, &wanted);
}

#[test]
fn hidden_residues_are_zero_and_the_others_make_up_for_them() {
    let device = Backend::Flex.open().unwrap();
    let model = esm2(&device);
    let embed = |text: &str| values(model.embed(&SequenceBatch::new(&[tokenize(text)], 1)));
    let (whole, hidden) = (embed("MKV"), embed("M<mask>V"));
    assert_eq!(hidden[2 * 12..3 * 12], [0.0; 12]);
    // One token of five is hidden.
    let wanted: Vec<f32> = whole[..2 * 12].iter().map(|value| value / 0.8).collect();
    assert_close("embeddings", &hidden[..2 * 12], &wanted);
}

#[test]
fn a_sequence_of_hidden_residues_alone_stays_finite() {
    for backend in Backend::cpus() {
        let model = esm2(&backend.open().unwrap());
        let states = values(model.forward(&SequenceBatch::new(&[[MASK, MASK]], 1)));
        assert!(states.iter().all(|value| value.is_finite()), "{states:?}");
    }
}

#[test]
fn a_sequence_longer_than_those_of_training_has_positions_too() {
    let device = Backend::Flex.open().unwrap();
    let short = Esm2Config {
        max_position_embeddings: 4,
        ..esm2_config()
    };
    let short = short.init(&mut Init::new(7, &device)).unwrap();
    let batch = SequenceBatch::new(&[tokenize("MKTAYIAKQRQISFVK")], 1);
    assert_eq!(
        values(short.forward(&batch)),
        values(esm2(&device).forward(&batch))
    );
}

#[test]
fn the_order_of_residues_matters() {
    let device = Backend::Flex.open().unwrap();
    let model = esm2(&device);
    let states = |ids: [u32; 3]| values(model.forward(&SequenceBatch::new(&[ids], 1)));
    let (there, back) = (states([4, 5, 6]), states([6, 5, 4]));
    let apart: f32 = there[..12]
        .iter()
        .zip(&back[24..])
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max);
    assert!(apart > 1e-3, "the rotation does nothing: {apart}");
}

#[test]
fn old_and_new_names_of_the_rotary_base_are_one_configuration() {
    let text = |rope: &str| {
        format!(
            r#"{{"model_type": "esm", "vocab_size": 33, "hidden_size": 12, "num_hidden_layers": 1, "num_attention_heads": 3,
            "intermediate_size": 8, "position_embedding_type": "rotary", "torch_dtype": "float32", {rope}}}"#
        )
    };
    let read = |rope: &str| serde_json::from_str::<Esm2Config>(&text(rope)).unwrap();
    let old = read(r#""rope_theta": 500.0"#);
    let new = read(r#""rope_parameters": {"rope_theta": 500.0, "rope_type": "default"}"#);
    assert_eq!(old.inverse_frequencies(), new.inverse_frequencies());
    assert_eq!(old.inverse_frequencies()[1], 1.0 / 500f32.sqrt());
    // What Hugging Face means by keys that are absent.
    assert_eq!(old.layer_norm_eps, 1e-12);
    assert!(!old.token_dropout);
}
