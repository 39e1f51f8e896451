//! `--set a.b=c`: changes a recipe from the command line.

use toml_edit::Value;

use super::error::RecipeError;
use super::node::{Entry, Kind, Node, Origin, Step, dotted};
use crate::suggest::closest;

/// The key by which an element of an array of tables is named.
const NAME: &str = "name";

/// Applies the flag `text` (`path=value`), which has the number `flag`, to `root`.
pub(super) fn apply(root: &mut Node, flag: usize, text: &str) -> Result<(), RecipeError> {
    let fail = |reason: String, remedy: String| RecipeError::BadSet {
        flag: text.to_owned(),
        reason,
        remedy,
    };
    let Some((path, value)) = text.split_once('=') else {
        return Err(fail(
            "there is no `=`".to_owned(),
            "write `--set key=value`, for example `--set stage.0.epochs=3`".to_owned(),
        ));
    };
    let keys = keys(path.trim()).ok_or_else(|| {
        fail(
            format!("`{path}` is not a dotted path"),
            "write keys with dots between them; a key with other letters than A-Z a-z 0-9 _ - \
             needs quotes"
                .to_owned(),
        )
    })?;

    let mut node = root;
    let mut walked = Vec::new();
    for key in keys {
        let step = step(node, &walked, &key).map_err(|(reason, remedy)| fail(reason, remedy))?;
        if let (Kind::Table(entries), Step::Key(name)) = (&mut node.kind, &step)
            && !entries.iter().any(|entry| entry.key == *name)
        {
            entries.push(Entry {
                key: name.clone(),
                origin: Origin::Flag(flag),
                node: Node {
                    origin: Origin::Flag(flag),
                    kind: Kind::Table(Vec::new()),
                },
            });
        }
        walked.push(step.clone());
        match node.child_mut(&step) {
            Some(child) => node = child,
            // `step` has checked the index and the table has the key by now.
            None => {
                return Err(fail(
                    format!("`{}` does not exist", dotted(&walked)),
                    String::new(),
                ));
            }
        }
    }
    *node = parse_value(value.trim(), flag);
    Ok(())
}

/// The keys of a dotted path. A path with letters TOML wants quoted, such as `stage.3d.epochs`, is taken as well as
/// long as the dots are unambiguous.
fn keys(path: &str) -> Option<Vec<String>> {
    match toml_edit::Key::parse(path) {
        Ok(keys) => Some(keys.iter().map(|key| key.get().to_owned()).collect()),
        Err(_) if path.contains(['"', '\'']) => None,
        Err(_) => {
            let keys: Vec<String> = path.split('.').map(|key| key.trim().to_owned()).collect();
            (!keys.iter().any(String::is_empty)).then_some(keys)
        }
    }
}

/// A TOML value, or the text itself where it is none.
fn parse_value(text: &str, flag: usize) -> Node {
    match text.parse::<Value>() {
        Ok(value) => Node::from_value(&value, Some(flag)),
        Err(_) => Node {
            origin: Origin::Flag(flag),
            kind: Kind::String(text.to_owned()),
        },
    }
}

/// The step from `node` (at `walked`) that `key` means, or what is wrong and the remedy.
fn step(node: &Node, walked: &[Step], key: &str) -> Result<Step, (String, String)> {
    let here = dotted(walked);
    match &node.kind {
        Kind::Table(_) => Ok(Step::Key(key.to_owned())),
        Kind::Array(nodes) => {
            if let Ok(index) = key.parse::<usize>() {
                return if index < nodes.len() {
                    Ok(Step::Index(index))
                } else {
                    Err((
                        format!("`{here}` has no element {index}"),
                        elements(&here, nodes),
                    ))
                };
            }
            if let Some(index) = nodes.iter().position(|node| node.text(NAME) == Some(key)) {
                return Ok(Step::Index(index));
            }
            let names: Vec<&str> = nodes.iter().filter_map(|node| node.text(NAME)).collect();
            let mut remedy = elements(&here, nodes);
            if let Some(near) = closest(key, &names) {
                remedy = format!("did you mean `{near}`? {remedy}");
            }
            Err((format!("no element of `{here}` is named `{key}`"), remedy))
        }
        other => Err((
            format!("`{here}` is {}, not a table", other.noun()),
            format!("set `{here}` itself, or a key of a table"),
        )),
    }
}

fn elements(here: &str, nodes: &[Node]) -> String {
    let list: Vec<String> = nodes
        .iter()
        .enumerate()
        .map(|(index, node)| match node.text(NAME) {
            Some(name) => format!("{index} ({name})"),
            None => index.to_string(),
        })
        .collect();
    if list.is_empty() {
        format!("`{here}` is empty")
    } else {
        format!("the elements of `{here}` are: {}", list.join(", "))
    }
}
