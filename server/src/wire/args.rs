//! The arguments of a REST call, read as MLflow reads them.
//!
//! One type for JSON bodies and query strings. Numbers may come as decimal text, doubles also as `"NaN"` and
//! `"Infinity"` (clients in R send everything as text); unknown fields are passed over; null is absent.

use domain::trace::python::quote_constants;
use model::Problem;
use serde_json::{Map, Value};
use std::str::FromStr;

const HINT: &str = "See the API docs for more information about request parameters.";

/// Named values of a call, or of one item of a list in it.
#[derive(Debug, Clone, Default)]
pub struct Args {
    fields: Map<String, Value>,
    /// Where these values are, such as `metrics[0]`; empty at the top.
    place: String,
}

impl Args {
    /// Reads a JSON body. What isn't a JSON object counts as an empty one, as with MLflow: the first required field that
    /// is looked for will be missing. A JSON text that holds JSON is read again (old clients encode twice).
    pub fn of_body(body: &[u8]) -> Self {
        let fields = match parse_json(body) {
            Some(Value::Object(fields)) => fields,
            Some(Value::String(inner)) => match parse_json(inner.as_bytes()) {
                Some(Value::Object(fields)) => fields,
                _ => Map::new(),
            },
            _ => Map::new(),
        };
        Self { fields, place: String::new() }
    }

    /// Reads a query string; a key that is repeated is a list.
    pub fn of_query(query: &str) -> Self {
        let mut fields = Map::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = Value::String(form_decode(value));
            match fields.entry(form_decode(key)) {
                serde_json::map::Entry::Vacant(entry) => {
                    entry.insert(value);
                }
                serde_json::map::Entry::Occupied(mut entry) => match entry.get_mut() {
                    Value::Array(list) => list.push(value),
                    first => *first = Value::Array(vec![first.take(), value]),
                },
            }
        }
        Self { fields, place: String::new() }
    }

    /// Values that were read elsewhere.
    pub fn of_fields(fields: Map<String, Value>) -> Self {
        Self { fields, place: String::new() }
    }

    /// Adds a value of the path, such as `model_id`; the path wins.
    pub fn with(mut self, name: &str, value: String) -> Self {
        self.fields.insert(name.to_owned(), Value::String(value));
        self
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    fn path(&self, name: &str) -> String {
        if self.place.is_empty() { name.to_owned() } else { format!("{}.{name}", self.place) }
    }

    fn wrong(&self, name: &str, value: &Value) -> Problem {
        let kind = match value {
            Value::Null => "NoneType",
            Value::Bool(_) => "bool",
            Value::Number(number) if number.is_f64() => "float",
            Value::Number(_) => "int",
            Value::String(_) => "str",
            Value::Array(_) => "list",
            Value::Object(_) => "dict",
        };
        let mut shown = value.to_string();
        if shown.len() > 200 {
            shown.truncate(shown.floor_char_boundary(200));
            shown.push('…');
        }
        Problem::invalid(format!(
            "Invalid value {shown} for parameter '{}' supplied:  Hint: Value was of type '{kind}'. {HINT}",
            self.path(name)
        ))
    }

    /// A value is wrong, in words of its own.
    pub fn hinted(&self, message: String) -> Problem {
        Problem::invalid(format!("{message} {HINT}"))
    }

    /// What MLflow says when a required value isn't there.
    pub fn missing(&self, name: &str) -> Problem {
        Problem::invalid(format!("Missing value for required parameter '{}'. {HINT}", self.path(name)))
    }

    /// Refuses null, which isn't absent to the few operations of MLflow that look at a list before it is read.
    pub fn not_null(&self, name: &str) -> Result<(), Problem> {
        match self.fields.get(name) {
            Some(Value::Null) => Err(self.wrong(name, &Value::Null)),
            _ => Ok(()),
        }
    }

    /// A text, if it's there.
    pub fn text(&self, name: &str) -> Result<Option<&str>, Problem> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(name, other)),
        }
    }

    /// A text, empty if it isn't there.
    pub fn text_or_empty(&self, name: &str) -> Result<&str, Problem> {
        Ok(self.text(name)?.unwrap_or_default())
    }

    /// A text that must be there and not empty.
    pub fn required(&self, name: &str) -> Result<&str, Problem> {
        self.text(name)?.filter(|text| !text.is_empty()).ok_or_else(|| self.missing(name))
    }

    /// An id that must be there; `wrong` says what is said of one that can't be.
    pub fn id<T: FromStr>(&self, name: &str, wrong: impl FnOnce(&str) -> Problem) -> Result<T, Problem> {
        let text = self.required(name)?;
        text.parse().map_err(|_| wrong(text))
    }

    /// A whole number: a number, or decimal text.
    pub fn int(&self, name: &str) -> Result<Option<i64>, Problem> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let number = match value {
            Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64())),
            Value::String(text) => text.parse().ok().or_else(|| whole(text.parse().ok())),
            _ => None,
        };
        number.map(Some).ok_or_else(|| self.wrong(name, value))
    }

    /// A double: a number, numeric text as Python reads it, or `NaN` as text in this spelling alone. It must be there.
    pub fn double(&self, name: &str) -> Result<f64, Problem> {
        let value = self.get(name).ok_or_else(|| self.missing(name))?;
        let number = match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => match text.trim() {
                "NaN" => Some(f64::NAN),
                // Infinity has many spellings.
                text => text.parse().ok().filter(|number: &f64| !number.is_nan()),
            },
            _ => None,
        };
        number.ok_or_else(|| self.wrong(name, value))
    }

    /// A yes or no, as JSON or as text in any case (Python's `False`).
    pub fn flag(&self, name: &str) -> Result<bool, Problem> {
        match self.get(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(false),
            Some(other) => Err(self.wrong(name, other)),
        }
    }

    /// One of a protocol's words, or its number, which counts from `first` and may be text. Texts that aren't known count as
    /// absent (MLflow's rule); numbers that aren't known are refused.
    pub fn word<T: Copy>(&self, name: &str, words: &[(&str, T)], first: i64) -> Result<Option<T>, Problem> {
        let numbered = |number: i64| {
            let index = usize::try_from(number.checked_sub(first)?).ok()?;
            words.get(index).map(|(_, value)| *value)
        };
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(word)) => {
                let known = words.iter().find(|(known, _)| known == word).map(|(_, value)| *value);
                Ok(known.or_else(|| numbered(word.trim().parse().ok()?)))
            }
            Some(Value::Number(number)) => number
                .as_i64()
                .and_then(numbered)
                .map(Some)
                .ok_or_else(|| self.wrong(name, &Value::Number(number.clone()))),
            Some(other) => Err(self.wrong(name, other)),
        }
    }

    /// A list of texts; one text alone is a list of one, as a query string has it.
    pub fn texts(&self, name: &str) -> Result<Vec<String>, Problem> {
        match self.get(name) {
            None => Ok(Vec::new()),
            Some(Value::String(text)) => Ok(vec![text.clone()]),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| {
                    item.as_str()
                        .map(str::to_owned)
                        .ok_or_else(|| self.wrong(name, &Value::Array(items.clone())))
                })
                .collect(),
            Some(other) => Err(self.wrong(name, other)),
        }
    }

    /// A list of objects, taken out.
    pub fn items(&mut self, name: &str) -> Result<Vec<Self>, Problem> {
        match self.fields.remove(name) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(items)) => items
                .into_iter()
                .enumerate()
                .map(|(index, item)| match item {
                    Value::Object(fields) => {
                        Ok(Self { fields, place: format!("{}[{index}]", self.path(name)) })
                    }
                    other => Err(self.wrong(name, &other)),
                })
                .collect(),
            Some(other) => Err(self.wrong(name, &other)),
        }
    }

    /// An object within, taken out; empty if it isn't there.
    pub fn object(&mut self, name: &str) -> Result<Self, Problem> {
        match self.fields.remove(name) {
            None | Some(Value::Null) => Ok(Self { fields: Map::new(), place: self.path(name) }),
            Some(Value::Object(fields)) => Ok(Self { fields, place: self.path(name) }),
            Some(other) => Err(self.wrong(name, &other)),
        }
    }

    /// Texts by key.
    pub fn map(&self, name: &str) -> Result<Vec<(String, String)>, Problem> {
        let Some(whole) = self.get(name) else { return Ok(Vec::new()) };
        let wrong = || self.wrong(name, whole);
        let text = |(key, value): (&String, &Value)| {
            value.as_str().map(|text| (key.clone(), text.to_owned())).ok_or_else(wrong)
        };
        whole.as_object().ok_or_else(wrong)?.iter().map(text).collect()
    }

    /// A value as it was given, null too.
    pub fn raw(&self, name: &str) -> Option<&Value> {
        self.fields.get(name)
    }

    /// Whether a value was given.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

fn whole(number: Option<f64>) -> Option<i64> {
    // 2^63 and beyond don't fit; what is below in a double is exact.
    number.filter(|number| number.fract() == 0.0 && number.abs() < 9.2e18).map(|number| number as i64)
}

/// JSON, where `NaN`, `Infinity` and `-Infinity` may stand as they do in Python's JSON.
fn parse_json(body: &[u8]) -> Option<Value> {
    match serde_json::from_slice(body) {
        Ok(value) => Some(value),
        Err(_) => serde_json::from_str(&quote_constants(std::str::from_utf8(body).ok()?, "")?).ok(),
    }
}

fn form_decode(text: &str) -> String {
    percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> Args {
        Args::of_body(text.as_bytes())
    }

    #[test]
    fn numbers_come_in_many_spellings() {
        for text in [r#"{"step": 3}"#, r#"{"step": "3"}"#, r#"{"step": 3.0}"#, r#"{"step": "3.0"}"#] {
            assert_eq!(body(text).int("step"), Ok(Some(3)), "{text}");
        }
        assert_eq!(body(r#"{"step": null}"#).int("step"), Ok(None));
        assert!(body(r#"{"step": 1.5}"#).int("step").is_err());
        assert!(body(r#"{"step": true}"#).int("step").is_err());
    }

    #[test]
    fn doubles_that_are_no_numbers_come_as_text_or_as_python_writes_them() {
        assert!(body(r#"{"value": "NaN"}"#).double("value").unwrap().is_nan());
        assert!(body(r#"{"value": NaN, "key": "a \" NaN"}"#).double("value").unwrap().is_nan());
        assert_eq!(body(r#"{"value": -Infinity}"#).double("value"), Ok(f64::NEG_INFINITY));
        assert_eq!(body(r#"{"value": "1.5e3"}"#).double("value"), Ok(1500.0));
        assert_eq!(body(r#"{"value": " 1.5 "}"#).double("value"), Ok(1.5));
        assert_eq!(body(r#"{"value": "inf"}"#).double("value"), Ok(f64::INFINITY));
        assert_eq!(body(r#"{"value": "-infinity"}"#).double("value"), Ok(f64::NEG_INFINITY));
        assert!(body(r#"{"value": "nan"}"#).double("value").is_err());
        assert!(body(r#"{"value": "0x10"}"#).double("value").is_err());
        assert!(body(r#"{"value": true}"#).double("value").is_err());
    }

    #[test]
    fn the_messages_are_those_of_mlflow() {
        let message = |result: Result<&str, Problem>| result.unwrap_err().message;
        assert_eq!(
            message(body("{}").required("name")),
            "Missing value for required parameter 'name'. See the API docs for more information about request parameters."
        );
        assert_eq!(message(body("not json").required("name")), message(body("{}").required("name")));
        assert_eq!(
            message(body(r#"{"experiment_id": 5}"#).required("experiment_id")),
            "Invalid value 5 for parameter 'experiment_id' supplied:  Hint: Value was of type 'int'. See the API docs for more information about request parameters."
        );
        let mut batch = body(r#"{"metrics": [{"key": "a"}]}"#);
        let items = batch.items("metrics").unwrap();
        assert!(items[0].double("value").unwrap_err().message.contains("'metrics[0].value'"));
    }

    #[test]
    fn a_query_string_holds_lists_and_pythons_booleans() {
        let args = Args::of_query("run_ids=a&run_ids=b&name=x+y%2Fz&deep=False");
        assert_eq!(args.texts("run_ids").unwrap(), ["a", "b"]);
        assert_eq!(args.texts("name").unwrap(), ["x y/z"]);
        assert_eq!(args.flag("deep"), Ok(false));
        assert_eq!(args.flag("absent"), Ok(false));
        assert!(Args::of_query("deep=maybe").flag("deep").is_err());
    }

    #[test]
    fn null_is_absent_unless_it_is_asked_for() {
        let args = body(r#"{"tags": null, "trace": []}"#);
        assert_eq!(
            (args.has("tags"), args.not_null("trace"), args.not_null("other")),
            (false, Ok(()), Ok(()))
        );
        assert_eq!(
            args.not_null("tags").unwrap_err().message,
            "Invalid value null for parameter 'tags' supplied:  Hint: Value was of type 'NoneType'. See the API docs for more information about request parameters."
        );
    }

    #[test]
    fn json_in_json_is_read_again() {
        assert_eq!(body(r#""{\"name\": \"x\"}""#).required("name"), Ok("x"));
    }

    #[test]
    fn unknown_words_are_absent_and_unknown_numbers_wrong() {
        let words = [("A", 'a'), ("B", 'b')];
        assert_eq!(body(r#"{"v": "B"}"#).word("v", &words, 1), Ok(Some('b')));
        assert_eq!(body(r#"{"v": 1}"#).word("v", &words, 1), Ok(Some('a')));
        assert_eq!(body(r#"{"v": "2"}"#).word("v", &words, 1), Ok(Some('b')));
        assert_eq!(body(r#"{"v": "3"}"#).word("v", &words, 1), Ok(None));
        assert_eq!(body(r#"{"v": "nope"}"#).word("v", &words, 1), Ok(None));
        assert!(body(r#"{"v": 3}"#).word("v", &words, 1).is_err());
    }
}
