//! A database whose files were changed: by damage, or by a forger who knows the format.
//!
//! Nothing panics, and memory is bounded. And where no checksum was forged, whatever is answered is
//! what was written, or an error says that something is wrong.

mod mutation;
mod recipe;
mod seed;

use std::collections::BTreeSet;
use std::path::Path;

use arbitrary::{Arbitrary, Result, Unstructured};
use iqdb_conformance::{Model, check_same};
use iqdb_core::filter::{Comparison, MaskPool};
use iqdb_core::{
    Batch, Error, ErrorKind, Filter, Hit, Hits, Payload, Query, RecordId, RowMask, Schema, Scratch,
    Search, Snapshot, SnapshotExt, Store, StoreExt,
};
use iqdb_file::reseal::reseal;
use iqdb_file::vfs::sim::SimVfs;
use iqdb_file::{Defect, FileOptions, FileStore, ReadMode};
use iqdb_search::ExactSearch;

use crate::{entropy, errors};
use mutation::Mutation;
use recipe::{DIR, RECIPES, Recipe, fields, files, id, record};
pub(crate) use seed::seeds;

/// So few that no hash is hit by what they write byte by byte.
const MUTATIONS_MAX: usize = 6;

/// What is written to a database that could be opened.
const NEW_ID: u64 = 1_000;

/// Changes the files of a database as the bytes say, and uses the database that this makes.
///
/// # Panics
/// When something is answered that was never written, or is missing without an error.
pub fn file_directory(data: &[u8]) {
    run(data, None);
}

/// What the bytes stand for.
#[derive(Debug)]
struct Case<'a> {
    recipe: &'a Recipe,
    forged: bool,
    /// Whether batches of one record are placed.
    placed: bool,
    compacted: bool,
    read_mode: ReadMode,
    mutations: Vec<Mutation>,
}

const FORGED: u8 = 1;
const PLACED: u8 = 2;
const COMPACTED: u8 = 4;
const COPIED: u8 = 8;

fn case(data: &[u8]) -> Result<Case<'_>> {
    let mut from = Unstructured::new(data);
    let recipe = &RECIPES[usize::from(u8::arbitrary(&mut from)?) % RECIPES.len()];
    let flags = u8::arbitrary(&mut from)?;
    let mut mutations = Vec::new();
    while !from.is_empty() && mutations.len() < MUTATIONS_MAX {
        mutations.push(Mutation::take(&mut from)?);
    }
    Ok(Case {
        recipe,
        forged: flags & FORGED != 0,
        placed: flags & PLACED != 0,
        compacted: flags & COMPACTED != 0,
        read_mode: if flags & COPIED != 0 { ReadMode::Copy } else { ReadMode::Map },
        mutations,
    })
}

fn run(data: &[u8], defect: Option<Defect>) {
    let Ok(case) = case(data) else {
        return;
    };
    let mut changed = case.recipe.files.clone();
    case.mutations.iter().for_each(|mutation| mutation.apply(&mut changed));
    if case.forged {
        reseal(&mut changed);
    }
    let vfs = SimVfs::new();
    for (name, bytes) in &changed {
        let put = vfs.put(&Path::new(DIR).join(name), bytes);
        put.expect("there is room for every file");
    }
    let options = FileOptions::new().with_vfs(vfs.clone()).with_reserve_bytes(0).with_seed(2);
    let options = options.with_placed_from_bytes(if case.placed { 1 } else { u64::MAX });
    let options = defect.into_iter().fold(options, FileOptions::with_defect);
    let law = Law { forged: case.forged, floor: case.recipe.floor };

    for read_mode in [ReadMode::Map, ReadMode::Copy] {
        let options = options.clone().with_read_mode(read_mode);
        match FileStore::open_read_only(DIR, &options) {
            Ok(store) => _ = law.look(&store, &case.recipe.history),
            Err(error) => law.refused(&error),
        }
    }
    let untouched = || files(&vfs).into_iter().eq(changed.clone());
    assert!(untouched(), "reading has changed a file");
    let options = options.with_read_mode(case.read_mode);
    let store = match FileStore::open(DIR, &options) {
        Ok(store) => store,
        Err(error) => return law.refused(&error),
    };
    let history = law.write(&store, case.recipe, case.compacted);
    drop(store);
    match FileStore::open(DIR, &options) {
        Ok(store) => {
            let law = Law { floor: history.len() - 1, ..law };
            law.look(&store, &history);
        }
        Err(error) if law.forged => law.refused(&error),
        Err(error) => panic!("it could be opened, and after writing it can't: {error:?}"),
    }
}

/// What has to hold.
#[derive(Debug, Clone, Copy)]
struct Law {
    /// Checksums were computed anew, so anything may be answered.
    forged: bool,
    /// The version that has to be there.
    floor: usize,
}

impl Law {
    /// An error says what is wrong, and that it is the files.
    fn refused(self, error: &Error) {
        errors::check(error);
        let kinds = [ErrorKind::Damaged, ErrorKind::NotSupported, ErrorKind::Io];
        assert!(kinds.contains(&error.kind()), "{error:?}");
    }

    /// Looks at everything; returns the model of what it sees, where there has to be one.
    fn look<'h>(self, store: &FileStore, history: &'h [Model]) -> Option<&'h Model> {
        let snapshot = store.snapshot().expect("a snapshot is always there");
        if self.forged {
            self.use_it(store, &*snapshot);
            return None;
        }
        let version = usize::try_from(snapshot.version().0).unwrap_or(usize::MAX);
        let Some(model) = history.get(version).filter(|_| version >= self.floor) else {
            panic!(
                "version {version} is there, and not one of {} to {}",
                self.floor,
                history.len()
            );
        };
        assert_eq!(snapshot.len(), model.len() as u64, "records at version {version}");
        let mut wrong = 0;
        let written: BTreeSet<&RecordId> =
            history.iter().flat_map(Model::records).map(|record| &record.id).collect();
        for id in written {
            match store.get(id) {
                // Prints of floats have all their bits.
                Ok(found) => assert_eq!(
                    format!("{:?}", found.as_ref()),
                    format!("{:?}", model.get(id)),
                    "at version {version}"
                ),
                Err(error) => wrong += self.damaged(&error),
            }
        }
        if let Err(error) = check_same(store, model, &ExactSearch::new()) {
            wrong += self.damaged(&error);
        }
        match search(&*snapshot) {
            Ok(found) => assert_eq!(found, expected(model), "a filtered search"),
            Err(error) => wrong += self.damaged(&error),
        }
        match store.verify(&mut ()) {
            Ok(verified) => {
                assert_eq!(wrong, 0, "what can't be read is found to be as it was written");
                assert_eq!(verified.records, model.len() as u64);
            }
            Err(error) => _ = self.damaged(&error),
        }
        Some(model)
    }

    fn damaged(self, error: &Error) -> usize {
        errors::check(error);
        assert_eq!(error.kind(), ErrorKind::Damaged, "{error:?}");
        1
    }

    /// Asks for everything, and believes nothing.
    fn use_it(self, store: &FileStore, snapshot: &dyn Snapshot) {
        (0..20).for_each(|n| harmless(store.get(&id(n))));
        for record in snapshot.records(None) {
            match record.and_then(|record| record.to_record()) {
                Ok(record) => {
                    if let Err(error) = record.id.check().and_then(|()| record.payload.check()) {
                        panic!("{record:?} was let in: {error}");
                    }
                    harmless(store.get(&record.id));
                }
                Err(error) => {
                    errors::check(&error);
                    break;
                }
            }
        }
        let (mut mask, mut pool) = (RowMask::new(), MaskPool::default());
        let blocks = snapshot.blocks().expect("a directory has blocks");
        for block in 0..blocks.block_count() {
            let looked = blocks.block(block).and_then(|block| {
                block.select(0..block.len(), Some(&filter()), &mut mask, &mut pool)?;
                for (field, _) in snapshot.schema().iter() {
                    if let Some(column) = block.column(field)? {
                        column.rows(0..column.len())?;
                    }
                }
                Ok(())
            });
            harmless(looked);
        }
        harmless(search(snapshot));
        harmless(store.verify(&mut ()));
        let _ = store.stats();
    }

    /// Writes to what could be opened; returns what it has been at each version since.
    fn write(self, store: &FileStore, recipe: &Recipe, compacted: bool) -> Vec<Model> {
        let seen = self.look(store, &recipe.history);
        let schema = store.schema().clone();
        let mut history = match seen {
            Some(model) => {
                let version = usize::try_from(model.version().0).unwrap_or(usize::MAX);
                recipe.history[..=version].to_vec()
            }
            None => vec![Model::new(schema.clone())],
        };
        let payload = Payload::new().with("n", 5).with("any", "new");
        let batches = [
            Batch::new().upsert(record(&schema, NEW_ID, payload.clone())),
            Batch::new().delete(id(0)).delete(id(60)).set_payload(id(NEW_ID), Payload::new()),
            Batch::new().set_payload(id(7), payload).delete(id(9)),
            Batch::new().upsert(record(&schema, 9, Payload::new())),
            Batch::new().merge_payload(id(NEW_ID), Payload::new().with("n", 6)),
            Batch::new()
                .delete_where(Filter::compare("n", Comparison::Ge, 50))
                .insert_if_absent(record(&schema, 12, fields(12))),
        ];
        for batch in batches {
            match store.apply(&batch) {
                Ok(applied) => {
                    let mut model = history[history.len() - 1].clone();
                    let expected = model.apply(&batch).expect("a good batch");
                    if !self.forged {
                        assert_eq!(applied, expected);
                    }
                    if model.version() > history[history.len() - 1].version() {
                        history.push(model);
                    }
                }
                // What it has to look at first can't be read.
                Err(error) => self.refused(&error),
            }
        }
        if compacted && let Err(error) = store.compact() {
            self.refused(&error);
        }
        let law = Self { floor: history.len() - 1, ..self };
        law.look(store, &history);
        history
    }
}

/// Whatever it is, its error is one for people.
fn harmless<T>(result: Result<T, Error>) {
    if let Err(error) = result {
        errors::check(&error);
    }
}

fn filter() -> Filter {
    Filter::compare("n", Comparison::Ge, 3).or(Filter::is_null("any"))
}

/// A few of the nearest that match a filter, of each field.
fn search(snapshot: &dyn Snapshot) -> iqdb_core::Result<Vec<Vec<Hit>>> {
    let mut hits = [Hits::new()];
    for_each_field(snapshot.schema(), |query| {
        ExactSearch::new().search(snapshot, &[query], &mut hits, &mut Scratch::new())?;
        Ok(hits[0].to_vec())
    })
}

fn expected(model: &Model) -> Vec<Vec<Hit>> {
    for_each_field(model.schema(), |query| model.search(&query)).expect("the model answers")
}

fn for_each_field(
    schema: &Schema,
    mut ask: impl FnMut(Query<'_>) -> iqdb_core::Result<Vec<Hit>>,
) -> iqdb_core::Result<Vec<Vec<Hit>>> {
    let filter = filter();
    let answers = schema.fields().iter().map(|field| {
        let vector = entropy::ones(field.kind())?;
        let query = Query::nearest(vector.as_ref(), 7).with_field(field.name());
        ask(query.with_filter(&filter).with_payload(true))
    });
    answers.collect()
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::seed::Seed;

    /// The seeds that see this defect.
    fn seen(defect: Defect) -> Vec<&'static str> {
        let sees = |seed: &Seed| {
            catch_unwind(AssertUnwindSafe(|| run(&seed.bytes, Some(defect)))).is_err()
        };
        seeds().iter().filter(|seed| sees(seed)).map(|seed| seed.name).collect()
    }

    #[test]
    fn planted_defects_are_seen() {
        assert!(seen(Defect::ChecksumsIgnored).contains(&"a-bit-of-a-row"));
        assert!(seen(Defect::AppendedAfterTear).contains(&"a-log-cut-off"));
    }
}
