//! Files as a power cut may leave them: everything that was durable, and of the rest whatever the disk
//! happens to have. Nothing but POSIX is assumed of it: sectors are written in any order, the length of
//! a file without its content, and names in any order until their directory is synced.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;

use fastrand::Rng;

use super::recording::{Before, Change, Event, Node, ROOT, Recording};

/// The unit in which a disk writes.
const SECTOR: u64 = 512;

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
    let (seed, of_eight) = kept.lots().unwrap_or_default();
    let (names, files) = (BTreeMap::new(), BTreeMap::new());
    let mut disk = Disk { names, files, rng: Rng::with_seed(seed), of_eight };
    for (node, before) in recording.nodes.iter().enumerate() {
        match before {
            Before::File(bytes) => drop(disk.files.insert(node, bytes.clone())),
            Before::Directory(names) => drop(disk.names.insert(node, names.clone())),
        }
    }
    for event in recording.events.iter().take_while(|event| event.at < moment) {
        disk.apply(event, moment, kept);
    }
    disk.write(ROOT, to)
}

/// Whether anything that was done before a moment was not durable then.
pub(super) fn is_open(recording: &Recording, moment: usize) -> bool {
    recording.events.iter().any(|event| event.at < moment && !is_durable(event, moment))
}

fn is_durable(event: &Event, moment: usize) -> bool {
    event.durable_at.is_some_and(|at| at < moment)
}

struct Disk {
    names: BTreeMap<Node, BTreeMap<OsString, Node>>,
    files: BTreeMap<Node, Vec<u8>>,
    rng: Rng,
    of_eight: u8,
}

impl Disk {
    fn apply(&mut self, event: &Event, moment: usize, kept: Kept) {
        let durable = is_durable(event, moment);
        let by_lot = kept.lots().is_some() && self.draw();
        let is_kept = |kinds: &[Kept]| durable || by_lot || kinds.contains(&kept);
        match &event.change {
            Change::Names(names) => {
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
                if is_kept(&[Kept::Everything, Kept::Content, Kept::Lengths]) {
                    self.file(*file).resize(usize(*len), 0);
                }
            }
            Change::Write { file, offset, bytes } => {
                let end = offset + bytes.len() as u64;
                match kept {
                    Kept::HalfOfTheSectors(_) | Kept::MostOfTheSectors(_) if !durable => {
                        self.write_some(*file, *offset, bytes);
                    }
                    Kept::Lengths if !durable => {
                        let len = self.file(*file).len().max(usize(end));
                        self.file(*file).resize(len, 0);
                    }
                    _ if is_kept(&[Kept::Everything, Kept::Content]) => {
                        self.write_at(*file, *offset, bytes);
                    }
                    _ => {}
                }
            }
        }
    }

    fn draw(&mut self) -> bool {
        self.rng.u8(..8) < self.of_eight
    }

    fn file(&mut self, node: Node) -> &mut Vec<u8> {
        self.files.entry(node).or_default()
    }

    fn write_at(&mut self, file: Node, offset: u64, bytes: &[u8]) {
        let (start, end) = (usize(offset), usize(offset) + bytes.len());
        let file = self.file(file);
        file.resize(file.len().max(end), 0);
        file[start..end].copy_from_slice(bytes);
    }

    /// Writes some of the sectors of a call.
    fn write_some(&mut self, file: Node, offset: u64, mut bytes: &[u8]) {
        let mut at = offset;
        while !bytes.is_empty() {
            let len = usize(SECTOR - at % SECTOR).min(bytes.len());
            let (sector, rest) = bytes.split_at(len);
            if self.draw() {
                self.write_at(file, at, sector);
            }
            (at, bytes) = (at + len as u64, rest);
        }
    }

    /// Writes a directory, and everything that names lead to.
    fn write(&self, directory: Node, to: &Path) -> io::Result<()> {
        fs::create_dir(to)?;
        for (name, node) in self.names.get(&directory).into_iter().flatten() {
            match self.files.get(node) {
                Some(bytes) => fs::write(to.join(name), bytes)?,
                None => self.write(*node, &to.join(name))?,
            }
        }
        Ok(())
    }
}

/// The file was in memory, so its length fits.
fn usize(len: u64) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}
