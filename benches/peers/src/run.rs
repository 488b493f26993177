//! A whole run: set by set, suite by suite, and the record at the end.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::engines::{self, Engine, Places, start_bare};
use crate::machine::{self, Machine};
use crate::protocol::Writer;
use crate::record::{Record, Settings};
use crate::sets::{Name, SEED, Set};
use crate::suite::{Bench, Suite, batch, beside_writer, filter, ingest, single};
use crate::{Result, plot, record, table};

/// What to measure, and where everything is.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The folder with the sets of real vectors.
    #[arg(long)]
    data: PathBuf,
    /// Only these sets.
    #[arg(long, value_delimiter = ',', default_values = ["wordnet384", "cifar784", "generated768", "generated128", "grown384"])]
    sets: Vec<Name>,
    /// Only these suites.
    #[arg(long, value_delimiter = ',', default_values = ["single", "batch", "filter", "beside-writer", "ingest"])]
    suite: Vec<Suite>,
    /// Less data and less time, to see that everything works.
    #[arg(long)]
    quick: bool,
    /// Rounds after the first, which isn't counted; 5, or 2 when quick.
    #[arg(long)]
    rounds: Option<usize>,
    /// What iqdb keeps its records in; its default unless given.
    #[arg(long)]
    backend: Option<String>,
    /// The interpreter of an environment with python/requirements.txt.
    #[arg(long)]
    python: PathBuf,
    /// The Python part.
    #[arg(long)]
    script: PathBuf,
    /// Where what is generated is kept.
    #[arg(long)]
    made: PathBuf,
    /// Where the record goes.
    #[arg(long)]
    out: PathBuf,
    /// The commit that is measured.
    #[arg(long, default_value = "unknown")]
    commit: String,
}

/// How many nearest rows are asked for.
const K: usize = 10;

/// How many readers there are at a time, and which writers beside them.
const READERS: [usize; 2] = [1, 20];
const WRITERS: [Writer; 3] = [Writer::Absent, Writer::PerSecond(20_000), Writer::FlatOut];

/// Measures, and writes the record and its plot.
pub(crate) fn run(options: &Options) -> Result<()> {
    let machine = Machine::here();
    let load_before = machine::load();
    if load_before.is_some_and(|load| load > 0.5) && !options.quick {
        eprintln!("the machine is busy (load {load_before:?}): compare ratios only, quote nothing");
    }
    let default_rounds = if options.quick { 2 } else { 5 };
    let settings = Settings {
        quick: options.quick,
        k: K,
        rounds: options.rounds.unwrap_or(default_rounds).max(1),
        seed: SEED,
    };
    let places = Places {
        python: options.python.clone(),
        script: options.script.clone(),
        backend: options.backend.clone(),
        dir: None,
    };
    let mut record = Record {
        command: command(options),
        started: machine::now(),
        finished: String::new(),
        commit: options.commit.clone(),
        machine,
        load_before,
        settings,
        engines: BTreeMap::new(),
        sets: Vec::new(),
        single: Vec::new(),
        batch: Vec::new(),
        filter: Vec::new(),
        beside_writer: Vec::new(),
        ingest: Vec::new(),
    };
    for &name in &options.sets {
        measure_set(options, &places, name, &mut record)?;
    }
    if options.suite.contains(&Suite::Ingest) {
        let set = Name::Generated128.prepare(&options.data, &options.made, options.quick)?;
        let mut roof = start_bare("roof", &places)?;
        let shape = (set.facts.rows, set.facts.dim);
        let base = set.files.base.clone();
        drop(set);
        record.ingest = ingest::run(&places, &record.settings, &mut roof, &base, shape)?;
    }
    record.finished = machine::now();
    let path = options.out.join(record.stem()).with_extension("json");
    record::write(&record, &path)?;
    println!("{}", table::of(&record, &[]));
    println!("written to {}", path.display());
    if !(record.single.is_empty() && record.batch.is_empty()) {
        plot::write(&record, &path.with_extension("svg"))?;
        println!("drawn to {}", path.with_extension("svg").display());
    }
    Ok(())
}

/// Every suite that needs this set, but for ingest.
fn measure_set(options: &Options, places: &Places, name: Name, record: &mut Record) -> Result<()> {
    let wanted = |suite: Suite| options.suite.contains(&suite);
    let filters = wanted(Suite::Filter) && name.has_payload();
    let writes = wanted(Suite::BesideWriter) && name.has_payload();
    let searches = wanted(Suite::Single) || (wanted(Suite::Batch) && !name.is_large());
    if !(filters || writes || searches) {
        return Ok(());
    }
    let set = name.prepare(&options.data, &options.made, options.quick)?;
    let mut roof = start_bare("roof", places)?;
    let settings = record.settings.clone();
    if searches || writes {
        let mut engines = start(places, record, &set, false)?;
        let mut bench =
            Bench { set: &set, engines: &mut engines, roof: &mut roof, settings: &settings };
        if wanted(Suite::Single) {
            record.single.push(single::run(&mut bench)?);
        }
        if wanted(Suite::Batch) && !name.is_large() {
            for threads in [1, 2] {
                record.batch.push(batch::run(&mut bench, threads)?);
            }
        }
        if writes {
            record.beside_writer.extend(beside_writer::run(&mut bench, &READERS, &WRITERS)?);
        }
    }
    if filters {
        let mut engines = start(places, record, &set, true)?;
        let mut bench =
            Bench { set: &set, engines: &mut engines, roof: &mut roof, settings: &settings };
        record.filter.extend(filter::run(&mut bench)?);
    }
    record.sets.push(set.facts);
    Ok(())
}

/// Starts the engines and notes what they say of themselves.
fn start(places: &Places, record: &mut Record, set: &Set, to_filter: bool) -> Result<Vec<Engine>> {
    let engines = engines::start_all(places, &record.machine, set, to_filter)?;
    for engine in &engines {
        record.engines.insert(engine.key(), engine.facts.clone());
    }
    Ok(engines)
}

/// What a person types to do the same.
fn command(options: &Options) -> String {
    let mut command = "cargo xtask bench peers --data DIR".to_owned();
    if options.sets.len() < Name::value_variants().len() {
        command += &format!(" --sets {}", names(&options.sets));
    }
    if options.suite.len() < Suite::value_variants().len() {
        command += &format!(" --suite {}", names(&options.suite));
    }
    if options.quick {
        command += " --quick";
    }
    if let Some(rounds) = options.rounds {
        command += &format!(" --rounds {rounds}");
    }
    if let Some(backend) = &options.backend {
        command += &format!(" --backend {backend}");
    }
    command
}

/// As they are typed, with commas.
pub(crate) fn names<T: ValueEnum>(values: &[T]) -> String {
    let name = |value: &T| value.to_possible_value().map(|name| name.get_name().to_owned());
    values.iter().filter_map(name).collect::<Vec<_>>().join(",")
}
