//! A worker process seen from outside: it is started, asked and ended.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command as Process, Stdio};

use serde::Serialize;

use crate::Result;
use crate::protocol::Answer;

/// Settings of the caller's shell that would decide over an engine's threads or kernels.
const UNSET: [&str; 5] = [
    "OPENBLAS_CORETYPE",
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OMP_WAIT_POLICY",
    "RAYON_NUM_THREADS",
];

/// A running worker. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Worker {
    name: String,
    child: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Worker {
    /// Starts `program` with these arguments and environment variables.
    pub(crate) fn start(
        name: &str,
        program: &Path,
        args: &[String],
        envs: &[(&str, &str)],
    ) -> Result<Self> {
        let failed =
            |e: std::io::Error| format!("{name}: {} can't be started: {e}", program.display());
        let mut process = Process::new(program);
        for name in UNSET {
            process.env_remove(name);
        }
        let mut child = process
            .args(args)
            .envs(envs.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let (commands, answers) = (child.stdin.take(), child.stdout.take());
        let answers = BufReader::new(answers.ok_or("a child without standard output")?);
        Ok(Self { name: name.to_owned(), child, commands, answers })
    }

    /// Sends the command and waits for its answer.
    pub(crate) fn ask(&mut self, command: &impl Serialize) -> Result<Answer> {
        let name = &self.name;
        let line = serde_json::to_string(command).map_err(|error| format!("{name}: {error}"))?;
        let commands = self.commands.as_mut().ok_or_else(|| format!("{name} has ended"))?;
        let sent = writeln!(commands, "{line}").and_then(|()| commands.flush());
        let mut answer = String::new();
        let read = sent.and_then(|()| self.answers.read_line(&mut answer));
        if !read.is_ok_and(|bytes| bytes > 0) {
            let status = self.child.wait().map_or("for a reason unknown".into(), |s| s.to_string());
            return Err(format!("{name} ended on `{line}`: {status}; it may have said why above"));
        }
        let answer: Answer = serde_json::from_str(&answer)
            .map_err(|error| format!("{name} answered `{}`: {error}", answer.trim_end()))?;
        match answer.error {
            Some(error) => Err(format!("{name}: {error}")),
            None => Ok(answer),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It has nothing to lose, and may be in the middle of a long answer.
        drop(self.commands.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
