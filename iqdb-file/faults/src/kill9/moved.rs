//! Kills while a mover is at work: what was acknowledged is found wherever its directory is by then.
//!
//! Some processes write, each to a database of its own, and one database has no process. All of their
//! directories are swapped, renamed, re-linked and removed meanwhile. Then all processes are killed at
//! once, and every directory is opened. What was removed by hand is counted apart from what is lost.

use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use iqdb_file::Defect;

use super::moved_writer::{self, Heard};
use super::mover::{Mover, Moves, fresh_name, link_name, point};
use super::watched::Watched;
use super::yard::{Touched, Yard};
use super::{KILLS_EACH, LIFE_MICROS_MAX};
use crate::finding::{Finding, caught};
use crate::tally::Tally;
use crate::terminal::count;
use crate::{Result, defects, draw};

/// How many processes write at the same time.
const WRITERS: usize = 3;

/// How many databases there are at most before the processes start. Those without a process are idle.
const DATABASES_MAX: usize = 2 * WRITERS;

/// What was done.
#[derive(Debug, Default)]
pub(super) struct Done {
    processes: u64,
    /// Processes that had a database open.
    writers: u64,
    pub(super) acknowledged: u64,
    moves: Moves,
    /// How often a directory without a process was found as it was left.
    as_left: u64,
    removed: u64,
    /// Batches that were acknowledged to databases that were removed.
    removed_batches: u64,
}

impl std::fmt::Display for Done {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Moves { swapped, renamed, linked } = self.moves;
        let numbers = [self.processes, self.writers, self.acknowledged, swapped, renamed, linked];
        let [processes, writers, acknowledged, swapped, renamed, linked] = numbers.map(count);
        let [as_left, removed, batches] =
            [self.as_left, self.removed, self.removed_batches].map(count);
        write!(
            f,
            "{processes} processes, {writers} of which wrote, {acknowledged} batches acknowledged; \
             {swapped} times swapped, {renamed} renamed, {linked} re-linked; {as_left} times \
             without a process and unchanged; {removed} removed by hand with {batches} batches"
        )
    }
}

/// Kills all processes `kills` times.
pub(super) fn kill_often(
    tally: &Tally,
    seed: u64,
    kills: u64,
    defect: Option<Defect>,
) -> Result<Done> {
    let mut done = Done::default();
    let mut yard = Yard::new()?;
    for kill in 0..kills {
        if tally.is_stopped() {
            break;
        }
        if kill % KILLS_EACH == 0 {
            yard = Yard::new()?;
        }
        let mut rng = Rng::with_seed(draw::mixed(seed, kill));
        let round = Round::of(&mut yard, &mut rng, defect, &mut done)?;
        tally.add(1);
        match caught(|| round.look(&mut yard, &mut rng)) {
            Ok(as_left) => done.as_left += as_left,
            Err(finding) => {
                let defect =
                    defect.map_or(String::new(), |d| format!(" --defect {}", defects::name(d)));
                tally.found(format!("--seed {seed}{defect}"), finding);
                yard = Yard::new()?;
            }
        }
    }
    Ok(done)
}

/// What processes and mover have done until the kill.
struct Round {
    heard: Vec<(Heard, ExitStatus)>,
    touched: Touched,
    removed: Vec<u128>,
}

impl Round {
    /// Starts processes and mover, kills the processes, and stops the mover.
    fn of(yard: &mut Yard, rng: &mut Rng, defect: Option<Defect>, done: &mut Done) -> Result<Self> {
        let mut mover = Mover {
            root: yard.root.clone(),
            next: yard.next,
            names: Vec::new(),
            idle: yard.names()?,
            links: WRITERS,
            removes: rng.u8(..6) == 0,
            marks: yard.marks.clone(),
            moves: Moves::default(),
            removed: Vec::new(),
        };
        rng.shuffle(&mut mover.idle);
        // Some were made in a place that was free for a moment.
        while mover.idle.len() > DATABASES_MAX {
            let name = mover.idle.pop().unwrap_or_default();
            mover.remove(&name).map_err(failed)?;
        }
        let writers = writers(yard, &mut mover, rng, defect)?;
        let idle = yard.databases_at(&mover.idle);

        let (all_open, stop) = (AtomicBool::new(false), AtomicBool::new(false));
        let life = Duration::from_micros(rng.u64(..LIFE_MICROS_MAX));
        // Also while they open databases: some are killed before they have said anything.
        let waits = rng.u8(..4) > 0;
        let mut moving = rng.fork();
        let (mover, heard) = thread::scope(|scope| {
            let mover = scope.spawn(|| mover.run(&mut moving, &all_open, &stop));
            let heard = write_and_be_killed(&writers, yard, waits, life, &all_open);
            stop.store(true, Ordering::Release);
            let mover = mover.join().map_err(|_| "the mover panicked".to_owned())?;
            Ok::<_, String>((mover.map_err(failed)?, heard?))
        })?;

        (yard.root, yard.next) = (mover.root, mover.next);
        done.moves = done.moves.and(mover.moves);
        let mut touched = Touched { idle, ..Touched::default() };
        for (heard, _) in &heard {
            done.processes += 1;
            match heard.database {
                Some(database) => {
                    done.writers += 1;
                    done.acknowledged += yard.acknowledged(database, heard.reached);
                    touched.opened.insert(database);
                }
                None => touched.in_silence = true,
            }
        }
        for database in &mover.removed {
            done.removed += 1;
            done.removed_batches += yard.removed(*database);
        }
        Ok(Self { heard, touched, removed: mover.removed })
    }

    /// Whether the processes have done what they may, and the databases have all they must.
    fn look(&self, yard: &mut Yard, rng: &mut Rng) -> Result<u64, Finding> {
        for (heard, status) in &self.heard {
            heard.judge(*status, &self.removed)?;
        }
        yard.look(rng, &self.touched)
    }
}

/// What the processes of a round are told. What they are to open is idle no more.
fn writers(
    yard: &Yard,
    mover: &mut Mover,
    rng: &mut Rng,
    defect: Option<Defect>,
) -> Result<Vec<moved_writer::Options>> {
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        // One has to be left without a process.
        let name = if mover.idle.len() > 1 { mover.idle.pop() } else { None };
        let is_new = name.is_none();
        let name = name.unwrap_or_else(|| fresh_name(&mut mover.next));
        point(&mover.root, writer, &name).map_err(failed)?;
        let options = |path| moved_writer::Options::new(path, yard.marks.clone(), defect);
        writers.push(match rng.u8(..3) {
            // A database is made in a directory, and not behind a link that leads nowhere.
            0 if !is_new => options(mover.root.join(link_name(writer))),
            1 => options(name.clone().into()).elsewhere(yard.elsewhere.clone()),
            _ => options(mover.root.join(&name)),
        });
        mover.names.push(name);
    }
    Ok(writers)
}

/// Starts the processes, and kills all of them; what they had said.
fn write_and_be_killed(
    writers: &[moved_writer::Options],
    yard: &Yard,
    waits: bool,
    life: Duration,
    all_open: &AtomicBool,
) -> Result<Vec<(Heard, ExitStatus)>> {
    let start = |writer: &moved_writer::Options| writer.start(&yard.root);
    let started: Vec<Watched<Heard>> = writers.iter().map(start).collect::<Result<_>>()?;
    if waits {
        started.iter().for_each(Watched::wait_for_a_word);
        // From now on no process resolves a path.
        all_open.store(true, Ordering::Release);
    }
    thread::sleep(life);
    started.into_iter().map(Watched::kill).collect()
}

fn failed(error: impl std::fmt::Display) -> String {
    format!("the mover: {error}")
}
