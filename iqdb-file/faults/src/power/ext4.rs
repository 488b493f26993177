//! An ext4 that can be shut down: made in a file, mounted, cut off, mounted again.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use fastrand::Rng;
use iqdb_file::Defect;

use super::Options;
use crate::finding::{caught, quiet};
use crate::kill9::{Writer, look};
use crate::tally::{Tally, planted};
use crate::terminal::{count, say};
use crate::writers::{Reached, THREADS};
use crate::{Result, Verdict, defects, draw};

/// The size of the file system, in MiB.
const IMAGE_MIB: u64 = 64;

/// How long a process writes before a cut, at most, in milliseconds.
const LIFE_MILLIS_MAX: u64 = 200;

/// How many cuts the control may survive.
const CUTS_CONTROL_MAX: u64 = 20;

/// `EXT4_IOC_SHUTDOWN`, which is `_IOR('X', 125, __u32)`.
const SHUTDOWN: libc::Ioctl = 0x8004_587d_u32 as libc::Ioctl;

/// `EXT4_GOING_FLAGS_NOLOGFLUSH`: what is not on the disk by now never will be.
const NO_LOG_FLUSH: u32 = 2;

pub(super) fn run(options: &Options) -> Result<Verdict> {
    quiet();
    let place = match Place::new() {
        Ok(place) => place,
        Err(missing) => {
            say(&format!("power: skipped: {missing}"));
            return Ok(true);
        }
    };
    let cuts = if options.long { 200 } else { 20 };
    let tally = Tally::default();
    let acknowledged = cut_often(&tally, &place, options.seed, cuts, None)?;
    let done = format!(
        "{} cuts of ext4 from seed {}, {} batches acknowledged by {THREADS} threads",
        count(tally.images()),
        options.seed,
        count(acknowledged)
    );
    let green = tally.report("power", &done);
    let (tally, control) = (Tally::until_first(), Defect::LogNotSynced);
    cut_often(&tally, &place, options.seed, CUTS_CONTROL_MAX, Some(control))?;
    Ok(green & planted("power", &defects::name(control), &tally, "cuts"))
}

/// Cuts the power so often; how many batches had been acknowledged.
fn cut_often(
    tally: &Tally,
    place: &Place,
    seed: u64,
    cuts: u64,
    defect: Option<Defect>,
) -> Result<u64> {
    let mut reached = Reached::default();
    let mut acknowledged = 0;
    let path = place.mounted.join(if defect.is_some() { "control" } else { "db" });
    for cut in 0..cuts {
        if tally.is_stopped() {
            break;
        }
        let mut rng = Rng::with_seed(draw::mixed(seed, cut));
        place.mount()?;
        let mut writer = Writer::start(&path, defect)?;
        writer.wait_for_a_word();
        std::thread::sleep(Duration::from_millis(rng.u64(..LIFE_MILLIS_MAX)));
        shut_down(&place.mounted)
            .map_err(|error| format!("{} can't be shut down: {error}", place.mounted.display()))?;
        let told = reached.or(writer.kill()?);
        acknowledged += told.batches_since(reached);
        place.unmount()?;
        place.mount()?;
        tally.add(1);
        let seen = caught(|| look(&path, told));
        place.unmount()?;
        match seen {
            Ok(found) => reached = found,
            Err(finding) => {
                tally.found(format!("--seed {seed}"), finding);
                break;
            }
        }
    }
    Ok(acknowledged)
}

/// Where an image is mounted.
struct Place {
    image: PathBuf,
    mounted: PathBuf,
    _dir: tempfile::TempDir,
}

impl Place {
    /// An ext4 that can be mounted, or what is missing for one.
    fn new() -> Result<Self> {
        let dir = tempfile::tempdir().map_err(|error| format!("a temporary directory: {error}"))?;
        let (image, mounted) = (dir.path().join("image"), dir.path().join("mounted"));
        let made = File::create(&image).and_then(|file| file.set_len(IMAGE_MIB << 20));
        made.and_then(|()| std::fs::create_dir(&mounted)).map_err(|error| error.to_string())?;
        call(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&image))?;
        let place = Self { image, mounted, _dir: dir };
        place.mount()?;
        place.unmount()?;
        Ok(place)
    }

    fn mount(&self) -> Result<()> {
        call(
            Command::new("mount")
                .args(["-t", "ext4", "-o", "loop"])
                .args([&self.image, &self.mounted]),
        )
    }

    fn unmount(&self) -> Result<()> {
        call(Command::new("umount").arg(&self.mounted))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Most often it is not mounted, which is no failure.
        let _ = self.unmount();
    }
}

fn call(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let why = match command.output() {
        Ok(output) if output.status.success() => return Ok(()),
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(error) => error.to_string(),
    };
    Err(format!("{program}: {why}"))
}

/// Cuts a file system off its device, with all that is not on it yet.
fn shut_down(mounted: &Path) -> io::Result<()> {
    let root = File::open(mounted)?;
    let how = NO_LOG_FLUSH;
    // SAFETY: the descriptor is open for as long as `root` lives, and the call reads four bytes from
    // the address, which are those of `how`.
    #[allow(unsafe_code)]
    let failed = unsafe { libc::ioctl(root.as_raw_fd(), SHUTDOWN, &raw const how) };
    if failed == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
