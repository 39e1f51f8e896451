//! Graph specs by name and from files.

use std::{path::Path, process::ExitCode};

use molglot_graph::GraphSpec;

use super::super::say;
use crate::{error::Error, suggest::closest};

/// A spec of structures.
type Published = (&'static str, &'static str, fn() -> GraphSpec);

/// The specs of published encoders by name.
const PUBLISHED: [Published; 4] = [
    (
        "gearnet",
        "residues; sequence, 10 angstrom and 10 nearest in 7 relations; line graph",
        GraphSpec::gearnet,
    ),
    (
        "gvp",
        "residues with dihedrals and vectors; 30 nearest",
        || GraphSpec::gvp(30),
    ),
    (
        "scannet",
        "atoms and residues with frames; 16 and 32 nearest",
        GraphSpec::scannet,
    ),
    (
        "gat",
        "residues; contacts of alpha carbons within 8 angstrom",
        GraphSpec::gat,
    ),
];

/// The spec of a name, or of a TOML or JSON file.
///
/// # Errors
///
/// There is none of that name, or the file holds none that structures can be built by.
pub(super) fn find(name: &str) -> Result<GraphSpec, Error> {
    let path = Path::new(name);
    let extension = path.extension().and_then(|extension| extension.to_str());
    let is_toml = match extension {
        Some("toml") => true,
        Some("json") => false,
        _ => return named(name),
    };
    let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
    let spec: GraphSpec = if is_toml {
        toml::from_str(&text).map_err(|error| Error::file(path, error))?
    } else {
        serde_json::from_str(&text).map_err(|error| Error::file(path, error))?
    };
    spec.check_structure()
        .map_err(|error| Error::file(path, error))?;
    Ok(spec)
}

fn named(name: &str) -> Result<GraphSpec, Error> {
    let spec = PUBLISHED.iter().find(|(known, ..)| *known == name);
    spec.map(|(.., spec)| spec()).ok_or_else(|| {
        let names = PUBLISHED.map(|(name, ..)| name);
        let hint = closest(name, &names)
            .map(|near| format!("; did you mean `{near}`?"))
            .unwrap_or_default();
        Error::Usage(format!(
            "there is no graph spec `{name}`{hint}\n  there are: {}, or a file with the extension .toml or .json",
            names.join(", ")
        ))
    })
}

/// Prints a spec as TOML, or the list of them.
pub(super) fn print(name: Option<&str>) -> Result<ExitCode, Error> {
    match name {
        Some(name) => say(toml::to_string(&find(name)?)
            .map_err(Error::internal)?
            .trim_end())?,
        None => {
            for (name, about, _) in PUBLISHED {
                say(format_args!("{name:<8} {about}"))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
