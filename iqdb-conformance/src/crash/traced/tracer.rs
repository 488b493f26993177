//! Stops a process at each of its system calls.

use std::collections::BTreeSet;
use std::mem;

use nix::errno::Errno;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::Signal;
use nix::sys::wait::WaitStatus;
use nix::unistd::Pid;

use super::calls::{self, Call};
use super::memory::{self, Process};
use super::untried::Untried;
use super::writing::Writing;

/// A process whose threads stop at system calls. It is killed when this is dropped.
#[derive(Debug)]
pub(super) struct Tracer {
    pub(super) writing: Writing,
    pub(super) process: Process,
    /// The threads that are in a system call.
    inside: BTreeSet<Pid>,
    /// The threads that are stopped until the next stop is waited for.
    stopped: Vec<Pid>,
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

impl Tracer {
    /// Attaches to all threads of a process that is ready, stops them, and lets the process begin.
    ///
    /// # Errors
    /// [`Because`](Untried::Because) where the system doesn't permit it; any other error of the system.
    pub(super) fn attach(writing: Writing) -> Result<Self, Untried> {
        let process = Process::new(writing.id()).map_err(Untried::of_tracing)?;
        let mut tracer = Self { writing, process, inside: BTreeSet::new(), stopped: Vec::new() };
        let mut awaited = tracer.seize()?;
        while !awaited.is_empty() {
            match tracer.writing.wait()? {
                WaitStatus::PtraceEvent(thread, ..) => {
                    awaited.remove(&thread);
                    tracer.stopped.push(thread);
                }
                WaitStatus::Stopped(thread, signal) => resume(thread, Some(signal))?,
                WaitStatus::Exited(thread, _) | WaitStatus::Signaled(thread, ..) => {
                    awaited.remove(&thread);
                }
                _ => {}
            }
        }
        tracer.writing.begin()?;
        Ok(tracer)
    }

    /// Seizes all threads, those too that are started meanwhile. Each is about to stop.
    fn seize(&self) -> Result<BTreeSet<Pid>, Untried> {
        let options = Options::PTRACE_O_TRACESYSGOOD
            | Options::PTRACE_O_TRACECLONE
            | Options::PTRACE_O_EXITKILL;
        let mut seized = BTreeSet::new();
        loop {
            let before = seized.len();
            for thread in self.process.threads()? {
                if seized.contains(&thread) {
                    continue;
                }
                match ptrace::seize(thread, options) {
                    Ok(()) => ptrace::interrupt(thread).or_else(gone)?,
                    // It was started by a thread that had been seized, and so it is seized, too.
                    Err(Errno::EPERM) if !seized.is_empty() => {}
                    Err(Errno::ESRCH) => continue,
                    Err(error) => return Err(Untried::of_tracing(error)),
                }
                seized.insert(thread);
            }
            if seized.len() == before {
                return Ok(seized);
            }
        }
    }

    /// Lets the threads that are stopped go on, and waits until one is at a system call.
    ///
    /// # Errors
    /// Any error of the system.
    pub(super) fn next(&mut self) -> Result<Stop, Untried> {
        for thread in mem::take(&mut self.stopped) {
            resume(thread, None)?;
        }
        loop {
            match self.writing.wait()? {
                WaitStatus::PtraceSyscall(thread) => {
                    if let Some(stop) = self.at(thread)? {
                        self.stopped.push(thread);
                        return Ok(stop);
                    }
                }
                WaitStatus::PtraceEvent(thread, ..) => resume(thread, None)?,
                WaitStatus::Stopped(thread, signal) => resume(thread, Some(signal))?,
                WaitStatus::Exited(thread, _) | WaitStatus::Signaled(thread, ..) => {
                    self.inside.remove(&thread);
                    if self.writing.has_ended() {
                        return Ok(Stop::Ended);
                    }
                }
                _ => {}
            }
        }
    }

    /// Where a thread is; `None` if it is being killed.
    fn at(&mut self, thread: Pid) -> Result<Option<Stop>, Untried> {
        let registers = match memory::registers(thread) {
            Err(Errno::ESRCH) => return Ok(None),
            registers => registers?,
        };
        Ok(Some(if self.inside.remove(&thread) {
            Stop::Leaves(thread, registers.returned)
        } else {
            self.inside.insert(thread);
            Stop::Enters(thread, calls::of(&self.process, &registers))
        }))
    }
}

/// Lets a thread go on to its next system call.
fn resume(thread: Pid, signal: Option<Signal>) -> nix::Result<()> {
    ptrace::syscall(thread, signal).or_else(gone)
}

/// A thread that was killed meanwhile is waited for like any other.
fn gone(error: Errno) -> nix::Result<()> {
    if error == Errno::ESRCH { Ok(()) } else { Err(error) }
}
