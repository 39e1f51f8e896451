//! Dropout that is a pure function of a seed.
//!
//! Burn draws from one generator for the whole process, so what one model drops depends on what else the process draws,
//! and a layer that is computed again drops other values. Here the value at position `i` is kept or dropped by a hash of
//! the seed and `i`: the same on every backend, and the backward pass needs no stored mask.

use burn::{
    backend::{
        Autodiff, Backend, Dispatch, TensorMetadata,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
        backend_extension,
        tensor::{FloatTensor, IntTensor},
    },
    tensor::{FloatDType, IntDType, Tensor},
};

use super::{composed_backends, narrow, widen};

/// Values of a hash that count.
const RANGE: i32 = 1 << 24;

/// What is dropped: the hash is below `threshold`, of [`RANGE`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Drop {
    key: i32,
    threshold: i32,
    scale: f32,
}

impl Drop {
    fn new(probability: f64, seed: u64) -> Self {
        // SplitMix64's finaliser: neighbouring seeds give unrelated keys.
        let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self {
            key: (z ^ (z >> 31)) as i32,
            threshold: (probability * f64::from(RANGE)) as i32,
            scale: (1.0 / (1.0 - probability)) as f32,
        }
    }
}

/// The multiplications and shifts of the hash, the finaliser of MurmurHash3 (Appleby).
const ROUNDS: [(i32, i32); 3] = [
    (16, 0x85eb_ca6b_u32 as i32),
    (13, 0xc2b2_ae35_u32 as i32),
    (16, 1),
];

/// Backend side of [`dropout`].
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Cube: cfg(feature = "cuda"), Autodiff)]
pub(super) trait DropoutOps: Backend {
    /// Each value times `scale`, or 0.
    fn seeded_dropout(x: FloatTensor<Self>, drop: Drop) -> FloatTensor<Self> {
        let (dtype, shape) = (x.dtype(), x.shape());
        let device = TensorMetadata::device(&x);
        let count: usize = shape.as_slice().iter().product();
        let place = Self::int_arange(0..count as i64, &device, IntDType::I32);
        let mut hash: IntTensor<Self> = Self::int_add_scalar(place, drop.key.into());
        for (shift, factor) in ROUNDS {
            // The shift carries the sign in; the mask takes it out again.
            let high = Self::bitwise_right_shift_scalar(hash.clone(), shift.into());
            let high = Self::bitwise_and_scalar(high, ((1i32 << (32 - shift)) - 1).into());
            hash = Self::bitwise_xor(hash, high);
            if factor != 1 {
                hash = Self::int_mul_scalar(hash, factor.into());
            }
        }
        let low = Self::bitwise_and_scalar(hash, (RANGE - 1).into());
        // At least one above the threshold is kept: whole numbers, exact in f32.
        let above = Self::float_add_scalar(
            Self::int_into_float(low, FloatDType::F32),
            (1 - drop.threshold).into(),
        );
        let keep = Self::float_clamp(above, 0f32.into(), 1f32.into());
        let keep = Self::float_reshape(Self::float_mul_scalar(keep, drop.scale.into()), shape);
        narrow::<Self>(Self::float_mul(widen::<Self>(x), keep), dtype)
    }
}

composed_backends!(DropoutOps);

#[cfg(feature = "flex")]
mod flex {
    use burn::backend::{Flex, tensor::FloatTensor};
    use multiversion::multiversion;
    use rayon::prelude::*;

    use super::{
        super::{
            CHUNK,
            flex::{output, values},
        },
        Drop, DropoutOps, RANGE, ROUNDS,
    };

    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn kernel(x: &[f32], out: &mut [f32], first: u32, drop: Drop) {
        for (place, (out, x)) in out.iter_mut().zip(x).enumerate() {
            let mut hash = first
                .wrapping_add(place as u32)
                .wrapping_add(drop.key as u32);
            for (shift, factor) in ROUNDS {
                hash = (hash ^ (hash >> shift)).wrapping_mul(factor as u32);
            }
            let kept = (hash & (RANGE as u32 - 1)) as i32 >= drop.threshold;
            *out = if kept { x * drop.scale } else { 0.0 };
        }
    }

    impl DropoutOps for Flex {
        fn seeded_dropout(x: FloatTensor<Self>, drop: Drop) -> FloatTensor<Self> {
            let x = x.to_contiguous();
            let mut out = output(x.layout().shape().clone());
            out.storage_mut::<f32>()
                .par_chunks_mut(CHUNK)
                .zip(values(&x).par_chunks(CHUNK))
                .enumerate()
                .for_each(|(chunk, (out, x))| kernel(x, out, (chunk * CHUNK) as u32, drop));
            out
        }
    }
}

impl<B: DropoutOps, C: CheckpointStrategy> DropoutOps for Autodiff<B, C> {
    fn seeded_dropout(x: FloatTensor<Self>, drop: Drop) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Dropout;
        impl<B: DropoutOps> Backward<B, 1> for Dropout {
            type State = Drop;
            fn backward(self, ops: Ops<Drop, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
                let [parent] = ops.parents;
                let grad = grads.consume::<B>(&ops.node);
                if let Some(parent) = parent {
                    grads.register::<B>(parent.id, B::seeded_dropout(grad, ops.state));
                }
            }
        }
        match Dropout.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                prep.finish(drop, B::seeded_dropout(x.into_primitive(), drop))
            }
            OpsKind::UnTracked(prep) => prep.finish(B::seeded_dropout(x.into_primitive(), drop)),
        }
    }
}

/// Sets each value to 0 with this probability and divides the others by one minus it.
///
/// # Shapes
///
/// - `x` and output: the same shape, below 2^31 values
///
/// # Panics
///
/// When the probability is not in `[0, 1)`.
pub fn dropout<const D: usize>(x: Tensor<D>, probability: f64, seed: u64) -> Tensor<D> {
    assert!(
        (0.0..1.0).contains(&probability),
        "{probability} is no probability below 1"
    );
    let drop = Drop::new(probability, seed);
    Tensor::from_dispatch(Dispatch::seeded_dropout(x.into_dispatch(), drop))
}
