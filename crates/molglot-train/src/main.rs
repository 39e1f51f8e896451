//! The `molglot` command.

use std::process::ExitCode;

/// Tensors of more than 128 KiB are mapped and unmapped by the system allocator at every operation; this one keeps them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    molglot_train::cli::run()
}
