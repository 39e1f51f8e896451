#![allow(dead_code, unused_imports, missing_docs, clippy::all)]
#[path = "../../molglot-train/src/bench/chains.rs"]
mod chains;
use chains::{Walk, protein};
use molglot_core::{Encoder, GraphBatch};
use molglot_encoder::{
    EncoderConfig, gearnet::GearnetConfig, gin::GinConfig, gvp::GvpConfig, unimol::UnimolConfig,
};
use molglot_graph::{GeomGraph, GraphSpec, Molecule};
use molglot_tensor::burn;
use molglot_tensor::{
    Backend, Init, Tensor,
    burn::{
        module::Module,
        optim::{AdamWConfig, GradientsParams, ModuleOptimizer},
    },
    nn::{Linear, LinearConfig},
};
use std::time::Instant;

#[derive(Module, Debug)]
struct R {
    encoder: molglot_encoder::AnyEncoder,
    head: Option<Linear>,
}

fn cpu() -> f64 {
    let s = std::fs::read_to_string("/proc/self/stat").unwrap();
    let f: Vec<&str> = s.rsplit(')').next().unwrap().split_whitespace().collect();
    (f[11].parse::<f64>().unwrap() + f[12].parse::<f64>().unwrap()) * 10.0
}
fn main() {
    let mut args = std::env::args().skip(1);
    let name = args.next().unwrap();
    let repeat: usize = args.next().map_or(5, |a| a.parse().unwrap());
    let layers: Option<usize> = args.next().map(|a| a.parse().unwrap());
    let device = Backend::Flex.open().unwrap().autodiff();
    let mut init = Init::new(0, &device);
    let (config, graphs, count): (EncoderConfig, Vec<GeomGraph>, usize) = match name.as_str() {
        "gin" => {
            let text =
                std::fs::read_to_string("/work/shared/corpora/chebi20/validation.tsv").unwrap();
            let graphs: Vec<GeomGraph> = text
                .lines()
                .skip(1)
                .map(|l| l.split('\t').nth(1).unwrap().replace("\\\\", "\\"))
                .filter_map(|s| Molecule::from_smiles(&s).ok())
                .take(64)
                .map(|m| GraphSpec::molecular().build(&m))
                .collect();
            (EncoderConfig::Gin(GinConfig::default()), graphs, 64)
        }
        "gearnet" => {
            let c = GearnetConfig {
                hidden: vec![512; layers.unwrap_or(6)],
                ..GearnetConfig::default()
            };
            let g: Vec<_> = (1..=8)
                .map(|n| c.spec().build_residues(&protein(n)).unwrap())
                .collect();
            (EncoderConfig::Gearnet(c), g, 800)
        }
        "gvp" => {
            let c = GvpConfig {
                dropout: 0.0,
                ..GvpConfig::default()
            };
            let g: Vec<_> = (1..=8)
                .map(|n| c.spec().build_residues(&protein(n)).unwrap())
                .collect();
            (EncoderConfig::Gvp(c), g, 800)
        }
        _ => {
            let c = UnimolConfig {
                layers: 6,
                embedding_dropout: 0.0,
                dropout: 0.0,
                attention_dropout: 0.0,
                ..UnimolConfig::default()
            };
            let chain = Molecule::from_smiles(&"C".repeat(64)).unwrap();
            let g: Vec<_> = (1..=8)
                .map(|n| {
                    GraphSpec::unimol()
                        .build_conformer(
                            &chain,
                            &Walk::MOLECULE
                                .places(n)
                                .iter()
                                .map(|p| p.map(|v| v as f32))
                                .collect::<Vec<_>>(),
                        )
                        .unwrap()
                })
                .collect();
            (EncoderConfig::Unimol(c), g, 8)
        }
    };
    let encoder = config.init(&mut init);
    let head = (name == "gin").then(|| LinearConfig::new(encoder.width(), 1).init(&mut init));
    let batch = GraphBatch::new(&graphs.iter().collect::<Vec<_>>(), &device);
    println!(
        "nodes {} edges {} arcs {}",
        batch.nodes,
        batch.edges(),
        batch.line.as_ref().map_or(0, |l| l.from.len())
    );
    let mut optimizer: ModuleOptimizer = AdamWConfig::new().with_weight_decay(0.01).init();
    let mut model = R { encoder, head };
    let mut best = [f64::MAX; 4];
    let mut c0 = 0.0;
    for i in 0..=repeat {
        if i == 1 {
            c0 = cpu();
        }
        let t0 = Instant::now();
        let f = model.encoder.encode(&batch);
        let out: Tensor<2> = if name == "unimol" { f.node } else { f.graph };
        let out = match &model.head {
            Some(h) => h.forward(out),
            None => out,
        };
        let loss = out.square().mean();
        let t1 = Instant::now();
        let grads = loss.backward();
        let t2 = Instant::now();
        let grads = GradientsParams::from_grads(grads, &model);
        model = optimizer.step(1e-4, model, grads);
        let t3 = Instant::now();
        if i > 0 {
            for (b, t) in best.iter_mut().zip([t1 - t0, t2 - t1, t3 - t2, t3 - t0]) {
                *b = b.min(t.as_secs_f64() * 1e3);
            }
        }
    }
    println!("CPU per step {:.1} ms", (cpu() - c0) / repeat as f64);
    println!(
        "{name}: forward {:.1} backward {:.1} optimizer {:.1} ms; step {:.1} ms, {:.1}/s",
        best[0],
        best[1],
        best[2],
        best[3],
        count as f64 / best[3] * 1e3
    );
}
