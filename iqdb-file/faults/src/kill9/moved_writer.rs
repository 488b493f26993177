//! A process that writes to a database whose directory is moved about, and what its parent hears of it.
//!
//! It says which database it has opened, which batches are acknowledged, and why it goes no further.

use std::error::Error as _;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use clap::Args;
use iqdb_core::{Error, ErrorKind, StoreExt};
use iqdb_file::{Defect, FileOptions, FileStore};

use super::mover::mark_of;
use super::watched::{Hears, Watched, command};
use crate::finding::{Breach, Finding};
use crate::terminal::say;
use crate::writers::{self, Reached};
use crate::{Result, Verdict, defects};

/// What a process says before its database's id, before its reasons to end, and behind a batch.
const DATABASE: &str = "database ";
const NOT_OPENED: &str = "not-opened ";
const ABSENT: &str = "absent ";
const REFUSED: &str = "refused ";
const FOUND: &str = "found ";
const LATE: &str = " late";

/// What the process is told.
#[derive(Debug, Args)]
pub(crate) struct Options {
    dir: PathBuf,
    /// Has a file for each database that is gone, called as its id.
    #[arg(long)]
    marks: PathBuf,
    /// The current directory once the database is open.
    #[arg(long)]
    elsewhere: Option<PathBuf>,
    #[arg(long, value_parser = defects::parse)]
    defect: Option<Defect>,
}

impl Options {
    pub(super) fn new(dir: PathBuf, marks: PathBuf, defect: Option<Defect>) -> Self {
        Self { dir, marks, elsewhere: None, defect }
    }

    /// Lets it open a relative path in one current directory, and write in another.
    pub(super) fn elsewhere(mut self, elsewhere: PathBuf) -> Self {
        self.elsewhere = Some(elsewhere);
        self
    }

    /// A process that does it, in this directory.
    pub(super) fn start(&self, here: &Path) -> Result<Watched<Heard>> {
        let mut command: Command = command("moved-writer-child")?;
        command.current_dir(here).arg(&self.dir).arg("--marks").arg(&self.marks);
        if let Some(elsewhere) = &self.elsewhere {
            command.arg("--elsewhere").arg(elsewhere);
        }
        if let Some(defect) = self.defect {
            command.args(["--defect", &defects::name(defect)]);
        }
        Watched::start(&mut command)
    }
}

/// Writes until it is killed or refused, and says what it has written.
pub(crate) fn child(options: &Options) -> Result<Verdict> {
    let store = match opened(&options.dir, options.defect) {
        Ok(store) => store,
        Err(error) => {
            say_why(NOT_OPENED, &format!("{}{error}", if is_absent(&error) { ABSENT } else { "" }));
            return Ok(true);
        }
    };
    if let Some(elsewhere) = &options.elsewhere {
        std::env::set_current_dir(elsewhere).map_err(|error| error.to_string())?;
    }
    let database = store.stats().map_err(|error| error.to_string())?.database;
    say(&format!("{DATABASE}{database:032x}"));
    let from = match writers::found(&store, Reached::default()) {
        Ok(from) => from,
        Err(finding) => {
            say_why(FOUND, &finding.to_string());
            return Ok(true);
        }
    };
    let mark = mark_of(&options.marks, database);
    let write = |thread: usize, number: u64, batch: &iqdb_core::Batch| -> Result<(), Error> {
        let is_late = mark.exists();
        store.apply(batch)?;
        say(&format!("{thread} {number}{}", if is_late { LATE } else { "" }));
        Ok(())
    };
    let (reached, error) = writers::write_until_refused(from, &write)?;
    // Reading goes on.
    if let Err(finding) = writers::found(&store, reached) {
        say_why(FOUND, &finding.to_string());
    }
    say_why(REFUSED, &error.to_string());
    Ok(true)
}

fn opened(dir: &Path, defect: Option<Defect>) -> Result<FileStore, Error> {
    let options = writers::options(FileOptions::new());
    let open = |options: &FileOptions| FileStore::open_or_create(dir, writers::schema(), options);
    let store = open(&options)?;
    match defect {
        None => Ok(store),
        Some(defect) => {
            // It has to be there for a store that reaches it by its path.
            drop(store);
            open(&options.with_defect(defect))
        }
    }
}

/// Whether another process had the database open, or the mover the place free or taken for a moment.
fn is_absent(error: &Error) -> bool {
    use io::ErrorKind::{AlreadyExists, NotFound};
    let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    let is_moved = cause.is_some_and(|cause| [AlreadyExists, NotFound].contains(&cause.kind()));
    error.kind() == ErrorKind::Locked || error.kind() == ErrorKind::Io && is_moved
}

fn say_why(word: &str, why: &str) {
    say(&format!("{word}{}", why.replace('\n', " ")));
}

/// What a process has said.
#[derive(Debug, Clone, Default)]
pub(super) struct Heard {
    /// The database that it has opened.
    pub(super) database: Option<u128>,
    /// How far its threads have come.
    pub(super) reached: Reached,
    /// A batch that was acknowledged although the database was gone before its write was begun.
    late: Option<String>,
    /// Why it could not open a database.
    not_opened: Option<String>,
    /// Why it could not write.
    refused: Option<String>,
    /// What it found that it had not written.
    found: Option<String>,
}

impl Hears for Heard {
    fn hear(&mut self, line: &str) -> Result<()> {
        if let Some(id) = line.strip_prefix(DATABASE) {
            let database = u128::from_str_radix(id, 16).ok().filter(|_| id.len() == 32);
            self.database = Some(database.ok_or_else(|| format!("a writer said `{line}`"))?);
        } else if let Some(why) = line.strip_prefix(NOT_OPENED) {
            self.not_opened = Some(why.to_owned());
        } else if let Some(why) = line.strip_prefix(REFUSED) {
            self.refused = Some(why.to_owned());
        } else if let Some(what) = line.strip_prefix(FOUND) {
            self.found = Some(what.to_owned());
        } else {
            let batch = line.strip_suffix(LATE);
            self.late = self.late.take().or(batch.map(str::to_owned));
            self.reached.hear(batch.unwrap_or(line))?;
        }
        Ok(())
    }
}

impl Heard {
    /// Whether it has done what it may, where the mover has removed these databases.
    ///
    /// # Errors
    /// What it may not.
    pub(super) fn judge(&self, status: ExitStatus, removed: &[u128]) -> Result<(), Finding> {
        let is_removed = self.database.is_some_and(|database| removed.contains(&database));
        let name = self.database.map_or("no database".to_owned(), |id| format!("{id:032x}"));
        let finding = |breach, story: String| Err(Finding::new(breach, format!("{name}: {story}")));
        if let Some(batch) = &self.late {
            let story = format!("batch `{batch}` was acknowledged, begun after the removal");
            return finding(Breach::Lost, story);
        }
        if let Some(found) = &self.found {
            // What is gone may be read, or not. It is never something else.
            let breach = Breach::ALL.into_iter().find(|breach| found.starts_with(breach.name()));
            let breach = breach.unwrap_or(Breach::Behaviour);
            if !is_removed || breach != Breach::Behaviour {
                return finding(breach, format!("a writer found {found}"));
            }
        }
        match (&self.refused, &self.not_opened) {
            (Some(why), _) if !is_removed => finding(Breach::Behaviour, format!("no write: {why}")),
            (None, Some(why)) if removed.is_empty() && !why.starts_with(ABSENT) => {
                finding(Breach::Unopenable, why.clone())
            }
            (None, None) if self.found.is_none() && !is_killed(status) => {
                finding(Breach::Panic, format!("the process ended: {status}"))
            }
            _ if status.success() || is_killed(status) => Ok(()),
            _ => finding(Breach::Panic, format!("the process ended: {status}")),
        }
    }
}

fn is_killed(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;
    /// `SIGKILL`.
    const KILLED: i32 = 9;
    status.signal() == Some(KILLED)
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    const KILLED: i32 = 9;
    const SEGFAULT: i32 = 11;

    fn heard(lines: &[&str]) -> Heard {
        let mut heard = Heard::default();
        lines.iter().for_each(|line| heard.hear(line).unwrap());
        heard
    }

    fn breach(lines: &[&str], status: i32, removed: &[u128]) -> Option<Breach> {
        let judged = heard(lines).judge(ExitStatus::from_raw(status), removed);
        judged.err().map(|finding| finding.breach)
    }

    const SEVEN: &str = "database 00000000000000000000000000000007";

    #[test]
    fn a_writer_that_is_killed_has_done_nothing_wrong() {
        for lines in [&[][..], &[SEVEN], &[SEVEN, "begun", "0 1", "1 1"]] {
            assert_eq!(breach(lines, KILLED, &[]), None);
            assert_eq!(breach(lines, SEGFAULT, &[]), Some(Breach::Panic));
            assert_eq!(breach(lines, 0, &[]), Some(Breach::Panic));
        }
        assert_eq!(heard(&[SEVEN]).database, Some(7));
    }

    #[test]
    fn a_writer_may_be_refused_where_its_database_was_removed_and_only_there() {
        let lines = [SEVEN, "begun", "0 1", "refused damaged: the log is gone"];
        assert_eq!(breach(&lines, 0, &[7]), None);
        assert_eq!(breach(&lines, SEGFAULT, &[7]), Some(Breach::Panic));
        assert_eq!(breach(&lines, 0, &[8]), Some(Breach::Behaviour));
        let reads = [SEVEN, "found misbehaved: get: it is gone"];
        assert_eq!(breach(&reads, 0, &[7]), None);
        assert_eq!(breach(&reads, 0, &[8]), Some(Breach::Behaviour));
        let wrong = [SEVEN, "found wrong: another record"];
        assert_eq!(breach(&wrong, 0, &[7]), Some(Breach::Wrong));
        let late = [SEVEN, "0 1", "0 2 late"];
        assert_eq!(breach(&late, KILLED, &[7]), Some(Breach::Lost));
    }

    #[test]
    fn a_writer_may_find_nothing_or_another_writer_and_no_damage() {
        assert_eq!(breach(&["not-opened absent nothing there"], 0, &[]), None);
        assert_eq!(breach(&["not-opened no permission"], 0, &[]), Some(Breach::Unopenable));
        let damaged = ["not-opened damaged: no manifest"];
        assert_eq!(breach(&damaged, 0, &[]), Some(Breach::Unopenable));
        assert_eq!(breach(&damaged, 0, &[7]), None);
    }
}
