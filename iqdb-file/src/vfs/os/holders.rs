//! The process that holds the lock of a file, as the system tells it.
//!
//! Linux lists all locks in `/proc/locks` with the process that took them. That process may have
//! ended and left the lock to a child, and its number may be another's by now: so it is named only
//! if it has the file open. Anything that can't be read, and any other system, is no answer.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;

/// The list is read in parts. Where other locks come and go between two of them, a line can be missing: so the
/// list is read again, up to this often, until two readings agree.
const READINGS: usize = 8;

/// For example "process 4711, which writes" or "processes 12 and 13, which read"; `None` when the
/// system doesn't say.
pub(super) fn of(file: &File) -> Option<String> {
    let metadata = file.metadata().ok()?;
    let mut holders = Vec::new();
    for _ in 0..READINGS {
        let again = read(&metadata)?;
        if again == holders && !holders.is_empty() {
            break;
        }
        holders = again;
    }
    let does = if holders.iter().any(|(_, writes)| *writes) { "writes" } else { "reads" };
    match &*holders {
        [] => None,
        [(process, _)] if *process == std::process::id() => {
            Some(format!("this process, {process}, which {does}"))
        }
        [(process, _)] => Some(format!("process {process}, which {does}")),
        [..] => {
            let all: Vec<String> = holders.iter().map(|(process, _)| process.to_string()).collect();
            Some(format!("processes {}, which read", all.join(", ")))
        }
    }
}

/// The processes that have the file locked, and whether their locks are exclusive.
fn read(file: &fs::Metadata) -> Option<Vec<(u32, bool)>> {
    let locks = fs::read_to_string("/proc/locks").ok()?;
    let mut holders: Vec<(u32, bool)> =
        locks.lines().filter_map(|line| holder(line, file)).collect();
    holders.sort_unstable();
    holders.dedup();
    holders.retain(|(process, _)| has_open(*process, file));
    Some(holders)
}

/// The process of a line of `/proc/locks`, and whether its lock is exclusive, if it is about this
/// file: `1: FLOCK  ADVISORY  WRITE 4711 fe:01:1234 0 EOF`.
fn holder(line: &str, file: &fs::Metadata) -> Option<(u32, bool)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [_, "FLOCK", _, kind, process, place, ..] = *words else { return None };
    let mut place = place.split(':');
    let major = u32::from_str_radix(place.next()?, 16).ok()?;
    let minor = u32::from_str_radix(place.next()?, 16).ok()?;
    let inode: u64 = place.next()?.parse().ok()?;
    let is_it = rustix::fs::makedev(major, minor) == file.dev() && inode == file.ino();
    is_it.then_some((process.parse().ok()?, kind == "WRITE"))
}

fn has_open(process: u32, file: &fs::Metadata) -> bool {
    let Ok(open) = fs::read_dir(format!("/proc/{process}/fd")) else { return false };
    open.flatten().any(|entry| {
        let found = fs::metadata(entry.path());
        found.is_ok_and(|found| found.dev() == file.dev() && found.ino() == file.ino())
    })
}
