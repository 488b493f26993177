//! The mover: a thread that swaps, renames and re-links the directories of databases, and now and then
//! removes one, while processes write to them.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use fastrand::Rng;

/// How long it rests after a move at most, in microseconds.
const REST_MICROS_MAX: u64 = 2_000;

/// After how many moves at most it removes a directory, if it does.
const REMOVES_AFTER_MAX: u64 = 40;

/// The first bytes of the file `lock`, and where the database's id is in it.
const LOCK_MAGIC: &[u8] = b"iqdb lck";
const LOCK_ID: usize = 16;

/// What the names of links begin with.
const LINK: &str = "link-";

/// What was done.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moves {
    pub(super) swapped: u64,
    pub(super) renamed: u64,
    pub(super) linked: u64,
}

impl Moves {
    /// These and others.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            swapped: self.swapped + other.swapped,
            renamed: self.renamed + other.renamed,
            linked: self.linked + other.linked,
        }
    }
}

/// Moves directories from when it is run to when it is stopped.
#[derive(Debug)]
pub(super) struct Mover {
    /// The directory that has all of them. It is renamed, too.
    pub(super) root: PathBuf,
    /// The number of the next name that nothing has yet.
    pub(super) next: u64,
    /// Directories that are moved from the start.
    pub(super) names: Vec<String>,
    /// Directories that no process may open. They are moved once every process has its own open.
    pub(super) idle: Vec<String>,
    /// How many links there are.
    pub(super) links: usize,
    /// Whether it removes a directory after some moves.
    pub(super) removes: bool,
    /// Has a file for each database that is gone, called as its id.
    pub(super) marks: PathBuf,
    pub(super) moves: Moves,
    /// The ids of the databases that were removed.
    pub(super) removed: Vec<u128>,
}

impl Mover {
    /// Moves until it is told to stop, the idle ones too once all processes have opened theirs.
    ///
    /// # Errors
    /// Those that a process can't be the cause of.
    pub(super) fn run(
        mut self,
        rng: &mut Rng,
        all_open: &AtomicBool,
        stop: &AtomicBool,
    ) -> io::Result<Self> {
        let removes_after = self.removes.then(|| rng.u64(..REMOVES_AFTER_MAX));
        let mut moved = 0;
        while !stop.load(Ordering::Acquire) {
            let may_move_all = all_open.load(Ordering::Acquire);
            if may_move_all {
                self.names.append(&mut self.idle);
            }
            if removes_after == Some(moved) {
                self.remove_one(rng)?;
            }
            match rng.u8(..100) {
                0..45 => self.swap(rng)?,
                45..65 => self.rename_one(rng)?,
                65..95 => self.link(rng)?,
                // Processes that open theirs now would not find it.
                _ if may_move_all => self.rename_root()?,
                _ => {}
            }
            moved += 1;
            thread::sleep(Duration::from_micros(rng.u64(..REST_MICROS_MAX)));
        }
        self.names.append(&mut self.idle);
        Ok(self)
    }

    fn fresh(&mut self) -> String {
        fresh_name(&mut self.next)
    }

    /// Whether it was renamed. A process may have made a database in the place that was free, and
    /// what is not made yet can't be renamed.
    fn rename(&self, from: &str, to: &str) -> io::Result<bool> {
        match fs::rename(self.root.join(from), self.root.join(to)) {
            Ok(()) => Ok(true),
            Err(error) => match error.kind() {
                io::ErrorKind::NotFound
                | io::ErrorKind::AlreadyExists
                | io::ErrorKind::DirectoryNotEmpty => Ok(false),
                _ => Err(error),
            },
        }
    }

    fn swap(&mut self, rng: &mut Rng) -> io::Result<()> {
        let (Some(a), Some(b)) = (chosen(&self.names, rng), chosen(&self.names, rng)) else {
            return Ok(());
        };
        let spare = self.fresh();
        if a == b || !self.rename(&a, &spare)? {
            return Ok(());
        }
        let is_first = self.rename(&b, &a)?;
        let back = if is_first { &b } else { &a };
        if !self.rename(&spare, back)? {
            // Its place is taken.
            self.names.push(spare);
        }
        self.moves.swapped += u64::from(is_first);
        Ok(())
    }

    fn rename_one(&mut self, rng: &mut Rng) -> io::Result<()> {
        let Some(from) = chosen(&self.names, rng) else { return Ok(()) };
        let to = self.fresh();
        if self.rename(&from, &to)? {
            self.moves.renamed += 1;
            self.names.retain(|name| *name != from);
            self.names.push(to);
        }
        Ok(())
    }

    fn rename_root(&mut self) -> io::Result<()> {
        let name = self.fresh();
        let to = self.root.with_file_name(name);
        fs::rename(&self.root, &to)?;
        self.root = to;
        self.moves.renamed += 1;
        Ok(())
    }

    fn link(&mut self, rng: &mut Rng) -> io::Result<()> {
        let Some(to) = chosen(&self.names, rng) else { return Ok(()) };
        point(&self.root, rng.usize(..self.links), &to)?;
        self.moves.linked += 1;
        Ok(())
    }

    fn remove_one(&mut self, rng: &mut Rng) -> io::Result<()> {
        let Some(name) = chosen(&self.names, rng) else { return Ok(()) };
        self.remove(&name)
    }

    /// Removes a directory with all that is in it, and marks its database as gone then.
    ///
    /// # Errors
    /// Those of the system.
    pub(super) fn remove(&mut self, name: &str) -> io::Result<()> {
        let path = self.root.join(name);
        let Some(database) = database_in(&path) else { return Ok(()) };
        // Open, so that no other directory gets its number.
        let held = File::open(&path)?;
        while is_at(&held, &path)? {
            // A process may be adding files: then it is not empty at the end, and is tried again.
            let _ = fs::remove_dir_all(&path);
        }
        File::create(mark_of(&self.marks, database))?;
        self.removed.push(database);
        Ok(())
    }
}

/// A name that no directory has yet.
pub(super) fn fresh_name(next: &mut u64) -> String {
    *next += 1;
    format!("db-{next}")
}

fn chosen(names: &[String], rng: &mut Rng) -> Option<String> {
    (!names.is_empty()).then(|| names[rng.usize(..names.len())].clone())
}

/// What a link is called.
pub(super) fn link_name(link: usize) -> String {
    format!("{LINK}{link}")
}

/// Points a link to a directory beside it. It is there all the time.
///
/// # Errors
/// Those of the system.
pub(super) fn point(root: &Path, link: usize, to: &str) -> io::Result<()> {
    let new = root.join(format!("{LINK}new"));
    symlink(to, &new)?;
    fs::rename(&new, root.join(link_name(link)))
}

/// The file that says that a database is gone.
pub(super) fn mark_of(marks: &Path, database: u128) -> PathBuf {
    marks.join(format!("{database:032x}"))
}

/// The database that a directory's lock says it is.
fn database_in(dir: &Path) -> Option<u128> {
    let lock = fs::read(dir.join("lock")).ok()?;
    let id = lock.get(LOCK_ID..)?.first_chunk()?;
    lock.starts_with(LOCK_MAGIC).then(|| u128::from_le_bytes(*id))
}

/// Whether a path leads to this directory.
fn is_at(held: &File, path: &Path) -> io::Result<bool> {
    let held = held.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(found) => Ok((found.dev(), found.ino()) == (held.dev(), held.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
