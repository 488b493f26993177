//! What another program does to the names of a database while it is open: one deed, right before
//! one call.
//!
//! What must hold then is the law of `docs/durability.md`. A directory that is renamed or swapped
//! loses nothing. Where a file or the directory is taken away, at most the group in flight is still
//! acknowledged, and a later opening finds all that was, or names what is missing. No other
//! directory changes.

mod crash;
mod play;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fastrand::Rng;
use iqdb_file::vfs::sim::{Outside, SimVfs};

use crate::draw;
use crate::script::DIR;

pub(crate) use crash::crash;
pub(crate) use play::{calls, play};

/// Where another database is, which no process has open.
pub(crate) const OTHER: &str = "disk/other";

/// Where the directory is after it was renamed.
const ELSEWHERE: &str = "disk/elsewhere";

/// Where a file is after it was moved away.
const MOVED: &str = "disk/moved";

/// What a log has before its first frame, in bytes. One with less is still being made.
const LOG_HEADER: usize = 64;

/// The content of a file of another program.
const STRANGERS: &[u8] = b"of another program, and older than the database";

/// A deed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Deed {
    RenameDirectory,
    /// With the directory of another database.
    SwapDirectories,
    RemoveDirectory,
    /// A file loses its name.
    Unlink,
    /// A file is moved to another directory.
    MoveOut,
    /// Another file is put in place of one: rubbish, or nothing.
    ReplaceByRubbish,
    /// One of another database.
    ReplaceByAnother,
    /// The beginning of the file, as of an earlier time.
    ReplaceByEarlier,
    /// An equal copy of the log. Everything is there, so a later opening has to find it.
    ReplaceByCopy,
    /// A file gets a name that the database is about to use.
    Occupy,
}

impl Deed {
    pub(crate) const ALL: [Self; 10] = [
        Self::RenameDirectory,
        Self::SwapDirectories,
        Self::RemoveDirectory,
        Self::Unlink,
        Self::MoveOut,
        Self::ReplaceByRubbish,
        Self::ReplaceByAnother,
        Self::ReplaceByEarlier,
        Self::ReplaceByCopy,
        Self::Occupy,
    ];

    /// Whether an opening can tell after the power failed, too. Only the mark tells an earlier state of a
    /// file from the file, and the mark is not synced.
    fn outlives_power(self) -> bool {
        self != Self::ReplaceByEarlier
    }

    /// Whether the database goes on as if nothing had happened.
    fn is_harmless(self) -> bool {
        matches!(self, Self::RenameDirectory | Self::SwapDirectories | Self::Occupy)
    }

    /// Lets it be done right before a call.
    fn arm(self, disk: &SimVfs, call: u64, seed: u64) {
        let mut rng = Rng::with_seed(draw::mixed(seed, call));
        disk.interfere_at(call, move |files| self.choose(files, &mut rng));
    }

    fn choose(self, files: &BTreeMap<PathBuf, Vec<u8>>, rng: &mut Rng) -> Option<Outside> {
        let ours: Vec<&PathBuf> = files
            .keys()
            .filter(|path| path.starts_with(DIR) && !path.ends_with("notes.txt"))
            .collect();
        Some(match self {
            Self::RenameDirectory => Outside::Rename(DIR.into(), ELSEWHERE.into()),
            Self::SwapDirectories => Outside::Exchange(DIR.into(), OTHER.into()),
            Self::RemoveDirectory => Outside::Remove(DIR.into()),
            Self::Unlink => Outside::Remove(rng_choice(&ours, rng)?.clone()),
            Self::MoveOut => Outside::Rename(rng_choice(&ours, rng)?.clone(), MOVED.into()),
            Self::ReplaceByRubbish => {
                let path = rng_choice(&ours, rng)?.clone();
                let rubbish = if rng.bool() { vec![0xA5; 200] } else { Vec::new() };
                Outside::Put(path, rubbish)
            }
            Self::ReplaceByAnother => {
                let path = rng_choice(&ours, rng)?.clone();
                let kind = kind(&path);
                let like = |(other, _): &(&PathBuf, &Vec<u8>)| {
                    other.starts_with(OTHER) && self::kind(other) == kind
                };
                let another = files.iter().find(like).map(|(_, bytes)| bytes.clone());
                Outside::Put(path, another.unwrap_or_else(|| STRANGERS.to_vec()))
            }
            Self::ReplaceByEarlier => {
                let path = rng_choice(&ours, rng)?.clone();
                let bytes = files.get(&path)?;
                let cut = rng.usize(bytes.len() / 2..=bytes.len());
                Outside::Put(path, bytes[..cut].to_vec())
            }
            Self::ReplaceByCopy => {
                let is_log = |(path, bytes): &(&PathBuf, &Vec<u8>)| {
                    path.starts_with(DIR) && kind(path) == Some("log") && bytes.len() >= LOG_HEADER
                };
                let (path, bytes) = files.iter().rfind(is_log)?;
                Outside::Put(path.clone(), bytes.clone())
            }
            Self::Occupy => {
                let number = ours.iter().filter_map(|path| number(path)).max()? + rng.u64(1..5);
                let is_column = |path: &&&PathBuf| kind(path) == Some("column");
                let columns = ours.iter().filter(is_column).filter_map(|path| self::number(path));
                let column = columns.max().unwrap_or(0) + rng.u64(1..3);
                let name = match rng.u8(..6) {
                    5 => format!("column-{column:08}"),
                    0 => format!("log-{number:08}"),
                    1 => format!("segment-{number:08}"),
                    2 => format!("derived-{number:08}"),
                    3 => format!("manifest-{number:08}.new"),
                    _ => format!("manifest-{number:08}"),
                };
                Outside::Put(Path::new(DIR).join(name), STRANGERS.to_vec())
            }
        })
    }
}

fn rng_choice<'a>(of: &[&'a PathBuf], rng: &mut Rng) -> Option<&'a PathBuf> {
    (!of.is_empty()).then(|| of[rng.usize(..of.len())])
}

/// What a file is: its name up to its number.
fn kind(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()?.split('-').next()
}

fn number(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    name.split_once('-')?.1.trim_end_matches(".new").parse().ok()
}

/// Where a database is found that was in [`DIR`] before; `None` when it was removed.
fn path_after(done: Option<&Outside>) -> Option<PathBuf> {
    let dir = Path::new(DIR);
    match done {
        Some(Outside::Rename(from, to)) if from == dir => Some(to.clone()),
        Some(Outside::Exchange(_, other)) => Some(other.clone()),
        Some(Outside::Remove(path)) if path == dir => None,
        _ => Some(dir.to_owned()),
    }
}

/// Where the other database is found.
fn other_after(done: Option<&Outside>) -> &'static Path {
    Path::new(if matches!(done, Some(Outside::Exchange(..))) { DIR } else { OTHER })
}
