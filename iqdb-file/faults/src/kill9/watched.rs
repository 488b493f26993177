//! A process that is watched: what it says is heard, line by line, until it is killed.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use crate::Result;

/// What the lines of a process come to.
pub(super) trait Hears: Clone + Default + Send + 'static {
    /// Takes in a line.
    fn hear(&mut self, line: &str) -> Result<()>;
}

/// A process, and the thread that listens to it.
pub(super) struct Watched<H> {
    process: Child,
    listener: JoinHandle<Result<()>>,
    heard: Arc<Mutex<H>>,
    begun: Receiver<()>,
}

impl<H: Hears> Watched<H> {
    pub(super) fn start(command: &mut Command) -> Result<Self> {
        // What it says when the disk fails under it is no news.
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().map_err(failed)?;
        let output = process.stdout.take().ok_or("a process to be killed has no output")?;
        let heard = Arc::new(Mutex::new(H::default()));
        let (begin, begun) = mpsc::channel();
        let listens = {
            let heard = Arc::clone(&heard);
            move || {
                for line in BufReader::new(output).lines().map_while(std::io::Result::ok) {
                    heard.lock().unwrap_or_else(PoisonError::into_inner).hear(&line)?;
                    // The thread that waits hears the first word only.
                    let _ = begin.send(());
                }
                Ok(())
            }
        };
        Ok(Self { process, listener: thread::spawn(listens), heard, begun })
    }

    /// Returns when it has said something, or has ended.
    pub(super) fn wait_for_a_word(&self) {
        let _ = self.begun.recv();
    }

    /// What it has said so far.
    #[cfg(target_os = "linux")]
    pub(super) fn heard(&self) -> H {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Kills it; what it had said, and how it ended: it may have done so before.
    pub(super) fn kill(mut self) -> Result<(H, ExitStatus)> {
        self.process.kill().map_err(failed)?;
        let status = self.process.wait().map_err(failed)?;
        let heard = Arc::clone(&self.heard);
        self.listener.join().map_err(|_| "a thread that listens panicked".to_owned())??;
        let heard = heard.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok((heard, status))
    }
}

/// A command of this program.
pub(super) fn command(name: &str) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe().map_err(failed)?);
    command.arg(name);
    Ok(command)
}

fn failed(error: impl std::fmt::Display) -> String {
    format!("a process to be killed: {error}")
}
