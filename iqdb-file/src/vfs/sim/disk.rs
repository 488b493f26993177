//! Directories and files. A disk changes by [`Change`]s only, so that its past can be replayed.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

use fastrand::Rng;

use super::change::Change;
use super::content::Content;
use super::directory::{Directory, EntryChange, NodeId};
use super::outside::Outside;
use crate::vfs::Entry;

/// The directory that has no name.
const ROOT: NodeId = 0;

#[derive(Debug, Clone)]
pub(super) struct Disk {
    nodes: BTreeMap<NodeId, Node>,
    next: NodeId,
}

#[derive(Debug, Clone)]
enum Node {
    File(Content),
    Directory(Directory),
}

impl Default for Disk {
    fn default() -> Self {
        Self { nodes: [(ROOT, Node::Directory(Directory::default()))].into(), next: ROOT + 1 }
    }
}

impl Disk {
    fn add(&mut self, node: Node) -> NodeId {
        let id = self.next;
        self.next += 1;
        self.nodes.insert(id, node);
        id
    }

    fn directory(&self, id: NodeId) -> io::Result<&Directory> {
        match self.nodes.get(&id) {
            Some(Node::Directory(directory)) => Ok(directory),
            _ => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn directory_mut(&mut self, id: NodeId) -> io::Result<&mut Directory> {
        match self.nodes.get_mut(&id) {
            Some(Node::Directory(directory)) => Ok(directory),
            _ => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn find(&self, path: &Path) -> io::Result<Option<NodeId>> {
        let mut at = ROOT;
        let names = names(path)?;
        for (i, name) in names.iter().enumerate() {
            match self.directory(at)?.now.get(*name) {
                Some(node) => at = *node,
                None if i + 1 == names.len() => return Ok(None),
                None => return Err(io::ErrorKind::NotFound.into()),
            }
        }
        Ok(Some(at))
    }

    /// The directory of this path.
    pub(super) fn dir(&self, path: &Path) -> io::Result<NodeId> {
        let node = self.find(path)?.ok_or(io::ErrorKind::NotFound)?;
        self.directory(node).map(|_| node)
    }

    /// What has this name in a directory.
    pub(super) fn lookup(&self, dir: NodeId, name: &str) -> io::Result<Option<NodeId>> {
        Ok(self.directory(dir)?.now.get(name).copied())
    }

    /// The file of this name, which must be there.
    pub(super) fn file(&self, dir: NodeId, name: &str) -> io::Result<NodeId> {
        let node = self.lookup(dir, name)?.ok_or(io::ErrorKind::NotFound)?;
        match self.nodes.get(&node) {
            Some(Node::File(_)) => Ok(node),
            _ => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    /// The directory of this name, which must be there.
    pub(super) fn dir_in(&self, dir: NodeId, name: &str) -> io::Result<NodeId> {
        let node = self.lookup(dir, name)?.ok_or(io::ErrorKind::NotFound)?;
        self.directory(node).map(|_| node)
    }

    /// # Errors
    /// That the name is taken, or that the directory has been removed.
    pub(super) fn check_free(&self, dir: NodeId, name: &str) -> io::Result<()> {
        if !self.is_linked(dir) {
            return Err(io::ErrorKind::NotFound.into());
        }
        match self.lookup(dir, name)? {
            None => Ok(()),
            Some(_) => Err(io::ErrorKind::AlreadyExists.into()),
        }
    }

    /// # Errors
    /// That there is something in the directory of this name, or that it is none.
    pub(super) fn check_empty(&self, dir: NodeId, name: &str) -> io::Result<()> {
        match self.directory(self.dir_in(dir, name)?)?.now.is_empty() {
            true => Ok(()),
            false => Err(io::ErrorKind::DirectoryNotEmpty.into()),
        }
    }

    /// The directory that a file or directory is in. The root is in itself.
    pub(super) fn parent(&self, node: NodeId) -> Option<NodeId> {
        if node == ROOT {
            return Some(ROOT);
        }
        let holds = |(id, parent): (&NodeId, &Node)| match parent {
            Node::Directory(parent) => parent.now.values().any(|n| *n == node).then_some(*id),
            Node::File(_) => None,
        };
        self.nodes.iter().find_map(holds)
    }

    pub(super) fn is_linked(&self, node: NodeId) -> bool {
        self.parent(node).is_some()
    }

    /// The bytes of a file.
    ///
    /// # Panics
    /// When it is none. Nodes come from this disk, and files are never turned into directories.
    pub(super) fn content(&self, file: NodeId) -> &Content {
        match self.nodes.get(&file) {
            Some(Node::File(content)) => content,
            _ => panic!("node {file} is no file"),
        }
    }

    fn content_mut(&mut self, file: NodeId) -> &mut Content {
        match self.nodes.get_mut(&file) {
            Some(Node::File(content)) => content,
            _ => panic!("node {file} is no file"),
        }
    }

    /// The directory that a path is in, and its name there.
    fn parent_of(&self, path: &Path) -> io::Result<(NodeId, String)> {
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.ok_or(io::ErrorKind::InvalidInput)?.to_owned();
        Ok((self.dir(path.parent().unwrap_or(Path::new("")))?, name))
    }

    pub(super) fn list(&self, dir: NodeId) -> io::Result<Vec<Entry>> {
        let entry = |(name, node): (&String, &NodeId)| Entry {
            name: name.clone(),
            is_dir: matches!(self.nodes.get(node), Some(Node::Directory(_))),
        };
        Ok(self.directory(dir)?.now.iter().map(entry).collect())
    }

    /// Does what has been checked before.
    pub(super) fn apply(&mut self, change: &Change) {
        self.try_apply(change).unwrap_or_else(|error| panic!("{change:?}: {error}"));
    }

    fn try_apply(&mut self, change: &Change) -> io::Result<()> {
        match change {
            Change::CreateDir(dir, name) => {
                self.create(*dir, name, Node::Directory(Directory::default()))?;
            }
            Change::Create(dir, name) => {
                self.create(*dir, name, Node::File(Content::default()))?;
            }
            Change::Rename(dir, from, to) => {
                let node = self.lookup(*dir, from)?.ok_or(io::ErrorKind::NotFound)?;
                self.directory_mut(*dir)?.change(EntryChange::Rename(to.clone(), node));
            }
            Change::Remove(dir, name) => {
                let node = self.lookup(*dir, name)?.ok_or(io::ErrorKind::NotFound)?;
                self.directory_mut(*dir)?.change(EntryChange::Remove(name.clone(), node));
            }
            Change::SyncDir(dir) => self.directory_mut(*dir)?.sync(),
            Change::Outside(outside) => self.interfere(outside)?,
            Change::Write(file, offset, bytes) => self.content_mut(*file).write(*offset, bytes),
            Change::SetLen(file, len) => self.content_mut(*file).set_len(*len),
            Change::SyncData(file) => self.content_mut(*file).sync(),
            Change::DropPages(file) => self.content_mut(*file).drop_pages(),
        }
        Ok(())
    }

    fn create(&mut self, dir: NodeId, name: &str, node: Node) -> io::Result<NodeId> {
        let node = self.add(node);
        self.directory_mut(dir)?.change(EntryChange::Add(name.to_owned(), node));
        Ok(node)
    }

    /// Puts a file there durably, with the directories above it, in place of what had the name.
    pub(super) fn put(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let above: Vec<&Path> = path.ancestors().skip(1).collect();
        for dir in above.into_iter().rev() {
            if self.find(dir)?.is_none() {
                let (parent, name) = self.parent_of(dir)?;
                self.create(parent, &name, Node::Directory(Directory::default()))?;
                self.directory_mut(parent)?.sync();
            }
        }
        let (dir, name) = self.parent_of(path)?;
        self.create(dir, &name, Node::File(Content::durable(bytes.to_vec())))?;
        self.directory_mut(dir)?.sync();
        Ok(())
    }

    /// What another program does with names. It is on the disk at once, with all that happened in
    /// the directories before.
    pub(super) fn interfere(&mut self, outside: &Outside) -> io::Result<()> {
        let mut touched = Vec::new();
        match outside {
            Outside::Rename(from, to) => {
                let node = self.find(from)?.ok_or(io::ErrorKind::NotFound)?;
                let (old, name) = self.parent_of(from)?;
                let (new, to) = self.parent_of(to)?;
                self.check_free(new, &to)?;
                self.directory_mut(old)?.change(EntryChange::Remove(name, node));
                self.directory_mut(new)?.change(EntryChange::Add(to, node));
                touched.extend([old, new]);
            }
            Outside::Exchange(a, b) => {
                let nodes = [a, b].map(|path| self.find(path));
                for (node, to) in nodes.into_iter().zip([b, a]) {
                    let node = node?.ok_or(io::ErrorKind::NotFound)?;
                    let (dir, name) = self.parent_of(to)?;
                    self.directory_mut(dir)?.change(EntryChange::Add(name, node));
                    touched.push(dir);
                }
            }
            Outside::Remove(path) => {
                let node = self.find(path)?.ok_or(io::ErrorKind::NotFound)?;
                let (dir, name) = self.parent_of(path)?;
                self.directory_mut(dir)?.change(EntryChange::Remove(name, node));
                self.empty(node)?;
                touched.push(dir);
            }
            Outside::Put(path, bytes) => return self.put(path, bytes),
        }
        self.sync_all(&touched)
    }

    fn sync_all(&mut self, dirs: &[NodeId]) -> io::Result<()> {
        dirs.iter().try_for_each(|dir| self.directory_mut(*dir).map(Directory::sync))
    }

    /// Removes everything below a directory.
    fn empty(&mut self, node: NodeId) -> io::Result<()> {
        let Ok(directory) = self.directory(node) else { return Ok(()) };
        for (name, below) in directory.now.clone() {
            self.empty(below)?;
            self.directory_mut(node)?.change(EntryChange::Remove(name, below));
        }
        self.sync_all(&[node])
    }

    /// How many bytes the files take that have a name, or are open.
    pub(super) fn used(&self, is_open: impl Fn(NodeId) -> bool) -> u64 {
        let mut named = Vec::new();
        for node in self.nodes.values() {
            if let Node::Directory(directory) = node {
                named.extend(directory.now.values());
            }
        }
        let takes_room = |(id, node): (&NodeId, &Node)| match node {
            Node::File(content) if named.contains(id) || is_open(*id) => content.used() as u64,
            _ => 0,
        };
        self.nodes.iter().map(takes_room).sum()
    }

    /// Every file by its path.
    pub(super) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut dirs = vec![(PathBuf::new(), ROOT)];
        while let Some((path, dir)) = dirs.pop() {
            let Some(Node::Directory(directory)) = self.nodes.get(&dir) else { continue };
            for (name, id) in &directory.now {
                match self.nodes.get(id) {
                    Some(Node::File(content)) => {
                        files.insert(path.join(name), content.bytes().to_vec());
                    }
                    _ => dirs.push((path.join(name), *id)),
                }
            }
        }
        files
    }

    /// What may be found after a power loss.
    pub(super) fn crashed(&self, rng: &mut Rng) -> Self {
        let mut found = Self { nodes: BTreeMap::new(), next: self.next };
        let mut reached = vec![ROOT];
        while let Some(id) = reached.pop() {
            let Some(node) = self.nodes.get(&id) else { continue };
            let node = match node {
                Node::File(content) => Node::File(content.crashed(rng)),
                Node::Directory(directory) => {
                    let names = directory.crashed(rng);
                    reached.extend(names.values());
                    Node::Directory(Directory::durable(names))
                }
            };
            found.nodes.insert(id, node);
        }
        found
    }
}

/// The parts of a path from the root, wherever it begins.
fn names(path: &Path) -> io::Result<Vec<&str>> {
    let mut names = Vec::new();
    for part in path.components() {
        match part {
            Component::RootDir | Component::CurDir => {}
            Component::Normal(name) => {
                names.push(name.to_str().ok_or(io::ErrorKind::InvalidInput)?);
            }
            Component::ParentDir | Component::Prefix(_) => {
                return Err(io::ErrorKind::InvalidInput.into());
            }
        }
    }
    Ok(names)
}
