//! Steps of traces.

use crate::{
    error::{Error, Result},
    gate::{Edit, ExperimentGrant, Read, TraceGrant},
    store::{Arg, Db, Query, Tx, parse, search::push_contains, sql},
    trace::{outline::Brief, text},
};
use model::{
    TraceId,
    trace::span::{Span, SpanId, SpanKind, SpanStatus},
};
use sqlx::FromRow;
use std::collections::{HashMap, HashSet};

/// What a row takes besides its texts, about.
const ROW: usize = 100;

/// A step as it is stored.
pub(crate) struct Stored {
    id: SpanId,
    row: Vec<Arg>,
    /// About how many bytes it takes.
    pub bytes: i64,
}

impl Stored {
    /// A step of a trace.
    pub fn of(trace: TraceId, span: &Span) -> Self {
        let attributes = text::of_attributes(&span.attributes);
        let (events, links) = (text::of_events(&span.events), text::of_links(&span.links));
        // Neither database has a place for that character; within JSON it is written otherwise.
        let plain = |text: &str| text.replace('\0', "\u{FFFD}");
        let (name, message, kind) = (plain(&span.name), plain(&span.message), plain(span.span_type()));
        let texts = [&attributes, &events, &links, &name, &message, &kind];
        let bytes = ROW + texts.into_iter().map(String::len).sum::<usize>();
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        let row: Vec<Arg> = vec![
            trace.into(),
            span.id.into(),
            span.parent.map(|parent| parent.0.cast_signed()).into(),
            name.into(),
            span.kind.number().into(),
            kind.into(),
            span.status.name().into(),
            message.into(),
            span.start.into(),
            span.end.into(),
            attributes.into(),
            events.into(),
            links.into(),
            bytes.into(),
        ];
        Self { id: span.id, row, bytes }
    }

    /// Its id.
    pub fn id(&self) -> SpanId {
        self.id
    }
}

/// About how many bytes those of the steps take that are there already. The transaction holds the trace.
pub(crate) async fn sizes(tx: &mut Tx, trace: TraceId, ids: &[SpanId]) -> Result<HashMap<SpanId, i64>> {
    let mut found = HashMap::new();
    for ids in ids.chunks(8192) {
        let mut select = sql("SELECT span_id, bytes FROM spans WHERE trace_id = ");
        select.push_bind(trace).push(" AND span_id IN ").push_list(ids.iter().copied());
        let rows: Vec<(i64, i64)> = tx.all(select).await?;
        found.extend(rows.into_iter().map(|(id, bytes)| (SpanId(id.cast_unsigned()), bytes)));
    }
    Ok(found)
}

/// Writes steps, each once, of traces that this transaction holds and that are in the experiment of the grant.
pub(crate) async fn put(tx: &mut Tx, _grant: &ExperimentGrant<Edit>, spans: Vec<Stored>) -> Result<()> {
    tx.insert_all(
        "INSERT INTO spans (trace_id, span_id, parent_id, name, kind, type, status, message, start_time, end_time,
             attributes, events, links, bytes) VALUES ",
        spans.into_iter().map(|span| span.row).collect(),
        " ON CONFLICT (trace_id, span_id) DO UPDATE SET parent_id = excluded.parent_id, name = excluded.name,
             kind = excluded.kind, type = excluded.type, status = excluded.status, message = excluded.message,
             start_time = excluded.start_time, end_time = excluded.end_time, attributes = excluded.attributes,
             events = excluded.events, links = excluded.links, bytes = excluded.bytes",
    )
    .await
}

#[derive(FromRow)]
struct Row {
    span_id: i64,
    parent_id: Option<i64>,
    name: String,
    kind: i64,
    status: String,
    message: String,
    start_time: i64,
    end_time: Option<i64>,
    attributes: String,
    events: String,
    links: String,
}

const COLUMNS: &str =
    "SELECT span_id, parent_id, name, kind, status, message, start_time, end_time, attributes, events, links
    FROM spans WHERE trace_id = ";
const IN_ORDER: &str = " ORDER BY parent_id IS NOT NULL, start_time, span_id";

impl Row {
    fn into_span(self, trace: TraceId) -> Result<Span> {
        let id = SpanId(self.span_id.cast_unsigned());
        let broken = |column| Error::BrokenRow {
            table: "spans",
            column,
            row: format!("{trace}/{id}"),
            reason: "not what was written".to_owned(),
        };
        Ok(Span {
            id,
            parent: self.parent_id.map(|parent| SpanId(parent.cast_unsigned())),
            name: self.name,
            kind: parse("spans", "kind", id, SpanKind::from_number(self.kind))?,
            start: self.start_time,
            end: self.end_time,
            status: parse("spans", "status", id, SpanStatus::from_name(&self.status))?,
            message: self.message,
            attributes: text::read_attributes(&self.attributes).ok_or_else(|| broken("attributes"))?,
            events: text::read_events(&self.events).ok_or_else(|| broken("events"))?,
            links: text::read_links(&self.links).ok_or_else(|| broken("links"))?,
        })
    }
}

/// The steps of a trace: those without a parent first, then by their start.
pub(crate) async fn list(mut db: &Db, grant: &TraceGrant<Read>) -> Result<Vec<Span>> {
    let mut select = sql(COLUMNS);
    select.push_bind(grant.id()).push(IN_ORDER);
    let rows: Vec<Row> = db.all(select).await?;
    rows.into_iter().map(|row| row.into_span(grant.id())).collect()
}

/// A step of a trace; the first one if none is named.
pub(crate) async fn find(mut db: &Db, grant: &TraceGrant<Read>, id: Option<SpanId>) -> Result<Option<Span>> {
    let mut select = sql(COLUMNS);
    select.push_bind(grant.id());
    if let Some(id) = id {
        select.push(" AND span_id = ").push_bind(id);
    }
    select.push(IN_ORDER).push(" LIMIT 1");
    let row: Option<Row> = db.first(select).await?;
    row.map(|row| row.into_span(grant.id())).transpose()
}

/// What is told of the steps of a trace without what they hold, which can be megabytes.
pub(crate) async fn outline(mut db: &Db, grant: &TraceGrant<Read>) -> Result<Vec<Brief>> {
    #[derive(FromRow)]
    struct Row {
        span_id: i64,
        parent_id: Option<i64>,
        name: String,
        #[sqlx(rename = "type")]
        kind: String,
        status: String,
        start_time: i64,
        end_time: Option<i64>,
    }
    let select = sql("SELECT span_id, parent_id, name, type, status, start_time, end_time
         FROM spans WHERE trace_id = $1");
    let rows: Vec<Row> = db.all(select.bind(grant.id())).await?;
    let brief = |row: Row| -> Result<Brief> {
        let id = SpanId(row.span_id.cast_unsigned());
        Ok(Brief {
            id,
            parent: row.parent_id.map(|parent| SpanId(parent.cast_unsigned())),
            name: row.name,
            span_type: row.kind,
            status: parse("spans", "status", id, SpanStatus::from_name(&row.status))?,
            start: row.start_time,
            end: row.end_time,
        })
    };
    rows.into_iter().map(brief).collect()
}

/// The steps of a trace in which a text is, in any case.
pub(crate) async fn containing(mut db: &Db, grant: &TraceGrant<Read>, text: &str) -> Result<HashSet<SpanId>> {
    // What is stored as JSON has quotes and line breaks as JSON writes them.
    let json = serde_json::Value::from(text).to_string();
    let json = json.get(1..json.len() - 1).unwrap_or_default();
    let mut select = sql("SELECT span_id FROM spans WHERE trace_id = ");
    select.push_bind(grant.id()).push(" AND (");
    let columns = [("name", text), ("type", text), ("message", text), ("attributes", json), ("events", json)];
    for (index, (column, text)) in columns.into_iter().enumerate() {
        if index > 0 {
            select.push(" OR ");
        }
        push_contains(&mut select, column, text);
    }
    select.push(")");
    let rows: Vec<(i64,)> = db.all(select).await?;
    Ok(rows.into_iter().map(|(id,)| SpanId(id.cast_unsigned())).collect())
}
