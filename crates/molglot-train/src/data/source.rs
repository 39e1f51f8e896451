//! Reads a table of molecules row by row, from TSV, CSV or JSON lines, plain or gzip.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::bytes::{self, Line, Lines};
use super::config::{DataConfig, TableFormat};
use super::csv_record::{self, CsvRecord};
use super::error::{DataError, RowError};
use super::record::Record;
use crate::suggest::closest;

/// Column names that are tried, in any case, where the recipe names none.
const ID: [&str; 3] = ["cid", "id", "name"];
const SMILES: [&str; 2] = ["smiles", "canonical_smiles"];
const CAPTION: [&str; 3] = ["description", "caption", "text"];

/// How many lines of a JSON lines file are tried for a first object, whose keys then stand for a header.
const HEADER_LINES: usize = 100;

/// A table being read: an iterator of records and row errors, never holding more than a row.
///
/// The rules are those of the file formats as they are found in the wild:
///
/// - in `.tsv` and `.txt` a quote is text; in `.csv` it quotes;
/// - in every format `\\` in a SMILES becomes `\`. ChEBI-20 doubles every backslash, two in a row are never valid SMILES,
///   and [`TableReader::unescaped`] counts the rows this touched;
/// - a row with the wrong number of fields, an empty field, a byte that is not UTF-8 or too many bytes is a [`RowError`];
/// - blank lines are no rows; a byte order mark and Windows line ends are taken off.
pub struct TableReader {
    file: PathBuf,
    lines: Lines,
    shape: Shape,
    limit: usize,
    rows: u64,
    unescaped: u64,
    ended: bool,
}

/// What tells the fields of a row apart.
enum Shape {
    Tsv(Columns),
    Csv(Columns),
    Jsonl(Keys),
}

/// Positions of the columns in the header.
struct Columns {
    count: usize,
    id: Option<usize>,
    smiles: usize,
    caption: Option<usize>,
}

/// Names of the keys in a JSON object.
struct Keys {
    id: Option<String>,
    smiles: String,
    caption: Option<String>,
}

/// The fields of a row that are wanted; `None` where the table has no such column.
struct Cells {
    id: Option<String>,
    smiles: String,
    caption: Option<String>,
}

/// Why a row is unusable, and its id if that could be read.
struct Flaw {
    id: Option<String>,
    reason: String,
}

impl TableReader {
    /// Opens the table and reads its header (of JSON lines, the keys of the first object).
    ///
    /// # Errors
    ///
    /// [`DataError`] if the file cannot be opened, its format is not known, or a column is missing or ambiguous.
    pub fn open(config: &DataConfig) -> Result<Self, DataError> {
        let file = config.path.clone();
        let format = config.format()?;
        let unreadable = |error: io::Error| DataError::Unreadable {
            file: file.clone(),
            reason: error.to_string(),
        };
        let reader = bytes::open(&file).map_err(unreadable)?;
        let limit = config.max_row_bytes;
        let mut lines = Lines::new(reader, limit);
        let shape = match format {
            TableFormat::Tsv | TableFormat::Csv => {
                let header = header(&mut lines, format, limit, &file)?;
                let columns = columns(config, &header)?;
                if format == TableFormat::Tsv {
                    Shape::Tsv(columns)
                } else {
                    Shape::Csv(columns)
                }
            }
            TableFormat::Jsonl => {
                let names = first_keys(&mut lines).map_err(unreadable)?;
                if names.is_empty() {
                    return Err(DataError::Empty { file });
                }
                let columns = columns(config, &names)?;
                let name = |index: usize| names[index].clone();
                Shape::Jsonl(Keys {
                    id: columns.id.map(name),
                    smiles: name(columns.smiles),
                    caption: columns.caption.map(name),
                })
            }
        };
        Ok(Self {
            file,
            lines,
            shape,
            limit,
            rows: 0,
            unescaped: 0,
            ended: false,
        })
    }

    /// The file being read.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Rows read so far, usable or not.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Rows so far in whose SMILES doubled backslashes were undone.
    #[must_use]
    pub fn unescaped(&self) -> u64 {
        self.unescaped
    }

    /// The next row and its line, or `None` at the end.
    fn row(&mut self) -> io::Result<Option<(u64, Result<Cells, Flaw>)>> {
        if let Shape::Csv(columns) = &self.shape {
            let record = csv_record::next(&mut self.lines, self.limit)?;
            return Ok(record.map(|record| match record {
                CsvRecord::Fields { line, fields } => {
                    let fields: Vec<&[u8]> = fields.iter().map(Vec::as_slice).collect();
                    (line, columns.cells(&fields))
                }
                CsvRecord::Bad { line, reason } => (line, Err(Flaw { id: None, reason })),
            }));
        }
        let line = loop {
            match self.lines.next()? {
                None => return Ok(None),
                Some(line) if line.is_blank() => {}
                Some(line) => break line,
            }
        };
        let cells = match (&line.bytes, &self.shape) {
            (None, _) => Err(Flaw {
                id: None,
                reason: format!("the row is longer than {} bytes", self.limit),
            }),
            (Some(bytes), Shape::Tsv(columns) | Shape::Csv(columns)) => {
                let fields: Vec<&[u8]> = bytes.split(|&byte| byte == b'\t').collect();
                columns.cells(&fields)
            }
            (Some(bytes), Shape::Jsonl(keys)) => keys.cells(bytes),
        };
        Ok(Some((line.number, cells)))
    }

    /// The record of a row whose cells could be told apart.
    fn record(&mut self, line: u64, cells: Cells) -> Result<Record, Flaw> {
        let id = match cells.id {
            Some(id) => id.trim().to_owned(),
            None => format!("row-{}", self.rows),
        };
        let flaw = |id: Option<String>, reason: &str| Flaw {
            id,
            reason: reason.to_owned(),
        };
        if id.is_empty() {
            return Err(flaw(None, "the id is empty"));
        }
        let smiles = cells.smiles.trim();
        if smiles.is_empty() {
            return Err(flaw(Some(id), "the SMILES is empty"));
        }
        let caption = match cells.caption {
            Some(caption) if caption.trim().is_empty() => {
                return Err(flaw(Some(id), "the caption is empty"));
            }
            Some(caption) => caption.trim().to_owned(),
            None => String::new(),
        };
        let single = smiles.replace("\\\\", "\\");
        if single.len() != smiles.len() {
            self.unescaped += 1;
        }
        Ok(Record {
            id,
            smiles: single,
            caption,
            line,
        })
    }
}

impl Iterator for TableReader {
    type Item = Result<Record, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        match self.row() {
            Ok(Some((line, cells))) => {
                self.rows += 1;
                Some(
                    cells
                        .and_then(|cells| self.record(line, cells))
                        .map_err(|flaw| RowError::new(&self.file, line, flaw.id, flaw.reason)),
                )
            }
            Ok(None) => {
                self.ended = true;
                None
            }
            Err(error) => {
                self.ended = true;
                let line = self.lines.number() + 1;
                let reason = format!("cannot read on: {error}");
                let mut error = RowError::new(&self.file, line, None, reason);
                error.fatal = true;
                Some(Err(error))
            }
        }
    }
}

impl Columns {
    fn cells(&self, fields: &[&[u8]]) -> Result<Cells, Flaw> {
        // The id first: it makes every other complaint about the row easier to follow.
        let id = self
            .id
            .and_then(|column| fields.get(column))
            .and_then(|field| std::str::from_utf8(field).ok())
            .map(|field| field.trim().to_owned())
            .filter(|field| !field.is_empty());
        if fields.len() != self.count {
            let reason = format!(
                "the row has {} fields, the header has {}",
                fields.len(),
                self.count
            );
            return Err(Flaw { id, reason });
        }
        let mut texts = Vec::with_capacity(fields.len());
        for (column, field) in fields.iter().enumerate() {
            match std::str::from_utf8(field) {
                Ok(text) => texts.push(text),
                Err(error) => {
                    let reason = format!(
                        "field {} is not UTF-8 (byte {} of it)",
                        column + 1,
                        error.valid_up_to() + 1
                    );
                    return Err(Flaw { id, reason });
                }
            }
        }
        Ok(Cells {
            id: self.id.map(|_| id.unwrap_or_default()),
            smiles: texts[self.smiles].to_owned(),
            caption: self.caption.map(|column| texts[column].to_owned()),
        })
    }
}

impl Keys {
    fn cells(&self, bytes: &[u8]) -> Result<Cells, Flaw> {
        let object: Map<String, Value> = serde_json::from_slice(bytes).map_err(|error| Flaw {
            id: None,
            reason: format!("not a JSON object: {error}"),
        })?;
        let text = |key: &String, id: &Option<String>| {
            text_of(&object, key).map_err(|reason| Flaw {
                id: id.clone(),
                reason,
            })
        };
        let id = self.id.as_ref().map(|key| text(key, &None)).transpose()?;
        let smiles = text(&self.smiles, &id)?;
        let caption = self.caption.as_ref().map(|key| text(key, &id));
        Ok(Cells {
            caption: caption.transpose()?,
            id,
            smiles,
        })
    }
}

fn text_of(object: &Map<String, Value>, key: &str) -> Result<String, String> {
    match object.get(key) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        Some(_) => Err(format!("{key:?} is neither text nor a number")),
        None => Err(format!("there is no {key:?}")),
    }
}

fn header(
    lines: &mut Lines,
    format: TableFormat,
    limit: usize,
    file: &Path,
) -> Result<Vec<String>, DataError> {
    let unreadable = |reason: String| DataError::Unreadable {
        file: file.to_owned(),
        reason,
    };
    let fields = if format == TableFormat::Csv {
        match csv_record::next(lines, limit).map_err(|error| unreadable(error.to_string()))? {
            Some(CsvRecord::Fields { fields, .. }) => fields,
            Some(CsvRecord::Bad { reason, .. }) => {
                return Err(unreadable(format!("the header: {reason}")));
            }
            None => {
                return Err(DataError::Empty {
                    file: file.to_owned(),
                });
            }
        }
    } else {
        match lines
            .next()
            .map_err(|error| unreadable(error.to_string()))?
        {
            Some(Line {
                bytes: Some(bytes), ..
            }) => bytes
                .split(|&byte| byte == b'\t')
                .map(<[u8]>::to_vec)
                .collect(),
            Some(Line { bytes: None, .. }) => {
                return Err(unreadable(format!(
                    "the header is longer than {limit} bytes"
                )));
            }
            None => {
                return Err(DataError::Empty {
                    file: file.to_owned(),
                });
            }
        }
    };
    fields
        .into_iter()
        .map(|field| {
            String::from_utf8(field)
                .map(|name| name.trim().to_owned())
                .map_err(|_| {
                    unreadable("the header is not UTF-8 text; save the file as UTF-8".to_owned())
                })
        })
        .collect()
}

/// The keys of the first object; the lines read for it are handed back.
fn first_keys(lines: &mut Lines) -> io::Result<Vec<String>> {
    let mut seen = Vec::new();
    let mut keys = Vec::new();
    while let Some(line) = lines.next()? {
        if let Some(bytes) = &line.bytes
            && let Ok(object) = serde_json::from_slice::<Map<String, Value>>(bytes)
        {
            keys = object.keys().cloned().collect();
        }
        seen.push(line);
        if !keys.is_empty() || seen.len() >= HEADER_LINES {
            break;
        }
    }
    lines.hand_back(seen);
    Ok(keys)
}

fn columns(config: &DataConfig, header: &[String]) -> Result<Columns, DataError> {
    let pick = |role: &'static str, set: Option<&str>, guesses: &[&str]| {
        pick(config, header, role, set, guesses)
    };
    let missing = |role: &'static str, set: Option<&str>, guesses: &[&str]| {
        missing(config, header, role, set, guesses)
    };
    let (id, smiles, caption) = (
        config.id.as_deref(),
        config.smiles.as_deref(),
        config.caption.as_deref(),
    );
    Ok(Columns {
        count: header.len(),
        id: match pick("id", id, &ID)? {
            None if id.is_some() => return Err(missing("id", id, &ID)),
            column => column,
        },
        smiles: pick("smiles", smiles, &SMILES)?
            .ok_or_else(|| missing("smiles", smiles, &SMILES))?,
        caption: match caption {
            Some("") => None,
            _ => Some(
                pick("caption", caption, &CAPTION)?
                    .ok_or_else(|| missing("caption", caption, &CAPTION))?,
            ),
        },
    })
}

/// The column with the name that is set, exactly, else in another case; or with the first guess there is.
fn pick(
    config: &DataConfig,
    header: &[String],
    role: &'static str,
    set: Option<&str>,
    guesses: &[&str],
) -> Result<Option<usize>, DataError> {
    let exact = |name: &str| -> Vec<usize> {
        let same = |wanted: &str| -> Vec<usize> {
            (0..header.len())
                .filter(|&column| header[column] == wanted)
                .collect()
        };
        let found = same(name);
        if found.is_empty() {
            (0..header.len())
                .filter(|&column| header[column].eq_ignore_ascii_case(name))
                .collect()
        } else {
            found
        }
    };
    for name in set.map_or_else(|| guesses.to_vec(), |name| vec![name]) {
        match exact(name)[..] {
            [] => {}
            [column] => return Ok(Some(column)),
            [column, ..] => {
                return Err(DataError::DoubleColumn {
                    file: config.path.clone(),
                    role,
                    name: header[column].clone(),
                });
            }
        }
    }
    Ok(None)
}

fn missing(
    config: &DataConfig,
    header: &[String],
    role: &'static str,
    set: Option<&str>,
    guesses: &[&str],
) -> DataError {
    let wanted = match set {
        Some(name) => format!("{name:?}"),
        None => guesses
            .iter()
            .map(|name| format!("{name:?}"))
            .collect::<Vec<_>>()
            .join(" or "),
    };
    let near = set.and_then(|name| closest(name, header));
    let remedy = match (near, role) {
        (Some(near), _) => format!("did you mean `{role} = {near:?}`?"),
        (None, "caption") => {
            "name it with `caption = \"...\"` beside the path, or say `caption = \"\"` if there is none"
                .to_owned()
        }
        (None, _) => format!("name it with `{role} = \"...\"` beside the path"),
    };
    DataError::MissingColumn {
        file: config.path.clone(),
        role,
        wanted,
        found: header.join(", "),
        remedy,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::path::PathBuf;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::{DataConfig, DataError, Record, RowError, TableReader};
    use crate::data::{HeldOut, Split};

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
            let path = self.0.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        }
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn rows(config: &DataConfig) -> Vec<Result<Record, RowError>> {
        TableReader::open(config).unwrap().collect()
    }

    fn record(id: &str, smiles: &str, caption: &str, line: u64) -> Record {
        Record {
            id: id.to_owned(),
            smiles: smiles.to_owned(),
            caption: caption.to_owned(),
            line,
        }
    }

    const TSV: &[u8] =
        b"CID\tSMILES\tdescription\n1\tCCO\tan \"alcohol\"\r\n\n2\tF/C=C\\\\F\t\"cis\n";

    #[test]
    fn tsv_takes_quotes_as_text_and_undoes_doubled_backslashes() {
        let folder = Folder::new();
        let config = DataConfig::new(folder.file("a.tsv", TSV));
        let mut reader = TableReader::open(&config).unwrap();
        let found: Vec<Record> = reader.by_ref().map(Result::unwrap).collect();
        assert_eq!(
            found,
            [
                record("1", "CCO", "an \"alcohol\"", 2),
                record("2", "F/C=C\\F", "\"cis", 4),
            ]
        );
        assert_eq!((reader.rows(), reader.unescaped()), (2, 1));
    }

    #[test]
    fn gzip_is_known_by_content() {
        let folder = Folder::new();
        let plain = rows(&DataConfig::new(folder.file("a.tsv", TSV)));
        assert_eq!(
            rows(&DataConfig::new(folder.file("b.tsv.gz", &gzip(TSV)))),
            plain
        );
        assert_eq!(
            rows(&DataConfig::new(folder.file("c.tsv", &gzip(TSV)))),
            plain
        );
        let mut two = gzip(&TSV[..40]);
        two.extend(gzip(&TSV[40..]));
        assert_eq!(rows(&DataConfig::new(folder.file("d.txt", &two))), plain);
    }

    #[test]
    fn a_cut_off_gzip_is_fatal() {
        let folder = Folder::new();
        let whole = gzip(TSV);
        let config = DataConfig::new(folder.file("a.tsv.gz", &whole[..whole.len() - 12]));
        let errors: Vec<RowError> = rows(&config).into_iter().filter_map(Result::err).collect();
        assert_eq!(errors.len(), 1);
        assert!(errors[0].fatal, "{}", errors[0]);
    }

    #[test]
    fn csv_quotes() {
        let folder = Folder::new();
        let text = "name,p_np,smiles,Text\n\"a,\nb\",1,CCO,\"say \"\"hi\"\"\"\nc,0,C,x\n";
        let found = rows(&DataConfig::new(folder.file("a.csv", text.as_bytes())));
        assert_eq!(
            found,
            [
                Ok(record("a,\nb", "CCO", "say \"hi\"", 2)),
                Ok(record("c", "C", "x", 4)),
            ]
        );
    }

    #[test]
    fn json_lines() {
        let folder = Folder::new();
        let text = concat!(
            "not json\n",
            "{\"id\": 7, \"smiles\": \"F/C=C\\\\F\", \"caption\": \"x\"}\n\n",
            "{\"id\": \"8\", \"smiles\": \"C\"}\n",
            "{\"id\": \"9\", \"smiles\": null, \"caption\": \"x\"}\n",
        );
        let found = rows(&DataConfig::new(folder.file("a.jsonl", text.as_bytes())));
        let shown: Vec<(u64, Option<&str>, &str)> = found
            .iter()
            .map(|row| match row {
                Ok(row) => (row.line, Some(row.id.as_str()), row.smiles.as_str()),
                Err(error) => (error.line, error.id.as_deref(), error.reason.as_str()),
            })
            .collect();
        assert_eq!(shown[0].0, 1);
        assert!(
            shown[0].2.starts_with("not a JSON object"),
            "{}",
            shown[0].2
        );
        assert_eq!(
            shown[1..],
            [
                (2, Some("7"), "F/C=C\\F"),
                (4, Some("8"), "there is no \"caption\""),
                (5, Some("9"), "\"smiles\" is neither text nor a number"),
            ]
        );
    }

    #[test]
    fn bad_rows_do_not_stop_the_others() {
        let folder = Folder::new();
        let mut text = b"id\tsmiles\ttext\n1\tC\n2\tC\tx\ty\n3\t\tx\n4\tC\t \n\tC\tx\n6\tC\t\xff\n\xff\tC\tx\n"
            .to_vec();
        text.extend(b"8\tC\t");
        text.extend([b'x'; 100]);
        text.extend(b"\n9\tC\tx");
        let mut config = DataConfig::new(folder.file("a.tsv", &text));
        config.max_row_bytes = 64;
        let found = rows(&config);
        let errors: Vec<(u64, Option<&str>, &str)> = found
            .iter()
            .filter_map(|row| row.as_ref().err())
            .map(|error| (error.line, error.id.as_deref(), error.reason.as_str()))
            .collect();
        assert_eq!(
            errors,
            [
                (2, Some("1"), "the row has 2 fields, the header has 3"),
                (3, Some("2"), "the row has 4 fields, the header has 3"),
                (4, Some("3"), "the SMILES is empty"),
                (5, Some("4"), "the caption is empty"),
                (6, None, "the id is empty"),
                (7, Some("6"), "field 3 is not UTF-8 (byte 1 of it)"),
                (8, None, "field 1 is not UTF-8 (byte 1 of it)"),
                (9, None, "the row is longer than 64 bytes"),
            ]
        );
        assert_eq!(found.last().unwrap(), &Ok(record("9", "C", "x", 10)));
    }

    #[test]
    fn columns_can_be_named_or_absent() {
        let folder = Folder::new();
        let path = folder.file("a.csv", b"num,structure,note\n5,CC,ethane\n6,C,methane\n");
        let mut config = DataConfig::new(path);
        config.smiles = Some("Structure".to_owned());
        config.caption = Some(String::new());
        assert_eq!(rows(&config)[1], Ok(record("row-2", "C", "", 3)));
        config.id = Some("num".to_owned());
        config.caption = Some("note".to_owned());
        assert_eq!(rows(&config)[0], Ok(record("5", "CC", "ethane", 2)));
    }

    #[test]
    fn a_missing_column_is_explained() {
        let folder = Folder::new();
        let path = folder.file("a.csv", b"num,structure,note\n");
        let mut config = DataConfig::new(path);
        let message = |config: &DataConfig| TableReader::open(config).err().unwrap().to_string();
        assert!(message(&config).ends_with(
            "there is no column \"smiles\" or \"canonical_smiles\" for the smiles; the columns are: num, structure, \
             note; name it with `smiles = \"...\"` beside the path"
        ));
        config.smiles = Some("structures".to_owned());
        assert!(message(&config).contains("did you mean `smiles = \"structure\"`?"));
        config.smiles = Some("structure".to_owned());
        assert!(message(&config).contains("say `caption = \"\"`"));
        let twice = DataConfig::new(folder.file("b.tsv", b"id\tsmiles\tSmiles\ttext\n"));
        assert!(TableReader::open(&twice).is_ok(), "the exact name wins");
        let twice = DataConfig::new(folder.file("c.tsv", b"id\tSMILES\tSmiles\ttext\n"));
        assert!(matches!(
            TableReader::open(&twice),
            Err(DataError::DoubleColumn { role: "smiles", .. })
        ));
    }

    #[test]
    fn files_that_are_no_tables_are_errors() {
        let folder = Folder::new();
        let open = |path: PathBuf| TableReader::open(&DataConfig::new(path)).err().unwrap();
        assert!(matches!(
            open(folder.file("a.xyz", b"")),
            DataError::UnknownFormat { .. }
        ));
        assert!(matches!(
            open(folder.file("a.tsv", b"")),
            DataError::Empty { .. }
        ));
        assert!(matches!(
            open(folder.file("a.csv", b"\n\n")),
            DataError::Empty { .. }
        ));
        assert!(matches!(
            open(folder.file("a.jsonl", b"x\n")),
            DataError::Empty { .. }
        ));
        assert!(matches!(
            open(folder.0.path().join("none.tsv")),
            DataError::Unreadable { .. }
        ));
        assert!(matches!(
            open(folder.0.path().join("")),
            DataError::UnknownFormat { .. }
        ));
    }

    #[test]
    fn a_long_line_is_read_in_bounded_memory() {
        let folder = Folder::new();
        let mut text = b"id\tsmiles\ttext\n1\tC\t".to_vec();
        text.resize(64 << 20, b'x');
        text.extend(b"\n2\tC\tx\n");
        let found = rows(&DataConfig::new(folder.file("bomb.tsv.gz", &gzip(&text))));
        assert_eq!(found.len(), 2);
        assert!(found[0].is_err() && found[1].is_ok());
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_crash(
            rows in proptest::collection::vec(
                prop_oneof![
                    "[a-zC=\\\\\t\",\r\n{}:]{0,30}".prop_map(String::into_bytes),
                    proptest::collection::vec(any::<u8>(), 0..30),
                ],
                0..12,
            ),
            limit in 1_usize..64,
        ) {
            let folder = Folder::new();
            for (name, header) in [
                ("a.tsv", "id\tsmiles\ttext"),
                ("a.csv", "id,smiles,text"),
                ("a.jsonl", "{\"id\":1,\"smiles\":\"C\",\"text\":\"x\"}"),
                ("b.tsv", ""),
                ("b.csv", ""),
                ("b.jsonl", ""),
            ] {
                let mut text = header.as_bytes().to_vec();
                for row in &rows {
                    text.push(b'\n');
                    text.extend(row);
                }
                let mut config = DataConfig::new(folder.file(name, &text));
                config.max_row_bytes = limit;
                if let Ok(mut reader) = TableReader::open(&config) {
                    let found = reader.by_ref().count() as u64;
                    prop_assert_eq!(found, reader.rows());
                }
            }
        }
    }

    /// The corpora are not part of the project; see docs/data.md.
    fn corpus(path: &str) -> Option<PathBuf> {
        let path = std::env::var_os("MOLGLOT_CORPORA").map(|root| PathBuf::from(root).join(path));
        if path.is_none() {
            eprintln!("skipped: MOLGLOT_CORPORA is not set");
        }
        path
    }

    #[test]
    fn chebi20_is_read_whole() {
        let Some(path) = corpus("chebi20/validation.tsv") else {
            return;
        };
        let config = DataConfig::new(path);
        let mut reader = TableReader::open(&config).unwrap();
        let records: Vec<Record> = reader.by_ref().map(Result::unwrap).collect();
        assert_eq!(
            (records.len(), reader.rows(), reader.unescaped()),
            (3301, 3301, 502)
        );
        assert!(!records.iter().any(|record| record.smiles.contains("\\\\")));
        assert_eq!(
            records
                .iter()
                .filter(|record| record.smiles.contains('\\'))
                .count(),
            502
        );
        let quotes = records.iter().filter(|record| record.caption.contains('"'));
        assert_eq!(quotes.count(), 4);
        assert_eq!(records[3300].line, 3302);
        let ids: Vec<&str> = records.iter().map(|record| record.id.as_str()).collect();
        let split = Split::new(&ids, HeldOut::Count(401), "molglot").unwrap();
        assert_eq!((split.train.len(), split.held_out.len()), (2900, 401));
    }

    #[test]
    fn property_tables_are_read_whole() {
        for (name, id, caption, rows) in [
            ("esol", None, "", 1128),
            ("lipo", None, "exp", 4200),
            ("bbbp", Some("num"), "p_np", 2050),
        ] {
            let Some(path) = corpus(&format!("properties/{name}.csv")) else {
                return;
            };
            let mut config = DataConfig::new(path);
            config.caption = Some(caption.to_owned());
            config.id = id.map(str::to_owned);
            let reader = TableReader::open(&config).unwrap();
            assert_eq!(reader.filter(Result::is_ok).count(), rows, "{name}");
        }
    }
}
