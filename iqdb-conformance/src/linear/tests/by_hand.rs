//! Histories written by hand: what is allowed, what is not, and what the failure says.

use iqdb_core::{Applied, Batch, Metric, Record, Result, Schema, Version};

use crate::linear::operation::{Answer, Call, History, Operation, Versions};
use crate::linear::{by_search, by_version};

fn record(n: f32) -> Result<Record> {
    Record::new(1, [1.0, n])
}

/// An operation of this thread between these instants.
fn operation(
    thread: u16,
    (invoked, returned): (u64, u64),
    call: Call,
    answer: Answer,
) -> Operation {
    Operation { thread, invoked, returned, call, answer }
}

/// Record 1 is written, for the first time if `version` is 1.
fn write(thread: u16, instants: (u64, u64), n: f32, version: u64) -> Result<Operation> {
    let mut applied = Applied::at(Version(version));
    *(if version == 1 { &mut applied.inserted } else { &mut applied.replaced }) = 1;
    let call = Call::Apply(Batch::new().upsert(record(n)?));
    Ok(operation(thread, instants, call, Answer::Applied(applied)))
}

fn read(thread: u16, instants: (u64, u64), found: Option<f32>) -> Result<Operation> {
    let found = found.map(record).transpose()?;
    Ok(operation(thread, instants, Call::Get(1.into()), Answer::Got(found)))
}

fn history(operations: Vec<Operation>) -> Result<History> {
    Ok(History::new(Schema::new(2, Metric::Euclidean)?, operations))
}

fn assert_linearizable(operations: Vec<Operation>) -> Result<()> {
    let history = history(operations)?;
    if let Err(violation) = by_version::check(&history) {
        panic!("{}", violation.describe(&history));
    }
    assert!(by_search::explains(&history, Versions::Compared));
    assert!(by_search::explains(&history, Versions::Ignored));
    Ok(())
}

/// That it is not, even with the versions left aside unless they are all that is wrong.
fn assert_wrong(operations: Vec<Operation>, only_in_versions: bool, shown: &str) -> Result<()> {
    let history = history(operations)?;
    assert!(!by_search::explains(&history, Versions::Compared));
    assert_eq!(by_search::explains(&history, Versions::Ignored), only_in_versions);
    match by_version::check(&history) {
        Ok(()) => panic!("found to be linearizable: {history:#?}"),
        Err(violation) => assert_eq!(violation.describe(&history), shown),
    }
    Ok(())
}

#[test]
fn a_read_beside_a_write_may_see_it_or_not() -> Result<()> {
    assert_linearizable(vec![])?;
    assert_linearizable(vec![write(0, (0, 3), 7.0, 1)?, read(1, (1, 2), None)?])?;
    assert_linearizable(vec![write(0, (0, 3), 7.0, 1)?, read(1, (1, 2), Some(7.0))?])
}

#[test]
fn a_read_after_a_write_must_see_it() -> Result<()> {
    assert_wrong(
        vec![write(0, (0, 1), 7.0, 1)?, read(1, (2, 3), None)?],
        false,
        "thread 1, get: its answer is wrong at version 1, the only one
  [   0 to    1] thread 0: apply [upsert 1: [1.0, 7.0] {}] -> version 1, 1 inserted
> [   2 to    3] thread 1: get 1 -> absent
  allowed at version 1: 1: [1.0, 7.0] {}",
    )
}

#[test]
fn what_one_thread_has_seen_no_later_read_may_unsee() -> Result<()> {
    let slow_write = || write(0, (0, 9), 7.0, 1);
    // While both are under way, each may come first.
    assert_linearizable(vec![slow_write()?, read(1, (1, 3), Some(7.0))?, read(2, (2, 4), None)?])?;
    assert_wrong(
        vec![slow_write()?, read(1, (1, 2), Some(7.0))?, read(2, (3, 4), None)?],
        false,
        "thread 2, get: it goes back behind version 1, which had been seen before
  [   0 to    9] thread 0: apply [upsert 1: [1.0, 7.0] {}] -> version 1, 1 inserted
  [   1 to    2] thread 1: get 1 -> 1: [1.0, 7.0] {}
> [   3 to    4] thread 2: get 1 -> absent
  allowed at version 1: 1: [1.0, 7.0] {}",
    )
}

#[test]
fn versions_respect_real_time() -> Result<()> {
    // Of two batches that know nothing of each other, the versions alone are at fault.
    let come_and_go = |instants, version| -> Result<Operation> {
        let batch = Batch::new().upsert(Record::new(2, [1.0, 1.0])?).delete(2);
        let mut applied = Applied::at(Version(version));
        (applied.inserted, applied.deleted) = (1, 1);
        Ok(operation(1, instants, Call::Apply(batch), Answer::Applied(applied)))
    };
    assert_linearizable(vec![write(0, (0, 1), 7.0, 1)?, come_and_go((2, 3), 2)?])?;
    assert_wrong(
        vec![come_and_go((0, 1), 2)?, write(0, (2, 3), 7.0, 1)?],
        true,
        "thread 1, apply: it was over before the other began, \
         and yet has the greater version
> [   0 to    1] thread 1: apply [upsert 2: [1.0, 1.0] {}, delete 2] -> version 2, 1 inserted, \
         1 deleted
  [   2 to    3] thread 0: apply [upsert 1: [1.0, 7.0] {}] -> version 1, 1 inserted",
    )
}

#[test]
fn each_version_is_made_once() -> Result<()> {
    assert_wrong(
        vec![write(0, (0, 3), 7.0, 1)?, write(1, (1, 2), 8.0, 1)?],
        false,
        "thread 1, apply: another batch says that it has made version 1, too
  [   0 to    3] thread 0: apply [upsert 1: [1.0, 7.0] {}] -> version 1, 1 inserted
> [   1 to    2] thread 1: apply [upsert 1: [1.0, 8.0] {}] -> version 1, 1 inserted",
    )?;
    assert_wrong(
        vec![write(0, (0, 1), 7.0, 1)?, write(0, (2, 3), 8.0, 3)?],
        true,
        "thread 0, apply: it has made version 3, and no batch has made the one before
  [   0 to    1] thread 0: apply [upsert 1: [1.0, 7.0] {}] -> version 1, 1 inserted
> [   2 to    3] thread 0: apply [upsert 1: [1.0, 8.0] {}] -> version 3, 1 replaced
  allowed at version 1: version 2, 1 replaced",
    )
}

#[test]
fn a_snapshot_shows_exactly_the_version_that_it_names() -> Result<()> {
    let snapshot = |instants, version, n: f32| -> Result<Operation> {
        let seen = Answer::Seen { version: Version(version), len: 1, records: vec![record(n)?] };
        Ok(operation(1, instants, Call::Snapshot, seen))
    };
    let writes = || -> Result<Vec<Operation>> {
        Ok(vec![write(0, (0, 1), 7.0, 1)?, write(0, (2, 5), 8.0, 2)?])
    };
    let with = |operation| -> Result<Vec<Operation>> {
        let mut operations = writes()?;
        operations.push(operation);
        Ok(operations)
    };
    assert_linearizable(with(snapshot((3, 4), 1, 7.0)?)?)?;
    assert_linearizable(with(snapshot((3, 4), 2, 8.0)?)?)?;
    assert_wrong(
        with(snapshot((3, 4), 1, 8.0)?)?,
        true,
        "thread 1, snapshot: its answer is wrong at version 1, which it names
  [   0 to    1] thread 0: apply [upsert 1: [1.0, 7.0] {}] -> version 1, 1 inserted
  [   2 to    5] thread 0: apply [upsert 1: [1.0, 8.0] {}] -> version 2, 1 replaced
> [   3 to    4] thread 1: snapshot -> version 1, 1 records: [1: [1.0, 8.0] {}]
  allowed at version 1: version 1, 1 records: [1: [1.0, 7.0] {}]",
    )?;
    assert_wrong(
        with(snapshot((6, 7), 1, 7.0)?)?,
        false,
        "thread 1, snapshot: it shows version 1, and version 2 was acknowledged before it
  [   2 to    5] thread 0: apply [upsert 1: [1.0, 8.0] {}] -> version 2, 1 replaced
> [   6 to    7] thread 1: snapshot -> version 1, 1 records: [1: [1.0, 7.0] {}]",
    )
}

#[test]
fn a_conflict_needs_another_version_to_be_current() -> Result<()> {
    let refused = |instants| -> Result<Operation> {
        let batch = Batch::new().expect_version(Version(1));
        Ok(operation(1, instants, Call::Apply(batch), Answer::Conflict))
    };
    assert_linearizable(vec![write(0, (0, 2), 7.0, 1)?, refused((1, 3))?])?;
    assert_wrong(
        vec![write(0, (0, 1), 7.0, 1)?, refused((2, 3))?],
        false,
        "thread 1, apply: its answer is wrong at version 1, the only one
  [   0 to    1] thread 0: apply [upsert 1: [1.0, 7.0] {}] -> version 1, 1 inserted
> [   2 to    3] thread 1: apply [] if at version 1 -> version conflict
  allowed at version 1: version 1",
    )
}
