//! The two lock files: that of the workspace and that of the CUDA build, which must hold the same versions. Otherwise CUDA would
//! run what no test has run.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use crate::console;
use crate::failure::Failure;
use crate::sources;
use crate::workspace;

/// The lock files, below the root.
const MAIN: &str = "Cargo.lock";
const CUDA: &str = "third_party/cuda/Cargo.lock";

/// The manifests that they belong to.
const MANIFESTS: [&str; 2] = ["Cargo.toml", workspace::CUDA_MANIFEST];

/// How a lock file names a package registry.
const REGISTRY: &str = "registry+";

/// A package of a lock file, by name, version and where it comes from; a package of this workspace comes from nowhere.
type Package = (String, String, Option<String>);

/// Fails when a lock file is out of date, when the two disagree, or when a package comes from elsewhere than a registry.
pub(crate) fn check() -> Result<(), Failure> {
    for manifest in MANIFESTS {
        let mut tree = workspace::cargo();
        tree.args([
            "tree",
            "--locked",
            "--workspace",
            "--depth",
            "0",
            "--manifest-path",
            manifest,
        ]);
        workspace::output(&mut tree).map_err(|_| {
            Failure::Failed(format!(
                "the lock file of {manifest} is out of date: run `cargo xtask lock` and commit it"
            ))
        })?;
    }
    let (main, cuda) = (packages(MAIN)?, packages(CUDA)?);
    let mut wrong = foreign(MAIN, &main);
    wrong.extend(foreign(CUDA, &cuda));
    sources::none_of(&wrong, "take packages from the registry")?;
    sources::none_of(
        &drift(&main, &cuda),
        "run `cargo xtask lock` and commit third_party/cuda/Cargo.lock",
    )
}

/// Completes the main lock file, then makes that of the CUDA build from it.
pub(crate) fn renew() -> Result<(), Failure> {
    update(MANIFESTS[0])?;
    fs::copy(path(MAIN), path(CUDA))
        .map_err(|error| Failure::Failed(format!("cannot write {CUDA}: {error}")))?;
    update(MANIFESTS[1])?;
    console::note(format_args!("{CUDA} holds the versions of {MAIN}"));
    Ok(())
}

/// Adds to the lock file what is missing and drops what is unused; other versions stay.
fn update(manifest: &str) -> Result<(), Failure> {
    workspace::status(workspace::cargo().args([
        "update",
        "--quiet",
        "--workspace",
        "--manifest-path",
        manifest,
    ]))
}

fn path(lock: &str) -> PathBuf {
    workspace::root().join(lock)
}

fn packages(lock: &str) -> Result<BTreeSet<Package>, Failure> {
    let text = fs::read_to_string(path(lock))
        .map_err(|error| Failure::Failed(format!("cannot read {lock}: {error}")))?;
    parse(&text).map_err(|reason| Failure::Failed(format!("{lock}: {reason}")))
}

fn parse(text: &str) -> Result<BTreeSet<Package>, String> {
    let table: toml::Table = text.parse().map_err(|error| format!("{error}"))?;
    let packages = table
        .get("package")
        .and_then(toml::Value::as_array)
        .ok_or("lists no package")?;
    let read = |package: &toml::Value| {
        let field = |name| {
            package
                .get(name)
                .and_then(toml::Value::as_str)
                .map(ToOwned::to_owned)
        };
        Some((field("name")?, field("version")?, field("source")))
    };
    Ok(packages.iter().filter_map(read).collect())
}

/// Packages that come from elsewhere than a registry or this workspace.
fn foreign(lock: &str, packages: &BTreeSet<Package>) -> Vec<String> {
    let others = packages
        .iter()
        .filter_map(|(name, _, source)| Some((name, source.as_ref()?)));
    let others = others.filter(|(_, source)| !source.starts_with(REGISTRY));
    others
        .map(|(name, source)| format!("{lock}: {name} comes from {source}"))
        .collect()
}

/// Packages of the CUDA build that the tested build has not, or not in this version.
fn drift(main: &BTreeSet<Package>, cuda: &BTreeSet<Package>) -> Vec<String> {
    let unknown = cuda
        .difference(main)
        .filter(|(_, _, source)| source.is_some());
    unknown
        .map(|(name, version, _)| format!("{CUDA} has {name} {version}, {MAIN} has not"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"
version = 4
[[package]]
name = "burn"
version = "0.22.1"
source = "registry+https://example.org/index"
[[package]]
name = "molglot-train"
version = "0.1.0"
"#;

    #[test]
    fn the_same_versions_agree_whatever_else_the_main_lock_has() {
        let cuda = parse(LOCK).unwrap();
        let more = "[[package]]\nname = \"criterion\"\nversion = \"0.8.0\"\nsource = \"registry+https://example.org/index\"\n";
        let main = parse(&format!("{LOCK}{more}")).unwrap();
        assert!(drift(&main, &cuda).is_empty());
    }

    #[test]
    fn another_version_is_drift() {
        let main = parse(LOCK).unwrap();
        let cuda = parse(&LOCK.replace("0.22.1", "0.22.2")).unwrap();
        assert_eq!(
            drift(&main, &cuda),
            ["third_party/cuda/Cargo.lock has burn 0.22.2, Cargo.lock has not"]
        );
    }

    #[test]
    fn a_package_from_a_repository_is_foreign() {
        let lock = parse(&LOCK.replace("registry+", "git+")).unwrap();
        assert_eq!(
            foreign(MAIN, &lock),
            ["Cargo.lock: burn comes from git+https://example.org/index"]
        );
        assert!(foreign(MAIN, &parse(LOCK).unwrap()).is_empty());
    }
}
