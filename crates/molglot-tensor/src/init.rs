//! Parameters drawn on the host from one seed.
//!
//! Burn initialises parameters on first use from a generator that the whole process shares, so the values depend on
//! the order in which code happens to touch them and on the backend. Here every parameter is drawn at once, in the
//! order in which the model is written, from one [`ChaCha8Rng`]: the same seed gives the same bits on every backend.

use burn::{
    module::{Param, ParamId},
    tensor::{DType, Device, Distribution, FloatDType, Tensor, TensorData},
};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// The source of initial parameter values for one model: a device and a seeded stream.
#[derive(Debug)]
pub struct Init {
    device: Device,
    source: Source,
}

#[derive(Debug)]
enum Source {
    /// Drawn on the host.
    Host(Box<ChaCha8Rng>),
    /// Never drawn: weights are about to be loaded.
    Unfilled,
    /// Drawn by the device in a float type of choice.
    Device(FloatDType),
}

impl Init {
    /// A stream for `seed`; parameters are placed on `device`.
    pub fn new(seed: u64, device: &Device) -> Self {
        Self {
            device: device.clone(),
            source: Source::Host(Box::new(ChaCha8Rng::seed_from_u64(seed))),
        }
    }

    /// Parameters without values: each takes memory when weights are loaded into it, not before. One that is used
    /// without is zero.
    pub fn unfilled(device: &Device) -> Self {
        Self {
            device: device.clone(),
            source: Source::Unfilled,
        }
    }

    /// Parameters drawn on the device, in a float type: for measuring models whose weights are larger than the host can
    /// draw in good time. The values depend on the backend.
    pub fn on_device(device: &Device, dtype: FloatDType) -> Self {
        Self {
            device: device.clone(),
            source: Source::Device(dtype),
        }
    }

    /// The device that the parameters live on.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Uniform in `[-bound, bound)`.
    pub fn uniform<const D: usize>(&mut self, shape: [usize; D], bound: f64) -> Param<Tensor<D>> {
        match &mut self.source {
            Source::Host(rng) => {
                let values = (0..count(shape))
                    .map(|_| (bound * (2.0 * unit(rng) - 1.0)) as f32)
                    .collect();
                self.param(values, shape)
            }
            Source::Unfilled => self.unfilled_param(shape),
            Source::Device(dtype) => {
                let dtype = *dtype;
                self.drawn(shape, Distribution::Uniform(-bound, bound), dtype)
            }
        }
    }

    /// Normal with mean 0.
    pub fn normal<const D: usize>(&mut self, shape: [usize; D], std: f64) -> Param<Tensor<D>> {
        match &mut self.source {
            Source::Host(rng) => {
                let values = (0..count(shape))
                    .map(|_| (std * standard_normal(rng)) as f32)
                    .collect();
                self.param(values, shape)
            }
            Source::Unfilled => self.unfilled_param(shape),
            Source::Device(dtype) => {
                let dtype = *dtype;
                self.drawn(shape, Distribution::Normal(0.0, std), dtype)
            }
        }
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
        match self.source {
            Source::Host(_) => self.param(vec![value; count(shape)], shape),
            Source::Unfilled => self.unfilled_param(shape),
            Source::Device(dtype) => {
                let filled = Tensor::full(shape, value, (&self.device, DType::from(dtype)));
                Param::initialized(ParamId::new(), filled).set_require_grad(true)
            }
        }
    }

    /// A value computed from other parameters.
    pub fn given<const D: usize>(&mut self, value: Tensor<D>) -> Param<Tensor<D>> {
        let value = if self.device.is_autodiff() {
            value.autodiff()
        } else {
            value.inner()
        };
        Param::initialized(ParamId::new(), value).set_require_grad(true)
    }

    fn param<const D: usize>(&self, values: Vec<f32>, shape: [usize; D]) -> Param<Tensor<D>> {
        let tensor = Tensor::from_data(TensorData::new(values, shape), &self.device);
        Param::initialized(ParamId::new(), tensor).set_require_grad(true)
    }

    fn unfilled_param<const D: usize>(&self, shape: [usize; D]) -> Param<Tensor<D>> {
        Param::uninitialized(
            ParamId::new(),
            move |device, trains| Tensor::zeros(shape, device).set_require_grad(trains),
            self.device.clone(),
            self.device.is_autodiff(),
            shape.into(),
        )
    }

    fn drawn<const D: usize>(
        &self,
        shape: [usize; D],
        distribution: Distribution,
        dtype: FloatDType,
    ) -> Param<Tensor<D>> {
        let values = Tensor::random(shape, distribution, (&self.device, DType::from(dtype)));
        Param::initialized(ParamId::new(), values).set_require_grad(true)
    }
}

/// Uniform in `[0, 1)` with 53 random bits.
fn unit(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// Box-Muller transform.
fn standard_normal(rng: &mut ChaCha8Rng) -> f64 {
    let radius = (-2.0 * (1.0 - unit(rng)).ln()).sqrt();
    radius * (std::f64::consts::TAU * unit(rng)).cos()
}

fn count<const D: usize>(shape: [usize; D]) -> usize {
    shape.iter().product()
}
