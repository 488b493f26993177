//! A durable store in files, with a defect in what a crash leaves of them: a log of frames since a
//! checkpoint, and a manifest that names both.

mod layout;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use iqdb_conformance::{CASES, Case, Outcome, run_case};
use iqdb_core::{
    Applied, Batch, Budget, Capabilities, Computed, Effect, Field, PayloadRef, Progress, Record,
    RecordId, Resolved, Result, RowsSnapshot, Schema, Snapshot, Store, StoredRecord, Version,
};

use crate::defect::{Defect, Planted};
use crate::harness::files_harness;
use crate::missed;
use layout::{Files, Frame};

#[derive(Debug)]
pub(crate) struct FilesStore {
    current: Mutex<Current>,
}

/// What is on the disk, and the files that it is in. A writer has it locked until it is there.
#[derive(Debug)]
struct Current {
    content: Content,
    shown: Arc<RowsSnapshot>,
    files: Files,
}

/// The records of a version.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    pub(crate) schema: Schema,
    pub(crate) version: Version,
    pub(crate) records: BTreeMap<RecordId, Record>,
}

impl Content {
    pub(crate) fn new(schema: Schema) -> Self {
        Self { schema, version: Version(0), records: BTreeMap::new() }
    }

    /// Replays a frame.
    pub(crate) fn replay(&mut self, frame: Frame) {
        self.version = frame.version;
        for (id, record) in frame.changed {
            match record {
                Some(record) => drop(self.records.insert(id, record)),
                None => drop(self.records.remove(&id)),
            }
        }
    }

    fn snapshot(&self) -> Result<Arc<RowsSnapshot>> {
        let records = self.records.values().map(|record| {
            let computed = Computed::of(&self.schema, &PayloadRef::from(&record.payload))?;
            Ok(StoredRecord { record: record.clone(), computed })
        });
        let records = records.collect::<Result<Vec<_>>>()?;
        Ok(Arc::new(RowsSnapshot::new(self.schema.clone(), self.version, &records)?))
    }

    /// The frame of these effects.
    fn frame(&self, effects: Vec<Effect<'_>>, applied: &mut Applied) -> Result<Frame> {
        let mut changed: BTreeMap<RecordId, Option<Record>> = BTreeMap::new();
        for effect in effects {
            let id = effect.to_id();
            let before =
                changed.get(&id).cloned().unwrap_or_else(|| self.records.get(&id).cloned());
            applied.count(&effect, before.is_some());
            let after = match (effect, before) {
                (Effect::Put(record, _), _) => Some(record.clone()),
                (Effect::PutRow(rows, row, _), _) => Some(rows.record(row)?.to_record()?),
                (effect @ (Effect::SetPayload(..) | Effect::SetVectors(..)), Some(before)) => {
                    let mut stored = StoredRecord::from(before);
                    effect.apply_to(&mut stored);
                    Some(stored.record)
                }
                (Effect::Remove(_) | Effect::SetPayload(..) | Effect::SetVectors(..), _) => None,
            };
            changed.insert(id, after);
        }
        Ok(Frame { version: self.version.next(), changed: changed.into_iter().collect() })
    }
}

impl FilesStore {
    /// Opens the store at a path, or creates one of this schema.
    pub(crate) fn open(path: &Path, schema: Schema, defect: Option<Defect>) -> Result<Self> {
        let (files, content) = Files::open(path, schema, defect)?;
        let shown = content.snapshot()?;
        Ok(Self { current: Mutex::new(Current { content, shown, files }) })
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for FilesStore {
    fn schema(&self) -> Schema {
        self.lock().content.schema.clone()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::none().with_durable()
    }

    fn apply_within(&self, batch: &Batch, budget: Budget<'_>) -> Result<Applied> {
        let Current { content, shown, files } = &mut *self.lock();
        batch.check(&content.schema, content.version)?;
        let Resolved { effects, mut applied } = batch.resolve(&**shown, content.version)?;
        let frame = content.frame(effects, &mut applied)?;
        budget.check()?;
        if applied.has_effect() {
            applied.version = frame.version;
            let mut next = content.clone();
            files.append(&frame)?;
            next.replay(frame);
            files.make_room(&next)?;
            (*shown, *content) = (next.snapshot()?, next);
        }
        Ok(applied)
    }

    fn add_field(
        &self,
        field: Field,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<Version> {
        let Current { content, shown, files } = &mut *self.lock();
        let schema = self.capabilities().limits().add_field(&content.schema, field)?;
        budget.check()?;
        let next = Content { schema, version: content.version.next(), ..content.clone() };
        files.checkpoint(&next)?;
        (*shown, *content) = (next.snapshot()?, next);
        progress.report(1, 1);
        Ok(content.version)
    }

    fn get(&self, id: &RecordId) -> Result<Option<Record>> {
        Ok(self.lock().content.records.get(id).cloned())
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        Ok(Arc::<RowsSnapshot>::clone(&self.lock().shown))
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }
}

/// The environment variables that say to a process which case it is of, and which defect its store has.
const CASE: &str = "IQDB_CONFORMANCE_PLANTED_CASE";
const DEFECT: &str = "IQDB_CONFORMANCE_PLANTED_DEFECT";

/// The command that runs a case on a store in files, in a process of its own.
pub(crate) fn process(defect: Option<Defect>, case: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap_or_default());
    command.args(["--exact", "files::a_process_of_a_case", "--nocapture"]);
    command.env(CASE, case).env(DEFECT, format!("{defect:?}"));
    command
}

/// What [`process`] runs; without one, a case.
#[test]
fn a_process_of_a_case() {
    let case = std::env::var(CASE).unwrap_or("store::capabilities_never_change".to_owned());
    let named = std::env::var(DEFECT).unwrap_or_default();
    let mut all = Defect::ALL.iter().chain(Defect::NOT_YET_CAUGHT.iter().map(|(_, defect)| defect));
    let defect = all.find(|defect| named == format!("{:?}", Some(defect)));
    run_case(&files_harness(defect.copied()), &case);
}

#[test]
fn the_sound_store_in_files_passes() {
    let is_tried = crashes_are_tried();
    for case in CASES.iter().filter(|case| match case.family {
        "durable" => true,
        family => family == "crashes" && is_tried,
    }) {
        let outcome = case.check(&files_harness(None));
        let outcome = outcome.unwrap_or_else(|failure| panic!("{failure}"));
        assert_eq!(outcome, Outcome::Kept, "{}", case.full_name);
    }
}

#[test]
fn each_defect_in_what_a_crash_leaves_is_caught() {
    if crashes_are_tried() {
        let all = Defect::ALL.iter().filter(|defect| defect.planted() == Planted::Files);
        let missed = missed(all);
        assert!(missed.is_empty(), "{missed:#?}");
    }
}

/// Whether processes are traced here. Where they aren't, standard error says so.
///
/// # Panics
/// Where `IQDB_CONFORMANCE_MUST_TRACE` is set, and they aren't.
pub(crate) fn crashes_are_tried() -> bool {
    static TRIED: LazyLock<bool> = LazyLock::new(|| {
        let case = Case::named("crashes::a_kill_in_a_write_leaves_whole_batches");
        let reason = match case.expect("a case").check(&files_harness(None)) {
            Ok(Outcome::NotPromised(reason)) if reason.contains("traced") => reason,
            Err(failure) if failure.message().contains("MUST_TRACE") => panic!("{failure}"),
            _ => return true,
        };
        // Not by a macro, whose lines a test that passes doesn't show.
        let line = format!("no crash is tried: {reason}\n");
        std::io::stderr().write_all(line.as_bytes()).expect("standard error");
        false
    });
    *TRIED
}
