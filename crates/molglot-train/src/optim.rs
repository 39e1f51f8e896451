//! AdamW, its groups and its learning rate.

use std::f64::consts::PI;

use molglot_tensor::{
    burn::{module::ParamGroup, optim::ModuleOptimizer},
    optim::AdamW,
};

use crate::config::StageConfig;

/// Names of parameters that do not decay: scales, shifts and gates are no matrices.
const NO_DECAY: [&str; 3] = ["norm", "bias", "eps"];

/// Linear warm-up and cosine decay, as `get_cosine_schedule_with_warmup` of transformers, down to a floor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// Learning rate at the top.
    pub peak: f64,
    /// Part of the peak that is left at the end.
    pub floor: f64,
    /// Steps of warm-up.
    pub warmup: u64,
    /// All steps.
    pub total: u64,
}

impl Schedule {
    /// The schedule of a stage of `total` steps.
    pub fn of<I, O>(stage: &StageConfig<I, O>, total: u64) -> Self {
        let warmup = (stage.warmup * total as f64).round() as u64;
        Self {
            peak: stage.learning_rate,
            floor: stage.final_learning_rate,
            warmup,
            total,
        }
    }

    /// Learning rate of a step, counting from 0.
    pub fn at(&self, step: u64) -> f64 {
        if step < self.warmup {
            return self.peak * step as f64 / self.warmup as f64;
        }
        let progress =
            (step - self.warmup) as f64 / (self.total.saturating_sub(self.warmup)).max(1) as f64;
        let cosine = 0.5 * (1.0 + (PI * progress.min(1.0)).cos());
        self.peak * (self.floor + (1.0 - self.floor) * cosine)
    }
}

/// The optimizer of a stage: scales, shifts and gates do not decay.
pub fn adamw<I, O>(stage: &StageConfig<I, O>) -> ModuleOptimizer {
    let every = everything_decays(stage);
    let vectors = ParamGroup::from_any_predicates(NO_DECAY.to_vec());
    let none = AdamW {
        weight_decay: 0.0,
        ..every
    };
    ModuleOptimizer::from(every).with_group(vectors, none, None)
}

/// The optimizer of a stage without the exceptions.
pub(crate) fn everything_decays<I, O>(stage: &StageConfig<I, O>) -> AdamW {
    AdamW {
        betas: stage.betas.map(|beta| beta as f32),
        epsilon: stage.epsilon as f32,
        weight_decay: stage.weight_decay as f32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warm_up_then_cosine() {
        let schedule = Schedule {
            peak: 2.0,
            floor: 0.1,
            warmup: 4,
            total: 12,
        };
        assert_eq!(schedule.at(0), 0.0);
        assert_eq!(schedule.at(2), 1.0);
        assert_eq!(schedule.at(4), 2.0);
        assert!((schedule.at(8) - 1.1).abs() < 1e-12);
        assert!((schedule.at(12) - 0.2).abs() < 1e-12);
        assert!(
            (schedule.at(99) - 0.2).abs() < 1e-12,
            "beyond the end it stays"
        );
    }

    #[test]
    fn no_warm_up_starts_at_the_peak() {
        let schedule = Schedule {
            peak: 1.0,
            floor: 0.0,
            warmup: 0,
            total: 10,
        };
        assert_eq!(schedule.at(0), 1.0);
    }
}
