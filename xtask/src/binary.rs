//! The molglot binary: building it for a device, and running it.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::console;
use crate::device::Device;
use crate::failure::Failure;
use crate::workspace;

/// Starts of library names that a build for CUDA must not be linked to: they are loaded when a kernel first runs, so that the
/// same binary starts where there is no driver.
const LOADED_LATE: [&str; 5] = ["libcu", "libnvrtc", "libnvJitLink", "libnccl", "libLLVM"];

const MEBIBYTE: f64 = 1024.0 * 1024.0;

/// Builds, and tells the path and the size.
pub(crate) fn report(device: Device) -> Result<(), Failure> {
    let path = build(device)?;
    if device == Device::Cuda {
        check_linkage(&path)?;
    }
    if let Ok(file) = fs::metadata(&path) {
        #[allow(clippy::cast_precision_loss)]
        let size = file.len() as f64 / MEBIBYTE;
        console::note(format_args!("{size:.1} MiB"));
    }
    console::say(path.display());
    Ok(())
}

/// Builds for the device that the arguments ask for, then becomes molglot, in the user's current directory.
pub(crate) fn run(args: &[OsString]) -> Result<(), Failure> {
    let path = build(Device::asked(args)?)?;
    become_process(Command::new(path).args(args))
}

/// Builds in release and returns the path of the binary. Cargo's progress goes to the user.
fn build(device: Device) -> Result<PathBuf, Failure> {
    let mut cargo = workspace::cargo();
    cargo.args([
        "build",
        "--release",
        "--bin",
        "molglot",
        "--message-format",
        "json-render-diagnostics",
    ]);
    match device {
        Device::Flex => cargo.args(["--package", "molglot-train"]),
        Device::Ndarray => cargo.args(["--package", "molglot-train", "--features", "ndarray"]),
        Device::Cuda => {
            console::note("the first CUDA build takes fifteen to twenty-five minutes of CPU time");
            cargo
                .args(["--manifest-path", workspace::CUDA_MANIFEST, "--target-dir"])
                .arg(workspace::cuda_target_dir()?)
        }
    };
    let messages = workspace::output(&mut cargo).map_err(|failure| match failure {
        Failure::Ended(_) => {
            Failure::Failed("molglot did not build: cargo says why above".to_owned())
        }
        other => other,
    })?;
    executable(&messages).ok_or_else(|| Failure::Failed("cargo built no molglot binary".to_owned()))
}

/// The path of the binary in cargo's messages, one JSON object per line.
fn executable(messages: &str) -> Option<PathBuf> {
    messages.lines().rev().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        message["executable"].as_str().map(PathBuf::from)
    })
}

/// Replaces this process, so that signals and the exit code are molglot's own: an interrupt must reach the training run,
/// which writes its checkpoint, and not leave it behind without a terminal.
#[cfg(unix)]
fn become_process(command: &mut Command) -> Result<(), Failure> {
    use std::os::unix::process::CommandExt;

    let error = command.exec();
    Err(Failure::Failed(format!(
        "cannot run {}: {error}",
        command.get_program().display()
    )))
}

#[cfg(not(unix))]
fn become_process(command: &mut Command) -> Result<(), Failure> {
    workspace::status(command)
}

/// Fails when the loader would look for a CUDA library before molglot starts.
fn check_linkage(path: &Path) -> Result<(), Failure> {
    let output = match Command::new("ldd").arg(path).stdin(Stdio::null()).output() {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            console::note("ldd is not here: what the binary is linked to stays unchecked");
            return Ok(());
        }
        Err(error) => return Err(Failure::Failed(format!("cannot run ldd: {error}"))),
    };
    let listing = String::from_utf8_lossy(&output.stdout);
    let early = linked_early(&listing);
    if !early.is_empty() {
        let names = early.join(", ");
        return Err(Failure::Failed(format!(
            "the binary is linked to {names}: it would not start without a driver"
        )));
    }
    console::note("linked to no CUDA library (they are loaded when a kernel first runs)");
    Ok(())
}

/// The libraries in ldd's listing that must not be there.
fn linked_early(listing: &str) -> Vec<&str> {
    let names = listing
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    names
        .filter(|name| LOADED_LATE.iter().any(|late| name.starts_with(late)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_binary_is_the_one_that_cargo_names() {
        let messages = r#"{"reason":"compiler-artifact","executable":null}
{"reason":"compiler-artifact","executable":"target/release/molglot"}
{"reason":"build-finished","success":true}"#;
        assert_eq!(
            executable(messages),
            Some(PathBuf::from("target/release/molglot"))
        );
        assert_eq!(executable("{}"), None);
    }

    #[test]
    fn a_linked_cuda_library_is_seen() {
        let plain = "\tlinux-vdso.so.1 (0x0)\n\tlibgcc_s.so.1 => /lib/libgcc_s.so.1 (0x0)\n\tlibc.so.6 => /lib/libc.so.6 (0x0)";
        assert!(linked_early(plain).is_empty());
        let linked = format!(
            "{plain}\n\tlibcudart.so.13 => not found\n\tlibnccl.so.2 => /lib/libnccl.so.2 (0x0)"
        );
        assert_eq!(linked_early(&linked), ["libcudart.so.13", "libnccl.so.2"]);
    }
}
