//! A stand-in for `cubecl-llvm` without LLVM.
//!
//! `cubecl-cuda` 0.11 carries two kernel compilers: CUDA C++ through NVRTC, and PTX through LLVM. Its feature `cpp`
//! makes NVRTC the default, yet the LLVM compiler is built all the same, and the build script below it downloads LLVM
//! from outside the package registry: on a machine without that access the build fails, and with it the binary
//! grows by LLVM. Molglot always takes NVRTC, so this crate offers the names of `cubecl-llvm` that `cubecl-cuda` mentions
//! and no compiler behind them: asked for a kernel, it answers with an error that names the remedy.
//!
//! It holds for `cubecl-cuda` 0.11.3 alone. A newer release needs another look at its `compiler.rs`, `runtime.rs` and
//! `compute/context.rs`, and goes back to the published crate once LLVM is optional there.

mod compiler;
mod module;

pub use compiler::{LlvmTarget, PlironCompiler, PlironOptions};
pub use module::{NvptxModule, PlironArtifact};

/// What belongs to NVIDIA's instruction set.
pub mod nvptx {
    pub mod ptx_version;
}

/// What the targets of LLVM have in common.
pub mod shared {
    pub mod lowered_features;
}
