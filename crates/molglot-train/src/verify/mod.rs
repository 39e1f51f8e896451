//! Reference cases of every part of the program, by what their `meta.json` says they are.

mod optimizer;
mod pretext;
mod retrieval;

use molglot_tensor::{
    Device,
    golden::{Golden, GoldenError, Verdict},
};

/// What runs a case; `None` when the case is not its own.
type Runner = fn(&Golden, &Device) -> Result<Option<Verdict>, GoldenError>;

const RUNNERS: [Runner; 7] = [
    molglot_lm::verify,
    molglot_transformer::verify::verify,
    molglot_encoder::verify,
    molglot_align::verify,
    optimizer::verify,
    pretext::verify,
    retrieval::verify,
];

/// Runs a case on a device; `None` when no part of this program knows such a case.
///
/// A case may be about several parts (an adapter, and the steps of an optimizer on it): each compares what it has.
///
/// # Errors
///
/// [`GoldenError`] when the case cannot be read.
pub fn verify(golden: &Golden, device: &Device) -> Result<Option<Verdict>, GoldenError> {
    let mut all: Option<Verdict> = None;
    for runner in RUNNERS {
        if let Some(found) = runner(golden, device)? {
            all = Some(match all {
                Some(verdict) => verdict.and(found),
                None => found,
            });
        }
    }
    Ok(all)
}
