//! Recipes: where their text comes from and how it becomes typed settings.
//!
//! A recipe is TOML. Every struct it is read into denies unknown fields, and every choice is an enum tagged by `kind`,
//! so a misspelt key stops the run before it starts, with file, line, column and the nearest valid name.

mod de;
mod error;
mod locate;
mod node;
pub mod parse;
mod set;
pub mod source;

pub use error::{Place, RecipeError};
pub use parse::{Document, parse};
pub use source::Source;
