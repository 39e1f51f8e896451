//! What every language model must obey.

use molglot_core::{
    KvCache, LanguageModel, Sequence, SoftTokens, TextBatch, TextOutput, TextRead, splice,
};
use molglot_lm::{
    Decoder, DecoderConfig, GenerateConfig, LoraConfig, Prompts,
    decoder::Architecture,
    generate,
    lora::{Adapter, Targets, is_lora, save_adapter},
};
use molglot_tensor::{
    Backend, Device, Init, RowIndex, Tensor, TensorData,
    burn::{
        module::{Module, ModuleMapper, ModuleVisitor, Param},
        tensor::{DType, FloatDType, Int},
    },
    ops::cross_entropy,
    params,
    weights::{Weights, same_names},
};

use crate::support::{batch, label_logits, values};

const VOCABULARY: usize = 37;

fn llama(device: &Device, tied: bool) -> Decoder {
    decoder(Architecture::Llama, tied, device)
}

/// A toy of a family, with whatever the family has that others have not.
fn decoder(architecture: Architecture, tied: bool, device: &Device) -> Decoder {
    let layers = 2;
    let (gemma, opt) = (
        architecture == Architecture::Gemma2,
        architecture == Architecture::Opt,
    );
    let window = |layer: usize| match architecture {
        Architecture::Mistral => Some(4),
        Architecture::Gemma2 if layer == 0 => Some(3),
        _ => None,
    };
    let config = DecoderConfig {
        architecture,
        vocab_size: VOCABULARY,
        hidden_size: 24,
        intermediate_size: 40,
        num_hidden_layers: layers,
        num_attention_heads: 4,
        num_key_value_heads: if opt { 4 } else { 2 },
        head_dim: 6,
        max_position_embeddings: 48,
        tie_word_embeddings: tied,
        initializer_range: 0.4,
        query_bias: opt || architecture == Architecture::Qwen2,
        output_bias: opt,
        mlp_bias: opt,
        windows: (0..layers).map(window).collect(),
        score_cap: gemma.then_some(5.0),
        logit_cap: gemma.then_some(3.0),
        ..DecoderConfig::default()
    };
    config.init(&mut Init::new(5, device)).unwrap()
}

/// `length` ids, every position but the first a label.
fn sequence(length: usize, salt: usize) -> Sequence {
    let ids = (0..length)
        .map(|i| ((i * 17 + salt * 29) % (VOCABULARY - 1) + 1) as u32)
        .collect();
    Sequence {
        ids,
        slots: Vec::new(),
        labels: (1..length as u32).collect(),
    }
}

fn assert_close(what: &str, a: &[f32], b: &[f32]) {
    assert_eq!(a.len(), b.len(), "{what}");
    let scale = b.iter().fold(1f32, |most, value| most.max(value.abs()));
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() <= 1e-5 * scale, "{what}: {a} is not {b}");
    }
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Logits at the labels of each sequence.
fn logits(model: &Decoder, sequences: &[Sequence], pad: u32, device: &Device) -> Vec<f32> {
    let text = batch(sequences, pad, device);
    values(label_logits(model, model.embed(&text), &text))
}

#[test]
fn the_cache_changes_nothing() {
    for backend in Backend::cpus() {
        let device = backend.open().unwrap();
        for architecture in Architecture::ALL {
            let model = decoder(architecture, backend == Backend::Flex, &device);
            let sequence = sequence(12, 1);
            let all = logits(&model, std::slice::from_ref(&sequence), 0, &device);
            let embedded = model.embed(&batch(std::slice::from_ref(&sequence), 0, &device));
            for first in [1, 4] {
                let mut cache = KvCache::default();
                let mut found = Vec::new();
                let mut start = 0;
                for end in first..12 {
                    let part = embedded.clone().slice_dim(1, start..end);
                    found.extend(values(model.advance(part, &mut cache)));
                    start = end;
                    assert_eq!(cache.len(), end);
                }
                assert_close(
                    &format!("{architecture:?} on {backend}, {first} at first"),
                    &found,
                    &all[(first - 1) * VOCABULARY..],
                );
            }
        }
    }
}

#[test]
fn generation_is_the_most_likely_token_each_time() {
    for backend in Backend::cpus() {
        let device = backend.open().unwrap();
        let model = llama(&device, true);
        let prompt = sequence(5, 3);
        let mut slow = prompt.ids.clone();
        for _ in 0..10 {
            slow.push(0);
            let last = (slow.len() - 1) as u32;
            let whole = Sequence {
                ids: slow.clone(),
                slots: Vec::new(),
                labels: vec![last],
            };
            let row = logits(&model, &[whole], 0, &device);
            let best = (0..VOCABULARY)
                .max_by(|&a, &b| row[a].total_cmp(&row[b]))
                .unwrap();
            *slow.last_mut().unwrap() = best as u32;
        }
        let wanted = &slow[prompt.ids.len()..];
        let run = |stop: &[u32], most: usize, limit: usize| {
            let config = GenerateConfig {
                max_new_tokens: most,
                eos_token_id: stop.to_vec(),
                ..GenerateConfig::default()
            };
            let prompts = Prompts::from_ids(&model, std::slice::from_ref(&prompt.ids), &device);
            let found = generate(&model, &prompts, &config, limit, &mut |_, _, _| {});
            found.unwrap().remove(0).remove(0).tokens
        };
        assert_eq!(run(&[], 10, 48), wanted, "{backend}");
        assert_eq!(
            run(&[], 4, 48),
            wanted[..4],
            "{backend}: the most that was asked for"
        );
        assert_eq!(
            run(&[], 10, 8),
            wanted[..3],
            "{backend}: the last position of the model"
        );
        assert_eq!(
            run(&[], 10, 3),
            [0u32; 0],
            "{backend}: a prompt that is too long already"
        );
        let before = wanted.iter().position(|id| *id == wanted[6]).unwrap();
        assert_eq!(
            run(&[wanted[6]], 10, 48),
            wanted[..before],
            "{backend}: the stop token is left out"
        );
    }
}

#[test]
fn padding_on_the_right_changes_nothing() {
    for (backend, architecture) in everywhere() {
        let device = backend.open().unwrap();
        let model = decoder(architecture, false, &device);
        let sequences = [sequence(9, 1), sequence(2, 2), sequence(6, 3)];
        let together = logits(&model, &sequences, 0, &device);
        let apart: Vec<f32> = sequences
            .iter()
            .flat_map(|one| logits(&model, std::slice::from_ref(one), 0, &device))
            .collect();
        assert_close(&format!("{architecture:?} on {backend}"), &together, &apart);
        let other = logits(&model, &sequences, 7, &device);
        assert_eq!(
            bits(&together),
            bits(&other),
            "{architecture:?} on {backend}: what stands in the padding"
        );
    }
}

/// Every family on every CPU backend.
fn everywhere() -> Vec<(Backend, Architecture)> {
    let on = |backend| Architecture::ALL.map(|architecture| (backend, architecture));
    Backend::cpus().into_iter().flat_map(on).collect()
}

/// Reads prompts one by one and as one batch padded on the left, then a token more each; beams may swap between.
#[test]
fn padding_on_the_left_changes_nothing_in_the_cache() {
    for (backend, architecture) in everywhere() {
        let device = backend.open().unwrap();
        let model = decoder(architecture, false, &device);
        let prompts = [sequence(9, 1).ids, sequence(2, 2).ids, sequence(6, 3).ids];
        let next = [3u32, 5, 7];
        let mut apart = Vec::new();
        for (prompt, &next) in prompts.iter().zip(&next) {
            let mut cache = KvCache::default();
            let first = values(model.advance(model.embed_ids(prompt, 1), &mut cache));
            let second = values(model.advance(model.embed_ids(&[next], 1), &mut cache));
            apart.push((first, second));
        }
        let padding: Vec<usize> = prompts.iter().map(|prompt| 9 - prompt.len()).collect();
        let padded: Vec<u32> = prompts
            .iter()
            .flat_map(|prompt| [vec![0; 9 - prompt.len()], prompt.clone()].concat())
            .collect();
        let mut cache = KvCache::new(&padding);
        let first = values(model.advance(model.embed_ids(&padded, 3), &mut cache));
        // The third prompt goes on twice, the first once.
        let order = [2usize, 0, 2];
        cache.reorder(&order);
        let fed = order.map(|row| next[row]);
        let second = values(model.advance(model.embed_ids(&fed, 3), &mut cache));
        for row in 0..3 {
            let what = format!("{architecture:?} on {backend}, row {row}");
            let at = row * VOCABULARY..(row + 1) * VOCABULARY;
            assert_close(&what, &first[at.clone()], &apart[row].0);
            assert_close(&what, &second[at], &apart[order[row]].1);
        }
    }
}

#[test]
fn padding_gets_no_gradient_and_gives_none() {
    for backend in Backend::cpus() {
        let device = backend.open().unwrap().autodiff();
        let model = llama(&device, false);
        let text = batch(&[sequence(9, 1), sequence(4, 2)], 0, &device);
        let input = Tensor::from_inner(model.embed(&text).inner()).require_grad();
        let grads = label_logits(&model, input.clone(), &text)
            .powi_scalar(2)
            .sum()
            .backward();
        let grad = values(input.grad(&grads).unwrap());
        let width = model.width();
        let moved: Vec<bool> = grad
            .chunks(width)
            .map(|row| row.iter().any(|value| *value != 0.0))
            .collect();
        let read: Vec<bool> = (0..18)
            .map(|row| row < 8 || (9..12).contains(&row))
            .collect();
        assert_eq!(
            moved, read,
            "{backend}: the last token of a sequence predicts nothing, padding neither"
        );
    }
}

#[test]
fn a_fresh_adapter_is_its_base_bit_for_bit() {
    for backend in Backend::cpus() {
        let device = backend.open().unwrap();
        let base = llama(&device, true);
        let mut model = base.clone();
        model
            .attach_lora(
                &LoraConfig {
                    r: 3,
                    ..LoraConfig::default()
                },
                &mut Init::new(9, &device),
            )
            .unwrap();
        let sequences = [sequence(9, 1), sequence(5, 2)];
        let of = |model: &Decoder| bits(&logits(model, &sequences, 0, &device));
        assert_eq!(of(&model), of(&base), "{backend}");
        assert_eq!(of(&model.without_lora()), of(&base), "{backend}");
        let count = |model: &Decoder| molglot_tensor::params::list(model).len();
        assert_eq!(
            count(&model),
            count(&base) + 2 * 7 * 2,
            "{backend}: two factors at every linear layer"
        );
        assert_eq!(count(&model.without_lora()), count(&base), "{backend}");
    }
}

/// `modules_to_save`: copies that alone are trained with the update, in f32; the base stays, tied or not; written and read
/// back they are the same bits, under the names of the originals.
#[test]
fn parts_that_are_trained_whole_are_copies() {
    let names = ["lm_head", "embed_tokens"].map(str::to_owned);
    for (backend, architecture) in everywhere() {
        let device = backend.open().unwrap().autodiff();
        for (tied, whole) in [
            (true, &names[..]),
            (true, &names[..1]),
            (true, &names[1..]),
            (false, &names),
        ] {
            let what = format!("{architecture:?} on {backend}, tied {tied}, {whole:?}");
            let base = decoder(architecture, tied, &device);
            let config = LoraConfig {
                r: 2,
                target_modules: Targets::Pattern("all-linear".into()),
                modules_to_save: whole.to_vec(),
                ..LoraConfig::default()
            };
            let mut model = base.clone();
            model
                .attach_lora(&config, &mut Init::new(9, &device))
                .unwrap();
            let sequences = [sequence(9, 1), sequence(5, 2)];
            let of = |model: &Decoder| bits(&logits(model, &sequences, 0, &device));
            assert_eq!(of(&model), of(&base), "{what}: a fresh copy");

            let model = params::set_trainable(model, is_lora);
            let text = TextBatch::new(
                &sequences.iter().collect::<Vec<_>>(),
                0,
                TextRead::Losses,
                &device,
            );
            let grads = losses(&model, &text).mean().backward();
            let grads = params::gradients(&model, &grads);
            assert!(grads.iter().all(|(path, _)| is_lora(path)), "{what}");
            for name in whole {
                let path = format!("modules_to_save.{name}");
                let grad = grads.iter().find(|(found, _)| *found == path);
                let (_, grad) = grad.unwrap_or_else(|| panic!("{what}: no gradient of {path}"));
                assert!(grad.iter().any(|value| *value != 0.0), "{what}: {path}");
            }

            let trained = model.map(&mut Moved(params::Path::default()));
            let moved = of(&trained);
            assert_ne!(moved, of(&base), "{what}");
            assert_eq!(of(&trained.without_lora()), of(&base), "{what}: the base");
            let merged = trained.merged();
            assert!(!merged.is_tied(), "{what}");
            let (found, wanted) = (of(&merged), &moved);
            let floats =
                |bits: &[u32]| bits.iter().copied().map(f32::from_bits).collect::<Vec<_>>();
            assert_close(&what, &floats(&found), &floats(wanted));

            let dir = tempfile::tempdir().unwrap();
            for (name, bytes) in save_adapter(&trained.valid(), &config, "base").unwrap() {
                std::fs::write(dir.path().join(name), bytes).unwrap();
            }
            let read = Adapter::read(dir.path()).unwrap();
            assert_eq!(read.config, config, "{what}");
            let again = read
                .attach(base.clone(), &mut Init::new(1, &device))
                .unwrap();
            assert_eq!(of(&again), moved, "{what}: read back");
            let stored = Weights::read(&dir.path().join("adapter_model.safetensors")).unwrap();
            let stored: Vec<&str> = stored.names().filter(|n| !n.contains("lora_")).collect();
            let table = match architecture {
                Architecture::Opt => "base_model.model.model.decoder.embed_tokens.weight",
                _ => "base_model.model.model.embed_tokens.weight",
            };
            let mut wanted: Vec<&str> = whole
                .iter()
                .map(|name| match name.as_str() {
                    "lm_head" => "base_model.model.lm_head.weight",
                    _ => table,
                })
                .collect();
            wanted.sort_unstable();
            assert_eq!(stored, wanted, "{what}");
        }
    }
}

/// A base held in bf16 gets its copies in f32, as everything that is trained.
#[test]
fn copies_are_f32_whatever_the_base_is() {
    struct Types(params::Path, Vec<(String, DType)>);
    impl ModuleVisitor for Types {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.0.enter(name);
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.0.exit();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.1.push((self.0.dotted(), param.val().dtype()));
        }
    }
    let device = Backend::Flex.open().unwrap();
    let wide = llama(&device, true);
    let stored = Weights::of(&wide, &|_| true, &same_names).unwrap();
    let mut model = stored.load_as(wide, FloatDType::BF16, &same_names).unwrap();
    let config = LoraConfig {
        modules_to_save: ["lm_head", "embed_tokens"].map(str::to_owned).to_vec(),
        ..LoraConfig::default()
    };
    model
        .attach_lora(&config, &mut Init::new(9, &device))
        .unwrap();
    let mut types = Types(params::Path::default(), Vec::new());
    model.visit(&mut types);
    for (path, dtype) in types.1 {
        let trained = is_lora(&path);
        let wanted = if trained { DType::F32 } else { DType::BF16 };
        assert_eq!(dtype, wanted, "{path}");
    }
}

/// Moves the parameters of an adapter.
struct Moved(params::Path);

impl ModuleMapper for Moved {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.0.enter(name);
    }
    fn exit_module(&mut self, _: &str, _: &str) {
        self.0.exit();
    }
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if !is_lora(&self.0.dotted()) {
            return param;
        }
        param.map(|value| {
            let count = value.shape().num_elements() as i64;
            let wave = Tensor::<1, Int>::arange(0..count, &value.device()).float();
            let wave = wave.sin().mul_scalar(0.2).reshape(value.shape());
            (value + wave).detach().require_grad()
        })
    }
}

#[test]
fn soft_tokens_are_embeddings_like_any_other() {
    for backend in Backend::cpus() {
        let device = backend.open().unwrap().autodiff();
        let model = llama(&device, false);
        let width = model.width();
        let mut sequences = [sequence(8, 1), sequence(6, 2)];
        sequences[0].slots = vec![1, 2, 3];
        sequences[1].slots = vec![2, 4];
        sequences[0].labels = vec![5, 6, 7];
        sequences[1].labels = vec![5];
        let text: TextBatch = batch(&sequences, 0, &device);
        assert_eq!(text.read, TextRead::Labels);
        let soft: Vec<f32> = (0..5 * width)
            .map(|i| ((i * 7919) % 1000) as f32 / 500.0 - 1.0)
            .collect();
        let tokens = Tensor::<2>::from_data(TensorData::new(soft.clone(), [5, width]), &device)
            .require_grad();
        let soft_tokens = SoftTokens {
            tokens: tokens.clone(),
            owner: RowIndex::new(2, vec![0, 0, 0, 1, 1]),
        };
        let spliced = splice(model.embed(&text), &text, Some(&soft_tokens)).unwrap();

        let mut by_hand = values(model.embed(&text));
        let places = [1, 2, 3, 8 + 2, 8 + 4];
        for (number, place) in places.into_iter().enumerate() {
            by_hand[place * width..][..width].copy_from_slice(&soft[number * width..][..width]);
        }
        let by_hand =
            Tensor::<3>::from_data(TensorData::new(by_hand, [2, 8, width]), &device).require_grad();
        let (a, b) = (
            label_logits(&model, spliced, &text),
            label_logits(&model, by_hand.clone(), &text),
        );
        assert_eq!(
            bits(&values(a.clone())),
            bits(&values(b.clone())),
            "{backend}"
        );

        let from_soft = values(tokens.grad(&a.powi_scalar(2).sum().backward()).unwrap());
        let from_hand = values(by_hand.grad(&b.powi_scalar(2).sum().backward()).unwrap());
        let picked: Vec<f32> = places
            .iter()
            .flat_map(|place| from_hand[place * width..][..width].to_vec())
            .collect();
        assert_close(&format!("{backend}: gradient"), &from_soft, &picked);
        assert!(
            from_soft
                .chunks(width)
                .all(|row| row.iter().any(|value| *value != 0.0)),
            "{backend}"
        );
    }
}

/// Computing blocks again gives the gradients of keeping them, dropout included, of adapters as of whole models.
#[test]
fn recomputed_blocks_give_the_same_gradients() {
    for (backend, architecture) in everywhere() {
        let device = backend.open().unwrap().autodiff();
        for adapter in [false, true] {
            let mut model = decoder(architecture, true, &device);
            if adapter {
                let config = LoraConfig {
                    r: 3,
                    lora_dropout: 0.3,
                    target_modules: Targets::Pattern("all-linear".into()),
                    ..LoraConfig::default()
                };
                model
                    .attach_lora(&config, &mut Init::new(9, &device))
                    .unwrap();
                model = params::set_trainable(model, is_lora);
            }
            let mut text = batch(&[sequence(9, 1), sequence(4, 2)], 0, &device);
            text.seed = 77;
            let gradients = |model: &Decoder| {
                let input = Tensor::from_inner(model.embed(&text).inner()).require_grad();
                let loss = label_logits(model, input.clone(), &text)
                    .powi_scalar(2)
                    .mean();
                let grads = loss.clone().backward();
                let of_input = values(input.grad(&grads).unwrap());
                (values(loss), of_input, params::gradients(model, &grads))
            };
            let kept = gradients(&model);
            let again = gradients(&model.clone().recomputing(true));
            let what = format!("{architecture:?} on {backend}, adapter {adapter}");
            assert_close(&what, &again.0, &kept.0);
            assert_relative(&what, &again.1, &kept.1);
            assert_eq!(again.2.len(), kept.2.len(), "{what}");
            assert!(!adapter || kept.2.iter().all(|(path, _)| is_lora(path)));
            for ((path, again), (_, kept)) in again.2.iter().zip(&kept.2) {
                assert_relative(&format!("{what}: {path}"), again, kept);
            }
        }
    }
}

/// Within 1e-6 of the largest value.
fn assert_relative(what: &str, a: &[f32], b: &[f32]) {
    assert_eq!(a.len(), b.len(), "{what}");
    let scale = b.iter().fold(0f32, |most, value| most.max(value.abs()));
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() <= 1e-6 * scale, "{what}: {a} is not {b}");
    }
}

fn losses(model: &Decoder, text: &TextBatch) -> Tensor<1> {
    match model.decode(model.embed(text), text) {
        TextOutput::Losses(losses) => losses,
        _ => panic!("no losses"),
    }
}

/// The losses of labels, and the gradients of the model, whether sequences stand alone, share rows, or their logits are
/// made first.
#[test]
fn packed_sequences_have_the_losses_of_lonely_ones() {
    for (backend, architecture) in everywhere() {
        let device = backend.open().unwrap().autodiff();
        let model = decoder(architecture, false, &device);
        let sequences = [
            sequence(9, 1),
            sequence(2, 2),
            sequence(6, 3),
            sequence(3, 4),
        ];
        let all: Vec<&Sequence> = sequences.iter().collect();
        let alone = TextBatch::new(&all, 0, TextRead::Losses, &device);
        let packed = TextBatch::packed(&all, 0, TextRead::Losses, &device);
        assert_eq!((alone.rows, packed.rows), (4, 3));
        let what = format!("{architecture:?} on {backend}");
        let (a, b) = (losses(&model, &alone), losses(&model, &packed));
        assert_close(&what, &values(b.clone()), &values(a.clone()));
        let by_logits = TextBatch::new(&all, 0, TextRead::Labels, &device);
        let logits = label_logits(&model, model.embed(&by_logits), &by_logits);
        let c = cross_entropy(logits, &by_logits.targets);
        assert_close(&what, &values(a.clone()), &values(c));
        let (a, b) = (a.mean().backward(), b.mean().backward());
        let kept = params::gradients(&model, &a);
        for ((path, grad), (_, wanted)) in params::gradients(&model, &b).iter().zip(&kept) {
            assert_close(&format!("{what}: {path}"), grad, wanted);
        }
    }
}
