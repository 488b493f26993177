//! A yard: a directory with some databases side by side, and what is known of each of them.
//!
//! A database is known by its id, and what was acknowledged to it is kept here, by that id, and in no
//! directory. So it can be found wherever it was moved to, and missed where it is nowhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use fastrand::Rng;
use iqdb_file::{FileOptions, FileStore};
use tempfile::TempDir;

use super::contents::Contents;
use super::mover::fresh_name;
use crate::Result;
use crate::finding::{Breach, Finding};
use crate::run::works;
use crate::writers::{self, Reached};

/// What a database is called while it is being made. A process that was killed may leave it there.
const UNFINISHED: &str = ".iqdb-new-";

/// Databases side by side.
#[derive(Debug)]
pub(super) struct Yard {
    /// The directory that has them.
    pub(super) root: PathBuf,
    /// Has a file for each database that is gone.
    pub(super) marks: PathBuf,
    /// An empty directory.
    pub(super) elsewhere: PathBuf,
    /// The number of the next name that nothing has yet.
    pub(super) next: u64,
    journals: BTreeMap<u128, Journal>,
    _dir: TempDir,
}

/// What is known of a database without looking at it.
#[derive(Debug, Default)]
struct Journal {
    /// What was acknowledged, or found.
    reached: Reached,
    /// Where it was when it was last looked at, and the directory's contents after that.
    left: Option<(String, Contents)>,
}

/// Which databases processes may have changed since they were looked at.
#[derive(Debug, Default)]
pub(super) struct Touched {
    /// Those that processes said they had opened.
    pub(super) opened: BTreeSet<u128>,
    /// A process may have opened another one, and was killed before it said so.
    pub(super) in_silence: bool,
    /// These it can't have been.
    pub(super) idle: BTreeSet<u128>,
}

impl Touched {
    fn may_have(&self, database: u128) -> bool {
        self.opened.contains(&database) || self.in_silence && !self.idle.contains(&database)
    }
}

impl Yard {
    pub(super) fn new() -> Result<Self> {
        let dir = tempfile::tempdir().map_err(|error| format!("a temporary directory: {error}"))?;
        let mut next = 0;
        let root = dir.path().join(fresh_name(&mut next));
        let (marks, elsewhere) = (dir.path().join("gone"), dir.path().join("elsewhere"));
        for dir in [&root, &marks, &elsewhere] {
            fs::create_dir(dir).map_err(failed)?;
        }
        Ok(Self { root, marks, elsewhere, next, journals: BTreeMap::new(), _dir: dir })
    }

    /// The names of all directories but those that are being made.
    pub(super) fn names(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.root).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_dir = entry.file_type().map_err(failed)?.is_dir();
            if is_dir && !name.starts_with(UNFINISHED) {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// The databases that had these names when they were looked at.
    pub(super) fn databases_at(&self, names: &[String]) -> BTreeSet<u128> {
        let is_at =
            |journal: &Journal| journal.left.as_ref().is_some_and(|(name, _)| names.contains(name));
        let at = self.journals.iter().filter(|(_, journal)| is_at(journal));
        at.map(|(database, _)| *database).collect()
    }

    /// Notes what a process said of a database; how many batches that are more.
    pub(super) fn acknowledged(&mut self, database: u128, reached: Reached) -> u64 {
        let journal = self.journals.entry(database).or_default();
        let before = journal.reached;
        journal.reached = before.or(reached);
        journal.reached.batches_since(before)
    }

    /// Notes that a database was removed by hand; how many batches it had.
    pub(super) fn removed(&mut self, database: u128) -> u64 {
        let journal = self.journals.remove(&database).unwrap_or_default();
        journal.reached.batches_since(Reached::default())
    }

    /// Opens every directory, and holds it against the journal of its database: all that was
    /// acknowledged is there, and all is as it was where no process has been. How many those are.
    ///
    /// # Errors
    /// What is lost, or changed, or there for no reason.
    pub(super) fn look(&mut self, rng: &mut Rng, touched: &Touched) -> Result<u64, Finding> {
        let mut as_left = 0;
        let names = self.names().map_err(|error| Finding::new(Breach::Behaviour, error))?;
        let mut seen: BTreeMap<u128, String> = BTreeMap::new();
        for name in names {
            let (database, is_as_left) = self.look_at(&name, rng.bool(), touched)?;
            as_left += u64::from(is_as_left);
            if let Some(other) = seen.insert(database, name.clone()) {
                let story = format!("{name} and {other} are both database {database:032x}");
                return Err(Finding::new(Breach::Wrong, story));
            }
        }
        match self.journals.iter().find(|(database, _)| !seen.contains_key(database)) {
            Some((database, Journal { reached, .. })) => {
                let story = format!("database {database:032x}, {reached:?}, is in no directory");
                Err(Finding::new(Breach::Lost, story))
            }
            None => Ok(as_left),
        }
    }

    /// Looks at a directory; which database it is, and whether it had to be as it was left, and is.
    fn look_at(
        &mut self,
        name: &str,
        read_only: bool,
        touched: &Touched,
    ) -> Result<(u128, bool), Finding> {
        let path = self.root.join(name);
        let before = contents_of(&path)?;
        let store = opened(&path, read_only).map_err(|error| {
            Finding::new(Breach::Unopenable, format_args!("{name}: {}", error.story))
        })?;
        let database = works("stats", store.stats())?.database;
        let told = |finding: Finding| {
            let story = format!("{name}, database {database:032x}: {}", finding.story);
            Finding::new(finding.breach, story)
        };
        let journal = self.journals.entry(database).or_default();
        let left = journal.left.as_ref().filter(|_| !touched.may_have(database));
        if let Some(difference) = left.and_then(|(_, left)| left.difference(&before)) {
            let story = format!("no process had it open, and {difference}");
            return Err(told(Finding::new(Breach::Wrong, story)));
        }
        let is_as_left = left.is_some();
        journal.reached = writers::found(&store, journal.reached).map_err(told)?;
        drop(store);
        let after = contents_of(&path)?;
        if let Some(difference) = before.difference(&after).filter(|_| read_only) {
            let story = format!("it was opened to be read only, and {difference}");
            return Err(told(Finding::new(Breach::Behaviour, story)));
        }
        journal.left = Some((name.to_owned(), after));
        Ok((database, is_as_left))
    }
}

fn opened(path: &Path, read_only: bool) -> Result<FileStore, Finding> {
    let options = writers::options(FileOptions::new());
    let opened = match read_only {
        true => FileStore::open_read_only(path, &options),
        false => FileStore::open(path, &options),
    };
    opened.map_err(|error| Finding::new(Breach::Unopenable, error))
}

fn contents_of(path: &Path) -> Result<Contents, Finding> {
    let failed =
        |error| Finding::new(Breach::Behaviour, format_args!("{}: {error}", path.display()));
    Contents::of(path).map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> String {
    format!("a directory with databases: {error}")
}
