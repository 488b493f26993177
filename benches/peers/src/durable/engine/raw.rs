//! The limit: bytes appended and synced, with nothing that would find them again.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use super::group::Store;
use super::{DIM, said};
use crate::Result;

/// What a row and a little beside it take: 3,100 bytes.
const RECORD: usize = DIM * size_of::<f32>() + 28;

/// The largest single write.
const CHUNK: usize = 1 << 20;

#[derive(Debug)]
pub(super) struct Raw {
    file: File,
    bytes: Vec<u8>,
}

impl Raw {
    pub(super) fn create(dir: &Path) -> Result<Self> {
        let file = File::create_new(dir.join("raw")).map_err(said)?;
        Ok(Self { file, bytes: Vec::new() })
    }
}

impl Store for Raw {
    fn commit(&mut self, ids: &[u64], rows: &[f32]) -> Result<()> {
        self.bytes.clear();
        for (id, row) in ids.iter().zip(rows.chunks_exact(DIM)) {
            self.bytes.extend_from_slice(&id.to_le_bytes());
            self.bytes.extend_from_slice(bytemuck::cast_slice(row));
            self.bytes.resize(self.bytes.len().next_multiple_of(RECORD), 0);
        }
        for chunk in self.bytes.chunks(CHUNK) {
            self.file.write_all(chunk).and_then(|()| self.file.sync_data()).map_err(said)?;
        }
        Ok(())
    }

    fn rows(&mut self) -> Result<u64> {
        self.file.metadata().map(|file| file.len() / RECORD as u64).map_err(said)
    }
}
