//! Tests of the recorder: a process makes each kind of call, and the recording is compared with what the
//! calls do.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IoSlice, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt, symlink};
use std::path::Path;
use std::process::Command;

use nix::fcntl::{FallocateFlags, fallocate};
use nix::libc;
use nix::sys::stat::Mode;
use nix::unistd::{mkfifo, truncate};

use super::image;
use super::recorder;
use super::recording::{Change, Recording};
use super::tracer::Tracer;
use super::untried::Untried;
use super::writing::Writing;
use crate::crash::child::{self, Said, VARIABLE, Work};

/// What is done in a directory, and what is recorded: `+` for a name that is given and `-` for one that is
/// taken, with `!` behind what is durable at the end; or why nothing is.
type Row = (fn(&Path) -> io::Result<()>, &'static str);

const ROWS: [Row; 33] = [
    (|at| fs::write(at.join("a"), "abc"), "+a, write 0+3"),
    (
        |at| {
            fs::write(at.join("a"), "abc")?;
            fs::write(at.join("a"), "de")
        },
        "+a, write 0+3, length 0, write 0+2",
    ),
    (
        |at| {
            let mut file = File::create(at.join("a"))?;
            file.write_all(b"abc")?;
            file.sync_data()?;
            file.write_all(b"d")
        },
        "+a!, write 0+3!, write 3+1",
    ),
    (
        |at| {
            fs::create_dir(at.join("d"))?;
            let mut file = File::create(at.join("d/a"))?;
            file.write_all(b"abc")?;
            file.sync_data()?;
            file.write_all(b"d")
        },
        "+d, +a, write 0+3!, write 3+1",
    ),
    (
        |at| {
            fs::write(at.join("a"), "abc")?;
            File::open(at)?.sync_all()
        },
        "+a!, write 0+3",
    ),
    (
        |at| {
            let mut file = OpenOptions::new().append(true).create(true).open(at.join("a"))?;
            file.write_all(b"ab")?;
            file.write_all(b"c")
        },
        "+a, write 0+2, write 2+1",
    ),
    (|at| File::create(at.join("a"))?.write_all_at(b"x", 5), "+a, write 5+1"),
    (
        |at| {
            let file = OpenOptions::new().append(true).create(true).open(at.join("a"))?;
            file.write_all_at(b"ab", 0)?;
            file.write_all_at(b"c", 0)
        },
        "+a, write 0+2, write 2+1",
    ),
    (
        |at| {
            let mut file = File::create(at.join("a"))?;
            file.seek(SeekFrom::Start(7))?;
            file.write_all(b"xy")
        },
        "+a, write 7+2",
    ),
    (
        |at| {
            let parts = [IoSlice::new(b"ab"), IoSlice::new(b""), IoSlice::new(b"c")];
            File::create(at.join("a"))?.write_vectored(&parts).map(drop)
        },
        "+a, write 0+3",
    ),
    (|at| File::create(at.join("a"))?.set_len(9), "+a, length 9"),
    (
        |at| {
            fs::write(at.join("a"), "")?;
            fs::rename(at.join("a"), at.join("b"))
        },
        "+a, -a+b",
    ),
    // The old name is gone only where the new one is there.
    (
        |at| {
            fs::create_dir(at.join("d"))?;
            fs::write(at.join("a"), "")?;
            fs::rename(at.join("a"), at.join("d/b"))?;
            File::open(at)?.sync_all()
        },
        "+d!, +a!, +b, -a+b!",
    ),
    (
        |at| {
            fs::create_dir(at.join("d"))?;
            fs::write(at.join("a"), "")?;
            fs::rename(at.join("a"), at.join("d/b"))?;
            File::open(at.join("d"))?.sync_all()
        },
        "+d, +a, +b!, -a+b",
    ),
    (
        |at| {
            fs::write(at.join("a"), "")?;
            fs::hard_link(at.join("a"), at.join("b"))
        },
        "+a, +b",
    ),
    (
        |at| {
            let mut file = File::create(at.join("a"))?;
            fs::remove_file(at.join("a"))?;
            file.write_all(b"x")
        },
        "+a, -a, write 0+1",
    ),
    // The number of a file that is gone may be given to the next.
    (
        |at| {
            fs::write(at.join("a"), "a")?;
            fs::remove_file(at.join("a"))?;
            fs::write(at.join("b"), "bc")
        },
        "+a, write 0+1, -a, +b, write 0+2",
    ),
    (
        |at| {
            fs::create_dir(at.join("d"))?;
            fs::remove_dir(at.join("d"))
        },
        "+d, -d",
    ),
    // A write that returns only once it is on the disk takes no other along.
    (
        |at| {
            File::create(at.join("a"))?.write_all(b"x")?;
            let mut synced = OpenOptions::new();
            synced.write(true).custom_flags(libc::O_DSYNC);
            synced.open(at.join("a"))?.write_all_at(b"y", 1)
        },
        "+a, write 0+1, write 1+1!",
    ),
    (
        |at| {
            let path = at.join("a");
            std::thread::spawn(move || fs::write(path, "x")).join().unwrap()
        },
        "+a, write 0+1",
    ),
    (
        |at| {
            let file = File::create(at.join("a"))?;
            Ok(fallocate(&file, FallocateFlags::empty(), 0, 9)?)
        },
        "+a, length 9",
    ),
    // What fails does nothing.
    (
        |at| {
            fs::create_dir(at.join("d"))?;
            let failed = fs::create_dir(at.join("d")).and(fs::remove_file(at.join("a")));
            assert!(failed.is_err());
            Ok(())
        },
        "+d",
    ),
    (
        |at| {
            let mut options = OpenOptions::new();
            options.create(true).write(true).truncate(false);
            options.open(at.join("a"))?;
            options.open(at.join("a")).map(drop)
        },
        "+a",
    ),
    // Elsewhere.
    (|at| fs::write(at.join("../elsewhere"), "x"), ""),
    (
        |at| {
            fs::write(at.join("a"), "abc")?;
            fs::copy(at.join("a"), at.join("../elsewhere"))?;
            fs::rename(at.join("a"), at.join("../elsewhere"))
        },
        "+a, write 0+3, -a",
    ),
    (
        |at| {
            fs::write(at.join("../elsewhere"), "x")?;
            fs::hard_link(at.join("../elsewhere"), at.join("a"))
        },
        "n/a: from elsewhere",
    ),
    (|at| symlink("a", at.join("b")), "n/a: symlink"),
    (
        |at| {
            fs::write(at.join("a"), "abc")?;
            truncate(&at.join("a"), 1).map_err(io::Error::from)
        },
        "n/a: truncate",
    ),
    (
        |at| {
            fs::write(at.join("a"), "abc")?;
            fs::copy(at.join("a"), at.join("b")).map(drop)
        },
        "n/a: which is not recorded",
    ),
    (|at| File::create(at.join("a"))?.set_len(1 << 40), "n/a: longer than"),
    // A call that is not known here.
    (|at| mkfifo(&at.join("a"), Mode::S_IRUSR).map_err(io::Error::from), "n/a: not all recorded"),
    (|_| Command::new("true").status().map(drop), "n/a: another process"),
    (
        |at| {
            fs::write(at.join("../elsewhere"), "x")?;
            fs::rename(at.join("../elsewhere"), at.join("a"))
        },
        "n/a: from elsewhere",
    ),
];

/// The process, where the environment asks for it.
#[test]
fn a_process_makes_calls() {
    if !child::is_one() {
        return;
    }
    let asked = std::env::var(VARIABLE).unwrap();
    let (row, directory) = asked.split_once(':').unwrap();
    let work = Work::new(directory.as_ref());
    let mut said = Said::begin(&work).unwrap().unwrap();
    let (calls, _) = ROWS[row.parse::<usize>().unwrap()];
    calls(&work.files()).unwrap();
    said.say("1").unwrap();
}

/// Records the process of a row. `None` where nothing is traced.
fn record(row: usize) -> Option<(Tracer, Result<Recording, Untried>)> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "crash::traced::recorded::a_process_makes_calls", "--nocapture"]);
    let writing =
        Writing::start_as(command, &row.to_string(), |files| fs::create_dir(files)).unwrap();
    match Tracer::attach(writing) {
        Ok(mut tracer) => {
            let recording = recorder::record(&mut tracer, 1);
            Some((tracer, recording))
        }
        Err(Untried::Because(reason)) => {
            io::stderr().write_all(format!("no call is recorded: {reason}\n").as_bytes()).unwrap();
            None
        }
        Err(Untried::Failed(error)) => panic!("{error:?}"),
    }
}

#[test]
fn each_call_is_recorded() {
    for (n, (_, expected)) in ROWS.iter().enumerate() {
        let Some((_tracer, found)) = record(n) else { return };
        match (expected.strip_prefix("n/a: "), found) {
            (None, Ok(recording)) => assert_eq!(text(&recording), *expected, "row {n}"),
            (Some(part), Err(Untried::Because(reason))) => {
                assert!(reason.contains(part), "row {n}: {reason}");
            }
            (_, found) => panic!("row {n}: expected {expected}, found {found:?}"),
        }
    }
}

#[test]
fn what_was_not_recorded_is_missed() {
    let Some((tracer, found)) = record(0) else { return };
    let (recording, files) = (found.unwrap(), tracer.writing.files());
    assert!(image::is_complete(&recording, &files).unwrap());
    fs::write(files.join("a"), "abd").unwrap();
    assert!(!image::is_complete(&recording, &files).unwrap(), "another content");
    fs::write(files.join("a"), "abc").unwrap();
    fs::write(files.join("b"), "").unwrap();
    assert!(!image::is_complete(&recording, &files).unwrap(), "another file");
    fs::rename(files.join("a"), files.join("b")).unwrap();
    assert!(!image::is_complete(&recording, &files).unwrap(), "another name");
    fs::remove_file(files.join("b")).unwrap();
    fs::create_dir(files.join("a")).unwrap();
    assert!(!image::is_complete(&recording, &files).unwrap(), "a directory");
}

fn text(recording: &Recording) -> String {
    let events = recording.events.iter().map(|event| {
        let change = match &event.change {
            Change::Write { offset, bytes, .. } => format!("write {offset}+{}", bytes.len()),
            Change::Resize { len, .. } => format!("length {len}"),
            Change::Names { names, .. } => names
                .iter()
                .map(|(_, name, node)| {
                    format!("{}{}", if node.is_some() { '+' } else { '-' }, name.display())
                })
                .collect(),
        };
        change + if event.durable_at.is_some() { "!" } else { "" }
    });
    events.collect::<Vec<_>>().join(", ")
}
