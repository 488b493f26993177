//! Tests of what is recorded of calls that overlap, and of those that no safe code makes. This process is
//! the one that is about to make them.

use std::fs::{File, OpenOptions};
use std::os::fd::{AsRawFd, RawFd};

use tempfile::TempDir;

use super::*;
use crate::crash::traced::calls::Bytes;
use crate::crash::traced::recording::Event;

/// A directory that is recorded, with two files in it, and one elsewhere.
struct Recorded {
    recorder: Recorder,
    process: Process,
    within: TempDir,
}

impl Recorded {
    fn new() -> Self {
        let within = tempfile::tempdir().unwrap();
        fs::create_dir(within.path().join("files")).unwrap();
        for name in ["files/a", "files/b", "elsewhere"] {
            fs::write(within.path().join(name), "abc").unwrap();
        }
        let mut recorder = Recorder::default();
        recorder.add_all(&within.path().join("files")).unwrap();
        Self { recorder, process: Process::new(std::process::id()).unwrap(), within }
    }

    fn open(&self, name: &str, is_append: bool) -> File {
        let path = self.within.path().join(name);
        OpenOptions::new().write(true).append(is_append).open(path).unwrap()
    }

    /// A thread enters a call.
    fn enter(&mut self, thread: i32, call: Call) {
        let entered = self.recorder.enter(&self.process, call);
        self.recorder.entered.insert(Pid::from_raw(thread), entered);
    }

    /// The call of a thread returns.
    fn leave(&mut self, thread: i32, returned: i32) {
        let entered = self.recorder.entered.remove(&Pid::from_raw(thread)).unwrap();
        self.recorder.leave(&self.process, &entered, returned.into()).unwrap();
    }

    /// Which events are durable.
    fn durable(&self) -> Vec<bool> {
        self.recorder.recording.events.iter().map(|event| event.durable_at.is_some()).collect()
    }
}

/// A write of two bytes to a file.
fn write(file: &File, at: Option<u64>) -> Call {
    static WRITTEN: [u8; 2] = *b"xy";
    Call::Write { to: file.as_raw_fd(), bytes: Bytes::At(WRITTEN.as_ptr().addr() as u64), at }
}

fn resize(file: &File, _: Option<u64>) -> Call {
    Call::Resize { file: file.as_raw_fd(), len: 9 }
}

/// A call on a file descriptor.
type OfFile = fn(RawFd) -> Call;

fn map(file: RawFd) -> Call {
    Call::Map { file }
}

fn unrecorded(file: RawFd) -> Call {
    Call::Unrecorded { why: "it does", file: Some(file) }
}

#[test]
fn what_is_not_recorded_is_a_gap_in_files_of_the_store() {
    let rows: [(OfFile, &str, Option<&str>); 4] = [
        (map, "files/a", Some(MAPPED)),
        (map, "elsewhere", None),
        (unrecorded, "files/a", Some("it does")),
        (unrecorded, "elsewhere", None),
    ];
    for (call, name, expected) in rows {
        let mut recorded = Recorded::new();
        let file = recorded.open(name, false);
        recorded.enter(1, call(file.as_raw_fd()));
        recorded.leave(1, -1);
        assert_eq!(recorded.recorder.gap, None, "a call that fails, {name}");
        recorded.enter(1, call(file.as_raw_fd()));
        recorded.leave(1, 64);
        assert_eq!(recorded.recorder.gap, expected, "{name}");
    }
}

/// A call of a file of this name that is open for appending or not, and where it writes.
type Made = (fn(&File, Option<u64>) -> Call, &'static str, bool, Option<u64>);

#[test]
fn two_calls_at_a_time_are_a_gap_where_one_is_at_a_place_that_the_other_moves() {
    let (a, b) = ("files/a", "files/b");
    let rows: [(Made, Made, bool); 8] = [
        ((write, a, false, None), (write, a, false, None), true),
        ((write, a, false, None), (write, a, false, Some(1)), true),
        ((write, a, false, Some(1)), (write, a, false, None), true),
        ((write, a, false, Some(1)), (write, a, false, Some(2)), false),
        ((write, a, false, None), (write, b, false, None), false),
        ((write, a, true, Some(1)), (write, a, false, Some(1)), true),
        ((resize, a, false, None), (write, a, true, None), true),
        ((resize, a, false, None), (write, a, false, Some(1)), false),
    ];
    for (n, (first, second, is_gap)) in rows.into_iter().enumerate() {
        let mut recorded = Recorded::new();
        let files = [first, second].map(|(_, name, is_append, _)| recorded.open(name, is_append));
        recorded.enter(1, first.0(&files[0], first.3));
        recorded.enter(2, second.0(&files[1], second.3));
        assert_eq!(recorded.recorder.gap, is_gap.then_some(RACING), "row {n}");
    }
}

#[test]
fn a_sync_takes_along_what_was_done_before_it_began() {
    let one = |file| Call::Sync { file };
    let all = |file| Call::SyncAll { on: Some(file) };
    let rows: [(OfFile, &str, [bool; 3]); 6] = [
        (one, "files/a", [true, false, false]),
        (one, "elsewhere", [false; 3]),
        (all, "files/a", [true, true, false]),
        (all, "elsewhere", [true, true, false]),
        // On another device.
        (all, "/proc/self/stat", [false; 3]),
        (|_| Call::SyncAll { on: None }, "elsewhere", [true, true, false]),
    ];
    for (call, name, expected) in rows {
        let mut recorded = Recorded::new();
        let (a, b) = (recorded.open("files/a", false), recorded.open("files/b", false));
        for file in [&a, &b] {
            recorded.enter(1, write(file, Some(0)));
            recorded.leave(1, 2);
        }
        let synced = File::open(recorded.within.path().join(name)).unwrap();
        recorded.enter(1, call(synced.as_raw_fd()));
        recorded.leave(1, -1);
        assert_eq!(recorded.durable(), [false; 2], "a sync that fails, {name}");
        recorded.enter(1, call(synced.as_raw_fd()));
        recorded.enter(2, write(&a, Some(2)));
        recorded.leave(2, 2);
        recorded.leave(1, 0);
        assert_eq!(recorded.durable(), expected, "{name}");
    }
}

#[test]
fn what_the_process_says_is_a_moment() {
    let rows: [(&'static str, bool, usize); 4] = [
        ("opened at 3\n", true, 0),
        ("4\n", false, 1),
        ("ready\n", false, 0),
        ("closed\n", false, 0),
    ];
    for (said, has_opened, acknowledged) in rows {
        let mut recorded = Recorded::new();
        let file = recorded.open("elsewhere", true);
        let bytes = Bytes::At(said.as_ptr().addr() as u64);
        let saying = Call::Write { to: file.as_raw_fd(), bytes, at: None };
        for inode in [None, Some(memory::inode(&recorded.within.path().join("elsewhere")).unwrap())]
        {
            let recording = &recorded.recorder.recording;
            assert_eq!((recording.has_opened(1), recording.acknowledged(1)), (false, 0), "{said}");
            recorded.recorder.said = inode;
            recorded.enter(1, saying.clone());
            recorded.leave(1, said.len().try_into().unwrap());
        }
        let recording = &recorded.recorder.recording;
        let found = (recording.has_opened(1), recording.acknowledged(1));
        assert_eq!(found, (has_opened, acknowledged), "{said}");
    }
}

#[test]
fn a_file_without_a_name_is_recorded() {
    let mut recorded = Recorded::new();
    let path = recorded.within.path().join("files");
    let file = tempfile::tempfile_in(recorded.within.path()).unwrap();
    recorded.enter(1, Call::Open { path: path.join("c"), flags: libc::O_TMPFILE });
    recorded.leave(1, file.as_raw_fd());
    recorded.enter(1, write(&file, Some(0)));
    recorded.leave(1, 2);
    let events = &recorded.recorder.recording.events;
    assert!(matches!(&events[..], [Event { change: Change::Write { .. }, .. }]), "{events:?}");
}
