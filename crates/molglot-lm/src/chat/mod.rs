//! Chat templates of published models, rendered as transformers renders them.

mod environment;
mod json;
mod methods;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

pub use environment::Clock;
use minijinja::Environment;
/// A value that a template sees. Its maps keep their order when they are read from JSON text with
/// `serde_json::from_str`, which those of [`serde_json::Value`] do not.
pub use minijinja::Value;

use crate::tokenizer::{SpecialTokens, TokenizerConfig, TokenizerError};

/// The template that is taken when nothing else is asked for.
const DEFAULT: &str = "default";
/// The template that is taken for a conversation with tools, where there is one.
const TOOL_USE: &str = "tool_use";

/// Why a conversation has no text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChatError {
    /// The directory has no template.
    #[error(
        "{dir}: the tokenizer has no chat template; put the model's into {dir}/chat_template.jinja, or write the \
         prompt as plain text"
    )]
    Missing {
        /// The directory.
        dir: String,
    },
    /// The directory has templates, but none of this name.
    #[error("{dir}: no chat template is called `{name}`; there are: {known}")]
    Unknown {
        /// The directory.
        dir: String,
        /// The name.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// A file cannot be read.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// A template is no template.
    #[error("{dir}: chat template `{name}`: {reason}")]
    Syntax {
        /// The directory.
        dir: String,
        /// The name of the template.
        name: String,
        /// The reason and the line.
        reason: String,
    },
    /// The template refuses the conversation, in its own words.
    #[error("the model's chat template refuses this conversation: {0}")]
    Refused(String),
    /// The template failed.
    #[error("{dir}: chat template `{name}`: {reason}")]
    Render {
        /// The directory.
        dir: String,
        /// The name of the template.
        name: String,
        /// The reason and the line.
        reason: String,
    },
}

/// What a template is told beside the conversation.
#[derive(Clone, Debug, Default)]
pub struct ChatOptions {
    /// Whether the text ends where the answer of the model begins.
    pub add_generation_prompt: bool,
    /// JSON schemas of tools.
    pub tools: Option<Value>,
    /// Documents, maps with `title` and `text`.
    pub documents: Option<Value>,
    /// Further variables, such as `date_string`.
    pub variables: BTreeMap<String, Value>,
    /// The template by name; by itself `tool_use` for a conversation with tools where there is one, else `default`.
    pub template: Option<String>,
}

/// One turn of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Message {
    /// Who speaks: `system`, `user`, `assistant` or what else the template knows.
    pub role: String,
    /// What is said.
    pub content: String,
}

/// The templates of a directory.
#[derive(Debug)]
pub struct ChatTemplates {
    environment: Environment<'static>,
    names: Vec<String>,
    tokens: SpecialTokens,
    dir: PathBuf,
}

impl ChatTemplates {
    /// Reads `chat_template.jinja` and `additional_chat_templates/NAME.jinja`; without them, the templates of
    /// `tokenizer_config.json`.
    ///
    /// # Errors
    ///
    /// [`ChatError::Missing`] when there is none, [`ChatError::Syntax`] for one that does not parse.
    pub fn read(dir: &Path) -> Result<Self, ChatError> {
        let config = TokenizerConfig::read(&dir.join("tokenizer_config.json"))?;
        let mut sources = files(dir)?;
        if sources.is_empty() {
            sources = config.chat_templates;
        }
        Self::new(sources, config.special, dir)
    }

    /// From templates by name. `dir` is named in errors.
    ///
    /// # Errors
    ///
    /// As [`ChatTemplates::read`].
    pub fn new(
        sources: BTreeMap<String, String>,
        tokens: SpecialTokens,
        dir: &Path,
    ) -> Result<Self, ChatError> {
        if sources.is_empty() {
            return Err(ChatError::Missing {
                dir: dir.display().to_string(),
            });
        }
        let mut environment = environment::environment(Clock::System);
        let names: Vec<String> = sources.keys().cloned().collect();
        for (name, source) in sources {
            let source = environment::without_generation_tags(&source).into_owned();
            environment
                .add_template_owned(name.clone(), source)
                .map_err(|error| ChatError::Syntax {
                    dir: dir.display().to_string(),
                    name,
                    reason: environment::describe(&error),
                })?;
        }
        Ok(Self {
            environment,
            names,
            tokens,
            dir: dir.to_owned(),
        })
    }

    /// With another idea of the present, for templates that write the date.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        environment::set_clock(&mut self.environment, clock);
        self
    }

    /// The text of a conversation. It holds the special tokens already: encode it without adding any.
    ///
    /// `messages` is a list of maps with `role` and `content`, see [`Message`].
    ///
    /// # Errors
    ///
    /// [`ChatError::Refused`] with the template's words when it raises an exception.
    pub fn render(&self, messages: &Value, options: &ChatOptions) -> Result<String, ChatError> {
        let name = self.choose(options)?;
        let mut context: BTreeMap<&str, Value> = BTreeMap::new();
        for (key, token) in self.tokens.by_key() {
            if let Some(token) = token {
                context.insert(key, Value::from(token));
            }
        }
        for (key, value) in &options.variables {
            context.insert(key, value.clone());
        }
        // Without tools and documents, both are defined and none.
        let given = |value: &Option<Value>| value.clone().unwrap_or(Value::from(()));
        context.insert("messages", messages.clone());
        context.insert("tools", given(&options.tools));
        context.insert("documents", given(&options.documents));
        context.insert(
            "add_generation_prompt",
            Value::from(options.add_generation_prompt),
        );
        self.environment
            .get_template(name)
            .and_then(|template| template.render(context))
            .map_err(|error| match environment::raised(&error) {
                Some(message) => ChatError::Refused(message),
                None => ChatError::Render {
                    dir: self.dir.display().to_string(),
                    name: name.to_owned(),
                    reason: environment::describe(&error),
                },
            })
    }

    /// The text of a conversation of [`Message`]s.
    ///
    /// # Errors
    ///
    /// As [`ChatTemplates::render`].
    pub fn render_messages(
        &self,
        messages: &[Message],
        options: &ChatOptions,
    ) -> Result<String, ChatError> {
        self.render(&Value::from(minijinja::value::Serde(messages)), options)
    }

    fn choose<'a>(&'a self, options: &'a ChatOptions) -> Result<&'a str, ChatError> {
        let has = |name: &str| self.names.iter().any(|known| known == name);
        let name = match &options.template {
            Some(name) => name,
            None if options.tools.is_some() && has(TOOL_USE) => TOOL_USE,
            None => DEFAULT,
        };
        if has(name) {
            return Ok(name);
        }
        Err(ChatError::Unknown {
            dir: self.dir.display().to_string(),
            name: name.to_owned(),
            known: self.names.join(", "),
        })
    }
}

/// Templates that are files of their own.
fn files(dir: &Path) -> Result<BTreeMap<String, String>, TokenizerError> {
    let failed = |file: &Path, error: io::Error| TokenizerError::file(file, error.to_string());
    let mut sources = BTreeMap::new();
    let file = dir.join("chat_template.jinja");
    match fs::read_to_string(&file) {
        Ok(source) => {
            sources.insert(DEFAULT.to_owned(), source);
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(&file, error)),
    }
    let others = dir.join("additional_chat_templates");
    let entries = match fs::read_dir(&others) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(sources),
        Err(error) => return Err(failed(&others, error)),
    };
    for entry in entries {
        let file = entry.map_err(|error| failed(&others, error))?.path();
        if file.extension().is_some_and(|end| end == "jinja")
            && let Some(name) = file.file_stem()
        {
            let source = fs::read_to_string(&file).map_err(|error| failed(&file, error))?;
            sources.insert(name.to_string_lossy().into_owned(), source);
        }
    }
    Ok(sources)
}
