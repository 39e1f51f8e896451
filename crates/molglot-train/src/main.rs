//! The `molglot` command.

use std::process::ExitCode;

/// Tensors of more than 128 KiB are mapped and unmapped by the system allocator at every operation; this one keeps them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    keep_memory();
    molglot_train::cli::run()
}

/// A step frees what the next one takes again. Given back to the system in between, as the allocator does after a while,
/// it comes back as pages to be cleared, which was a fifth of the time of a training step. `MIMALLOC_PURGE_DELAY` in the
/// environment still decides where it is set.
#[allow(unsafe_code)]
fn keep_memory() {
    /// `mi_option_purge_delay`, in milliseconds; the binding has no name for it.
    const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
    const NEVER: std::ffi::c_long = -1;
    // SAFETY: the function writes one entry of the allocator's table of options, which the index is inside of, and no
    // other thread runs yet.
    unsafe { libmimalloc_sys::mi_option_set_default(PURGE_DELAY, NEVER) };
}
