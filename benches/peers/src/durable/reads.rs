//! Reads beside durability: exact search once everything is in memory, and a reader beside a writer
//! that commits without pause.
//!
//! Engines, set and checks are those of `bench peers`.

use std::path::Path;

use super::record::Record;
use crate::Result;
use crate::engines::{self, IQDB, Places, start_bare};
use crate::protocol::Writer;
use crate::sets::Name;
use crate::suite::{Bench, beside_writer, single};

/// iqdb in memory, and what is held against it.
const ENGINES: [&str; 1] = [IQDB];

const READERS: [usize; 1] = [1];
const WRITERS: [Writer; 2] = [Writer::Absent, Writer::FlatOut];

/// Adds what came of it to the record.
pub(super) fn run(places: &Places, made: &Path, record: &mut Record) -> Result<()> {
    let set = Name::Generated128.prepare(Path::new(""), made, record.settings.quick)?;
    let mut roof = start_bare("roof", places)?;
    let mut engines = engines::start_these(&ENGINES, places, &set)?;
    for engine in &engines {
        record.engines.insert(engine.key(), engine.facts.clone());
    }
    let settings = &record.settings;
    let mut bench = Bench { set: &set, engines: &mut engines, roof: &mut roof, settings };
    record.search = vec![single::run(&mut bench)?];
    record.beside_writer = beside_writer::run(&mut bench, &READERS, &WRITERS)?;
    record.sets.push(set.facts);
    Ok(())
}
