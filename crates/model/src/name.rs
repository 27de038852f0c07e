//! What names, keys and values may be: MLflow's rules, in MLflow's words.
//!
//! Owns: one function for each kind of name, and the figures in [`limit`].
//! Never: asks whether a name is taken.
//! Lengths are counted in characters, not bytes. A `path` is where the value stands in the request, such as
//! `metrics[1].name`, so that the message shows which of many is wrong.

use std::borrow::Cow;

pub mod limit;
mod python;
#[cfg(test)]
mod test;

pub(crate) use self::python::{python_repr, python_repr_bytes};

/// Why a name or a value is refused. On the wire it is INVALID_PARAMETER_VALUE.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct NameError {
    /// What is wrong, in MLflow's words.
    pub message: String,
}

fn refuse<T>(message: impl Into<String>) -> Result<T, NameError> {
    Err(NameError { message: message.into() })
}

/// What a request lacks: the message about a required field at this path.
pub fn missing(path: &str) -> NameError {
    NameError { message: format!("Missing value for required parameter '{path}'.") }
}

/// Checks the key of a metric.
///
/// # Errors
/// Characters other than letters, digits and `_-. :/`; a path that is another in truth, such as `a//b`; more than
/// [`limit::KEY`] characters.
pub fn check_metric_key(key: &str, path: &str) -> Result<(), NameError> {
    check_key(key, path)?;
    check_length(key, limit::KEY, "Metric name")
}

/// Checks the key of a param: the rules of [`check_metric_key`].
///
/// # Errors
/// As there.
pub fn check_param_key(key: &str, path: &str) -> Result<(), NameError> {
    check_key(key, path)?;
    check_length(key, limit::KEY, "Param key")
}

/// Checks the key of a tag, of anything: the rules of [`check_metric_key`].
///
/// # Errors
/// As there.
pub fn check_tag_key(key: &str, path: &str) -> Result<(), NameError> {
    check_key(key, path)?;
    check_length(key, limit::KEY, path)
}

/// A param's value as it is stored: cut to [`limit::PARAM_VALUE`] characters.
pub fn cut_param_value(value: &str) -> &str {
    cut(value, limit::PARAM_VALUE)
}

/// A run tag's value as it is stored: cut to [`limit::RUN_TAG_VALUE`] characters.
pub fn cut_run_tag_value(value: &str) -> &str {
    cut(value, limit::RUN_TAG_VALUE)
}

/// Checks an experiment's name.
///
/// # Errors
/// A blank name, or one of more than [`limit::EXPERIMENT_NAME`] characters.
pub fn check_experiment_name(name: &str) -> Result<(), NameError> {
    if name.trim().is_empty() {
        return refuse(format!("Invalid experiment name: '{name}'"));
    }
    check_length(name, limit::EXPERIMENT_NAME, "name")
}

/// Checks one tag of an experiment. How many views an experiment has is for [`check_custom_views`].
///
/// # Errors
/// A key that [`check_tag_key`] refuses, or a value of more than [`limit::EXPERIMENT_TAG_VALUE`] characters.
pub fn check_experiment_tag(key: &str, value: &str) -> Result<(), NameError> {
    check_tag_key(key, "key")?;
    check_length(value, limit::EXPERIMENT_TAG_VALUE, "value")
}

/// Checks the keys of all tags that an experiment would have.
///
/// # Errors
/// More than [`limit::CUSTOM_VIEWS`] of them are views.
pub fn check_custom_views<'a>(keys: impl IntoIterator<Item = &'a str>) -> Result<(), NameError> {
    let views = keys.into_iter().filter(|key| key.starts_with(limit::CUSTOM_VIEW_PREFIX)).count();
    if views > limit::CUSTOM_VIEWS {
        return refuse(format!("An experiment can have at most {} custom views.", limit::CUSTOM_VIEWS));
    }
    Ok(())
}

/// Checks one tag of a registered model or of a model version.
///
/// # Errors
/// A key that [`check_tag_key`] refuses, or a value of more than [`limit::REGISTRY_TAG_VALUE`] characters.
pub fn check_registry_tag(key: &str, value: &str) -> Result<(), NameError> {
    check_tag_key(key, "key")?;
    check_length(value, limit::REGISTRY_TAG_VALUE, "value")
}

/// Checks the name of a registered model. `path` is `name`, or `new_name` when it is renamed.
///
/// # Errors
/// A blank name, a slash or a colon in it, or a path that is another in truth, such as `..`.
pub fn check_registered_model_name(name: &str, path: &str) -> Result<(), NameError> {
    if name.trim().is_empty() {
        return Err(missing(path));
    }
    if name.contains(['/', ':']) {
        return refuse(format!("Invalid model name '{name}'. Names cannot contain '/' or ':'."));
    }
    check_path(name, path)
}

/// Checks an alias that a request names, to read or to delete it.
///
/// # Errors
/// An empty alias, characters other than letters, digits, `_` and `-`, or more than [`limit::ALIAS`] characters.
pub fn check_alias(alias: &str) -> Result<(), NameError> {
    if alias.is_empty() {
        return refuse("Registered model alias name cannot be empty.");
    }
    if !alias.chars().all(|c| is_word(c) || c == '-') {
        return refuse(format!(
            "Invalid alias name: '{alias}'. \
             Names may only contain alphanumerics, underscores (_), and dashes (-)."
        ));
    }
    check_length(alias, limit::ALIAS, "Registered model alias name")
}

/// Checks an alias that is to be set: `latest` and `v1` mean versions already.
///
/// # Errors
/// As [`check_alias`], or a reserved word.
pub fn check_new_alias(alias: &str) -> Result<(), NameError> {
    check_alias(alias)?;
    if alias.to_lowercase() == "latest" {
        return refuse("'latest' alias name (case insensitive) is reserved.");
    }
    let digits = alias.strip_prefix(['v', 'V']).unwrap_or_default();
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        return refuse(format!("Version alias name '{alias}' is reserved."));
    }
    Ok(())
}

/// Checks the name of a logged model.
///
/// # Errors
/// An empty name, or one of `/ : . % " '` in it.
pub fn check_logged_model_name(name: &str) -> Result<(), NameError> {
    if name.is_empty() || name.contains(['/', ':', '.', '%', '"', '\'']) {
        let name = python_repr(name);
        return refuse(format!(
            "Invalid model name ({name}) provided. Model name must be a non-empty string and cannot contain the \
             following characters: ('/', ':', '.', '%', '\"', \"'\")"
        ));
    }
    Ok(())
}

/// Checks that a value has at most so many characters. `what` is what the message calls it.
///
/// # Errors
/// It has more.
pub fn check_length(value: &str, limit: usize, what: &str) -> Result<(), NameError> {
    // A text never has more characters than bytes, so that most need not be counted.
    if value.len() > limit && value.chars().nth(limit).is_some() {
        return refuse(format!("'{what}' exceeds the maximum length of {limit} characters"));
    }
    Ok(())
}

/// A text without what it has beyond so many characters.
pub fn cut(value: &str, limit: usize) -> &str {
    match value.char_indices().nth(limit) {
        Some((end, _)) => &value[..end],
        None => value,
    }
}

fn check_key(key: &str, path: &str) -> Result<(), NameError> {
    if !key.chars().all(|c| is_word(c) || matches!(c, '/' | '.' | '-' | ' ' | ':')) {
        return refuse(invalid(
            key,
            path,
            "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), \
             colon(:) and slashes (/).",
        ));
    }
    check_path(key, path)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn check_path(name: &str, path: &str) -> Result<(), NameError> {
    let resolved = normal_path(name);
    if resolved == name && name != "." && !name.starts_with("..") && !name.starts_with('/') {
        return Ok(());
    }
    let resolved = python_repr(&resolved);
    refuse(invalid(
        name,
        path,
        &format!(
            "Names may be treated as files in certain cases, and must not resolve to other names when treated \
             as such. This name would resolve to {resolved}"
        ),
    ))
}

/// The path that a POSIX system would make of a name: `a//b/./c/..` is `a/b`, and nothing is `.`.
fn normal_path(name: &str) -> Cow<'_, str> {
    // POSIX keeps two leading slashes, but takes three or more for one.
    let root = match name.len() - name.trim_start_matches('/').len() {
        0 => "",
        2 => "//",
        _ => "/",
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in name.split('/').filter(|part| !matches!(*part, "" | ".")) {
        if part != ".." || (root.is_empty() && parts.last().is_none_or(|last| *last == "..")) {
            parts.push(part);
        } else {
            parts.pop();
        }
    }
    let path = format!("{root}{}", parts.join("/"));
    if path.is_empty() { Cow::Borrowed(".") } else { Cow::Owned(path) }
}

fn invalid(value: &str, path: &str, reason: &str) -> String {
    format!("Invalid value {} for parameter '{path}' supplied: {reason}", json_string(value))
}

/// A text as Python's `json.dumps` writes it: in ASCII only.
fn json_string(text: &str) -> String {
    let mut json = String::from('"');
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            ' '..='~' => json.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    json.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    json.push('"');
    json
}
