//! What the LLVM compiler would hand over.

use core::convert::Infallible;
use core::ffi::c_char;
use core::fmt;

use cubecl_runtime::kernel::BufferIOAttr;

/// A kernel as PTX. Nothing here makes one; `cubecl-cuda` reads its fields.
#[derive(Clone, Debug)]
pub struct NvptxModule {
    /// The PTX text, closed by a NUL.
    pub ptx: Vec<c_char>,
    /// The name of the kernel in it.
    pub entrypoint: String,
    /// The LLVM text it came from.
    pub ir: String,
    /// The dynamic shared memory of one block, in bytes.
    pub shared_memory_size: usize,
    /// What the kernel does with each buffer.
    pub io: Vec<BufferIOAttr>,
}

/// What a compilation yields, by target. No value of it is ever made.
#[derive(Clone, Debug)]
pub enum PlironArtifact {
    /// Code for an NVIDIA device.
    NvptxCode(NvptxModule),
    /// Code for any other target: `cubecl-cuda` matches on more than one kind.
    Other(Infallible),
}

impl fmt::Display for PlironArtifact {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NvptxCode(module) => formatter.write_str(&module.ir),
            Self::Other(never) => match *never {},
        }
    }
}
