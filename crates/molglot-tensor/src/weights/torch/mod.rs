//! PyTorch's own files (`.pt`, `.pth`): an archive with a pickle in it, read as data.
//!
//! A pickle is a program for a small machine that may import and call anything. The machine here knows the few instructions
//! that `torch.save` writes for a state dict and five kinds of names ([`pickle`]); anything else is refused by name. Nothing
//! of the file is run, tensors are read from where they lie, and what a small file can make this process hold is bounded.

mod pickle;
mod state;
mod zip;

use std::{collections::BTreeMap, sync::Arc};

use super::{Bytes, Stored};

/// Why a PyTorch file could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TorchError {
    /// The archive is cut short or is no archive.
    #[error("not a complete PyTorch file ({0}); copy or download it again")]
    Archive(String),
    /// A file that `torch.save` does not write as an archive, or not in the order of bytes of this machine.
    #[error("{0}; load it in PyTorch and save it again with torch.save(model.state_dict(), path)")]
    Dialect(String),
    /// The pickle asks for something that is no part of a state dict.
    #[error(
        "it asks to import {name} (at {at}), which is not done; load it in PyTorch, if you trust it, and save its weights \
         alone with torch.save(model.state_dict(), path)"
    )]
    Global {
        /// Module and name.
        name: String,
        /// Where in the pickle.
        at: usize,
    },
    /// The pickle has an instruction that no state dict needs.
    #[error(
        "its pickle has the instruction {code:#04x} (at {at}), which no state dict needs; save the weights alone with \
         torch.save(model.state_dict(), path)"
    )]
    Opcode {
        /// The instruction.
        code: u8,
        /// Where in the pickle.
        at: usize,
    },
    /// The pickle contradicts itself.
    #[error("its pickle is damaged ({reason} at {at}); copy or download it again")]
    Pickle {
        /// What is wrong.
        reason: &'static str,
        /// Where in the pickle.
        at: usize,
    },
    /// A tensor lies outside what is stored for it.
    #[error("tensor {name}: {reason}; copy or download it again")]
    Tensor {
        /// Its name.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// The file would take more memory than a file of weights has reason to.
    #[error("it has more than {limit} {what}, more than a file of weights has reason to")]
    Limit {
        /// Of what.
        what: &'static str,
        /// How many are read.
        limit: usize,
    },
    /// There are no tensors by name in it.
    #[error(
        "it holds no state dict: save it with torch.save(model.state_dict(), path), or under one of the keys {}",
        state::WRAPPERS.join(", ")
    )]
    NoStateDict,
}

/// Whether these are the bytes of a PyTorch file: an archive, or a bare pickle as old versions wrote it.
pub(super) fn is_torch(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || is_bare_pickle(bytes)
}

/// A protocol number; in a safetensors file of that length of header, the header begins at the ninth byte.
fn is_bare_pickle(bytes: &[u8]) -> bool {
    matches!(bytes, [0x80, 2..=5, ..]) && bytes.get(8) != Some(&b'{')
}

/// The tensors of a state dict by name.
pub(super) fn read(bytes: &Arc<Bytes>) -> Result<BTreeMap<String, Stored>, TorchError> {
    let slice = bytes.as_slice();
    if is_bare_pickle(slice) {
        return Err(TorchError::Dialect(
            "it is a pickle without an archive, as PyTorch before 1.6 wrote it".into(),
        ));
    }
    let archive = zip::Archive::read(slice)?;
    if let Some(order) = archive.get("byteorder")
        && order.trim_ascii() != b"little"
    {
        return Err(TorchError::Dialect("its numbers are big-endian".into()));
    }
    let program = archive
        .get("data.pkl")
        .ok_or_else(|| TorchError::Archive("there is no data.pkl in it".into()))?;
    let (root, heap) = pickle::Machine::new(program).run()?;
    state::tensors(root, &heap, &archive, bytes)
}
