//! A simulated disk that loses power and fails on demand, for the tests of what must survive it.
//!
//! Everything is in memory and follows from the calls and a seed. It is as weak as the contract of
//! [`Vfs`] allows, which is weaker than most file systems: between two syncs every sector of 512
//! bytes, every length and every name goes its own way.
//!
//! [`SimVfs::crash`] is the disk that a machine would find if this one lost its power now, and
//! [`SimVfs::replay`] goes through all moments of the past at which it might have.

mod change;
mod content;
mod dir;
mod directory;
mod disk;
mod fault;
mod file;
mod machine;
mod outside;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, MutexGuard};

use fastrand::Rng;
use iqdb_core::DateTime;

use self::change::Change;
pub use self::content::SECTOR;
use self::dir::SimDir;
use self::disk::Disk;
pub use self::fault::{Call, Fault, FaultKind, is_power_off};
use self::machine::{Machine, Shared};
pub use self::outside::Outside;
use super::{Dir, Environment, Vfs};

/// A simulated disk. Clones are the same disk.
#[derive(Clone, Default)]
pub struct SimVfs(Shared);

impl SimVfs {
    /// An empty disk.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn of(disk: Disk, boot: u128) -> Self {
        let start = disk.clone();
        Self(Shared::new(Machine { disk, start, boot, ..Machine::default() }))
    }

    fn machine(&self) -> MutexGuard<'_, Machine> {
        self.0.lock()
    }

    /// Every call so far, failed ones included. The first one has the number 1.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.machine().calls.clone()
    }

    /// How many calls there were so far that changed what is on the disk, or may be, syncs included.
    /// Between any two of them the power may fail.
    #[must_use]
    pub fn changes(&self) -> usize {
        self.machine().changes.len()
    }

    /// The disk as it may be found after a power loss right now: what was synced is there, and of
    /// the rest whatever the random numbers say. All locks are gone, and the machine was started once
    /// more. This one goes on undisturbed.
    #[must_use]
    pub fn crash(&self, rng: &mut Rng) -> Self {
        let machine = self.machine();
        Self::of(machine.disk.crashed(rng), machine.boot + 1)
    }

    /// The disk as other processes find it when all that use it are killed right now: with what was
    /// written, synced or not. All locks are gone. This one goes on undisturbed.
    #[must_use]
    pub fn kill(&self) -> Self {
        let machine = self.machine();
        Self::of(machine.disk.clone(), machine.boot)
    }

    /// Like [`crash`](Self::crash), but after the first `changes` changes.
    #[must_use]
    pub fn crash_at(&self, changes: usize, rng: &mut Rng) -> Self {
        let mut replay = self.replay();
        while replay.done() < changes && replay.advance().is_some() {}
        replay.crash(rng)
    }

    /// The past of this disk from its beginning.
    #[must_use]
    pub fn replay(&self) -> Replay {
        let machine = self.machine();
        let (disk, changes) = (machine.start.clone(), machine.changes.clone());
        Replay { disk, changes, boot: machine.boot, done: 0 }
    }

    /// Lets one of the calls from now on fail, or none. Replaces the former fault.
    pub fn set_fault(&self, fault: Option<Fault>) {
        self.machine().fault = fault;
    }

    /// How many calls have failed, or fallen short, because they were to.
    #[must_use]
    pub fn faults_fired(&self) -> u64 {
        self.machine().faults_fired
    }

    /// Lets this call and every later one fail, with an error that [`is_power_off`] knows.
    pub fn power_off_at(&self, call: u64) {
        self.machine().power_off_at = Some(call);
    }

    /// Lets another program do something right before the call of this number: what `choose`
    /// chooses from the files that there are then, unless it can't be done.
    pub fn interfere_at(
        &self,
        call: u64,
        choose: impl FnOnce(&BTreeMap<PathBuf, Vec<u8>>) -> Option<Outside> + Send + 'static,
    ) {
        self.machine().interference = Some((call, Box::new(choose)));
    }

    /// What another program was to do and has done, and after how many changes.
    #[must_use]
    pub fn interfered(&self) -> Option<(usize, Outside)> {
        self.machine().interfered.clone()
    }

    /// Lets another program do this now.
    ///
    /// # Errors
    /// That it can't be done: something is not there, or in the way.
    pub fn interfere(&self, outside: Outside) -> io::Result<()> {
        self.machine().interfere(outside)
    }

    /// Whether directories can be locked, as they can unless this says otherwise.
    pub fn set_locks_dirs(&self, locks_dirs: bool) {
        self.machine().locks_dirs = locks_dirs;
    }

    /// How many bytes the disk has room for, counted in whole sectors. Holes take none.
    pub fn set_quota(&self, bytes: Option<u64>) {
        self.machine().quota = bytes;
    }

    /// How many bytes are taken by files that have a name or are open, counted in whole sectors.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.machine().used()
    }

    /// Every file as a program sees it, by its path.
    #[must_use]
    pub fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        self.machine().disk.files()
    }

    /// Puts a file on the disk, durably, with the directories above it, in place of what was there.
    /// No call and no change: the past begins anew after it.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] for a path that can't be one,
    /// [`io::ErrorKind::IsADirectory`] and [`io::ErrorKind::NotADirectory`] where one is in the way.
    pub fn put(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let machine = &mut *self.machine();
        machine.disk.put(path, bytes)?;
        machine.start = machine.disk.clone();
        machine.changes.clear();
        Ok(())
    }
}

impl fmt::Debug for SimVfs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let machine = self.machine();
        f.debug_struct("SimVfs")
            .field("calls", &machine.calls.len())
            .field("changes", &machine.changes.len())
            .finish_non_exhaustive()
    }
}

/// A way through the past of a disk, change by change.
#[derive(Debug, Clone)]
pub struct Replay {
    disk: Disk,
    changes: Vec<Change>,
    boot: u128,
    done: usize,
}

impl Replay {
    /// Goes one change on; says which call that was, or `None` at the end.
    pub fn advance(&mut self) -> Option<Call> {
        let change = self.changes.get(self.done)?;
        self.done += 1;
        self.disk.apply(change);
        Some(change.call())
    }

    /// How many changes it is from the beginning.
    #[must_use]
    pub fn done(&self) -> usize {
        self.done
    }

    /// The disk as it may be found after a power loss at this moment.
    #[must_use]
    pub fn crash(&self, rng: &mut Rng) -> SimVfs {
        SimVfs::of(self.disk.crashed(rng), self.boot + 1)
    }

    /// The disk as other processes find it when all that used it were killed at this moment.
    #[must_use]
    pub fn kill(&self) -> SimVfs {
        SimVfs::of(self.disk.clone(), self.boot)
    }
}

impl Vfs for SimVfs {
    fn open_dir(&self, path: &Path) -> io::Result<Arc<dyn Dir>> {
        let machine = &mut *self.machine();
        machine.begin(Call::OpenDir)?;
        let node = machine.disk.dir(path)?;
        Ok(Arc::new(SimDir { machine: self.0.clone(), node }))
    }

    fn renames_open_dirs(&self) -> bool {
        true
    }

    /// The same at each call, but for the boot.
    fn environment(&self) -> Environment {
        let (boot, host) = (Some(self.machine().boot), "simulated".to_owned());
        Environment { boot, host, process: 1, time: DateTime::MIN }
    }
}
