//! A log of checksummed frames: one append and one sync per commit.
//!
//! A frame is torn exactly if its checksum is wrong; a reader stops there. This one only writes, as
//! the least that such a log has to do.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;

use xxhash_rust::xxh3::xxh3_64;

use super::group::Store;
use super::{DIM, said};
use crate::Result;

/// Magic number, kind, length, version, number of rows, checksum.
pub(super) const HEADER: usize = 40;

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
        let file = File::create_new(dir.join("log")).map_err(said)?;
        Ok(Self { file, space, end: 0, len: 0, version: 0, frame: Vec::new() })
    }

    /// Appends one frame with this payload and syncs it.
    fn append(&mut self, payload: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
        self.version += 1;
        self.frame.clear();
        self.frame.resize(HEADER, 0);
        payload(&mut self.frame);
        let len = (self.frame.len() - HEADER) as u64;
        self.frame[..8].copy_from_slice(b"iqdb-log");
        self.frame[8..16].copy_from_slice(&len.to_le_bytes());
        self.frame[16..24].copy_from_slice(&self.version.to_le_bytes());
        let checksum = xxh3_64(&self.frame);
        self.frame[32..HEADER].copy_from_slice(&checksum.to_le_bytes());
        self.make_room().map_err(said)?;
        self.file.write_all_at(&self.frame, self.end).map_err(said)?;
        self.end += self.frame.len() as u64;
        self.file.sync_data().map_err(said)
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
}
