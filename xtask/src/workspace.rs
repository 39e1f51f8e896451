//! The workspace and the cargo that builds it.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::failure::Failure;

/// The features of a test, lint or documentation build: both CPU backends, in one set for every crate. Each other set would
/// build burn-flex anew, and that is the longest part of the build.
pub(crate) const CPU_FEATURES: [&str; 2] = ["--features", "molglot-train/ndarray"];

/// The manifest of the CUDA build, a workspace of its own.
pub(crate) const CUDA_MANIFEST: &str = "third_party/cuda/Cargo.toml";

/// The root of the workspace.
pub(crate) fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

/// The cargo that runs this program, in the root of the workspace and with a clean environment: `cargo run` describes this
/// very package in variables, which the build scripts of other packages would take for a change.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).stdin(Stdio::null());
    let ours = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(ours) {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a command that speaks for itself.
pub(crate) fn status(command: &mut Command) -> Result<(), Failure> {
    let status = command
        .status()
        .map_err(|error| cannot_start(command, &error))?;
    Failure::of(status)
}

/// Runs a command for its standard output; its standard error goes to the user.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| cannot_start(command, &error))?;
    Failure::of(output.status)?;
    String::from_utf8(output.stdout).map_err(|_| {
        Failure::Failed(format!(
            "{} printed something that is not text",
            program(command)
        ))
    })
}

/// What `cargo metadata` says, asked with these arguments.
pub(crate) fn metadata(args: &[&str]) -> Result<Value, Failure> {
    let text = output(
        cargo()
            .args(["metadata", "--format-version", "1"])
            .args(args),
    )?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::Failed(format!("cargo metadata is not JSON: {error}")))
}

/// The folder for build outputs, as the user's configuration has it.
pub(crate) fn target_dir() -> Result<PathBuf, Failure> {
    let metadata = metadata(&["--no-deps"])?;
    let dir = metadata["target_directory"].as_str();
    dir.map(PathBuf::from)
        .ok_or_else(|| Failure::Failed("cargo metadata names no target directory".to_owned()))
}

/// The folder for the outputs of the CUDA build, apart so that neither build throws out what the other made.
pub(crate) fn cuda_target_dir() -> Result<PathBuf, Failure> {
    Ok(target_dir()?.join("cuda"))
}

/// Runs the benches.
pub(crate) fn bench(name: Option<&OsStr>) -> Result<(), Failure> {
    status(
        cargo()
            .args(["bench", "--package", "molglot-benches", "--benches", "--"])
            .args(name),
    )
}

/// Writes the documentation of our own crates.
pub(crate) fn docs(open: bool) -> Result<(), Failure> {
    let open = open.then_some("--open");
    status(
        cargo()
            .args(["doc", "--workspace", "--no-deps"])
            .args(CPU_FEATURES)
            .args(open),
    )
}

fn cannot_start(command: &Command, error: &std::io::Error) -> Failure {
    Failure::Failed(format!("cannot run {}: {error}", program(command)))
}

fn program(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}
