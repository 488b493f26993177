//! A simulated machine: its disk, what it did and holds, and what is to go wrong.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::change::Change;
use super::content::SECTOR;
use super::directory::NodeId;
use super::disk::Disk;
use super::fault::{Call, Fault, FaultKind, Go, PowerOff, eio, emfile};
use super::outside::Outside;

/// A machine that the file system, its directories and its files share.
#[derive(Clone, Default)]
pub(super) struct Shared(Arc<Mutex<Machine>>);

impl Shared {
    pub(super) fn new(machine: Machine) -> Self {
        Self(Arc::new(Mutex::new(machine)))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Machine> {
        // A test that panics while it holds a file is no reason for other tests to panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A disk with a machine around it: what the machine did, what it holds, and what is to go wrong.
pub(super) struct Machine {
    pub(super) disk: Disk,
    /// The disk before the first of the changes.
    pub(super) start: Disk,
    /// How often the machine was started, the first time included.
    pub(super) boot: u128,
    pub(super) changes: Vec<Change>,
    pub(super) calls: Vec<Call>,
    pub(super) fault: Option<Fault>,
    pub(super) faults_fired: u64,
    pub(super) power_off_at: Option<u64>,
    pub(super) quota: Option<u64>,
    pub(super) handles: BTreeMap<NodeId, usize>,
    pub(super) locks: BTreeMap<NodeId, Lock>,
    /// Whether directories can be locked.
    pub(super) locks_dirs: bool,
    /// What another program does right before this call.
    pub(super) interference: Option<(u64, Box<Choose>)>,
    /// What was done, and after how many changes.
    pub(super) interfered: Option<(usize, Outside)>,
}

/// Chooses what another program does, from the files that there are.
pub(super) type Choose = dyn FnOnce(&BTreeMap<PathBuf, Vec<u8>>) -> Option<Outside> + Send;

impl Default for Machine {
    fn default() -> Self {
        let disk = Disk::default();
        Self {
            start: disk.clone(),
            disk,
            boot: 1,
            changes: Vec::new(),
            calls: Vec::new(),
            fault: None,
            faults_fired: 0,
            power_off_at: None,
            quota: None,
            handles: BTreeMap::new(),
            locks: BTreeMap::new(),
            locks_dirs: true,
            interference: None,
            interfered: None,
        }
    }
}

/// The holders of a file's lock.
pub(super) enum Lock {
    Exclusive,
    Shared(usize),
}

impl Machine {
    pub(super) fn change(&mut self, change: Change) {
        self.disk.apply(&change);
        self.changes.push(change);
    }

    pub(super) fn used(&self) -> u64 {
        self.disk.used(|node| self.handles.contains_key(&node))
    }

    pub(super) fn room_for(&self, sectors: usize) -> bool {
        let fits = |quota| self.used() + (sectors * SECTOR) as u64 <= quota;
        sectors == 0 || self.quota.is_none_or(fits)
    }

    pub(super) fn interfere(&mut self, outside: Outside) -> io::Result<()> {
        // A trial, so that what can't be done changes nothing.
        let mut disk = self.disk.clone();
        disk.interfere(&outside)?;
        self.disk = disk;
        self.changes.push(Change::Outside(outside));
        Ok(())
    }

    /// Counts a call, and says how it goes.
    pub(super) fn begin(&mut self, call: Call) -> io::Result<Go> {
        let number = self.calls.len() as u64 + 1;
        if let Some((_, choose)) = self.interference.take_if(|(at, _)| number >= *at)
            && let Some(outside) = choose(&self.disk.files())
        {
            let at = self.changes.len();
            if self.interfere(outside.clone()).is_ok() {
                self.interfered = Some((at, outside));
            }
        }
        self.calls.push(call);
        if self.power_off_at.is_some_and(|at| number >= at) {
            return Err(io::Error::other(PowerOff));
        }
        let Some(fault) = self.fault.filter(|fault| fault.kind.applies_to(call)) else {
            return Ok(Go::Well);
        };
        let every_second = fault.kind == FaultKind::Eintr;
        let is_hit = match number.checked_sub(fault.at) {
            Some(0) => true,
            Some(later) => fault.sticky && !(every_second && later % 2 == 1),
            None => false,
        };
        if !is_hit {
            return Ok(Go::Well);
        }
        self.faults_fired += 1;
        match fault.kind {
            FaultKind::Eio => Err(eio()),
            FaultKind::Enospc => Err(io::ErrorKind::StorageFull.into()),
            FaultKind::Eacces => Err(io::ErrorKind::PermissionDenied.into()),
            FaultKind::Emfile => Err(emfile()),
            FaultKind::Enotdir => Err(io::ErrorKind::NotADirectory.into()),
            FaultKind::Eintr => Err(io::ErrorKind::Interrupted.into()),
            FaultKind::Short => Ok(Go::Short),
            FaultKind::SyncFailsThenLies if call == Call::SyncData => Ok(Go::DropAndFail),
            FaultKind::SyncFailsThenLies => Err(eio()),
        }
    }
}
