//! What a run spends its time on: the encoder on a batch of molecules, and a training step of the
//! language model.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use molglot_chem::Molecule;
use molglot_core::{Encoder, GraphBatch, LanguageModel, Sequence, TextBatch, TextOutput, TextRead};
use molglot_encoder::hierarchical::HierarchicalConfig;
use molglot_graph::GeomGraph;
use molglot_lm::LlamaSettings;
use molglot_tensor::{
    Backend, Init,
    burn::optim::{AdamWConfig, GradientsParams},
    clip::clip_global_norm,
    ops::cross_entropy,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const MOLECULES: [&str; 8] = [
    "CC(=O)Oc1ccccc1C(=O)O",
    "CC(C)Cc1ccc(cc1)C(C)C(=O)O",
    "CN1C=NC2=C1C(=O)N(C(=O)N2C)C",
    "CC(=O)Nc1ccc(O)cc1",
    "OCC1OC(O)C(O)C(O)C1O",
    "NC(Cc1c[nH]c2ccccc12)C(=O)O",
    "CC12CCC3C(CCC4=CC(=O)CCC34C)C1CCC2O",
    "CCCCCCCCCCCCCCCC(=O)O",
];

fn encoder(criterion: &mut Criterion) {
    let device = Backend::Flex.open().unwrap().autodiff();
    let config = HierarchicalConfig {
        layers: 5,
        width: 128,
        ..HierarchicalConfig::default()
    };
    let model = config.init(&mut Init::new(1, &device));
    let build = |smiles: &&str| model.spec().build(&Molecule::from_smiles(smiles).unwrap());
    let graphs: Vec<GeomGraph> = MOLECULES.iter().cycle().take(64).map(build).collect();
    let chosen: Vec<&GeomGraph> = graphs.iter().collect();
    let mut group = criterion.benchmark_group("hierarchical 5x128, 64 molecules");
    group.bench_function("batch", |bencher| {
        bencher.iter(|| black_box(GraphBatch::new(&chosen, &device)));
    });
    let batch = GraphBatch::new(&chosen, &device);
    group.bench_function("encode and backward", |bencher| {
        bencher.iter(|| {
            let features = model.encode(&batch);
            let sum = features.node.sum() + features.motif.sum() + features.graph.sum();
            let grads = sum.backward();
            device.sync().unwrap();
            black_box(grads)
        });
    });
    group.finish();
}

fn language_model(criterion: &mut Criterion) {
    const VOCABULARY: usize = 2048;
    let device = Backend::Flex.open().unwrap().autodiff();
    let model = LlamaSettings::default()
        .config(VOCABULARY)
        .init(&mut Init::new(1, &device))
        .unwrap();
    let sequence = |row: usize| Sequence {
        ids: (0..96)
            .map(|at| ((row * 7919 + at * 131) % VOCABULARY) as u32)
            .collect(),
        slots: Vec::new(),
        labels: (1..96).collect(),
    };
    let sequences: Vec<Sequence> = (0..16).map(sequence).collect();
    let text = TextBatch::new(
        &sequences.iter().collect::<Vec<_>>(),
        0,
        TextRead::Labels,
        &device,
    );
    let mut optimizer = AdamWConfig::new().init();
    let mut group = criterion.benchmark_group("llama 4x192, 16 texts of 96 tokens");
    group.sample_size(20);
    group.bench_function("training step", |bencher| {
        bencher.iter_batched(
            || model.clone(),
            |model| {
                let TextOutput::Logits(logits) = model.decode(model.embed(&text), &text) else {
                    return model;
                };
                let grads = cross_entropy(logits, &text.targets).mean().backward();
                let mut grads = GradientsParams::from_grads(grads, &model);
                clip_global_norm(&model, &mut grads, 1.0);
                let model = optimizer.step(1e-4, model, grads);
                device.sync().unwrap();
                model
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

criterion_group!(benches, encoder, language_model);
criterion_main!(benches);
