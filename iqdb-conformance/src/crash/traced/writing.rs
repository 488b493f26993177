//! A process that writes, as the one sees it that has started it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use iqdb_core::Result;
use nix::errno::Errno;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::untried::Untried;
use crate::crash::child::{OPENED, VARIABLE, Work, failed};
use crate::{Harness, processes};

/// The sizes of the batches that are written: one change, several, and more bytes than a page.
pub(super) const SIZES: [usize; 7] = [3, 1, 20, 2, 60, 1, 8];

/// How long a process may take until it is ready.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// A process that is about to open its store, and waits. It is killed and waited for when this is
/// dropped. Only the thread that has started it waits for it, so this stays on that thread.
#[derive(Debug)]
pub(super) struct Writing {
    process: Child,
    has_ended: bool,
    work: Work,
    // Removed when all else is gone.
    _within: TempDir,
}

impl Writing {
    /// Starts the process of a case with the script of these sizes. `lay_out` makes the directory that
    /// the store is in.
    ///
    /// # Errors
    /// [`Io`](iqdb_core::ErrorKind::Io) where the system refuses a process or a file.
    ///
    /// # Panics
    /// Those of [`start_as`](Self::start_as).
    pub(super) fn start(
        harness: &Harness,
        case: &str,
        sizes: &[usize],
        lay_out: impl FnOnce(&Path) -> io::Result<()>,
    ) -> Result<Self> {
        let command = harness.process_of(case).expect("the case has asked for one");
        let sizes: Vec<String> = sizes.iter().map(usize::to_string).collect();
        Self::start_as(command, &sizes.join(","), lay_out)
    }

    /// Starts a process that is told what to write.
    ///
    /// # Errors
    /// [`Io`](iqdb_core::ErrorKind::Io) where the system refuses a process or a file.
    ///
    /// # Panics
    /// When the process ends, or takes too long, before it is ready. The message has what it wrote to its
    /// standard error.
    pub(super) fn start_as(
        mut command: Command,
        told: &str,
        lay_out: impl FnOnce(&Path) -> io::Result<()>,
    ) -> Result<Self> {
        let within = tempfile::tempdir().map_err(|error| failed("have a directory", error))?;
        let work = Work::new(within.path());
        lay_out(&work.files()).map_err(|error| failed("have files", error))?;
        let stderr = File::create(work.stderr()).map_err(|error| failed("have a file", error))?;
        command
            .env(VARIABLE, format!("{told}:{}", within.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(stderr);
        let process =
            processes::start(&mut command).map_err(|error| failed("be started", error))?;
        let mut writing = Self { process, has_ended: false, work, _within: within };
        writing.wait_until_it_is_ready();
        Ok(writing)
    }

    fn wait_until_it_is_ready(&mut self) {
        let since = Instant::now();
        while self.lines().is_empty() {
            self.has_ended = self.process.try_wait().is_ok_and(|status| status.is_some());
            if self.has_ended && self.lines().is_empty() || since.elapsed() > READY_WITHIN {
                let found = if self.has_ended { "it has ended" } else { "it takes too long" };
                panic!(
                    "expected a process that opens a store, found that {found}: {}",
                    self.complaint()
                );
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn lines(&self) -> Vec<String> {
        let text = fs::read_to_string(self.work.said()).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// How many batches it has said to be acknowledged.
    pub(super) fn acknowledged(&self) -> usize {
        self.lines().iter().filter(|line| line.parse::<u64>().is_ok()).count()
    }

    /// The version that it has said to have opened the store at.
    pub(super) fn opened_at(&self) -> Option<usize> {
        self.lines().iter().find_map(|line| line.strip_prefix(OPENED)?.parse().ok())
    }

    /// Checks that it has written everything.
    ///
    /// # Panics
    /// When it has ended before that. The message has what it wrote to its standard error.
    pub(super) fn check_ended(&self, batches: usize) {
        let acknowledged = self.acknowledged();
        assert_eq!(acknowledged, batches, "batches of a process: {}", self.complaint());
    }

    /// What the process wrote to its standard error.
    fn complaint(&self) -> String {
        fs::read_to_string(self.work.stderr()).unwrap_or_default()
    }

    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }

    fn leader(&self) -> Pid {
        Pid::from_raw(self.id().cast_signed())
    }

    pub(super) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// The directory in which nothing but the store is.
    pub(super) fn files(&self) -> PathBuf {
        self.work.files()
    }

    pub(super) fn store(&self) -> PathBuf {
        self.work.store()
    }

    pub(super) fn said(&self) -> PathBuf {
        self.work.said()
    }

    /// Lets the process open the store and write.
    ///
    /// # Errors
    /// Any error of the system.
    pub(super) fn begin(&mut self) -> Result<(), Untried> {
        let stdin = self.process.stdin.as_mut().expect("its standard input is a pipe");
        Ok(stdin.write_all(b"begin\n")?)
    }

    /// Waits for whatever one of its threads does next.
    ///
    /// # Errors
    /// Any error of the system.
    pub(super) fn wait(&mut self) -> nix::Result<WaitStatus> {
        // The processes that other threads have started are not for this one to wait for.
        let flags = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
        loop {
            match waitpid(None, Some(flags)) {
                Err(Errno::EINTR) => {}
                found => {
                    // The leader is reported last.
                    if let Ok(WaitStatus::Exited(thread, _) | WaitStatus::Signaled(thread, ..)) =
                        found
                    {
                        self.has_ended |= thread == self.leader();
                    }
                    return found;
                }
            }
        }
    }

    /// Kills the process, if it hasn't ended, and waits until all of its threads are gone.
    pub(super) fn kill(&mut self) {
        if !self.has_ended {
            // The process is there until it is waited for, so its number is its own.
            let _ = self.process.kill();
        }
        while !self.has_ended {
            self.has_ended |= self.wait() == Err(Errno::ECHILD);
        }
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.kill();
    }
}
