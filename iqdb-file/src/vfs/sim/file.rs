//! Open files and held locks of a simulated disk.

use std::fmt;
use std::io;

use super::change::Change;
use super::directory::NodeId;
use super::fault::{Call, Go, eio};
use super::machine::{Lock, Machine, Shared};
use crate::vfs::{File, FileId, Guard, Mapping, Reading, Sharing};

pub(super) struct SimFile {
    pub(super) machine: Shared,
    pub(super) node: NodeId,
    pub(super) may_write: bool,
}

impl SimFile {
    fn check_may_write(&self) -> io::Result<()> {
        if self.may_write { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
    }
}

/// Where a file ends at the latest, in bytes: what a simulation needs, and what fits into memory.
const LEN_MAX: usize = 1 << 30;

fn position(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

fn check_len(len: Option<usize>) -> io::Result<()> {
    let fits = len.is_some_and(|len| len <= LEN_MAX);
    if fits { Ok(()) } else { Err(io::ErrorKind::FileTooLarge.into()) }
}

/// How many of these bytes are read or written.
fn share(go: Go, bytes: usize) -> usize {
    if go == Go::Short { bytes.div_ceil(2) } else { bytes }
}

impl File for SimFile {
    fn len(&self) -> io::Result<u64> {
        let machine = &mut *self.machine.lock();
        machine.begin(Call::Len)?;
        Ok(machine.disk.content(self.node).len() as u64)
    }

    fn id(&self) -> io::Result<FileId> {
        self.machine.lock().begin(Call::Id)?;
        Ok(id_of(self.node))
    }

    fn read_at(&self, room: &mut [u8], offset: u64) -> io::Result<usize> {
        let machine = &mut *self.machine.lock();
        let go = machine.begin(Call::Read)?;
        let bytes = machine.disk.content(self.node).bytes();
        let there = bytes.get(position(offset)..).unwrap_or(&[]);
        let count = share(go, there.len().min(room.len()));
        room[..count].copy_from_slice(&there[..count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.check_may_write()?;
        let machine = &mut *self.machine.lock();
        let go = machine.begin(Call::Write)?;
        let offset = position(offset);
        check_len(offset.checked_add(bytes.len()))?;
        let wanted = share(go, bytes.len());
        let count = fitting(machine, self.node, offset, wanted);
        if count == 0 && wanted > 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        machine.change(Change::Write(self.node, offset, bytes[..count].to_vec()));
        Ok(count)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.check_may_write()?;
        let machine = &mut *self.machine.lock();
        machine.begin(Call::SetLen)?;
        check_len(Some(position(len)))?;
        machine.change(Change::SetLen(self.node, position(len)));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let machine = &mut *self.machine.lock();
        if machine.begin(Call::SyncData)? == Go::DropAndFail {
            machine.change(Change::DropPages(self.node));
            return Err(eio());
        }
        machine.change(Change::SyncData(self.node));
        Ok(())
    }

    fn map(&self, len: u64, _: Reading) -> io::Result<Mapping> {
        let machine = &mut *self.machine.lock();
        machine.begin(Call::Map)?;
        let bytes = machine.disk.content(self.node).bytes();
        let mapped = bytes.get(..position(len)).ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(Mapping::copied(mapped))
    }

    fn lock(&self, sharing: Sharing) -> io::Result<Box<dyn Guard>> {
        SimGuard::take(&self.machine, self.node, sharing)
    }

    fn holders(&self) -> Option<String> {
        None
    }
}

/// What a program sees of the number of a file.
pub(super) fn id_of(node: NodeId) -> FileId {
    FileId { volume: 1, file: node as u64 }
}

/// How many of `wanted` bytes there is room for: all, or as many whole sectors as fit.
fn fitting(machine: &Machine, node: NodeId, offset: usize, wanted: usize) -> usize {
    let content = machine.disk.content(node);
    let mut count = wanted;
    while count > 0 && !machine.room_for(content.sectors_needed(offset, count)) {
        count = content.without_last_sector(offset, count);
    }
    count
}

impl Drop for SimFile {
    fn drop(&mut self) {
        let machine = &mut *self.machine.lock();
        if let Some(handles) = machine.handles.get_mut(&self.node) {
            *handles -= 1;
            if *handles == 0 {
                machine.handles.remove(&self.node);
            }
        }
    }
}

impl fmt::Debug for SimFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimFile").field("node", &self.node).finish_non_exhaustive()
    }
}

pub(super) struct SimGuard {
    pub(super) machine: Shared,
    pub(super) node: NodeId,
}

impl SimGuard {
    pub(super) fn take(
        shared: &Shared,
        node: NodeId,
        sharing: Sharing,
    ) -> io::Result<Box<dyn Guard>> {
        let machine = &mut *shared.lock();
        machine.begin(Call::Lock)?;
        match (machine.locks.get_mut(&node), sharing) {
            (None, Sharing::Exclusive) => _ = machine.locks.insert(node, Lock::Exclusive),
            (None, Sharing::Shared) => _ = machine.locks.insert(node, Lock::Shared(1)),
            (Some(Lock::Shared(holders)), Sharing::Shared) => *holders += 1,
            _ => return Err(io::ErrorKind::WouldBlock.into()),
        }
        Ok(Box::new(Self { machine: shared.clone(), node }))
    }
}

impl Guard for SimGuard {}

impl fmt::Debug for SimGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimGuard").field("node", &self.node).finish_non_exhaustive()
    }
}

impl Drop for SimGuard {
    fn drop(&mut self) {
        let machine = &mut *self.machine.lock();
        match machine.locks.get_mut(&self.node) {
            Some(Lock::Shared(holders)) if *holders > 1 => *holders -= 1,
            _ => _ = machine.locks.remove(&self.node),
        }
    }
}
