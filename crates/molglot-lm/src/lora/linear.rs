//! The layer that carries an update.

use molglot_tensor::burn;
use molglot_tensor::{
    Init, Tensor,
    burn::{
        module::{Flag, Module, Param},
        tensor::FloatDType,
    },
    nn::{Linear, LinearConfig},
    ops::{dropout, linear, linear_onto},
};

use super::LayerSettings;

/// `x A^T B^T * scale`, and with DoRA the lengths of the updated weight's rows.
#[derive(Module, Debug)]
pub struct LoraFactors {
    /// `[r, input]`.
    pub a: Param<Tensor<2>>,
    /// `[output, r]`.
    pub b: Param<Tensor<2>>,
    /// `[output]`: the length of each row of the updated weight; DoRA only.
    pub magnitude: Option<Param<Tensor<1>>>,
    scale: f64,
    dropout: f64,
    training: Param<Flag>,
}

impl LoraFactors {
    /// `A` uniform in `±1/sqrt(input)` as PEFT draws it, `B` zero, lengths those of the base: the layer starts as its base.
    fn new(settings: &LayerSettings, base: &Linear, init: &mut Init) -> Self {
        let (output, input) = base.sizes();
        let magnitude = settings.dora.then(|| {
            let lengths = row_lengths(base.weight.val().inner().cast(FloatDType::F32));
            init.given(lengths)
        });
        Self {
            a: init.fan_in([settings.rank, input], input),
            b: init.constant([output, settings.rank], 0.0),
            magnitude,
            scale: settings.scale,
            dropout: settings.dropout,
            training: Param::from_bool(true),
        }
    }

    fn drops(&self, on_autodiff: bool) -> bool {
        self.dropout > 0.0 && on_autodiff && self.training.val().is_enabled()
    }

    /// `onto` with the update of `x` added, computed in the type of `x`.
    fn add_to<const D: usize>(&self, onto: Tensor<D>, x: Tensor<D>, seed: u64) -> Tensor<D> {
        let x = if self.drops(x.is_autodiff()) {
            dropout(x, self.dropout, seed)
        } else {
            x
        };
        let dtype = x.dtype();
        let low = linear(x, self.a.val().cast(dtype), None);
        linear_onto(onto, low, self.b.val().cast(dtype), self.scale)
    }

    /// `[output, input]`: `scale * B A` in f32.
    fn delta(&self) -> Tensor<2> {
        self.b.val().matmul(self.a.val()).mul_scalar(self.scale)
    }

    /// `[output]`: what DoRA multiplies each output by; the length of the updated row is a constant of the backward pass.
    fn row_scale(&self, magnitude: &Param<Tensor<1>>, base: &Linear) -> Tensor<1> {
        let updated = base.weight.val().detach().cast(FloatDType::F32) + self.delta().detach();
        magnitude.val() / row_lengths(updated)
    }
}

/// `[output]`: the length of each row.
fn row_lengths(weight: Tensor<2>) -> Tensor<1> {
    weight.square().sum_dim(1).sqrt().squeeze_dim(1)
}

/// A linear layer that may carry an update.
#[derive(Module, Debug)]
pub struct LoraLinear {
    /// The layer itself.
    pub base: Linear,
    /// Its update.
    pub lora: Option<LoraFactors>,
}

impl LoraLinear {
    /// A layer without an update.
    pub fn new(config: LinearConfig, std: f64, init: &mut Init) -> Self {
        Self {
            base: config.init_normal(init, std),
            lora: None,
        }
    }

    /// Adds an update, unless there is one.
    pub fn attach(&mut self, settings: &LayerSettings, init: &mut Init) {
        let base = &self.base;
        self.lora
            .get_or_insert_with(|| LoraFactors::new(settings, base, init));
    }

    /// Adds the update into the weight, in f32 and rounded once.
    pub fn merge(&mut self) {
        let Some(lora) = self.lora.take() else { return };
        let weight = self.base.weight.val();
        let dtype = weight.dtype();
        let updated = weight.cast(FloatDType::F32) + lora.delta();
        let updated = match &lora.magnitude {
            Some(magnitude) => updated * lora.row_scale(magnitude, &self.base).unsqueeze_dim(1),
            None => updated,
        };
        let id = self.base.weight.id;
        self.base.weight = Param::initialized(id, updated.cast(dtype).detach());
    }

    /// `seed` decides which inputs of the update are dropped, when any are.
    ///
    /// # Shapes
    ///
    /// - `x`: `[.., input]`
    /// - output: `[.., output]`
    pub fn forward<const D: usize>(&self, x: Tensor<D>, seed: u64) -> Tensor<D> {
        let Some(lora) = &self.lora else {
            return self.base.forward(x);
        };
        let Some(magnitude) = &lora.magnitude else {
            return lora.add_to(self.base.forward(x.clone()), x, seed);
        };
        // The bias of the base is no part of the direction: it is added unscaled.
        let dtype = x.dtype();
        let direction = linear(x.clone(), self.base.weight.val(), None);
        let scale = lora.row_scale(magnitude, &self.base).cast(dtype);
        let out = lora.add_to(direction, x, seed) * scale.unsqueeze();
        match &self.base.bias {
            Some(bias) => out + bias.val().unsqueeze(),
            None => out,
        }
    }
}
