//! Which engines take part, and how each is started.

use std::path::PathBuf;

use crate::Result;
use crate::machine::Machine;
use crate::process::Worker;
use crate::protocol::{Command, Search};
use crate::record::Speed;
use crate::sets::Set;

/// The engine that all others are compared with.
pub(crate) const IQDB: &str = "iqdb";

/// The same with the plain scan over the `f32` rows.
pub(crate) const IQDB_F32: &str = "iqdb f32";

/// The same in files; measured by `bench durable` only.
pub(crate) const IQDB_FILE: &str = "iqdb file";

/// Where the parts that aren't compiled in are found.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    /// The interpreter of the virtual environment.
    pub(crate) python: PathBuf,
    /// The Python part.
    pub(crate) script: PathBuf,
    /// What iqdb keeps its records in; its default unless given.
    pub(crate) backend: Option<String>,
    /// Where files go, for the engines that write any.
    pub(crate) dir: Option<PathBuf>,
}

/// An engine, before it is started.
#[derive(Debug, Clone, Copy)]
struct Kind {
    name: &'static str,
    program: Program,
    /// Whether it answers a batch faster than its queries one by one.
    batches: bool,
    filters: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Program {
    /// This executable, with the name of a worker.
    Rust(&'static str),
    /// The Python part, with the name of an engine and whether it computes with `OpenBLAS`.
    Python(&'static str, bool),
}

const KINDS: [Kind; 8] = [
    Kind { name: IQDB, program: Program::Rust("iqdb"), batches: true, filters: true },
    Kind { name: IQDB_F32, program: Program::Rust("iqdb-f32"), batches: true, filters: true },
    Kind { name: IQDB_FILE, program: Program::Rust("iqdb-file"), batches: true, filters: true },
    Kind { name: "upstream", program: Program::Rust("upstream"), batches: false, filters: true },
    Kind { name: "simsimd", program: Program::Rust("simsimd"), batches: false, filters: false },
    Kind { name: "numpy", program: Program::Python("numpy", true), batches: true, filters: false },
    Kind { name: "faiss", program: Program::Python("faiss", true), batches: true, filters: true },
    Kind {
        name: "usearch",
        program: Program::Python("usearch", false),
        batches: false,
        filters: false,
    },
];

/// What `OpenBLAS` is told about the processor: nothing, so that it looks itself, or that it is one
/// with AVX-512, since its own detection may not know a newer one.
const CORE_TYPES: [Option<&str>; 2] = [None, Some("SkylakeX")];

/// An engine with a set in it.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) name: &'static str,
    pub(crate) core_type: Option<String>,
    pub(crate) batches: bool,
    pub(crate) filters: bool,
    pub(crate) facts: std::collections::BTreeMap<String, String>,
    pub(crate) worker: Worker,
}

impl Engine {
    /// The name that a record's facts are found under.
    pub(crate) fn key(&self) -> String {
        match &self.core_type {
            Some(core_type) => format!("{} ({core_type})", self.name),
            None => self.name.to_owned(),
        }
    }

    /// The times of the calls, and the rows found where they were asked for.
    pub(crate) fn search(&mut self, ask: Search) -> Result<(Vec<u64>, Vec<Vec<u64>>)> {
        let asked = ask.to - ask.from;
        let expected = if ask.batch { 1 } else { asked };
        let ids = ask.ids;
        let answer = self.worker.ask(&Command::Search(ask))?;
        if answer.ns.len() != expected || (ids && answer.ids.len() != asked) {
            return Err(format!("{}: an answer of another length than the question", self.name));
        }
        Ok((answer.ns, answer.ids))
    }

    /// An empty row of a record.
    pub(crate) fn speed(&self) -> Speed {
        Speed {
            engine: self.name.to_owned(),
            core_type: self.core_type.clone(),
            queries: 0,
            rounds: 0,
            queries_per_s: f64::NAN,
            p50_ms: f64::NAN,
            rate: f64::NAN,
            roof_percent: f64::NAN,
            recall: f64::NAN,
            per_round_queries_per_s: Vec::new(),
        }
    }
}

/// Starts every engine with the set in it, without payloads; or those that can filter, with them.
/// One that uses `OpenBLAS` comes once per core type that differs.
pub(crate) fn start_all(
    places: &Places,
    machine: &Machine,
    set: &Set,
    to_filter: bool,
) -> Result<Vec<Engine>> {
    let mut engines: Vec<Engine> = Vec::new();
    for kind in KINDS.iter().filter(|kind| kind.filters || !to_filter) {
        if kind.name == IQDB_FILE {
            continue;
        }
        if set.is_large && ![IQDB, IQDB_F32, "faiss"].contains(&kind.name) {
            continue;
        }
        let computes_with_openblas = matches!(kind.program, Program::Python(_, true));
        for core_type in CORE_TYPES {
            if core_type.is_some() && !(computes_with_openblas && machine.has("avx512f")) {
                continue;
            }
            let engine = start_and_load(*kind, places, set, core_type, to_filter)?;
            let is_known = |other: &&Engine| other.key() == engine.key();
            if engines.iter().find(is_known).is_none() {
                engines.push(engine);
            }
        }
    }
    Ok(engines)
}

/// Starts these engines with the set in them, without payloads.
pub(crate) fn start_these(names: &[&str], places: &Places, set: &Set) -> Result<Vec<Engine>> {
    let wanted = KINDS.iter().filter(|kind| names.contains(&kind.name));
    wanted.map(|kind| start_and_load(*kind, places, set, None, false)).collect()
}

fn start_and_load(
    kind: Kind,
    places: &Places,
    set: &Set,
    core_type: Option<&str>,
    to_filter: bool,
) -> Result<Engine> {
    eprint!("loading {} into {} …", set.facts.set, kind.name);
    let mut worker = start(kind.name, kind.program, places, core_type)?;
    let files = if to_filter { set.files.clone() } else { set.bare_files() };
    let load = Command::Load { files, metric: set.facts.metric };
    let started = std::time::Instant::now();
    let facts = worker.ask(&load)?.facts;
    eprintln!(" {:.1} s", started.elapsed().as_secs_f64());
    Ok(Engine {
        name: kind.name,
        core_type: facts.get("core_type").cloned(),
        batches: kind.batches,
        filters: kind.filters,
        facts,
        worker,
    })
}

/// A Rust worker without a set.
pub(crate) fn start_bare(name: &str, places: &Places) -> Result<Worker> {
    let program = match KINDS.iter().find(|kind| kind.name == name) {
        Some(kind) => kind.program,
        None => Program::Rust("roof"),
    };
    start(name, program, places, None)
}

fn start(name: &str, program: Program, places: &Places, core_type: Option<&str>) -> Result<Worker> {
    let envs: Vec<(&str, &str)> =
        core_type.map(|core_type| ("OPENBLAS_CORETYPE", core_type)).into_iter().collect();
    match program {
        Program::Rust(worker) => {
            let this = std::env::current_exe().map_err(|e| format!("where am I? {e}"))?;
            let mut args = vec!["worker".to_owned(), worker.to_owned()];
            if let Some(backend) =
                places.backend.as_ref().filter(|_| [IQDB, IQDB_F32].contains(&name))
            {
                args.extend(["--backend".to_owned(), backend.clone()]);
            }
            if let Some(dir) = &places.dir {
                args.extend(["--dir".to_owned(), dir.display().to_string()]);
            }
            Worker::start(name, &this, &args, &envs)
        }
        Program::Python(engine, _) => {
            let args = [places.script.display().to_string(), engine.to_owned()];
            Worker::start(name, &places.python, &args, &envs)
        }
    }
}
