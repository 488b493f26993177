//! Opening: from the files of a directory to a store.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use iqdb_core::{Error, ErrorKind, Result, Schema};

use crate::log::{Log, Replayed, Verdict, decode_batch, decode_placed};
use crate::making::{self, sync_above};
use crate::manifest::{Entry, Manifest, metric_code, newest};
use crate::names::Name;
use crate::options::FileOptions;
use crate::probe::Defect;
use crate::problem::{damaged, refused};
use crate::segment::Segment;
use crate::store::FileStore;
use crate::vfs::{Access, File, FileExt, Guard, Sharing};
use crate::writer::{Trouble, Writer, place};

/// How many bytes are copied at once.
const AT_ONCE: usize = 1 << 20;

pub(crate) fn create(dir: &Path, schema: Schema, options: &FileOptions) -> Result<FileStore> {
    let made = || {
        options.vfs.create_dir(dir).map_err(|error| refused(dir, "made", error))?;
        let lock = lock(dir, options, Sharing::Exclusive)?;
        if newest(&*options.vfs, dir)?.is_some() {
            return Err(refused(dir, "made", io::ErrorKind::AlreadyExists.into())
                .hint("open it, or choose another directory"));
        }
        make(dir, schema, options)?;
        opened(dir, options, lock, false)
    };
    made().map_err(|error| error.during("create"))
}

pub(crate) fn open(dir: &Path, options: &FileOptions, read_only: bool) -> Result<FileStore> {
    let options = &FileOptions { read_only, ..options.clone() };
    let open = || {
        // Nothing is made where there is nothing.
        if newest_or_locked(dir, options)?.is_none() {
            return Err(nothing_there(dir));
        }
        let sharing = if read_only { Sharing::Shared } else { Sharing::Exclusive };
        let lock = lock(dir, options, sharing)?;
        opened(dir, options, lock, read_only)
    };
    open().map_err(|error| error.during("open"))
}

pub(crate) fn open_or_create(
    dir: &Path,
    schema: Schema,
    options: &FileOptions,
) -> Result<FileStore> {
    let open = || {
        options.vfs.create_dir(dir).map_err(|error| refused(dir, "made", error))?;
        let lock = lock(dir, options, Sharing::Exclusive)?;
        if newest(&*options.vfs, dir)?.is_none() {
            make(dir, schema, options)?;
        }
        let store = opened(dir, options, lock, false)?;
        let found = *iqdb_core::Store::schema(&store);
        if found != schema {
            return Err(Error::new(
                ErrorKind::InvalidSchema,
                format!("{}: the database has another schema", dir.display()),
            )
            .expected(schema)
            .found(found)
            .hint("open it with its own schema, or choose another directory"));
        }
        Ok(store)
    };
    open().map_err(|error| error.during("open"))
}

fn nothing_there(dir: &Path) -> Error {
    refused(dir, "opened", io::ErrorKind::NotFound.into())
        .expected("a directory with a database of iqdb")
        .hint("create the database first")
}

/// A quick look, which a writer at work may disturb: then the lock says so.
fn newest_or_locked(dir: &Path, options: &FileOptions) -> Result<Option<()>> {
    match options.vfs.list(dir) {
        Ok(names) => Ok(names
            .iter()
            .any(|name| {
                matches!(
                    Name::parse(name),
                    Some(Name::Manifest(_) | Name::Log(_) | Name::Segment(_))
                )
            })
            .then_some(())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(refused(dir, "listed", error)),
    }
}

pub(crate) fn lock(dir: &Path, options: &FileOptions, sharing: Sharing) -> Result<Box<dyn Guard>> {
    let path = Name::Lock.within(dir);
    options.vfs.lock(&path, sharing).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => {
            let message = format!("{}: somebody else has the database open", dir.display());
            let error = Error::new(ErrorKind::Locked, message)
                .hint("close it there, or open it to be read only if it is only read there");
            match holder(&path, options) {
                Some(holder) => error.found(holder),
                None => error,
            }
        }
        _ => refused(&path, "locked", error),
    })
}

/// What the holder of the lock says about itself, if it says anything.
fn holder(path: &Path, options: &FileOptions) -> Option<String> {
    let file = options.vfs.open(path, Access::Read).ok()?;
    let mut bytes = [0; 64];
    let read = file.read_at(&mut bytes, 0).ok()?;
    let line = std::str::from_utf8(bytes.get(..read)?).ok()?.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

/// Makes the files of an empty database.
fn make(dir: &Path, schema: Schema, options: &FileOptions) -> Result<()> {
    if metric_code(schema.metric()) == 0 {
        return Err(Error::new(
            ErrorKind::NotSupported,
            "the format has no number for this metric",
        )
        .found(schema));
    }
    let manifest = Manifest::first(schema, database_id(options));
    making::make(dir, options, &manifest).inspect_err(|_| making::take_back(&*options.vfs, dir))
}

/// A number that no other database has.
pub(crate) fn database_id(options: &FileOptions) -> u128 {
    let half = |n| u128::from(options.probe.random(n));
    half(0) << 64 | half(1)
}

/// Reads what the directory has. Whoever may write cleans up what a crash has left.
fn opened(
    dir: &Path,
    options: &FileOptions,
    lock: Box<dyn Guard>,
    read_only: bool,
) -> Result<FileStore> {
    let vfs = &*options.vfs;
    let (manifest, path) = newest(vfs, dir)?.ok_or_else(|| nothing_there(dir))?;
    let access = if read_only { Access::Read } else { Access::Write };
    let segments =
        open_segments(dir, options, &manifest).map_err(|error| named_by(error, &path))?;
    let log = Log::open(vfs, dir, manifest.database, manifest.log, access)?;
    let (known, after) = (manifest.log_len, manifest.version);
    let mut writer = Writer::new(dir, options, manifest, segments, log);
    let log = Arc::clone(&writer.log);
    let mut rows = Vec::new();
    let replayed = log.replay(after, known, |offset, body| {
        let start = writer.growing.end();
        let verdict = replay(&mut writer, body, access).map_err(|error| match error.kind() {
            ErrorKind::Io => error,
            _ => damaged(log.path(), "a frame makes no sense").caused_by(error),
        });
        rows.push((offset, start..writer.growing.end()));
        verdict
    })?;
    writer.log_end = replayed.end;
    if read_only {
        writer.trouble = Some(Trouble::ReadOnly);
        return FileStore::new(writer, lock);
    }
    write_again(&writer, replayed, &rows)?;
    clean_up(&mut writer, replayed.end)?;
    FileStore::new(writer, lock)
}

fn named_by(error: Error, manifest: &Path) -> Error {
    match error.kind() {
        ErrorKind::Damaged if error.expectation().is_none() => {
            error.expected(format_args!("what {} says", manifest.display()))
        }
        _ => error,
    }
}

fn open_segments(
    dir: &Path,
    options: &FileOptions,
    manifest: &Manifest,
) -> Result<Vec<Arc<Segment>>> {
    let open = |entry: &Entry| {
        let segment = Segment::open(&place(options, dir, manifest), entry.info)?;
        entry.dead.iter().for_each(|row| segment.end(*row, manifest.version));
        Ok(Arc::new(segment))
    };
    manifest.segments.iter().map(open).collect()
}

fn replay(writer: &mut Writer, body: &[u8], access: Access) -> Result<Verdict> {
    let schema = *writer.schema();
    let (placed, changes, fields) = decode_placed(body)?;
    let mut rows = Vec::new();
    if let Some(placed) = &placed {
        let options = writer.options.clone();
        let (dir, manifest) = (writer.dir.clone(), writer.manifest.clone());
        let place = place(&options, &dir, &manifest);
        match writer.growing.recover(&place, access, placed)? {
            None => return Ok(Verdict::Torn),
            Some(bytes) => {
                let components = bytes.as_chunks::<4>().0.iter();
                rows = components.map(|bytes| f32::from_le_bytes(*bytes)).collect();
            }
        }
    }
    let stride = crate::segment::Shape::of(&schema).stride;
    let vectors = rows.chunks_exact(stride).map(|row| &row[..schema.dim()]);
    let batch = decode_batch(fields, changes, &schema, vectors)?;
    batch.check_input(&schema)?;
    match writer.replay(&batch, placed.as_ref())? {
        true => Ok(Verdict::Good),
        false => Err(Error::new(ErrorKind::Damaged, "a batch has no effect")),
    }
}

/// Writes once more what was read and is not known to be on the disk: frames, and rows of the frames
/// at these offsets. After a sync that failed, a system may show what was written, sync it no more,
/// and say that all is well.
fn write_again(writer: &Writer, replayed: Replayed, rows: &[(u64, Range<u64>)]) -> Result<()> {
    let again = |file: &dyn File, range: Range<u64>| -> io::Result<()> {
        let mut bytes = vec![0; AT_ONCE.min(usize::try_from(range.end - range.start).unwrap_or(0))];
        for start in range.clone().step_by(AT_ONCE) {
            let len = usize::try_from(range.end - start).map_or(AT_ONCE, |len| len.min(AT_ONCE));
            file.read_exact_at(&mut bytes[..len], start)?;
            file.write_all_at(&bytes[..len], start)?;
        }
        Ok(())
    };
    let (log, synced) = (&writer.log, replayed.synced.min(replayed.end));
    again(log.file(), synced..replayed.end)
        .map_err(|error| refused(log.path(), "written", error))?;
    let Some(file) = writer.growing.file() else { return Ok(()) };
    for (_, range) in rows.iter().filter(|(offset, _)| *offset >= synced) {
        let path = Name::Segment(writer.growing.number()).within(&writer.dir);
        again(&**file, range.clone()).map_err(|error| refused(&path, "written", error))?;
    }
    Ok(())
}

/// Cuts off what a crash has left behind the last good frame, and removes files that nobody refers
/// to. What is there then is on the disk.
fn clean_up(writer: &mut Writer, end: u64) -> Result<()> {
    let probe = writer.options.probe;
    let log = Arc::clone(&writer.log);
    let io = |error| refused(log.path(), "cut", error);
    let len = log.file().len().map_err(io)?;
    if probe.has(Defect::AppendedAfterTear) {
        writer.log_end = len.next_multiple_of(8).max(end);
    } else if len > end && !probe.has(Defect::TruncationForgotten) {
        log.file().set_len(end).map_err(io)?;
    }
    // Also frames that were never synced: a batch that builds on them will be.
    log.file().sync_data().map_err(io)?;
    writer.synced = writer.log_end;
    if let Some(file) = writer.growing.file() {
        let path = Name::Segment(writer.growing.number()).within(&writer.dir);
        let io = |error| refused(&path, "cut", error);
        file.set_len(writer.growing.end()).map_err(io)?;
        file.sync_data().map_err(io)?;
    }

    let vfs = Arc::clone(&writer.options.vfs);
    let sync = || vfs.sync_dir(&writer.dir).map_err(|error| refused(&writer.dir, "synced", error));
    if !probe.has(Defect::DirectoryNotSynced) {
        sync()?;
        // Whoever made it may not have come so far.
        sync_above(&writer.dir, &writer.options)?;
    }
    let names = vfs.list(&writer.dir).map_err(|error| refused(&writer.dir, "listed", error))?;
    let is_segment = |number| {
        writer.manifest.segments.iter().any(|entry| entry.info.number == number)
            || number == writer.growing.number() && writer.growing.file().is_some()
    };
    for name in names.iter().filter_map(|name| Name::parse(name)) {
        let is_needed = match name {
            Name::Manifest(number) => number == writer.manifest.number,
            Name::Log(number) => number == writer.manifest.log,
            Name::Segment(number) | Name::Derived(number) => is_segment(number),
            Name::Unfinished(_) => false,
            Name::Lock | Name::Reserve => true,
        };
        if !is_needed {
            // It does no harm where it is.
            let _ = vfs.remove(&name.within(&writer.dir));
        }
    }
    Ok(())
}
