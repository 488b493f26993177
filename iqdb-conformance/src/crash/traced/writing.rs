//! A process that writes, as the one sees it that has started it.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use iqdb_core::Result;
use tempfile::TempDir;

use crate::crash::child::{VARIABLE, Work, failed};

/// How long a process may take until it has opened its store.
const OPENS_WITHIN: Duration = Duration::from_secs(60);

/// A process that has opened its store and waits. It is killed when this is dropped.
#[derive(Debug)]
pub(super) struct Writing {
    process: Child,
    work: Work,
    // Removed when all else is gone.
    _within: TempDir,
}

impl Writing {
    /// Starts the process with the script of these sizes.
    ///
    /// # Errors
    /// [`Io`](iqdb_core::ErrorKind::Io) where the system refuses a process or a file.
    ///
    /// # Panics
    /// When the process ends, or takes too long, before it has opened its store. The message has what it
    /// wrote to its standard error.
    pub(super) fn start(mut command: Command, sizes: &[usize]) -> Result<Self> {
        let within = tempfile::tempdir().map_err(|error| failed("have a directory", error))?;
        let work = Work::new(within.path());
        fs::create_dir(work.files()).map_err(|error| failed("have a directory", error))?;
        let stderr = File::create(work.stderr()).map_err(|error| failed("have a file", error))?;
        let sizes: Vec<String> = sizes.iter().map(usize::to_string).collect();
        let process = command
            .env(VARIABLE, format!("{}:{}", sizes.join(","), within.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn()
            .map_err(|error| failed("be started", error))?;
        let mut writing = Self { process, work, _within: within };
        writing.wait_until_it_has_opened();
        Ok(writing)
    }

    fn wait_until_it_has_opened(&mut self) {
        let since = Instant::now();
        while self.lines().is_empty() {
            let ended = self.process.try_wait().is_ok_and(|status| status.is_some());
            if ended && self.lines().is_empty() || since.elapsed() > OPENS_WITHIN {
                let found = if ended { "that it has ended" } else { "that it takes too long" };
                let complaint = self.complaint();
                panic!("expected a process that opens a store, found {found}: {complaint}");
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

    /// What the process wrote to its standard error.
    pub(super) fn complaint(&self) -> String {
        fs::read_to_string(self.work.stderr()).unwrap_or_default()
    }

    pub(super) fn id(&self) -> u32 {
        self.process.id()
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

    /// Lets the process write.
    ///
    /// # Errors
    /// [`Io`](iqdb_core::ErrorKind::Io) where it is gone.
    pub(super) fn begin(&mut self) -> Result<()> {
        let stdin = self.process.stdin.as_mut().expect("its standard input is a pipe");
        stdin.write_all(b"begin\n").map_err(|error| failed("be told to begin", error))
    }

    /// Kills the process. One that is gone already is no error.
    pub(super) fn kill(&mut self) {
        let _ = self.process.kill();
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.kill();
        // A tracer may have waited for it already.
        let _ = self.process.wait();
    }
}
