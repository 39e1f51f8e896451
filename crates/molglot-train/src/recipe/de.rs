//! Reads a [`Node`] tree into a `serde` type and keeps the path to whatever did not fit.

use std::fmt;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, Expected, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, Visitor,
};

use super::node::{Entry, Kind, Node, Step};

/// What `serde` refused, still structured.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Refusal {
    UnknownKey {
        key: String,
        valid: Vec<String>,
    },
    UnknownVariant {
        found: String,
        valid: Vec<String>,
    },
    MissingKey {
        key: String,
    },
    WrongType {
        found: String,
        expected: String,
    },
    /// A message of the type itself, for example from `try_from`.
    Other(String),
}

/// A refusal and the path to the node that raised it, innermost step first.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fault {
    pub(super) refusal: Refusal,
    reversed: Vec<Step>,
}

impl Fault {
    fn new(refusal: Refusal) -> Self {
        Self {
            refusal,
            reversed: Vec::new(),
        }
    }

    fn under(mut self, step: Step) -> Self {
        self.reversed.push(step);
        self
    }

    /// The path from the root.
    pub(super) fn path(&self) -> Vec<Step> {
        self.reversed.iter().rev().cloned().collect()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.refusal)
    }
}

impl std::error::Error for Fault {}

fn owned(names: &'static [&'static str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

impl serde::de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(Refusal::Other(message.to_string()))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(Refusal::WrongType {
            found: noun(&found),
            expected: plain(&expected.to_string()),
        })
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::new(Refusal::WrongType {
            found: format!("{length} elements"),
            expected: plain(&expected.to_string()),
        })
    }

    fn unknown_variant(found: &str, valid: &'static [&'static str]) -> Self {
        Self::new(Refusal::UnknownVariant {
            found: found.to_owned(),
            valid: owned(valid),
        })
    }

    fn unknown_field(key: &str, valid: &'static [&'static str]) -> Self {
        Self::new(Refusal::UnknownKey {
            key: key.to_owned(),
            valid: owned(valid),
        })
    }

    fn missing_field(key: &'static str) -> Self {
        Self::new(Refusal::MissingKey {
            key: key.to_owned(),
        })
    }
}

/// The words of a recipe's author for what was found.
fn noun(found: &Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(truth) => truth.to_string(),
        Unexpected::Unsigned(number) => number.to_string(),
        Unexpected::Signed(number) => number.to_string(),
        Unexpected::Float(number) => format!("{number:?}"),
        Unexpected::Str(text) => format!("the string {text:?}"),
        Unexpected::Map => "a table".to_owned(),
        Unexpected::Seq => "an array".to_owned(),
        other => other.to_string(),
    }
}

/// The words of a recipe's author for what `serde` expected.
fn plain(expected: &str) -> String {
    let range = |low: i128, high: i128| format!("a whole number from {low} to {high}");
    match expected {
        "u8" => range(0, u8::MAX.into()),
        "u16" => range(0, u16::MAX.into()),
        "u32" => range(0, u32::MAX.into()),
        "u64" | "usize" => "a whole number, zero or more".to_owned(),
        "i8" => range(i8::MIN.into(), i8::MAX.into()),
        "i16" => range(i16::MIN.into(), i16::MAX.into()),
        "i32" => range(i32::MIN.into(), i32::MAX.into()),
        "i64" | "isize" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "path string" => "a path as a string".to_owned(),
        "a sequence" | "sequence" => "an array".to_owned(),
        "a map" | "map" => "a table".to_owned(),
        other if other.starts_with("struct ") || other.starts_with("internally tagged enum ") => {
            "a table".to_owned()
        }
        other => other.to_owned(),
    }
}

/// Reads `root` as a `T`.
pub(super) fn read<'de, T: Deserialize<'de>>(root: &Node) -> Result<T, Fault> {
    T::deserialize(NodeReader(root))
}

struct NodeReader<'a>(&'a Node);

impl<'de> Deserializer<'de> for NodeReader<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.0.kind {
            Kind::String(text) => visitor.visit_str(text),
            Kind::Integer(number) => visitor.visit_i64(*number),
            Kind::Float(number) => visitor.visit_f64(*number),
            Kind::Boolean(truth) => visitor.visit_bool(*truth),
            Kind::Array(nodes) => visitor.visit_seq(Elements::new(nodes)),
            Kind::Table(entries) => visitor.visit_map(Entries::new(entries)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match &self.0.kind {
            Kind::String(text) => {
                let text: StrDeserializer<'_, Fault> = text.as_str().into_deserializer();
                visitor.visit_enum(text)
            }
            Kind::Table(entries) => {
                visitor.visit_enum(MapAccessDeserializer::new(Entries::new(entries)))
            }
            Kind::Integer(number) => Err(Fault::invalid_type(
                Unexpected::Signed(*number),
                &"a name as a string",
            )),
            Kind::Float(number) => Err(Fault::invalid_type(
                Unexpected::Float(*number),
                &"a name as a string",
            )),
            Kind::Boolean(truth) => Err(Fault::invalid_type(
                Unexpected::Bool(*truth),
                &"a name as a string",
            )),
            Kind::Array(_) => Err(Fault::invalid_type(Unexpected::Seq, &"a name as a string")),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

struct Elements<'a> {
    nodes: &'a [Node],
    next: usize,
}

impl<'a> Elements<'a> {
    fn new(nodes: &'a [Node]) -> Self {
        Self { nodes, next: 0 }
    }
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        let index = self.next;
        let Some(node) = self.nodes.get(index) else {
            return Ok(None);
        };
        self.next += 1;
        seed.deserialize(NodeReader(node))
            .map(Some)
            .map_err(|fault| fault.under(Step::Index(index)))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.nodes.len() - self.next)
    }
}

struct Entries<'a> {
    entries: std::slice::Iter<'a, Entry>,
    pending: Option<&'a Entry>,
}

impl<'a> Entries<'a> {
    fn new(entries: &'a [Entry]) -> Self {
        Self {
            entries: entries.iter(),
            pending: None,
        }
    }
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        let Some(entry) = self.entries.next() else {
            return Ok(None);
        };
        self.pending = Some(entry);
        let key: StrDeserializer<'_, Fault> = entry.key.as_str().into_deserializer();
        seed.deserialize(key)
            .map(Some)
            .map_err(|fault| fault.under(Step::Key(entry.key.clone())))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let Some(entry) = self.pending.take() else {
            return Err(Fault::custom("a value was asked for before its key"));
        };
        seed.deserialize(NodeReader(&entry.node))
            .map_err(|fault| fault.under(Step::Key(entry.key.clone())))
    }
}
