//! A recipe of either kind: one that ties an encoder to a language model, or one that trains an encoder alone.

use crate::{
    config::Recipe,
    pretrain::PretrainRecipe,
    recipe::{Document, RecipeError},
};

/// What a recipe plans.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    /// Encoder, projector and language model.
    Align(Box<Recipe>),
    /// An encoder alone.
    Pretrain(Box<PretrainRecipe>),
}

impl Plan {
    /// Reads and checks a recipe of either kind.
    ///
    /// # Errors
    ///
    /// [`RecipeError`] with the place, what is wrong and the remedy.
    pub fn read(document: &Document) -> Result<Self, RecipeError> {
        Ok(match PretrainRecipe::is_meant(document) {
            true => Self::Pretrain(Box::new(PretrainRecipe::read(document)?)),
            false => Self::Align(Box::new(Recipe::read(document)?)),
        })
    }

    /// Name of the run and of its folder.
    pub fn name(&self) -> &str {
        match self {
            Self::Align(recipe) => &recipe.name,
            Self::Pretrain(recipe) => &recipe.name,
        }
    }

    /// What it is, in a sentence.
    pub fn description(&self) -> &str {
        match self {
            Self::Align(recipe) => &recipe.description,
            Self::Pretrain(recipe) => &recipe.description,
        }
    }
}
