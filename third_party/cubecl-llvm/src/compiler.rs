//! The compiler that is not there.

use cubecl_core::Compiler;
use cubecl_core::ir::nvidia::SmArch;
use cubecl_core::prelude::KernelDefinition;
use cubecl_environment::backtrace::BackTrace;
use cubecl_runtime::compiler::CompilationError;
use cubecl_runtime::kernel::BufferIOAttr;

use crate::module::PlironArtifact;
use crate::nvptx::ptx_version::PtxVersion;

/// What LLVM would compile for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LlvmTarget {
    /// The host, the default of the published crate.
    #[default]
    Cpu,
    /// An NVIDIA device.
    Nvptx,
}

/// Takes the place of the LLVM compiler and refuses every kernel.
#[derive(Clone, Debug, Default)]
pub struct PlironCompiler {
    /// What it would compile for.
    pub target: LlvmTarget,
}

/// The options that `cubecl-cuda` fills in.
#[derive(Clone, Debug, Default)]
pub struct PlironOptions {
    /// The architecture of an AMD device: never set for CUDA.
    pub arch: Option<()>,
    /// The architecture of the NVIDIA device.
    pub sm_arch: Option<SmArch>,
    /// The PTX version to emit.
    pub ptx_version: Option<PtxVersion>,
    /// Whether launch parameters are grid constants.
    pub grid_constants: bool,
}

impl Compiler for PlironCompiler {
    type Representation = PlironArtifact;
    type CompilationOptions = PlironOptions;

    fn compile(
        &mut self,
        _kernel: KernelDefinition,
        _options: &Self::CompilationOptions,
    ) -> Result<Self::Representation, CompilationError> {
        Err(CompilationError::Generic {
            reason: "this build has no LLVM: enable the feature `cpp` of cubecl-cuda, so that NVRTC compiles the kernels"
                .into(),
            backtrace: BackTrace::capture(),
        })
    }

    fn buffer_io(_artifact: &Self::Representation) -> Option<Vec<BufferIOAttr>> {
        None
    }

    fn extension(&self) -> &'static str {
        "ll"
    }

    fn lang_tag(&self) -> &'static str {
        "llvm"
    }
}
