//! Records what a process does until it ends.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;

use nix::libc;
use nix::unistd::Pid;

use super::calls::Call;
use super::image;
use super::memory::{self, Inode, Position, Process};
use super::recording::{Before, Change, Named, Node, ROOT, Recording};
use super::tracer::{Stop, Tracer};
use super::untried::Untried;
use crate::crash::child::OPENED;

/// The longest files that are laid out: each image has two of each in memory.
const LEN_MAX: u64 = 256 << 20;

const INCOMPLETE: &str = "what it does to its files is not all recorded";
const LONG: &str = "a file of it is longer than the 256 MiB that are laid out";
const UNREADABLE: &str = "a system call is over before what it does can be read";
const RACING: &str = "two of its threads write to a file at a time, at its position or its end";
const MAPPED: &str = "it writes to its files through maps";
const MOVED_IN: &str = "it moves files into its directory from elsewhere";

/// Records a process until it ends.
///
/// # Errors
/// [`Because`](Untried::Because) where it does what isn't recorded; any error of the system.
///
/// # Panics
/// When it ends before it has written this many batches.
pub(super) fn record(tracer: &mut Tracer, batches: usize) -> Result<Recording, Untried> {
    let mut recorder = Recorder::default();
    recorder.add_all(&tracer.writing.files())?;
    recorder.said = Some(memory::inode(&tracer.writing.said())?);
    loop {
        match tracer.next()? {
            Stop::Enters(thread, Some(call)) => {
                let entered = recorder.enter(&tracer.process, call);
                recorder.entered.insert(thread, entered);
            }
            Stop::Enters(_, None) => {}
            Stop::Leaves(thread, returned) => {
                if let Some(entered) = recorder.entered.remove(&thread)
                    && recorder.leave(&tracer.process, &entered, returned).is_err()
                {
                    recorder.gap = Some(UNREADABLE);
                }
            }
            Stop::Ended => break,
        }
    }
    tracer.writing.check_ended(batches);
    if recorder.gap.is_none() && !image::is_complete(&recorder.recording, &tracer.writing.files())?
    {
        recorder.gap = Some(INCOMPLETE);
    }
    match recorder.gap {
        Some(gap) => Err(Untried::Because(gap)),
        None => Ok(recorder.recording),
    }
}

/// What is known while a process is recorded.
#[derive(Debug, Default)]
struct Recorder {
    recording: Recording,
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
    /// Whether it syncs the device of the store.
    syncs_all: bool,
    /// Whether the file is the one that says how far the process is.
    is_said: bool,
    /// The directories and names of its paths.
    places: Vec<(Option<Node>, OsString)>,
    /// Whether there was something at its path.
    existed: bool,
    /// The number of events before it.
    events: usize,
    /// Where it writes, unless it says so itself.
    position: Option<Position>,
}

impl Recorder {
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
            if let Before::Directory(names) = &mut self.recording.nodes[node] {
                names.insert(entry.file_name(), inside);
            }
        }
        Ok(node)
    }

    /// Adds what is at a path. The number of a file that is gone may be given to another.
    fn add(&mut self, path: &Path, before: Before) -> io::Result<Node> {
        self.recording.nodes.push(before);
        let node = self.recording.nodes.len() - 1;
        self.inodes.insert(memory::inode(path)?, node);
        Ok(node)
    }

    fn node(&self, path: &Path) -> Option<Node> {
        self.inodes.get(&memory::inode(path).ok()?).copied()
    }

    fn enter(&mut self, process: &Process, call: Call) -> Entered {
        let descriptor = match &call {
            Call::Write { to: file, .. }
            | Call::Resize { file, .. }
            | Call::Grow { file }
            | Call::Sync { file }
            | Call::SyncAll { on: Some(file) }
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
        let places = paths.iter().map(|path| {
            let name = path.file_name().unwrap_or_default().to_owned();
            (path.parent().and_then(|parent| self.node(parent)), name)
        });
        let places = places.collect();
        let file = inode.and_then(|inode| self.inodes.get(&inode).copied());
        let position = match &call {
            Call::Write { to, at, .. } if file.is_some() => self.position(process, *to, *at, file),
            _ => None,
        };
        Entered {
            file,
            position,
            syncs_all: match &call {
                Call::SyncAll { on: None } => true,
                Call::SyncAll { on: Some(_) } => self.is_on_the_device(inode),
                _ => false,
            },
            is_said: inode.is_some() && inode == self.said,
            existed: paths.first().is_some_and(|path| path.symlink_metadata().is_ok()),
            places,
            events: self.recording.events.len(),
            call,
        }
    }

    /// Where a write goes.
    fn position(
        &mut self,
        process: &Process,
        descriptor: i32,
        at: Option<u64>,
        file: Option<Node>,
    ) -> Option<Position> {
        let found = process.position(descriptor).ok()?;
        let offset = if found.is_append {
            // Wherever it is asked to write.
            fs::metadata(process.file(descriptor)).ok()?.len()
        } else {
            at.unwrap_or(found.offset)
        };
        let is_guessed = at.is_none() || found.is_append;
        let races = self.entered.values().any(|other| match &other.call {
            Call::Write { at, .. } => {
                let is_append = other.position.is_some_and(|position| position.is_append);
                other.file == file && (is_guessed || at.is_none() || is_append)
            }
            Call::Resize { .. } | Call::Grow { .. } => other.file == file && found.is_append,
            _ => false,
        });
        if races {
            self.gap = Some(RACING);
        }
        Some(Position { offset, ..found })
    }

    /// Records what a call did that has returned.
    fn leave(&mut self, process: &Process, entered: &Entered, returned: i64) -> io::Result<()> {
        let Ok(returned) = usize::try_from(returned) else { return Ok(()) };
        match (&entered.call, entered.file) {
            (Call::Write { bytes, .. }, None) if entered.is_said => {
                let text = bytes.read(process, returned)?;
                if text.first().is_some_and(u8::is_ascii_digit) {
                    self.recording.acknowledge();
                } else if text.starts_with(OPENED.as_bytes()) {
                    self.recording.open();
                }
            }
            (Call::Write { bytes, .. }, Some(file)) => {
                let unknown = || io::Error::other("the position of a write is unknown");
                let Position { offset, is_synced, .. } = entered.position.ok_or_else(unknown)?;
                let bytes = bytes.read(process, returned)?;
                self.check_len(offset + bytes.len() as u64);
                self.recording.push(Change::Write { file, offset, bytes });
                if is_synced {
                    self.recording.sync_last();
                }
            }
            (Call::Resize { len, .. }, Some(file)) => {
                self.check_len(*len);
                self.recording.push(Change::Resize { file, len: *len });
            }
            (Call::Grow { file: descriptor }, Some(file)) => {
                let len = fs::metadata(process.file(*descriptor))?.len();
                self.check_len(len);
                self.recording.push(Change::Resize { file, len });
            }
            (Call::Sync { .. }, Some(synced)) => self.recording.sync(entered.events, Some(synced)),
            (Call::SyncAll { .. }, _) if entered.syncs_all => {
                self.recording.sync(entered.events, None);
            }
            (Call::Map { .. }, Some(_)) => self.gap = Some(MAPPED),
            (Call::Unrecorded { why, file: Some(_) }, Some(_))
            | (Call::Unrecorded { why, file: None }, _) => self.gap = Some(why),
            _ => self.leave_names(process, entered, returned)?,
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
        let change = match (&entered.call, place(0)) {
            (Call::Open { flags, .. }, place) => {
                let opened = process.file(i32::try_from(returned).unwrap_or(-1));
                return self.open(&opened, *flags, entered.existed, place);
            }
            (Call::MakeDirectory { path }, Some((directory, name))) => {
                let made = self.add(path, Before::Directory(BTreeMap::new()))?;
                named(directory, name, Some(made))
            }
            (Call::Link { path }, Some((directory, name))) => match self.node(path) {
                Some(node) => named(directory, name, Some(node)),
                None => {
                    self.gap = Some(MOVED_IN);
                    return Ok(());
                }
            },
            (Call::Remove { .. }, Some((directory, name))) => named(directory, name, None),
            (Call::Rename { to, .. }, from) => {
                let node = self.node(to);
                let to = place(1).map(|(directory, name)| (directory, name, node));
                if to.is_some() && node.is_none() {
                    self.gap = Some(MOVED_IN);
                }
                let from = from.map(|(directory, name)| (directory, name, None));
                self.rename(from, to);
                return Ok(());
            }
            _ => return Ok(()),
        };
        self.recording.push(change);
        Ok(())
    }

    /// Records what a renaming did to two names. Those of two directories are durable one without the
    /// other; but where the old one is gone, the new one is there.
    fn rename(&mut self, from: Option<Named>, to: Option<Named>) {
        let names = |synced_by, names| Change::Names { synced_by: vec![synced_by], names };
        match (from, to) {
            (Some(from), Some(to)) if from.0 != to.0 => self
                .recording
                .push_all([names(to.0, vec![to.clone()]), names(from.0, vec![from, to])]),
            (Some(from), to) => {
                self.recording.push(names(from.0, [from].into_iter().chain(to).collect()));
            }
            (None, Some(to)) => self.recording.push(names(to.0, vec![to])),
            (None, None) => {}
        }
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
            let mut change = named(directory, name, Some(made));
            if let Change::Names { synced_by, .. } = &mut change
                && directory == ROOT
                && !self.recording.has_opened(self.recording.moments())
            {
                synced_by.push(made);
            }
            self.recording.push(change);
        } else if let (true, Some(file)) = (flags & libc::O_TRUNC != 0, self.node(opened)) {
            self.recording.push(Change::Resize { file, len: 0 });
        }
        Ok(())
    }

    fn check_len(&mut self, len: u64) {
        if len > LEN_MAX {
            self.gap = Some(LONG);
        }
    }

    fn is_on_the_device(&self, inode: Option<Inode>) -> bool {
        inode.is_some_and(|inode| self.inodes.keys().any(|known| known.device == inode.device))
    }
}

/// The change of one name.
fn named(directory: Node, name: OsString, node: Option<Node>) -> Change {
    Change::Names { synced_by: vec![directory], names: vec![(directory, name, node)] }
}
