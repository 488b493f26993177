//! Power cuts after another program did a deed.

use fastrand::Rng;

use super::Deed;
use super::play::{Seen, calls, look, play};
use crate::draw;
use crate::finding::{Finding, caught};
use crate::run::works;
use crate::script::Script;
use crate::tally::Tally;

/// Disks that are looked at, at each change after the deed.
const IMAGES_EACH: u64 = 6;

/// Steps of a history.
const STEPS: usize = 12;

/// One history with one deed, and what may be found at each change of the disk from then on, or at one.
pub(crate) fn crash(tally: &Tally, seed: u64, only: Option<usize>) {
    let replay = |change: usize| format!("--meddled --seed {seed} --change {change}");
    let mut rng = Rng::with_seed(draw::mixed(seed, 3));
    let deeds: Vec<Deed> = Deed::ALL.into_iter().filter(|deed| deed.outlives_power()).collect();
    let deed = deeds[rng.usize(..deeds.len())];
    let begun = caught(|| {
        let script = works("the script", Script::draw(seed, STEPS))?;
        let call = 1 + rng.u64(..calls(&script)?.max(1));
        let played = play(&script, (deed, call), None, true)?;
        Ok((script, played))
    });
    let (script, played) = match begun {
        Ok(begun) => begun,
        Err(finding) => return tally.found(replay(0), finding),
    };
    let Some((from, done)) = played.done else { return };
    let mut moment = played.disk.replay();
    while moment.advance().is_some() {
        let at = moment.done();
        if at <= from || only.is_some_and(|only| only != at) {
            continue;
        }
        for image in 0..IMAGES_EACH {
            let mut rng = Rng::with_seed(draw::mixed(seed, at as u64 * IMAGES_EACH + image + 9));
            let crashed = moment.crash(&mut rng);
            tally.add(1);
            let bounds = played.past.bounds(at);
            match caught(|| look(&crashed, &script, &played.past, bounds, (deed, &done))) {
                Ok(Seen::Whole) => {}
                Ok(Seen::Taken) => tally.taken(),
                Err(finding) => {
                    let story = format!("{done:?} at {from}: {}", finding.story);
                    tally.found(replay(at), Finding { story, ..finding });
                }
            }
        }
    }
}
