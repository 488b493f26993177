//! Failing calls: each call of a history fails in each way that such a call can, once or from then
//! on. And disks that are full.

use clap::Args;
use fastrand::Rng;
use iqdb_core::{ErrorKind, Store, StoreExt};
use iqdb_file::vfs::sim::{Call, Fault, FaultKind, SimVfs};
use iqdb_file::{Defect, FileOptions, FileStore};

use crate::deeds::{self, Deed};
use crate::finding::{Breach, Finding, caught, quiet};
use crate::law::{Look, holds, holds_for_copy};
use crate::past::{Bounds, Past};
use crate::run::{disk, leaves_others_alone, put_strangers_file, works};
use crate::script::{COPY, DIR, Script, Step};
use crate::tally::{Tally, planted};
use crate::terminal::count;
use crate::write::Write;
use crate::{Result, Verdict, defects, draw, full};

/// Where another copy is.
const AGAIN: &str = "disk/again";

/// Disks that are looked at after each history.
const CRASHES: usize = 3;

/// How far to go, or what to show again.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// 100,000 runs instead of 10,000.
    #[arg(long)]
    long: bool,
    /// The first history.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Only this history, and only the call of this number.
    #[arg(long)]
    call: Option<u64>,
    /// Only this history, and only what another program does before the call of this number,
    /// counted from when the database had been made.
    #[arg(long, conflicts_with = "call")]
    deed: Option<u64>,
    /// Only this many full disks, the first of this seed, and no failing calls.
    #[arg(long, conflicts_with = "call")]
    disks: Option<u64>,
    /// With this defect, instead of without any and then with the one that has to be found.
    #[arg(long, value_parser = defects::parse)]
    defect: Option<Defect>,
}

/// Without a defect, and with the one that has to be found.
pub(crate) fn run(options: &Options) -> Result<Verdict> {
    quiet();
    let first = options.seed;
    let tally = Tally::default();
    if let Some(call) = options.call {
        history(&tally, first, options.defect, Some(call));
        return Ok(tally.report("faults", &format!("seed {first}, call {call}")));
    }
    if let Some(call) = options.deed {
        deeds(&tally, first, options.defect, Some(call));
        return Ok(tally.report("faults", &format!("seed {first}, a deed before call {call}")));
    }
    if let Some(disks) = options.disks {
        return Ok(full::run(first, disks));
    }
    let runs = if options.long { 200_000 } else { 20_000 };
    let seeds = tally.fill(first, runs, |seed| history(&tally, seed, options.defect, None));
    let done = format!(
        "{} runs of {seeds} histories from seed {first}, a call failing in each",
        count(tally.images())
    );
    let mut green = tally.report("faults", &done);
    green &= meddled(options, runs);
    if options.defect.is_none() {
        green &= full::run(first, runs / 200);
        let tally = Tally::until_first();
        let defect = Defect::FailedSyncForgotten;
        tally.fill(first, 10_000, |seed| history(&tally, seed, Some(defect), None));
        green &= planted("faults", &defects::name(defect), &tally, "runs");
    }
    Ok(green)
}

/// Another program does something to names, at every call; and the same with the defects that this
/// has to find.
fn meddled(options: &Options, runs: u64) -> bool {
    let tally = Tally::default();
    let seeds = tally.fill(options.seed, runs, |seed| deeds(&tally, seed, options.defect, None));
    let done = format!(
        "{} runs of {seeds} histories from seed {}, a deed of somebody else in each",
        count(tally.images()),
        options.seed
    );
    let mut green = tally.report("faults", &done);
    if options.defect.is_none() {
        for defect in defects::BY_A_DEED {
            let tally = Tally::until_first();
            tally.fill(options.seed, runs, |seed| deeds(&tally, seed, Some(defect), None));
            green &= planted("faults", &defects::name(defect), &tally, "runs");
        }
    }
    green
}

/// What another program can do in one history: one deed before each call, another one for the next
/// seed.
fn deeds(tally: &Tally, seed: u64, defect: Option<Defect>, only: Option<u64>) {
    let replay = |call: u64| {
        let defect = defect.map_or(String::new(), |d| format!(" --defect {}", defects::name(d)));
        format!("--seed {seed} --deed {call}{defect}")
    };
    let begun = caught(|| {
        let script = works("the script", Script::draw(seed, 12))?;
        let calls = deeds::calls(&script)?;
        Ok((script, calls))
    });
    let (script, calls) = match begun {
        Ok(begun) => begun,
        Err(finding) => return tally.found(replay(0), finding),
    };
    for call in 1..=calls {
        if tally.is_stopped() || only.is_some_and(|only| only != call) {
            continue;
        }
        let nth = usize::try_from(draw::mixed(seed, call)).unwrap_or(0);
        let deed = Deed::ALL[nth % Deed::ALL.len()];
        tally.add(1);
        match caught(|| deeds::play(&script, (deed, call), defect, false)) {
            Ok(played) if played.is_taken => tally.taken(),
            Ok(_) => {}
            Err(finding) => {
                let story = format!("{deed:?} before call {call}: {}", finding.story);
                tally.found(replay(call), Finding { story, ..finding });
            }
        }
    }
}

/// All that can go wrong in one history.
fn history(tally: &Tally, seed: u64, defect: Option<Defect>, only: Option<u64>) {
    let replay = |call: u64| {
        let defect = defect.map_or(String::new(), |d| format!(" --defect {}", defects::name(d)));
        format!("--seed {seed} --call {call}{defect}")
    };
    let begun = caught(|| {
        let script = works("the script", Script::draw(seed, 12))?;
        let calls = Scene::play(&script, None, defect)?;
        Ok((script, calls))
    });
    let (script, calls) = match begun {
        Ok(begun) => begun,
        Err(finding) => return tally.found(replay(0), finding),
    };
    for (at, call) in (1..).zip(calls) {
        for fault in ways(at, call) {
            if tally.is_stopped() || only.is_some_and(|only| only != at) {
                break;
            }
            tally.add(1);
            if let Err(finding) = caught(|| Scene::play(&script, Some(fault), defect)) {
                let story = format!("{fault:?} at {call:?}: {}", finding.story);
                tally.found(replay(at), Finding { story, ..finding });
            }
        }
    }
}

fn ways(at: u64, call: Call) -> impl Iterator<Item = Fault> {
    FaultKind::ALL
        .into_iter()
        .filter(move |kind| kind.applies_to(call))
        .flat_map(move |kind| [false, true].map(|sticky| Fault { at, kind, sticky }))
}

/// One run.
struct Scene<'a> {
    script: &'a Script,
    disk: SimVfs,
    options: FileOptions,
    past: Past,
    fault: Option<Fault>,
    /// The version that every reader sees.
    certain: u64,
    /// A write failed with an unknown outcome. Until it is opened again, nothing may be written.
    unsure: bool,
}

impl<'a> Scene<'a> {
    /// Plays the script, with a fault or without; returns the calls that could fail.
    fn play(
        script: &'a Script,
        fault: Option<Fault>,
        defect: Option<Defect>,
    ) -> Result<Vec<Call>, Finding> {
        let disk = disk(script.seed);
        disk.set_fault(fault);
        let options = script.profile.options(disk.clone(), defect);
        let past = Past::new(script.schema.clone());
        let mut scene = Scene { script, disk, options, past, fault, certain: 0, unsure: false };
        let mut store = scene.create()?;
        let mut is_copied = false;
        for step in &script.steps {
            match step {
                Step::Write(write) => scene.write(&store, write)?,
                Step::Flush => {
                    if let Ok(()) = store.flush() {
                        scene.past.durable(scene.disk.changes(), scene.certain);
                    }
                }
                Step::Compact => _ = store.compact(),
                Step::Backup => is_copied = store.backup_to(COPY).is_ok(),
                Step::Reopen => {
                    drop(store);
                    store = scene.reopen()?;
                }
            }
            scene.reads_well(&store)?;
        }
        scene.crashes()?;
        let calls = scene.disk.calls();
        scene.disk.set_fault(None);
        if let Some(Step::Backup) = script.steps.last() {
            scene.copy_is_whole(COPY, is_copied)?;
            // What a failure has left blocks no later backup, unless it is a copy.
            let has_copy = FileStore::open_read_only(COPY, &scene.options).is_ok();
            let again = if has_copy { AGAIN } else { COPY };
            works("backup after the fault", store.backup_to(again))?;
            scene.copy_is_whole(again, true)?;
        }
        drop(store);
        let store = scene.reopen()?;
        leaves_others_alone(&scene.disk, script.seed)?;
        // What has recovered has to be as good as new.
        let mut rng = Rng::with_seed(script.seed);
        for _ in 0..2 {
            let batch = works("a batch", draw::batch(&mut rng, &script.schema))?;
            works("the model", scene.past.start(scene.disk.changes(), &batch))?;
            works("apply after the fault", store.apply(&batch))?;
        }
        works("flush after the fault", store.flush())?;
        scene.certain = scene.past.version();
        scene.past.durable(scene.disk.changes(), scene.certain);
        scene.reads_well(&store)?;
        works("compact after the fault", store.compact())?;
        scene.reads_well(&store)?;
        scene.crashes()?;
        Ok(calls)
    }

    fn create(&mut self) -> Result<FileStore, Finding> {
        let created = FileStore::create(DIR, self.script.schema.clone(), &self.options);
        let store = match created {
            Ok(store) => store,
            Err(error) => {
                is_of_kind(&error, &[ErrorKind::Io])?;
                self.disk.set_fault(None);
                let again =
                    FileStore::open_or_create(DIR, self.script.schema.clone(), &self.options);
                works("create after the fault", again)?
            }
        };
        put_strangers_file(&self.disk, self.script.seed, &mut self.past)?;
        self.past.durable(self.disk.changes(), 0);
        Ok(store)
    }

    fn write(&mut self, store: &FileStore, write: &Write) -> Result<(), Finding> {
        let mut ahead = self.past.clone();
        let expected = works("the model", ahead.start_write(self.disk.changes(), write))?;
        let has_effect = ahead.version() > self.past.version();
        match write.to_store(store) {
            Ok(_) if self.unsure && has_effect => {
                Err(Finding::new(Breach::Behaviour, "it wrote on after it had become unsure"))
            }
            Ok(found) if found != expected => {
                let story = format!("apply returned {found:?}, expected {expected:?}");
                Err(Finding::new(Breach::Behaviour, story))
            }
            Ok(_) => {
                self.past = ahead;
                self.certain = self.past.version();
                if self.script.profile.is_immediate() || write.is_always_durable() {
                    self.past.durable(self.disk.changes(), self.certain);
                }
                Ok(())
            }
            // Refused, and nothing has changed.
            Err(_) if self.unsure => Ok(()),
            Err(error) if error.kind() == ErrorKind::OutcomeUnknown => {
                self.unsure = true;
                self.past = ahead;
                Ok(())
            }
            Err(error) => is_of_kind(&error, &[ErrorKind::Io]),
        }
    }

    /// Opens it again, without the fault if that is what is in the way.
    fn reopen(&mut self) -> Result<FileStore, Finding> {
        let store = match FileStore::open(DIR, &self.options) {
            Ok(store) => store,
            Err(error) => {
                is_of_kind(&error, &[ErrorKind::Io])?;
                self.disk.set_fault(None);
                let again = FileStore::open(DIR, &self.options);
                again.map_err(|error| Finding::new(Breach::Unopenable, error))?
            }
        };
        let bounds = Bounds { least: Some(self.certain), ..self.past.bounds(self.disk.changes()) };
        let fired = self.disk.faults_fired();
        let version = match holds(&store, &self.past, bounds, Look::Quick) {
            Err(_) if self.disk.faults_fired() > fired => {
                self.disk.set_fault(None);
                holds(&store, &self.past, bounds, Look::Quick)?
            }
            held => held?,
        };
        self.past = self.past.of(version, self.past.bounds(self.disk.changes()));
        self.past.durable(self.disk.changes(), version);
        (self.certain, self.unsure) = (version, false);
        Ok(store)
    }

    /// Readers see what was acknowledged, whatever happens to writers.
    fn reads_well(&self, store: &FileStore) -> Result<(), Finding> {
        let bounds = Bounds { least: Some(self.certain), most: self.certain, strangers: true };
        let fired = self.disk.faults_fired();
        let look = || holds(store, &self.past, bounds, Look::Quick).map(drop);
        match look() {
            // A reader may fail while the disk can't be read, but only that long.
            Err(found) if found.breach == Breach::Behaviour && self.disk.faults_fired() > fired => {
                if self.fault.is_some_and(|fault| fault.sticky) {
                    Ok(())
                } else {
                    look()
                }
            }
            result => result,
        }
    }

    /// What there is of the copy, now and if the power fails.
    fn copy_is_whole(&self, path: &str, is_copied: bool) -> Result<(), Finding> {
        let least = is_copied.then_some(self.certain);
        let bounds = Bounds { least, most: self.certain, strangers: false };
        let mut rng = Rng::with_seed(self.script.seed);
        for disk in [self.disk.clone(), self.disk.crash(&mut rng)] {
            holds_for_copy(path, &self.script.profile.options(disk, None), &self.past, bounds)?;
        }
        Ok(())
    }

    /// What may be found if the power fails now.
    fn crashes(&self) -> Result<(), Finding> {
        let bounds = self.past.bounds(self.disk.changes());
        for n in 0..CRASHES as u64 {
            let mut rng = Rng::with_seed(draw::mixed(self.script.seed, n + 77));
            let found = self.disk.crash(&mut rng);
            let options = self.script.profile.options(found, None);
            let store = FileStore::open(DIR, &options).map_err(|error| {
                Finding::new(Breach::Unopenable, format_args!("after a crash: {error}"))
            })?;
            holds(&store, &self.past, bounds, Look::Quick).map_err(|found| {
                Finding::new(found.breach, format!("after a crash: {}", found.story))
            })?;
        }
        Ok(())
    }
}

fn is_of_kind(error: &iqdb_core::Error, kinds: &[ErrorKind]) -> Result<(), Finding> {
    if kinds.contains(&error.kind()) {
        return Ok(());
    }
    let story = format!("an error of kind {:?}, expected {kinds:?}: {error}", error.kind());
    Err(Finding::new(Breach::Behaviour, story))
}
