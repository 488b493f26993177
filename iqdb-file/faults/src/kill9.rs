//! Kills: a process with four writers is killed at any moment, and whatever it said it had written
//! has to be there.
//!
//! A kill loses nothing that the system was given, so this says nothing about syncs; it says that a
//! write is acknowledged after it was written, and that any moment is a good one to stop. The same is
//! done to several processes at once while a mover is at work on the directories of their databases.

#[cfg(unix)]
mod contents;
#[cfg(unix)]
mod moved;
#[cfg(unix)]
pub(crate) mod moved_writer;
#[cfg(unix)]
mod mover;
mod watched;
#[cfg(unix)]
mod yard;

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use clap::Args;
use fastrand::Rng;
use iqdb_file::{Defect, FileOptions, FileStore};

use self::watched::{Hears, Watched, command};
use crate::finding::{Breach, Finding, caught, quiet};
use crate::tally::{Tally, planted};
use crate::terminal::count;
#[cfg(not(unix))]
use crate::terminal::say;
use crate::writers::{self, Reached, THREADS};
use crate::{Result, Verdict, defects, draw};

/// After this many kills a new database is begun.
const KILLS_EACH: u64 = 25;

/// How long a process lives at most once it has begun to write, in microseconds.
const LIFE_MICROS_MAX: u64 = 120_000;

/// How many kills a planted defect may survive.
const KILLS_PLANTED_MAX: u64 = 200;

/// How far to go.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// 1,000 kills of each kind instead of 50.
    #[arg(long)]
    long: bool,
    /// What the moments of the kills follow from.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// With this defect, instead of without any and then with the one that has to be found.
    #[arg(long, value_parser = defects::parse)]
    defect: Option<Defect>,
}

/// What the process that is to be killed is told.
#[derive(Debug, Args)]
pub(crate) struct ChildOptions {
    dir: PathBuf,
    #[arg(long, value_parser = defects::parse)]
    defect: Option<Defect>,
}

/// Without a defect, and with the one that has to be found.
pub(crate) fn run(options: &Options) -> Result<Verdict> {
    quiet();
    let kills = if options.long { 1_000 } else { 50 };
    let tally = Tally::default();
    let acknowledged = kill_often(&tally, options.seed, kills, options.defect)?;
    let done = format!(
        "{} kills from seed {}, {} batches acknowledged by {THREADS} threads",
        count(tally.images()),
        options.seed,
        count(acknowledged)
    );
    let mut green = tally.report("kill9", &done);
    if options.defect.is_none() {
        let defect = Defect::AcknowledgedBeforeWritten;
        let tally = Tally::until_first();
        kill_often(&tally, options.seed, KILLS_PLANTED_MAX, Some(defect))?;
        green &= planted("kill9", &defects::name(defect), &tally, "kills");
    }
    Ok(green & run_with_a_mover(options, kills)?)
}

/// The same while the directories of the databases are moved about.
#[cfg(unix)]
fn run_with_a_mover(options: &Options, kills: u64) -> Result<Verdict> {
    let tally = Tally::default();
    let done = moved::kill_often(&tally, options.seed, kills, options.defect)?;
    if done.acknowledged == 0 {
        return Err("no process wrote anything while its database was moved about".to_owned());
    }
    let kills = count(tally.images());
    let done = format!("{kills} kills with a mover from seed {}, {done}", options.seed);
    let mut green = tally.report("kill9", &done);
    if options.defect.is_none() {
        let defect = Defect::FilesByPath;
        let tally = Tally::until_first();
        moved::kill_often(&tally, options.seed, KILLS_PLANTED_MAX, Some(defect))?;
        green &= planted("kill9", &defects::name(defect), &tally, "kills");
    }
    Ok(green)
}

#[cfg(not(unix))]
fn run_with_a_mover(_: &Options, _: u64) -> Result<Verdict> {
    say("kill9: with a mover: skipped: this system renames no directory that is open");
    Ok(true)
}

/// Kills `kills` processes; returns how many batches they had acknowledged.
fn kill_often(tally: &Tally, seed: u64, kills: u64, defect: Option<Defect>) -> Result<u64> {
    let mut acknowledged = 0;
    let mut place = Place::new()?;
    for kill in 0..kills {
        if tally.is_stopped() {
            break;
        }
        if kill % KILLS_EACH == 0 {
            place = Place::new()?;
        }
        let mut rng = Rng::with_seed(draw::mixed(seed, kill));
        let before = place.reached;
        let life = rng.u64(..LIFE_MICROS_MAX);
        let writer = Writer::start(&place.path, defect)?;
        // Also while it opens the database: some are killed before they have said anything.
        if rng.u8(..4) > 0 {
            writer.wait_for_a_word();
        }
        thread::sleep(Duration::from_micros(life));
        let told = writer.kill()?;
        place.reached = place.reached.or(told);
        acknowledged += place.reached.batches_since(before);
        tally.add(1);
        match caught(|| look(&place.path, place.reached)) {
            Ok(found) => place.reached = found,
            Err(finding) => {
                let defect =
                    defect.map_or(String::new(), |d| format!(" --defect {}", defects::name(d)));
                tally.found(format!("--seed {seed}{defect}"), finding);
                place = Place::new()?;
            }
        }
    }
    Ok(acknowledged)
}

/// A database, and how far its writers have come for sure.
struct Place {
    path: PathBuf,
    reached: Reached,
    _dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Result<Self> {
        let dir = tempfile::tempdir().map_err(|error| format!("a temporary directory: {error}"))?;
        Ok(Self { path: dir.path().join("db"), reached: Reached::default(), _dir: dir })
    }
}

/// A process that writes, and is to be killed.
pub(crate) struct Writer(Watched<Reached>);

impl Hears for Reached {
    fn hear(&mut self, line: &str) -> Result<()> {
        Self::hear(self, line)
    }
}

impl Writer {
    pub(crate) fn start(path: &Path, defect: Option<Defect>) -> Result<Self> {
        let mut command = command("writer-child")?;
        command.arg(path);
        if let Some(defect) = defect {
            command.args(["--defect", &defects::name(defect)]);
        }
        Watched::start(&mut command).map(Self)
    }

    /// Returns when it has said something, which it does once the database is open; or ended.
    pub(crate) fn wait_for_a_word(&self) {
        self.0.wait_for_a_word();
    }

    /// What it has said so far. Power cuts ask for it, which are Linux's.
    #[cfg(target_os = "linux")]
    pub(crate) fn told(&self) -> Reached {
        self.0.heard()
    }

    /// Kills it; what it had said.
    pub(crate) fn kill(self) -> Result<Reached> {
        self.0.kill().map(|(told, _)| told)
    }
}

/// Opens what a process left, and finds how far its writers had come: at least so far.
pub(crate) fn look(path: &Path, least: Reached) -> Result<Reached, Finding> {
    if !path.exists() && least == Reached::default() {
        return Ok(least);
    }
    let schema = writers::schema();
    let opened = FileStore::open_or_create(path, schema, &writers::options(FileOptions::new()));
    let store = opened.map_err(|error| Finding::new(Breach::Unopenable, error))?;
    writers::found(&store, least)
}

/// Writes until it is killed, and says what it has written.
pub(crate) fn child(options: &ChildOptions) -> Result<Verdict> {
    let mut opened = writers::options(FileOptions::new());
    if let Some(defect) = options.defect {
        opened = opened.with_defect(defect);
    }
    let store = FileStore::open_or_create(&options.dir, writers::schema(), &opened)
        .map_err(|error| error.to_string())?;
    let from = writers::found(&store, Reached::default()).map_err(|finding| finding.to_string())?;
    writers::write_for_ever(&store, from)
}
