//! What a model takes and gives, as its `MLmodel` says: MLflow's clients write it there as JSON within YAML. Only this much of
//! YAML is read.

use serde_json::Value;

/// Fields of each kind that are read; what comes behind them is left out.
const FIELDS: usize = 1000;

/// Fields by their names, and what each is.
pub(super) type Fields = Vec<(String, String)>;

/// What a model takes and gives.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Signature {
    pub inputs: Fields,
    pub outputs: Fields,
    pub params: Fields,
}

/// Reads the signature in an `MLmodel`, if there is one that can be understood.
pub(super) fn read(text: &str) -> Option<Signature> {
    let lines = text.lines().skip_while(|line| line.trim_end() != "signature:").skip(1);
    let lines: Vec<&str> = lines.take_while(|line| line.starts_with(' ')).collect();
    let level = indent(lines.first()?);
    let mut parts: Vec<(&str, String)> = Vec::new();
    for line in lines {
        match line.trim().split_once(':') {
            Some((key, value)) if indent(line) == level => parts.push((key, value.trim().to_owned())),
            // Long texts go on in the next lines.
            _ => {
                let (_, value) = parts.last_mut()?;
                value.push(' ');
                value.push_str(line.trim());
            }
        }
    }
    let part = |key: &str, kind: fn(&Value) -> String| -> Option<Fields> {
        match parts.iter().find(|(known, _)| *known == key) {
            Some((_, text)) => fields(text, kind),
            None => Some(Fields::new()),
        }
    };
    Some(Signature {
        inputs: part("inputs", kind)?,
        outputs: part("outputs", kind)?,
        params: part("params", param)?,
    })
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The fields of a list; `None` for what is no list.
fn fields(text: &str, kind: fn(&Value) -> String) -> Option<Fields> {
    if matches!(text, "" | "null" | "~") {
        return Some(Fields::new());
    }
    // YAML doubles the quotes within a quoted text.
    let json = match text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) {
        Some(quoted) => quoted.replace("''", "'"),
        None => text.to_owned(),
    };
    let list: Vec<Value> = serde_json::from_str(&json).ok()?;
    let field = |(place, field): (usize, &Value)| {
        let name = word(field, "name").map_or_else(|| format!("#{}", place + 1), str::to_owned);
        (name, kind(field))
    };
    Some(list.iter().take(FIELDS).enumerate().map(field).collect())
}

fn word<'a>(field: &'a Value, key: &str) -> Option<&'a str> {
    field.get(key).and_then(Value::as_str)
}

/// What a field is: its type, and whether it may be left out.
fn kind(field: &Value) -> String {
    let is = |key: &str, answer: bool| field.get(key).and_then(Value::as_bool) == Some(answer);
    let optional = if is("required", false) || is("optional", true) { ", optional" } else { "" };
    format!("{}{optional}", type_of(field))
}

fn type_of(field: &Value) -> String {
    let inner = |key: &str| field.get(key).map(type_of).unwrap_or_default();
    match word(field, "type") {
        Some("tensor") => {
            let spec = field.get("tensor-spec").unwrap_or(&Value::Null);
            let shape = spec.get("shape").map(Value::to_string).unwrap_or_default();
            format!("tensor of {} {shape}", word(spec, "dtype").unwrap_or("?"))
        }
        Some("array") => format!("array of {}", inner("items")),
        Some("map") => format!("map to {}", inner("values")),
        Some("object") => {
            let properties = field.get("properties").and_then(Value::as_object);
            let one = |(name, property): (&String, &Value)| format!("{name}: {}", kind(property));
            let all: Vec<String> = properties.into_iter().flatten().map(one).collect();
            format!("object of {{{}}}", all.join("; "))
        }
        Some(other) => other.to_owned(),
        None => "?".to_owned(),
    }
}

/// What a param is, and what it is unless one says so.
fn param(field: &Value) -> String {
    let shape = field.get("shape").filter(|shape| !shape.is_null());
    let shape = shape.map(|shape| format!(" {shape}")).unwrap_or_default();
    let usual = field.get("default").unwrap_or(&Value::Null);
    format!("{}{shape} = {usual}", type_of(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(fields: &Fields) -> Vec<(&str, &str)> {
        fields.iter().map(|(name, kind)| (name.as_str(), kind.as_str())).collect()
    }

    #[test]
    fn a_signature_is_read_as_mlflow_writes_it() {
        let text = "artifact_path: model\nflavors:\n  sklearn:\n    code: null\nsignature:\n  inputs: '[{\"type\": \"double\", \
                    \"name\": \"sepal length\", \"required\": true}, {\"type\":\n    \"string\", \"name\": \"it''s\", \
                    \"required\": false}]'\n  outputs: '[{\"type\": \"tensor\", \"tensor-spec\": {\"dtype\": \"int64\", \
                    \"shape\": [-1, 3]}}]'\n  params: '[{\"name\": \"t\", \"type\": \"double\", \"default\": 0.5, \
                    \"shape\": null}]'\nutc_time_created: '2026-01-01'\n";
        let found = read(text).unwrap();
        assert_eq!(pairs(&found.inputs), [("sepal length", "double"), ("it's", "string, optional")]);
        assert_eq!(pairs(&found.outputs), [("#1", "tensor of int64 [-1,3]")]);
        assert_eq!(pairs(&found.params), [("t", "double = 0.5")]);
    }

    #[test]
    fn nested_types_are_told() {
        let check = |json: &str, text: &str| {
            assert_eq!(kind(&serde_json::from_str(json).unwrap()), text, "{json}");
        };
        check(r#"{"type": "array", "items": {"type": "string"}}"#, "array of string");
        check(r#"{"type": "map", "values": {"type": "long"}}"#, "map to long");
        check(
            r#"{"type": "object", "properties": {"a": {"type": "long", "required": false}, "b": {"type": "any"}}}"#,
            "object of {a: long, optional; b: any}",
        );
        check("{}", "?");
    }

    #[test]
    fn what_is_no_signature_says_nothing() {
        for text in [
            "",
            "flavors:\n  x: 1\n",
            "signature:\n",
            "signature:\n  inputs: '[{'\n",
            "signature:\n  inputs: 3\n",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
        assert_eq!(read("signature:\n  inputs: null\n  params: null\n"), Some(Signature::default()));
    }
}
