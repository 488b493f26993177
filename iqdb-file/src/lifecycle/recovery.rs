//! Recovery: from the files of a database to a writer at the end of its log.
//!
//! Recovery replays the log, which ends at the first frame that doesn't check, writes again what may not
//! be on the disk, cuts off what a crash has left behind the last frame, and removes files that neither
//! the manifest nor the mark names.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use iqdb_core::{Error, ErrorKind, Result, Version};

use super::unneeded_files::UnneededFiles;
use crate::errors::{damaged, refused};
use crate::fault::Defect;
use crate::files::database_dir::DatabaseDir;
use crate::files::database_files::DatabaseFiles;
use crate::files::held_names::NotHeld;
use crate::files::lock::Lock;
use crate::files::log::{KnownEnd, Log, Replayed, Verdict};
use crate::files::manifest_file::{newest, read};
use crate::format::batch::{decode_batch, decode_placed};
use crate::format::file_name::FileName;
use crate::format::log::LogEnd;
use crate::format::manifest::{Entry, Manifest};
use crate::format::mark::Mark;
use crate::format::segment::layout::{Shape, stride_of};
use crate::options::FileOptions;
use crate::read::context::{SegmentContext, SidecarUse};
use crate::read::segment::Segment;
use crate::read::shelf_files::ShelfFiles;
use crate::read::view::Segments;
use crate::vfs::{Access, File, FileExt};
use crate::write::read_only::ReadOnlyReason;
use crate::write::tables::Tables;
use crate::write::writer::Writer;

/// How many bytes are copied at once.
const AT_ONCE: usize = 1 << 20;

/// Reads what a directory has. Unless it is opened to be read only, cleans up what a crash has left.
///
/// # Errors
/// [`ErrorKind::Damaged`] when the files are not what was written; [`ErrorKind::Io`].
pub(crate) fn recover(dir: &DatabaseDir, options: &FileOptions, mut lock: Lock) -> Result<Writer> {
    let find = || newest(dir)?.ok_or_else(|| no_database(dir.path()));
    let (mut manifest, mut manifest_file) = find()?;
    if lock.complete(dir, manifest.database)? {
        // Until then another writer may have been at work.
        (manifest, manifest_file) = find()?;
    }
    let mark = mark_of(dir, &lock, &manifest)?;
    let limit = mark.as_ref().filter(|mark| limits_readers(mark, &lock, options));
    // A manifest that was not published may not be on the disk.
    if let Some(mark) = limit
        && mark.published.manifest < manifest.number
        && let Some(published) = read(dir, mark.published.manifest)?
    {
        (manifest, manifest_file) = published;
    }
    check_marked(dir, &manifest, mark.as_ref())?;
    let known = known_ends(&manifest, mark.as_ref());
    let path = dir.path_of(FileName::Manifest(manifest.number));
    let access = if options.read_only { Access::Read } else { Access::Write };
    let lock = Arc::new(lock);
    let segments =
        open_segments(dir, options, &manifest, &lock).map_err(|error| named_by(error, &path))?;
    let log = Log::open(dir, (manifest.database, manifest.log, manifest.chain), access)
        .map_err(|error| named_by(error, &path))?;
    let after = manifest.version;
    let manifest = (manifest, manifest_file);
    let files = DatabaseFiles::new(dir, &lock, manifest, &log, options.fault);
    let tables = {
        let shelf = ShelfFiles::shelf(dir, files.manifest().database, options, &lock);
        Tables::new(files.manifest(), Segments::new(segments), (log, shelf.into()), options.fault)
    };
    let mut recovery = Recovery { options, files, tables, wants_rewrite: false };
    if !options.read_only {
        // Later openings have to find what is written, and it must change no other database.
        recovery.check_names()?;
    }
    let upto = match limit {
        Some(_) => recovery.tables.log().log().published(&known)?,
        None => u64::MAX,
    };
    let replayed = recovery.replay_log(after, (&known, upto), access)?;
    recovery.tables.log_mut().set_end(replayed.log.end);
    if !options.read_only {
        recovery.write_again(&replayed)?;
        recovery.clean_up(replayed.log.end)?;
        recovery.mark_as_found(mark.as_ref());
    }
    let Recovery { files, tables, wants_rewrite, .. } = recovery;
    let mut writer = Writer::new(options, files, tables, wants_rewrite);
    if options.read_only {
        writer.make_read_only(ReadOnlyReason::OpenedReadOnly);
    }
    Ok(writer)
}

/// A database that is being recovered.
struct Recovery<'a> {
    options: &'a FileOptions,
    files: DatabaseFiles,
    tables: Tables,
    /// A segment has enough dead rows to be worth rewriting.
    wants_rewrite: bool,
}

/// What replaying the log has found.
struct ReplayedLog {
    log: Replayed,
    /// The offset of each frame, and the bytes of its rows in the open segment.
    rows: Vec<(u64, Range<u64>)>,
}

/// The error where a directory has no database.
pub(crate) fn no_database(path: &Path) -> Error {
    refused(path, "opened", io::ErrorKind::NotFound.into())
        .expected("a directory with a database of iqdb")
        .hint("create the database first")
}

/// The mark of the database, if there is one.
///
/// # Errors
/// [`ErrorKind::Damaged`] when the lock is of another database, or the mark of a later manifest.
fn mark_of(dir: &DatabaseDir, lock: &Lock, manifest: &Manifest) -> Result<Option<Mark>> {
    if let Some(database) = lock.database().filter(|database| *database != manifest.database) {
        return Err(damaged(dir.path(), "its files are of two databases")
            .expected(format_args!("the database {:032x}, as the manifest says", manifest.database))
            .found(format_args!("a file `lock` of {database:032x}")));
    }
    let Some(mark) = lock.mark()? else { return Ok(None) };
    if mark.published.manifest > manifest.number {
        let missing = FileName::Manifest(mark.published.manifest);
        return Err(damaged(&dir.path_of(missing), "the manifest of the database is missing")
            .expected(format_args!("what {} says", mark.describe()))
            .found(format_args!("an earlier one, {}", FileName::Manifest(manifest.number))));
    }
    Ok(Some(mark))
}

/// # Errors
/// [`ErrorKind::Damaged`] when a mark of this manifest names another log.
fn check_marked(dir: &DatabaseDir, manifest: &Manifest, mark: Option<&Mark>) -> Result<()> {
    let is_other = |mark: &&Mark| {
        mark.published.manifest == manifest.number && mark.published.log != manifest.log
    };
    let Some(mark) = mark.filter(is_other) else { return Ok(()) };
    let path = dir.path_of(FileName::Manifest(manifest.number));
    Err(damaged(&path, "it is a manifest of another history")
        .expected(format_args!("log {}, as {} says", mark.published.log, mark.describe()))
        .found(format_args!("log {}", manifest.log)))
}

/// Whether readers are shown what the mark says was published, and not all that recovery finds. A writer
/// writes and syncs once more what may not be on the disk. A reader can't: in the boot of the mark, what
/// was not published may be nowhere but in memory. In another boot all that is read was on the disk, and
/// the mark, which is not synced, may be behind.
fn limits_readers(mark: &Mark, lock: &Lock, options: &FileOptions) -> bool {
    options.read_only && lock.is_of_this_boot(mark) && !options.fault.has(Defect::UnpublishedShown)
}

/// How much of the log was on the disk, as far as manifest and mark say.
fn known_ends(manifest: &Manifest, mark: Option<&Mark>) -> Vec<KnownEnd> {
    let by_manifest = manifest.log_end.map(|end| {
        let by = FileName::Manifest(manifest.number).to_string();
        KnownEnd { end, by }
    });
    let by_mark = mark.and_then(|mark| KnownEnd::of_mark(mark, manifest.log));
    by_manifest.into_iter().chain(by_mark).collect()
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
    dir: &DatabaseDir,
    options: &FileOptions,
    manifest: &Manifest,
    lock: &Arc<Lock>,
) -> Result<Vec<Arc<Segment>>> {
    let open = |entry: &Entry| {
        let segment = Segment::open(
            &SegmentContext::new(dir, options, manifest, SidecarUse::of(options, manifest, lock)),
            entry,
        )?;
        segment.begin(&entry.dead, manifest.version);
        Ok(Arc::new(segment))
    };
    manifest.segments.iter().map(open).collect()
}

impl Recovery<'_> {
    /// # Errors
    /// [`ErrorKind::Damaged`] when the files are not where they were opened; [`ErrorKind::Io`].
    fn check_names(&self) -> Result<()> {
        self.files.names().check(None).map_err(|reason| match reason {
            NotHeld::Unknown(name, error) => {
                refused(&self.files.dir().path_of(name), "looked up", error)
            }
            reason => Error::new(ErrorKind::Damaged, self.files.names().describe(&reason))
                .hint("put the file back; of a file with several names, make a copy"),
        })
    }

    /// Applies the batches of the log.
    fn replay_log(
        &mut self,
        after: Version,
        (known, upto): (&[KnownEnd], u64),
        access: Access,
    ) -> Result<ReplayedLog> {
        let log = Arc::clone(self.tables.log().log());
        let mut rows = Vec::new();
        let mut rows_are_missing = false;
        let replayed = log.replay(after, known, upto, |offset, body| {
            let start = self.tables.open_segment().end();
            let verdict = self.replay(&log, body, access)?;
            rows.push((offset, start..self.tables.open_segment().end()));
            rows_are_missing = matches!(verdict, Verdict::Torn);
            Ok(verdict)
        });
        let log = replayed.map_err(|error| match rows_are_missing {
            true => {
                let path = self.open_segment_path();
                damaged(&path, "rows that the log names are missing").caused_by(error)
            }
            false => error,
        })?;
        Ok(ReplayedLog { log, rows })
    }

    fn open_segment_path(&self) -> PathBuf {
        let number = self.tables.open_segment().number();
        self.files.dir().path_of(FileName::Segment(number))
    }

    fn replay(&mut self, log: &Log, body: &[u8], access: Access) -> Result<Verdict> {
        let nonsense =
            |error: Error| damaged(log.path(), "a frame makes no sense").caused_by(error);
        let schema = self.files.schema().clone();
        let (placed, changes, fields) = decode_placed(body).map_err(nonsense)?;
        let mut rows = Vec::new();
        if let Some(placed) = &placed {
            let context = SegmentContext::of(&self.files, self.options);
            let recovered = self.tables.recover_rows(&context, access, placed)?;
            let Some(bytes) = recovered else { return Ok(Verdict::Torn) };
            rows = bytes;
        }
        let kind = Shape::of(&schema).placed();
        let stride = kind.map_or(1, stride_of);
        let len = kind.and_then(|kind| Some(kind.element()?.vector_bytes(kind.dim()?)));
        let vectors = rows.chunks_exact(stride).map(|row| &row[..len.unwrap_or(0)]);
        let batch = decode_batch(fields, changes, &schema, vectors).map_err(nonsense)?;
        batch.check_input(&schema).map_err(nonsense)?;
        let segment_bytes = self.options.segment_bytes;
        let replayed = self.tables.replay(&batch, placed.as_ref(), segment_bytes);
        let (has_effect, is_worth_rewriting) = replayed.map_err(|error| match error.kind() {
            ErrorKind::Io => error,
            _ => nonsense(error),
        })?;
        self.wants_rewrite |= is_worth_rewriting;
        match has_effect {
            true => Ok(Verdict::Good),
            false => Err(nonsense(Error::new(ErrorKind::Damaged, "a batch has no effect"))),
        }
    }

    /// Writes frames and rows again that were read and are not known to be on the disk. After a failed
    /// sync, a system may return bytes that it will never write to the disk, and report success.
    fn write_again(&self, replayed: &ReplayedLog) -> Result<()> {
        let again = |file: &dyn File, range: Range<u64>| -> io::Result<()> {
            let mut bytes =
                vec![0; AT_ONCE.min(usize::try_from(range.end - range.start).unwrap_or(0))];
            for start in range.clone().step_by(AT_ONCE) {
                let len =
                    usize::try_from(range.end - start).map_or(AT_ONCE, |len| len.min(AT_ONCE));
                file.read_exact_at(&mut bytes[..len], start)?;
                file.write_all_at(&bytes[..len], start)?;
            }
            Ok(())
        };
        let tables = &self.tables;
        let (log, found) = (tables.log().log(), replayed.log);
        let end = found.end.offset;
        let synced = found.synced.min(end);
        again(log.file(), synced..end).map_err(|error| refused(log.path(), "written", error))?;
        let Some(file) = tables.open_segment().file() else { return Ok(()) };
        for (_, range) in replayed.rows.iter().filter(|(offset, _)| *offset >= synced) {
            let again = again(&**file, range.clone());
            again.map_err(|error| refused(&self.open_segment_path(), "written", error))?;
        }
        Ok(())
    }

    /// Cuts off the bytes that a crash has left behind the last good frame, removes files that no manifest
    /// refers to, and syncs everything else.
    fn clean_up(&mut self, end: LogEnd) -> Result<()> {
        let fault = self.options.fault;
        let log = Arc::clone(self.tables.log().log());
        let io = |error| refused(log.path(), "cut", error);
        let len = log.file().len().map_err(io)?;
        if fault.has(Defect::AppendedAfterTear) {
            let offset = len.next_multiple_of(8).max(end.offset);
            self.tables.log_mut().set_end(LogEnd { offset, ..end });
        } else if len > end.offset && !fault.has(Defect::TruncationForgotten) {
            log.file().set_len(end.offset).map_err(io)?;
        }
        // Also syncs frames that were never synced: later batches build on them.
        log.file().sync_data().map_err(io)?;
        self.tables.log_mut().note_all_synced();
        let open_segment = self.tables.open_segment();
        if let Some(file) = open_segment.file() {
            let path = self.open_segment_path();
            let io = |error| refused(&path, "cut", error);
            file.set_len(open_segment.end()).map_err(io)?;
            file.sync_data().map_err(io)?;
        }
        let dir = self.files.dir();
        let refused = |what| move |error| refused(dir.path(), what, error);
        if !fault.has(Defect::DirectoryNotSynced) {
            dir.sync().map_err(refused("synced"))?;
            // The process that made the directory may not have synced its name.
            dir.sync_above().map_err(refused("synced"))?;
        }
        let names = dir.names().map_err(refused("listed"))?;
        let unneeded = UnneededFiles { dir, manifest: self.files.manifest(), tables: &self.tables };
        let (old, new) = unneeded.among(names);
        // A file that can't be removed does no harm.
        self.files.remove(&new);
        self.files.retire(old);
        Ok(())
    }

    /// Marks what was found and synced as published, where a reader of this boot would be shown less than
    /// this writer. A mark that can't be written is seen in the statistics.
    fn mark_as_found(&mut self, mark: Option<&Mark>) {
        let (lock, end) = (self.files.lock(), self.tables.log().end());
        let is_behind =
            |mark: &Mark| lock.is_of_this_boot(mark) && mark.published != self.files.published(end);
        if mark.is_some_and(is_behind) {
            let _ = self.files.begin_marks(end, || false);
            self.files.remove_retired();
        }
    }
}
