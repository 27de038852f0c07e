//! Steps of traces.

use crate::{
    error::{Error, Result},
    gate::{Edit, ExperimentGrant, Read, TraceGrant},
    store::{Arg, Db, Query, Tx, parse, sql},
    trace::text,
};
use model::{
    TraceId,
    trace::span::{Span, SpanId, SpanKind, SpanStatus},
};
use sqlx::FromRow;
use std::collections::HashMap;

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

/// The steps of a trace: those without a parent first, then by their start.
pub(crate) async fn list(mut db: &Db, grant: &TraceGrant<Read>) -> Result<Vec<Span>> {
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
    let select = sql(
        "SELECT span_id, parent_id, name, kind, status, message, start_time, end_time, attributes, events, links
         FROM spans WHERE trace_id = $1 ORDER BY parent_id IS NOT NULL, start_time, span_id",
    );
    let rows: Vec<Row> = db.all(select.bind(grant.id())).await?;
    rows.into_iter()
        .map(|row| {
            let id = SpanId(row.span_id.cast_unsigned());
            let broken = |column| Error::BrokenRow {
                table: "spans",
                column,
                row: format!("{}/{id}", grant.id()),
                reason: "not what was written".to_owned(),
            };
            Ok(Span {
                id,
                parent: row.parent_id.map(|parent| SpanId(parent.cast_unsigned())),
                name: row.name,
                kind: parse("spans", "kind", id, SpanKind::from_number(row.kind))?,
                start: row.start_time,
                end: row.end_time,
                status: parse("spans", "status", id, SpanStatus::from_name(&row.status))?,
                message: row.message,
                attributes: text::read_attributes(&row.attributes).ok_or_else(|| broken("attributes"))?,
                events: text::read_events(&row.events).ok_or_else(|| broken("events"))?,
                links: text::read_links(&row.links).ok_or_else(|| broken("links"))?,
            })
        })
        .collect()
}
