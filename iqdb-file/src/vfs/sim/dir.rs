//! Open directories of a simulated disk.

use std::fmt;
use std::io;
use std::sync::Arc;

use super::change::Change;
use super::directory::NodeId;
use super::fault::Call;
use super::file::{SimFile, SimGuard, id_of};
use super::machine::Shared;
use crate::vfs::{Access, Dir, Entry, File, Found, Guard, Sharing};

pub(super) struct SimDir {
    pub(super) machine: Shared,
    pub(super) node: NodeId,
}

impl SimDir {
    fn at(&self, node: NodeId) -> Arc<dyn Dir> {
        Arc::new(Self { machine: self.machine.clone(), node })
    }
}

impl Dir for SimDir {
    fn open(&self, name: &str, access: Access) -> io::Result<Box<dyn File>> {
        let machine = &mut *self.machine.lock();
        let node = if access == Access::Create {
            machine.begin(Call::Create)?;
            machine.disk.check_free(self.node, name)?;
            machine.change(Change::Create(self.node, name.to_owned()));
            machine.disk.file(self.node, name)?
        } else {
            machine.begin(Call::Open)?;
            machine.disk.file(self.node, name)?
        };
        *machine.handles.entry(node).or_default() += 1;
        Ok(Box::new(SimFile {
            machine: self.machine.clone(),
            node,
            may_write: access != Access::Read,
        }))
    }

    fn lookup(&self, name: &str) -> io::Result<Option<Found>> {
        let machine = &mut *self.machine.lock();
        machine.begin(Call::Lookup)?;
        // No file of a simulated disk has two names.
        let found = |node| Found { id: id_of(node), links: 1 };
        Ok(machine.disk.lookup(self.node, name)?.map(found))
    }

    fn is_linked(&self) -> io::Result<bool> {
        let machine = &mut *self.machine.lock();
        machine.begin(Call::IsLinked)?;
        Ok(machine.disk.is_linked(self.node))
    }

    fn list(&self) -> io::Result<Vec<Entry>> {
        let machine = &mut *self.machine.lock();
        machine.begin(Call::List)?;
        machine.disk.list(self.node)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let machine = &mut *self.machine.lock();
        machine.begin(Call::Rename)?;
        machine.disk.lookup(self.node, from)?.ok_or(io::ErrorKind::NotFound)?;
        machine.disk.check_free(self.node, to)?;
        machine.change(Change::Rename(self.node, from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let machine = &mut *self.machine.lock();
        machine.begin(Call::Remove)?;
        machine.disk.file(self.node, name)?;
        machine.change(Change::Remove(self.node, name.to_owned()));
        Ok(())
    }

    fn create_dir(&self, name: &str) -> io::Result<()> {
        let machine = &mut *self.machine.lock();
        machine.begin(Call::CreateDir)?;
        machine.disk.check_free(self.node, name)?;
        machine.change(Change::CreateDir(self.node, name.to_owned()));
        Ok(())
    }

    fn open_dir(&self, name: &str) -> io::Result<Arc<dyn Dir>> {
        let machine = &mut *self.machine.lock();
        machine.begin(Call::OpenDir)?;
        machine.disk.dir_in(self.node, name).map(|node| self.at(node))
    }

    fn remove_dir(&self, name: &str) -> io::Result<()> {
        let machine = &mut *self.machine.lock();
        machine.begin(Call::RemoveDir)?;
        machine.disk.check_empty(self.node, name)?;
        machine.change(Change::Remove(self.node, name.to_owned()));
        Ok(())
    }

    fn parent(&self) -> io::Result<Arc<dyn Dir>> {
        let machine = &mut *self.machine.lock();
        machine.begin(Call::Parent)?;
        let parent = machine.disk.parent(self.node).ok_or(io::ErrorKind::NotFound)?;
        Ok(self.at(parent))
    }

    fn sync(&self) -> io::Result<()> {
        let machine = &mut *self.machine.lock();
        machine.begin(Call::SyncDir)?;
        machine.change(Change::SyncDir(self.node));
        Ok(())
    }

    fn lock(&self, sharing: Sharing) -> io::Result<Box<dyn Guard>> {
        if !self.machine.lock().locks_dirs {
            return Err(io::ErrorKind::Unsupported.into());
        }
        SimGuard::take(&self.machine, self.node, sharing)
    }
}

impl fmt::Debug for SimDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimDir").field("node", &self.node).finish_non_exhaustive()
    }
}
