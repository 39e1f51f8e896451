//! The methods of Python's texts and maps that chat templates call.

use minijinja::{
    Error, ErrorKind, State, Value,
    value::{Kwargs, ValueKind, from_args},
};

/// Calls a method that the template engine itself does not have.
pub(super) fn call(
    _: &mut State<'_, '_>,
    value: &Value,
    method: &str,
    args: &[Value],
) -> Result<Value, Error> {
    match (value.kind(), value.as_str()) {
        (_, Some(text)) => of_text(text, method, args),
        (ValueKind::Map, _) => of_map(value, method, args),
        _ => Err(unknown()),
    }
}

fn unknown() -> Error {
    Error::from(ErrorKind::UnknownMethod)
}

fn of_map(map: &Value, method: &str, args: &[Value]) -> Result<Value, Error> {
    match method {
        "get" => {
            let (key, default): (Value, Option<Value>) = from_args(args)?;
            let found = map.get_item(&key)?;
            Ok(if found.is_undefined() {
                default.unwrap_or(Value::from(()))
            } else {
                found
            })
        }
        "keys" | "values" | "items" => {
            let () = from_args(args)?;
            let mut found = Vec::new();
            for key in map.try_iter()? {
                let value = map.get_item(&key)?;
                found.push(match method {
                    "keys" => key,
                    "values" => value,
                    _ => Value::from(vec![key, value]),
                });
            }
            Ok(Value::from(found))
        }
        _ => Err(unknown()),
    }
}

fn of_text(text: &str, method: &str, args: &[Value]) -> Result<Value, Error> {
    match method {
        "strip" | "lstrip" | "rstrip" => {
            let (letters,): (Option<&str>,) = from_args(args)?;
            let gone = |letter: char| letters.map_or(is_space(letter), |set| set.contains(letter));
            let text = if method == "rstrip" {
                text
            } else {
                text.trim_start_matches(gone)
            };
            let text = if method == "lstrip" {
                text
            } else {
                text.trim_end_matches(gone)
            };
            Ok(text.into())
        }
        "upper" | "lower" | "title" | "capitalize" | "isdigit" | "isalpha" | "isalnum"
        | "isspace" | "splitlines" => {
            let () = from_args(args)?;
            Ok(plain(text, method))
        }
        "startswith" | "endswith" => {
            let (parts,): (Value,) = from_args(args)?;
            let parts: Vec<Value> = match parts.as_str() {
                Some(_) => vec![parts],
                None => parts.try_iter()?.collect(),
            };
            let is_at = |part: &str| match method {
                "startswith" => text.starts_with(part),
                _ => text.ends_with(part),
            };
            Ok(parts.iter().filter_map(Value::as_str).any(is_at).into())
        }
        "removeprefix" | "removesuffix" => {
            let (part,): (&str,) = from_args(args)?;
            let rest = match method {
                "removeprefix" => text.strip_prefix(part),
                _ => text.strip_suffix(part),
            };
            Ok(rest.unwrap_or(text).into())
        }
        "find" | "rfind" => {
            let (part,): (&str,) = from_args(args)?;
            let at = match method {
                "find" => text.find(part),
                _ => text.rfind(part),
            };
            let letters = |at: usize| text[..at].chars().count() as i64;
            Ok(at.map_or(-1, letters).into())
        }
        "count" => {
            let (part,): (&str,) = from_args(args)?;
            // Of an empty part Python counts the gaps, and so does `matches`.
            Ok(text.matches(part).count().into())
        }
        "replace" => {
            let (old, new, count): (&str, &str, Option<i64>) = from_args(args)?;
            Ok(match count.and_then(|count| usize::try_from(count).ok()) {
                Some(count) => text.replacen(old, new, count),
                None => text.replace(old, new),
            }
            .into())
        }
        "join" => {
            let (parts,): (Value,) = from_args(args)?;
            let mut texts = Vec::new();
            for part in parts.try_iter()? {
                let part = part.as_str().map(str::to_owned);
                texts.push(part.ok_or_else(|| {
                    Error::new(ErrorKind::InvalidOperation, "join takes texts only")
                })?);
            }
            Ok(texts.join(text).into())
        }
        "split" | "rsplit" => {
            let (separator, limit, options): (Option<Value>, Option<i64>, Kwargs) =
                from_args(args)?;
            let separator = separator.or(options.get("sep")?);
            let limit = limit.or(options.get("maxsplit")?).unwrap_or(-1);
            options.assert_all_used()?;
            let separator = separator.as_ref().and_then(Value::as_str);
            split(
                text,
                separator,
                usize::try_from(limit).ok(),
                method == "rsplit",
            )
        }
        _ => Err(unknown()),
    }
}

/// Methods without arguments.
fn plain(text: &str, method: &str) -> Value {
    let all = |is: fn(char) -> bool| Value::from(!text.is_empty() && text.chars().all(is));
    match method {
        "upper" => text.to_uppercase().into(),
        "lower" => text.to_lowercase().into(),
        "title" => {
            let mut inside = false;
            let mut out = String::new();
            for letter in text.chars() {
                if inside {
                    out.extend(letter.to_lowercase());
                } else {
                    out.extend(letter.to_uppercase());
                }
                inside = letter.is_alphabetic();
            }
            out.into()
        }
        "capitalize" => {
            let mut letters = text.chars();
            let first = letters.next().map(char::to_uppercase);
            let first: String = first.into_iter().flatten().collect();
            (first + &letters.as_str().to_lowercase()).into()
        }
        "isdigit" => all(char::is_numeric),
        "isalpha" => all(char::is_alphabetic),
        "isalnum" => all(char::is_alphanumeric),
        "isspace" => all(is_space),
        _ => text.lines().map(Value::from).collect(),
    }
}

/// White space as Python sees it: Unicode's, and the four separators of ASCII.
fn is_space(letter: char) -> bool {
    letter.is_whitespace() || ('\x1c'..='\x1f').contains(&letter)
}

/// Pieces between separators, from either end; between runs of white space without one.
fn split(
    text: &str,
    separator: Option<&str>,
    limit: Option<usize>,
    from_end: bool,
) -> Result<Value, Error> {
    let pieces = limit.map_or(usize::MAX, |limit| limit.saturating_add(1));
    let mut found: Vec<&str> = match separator {
        Some("") => {
            return Err(Error::new(ErrorKind::InvalidOperation, "empty separator"));
        }
        Some(separator) if from_end => text.rsplitn(pieces, separator).collect(),
        Some(separator) => text.splitn(pieces, separator).collect(),
        None => words(text, pieces, from_end),
    };
    if from_end {
        found.reverse();
    }
    Ok(found.into_iter().map(Value::from).collect())
}

/// At most `pieces` words, the last one with the rest of the text; from the end in reverse order.
fn words(text: &str, pieces: usize, from_end: bool) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        rest = if from_end {
            rest.trim_end_matches(is_space)
        } else {
            rest.trim_start_matches(is_space)
        };
        if rest.is_empty() {
            return found;
        }
        let gap = if from_end {
            rest.rfind(is_space)
        } else {
            rest.find(is_space)
        };
        let Some(gap) = gap.filter(|_| found.len() + 1 < pieces) else {
            found.push(rest);
            return found;
        };
        let width = rest[gap..].chars().next().map_or(1, char::len_utf8);
        let (before, after) = (&rest[..gap], &rest[gap + width..]);
        found.push(if from_end { after } else { before });
        rest = if from_end { before } else { after };
    }
}
