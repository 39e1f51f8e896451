//! `cargo xtask test`: every test of the workspace.

use std::env;
use std::ffi::{OsStr, OsString};
use std::process::Command;

use crate::console;
use crate::failure::Failure;
use crate::workspace;

/// Data outside the repository that tests use when it is there: the variable, and the folder of `../shared`.
const OUTSIDE_DATA: [(&str, &str); 2] =
    [("MOLGLOT_CORPORA", "corpora"), ("MOLGLOT_GOLDEN", "golden")];

/// Runs plain `cargo test`, so that its closing lines are there for a machine to read.
pub(crate) fn run(name: Option<&OsStr>, harness: &[OsString]) -> Result<(), Failure> {
    let mut cargo = workspace::cargo();
    cargo
        .args(["test", "--workspace"])
        .args(workspace::CPU_FEATURES)
        .args(name)
        .arg("--")
        .args(harness);
    for (variable, folder) in OUTSIDE_DATA {
        point_to_data(&mut cargo, variable, folder);
    }
    workspace::status(&mut cargo)
}

/// Sets `variable` unless the user has, and says what the tests will see.
fn point_to_data(cargo: &mut Command, variable: &str, folder: &str) {
    if let Some(set) = env::var_os(variable) {
        console::note(format_args!("{variable}={} (as set)", set.display()));
        return;
    }
    let beside = workspace::root()
        .parent()
        .map(|parent| parent.join("shared").join(folder));
    match beside.filter(|path| path.is_dir()) {
        Some(path) => {
            console::note(format_args!(
                "{variable}={} (found beside the workspace)",
                path.display()
            ));
            cargo.env(variable, path);
        }
        None => console::note(format_args!(
            "{variable} is unset: its tests have nothing to run on"
        )),
    }
}
