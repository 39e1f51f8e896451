//! Backends are named in one place: everything else takes a device.

use crate::failure::Failure;
use crate::sources::{self, Source};

/// Where a backend may be named, besides the features in Cargo.toml: the file that opens devices, and the fused kernels.
const HOMES: [&str; 2] = [
    "crates/molglot-tensor/src/device.rs",
    "crates/molglot-tensor/src/ops/",
];

/// Names of backends in code. Written in two halves, so that this file passes its own check. Burn's default device counts:
/// it is CUDA whenever CUDA is built in, present or not.
const NAMES: [&str; 5] = [
    concat!("Device::", "flex"),
    concat!("Device::", "cuda"),
    concat!("Device::", "ndarray"),
    concat!("Device::", "default"),
    concat!("burn_", "flex"),
];

/// Fails when a Rust file outside the homes names a backend.
pub(crate) fn check() -> Result<(), Failure> {
    let sources = sources::read()?;
    let elsewhere = sources.iter().filter(|source| source.path.ends_with(".rs"));
    let findings: Vec<String> = elsewhere
        .filter(|source| !HOMES.iter().any(|home| source.path.starts_with(home)))
        .flat_map(find)
        .collect();
    sources::none_of(
        &findings,
        "take the device as an argument, or open it with molglot_tensor::Backend",
    )
}

/// The lines of code, comments left out, that name a backend.
fn find(source: &Source) -> Vec<String> {
    let lines = source.text.lines().enumerate();
    let code = lines.filter(|(_, line)| !line.trim_start().starts_with("//"));
    let named = code.filter_map(|(index, line)| {
        let name = NAMES.iter().find(|name| line.contains(**name))?;
        Some(format!("{}:{}: `{name}`", source.path, index + 1))
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_read_and_comments_are_not() {
        let name = NAMES[0];
        let text = format!("// not {name}(): why\nfn open() -> Device {{\n    {name}()\n}}\n");
        let source = Source {
            path: "model.rs".to_owned(),
            text,
        };
        assert_eq!(find(&source), [format!("model.rs:3: `{name}`")]);
    }
}
