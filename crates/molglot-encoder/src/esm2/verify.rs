//! ESM-2 as an encoder against transformers.

use molglot_core::{Encoder, GraphBatch};
use molglot_graph::{ESM, GraphSpec};
use molglot_tensor::{
    Device,
    golden::{Comparison, Golden, GoldenError},
    params,
};

use super::{Esm2Config, published_name, sequences::FIRST};
use crate::{
    EncoderConfig,
    verify::{StoredResidue, gradients, json, letter, number, structures, tensor, values},
};

/// Residues of every layer and their means; with the tokens at the ends of chains, too; gradients of both.
pub(crate) fn compare(comparison: &mut Comparison<'_>, device: &Device) -> Result<(), GoldenError> {
    let golden = comparison.golden();
    for ends in [false, true] {
        let config = EncoderConfig::Esm2(config(golden, ends)?);
        let encoder = config.load(&golden.dir().join("model.safetensors"), device);
        let encoder = encoder.map_err(GoldenError::new)?;
        let features = encoder.encode(&batch(golden, &encoder.spec(), device)?);
        let (prefix, loss) = if ends {
            comparison.all("out.ends.node", &values(features.node));
            comparison.all("out.ends.graph_mean", &values(features.graph.clone()));
            let cotangent = tensor(golden, "in.cotangent_mean", device)?;
            ("grad.ends.", features.graph * cotangent)
        } else {
            for (layer, state) in features.layers.iter().enumerate() {
                comparison.all(&format!("out.layer.{layer}"), &values(state.clone()));
            }
            comparison.all("out.graph_mean", &values(features.graph));
            let cotangent = tensor(golden, "in.cotangent", device)?;
            ("grad.rows.", features.node * cotangent)
        };
        let found = params::gradients(&encoder, &loss.sum().backward());
        gradients(comparison, prefix, &found, &published_name)?;
    }
    Ok(())
}

fn config(golden: &Golden, ends: bool) -> Result<Esm2Config, GoldenError> {
    let stored = json(golden, "config.json")?;
    let heads = number(&stored["num_attention_heads"])?;
    Ok(Esm2Config {
        layers: number(&stored["num_hidden_layers"])?,
        heads,
        head_width: number(&stored["hidden_size"])? / heads.max(1),
        ends,
    })
}

fn batch(golden: &Golden, spec: &GraphSpec, device: &Device) -> Result<GraphBatch, GoldenError> {
    let (_, tokens) = golden.ints("in.token_id")?;
    let (_, chains) = golden.ints("in.chain_id")?;
    let (_, graphs) = golden.ints("in.graph_id")?;
    let rows = tokens.into_iter().zip(chains.into_iter().zip(graphs));
    let residues = rows.map(|(token, (chain, graph))| StoredResidue {
        graph,
        chain,
        letter: letter(ESM, (token - i64::from(FIRST)) as usize),
        atoms: &[],
    });
    let graphs = structures(spec, &residues.collect::<Vec<_>>())?;
    Ok(GraphBatch::new(&graphs.iter().collect::<Vec<_>>(), device))
}
