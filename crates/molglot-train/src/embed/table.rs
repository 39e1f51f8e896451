//! Features as a Parquet table: a row a record, its features as lists.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom, Write},
    path::Path,
    sync::Arc,
};

use parquet::{
    column::{reader::ColumnReader, writer::ColumnWriterImpl},
    data_type::{ByteArray, ByteArrayType, DataType, FloatType, Int64Type},
    errors::ParquetError,
    file::{
        metadata::KeyValue,
        properties::{EnabledStatistics, WriterProperties},
        reader::{FileReader, RowGroupReader, SerializedFileReader},
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::{parser::parse_message_type, types::ColumnPath},
};

use super::{
    Level,
    inputs::Key,
    manifest::Entry,
    rows::{self, About, FLOAT},
};

/// Numbers of a row group, but for a single record: 16 MB.
const VALUES: usize = 1 << 22;
/// Records of a row group.
const RECORDS: usize = 1 << 16;
/// What the metadata calls the width of the features.
const WIDTH: &str = "width";

/// A table on its way to a file, a row group at a time.
pub(super) struct TableWriter<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    width: usize,
    group: Group,
}

/// The records of a row group.
#[derive(Default)]
struct Group {
    names: Vec<ByteArray>,
    files: Vec<ByteArray>,
    numbers: Vec<i64>,
    columns: Vec<Column>,
}

/// The features of one level.
struct Column {
    level: Level,
    /// Rows of each record.
    counts: Vec<i64>,
    values: Vec<f32>,
}

/// An error of the format as one of the file that it is written to.
fn io_error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        other => io::Error::other(other),
    }
}

/// Columns of a table: what the record is called, where it stands, and for each level how many rows it has (but for the one of
/// a graph) and the rows themselves, end to end.
fn schema(levels: &[Level]) -> String {
    let mut text =
        "message features { required binary name (STRING); required binary file (STRING); \
                    required int64 number;"
            .to_owned();
    for level in levels {
        if let Some(count) = level.count_column() {
            text.push_str(&format!(" required int64 {count};"));
        }
        let name = level.name();
        text.push_str(&format!(
            " required group {name} (LIST) {{ repeated group list {{ required float element; }} }}"
        ));
    }
    text + " }"
}

fn properties(levels: &[Level], about: &About, width: usize) -> WriterProperties {
    let mut entries: Vec<KeyValue> = about
        .iter()
        .map(|(name, value)| KeyValue::new(name.clone(), value.clone()))
        .collect();
    entries.push(KeyValue::new(WIDTH.to_owned(), width.to_string()));
    let mut properties = WriterProperties::builder()
        .set_created_by(concat!("molglot ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_key_value_metadata(Some(entries));
    for level in levels {
        // No feature occurs twice, and nobody looks for records by a single number of theirs.
        let path = || {
            ColumnPath::from(vec![
                level.name().to_owned(),
                "list".into(),
                "element".into(),
            ])
        };
        properties = properties
            .set_column_dictionary_enabled(path(), false)
            .set_column_statistics_enabled(path(), EnabledStatistics::None);
    }
    properties.build()
}

impl<W: Write + Send> TableWriter<W> {
    /// Begins a table of features of `width`.
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    pub(super) fn new(
        output: W,
        levels: &[Level],
        about: &About,
        width: usize,
    ) -> io::Result<Self> {
        let schema = Arc::new(parse_message_type(&schema(levels)).map_err(io_error)?);
        let properties = Arc::new(properties(levels, about, width));
        let column = |&level: &Level| Column {
            level,
            counts: Vec::new(),
            values: Vec::new(),
        };
        Ok(Self {
            writer: SerializedFileWriter::new(output, schema, properties).map_err(io_error)?,
            width,
            group: Group {
                columns: levels.iter().map(column).collect(),
                ..Group::default()
            },
        })
    }

    /// Adds a record. `features` writes its rows of one level after the other behind what is there.
    ///
    /// # Errors
    ///
    /// Where they cannot be read or written.
    pub(super) fn push(
        &mut self,
        key: &Key,
        counts: &[u64],
        mut features: impl FnMut(usize, &mut Vec<f32>) -> io::Result<()>,
    ) -> io::Result<()> {
        self.group.names.push(key.name().as_str().into());
        self.group.files.push(key.file.as_str().into());
        self.group.numbers.push(key.number as i64);
        for (column, &rows) in self.group.columns.iter_mut().zip(counts) {
            features(rows as usize * self.width, &mut column.values)?;
            column.counts.push(rows as i64);
        }
        let values: usize = self
            .group
            .columns
            .iter()
            .map(|column| column.values.len())
            .sum();
        if values >= VALUES || self.group.numbers.len() >= RECORDS {
            self.flush().map_err(io_error)?;
        }
        Ok(())
    }

    /// Writes what is left and the metadata.
    ///
    /// # Errors
    ///
    /// Where they cannot be written.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.flush()
            .and_then(|()| self.writer.close())
            .map_err(io_error)?;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ParquetError> {
        let Group {
            names,
            files,
            numbers,
            columns,
        } = &mut self.group;
        if numbers.is_empty() {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        flat::<ByteArrayType, _>(&mut group, names)?;
        flat::<ByteArrayType, _>(&mut group, files)?;
        flat::<Int64Type, _>(&mut group, numbers)?;
        for column in columns.iter_mut() {
            if column.level.count_column().is_some() {
                flat::<Int64Type, _>(&mut group, &column.counts)?;
            }
            write::<FloatType, _>(&mut group, |writer| column.lists(self.width, writer))?;
            column.counts.clear();
            column.values.clear();
        }
        group.close()?;
        names.clear();
        files.clear();
        numbers.clear();
        Ok(())
    }
}

impl Column {
    /// Writes the rows of each record as one list.
    fn lists(
        &self,
        width: usize,
        writer: &mut ColumnWriterImpl<'_, FloatType>,
    ) -> Result<(), ParquetError> {
        let longest = self.counts.iter().copied().max().unwrap_or(0) as usize * width;
        let (there, mut again) = (vec![1i16; longest], vec![1i16; longest]);
        if let Some(first) = again.first_mut() {
            *first = 0;
        }
        let mut rest = &self.values[..];
        for &rows in &self.counts {
            let (own, others) = rest.split_at(rows as usize * width);
            rest = others;
            match own.len() {
                0 => writer.write_batch(own, Some(&[0]), Some(&[0]))?,
                length => {
                    writer.write_batch(own, Some(&there[..length]), Some(&again[..length]))?
                }
            };
        }
        Ok(())
    }
}

/// Writes the next column of a row group.
fn write<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    fill: impl FnOnce(&mut ColumnWriterImpl<'_, T>) -> Result<(), ParquetError>,
) -> Result<(), ParquetError> {
    let column = group.next_column()?;
    let mut column = column.ok_or_else(|| ParquetError::General("no column is left".to_owned()))?;
    fill(column.typed::<T>())?;
    column.close()
}

/// Writes a value a record as the next column.
fn flat<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[T::T],
) -> Result<(), ParquetError> {
    write::<T, W>(group, |writer| {
        writer.write_batch(values, None, None).map(drop)
    })
}

/// Copies the features of a file of rows into a table.
///
/// # Errors
///
/// Where either file or the manifest fails.
pub(super) fn pack<W: Write + Send>(
    path: &Path,
    entries: impl Iterator<Item = io::Result<Entry>>,
    mut table: TableWriter<W>,
) -> io::Result<()> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(rows::length(0, 0)))?;
    let mut reader = BufReader::new(file);
    let mut bytes = Vec::new();
    for entry in entries {
        let entry = entry?;
        table.push(&entry.key, &entry.rows.0, |count, values| {
            bytes.resize(count * FLOAT as usize, 0);
            reader.read_exact(&mut bytes)?;
            let floats = bytes.as_chunks().0.iter().copied();
            values.extend(floats.map(f32::from_le_bytes));
            Ok(())
        })?;
    }
    table.finish()
}

/// A table on the disk.
pub(super) struct Table(SerializedFileReader<File>);

impl Table {
    /// Opens a table.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read or is none.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let reader = SerializedFileReader::new(File::open(path)?).map_err(io_error)?;
        Ok(Self(reader))
    }

    /// Number of records.
    pub(super) fn records(&self) -> u64 {
        self.0.metadata().file_metadata().num_rows() as u64
    }

    /// What its metadata says about it.
    pub(super) fn about(&self) -> About {
        let entries = self.0.metadata().file_metadata().key_value_metadata();
        let entries = entries.into_iter().flatten();
        entries
            .filter_map(|entry| Some((entry.key.clone(), entry.value.clone()?)))
            .filter(|(name, _)| name != WIDTH)
            .collect()
    }

    /// Copies the features out again, as [`pack`] took them in.
    ///
    /// # Errors
    ///
    /// Where the table has other lists than `entries` say, or a file fails.
    pub(super) fn unpack(
        &self,
        levels: &[Level],
        mut entries: impl Iterator<Item = io::Result<Entry>>,
        width: u64,
        output: &mut dyn Write,
    ) -> io::Result<()> {
        for number in 0..self.0.num_row_groups() {
            let group = self.0.get_row_group(number).map_err(io_error)?;
            let records = group.metadata().num_rows() as usize;
            let columns: Vec<Vec<f32>> = levels
                .iter()
                .map(|level| floats(&*group, *level))
                .collect::<Result<_, _>>()
                .map_err(io_error)?;
            let mut rest: Vec<&[f32]> = columns.iter().map(Vec::as_slice).collect();
            for entry in entries.by_ref().take(records) {
                for (rest, rows) in rest.iter_mut().zip(entry?.rows.0) {
                    let own = rest.split_off(..(rows * width) as usize);
                    for value in own.ok_or_else(differs)? {
                        output.write_all(&value.to_le_bytes())?;
                    }
                }
            }
            if rest.iter().any(|rest| !rest.is_empty()) {
                return Err(differs());
            }
        }
        Ok(())
    }
}

fn differs() -> io::Error {
    io::Error::other("it has other lists than its manifest says")
}

/// All numbers of a level in a row group.
fn floats(group: &dyn RowGroupReader, level: Level) -> Result<Vec<f32>, ParquetError> {
    let columns = group.metadata().columns();
    let of_level = |column: &parquet::file::metadata::ColumnChunkMetaData| {
        column.column_path().parts().first().map(String::as_str) == Some(level.name())
    };
    let place = columns.iter().position(of_level);
    let place =
        place.ok_or_else(|| ParquetError::General(format!("no column {}", level.name())))?;
    let ColumnReader::FloatColumnReader(mut reader) = group.get_column_reader(place)? else {
        return Err(ParquetError::General(format!(
            "{} is no list of floats",
            level.name()
        )));
    };
    let (mut values, mut there, mut again) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        there.clear();
        again.clear();
        let (records, ..) =
            reader.read_records(RECORDS, Some(&mut there), Some(&mut again), &mut values)?;
        if records == 0 {
            return Ok(values);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::manifest::Counts;
    use super::*;

    /// More records than a row group takes, some without rows.
    #[test]
    fn what_is_packed_is_unpacked() {
        let count = RECORDS + 4000;
        let levels = [Level::Graph, Level::Node];
        let about = About::from([("encoder".to_owned(), "a".to_owned())]);
        let entry = |number: usize| Entry {
            key: Key {
                file: "a/b.smi".to_owned(),
                number: number as u64,
                id: number.is_multiple_of(2).then(|| format!("m{number}")),
            },
            rows: Counts(vec![1, number as u64 % 3]),
            error: None,
        };
        let entries = || (1..=count).map(|number| Ok(entry(number)));
        let folder = tempfile::tempdir().unwrap();
        let (rows, table) = (folder.path().join("rows"), folder.path().join("table"));
        let width = 2;
        let total: u64 = (1..=count).map(|number| entry(number).rows.sum()).sum();
        let values: Vec<u8> = (0..total * width)
            .flat_map(|value| (value as f32).to_le_bytes())
            .collect();
        let mut content = rows::header(&about, width, 0, None).unwrap();
        content.extend(&values);
        std::fs::write(&rows, &content).unwrap();
        let file = File::create(&table).unwrap();
        let writer = TableWriter::new(file, &levels, &about, width as usize).unwrap();
        pack(&rows, entries(), writer).unwrap();
        let read = Table::open(&table).unwrap();
        assert_eq!(read.0.num_row_groups(), 2);
        assert_eq!((read.records(), read.about()), (count as u64, about));
        let mut again = Vec::new();
        read.unpack(&levels, entries(), width, &mut again).unwrap();
        assert!(again == values);
        let short = entries().map(|entry: io::Result<Entry>| {
            let mut entry = entry?;
            entry.rows.0[1] = 0;
            Ok(entry)
        });
        assert!(read.unpack(&levels, short, width, &mut Vec::new()).is_err());
    }
}
