//! transformers and PEFT: hidden states, logits, losses, gradients, generated tokens, adapters.

use std::{fs, path::Path};

use molglot_lm::{DecoderConfig, decoder::load_dir, lora::Adapter, verify};
use molglot_tensor::{Backend, Init, burn::tensor::FloatDType, golden::Golden};

use crate::support::{case, fixture};

/// Runs a case on every CPU backend.
fn compare(golden: &Golden) {
    for backend in Backend::cpus() {
        let verdict = verify(golden, &backend.open().unwrap()).unwrap().unwrap();
        let place = format!("{} on {backend}", golden.dir().display());
        eprintln!("{place}: {verdict}");
        assert!(verdict.passed(), "{place}: {verdict}");
    }
}

/// Transformers 5 refuses a number with a point where its own files have none.
#[test]
fn the_scalar_of_gemma_is_written_as_it_is_read() {
    let file = crate::support::fixtures().join("gemma2/model/config.json");
    let config: DecoderConfig = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let written = serde_json::to_string(&config).unwrap();
    assert!(
        written.contains(r#""query_pre_attn_scalar":9,"#),
        "{written}"
    );
}

/// Toy models of our own (`fixtures/lm`), beside the larger ones that are run where they are.
mod toy {
    use super::{compare, fixture};

    macro_rules! toys {
        ($($name:ident),+ $(,)?) => {
            $(#[test]
            fn $name() {
                compare(&fixture(stringify!($name)));
            })+
        };
    }

    toys!(llama, gemma2, mistral, qwen2, opt, lora, lora_tied);

    #[test]
    fn tokenizers() {
        for name in ["byte_level", "word_piece"] {
            compare(&fixture(&format!("tokenizers/{name}")));
        }
    }
}

macro_rules! cases {
    ($($name:ident),+ $(,)?) => {
        $(#[test]
        fn $name() {
            let Some(golden) = case(stringify!($name)) else { return };
            compare(&golden);
        })+
    };
}

cases!(
    llama2,
    llama3,
    llama3_tied,
    gemma2,
    mistral,
    qwen2,
    opt,
    opt_galactica,
    lora,
    sampling,
    tokenizer_llama3,
    tokenizer_llama2,
    tokenizer_gemma,
    tokenizer_wordpiece,
    tokenizer_unigram,
);

#[test]
fn old_and_new_names_of_a_configuration_are_one_configuration() {
    for name in [
        "llama2",
        "llama3",
        "llama3_tied",
        "gemma2",
        "mistral",
        "qwen2",
        "opt",
    ] {
        let Some(golden) = case(name) else { return };
        let read = |file: &str| -> DecoderConfig {
            serde_json::from_str(&fs::read_to_string(golden.dir().join(file)).unwrap()).unwrap()
        };
        let (new, old) = (read("model/config.json"), read("config.hub.json"));
        assert_eq!(new, old, "{name}");
        assert_eq!(
            new.rope_scaling.is_some(),
            name.starts_with("llama3"),
            "{name}"
        );
        let again: DecoderConfig =
            serde_json::from_str(&serde_json::to_string(&new).unwrap()).unwrap();
        assert_eq!(new, again, "{name}: as this program writes it");
    }
}

fn attach(golden: &Golden, adapter: &Path) -> String {
    let device = Backend::Flex.open().unwrap();
    let (model, _) = load_dir(&golden.dir().join("model"), FloatDType::F32, &device).unwrap();
    let adapter = Adapter::read(adapter).unwrap();
    adapter
        .attach(model, &mut Init::new(3, &device))
        .unwrap_err()
        .to_string()
}

#[test]
fn an_adapter_of_other_layers_is_refused_by_name() {
    let Some(golden) = case("lora") else { return };
    let adapters = golden.dir().join("adapters");
    let dir = tempfile::tempdir().unwrap();
    for (from, file) in [
        ("lora_qv", "adapter_config.json"),
        ("lora", "adapter_model.safetensors"),
    ] {
        fs::copy(adapters.join(from).join(file), dir.path().join(file)).unwrap();
    }
    let error = attach(&golden, dir.path());
    assert!(
        error.contains("unexpected") && error.contains("k_proj.lora_A.weight"),
        "{error}"
    );
    assert!(
        error.contains("shape") && error.contains("q_proj.lora_A.weight"),
        "{error}"
    );
}

#[test]
fn an_adapter_for_another_architecture_names_the_layer_and_what_there_is() {
    let (Some(golden), Some(opt)) = (case("lora"), case("opt")) else {
        return;
    };
    let error = attach(&opt, &golden.dir().join("adapters/lora"));
    assert!(
        error.contains("another model") && error.contains("`gate_proj`") && error.contains("fc1"),
        "{error}"
    );
}

#[test]
fn an_unknown_architecture_names_those_that_are_known() {
    let error = serde_json::from_str::<DecoderConfig>(r#"{"model_type": "mamba"}"#).unwrap_err();
    assert!(
        error.to_string().contains("`mamba`") && error.to_string().contains("`gemma2`"),
        "{error}"
    );
}
