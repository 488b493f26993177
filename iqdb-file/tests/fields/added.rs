//! Fields that are added to a database: over failing disks, kills, old segments and other handles.

use std::collections::BTreeMap;
use std::path::Path;

use iqdb_core::{Budget, Error, Field, FieldKind, Limits, Result, Version};
use iqdb_file::reseal::reseal;
use iqdb_file::vfs::sim::{Fault, FaultKind};

use super::*;

fn field(name: &str) -> Field {
    let kind = FieldKind::Dense { dim: 3, metric: Metric::Dot, element: Element::F32 };
    Field::new(name, kind).unwrap()
}

fn add(store: &FileStore, name: &str) -> Result<Version> {
    store.add_field(field(name), Budget::new(), &mut ())
}

/// The states of a model by their versions, and how many changes of the disk were made when each was
/// acknowledged.
struct Past {
    states: Vec<Model>,
    acknowledged: Vec<usize>,
}

/// A database with a segment, to which two fields are added between batches.
fn grown(disk: &SimVfs) -> Past {
    let schema = Schema::new(17, Metric::Cosine).unwrap();
    let store = FileStore::create(DIR, schema.clone(), &options(disk)).unwrap();
    let mut past = Past { states: vec![Model::new(schema)], acknowledged: vec![disk.changes()] };
    let mut step = |change: &dyn Fn(&mut Model)| {
        let mut model = past.states.last().unwrap().clone();
        change(&mut model);
        past.states.push(model);
        past.acknowledged.push(disk.changes());
    };
    let batch = |ids: Range<u64>| {
        ids.fold(Batch::new(), |batch, n| {
            batch.upsert(Record::new(n, vec![n as f32 + 1.0; 17]).unwrap())
        })
    };
    let named = |name: &'static str, n: u64| {
        let vector = Vector::try_from([n as f32, 0.0, -0.0]).unwrap();
        Batch::new().set_vectors(n, [(name.into(), Some(vector))])
    };
    let batches = [batch(0..5), named("a", 1).delete(2), named("b", 3), named("a", 4)];
    store.apply(&batches[0]).unwrap();
    step(&|model| _ = model.apply(&batches[0]).unwrap());
    for (name, batch) in ["a", "b"].into_iter().zip(&batches[1..3]) {
        let version = add(&store, name).unwrap();
        step(&|model| {
            assert_eq!(model.add_field(field(name), Limits::default()).unwrap(), version);
        });
        store.apply(batch).unwrap();
        step(&|model| _ = model.apply(batch).unwrap());
    }
    store.compact().unwrap();
    store.apply(&batches[3]).unwrap();
    step(&|model| _ = model.apply(&batches[3]).unwrap());
    past
}

#[test]
fn wherever_the_power_goes_a_field_is_there_whole_or_not_at_all() {
    let disk = SimVfs::new();
    let past = grown(&disk);
    let mut rng = Rng::with_seed(1);
    for changes in past.acknowledged[0]..=disk.changes() {
        let disk = disk.crash_at(changes, &mut rng);
        let store = FileStore::open(DIR, &options(&disk)).unwrap();
        let Version(version) = store.snapshot().unwrap().version();
        let acknowledged = past.acknowledged.iter().filter(|at| **at <= changes).count() as u64 - 1;
        assert!(version >= acknowledged, "version {version}, after {changes} changes");
        let mut model = past.states[usize::try_from(version).unwrap()].clone();
        check(&store, &model);
        // And it goes on.
        apply(&store, &mut model, &Batch::new().upsert(Record::without_vector(77)));
        assert_eq!(add(&store, "later").unwrap(), Version(version + 2));
    }
}

#[test]
fn a_field_whose_files_fail_is_not_there_or_its_outcome_is_unknown() {
    let (mut failed, mut unknown) = (0, 0);
    for at in 1.. {
        let disk = SimVfs::new();
        let schema = Schema::new(17, Metric::Cosine).unwrap();
        let store = FileStore::create(DIR, schema.clone(), &options(&disk)).unwrap();
        let mut model = Model::new(schema);
        apply(&store, &mut model, &Batch::new().upsert(Record::new(1, [1.0; 17]).unwrap()));
        let at = disk.calls().len() as u64 + at;
        disk.set_fault(Some(Fault { at, kind: FaultKind::Eio, sticky: false }));
        let added = add(&store, "a");
        let is_over = disk.faults_fired() == 0;
        disk.set_fault(None);
        match added.as_ref().map_err(Error::kind) {
            Ok(_) => _ = model.add_field(field("a"), Limits::default()).unwrap(),
            Err(ErrorKind::Io) => failed += 1,
            Err(ErrorKind::OutcomeUnknown) => unknown += 1,
            Err(kind) => panic!("call {at}: {kind}"),
        }
        check_same(&store, &model, &ExactSearch::new()).unwrap();
        drop(store);
        let store = FileStore::open(DIR, &options(&disk)).unwrap();
        if matches!(added.map_err(|error| error.kind()), Err(ErrorKind::OutcomeUnknown))
            && store.snapshot().unwrap().version() > model.version()
        {
            model.add_field(field("a"), Limits::default()).unwrap();
        }
        check(&store, &model);
        if is_over {
            break;
        }
    }
    assert!(failed > 3 && unknown > 0, "{failed} failed, {unknown} unknown");
}

#[test]
fn a_program_that_knows_the_first_fields_opens_the_database() {
    let disk = SimVfs::new();
    let past = grown(&disk);
    let options = options(&disk);
    let grown = past.states.last().unwrap();
    for schema in [past.states[0].schema(), grown.schema()] {
        check(&FileStore::open_or_create(DIR, schema.clone(), &options).unwrap(), grown);
    }
    let other = Schema::new(17, Metric::Dot).unwrap();
    let refused = FileStore::open_or_create(DIR, other, &options).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidSchema);
    let reader = FileStore::open_read_only(DIR, &options).unwrap();
    assert_eq!(add(&reader, "c").unwrap_err().kind(), ErrorKind::NotSupported);
    check(&reader, grown);
    drop(reader);
    let store = FileStore::open(DIR, &options).unwrap();
    store.backup_to("copy").unwrap();
    check(&FileStore::open("copy", &options).unwrap(), grown);
}

#[test]
fn a_log_of_a_copy_with_another_field_is_not_one_of_this_history() {
    let disk = SimVfs::new();
    let schema = Schema::new(17, Metric::Cosine).unwrap();
    let store = FileStore::create(DIR, schema, &options(&disk)).unwrap();
    store.upsert(Record::new(1, [1.0; 17]).unwrap()).unwrap();
    drop(store);
    // Both add a field of the same kind, and write the same batch to a log of the same number.
    let written = |name: &str| {
        let disk = killed(&disk);
        let store = FileStore::open(DIR, &options(&disk)).unwrap();
        add(&store, name).unwrap();
        store.upsert(Record::new(2, [2.0; 17]).unwrap()).unwrap();
        killed(&disk).files()
    };
    let is_log = |path: &Path| path.to_str().unwrap().contains("log-");
    let [(ours, log), (_, other)] = ["ours", "theirs"].map(|name| {
        let files = written(name);
        let (path, bytes) = files.iter().find(|(path, _)| is_log(path)).unwrap();
        let log = (path.clone(), bytes.clone());
        (files, log)
    });
    assert!(log.0 == other.0 && log.1.len() == other.1.len(), "{log:?} {other:?}");
    let disk = with_files(ours.clone().into_iter());
    FileStore::open(DIR, &options(&disk)).unwrap().verify(&mut ()).unwrap();
    let mixed = ours.into_iter().map(|(path, bytes)| match is_log(&path) {
        true => (path, other.1.clone()),
        false => (path, bytes),
    });
    let disk = with_files(mixed);
    let error = FileStore::open(DIR, &options(&disk)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Damaged, "{error}");
}

/// The files of a database whose segments have one field, two and three.
fn of_three_segments() -> BTreeMap<String, Vec<u8>> {
    let disk = SimVfs::new();
    let store =
        FileStore::create(DIR, Schema::new(17, Metric::Cosine).unwrap(), &options(&disk)).unwrap();
    for (n, name) in (1..).zip(["a", "b", "c"]) {
        store.upsert(Record::new(n, [n as f32; 17]).unwrap()).unwrap();
        add(&store, name).unwrap();
    }
    drop(store);
    let name = |path: &Path| Some(path.file_name()?.to_str()?.to_owned());
    let own = |path: &Path| path.parent().is_some_and(|dir| dir.ends_with(DIR));
    let files = disk.files().into_iter().filter(|(path, _)| own(path));
    files.filter_map(|(path, bytes)| Some((name(&path)?, bytes))).collect()
}

/// Where the header of a segment says how many fields it has, and of which kinds they are.
const FIELDS_AT: usize = 44;
const HEADER: usize = 4_096;

#[test]
fn a_segment_that_says_another_number_of_fields_is_damaged() {
    let files = of_three_segments();
    let segments: Vec<_> = files.keys().filter(|name| name.starts_with("segment")).collect();
    let fields = |name: &String| files[name][FIELDS_AT];
    assert_eq!(segments.iter().map(|name| fields(name)).collect::<Vec<_>>(), [1, 2, 3]);
    let open = |mut files: BTreeMap<String, Vec<u8>>| {
        reseal(&mut files);
        let path = |(name, bytes): (String, Vec<u8>)| (Path::new(DIR).join(name), bytes);
        let disk = with_files(files.into_iter().map(path));
        FileStore::open_read_only(DIR, &options(&disk))
    };
    open(files.clone()).unwrap().verify(&mut ()).unwrap();
    let refuses = |name: &String, change: &dyn Fn(&mut Vec<u8>)| {
        let mut forged = files.clone();
        change(forged.get_mut(name).unwrap());
        assert_eq!(open(forged).unwrap_err().kind(), ErrorKind::Damaged, "{name}");
    };
    for name in segments.iter().copied() {
        for count in (0..=u8::MAX).filter(|count| *count != fields(name)) {
            refuses(name, &|bytes| bytes[FIELDS_AT] = count);
        }
        // A header that agrees with itself and with the manifest, but not with the segment.
        for other in segments.iter().copied().filter(|other| *other != name) {
            let header = &files[other][FIELDS_AT..HEADER];
            refuses(name, &|bytes| bytes[FIELDS_AT..HEADER].copy_from_slice(header));
        }
        refuses(name, &|bytes| bytes.truncate(FIELDS_AT + 2));
    }
}
