//! PEFT's LoRA on a Llama: logits, losses and gradients of its adapter files.

use std::{collections::BTreeSet, fs};

use molglot_core::LanguageModel;
use molglot_lm::{
    Llama, LoraConfig,
    llama::{adapter_name, is_adapter, load_dir},
};
use molglot_tensor::{Backend, Device, Init, golden::Golden, params, weights::Weights};

use crate::support::{Checker, Rows, all_logits, batch, case, loss, print_unseen, values};

const ADAPTERS: [&str; 2] = ["lora", "lora_qv"];

fn settings(golden: &Golden, adapter: &str) -> LoraConfig {
    let path = golden
        .dir()
        .join("adapters")
        .join(adapter)
        .join("adapter_config.json");
    let stored: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let targets = stored["target_modules"].as_array().unwrap().iter();
    LoraConfig {
        r: stored["r"].as_u64().unwrap() as usize,
        lora_alpha: stored["lora_alpha"].as_f64().unwrap(),
        lora_dropout: stored["lora_dropout"].as_f64().unwrap(),
        target_modules: targets
            .map(|name| name.as_str().unwrap().to_owned())
            .collect(),
    }
}

/// The base with an adapter; the adapter trains, its dropout does not run, the base is frozen.
fn load(golden: &Golden, adapter: &str, device: &Device) -> Llama {
    let mut init = Init::new(3, device);
    let (mut model, _) = load_dir(&golden.dir().join("model"), &mut init).unwrap();
    model.attach_lora(&settings(golden, adapter), &mut init);
    let file = golden
        .dir()
        .join("adapters")
        .join(adapter)
        .join("adapter_model.safetensors");
    let model = Weights::read(&file)
        .unwrap()
        .load_where(model, &is_adapter, &adapter_name)
        .unwrap();
    params::set_trainable(model, |path| {
        is_adapter(path) && !path.ends_with("training")
    })
}

#[test]
fn adapters_equal_peft() {
    let Some(golden) = case("lora") else { return };
    let rows = Rows::new(&golden, "in.");
    let ids = rows.pick(&golden, "in.input_ids");
    let sequences = Rows::sequences(&ids, &rows.pick(&golden, "in.labels"));
    let mut seen = BTreeSet::new();
    for backend in Backend::cpus() {
        let device = backend.open().unwrap().autodiff();
        let text = batch(&sequences, 0, &device);
        for adapter in ADAPTERS {
            let model = load(&golden, adapter, &device);
            let mut check = Checker::new(&golden, format!("lora, {backend}, {adapter}"), &mut seen);
            let logits = |model: &Llama| {
                rows.place(all_logits(
                    model,
                    model.hidden_states(model.embed(&text)).pop().unwrap(),
                ))
            };
            check.at(&format!("out.{adapter}.logits"), logits(&model));
            check.at("out.base.logits", logits(&model.without_lora()));

            let loss = loss(&model, model.embed(&text), &text);
            check.all(&format!("out.{adapter}.loss"), &values(loss.clone()));
            let found = params::gradients(&model, &loss.backward());
            assert!(
                found.iter().all(|(path, _)| is_adapter(path)),
                "the base is frozen"
            );
            let prefix = format!("grad.{adapter}.");
            let names = golden.names().unwrap();
            let wanted: Vec<&String> = names
                .iter()
                .filter(|name| name.starts_with(&prefix))
                .collect();
            assert!(!wanted.is_empty());
            for name in wanted {
                let (_, grad) = found
                    .iter()
                    .find(|(path, _)| adapter_name(path) == name[prefix.len()..])
                    .unwrap();
                check.all(name, grad);
            }
            check.report();
        }
    }
    print_unseen(&golden, &seen);
}

#[test]
fn an_adapter_of_other_layers_is_refused_by_name() {
    let Some(golden) = case("lora") else { return };
    let device = Backend::Flex.open().unwrap();
    let mut init = Init::new(3, &device);
    let (mut model, _) = load_dir(&golden.dir().join("model"), &mut init).unwrap();
    model.attach_lora(&settings(&golden, "lora_qv"), &mut init);
    let file = golden.dir().join("adapters/lora/adapter_model.safetensors");
    let error = Weights::read(&file)
        .unwrap()
        .load_where(model, &is_adapter, &adapter_name)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("unexpected") && error.contains("k_proj.lora_A.weight"),
        "{error}"
    );
    assert!(
        error.contains("shape") && error.contains("q_proj.lora_A.weight"),
        "{error}"
    );
}
