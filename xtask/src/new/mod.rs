//! `cargo xtask new`: stamps a working model and registers it, so that the conformance suite runs on it at once.

mod name;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use clap::ValueEnum;

use crate::console;
use crate::failure::Failure;
use crate::workspace;
use name::Name;

/// What can be stamped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Reads graphs: a folder of molglot-encoder
    Encoder,
}

/// The crate of encoders, below the root.
const CRATE: &str = "crates/molglot-encoder";
/// The template, and what it calls the type.
const TEMPLATE: &str = include_str!("../../templates/encoder.rs");
const STAMPED: &str = "Stamped";
/// Names that code which macros write must find in their usual place, and packages that are always there.
const USUAL: [&str; 13] = [
    "alloc", "core", "std", "Box", "Err", "None", "Ok", "Option", "Result", "Self", "Some",
    "String", "Vec",
];

/// Stamps a model of this kind into the workspace and says what to do next.
pub(crate) fn run(kind: Kind, name: &str) -> Result<(), Failure> {
    let Kind::Encoder = kind;
    for path in stamp(workspace::root(), name)? {
        console::say(path);
    }
    console::note(
        "it is registered and works: run `cargo xtask test laws`, then make it yours as docs/adding-an-encoder.md has it",
    );
    Ok(())
}

/// Writes the module and its lines in the registry; gives the paths below the root.
fn stamp(root: &Path, name: &str) -> Result<[String; 2], Failure> {
    let name = Name::parse(name).map_err(Failure::Usage)?;
    let (lib, module) = (
        format!("{CRATE}/src/lib.rs"),
        format!("{CRATE}/src/{}/mod.rs", name.snake),
    );
    let registry = read(root, &lib)?;
    let folder = root.join(CRATE).join("src").join(&name.snake);
    if folder.exists() || folder.with_extension("rs").exists() {
        return Err(taken(&name, &format!("{CRATE}/src has it")));
    }
    let manifest = read(root, &format!("{CRATE}/Cargo.toml"))?;
    if let Some(word) = clash(&name, &registry, &manifest) {
        let lib = format!("`{word}` already means something in {lib} or in what is stamped");
        return Err(taken(&name, &lib));
    }
    let registered = formatted(&register(&name, &registry).ok_or_else(|| {
        Failure::Failed(format!(
            "{lib}: there is no `registry! {{ ... {{ Name(NameConfig => Name), }} ... }}` to add a line to; write the module \
             by hand, as docs/adding-an-encoder.md has it"
        ))
    })?)?;
    let stamped = formatted(&TEMPLATE.replace(STAMPED, &name.pascal))?;
    fs::create_dir(&folder).map_err(|error| failed(&folder, &error))?;
    for (path, text) in [(&module, &stamped), (&lib, &registered)] {
        let path = root.join(path);
        fs::write(&path, text).map_err(|error| failed(&path, &error))?;
    }
    Ok([module, lib])
}

fn taken(name: &Name, reason: &str) -> Failure {
    Failure::Usage(format!(
        "the name `{0}` is taken ({reason}): choose another, such as `{0}_net`",
        name.snake
    ))
}

/// The first word of a name that the crate, its dependencies or the template use already.
fn clash(name: &Name, registry: &str, manifest: &str) -> Option<String> {
    let mut used: Vec<String> = USUAL.map(str::to_owned).to_vec();
    used.extend(words(registry).chain(words(TEMPLATE)).map(str::to_owned));
    used.extend(dependencies(manifest));
    let own = [
        name.snake.clone(),
        name.pascal.clone(),
        format!("{}Config", name.pascal),
    ];
    own.into_iter().find(|word| used.contains(word))
}

/// The words of code, comments left out.
fn words(code: &str) -> impl Iterator<Item = &str> {
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.flat_map(|line| {
        line.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
    })
}

/// The packages that a crate uses, as code names them.
fn dependencies(manifest: &str) -> Vec<String> {
    let manifest: toml::Table = manifest.parse().unwrap_or_default();
    let listed = manifest.get("dependencies").and_then(toml::Value::as_table);
    let names = listed.into_iter().flat_map(toml::Table::keys);
    names.map(|name| name.replace('-', "_")).collect()
}

/// The registry with the model behind the last one; `None` where it has another form.
fn register(name: &Name, registry: &str) -> Option<String> {
    let Name { snake, pascal } = name;
    let lines: Vec<&str> = registry.lines().collect();
    let first = |start: &str| lines.iter().position(|line| line.starts_with(start));
    let last = lines.iter().rposition(|line| is_member(line))?;
    let inserted = [
        (first("pub mod ")?, format!("pub mod {snake};")),
        (
            first("use ")?,
            format!("use {snake}::{{{pascal}, {pascal}Config}};"),
        ),
        (
            last + 1,
            format!("        {pascal}({pascal}Config => {pascal}),"),
        ),
    ];
    let mut out = String::new();
    for (number, line) in lines.iter().enumerate() {
        let before = inserted.iter().filter(|(place, _)| *place == number);
        for text in before.map(|(_, text)| text.as_str()).chain([*line]) {
            out.push_str(text);
            out.push('\n');
        }
    }
    Some(out)
}

/// `Gin(GinConfig => Gin),`
fn is_member(line: &str) -> bool {
    let is_type = |text: &str| {
        text.starts_with(|letter: char| letter.is_ascii_uppercase())
            && text.chars().all(|letter| letter.is_ascii_alphanumeric())
    };
    let parts = line
        .trim()
        .strip_suffix("),")
        .and_then(|member| member.split_once('('))
        .and_then(|(name, types)| Some((name, types.split_once(" => ")?)));
    parts.is_some_and(|(name, (config, model))| [name, config, model].into_iter().all(is_type))
}

/// As rustfmt has it: lines that were put anywhere come into their order.
fn formatted(code: &str) -> Result<String, Failure> {
    let cannot = |error: std::io::Error| {
        Failure::Failed(format!(
            "cannot run rustfmt ({error}): run `rustup component add rustfmt`"
        ))
    };
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(cannot)?;
    if let Some(mut input) = rustfmt.stdin.take() {
        input.write_all(code.as_bytes()).map_err(cannot)?;
    }
    let output = rustfmt.wait_with_output().map_err(cannot)?;
    Failure::of(output.status)?;
    String::from_utf8(output.stdout)
        .map_err(|_| Failure::Failed("rustfmt printed something that is not text".to_owned()))
}

fn read(root: &Path, path: &str) -> Result<String, Failure> {
    let path = root.join(path);
    fs::read_to_string(&path).map_err(|error| failed(&path, &error))
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Failed(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests;
