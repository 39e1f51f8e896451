//! The files that a person writes: what git has, and what it would take.

use std::fs;
use std::process::Command;

use crate::failure::Failure;
use crate::workspace;

/// Endings of files that are read for words. Data is not: a vocabulary may hold any word.
const ENDINGS: [&str; 7] = [".rs", ".toml", ".md", ".py", ".sh", ".yml", ".yaml"];

/// At most so many places are listed; the rest is counted.
const LISTED: usize = 20;

/// A file of the workspace.
pub(crate) struct Source {
    /// Its path below the root, with `/` between the parts.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
}

/// Every source file that git tracks or would add.
pub(crate) fn read() -> Result<Vec<Source>, Failure> {
    let mut git = Command::new("git");
    git.args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ])
    .current_dir(workspace::root());
    let paths = workspace::output(&mut git).map_err(|failure| match failure {
        Failure::Ended(_) => {
            Failure::Failed("git cannot list the files: this check needs a git checkout".to_owned())
        }
        other => other,
    })?;
    let wanted = |path: &&str| {
        path.starts_with(".ci/") || ENDINGS.iter().any(|ending| path.ends_with(ending))
    };
    let mut sources = Vec::new();
    for path in paths.split('\0').filter(wanted) {
        // A file that was removed but not yet from git's index is not there, and no source any more.
        if let Ok(text) = fs::read_to_string(workspace::root().join(path)) {
            sources.push(Source {
                path: path.to_owned(),
                text,
            });
        }
    }
    Ok(sources)
}

/// Fails when there are findings, and lists them.
pub(crate) fn none_of(findings: &[String], remedy: &str) -> Result<(), Failure> {
    if findings.is_empty() {
        return Ok(());
    }
    let mut lines: Vec<String> = findings.iter().take(LISTED).cloned().collect();
    if findings.len() > LISTED {
        lines.push(format!("and {} more", findings.len() - LISTED));
    }
    lines.push(remedy.to_owned());
    Err(Failure::Failed(lines.join("\n")))
}
