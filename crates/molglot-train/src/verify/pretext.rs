//! Objectives of pre-training against reference cases: what an encoder and the heads say together, what that costs, and the
//! gradient at every parameter of both.

use molglot_align::pretext::{
    AnyPretext, PretextConfig, Widths,
    unimol::{Corruption, UnimolConfig as Objective, published_name},
};
use molglot_core::Encoder;
use molglot_encoder::{
    EncoderConfig,
    unimol::{Tokens, stored_config, stored_graphs},
};
use molglot_tensor::{
    Device, Init, Tensor,
    golden::{Comparison, Golden, GoldenError, Verdict},
    params,
    weights::Weights,
};

use crate::pretrain::{AskedBatch, PretrainLearner};

/// Runs a case on a device; `None` when it is not one of pre-training.
///
/// # Errors
///
/// [`GoldenError`] when the case cannot be read.
pub(super) fn verify(golden: &Golden, device: &Device) -> Result<Option<Verdict>, GoldenError> {
    if golden.meta()["case"] != "unimol_pretraining" {
        return Ok(None);
    }
    let mut comparison = Comparison::new(golden);
    unimol(&mut comparison, &device.clone().autodiff())?;
    comparison.finish().map(Some)
}

/// Names of published files, for an encoder and an objective side by side.
fn rename(path: &str) -> String {
    match path.strip_prefix("pretext.heads.") {
        Some(head) => published_name(head),
        None => path.strip_prefix("encoder.").unwrap_or(path).to_owned(),
    }
}

fn unimol(comparison: &mut Comparison<'_>, device: &Device) -> Result<(), GoldenError> {
    let golden = comparison.golden();
    let objective = PretextConfig::Unimol(Objective::default());
    let encoder = EncoderConfig::Unimol(stored_config(golden)?).init(&mut Init::new(0, device));
    let pretext = objective.init(Widths::of(&encoder), &mut Init::new(0, device));
    let file = golden.dir().join("model.safetensors");
    let blank = PretrainLearner { encoder, pretext };
    let learner = Weights::read(&file)
        .and_then(|stored| stored.load_into(blank, &rename))
        .map_err(GoldenError::new)?;

    let graphs = stored_graphs(golden)?;
    let (_, asked) = golden.ints("in.asked")?;
    let (_, shifts) = golden.floats("in.shift")?;
    let mut corruptions = vec![Vec::new(); graphs.len()];
    for (&[molecule, atom, kind], &shift) in asked.as_chunks().0.iter().zip(shifts.as_chunks().0) {
        corruptions[molecule as usize].push(Corruption {
            atom: atom as u32,
            kind: kind as u16,
            shift,
        });
    }
    let AnyPretext::Unimol(questions) = &learner.pretext else {
        return Err(GoldenError::new("the objective is another"));
    };
    let graphs: Vec<_> = graphs.iter().collect();
    let posed = questions.ask(&learner.encoder.spec(), &graphs, &corruptions);
    let batch = AskedBatch::new(&posed, device);
    inputs(comparison, &Tokens::new(&batch.graph));

    let values = |tensor: Tensor<2>| tensor.into_data().iter::<f32>().collect::<Vec<_>>();
    let mut total = Tensor::<1>::zeros([1], device);
    let answers = learner.answers(&batch).into_iter().zip(&batch.questions);
    let names = [
        "atom_type",
        "coordinates",
        "distances",
        "token_norm",
        "pair_norm",
    ];
    for (name, (given, question)) in names.iter().zip(answers) {
        let Some(given) = given else {
            comparison.fail(name, &GoldenError::new(format!("{name}: nothing is asked")));
            continue;
        };
        if !name.ends_with("norm") {
            comparison.all(&format!("out.{name}"), &values(given.clone()));
        }
        let loss = question.answers.losses(given).mean();
        comparison.all(
            &format!("out.loss.{name}"),
            &values(loss.clone().unsqueeze()),
        );
        total = total + loss.mul_scalar(question.weight);
    }
    comparison.all("out.loss", &values(total.clone().unsqueeze()));
    let found = params::gradients(&learner, &total.backward());
    for (path, gradient) in &found {
        comparison.all(&format!("grad.{}", rename(path)), gradient);
    }
    Ok(())
}

/// What the encoder reads, atoms being shown as something else.
fn inputs(comparison: &mut Comparison<'_>, tokens: &Tokens) {
    let wide = |ids: &[u32]| ids.iter().map(|&id| i64::from(id)).collect::<Vec<_>>();
    comparison.ints("out.src_tokens", &wide(&tokens.ids));
    comparison.ints("out.src_edge_type", &wide(&tokens.pair_types));
    comparison.all("out.src_coord", tokens.positions.as_flattened());
    comparison.all("out.src_distance", &tokens.distances);
}
