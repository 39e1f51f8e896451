//! A TOML document as a plain tree in which every key and value remembers where it came from.
//!
//! `toml_edit` forgets positions as soon as a document is edited, and `--set` edits it; hence this tree.

use std::fmt;
use std::ops::Range;

use toml_edit::{Item, TableLike, Value};

/// Where a key or a value was written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Origin {
    /// These bytes of the recipe text.
    Text(Range<usize>),
    /// The `--set` flag with this number.
    Flag(usize),
    /// Nowhere of its own, for example a table that exists only because `[a.b]` names its child.
    Implied,
}

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) origin: Origin,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    String(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Array(Vec<Node>),
    Table(Vec<Entry>),
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) origin: Origin,
    pub(super) node: Node,
}

/// One step from a node to a child.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

impl Node {
    pub(super) fn from_item(item: &Item) -> Self {
        match item {
            Item::Value(value) => Self::from_value(value, None),
            Item::Table(table) => Self::from_table(table, table.span()),
            Item::ArrayOfTables(tables) => Self {
                origin: Origin::of(tables.span()),
                kind: Kind::Array(
                    tables
                        .iter()
                        .map(|table| Self::from_table(table, table.span()))
                        .collect(),
                ),
            },
            Item::None => Self {
                origin: Origin::Implied,
                kind: Kind::Table(Vec::new()),
            },
        }
    }

    /// `flag` is the number of the `--set` the value stands in, if it does not stand in the recipe text.
    pub(super) fn from_value(value: &Value, flag: Option<usize>) -> Self {
        let kind = match value {
            Value::String(text) => Kind::String(text.value().clone()),
            Value::Integer(number) => Kind::Integer(*number.value()),
            Value::Float(number) => Kind::Float(*number.value()),
            Value::Boolean(truth) => Kind::Boolean(*truth.value()),
            // Recipes have no dates; an unquoted one can only have been meant as text.
            Value::Datetime(date) => Kind::String(date.value().to_string()),
            Value::Array(array) => Kind::Array(
                array
                    .iter()
                    .map(|value| Self::from_value(value, flag))
                    .collect(),
            ),
            Value::InlineTable(table) => {
                return Self::from_table(table, value.span()).flagged(flag);
            }
        };
        Self {
            origin: Origin::of(value.span()),
            kind,
        }
        .flagged(flag)
    }

    fn from_table(table: &dyn TableLike, span: Option<Range<usize>>) -> Self {
        let entries = table
            .iter()
            .map(|(key, item)| Entry {
                key: key.to_owned(),
                origin: Origin::of(table.key(key).and_then(toml_edit::Key::span)),
                node: Self::from_item(item),
            })
            .collect();
        Self {
            origin: Origin::of(span),
            kind: Kind::Table(entries),
        }
    }

    fn flagged(mut self, flag: Option<usize>) -> Self {
        if let Some(flag) = flag {
            self.set_origin(&Origin::Flag(flag));
        }
        self
    }

    fn set_origin(&mut self, origin: &Origin) {
        self.origin = origin.clone();
        match &mut self.kind {
            Kind::Array(nodes) => nodes.iter_mut().for_each(|node| node.set_origin(origin)),
            Kind::Table(entries) => {
                for entry in entries {
                    entry.origin = origin.clone();
                    entry.node.set_origin(origin);
                }
            }
            Kind::String(_) | Kind::Integer(_) | Kind::Float(_) | Kind::Boolean(_) => {}
        }
    }

    pub(super) fn child(&self, step: &Step) -> Option<&Self> {
        match (&self.kind, step) {
            (Kind::Array(nodes), Step::Index(index)) => nodes.get(*index),
            (Kind::Table(entries), Step::Key(key)) => entries
                .iter()
                .find(|entry| entry.key == *key)
                .map(|entry| &entry.node),
            _ => None,
        }
    }

    pub(super) fn child_mut(&mut self, step: &Step) -> Option<&mut Self> {
        match (&mut self.kind, step) {
            (Kind::Array(nodes), Step::Index(index)) => nodes.get_mut(*index),
            (Kind::Table(entries), Step::Key(key)) => entries
                .iter_mut()
                .find(|entry| entry.key == *key)
                .map(|entry| &mut entry.node),
            _ => None,
        }
    }

    pub(super) fn at(&self, path: &[Step]) -> Option<&Self> {
        path.iter().try_fold(self, Self::child)
    }

    pub(super) fn at_mut(&mut self, path: &[Step]) -> Option<&mut Self> {
        path.iter()
            .try_fold(self, |node, step| node.child_mut(step))
    }

    /// The steps to the children, in document order.
    pub(super) fn steps(&self) -> Vec<Step> {
        match &self.kind {
            Kind::Array(nodes) => (0..nodes.len()).map(Step::Index).collect(),
            Kind::Table(entries) => entries
                .iter()
                .map(|entry| Step::Key(entry.key.clone()))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Removes the child at the end of `path`; a path that leads nowhere changes nothing.
    pub(super) fn remove(&mut self, path: &[Step]) {
        let Some((last, parents)) = path.split_last() else {
            return;
        };
        let Some(parent) = self.at_mut(parents) else {
            return;
        };
        match (&mut parent.kind, last) {
            (Kind::Array(nodes), Step::Index(index)) if *index < nodes.len() => {
                nodes.remove(*index);
            }
            (Kind::Table(entries), Step::Key(key)) => entries.retain(|entry| entry.key != *key),
            _ => {}
        }
    }

    /// The text under `key`, if this is a table that has it.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        match self
            .child(&Step::Key(key.to_owned()))
            .map(|node| &node.kind)
        {
            Some(Kind::String(text)) => Some(text),
            _ => None,
        }
    }
}

impl Origin {
    fn of(span: Option<Range<usize>>) -> Self {
        span.map_or(Self::Implied, Self::Text)
    }
}

impl Kind {
    /// What a user would call a value of this kind.
    pub(super) fn noun(&self) -> &'static str {
        match self {
            Self::String(_) => "a string",
            Self::Integer(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::Boolean(_) => "true or false",
            Self::Array(_) => "an array",
            Self::Table(_) => "a table",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Bare where TOML allows it, quoted elsewhere.
            Self::Key(key) => f.write_str(&toml_edit::Key::new(key.as_str()).display_repr()),
            Self::Index(index) => write!(f, "{index}"),
        }
    }
}

/// `a.0.b`, the way `--set` takes it.
pub(super) fn dotted(path: &[Step]) -> String {
    path.iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(".")
}
