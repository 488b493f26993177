//! Reads of what is in files: opening it, exact search once everything is in memory, and a reader
//! beside a writer that commits without pause.
//!
//! Engines, set and checks are those of `bench peers`.

use std::path::Path;

use super::record::Record;
use super::{in_new_dir, opening};
use crate::Result;
use crate::engines::{self, IQDB, IQDB_FILE, Places, start_bare};
use crate::protocol::Writer;
use crate::sets::{Name, Set};
use crate::suite::{Bench, beside_writer, single};

/// iqdb in memory, and what is held against it.
const ENGINES: [&str; 2] = [IQDB, IQDB_FILE];

const READERS: [usize; 1] = [1];
const WRITERS: [Writer; 2] = [Writer::Absent, Writer::FlatOut];

/// Adds what came of it to the record.
pub(super) fn run(places: &Places, made: &Path, dir: &Path, record: &mut Record) -> Result<()> {
    let set = Name::Generated128.prepare(Path::new(""), made, record.settings.quick)?;
    record.opening = vec![opening::run(places, &set, &record.settings, dir)?];
    in_new_dir(dir, |dir| search(places, &set, dir, record))?;
    record.sets.push(set.facts);
    Ok(())
}

fn search(places: &Places, set: &Set, dir: &Path, record: &mut Record) -> Result<()> {
    let places = Places { dir: Some(dir.to_owned()), ..places.clone() };
    let mut roof = start_bare("roof", &places)?;
    let mut engines = engines::start_these(&ENGINES, &places, set)?;
    for engine in &engines {
        record.engines.insert(engine.key(), engine.facts.clone());
    }
    let settings = &record.settings;
    let mut bench = Bench { set, engines: &mut engines, roof: &mut roof, settings };
    record.search = vec![single::run(&mut bench)?];
    record.beside_writer = beside_writer::run(&mut bench, &READERS, &WRITERS)?;
    Ok(())
}
