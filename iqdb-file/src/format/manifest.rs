//! The manifest: everything that is true of a database except what its log adds.

use std::path::Path;

use iqdb_core::{Error, ErrorKind, Field, Result, Schema, Version};
use xxhash_rust::xxh3::xxh3_64;

use super::dead_rows::{put_dead_rows, take_dead_rows};
use super::file_head::{FORMAT, earlier_version, later_version, put_head};
use super::file_name::FileName;
use super::log::{LogEnd, first_chain};
use super::schema::{put_schema, take_schema};
use super::segment::footer::Seal;
use super::wire::{Reader, put_u8, put_u64};
use crate::errors::damaged;

/// The size of the checksum at the end, in bytes.
const CHECKSUM: usize = 8;

/// The number of a new database's manifest.
pub(crate) const FIRST: u64 = 1;

/// The number of a new database's log.
pub(crate) const FIRST_LOG: u64 = 2;

/// The content of a manifest.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Manifest {
    /// Its own number.
    pub(crate) number: u64,
    /// The id of the database, which each of its files carries.
    pub(crate) database: u128,
    pub(crate) schema: Schema,
    /// The version of the database at the start of the log.
    pub(crate) version: Version,
    /// The chain hash at the start of the log: that of the history up to there.
    pub(crate) chain: u64,
    /// The log that goes on from here.
    pub(crate) log: u64,
    /// The end of the log when the manifest was written, if the log had frames. That much of it was on
    /// the disk.
    pub(crate) log_end: Option<LogEnd>,
    /// The number of the open segment, in which the log places the rows of large batches.
    pub(crate) open_segment: u64,
    /// The number of the next file. All files have lower numbers.
    pub(crate) next: u64,
    pub(crate) segments: Vec<Entry>,
}

/// What a manifest says of the content of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentInfo {
    pub(crate) number: u64,
    pub(crate) rows: u64,
    pub(crate) seal: Seal,
}

/// What a manifest says of the file of a column beside a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ColumnInfo {
    /// The position of its field.
    pub(crate) field: u8,
    pub(crate) number: u64,
    pub(crate) seal: Seal,
}

/// A segment, as of the start of the log.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) info: SegmentInfo,
    /// The files of its columns of fields that were added later, in the order of the fields.
    pub(crate) columns: Vec<ColumnInfo>,
    /// Its dead rows, in order.
    pub(crate) dead: Vec<u32>,
}

impl Entry {
    /// The names of its files, but for what searches derived.
    pub(crate) fn files(&self) -> impl Iterator<Item = FileName> {
        let columns = self.columns.iter().map(|column| FileName::Column(column.number));
        [FileName::Segment(self.info.number)].into_iter().chain(columns)
    }
}

impl Manifest {
    /// Of a new database without segments, at this version.
    pub(crate) fn first(schema: Schema, database: u128, version: Version) -> Self {
        Self {
            number: FIRST,
            database,
            schema,
            version,
            chain: first_chain(database, version),
            log: FIRST_LOG,
            log_end: None,
            open_segment: 3,
            next: 4,
            segments: Vec::new(),
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let name = FileName::Manifest(self.number);
        put_head(&mut bytes, name, self.database);
        for number in [self.number, self.version.0, self.chain, self.log] {
            put_u64(&mut bytes, number);
        }
        let log_end = self.log_end.unwrap_or(LogEnd { offset: 0, chain: 0 });
        for number in [log_end.offset, log_end.chain, self.open_segment, self.next] {
            put_u64(&mut bytes, number);
        }
        put_schema(&mut bytes, &self.schema);
        put_u64(&mut bytes, self.segments.len() as u64);
        for Entry { info, columns, dead } in &self.segments {
            for number in [info.number, info.rows, info.seal.file_len, info.seal.hash] {
                put_u64(&mut bytes, number);
            }
            put_u8(&mut bytes, u8::try_from(columns.len()).unwrap_or(u8::MAX));
            for ColumnInfo { field, number, seal } in columns {
                put_u8(&mut bytes, *field);
                for number in [*number, seal.file_len, seal.hash] {
                    put_u64(&mut bytes, number);
                }
            }
            put_dead_rows(&mut bytes, info.rows, dead);
        }
        let checksum = xxh3_64(&bytes);
        put_u64(&mut bytes, checksum);
        bytes
    }

    pub(crate) fn decode(bytes: &[u8], path: &Path) -> Result<Self> {
        let wrong = |what| damaged(path, what);
        let magic = FileName::Manifest(0).magic();
        if bytes.len() < magic.len() + CHECKSUM || !bytes.starts_with(magic) {
            return Err(wrong("it is no manifest of iqdb").hint(
                "if it is none of its files, remove it; else restore the database from a backup",
            ));
        }
        let (content, checksum) = bytes.split_at(bytes.len() - CHECKSUM);
        let mut fields = Reader::new(&content[magic.len()..]);
        let format = fields.take_u32()?;
        if u64::from_le_bytes(checksum.try_into().unwrap_or_default()) != xxh3_64(content) {
            // A later format may have its checksum elsewhere.
            return Err(match format > FORMAT {
                true => later_version(path, format),
                false => wrong("it is not what was written"),
            });
        }
        if format > FORMAT {
            return Err(later_version(path, format));
        }
        if format < FORMAT {
            return Err(earlier_version(path, format));
        }
        Self::fields(&mut fields).map_err(|error| match error.kind() {
            ErrorKind::NotSupported => Error::new(
                ErrorKind::NotSupported,
                format!("{}: it has a field that this build can't compute", path.display()),
            )
            .found(error.finding().unwrap_or_default())
            .hint("open it with the version and the cargo features that made it")
            .caused_by(error),
            _ => wrong("it makes no sense").caused_by(error),
        })
    }

    fn fields(fields: &mut Reader<'_>) -> Result<Self> {
        fields.take_u32()?;
        let database = fields.take_bytes(16)?;
        let database = u128::from_le_bytes(database.try_into().unwrap_or_default());
        let number = fields.take_u64()?;
        let version = Version(fields.take_u64()?);
        if version.0 > u64::MAX / 2 {
            return Err(Error::new(ErrorKind::Damaged, "no store ever comes to that version"));
        }
        let (chain, log) = (fields.take_u64()?, fields.take_u64()?);
        let log_end = LogEnd { offset: fields.take_u64()?, chain: fields.take_u64()? };
        let log_end = match log_end {
            LogEnd { offset: 0, chain: 0 } => None,
            LogEnd { offset: 0, .. } => {
                return Err(Error::new(ErrorKind::Damaged, "no log ends before it begins"));
            }
            end => Some(end),
        };
        let (open_segment, next) = (fields.take_u64()?, fields.take_u64()?);
        let schema = take_schema(fields)?;
        let count = fields.take_u64()?;
        let mut segments = Vec::new();
        for _ in 0..count {
            let info = SegmentInfo {
                number: fields.take_u64()?,
                rows: fields.take_u64()?,
                seal: Seal { file_len: fields.take_u64()?, hash: fields.take_u64()? },
            };
            let columns = take_columns(fields, &schema)?;
            segments.push(Entry { dead: take_dead_rows(fields, info.rows)?, columns, info });
        }
        if fields.remaining() > 0 {
            return Err(Error::new(ErrorKind::Damaged, "there is more than it says"));
        }
        let manifest = Self {
            number,
            database,
            schema,
            version,
            chain,
            log,
            log_end,
            open_segment,
            next,
            segments,
        };
        manifest.check_numbers().map(|()| manifest)
    }

    /// The number of the next column file.
    pub(crate) fn next_column(&self) -> u64 {
        let columns = self.segments.iter().flat_map(|entry| &entry.columns);
        columns.map(|column| column.number + 1).max().unwrap_or(1)
    }

    /// Whether no two files have the same number, and none a number that is to come.
    fn check_numbers(&self) -> Result<()> {
        let segments = self.segments.iter().map(|entry| entry.info.number);
        let mut numbers: Vec<u64> =
            segments.chain([self.number, self.log, self.open_segment, self.next]).collect();
        numbers.sort_unstable();
        let is_last = numbers.last() == Some(&self.next) && self.next <= u64::MAX / 2;
        if !is_last || !numbers.is_sorted_by(|a, b| a < b) {
            return Err(Error::new(ErrorKind::Damaged, "its files are not numbered as files are"));
        }
        let columns = self.segments.iter().flat_map(|entry| &entry.columns);
        let mut columns: Vec<u64> = columns.map(|column| column.number).collect();
        columns.sort_unstable();
        let is_last = columns.last().is_none_or(|last| *last <= u64::MAX / 2);
        if !is_last || !columns.is_sorted_by(|a, b| a < b) {
            return Err(Error::new(ErrorKind::Damaged, "two column files have one number"));
        }
        if self.version == Version(0) && !self.segments.is_empty() {
            return Err(Error::new(ErrorKind::Damaged, "nothing can have been written before it"));
        }
        Ok(())
    }
}

/// Reads the files of columns beside a segment.
fn take_columns(fields: &mut Reader<'_>, schema: &Schema) -> Result<Vec<ColumnInfo>> {
    let count = fields.take_u8()?;
    let mut columns: Vec<ColumnInfo> = Vec::new();
    for _ in 0..count {
        let field = fields.take_u8()?;
        let is_computed = |field: &Field| field.kind().is_computed();
        let is_later = columns.last().is_none_or(|last| last.field < field);
        if !is_later || !schema.fields().get(usize::from(field)).is_some_and(is_computed) {
            return Err(fields.damaged("a column file is of no computed field, or not in order"));
        }
        let number = fields.take_u64()?;
        let seal = Seal { file_len: fields.take_u64()?, hash: fields.take_u64()? };
        columns.push(ColumnInfo { field, number, seal });
    }
    Ok(columns)
}

#[cfg(test)]
mod tests;
