//! Encoders against reference cases.

use molglot_graph::{GeomGraph, GraphSpec, Name, Residues};
use molglot_tensor::burn::module::{Module, ModuleVisitor, Param};
use molglot_tensor::{
    Device, Tensor, TensorData,
    golden::{Comparison, Golden, GoldenError, Verdict},
    params,
    weights::{Rename, Weights},
};

use molglot_core::{Encoder, Features, GraphBatch};

use crate::{EncoderConfig, esm2, gat, gearnet, gin, gvp, hierarchical, scannet, unimol};

/// Runs a reference case on a device, or `None` where it is no encoder's.
///
/// # Errors
///
/// [`GoldenError`] when the case is incomplete or its weights do not fit.
pub fn verify(golden: &Golden, device: &Device) -> Result<Option<Verdict>, GoldenError> {
    let mut comparison = Comparison::new(golden);
    let device = device.clone().autodiff();
    match golden.meta()["case"].as_str() {
        Some("gin" | "gin_gcn" | "gin_moleculestm") => {
            gin::verify::compare(&mut comparison, &device)?;
        }
        Some("hierarchical") => hierarchical::verify::compare(&mut comparison, &device)?,
        Some("gearnet" | "gearnet_edge") => gearnet::verify::compare(&mut comparison, &device)?,
        Some("gvp") => gvp::verify::design(&mut comparison, &device)?,
        Some("gvp_mqa") => gvp::verify::quality(&mut comparison, &device)?,
        Some("gvp_gate") => gvp::verify::gate(&mut comparison, &device)?,
        Some("unimol") => unimol::verify::compare(&mut comparison, &device)?,
        Some("esm2_chains") => esm2::verify::compare(&mut comparison, &device)?,
        Some("gat") => gat::verify::compare(&mut comparison, &device)?,
        Some("scannet") => scannet::verify::compare(&mut comparison, &device)?,
        _ => return Ok(None),
    }
    comparison.finish().map(Some)
}

/// A file of the case as JSON.
pub(crate) fn json(golden: &Golden, name: &str) -> Result<serde_json::Value, GoldenError> {
    let path = golden.dir().join(name);
    let wrong =
        |error: &dyn std::fmt::Display| GoldenError::new(format!("{}: {error}", path.display()));
    let text = std::fs::read_to_string(&path).map_err(|error| wrong(&error))?;
    serde_json::from_str(&text).map_err(|error| wrong(&error))
}

/// A whole number, or several, of a configuration.
pub(crate) fn number(config: &serde_json::Value) -> Result<usize, GoldenError> {
    let found = config.as_u64().map(|number| number as usize);
    found.ok_or_else(|| GoldenError::new(format!("config.json: {config} is no size")))
}

/// A stored tensor on a device.
pub(crate) fn tensor<const D: usize>(
    golden: &Golden,
    name: &str,
    device: &Device,
) -> Result<Tensor<D>, GoldenError> {
    let (shape, values) = golden.floats(name)?;
    Ok(Tensor::from_data(TensorData::new(values, shape), device))
}

pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// The stored weights in a model, with the statistics of batches and dropout switched off or on.
pub(crate) fn load<M: Module>(
    golden: &Golden,
    model: M,
    training: bool,
    rename: Rename<'_>,
) -> Result<M, GoldenError> {
    // What files hold beside weights: a counter of batch norms, empty tensors of gvp-pytorch, a head that is never used.
    let unread = ["num_batches_tracked", "dummy_param"];
    let stored = Weights::read(&golden.dir().join("model.safetensors"))
        .map_err(GoldenError::new)?
        .without(|name| {
            unread.iter().any(|end| name.ends_with(end)) || name.starts_with("graph_pred_linear")
        });
    let model = stored.load_into(model, rename).map_err(GoldenError::new)?;
    Ok(params::set_trainable(model, |path| {
        training || !path.ends_with("training")
    }))
}

/// Compares what [`EncoderConfig::load`] makes of the stored weights with what the case's own way of loading made.
pub(crate) fn loads(
    comparison: &mut Comparison<'_>,
    config: &EncoderConfig,
    batch: &GraphBatch,
    wanted: &Features,
) -> Result<(), GoldenError> {
    let file = comparison.golden().dir().join("model.safetensors");
    let encoder = config.load(&file, &batch.device);
    let encoder = params::set_trainable(encoder.map_err(GoldenError::new)?, |path| {
        !path.ends_with("training")
    });
    let found = encoder.encode(batch);
    let bits = |features: &Features| -> Vec<u32> {
        let levels = [&features.node, &features.motif, &features.graph].into_iter();
        let values = levels.flat_map(|level| values(level.clone()));
        values.map(f32::to_bits).collect()
    };
    let is_same = bits(&found) == bits(wanted);
    comparison.same("EncoderConfig::load", &is_same, &true);
    Ok(())
}

/// Compares every stored gradient whose name begins with a prefix.
pub(crate) fn gradients(
    comparison: &mut Comparison<'_>,
    prefix: &str,
    found: &[(String, Vec<f32>)],
    rename: Rename<'_>,
) -> Result<(), GoldenError> {
    compare_named(comparison, prefix, "", found, rename)
}

/// Compares every stored running statistic whose name begins with a prefix.
pub(crate) fn statistics<M: Module>(
    comparison: &mut Comparison<'_>,
    prefix: &str,
    model: &M,
    rename: Rename<'_>,
) -> Result<(), GoldenError> {
    compare_named(comparison, prefix, ".running_", &floats(model), rename)
}

fn compare_named(
    comparison: &mut Comparison<'_>,
    prefix: &str,
    part: &str,
    found: &[(String, Vec<f32>)],
    rename: Rename<'_>,
) -> Result<(), GoldenError> {
    for name in comparison.golden().names()? {
        let Some(wanted) = name.strip_prefix(prefix).filter(|rest| rest.contains(part)) else {
            continue;
        };
        match found.iter().find(|(path, _)| rename(path) == wanted) {
            Some((_, values)) => comparison.all(&name, values),
            None => {
                let missing = GoldenError::new(format!("{name}: there is no such value"));
                comparison.fail(&name, &missing);
            }
        }
    }
    Ok(())
}

/// Every parameter and buffer by path.
fn floats<M: Module>(model: &M) -> Vec<(String, Vec<f32>)> {
    #[derive(Default)]
    struct Floats {
        path: params::Path,
        found: Vec<(String, Vec<f32>)>,
    }
    impl ModuleVisitor for Floats {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.path.enter(name);
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.exit();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.found.push((self.path.dotted(), values(param.val())));
        }
    }
    let mut floats = Floats::default();
    model.visit(&mut floats);
    floats.found
}

/// A residue of a case: graph, chain, letter, and its atoms in the order N, CA, C, O, or CA alone.
pub(crate) struct StoredResidue<'a> {
    pub(crate) graph: i64,
    pub(crate) chain: i64,
    pub(crate) letter: u8,
    pub(crate) atoms: &'a [f32],
}

/// The graphs of residues, one for each run of equal graph numbers.
pub(crate) fn structures(
    spec: &GraphSpec,
    residues: &[StoredResidue<'_>],
) -> Result<Vec<GeomGraph>, GoldenError> {
    let graphs = residues.chunk_by(|a, b| a.graph == b.graph);
    let build = |run: &[StoredResidue<'_>]| {
        let mut all = Residues::default();
        for (residue, source) in run.iter().zip(0..) {
            let places = residue.atoms.as_chunks::<3>().0;
            let names: &[&str] = if places.len() == 1 {
                &["CA"]
            } else {
                &["N", "CA", "C", "O"]
            };
            let atoms = names
                .iter()
                .zip(places)
                .map(|(name, &place)| (Name::of(name), place, 0));
            all.push(residue.letter, residue.chain as u32, source, atoms);
        }
        spec.build_residues(&all).map_err(GoldenError::new)
    };
    graphs.map(build).collect()
}

/// The letter of an alphabet, `X` outside it.
pub(crate) fn letter(alphabet: &str, place: usize) -> u8 {
    alphabet.as_bytes().get(place).copied().unwrap_or(b'X')
}
