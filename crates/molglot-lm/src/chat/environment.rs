//! The template environment that transformers gives to chat templates.

use std::{borrow::Cow, error::Error as _, sync::LazyLock};

use jiff::{Timestamp, civil::DateTime, fmt::strtime, tz::TimeZone};
use minijinja::{Environment, Error, ErrorKind, Value, escape_formatter, syntax::SyntaxConfig};
use regex::Regex;

use super::{
    json::{float, tojson},
    methods,
};

/// What time it is for a template that writes the date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The time in UTC.
    System,
    /// Always this time.
    Fixed(DateTime),
}

impl Clock {
    fn now(self) -> DateTime {
        match self {
            Self::System => TimeZone::UTC.to_datetime(Timestamp::now()),
            Self::Fixed(time) => time,
        }
    }
}

/// What a template said when it raised an exception.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Raised(String);

/// An environment without templates.
pub(super) fn environment(clock: Clock) -> Environment<'static> {
    let mut environment = Environment::new();
    if let Ok(syntax) = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()
    {
        environment.set_syntax(syntax);
    }
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.set_formatter(|out, state, value| match float(value) {
        Some(text) => Ok(out.write_str(&text)?),
        None => escape_formatter(out, state, value),
    });
    environment.set_unknown_method_callback(methods::call);
    environment.add_filter("tojson", tojson);
    environment.add_function("raise_exception", |message: Cow<'_, str>| {
        let message = message.into_owned();
        Err::<Value, _>(
            Error::new(ErrorKind::InvalidOperation, message.clone()).with_source(Raised(message)),
        )
    });
    set_clock(&mut environment, clock);
    environment
}

pub(super) fn set_clock(environment: &mut Environment<'static>, clock: Clock) {
    environment.add_function("strftime_now", move |format: &str| {
        strtime::format(format, clock.now())
            .map_err(|error| Error::new(ErrorKind::InvalidOperation, error.to_string()))
    });
}

/// The words of a template that raised an exception.
pub(super) fn raised(error: &Error) -> Option<String> {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(Raised(message)) = inner.downcast_ref() {
            return Some(message.clone());
        }
        cause = inner.source();
    }
    None
}

/// The reason of an error with its line, on one line of text.
pub(super) fn describe(error: &Error) -> String {
    let reason = error.detail().map_or(error.kind().to_string(), |detail| {
        format!("{}: {detail}", error.kind())
    });
    match error.line() {
        Some(line) => format!("line {line}: {reason}"),
        None => reason,
    }
}

/// Transformers marks the model's own words by `{% generation %}` blocks, which change nothing in the text.
pub(super) fn without_generation_tags(source: &str) -> Cow<'_, str> {
    static TAG: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(\{%[-+]?\s*)(end)?generation(\s*[-+]?%\})").ok());
    let Some(tag) = &*TAG else {
        return Cow::Borrowed(source);
    };
    tag.replace_all(source, |found: &regex::Captures<'_>| {
        let word = if found.get(2).is_some() {
            "endif"
        } else {
            "if true"
        };
        format!("{}{word}{}", &found[1], &found[3])
    })
}
