//! The audit log as a file: for the command line and for downloads.

use csv::WriterBuilder;
use domain::{Acting, Error};
use futures::{Stream, stream};
use model::audit::{Event, EventFilter};
use serde_json::{Value, json};

/// How the file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Comma-separated values with a line of headings.
    Csv,
    /// One JSON object a line.
    Json,
}

const COLUMNS: [&str; 10] =
    ["place", "time", "actor", "token", "address", "action", "kind", "object", "done", "detail"];

/// All rows that match, newest first, a part at a time.
pub fn export(
    acting: Acting,
    filter: EventFilter,
    format: Format,
) -> impl Stream<Item = Result<Vec<u8>, Error>> + Send {
    let begin = Some((acting, filter, String::new(), true));
    stream::try_unfold(begin, move |state| async move {
        let Some((acting, filter, after, first)) = state else { return Ok(None) };
        let page = acting.export_events(&filter, &after).await?;
        let text = match format {
            Format::Csv => csv(&page.items, first)?,
            Format::Json => lines(&page.items),
        };
        Ok(Some((text, page.next.map(|next| (acting, filter, next, false)))))
    })
}

fn csv(events: &[Event], with_head: bool) -> Result<Vec<u8>, Error> {
    let mut writer = WriterBuilder::new().from_writer(Vec::new());
    let fault = |error: &dyn std::fmt::Display| Error::Fault(format!("writing CSV: {error}"));
    if with_head {
        writer.write_record(COLUMNS).map_err(|error| fault(&error))?;
    }
    for event in events {
        let text = |text: &Option<String>| harmless(text.as_deref().unwrap_or_default());
        let place = event.place.map(|place| place.to_string()).unwrap_or_default();
        let record = [
            place,
            crate::time_text::utc(event.at),
            harmless(&event.actor),
            text(&event.token),
            text(&event.address),
            event.action.clone(),
            event.kind.clone(),
            harmless(&event.object),
            event.done.to_string(),
            harmless(&event.detail),
        ];
        writer.write_record(record).map_err(|error| fault(&error))?;
    }
    writer.into_inner().map_err(|error| fault(&error))
}

/// Spreadsheets take cells that begin like this for formulas (OWASP, "CSV Injection").
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

fn lines(events: &[Event]) -> Vec<u8> {
    let line = |event: &Event| {
        let detail: Value = serde_json::from_str(&event.detail).unwrap_or_default();
        let line = json!({
            "place": event.place,
            "time": crate::time_text::utc(event.at),
            "actor": event.actor,
            "token": event.token,
            "address": event.address,
            "action": event.action,
            "kind": event.kind,
            "object": event.object,
            "done": event.done,
            "detail": detail,
        });
        format!("{line}\n").into_bytes()
    };
    events.iter().flat_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Event {
        Event {
            at: 1_700_000_000_123,
            actor: "=cmd()".to_owned(),
            token: None,
            address: Some("10.0.0.7".to_owned()),
            action: "run.create".to_owned(),
            kind: "run".to_owned(),
            object: "a,b".to_owned(),
            done: true,
            detail: r#"{"name":"x\"y"}"#.to_owned(),
            place: Some(3),
        }
    }

    #[test]
    fn csv_is_quoted_and_never_a_formula() {
        let text = String::from_utf8(csv(&[event()], true).unwrap()).unwrap();
        assert_eq!(
            text,
            "place,time,actor,token,address,action,kind,object,done,detail\n\
             3,2023-11-14T22:13:20.123Z,'=cmd(),,10.0.0.7,run.create,run,\"a,b\",true,\"{\"\"name\"\":\"\"x\\\"\"y\"\"}\"\n"
        );
    }

    #[test]
    fn json_is_an_object_a_line() {
        let text = String::from_utf8(lines(&[event(), event()])).unwrap();
        let read: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(read.len(), 2);
        assert_eq!(read[0]["detail"]["name"], "x\"y");
        assert_eq!(read[0]["time"], "2023-11-14T22:13:20.123Z");
    }
}
