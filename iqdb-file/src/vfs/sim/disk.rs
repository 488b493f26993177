//! Names and what they name. A disk changes by [`Change`]s only, so that its past can be replayed.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

use fastrand::Rng;

use super::content::{Content, Mood};
use super::fault::Call;

/// A file or a directory, whatever its name. Numbers are not used again.
pub(super) type NodeId = usize;

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

type Names = BTreeMap<String, NodeId>;

#[derive(Debug, Clone, Default)]
struct Directory {
    /// What a program sees.
    now: Names,
    /// What a sync has brought to the disk.
    durable: Names,
    /// What has happened since, in order.
    pending: Vec<EntryChange>,
}

#[derive(Debug, Clone)]
enum EntryChange {
    Add(String, NodeId),
    Remove(String, NodeId),
    Rename(String, NodeId),
}

/// Everything that can happen to a disk. It has been checked that it can.
#[derive(Debug, Clone)]
pub(super) enum Change {
    CreateDir(PathBuf),
    Create(PathBuf),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
    SyncDir(PathBuf),
    Write(NodeId, usize, Vec<u8>),
    SetLen(NodeId, usize),
    SyncData(NodeId),
    DropPages(NodeId),
}

impl Change {
    pub(super) fn call(&self) -> Call {
        match self {
            Self::CreateDir(_) => Call::CreateDir,
            Self::Create(_) => Call::Create,
            Self::Rename(..) => Call::Rename,
            Self::Remove(_) => Call::Remove,
            Self::SyncDir(_) => Call::SyncDir,
            Self::Write(..) => Call::Write,
            Self::SetLen(..) => Call::SetLen,
            Self::SyncData(_) | Self::DropPages(_) => Call::SyncData,
        }
    }
}

impl EntryChange {
    fn apply(&self, names: &mut Names) {
        match self {
            Self::Add(name, node) => _ = names.insert(name.clone(), *node),
            // Unless the name is another's, because an earlier change was lost.
            Self::Remove(name, node) => names.retain(|n, named| n != name || named != node),
            Self::Rename(to, node) => {
                // Whatever it was called: an earlier change of that may have been lost.
                names.retain(|_, named| named != node);
                names.insert(to.clone(), *node);
            }
        }
    }
}

impl Directory {
    fn durable(names: Names) -> Self {
        Self { now: names.clone(), durable: names, pending: Vec::new() }
    }

    fn change(&mut self, change: EntryChange) {
        change.apply(&mut self.now);
        self.pending.push(change);
    }

    fn sync(&mut self) {
        for change in self.pending.drain(..) {
            change.apply(&mut self.durable);
        }
    }

    /// Which names may be found after a power loss: each change happened as a whole or not.
    fn crashed(&self, rng: &mut Rng) -> Names {
        let mood = Mood::draw(rng);
        let mut names = self.durable.clone();
        for change in &self.pending {
            if mood.keeps(rng) {
                change.apply(&mut names);
            }
        }
        names
    }
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

    /// The file of this path, if there is something. Its parent must be there.
    pub(super) fn find_file(&self, path: &Path) -> io::Result<Option<NodeId>> {
        let Some(node) = self.find(path)? else { return Ok(None) };
        match self.nodes.get(&node) {
            Some(Node::File(_)) => Ok(Some(node)),
            _ => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    /// The file of this path, which must be there.
    pub(super) fn file(&self, path: &Path) -> io::Result<NodeId> {
        self.find_file(path)?.ok_or_else(|| io::ErrorKind::NotFound.into())
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
    fn parent(&self, path: &Path) -> io::Result<(NodeId, String)> {
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.ok_or(io::ErrorKind::InvalidInput)?.to_owned();
        let parent = self.find(path.parent().unwrap_or(Path::new("")))?;
        let parent = parent.ok_or(io::ErrorKind::NotFound)?;
        self.directory(parent)?;
        Ok((parent, name))
    }

    pub(super) fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let dir = self.find(dir)?.ok_or(io::ErrorKind::NotFound)?;
        Ok(self.directory(dir)?.now.keys().cloned().collect())
    }

    /// Whether the directory is to be made, rather than there already.
    pub(super) fn check_new_dir(&self, path: &Path) -> io::Result<bool> {
        match self.find(path)? {
            Some(node) => self.directory(node).map(|_| false),
            None => self.parent(path).map(|_| true),
        }
    }

    pub(super) fn check_rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.file(from)?;
        self.find_file(to)?;
        if self.parent(from)?.0 != self.parent(to)?.0 {
            // Nothing here needs it, and what a power loss leaves of it is another story.
            return Err(io::ErrorKind::CrossesDevices.into());
        }
        Ok(())
    }

    /// Does what has been checked before.
    pub(super) fn apply(&mut self, change: &Change) {
        self.try_apply(change).unwrap_or_else(|error| panic!("{change:?}: {error}"));
    }

    fn try_apply(&mut self, change: &Change) -> io::Result<()> {
        match change {
            Change::CreateDir(path) => {
                self.create(path, Node::Directory(Directory::default()))?;
            }
            Change::Create(path) => self.create(path, Node::File(Content::default()))?,
            Change::Rename(from, to) => {
                let node = self.file(from)?;
                let (dir, to) = self.parent(to)?;
                self.directory_mut(dir)?.change(EntryChange::Rename(to, node));
            }
            Change::Remove(path) => {
                let node = self.file(path)?;
                let (dir, name) = self.parent(path)?;
                self.directory_mut(dir)?.change(EntryChange::Remove(name, node));
            }
            Change::SyncDir(path) => {
                let dir = self.find(path)?.ok_or(io::ErrorKind::NotFound)?;
                self.directory_mut(dir)?.sync();
            }
            Change::Write(file, offset, bytes) => self.content_mut(*file).write(*offset, bytes),
            Change::SetLen(file, len) => self.content_mut(*file).set_len(*len),
            Change::SyncData(file) => self.content_mut(*file).sync(),
            Change::DropPages(file) => self.content_mut(*file).drop_pages(),
        }
        Ok(())
    }

    fn create(&mut self, path: &Path, node: Node) -> io::Result<()> {
        let (dir, name) = self.parent(path)?;
        let node = self.add(node);
        self.directory_mut(dir)?.change(EntryChange::Add(name, node));
        Ok(())
    }

    /// Puts a file there durably, with the directories above it.
    pub(super) fn put(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        for dir in path.ancestors().skip(1).collect::<Vec<_>>().into_iter().rev() {
            if self.check_new_dir(dir)? {
                self.create(dir, Node::Directory(Directory::default()))?;
                self.directory_mut(self.parent(dir)?.0)?.sync();
            }
        }
        if self.find_file(path)?.is_none() {
            self.create(path, Node::File(Content::default()))?;
            self.directory_mut(self.parent(path)?.0)?.sync();
        }
        *self.content_mut(self.file(path)?) = Content::durable(bytes.to_vec());
        Ok(())
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
