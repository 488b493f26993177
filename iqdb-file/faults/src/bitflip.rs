//! Damage: a bit of a database flipped, a file cut, zeroed, doubled, mixed with that of another history
//! or gone, and the database opened.
//!
//! Each image is either reported as damaged or does no harm: whatever is read is what was written.
//! Images are looked at by child processes with little memory, so that what brings down a process
//! is found, too, and told apart.

mod image;
mod sight;
mod subject;

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use clap::Args;
use iqdb_file::Defect;

use self::image::Image;
use self::subject::SUBJECTS;
use crate::finding::{Breach, Finding, quiet};
use crate::tally::{Tally, planted};
use crate::terminal::{count, say};
use crate::{Result, Verdict, defects};

/// How much address space a child may take, in KiB: a length that is believed takes more.
const MEMORY_KIB: u64 = 2 << 20;

/// What a child says of an image that is reported as damaged, or does no harm.
const DAMAGED: &str = "damaged";
const HARMLESS: &str = "harmless";

/// How far to go, or what to show again.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Every bit of every byte and every length, each in a process of its own; instead of one bit of
    /// every byte and some lengths, with many images to a process.
    #[arg(long)]
    long: bool,
    /// Only this image.
    #[arg(long)]
    image: Option<Image>,
    /// With this defect, instead of without any and then with those that have to be found.
    #[arg(long, value_parser = defects::parse)]
    defect: Option<Defect>,
}

/// What a child is told.
#[derive(Debug, Args)]
pub(crate) struct ChildOptions {
    dir: PathBuf,
    #[arg(long, value_parser = defects::parse)]
    defect: Option<Defect>,
}

/// Without a defect, and with those that have to be found.
pub(crate) fn run(options: &Options) -> Result<Verdict> {
    quiet();
    let dir = in_memory()?;
    let (mut images, bytes) = make_all(dir.path(), options.defect, options.long)?;
    if let Some(image) = &options.image {
        images = vec![image.clone()];
    }
    let each = if options.long { 1 } else { 256 };
    let tally = Tally::default();
    let damaged = look_at_all(&tally, dir.path(), images.clone(), each, options.defect)?;
    let done = format!(
        "{} images of {} bytes of files, {} reported as damaged",
        count(tally.images()),
        count(bytes),
        count(damaged)
    );
    let mut green = tally.report("bitflip", &done);
    if options.defect.is_none() && options.image.is_none() {
        for defect in defects::BY_DAMAGE {
            let tally = Tally::until_first();
            let dir = in_memory()?;
            let (images, _) = make_all(dir.path(), Some(defect), false)?;
            look_at_all(&tally, dir.path(), images, 256, Some(defect))?;
            green &= planted("bitflip", &defects::name(defect), &tally, "images");
        }
    }
    Ok(green)
}

/// Makes all databases; their images, and how many bytes may be damaged.
fn make_all(dir: &Path, defect: Option<Defect>, long: bool) -> Result<(Vec<Image>, u64)> {
    let (mut images, mut bytes) = (Vec::new(), 0);
    for subject in SUBJECTS {
        let files = subject.make(&dir.join(subject.name()), defect)?;
        bytes += files.iter().map(|(_, len)| len).sum::<u64>();
        images.extend(image::all(subject, &files, long));
    }
    Ok((images, bytes))
}

/// Looks at the images, `each` of them per process; returns how many are reported as damaged.
fn look_at_all(
    tally: &Tally,
    dir: &Path,
    images: Vec<Image>,
    each: usize,
    defect: Option<Defect>,
) -> Result<u64> {
    let damaged = AtomicU64::new(0);
    let left = Mutex::new(VecDeque::from(images));
    let next = || -> Vec<Image> {
        let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
        let count = each.min(left.len());
        left.drain(..count).collect()
    };
    let work = || -> Result<()> {
        loop {
            let mut images = next();
            if images.is_empty() || tally.is_stopped() {
                return Ok(());
            }
            // Those behind one that ended the process are for another.
            while !images.is_empty() {
                let seen = look_at(tally, dir, &images, defect, &damaged)?;
                images.drain(..seen);
            }
        }
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| {
            worker
                .join()
                .unwrap_or_else(|_| Err("a thread that watches a child panicked".to_owned()))
        })
    })?;
    Ok(damaged.into_inner())
}

/// Lets a process look at these images, until the first that ends it; how many it has seen.
fn look_at(
    tally: &Tally,
    dir: &Path,
    images: &[Image],
    defect: Option<Defect>,
    damaged: &AtomicU64,
) -> Result<usize> {
    let replay = |image: &Image| {
        let defect = defect.map_or(String::new(), |d| format!(" --defect {}", defects::name(d)));
        format!("--image {image}{defect}")
    };
    let failed = |error: std::io::Error| format!("a child: {error}");
    let mut child = start(dir, defect).map_err(failed)?;
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err("a child has no input or output".to_owned());
    };
    let mut answers = BufReader::new(stdout).lines();
    for (n, image) in images.iter().enumerate() {
        // If it has ended, that is found out when it is asked what it has seen.
        let _ = writeln!(stdin, "{image}").and_then(|()| stdin.flush());
        tally.add(1);
        match answers.next().and_then(std::io::Result::ok) {
            Some(answer) if answer == DAMAGED => _ = damaged.fetch_add(1, Ordering::Relaxed),
            Some(answer) if answer == HARMLESS => {}
            Some(answer) => {
                let breach = Breach::ALL.into_iter().find(|b| answer.starts_with(b.name()));
                let story = answer.split_once(": ").map_or(&*answer, |(_, story)| story);
                let finding = Finding::new(breach.unwrap_or(Breach::Behaviour), story);
                tally.found(replay(image), finding);
            }
            None => {
                drop(stdin);
                let ended = child.wait().map_err(failed)?;
                let finding =
                    Finding::new(Breach::Panic, format_args!("the process ended: {ended}"));
                tally.found(replay(image), finding);
                return Ok(n + 1);
            }
        }
    }
    drop(stdin);
    child.wait().map_err(failed)?;
    Ok(images.len())
}

/// A temporary directory, in memory where there is such a thing: syncs take most of the time elsewhere,
/// and nothing here depends on them.
fn in_memory() -> Result<tempfile::TempDir> {
    let memory = Path::new("/dev/shm");
    let dir = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    dir.map_err(|error| format!("a temporary directory: {error}"))
}

fn start(dir: &Path, defect: Option<Defect>) -> std::io::Result<Child> {
    let program = std::env::current_exe()?;
    let mut command = if cfg!(unix) {
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("ulimit -v {MEMORY_KIB}; exec \"$0\" \"$@\"")).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.arg("bitflip-child").arg(dir);
    if let Some(defect) = defect {
        command.args(["--defect", &defects::name(defect)]);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()
}

/// Looks at one image after the other, and says what it has seen.
pub(crate) fn child(options: &ChildOptions) -> Result<Verdict> {
    quiet();
    let scratch = in_memory()?;
    for line in std::io::stdin().lines() {
        let line = line.map_err(|error| format!("the images: {error}"))?;
        let image: Image = line.parse()?;
        let _watch = sight::Watch::over(&line);
        match sight::look(&image, &options.dir, scratch.path(), options.defect) {
            Ok(true) => say(DAMAGED),
            Ok(false) => say(HARMLESS),
            Err(finding) => say(&finding.to_string().replace('\n', " ")),
        }
    }
    Ok(true)
}
