//! Weights under published names, in safetensors and in PyTorch's own files.
//!
//! That every name is that of the right parameter is shown by the reference cases, which load their weights this way too and
//! compare what the encoder then says.

use std::path::{Path, PathBuf};

use molglot_encoder::{
    EncoderConfig,
    esm2::Esm2Config,
    gat::{GatConfig, HeadsConfig},
    gearnet::GearnetConfig,
    gin::{Conv, GinConfig},
    gvp::{GvpConfig, Variant},
    hierarchical::HierarchicalConfig,
    scannet::ScannetConfig,
    unimol::UnimolConfig,
};
use molglot_tensor::{
    Backend, Device, Init,
    weights::{Weights, same_names, to_bytes},
};

fn device() -> Device {
    Backend::Flex.open().unwrap()
}

fn fixture(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/encoder");
    root.join(name)
}

fn gin(conv: Conv) -> EncoderConfig {
    EncoderConfig::Gin(GinConfig {
        conv,
        layers: 3,
        width: 6,
        chirality_rows: 4,
    })
}

fn gearnet(hidden: &[usize], edge_messages: bool) -> EncoderConfig {
    EncoderConfig::Gearnet(GearnetConfig {
        hidden: hidden.to_vec(),
        edge_messages,
        ..GearnetConfig::default()
    })
}

fn gvp(variant: Variant) -> EncoderConfig {
    let (scalars, vectors, edge_scalars, edge_vectors) = match variant {
        Variant::Design => (6, 3, 5, 2),
        Variant::Quality => (5, 2, 4, 1),
    };
    EncoderConfig::Gvp(GvpConfig {
        variant,
        scalars,
        vectors,
        edge_scalars,
        edge_vectors,
        layers: 2,
        sequence: variant == Variant::Quality,
        ..GvpConfig::default()
    })
}

fn gat() -> EncoderConfig {
    let layers = [(2, 3, true), (3, 2, true), (3, 4, false)];
    EncoderConfig::Gat(GatConfig {
        layers: layers
            .map(|(heads, width, concat)| HeadsConfig {
                heads,
                width,
                concat,
            })
            .to_vec(),
    })
}

fn esm2() -> EncoderConfig {
    EncoderConfig::Esm2(Esm2Config {
        layers: 2,
        heads: 2,
        head_width: 4,
        ends: false,
    })
}

/// The tensors of a file below a prefix but for those whose names have one of these parts, or the parameters of an encoder:
/// shapes and bits, sorted. Drawn tensors are all different, so that this tells whether each found its place.
fn tensors(weights: &Weights, prefix: &str, beside: &[&str]) -> Vec<(Vec<usize>, Vec<u32>)> {
    let names = weights
        .names()
        .filter(|name| name.starts_with(prefix) && !beside.iter().any(|part| name.contains(part)));
    let mut found: Vec<_> = names
        .filter_map(|name| weights.get(name))
        .map(|(shape, values)| {
            let bits = values.iter().map(|value| value.to_bits());
            (shape.to_vec(), bits.collect())
        })
        .collect();
    found.sort();
    found
}

/// Whether the encoder holds what the file does and nothing else.
fn check(file: &str, config: &EncoderConfig, prefix: &str, beside: &[&str]) {
    let path = fixture(file);
    let encoder = config.load(&path, &device()).unwrap();
    let held = Weights::of(&encoder, &|_| true, &same_names).unwrap();
    let stored = Weights::read(&path).unwrap();
    let wanted = tensors(&stored, prefix, beside);
    assert!(wanted.len() > 5, "{file}");
    assert!(
        tensors(&held, "", &[]) == wanted,
        "{file}: other values in {config:?}"
    );
}

/// What ESM-2's files hold beside it: heads, and frequencies that are no parameters.
const BESIDE_ESM2: [&str; 4] = ["lm_head", "contact_head", "position_ids", "inv_freq"];

#[test]
fn published_names_are_read_from_safetensors() {
    let head = [
        "SCAN_filters_aa_embedded_1_",
        "beta/",
        "self_attention/",
        "cross_attention/",
        "node_output/",
        "embedded_local_coordinates_graph/",
        "edges_graph/",
    ];
    let cases: [(&str, EncoderConfig, &[&str]); 10] = [
        ("gin", gin(Conv::Gin), &["graph_pred_linear"]),
        ("gin_gcn", gin(Conv::Gcn), &["graph_pred_linear"]),
        (
            "hierarchical",
            EncoderConfig::Hierarchical(HierarchicalConfig {
                layers: 3,
                width: 5,
                chirality_rows: 4,
                directed: false,
            }),
            &[],
        ),
        ("gearnet", gearnet(&[6, 6, 5], false), &[]),
        ("gearnet_edge", gearnet(&[5, 5, 4], true), &[]),
        ("gvp", gvp(Variant::Design), &["dummy_param"]),
        ("gvp_mqa", gvp(Variant::Quality), &["dummy_param", "dense."]),
        ("gat", gat(), &[]),
        (
            "scannet",
            EncoderConfig::Scannet(ScannetConfig {
                gaussians: 4,
                atom_filters: 6,
                pooled: 5,
                residue_width: 4,
                filters: 7,
                site_width: 3,
            }),
            &head,
        ),
        ("esm2", esm2(), &BESIDE_ESM2),
    ];
    for (case, config, beside) in cases {
        check(&format!("{case}/model.safetensors"), &config, "", beside);
    }
}

#[test]
fn published_checkpoints_are_read_as_pytorch_saved_them() {
    let unimol = EncoderConfig::Unimol(UnimolConfig {
        layers: 1,
        heads: 2,
        head_width: 3,
        feed_forward: 5,
        kernels: 4,
        ..UnimolConfig::default()
    });
    let heads = [
        "lm_head",
        "pair2coord_proj",
        "dist_head",
        "final_head_layer_norm",
    ];
    let decoder = ["dummy_param", "decoder_layers.", "W_out.", "W_s."];
    let cases: [(&str, EncoderConfig, &str, &[&str]); 8] = [
        (
            "molecule_model.pth",
            gin(Conv::Gin),
            "",
            &["graph_pred_linear"],
        ),
        ("llamo.ckpt", gin(Conv::Gin), "mllm.graph_model.", &[]),
        ("gearnet.pth", gearnet(&[6, 6, 5], false), "", &[]),
        ("cpd.pt", gvp(Variant::Design), "", &decoder),
        (
            "mqa.pt",
            gvp(Variant::Quality),
            "",
            &["dummy_param", "dense."],
        ),
        ("unimol.pt", unimol, "", &heads),
        ("gat.pt", gat(), "module.", &[]),
        ("pytorch_model.bin", esm2(), "", &BESIDE_ESM2),
    ];
    for (file, config, prefix, beside) in cases {
        check(&format!("checkpoints/{file}"), &config, prefix, beside);
    }
}

/// Names of this program, as runs write them, and no others.
#[test]
fn a_file_of_ones_own_is_read_strictly() {
    let device = device();
    for config in [gin(Conv::Gcn), gvp(Variant::Design), esm2(), gat()] {
        let encoder = config.init(&mut Init::new(3, &device));
        let file = tempfile::NamedTempFile::new().unwrap();
        let write = |keep: &dyn Fn(&str) -> bool| {
            let bytes = to_bytes(&encoder, keep, &same_names).unwrap();
            std::fs::write(file.path(), bytes).unwrap();
        };
        write(&|_| true);
        let loaded = config.load(file.path(), &device).unwrap();
        let bits = |encoder| to_bytes(encoder, &|_| true, &same_names).unwrap();
        assert!(bits(&loaded) == bits(&encoder), "{config:?}");
        let held = Weights::of(&encoder, &|_| true, &same_names).unwrap();
        let first = held.names().next().unwrap().to_owned();
        write(&|path| path != first);
        let error = config.load(file.path(), &device).unwrap_err().to_string();
        assert!(error.contains(&format!("missing     {first}")), "{error}");
    }
}

#[test]
fn what_does_not_fit_is_told_in_the_names_of_the_file() {
    let wide = EncoderConfig::Gin(GinConfig {
        width: 7,
        chirality_rows: 4,
        layers: 3,
        ..GinConfig::default()
    });
    for file in ["molecule_model.pth", "llamo.ckpt"] {
        let path = fixture("checkpoints").join(file);
        let error = wide.load(&path, &device()).unwrap_err().to_string();
        let line =
            "shape       molecule_node_model.gnns.0.mlp.3.bias: [7] in the model, [6] in the file";
        assert!(error.contains(line) && error.contains(file), "{error}");
        let deeper = EncoderConfig::Gin(GinConfig {
            width: 6,
            layers: 4,
            chirality_rows: 4,
            ..GinConfig::default()
        });
        let error = deeper.load(&path, &device()).unwrap_err().to_string();
        assert!(
            error.contains("missing     molecule_node_model.gnns.3.eps"),
            "{error}"
        );
        assert!(!error.contains("unexpected"), "{error}");
    }
}

#[test]
fn of_two_encoders_in_a_file_none_is_chosen() {
    let device = device();
    let (one, other) = (
        gat().init(&mut Init::new(1, &device)),
        gat().init(&mut Init::new(2, &device)),
    );
    let file = tempfile::NamedTempFile::new().unwrap();
    let bytes = to_bytes(&vec![one, other], &|_| true, &same_names).unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let error = gat().load(file.path(), &device).unwrap_err().to_string();
    assert!(error.contains("below `0.` and below `1.`"), "{error}");
}
