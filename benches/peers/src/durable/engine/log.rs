//! A log of checksummed frames: one append and one sync per commit.
//!
//! A frame is torn if its checksum is wrong, and the log ends there. This is the least that such a log
//! has to do.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::group::Store;
use super::{DIM, said};
use crate::Result;

const MAGIC: &[u8; 8] = b"iqdb-log";

/// Magic number, kind, length, version, number of rows, checksum.
const HEADER: usize = 40;

/// How far ahead the space of a log is filled with zeros.
const AHEAD: u64 = 8 << 20;

/// Where the next frame goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    /// The file grows with each frame.
    Grown,
    /// The file was long enough before, and its blocks written.
    Zeroed,
}

#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    file: File,
    space: Space,
    /// Where the next frame begins, and how far the file reaches.
    end: u64,
    len: u64,
    version: u64,
    frame: Vec<u8>,
}

impl Log {
    pub(super) fn create(dir: &Path, space: Space) -> Result<Self> {
        let path = dir.join("log");
        let file = File::create_new(&path).map_err(said)?;
        Ok(Self { path, file, space, end: 0, len: 0, version: 0, frame: Vec::new() })
    }

    /// Appends one frame with this payload and syncs it.
    fn append(&mut self, payload: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
        self.put(payload).and_then(|()| self.file.sync_data()).map_err(said)
    }

    fn put(&mut self, payload: impl FnOnce(&mut Vec<u8>)) -> std::io::Result<()> {
        self.version += 1;
        self.frame.clear();
        self.frame.resize(HEADER, 0);
        payload(&mut self.frame);
        let len = (self.frame.len() - HEADER) as u64;
        self.frame[..8].copy_from_slice(MAGIC);
        self.frame[8..16].copy_from_slice(&len.to_le_bytes());
        self.frame[16..24].copy_from_slice(&self.version.to_le_bytes());
        let checksum = xxh3_64(&self.frame);
        self.frame[32..HEADER].copy_from_slice(&checksum.to_le_bytes());
        self.make_room()?;
        self.file.write_all_at(&self.frame, self.end)?;
        self.end += self.frame.len() as u64;
        Ok(())
    }

    /// The payloads of the frames from the first to the one before a torn one, read and verified.
    fn frames(&self, mut each: impl FnMut(&[u8])) -> Result<()> {
        let mut bytes = Vec::new();
        File::open(&self.path).and_then(|mut file| file.read_to_end(&mut bytes)).map_err(said)?;
        let mut rest = bytes.as_mut_slice();
        while let Some((header, after)) = rest.split_at_mut_checked(HEADER) {
            let number =
                |at: usize| u64::from_le_bytes(header[at..at + 8].try_into().unwrap_or_default());
            let (len, expected) = (number(8) as usize, number(32));
            header[32..].fill(0);
            let Some(payload) = after.get(..len) else { break };
            let mut sum = Xxh3::new();
            sum.update(header);
            sum.update(payload);
            if header[..8] != *MAGIC || sum.digest() != expected {
                break;
            }
            each(payload);
            rest = &mut after[len..];
        }
        Ok(())
    }

    fn make_room(&mut self) -> std::io::Result<()> {
        if self.space == Space::Grown || self.end + self.frame.len() as u64 <= self.len {
            return Ok(());
        }
        let more = AHEAD.max(self.frame.len() as u64);
        self.file.write_all_at(&vec![0; more as usize], self.len)?;
        self.len += more;
        self.file.sync_all()
    }
}

/// An id and its row.
const ROW: usize = size_of::<u64>() + DIM * size_of::<f32>();

fn put_rows(frame: &mut Vec<u8>, ids: &[u64], rows: &[f32]) {
    for (id, row) in ids.iter().zip(rows.chunks_exact(DIM)) {
        frame.extend_from_slice(&id.to_le_bytes());
        frame.extend_from_slice(bytemuck::cast_slice(row));
    }
}

impl Store for Log {
    fn commit(&mut self, ids: &[u64], rows: &[f32]) -> Result<()> {
        self.append(|frame| put_rows(frame, ids, rows))
    }

    fn rows(&mut self) -> Result<u64> {
        let mut bytes = 0;
        self.frames(|payload| bytes += payload.len())?;
        Ok((bytes / ROW) as u64)
    }
}

/// A file of rows beside a log that says up to where they count.
#[derive(Debug)]
pub(super) struct Segment {
    log: Log,
    rows: File,
}

impl Segment {
    pub(super) fn create(dir: &Path) -> Result<Self> {
        let rows = File::create_new(dir.join("segment")).map_err(said)?;
        Ok(Self { log: Log::create(dir, Space::Grown)?, rows })
    }
}

impl Store for Segment {
    fn commit(&mut self, ids: &[u64], rows: &[f32]) -> Result<()> {
        let bytes: &[u8] = bytemuck::cast_slice(rows);
        let checksum = xxh3_64(bytes);
        self.rows.write_all(bytes).and_then(|()| self.rows.sync_data()).map_err(said)?;
        self.log.append(|frame| {
            frame.extend_from_slice(&checksum.to_le_bytes());
            frame.extend_from_slice(bytemuck::cast_slice(ids));
        })
    }

    fn rows(&mut self) -> Result<u64> {
        let mut ids = 0;
        self.log.frames(|payload| ids += payload.len() / size_of::<u64>() - 1)?;
        let rows = self.rows.metadata().map_err(said)?.len() as usize / (DIM * size_of::<f32>());
        Ok(ids.min(rows) as u64)
    }
}

/// How long it takes to read and verify a log of `bytes` bytes in frames of one row.
pub(in crate::durable) fn replay(dir: &Path, bytes: usize) -> Result<Duration> {
    let mut log = Log::create(dir, Space::Grown)?;
    let rows = bytes / (HEADER + ROW);
    for id in 0..rows as u64 {
        log.put(|frame| put_rows(frame, &[id], &[0.5; DIM])).map_err(said)?;
    }
    crate::durable::forget(&log.path)?;
    let started = Instant::now();
    let found = log.rows()?;
    let took = started.elapsed();
    if found == rows as u64 { Ok(took) } else { Err(format!("{found} of {rows} rows in the log")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_ends_before_a_torn_frame() {
        for space in [Space::Grown, Space::Zeroed] {
            crate::durable::in_new_dir(&std::env::temp_dir(), |dir| {
                let mut log = Log::create(dir, space)?;
                log.commit(&[1, 2], &[0.5; 2 * DIM])?;
                let second = log.end;
                log.commit(&[3], &[0.5; DIM])?;
                assert_eq!(log.rows(), Ok(3));
                log.file.write_all_at(&[7], second + HEADER as u64 + 20).map_err(said)?;
                assert_eq!(log.rows(), Ok(2));
                Ok(())
            })
            .unwrap();
        }
    }
}
