//! Power cuts: the files of a store are laid out as the disk may have them, and the store is opened.

use std::fs;
use std::io;
use std::path::Path;

use fastrand::Rng;

use super::found::{self, Possible, Versions};
use super::image::{self, Kept};
use super::recorder;
use super::recording::{Change, Recording};
use super::tracer::Tracer;
use super::untried::Untried;
use super::writing::{SIZES, Writing};
use crate::Harness;

/// How many images of what a power cut may leave are drawn, besides those that are always opened.
const IMAGES: usize = 180;

/// How many images of each of two kinds are opened by a process that is recorded, too.
const RECOVERIES: usize = 5;

/// The sizes of the batches that such a process writes.
const RECOVERY_SIZES: [usize; 2] = [4, 9];

/// How many images of what a power cut may leave of such a process are drawn.
const RECOVERY_IMAGES: usize = 10;

/// The seed of what is drawn.
const SEED: u64 = 0x6375_7473;

/// A moment, and what the disk has there.
type Cut = (usize, Kept);

/// Records a process of a case, and checks what power cuts may leave.
///
/// # Errors
/// [`Because`](Untried::Because) where that isn't tried; any error of the system.
///
/// # Panics
/// When a store shows anything but what was acknowledged, and of the next batch all or nothing.
pub(super) fn check(harness: &Harness, case: &str) -> Result<(), Untried> {
    let versions = Versions::of(harness, &SIZES)?;
    let (recording, _) = record(harness, case, &SIZES, |files| fs::create_dir(files))?;
    let mut rng = Rng::with_seed(SEED);
    let possible = |moment| {
        let (acknowledged, is_created) =
            (recording.acknowledged(moment), recording.has_opened(moment));
        let versions = acknowledged..=acknowledged + usize::from(is_created);
        Possible { versions, is_created }
    };
    open_images(&versions, &recording, &cuts(&recording, IMAGES, false, &mut rng), possible, "")?;
    for cut in torn(&recording) {
        recover(harness, case, &versions, (&recording, cut), &mut rng)?;
    }
    Ok(())
}

/// Checks what power cuts may leave of a process that opens what one has left.
fn recover(
    harness: &Harness,
    case: &str,
    versions: &Versions<'_>,
    (first, (moment, kept)): (&Recording, Cut),
    rng: &mut Rng,
) -> Result<(), Untried> {
    let lay_out = |files: &Path| image::lay_out(first, moment, kept, files);
    let (recording, version) = record(harness, case, &RECOVERY_SIZES, lay_out)?;
    let before = first.acknowledged(moment);
    let behind = format!("behind a power cut at moment {moment} that keeps {kept:?}, ");
    assert!(
        (before..=before + 1).contains(&version),
        "{behind}the version that is opened: expected {before} or the next, found {version}"
    );
    let versions = versions.then(version, &RECOVERY_SIZES)?;
    let possible = |moment| {
        Possible::of(match recording.acknowledged(moment) {
            // What was recovered isn't acknowledged.
            0 => before..=version + usize::from(recording.has_opened(moment)),
            acknowledged => version + acknowledged..=version + acknowledged + 1,
        })
    };
    open_images(
        &versions,
        &recording,
        &cuts(&recording, RECOVERY_IMAGES, true, rng),
        possible,
        &behind,
    )
}

/// Records a process, and returns the version at which it opened the store, too.
fn record(
    harness: &Harness,
    case: &str,
    sizes: &[usize],
    lay_out: impl FnOnce(&Path) -> io::Result<()>,
) -> Result<(Recording, usize), Untried> {
    let mut tracer = Tracer::attach(Writing::start(harness, case, sizes, lay_out)?)?;
    let recording = recorder::record(&mut tracer, sizes.len())?;
    let version = tracer.writing.opened_at().expect("it has acknowledged batches");
    Ok((recording, version))
}

fn open_images(
    versions: &Versions<'_>,
    recording: &Recording,
    cuts: &[Cut],
    possible: impl Fn(usize) -> Possible,
    behind: &str,
) -> Result<(), Untried> {
    let within = tempfile::tempdir()?;
    for (moment, kept) in cuts {
        let files = within.path().join("files");
        image::lay_out(recording, *moment, *kept, &files)?;
        let (acknowledged, moments) = (recording.acknowledged(*moment), recording.moments());
        let crash = format!(
            "{behind}a power cut at moment {moment} of {moments}, behind batch {acknowledged}, that \
             keeps {kept:?} of what is not synced"
        );
        found::check(versions, &files.join("store"), &possible(*moment), crash);
        fs::remove_dir_all(&files)?;
    }
    Ok(())
}

/// Of what is not synced: nothing behind each acknowledgement, the last change alone where that is of
/// names, most sectors where it is of several, everything that recovering has done, and a sample of what
/// else there may be.
fn cuts(recording: &Recording, images: usize, is_recovery: bool, rng: &mut Rng) -> Vec<Cut> {
    let open: Vec<usize> = open_moments(recording).collect();
    let acknowledged = recording.acknowledgements().map(|moment| (moment, Kept::Nothing));
    let named = open.iter().filter(|moment| {
        matches!(image::last_open(recording, **moment), Some(Change::Names { .. }))
    });
    let recovering = open.iter().filter(|moment| is_recovery && !recording.has_opened(**moment));
    let torn = open.iter().filter(|moment| {
        let last = image::last_open(recording, **moment);
        matches!(last, Some(Change::Write { bytes, .. }) if bytes.len() > image::SECTOR)
    });
    let torn = torn.flat_map(|moment| {
        [0, 1].map(|n| (*moment, Kept::MostOfTheSectors(2 * *moment as u64 + n)))
    });
    let mut cuts: Vec<Cut> = acknowledged
        .chain(named.map(|moment| (*moment, Kept::Last)))
        .chain(torn)
        .chain(recovering.map(|moment| (*moment, Kept::Everything)))
        .collect();
    let images = images.min(open.len() * VARIANTS);
    cuts.extend((0..images).map(|n| {
        let moment = open[n * open.len() / images];
        (moment, variant(rng.usize(..VARIANTS), rng.u64(..)))
    }));
    cuts
}

/// The moments at which something isn't durable.
fn open_moments(recording: &Recording) -> impl Iterator<Item = usize> {
    (0..=recording.moments()).filter(|moment| image::is_open(recording, *moment))
}

/// Cuts in the middle of a batch, one after the other: between two writes to a file, and in a write.
fn torn(recording: &Recording) -> Vec<Cut> {
    let written = |moment: usize| match image::last_open(recording, moment) {
        Some(Change::Write { file, .. }) => Some(*file),
        _ => None,
    };
    let moments: Vec<usize> = open_moments(recording)
        .filter(|moment| recording.has_opened(*moment) && written(*moment).is_some())
        .collect();
    let between = moments.iter().copied();
    let between: Vec<usize> =
        between.filter(|moment| written(moment + 1) == written(*moment)).collect();
    let between = some(between).map(|moment| (moment, Kept::Everything));
    let within = some(moments).map(|moment| (moment, Kept::MostOfTheSectors(moment as u64)));
    between.chain(within).collect()
}

/// As many moments as recoveries are tried of a kind, with the same distance between each and the next.
fn some(moments: Vec<usize>) -> impl Iterator<Item = usize> {
    let count = RECOVERIES.min(moments.len());
    (0..count).map(move |n| moments[n * moments.len() / count])
}

/// How many ways there are of what the disk keeps.
const VARIANTS: usize = 9;

/// One of those ways.
fn variant(n: usize, seed: u64) -> Kept {
    match n {
        0 => Kept::Nothing,
        1 => Kept::Everything,
        2 => Kept::Names,
        3 => Kept::Content,
        4 => Kept::Lengths,
        5 => Kept::Last,
        6 => Kept::Calls(seed),
        7 => Kept::HalfOfTheSectors(seed),
        _ => Kept::MostOfTheSectors(seed),
    }
}
