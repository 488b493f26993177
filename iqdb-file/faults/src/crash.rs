//! Power cuts on a simulated disk: at every change of a history, several disks as they may be found,
//! and the same again for some of those while they recover and live on. At some changes the processes
//! are killed first, and what readers see then has to outlive the power cut.

use clap::Args;
use fastrand::Rng;
use iqdb_file::vfs::sim::SimVfs;
use iqdb_file::{Defect, FileOptions, FileStore};

use crate::deeds;
use crate::finding::{Breach, Finding, caught, quiet};
use crate::law::{Look, holds, holds_for_copy};
use crate::past::{Bounds, Past};
use crate::run::{alone, disk, leaves_others_alone, together, works};
use crate::script::{COPY, DIR, Script};
use crate::tally::{Tally, planted};
use crate::terminal::count;
use crate::write::Write;
use crate::{Result, Verdict, defects, draw};

/// Disks that are looked at, at each change.
const IMAGES_EACH: u64 = 2;

/// One moment in this many is also one at which the processes are killed, and the power fails later.
const KILLED_EVERY: u64 = 4;

/// One history in this many has several writers.
const TOGETHER_EVERY: u64 = 4;

/// How many images a planted defect may survive.
const IMAGES_PLANTED_MAX: u64 = 100_000;

/// Steps of a history, at most.
const STEPS_MAX: u64 = 30;

/// How far to go, or what to show again.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// 200,000 images instead of 20,000.
    #[arg(long)]
    long: bool,
    /// The first history.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Only this history, and only what is found after this many changes of its disk.
    #[arg(long)]
    change: Option<usize>,
    /// Of a history in which another program meddles with names.
    #[arg(long, requires = "change")]
    meddled: bool,
    /// With this defect, instead of without any and then with each.
    #[arg(long, value_parser = defects::parse)]
    defect: Option<Defect>,
}

impl Options {
    fn images(&self) -> u64 {
        if self.long { 200_000 } else { 20_000 }
    }
}

/// Without a defect, and with each that has to be found.
pub(crate) fn run(options: &Options) -> Result<Verdict> {
    quiet();
    if let Some(change) = options.change {
        let tally = Tally::default();
        match options.meddled {
            true => deeds::crash(&tally, options.seed, Some(change)),
            false => history(&tally, options.seed, options.defect, Some(change)),
        }
        return Ok(tally.report("crash", &format!("seed {}, change {change}", options.seed)));
    }
    let tally = Tally::default();
    let seeds = tally
        .fill(options.seed, options.images(), |seed| history(&tally, seed, options.defect, None));
    let (images, first) = (count(tally.images()), options.seed);
    let done = format!("{images} images of {seeds} histories from seed {first}");
    let mut green = tally.report("crash", &done);
    if options.defect.is_none() {
        let tally = Tally::default();
        let seeds = tally.fill(first, options.images(), |seed| deeds::crash(&tally, seed, None));
        let images = count(tally.images());
        let done = format!("{images} images of {seeds} histories with a deed of somebody else");
        green &= tally.report("crash", &done);
        for defect in defects::BY_A_CRASH {
            let tally = Tally::until_first();
            tally.fill(options.seed, IMAGES_PLANTED_MAX, |seed| {
                history(&tally, seed, Some(defect), None);
            });
            green &= planted("crash", &defects::name(defect), &tally, "images");
        }
    }
    Ok(green)
}

/// One history, and what may be found at each of its changes, or at one.
fn history(tally: &Tally, seed: u64, defect: Option<Defect>, only: Option<usize>) {
    let replay = |change: usize| {
        let defect = defect.map_or(String::new(), |d| format!(" --defect {}", defects::name(d)));
        format!("--seed {seed} --change {change}{defect}")
    };
    let begun = caught(|| {
        let script = works("the script", Script::draw(seed, steps(seed)))?;
        let disk = disk(seed);
        let past = match seed % TOGETHER_EVERY {
            3 => together(&disk, &script, defect)?,
            _ => alone(&disk, &script, defect)?,
        };
        Ok((script, disk, past))
    });
    let (script, disk, past) = match begun {
        Ok(begun) => begun,
        // What a defect breaks without any crash is not for a crash to catch.
        Err(_) if defect.is_some() => return,
        Err(finding) => return tally.found(replay(0), finding),
    };
    let mut moment = disk.replay();
    loop {
        let at = moment.done();
        let is_left_out = tally.is_stopped() || only.is_some_and(|only| only != at);
        let mut bounds = past.bounds(at);
        if !is_left_out && draw::mixed(seed, at as u64).is_multiple_of(KILLED_EVERY) {
            tally.add(1);
            let options = script.profile.options(moment.kill(), defect);
            match caught(|| after_a_kill(&options, &past, bounds)) {
                // What a reader has seen is on the disk. That it has been made may not be yet.
                Ok(seen) => bounds.least = bounds.least.map(|least| least.max(seen.unwrap_or(0))),
                Err(finding) => tally.found(replay(at), finding),
            }
        }
        for image in 0..IMAGES_EACH {
            if is_left_out {
                break;
            }
            let mut rng = Rng::with_seed(draw::mixed(seed, at as u64 * IMAGES_EACH + image + 9));
            let crashed = moment.crash(&mut rng);
            let scene = Scene { tally, script: &script, defect };
            if let Err(finding) = scene.look(&crashed, &past, bounds, &mut rng, 0) {
                tally.found(replay(at), finding);
            }
            let options = script.profile.options(crashed, defect);
            let copy = caught(|| holds_for_copy(COPY, &options, &past, past.bounds_of_copy(at)));
            if let Err(finding) = copy {
                tally.found(replay(at), finding);
            }
        }
        if moment.advance().is_none() {
            return;
        }
    }
}

/// What a reader finds after all processes were killed, if the database has been made.
fn after_a_kill(
    options: &FileOptions,
    past: &Past,
    bounds: Bounds,
) -> Result<Option<u64>, Finding> {
    match FileStore::open_read_only(DIR, options) {
        Ok(store) => {
            let told = |finding: Finding| {
                let story = format!("read after a kill: {}", finding.story);
                Finding { story, ..finding }
            };
            holds(&store, past, bounds, Look::Quick).map(Some).map_err(told)
        }
        Err(_) if bounds.least.is_none() => Ok(None),
        Err(error) => Err(Finding::new(Breach::Unopenable, format!("after a kill: {error}"))),
    }
}

/// Short histories are looked at more closely, long ones come by more.
fn steps(seed: u64) -> usize {
    usize::try_from(3 + draw::mixed(seed, 2) % STEPS_MAX).unwrap_or(0)
}

/// What stays the same while one history is looked at.
struct Scene<'a> {
    tally: &'a Tally,
    script: &'a Script,
    defect: Option<Defect>,
}

impl Scene<'_> {
    /// Opens what was found, and sometimes lives on with it and crashes again.
    fn look(
        &self,
        disk: &SimVfs,
        past: &Past,
        bounds: Bounds,
        rng: &mut Rng,
        depth: u32,
    ) -> Result<(), Finding> {
        self.tally.add(1);
        let lived = caught(|| self.live(disk, past, bounds, rng, depth));
        let Some(past) = lived.map_err(|finding| self.after(depth, finding))? else {
            return Ok(());
        };
        for _ in 0..2 {
            let at = rng.usize(..=disk.changes());
            let crashed = disk.crash_at(at, rng);
            self.look(&crashed, &past, past.bounds(at), rng, depth + 1)?;
        }
        Ok(())
    }

    fn after(&self, depth: u32, finding: Finding) -> Finding {
        match depth {
            0 => finding,
            _ => Finding::new(
                finding.breach,
                format_args!("after {} crashes: {}", depth + 1, finding.story),
            ),
        }
    }

    /// What happens on a disk that was found. Its past, if it is to crash again.
    fn live(
        &self,
        disk: &SimVfs,
        past: &Past,
        bounds: Bounds,
        rng: &mut Rng,
        depth: u32,
    ) -> Result<Option<Past>, Finding> {
        let Script { schema, profile, seed, .. } = self.script;
        let options = profile.options(disk.clone(), self.defect);
        let look = if rng.u8(..64) == 0 { Look::Thorough } else { Look::Quick };
        let seen = match rng.u8(..8) {
            0 => FileStore::open_read_only(DIR, &options)
                .ok()
                .map(|store| holds(&store, past, bounds, Look::Quick))
                .transpose()?,
            _ => None,
        };
        let store = match FileStore::open(DIR, &options) {
            Ok(store) => store,
            // It had not been made yet, so it is made now, whatever is there.
            Err(_) if bounds.least.is_none() => {
                let opened = FileStore::open_or_create(DIR, schema.clone(), &options);
                opened.map_err(|error| Finding::new(Breach::Unopenable, error))?
            }
            Err(error) => return Err(Finding::new(Breach::Unopenable, error)),
        };
        let version = holds(&store, past, bounds, look)?;
        if let Some(seen) = seen.filter(|seen| *seen != version) {
            let story = format!("read only at version {seen}, and then at {version}");
            return Err(Finding::new(Breach::Wrong, story));
        }
        if bounds.strangers {
            leaves_others_alone(disk, *seed)?;
        }
        if depth > 1 || rng.u8(..3) > 0 {
            return Ok(None);
        }
        // What an opening has shown is on the disk.
        let before = past;
        let mut past = before.of(version, bounds);
        past.durable(disk.changes(), version);
        let tries_again = rng.bool();
        for n in 0..if tries_again { rng.u64(1..3) } else { rng.u64(..4) } {
            // A writer that repeats a lost batch writes as many bytes as last time.
            let write = match before.write_after(version + n).filter(|_| tries_again) {
                Some(lost) => lost.clone(),
                None => Write::Batch(works("a batch", draw::batch(rng, schema))?),
            };
            works("the model", past.start_write(disk.changes(), &write))?;
            works("apply after a crash", write.to_store(&store))?;
            if profile.is_immediate() || write.is_always_durable() {
                past.durable(disk.changes(), past.version());
            }
        }
        if rng.u8(..4) == 0 {
            works("compact after a crash", store.compact())?;
        }
        let now = past.bounds(disk.changes());
        let newest = Bounds { least: Some(past.version()), ..now };
        holds(&store, &past, newest, Look::Quick)?;
        Ok(Some(past))
    }
}
