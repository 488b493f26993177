//! Checkpoints: they seal the log into a segment, rewrite segments into one, and publish a new
//! manifest.
//!
//! A checkpoint writes and syncs all new files, with their names, before the manifest that refers
//! to them, and removes the old files after it. Wherever a crash interrupts it, either the old
//! manifest or the new one is the database.

use std::sync::Arc;

use iqdb_core::{Result, SnapshotExt, Store, Version};

use crate::errors::{defect, is_full, refused};
use crate::fault::Defect;
use crate::files::database_dir::DatabaseDir;
use crate::files::held_names::NotHeld;
use crate::files::log::Log;
use crate::files::manifest_file::{Changed, publish};
use crate::format::file_name::FileName;
use crate::format::log::HEADER;
use crate::format::manifest::SegmentInfo;
use crate::format::manifest::{Entry, Manifest};
use crate::read::segment::Segment;
use crate::vfs::{File, FileId};
use crate::write::failed_checkpoint::GROWS_AT_MOST;
use crate::write::group::WriteFailure;
use crate::write::read_only::ReadOnlyReason;
use crate::write::segment_writer::SegmentWriter;
use crate::write::writer::Writer;

/// The most bytes that a checkpoint rewrites at once, so that the space that it needs is bounded.
const REWRITTEN_BYTES_MAX: u64 = 256 << 20;

/// A checkpoint rewrites this many segments of about the same size into one.
const ALIKE: usize = 8;

/// The most bytes and changes that closing may leave for the next opening to replay.
const CLOSED_LOG_BYTES: u64 = 1 << 20;
const CLOSED_LOG_CHANGES: u64 = 1 << 12;

/// Bytes of a record in a segment beside its vector, its id and its payload, at most: in the index, the
/// ends of ids, and a field of a payload more or less.
const INDEXED_BYTES: usize = 48;

impl Writer {
    /// Whether the writer has to seal the log, or to rewrite segments, before it takes a batch.
    pub(crate) fn wants_checkpoint(&self, only_deletes: bool) -> bool {
        self.wants_rewrite
            || self.must_seal(only_deletes)
            || self.is_log_full(1) && self.log_end >= self.again_from()
    }

    /// Whether the log must not grow by such a batch before it has been sealed: the disk is full, or
    /// sealing has failed for long enough.
    pub(crate) fn must_seal(&self, only_deletes: bool) -> bool {
        match &self.failed_checkpoint {
            None => false,
            Some(failed) if failed.is_full => !only_deletes && self.is_log_full(1),
            Some(_) => self.is_log_full(GROWS_AT_MOST),
        }
    }

    /// The end of the log from which on the writer tries again to seal it, if the last attempt
    /// failed.
    fn again_from(&self) -> u64 {
        self.failed_checkpoint.as_ref().map_or(0, |failed| failed.again_from)
    }

    /// Whether the log has reached one of its bounds, each multiplied by `times`.
    fn is_log_full(&self, times: u64) -> bool {
        let grown = self.open_segment.rows() * self.context().shape.row_bytes() as u64;
        let has_reached = |found: u64, bound: u64| found >= bound.saturating_mul(times);
        has_reached(self.log_end - HEADER as u64, self.options.log_bytes)
            || has_reached(self.changes, self.options.log_changes)
            || has_reached(grown, self.options.segment_bytes)
    }

    /// Whether more than half of a segment is dead, and enough of it to matter.
    pub(crate) fn is_mostly_dead(&self, segment: &Segment) -> bool {
        let dead_bytes = segment.file_len().saturating_sub(segment.live_bytes());
        segment.dead() * 2 > segment.info().rows && dead_bytes >= self.options.segment_bytes / 64
    }

    /// The segments that a checkpoint rewrites unasked: those that are mostly dead, or many small
    /// ones.
    pub(crate) fn what_is_worth_it(&self) -> Vec<Arc<Segment>> {
        let all = self.segments.all();
        let dead = all.iter().filter(|segment| self.is_mostly_dead(segment));
        let dead = self.that_fit(dead, usize::MAX);
        if !dead.is_empty() {
            return dead;
        }
        // By powers of eight, so that a row is rewritten once per power.
        let class = |segment: &Segment| segment.file_len().max(1).ilog2() / 3;
        let most =
            |segment: &&Arc<Segment>| segment.file_len() <= REWRITTEN_BYTES_MAX / ALIKE as u64;
        let classes = (0..=63 / 3).map(|n| {
            all.iter().filter(most).filter(|segment| class(segment) == n).collect::<Vec<_>>()
        });
        let many = classes.into_iter().find(|alike| alike.len() >= ALIKE).unwrap_or_default();
        self.that_fit(many.into_iter(), usize::MAX)
    }

    /// Segments that rewriting makes smaller or fewer; at most `most` of them.
    pub(crate) fn all_that_shrinks(&self, most: usize) -> Vec<Arc<Segment>> {
        let all = self.segments.all();
        let small = |segment: &&Arc<Segment>| segment.file_len() < self.options.segment_bytes / 2;
        let many_small = most > 1 && all.iter().filter(small).count() > 1;
        let shrinks = |segment: &&Arc<Segment>| segment.dead() > 0 || many_small && small(segment);
        self.that_fit(all.iter().filter(shrinks), most)
    }

    /// The segments that need the least space, up to a limit.
    fn that_fit<'a>(
        &self,
        segments: impl Iterator<Item = &'a Arc<Segment>>,
        most: usize,
    ) -> Vec<Arc<Segment>> {
        let mut segments: Vec<_> = segments.cloned().collect();
        segments.sort_by_key(|segment| segment.live_bytes());
        let mut bytes = 0;
        let fits = |segment: &&Arc<Segment>| {
            bytes += segment.live_bytes();
            bytes <= REWRITTEN_BYTES_MAX
        };
        let fit = segments.iter().take_while(fits).count();
        segments.truncate(fit.max(1).min(most));
        segments
    }

    /// Seals the log and rewrites `rewrite` into one segment. Returns whether there was anything to
    /// do; the caller publishes the view then. An error has changed nothing, unless it made the
    /// database read-only. A checkpoint gives up the reserve only when it needs the space, and restores it
    /// afterwards.
    pub(crate) fn checkpoint(
        &mut self,
        rewrite: &[Arc<Segment>],
        may_use_reserve: bool,
    ) -> Result<bool> {
        self.wants_rewrite = false;
        if rewrite.is_empty() && self.log_end == HEADER as u64 {
            return Ok(false);
        }
        self.sync_rows()?;
        self.check_names()?;
        let mut made = Vec::new();
        let mut gave_up = false;
        let prepared = self.prepare(rewrite, &mut made).or_else(|error| {
            self.remove(&made);
            made.clear();
            gave_up = may_use_reserve && self.give_up_reserve();
            match gave_up {
                true => self.prepare(rewrite, &mut made),
                false => Err(error),
            }
        });
        let (manifest, segments, log, files) = match prepared {
            Ok(prepared) => prepared,
            Err(error) => {
                self.remove(&made);
                if gave_up {
                    self.restore_reserve();
                }
                return Err(error.during("checkpoint"));
            }
        };
        if let Err(error) = self.check_names() {
            self.remove(&made);
            return Err(error.during("checkpoint"));
        }
        let fault = self.options.fault;
        let mut published = publish(&manifest, &self.dir, fault);
        if matches!(&published, Err((error, Changed::No)) if is_full(error))
            && may_use_reserve
            && self.give_up_reserve()
        {
            published = publish(&manifest, &self.dir, fault);
        }
        let manifest_file = match published {
            Ok(file) => file,
            Err((error, changed)) => {
                match changed {
                    Changed::No => {
                        made.push(FileName::Unfinished(manifest.number));
                        self.remove(&made);
                        self.restore_reserve();
                    }
                    Changed::Maybe => {
                        self.read_only = Some(ReadOnlyReason::Unsure(error.to_string()));
                    }
                }
                return Err(error.during("checkpoint"));
            }
        };
        let mut old =
            vec![FileName::Manifest(self.manifest.number), FileName::Log(self.log.number())];
        for segment in rewrite {
            let number = segment.info().number;
            old.extend([FileName::Segment(number), FileName::Derived(number)]);
        }
        if self.open_segment.file().is_some() {
            let kept = manifest
                .segments
                .iter()
                .any(|entry| entry.info.number == self.open_segment.number());
            old.extend((!kept).then_some(FileName::Segment(self.open_segment.number())));
        }
        self.start_over((manifest, manifest_file), segments, log);
        match self.names.check_these(&files) {
            // What can't be removed now is removed at the next opening.
            Ok(()) => self.remove(&old),
            // The system doesn't tell whether the new files have their names, so the old files
            // stay.
            Err(NotHeld::Unknown(..)) => {}
            Err(reason) => {
                // The old files may be the only ones left.
                let failure = WriteFailure::not_held(&self.names, reason);
                self.read_only = failure.read_only();
                return Err(failure.to_error().during("checkpoint"));
            }
        }
        self.restore_reserve();
        Ok(true)
    }

    /// Writes all files that the new manifest refers to.
    fn prepare(&self, rewrite: &[Arc<Segment>], made: &mut Vec<FileName>) -> Result<Prepared> {
        let mut numbers = FileNumbers { next: self.manifest.next };
        let is_rewritten =
            |segment: &Arc<Segment>| rewrite.iter().any(|old| Arc::ptr_eq(old, segment));
        let mut segments: Vec<Arc<Segment>> =
            self.segments.all().iter().filter(|segment| !is_rewritten(segment)).cloned().collect();
        let mut entries: Vec<Entry> =
            segments.iter().map(|segment| self.entry_of(segment)).collect();
        let mut files = Vec::new();

        let number = numbers.free(&self.dir, &[FileName::Segment])?;
        if let Some((info, file)) = self.rewrite(rewrite, number, made)? {
            // In the order of time: what is rewritten is older than the memtable.
            files.push((FileName::Segment(info.number), self.id_of(&*file)?));
            segments.push(self.open(info, file, &[])?);
            entries.push(Entry { info, dead: Vec::new() });
        }
        if let Some((info, file, dead)) = self.seal_memtable(&mut numbers, made)? {
            files.push((FileName::Segment(info.number), self.id_of(&*file)?));
            segments.push(self.open(info, file, &dead)?);
            entries.push(Entry { info, dead });
        }
        let log = numbers.free(&self.dir, &[FileName::Log])?;
        made.push(FileName::Log(log));
        let log = Log::create(&self.dir, self.manifest.database, log)?;
        let open_segment = numbers.free(&self.dir, &[FileName::Segment])?;
        let number = numbers.free(&self.dir, &[FileName::Manifest, FileName::Unfinished])?;
        if !self.options.fault.has(Defect::DirectoryNotSynced) {
            self.dir.sync().map_err(|error| refused(self.dir.path(), "synced", error))?;
        }
        let manifest = Manifest {
            number,
            version: self.version,
            log: log.number(),
            log_len: 0,
            open_segment,
            next: numbers.next,
            segments: entries,
            ..self.manifest.clone()
        };
        Ok((manifest, segments, log, files))
    }

    fn id_of(&self, file: &dyn File) -> Result<FileId> {
        file.id().map_err(|error| refused(self.dir.path(), "looked up", error))
    }

    fn entry_of(&self, segment: &Segment) -> Entry {
        let mut dead = Vec::new();
        if segment.dead() > 0 {
            #[allow(clippy::cast_possible_truncation, reason = "checked when it was opened")]
            let rows = segment.info().rows as u32;
            dead.extend((0..rows).filter(|row| !segment.is_alive(*row, Version(u64::MAX))));
        }
        Entry { info: segment.info(), dead }
    }

    /// Opens a segment that was written just now.
    fn open(&self, info: SegmentInfo, file: Arc<dyn File>, dead: &[u32]) -> Result<Arc<Segment>> {
        let segment = Segment::of(&self.context(), info, file)?;
        segment.warm()?;
        dead.iter().for_each(|row| segment.end(*row, self.version));
        Ok(Arc::new(segment))
    }

    /// Writes the live rows of these segments to a new one, if there are any.
    fn rewrite(
        &self,
        segments: &[Arc<Segment>],
        number: u64,
        made: &mut Vec<FileName>,
    ) -> Result<Option<(SegmentInfo, Arc<dyn File>)>> {
        if segments.iter().all(|segment| segment.dead() == segment.info().rows) {
            return Ok(None);
        }
        made.push(FileName::Segment(number));
        let mut writer = SegmentWriter::create(self.context(), number)?;
        for segment in segments {
            for row in segment.live_rows(Version(u64::MAX)) {
                writer.push_row_of(segment, row)?;
            }
        }
        writer.finish().map(Some)
    }

    /// Writes the records that the log has added to a segment, if there are any; also returns which
    /// rows of the segment are dead.
    fn seal_memtable(
        &self,
        numbers: &mut FileNumbers,
        made: &mut Vec<FileName>,
    ) -> Result<Option<Sealed>> {
        let memtable = self.memtable.snapshot()?;
        if memtable.is_empty() {
            return Ok(None);
        }
        let mut dead = Vec::new();
        let mut writer = match self.open_segment.file() {
            None => {
                let number = self.open_segment.number();
                let is_free = self.dir.remove(FileName::Segment(number), self.manifest.database);
                let number = match is_free {
                    true => number,
                    false => numbers.free(&self.dir, &[FileName::Segment])?,
                };
                made.push(FileName::Segment(number));
                SegmentWriter::create(self.context(), number)?
            }
            // Its rows stay where they are, so a failed checkpoint doesn't remove the file.
            Some(file) => {
                let (number, rows) = (self.open_segment.number(), self.open_segment.rows());
                let pieces = self.open_segment.pieces().to_vec();
                SegmentWriter::adopt(self.context(), number, Arc::clone(file), pieces, rows)?
            }
        };
        for (row, owner) in (0..).zip(self.open_segment.owners()) {
            match owner {
                Some(id) => {
                    let record = memtable.get(id)?;
                    let record = record.ok_or_else(|| defect("a row's record is gone"))?;
                    writer.describe(id.as_ref(), &record.payload())?;
                }
                None => {
                    dead.push(row);
                    writer.describe_dead()?;
                }
            }
        }
        for record in memtable.records(None) {
            let record = record?;
            if self.open_segment.row_of(&record.id().to_id()).is_none() {
                writer.push(record.id(), record.vector(), &record.payload())?;
            }
        }
        let (info, file) = writer.finish()?;
        Ok(Some((info, file, dead)))
    }

    /// Leaves the directory in a state in which the next opening has little to replay, and knows
    /// how far the log goes.
    pub(crate) fn close(&mut self) -> Result<()> {
        self.sync()?;
        let replayed = self.log_end - HEADER as u64;
        if replayed > CLOSED_LOG_BYTES
            || self.changes > CLOSED_LOG_CHANGES
            || self.open_segment.rows() > 0
        {
            return self.checkpoint(&self.what_is_worth_it(), true).map(drop);
        }
        if replayed == 0 || self.log_end == self.manifest.log_len {
            return Ok(());
        }
        let mut numbers = FileNumbers { next: self.manifest.next };
        let manifest = Manifest {
            number: numbers.free(&self.dir, &[FileName::Manifest, FileName::Unfinished])?,
            next: numbers.next,
            log_len: self.log_end,
            ..self.manifest.clone()
        };
        let fault = self.options.fault;
        let file = publish(&manifest, &self.dir, fault).map_err(|(error, _)| error)?;
        let before = FileName::Manifest(self.manifest.number);
        self.replace_manifest(manifest, file);
        self.check_names()?;
        self.remove(&[before]);
        Ok(())
    }

    fn remove(&self, names: &[FileName]) {
        for name in names {
            // What can't be removed now is removed at the next opening.
            self.dir.remove(*name, self.manifest.database);
        }
    }

    /// Gives up the reserve; returns whether there was one.
    fn give_up_reserve(&mut self) -> bool {
        self.reserve.give_up(&self.dir)
    }

    /// The file of the reserve, if there is one.
    pub(crate) fn reserve_file(&mut self) -> Option<Arc<dyn File>> {
        self.reserve.file(&self.dir)
    }

    /// Makes the reserve as large as it should be, as far as there is space.
    pub(crate) fn restore_reserve(&mut self) {
        let sealing = self.bytes_to_seal();
        self.reserve.fit(&self.dir, sealing);
    }

    /// Makes the reserve large enough for the log as it is.
    ///
    /// # Errors
    /// Only that the disk is full.
    pub(crate) fn take_reserve(&mut self) -> Result<(), WriteFailure> {
        let sealing = self.bytes_to_seal();
        self.reserve.take(&self.dir, sealing)
    }

    /// About how many bytes a segment sealed from the log would have, at most, without the rows
    /// that are in a segment already: the bytes of the log, with rows padded to lines, and an
    /// index.
    fn bytes_to_seal(&self) -> u64 {
        let shape = self.context().shape;
        let more_per_row = shape.row_bytes() - shape.dim * size_of::<f32>() + INDEXED_BYTES;
        let bytes = self.log_end - HEADER as u64 + self.staged.frames.len() as u64;
        bytes + (self.changes + self.staged.changes) * more_per_row as u64
    }
}

/// A segment that was sealed: what the manifest says of it, its file, and its dead rows.
type Sealed = (SegmentInfo, Arc<dyn File>, Vec<u32>);

/// What a checkpoint has written: the manifest, what it refers to, and the new segments' files.
type Prepared = (Manifest, Vec<Arc<Segment>>, Log, Vec<(FileName, FileId)>);

/// Numbers for new files.
struct FileNumbers {
    next: u64,
}

impl FileNumbers {
    /// The next number of which these names are free. A checkpoint never replaces a file that has
    /// one.
    fn free(&mut self, dir: &DatabaseDir, names: &[fn(u64) -> FileName]) -> Result<u64> {
        loop {
            let number = self.next;
            self.next += 1;
            let mut is_free = true;
            for name in names {
                let found = dir.lookup(name(number));
                let found = found.map_err(|error| refused(dir.path(), "looked through", error))?;
                is_free &= found.is_none();
            }
            if is_free {
                return Ok(number);
            }
        }
    }
}
