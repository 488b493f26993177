//! The recording of what a writing process did to the files of its store, and of what it made durable.
//!
//! Durable is what POSIX says: what was written to a file before a sync of the file began that has
//! returned, and the names in a directory before a sync of the directory.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;

use nix::libc;
use nix::unistd::Pid;

use super::calls::{Bytes, Call};
use super::memory::{self, Inode, Process};
use super::tracer::{Stop, Tracer};
use super::writing::Writing;

/// A file or a directory, by its place in [`Recording::nodes`].
pub(super) type Node = usize;

/// The directory in which the store is.
pub(super) const ROOT: Node = 0;

const MAPPED: &str = "it writes to its files through maps";
const MOVED_IN: &str = "it moves files into its directory from elsewhere";

/// What a file or a directory had before the process wrote.
#[derive(Debug)]
pub(super) enum Before {
    File(Vec<u8>),
    Directory(BTreeMap<OsString, Node>),
}

/// What a system call changed.
#[derive(Debug)]
pub(super) enum Change {
    Write {
        file: Node,
        offset: u64,
        bytes: Vec<u8>,
    },
    Resize {
        file: Node,
        len: u64,
    },
    /// What names in directories lead to from now on, or nothing; all of them at once.
    Names(Vec<(Node, OsString, Option<Node>)>),
}

/// A change, when it was done, and since when it is durable. Times count what was recorded.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) change: Change,
    pub(super) at: usize,
    pub(super) durable_at: Option<usize>,
    /// The directories that have to be synced before names in them are durable.
    unsynced: BTreeSet<Node>,
}

/// Everything that was done until the process ended.
#[derive(Debug)]
pub(super) struct Recording {
    pub(super) nodes: Vec<Before>,
    pub(super) events: Vec<Event>,
    /// When each batch was acknowledged.
    acknowledged: Vec<usize>,
    now: usize,
    inodes: BTreeMap<Inode, Node>,
    /// The file in which the process says how far it is.
    said: Option<Inode>,
    /// The calls that threads are in.
    entered: BTreeMap<Pid, Entered>,
    /// Why it is not complete.
    gap: Option<&'static str>,
}

/// A call, and what has to be known from before it.
#[derive(Debug)]
struct Entered {
    call: Call,
    /// The file that a descriptor has open.
    file: Option<Node>,
    /// Whether the file is the one that says how far the process is.
    is_said: bool,
    /// The directories and names of its paths.
    places: Vec<(Option<Node>, OsString)>,
    /// Whether there was something at its path.
    existed: bool,
    /// The number of events before it.
    events: usize,
}

impl Recording {
    /// Records a process until it ends. The error says why that can't be.
    ///
    /// # Errors
    /// Any error of the system.
    pub(super) fn of(
        tracer: &mut Tracer,
        writing: &mut Writing,
    ) -> io::Result<Result<Self, &'static str>> {
        let mut recording = Self {
            nodes: Vec::new(),
            events: Vec::new(),
            acknowledged: Vec::new(),
            now: 0,
            inodes: BTreeMap::new(),
            said: None,
            entered: BTreeMap::new(),
            gap: None,
        };
        recording.add_all(&writing.files())?;
        recording.said = Some(memory::inode(&writing.said())?);
        recording.look_for_maps(&tracer.process)?;
        writing.begin().map_err(io::Error::other)?;
        loop {
            match tracer.next()? {
                Stop::Enters(thread, Some(call)) => {
                    let entered = recording.enter(&tracer.process, call);
                    recording.entered.insert(thread, entered);
                }
                Stop::Enters(_, None) => {}
                Stop::Leaves(thread, returned) => {
                    if let Some(entered) = recording.entered.remove(&thread) {
                        recording.leave(&tracer.process, &entered, returned)?;
                    }
                }
                Stop::Ended => break,
            }
        }
        Ok(match recording.gap {
            Some(gap) => Err(gap),
            None => Ok(recording),
        })
    }

    /// The number of moments. At each, one thing more has been done than at the one before.
    pub(super) fn moments(&self) -> usize {
        self.now + 1
    }

    /// How many batches were acknowledged before a moment.
    pub(super) fn acknowledged(&self, moment: usize) -> usize {
        self.acknowledged.iter().filter(|at| **at < moment).count()
    }

    /// Adds a directory and everything in it, as it is now.
    fn add_all(&mut self, path: &Path) -> io::Result<Node> {
        let found = fs::metadata(path)?;
        if !found.is_dir() {
            return self.add(path, Before::File(fs::read(path)?));
        }
        let node = self.add(path, Before::Directory(BTreeMap::new()))?;
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let inside = self.add_all(&entry.path())?;
            if let Before::Directory(names) = &mut self.nodes[node] {
                names.insert(entry.file_name(), inside);
            }
        }
        Ok(node)
    }

    /// Adds what is at a path. The number of a file that is gone may be given to another.
    fn add(&mut self, path: &Path, before: Before) -> io::Result<Node> {
        self.nodes.push(before);
        let node = self.nodes.len() - 1;
        self.inodes.insert(memory::inode(path)?, node);
        Ok(node)
    }

    fn node(&self, path: &Path) -> Option<Node> {
        self.inodes.get(&memory::inode(path).ok()?).copied()
    }

    fn look_for_maps(&mut self, process: &Process) -> io::Result<()> {
        if process.written_maps()?.iter().any(|inode| self.inodes.contains_key(inode)) {
            self.gap = Some(MAPPED);
        }
        Ok(())
    }

    fn enter(&self, process: &Process, call: Call) -> Entered {
        let descriptor = match &call {
            Call::Write { to: file, .. }
            | Call::Resize { file, .. }
            | Call::Grow { file, .. }
            | Call::Sync { file }
            | Call::Map { file }
            | Call::Unrecorded { file: Some(file), .. } => Some(process.file(*file)),
            _ => None,
        };
        let inode = descriptor.and_then(|path| memory::inode(&path).ok());
        let paths = match &call {
            Call::Open { path, .. }
            | Call::MakeDirectory { path }
            | Call::Link { path }
            | Call::Remove { path } => vec![path],
            Call::Rename { from, to } => vec![from, to],
            _ => Vec::new(),
        };
        let place = |path: &&Path| {
            let name = path.file_name().unwrap_or_default().to_owned();
            (path.parent().and_then(|parent| self.node(parent)), name)
        };
        Entered {
            file: inode.and_then(|inode| self.inodes.get(&inode).copied()),
            is_said: inode.is_some() && inode == self.said,
            existed: paths.first().is_some_and(|path| path.symlink_metadata().is_ok()),
            places: paths.iter().map(|path| path.as_path()).map(|path| place(&path)).collect(),
            events: self.events.len(),
            call,
        }
    }

    /// Records what a call did that has returned.
    fn leave(&mut self, process: &Process, entered: &Entered, returned: i64) -> io::Result<()> {
        let Ok(returned) = usize::try_from(returned) else { return Ok(()) };
        match (&entered.call, entered.file) {
            (Call::Write { bytes, .. }, None) if entered.is_said => {
                let text = bytes.read(process, returned)?;
                let is_number = text.first().is_some_and(u8::is_ascii_digit);
                self.acknowledged.extend(is_number.then_some(self.now));
                self.now += 1;
            }
            (Call::Write { to, bytes, at }, Some(file)) => {
                self.write(process, file, (*to, *bytes, *at), returned)?;
            }
            (Call::Resize { len, .. }, Some(file)) => {
                self.push(Change::Resize { file, len: *len });
            }
            (Call::Grow { file: descriptor, .. }, Some(file)) => {
                let len = fs::metadata(process.file(*descriptor))?.len();
                self.push(Change::Resize { file, len });
            }
            (Call::Sync { .. }, Some(synced)) => self.sync(entered.events, Some(synced)),
            (Call::SyncAll, _) => self.sync(entered.events, None),
            (Call::Map { .. }, Some(_)) => self.gap = Some(MAPPED),
            (Call::Unrecorded { why, file: Some(_) }, Some(_))
            | (Call::Unrecorded { why, file: None }, _) => self.gap = Some(why),
            _ => self.leave_names(process, entered, returned)?,
        }
        Ok(())
    }

    fn write(
        &mut self,
        process: &Process,
        file: Node,
        (descriptor, bytes, at): (i32, Bytes, Option<u64>),
        taken: usize,
    ) -> io::Result<()> {
        let position = process.position(descriptor)?;
        let offset = at.unwrap_or(position.offset.saturating_sub(taken as u64));
        self.push(Change::Write { file, offset, bytes: bytes.read(process, taken)? });
        if position.is_synced {
            self.sync(self.events.len(), Some(file));
        }
        Ok(())
    }

    /// Records a call that gives or takes names.
    fn leave_names(
        &mut self,
        process: &Process,
        entered: &Entered,
        returned: usize,
    ) -> io::Result<()> {
        let place = |n: usize| {
            let (directory, name) = entered.places.get(n)?;
            directory.map(|directory| (directory, name.clone()))
        };
        let names = match (&entered.call, place(0)) {
            (Call::Open { flags, .. }, place) => {
                let opened = process.file(i32::try_from(returned).unwrap_or(-1));
                return self.open(&opened, *flags, entered.existed, place);
            }
            (Call::MakeDirectory { path }, Some((directory, name))) => {
                let made = self.add(path, Before::Directory(BTreeMap::new()))?;
                vec![(directory, name, Some(made))]
            }
            (Call::Link { path }, Some((directory, name))) => match self.node(path) {
                Some(node) => vec![(directory, name, Some(node))],
                None => {
                    self.gap = Some(MOVED_IN);
                    Vec::new()
                }
            },
            (Call::Remove { .. }, Some((directory, name))) => vec![(directory, name, None)],
            (Call::Rename { to, .. }, from) => {
                let from = from.map(|(directory, name)| (directory, name, None));
                let node = self.node(to);
                let to = place(1).map(|(directory, name)| (directory, name, node));
                if to.is_some() && node.is_none() {
                    self.gap = Some(MOVED_IN);
                }
                from.into_iter().chain(to).collect()
            }
            _ => Vec::new(),
        };
        if !names.is_empty() {
            self.push(Change::Names(names));
        }
        Ok(())
    }

    fn open(
        &mut self,
        opened: &Path,
        flags: i32,
        existed: bool,
        place: Option<(Node, OsString)>,
    ) -> io::Result<()> {
        let Some((directory, name)) = place else { return Ok(()) };
        if flags & libc::O_TMPFILE == libc::O_TMPFILE {
            self.add(opened, Before::File(Vec::new()))?;
        } else if flags & libc::O_CREAT != 0 && !existed {
            let made = self.add(opened, Before::File(Vec::new()))?;
            self.push(Change::Names(vec![(directory, name, Some(made))]));
        } else if let (true, Some(file)) = (flags & libc::O_TRUNC != 0, self.node(opened)) {
            self.push(Change::Resize { file, len: 0 });
        }
        Ok(())
    }

    fn push(&mut self, change: Change) {
        let unsynced = match &change {
            Change::Names(names) => names.iter().map(|(directory, ..)| *directory).collect(),
            _ => BTreeSet::new(),
        };
        self.events.push(Event { change, at: self.now, durable_at: None, unsynced });
        self.now += 1;
    }

    /// Makes the first events durable as far as they are about one file or directory; without one, all.
    fn sync(&mut self, events: usize, synced: Option<Node>) {
        let now = self.now;
        for event in &mut self.events[..events] {
            let is_durable = match (&event.change, synced) {
                (_, None) => true,
                (Change::Write { file, .. } | Change::Resize { file, .. }, Some(synced)) => {
                    *file == synced
                }
                (Change::Names(_), Some(synced)) => {
                    event.unsynced.remove(&synced) && event.unsynced.is_empty()
                }
            };
            if is_durable {
                event.durable_at.get_or_insert(now);
            }
        }
        self.now += 1;
    }
}
