//! Runs as Parquet: columns with types, in groups of rows that are written as soon as they are large enough.

use super::field::{Cell, Field, Kind, Row};
use model::run::Run;
use parquet::{
    basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Stored},
    data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type},
    errors::ParquetError,
    file::{
        properties::{EnabledStatistics, WriterProperties},
        writer::SerializedFileWriter,
    },
    schema::types::Type,
};
use std::sync::Arc;

/// Rows of a group at most, and about how many bytes of them are gathered until the group is written.
const GROUP_ROWS: usize = 65_536;
const GROUP_BYTES: usize = 32 << 20;
/// What a text needs besides its bytes.
const TEXT_BYTES: usize = 48;

/// A file that is being written.
pub struct Columnar {
    fields: Vec<Field>,
    columns: Vec<Gathered>,
    rows: usize,
    bytes: usize,
    writer: SerializedFileWriter<Vec<u8>>,
}

/// What was gathered of a column: its values, and for each row whether it has one (1) or not (0).
struct Gathered {
    values: Values,
    levels: Vec<i16>,
}

enum Values {
    Texts(Vec<ByteArray>),
    Numbers(Vec<f64>),
    Wholes(Vec<i64>),
}

impl Gathered {
    fn of(kind: Kind) -> Self {
        let values = match kind {
            Kind::Text => Values::Texts(Vec::new()),
            Kind::Number => Values::Numbers(Vec::new()),
            Kind::Whole | Kind::Time => Values::Wholes(Vec::new()),
        };
        Self { values, levels: Vec::new() }
    }

    /// Takes in what a row has; tells how many bytes it needs.
    fn push(&mut self, cell: Option<Cell>) -> usize {
        let size = match (&mut self.values, cell) {
            (Values::Texts(values), Some(Cell::Text(text))) => {
                let size = TEXT_BYTES + text.len();
                values.push(ByteArray::from(text.into_bytes()));
                Some(size)
            }
            (Values::Numbers(values), Some(Cell::Number(number))) => {
                values.push(number);
                Some(size_of::<f64>())
            }
            (Values::Wholes(values), Some(Cell::Whole(number))) => {
                values.push(number);
                Some(size_of::<i64>())
            }
            // Nothing is there; a cell of another kind than its field's doesn't exist.
            _ => None,
        };
        self.levels.push(i16::from(size.is_some()));
        size_of::<i16>() + size.unwrap_or_default()
    }

    fn clear(&mut self) {
        self.levels.clear();
        match &mut self.values {
            Values::Texts(values) => values.clear(),
            Values::Numbers(values) => values.clear(),
            Values::Wholes(values) => values.clear(),
        }
    }
}

impl Columnar {
    /// A file with these columns.
    ///
    /// # Errors
    /// If the columns make no file.
    pub fn new(fields: Vec<Field>) -> Result<Self, ParquetError> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            // They help to skip groups of far larger files.
            .set_statistics_enabled(EnabledStatistics::None)
            .build();
        let writer =
            SerializedFileWriter::new(Vec::<u8>::new(), Arc::new(schema(&fields)?), Arc::new(properties))?;
        let columns = fields.iter().map(|field| Gathered::of(field.kind())).collect();
        Ok(Self { fields, columns, rows: 0, bytes: 0, writer })
    }

    /// Takes runs in, and gives what is written of the file since the last time.
    ///
    /// # Errors
    /// If a group of rows can't be written.
    pub fn write(&mut self, runs: &[Run]) -> Result<Vec<u8>, ParquetError> {
        for run in runs {
            let row = Row::new(run);
            for (field, column) in self.fields.iter().zip(&mut self.columns) {
                self.bytes += column.push(field.cell(&row));
            }
            self.rows += 1;
            if self.rows >= GROUP_ROWS || self.bytes >= GROUP_BYTES {
                self.write_group()?;
            }
        }
        Ok(std::mem::take(self.writer.inner_mut()))
    }

    /// The rest of the file.
    ///
    /// # Errors
    /// If the last group of rows can't be written.
    pub fn end(mut self) -> Result<Vec<u8>, ParquetError> {
        self.write_group()?;
        self.writer.into_inner()
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        for column in &mut self.columns {
            let Some(mut place) = group.next_column()? else { break };
            let levels = Some(column.levels.as_slice());
            match &column.values {
                Values::Texts(values) => {
                    place.typed::<ByteArrayType>().write_batch(values.as_slice(), levels, None)?
                }
                Values::Numbers(values) => {
                    place.typed::<DoubleType>().write_batch(values.as_slice(), levels, None)?
                }
                Values::Wholes(values) => {
                    place.typed::<Int64Type>().write_batch(values.as_slice(), levels, None)?
                }
            };
            place.close()?;
            column.clear();
        }
        group.close()?;
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }
}

/// The columns by name and type. Any run may lack anything.
fn schema(fields: &[Field]) -> Result<Type, ParquetError> {
    let column = |field: &Field| -> Result<Arc<Type>, ParquetError> {
        let (stored, meant) = match field.kind() {
            Kind::Text => (Stored::BYTE_ARRAY, Some(LogicalType::String)),
            Kind::Number => (Stored::DOUBLE, None),
            Kind::Whole => (Stored::INT64, None),
            Kind::Time => (Stored::INT64, Some(LogicalType::timestamp(true, TimeUnit::MILLIS))),
        };
        let column = Type::primitive_type_builder(&field.to_string(), stored)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(meant)
            .build()?;
        Ok(Arc::new(column))
    };
    let columns = fields.iter().map(column).collect::<Result<Vec<_>, ParquetError>>()?;
    Type::group_type_builder("runs").with_fields(columns).build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::column::Column;
    use bytes::Bytes;
    use model::{
        ExperimentId,
        experiment::Lifecycle,
        metric::{MetricSummary, Point},
        run::{RunInfo, RunStatus, Tag},
    };
    use parquet::{
        file::{reader::FileReader, serialized_reader::SerializedFileReader},
        record::RowAccessor,
    };

    fn run(name: &str, loss: Option<f64>) -> Run {
        let info = RunInfo {
            id: "0af7651916cd43dd8448eb211c80319c".parse().unwrap(),
            experiment: ExperimentId(1),
            name: name.to_owned(),
            user: String::new(),
            status: RunStatus::Running,
            start_time: 1_700_000_000_123,
            end_time: None,
            artifact_uri: String::new(),
            lifecycle: Lifecycle::Active,
        };
        let point = |value| Point { step: 0, timestamp: 0, value };
        Run {
            info,
            metrics: loss.map(|loss| MetricSummary::of("loss", point(loss))).into_iter().collect(),
            params: vec![Tag { key: "lr".to_owned(), value: "0.1".to_owned() }],
            tags: Vec::new(),
            datasets: Vec::new(),
            model_inputs: Vec::new(),
            model_outputs: Vec::new(),
        }
    }

    fn read(parts: Vec<Vec<u8>>) -> SerializedFileReader<Bytes> {
        SerializedFileReader::new(Bytes::from(parts.concat())).unwrap()
    }

    #[test]
    fn a_file_reads_back_with_what_is_missing() {
        let fields = super::super::field::shown([
            Column::Started,
            Column::Duration,
            Column::metric("loss"),
            Column::Param("lr".to_owned()),
        ]);
        let mut file = Columnar::new(fields).unwrap();
        let mut parts = vec![file.write(&[run("a", Some(0.5)), run("ä", None)]).unwrap()];
        parts.push(file.write(&[run("c", Some(f64::NAN))]).unwrap());
        parts.push(file.end().unwrap());
        let reader = read(parts);
        let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 3);
        assert_eq!(rows[1].get_string(1).unwrap(), "ä");
        assert_eq!(rows[0].get_timestamp_millis(3).unwrap(), 1_700_000_000_123);
        assert!(rows[0].get_long(4).is_err(), "it hasn't ended");
        assert_eq!(rows[0].get_double(5).unwrap(), 0.5);
        assert!(rows[1].get_double(5).is_err());
        assert!(rows[2].get_double(5).unwrap().is_nan());
        assert_eq!(rows[2].get_string(6).unwrap(), "0.1");
    }

    #[test]
    fn rows_are_written_in_groups_and_none_make_an_empty_file() {
        let fields = || super::super::field::shown([]);
        let mut file = Columnar::new(fields()).unwrap();
        let runs: Vec<Run> = (0..1000).map(|_| run("x", None)).collect();
        let mut parts: Vec<Vec<u8>> = (0..70).map(|_| file.write(&runs).unwrap()).collect();
        assert!(file.rows < GROUP_ROWS);
        parts.push(file.end().unwrap());
        let reader = read(parts);
        let groups = reader.metadata().row_groups();
        assert_eq!(groups.iter().map(|group| group.num_rows()).sum::<i64>(), 70_000);
        assert_eq!(groups.len(), 2);
        let reader = read(vec![Columnar::new(fields()).unwrap().end().unwrap()]);
        assert_eq!(reader.metadata().file_metadata().num_rows(), 0);
    }
}
