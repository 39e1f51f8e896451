//! TOML text plus `--set` flags, read into any `serde` type, with mistakes shown where they were made.
//!
//! The types that recipes are read into follow three rules, or mistakes stay unnoticed:
//!
//! - every struct and every enum has `#[serde(deny_unknown_fields)]`;
//! - every choice is an enum with `#[serde(tag = "kind", rename_all = "snake_case")]`;
//! - a choice without settings is written `None {}`, not `None`: `serde` lets any key through beside the tag of a unit
//!   variant.

use std::ops::Range;

use serde::de::DeserializeOwned;

use super::de::{self, Fault, Refusal};
use super::error::{Place, RecipeError};
use super::locate::locate;
use super::node::{Kind, Node, Origin, Step, dotted};
use super::set;
use crate::suggest::closest;

/// Reads the recipe `text`, changed by the `sets` (`a.b=c`, in order), as a `T`. `name` is the file for messages.
///
/// In the path of a flag an element of an array is given by its index or, in an array of tables, by its `name`:
/// `stage.0.epochs=3`, `stage.align.epochs=3`. The value is TOML; what is not valid TOML is taken as a string.
///
/// # Errors
///
/// [`RecipeError`] with the place (file, line and column, or the flag), the dotted path, what is wrong and the remedy.
pub fn parse<T: DeserializeOwned>(
    name: &str,
    text: &str,
    sets: &[String],
) -> Result<T, RecipeError> {
    Document::read(name, text, sets)?.to()
}

/// A recipe as it was written, before it has a type.
///
/// Keep it as long as settings are being checked: [`Document::invalid`] gives a check that `serde` knows nothing about
/// the same places as any other mistake.
#[derive(Debug, Clone)]
pub struct Document {
    name: String,
    text: String,
    sets: Vec<String>,
    root: Node,
}

impl Document {
    /// Reads the TOML `text` and applies the `sets`; see [`parse`].
    ///
    /// # Errors
    ///
    /// [`RecipeError::Syntax`] for text that is not TOML, [`RecipeError::BadSet`] for a flag that leads nowhere.
    pub fn read(name: &str, text: &str, sets: &[String]) -> Result<Self, RecipeError> {
        // `toml_edit` counts positions without a byte order mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let parsed = toml_edit::Document::parse(text).map_err(|error| RecipeError::Syntax {
            place: place_in(name, text, error.span().unwrap_or(0..0)),
            message: error.message().trim_end().replace('\n', "; "),
        })?;
        let mut root = Node::from_item(parsed.as_item());
        for (flag, set) in sets.iter().enumerate() {
            set::apply(&mut root, flag, set)?;
        }
        Ok(Self {
            name: name.to_owned(),
            text: text.to_owned(),
            sets: sets.to_vec(),
            root,
        })
    }

    /// Reads the document as a `T`.
    ///
    /// # Errors
    ///
    /// [`RecipeError`] as of [`parse`].
    pub fn to<T: DeserializeOwned>(&self) -> Result<T, RecipeError> {
        de::read::<T>(&self.root).map_err(|fault| {
            let path = locate(&self.root, &fault, &|tree| de::read::<T>(tree).err());
            self.explain(fault, path)
        })
    }

    /// An error about the value at the dotted `path` (as in `--set`, with indices), for checks across several settings.
    ///
    /// `message` says what is wrong and what to do. A path that is not in the document is shown at its nearest parent.
    #[must_use]
    pub fn invalid(&self, path: &str, message: impl Into<String>) -> RecipeError {
        let mut steps = Vec::new();
        let mut node = Some(&self.root);
        for key in path.split('.') {
            let step = match (node.map(|node| &node.kind), key.parse()) {
                (Some(Kind::Array(_)), Ok(index)) => Step::Index(index),
                _ => Step::Key(key.to_owned()),
            };
            node = node.and_then(|node| node.child(&step));
            steps.push(step);
        }
        RecipeError::Invalid {
            place: self.place_of(&steps),
            path: path.to_owned(),
            message: message.into(),
        }
    }

    fn explain(&self, fault: Fault, mut path: Vec<Step>) -> RecipeError {
        match fault.refusal {
            Refusal::UnknownKey { key, valid } => {
                let place = self.place_of_key(&path);
                RecipeError::UnknownKey {
                    note: self.note_on(&path, &place),
                    suggestion: closest(&key, &valid).map(str::to_owned),
                    place,
                    path: dotted(&path),
                    valid,
                }
            }
            Refusal::UnknownVariant { found, valid } => RecipeError::UnknownVariant {
                place: self.place_of(&path),
                path: dotted(&path),
                suggestion: closest(&found, &valid).map(str::to_owned),
                found,
                valid,
            },
            Refusal::MissingKey { key } => {
                let place = self.place_of(&path);
                path.push(Step::Key(key));
                RecipeError::MissingKey {
                    place,
                    path: dotted(&path),
                }
            }
            Refusal::WrongType { found, expected } => RecipeError::WrongType {
                place: self.place_of(&path),
                path: dotted(&path),
                found,
                expected,
            },
            Refusal::Other(message) => RecipeError::Invalid {
                place: self.place_of(&path),
                path: dotted(&path),
                message,
            },
        }
    }

    /// A key that was valid until a flag changed the `kind` of its table needs another remedy than a misspelt one.
    fn note_on(&self, path: &[Step], place: &Place) -> Option<String> {
        let (_, parents) = path.split_last()?;
        let tag = self
            .root
            .at(parents)?
            .child(&Step::Key("kind".to_owned()))?;
        match (&tag.origin, &tag.kind, place) {
            (Origin::Flag(_), Kind::String(kind), Place::Text { .. }) => Some(format!(
                "a flag changed the kind, and the keys of the former kind stayed; set the whole table: \
                 --set '{}={{ kind = \"{kind}\" }}'",
                dotted(parents)
            )),
            _ => None,
        }
    }

    /// Where the value at `path` stands, or the nearest parent that stands anywhere.
    fn place_of(&self, path: &[Step]) -> Box<Place> {
        for length in (0..=path.len()).rev() {
            let path = &path[..length];
            match self.root.at(path).map(|node| &node.origin) {
                Some(Origin::Text(span)) => return place_in(&self.name, &self.text, span.clone()),
                Some(Origin::Flag(flag)) => return self.place_of_flag(*flag),
                Some(Origin::Implied) => {
                    if let Some(place) = self.place_of_own_key(path) {
                        return place;
                    }
                }
                None => {}
            }
        }
        place_in(&self.name, &self.text, 0..0)
    }

    /// Where the key at the end of `path` stands.
    fn place_of_key(&self, path: &[Step]) -> Box<Place> {
        self.place_of_own_key(path)
            .unwrap_or_else(|| self.place_of(path))
    }

    fn place_of_own_key(&self, path: &[Step]) -> Option<Box<Place>> {
        let (Step::Key(key), parents) = path.split_last()? else {
            return None;
        };
        let Kind::Table(entries) = &self.root.at(parents)?.kind else {
            return None;
        };
        match &entries.iter().find(|entry| entry.key == *key)?.origin {
            Origin::Text(span) => Some(place_in(&self.name, &self.text, span.clone())),
            Origin::Flag(flag) => Some(self.place_of_flag(*flag)),
            Origin::Implied => None,
        }
    }

    fn place_of_flag(&self, flag: usize) -> Box<Place> {
        Box::new(Place::Flag(
            self.sets.get(flag).cloned().unwrap_or_default(),
        ))
    }
}

/// The place of the bytes `span` of `text`, with the line and a mark under them.
fn place_in(name: &str, text: &str, span: Range<usize>) -> Box<Place> {
    let start = floor(text, span.start);
    let end = floor(text, span.end).max(start);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let line = text[..start].matches('\n').count() + 1;
    let column = text[line_start..start].chars().count() + 1;
    let width = text[start..end.min(line_end).max(start)]
        .chars()
        .count()
        .max(1);
    // A tab or a control character would shift the mark.
    let shown: String = text[line_start..line_end]
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    let number = line.to_string();
    let snippet = format!(
        "\n {number} | {}\n {:margin$} | {:indent$}{}",
        shown.trim_end(),
        "",
        "",
        "^".repeat(width),
        margin = number.len(),
        indent = column - 1,
    );
    Box::new(Place::Text {
        file: name.to_owned(),
        line,
        column,
        snippet,
    })
}

/// The nearest character boundary at or before byte `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len()))
        .rev()
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::{Document, Place, RecipeError, parse};

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Recipe {
        seed: u64,
        projector: Projector,
        #[serde(default)]
        stage: Vec<Stage>,
        #[serde(default)]
        dims: Vec<u32>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Stage {
        name: String,
        epochs: usize,
        learning_rate: Option<f64>,
        objective: Objective,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields, tag = "kind", rename_all = "snake_case")]
    enum Projector {
        Mlp {
            hidden: usize,
            activation: Option<Activation>,
            norm: Option<Norm>,
        },
        Linear {},
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Norm {
        eps: f64,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "snake_case")]
    enum Activation {
        Gelu,
        Silu,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields, tag = "kind", rename_all = "snake_case")]
    enum Objective {
        NextToken {},
        InfoNce { temperature: f32 },
    }

    const GOOD: &str = r#"# a recipe
seed = 7

[projector]
kind = "mlp"
hidden = 64

[[stage]]
name = "align"
epochs = 1
objective = { kind = "info_nce", temperature = 0.07 }

[[stage]]
name = "instruct"
epochs = 2
[stage.objective]
kind = "next_token"
"#;

    fn read(text: &str, sets: &[&str]) -> Result<Recipe, RecipeError> {
        let sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
        parse("r.toml", text, &sets)
    }

    fn fail(text: &str, sets: &[&str]) -> String {
        read(text, sets).unwrap_err().to_string()
    }

    /// The message for `GOOD` with `old` replaced by `new`.
    fn fail_with(old: &str, new: &str) -> String {
        assert!(GOOD.contains(old));
        fail(&GOOD.replacen(old, new, 1), &[])
    }

    #[track_caller]
    fn assert_has(message: &str, parts: &[&str]) {
        for part in parts {
            assert!(
                message.contains(part),
                "no {part:?} in this message:\n{message}"
            );
        }
    }

    #[test]
    fn a_good_recipe_is_read() {
        let recipe = read(GOOD, &[]).unwrap();
        assert_eq!(recipe.seed, 7);
        assert_eq!(recipe.stage[1].objective, Objective::NextToken {});
        assert_eq!(
            recipe.stage[0].objective,
            Objective::InfoNce { temperature: 0.07 }
        );
    }

    #[test]
    fn an_unknown_key_at_the_top() {
        let message = fail_with("seed = 7", "seeds = 7\nseed = 7");
        assert_has(
            &message,
            &[
                "r.toml:2:1: unknown key `seeds`",
                "did you mean `seed`?",
                "2 | seeds = 7",
                "valid keys: seed, projector, stage, dims",
            ],
        );
    }

    #[test]
    fn an_unknown_key_in_a_stage() {
        let message = fail_with("epochs = 2", "epochs = 2\nlern_rate = 1e-3");
        assert_has(
            &message,
            &[
                "r.toml:16:1: unknown key `stage.1.lern_rate`",
                "did you mean `learning_rate`?",
                "^^^^^^^^^",
            ],
        );
    }

    #[test]
    fn an_unknown_key_in_a_tagged_enum() {
        let message = fail_with("hidden = 64", "hidden = 64\n  hiden = 3");
        assert_has(
            &message,
            &[
                "r.toml:7:3: unknown key `projector.hiden`",
                "did you mean `hidden`?",
            ],
        );
        let message = fail_with("temperature = 0.07", "temperature = 0.07, tau = 1");
        assert_has(
            &message,
            &[
                "r.toml:11:54: unknown key `stage.0.objective.tau`",
                "valid keys: temperature",
            ],
        );
    }

    #[test]
    fn an_unknown_key_beside_an_empty_choice() {
        let message = fail_with("kind = \"next_token\"", "kind = \"next_token\"\nx = 1");
        assert_has(
            &message,
            &[
                "r.toml:18:1: unknown key `stage.1.objective.x`",
                "valid keys: none",
            ],
        );
    }

    #[test]
    fn an_unknown_key_in_a_struct_inside_a_tagged_enum() {
        let text = GOOD.replacen(
            "hidden = 64",
            "hidden = 64\nnorm = { eps = 1e-5, epss = 2 }",
            1,
        );
        assert_has(
            &fail(&text, &[]),
            &["r.toml:7:22: unknown key `projector.norm.epss`"],
        );
    }

    #[test]
    fn the_same_mistake_twice_is_shown_at_the_first() {
        let text = GOOD
            .replacen("temperature", "temp = 1, temperature", 1)
            .replacen("next_token", "info_nce\"\ntemperature=1\ntemp = \"", 1);
        assert_has(
            &fail(&text, &[]),
            &["r.toml:11:34: unknown key `stage.0.objective.temp`"],
        );
    }

    #[test]
    fn a_wrong_type_is_shown_at_the_value() {
        let message = fail_with("epochs = 2", "epochs = \"two\"");
        assert_has(
            &message,
            &[
                "r.toml:15:10: `stage.1.epochs` must be a whole number, zero or more, but it is the \
               string \"two\"",
            ],
        );
        assert_has(
            &fail_with("seed = 7", "seed = -7"),
            &["r.toml:2:8: `seed` must be", "but it is -7"],
        );
        assert_has(
            &fail_with("seed = 7", "seed = 7\ndims = [1, 2.5]"),
            &["r.toml:3:12: `dims.1` must be"],
        );
        assert_has(
            &fail("seed = 1\nstage = 3\nprojector.kind = \"linear\"\n", &[]),
            &["r.toml:2:9: `stage` must be an array"],
        );
    }

    #[test]
    fn a_wrong_type_in_a_tagged_enum_is_found() {
        let message = fail_with("hidden = 64", "hidden = true");
        assert_has(
            &message,
            &["r.toml:6:10: `projector.hidden` must be", "but it is true"],
        );
        let message = fail_with("temperature = 0.07", "temperature = \"hot\"");
        assert_has(
            &message,
            &["r.toml:11:48: `stage.0.objective.temperature` must be a number"],
        );
        let text = GOOD.replacen("hidden = 64", "hidden = 64\nnorm = { eps = \"x\" }", 1);
        assert_has(
            &fail(&text, &[]),
            &["r.toml:7:16: `projector.norm.eps` must be a number"],
        );
    }

    #[test]
    fn an_unknown_choice_is_shown_at_its_value() {
        let message = fail_with("kind = \"mlp\"", "kind = \"mpl\"");
        assert_has(
            &message,
            &[
                "r.toml:5:8: `projector.kind` has no choice \"mpl\"",
                "did you mean `mlp`?",
                "choices: mlp, linear",
            ],
        );
        let message = fail_with("hidden = 64", "hidden = 64\nactivation = \"relu\"");
        assert_has(
            &message,
            &["r.toml:7:14: `projector.activation` has no choice \"relu\""],
        );
    }

    #[test]
    fn a_missing_key_is_shown_at_its_table() {
        assert_has(
            &fail_with("hidden = 64", ""),
            &["r.toml:4:1: the key `projector.hidden` is missing"],
        );
        assert_has(
            &fail_with("kind = \"mlp\"", ""),
            &["r.toml:4:1: the key `projector.kind` is missing"],
        );
        assert_has(
            &fail_with("epochs = 2", ""),
            &["r.toml:13:1: the key `stage.1.epochs` is missing"],
        );
        assert_has(
            &fail_with("seed = 7", ""),
            &["the key `seed` is missing", "r.toml:1:1"],
        );
        let text = GOOD.replacen("hidden = 64", "hidden = 64\nnorm = { }", 1);
        assert_has(
            &fail(&text, &[]),
            &["r.toml:7:8: the key `projector.norm.eps` is missing"],
        );
    }

    #[test]
    fn broken_toml_is_shown_at_its_place() {
        assert_has(
            &fail_with("seed = 7", "seed = "),
            &["r.toml:2:", "not valid TOML"],
        );
        assert_has(
            &fail_with("seed = 7", "seed = 7\nseed = 8"),
            &["r.toml:3:1", "duplicate key"],
        );
    }

    #[test]
    fn a_byte_order_mark_and_wide_letters_do_not_shift_the_place() {
        let text = format!("\u{feff}{}", GOOD.replacen("# a recipe", "# é", 1));
        let text = text.replacen("{ kind", "{ \"é\" = 1, kind", 1);
        assert_has(&fail(&text, &[]), &["r.toml:11:15: unknown key"]);
    }

    #[test]
    fn flags_change_values() {
        let recipe = read(
            GOOD,
            &[
                "seed=9",
                "stage.0.epochs = 5",
                "stage.instruct.learning_rate=1e-4",
                "stage.instruct.objective={ kind = \"info_nce\", temperature = 1 }",
                "projector.hidden=32",
                "stage.align.name=first step",
                "dims=[1, 2]",
                "dims.1=3",
            ],
        )
        .unwrap();
        assert_eq!(recipe.seed, 9);
        assert_eq!(recipe.stage[0].epochs, 5);
        assert_eq!(recipe.stage[0].name, "first step");
        assert_eq!(recipe.stage[1].learning_rate, Some(1e-4));
        assert_eq!(
            recipe.stage[1].objective,
            Objective::InfoNce { temperature: 1.0 }
        );
        assert_eq!(recipe.dims, [1, 3]);
    }

    #[test]
    fn mistakes_in_flags_name_the_flag() {
        let message = fail(GOOD, &["stage.align.lern_rate=3"]);
        assert_has(
            &message,
            &[
                "--set stage.align.lern_rate=3: unknown key `stage.0.lern_rate`",
                "did you mean",
            ],
        );
        let message = fail(GOOD, &["projector.hiden=3"]);
        assert_has(
            &message,
            &["--set projector.hiden=3: unknown key `projector.hiden`"],
        );
        let message = fail(GOOD, &["seed=1", "stage.1.epochs=many"]);
        assert_has(
            &message,
            &["--set stage.1.epochs=many: `stage.1.epochs` must be"],
        );
        let message = fail(GOOD, &["projector.kind=conv"]);
        assert_has(
            &message,
            &["--set projector.kind=conv: `projector.kind` has no choice"],
        );
        let message = fail(GOOD, &["new.table.x=1"]);
        assert_has(&message, &["--set new.table.x=1: unknown key `new`"]);
        let message = fail(GOOD, &["projector={kind=\"mlp\"}"]);
        assert_has(&message, &["the key `projector.hidden` is missing"]);
    }

    #[test]
    fn flags_that_lead_nowhere_are_explained() {
        assert_has(&fail(GOOD, &["seed"]), &["--set seed: there is no `=`"]);
        assert_has(&fail(GOOD, &["=1"]), &["--set =1: `` is not a dotted path"]);
        assert_has(
            &fail(GOOD, &["seed.x=1"]),
            &["`seed` is a whole number, not a table"],
        );
        assert_has(
            &fail(GOOD, &["stage.5.epochs=1"]),
            &["`stage` has no element 5", "0 (align), 1 (instruct)"],
        );
        assert_has(
            &fail(GOOD, &["stage.instrct.epochs=1"]),
            &["did you mean `instruct`?"],
        );
    }

    #[test]
    fn keys_left_over_from_another_kind_get_their_own_remedy() {
        let message = fail(GOOD, &["projector.kind=linear"]);
        assert_has(
            &message,
            &[
                "r.toml:6:1: unknown key `projector.hidden`",
                "--set 'projector={ kind = \"linear\" }'",
            ],
        );
    }

    #[test]
    fn checks_of_the_caller_get_places_too() {
        let document = Document::read("r.toml", GOOD, &["seed=3".to_owned()]).unwrap();
        let error = document.invalid("stage.1.epochs", "must be 1 or more");
        assert_eq!(
            error.to_string().lines().next().unwrap(),
            "r.toml:15:10: `stage.1.epochs`: must be 1 or more"
        );
        let error = document.invalid("stage.1.batch", "must be set");
        assert!(error.to_string().starts_with("r.toml:13:1: "), "{error}");
        let RecipeError::Invalid { place, .. } = document.invalid("seed", "x") else {
            panic!("another error");
        };
        assert_eq!(*place, Place::Flag("seed=3".to_owned()));
    }

    proptest! {
        #[test]
        fn no_text_and_no_flag_is_a_crash(
            text in "(seed|[a-z]|\\[\\[|\\]\\]|stage|projector|[ =.{}\"',#\n\t-]|[0-9]|é|\u{0}){0,40}",
            flag in "(stage|seed|[a-z0-9]|[.= {}\"']|\\[|\\]|é){0,12}",
        ) {
            let flags = [flag];
            let _ = parse::<Recipe>("r.toml", &text, &flags).map_err(|error| error.to_string());
            let _ = parse::<Recipe>("r.toml", GOOD, &flags).map_err(|error| error.to_string());
        }

        #[test]
        fn no_cut_recipe_is_a_crash(at in 0..GOOD.len(), insert in "(hidden|kind|[a-z= \"\n]){0,4}") {
            let text = format!("{}{insert}{}", &GOOD[..at], &GOOD[at..]);
            let _ = read(&text, &[]).map_err(|error| error.to_string());
            let _ = read(&text[..at], &[]).map_err(|error| error.to_string());
        }
    }

    #[test]
    fn deep_nesting_is_an_error_and_not_a_crash() {
        let text = format!("dims = {}", "[".repeat(100_000));
        assert_has(&fail(&text, &[]), &["not valid TOML"]);
        // As a flag it is no TOML value, hence a string, hence of the wrong type.
        let flag = format!("dims={}", "[".repeat(100_000));
        assert_has(&fail(GOOD, &[&flag]), &["`dims` must be an array"]);
    }
}
