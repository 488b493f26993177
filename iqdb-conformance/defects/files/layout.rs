//! The files of the store: `manifest` has the number of a generation, `checkpoint-N` the records it began
//! with, and `log-N` a frame for each batch since. A frame is a length, a checksum and the bytes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use iqdb_core::{Error, ErrorKind, Record, RecordId, Result, Schema, Version};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::Content;
use crate::defect::Defect;

/// What a batch changed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Frame {
    pub(crate) version: Version,
    pub(crate) changed: Vec<(RecordId, Option<Record>)>,
}

/// The frames in the log from which a batch makes a checkpoint.
const FRAMES_MAX: usize = 3;

#[derive(Debug)]
pub(crate) struct Files {
    directory: PathBuf,
    defect: Option<Defect>,
    generation: u64,
    log: File,
    frames: usize,
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Io, "reading or writing a file failed").caused_by(error)
}

fn damaged(what: &'static str) -> Error {
    Error::new(ErrorKind::Damaged, what)
}

/// FNV-1a of 64 bits.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The length and the checksum, and the bytes.
fn framed(value: &impl Serialize) -> Result<([u8; 12], Vec<u8>)> {
    let bytes = postcard::to_stdvec(value).map_err(failed)?;
    let len = u32::try_from(bytes.len()).map_err(failed)?.to_le_bytes();
    let mut head = [0; 12];
    head[..4].copy_from_slice(&len);
    head[4..].copy_from_slice(&checksum(&bytes).to_le_bytes());
    Ok((head, bytes))
}

/// The value of the first frame, and the bytes behind it. `None` where there is no whole frame.
fn first<T: DeserializeOwned>(bytes: &[u8], has_checksum: bool) -> Option<(T, &[u8])> {
    let (len, rest) = bytes.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<8>()?;
    let (bytes, rest) = rest.split_at_checked(u32::from_le_bytes(*len) as usize)?;
    let is_whole = !has_checksum || checksum(bytes) == u64::from_le_bytes(*sum);
    Some((postcard::from_bytes(bytes).ok().filter(|_| is_whole)?, rest))
}

impl Files {
    /// Opens the files in a directory, or makes them. Returns what they have.
    pub(crate) fn open(
        directory: &Path,
        schema: Schema,
        defect: Option<Defect>,
    ) -> Result<(Self, Content)> {
        let manifest = directory.join("manifest");
        if !manifest.exists() {
            return Self::create(directory, schema, defect).map_err(failed)?;
        }
        let (generation, _) = first(&fs::read(manifest).map_err(failed)?, true)
            .ok_or_else(|| damaged("the manifest can't be read"))?;
        let path = |name: &str| directory.join(format!("{name}-{generation}"));
        let (schema, version, records) =
            first(&fs::read(path("checkpoint")).map_err(failed)?, true)
                .ok_or_else(|| damaged("the checkpoint can't be read"))?
                .0;
        let records: Vec<Record> = records;
        let records = records.into_iter().map(|record| (record.id.clone(), record)).collect();
        let mut content = Content { schema, version, records };
        let bytes = fs::read(path("log")).map_err(failed)?;
        let (mut rest, mut frames) = (&*bytes, 0);
        let has_checksum = defect != Some(Defect::FramesHaveNoChecksum);
        while let Some((frame, behind)) = first(rest, has_checksum) {
            content.replay(frame);
            (rest, frames) = (behind, frames + 1);
        }
        if !rest.is_empty() && defect == Some(Defect::TornFrameIsDamage) {
            return Err(damaged("the log ends in an incomplete frame"));
        }
        let whole = &bytes[..bytes.len() - rest.len()];
        if !rest.is_empty() && defect == Some(Defect::RecoveryRewritesTheLog) {
            fs::write(path("log"), whole).map_err(failed)?;
        }
        let mut log = OpenOptions::new().write(true).open(path("log")).map_err(failed)?;
        if !rest.is_empty() && defect != Some(Defect::TornFrameStays) {
            log.set_len(whole.len() as u64).map_err(failed)?;
            log.sync_all().map_err(failed)?;
        }
        log.seek(SeekFrom::End(0)).map_err(failed)?;
        let directory = directory.to_owned();
        Ok((Self { directory, defect, generation, log, frames }, content))
    }

    fn create(
        directory: &Path,
        schema: Schema,
        defect: Option<Defect>,
    ) -> io::Result<Result<(Self, Content)>> {
        fs::create_dir_all(directory)?;
        let log = File::create(directory.join("log-0"))?;
        let mut files =
            Self { directory: directory.to_owned(), defect, generation: 0, log, frames: 0 };
        let content = Content::new(schema);
        let made = files.checkpoint(&content);
        if !files.has(Defect::CreationIsNotSynced) {
            sync(directory.parent().unwrap_or(directory))?;
        }
        Ok(made.map(|()| (files, content)))
    }

    fn has(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    /// Adds a frame to the log, or one for each change.
    pub(crate) fn append(&mut self, frame: &Frame) -> Result<()> {
        if self.has(Defect::SyncedBeforeWritten) {
            self.log.sync_data().map_err(failed)?;
        }
        if self.has(Defect::EachChangeHasAFrame) {
            for change in &frame.changed {
                let one = Frame { version: frame.version, changed: vec![change.clone()] };
                self.write(&one)?;
            }
        } else {
            self.write(frame)?;
        }
        self.frames += 1;
        match self.defect {
            Some(Defect::AcknowledgedBeforeSync | Defect::SyncedBeforeWritten) => Ok(()),
            _ => self.log.sync_data().map_err(failed),
        }
    }

    fn write(&mut self, frame: &Frame) -> Result<()> {
        let (head, bytes) = framed(frame)?;
        self.log.write_all(&head).map_err(failed)?;
        self.log.write_all(&bytes).map_err(failed)
    }

    /// Makes a checkpoint if the log is long.
    pub(crate) fn make_room(&mut self, content: &Content) -> Result<()> {
        if self.frames < FRAMES_MAX { Ok(()) } else { self.checkpoint(content) }
    }

    /// Writes all records to a new checkpoint, and begins a new log.
    pub(crate) fn checkpoint(&mut self, content: &Content) -> Result<()> {
        let records: Vec<&Record> = content.records.values().collect();
        let records = framed(&(&content.schema, content.version, records))?;
        let manifest = framed(&(self.generation + 1))?;
        self.replace(&records, &manifest).map_err(failed)
    }

    fn replace(
        &mut self,
        records: &([u8; 12], Vec<u8>),
        manifest: &([u8; 12], Vec<u8>),
    ) -> io::Result<()> {
        let next = self.generation + 1;
        let is_synced = !self.has(Defect::CheckpointIsNotSynced);
        put(&self.directory.join(format!("checkpoint-{next}")), records, is_synced)?;
        let log = File::create(self.directory.join(format!("log-{next}")))?;
        log.sync_all()?;
        if !self.has(Defect::NewNamesAreNotSynced) {
            sync(&self.directory)?;
        }
        if self.has(Defect::OldFilesGoFirst) {
            self.remove_old()?;
        }
        let path = self.directory.join("manifest");
        if self.has(Defect::ManifestIsWrittenInPlace) {
            put(&path, manifest, true)?;
        } else {
            let written = self.directory.join("manifest.new");
            put(&written, manifest, !self.has(Defect::ManifestIsNotSynced))?;
            fs::rename(written, path)?;
        }
        if !self.has(Defect::RenameIsNotSynced) {
            sync(&self.directory)?;
        }
        self.remove_old()?;
        (self.generation, self.log, self.frames) = (next, log, 0);
        Ok(())
    }

    /// Removes the files of this generation that are still there.
    fn remove_old(&self) -> io::Result<()> {
        for name in ["checkpoint", "log"] {
            match fs::remove_file(self.directory.join(format!("{name}-{}", self.generation))) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Writes a file of one frame.
fn put(path: &Path, (head, bytes): &([u8; 12], Vec<u8>), is_synced: bool) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(head)?;
    file.write_all(bytes)?;
    if is_synced { file.sync_all() } else { Ok(()) }
}

/// Makes the names in a directory durable.
fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}
