//! Kills of a process at its system calls, and at any time. The system keeps what it has been told by
//! then.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;

use super::found::{self, Possible, Versions};
use super::tracer::{Stop, Tracer};
use super::untried::Untried;
use super::writing::{SIZES, Writing};
use crate::Harness;

/// How many processes are killed at calls that change files, and as many again at any calls; besides those
/// of the batches that are killed at each call that changes files.
const KILLS: usize = 30;

/// The batches that are killed at each call that changes files: one of each kind of size.
const BATCHES: [usize; 3] = [1, 2, 4];

/// How many processes are killed at any time, between system calls and in them.
const TIMED_KILLS: usize = 10;

/// Where a process is killed: as it enters its call of this number, of those that change files or of
/// all.
#[derive(Debug, Clone, Copy)]
struct Kill {
    call: usize,
    changes_files: bool,
}

/// The calls that a process has entered.
#[derive(Debug, Default)]
struct Calls {
    all: usize,
    /// How many batches were acknowledged before each that changes files.
    changing_files: Vec<usize>,
}

/// Kills processes of a case, and checks what each left.
///
/// # Errors
/// [`Because`](Untried::Because) where that isn't tried; any error of the system.
///
/// # Panics
/// When a store shows anything but what was acknowledged, and of the next batch all or nothing.
pub(super) fn check(harness: &Harness, case: &str) -> Result<(), Untried> {
    let versions = Versions::of(harness, &SIZES)?;
    let start = || Writing::start(harness, case, &SIZES, |files| fs::create_dir(files));
    let since = Instant::now();
    let mut tracer = Tracer::attach(start()?)?;
    let calls = run(&mut tracer, None)?;
    let took = since.elapsed();
    tracer.writing.check_ended(SIZES.len());
    let all = Possible::of(SIZES.len()..=SIZES.len());
    found::check(&versions, &tracer.writing.store(), &all, "closed");
    for kill in kills(&calls) {
        let mut tracer = Tracer::attach(start()?)?;
        run(&mut tracer, Some(kill))?;
        let which = if kill.changes_files { " that changes files" } else { "" };
        check_killed(&versions, &tracer.writing, &format!("at call {}{which}", kill.call));
    }
    let mut rng = Rng::with_seed(0);
    for _ in 0..TIMED_KILLS {
        let mut writing = start()?;
        writing.begin()?;
        // Untraced, it takes a part of that.
        let within = u64::try_from(took.as_micros() / 4).unwrap_or(u64::MAX);
        let after = Duration::from_micros(rng.u64(..=within));
        thread::sleep(after);
        writing.kill();
        check_killed(&versions, &writing, &format!("after {after:?}"));
    }
    Ok(())
}

/// Checks what a killed process left.
fn check_killed(versions: &Versions<'_>, writing: &Writing, when: &str) {
    let acknowledged = writing.acknowledged();
    let next = SIZES.len().min(acknowledged + 1);
    let possible =
        Possible { versions: acknowledged..=next, is_created: writing.opened_at().is_some() };
    let crash = format!("killed {when}, behind batch {acknowledged}");
    found::check(versions, &writing.store(), &possible, crash);
}

/// Where processes are killed.
fn kills(calls: &Calls) -> Vec<Kill> {
    let changing = &calls.changing_files;
    let of_batches = changing.iter().enumerate().filter(|(_, batch)| BATCHES.contains(batch));
    let mut kills: Vec<Kill> =
        of_batches.map(|(call, _)| Kill { call, changes_files: true }).collect();
    for (count, changes_files) in [(changing.len(), true), (calls.all, false)] {
        let some = (0..KILLS.min(count)).map(|n| n * count / KILLS.min(count));
        kills.extend(some.map(|call| Kill { call, changes_files }));
    }
    kills
}

/// Lets the process write until it is killed, or to its end.
fn run(tracer: &mut Tracer, kill: Option<Kill>) -> Result<Calls, Untried> {
    let mut calls = Calls::default();
    loop {
        match tracer.next()? {
            Stop::Enters(_, call) => {
                let is_it = kill.is_some_and(|kill| match kill.changes_files {
                    true => call.is_some() && calls.changing_files.len() == kill.call,
                    false => calls.all == kill.call,
                });
                if is_it {
                    tracer.writing.kill();
                    return Ok(calls);
                }
                calls.all += 1;
                if call.is_some() {
                    calls.changing_files.push(tracer.writing.acknowledged());
                }
            }
            Stop::Leaves(..) => {}
            Stop::Ended => return Ok(calls),
        }
    }
}
