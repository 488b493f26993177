//! The manifest: everything that is true of a database but for what its log adds.
//!
//! A new manifest is written beside the old one, synced, and renamed; the directory is synced, and
//! only then is the old one removed. So the one with the highest number is always whole, and a
//! manifest that doesn't check is damage, never the trace of a crash.

use std::path::Path;

use iqdb_core::{Error, ErrorKind, Metric, Result, Schema, Version};
use xxhash_rust::xxh3::xxh3_64;

use crate::errors::{damaged, refused};
use crate::fault::{Defect, Probe};
use crate::files::database_dir::DatabaseDir;
use crate::files::unfinished::{FIRST_LOG, begun, find_orphan, no_manifest};
use crate::format::file_name::Name;
use crate::format::segment::footer::{FORMAT, Seal};
use crate::format::wire::{Reader, put_u32, put_u64};
use crate::read::segment::SegmentInfo;
use crate::vfs::{Access, File, FileExt, FileId};

const MAGIC: &[u8; 8] = b"iqdb man";

/// The bytes after which nothing is left but the checksum.
const CHECKSUM: usize = 8;

/// The number of a new database's manifest.
pub(crate) const FIRST: u64 = 1;

/// What a manifest says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Manifest {
    /// Its own number.
    pub(crate) number: u64,
    /// Tells the files of this database from those of others.
    pub(crate) database: u128,
    pub(crate) schema: Schema,
    /// The version of the database at the start of the log.
    pub(crate) version: Version,
    /// The log that goes on from here.
    pub(crate) log: u64,
    /// How many bytes of the log are surely on the disk: the log was closed with them.
    pub(crate) log_len: u64,
    /// The number of the segment that is being written, if the log places rows into it.
    pub(crate) growing: u64,
    /// No file has a number from this one on.
    pub(crate) next: u64,
    pub(crate) segments: Vec<Entry>,
}

/// A segment, as of the start of the log.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) info: SegmentInfo,
    /// Its dead rows, in order.
    pub(crate) dead: Vec<u32>,
}

impl Manifest {
    /// Of a new, empty database.
    pub(crate) fn first(schema: Schema, database: u128) -> Self {
        Self {
            number: FIRST,
            database,
            schema,
            version: Version(0),
            log: FIRST_LOG,
            log_len: 0,
            growing: 3,
            next: 4,
            segments: Vec::new(),
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(MAGIC);
        put_u32(&mut bytes, FORMAT);
        put_u32(&mut bytes, metric_code(self.schema.metric()));
        bytes.extend_from_slice(&self.database.to_le_bytes());
        put_u64(&mut bytes, self.schema.dim() as u64);
        for number in [self.number, self.version.0, self.log, self.log_len, self.growing, self.next]
        {
            put_u64(&mut bytes, number);
        }
        put_u64(&mut bytes, self.segments.len() as u64);
        for Entry { info, dead } in &self.segments {
            for number in [info.number, info.rows, info.seal.file_len, info.seal.hash] {
                put_u64(&mut bytes, number);
            }
            put_dead(&mut bytes, info.rows, dead);
        }
        let checksum = xxh3_64(&bytes);
        put_u64(&mut bytes, checksum);
        bytes
    }

    pub(crate) fn decode(bytes: &[u8], path: &Path) -> Result<Self> {
        let wrong = |what| damaged(path, what);
        if bytes.len() < MAGIC.len() + CHECKSUM || !bytes.starts_with(MAGIC) {
            return Err(wrong("it is no manifest of iqdb").hint(
                "if it is none of its files, remove it; else restore the database from a backup",
            ));
        }
        let (content, checksum) = bytes.split_at(bytes.len() - CHECKSUM);
        let mut fields = Reader::new(&content[MAGIC.len()..]);
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
        if format == 0 {
            return Err(wrong("there is no format 0"));
        }
        Self::fields(&mut fields).map_err(|error| wrong("it makes no sense").caused_by(error))
    }

    fn fields(fields: &mut Reader<'_>) -> Result<Self> {
        let metric = metric_of(fields.take_u32()?)?;
        let database = fields.take_bytes(16)?;
        let database = u128::from_le_bytes(database.try_into().unwrap_or_default());
        let dim = usize::try_from(fields.take_u64()?).unwrap_or(usize::MAX);
        let schema = Schema::new(dim, metric)?;
        let number = fields.take_u64()?;
        let version = Version(fields.take_u64()?);
        if version.0 > u64::MAX / 2 {
            return Err(Error::new(ErrorKind::Damaged, "no store ever comes to that version"));
        }
        let (log, log_len) = (fields.take_u64()?, fields.take_u64()?);
        let (growing, next) = (fields.take_u64()?, fields.take_u64()?);
        let count = fields.take_u64()?;
        let mut segments = Vec::new();
        for _ in 0..count {
            let info = SegmentInfo {
                number: fields.take_u64()?,
                rows: fields.take_u64()?,
                seal: Seal { file_len: fields.take_u64()?, hash: fields.take_u64()? },
            };
            segments.push(Entry { dead: take_dead(fields, info.rows)?, info });
        }
        if fields.remaining() > 0 {
            return Err(Error::new(ErrorKind::Damaged, "there is more than it says"));
        }
        let manifest =
            Self { number, database, schema, version, log, log_len, growing, next, segments };
        manifest.check_numbers().map(|()| manifest)
    }

    /// Whether no two files have the same number, and none a number that is to come.
    fn check_numbers(&self) -> Result<()> {
        let segments = self.segments.iter().map(|entry| entry.info.number);
        let mut numbers: Vec<u64> =
            segments.chain([self.number, self.log, self.growing, self.next]).collect();
        numbers.sort_unstable();
        let is_last = numbers.last() == Some(&self.next) && self.next <= u64::MAX / 2;
        if !is_last || !numbers.is_sorted_by(|a, b| a < b) {
            return Err(Error::new(ErrorKind::Damaged, "its files are not numbered as files are"));
        }
        if self.version == Version(0) && !self.segments.is_empty() {
            return Err(Error::new(ErrorKind::Damaged, "nothing can have been written before it"));
        }
        Ok(())
    }

    /// Makes this the database: when it returns, it is on the disk and every older manifest is void.
    /// The file that it is in.
    ///
    /// # Errors
    /// [`ErrorKind::Io`]. Before the file is renamed nothing has changed; the second part says
    /// whether that is so.
    pub(crate) fn publish(
        &self,
        dir: &DatabaseDir,
        probe: Probe,
    ) -> Result<ManifestFile, (Error, Changed)> {
        let (new, name) = (Name::Unfinished(self.number), Name::Manifest(self.number));
        let write = || {
            let file = dir.create(new, self.database, &self.encode())?;
            if !probe.has(Defect::ManifestNotSynced) {
                file.sync_data()?;
            }
            Ok((file.id()?, file))
        };
        let (id, file) =
            write().map_err(|error| (refused(&dir.path_of(new), "written", error), Changed::No))?;
        let renamed = dir.rename(new, name).or_else(|error| {
            // A network may lose the answer. What counts is what is there.
            match dir.lookup(name) {
                Ok(Some(found)) if found.id == id => Ok(()),
                _ => Err(error),
            }
        });
        renamed.map_err(|error| {
            let unchanged = matches!(dir.lookup(new), Ok(Some(found)) if found.id == id);
            let changed = if unchanged { Changed::No } else { Changed::Maybe };
            (refused(&dir.path_of(name), "made", error), changed)
        })?;
        if !probe.has(Defect::DirectoryNotSynced) {
            let sync = |error| (refused(dir.path(), "synced", error), Changed::Maybe);
            dir.sync().map_err(sync)?;
        }
        Ok(ManifestFile { id, _file: file })
    }
}

/// The file that a manifest was written to, or read from.
#[derive(Debug)]
pub(crate) struct ManifestFile {
    pub(crate) id: FileId,
    /// Open, so that no other file gets its id.
    _file: Box<dyn File>,
}

/// Whether something that failed may have changed the database all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Changed {
    No,
    Maybe,
}

/// The manifest of a directory, and the file that it was read from. `None` when there is no database,
/// or one that was never finished.
///
/// # Errors
/// [`ErrorKind::Damaged`] when there was a database; [`ErrorKind::Io`].
pub(crate) fn newest(dir: &DatabaseDir) -> Result<Option<(Manifest, ManifestFile)>> {
    let names = dir.names().map_err(|error| refused(dir.path(), "listed", error))?;
    let numbers = names.iter().filter_map(|name| match name {
        Name::Manifest(number) => Some(*number),
        _ => None,
    });
    let Some(newest) = numbers.max() else {
        let begun = begun(dir, None)?;
        return find_orphan(dir, &names, begun).and_then(|orphan| match orphan {
            None => Ok(None),
            Some(orphan) => Err(no_manifest(dir, orphan)),
        });
    };
    let path = dir.path_of(Name::Manifest(newest));
    let io = |error| refused(&path, "read", error);
    let file =
        dir.file(Name::Manifest(newest), Access::Read).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                damaged(&path, "the manifest of the database is missing").caused_by(error)
            }
            _ => io(error),
        })?;
    let len = file.len().map_err(io)?;
    let mut bytes = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
    file.read_exact_at(&mut bytes, 0).map_err(io)?;
    let manifest = Manifest::decode(&bytes, &path)?;
    if manifest.number != newest {
        return Err(damaged(&path, "it is another manifest")
            .expected(format_args!("number {newest}"))
            .found(format_args!("number {}", manifest.number)));
    }
    let id = file.id().map_err(io)?;
    Ok(Some((manifest, ManifestFile { id, _file: file })))
}

fn later_version(path: &Path, format: u32) -> Error {
    Error::new(
        ErrorKind::NotSupported,
        format!("{}: a later version of iqdb wrote it", path.display()),
    )
    .expected(format_args!("format {FORMAT} or before"))
    .found(format_args!("format {format}"))
    .hint("open it with that version")
}

pub(crate) fn metric_code(metric: Metric) -> u32 {
    match metric {
        Metric::Cosine => 1,
        Metric::Dot => 2,
        Metric::Euclidean => 3,
        // No such database is ever made.
        _ => 0,
    }
}

fn metric_of(code: u32) -> Result<Metric> {
    match code {
        1 => Ok(Metric::Cosine),
        2 => Ok(Metric::Dot),
        3 => Ok(Metric::Euclidean),
        _ => Err(Error::new(ErrorKind::Damaged, "there is no such metric").found(code)),
    }
}

/// How many dead rows there are, and which: as numbers while they are few, else a bit per row.
fn put_dead(bytes: &mut Vec<u8>, rows: u64, dead: &[u32]) {
    put_u32(bytes, u32::try_from(dead.len()).unwrap_or(u32::MAX));
    if is_sparse(rows, dead.len()) {
        dead.iter().for_each(|row| put_u32(bytes, *row));
        return;
    }
    let start = bytes.len();
    bytes.resize(start + bitmap_bytes(rows), 0);
    for row in dead {
        bytes[start + *row as usize / 8] |= 1 << (row % 8);
    }
}

fn take_dead(fields: &mut Reader<'_>, rows: u64) -> Result<Vec<u32>> {
    let count = fields.take_u32()? as usize;
    let wrong = || Error::new(ErrorKind::Damaged, "its dead rows are not rows of the segment");
    if count as u64 > rows || rows >= u64::from(u32::MAX) {
        return Err(wrong());
    }
    let dead: Vec<u32> = if is_sparse(rows, count) {
        let bytes = fields.take_bytes(4 * count)?;
        bytes.as_chunks::<4>().0.iter().map(|row| u32::from_le_bytes(*row)).collect()
    } else {
        let bytes = fields.take_bytes(bitmap_bytes(rows))?;
        let bits = (0_u32..).zip(bytes);
        bits.flat_map(|(n, byte)| {
            (0..8).filter(move |bit| byte >> bit & 1 == 1).map(move |bit| 8 * n + bit)
        })
        .collect()
    };
    let in_order = dead.is_sorted_by(|a, b| a < b);
    if dead.len() != count || !in_order || dead.last().is_some_and(|row| u64::from(*row) >= rows) {
        return Err(wrong());
    }
    Ok(dead)
}

fn is_sparse(rows: u64, dead: usize) -> bool {
    dead as u64 <= rows / 32
}

fn bitmap_bytes(rows: u64) -> usize {
    usize::try_from(rows.div_ceil(8)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Manifest {
        let entry = |number, rows, dead: Vec<u32>| Entry {
            info: SegmentInfo { number, rows, seal: Seal { file_len: 9, hash: 10 } },
            dead,
        };
        Manifest {
            number: 12,
            database: 0x0123_4567_89ab_cdef,
            schema: Schema::new(384, Metric::Dot).unwrap(),
            version: Version(77),
            log: 13,
            log_len: 400,
            growing: 14,
            next: 15,
            segments: vec![
                entry(3, 100, vec![]),
                entry(4, 100, vec![0, 7, 99]),
                entry(5, 100, (0..100).filter(|row| row % 3 > 0).collect()),
            ],
        }
    }

    #[test]
    fn a_manifest_reads_back() {
        let path = Path::new("manifest");
        for manifest in [full(), Manifest::first(full().schema, 1)] {
            assert_eq!(Manifest::decode(&manifest.encode(), path).unwrap(), manifest);
        }
    }

    #[test]
    fn any_flipped_bit_and_any_cut_is_an_error() {
        let (bytes, path) = (full().encode(), Path::new("manifest"));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let kind = Manifest::decode(&flipped, path).unwrap_err().kind();
            assert!(matches!(kind, ErrorKind::Damaged | ErrorKind::NotSupported), "bit {bit}");
        }
        for len in 0..bytes.len() {
            let kind = Manifest::decode(&bytes[..len], path).unwrap_err().kind();
            assert_eq!(kind, ErrorKind::Damaged, "{len} bytes");
        }
        let longer: Vec<u8> = bytes.iter().chain(&bytes).copied().collect();
        assert!(Manifest::decode(&longer, path).is_err());
    }

    #[test]
    fn a_checksum_alone_makes_no_manifest() {
        let (bytes, path) = (full().encode(), Path::new("manifest"));
        for at in 0..bytes.len() - CHECKSUM {
            let mut forged = bytes[..bytes.len() - CHECKSUM].to_vec();
            forged[at] = forged[at].wrapping_add(0x7f);
            let checksum = xxh3_64(&forged);
            put_u64(&mut forged, checksum);
            // Whatever it says now, reading it ends, and ends without a panic.
            let _ = Manifest::decode(&forged, path);
        }
    }

    #[test]
    fn numbers_that_files_can_not_have_are_refused() {
        let path = Path::new("manifest");
        let wrong: [fn(&mut Manifest); 7] = [
            |manifest| manifest.next = manifest.number,
            |manifest| manifest.growing = manifest.log,
            |manifest| manifest.growing = manifest.segments[1].info.number,
            |manifest| manifest.segments[0].info.number = manifest.segments[1].info.number,
            |manifest| manifest.segments[0].info.number = u64::MAX,
            |manifest| manifest.next = u64::MAX,
            |manifest| manifest.version = Version(0),
        ];
        for change in wrong {
            let mut manifest = full();
            change(&mut manifest);
            let error = Manifest::decode(&manifest.encode(), path).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Damaged, "{manifest:?}");
        }
    }

    #[test]
    fn a_later_format_is_refused_by_name() {
        let mut bytes = full().encode();
        bytes[8] = 9;
        let error = Manifest::decode(&bytes, Path::new("manifest")).unwrap_err();
        assert_eq!((error.kind(), error.finding()), (ErrorKind::NotSupported, Some("format 9")));
    }
}
