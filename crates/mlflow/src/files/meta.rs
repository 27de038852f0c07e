//! What files of MLflow's folders say, as it is written in YAML; and how such a file is written.

use super::file;
use crate::{Error, Result};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    path::Path,
};

#[derive(Debug, Deserialize)]
pub(super) struct ExperimentMeta {
    pub experiment_id: String,
    pub name: String,
    pub artifact_location: Option<String>,
    pub lifecycle_stage: Option<String>,
    pub creation_time: Option<i64>,
    pub last_update_time: Option<i64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RunMeta {
    /// Runs of MLflow before 1.0 have only [`Self::run_uuid`].
    pub run_id: Option<String>,
    pub run_uuid: Option<String>,
    pub run_name: Option<String>,
    pub user_id: Option<String>,
    pub status: Option<i64>,
    pub start_time: Option<i64>,
    pub end_time: Option<i64>,
    pub lifecycle_stage: Option<String>,
    pub artifact_uri: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct DatasetMeta {
    pub name: String,
    pub digest: String,
    pub source_type: Option<String>,
    pub source: Option<String>,
    pub schema: Option<String>,
    pub profile: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct LinkMeta {
    pub source_type: String,
    pub source_id: String,
    pub destination_id: String,
    pub step: Option<i64>,
    pub tags: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ModelMeta {
    pub model_id: String,
    pub name: String,
    pub artifact_location: Option<String>,
    pub creation_timestamp: i64,
    pub last_updated_timestamp: Option<i64>,
    pub status: Option<i64>,
    pub model_type: Option<String>,
    pub source_run_id: Option<String>,
    pub lifecycle_stage: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RegisteredMeta {
    pub name: String,
    pub creation_timestamp: Option<i64>,
    pub last_updated_timestamp: Option<i64>,
    pub description: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct VersionMeta {
    pub creation_timestamp: Option<i64>,
    pub last_updated_timestamp: Option<i64>,
    pub description: Option<String>,
    pub user_id: Option<String>,
    pub current_stage: Option<String>,
    pub source: Option<String>,
    pub storage_location: Option<String>,
    pub run_id: Option<String>,
    pub run_link: Option<String>,
    pub model_id: Option<String>,
}

/// Reads such a file.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = std::fs::read_to_string(path).map_err(file(path))?;
    serde_saphyr::from_str(&text).map_err(|error| Error::Said(format!("{}: {error}", path.display())))
}

/// A file of keys and values on its way.
#[derive(Default)]
pub(super) struct Meta(String);

impl Meta {
    /// A text, which is quoted: what looks like a number or a date stays a text.
    pub fn text(mut self, key: &str, value: &str) -> Self {
        let _ = writeln!(self.0, "{key}: {}", Quoted(value));
        self
    }

    /// A text that may be missing.
    pub fn maybe(self, key: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(key, value),
            None => self.null(key),
        }
    }

    /// A number.
    pub fn number(mut self, key: &str, value: i64) -> Self {
        let _ = writeln!(self.0, "{key}: {value}");
        self
    }

    /// Nothing.
    pub fn null(mut self, key: &str) -> Self {
        let _ = writeln!(self.0, "{key}: null");
        self
    }

    /// Keys and texts of their own.
    pub fn texts<'a>(mut self, key: &str, texts: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut lines = String::new();
        for (key, value) in texts {
            let _ = writeln!(lines, "  {}: {}", Quoted(key), Quoted(value));
        }
        let _ = match lines.as_str() {
            "" => writeln!(self.0, "{key}: {{}}"),
            lines => write!(self.0, "{key}:\n{lines}"),
        };
        self
    }

    /// An empty list.
    pub fn empty_list(mut self, key: &str) -> Self {
        let _ = writeln!(self.0, "{key}: []");
        self
    }

    pub fn into_text(self) -> String {
        self.0
    }
}

/// JSON on one line, which is YAML too where numbers are written as MLflow's reader knows them.
pub(super) struct Flow<'a>(pub &'a Value);

impl fmt::Display for Flow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
                Some(real) => f.write_str(&real_number(real)),
                None => write!(f, "{number}"),
            },
            Value::String(text) => write!(f, "{}", Quoted(text)),
            Value::Array(items) => {
                f.write_char('[')?;
                for (at, item) in items.iter().enumerate() {
                    write!(f, "{}{}", if at > 0 { ", " } else { "" }, Flow(item))?;
                }
                f.write_char(']')
            }
            Value::Object(fields) => {
                f.write_char('{')?;
                for (at, (key, value)) in fields.iter().enumerate() {
                    write!(f, "{}{}: {}", if at > 0 { ", " } else { "" }, Quoted(key), Flow(value))?;
                }
                f.write_char('}')
            }
            // Nothing, yes and no.
            other => write!(f, "{other}"),
        }
    }
}

/// In YAML before 1.2 a number with an exponent has a point before it and a sign behind it.
fn real_number(number: f64) -> String {
    let text = format!("{number:?}");
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    let point = if digits.contains('.') { "" } else { ".0" };
    let sign = if exponent.starts_with('-') { "" } else { "+" };
    format!("{digits}{point}e{sign}{exponent}")
}

/// A text in double quotes, in which all but what prints everywhere is escaped.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\t' => f.write_str("\\t")?,
                '\r' => f.write_str("\\r")?,
                ' '..='~'
                | '\u{a1}'..='\u{2027}'
                | '\u{202a}'..='\u{d7ff}'
                | '\u{e000}'..='\u{fefe}'
                | '\u{ff00}'..='\u{fffd}'
                | '\u{10000}'.. => f.write_char(c)?,
                other => write!(f, "\\u{:04x}", u32::from(other))?,
            }
        }
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Sample {
        text: String,
        missing: Option<String>,
        number: i64,
        tags: BTreeMap<String, String>,
    }

    #[test]
    fn what_is_written_reads_back() {
        let odd = [
            "",
            "yes",
            "null",
            "~",
            "12",
            "1e3",
            "2020-01-01",
            "a: b # c",
            "- x",
            "'\"\\",
            "two\nlines\r\n\tand a tab",
            "ünïcode 日本 🎉",
            "\u{1}\u{7f}\u{85}\u{2028}\u{feff}",
            " spaces around ",
            "{}",
            "%",
            "@",
            "|",
            ">",
        ];
        for text in odd {
            let written = Meta::default()
                .text("text", text)
                .maybe("missing", None)
                .number("number", -5)
                .texts("tags", [(text, text)].into_iter());
            let read: Sample = serde_saphyr::from_str(&written.into_text()).unwrap();
            let tags = BTreeMap::from([(text.to_owned(), text.to_owned())]);
            assert_eq!(read, Sample { text: text.to_owned(), missing: None, number: -5, tags });
        }
    }

    #[test]
    fn json_reads_back_as_yaml() {
        let json = serde_json::json!({
            "a: b": [1, -2.5, 1e300, 1.5e-7, true, null, "yes", "two\nlines", []], "empty": {},
        });
        let read: Value = serde_saphyr::from_str(&Flow(&json).to_string()).unwrap();
        assert_eq!(read, json);
        assert_eq!(real_number(1e300), "1.0e+300");
        assert_eq!(real_number(1.5e-7), "1.5e-7");
        assert_eq!(real_number(0.1), "0.1");
    }

    #[test]
    fn what_mlflow_writes_is_read() {
        let text = "description: 'de\n\n  sc: ''x'''\nname: 'odd: näme é/x - # and rather long so that it becomes folded by the dumper because\n  it is longer than eighty'\ncreation_timestamp: 1795342721205\nworkspace: default\naliases:\n  champ: '1'\n";
        let read: RegisteredMeta = serde_saphyr::from_str(text).unwrap();
        assert_eq!(read.description.as_deref(), Some("de\nsc: 'x'"));
        assert!(read.name.ends_with("by the dumper because it is longer than eighty"), "{}", read.name);
        assert_eq!((read.creation_timestamp, read.last_updated_timestamp), (Some(1_795_342_721_205), None));
    }
}
