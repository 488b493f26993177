//! The databases that are damaged, and what has to be seen of an image of one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use iqdb_core::{Batch, Element, ErrorKind, Metric, Record, Schema, StoreExt};
use iqdb_file::reseal::landmarks;
use iqdb_file::{Defect, FileOptions, FileStore, ReadMode};

use super::image::{Damage, Image};
use crate::draw;
use crate::finding::{Breach, Finding, caught};
use crate::law::{Look, holds};
use crate::past::{Bounds, Past};
use crate::run::works;
use crate::terminal::say;

/// How long an image may take, in seconds.
const SECONDS_MAX: u64 = 30;

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
    /// The same as `Killed`, but its log was replaced by an earlier copy. One mark is enough to tell.
    Behind,
    /// The same as `Killed`, but in its log are frames of another history of the database.
    Mixed,
}

pub(crate) const SUBJECTS: [Subject; 6] = [
    Subject::Compact,
    Subject::Written,
    Subject::Killed,
    Subject::Fields,
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
const LOGGED: u64 = 5;

impl Subject {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Compact => "compact",
            Self::Written => "written",
            Self::Killed => "killed",
            Self::Fields => "fields",
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

    fn schema(self) -> Result<Schema, Finding> {
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
        works("a schema", schema)
    }

    /// What is written: before it is compacted, and after.
    fn batches(self) -> Result<(Vec<Batch>, Vec<Batch>), Finding> {
        let (schema, mut rng) = (self.schema()?, Rng::with_seed(4));
        let mut batch = || works("a batch", draw::batch(&mut rng, &schema));
        let before = (0..12).map(|_| batch()).collect::<Result<_, _>>()?;
        let after = match self {
            Self::Compact => Vec::new(),
            Self::Mixed => own_batches(1.0)?,
            Self::Written | Self::Killed | Self::Fields | Self::Behind => {
                (0..LOGGED).map(|_| batch()).collect::<Result<_, _>>()?
            }
        };
        Ok((before, after))
    }

    /// What it has to show.
    fn past(self) -> Result<Past, Finding> {
        let mut past = Past::new(self.schema()?);
        let (before, after) = self.batches()?;
        for batch in before.iter().chain(&after) {
            works("the model", past.start(0, batch))?;
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
fn twin(dir: &Path) -> PathBuf {
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

fn options(defect: Option<Defect>) -> FileOptions {
    // Large batches go to a segment at once.
    let options =
        FileOptions::new().with_seal_bounds(1 << 20, 1_000, 1 << 20).with_placed_from_bytes(300);
    let options = options.with_reserve_bytes(0);
    match defect {
        Some(defect) => options.with_defect(defect),
        None => options,
    }
}

fn as_finding(error: io::Error) -> Finding {
    Finding::new(Breach::Behaviour, error)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
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

/// Ends the process, with a word about it, when an image takes too long. Dropped when it is done.
pub(crate) struct Watch(Sender<()>);

impl Watch {
    pub(crate) fn over(image: &str) -> Self {
        let (done, wait) = mpsc::channel();
        let image = image.to_owned();
        thread::spawn(move || {
            let limit = Duration::from_secs(SECONDS_MAX);
            if wait.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                say(&format!("misbehaved: {image} took more than {SECONDS_MAX} s"));
                std::process::abort();
            }
        });
        Self(done)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

/// Makes the image and looks at it, mapped and not; whether it is reported as damaged.
///
/// # Errors
/// What is neither right nor reported as damage.
pub(crate) fn look(
    image: &Image,
    dir: &Path,
    scratch: &Path,
    defect: Option<Defect>,
) -> Result<bool, Finding> {
    let past = image.subject.past()?;
    let mut is_damaged = false;
    for read_mode in [ReadMode::Map, ReadMode::Copy] {
        let found = scratch.join("db");
        copy(&dir.join(image.subject.name()), &found).map_err(as_finding)?;
        let path = found.join(&image.file);
        let mut bytes = fs::read(&path).map_err(as_finding)?;
        let other = match image.damage {
            Damage::Mixed(_) => fs::read(twin(&dir.join(image.subject.name()))),
            _ => Ok(Vec::new()),
        };
        image.damage.apply(&mut bytes, &image.file, &other.map_err(as_finding)?);
        match image.damage {
            Damage::Gone => fs::remove_file(&path),
            _ => fs::write(&path, bytes),
        }
        .map_err(as_finding)?;
        let options = options(defect).with_read_mode(read_mode);
        is_damaged |= caught(|| Sight { image, past: &past, options }.look(&found))?;
    }
    Ok(is_damaged)
}

struct Sight<'a> {
    image: &'a Image,
    past: &'a Past,
    options: FileOptions,
}

impl Sight<'_> {
    fn look(&self, dir: &Path) -> Result<bool, Finding> {
        let store = match FileStore::open(dir, &self.options) {
            Ok(store) => store,
            Err(error) => {
                is_damage(&error)?;
                // Nothing is made in the place of something that is damaged.
                let schema = self.image.subject.schema()?;
                return match FileStore::open_or_create(dir, schema, &self.options) {
                    Ok(_) => {
                        Err(Finding::new(Breach::Lost, format_args!("made anew after: {error}")))
                    }
                    Err(_) => Ok(true),
                };
            }
        };
        match self.read(&store) {
            Ok(()) => Ok(false),
            Err(Seen::Damage) => match store.verify(&mut ()) {
                Err(error) => is_damage(&error).map(|()| true),
                Ok(_) => Err(Finding::new(Breach::Behaviour, "damage was met that verify passes")),
            },
            Err(Seen::Breach(finding)) => Err(finding),
        }
    }

    /// Reads everything.
    fn read(&self, store: &FileStore) -> Result<(), Seen> {
        let newest = self.past.version();
        // A log that no writer closed may well end where it does. But each frame in it says up to
        // where it was on the disk before.
        let is_shortened = self.image.file.starts_with("log-")
            && matches!(self.image.damage, Damage::Cut(_) | Damage::Zero(_));
        let spared = match self.image.subject {
            Subject::Killed if is_shortened => LOGGED,
            Subject::Killed => 1,
            _ => 0,
        };
        let bounds = Bounds { least: Some(newest - spared), most: newest, strangers: false };
        match holds(store, self.past, bounds, Look::Quick) {
            Ok(version) if version == newest => {
                holds(store, self.past, bounds, Look::Thorough).map(drop).map_err(Seen::Breach)
            }
            Ok(_) => Ok(()),
            // An error of reading is told as a failure, and has to be one about damage.
            Err(finding) if finding.breach == Breach::Behaviour => {
                match finding.story.contains(ErrorKind::Damaged.as_str()) {
                    true => Err(Seen::Damage),
                    false => Err(Seen::Breach(finding)),
                }
            }
            Err(finding) => Err(Seen::Breach(finding)),
        }
    }
}

/// Why reading did not show all.
enum Seen {
    Damage,
    Breach(Finding),
}

fn is_damage(error: &iqdb_core::Error) -> Result<(), Finding> {
    match error.kind() {
        ErrorKind::Damaged | ErrorKind::NotSupported => Ok(()),
        kind => Err(Finding::new(Breach::Behaviour, format_args!("damage is {kind:?}: {error}"))),
    }
}
