//! Stops a process at each of its system calls.

use std::collections::BTreeSet;
use std::io;

use nix::errno::Errno;
use nix::sys::ptrace::{self, Options};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::calls::{self, Call};
use super::memory::{self, Process};

/// Stops the process that it is attached to. The process is killed when the thread of the tracer ends.
#[derive(Debug)]
pub(super) struct Tracer {
    leader: Pid,
    pub(super) process: Process,
    /// The threads that are in a system call.
    inside: BTreeSet<Pid>,
    /// The thread that is stopped at a system call, until the next one is waited for.
    stopped: Option<Pid>,
}

/// A thread at a system call that concerns files.
#[derive(Debug)]
pub(super) enum Stop {
    /// It is about to make the call.
    Enters(Pid, Option<Call>),
    /// The call has returned this.
    Leaves(Pid, i64),
    /// The process has ended.
    Ended,
}

/// Why a process is not traced.
#[derive(Debug)]
pub(super) enum Refused {
    /// The system does not permit it.
    NotPermitted,
    Failed(io::Error),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Errno> for Refused {
    fn from(error: Errno) -> Self {
        match error {
            Errno::EPERM | Errno::EACCES | Errno::ENOSYS => Self::NotPermitted,
            error => Self::Failed(error.into()),
        }
    }
}

impl Tracer {
    /// Attaches to the threads of a process that starts no thread just now. From then on only the thread
    /// that has attached traces it.
    pub(super) fn attach(id: u32) -> Result<Self, Refused> {
        let leader = Pid::from_raw(id.cast_signed());
        let process = Process::new(id)?;
        let options = Options::PTRACE_O_TRACESYSGOOD
            | Options::PTRACE_O_TRACECLONE
            | Options::PTRACE_O_EXITKILL;
        for thread in process.threads()? {
            ptrace::seize(thread, options)?;
            ptrace::interrupt(thread)?;
        }
        Ok(Self { leader, process, inside: BTreeSet::new(), stopped: None })
    }

    /// Lets the thread that is stopped go on, and waits until one is at a system call.
    ///
    /// # Errors
    /// Any error of the system.
    pub(super) fn next(&mut self) -> io::Result<Stop> {
        if let Some(stopped) = self.stopped.take() {
            resume(stopped, None)?;
        }
        loop {
            // The processes that other threads have started are not for this one to wait for.
            let flags = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
            match waitpid(None, Some(flags))? {
                WaitStatus::PtraceSyscall(thread) => {
                    self.stopped = Some(thread);
                    return self.at(thread);
                }
                WaitStatus::PtraceEvent(thread, ..) => resume(thread, None)?,
                WaitStatus::Stopped(thread, signal) => resume(thread, Some(signal))?,
                WaitStatus::Exited(thread, _) | WaitStatus::Signaled(thread, ..) => {
                    self.inside.remove(&thread);
                    // The leader is reported last.
                    if thread == self.leader {
                        return Ok(Stop::Ended);
                    }
                }
                _ => {}
            }
        }
    }

    fn at(&mut self, thread: Pid) -> io::Result<Stop> {
        let registers = memory::registers(thread)?;
        if self.inside.remove(&thread) {
            return Ok(Stop::Leaves(thread, registers.returned));
        }
        self.inside.insert(thread);
        Ok(Stop::Enters(thread, calls::of(&self.process, &registers)?))
    }
}

/// Lets a thread go on to its next system call. One that was killed meanwhile is waited for.
fn resume(thread: Pid, signal: Option<nix::sys::signal::Signal>) -> io::Result<()> {
    match ptrace::syscall(thread, signal) {
        Err(Errno::ESRCH) | Ok(()) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
