//! The databases that are damaged.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use fastrand::Rng;
use iqdb_core::{Batch, Element, Limits, Metric, Record, Schema, StoreExt};
use iqdb_file::reseal::landmarks;
use iqdb_file::{Defect, FileOptions, FileStore};

use crate::draw;
use crate::finding::{Breach, Finding};
use crate::past::Past;
use crate::run::works;
use crate::write::Write;

/// A small database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// Compacted: everything is in segments.
    Compact,
    /// The last batches are in the log, and a segment has dead rows.
    Written,
    /// The same, but the process was killed that wrote them.
    Killed,
    /// The same as `Written`, of records with vectors of all kinds, which some lack.
    Fields,
    /// The same as `Written`, with computed fields: one in segments and the log, and one that was added,
    /// whose column is in a file beside the segment.
    Computed,
    /// The same as `Killed`, but its log was replaced by an earlier copy. One mark is enough to tell.
    Behind,
    /// The same as `Killed`, but in its log are frames of another history of the database.
    Mixed,
}

pub(crate) const SUBJECTS: [Subject; 7] = [
    Subject::Compact,
    Subject::Written,
    Subject::Killed,
    Subject::Fields,
    Subject::Computed,
    Subject::Behind,
    Subject::Mixed,
];

/// Where marks are in the file `lock`, and where its head is.
const MARKS: [std::ops::Range<u64>; 2] = [4_096..4_608, 8_192..8_704];
const LOCK_HEAD: u64 = 64;

/// How many frames the log of [`Subject::Behind`] lacks: that of the last mark, and that of the one
/// before.
const FRAMES_LACKING: usize = 2;

/// How many batches are in the log, where there are any.
pub(super) const LOGGED: u64 = 5;

impl Subject {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Compact => "compact",
            Self::Written => "written",
            Self::Killed => "killed",
            Self::Fields => "fields",
            Self::Computed => "computed",
            Self::Behind => "behind",
            Self::Mixed => "mixed",
        }
    }

    /// Whether the writer was killed.
    fn is_killed(self) -> bool {
        matches!(self, Self::Killed | Self::Behind | Self::Mixed)
    }

    /// Whether its images are made of two histories.
    pub(crate) fn is_mixed(self) -> bool {
        self == Self::Mixed
    }

    /// How many frames its log has.
    pub(crate) fn frames(self) -> u64 {
        if self == Self::Compact { 0 } else { LOGGED }
    }

    /// Whether its images have one bit flipped each, and no other damage.
    pub(crate) fn is_only_flipped(self) -> bool {
        self == Self::Behind
    }

    /// Whether this byte of a file means anything.
    pub(crate) fn means(self, file: &str, byte: u64) -> bool {
        let is_in_head = byte < LOCK_HEAD && self != Self::Behind;
        file != "lock" || is_in_head || MARKS.iter().any(|mark| mark.contains(&byte))
    }

    pub(super) fn schema(self) -> Result<Schema, Finding> {
        let schema = match self {
            Self::Fields => Schema::builder()
                .dense("image", 6, Metric::Cosine)
                .dense("half", 5, Metric::Dot)
                .element(Element::F16)
                .dense("bits", 12, Metric::Hamming)
                .element(Element::Binary)
                .sparse("terms", Metric::Dot)
                .build(),
            _ => Schema::new(6, Metric::Cosine),
        };
        let schema = works("a schema", schema)?;
        match self {
            Self::Computed => {
                let first = works("a field", draw::later_fields(&schema))?.swap_remove(0);
                works("a schema", Limits::default().add_field(&schema, first))
            }
            _ => Ok(schema),
        }
    }

    /// What is added once there is a segment.
    fn later_fields(self) -> Result<Vec<Write>, Finding> {
        match self {
            Self::Computed => {
                let fields = works("the fields", draw::later_fields(&self.schema()?))?;
                Ok(fields.into_iter().map(Write::Field).collect())
            }
            _ => Ok(Vec::new()),
        }
    }

    /// What is written: before it is compacted, and after.
    fn batches(self) -> Result<(Vec<Batch>, Vec<Batch>), Finding> {
        let (schema, mut rng) = (self.schema()?, Rng::with_seed(4));
        let mut batch = || works("a batch", draw::batch(&mut rng, &schema));
        let before = (0..12).map(|_| batch()).collect::<Result<_, _>>()?;
        let after = match self {
            Self::Compact => Vec::new(),
            Self::Mixed => own_batches(1.0)?,
            Self::Written | Self::Killed | Self::Fields | Self::Computed | Self::Behind => {
                (0..LOGGED).map(|_| batch()).collect::<Result<_, _>>()?
            }
        };
        Ok((before, after))
    }

    /// What it has to show.
    pub(super) fn past(self) -> Result<Past, Finding> {
        let mut past = Past::new(self.schema()?);
        let (before, after) = self.batches()?;
        let writes = |batches: Vec<Batch>| batches.into_iter().map(Write::Batch);
        let fields = self.later_fields()?;
        for write in writes(before).chain(fields).chain(writes(after)) {
            works("the model", past.start_write(0, &write))?;
        }
        Ok(past)
    }

    /// Makes it; its files and how long they are.
    ///
    /// # Errors
    /// A sentence about what could not be made.
    pub(crate) fn make(
        self,
        dir: &Path,
        defect: Option<Defect>,
    ) -> Result<Vec<(String, u64)>, String> {
        let make = || -> Result<(), Finding> {
            let options = options(defect);
            let store = works("create", FileStore::create(dir, self.schema()?, &options))?;
            let (before, after) = self.batches()?;
            for batch in &before {
                works("apply", store.apply(batch))?;
            }
            works("compact", store.compact())?;
            for field in self.later_fields()? {
                works("add_field", field.to_store(&store))?;
            }
            if self == Self::Mixed {
                make_twin(dir, &options)?;
            }
            for batch in &after {
                works("apply", store.apply(batch))?;
            }
            if self.is_killed() {
                copy(dir, &dir.with_extension("killed")).map_err(as_finding)?;
                drop(store);
                fs::remove_dir_all(dir).map_err(as_finding)?;
                fs::rename(dir.with_extension("killed"), dir).map_err(as_finding)?;
            }
            if self == Self::Behind {
                let (log, mut bytes) = log_of(dir).map_err(as_finding)?;
                let frames = landmarks(&log, &bytes);
                bytes.truncate(frames[frames.len().saturating_sub(FRAMES_LACKING)]);
                fs::write(dir.join(log), bytes).map_err(as_finding)?;
            }
            Ok(())
        };
        make().map_err(|finding| finding.to_string())?;
        let files = || -> io::Result<Vec<(String, u64)>> {
            let mut files = Vec::new();
            for entry in fs::read_dir(dir)? {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                // No reader uses what the reserve holds, and a clean end is in the manifest, too.
                let is_used = match (self, &*name) {
                    (Self::Behind, _) => name == "lock",
                    (Self::Mixed, _) => name.starts_with("log-"),
                    (Self::Killed, "lock") => true,
                    _ => name != "lock" && name != "reserve",
                };
                if is_used {
                    files.push((name, entry.metadata()?.len()));
                }
            }
            files.sort();
            Ok(files)
        };
        files().map_err(|error| format!("{}: {error}", dir.display()))
    }
}

/// What one of two histories has alone. Its frames are as long as those of the other.
fn own_batches(history: f32) -> Result<Vec<Batch>, Finding> {
    let batch = |id: u64| {
        let vector = [history, id as f32, 1.0, 0.0, 0.0, 0.0];
        Ok(Batch::new().upsert(works("a record", Record::new(id, vector))?))
    };
    (0..LOGGED).map(batch).collect()
}

/// Where the log of the other history is.
pub(super) fn twin(dir: &Path) -> PathBuf {
    dir.with_extension("twin")
}

/// Writes another history of a database, and keeps its log.
fn make_twin(dir: &Path, options: &FileOptions) -> Result<(), Finding> {
    let other = dir.with_extension("other");
    copy(dir, &other).map_err(as_finding)?;
    let store = works("open", FileStore::open(&other, options))?;
    for batch in own_batches(2.0)? {
        works("apply", store.apply(&batch))?;
    }
    let (_, bytes) = log_of(&other).map_err(as_finding)?;
    fs::write(twin(dir), bytes).map_err(as_finding)
}

/// The name of the log and its bytes.
fn log_of(dir: &Path) -> io::Result<(String, Vec<u8>)> {
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with("log-") {
            return Ok((name.clone(), fs::read(dir.join(name))?));
        }
    }
    Err(io::ErrorKind::NotFound.into())
}

pub(super) fn options(defect: Option<Defect>) -> FileOptions {
    // Large batches go to a segment at once.
    let options =
        FileOptions::new().with_seal_bounds(1 << 20, 1_000, 1 << 20).with_placed_from_bytes(300);
    let options = options.with_reserve_bytes(0);
    match defect {
        Some(defect) => options.with_defect(defect),
        None => options,
    }
}

pub(super) fn as_finding(error: io::Error) -> Finding {
    Finding::new(Breach::Behaviour, error)
}

pub(super) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}
