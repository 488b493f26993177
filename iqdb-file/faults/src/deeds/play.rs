//! Plays a script while another program does a deed, and holds what is found against the law.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fastrand::Rng;
use iqdb_core::{Batch, Error, ErrorKind, Record, Schema, Store, StoreExt};
use iqdb_file::vfs::sim::{Outside, SimVfs};
use iqdb_file::{Defect, FileOptions, FileStore};

use super::{Deed, MOVED, OTHER, kind, other_after, path_after};
use crate::Result;
use crate::draw;
use crate::finding::{Breach, Finding};
use crate::law::{Look, holds};
use crate::past::{Bounds, Past};
use crate::run::{disk, put_strangers_file, works};
use crate::script::{COPY, DIR, Script, Step};
use crate::write::Write;

/// A script that was played, with its disk and its past.
#[derive(Debug)]
pub(crate) struct Played {
    pub(crate) disk: SimVfs,
    pub(crate) past: Past,
    /// What was done, if it came to that.
    pub(crate) done: Option<(usize, Outside)>,
    /// Whether something that was needed is gone.
    pub(crate) is_taken: bool,
}

/// What a later opening finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Everything.
    Whole,
    /// That something is missing, by name.
    Taken,
}

/// How many calls a script makes after the database has been made.
///
/// # Errors
/// What goes wrong although nothing should.
pub(crate) fn calls(script: &Script) -> Result<u64, Finding> {
    let mut scene = Scene::begin(script, Deed::Unlink, None)?;
    let first = scene.disk.calls().len() as u64;
    scene.steps()?;
    Ok(scene.disk.calls().len() as u64 - first)
}

/// Plays a script; the deed is done before this call after the database has been made. A past that
/// is to be looked back at `ends_in_doubt`: with the first batch that may be there or not.
///
/// # Errors
/// What breaks the law.
pub(crate) fn play(
    script: &Script,
    (deed, call): (Deed, u64),
    defect: Option<Defect>,
    ends_in_doubt: bool,
) -> Result<Played, Finding> {
    let mut scene = Scene { ends_in_doubt, ..Scene::begin(script, deed, defect)? };
    deed.arm(&scene.disk, scene.disk.calls().len() as u64 + call, script.seed);
    let seen = scene.steps().and_then(|()| scene.end())?;
    let done = scene.disk.interfered();
    Ok(Played { disk: scene.disk, past: scene.past, done, is_taken: seen == Seen::Taken })
}

/// Opens what is found after a deed, and holds it against the law.
///
/// # Errors
/// What breaks it.
pub(crate) fn look(
    disk: &SimVfs,
    script: &Script,
    past: &Past,
    bounds: Bounds,
    (deed, done): (Deed, &Outside),
) -> Result<Seen, Finding> {
    let options = script.profile.options(disk.clone(), None);
    let Some(path) = path_after(Some(done)) else {
        return match FileStore::open(DIR, &options) {
            Err(_) => Ok(Seen::Taken),
            Ok(_) => Err(Finding::new(Breach::Phantom, "a directory that was removed is there")),
        };
    };
    match (FileStore::open(&path, &options), done) {
        (Ok(store), _) => {
            holds(&store, past, bounds, Look::Quick)?;
            Ok(Seen::Whole)
        }
        // Not made yet when the power failed: it need not be there.
        (Err(_), _) if bounds.least.is_none() => Ok(Seen::Whole),
        (Err(error), _) if deed != Deed::ReplaceByCopy && names_what_is_missing(&error, done) => {
            Ok(Seen::Taken)
        }
        (Err(error), _) => Err(Finding::new(Breach::Unopenable, format!("{deed:?}: {error}"))),
    }
}

/// Whether an error is about the file that another program has taken or put there.
fn names_what_is_missing(error: &Error, done: &Outside) -> bool {
    let path = match done {
        Outside::Remove(path) | Outside::Rename(path, _) | Outside::Put(path, _) => path,
        Outside::Exchange(..) => return false,
    };
    let text = error.to_string();
    error.kind() == ErrorKind::Damaged && kind(path).is_some_and(|kind| text.contains(kind))
}

struct Scene<'s> {
    script: &'s Script,
    disk: SimVfs,
    options: FileOptions,
    past: Past,
    store: Option<FileStore>,
    database: u128,
    deed: Deed,
    /// The files of the other database.
    others: BTreeMap<PathBuf, Vec<u8>>,
    /// Batches that were handed over after the deed, and acknowledged.
    late: u64,
    certain: u64,
    /// The other database was opened, where ours had been.
    opened_other: bool,
    has_failed: bool,
    /// What became of a batch is not known.
    in_doubt: bool,
    ends_in_doubt: bool,
}

impl<'s> Scene<'s> {
    fn begin(script: &'s Script, deed: Deed, defect: Option<Defect>) -> Result<Self, Finding> {
        let disk = disk(script.seed);
        make_other(&disk, script)?;
        let others = below(&disk, OTHER);
        let options = script.profile.options(disk.clone(), defect);
        let mut past = Past::new(script.schema.clone());
        let store = works("create", FileStore::create(DIR, script.schema.clone(), &options))?;
        put_strangers_file(&disk, script.seed, &mut past)?;
        past.durable(disk.changes(), 0);
        let database = works("stats", store.stats())?.database;
        let store = Some(store);
        Ok(Self {
            script,
            disk,
            options,
            past,
            store,
            database,
            deed,
            others,
            late: 0,
            certain: 0,
            opened_other: false,
            has_failed: false,
            in_doubt: false,
            ends_in_doubt: false,
        })
    }

    fn done(&self) -> Option<Outside> {
        self.disk.interfered().map(|(_, done)| done)
    }

    /// Whether a write, or anything but reading, may fail now.
    fn may_fail(&self) -> bool {
        self.done().is_some() && !self.deed.is_harmless()
    }

    fn steps(&mut self) -> Result<(), Finding> {
        for step in &self.script.steps {
            let Some(store) = self.store.take() else { return Ok(()) };
            match step {
                Step::Write(write) => self.write(&store, write)?,
                Step::Flush => match store.flush() {
                    Ok(()) => self.past.durable(self.disk.changes(), self.certain),
                    Err(error) => self.failed("flush", &error)?,
                },
                Step::Compact => {
                    store.compact().or_else(|error| self.failed("compact", &error))?;
                }
                Step::Backup => {
                    store.backup_to(COPY).or_else(|error| self.failed("backup", &error))?;
                }
                Step::Reopen => {
                    drop(store);
                    self.store = self.reopen()?;
                    continue;
                }
            }
            let least = Some(self.certain);
            let bounds = Bounds { least, most: self.certain, strangers: true };
            holds(&store, &self.past, bounds, Look::Quick)?;
            if self.in_doubt && self.ends_in_doubt {
                return Ok(());
            }
            self.store = Some(store);
        }
        Ok(())
    }

    fn write(&mut self, store: &FileStore, write: &Write) -> Result<(), Finding> {
        let is_late = self.done().is_some();
        let mut ahead = self.past.clone();
        let expected = works("the model", ahead.start_write(self.disk.changes(), write))?;
        match write.to_store(store) {
            Ok(found) if found != expected => {
                let story = format!("apply returned {found:?}, expected {expected:?}");
                Err(Finding::new(Breach::Behaviour, story))
            }
            Ok(_) => {
                self.late += u64::from(is_late && ahead.version() > self.past.version());
                self.past = ahead;
                self.certain = self.past.version();
                if self.script.profile.is_immediate() || write.is_always_durable() {
                    self.past.durable(self.disk.changes(), self.certain);
                }
                Ok(())
            }
            Err(error) => {
                self.failed("apply", &error)?;
                if error.kind() == ErrorKind::OutcomeUnknown {
                    self.past = ahead;
                    self.in_doubt = true;
                }
                Ok(())
            }
        }
    }

    /// # Errors
    /// That nothing has happened that could make it fail.
    fn failed(&mut self, what: &str, error: &Error) -> Result<(), Finding> {
        // A name may be taken right before it is used: then the next attempt takes another.
        let is_first = !std::mem::replace(&mut self.has_failed, true);
        let is_taken = is_first && self.deed == Deed::Occupy && self.done().is_some();
        if self.may_fail() || is_taken && error.kind() == ErrorKind::Io {
            return Ok(());
        }
        Err(Finding::failed(what, error))
    }

    /// Opens it where it is now; `None` when something is gone that it needs.
    fn reopen(&mut self) -> Result<Option<FileStore>, Finding> {
        loop {
            let before = self.done();
            let path = path_after(before.as_ref());
            let opened = path.as_ref().map(|path| FileStore::open(path, &self.options));
            let done = self.done();
            let is_it = match &opened {
                Some(Ok(store)) => works("stats", store.stats())?.database == self.database,
                _ => false,
            };
            if !is_it && done != before && path_after(done.as_ref()) != path {
                self.opened_other |= matches!(opened, Some(Ok(_)));
                continue;
            }
            let bounds = self.past.bounds(self.disk.changes());
            let least = self.least(bounds);
            return match (opened, &done) {
                (Some(Ok(store)), _) => {
                    let bounds = Bounds { least, ..bounds };
                    let version = holds(&store, &self.past, bounds, Look::Quick)?;
                    if self.in_doubt || version < self.past.version() {
                        self.past = self.past.of(version, bounds);
                        self.in_doubt = false;
                    }
                    self.past.durable(self.disk.changes(), version);
                    self.certain = version;
                    Ok(Some(store))
                }
                (None, _) => Ok(None),
                (Some(Err(error)), Some(done)) if names_what_is_missing(&error, done) => Ok(None),
                (Some(Err(error)), _) => {
                    let story = format!("{:?}: {error}", self.deed);
                    Err(Finding::new(Breach::Unopenable, story))
                }
            };
        }
    }

    /// The version that has to be found at least. What is not synced has no mark, and is not told from
    /// an earlier state.
    fn least(&self, bounds: Bounds) -> Option<u64> {
        match self.deed {
            Deed::ReplaceByEarlier if !self.script.profile.is_immediate() => bounds.least,
            _ => Some(self.certain),
        }
    }

    /// What is found in the end.
    fn end(&mut self) -> Result<Seen, Finding> {
        self.store = None;
        let Some(done) = self.done() else { return Ok(Seen::Whole) };
        self.others_are_unchanged(&done)?;
        let bounds = self.past.bounds(self.disk.changes());
        let bounds = Bounds { least: self.least(bounds), ..bounds };
        let seen = look(&self.disk, self.script, &self.past, bounds, (self.deed, &done))?;
        if seen == Seen::Taken {
            self.was_noticed(&done)?;
        }
        let undone = match done {
            // What was found without it goes on without it.
            Outside::Rename(from, to) if to == Path::new(MOVED) && seen == Seen::Taken => {
                self.disk.interfere(Outside::Rename(to, from)).is_ok()
            }
            Outside::Put(path, bytes) if self.deed == Deed::Occupy => {
                if self.disk.files().get(&path) != Some(&bytes) {
                    let story = format!("{}: somebody else's file is gone", path.display());
                    return Err(Finding::new(Breach::Wrong, story));
                }
                self.disk.interfere(Outside::Remove(path)).is_ok()
            }
            _ => false,
        };
        if undone {
            let store = works("open after it was undone", FileStore::open(DIR, &self.options))?;
            holds(&store, &self.past, bounds, Look::Quick)?;
        }
        Ok(seen)
    }

    /// At most the batch in flight was acknowledged after a file was gone that is looked up.
    fn was_noticed(&self, done: &Outside) -> Result<(), Finding> {
        let path = match done {
            Outside::Remove(path) | Outside::Rename(path, _) | Outside::Put(path, _) => path,
            Outside::Exchange(..) => return Ok(()),
        };
        let is_looked_up = matches!(kind(path), Some("log" | "manifest" | "lock" | "db"));
        if self.late > 0 && is_looked_up && self.deed != Deed::Occupy {
            let path = path.display();
            let story = format!("{} batches were acknowledged after {path} was gone", self.late);
            return Err(Finding::new(Breach::Lost, story));
        }
        Ok(())
    }

    /// No other directory changes by a byte.
    fn others_are_unchanged(&self, done: &Outside) -> Result<(), Finding> {
        let now = below(&self.disk, other_after(Some(done)));
        if now == self.others || self.opened_other {
            return Ok(());
        }
        let differs = |name: &&PathBuf| now.get(*name) != self.others.get(*name);
        let mut names = now.keys().chain(self.others.keys());
        let name = names.find(differs).map_or_else(String::new, |name| name.display().to_string());
        let story = format!("{:?}: {name} of another database has changed", self.deed);
        Err(Finding::new(Breach::Wrong, story))
    }
}

/// Makes another database, and closes it.
fn make_other(disk: &SimVfs, script: &Script) -> Result<(), Finding> {
    let options = script.profile.options(disk.clone(), None);
    let make = || {
        let store = FileStore::create(OTHER, script.schema.clone(), &options)?;
        for id in 0..30_u64 {
            store.apply(&Batch::new().upsert(other_record(&script.schema, id)?))?;
        }
        Ok(())
    };
    works("another database", make())
}

fn other_record(schema: &Schema, id: u64) -> iqdb_core::Result<Record> {
    draw::record(&mut Rng::with_seed(id), schema, id.into())
}

/// The files of a directory by their names in it.
fn below(disk: &SimVfs, dir: impl AsRef<Path>) -> BTreeMap<PathBuf, Vec<u8>> {
    let dir = dir.as_ref();
    let name = |path: PathBuf| path.strip_prefix(dir).ok().map(Path::to_owned);
    disk.files().into_iter().filter_map(|(path, bytes)| Some((name(path)?, bytes))).collect()
}
