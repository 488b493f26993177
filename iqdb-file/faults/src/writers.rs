//! Four writers whose batches say what came before them, so that what is found can be checked
//! without a record of what was written.
//!
//! Batch `n` of a thread writes a few records that follow from thread and number, and deletes those
//! of the batch a while before. So what a thread has written is a window of its last batches.

use std::thread;

use iqdb_core::{
    Batch, Error, IdRef, Metric, Record, RecordId, Result as CoreResult, Schema, SnapshotExt,
    Store, StoreExt,
};
use iqdb_file::{FileOptions, FileStore};

use crate::finding::{Breach, Finding};
use crate::run::works;
use crate::{Result, Verdict, terminal};

/// How many write at the same time.
pub(crate) const THREADS: usize = 4;

/// How many batches of a thread are there at the same time.
const WINDOW: u64 = 40;

const DIM: usize = 24;

/// How many batches of each thread are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Reached([u64; THREADS]);

impl Reached {
    /// Takes in a line of a writer: its thread, and the batch that is written.
    pub(crate) fn hear(&mut self, line: &str) -> Result<()> {
        // The first line only says that it has begun, and the last may be cut off.
        let Some((thread, batch)) = line.split_once(' ') else { return Ok(()) };
        let number = |text: &str| text.parse::<usize>().ok();
        let (Some(thread), Some(batch)) = (number(thread), number(batch)) else {
            return Err(format!("a writer said `{line}`"));
        };
        if let Some(reached) = self.0.get_mut(thread) {
            *reached = (*reached).max(batch as u64);
        }
        Ok(())
    }

    /// As far as either of them.
    pub(crate) fn or(self, other: Self) -> Self {
        let mut both = self;
        both.0.iter_mut().zip(other.0).for_each(|(a, b)| *a = (*a).max(b));
        both
    }

    /// How many batches it is from there to here.
    pub(crate) fn batches_since(self, before: Self) -> u64 {
        self.0.iter().zip(before.0).map(|(a, b)| a.saturating_sub(b)).sum()
    }
}

pub(crate) fn schema() -> Schema {
    let schema = Schema::new(DIM, Metric::Euclidean);
    schema.unwrap_or_else(|error| unreachable!("{DIM} is a dimension: {error}"))
}

/// With limits so small that every way of writing is taken.
pub(crate) fn options(options: FileOptions) -> FileOptions {
    options.with_seal_bounds(8 << 10, 100, 16 << 10).with_placed_from_bytes(400)
}

fn id(thread: usize, batch: u64, n: u64) -> RecordId {
    ((thread as u64) << 48 | batch << 8 | n).into()
}

/// The records that a batch leaves.
fn records(thread: usize, batch: u64) -> CoreResult<Vec<Record>> {
    // Some batches are large enough to be placed in a segment at once.
    let count = if batch.is_multiple_of(5) { 6 } else { 1 + batch % 3 };
    let record = |n: u64| {
        #[allow(clippy::cast_precision_loss, reason = "any components do")]
        let vector: Vec<f32> = (0..DIM).map(|i| (batch * 31 + n * 7 + i as u64) as f32).collect();
        Ok(Record::new(id(thread, batch, n), vector)?
            .with("batch", i64::try_from(batch).unwrap_or(0))
            .with("text", format!("{thread} {batch} {n}")))
    };
    (0..count).map(record).collect()
}

fn batch(thread: usize, number: u64) -> CoreResult<Batch> {
    let written = records(thread, number)?.into_iter().fold(Batch::new(), Batch::upsert);
    let gone = number.checked_sub(WINDOW).filter(|gone| *gone > 0);
    let gone = gone.map_or(Ok(Vec::new()), |gone| records(thread, gone))?;
    Ok(gone.into_iter().fold(written, |batch, record| batch.delete(record.id)))
}

/// Writes after these batches, and says so, until the end of the process or the first error.
pub(crate) fn write_for_ever(store: &FileStore, from: Reached) -> Result<Verdict> {
    let write = |thread: usize, number: u64, batch: &Batch| -> CoreResult<()> {
        store.apply(batch)?;
        terminal::say(&format!("{thread} {number}"));
        Ok(())
    };
    write_until_refused(from, &write).and_then(|(_, error)| Err(error.to_string()))
}

/// Lets each thread `write` one batch of its own after the other, with its numbers, until it is refused:
/// how far all have come by then, and why the first of them went no further.
pub(crate) fn write_until_refused(
    from: Reached,
    write: &(dyn Fn(usize, u64, &Batch) -> CoreResult<()> + Sync),
) -> Result<(Reached, Error)> {
    terminal::say("begun");
    let write_on = |thread: usize, from: u64| -> (u64, Option<Error>) {
        for number in from + 1.. {
            if let Err(error) =
                batch(thread, number).and_then(|batch| write(thread, number, &batch))
            {
                return (number - 1, Some(error));
            }
        }
        (u64::MAX, None)
    };
    let mut reached = from;
    let mut errors = Vec::new();
    thread::scope(|scope| {
        let write_on = &write_on;
        let threads: Vec<_> = (0..)
            .zip(from.0)
            .map(|(thread, from)| scope.spawn(move || write_on(thread, from)))
            .collect();
        for (reached, thread) in reached.0.iter_mut().zip(threads) {
            let (last, error) = thread.join().map_err(|_| "a writer panicked".to_owned())?;
            *reached = last;
            errors.extend(error);
        }
        Ok::<_, String>(())
    })?;
    let error = errors.into_iter().next().ok_or("all batches there are were written")?;
    Ok((reached, error))
}

/// How far the writers of this store have come: at least so far, and with nothing else in it.
///
/// # Errors
/// What is lost, or there for no reason, or in part.
pub(crate) fn found(store: &FileStore, least: Reached) -> Result<Reached, Finding> {
    let snapshot = works("snapshot", store.snapshot())?;
    let mut there = Vec::new();
    for record in snapshot.records(None) {
        there.push(works("reading the records", record.and_then(|record| record.to_record()))?);
    }
    let mut reached = Reached::default();
    for record in &there {
        let IdRef::Number(id) = record.id.as_ref() else {
            return Err(Finding::new(Breach::Phantom, &record.id));
        };
        let newest = reached.0.get_mut((id >> 48) as usize);
        let newest = newest.ok_or_else(|| Finding::new(Breach::Phantom, &record.id))?;
        *newest = (*newest).max(id >> 8 & 0xFF_FFFF_FFFF);
    }
    if reached.0.iter().zip(least.0).any(|(found, told)| *found < told) {
        let (found, told) = (reached.0, least.0);
        let story = format!("batches {told:?} of the threads were acknowledged, {found:?} found");
        return Err(Finding::new(Breach::Lost, story));
    }
    let mut expected = Vec::new();
    for (thread, newest) in (0..).zip(reached.0) {
        for number in newest.saturating_sub(WINDOW - 1).max(1)..=newest {
            expected.extend(works("a batch", records(thread, number))?);
        }
    }
    there.sort_by(|a, b| a.id.cmp(&b.id));
    expected.sort_by(|a, b| a.id.cmp(&b.id));
    if let Some((a, b)) = expected.iter().zip(&there).find(|(a, b)| a != b) {
        let story = format!("expected {a:?}, found {b:?}");
        return Err(Finding::new(Breach::Wrong, story));
    }
    if expected.len() != there.len() {
        let story = format!("{} records, expected {}", there.len(), expected.len());
        return Err(Finding::new(Breach::Wrong, story));
    }
    for record in &expected {
        if works("get", store.get(&record.id))?.as_ref() != Some(record) {
            return Err(Finding::new(Breach::Wrong, format_args!("get of {} differs", record.id)));
        }
    }
    Ok(reached)
}
