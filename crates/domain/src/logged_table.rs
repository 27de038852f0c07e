//! Tables that runs log: what MLflow's `log_table` writes, `{"columns": […], "data": [[…], …]}`.

use model::page::LoggedTable;
use serde_json::Value;

/// Rows of a table that a preview shows.
const ROWS: usize = 200;
/// Its columns.
const COLUMNS: usize = 50;
/// Characters of a cell.
const CELL: usize = 300;

/// The table that the text is, if it is one.
pub(crate) fn read(text: &str) -> Option<LoggedTable> {
    let value: Value = serde_json::from_str(text).ok()?;
    let columns = value.get("columns")?.as_array()?;
    let data = value.get("data")?.as_array()?;
    if columns.is_empty() {
        return None;
    }
    let rows: Vec<&Vec<Value>> = data.iter().map(Value::as_array).collect::<Option<_>>()?;
    let cells = |cells: &Vec<Value>| cells.iter().take(COLUMNS).map(cell).collect();
    Some(LoggedTable {
        columns: cells(columns),
        rows: rows.iter().take(ROWS).map(|row| cells(row)).collect(),
        size: (rows.len(), columns.len()),
    })
}

/// A value as people read it.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match text.char_indices().nth(CELL) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logged_table_is_read_as_text() {
        let text = r#"{"columns": ["question", "score", "seen"], "data": [["what?", 0.5, null], [{"a": 1}, 3, true]]}"#;
        let table = read(text).unwrap();
        assert_eq!(table.columns, ["question", "score", "seen"]);
        assert_eq!(table.rows, [["what?", "0.5", ""], [r#"{"a":1}"#, "3", "true"]]);
        assert_eq!(table.size, (2, 3));
    }

    #[test]
    fn large_tables_are_cut() {
        let row = |count: usize| vec!["x".repeat(CELL + 1); count];
        let text = serde_json::json!({ "columns": row(60), "data": vec![row(60); 201] }).to_string();
        let table = read(&text).unwrap();
        assert_eq!((table.rows.len(), table.rows[0].len(), table.columns.len()), (200, 50, 50));
        assert_eq!(table.size, (201, 60));
        assert_eq!(table.rows[0][0].chars().count(), CELL + 1);
    }

    #[test]
    fn other_texts_are_no_tables() {
        for text in
            ["", "[]", "{}", "[1, 2]", r#"{"columns": [], "data": []}"#, r#"{"columns": ["a"], "data": [1]}"#]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
