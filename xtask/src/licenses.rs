//! Licences: everything that is built into molglot must carry one of those that deny.toml allows.
//!
//! `cargo deny check` reads the same list and looks further; this reads only what cargo itself knows, so that the gate needs no
//! other program.

use std::collections::BTreeSet;
use std::fs;

use crate::failure::Failure;
use crate::workspace;

/// The file with the list.
const LIST: &str = "deny.toml";

/// Fails when a package of the CPU or the CUDA build has a licence that is not on the list.
pub(crate) fn check() -> Result<(), Failure> {
    let text = fs::read_to_string(workspace::root().join(LIST))
        .map_err(|error| Failure::Failed(format!("cannot read {LIST}: {error}")))?;
    let allowed = allowed(&text).map_err(|reason| Failure::Failed(format!("{LIST}: {reason}")))?;
    let mut wrong = BTreeSet::new();
    for build in [
        &workspace::CPU_FEATURES[..],
        &["--manifest-path", workspace::CUDA_MANIFEST],
    ] {
        let mut tree = workspace::cargo();
        tree.args([
            "tree",
            "--locked",
            "--workspace",
            "--edges",
            "normal,build,dev",
        ]);
        tree.args(["--prefix", "none", "--format", "{l}|{p}"])
            .args(build);
        let listing = workspace::output(&mut tree)?;
        wrong.extend(listing.lines().filter_map(|line| objection(line, &allowed)));
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let mut lines: Vec<String> = wrong.into_iter().collect();
    lines.push(format!(
        "drop the package, or add the licence to {LIST} if Molglot may be given away with it"
    ));
    Err(Failure::Failed(lines.join("\n")))
}

/// The list `licenses.allow`.
fn allowed(text: &str) -> Result<BTreeSet<String>, String> {
    let table: toml::Table = text.parse().map_err(|error| format!("{error}"))?;
    let list = table
        .get("licenses")
        .and_then(|licenses| licenses.get("allow"))
        .and_then(toml::Value::as_array);
    let names = list
        .ok_or("has no list `licenses.allow`")?
        .iter()
        .filter_map(toml::Value::as_str);
    Ok(names.map(ToOwned::to_owned).collect())
}

/// What is wrong with a line `licence|package`.
fn objection(line: &str, allowed: &BTreeSet<String>) -> Option<String> {
    let (license, package) = line.split_once('|')?;
    // Cargo marks a package that it has listed before.
    let package = package.trim_end_matches(" (*)");
    if license.is_empty() {
        return Some(format!("{package} states no licence"));
    }
    (!permits(license, allowed)).then(|| format!("{package} is under {license}"))
}

/// Whether an SPDX expression leaves a choice of allowed licences. A text that is no such expression leaves none.
fn permits(expression: &str, allowed: &BTreeSet<String>) -> bool {
    // Older manifests write a slash for a choice.
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut expression = Expression {
        words: &words,
        allowed,
    };
    expression.any() == Some(true) && expression.words.is_empty()
}

/// A reader of SPDX expressions: `OR` binds least, then `AND`; `WITH` belongs to the licence before it.
struct Expression<'a> {
    words: &'a [&'a str],
    allowed: &'a BTreeSet<String>,
}

impl<'a> Expression<'a> {
    fn any(&mut self) -> Option<bool> {
        let mut permitted = self.all()?;
        while self.take("OR") {
            permitted |= self.all()?;
        }
        Some(permitted)
    }

    fn all(&mut self) -> Option<bool> {
        let mut permitted = self.one()?;
        while self.take("AND") {
            permitted &= self.one()?;
        }
        Some(permitted)
    }

    fn one(&mut self) -> Option<bool> {
        if self.take("(") {
            let permitted = self.any()?;
            return self.take(")").then_some(permitted);
        }
        let license = self.next()?;
        if !self.take("WITH") {
            return Some(self.allowed.contains(license));
        }
        let exception = self.next()?;
        Some(
            self.allowed
                .contains(&format!("{license} WITH {exception}")),
        )
    }

    fn next(&mut self) -> Option<&'a str> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.words.first() == Some(&word);
        if found {
            self.words = &self.words[1..];
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> BTreeSet<String> {
        let text =
            "[licenses]\nallow = [\"MIT\", \"Unicode-3.0\", \"Apache-2.0 WITH LLVM-exception\"]\n";
        allowed(text).unwrap()
    }

    #[test]
    fn expressions_are_read_as_spdx_reads_them() {
        let list = list();
        for good in [
            "MIT",
            "GPL-3.0 OR MIT",
            "Apache-2.0/MIT",
            "Apache-2.0 / MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception",
            "GPL-3.0 AND GPL-2.0 OR MIT",
        ] {
            assert!(permits(good, &list), "{good}");
        }
        for bad in [
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "MIT WITH LLVM-exception",
            "Apache-2.0",
            "(MIT",
            "MIT GPL-3.0",
            "MIT OR",
            "",
        ] {
            assert!(!permits(bad, &list), "{bad}");
        }
    }

    #[test]
    fn a_package_without_a_licence_is_reported_once() {
        let list = list();
        assert_eq!(
            objection("|quiet v1.0.0 (*)", &list),
            Some("quiet v1.0.0 states no licence".to_owned())
        );
        assert_eq!(
            objection("GPL-3.0|copyleft v1.0.0", &list),
            Some("copyleft v1.0.0 is under GPL-3.0".to_owned())
        );
        assert_eq!(objection("MIT|fine v1.0.0", &list), None);
        // Cargo leaves a line free between two members.
        assert_eq!(objection("", &list), None);
    }

    #[test]
    fn a_list_that_is_not_there_is_said() {
        assert!(allowed("[licenses]\n").is_err());
    }
}
