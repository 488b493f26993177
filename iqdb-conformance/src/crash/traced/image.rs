//! Files as a power cut may leave them: everything that was durable, and of the rest whatever the disk
//! happens to have. Nothing but POSIX is assumed of it, and that a sector is written whole, with
//! everything that was written to it by then: sectors are written in any order, the length of a file
//! without its content, and names in any order until their directory is synced.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use fastrand::Rng;

use super::recording::{Before, Change, Event, Node, ROOT, Recording};

/// The unit in which a disk writes.
pub(super) const SECTOR: usize = 512;

/// What the disk has of that which is not durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    Nothing,
    Everything,
    /// Names, and no content.
    Names,
    /// Content, and no names.
    Content,
    /// Names and the lengths of files, whose content is zeros.
    Lengths,
    /// The last change, and nothing before it.
    Last,
    /// Whole calls, by lot.
    Calls(u64),
    /// Half of the sectors and names, by lot.
    HalfOfTheSectors(u64),
    /// Most of the sectors and names, by lot: what is torn in its middle.
    MostOfTheSectors(u64),
}

impl Kept {
    /// The seed of the lots, and how many of eight are drawn; `None` where there are no lots.
    fn lots(self) -> Option<(u64, u8)> {
        match self {
            Self::Calls(seed) | Self::HalfOfTheSectors(seed) => Some((seed, 4)),
            Self::MostOfTheSectors(seed) => Some((seed, 7)),
            _ => None,
        }
    }
}

/// Lays out the files as they may be after a power cut at a moment.
///
/// # Errors
/// Any error of the system.
pub(super) fn lay_out(
    recording: &Recording,
    moment: usize,
    kept: Kept,
    to: &Path,
) -> io::Result<()> {
    Disk::of(recording, moment, kept).write(ROOT, to, &mut BTreeMap::new())
}

/// Whether a directory has what was recorded of it until the end.
///
/// # Errors
/// Any error of the system.
pub(super) fn is_complete(recording: &Recording, directory: &Path) -> io::Result<bool> {
    Disk::of(recording, recording.moments(), Kept::Everything).is_at(ROOT, directory)
}

/// Whether anything that was done before a moment was not durable then.
pub(super) fn is_open(recording: &Recording, moment: usize) -> bool {
    recording.events.iter().any(|event| event.at < moment && !is_durable(event, moment))
}

/// What was done last before a moment, if it was not durable then.
pub(super) fn last_open(recording: &Recording, moment: usize) -> Option<&Change> {
    let last = recording.events.iter().take_while(|event| event.at < moment).last();
    last.filter(|event| !is_durable(event, moment)).map(|event| &event.change)
}

fn is_durable(event: &Event, moment: usize) -> bool {
    event.durable_at.is_some_and(|at| at < moment)
}

/// What a file has.
#[derive(Debug, Default)]
struct Content {
    /// As the disk has it.
    disk: Vec<u8>,
    /// As the system shows it.
    shown: Vec<u8>,
}

impl Content {
    /// Writes the sectors of a range to the disk.
    fn keep(&mut self, start: usize, end: usize) {
        let end = end.next_multiple_of(SECTOR).min(self.shown.len());
        let start = start - start % SECTOR;
        self.disk.resize(self.disk.len().max(end), 0);
        self.disk[start..end].copy_from_slice(&self.shown[start..end]);
    }
}

struct Disk {
    names: BTreeMap<Node, BTreeMap<OsString, Node>>,
    files: BTreeMap<Node, Content>,
    rng: Rng,
    of_eight: u8,
}

impl Disk {
    fn of(recording: &Recording, moment: usize, kept: Kept) -> Self {
        let (seed, of_eight) = kept.lots().unwrap_or_default();
        let (names, files) = (BTreeMap::new(), BTreeMap::new());
        let mut disk = Self { names, files, rng: Rng::with_seed(seed), of_eight };
        for (node, before) in recording.nodes.iter().enumerate() {
            match before {
                Before::File(bytes) => {
                    let content = Content { disk: bytes.clone(), shown: bytes.clone() };
                    disk.files.insert(node, content);
                }
                Before::Directory(names) => drop(disk.names.insert(node, names.clone())),
            }
        }
        let events: Vec<&Event> =
            recording.events.iter().take_while(|event| event.at < moment).collect();
        let last = events.last().map(|event| event.at);
        for event in events {
            let durable = is_durable(event, moment);
            disk.apply(event, durable || kept == Kept::Last && Some(event.at) == last, kept);
        }
        disk
    }

    /// Applies a change. What is durable is kept in any case.
    fn apply(&mut self, event: &Event, durable: bool, kept: Kept) {
        let by_lot = kept.lots().is_some() && self.draw();
        let is_kept = |kinds: &[Kept]| durable || by_lot || kinds.contains(&kept);
        match &event.change {
            Change::Names { names, .. } => {
                if is_kept(&[Kept::Everything, Kept::Names, Kept::Lengths]) {
                    for (directory, name, node) in names {
                        let directory = self.names.entry(*directory).or_default();
                        match node {
                            Some(node) => drop(directory.insert(name.clone(), *node)),
                            None => drop(directory.remove(name)),
                        }
                    }
                }
            }
            Change::Resize { file, len } => {
                let content = self.file(*file);
                content.shown.resize(usize(*len), 0);
                if is_kept(&[Kept::Everything, Kept::Content, Kept::Lengths]) {
                    content.disk.resize(usize(*len), 0);
                }
            }
            Change::Write { file, offset, bytes } => {
                let (start, end) = (usize(*offset), usize(*offset) + bytes.len());
                let content = self.file(*file);
                content.shown.resize(content.shown.len().max(end), 0);
                content.shown[start..end].copy_from_slice(bytes);
                match kept {
                    Kept::HalfOfTheSectors(_) | Kept::MostOfTheSectors(_) if !durable => {
                        self.keep_some(*file, start, end);
                    }
                    Kept::Lengths if !durable => {
                        content.disk.resize(content.disk.len().max(end), 0);
                    }
                    _ if is_kept(&[Kept::Everything, Kept::Content]) => content.keep(start, end),
                    _ => {}
                }
            }
        }
    }

    fn draw(&mut self) -> bool {
        self.rng.u8(..8) < self.of_eight
    }

    fn file(&mut self, node: Node) -> &mut Content {
        self.files.entry(node).or_default()
    }

    /// Writes some of the sectors of a range to the disk.
    fn keep_some(&mut self, file: Node, start: usize, end: usize) {
        let mut at = start;
        while at < end {
            let next = (at + 1).next_multiple_of(SECTOR).min(end);
            if self.draw() {
                self.file(file).keep(at, next);
            }
            at = next;
        }
    }

    /// Writes a directory, and everything that names lead to. A file of several names is one.
    fn write(
        &self,
        directory: Node,
        to: &Path,
        written: &mut BTreeMap<Node, PathBuf>,
    ) -> io::Result<()> {
        fs::create_dir(to)?;
        for (name, node) in self.names.get(&directory).into_iter().flatten() {
            let path = to.join(name);
            match (self.files.get(node), written.get(node)) {
                (Some(_), Some(first)) => fs::hard_link(first, path)?,
                (Some(content), None) => {
                    write_file(&path, &content.disk)?;
                    written.insert(*node, path);
                }
                (None, _) => self.write(*node, &path, written)?,
            }
        }
        Ok(())
    }

    /// Whether this is at a path.
    fn is_at(&self, node: Node, path: &Path) -> io::Result<bool> {
        let kind = fs::symlink_metadata(path)?.file_type();
        if let Some(content) = self.files.get(&node) {
            return Ok(kind.is_file() && fs::read(path)? == content.shown);
        }
        if !kind.is_dir() {
            return Ok(false);
        }
        let empty = BTreeMap::new();
        let names = self.names.get(&node).unwrap_or(&empty);
        let found = fs::read_dir(path)?.map(|entry| Ok(entry?.file_name()));
        let found = found.collect::<io::Result<BTreeSet<_>>>()?;
        if !found.iter().eq(names.keys()) {
            return Ok(false);
        }
        for (name, node) in names {
            if !self.is_at(*node, &path.join(name))? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Writes a file. What is zero takes no room.
fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let file = File::create(path)?;
    file.set_len(bytes.len() as u64)?;
    for (n, part) in bytes.chunks(8 * SECTOR).enumerate() {
        if part.iter().any(|byte| *byte != 0) {
            file.write_all_at(part, (n * 8 * SECTOR) as u64)?;
        }
    }
    Ok(())
}

/// The file was in memory, so its length fits.
fn usize(len: u64) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}
