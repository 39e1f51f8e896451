//! Language models and encoders of sequences: training steps, generation, forward passes.
//!
//! The small ones run anywhere in f32. Those of full size are the published shapes with drawn weights, in bf16 on a GPU;
//! the second part of a name tells the model, the rest the batch, the length and whether blocks are computed again
//! (`ckpt`).

use molglot_core::{LanguageModel, Sequence, TextBatch, TextOutput, TextRead};
use molglot_lm::{
    Decoder, DecoderConfig, GenerateConfig, LoraConfig, Prompts, generate,
    lora::{Targets, is_lora},
};
use molglot_tensor::{
    Device, Init, Tensor,
    burn::{
        optim::{GradientsParams, ModuleOptimizer},
        tensor::{Distribution, FloatDType},
    },
    ops::cross_entropy,
    optim::AdamW,
    params,
};
use molglot_transformer::{SequenceBatch, esm2::Esm2Config};

use super::{Setting, Work, Workload};
use crate::error::Error;

const TOKENS: &str = "tokens/s";
const RESIDUES: &str = "residues/s";

pub(super) static WORKLOADS: [Workload; 15] = [
    small("llama_full_step", TOKENS, |at| {
        step(SMALL, at, 4, 256, None, false)
    }),
    small("llama_lora_step", TOKENS, |at| {
        step(SMALL, at, 4, 256, Some(8), false)
    }),
    small("llama_generate", TOKENS, |at| {
        continuing(SMALL, at, 1, 64, 64)
    }),
    small("esm2_forward", RESIDUES, |at| {
        forward(at, FloatDType::F32, [320, 6, 20], 8, 256)
    }),
    full("llama24_lora_b8_s1024", TOKENS, |at| {
        step(DEEP, at, 8, 1024, Some(8), false)
    }),
    full("llama24_lora_b8_s1024_ckpt", TOKENS, |at| {
        step(DEEP, at, 8, 1024, Some(8), true)
    }),
    full("matmul_ceiling", "TFLOP/s", |at| Ok(ceiling(at))),
    full("llama1b_lora_b8_s1024", TOKENS, |at| {
        step(LLAMA_1B, at, 8, 1024, Some(16), false)
    }),
    full("llama1b_lora_b8_s1024_ckpt", TOKENS, |at| {
        step(LLAMA_1B, at, 8, 1024, Some(16), true)
    }),
    full("llama8b_lora_b4_s1024", TOKENS, |at| {
        step(LLAMA_8B, at, 4, 1024, Some(16), false)
    }),
    full("llama8b_lora_b16_s1024_ckpt", TOKENS, |at| {
        step(LLAMA_8B, at, 16, 1024, Some(16), true)
    }),
    full("esm650m_forward_b16_s512", RESIDUES, |at| {
        forward(at, FloatDType::BF16, [1280, 33, 20], 16, 512)
    }),
    full("esm3b_forward_b16_s512", RESIDUES, |at| {
        forward(at, FloatDType::BF16, [2560, 36, 40], 16, 512)
    }),
    full("llama8b_generate_b1", TOKENS, |at| {
        continuing(LLAMA_8B, at, 1, 256, 128)
    }),
    full("llama8b_generate_b32", TOKENS, |at| {
        continuing(LLAMA_8B, at, 32, 256, 128)
    }),
];

const fn small(
    name: &'static str,
    unit: &'static str,
    prepare: fn(&Setting<'_>) -> Result<Work, Error>,
) -> Workload {
    Workload {
        name,
        unit,
        full_size: false,
        prepare,
    }
}

const fn full(
    name: &'static str,
    unit: &'static str,
    prepare: fn(&Setting<'_>) -> Result<Work, Error>,
) -> Workload {
    Workload {
        name,
        unit,
        full_size: true,
        prepare,
    }
}

/// Sizes of a Llama.
#[derive(Clone, Copy, Debug)]
struct Shape {
    width: usize,
    inner: usize,
    layers: usize,
    heads: usize,
    kv_heads: usize,
    vocabulary: usize,
    tied: bool,
    dtype: FloatDType,
}

const SMALL: Shape = Shape {
    width: 512,
    inner: 1408,
    layers: 8,
    heads: 8,
    kv_heads: 4,
    vocabulary: 4096,
    tied: false,
    dtype: FloatDType::F32,
};
/// For the memory of activations: many layers, a few weights.
const DEEP: Shape = Shape {
    layers: 24,
    ..SMALL
};
const LLAMA_1B: Shape = Shape {
    width: 2048,
    inner: 8192,
    layers: 16,
    heads: 32,
    kv_heads: 8,
    vocabulary: 128_256,
    tied: true,
    dtype: FloatDType::BF16,
};
const LLAMA_8B: Shape = Shape {
    width: 4096,
    inner: 14_336,
    layers: 32,
    heads: 32,
    kv_heads: 8,
    vocabulary: 128_256,
    tied: false,
    dtype: FloatDType::BF16,
};

fn llama(shape: Shape, device: &Device) -> Result<Decoder, Error> {
    let head_dim = shape.width / shape.heads;
    let config = DecoderConfig {
        vocab_size: shape.vocabulary,
        hidden_size: shape.width,
        intermediate_size: shape.inner,
        num_hidden_layers: shape.layers,
        num_attention_heads: shape.heads,
        num_key_value_heads: shape.kv_heads,
        head_dim,
        max_position_embeddings: 2048,
        rope_theta: 500_000.0,
        tie_word_embeddings: shape.tied,
        query_scale: head_dim as f64,
        windows: vec![None; shape.layers],
        ..DecoderConfig::default()
    };
    Ok(config.init(&mut Init::on_device(device, shape.dtype))?)
}

/// `rows` sequences that have nothing in common with each other.
fn texts(rows: usize, length: usize, vocabulary: usize) -> Vec<Vec<u32>> {
    let id =
        |row: usize, at: usize| ((row * 7919 + at * 104_729 + 13) % (vocabulary - 5) + 5) as u32;
    (0..rows)
        .map(|row| (0..length).map(|at| id(row, at)).collect())
        .collect()
}

/// One optimizer step on all tokens but the first: of the whole model, or of adapters of the given rank at every linear
/// layer.
fn step(
    shape: Shape,
    at: &Setting<'_>,
    rows: usize,
    length: usize,
    rank: Option<usize>,
    recompute: bool,
) -> Result<Work, Error> {
    let device = at.device.clone().autodiff();
    let mut model = llama(shape, &device)?;
    if let Some(rank) = rank {
        let config = LoraConfig {
            r: rank,
            lora_alpha: 2.0 * rank as f64,
            target_modules: Targets::Pattern("all-linear".to_owned()),
            ..LoraConfig::default()
        };
        model.attach_lora(&config, &mut Init::new(0, &device))?;
        model = params::set_trainable(model, is_lora);
    }
    model = model.recomputing(recompute);
    let sequences: Vec<Sequence> = texts(rows, length, shape.vocabulary)
        .into_iter()
        .map(|ids| Sequence {
            labels: (1..ids.len() as u32).collect(),
            ids,
            ..Sequence::default()
        })
        .collect();
    let text = TextBatch::new(
        &sequences.iter().collect::<Vec<_>>(),
        0,
        TextRead::Losses,
        &device,
    );
    let mut optimizer = ModuleOptimizer::from(AdamW::default());
    let mut held = Some(model);
    Ok(Box::new(move || {
        if let Some(model) = held.take() {
            let loss = match model.decode(model.embed(&text), &text) {
                TextOutput::Logits(logits) => cross_entropy(logits, &text.targets).mean(),
                TextOutput::Losses(losses) => losses.mean(),
                TextOutput::States(states) => states.mean(),
            };
            let grads = GradientsParams::from_grads(loss.backward(), &model);
            held = Some(optimizer.step(1e-4, model, grads));
            finish(&device);
        }
        (rows * length) as f64
    }))
}

/// Greedy continuation of prompts by exactly so many tokens each.
fn continuing(
    shape: Shape,
    at: &Setting<'_>,
    rows: usize,
    prompt: usize,
    new: usize,
) -> Result<Work, Error> {
    let model = llama(shape, &at.device)?;
    let prompts = Prompts::from_ids(&model, &texts(rows, prompt, shape.vocabulary), &at.device);
    let config = GenerateConfig {
        max_new_tokens: new,
        ..GenerateConfig::default()
    };
    Ok(Box::new(move || {
        let texts = generate(&model, &prompts, &config, prompt + new, &mut |_, _, _| {});
        let tokens = |texts: Vec<Vec<molglot_lm::generate::Generated>>| {
            texts.iter().flatten().map(|text| text.tokens.len()).sum()
        };
        texts.map_or(0, tokens) as f64
    }))
}

/// A pass of ESM-2 over whole sequences; `width, layers, heads`.
fn forward(
    at: &Setting<'_>,
    dtype: FloatDType,
    [width, layers, heads]: [usize; 3],
    rows: usize,
    length: usize,
) -> Result<Work, Error> {
    let device = at.device.clone();
    let config = Esm2Config::new(width, layers, heads);
    let model = config
        .init(&mut Init::on_device(&device, dtype))
        .map_err(Error::internal)?;
    let sequences: Vec<Vec<u32>> = texts(rows, length, 25)
        .into_iter()
        .map(|ids| ids.into_iter().map(|id| id.clamp(4, 23)).collect())
        .collect();
    let batch = SequenceBatch::new(&sequences, 1);
    Ok(Box::new(move || {
        std::hint::black_box(model.forward(&batch));
        finish(&device);
        (rows * length) as f64
    }))
}

/// A product of two square matrices of 8192, the bound that model FLOPs are compared with.
fn ceiling(at: &Setting<'_>) -> Work {
    const SIDE: usize = 8192;
    let device = at.device.clone();
    let normal = |device: &Device| {
        let options = (device, molglot_tensor::burn::tensor::DType::BF16);
        Tensor::<2>::random([SIDE, SIDE], Distribution::Normal(0.0, 1.0), options)
    };
    let (a, b) = (normal(&device), normal(&device));
    Box::new(move || {
        std::hint::black_box(a.clone().matmul(b.clone()));
        finish(&device);
        2.0 * (SIDE as f64).powi(3) / 1e12
    })
}

/// Waits until the device has done what it was asked for.
pub(super) fn finish(device: &Device) {
    // A device that cannot wait has nothing left to do.
    let _ = device.sync();
}

#[cfg(test)]
mod tests {
    use super::{Setting, Shape, continuing, step};
    use molglot_tensor::burn::tensor::FloatDType;

    const TOY: Shape = Shape {
        width: 16,
        inner: 24,
        layers: 2,
        heads: 4,
        kv_heads: 2,
        vocabulary: 40,
        tied: true,
        dtype: FloatDType::F32,
    };

    #[test]
    fn every_token_is_counted() {
        let at = Setting::cpu();
        for (rank, recompute) in [(None, false), (Some(2), false), (Some(2), true)] {
            let mut work = step(TOY, &at, 3, 8, rank, recompute).unwrap();
            assert_eq!((work(), work()), (24.0, 24.0));
        }
        assert_eq!(continuing(TOY, &at, 2, 5, 7).unwrap()(), 14.0);
    }
}
