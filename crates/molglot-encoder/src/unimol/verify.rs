//! Uni-Mol against 3D-MoLM's.

use molglot_core::GraphBatch;
use molglot_graph::{GeomGraph, GraphSpec, Molecule, unimol};
use molglot_tensor::{
    Device, Init, Tensor,
    golden::{Comparison, Golden, GoldenError},
    params,
    weights::same_names,
};

use super::{Tokens, UnimolConfig, tokens::mask};
use crate::verify::{gradients, json, load, number, tensor, values};

/// Inputs from coordinates, bias, every layer, pairs, norms and gradients; one molecule without padding.
pub(crate) fn compare(comparison: &mut Comparison<'_>, device: &Device) -> Result<(), GoldenError> {
    let golden = comparison.golden();
    let config = stored_config(golden)?;
    let blank = config.init(&mut Init::new(0, device));
    let model = load(golden, blank, false, &same_names)?;
    let graphs = stored_graphs(golden)?;
    let batch = GraphBatch::new(&graphs.iter().collect::<Vec<_>>(), device);
    let (shape, _) = golden.ints("out.src_tokens")?;
    let tokens = Tokens::padded(&batch, shape.get(1).copied().unwrap_or(0));
    inputs(comparison, &tokens);

    let hidden = model.hidden(&tokens);
    let (rows, pairs) = (tokens.real(), tokens.real_pairs());
    let (width, heads) = (config.width(), config.heads);
    let last_axis = |x: Tensor<4>| x.permute([0, 2, 3, 1]);
    for (number, state) in hidden.layers[1..].iter().enumerate() {
        let name = format!("out.layer.{number}");
        comparison.at(&name, &values(state.clone()), &spread(&rows, width));
    }
    let last = values(hidden.last.clone());
    comparison.at("out.encoder_rep", &last, &spread(&rows, width));
    comparison.all("out.encoder_rep_pad_row", &padding(&tokens, &last, width));
    let changes = hidden.pair_changes(&tokens);
    for (name, state) in [
        ("out.pair_bias", last_axis(hidden.bias.clone())),
        ("out.pair_rep", last_axis(hidden.pairs.clone())),
        ("out.delta_pair_rep", changes.clone()),
    ] {
        comparison.at(name, &values(state), &spread(&pairs, heads));
    }
    let norms = hidden.norm_excess(&tokens).map(Tensor::mean);
    let names = ["out.x_norm", "out.delta_pair_norm"];
    for (name, norm) in names.iter().zip(&norms) {
        comparison.all(name, &values(norm.clone()));
    }
    // Cotangents of the reference have values at padding, where its outputs were set to 0 first.
    let real = mask(&rows, [graphs.len(), tokens.length, 1], device);
    let loss = (hidden.last.clone() * real * tensor(golden, "in.cotangent", device)?).sum()
        + (changes * tensor(golden, "in.cotangent_delta_pair", device)?).sum();
    let found = params::gradients(&model, &loss.backward());
    gradients(comparison, "grad.", &found, &same_names)?;

    let alone = GraphBatch::new(&[&graphs[0]], device);
    let tokens = Tokens::new(&alone);
    let hidden = model.hidden(&tokens);
    comparison.all("out.unpadded.encoder_rep", &values(hidden.last.clone()));
    let pairs = last_axis(hidden.pairs.clone());
    comparison.all("out.unpadded.pair_rep", &values(pairs));
    let changes = hidden.pair_changes(&tokens);
    comparison.all("out.unpadded.delta_pair_rep", &values(changes));
    Ok(())
}

/// The sizes that the `config.json` of a reference case tells, without dropout.
///
/// # Errors
///
/// [`GoldenError`] when it is not there or lacks one.
pub fn stored_config(golden: &Golden) -> Result<UnimolConfig, GoldenError> {
    let stored = json(golden, "config.json")?;
    let heads = number(&stored["encoder_attention_heads"])?;
    Ok(UnimolConfig {
        layers: number(&stored["encoder_layers"])?,
        heads,
        head_width: number(&stored["encoder_embed_dim"])? / heads.max(1),
        feed_forward: number(&stored["encoder_ffn_embed_dim"])?,
        kernels: number(&stored["gaussian_kernels"])?,
        embedding_dropout: 0.0,
        dropout: 0.0,
        attention_dropout: 0.0,
    })
}

/// The molecules of a reference case: heavy atoms without bonds, as Uni-Mol sees them.
///
/// # Errors
///
/// [`GoldenError`] when they are not there or no molecules.
pub fn stored_graphs(golden: &Golden) -> Result<Vec<GeomGraph>, GoldenError> {
    let (_, elements) = golden.ints("in.atomic_number")?;
    let (_, places) = golden.floats("in.atom_coordinates")?;
    let (_, counts) = golden.ints("in.num_atoms")?;
    let mut atoms = elements.into_iter().zip(places.as_chunks::<3>().0);
    let molecules = counts.into_iter().map(|count| {
        let own: Vec<_> = atoms
            .by_ref()
            .take(count as usize)
            .filter(|atom| atom.0 != 1)
            .collect();
        let symbol = |element: i64| match unimol::token(element as u8) {
            unimol::UNK => "*",
            token => unimol::DICTIONARY[usize::from(token)],
        };
        let smiles = own.iter().map(|atom| format!("[{}]", symbol(atom.0)));
        let smiles = smiles.collect::<Vec<_>>().join(".");
        let molecule = Molecule::from_smiles(&smiles).map_err(GoldenError::new)?;
        let places: Vec<[f32; 3]> = own.iter().map(|atom| *atom.1).collect();
        let graph = GraphSpec::unimol().build_conformer(&molecule, &places);
        graph.map_err(GoldenError::new)
    });
    molecules.collect()
}

fn inputs(comparison: &mut Comparison<'_>, tokens: &Tokens) {
    let wide = |ids: &[u32]| ids.iter().map(|&id| i64::from(id)).collect::<Vec<_>>();
    comparison.ints("out.src_tokens", &wide(&tokens.ids));
    comparison.ints("out.src_edge_type", &wide(&tokens.pair_types));
    comparison.all("out.src_coord", tokens.positions.as_flattened());
    comparison.all("out.src_distance", &tokens.distances);
}

/// Each flag so many times.
fn spread(flags: &[bool], width: usize) -> Vec<bool> {
    let flags = flags
        .iter()
        .flat_map(|&flag| std::iter::repeat_n(flag, width));
    flags.collect()
}

/// The last row of every molecule where that is padding, else zeros.
fn padding(tokens: &Tokens, states: &[f32], width: usize) -> Vec<f32> {
    let molecules = states.chunks(tokens.length * width).zip(&tokens.lengths);
    let row = |(states, &length): (&[f32], &usize)| match length < tokens.length {
        true => states[(tokens.length - 1) * width..].to_vec(),
        false => vec![0.0; width],
    };
    molecules.flat_map(row).collect()
}
