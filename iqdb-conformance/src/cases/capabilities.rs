//! The capabilities that a store promises beyond the contract, apart from durability.

use std::time::{Duration, Instant};

use iqdb_core::filter::MaskPool;
use iqdb_core::{
    Batch, Capabilities, Error, Metric, Record, Result, RowMask, Schema, Store, StoreExt,
};

use crate::differential::Differential;
use crate::generate::corpus::{self, Distribution};
use crate::threads::{Job, Writers, run_concurrently};
use crate::{Harness, Outcome};

pub(super) fn wait_free_reads_allocate_nothing(harness: &Harness) -> Result<Outcome> {
    let schema = Schema::new(3, Metric::Euclidean)?;
    let pair =
        Differential::of(harness, &schema, corpus::records(&schema, 40, Distribution::Smooth, 1)?)?;
    if !pair.site.capabilities().wait_free_reads() {
        return Ok(Outcome::NotPromised("its reads are not wait-free"));
    }
    let ids: Vec<_> = (0..50).map(corpus::id).collect();
    let (mut mask, mut pool) = (RowMask::new(), MaskPool::default());
    let mut read = || -> Result<usize> {
        let snapshot = pair.site.snapshot()?;
        let mut found = 0;
        for id in &ids {
            found += usize::from(snapshot.get(id)?.is_some());
        }
        let Some(blocks) = snapshot.blocks() else { return Ok(found) };
        for i in 0..blocks.block_count() {
            let block = blocks.block(i)?;
            block.select(0..block.len(), None, &mut mask, &mut pool)?;
            let field = block.schema().default_field()?;
            let Some(column) = block.column(field)? else { continue };
            let rows = column.rows(0..column.len())?;
            for row in mask.rows() {
                block.id(row)?;
                block.payload(row)?;
                if let Some(n) = column.position(row) {
                    found += usize::from(rows.vector(n)?.dim() == column.kind().dim());
                }
            }
        }
        Ok(found)
    };
    // The caller's masks grow in the first run only.
    read()?;
    let mut found = Ok(0);
    let Some(cost) = harness.measure(&mut || found = read()) else {
        return Ok(Outcome::NotPromised("no allocation meter (Harness::with_allocation_meter)"));
    };
    assert_eq!(found?, 2 * pair.model.len(), "the records found, by id and in blocks");
    assert_eq!(cost.total_bytes, 0, "the bytes that reading allocated");
    Ok(Outcome::Kept)
}

/// The records of the first batch that readers must not wait for, and of the largest.
const ROWS_MIN: u64 = 1_000;
const ROWS_MAX: u64 = 512_000;

/// How long the first batch takes that is looked at, and how long a batch takes at least before it is not
/// made larger. On a machine with other work a reader may not be scheduled for a quarter of a short
/// write, but hardly ever for a quarter of a second.
const WRITE_MIN: Duration = Duration::from_millis(20);
const WRITE_MAX: Duration = Duration::from_secs(1);

/// How many batches are looked at. Readers of a correct store may not be scheduled beside all but one.
const TRIES: usize = 16;

pub(super) fn wait_free_reads_wait_for_no_writer(harness: &Harness) -> Result<Outcome> {
    let schema = Schema::new(3, Metric::Euclidean)?;
    let site = harness.create(&schema)?;
    if !site.capabilities().wait_free_reads() {
        return Ok(Outcome::NotPromised("its reads are not wait-free"));
    }
    let mut rows = ROWS_MIN;
    let mut tries = 0;
    while tries < TRIES {
        let batch = (0..rows).try_fold(Batch::new(), |batch, n| {
            Ok::<_, Error>(batch.upsert(Record::new(n, [n as f32, 0.0, 1.0])?))
        })?;
        let (wrote, gap) = write_beside_a_reader(&*site, &batch)?;
        if wrote >= WRITE_MIN || rows == ROWS_MAX {
            if gap < wrote / 4 {
                return Ok(Outcome::Kept);
            }
            tries += 1;
        }
        if wrote < WRITE_MAX {
            rows = ROWS_MAX.min(2 * rows);
        }
    }
    panic!("a reader waited for a quarter of each large write, or longer, in {TRIES} tries");
}

/// How long the batch took, and the longest time that a read took meanwhile.
fn write_beside_a_reader(store: &dyn Store, batch: &Batch) -> Result<(Duration, Duration)> {
    let writers = Writers::new(1);
    let write = || -> Result<Duration> {
        let _guard = writers.guard();
        let began = Instant::now();
        store.apply(batch)?;
        Ok(began.elapsed())
    };
    let read = || -> Result<Duration> {
        let mut longest = Duration::ZERO;
        while !writers.are_done() {
            let began = Instant::now();
            store.snapshot()?.get(&0.into())?;
            longest = longest.max(began.elapsed());
        }
        Ok(longest)
    };
    let jobs: Vec<Job<'_, Duration>> = vec![Box::new(write), Box::new(read)];
    let took = run_concurrently(jobs)?;
    Ok((took[0], took[1]))
}

/// The records that are live under churn. All of them are written in each round.
const LIVE: u64 = 500;

/// The id of one of the live records: half of them stay, and the others are new ones in each round.
fn live_id(n: u64, round: u64) -> u64 {
    if n.is_multiple_of(2) { n } else { n + LIVE * round }
}

/// The batch that writes the live records of a round and deletes those of the round before.
fn replace_all(round: u64) -> Result<Batch> {
    let text = "x".repeat(150);
    (0..LIVE).try_fold(Batch::new(), |batch, n| {
        let (id, before) = (live_id(n, round), live_id(n, round.saturating_sub(1)));
        let batch = if id == before { batch } else { batch.delete(before) };
        Ok(batch.upsert(Record::new(id, [n as f32, round as f32])?.with("text", text.as_str())))
    })
}

pub(super) fn memory_is_bounded_by_what_is_live(harness: &Harness) -> Result<Outcome> {
    let schema = Schema::new(2, Metric::Euclidean)?;
    let Some(most) = harness.create(&schema)?.capabilities().space_amplification() else {
        return Ok(Outcome::NotPromised("it promises no space amplification"));
    };
    let rounds = |count: u64| -> Result<()> {
        let site = harness.create(&schema)?;
        for round in 0..count {
            site.apply(&replace_all(round)?)?;
            // A snapshot that is dropped at once.
            assert_eq!(site.snapshot()?.len(), LIVE, "the length in round {round}");
        }
        Ok(())
    };
    let peak_bytes = |count: u64| -> Result<Option<u64>> {
        let mut result = Ok(());
        let cost = harness.measure(&mut || result = rounds(count));
        result.map(|()| cost.map(|cost| cost.peak_bytes))
    };
    let (Some(once), Some(found)) = (peak_bytes(1)?, peak_bytes(400)?) else {
        return Ok(Outcome::NotPromised("no allocation meter (Harness::with_allocation_meter)"));
    };
    let limit = u64::from(most) * once + Capabilities::SPACE_BYTES_MIN;
    assert!(
        found <= limit,
        "the memory under churn: expected at most {limit} bytes, as writing the records once takes \
         {once} of which {most} times as much is promised, found {found}"
    );
    Ok(Outcome::Kept)
}
