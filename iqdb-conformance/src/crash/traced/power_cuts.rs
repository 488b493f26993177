//! Power cuts: the files of a store are laid out as the disk may have them, and the store is opened.

use std::fs;

use iqdb_core::Result;

use super::found::{self, Versions};
use super::image::{self, Kept};
use super::recording::Recording;
use super::started::{SIZES, after, failed, start};
use crate::{Harness, Outcome};

/// How many images of what a power cut may leave are opened.
const IMAGES: usize = 400;

/// Records a process of a case, and checks what power cuts may leave.
///
/// # Errors
/// Any error of the store; those of the system.
///
/// # Panics
/// When a store shows anything but what was acknowledged, and of the next batch all or nothing.
pub(crate) fn check(harness: &Harness, case: &str) -> Result<Outcome> {
    let versions = Versions::of(harness, &SIZES)?;
    let (mut writing, mut tracer) = match start(harness, case)? {
        Ok(started) => started,
        Err(outcome) => return Ok(outcome),
    };
    let recording = match Recording::of(&mut tracer, &mut writing).map_err(failed)? {
        Ok(recording) => recording,
        Err(reason) => return Ok(Outcome::NotPromised(reason)),
    };
    let complaint = writing.complaint();
    assert_eq!(writing.acknowledged(), SIZES.len(), "batches of a process: {complaint}");
    let within = tempfile::tempdir().map_err(failed)?;
    let cuts = cuts(&recording);
    let images = IMAGES.min(cuts.len());
    for n in 0..images {
        let (moment, kept) = cuts[n * cuts.len() / images];
        let files = within.path().join(n.to_string());
        image::lay_out(&recording, moment, kept, &files).map_err(failed)?;
        let (acknowledged, moments) = (recording.acknowledged(moment), recording.moments());
        let crash = format!(
            "a power cut at moment {moment} of {moments}, behind batch {acknowledged}, that keeps \
             {kept:?} of what is not synced"
        );
        let store = files.join("store");
        after(crash, || found::check(&versions, &store, acknowledged..=acknowledged + 1));
        fs::remove_dir_all(&files).map_err(failed)?;
    }
    Ok(Outcome::Kept)
}

/// Every moment, and what may be kept there.
fn cuts(recording: &Recording) -> Vec<(usize, Kept)> {
    let mut cuts = Vec::new();
    for moment in 0..=recording.moments() {
        cuts.push((moment, Kept::Nothing));
        if image::is_open(recording, moment) {
            let seed = moment as u64;
            let all = [
                Kept::Everything,
                Kept::Names,
                Kept::Content,
                Kept::Lengths,
                Kept::Calls(seed),
                Kept::HalfOfTheSectors(seed),
                Kept::MostOfTheSectors(seed),
                Kept::MostOfTheSectors(seed + 1_000_000),
            ];
            cuts.extend(all.map(|kept| (moment, kept)));
        }
    }
    cuts
}
