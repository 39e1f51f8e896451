//! Hugging Face's Llama: hidden states, logits, losses, gradients and greedy tokens.

use std::{collections::BTreeSet, fs};

use molglot_core::{KvCache, LanguageModel};
use molglot_lm::{
    GenerateConfig, Llama, LlamaConfig, Prompts, generate,
    llama::{base_name, load_dir},
};
use molglot_tensor::{
    Backend, Device, Init, Tensor, TensorData, burn::module::Module, golden::Golden, params,
};

use crate::support::{Checker, Rows, all_logits, batch, case, loss, print_unseen, values};

#[test]
fn llama2_equals_hugging_face() {
    compare("llama2");
}

#[test]
fn llama3_sharded_equals_hugging_face() {
    compare("llama3");
}

#[test]
fn llama3_tied_equals_hugging_face() {
    compare("llama3_tied");
}

#[test]
fn old_and_new_names_of_a_configuration_are_one_configuration() {
    for name in ["llama2", "llama3", "llama3_tied"] {
        let Some(golden) = case(name) else { return };
        let read = |file: &str| -> LlamaConfig {
            serde_json::from_str(&fs::read_to_string(golden.dir().join(file)).unwrap()).unwrap()
        };
        let (new, old) = (read("model/config.json"), read("config.hub.json"));
        assert_eq!(new, old, "{name}");
        assert_eq!(new.rope_scaling.is_some(), name != "llama2", "{name}");
        let again: LlamaConfig =
            serde_json::from_str(&serde_json::to_string(&new).unwrap()).unwrap();
        assert_eq!(new, again, "{name}: as this program writes it");
    }
}

fn compare(name: &str) {
    let Some(golden) = case(name) else { return };
    let mut seen = BTreeSet::new();
    for backend in Backend::cpus() {
        let device = backend.open().unwrap().autodiff();
        let (model, _) = load_dir(&golden.dir().join("model"), &mut Init::new(0, &device)).unwrap();
        let mut check = Checker::new(&golden, format!("{name}, {backend}"), &mut seen);
        tokens(&golden, &model, &device, &mut check);
        embeddings(&golden, &model, &device, &mut check);
        greedy(&golden, &model.valid(), &device.inner(), &mut check);
        check.report();
    }
    print_unseen(&golden, &seen);
}

fn gradients(
    golden: &Golden,
    model: &Llama,
    scenario: &str,
    loss: &Tensor<1>,
    check: &mut Checker<'_>,
) {
    let found = params::gradients(model, &loss.backward());
    let prefix = format!("grad.{scenario}.");
    let names = golden.names().unwrap();
    let wanted: Vec<&String> = names
        .iter()
        .filter(|name| name.starts_with(&prefix))
        .collect();
    assert!(!wanted.is_empty(), "{scenario}");
    for name in wanted {
        let (_, grad) = found
            .iter()
            .find(|(path, _)| base_name(path) == name[prefix.len()..])
            .unwrap();
        check.all(name, grad);
    }
}

/// Scenarios of token ids: without a mask, padded on the right, padded on the left.
fn tokens(golden: &Golden, model: &Llama, device: &Device, check: &mut Checker<'_>) {
    for scenario in ["plain", "right", "left"] {
        let prefix = format!("in.{scenario}.");
        let rows = Rows::new(golden, &prefix);
        let ids = rows.pick(golden, &format!("{prefix}input_ids"));
        let labelled = scenario != "plain";
        let sequences = if labelled {
            Rows::sequences(&ids, &rows.pick(golden, &format!("{prefix}labels")))
        } else {
            Rows::unlabelled(&ids)
        };
        let text = batch(&sequences, 0, device);
        let states = model.hidden_states(model.embed(&text));
        let last = states[states.len() - 1].clone();
        if scenario == "left" {
            check.at("out.left.last_hidden_state", rows.place(last.clone()));
        } else {
            for (number, state) in states.into_iter().enumerate() {
                check.at(
                    &format!("out.{scenario}.hidden_states.{number}"),
                    rows.place(state),
                );
            }
        }
        check.at(
            &format!("out.{scenario}.logits"),
            rows.place(all_logits(model, last)),
        );
        if labelled {
            let loss = loss(model, model.embed(&text), &text);
            check.all(&format!("out.{scenario}.loss"), &values(loss.clone()));
            gradients(golden, model, scenario, &loss, check);
        }
    }
}

/// The real rows of `in.embeds.inputs_embeds`, each `[T, E]` row-major.
fn given_embeddings(golden: &Golden, rows: &Rows) -> Vec<Vec<f32>> {
    let (shape, all) = golden.floats("in.embeds.inputs_embeds").unwrap();
    let (length, width) = (shape[1], shape[2]);
    let row = |(number, kept): (usize, &Vec<usize>)| {
        let position = |at: &usize| all[(number * length + at) * width..][..width].to_vec();
        kept.iter().flat_map(position).collect()
    };
    rows.kept.iter().enumerate().map(row).collect()
}

fn embeddings(golden: &Golden, model: &Llama, device: &Device, check: &mut Checker<'_>) {
    let rows = Rows::new(golden, "in.embeds.");
    let given = given_embeddings(golden, &rows);
    let labels = rows.pick(golden, "in.embeds.labels");
    // Decoding reads ids at labels alone.
    let ids: Vec<Vec<i64>> = labels
        .iter()
        .map(|row| row.iter().map(|&label| label.max(0)).collect())
        .collect();
    let text = batch(&Rows::sequences(&ids, &labels), 0, device);
    let width = model.width();
    let mut padded = vec![0f32; text.sequences * text.length * width];
    for (row, given) in given.iter().enumerate() {
        padded[row * text.length * width..][..given.len()].copy_from_slice(given);
    }
    let shape = [text.sequences, text.length, width];
    let input = Tensor::<3>::from_data(TensorData::new(padded, shape), device).require_grad();
    let last = model.hidden_states(input.clone()).pop().unwrap();
    check.at("out.embeds.last_hidden_state", rows.place(last.clone()));
    check.at("out.embeds.logits", rows.place(all_logits(model, last)));
    let loss = loss(model, input.clone(), &text);
    check.all("out.embeds.loss", &values(loss.clone()));
    let grads = loss.backward();
    check.at(
        "grad.embeds.inputs_embeds",
        rows.place(input.grad(&grads).unwrap()),
    );
}

fn greedy(golden: &Golden, model: &Llama, device: &Device, check: &mut Checker<'_>) {
    let prompts = Rows::new(golden, "in.gen.");
    let ids = prompts.pick(golden, "in.gen.input_ids");
    let embedded: Vec<Tensor<3>> = Rows::unlabelled(&ids)
        .iter()
        .map(|sequence| model.embed(&batch(std::slice::from_ref(sequence), 0, device)))
        .collect();
    for scenario in ["greedy", "greedy_eos"] {
        let name = format!("out.{scenario}.sequences");
        let (shape, table) = golden.ints(&name).unwrap();
        let start = golden.ints("in.gen.input_ids").unwrap().0[1];
        let wanted: Vec<&[i64]> = table.chunks(shape[1]).map(|row| &row[start..]).collect();
        assert_eq!(wanted.len(), embedded.len());
        for (prompt, wanted) in embedded.iter().zip(wanted) {
            continued(golden, scenario, model, prompt.clone(), wanted);
        }
        check.exact(&name);
    }
    let rows = Rows::new(golden, "in.embeds.");
    let (shape, table) = golden.ints("out.greedy_embeds.sequences").unwrap();
    for (given, wanted) in given_embeddings(golden, &rows)
        .into_iter()
        .zip(table.chunks(shape[1]))
    {
        let shape = [1, given.len() / model.width(), model.width()];
        let prompt = Tensor::<3>::from_data(TensorData::new(given, shape), device);
        continued(golden, "greedy_embeds", model, prompt, wanted);
    }
    check.exact("out.greedy_embeds.sequences");
    step_logits(golden, model, &embedded, device, check);
}

/// `wanted` are new tokens up to a stop token and padding.
fn continued(golden: &Golden, scenario: &str, model: &Llama, prompt: Tensor<3>, wanted: &[i64]) {
    let settings = &golden.meta()["generate"][scenario];
    let list = settings["eos_token_id"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let stop: Vec<u32> = list.iter().map(|id| id.as_u64().unwrap() as u32).collect();
    let config = GenerateConfig {
        max_new_tokens: settings["max_new_tokens"].as_u64().unwrap() as usize,
        eos_token_id: stop.clone(),
        ..GenerateConfig::default()
    };
    let wanted: Vec<u32> = wanted
        .iter()
        .map(|&id| id as u32)
        .take_while(|id| !stop.contains(id))
        .collect();
    let lengths = [prompt.dims()[1]];
    let prompts = Prompts::from_embeddings(prompt, &lengths);
    let found = generate(
        model,
        &prompts,
        &config,
        model.max_length(),
        &mut |_, _, _| {},
    );
    assert_eq!(found.unwrap()[0][0].tokens, wanted, "{scenario}");
}

/// Logits of every step of the greedy continuation, from the cache.
fn step_logits(
    golden: &Golden,
    model: &Llama,
    prompts: &[Tensor<3>],
    device: &Device,
    check: &mut Checker<'_>,
) {
    let (shape, table) = golden.ints("out.greedy.sequences").unwrap();
    let steps = golden.floats("out.greedy.step_logits").unwrap().0[1];
    let mut found = Vec::new();
    for (prompt, row) in prompts.iter().zip(table.chunks(shape[1])) {
        let mut cache = KvCache::default();
        found.extend(values(model.advance(prompt.clone(), &mut cache)));
        let fed = &row[shape[1] - steps..shape[1] - 1];
        for &id in fed {
            let sequences = Rows::unlabelled(&[vec![id]]);
            found.extend(values(
                model.advance(model.embed(&batch(&sequences, 0, device)), &mut cache),
            ));
        }
    }
    check.all("out.greedy.step_logits", &found);
}
