//! Objectives: what a stage of training asks for. One folder each, one line in the registry below.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod hscale;
pub mod info_nce;
pub mod next_token;
pub mod pretext;
mod verify;

use hscale::{HScale, HScaleConfig};
use molglot_core::{Aligned, Batch, Loss, Objective, TextRead, registry};
use molglot_tensor::burn;
use next_token::{NextToken, NextTokenConfig};
pub use verify::verify;

registry! {
    /// Every objective that a recipe can name.
    ObjectiveConfig => AnyObjective: Objective;
    init();
    {
        HScale(HScaleConfig => HScale),
        NextToken(NextTokenConfig => NextToken),
    }
    fn reads(&self) -> TextRead;
    fn weight(&self, batch: &Batch) -> f64;
    fn loss(&self, aligned: &Aligned, batch: &Batch) -> Loss;
}
