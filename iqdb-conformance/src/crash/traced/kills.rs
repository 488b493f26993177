//! Kills of a process at its system calls. The system keeps what it has been told by then.

use iqdb_core::Result;

use super::found::{self, Versions};
use super::started::{SIZES, after, failed, start};
use super::tracer::{Stop, Tracer};
use super::writing::Writing;
use crate::{Harness, Outcome};

/// How many processes are killed at calls that change files, and as many again at any calls.
const KILLS: usize = 40;

/// Where a process is killed: as it enters its call of this number, of those that change files or of
/// all.
#[derive(Debug, Clone, Copy)]
struct Kill {
    call: usize,
    changes_files: bool,
}

/// How many calls a process has entered.
#[derive(Debug, Clone, Copy, Default)]
struct Calls {
    all: usize,
    changing_files: usize,
}

impl Calls {
    fn of(self, changing_files: bool) -> usize {
        if changing_files { self.changing_files } else { self.all }
    }
}

/// Kills processes of a case, and checks what each left.
///
/// # Errors
/// Any error of the store; those of the system.
///
/// # Panics
/// When a store shows anything but what was acknowledged, and of the next batch all or nothing.
pub(crate) fn check(harness: &Harness, case: &str) -> Result<Outcome> {
    let versions = Versions::of(harness, &SIZES)?;
    let calls = match killed(harness, case, &versions, None)? {
        Ok(calls) => calls,
        Err(outcome) => return Ok(outcome),
    };
    for changes_files in [true, false] {
        let count = calls.of(changes_files);
        let kills = KILLS.min(count);
        for n in 0..kills {
            let kill = Kill { call: n * count / kills, changes_files };
            if let Err(outcome) = killed(harness, case, &versions, Some(kill))? {
                return Ok(outcome);
            }
        }
    }
    Ok(Outcome::Kept)
}

/// Lets a process write until it is killed, or to its end, and checks what it left.
fn killed(
    harness: &Harness,
    case: &str,
    versions: &Versions<'_>,
    kill: Option<Kill>,
) -> Result<std::result::Result<Calls, Outcome>> {
    let (mut writing, mut tracer) = match start(harness, case)? {
        Ok(started) => started,
        Err(outcome) => return Ok(Err(outcome)),
    };
    let calls = run(&mut writing, &mut tracer, kill)?;
    let acknowledged = writing.acknowledged();
    let store = writing.store();
    match kill {
        None => {
            let complaint = writing.complaint();
            assert_eq!(acknowledged, SIZES.len(), "batches of a process: {complaint}");
            found::check(versions, &store, acknowledged..=acknowledged)?;
        }
        Some(Kill { call, changes_files }) => {
            let which = if changes_files { " that changes files" } else { "" };
            let crash = format!("killed at call {call}{which}, behind batch {acknowledged}");
            after(crash, || found::check(versions, &store, acknowledged..=acknowledged + 1));
        }
    }
    Ok(Ok(calls))
}

/// Lets the process write until it is killed, or to its end.
fn run(writing: &mut Writing, tracer: &mut Tracer, kill: Option<Kill>) -> Result<Calls> {
    writing.begin()?;
    let mut calls = Calls::default();
    loop {
        match tracer.next().map_err(failed)? {
            Stop::Enters(_, call) => {
                let is_it = |kill: Kill| {
                    (call.is_some() || !kill.changes_files)
                        && calls.of(kill.changes_files) == kill.call
                };
                if kill.is_some_and(is_it) {
                    writing.kill();
                }
                calls.all += 1;
                calls.changing_files += usize::from(call.is_some());
            }
            Stop::Leaves(..) => {}
            Stop::Ended => return Ok(calls),
        }
    }
}
