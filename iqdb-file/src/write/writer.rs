//! The state that writers work on: the database in memory, ahead of what is on the disk.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use iqdb_arena::{ArenaOptions, ArenaStore};
use iqdb_core::{
    Applied, Batch, Change, Record, RecordId, Result, Schema, SnapshotExt, Store, Vector, Version,
};

use crate::errors::defect;
use crate::files::database_dir::DatabaseDir;
use crate::files::held_names::HeldNames;
use crate::files::lock::Lock;
use crate::files::log::Log;
use crate::files::manifest_file::ManifestFile;
use crate::files::reserve::Reserve;
use crate::format::batch::{PlacedRows, encode_batch};
use crate::format::file_name::FileName;
use crate::format::manifest::Manifest;
use crate::options::FileOptions;
use crate::read::context::{SegmentContext, SidecarUse};
use crate::read::segment::Segment;
use crate::read::view::{Segments, View};
use crate::vfs::Process;
use crate::write::failed_checkpoint::FailedCheckpoint;
use crate::write::group::Group;
use crate::write::open_segment::{Mark, OpenSegment};
use crate::write::read_only::ReadOnlyReason;
use crate::write::row_writer::PendingRows;

/// What the writers' lock guards.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) dir: DatabaseDir,
    pub(crate) options: FileOptions,
    process: Process,
    pub(crate) lock: Arc<Lock>,
    pub(crate) manifest: Manifest,
    manifest_file: ManifestFile,
    /// The names that have to refer to the files that are open.
    pub(crate) names: Arc<HeldNames>,
    pub(crate) segments: Arc<Segments>,
    /// The records that the log has added, as a store in memory.
    pub(crate) memtable: ArenaStore,
    /// The newest version, and how many records it has. Its changes may not be on the disk yet.
    pub(crate) version: Version,
    pub(crate) live: u64,
    pub(crate) log: Arc<Log>,
    /// Where in the log the staged frames go, and up to where the log is synced.
    pub(crate) log_end: u64,
    pub(crate) synced: u64,
    /// How many changes the log has.
    pub(crate) changes: u64,
    pub(crate) open_segment: OpenSegment,
    /// The file of the growing segment has rows that are not synced.
    pub(crate) unsynced_rows: bool,
    /// What the next group writes.
    pub(crate) staged: Staged,
    /// The group that its leader is writing now.
    pub(crate) in_flight: Option<GroupInFlight>,
    /// The last group that was written.
    pub(crate) last: LastGroup,
    /// How many batches the leader of the staged group waits for, if it does.
    pub(crate) awaited_batches: Option<usize>,
    /// Why the store refuses all writes, if it does.
    pub(crate) read_only: Option<ReadOnlyReason>,
    /// A panic left a batch half applied.
    pub(crate) torn: bool,
    pub(crate) retired: VecDeque<Arc<View>>,
    /// The last checkpoint failed, and none has succeeded since.
    pub(crate) failed_checkpoint: Option<FailedCheckpoint>,
    /// The space that is kept for a full disk.
    pub(crate) reserve: Reserve,
    /// A segment has enough dead rows to be worth rewriting.
    pub(crate) wants_rewrite: bool,
}

/// Batches that have been applied in memory, and are neither on the disk nor visible.
#[derive(Debug)]
pub(crate) struct Staged {
    pub(crate) group: Arc<Group>,
    pub(crate) frames: Vec<u8>,
    pub(crate) rows: Vec<PendingRows>,
    pub(crate) batches: usize,
    pub(crate) changes: u64,
    /// Whether all batches only delete, and so free space sooner or later.
    pub(crate) only_deletes: bool,
    pub(crate) undo: Undo,
}

/// How to take back what a group has done in memory.
#[derive(Debug, Default)]
pub(crate) struct Undo {
    ended: Vec<(Arc<Segment>, u32)>,
    moved: Vec<(RecordId, Option<u32>)>,
    open_segment: Option<Mark>,
}

/// How many batches a group had, when it had been written, and how long that took.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LastGroup {
    pub(crate) batches: usize,
    pub(crate) ended: Option<Instant>,
    pub(crate) took: Duration,
}

#[derive(Debug)]
pub(crate) struct GroupInFlight {
    pub(crate) group: Arc<Group>,
    pub(crate) undo: Undo,
}

/// The effect of a batch, before any of it is applied.
struct BatchPlan<'b> {
    applied: Applied,
    /// The changes that the memtable has to apply.
    memtable: Cow<'b, Batch>,
    ended: Vec<(Arc<Segment>, u32)>,
}

impl Default for Staged {
    fn default() -> Self {
        Self {
            group: Arc::default(),
            frames: Vec::new(),
            rows: Vec::new(),
            batches: 0,
            changes: 0,
            only_deletes: true,
            undo: Undo::default(),
        }
    }
}

impl Staged {
    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }
}

/// An empty store for the records that the log adds; its versions are those of the database.
fn empty_memtable(schema: Schema, version: Version) -> ArenaStore {
    // A large batch fills some MiB of it, and soon all of it is sealed.
    let options = ArenaOptions::new().with_first_version(version).with_huge_pages(false);
    ArenaStore::with_options(schema, options)
}

impl Writer {
    /// A writer at the start of the manifest's log.
    pub(crate) fn new(
        dir: &DatabaseDir,
        options: &FileOptions,
        lock: &Arc<Lock>,
        (manifest, manifest_file): (Manifest, ManifestFile),
        segments: Vec<Arc<Segment>>,
        log: Log,
    ) -> Self {
        let rows =
            |entry: &crate::format::manifest::Entry| entry.info.rows - entry.dead.len() as u64;
        let names = held_names(dir, options, lock, (&manifest, &manifest_file), &log);
        Self {
            dir: dir.clone(),
            options: options.clone(),
            process: Process::current(),
            lock: Arc::clone(lock),
            manifest_file,
            names: Arc::new(names),
            segments: Arc::new(Segments::new(segments)),
            memtable: empty_memtable(manifest.schema, manifest.version),
            version: manifest.version,
            live: manifest.segments.iter().map(rows).sum(),
            log: Arc::new(log),
            log_end: crate::format::log::HEADER as u64,
            synced: crate::format::log::HEADER as u64,
            changes: 0,
            open_segment: OpenSegment::new(manifest.open_segment),
            unsynced_rows: false,
            staged: Staged::default(),
            in_flight: None,
            last: LastGroup::default(),
            awaited_batches: None,
            read_only: None,
            torn: false,
            retired: VecDeque::new(),
            failed_checkpoint: None,
            reserve: Reserve::new(options.reserve_bytes, manifest.database),
            wants_rewrite: false,
            manifest,
        }
    }

    pub(crate) fn schema(&self) -> &Schema {
        &self.manifest.schema
    }

    pub(crate) fn context(&self) -> SegmentContext<'_> {
        context(&self.options, &self.dir, &self.manifest, &self.lock)
    }

    /// The view that readers get once everything that is staged is on the disk.
    pub(crate) fn view(&self) -> Result<View> {
        Ok(View {
            schema: *self.schema(),
            version: self.version,
            live: self.live,
            segments: Arc::clone(&self.segments),
            memtable: self.memtable.snapshot()?,
            process: self.process,
        })
    }

    /// Applies a checked batch in memory, and adds its frame and rows to the staged group. An error
    /// changes nothing.
    pub(crate) fn stage(&mut self, batch: &Batch) -> Result<Applied> {
        self.torn = true;
        let staged = self.stage_or_fail(batch);
        self.torn = false;
        staged
    }

    fn stage_or_fail(&mut self, batch: &Batch) -> Result<Applied> {
        let planned = self.plan(batch)?;
        if !planned.applied.has_effect() {
            return Ok(planned.applied);
        }
        let mark = self.open_segment.mark();
        let (placed, rows) = {
            let context = context(&self.options, &self.dir, &self.manifest, &self.lock);
            match self.is_worth_placing(batch) && self.open_segment.is_ready(&context)? {
                true => {
                    let (placed, rows) =
                        self.open_segment.append_rows(&context, &self.options, batch)?;
                    (Some(placed), Some(rows))
                }
                false => (None, None),
            }
        };
        let body = encode_batch(batch, placed.as_ref());
        let version = planned.applied.version;
        let start = self.log_end;
        let frames = self.staged.frames.len();
        let framed = self
            .log
            .frame(&mut self.staged.frames, &body, start, version, self.synced)
            .and_then(|()| self.take_in(batch, &planned, placed.as_ref(), mark));
        if let Err(error) = framed {
            self.staged.frames.truncate(frames);
            self.open_segment.back_to(mark);
            return Err(error);
        }
        self.staged.rows.extend(rows);
        self.staged.only_deletes &=
            batch.changes().iter().all(|change| matches!(change, Change::Delete(_)));
        self.staged.batches += 1;
        self.staged.changes += batch.changes().len() as u64;
        Ok(planned.applied)
    }

    /// Applies a batch that opening has read from the log.
    pub(crate) fn replay(&mut self, batch: &Batch, placed: Option<&PlacedRows>) -> Result<bool> {
        let mark = self.open_segment.mark();
        let planned = self.plan(batch)?;
        if planned.applied.has_effect() {
            self.take_in(batch, &planned, placed, mark)?;
            self.changes += batch.changes().len() as u64;
            // No writer undoes a batch that the log has.
            self.staged.undo = Undo::default();
        }
        Ok(planned.applied.has_effect())
    }

    /// Decides what a batch does. Changes nothing.
    fn plan<'b>(&self, batch: &'b Batch) -> Result<BatchPlan<'b>> {
        let memtable = self.memtable.snapshot()?;
        let mut planned = BatchPlan {
            applied: Applied::at(self.version),
            memtable: Cow::Borrowed(batch),
            ended: Vec::new(),
        };
        let mut present: HashMap<&RecordId, bool> = HashMap::new();
        let mut whole: Vec<(usize, Change)> = Vec::new();
        for (n, change) in batch.changes().iter().enumerate() {
            let id = change.id();
            let was_present = match present.get(id) {
                Some(present) => *present,
                None if memtable.get(id)?.is_some() => true,
                None => match self.segments.find(id, Version(u64::MAX))? {
                    Some((segment, row)) => {
                        if let Change::SetPayload(id, payload) = change {
                            // The vector moves to the memtable with the record.
                            let vector = vector_of(segment, row)?;
                            let record =
                                Record { id: id.clone(), vector, payload: payload.clone() };
                            whole.push((n, Change::Upsert(record)));
                        }
                        planned.ended.push((Arc::clone(segment), row));
                        true
                    }
                    None => false,
                },
            };
            planned.applied.count(change, was_present);
            let is_present = match change {
                Change::Upsert(_) => true,
                Change::Delete(_) => false,
                Change::SetPayload(..) => was_present,
            };
            present.insert(id, is_present);
        }
        if !whole.is_empty() {
            let mut changes: Vec<Change> = batch.changes().to_vec();
            whole.into_iter().for_each(|(n, change)| changes[n] = change);
            planned.memtable = Cow::Owned(changes.into_iter().collect());
        }
        if planned.applied.has_effect() {
            planned.applied.version = self.version.next();
        }
        Ok(planned)
    }

    /// Applies a planned batch in memory.
    fn take_in(
        &mut self,
        batch: &Batch,
        planned: &BatchPlan<'_>,
        placed: Option<&PlacedRows>,
        mark: Mark,
    ) -> Result<()> {
        let version = planned.applied.version;
        if !self.memtable.apply(&planned.memtable)?.has_effect() {
            self.memtable.advance();
        }
        // Nothing fails from here on.
        self.staged.undo.open_segment.get_or_insert(mark);
        for (segment, row) in &planned.ended {
            segment.end(*row, version);
            self.wants_rewrite |= self.is_mostly_dead(segment);
        }
        self.staged.undo.ended.extend(planned.ended.iter().cloned());
        let mut row = placed.and_then(|placed| u32::try_from(placed.first_row).ok()).unwrap_or(0);
        for change in batch.changes() {
            let now = match (change, placed) {
                (Change::Upsert(_), Some(_)) => {
                    row += 1;
                    Some(row - 1)
                }
                (Change::Upsert(_) | Change::Delete(_), _) => None,
                // The vector stays where it is.
                (Change::SetPayload(..), _) => continue,
            };
            let before = self.open_segment.moved(change.id(), now);
            if before != now {
                self.staged.undo.moved.push((change.id().clone(), before));
            }
        }
        self.version = version;
        self.live = (self.live + planned.applied.inserted).saturating_sub(planned.applied.deleted);
        Ok(())
    }

    /// Takes back what is not on the disk: `undo`, and what was staged after it.
    pub(crate) fn back_to(&mut self, published: &View, undo: Option<Undo>) -> Result<()> {
        let staged = std::mem::take(&mut self.staged);
        for undo in [Some(staged.undo), undo].into_iter().flatten() {
            for (segment, row) in &undo.ended {
                segment.revive(*row);
            }
            for (id, row) in undo.moved.into_iter().rev() {
                self.open_segment.moved(&id, row);
            }
            if let Some(mark) = undo.open_segment {
                self.open_segment.back_to(mark);
            }
        }
        let mut batch = Batch::new();
        for record in published.memtable.records(None) {
            batch.push(Change::Upsert(record?.to_record()?));
        }
        let version = published.version;
        self.memtable = match batch.changes().is_empty() {
            true => empty_memtable(*self.schema(), version),
            false => {
                let memtable = empty_memtable(*self.schema(), Version(version.0.saturating_sub(1)));
                memtable.apply(&batch)?;
                memtable
            }
        };
        (self.version, self.live, self.torn) = (version, published.live, false);
        Ok(())
    }

    fn is_worth_placing(&self, batch: &Batch) -> bool {
        let upserts = batch.changes().iter().filter(|change| matches!(change, Change::Upsert(_)));
        let bytes = (upserts.count() * self.schema().dim() * size_of::<f32>()) as u64;
        bytes > 0 && bytes >= self.options.placed_bytes
    }

    /// Takes out former views that no reader uses any more. The writer drops them, so that readers
    /// never free one.
    pub(crate) fn reclaim(&mut self) -> Vec<Arc<View>> {
        let mut garbage = Vec::new();
        for _ in 0..self.retired.len().min(64) {
            if let Some(mut view) = self.retired.pop_front() {
                match Arc::get_mut(&mut view).is_some() {
                    true => garbage.push(view),
                    false => self.retired.push_back(view),
                }
            }
        }
        garbage
    }

    /// Starts a new log, with nothing in the memtable.
    pub(crate) fn start_over(
        &mut self,
        manifest: (Manifest, ManifestFile),
        segments: Vec<Arc<Segment>>,
        log: Log,
    ) {
        let (dir, options, lock) = (&self.dir, &self.options, &self.lock);
        let started = Self::new(dir, options, lock, manifest, segments, log);
        let (retired, last) = (std::mem::take(&mut self.retired), self.last);
        *self = Self { retired, last, ..started };
    }

    /// Goes on with another manifest over the same files.
    pub(crate) fn replace_manifest(&mut self, manifest: Manifest, file: ManifestFile) {
        let names = held_names(&self.dir, &self.options, &self.lock, (&manifest, &file), &self.log);
        (self.names, self.manifest, self.manifest_file) = (Arc::new(names), manifest, file);
    }
}

/// The files that a writer has open and relies on.
fn held_names(
    dir: &DatabaseDir,
    options: &FileOptions,
    lock: &Lock,
    (manifest, file): (&Manifest, &ManifestFile),
    log: &Log,
) -> HeldNames {
    let mut held = vec![log.held(), (FileName::Manifest(manifest.number), file.id)];
    held.extend(lock.held());
    HeldNames::new(dir, held, options.fault)
}

/// What all segments of a database share: the directory, the shape of rows, and the options.
pub(crate) fn context<'a>(
    options: &'a FileOptions,
    dir: &'a DatabaseDir,
    manifest: &Manifest,
    lock: &Arc<Lock>,
) -> SegmentContext<'a> {
    SegmentContext::new(dir, options, manifest, SidecarUse::of(options, manifest, lock))
}

fn vector_of(segment: &Segment, row: u32) -> Result<Vector> {
    use iqdb_core::BlockSource;
    let (block, row) = segment.locate(row).ok_or_else(|| defect("a row is in no block"))?;
    let components = block.rows(row..row + 1)?;
    Vector::try_from(components[..segment.shape().dim].to_vec())
}
