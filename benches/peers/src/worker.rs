//! A worker process: one engine that loads a set once and then obeys commands.
//!
//! It measures with its own clock around the engine's call and never compares anything.

mod beside_writer;
mod data;
mod ingest;
mod ours;
mod roof;
mod rows;
mod upstream;

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::ops::Range;
use std::path::Path;
use std::time::Instant;

use clap::ValueEnum;

use self::data::Data;
pub(crate) use self::ours::create_files;
use crate::Result;
use crate::protocol::{Answer, Command, Permille, Search};

/// The engines that are written in Rust, and the machine itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// iqdb as it is here.
    Iqdb,
    /// The same with the plain scan.
    IqdbF32,
    /// The same in files.
    IqdbFile,
    /// The published iqdb 1.0.0.
    Upstream,
    /// A loop over rows with simsimd.
    Simsimd,
    /// What memory and registers can do at most.
    Roof,
}

/// What an engine says of itself.
type Facts = BTreeMap<String, String>;

/// An engine with a set in it.
trait Engine {
    /// Makes the next calls of `ask` look only at rows within `filter`.
    fn filter(&mut self, filter: Option<Permille>) -> Result<()>;

    /// Answers these queries in one call of the engine, or in a loop where it has no such call.
    fn ask(&mut self, queries: Range<usize>, k: usize, threads: usize) -> Result<()>;

    /// The row numbers that the last call of `ask` found.
    fn found(&self) -> Vec<Vec<u64>>;
}

/// Obeys until the orchestrator hangs up.
pub(crate) fn serve(kind: Kind, backend: Option<&str>, dir: Option<&Path>) -> Result<()> {
    let mut worker =
        Worker { kind, backend, dir, engine: None, db: None, roof: roof::Roof::default() };
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|error| format!("no command could be read: {error}"))?;
        let command: Command = serde_json::from_str(&line)
            .map_err(|error| format!("`{line}` is no command: {error}"))?;
        let answer = worker.obey(&command).unwrap_or_else(Answer::failed);
        let answer = serde_json::to_string(&answer).map_err(|error| error.to_string())?;
        let mut out = std::io::stdout().lock();
        writeln!(out, "{answer}").and_then(|()| out.flush()).map_err(|error| error.to_string())?;
    }
    Ok(())
}

struct Worker<'a> {
    kind: Kind,
    backend: Option<&'a str>,
    /// Where files go.
    dir: Option<&'a Path>,
    engine: Option<Box<dyn Engine>>,
    /// The same database as in `engine`, where there is one that can be written to.
    db: Option<Box<dyn beside_writer::Shared>>,
    roof: roof::Roof,
}

impl Worker<'_> {
    fn obey(&mut self, command: &Command) -> Result<Answer> {
        match command {
            Command::Load { files, metric } => {
                let data = Data::read(files, *metric)?;
                let facts = match self.kind {
                    Kind::Iqdb | Kind::IqdbF32 => {
                        let plan = match self.kind {
                            Kind::IqdbF32 => ::ours::Plan::F32,
                            _ => ::ours::Plan::Auto,
                        };
                        let (engine, facts) = ours::load(&data, self.backend, plan)?;
                        self.db = Some(Box::new(engine.shared()));
                        self.engine = Some(Box::new(engine));
                        facts
                    }
                    Kind::IqdbFile => {
                        let dir = self.dir.ok_or("no directory is given")?;
                        let (engine, facts) = ours::load_files(&data, dir)?;
                        self.db = Some(Box::new(engine.shared()));
                        self.engine = Some(Box::new(engine));
                        facts
                    }
                    Kind::Upstream => {
                        let (engine, facts) = upstream::load(&data)?;
                        self.db = Some(Box::new(engine.shared()));
                        self.engine = Some(Box::new(engine));
                        facts
                    }
                    Kind::Simsimd => {
                        let (engine, facts) = rows::load(data)?;
                        self.engine = Some(Box::new(engine));
                        facts
                    }
                    Kind::Roof => return Err("the roof loads nothing".into()),
                };
                Ok(Answer { facts, ..Answer::default() })
            }
            Command::Search(ask) => match &mut self.engine {
                Some(engine) => search(&mut **engine, ask),
                None => Err("nothing is loaded".into()),
            },
            Command::BesideWriter(ask) => match &self.db {
                Some(db) => beside_writer::run(&**db, ask),
                None => Err("this engine has no writer, or nothing is loaded".into()),
            },
            Command::Ingest { base, rows, batch } => match self.kind {
                Kind::Iqdb | Kind::IqdbF32 => ingest::ours(base, *rows, *batch, self.backend),
                Kind::Upstream => ingest::upstream(base, *rows, *batch),
                Kind::IqdbFile => Err("this is measured by `bench durable`".into()),
                Kind::Simsimd | Kind::Roof => Err("this engine stores nothing".into()),
            },
            Command::Open { id } => match (self.kind, self.dir) {
                (Kind::IqdbFile, Some(dir)) => ours::open_files(dir, *id),
                _ => Err("this engine opens nothing".into()),
            },
            Command::Read { bytes, threads } => self.roof.read(*bytes, *threads),
            Command::Fma { threads } => Ok(roof::fma(*threads)),
            Command::Copy { bytes } => self.roof.copy(*bytes),
        }
    }
}

/// Times each call, with or without what it takes to build the filter.
fn search(engine: &mut dyn Engine, ask: &Search) -> Result<Answer> {
    let mut answer = Answer::default();
    let per_call = if ask.batch { (ask.to - ask.from).max(1) } else { 1 };
    for (call, from) in (ask.from..ask.to).step_by(per_call).enumerate() {
        let filter = ask.filters.get(call).or(ask.filters.last()).copied();
        if ask.prepared {
            engine.filter(filter)?;
        }
        let started = Instant::now();
        if !ask.prepared {
            engine.filter(filter)?;
        }
        engine.ask(from..from + per_call, ask.k, ask.threads)?;
        answer.ns.push(nanoseconds(started));
        if ask.ids {
            answer.ids.extend(engine.found());
        }
    }
    Ok(answer)
}

fn nanoseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX)
}
