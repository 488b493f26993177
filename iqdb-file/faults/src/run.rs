//! Runs a script on a simulated disk on which nothing goes wrong, and keeps its past.

use std::path::Path;
use std::sync::Mutex;
use std::thread;

use iqdb_core::{Applied, Store};
use iqdb_file::vfs::sim::{Outside, SimVfs};
use iqdb_file::{Defect, FileStore};

use crate::finding::{Breach, Finding};
use crate::past::Past;
use crate::script::{COPY, DIR, Script, Step};
use crate::write::Write;

/// How many threads write at the same time, where several do.
const THREADS: usize = 3;

/// An empty disk but for a file that is none of ours, above the database.
pub(crate) fn disk(seed: u64) -> SimVfs {
    let disk = SimVfs::new();
    let strangers = strangers_file(seed);
    let made =
        disk.put(if is_within(seed) { "disk/above" } else { &strangers }.as_ref(), STRANGERS);
    made.unwrap_or_else(|error| unreachable!("an empty disk takes a file: {error}"));
    disk
}

/// Puts the file that is none of ours into the database, where that is its place.
///
/// # Errors
/// That it can't be put there.
pub(crate) fn put_strangers_file(disk: &SimVfs, seed: u64, past: &mut Past) -> Result<(), Finding> {
    if is_within(seed) {
        let put = Outside::Put(strangers_file(seed).into(), STRANGERS.to_vec());
        disk.interfere(put).map_err(|error| Finding::new(Breach::Behaviour, error))?;
    }
    past.strangers(disk.changes());
    Ok(())
}

/// What is in it.
const STRANGERS: &[u8] = b"none of ours";

fn is_within(seed: u64) -> bool {
    seed.is_multiple_of(2)
}

fn strangers_file(seed: u64) -> String {
    if is_within(seed) { format!("{DIR}/notes.txt") } else { "disk/notes.txt".to_owned() }
}

/// What was expected to work.
pub(crate) fn works<T>(what: &str, result: iqdb_core::Result<T>) -> Result<T, Finding> {
    result.map_err(|error| Finding::failed(what, &error))
}

/// Step by step on one thread.
///
/// # Errors
/// What went wrong although nothing should have.
pub(crate) fn alone(
    disk: &SimVfs,
    script: &Script,
    defect: Option<Defect>,
) -> Result<Past, Finding> {
    let options = script.profile.options(disk.clone(), defect);
    let mut past = Past::new(script.schema.clone());
    let created = FileStore::create(DIR, script.schema.clone(), &options);
    let mut store = works("create", created)?;
    put_strangers_file(disk, script.seed, &mut past)?;
    past.durable(disk.changes(), 0);
    for step in &script.steps {
        match step {
            Step::Write(write) => {
                let expected = works("the model", past.start_write(disk.changes(), write))?;
                is_as_expected(works("apply", write.to_store(&store))?, expected)?;
                if script.profile.is_immediate() || write.is_always_durable() {
                    past.durable(disk.changes(), past.version());
                }
            }
            Step::Flush => {
                works("flush", store.flush())?;
                past.durable(disk.changes(), past.version());
            }
            Step::Compact => works("compact", store.compact())?,
            Step::Backup => {
                works("backup", store.backup_to(COPY))?;
                past.copied(disk.changes());
            }
            Step::Reopen => {
                drop(store);
                store = works("open", FileStore::open(DIR, &options))?;
                past.durable(disk.changes(), past.version());
            }
        }
    }
    Ok(past)
}

/// All writes of a script, by several threads at the same time. How they meet is up to the machine.
///
/// # Errors
/// What went wrong although nothing should have.
pub(crate) fn together(
    disk: &SimVfs,
    script: &Script,
    defect: Option<Defect>,
) -> Result<Past, Finding> {
    let options = script.profile.options(disk.clone(), defect);
    let mut past = Past::new(script.schema.clone());
    let store = works("create", FileStore::create(DIR, script.schema.clone(), &options))?;
    put_strangers_file(disk, script.seed, &mut past)?;
    past.durable(disk.changes(), 0);
    let mut written = each_by_a_thread(disk, &store, script)?;
    written.sort_by_key(|(started, _, applied, _)| (applied.version, *started));
    for (started, ended, applied, write) in written {
        let expected = works("the model", past.start_write(started, write))?;
        is_as_expected(applied, expected)?;
        if script.profile.is_immediate() || write.is_always_durable() {
            past.durable(ended, past.version());
        }
    }
    Ok(past)
}

/// When a write was handed over, when it came back and with what.
type Written<'s> = (usize, usize, Applied, &'s Write);

fn each_by_a_thread<'s>(
    disk: &SimVfs,
    store: &FileStore,
    script: &'s Script,
) -> Result<Vec<Written<'s>>, Finding> {
    let writes = script.steps.iter().filter_map(|step| match step {
        Step::Write(write) => Some(write),
        _ => None,
    });
    let left = Mutex::new(writes);
    let work = || -> Result<Vec<Written<'s>>, Finding> {
        let mut written = Vec::new();
        loop {
            let next = left.lock().map_or(None, |mut left| left.next());
            let Some(write) = next else { return Ok(written) };
            let started = disk.changes();
            let applied = works("apply", write.to_store(store))?;
            // What did nothing has no place among the versions.
            if applied.has_effect() || matches!(write, Write::Field(_)) {
                written.push((started, disk.changes(), applied, write));
            }
        }
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        let mut all = Vec::new();
        for thread in threads {
            let panicked = |_| Finding::new(Breach::Panic, "a writer panicked");
            all.extend(thread.join().map_err(panicked)??);
        }
        Ok(all)
    })
}

fn is_as_expected(found: Applied, expected: Applied) -> Result<(), Finding> {
    if found == expected {
        return Ok(());
    }
    let story = format!("apply returned {found:?}, expected {expected:?}");
    Err(Finding::new(Breach::Behaviour, story))
}

/// Whether the disk still has what is none of ours.
///
/// # Errors
/// That it has not.
pub(crate) fn leaves_others_alone(disk: &SimVfs, seed: u64) -> Result<(), Finding> {
    match disk.files().contains_key(Path::new(&strangers_file(seed))) {
        true => Ok(()),
        false => Err(Finding::new(Breach::Wrong, "a file that is none of ours is gone")),
    }
}
