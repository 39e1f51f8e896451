//! Finds the key or value that a refusal is about when `serde` no longer knows.
//!
//! An internally tagged enum copies its whole table before it looks inside, so what goes wrong in there surfaces at the
//! table. Reading is a pure function of the tree, so the culprit is found by experiment: the part whose removal (or, for
//! a missing key, whose addition) changes the answer.

use super::de::{Fault, Refusal};
use super::node::{Entry, Kind, Node, Origin, Step};

/// The key by which every choice in a recipe is tagged.
const TAG: &str = "kind";

/// The path to the key or value that `fault` is about; for a missing key, the table that lacks it.
///
/// `attempt` reads a changed tree and returns what goes wrong, if anything does.
pub(super) fn locate(
    root: &Node,
    fault: &Fault,
    attempt: &dyn Fn(&Node) -> Option<Fault>,
) -> Vec<Step> {
    let path = fault.path();
    let changes = |tree: &Node| attempt(tree).as_ref() != Some(fault);
    match &fault.refusal {
        Refusal::UnknownKey { key, .. } => {
            if path.last() == Some(&Step::Key(key.clone())) {
                return path;
            }
            let mut candidates = Vec::new();
            collect(root, &path, &mut candidates, &|node| {
                node.child(&Step::Key(key.clone())).is_some()
            });
            for candidate in &mut candidates {
                candidate.push(Step::Key(key.clone()));
            }
            let mut tree = root.clone();
            // From the last to the first, without putting back: the first refusal in the order of reading stays until
            // its own cause is gone, even if the same mistake was made twice.
            while let Some(candidate) = candidates.pop() {
                tree.remove(&candidate);
                if changes(&tree) {
                    return candidate;
                }
            }
            path
        }
        Refusal::MissingKey { key } => {
            let mut candidates = Vec::new();
            collect(root, &path, &mut candidates, &|node| {
                matches!(node.kind, Kind::Table(_)) && node.child(&Step::Key(key.clone())).is_none()
            });
            candidates
                .into_iter()
                .find(|candidate| {
                    let mut tree = root.clone();
                    if let Some(Node {
                        kind: Kind::Table(entries),
                        ..
                    }) = tree.at_mut(candidate)
                    {
                        entries.push(filler(key));
                    }
                    changes(&tree)
                })
                .unwrap_or(path)
        }
        Refusal::UnknownVariant { .. } | Refusal::WrongType { .. } | Refusal::Other(_) => {
            descend(root, path, &changes)
        }
    }
}

/// Walks down from `path` as long as one child is to blame.
fn descend(root: &Node, mut path: Vec<Step>, changes: &dyn Fn(&Node) -> bool) -> Vec<Step> {
    loop {
        let mut steps = root.at(&path).map(Node::steps).unwrap_or_default();
        // Removing the tag always changes the answer, so it is tried last, that is, it stands first.
        steps.sort_by_key(|step| *step != Step::Key(TAG.to_owned()));
        let mut tree = root.clone();
        let culprit = steps.into_iter().rev().find(|step| {
            let mut child = path.clone();
            child.push(step.clone());
            tree.remove(&child);
            changes(&tree)
        });
        match culprit {
            Some(step) => path.push(step),
            None => return path,
        }
    }
}

/// Paths of all nodes at or under `path` that `wanted` accepts, parents first, in document order.
fn collect(root: &Node, path: &[Step], found: &mut Vec<Vec<Step>>, wanted: &dyn Fn(&Node) -> bool) {
    let Some(node) = root.at(path) else { return };
    if wanted(node) {
        found.push(path.to_vec());
    }
    for step in node.steps() {
        let mut child = path.to_vec();
        child.push(step);
        collect(root, &child, found, wanted);
    }
}

fn filler(key: &str) -> Entry {
    Entry {
        key: key.to_owned(),
        origin: Origin::Implied,
        node: Node {
            origin: Origin::Implied,
            kind: Kind::Table(Vec::new()),
        },
    }
}
