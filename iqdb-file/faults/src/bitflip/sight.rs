//! What has to be seen of an image of a damaged database.

use std::fs;
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use iqdb_core::ErrorKind;
use iqdb_file::{Defect, FileOptions, FileStore, ReadMode};

use super::image::{Damage, Image};
use super::subject::{LOGGED, Subject, as_finding, copy, options, twin};
use crate::finding::{Breach, Finding, caught};
use crate::law::{Look, holds};
use crate::past::{Bounds, Past};
use crate::terminal::say;

/// How long an image may take, in seconds.
const SECONDS_MAX: u64 = 30;

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
