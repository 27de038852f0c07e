//! A table of runs as a file: CSV or Parquet with the columns that are shown or with all there are, JSON with all that was
//! logged of each run.
//!
//! Owns: the way through the table, the stream of pieces that whoever saves it fetches, the columns (`field`), how they are
//! written (`text`, `columnar`), and how many files are written at once (`turn`).
//! Must never: hold a whole table; let a part of one pass for the whole.
//! Start reading at [`runs`]. To add a kind of file: a variant of [`Form`], the compiler shows the rest.

mod columnar;
mod field;
mod text;
mod turn;

use crate::{identity::SignedIn, wire::error::WireError};
use app::column::read_columns;
use axum::{
    body::Body,
    extract::{Path, Query},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use columnar::Columnar;
use domain::{Acting, run::SearchRuns};
use field::{Field, Keys};
use futures::stream;
use http::{StatusCode, header};
use model::{Code, ExperimentId, Problem, RunId, experiment::ViewType, run::Run};
use std::{collections::HashMap, io, time::Duration};
use tokio::{sync::mpsc, task::spawn_blocking, time::timeout};
use turn::Turn;

/// Runs that are looked up at once.
const PORTION: i64 = 100;
/// Runs that an address can name.
const NAMED: usize = 200;
/// How often a table that grows meanwhile is asked for more, at most: a million runs.
const PORTIONS: usize = 10_000;
/// Columns of a file at most.
const MOST_COLUMNS: usize = 5_000;
/// Pieces of a file that wait to be fetched, and how long the first of them waits until nobody is taken to want it any more.
const AHEAD: usize = 2;
const PATIENCE: Duration = Duration::from_secs(60);

/// What kind of file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Csv,
    Json,
    Parquet,
}

impl Form {
    fn of(file: &str) -> Option<Self> {
        let forms = [Self::Csv, Self::Json, Self::Parquet];
        forms.into_iter().find(|form| file == format!("runs.{}", form.ending()))
    }

    fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Parquet => "parquet",
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }
}

/// Where runs of several experiments are, which must be named.
const ALL: &str = "all";

/// `GET /export/runs/{experiment}/runs.csv`, `runs.parquet` or `runs.json`, with the query of the table's page; `runs` names
/// some alone, of any experiment if `{experiment}` is `all`. Without `columns`, and with `columns=all`, there is one for each
/// key that the runs have.
pub async fn runs(
    SignedIn(acting): SignedIn,
    Path((experiment, file)): Path<(String, String)>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, WireError> {
    let text = |key: &str| query.get(key).map(String::as_str).unwrap_or_default();
    let missing = || Problem::missing("There is no such file.");
    let experiment = match experiment.as_str() {
        ALL => None,
        number => Some(ExperimentId(number.parse().map_err(|_| missing())?)),
    };
    let form = Form::of(&file).ok_or_else(missing)?;
    // Whoever may not read it is told so before the file begins.
    let name = match experiment {
        Some(experiment) => acting.get_experiment(experiment).await?.name,
        None => "runs".to_owned(),
    };
    let named: Vec<RunId> = text("runs").split(',').filter_map(|id| id.trim().parse().ok()).collect();
    if named.len() > NAMED {
        return Err(Problem::invalid(format!("An address names at most {NAMED} runs.")).into());
    }
    if named.is_empty() && experiment.is_none() {
        return Err(Problem::invalid("Say which runs the file is to hold.").into());
    }
    let turn = Turn::of(acting.caller().name())?;
    let order: Vec<String> =
        text("order").split(',').map(str::trim).filter(|by| !by.is_empty()).map(str::to_owned).collect();
    let walk = Walk {
        acting,
        experiment,
        named,
        filter: text("filter").trim().to_owned(),
        order,
        view: if text("view") == "trash" { ViewType::DeletedOnly } else { ViewType::ActiveOnly },
        most: PORTIONS,
    };
    let columns = Some(text("columns")).filter(|columns| *columns != "all").and_then(read_columns);
    // Mistakes are told before the file begins, too.
    let first = walk.portion("").await?;
    let fields = match (form, columns) {
        (Form::Json, _) => Vec::new(),
        (_, Some(columns)) => field::shown(columns.into_iter().map(|shown| shown.column)),
        (_, None) => walk.keys(&first).await?.fields(),
    };
    let writer = Writer::new(form, fields)?;
    let (sender, pieces) = mpsc::channel(AHEAD);
    tokio::spawn(write(walk, first, writer, sender, turn));
    let whole = stream::try_unfold(pieces, |mut pieces: mpsc::Receiver<Piece>| async move {
        match pieces.recv().await {
            Some(Piece::Next(bytes)) => Ok(Some((bytes, pieces))),
            Some(Piece::End) => Ok(None),
            // The connection breaks off, so that nobody takes a part for the whole.
            None => Err(io::Error::other("the table was not written to its end")),
        }
    });
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '_' }).collect();
    let disposition = format!("attachment; filename=\"{plain}.{}\"", form.ending());
    Ok((
        StatusCode::OK,
        [
            (header::CONTENT_TYPE, form.content_type().to_owned()),
            (header::CONTENT_DISPOSITION, disposition),
            (header::CACHE_CONTROL, "no-store".to_owned()),
        ],
        Body::from_stream(whole),
    )
        .into_response())
}

/// A piece of a file.
#[derive(Debug)]
enum Piece {
    Next(Bytes),
    End,
}

/// Runs, and what leads to those behind them.
type Portion = (Vec<Run>, Option<String>);

/// Writes a file to its end, or until something fails or nobody wants it any more: then it just stops.
async fn write(
    walk: Walk,
    first: Portion,
    mut writer: Writer,
    pieces: mpsc::Sender<Piece>,
    turn: Turn,
) -> Option<()> {
    let _turn = turn;
    let mut portion = Some(first);
    for _ in 0..walk.most {
        let Some((runs, next)) = portion.take() else { break };
        // Thousands of columns take a while: not on an async thread.
        let written = spawn_blocking(move || {
            let bytes = writer.write(&runs);
            (writer, bytes)
        });
        let (back, bytes) = written.await.ok()?;
        writer = back;
        let bytes = bytes.ok()?;
        // Until a group of rows is full there is nothing.
        if !bytes.is_empty() {
            send(&pieces, Piece::Next(Bytes::from(bytes))).await?;
        }
        portion = match next {
            Some(token) => Some(walk.portion(&token).await.ok()?),
            None => None,
        };
    }
    if portion.is_some() {
        tracing::warn!(portions = walk.most, "a table has more runs than a file takes: it breaks off");
        return None;
    }
    let rest = spawn_blocking(move || writer.end()).await.ok()?.ok()?;
    if !rest.is_empty() {
        send(&pieces, Piece::Next(Bytes::from(rest))).await?;
    }
    send(&pieces, Piece::End).await
}

/// Hands a piece to whoever fetches the file; nothing if nobody does.
async fn send(pieces: &mpsc::Sender<Piece>, piece: Piece) -> Option<()> {
    timeout(PATIENCE, pieces.send(piece)).await.ok()?.ok()
}

/// The way through a table.
struct Walk {
    acting: Acting,
    experiment: Option<ExperimentId>,
    /// These runs alone, if there are any.
    named: Vec<RunId>,
    filter: String,
    order: Vec<String>,
    view: ViewType,
    /// Portions at most.
    most: usize,
}

impl Walk {
    async fn portion(&self, token: &str) -> Result<Portion, Problem> {
        if !self.named.is_empty() {
            return Ok((self.acting.get_runs(&self.named).await?, None));
        }
        let search = SearchRuns {
            experiments: self.experiment.as_slice(),
            filter: &self.filter,
            view: self.view,
            max_results: PORTION,
            order_by: &self.order,
            page_token: token,
        };
        let page = self.acting.search_runs(search).await?;
        Ok((page.items, page.next))
    }

    /// The keys that any of the runs has: what a table says of its columns stands before its rows. The first of them are read
    /// already.
    async fn keys(&self, (runs, next): &Portion) -> Result<Keys, Problem> {
        let mut keys = Keys::default();
        keys.learn(runs);
        let mut next = next.clone();
        for _ in 0..self.most {
            if keys.count() > MOST_COLUMNS {
                return Err(Problem::invalid(format!(
                    "These runs have more than {MOST_COLUMNS} metrics, params and tags in all. Choose columns in the table, and export those."
                )));
            }
            let Some(token) = next else { break };
            let (runs, after) = self.portion(&token).await?;
            keys.learn(&runs);
            next = after;
        }
        Ok(keys)
    }
}

/// What makes runs a file.
enum Writer {
    Csv { fields: Vec<Field>, is_begun: bool },
    Json { is_begun: bool, has_runs: bool },
    Parquet(Box<Columnar>),
}

impl Writer {
    fn new(form: Form, fields: Vec<Field>) -> Result<Self, Problem> {
        Ok(match form {
            Form::Csv => Self::Csv { fields, is_begun: false },
            Form::Json => Self::Json { is_begun: false, has_runs: false },
            Form::Parquet => Self::Parquet(Box::new(Columnar::new(fields).map_err(fault)?)),
        })
    }

    /// Takes runs in, and gives what is written of the file since the last time.
    fn write(&mut self, runs: &[Run]) -> Result<Vec<u8>, Problem> {
        match self {
            Self::Csv { fields, is_begun } => {
                let mut lines = if *is_begun { Vec::new() } else { text::head_line(fields)? };
                *is_begun = true;
                for run in runs {
                    lines.extend(text::line(fields, run)?);
                }
                Ok(lines)
            }
            Self::Json { is_begun, has_runs } => {
                let mut lines = if *is_begun { Vec::new() } else { b"[\n".to_vec() };
                *is_begun = true;
                for run in runs {
                    if std::mem::replace(has_runs, true) {
                        lines.extend(b",\n");
                    }
                    lines.extend(text::object(run).to_string().into_bytes());
                }
                Ok(lines)
            }
            Self::Parquet(file) => file.write(runs).map_err(fault),
        }
    }

    /// The rest of the file.
    fn end(self) -> Result<Vec<u8>, Problem> {
        match self {
            Self::Csv { .. } => Ok(Vec::new()),
            Self::Json { .. } => Ok(b"\n]\n".to_vec()),
            Self::Parquet(file) => file.end().map_err(fault),
        }
    }
}

fn fault(error: parquet::errors::ParquetError) -> Problem {
    tracing::error!(%error, "a table can't be written as Parquet");
    Problem::new(Code::InternalError, "The table can't be written.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Caller, Config, Domain};
    use model::{Permission, run::NewRun};

    #[tokio::test(flavor = "multi_thread")]
    async fn a_part_does_not_pass_for_the_whole() {
        let folder = tempfile::tempdir().unwrap();
        let domain = Domain::open(Config {
            backend_store_uri: format!("sqlite:///{}", folder.path().join("runmark.db").display()),
            default_artifact_root: "mlflow-artifacts:/".to_owned(),
            artifacts_destination: folder.path().join("artifacts"),
            default_permission: Permission::Read,
        })
        .await
        .unwrap();
        let acting = domain.act(Caller::Local);
        let experiment = acting.create_experiment("many", "", &[]).await.unwrap();
        for _ in 0..=PORTION {
            let new = NewRun {
                experiment,
                name: "run".to_owned(),
                user: String::new(),
                start_time: 1,
                tags: Vec::new(),
            };
            acting.create_run(new).await.unwrap();
        }
        for (most, is_whole) in [(1, false), (2, true)] {
            let walk = Walk {
                acting: acting.clone(),
                experiment: Some(experiment),
                named: Vec::new(),
                filter: String::new(),
                order: Vec::new(),
                view: ViewType::ActiveOnly,
                most,
            };
            let first = walk.portion("").await.unwrap();
            let writer = Writer::new(Form::Csv, field::shown([])).unwrap();
            let (sender, mut pieces) = mpsc::channel(10);
            write(walk, first, writer, sender, Turn::of("somebody").unwrap()).await;
            let mut has_end = false;
            while let Some(piece) = pieces.recv().await {
                has_end = matches!(piece, Piece::End);
            }
            assert_eq!(has_end, is_whole, "{most} portions at most");
        }
        domain.close().await;
    }

    #[test]
    fn a_file_without_runs_is_whole_too() {
        let check = |form: Form, fields: Vec<Field>, expected: &str| {
            let mut writer = Writer::new(form, fields).unwrap();
            let mut file = writer.write(&[]).unwrap();
            file.extend(writer.write(&[]).unwrap());
            file.extend(writer.end().unwrap());
            assert_eq!(String::from_utf8(file).unwrap(), expected);
        };
        check(Form::Csv, field::shown([]), "run_id,name,status\n");
        check(Form::Json, Vec::new(), "[\n\n]\n");
    }

    #[test]
    fn files_are_known_by_their_names() {
        assert_eq!(Form::of("runs.parquet"), Some(Form::Parquet));
        assert_eq!(Form::of("runs.csv"), Some(Form::Csv));
        assert_eq!(Form::of("runs"), None);
        assert_eq!(Form::of("other.json"), None);
    }
}
