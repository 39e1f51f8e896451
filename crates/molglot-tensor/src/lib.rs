//! The one door to Burn.
//!
//! Everything in Molglot that touches a tensor comes through here: which device computes ([`device`]), how a ragged
//! batch is gathered and reduced without races ([`ops`]), how parameters are drawn from one seed ([`init`]), the few
//! layers that every model shares ([`nn`]), how gradients are clipped ([`clip`]) and applied ([`optim`]) and how weights are read and written
//! strictly ([`weights`]). No other crate names a backend.
//!
//! Since Burn 0.22 a tensor carries its backend at run time, so nothing here is generic over one; the exception is
//! the inside of [`ops`], where fused kernels are attached to the backends that have them.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub use burn;
pub use burn::prelude::{Device, Int, Tensor, TensorData};

pub mod clip;
pub mod device;
pub mod golden;
pub mod init;
pub mod nn;
pub mod ops;
pub mod optim;
pub mod params;
pub mod weights;

pub use device::Backend;
pub use init::Init;
pub use ops::RowIndex;
