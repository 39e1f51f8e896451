//! What the LLVM compiler would be able to lower.

use cubecl_core::ir::DeviceProperties;

/// The targets whose features `cubecl-cuda` narrows when LLVM compiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GpuTarget {
    /// NVIDIA's instruction set.
    Nvptx,
}

/// Narrows `properties` to what LLVM lowers. `cubecl-cuda` calls it only where LLVM is its default compiler, and there no
/// kernel compiles at all: the properties stay, and the first kernel reports why.
pub fn restrict_features(_properties: &mut DeviceProperties, _target: GpuTarget) {}
