//! Tests of shrinking a long history: its bounds in memory and in time.

mod long_history;
mod wearing;

use std::sync::Arc;
use std::time::{Duration, Instant};

use iqdb_core::{Batch, Metric, Record, Result, Schema};

use self::wearing::wearing;
use super::*;
use crate::differential::play::play;
use crate::generate::operation::Operation;

/// The batches after which the store takes no more.
const BATCHES: usize = 2_000;

/// The memory that shrinking may take beside the script, of about 30 MiB, and beside one replay: a
/// script of another schema is a copy of it.
const BESIDE_A_REPLAY_BYTES: u64 = 32 << 20;

/// Shrinking ends after an eighth of the time limit.
fn harness(time_limit: Duration) -> Harness {
    wearing(BATCHES).with_time_limit(time_limit)
}

/// 2,400 upserts of records of 16 KiB each, few of which are there at a time.
fn long() -> Result<Script> {
    let operation = |n: u64| {
        let record = Record::new(n % 4, [1.0, 2.0])?.with("n", n.to_string().repeat(4_096));
        Ok(Operation::Apply(Batch::new().upsert(record)))
    };
    let operations = (0..2_400).map(operation).collect::<Result<Vec<_>>>()?;
    Ok(Script::new(Schema::new(2, Metric::Euclidean)?, operations))
}

#[test]
fn a_long_history_of_large_records_shrinks_within_its_bounds() -> Result<()> {
    let harness = harness(Duration::from_secs(40));
    let script = long()?;
    let (mut first, mut shrunk) = (None, None);
    let replay = allocation_counter::measure(|| first = play(&script, &harness));
    let first = first.expect("the store forgets a batch");
    assert_eq!(first.step, BATCHES);

    let started = Instant::now();
    let cost = allocation_counter::measure(|| {
        shrunk = Some(Shrunk::of(&harness, script.clone(), first));
    });
    let shrunk = shrunk.expect("a script");
    let beside = cost.bytes_max.saturating_sub(replay.bytes_max);
    assert!(beside < BESIDE_A_REPLAY_BYTES, "{beside} bytes beside {}", replay.bytes_max);
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert_eq!(shrunk.ended_after, Some(Duration::from_secs(5)));
    // No shorter one fails.
    assert_eq!(shrunk.script.operations.len(), BATCHES + 1);

    let report = shrunk.report(9);
    assert!(report.contains("replays (5s were up: a smaller script may fail, too)"));
    assert!(report.contains(" operations more, which the seed replays.\n"));
    assert!(report.len() < 400_000, "{} bytes", report.len());
    Ok(())
}

#[test]
fn a_script_is_simpler_in_every_part() -> Result<()> {
    let batch = Batch::new().upsert(Record::new("a", [3.0, 4.0])?.with("x", [1, 2]).with("y", 7));
    let schema = Schema::new(2, Metric::Euclidean)?;
    let script = Script::new(schema, [Operation::Flush, Operation::Apply(batch)]);
    let mut of_operation = Vec::new();
    let _ = candidates::of_operation(&script, 1, &mut |it| {
        assert!(Arc::ptr_eq(&it.operations[0], &script.operations[0]), "a copy of what is kept");
        of_operation.push(it);
        ControlFlow::Continue(())
    });
    // No record; no payload; `x` gone, 1, and each of its elements; `y` gone and 1; no vector, that
    // of the first axis, and each component 0 and 1.
    assert_eq!(of_operation.len(), 1 + 1 + 4 + 2 + 1 + 1 + 4);
    let mut of_ids = Vec::new();
    let _ = candidates::of_ids(&script, &mut |it| {
        of_ids.push(it);
        ControlFlow::Continue(())
    });
    assert_eq!(of_ids.len(), 1);
    let mut tried = 0;
    let _ = candidates::of_operation(&script, 1, &mut |_| {
        tried += 1;
        ControlFlow::Break(())
    });
    assert_eq!(tried, 1, "no candidate is made behind the last one that is wanted");
    Ok(())
}
