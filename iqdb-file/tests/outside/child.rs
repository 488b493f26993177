//! Processes for tests: this program again, asked for one test, and forked children.
//!
//! What belongs to a whole process (the current directory, its user, its limits) is changed in one of
//! its own, and a process that forks runs no other test.

use std::io::{BufRead, BufReader, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Which test runs alone in this process, and as what.
const TEST: &str = "IQDB_TEST_ALONE";
const ROLE: &str = "IQDB_TEST_ROLE";
const PLACE: &str = "IQDB_TEST_PLACE";

/// What a process prints when its part is done, and when it waits to be told to end.
const DONE: &str = "this part is done";
const READY: &str = "ready until told otherwise";

/// How long a forked child may take, in seconds, before the system ends it.
const SECONDS: u32 = 20;

/// The name of the test that it is in.
macro_rules! this_test {
    () => {{
        fn here() {}
        $crate::child::name_of(std::any::type_name_of_val(&here))
    }};
}
pub(crate) use this_test;

pub(crate) fn name_of(path: &'static str) -> &'static str {
    let name = path.trim_end_matches("::here").trim_end_matches("::{{closure}}");
    name.split_once("::").unwrap().1
}

fn is_asked_for(test: &str, role: &str) -> bool {
    let is = |variable, value: &str| std::env::var(variable).is_ok_and(|found| found == value);
    is(TEST, test) && is(ROLE, role)
}

/// This program, asked for one test.
pub(crate) fn command(test: &str, role: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]);
    command.env(TEST, test).env(ROLE, role);
    command
}

/// Does `part` in a process of its own, which must do it well.
pub(crate) fn alone(test: &str, part: impl FnOnce()) {
    alone_as(test, command(test, "alone"), part);
}

/// The same, in a process that `command` starts: [`command`] with the role "alone", or what runs it.
pub(crate) fn alone_as(test: &str, mut command: Command, part: impl FnOnce()) {
    if is_asked_for(test, "alone") {
        part();
        eprintln!("{DONE}");
        return;
    }
    let output = command.output().unwrap();
    let said = [&output.stdout[..], &output.stderr[..]].map(String::from_utf8_lossy).concat();
    let is_well = output.status.success() && said.contains(DONE) && !said.contains("panicked");
    assert!(is_well, "{}, and it said:\n{said}", output.status);
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
}

/// The place of the role that this process was started for, if it is this one.
pub(crate) fn plays(test: &str, role: &str) -> Option<PathBuf> {
    is_asked_for(test, role).then(|| std::env::var_os(PLACE).unwrap().into())
}

/// Says that this process is ready, and waits until it is told to end.
pub(crate) fn wait_until_told() {
    let mut stdout = std::io::stdout();
    writeln!(stdout, "\n{READY}").unwrap();
    let told = std::io::stdin().read_to_end(&mut Vec::new());
    assert_eq!(told.unwrap(), 0);
}

/// A process that plays a role until it is told to end.
pub(crate) struct Player {
    process: Child,
    stdin: Option<ChildStdin>,
    /// Open, so that it can go on printing.
    _stdout: BufReader<ChildStdout>,
}

impl Player {
    /// Returns when the process is ready.
    pub(crate) fn start(test: &str, role: &str, place: &Path) -> Self {
        let mut command = command(test, role);
        command.env(PLACE, place).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let stdin = process.stdin.take();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let is_ready = stdout.by_ref().lines().any(|line| line.unwrap() == READY);
        assert!(is_ready, "it has ended before it was ready");
        Self { process, stdin, _stdout: stdout }
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Tells it, and its forked children, to end.
    pub(crate) fn tell(&mut self) {
        self.stdin = None;
    }

    /// Returns when it has ended.
    pub(crate) fn wait(&mut self) {
        self.process.wait().unwrap();
    }

    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.wait();
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.tell();
        // It may have ended.
        let _ = self.process.wait();
    }
}

/// A forked child of this process.
pub(crate) struct Forked(libc::pid_t);

impl Forked {
    /// Does `part` in a child, which ends then without ending anything else of this process.
    pub(crate) fn start(part: impl FnOnce()) -> Self {
        // SAFETY: the test has this process for itself. The C library holds the allocator's locks
        // while it forks, and the child takes no other lock that a thread may have had: it prints
        // only when it fails.
        #[allow(unsafe_code)]
        match unsafe { libc::fork() } {
            -1 => panic!("no fork: {}", std::io::Error::last_os_error()),
            0 => end_after(part),
            child => Self(child),
        }
    }

    /// The same by the system call alone.
    #[cfg(target_os = "linux")]
    pub(crate) fn start_past_the_library(part: impl FnOnce()) -> Self {
        // SAFETY: as in `start`, but that the library holds no locks: no other thread is there that
        // could have one. Without a stack, and without sharing memory, the call is a fork.
        #[allow(unsafe_code)]
        match unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) } {
            -1 => panic!("no fork: {}", std::io::Error::last_os_error()),
            0 => end_after(part),
            child => Self(child.try_into().unwrap()),
        }
    }

    /// Returns when the child has ended, and it must have ended well: not by a panic, nor by the
    /// alarm.
    pub(crate) fn wait(self) {
        let mut status = 0;
        // SAFETY: it is a child of this process that was not waited for, and the status is a
        // number that lives.
        #[allow(unsafe_code)]
        let ended = unsafe { libc::waitpid(self.0, &raw mut status, 0) };
        assert_eq!(ended, self.0, "{}", std::io::Error::last_os_error());
        assert!(!libc::WIFSIGNALED(status), "ended by signal {}", libc::WTERMSIG(status));
        assert_eq!(libc::WEXITSTATUS(status), 0, "the child says that it went wrong");
    }
}

fn end_after(part: impl FnOnce()) -> ! {
    // SAFETY: it asks for a signal, which ends the process.
    #[allow(unsafe_code)]
    unsafe {
        libc::alarm(SECONDS);
    }
    let went = catch_unwind(AssertUnwindSafe(part));
    end(i32::from(went.is_err()))
}

/// Ends this process at once: nothing is dropped, nothing is flushed.
pub(crate) fn end(status: i32) -> ! {
    // SAFETY: it does not return, and needs nothing.
    #[allow(unsafe_code)]
    unsafe {
        libc::_exit(status)
    }
}
