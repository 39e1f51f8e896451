//! Parameters drawn on the host from one seed.
//!
//! Burn initialises parameters on first use from a generator that the whole process shares, so the values depend on
//! the order in which code happens to touch them and on the backend. Here every parameter is drawn at once, in the
//! order in which the model is written, from one [`ChaCha8Rng`]: the same seed gives the same bits on every backend.

use burn::{
    module::{Param, ParamId},
    tensor::{Device, Tensor, TensorData},
};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// The source of initial parameter values for one model: a device and a seeded stream.
#[derive(Debug)]
pub struct Init {
    device: Device,
    rng: ChaCha8Rng,
}

impl Init {
    /// A stream for `seed`; parameters are placed on `device`.
    pub fn new(seed: u64, device: &Device) -> Self {
        Self {
            device: device.clone(),
            rng: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// The device that the parameters live on.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Uniform in `[-bound, bound)`.
    pub fn uniform<const D: usize>(&mut self, shape: [usize; D], bound: f64) -> Param<Tensor<D>> {
        let values = (0..count(shape))
            .map(|_| (bound * (2.0 * self.unit() - 1.0)) as f32)
            .collect();
        self.param(values, shape)
    }

    /// Normal with mean 0.
    pub fn normal<const D: usize>(&mut self, shape: [usize; D], std: f64) -> Param<Tensor<D>> {
        let values = (0..count(shape))
            .map(|_| (std * self.standard_normal()) as f32)
            .collect();
        self.param(values, shape)
    }

    /// PyTorch's default for a linear layer: uniform in `±1/sqrt(fan_in)`.
    pub fn fan_in<const D: usize>(&mut self, shape: [usize; D], fan_in: usize) -> Param<Tensor<D>> {
        self.uniform(shape, (fan_in.max(1) as f64).powf(-0.5))
    }

    /// Xavier (Glorot) uniform: `±sqrt(6 / (fan_in + fan_out))` for a matrix `[fan_out, fan_in]`.
    pub fn xavier(&mut self, shape: [usize; 2]) -> Param<Tensor<2>> {
        self.uniform(shape, (6.0 / (shape[0] + shape[1]).max(1) as f64).sqrt())
    }

    /// All `value`.
    pub fn constant<const D: usize>(&mut self, shape: [usize; D], value: f32) -> Param<Tensor<D>> {
        self.param(vec![value; count(shape)], shape)
    }

    fn param<const D: usize>(&self, values: Vec<f32>, shape: [usize; D]) -> Param<Tensor<D>> {
        let tensor = Tensor::from_data(TensorData::new(values, shape), &self.device);
        Param::initialized(ParamId::new(), tensor).set_require_grad(true)
    }

    /// Uniform in `[0, 1)` with 53 random bits.
    fn unit(&mut self) -> f64 {
        (self.rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Box-Muller transform.
    fn standard_normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }
}

fn count<const D: usize>(shape: [usize; D]) -> usize {
    shape.iter().product()
}
